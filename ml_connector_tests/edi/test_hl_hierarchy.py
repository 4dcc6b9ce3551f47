"""HL numbers and parents that do not fit are told; the items are found all the same."""

import time
from collections.abc import Callable

import pytest

from ml_connector.edi.mapping.notice_levels import MOST_DEEP
from ml_connector.edi.validation.hl_hierarchy import fit
from ml_connector_tests.edi.building import group, interchange, one, transaction

BODY = (
    "BSN*00*S-1*20261121*0215*0001~HL*1**S~HL*2*1*O~PRF*PO-1~HL*3*2*P~MAN*GM*00300000000000000011~HL*4*3*I~LIN**VP*A~"
    "SN1**10*EA~HL*5*2*P~MAN*GM*00300000000000000028~HL*6*5*I~LIN**VP*B~SN1**5*EA~CTT*6*15~"
)


def notice(body: str) -> bytes:
    return interchange(group("SH", transaction("856", body)))


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        ("HL*3*2*P", "HL*3*5*P", ("hl_parent", "error", 2, "5")),
        ("HL*3*2*P", "HL*3*3*P", ("hl_parent", "error", 2, "3")),
        ("HL*3*2*P", "HL*3*99*P", ("hl_parent", "error", 2, "99")),
        ("HL*3*2*P", "HL*3**P", ("hl_parent", "warning", 2, "")),
        ("HL*5*2*P", "HL*4*2*P", ("hl_number", "error", 1, "4")),
        ("HL*1**S", "HL*1*1*S", ("hl_parent", "error", 2, "1")),
    ],
)
def test_a_wrong_number_or_parent_is_told_and_the_items_are_found(
    before: str, after: str, finding: tuple[str, str, int, str]
) -> None:
    right = one(notice(BODY))
    assert not right.findings
    body = BODY.replace(before, after).replace("HL*6*5*", "HL*6*4*" if after == "HL*4*2*P" else "HL*6*5*")
    received = one(notice(body))
    assert [(f.code, f.severity.value, f.element, f.value) for f in received.findings] == [finding]
    assert received.findings[0].level.value == "business"
    assert received.accepted
    assert received.document.orders == right.document.orders  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "body",
    [
        BODY.replace("HL*2*1", "HL*B*1").replace("HL*3*2", "HL*3*B").replace("HL*5*2", "HL*5*B"),
        BODY.replace("HL*1**S", "HL*001**S").replace("HL*2*1", "HL*2*001"),
    ],
)
def test_numbers_that_are_no_numbers_are_right_where_parents_name_them(body: str) -> None:
    assert not one(notice(body)).findings


def test_several_shipments_in_one_notice_need_no_parent() -> None:
    assert fit([["HL", "1", "", "S"], ["HL", "2", "1", "O"], ["HL", "3", "", "S"]])
    assert not fit([["HL", "1", "", "S"], ["HL", "2", "", "O"]])


def nested(code: str, inside: str, deep: int) -> str:
    """An item under its order, and a chain of levels in it."""
    top = "BSN*00*S-1*20261121*0215*0001~HL*1**S~HL*2*1*O~PRF*PO-1~HL*3*2*I~LIN*1*VP*A~SN1**10*EA~"
    return top + "".join(f"HL*{at}*{at - 1}*{code}~{inside}" for at in range(4, 4 + deep))


@pytest.mark.parametrize(
    ("code", "inside"), [("T", ""), ("P", "MAN*GM*00300000000000000011~"), ("P", "LIN**VP*A~SN1**10*EA~")]
)
def test_levels_nested_without_end_are_read(code: str, inside: str) -> None:
    received = one(notice(nested(code, inside, 3000)))
    assert received.document is not None
    assert [item.quantity for item in received.document.orders[0].items] == [10]  # type: ignore[union-attr]


def test_an_item_that_stands_deeper_than_any_is_of_no_order() -> None:
    for deep, orders in ((MOST_DEEP - 4, ["PO-1"]), (MOST_DEEP + 2, ["PO-1", ""])):
        body = nested("T", "", deep) + f"HL*{deep + 4}*{deep + 3}*I~LIN*2*VP*B~SN1**5*EA~"
        received = one(notice(body.replace("LIN*1*VP*A~SN1**10*EA~", "LIN*1*VP*A~")))
        assert [order.order_number for order in received.document.orders] == orders  # type: ignore[union-attr]


def many(item: Callable[[int], str], top: str = "") -> str:
    return f"BSN*00*S-1*20261121*0215*0001~HL*1**S~{top}HL*2*1*O~PRF*PO-1~" + "".join(map(item, range(3, 8003)))


@pytest.mark.parametrize(
    "body",
    [
        many(lambda at: f"HL*{at}**I~LIN*{at}*VP*A~SN1**1*EA~"),
        many(lambda at: f"HL*{at}*1*I~LIN*{at}*VP*A~SN1**1*EA~", "".join(f"REF*PO*{at}~" for at in range(8000))),
    ],
    ids=["without parents", "of many orders that the shipment names"],
)
def test_many_items_are_read_in_the_time_of_as_many(body: str) -> None:
    """Each of them looked at all before it once: twenty thousand took half a minute."""
    begun = time.process_time()
    received = one(notice(body))
    assert received.document is not None
    assert time.process_time() - begun < 4
    assert sum(len(order.items) for order in received.document.orders) == 8000  # type: ignore[union-attr]
