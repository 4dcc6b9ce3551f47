"""What buyer and supplier agree on after an order was sent, ready to be written to the ERP's order."""

from datetime import date
from decimal import Decimal

from ml_connector.documents.common import DocumentPart


class AgreedLine(DocumentPart):
    """One line. quantity (in the order line's unit), receipt_date: what the supplier confirmed, None where it said
    nothing else; was_quantity, was_date: what the supplier had been sent. order_line_id: the ERP's own.
    """

    order_line_id: str
    number: str
    quantity: Decimal | None = None
    receipt_date: date | None = None
    was_quantity: Decimal | None = None
    was_date: date | None = None


class AgreedChange(DocumentPart):
    """Changed lines of one order. order_id: the ERP's own."""

    order_id: str
    order_number: str
    lines: tuple[AgreedLine, ...]
