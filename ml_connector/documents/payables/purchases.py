"""A purchase order to enter in the ERP: what our own purchasing ordered of a supplier elsewhere."""

from datetime import date
from decimal import Decimal

from ml_connector.documents.common import Record


class PurchaseLine(Record):
    """One line. price: for one unit, none where the ERP's counts; unit: the ERP's."""

    number: int
    item_id: str
    item_code: str
    quantity: Decimal
    unit: str
    price: Decimal | None = None
    wanted: date | None = None
    description: str = ""


class Purchase(Record):
    """An order to one supplier. number: what our purchasing calls it, by which it is found again."""

    vendor_id: str
    vendor_code: str
    number: str
    order_date: date
    currency: str = ""
    wanted: date | None = None
    description: str = ""
    #: What was decided beside the values, in words.
    told: tuple[str, ...] = ()
    lines: tuple[PurchaseLine, ...]
