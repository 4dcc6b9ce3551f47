"""Shipments to customers as an ERP has them, for whoever tells the customers of them.

Neutral between ERPs: ids are the ERP's own, codes are unpadded.
"""

from datetime import date, datetime
from decimal import Decimal

from ml_connector.documents.common import Record
from ml_connector.documents.sales.invoices import Address


class PackedItem(Record):
    """What of a line stands in a package. line: of the shipment; 0 where the ERP names the item alone."""

    line: int = 0
    item_code: str
    quantity: Decimal
    unit: str = ""
    lot: str = ""


class Package(Record):
    """A package. sscc: 18 digits, without an application identifier; pallet: of the pallet that it stands on.
    contents: empty where nobody wrote down what is in it.
    """

    number: int
    sscc: str = ""
    pallet: str = ""
    tracking: str = ""
    weight: Decimal | None = None
    weight_unit: str = ""
    contents: tuple[PackedItem, ...] = ()


class ShippedLot(Record):
    """A part of a line with a lot or serial number of its own."""

    lot: str
    quantity: Decimal
    expires: date | None = None


class SentLine(Record):
    """One line. order_id: the order's, as its writing called it (`StandingOrder.id`); order_line: the ERP's number of
    the order's line.
    """

    number: int
    order_id: str
    order_number: str = ""
    order_line: int | None = None
    item_code: str
    description: str = ""
    quantity: Decimal
    unit: str = ""
    lots: tuple[ShippedLot, ...] = ()


class SentShipment(Record):
    """A shipment, whole. confirmed: its goods have left; gone: it is not one any more. ship_via: our code of the
    carrier or the way. moved_at: when its record moved last.
    """

    id: str
    number: str
    confirmed: bool
    gone: bool = False
    ship_date: date
    customer_code: str
    ship_via: str = ""
    terms: str = ""
    ship_to: Address | None = None
    weight: Decimal | None = None
    moved_at: datetime | None = None
    lines: tuple[SentLine, ...] = ()
    packages: tuple[Package, ...] = ()
