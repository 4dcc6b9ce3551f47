"""Changes of purchase order lines that buyer and supplier agreed on, each line by itself (exact-online 10.1)."""

from typing import Any

from ml_connector.documents.order_agreements import AgreedChange, AgreedLine
from ml_connector.flows.core.ports import PlannedOperation
from ml_connector.systems.exact_online.posting.changed_lines import Lines
from ml_connector.systems.exact_online.wire.entities import ORDER_LINE
from ml_connector.systems.exact_online.wire.odata_literals import day, number

QUANTITY, RECEIPT_DATE = "QuantityInPurchaseUnits", "ReceiptDate"
#: Dates are compared as days.
ORDER_LINES = Lines(ORDER_LINE, {QUANTITY: number, RECEIPT_DATE: day}, "the purchase order")


def plan_order_change(change: AgreedChange, company: str) -> list[PlannedOperation]:
    """One write a line, of what it is to have otherwise."""
    return [ORDER_LINES.plan(company, line.order_line_id, _put(line), _was(line)) for line in change.lines]


def _put(line: AgreedLine) -> dict[str, Any]:
    values = {QUANTITY: line.quantity, RECEIPT_DATE: line.receipt_date}
    return {name: value for name, value in values.items() if value is not None}


def _was(line: AgreedLine) -> dict[str, Any]:
    return {QUANTITY: line.was_quantity, RECEIPT_DATE: line.was_date}
