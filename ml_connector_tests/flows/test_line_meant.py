"""Which order line is meant (A.4): the item, the number where no item is named; a contradiction is a question."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.documents.common import ItemId
from ml_connector.documents.orders import OrderLine
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.meaning.line_meant import KnownLine, NamedLine, lines_meant, of_erp, of_order
from ml_connector_tests.flows.builders import order_line

THREE = [order_line(1), order_line(2, barcode="0012345678905"), order_line(3)]


def ids(*pairs: str) -> tuple[ItemId, ...]:
    return tuple(ItemId(qualifier=pair.split(" ")[0], value=pair.split(" ")[1]) for pair in pairs)


def meant(number: str, *pairs: str, **options: Any) -> list[int]:
    lines = [of_erp(line) for line in THREE]
    return [line.number for line in lines_meant(NamedLine(number, ids(*pairs)), lines, "26000017", **options)]


def held(number: str, *pairs: str, **options: Any) -> NeedsCorrection:
    with pytest.raises(NeedsCorrection) as error:
        meant(number, *pairs, **options)
    assert error.value.remedy
    return error.value


@pytest.mark.parametrize(
    ("number", "pairs"),
    [
        ("", ["BP A-2"]),
        ("", ["VP nw-2"]),
        ("", ["UP 12345678905"]),
        ("", ["UK 00012345678905"]),
        ("2", ["BP A-2", "VP NW-2"]),
        ("0002", []),
        ("2", ["LT LOT7", "SN 991", "PD Cable_lug"]),  # a lot, a serial, a text: no item is named
        ("", ["MG NW-2"]),
        ("17", ["BP A-2"]),  # no line of ours has that number: it says nothing
        ("1", ["PL 2", "BP A-2"]),  # PL is our number; the first is their own
        ("", ["PL 2"]),
        ("2", ["BP A-2", "VP NEW-NUMBER"]),  # the supplier's number is another now; our own decides
    ],
)
def test_the_second_line_is_meant(number: str, pairs: list[str]) -> None:
    assert meant(number, *pairs) == [2]


@pytest.mark.parametrize(
    ("number", "pairs", "both"),
    [
        ("1", ["BP A-2"], {"1", "2"}),
        ("1", ["VP NW-2"], {"1", "2"}),
        ("", ["PL 3", "BP A-2"], {"2", "3"}),
        ("2", ["BP A-2", "VP NW-3"], {"2", "3"}),
        ("", ["BP A-1", "UP 012345678905"], {"1", "2"}),
        ("2", ["BP A-9", "VP NW-2"], {"2"}),
    ],
)
def test_a_contradiction_is_held_and_both_are_shown(number: str, pairs: list[str], both: set[str]) -> None:
    error = held(number, *pairs)
    assert error.reason is Reason.ORDER_LINE_CONTRADICTED
    assert set(error.data["order_lines"]) == both
    assert [pair.split(" ")[1] for pair in pairs] == [text.split(" ")[1] for text in error.data["items"]]


@pytest.mark.parametrize(
    ("number", "pairs"), [("1", ["BP A-9"]), ("2", ["MG XYZ"]), ("", []), ("9", []), ("", ["UP 000"])]
)
def test_what_is_not_on_the_order_is_held(number: str, pairs: list[str]) -> None:
    error = held(number, *pairs)
    assert error.reason is Reason.NO_SUCH_ORDER_LINE
    if number in {"1", "2"}:
        assert error.data["order_lines"] == {number: f"A-{number}"}, "the line of that number is shown beside it"


def test_a_partner_that_numbers_its_lines_its_own_way_is_known_by_items_alone() -> None:
    assert meant("1", "BP A-2", numbers_are_ours=False) == [2]
    assert held("1", numbers_are_ours=False).reason is Reason.NO_SUCH_ORDER_LINE
    assert meant("1", "PL 2", numbers_are_ours=False) == [2]


def test_several_lines_of_one_item_are_told_apart_by_the_number_only() -> None:
    lines = [of_erp(order_line(n, item_code="A-1", suppliers_item="NW-1")) for n in (1, 2)]
    both = lines_meant(NamedLine("", ids("BP A-1")), lines, "26000017")
    assert [line.number for line in both] == [1, 2]
    assert [line.number for line in lines_meant(NamedLine("2", ids("BP A-1")), lines, "26000017")] == [2]


def test_a_line_as_it_was_sent_is_known_by_the_same_rule() -> None:
    lines = [of_order(OrderLine(number=str(n), items=ids(f"BP ART-{n}", f"VP NW-{n}"))) for n in (1, 5)]
    with pytest.raises(NeedsCorrection) as error:
        lines_meant(NamedLine("1", ids("BP ART-5")), lines, "26000017")
    assert error.value.data["order_lines"] == {"1": "ART-1", "5": "ART-5"}
    assert lines_meant(NamedLine("5", ids("BP ART-5")), lines, "26000017")[0].number == "5"


CODES = st.sampled_from(["", "a", "b", "c"])
KNOWN = st.builds(lambda number, buyers, vendors: (number, buyers, vendors), st.integers(1, 4), CODES, CODES)


@given(
    st.lists(KNOWN, min_size=1, max_size=4, unique_by=lambda known: known[0]),
    st.sampled_from(["", "1", "2", "03", "9"]),
    CODES,
    CODES,
)
def test_a_line_of_another_item_is_never_found(
    known: list[tuple[int, str, str]], number: str, buyers: str, vendors: str
) -> None:
    """Whatever is found, nothing that the document says speaks against it."""
    lines = [
        KnownLine(one, str(one[0]), "", frozenset(filter(None, [one[1]])), frozenset(filter(None, [one[2]])))
        for one in known
    ]
    items = (ItemId(qualifier="BP", value=buyers), ItemId(qualifier="VP", value=vendors))
    try:
        found = lines_meant(NamedLine(number, items), lines, "o")
    except NeedsCorrection:
        return
    assert found
    numbers = {one[0] for one in known}
    for one in found:
        if number and int(number) in numbers:
            assert one[0] == int(number)
        if buyers and buyers != one[1]:
            assert not one[1] or buyers not in {k[1] for k in known}
        if buyers or vendors:
            assert (buyers and buyers == one[1]) or (vendors and vendors == one[2])
