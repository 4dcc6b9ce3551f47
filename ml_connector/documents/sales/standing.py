"""A customer's order as it stands in an ERP: what of it is taken, for whoever tells the customer.

Neutral between ERPs: ids are the ERP's own, codes are unpadded.
"""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from ml_connector.documents.common import Record


class OrderStanding(StrEnum):
    """open: nobody has said yes to it yet; accepted: it is worked on or done; cancelled: nothing more comes of it."""

    OPEN = "open"
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"


class StandingLine(Record):
    """One line. `number` is the ERP's of it. ship_date: when it is to leave us. shipped: how much has left.

    backordered: what is not shipped has to wait for goods. closed: nothing more of it is shipped.
    """

    number: int
    item_code: str
    customers_item: str = ""
    description: str = ""
    quantity: Decimal
    unit: str
    price: Decimal
    requested_date: date | None = None
    ship_date: date | None = None
    shipped: Decimal = Decimal(0)
    backordered: bool = False
    closed: bool = False


class StandingOrder(Record):
    """A sales order with its lines.

    id: what the ERP called it when it was written there (the outside id of that write). number, type_code: as people
    name it. moved_at: when its record moved last.
    """

    id: str
    number: str
    type_code: str = ""
    standing: OrderStanding
    customer_code: str
    customer_order: str = ""
    order_date: date | None = None
    currency: str = ""
    moved_at: datetime | None = None
    lines: tuple[StandingLine, ...] = ()
