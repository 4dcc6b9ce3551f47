"""Other people's X12 validators, and documents that they are shown. What each holds otherwise than the standard is
left out of what it is shown, and said here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment, SetAnswer
from ml_connector.documents.common import ItemId, Party, Record, changed
from ml_connector.documents.orders import OrderChange, OrderChangeLine, OrderLine, PurchaseOrder
from ml_connector.edi.writing.write import ControlNumbers, Envelope, write_interchange
from ml_connector_tests.edi.odd import Style, spell
from ml_connector_tests.edi.samples import read, sets

AT = datetime(2026, 11, 21, 2, 15, tzinfo=UTC)
OURS = Envelope("ZZ", "ACME", "ZZ", "MOCKEDI", usage="T", suffix="\n")


def document(set_type: str) -> Any:
    """A document of that kind, as it is read from a clean file."""
    [received] = sets(read(spell(Style(), (set_type,))))
    return received.document


def plain(set_type: str) -> Any:
    """A document without what mock-edi's and x12-doctor's dictionaries do not know.

    mock-edi has no AMT in an 850 and no MAN in an 856; x12-doctor counts SN1 instead of HL in CTT01 of an 856, wants
    18 digits in MAN02, and adds up an invoice without its charges.
    """
    found = document(set_type)
    if set_type == "850":
        return changed(found, total=None)
    if set_type == "856":
        orders = tuple(changed(order, items=tuple(changed(i, packs=()) for i in order.items)) for order in found.orders)
        return changed(found, orders=orders, tree=())
    if set_type == "810":
        return changed(found, allowances=(), total=Decimal(1271))
    if set_type == "997":
        return FunctionalAcknowledgment(
            functional_id="PO",
            group_control="77",
            code="A",
            sets_announced=1,
            sets_received=1,
            sets_accepted=1,
            sets=(SetAnswer(set_type="850", control_number="0001", code="A"),),
        )
    return found


def written(content: Record, version: str = "004010", control: int = 7) -> bytes:
    """An interchange of ours with one document."""
    envelope = Envelope("ZZ", "ACME", "ZZ", "MOCKEDI", usage="T", suffix="\n", version=version)
    return write_interchange(envelope, ControlNumbers(control, control), [content], AT).data


LINE = OrderLine(
    number="1",
    quantity=Decimal(100),
    unit="EA",
    price=Decimal("12.50"),
    items=(ItemId(qualifier="VP", value="WIDGET-001"),),
    description="WIDGET",
)
ORDER = PurchaseOrder(
    number="4500000042",
    order_date=date(2026, 11, 21),
    currency="USD",
    parties=(
        Party(role="BY", name="ACME", id_scheme="92", id="0042"),
        Party(role="ST", name="ACME PLANT", street=("1 MAIN ST",), city="COLUMBUS", region="OH", postal_code="43215"),
    ),
    lines=(LINE,),
)
CHANGE = OrderChange(
    number="4500000042",
    order_date=date(2026, 11, 21),
    change_date=date(2026, 11, 22),
    sequence="1",
    lines=(
        OrderChangeLine(
            number="1", change="QD", quantity=Decimal(80), quantity_left=Decimal(80), unit="EA", items=LINE.items
        ),
    ),
)


@contextmanager
def trading_partner(**behaviour: Any) -> Iterator[Any]:
    """A mock-edi seller on a port of its own."""
    from mockedi.testing import Mock  # type: ignore[import-untyped]

    with Mock.start(**behaviour) as mock:
        yield mock
