"""Goods that were received, line by line, as the ERP has them."""

from datetime import date
from decimal import Decimal

from ml_connector.documents.common import Amounts


class ReceivedLine(Amounts):
    """One line of a goods receipt. order_line_id: the ERP's id of the order's line, whose number it may not tell."""

    id: str
    receipt_number: str
    order_id: str
    order_number: str
    order_line_id: str
    quantity: Decimal
    received_on: date | None = None
    item: str = ""
    description: str = ""
    unit: str = ""
    reference: str = ""
