"""What an answer says of the lines of an order beside its codes: days of the whole answer, substitutes, currencies."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest

from ml_connector.documents.common import DateReference, ItemId
from ml_connector.documents.orders import OrderAcknowledgment, OrderLine
from ml_connector.edi.interchange import ReceivedSet, read_interchanges
from ml_connector.flows.meaning.answered_lines import Expected
from ml_connector.flows.meaning.line_comparison import Verdicts, compare
from ml_connector_tests.hostile.interchanges import Envelope

WANTED = date(2026, 12, 18)


def ordered(number: str, item: str) -> OrderLine:
    items = (ItemId(qualifier="VP", value=f"NW-{item}"), ItemId(qualifier="BP", value=f"VW-{item}"))
    day = DateReference(qualifier="002", day=WANTED)
    return OrderLine(number=number, quantity=Decimal(10), unit="EA", price=Decimal(5), items=items, dates=(day,))


EXPECTED = Expected((ordered("1", "A"), ordered("2", "B")), "26000001", "EUR")


def line(number: str, item: str, ack: str = "ACK*IA*10*EA", *more: str) -> list[str]:
    return [f"PO1*{number}*10*EA*5*PE*VP*NW-{item}*BP*VW-{item}", *more, ack]


BOTH = (*line("1", "A"), *line("2", "B"))


def answered(body: Sequence[str], kind: str = "AC", head: Sequence[str] = ()) -> Verdicts:
    segments = ["ST*855*0001", f"BAK*00*{kind}*26000001*20261121", *head, *body]
    data = Envelope(functional_id="PR").wrapped([[*segments, f"SE*{len(segments) + 1}*0001"]])
    (received,) = [one for one in read_interchanges(data) if isinstance(one, ReceivedSet)]
    assert isinstance(received.document, OrderAcknowledgment)
    return compare(received.document, EXPECTED)


def told(found: Verdicts) -> list[tuple[str, str]]:
    return [(one.verdict, one.detail.get("date") or one.detail.get("earlier", "")) for one in found.lines]


LATER = ("changed", "2026-12-18 -> 2027-01-10")


@pytest.mark.parametrize(
    ("head", "right"),
    [
        (("DTM*067*20270110",), [LATER, LATER]),
        (("DTM*068*20270110",), [LATER, LATER]),
        (("DTM*067*20261218",), [("accepted", ""), ("accepted", "")]),
        (("DTM*067*20261201",), [("accepted", "2026-12-18 -> 2026-12-01")] * 2),
        (("DTM*002*20270110",), [("accepted", ""), ("accepted", "")]),  # repeats what was asked for
        (("DTM*004*20270110",), [("accepted", ""), ("accepted", "")]),  # the day of the order
    ],
)
def test_a_day_that_the_head_promises_is_of_every_line(head: tuple[str, ...], right: list[tuple[str, str]]) -> None:
    assert told(answered(BOTH, head=head)) == right


def test_a_line_that_has_a_day_of_its_own_keeps_it() -> None:
    own = (*line("1", "A", "ACK*IA*10*EA*067*20261218"), *line("2", "B"))
    assert told(answered(own, head=("DTM*067*20270110",))) == [("accepted", ""), LATER]


@pytest.mark.parametrize("kind", ["AT", "AK", "AE"])
def test_an_answer_without_lines_that_promises_another_day_is_a_change(kind: str) -> None:
    assert told(answered((), kind, ("DTM*067*20270110",))) == [LATER, LATER]
    assert answered((), kind, ("DTM*067*20270110",)).result == "changed"
    assert answered((), kind).result == "accepted"


def test_a_refusal_but_for_exceptions_that_accepts_a_line_contradicts_itself() -> None:
    found = answered(line("1", "A"), "RF")
    assert [one.verdict for one in found.lines] == ["changed", "refused"]
    assert "type RF refuses the order" in found.lines[0].detail["contradiction"]
    assert answered(BOTH, "RF").result == "changed"


@pytest.mark.parametrize(
    ("ack", "substitute"),
    [
        ("ACK*IS*10*EA****VP*NW-A2", "NW-A2"),
        ("ACK*IA*10*EA****VP*NW-A2", "NW-A2"),
        ("ACK*IA*10*EA****VP*nw-a", ""),
        ("ACK*IA*10*EA****UP*012345678905", ""),
    ],
)
def test_another_item_in_place_of_the_ordered_one_is_shown(ack: str, substitute: str) -> None:
    first = answered((*line("1", "A", ack), *line("2", "B"))).lines[0]
    assert first.detail.get("substitute", "") == substitute
    assert first.verdict == ("changed" if substitute else "accepted")


@pytest.mark.parametrize(("currency", "differs"), [("EUR", False), ("eur", False), ("USD", True)])
def test_a_currency_is_the_same_in_lower_case(currency: str, differs: bool) -> None:
    assert bool(answered(BOTH, head=(f"CUR*SE*{currency}",)).header) is differs
