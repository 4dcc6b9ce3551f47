"""What a document says twice, or of two things at once, is nobody's to choose: it is held, whatever kind it is of."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from ml_connector.documents.shipments import ShipNotice
from ml_connector.edi.interchange import ReadOptions, ReceivedSet, read_interchanges
from ml_connector.edi.validation.overlay import overlay_from
from ml_connector.errors import NeedsCorrection
from ml_connector.flows.inbound.miscounts import miscounted
from ml_connector_tests.flows.notices import item, x12
from ml_connector_tests.hostile.interchanges import Envelope

INVOICE = ("BIG*20261120*N-1*20261101*26000001", "IT1*1*10*EA*14.75**VP*NW-R48", "TDS*14750")
ANSWER = ("BAK*00*AC*26000001*20261120", "PO1*1*160*EA*14.75*PE*VP*NW-R48", "ACK*IA*160*EA", "CTT*1")
CHANGED = ("BCA*00*AC*26000001***20261120", "POC*1*NC*160*160*EA*14.75*PE*VP*NW-R48", "CTT*1")
OF_A_GROUP = ("AK1*PO*1", "AK9*A*1*1*1")
BOUGHT = ("BEG*00*SA*26000001**20261120", "PO1*1*160*EA*14.75*PE*VP*NW-R48", "CTT*1")


def one_set(kind: str, group: str, body: Sequence[str]) -> bytes:
    return Envelope(functional_id=group).wrapped([[f"ST*{kind}*0001", *body, f"SE*{len(body) + 2}*0001"]])


def read(data: bytes, *ignored: str) -> ReceivedSet:
    options = ReadOptions(overlay=overlay_from({"ignore": list(ignored)}))
    (received,) = [one for one in read_interchanges(data, options) if isinstance(one, ReceivedSet)]
    assert received.accepted
    return received


@pytest.mark.parametrize(
    ("kind", "group", "plain", "again"),
    [
        ("810", "IN", INVOICE, "TDS*99999"),
        ("810", "IN", INVOICE, "BIG*20261120*N-2"),
        ("855", "PR", ANSWER, "BAK*01*AC*26000002*20261120"),
        ("865", "CA", CHANGED, "BCA*01*AC*26000002***20261120"),
        ("997", "FA", OF_A_GROUP, "AK1*PO*2"),
        ("997", "FA", OF_A_GROUP, "AK9*R*1*1*0"),
        ("850", "PO", BOUGHT, "BEG*01*SA*26000002**20261120"),
    ],
)
def test_a_head_or_a_total_that_stands_twice_holds_the_document(
    kind: str, group: str, plain: tuple[str, ...], again: str
) -> None:
    assert miscounted(read(one_set(kind, group, plain))) is None
    segment = again.split("*", maxsplit=1)[0]
    at = next(i for i, one in enumerate(plain) if one.startswith(segment)) + 1
    twice = one_set(kind, group, [*plain[:at], again, *plain[at:]])
    held = miscounted(read(twice))
    assert isinstance(held, NeedsCorrection)
    assert segment in held.message
    assert miscounted(read(twice, f"{segment}:5")) is None, "where the partner always sends it so"


@pytest.mark.parametrize(
    "twice",
    [
        [*item(10), "SN1**5*EA"],
        [*item(10), *item(5, lin="*VP*NW-C3P")],
    ],
)
def test_an_item_with_two_quantities_or_two_items_in_one_level_hold_a_notice(twice: list[str]) -> None:
    assert miscounted(read(x12("S-1", twice))) is not None


def test_a_level_of_two_orders_holds_a_notice() -> None:
    assert miscounted(read(x12("S-1", order=("PRF*26000001", "PRF*26000002")))) is not None


def broken_down(*below: str) -> list[Decimal | None]:
    """What an item of 30 breaks down into, by the LIN of levels of 10 and 20 below it."""
    levels = ["HL*1**S", "HL*2*1*O", "PRF*26000001", "HL*3*2*I", "LIN**VP*NW-R48*BP*VW-1002", "SN1**30*EA"]
    for at, (lin, quantity) in enumerate(zip(below, (10, 20), strict=True), 4):
        levels += [f"HL*{at}*3*I", f"LIN*{lin}", f"SN1**{quantity}*EA"]
    document = read(one_set("856", "SH", ["BSN*00*S-1*20261121*0900*0004", *levels, "CTT*5"])).document
    assert isinstance(document, ShipNotice)
    return [one.broken_down for order in document.orders for one in order.items]


@pytest.mark.parametrize(
    ("below", "comes_to"),
    [
        (("*VP*NW-R48*LT*A", "*VP*nw-r48*LT*B"), 30),
        (("*LT*A", "*SN*77"), 30),
        (("*UP*012345678905", "*BP*VW-1002"), 30),
        (("*VP*NW-C3P", "*VP*NW-R24"), 0),
        (("*VP*NW-R48", "*VP*NW-R24"), 10),
    ],
)
def test_another_item_below_an_item_breaks_nothing_of_it_down(below: tuple[str, str], comes_to: int) -> None:
    """What comes to less than the item's own quantity holds the notice."""
    assert broken_down(*below) == [Decimal(comes_to)]
