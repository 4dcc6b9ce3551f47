"""Purchase orders and receipts that a network matches invoices with."""

from datetime import date
from decimal import Decimal

from ml_connector.documents.common import Amounts
from ml_connector.documents.payables.invoices import LineCode


class NetworkOrderLine(Amounts):
    """A line of an order as a network has it."""

    number: int
    quantity: Decimal
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    item: str = ""
    description: str = ""
    unit: str = ""
    codes: tuple[LineCode, ...] = ()


class NetworkOrder(Amounts):
    """A purchase order as the network is told it, whole. open: invoices may still name it."""

    number: str
    id: str = ""
    external_id: str = ""
    vendor: str = ""
    company: str = ""
    order_date: date | None = None
    currency: str = ""
    total: Decimal | None = None
    open: bool = True
    modified: str = ""
    lines: tuple[NetworkOrderLine, ...] = ()


class NetworkReceipt(Amounts):
    """What was received of one line of a purchase order, in one receipt."""

    order_number: str
    order_line: int
    quantity: Decimal
    id: str = ""
    external_id: str = ""
    company: str = ""
    item: str = ""
    description: str = ""
    unit: str = ""
    received_on: date | None = None
    reference: str = ""
    modified: str = ""
