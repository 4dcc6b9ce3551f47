"""Which of a supplier's changes count as agreed, and what the order is with them. Pure decisions over stored rows.

Agreed is a quantity or a delivery date that the supplier confirmed for a line that is otherwise as ordered: never a
price, a refusal, a substitute, a backorder, a date of shipment, or more than the quantity tolerance allows.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from ml_connector.config.partners import Partner, Tolerance
from ml_connector.documents.agreements import AgreedChange, AgreedLine
from ml_connector.documents.common import DateReference
from ml_connector.documents.orders import AcknowledgedLine, LineAnswer, OrderAcknowledgment, OrderLine, PurchaseOrder
from ml_connector.flows.context import Integration
from ml_connector.flows.order_changes import with_ids
from ml_connector.flows.order_content import DELIVERY_REQUESTED, order_total
from ml_connector.flows.verdicts import AS_ORDERED, LineVerdict, ordered_line
from ml_connector.ledger.documents import DocumentRow
from ml_connector.ledger.states import DocumentState as S

#: An answer is being written to its order while it is in one of these.
BEING_WRITTEN = (S.MATCHED, S.POSTING, S.UNKNOWN_OUTCOME)
#: ACK01 values of a line that is taken: as ordered, with changes, another quantity, another date (x12-procurement 6).
TAKEN = AS_ORDERED | {"IC", "IQ", "DR"}
#: Those that say that the quantity itself is another one; with the others a part may simply not be answered yet.
ANOTHER_QUANTITY = {"IC", "IQ"}
#: Qualifiers of dates on which goods arrive (element 374); those of shipments say nothing of the receipt.
DELIVERY = {"002", "017", "067", "069", "070"}
#: The partner has the order.
WITH_PARTNER = (S.SENT, S.ACKNOWLEDGED, S.OVERDUE)


def to_write_back(integration: Integration, partner: str) -> bool:
    """Whether the settings ask for it."""
    known = integration.partners.get(partner)
    own = known.order_changes if known is not None else None
    return (own or integration.settings.flows.acknowledgments_in.order_changes) == "write_back"


def change_of(
    integration: Integration, answer: OrderAcknowledgment, content: PurchaseOrder, order: DocumentRow, *, newest: bool
) -> AgreedChange | None:
    """What of an answer is to be written to the order; None where nothing is.

    content: what the partner was sent of it. newest: no later revision of the order waits or is on its way; where one
    is, the answer is of the past.
    """
    partner = integration.partner_of(order)
    if partner is None or not newest or order.state not in WITH_PARTNER or not order.source:
        return None
    source = integration.erp.order_from_record(order.source)
    if source.cancelled:
        return None
    content = with_ids(content, source)
    ids = {line.number: line.erp_line for line in content.lines}
    tolerance = integration.tolerances(partner).quantity
    lines: dict[str, AgreedLine] = {}
    twice: set[str] = set()
    by_number = {line.number: line for line in content.lines}
    for line in answer.lines:
        ordered = ordered_line(line, by_number, content.lines)
        if ordered is None or ordered.number not in ids:
            continue
        if ordered.number in lines:
            twice.add(ordered.number)
        found = _agreed_line(line, ordered, ids[ordered.number], partner, tolerance, content.order_date)
        if found is not None:
            lines[ordered.number] = found
    wanted = tuple(line for number, line in lines.items() if number not in twice)
    return AgreedChange(order_id=source.id, order_number=source.number, lines=wanted) if wanted else None


def _agreed_line(
    line: AcknowledgedLine,
    ordered: OrderLine,
    order_line_id: str,
    partner: Partner,
    tolerance: Tolerance,
    order_date: date | None,
) -> AgreedLine | None:
    if not line.answers or any(answer.status not in TAKEN for answer in line.answers):
        return None
    if line.price is not None and ordered.price is not None and line.price != ordered.price:
        return None
    quantity = _quantity(line.answers, line, ordered, partner, tolerance)
    day = _day(line.answers, order_date)
    wanted = wanted_day(ordered)
    new_quantity = quantity if quantity != ordered.quantity else None
    new_day = day if day != wanted else None
    if new_quantity is None and new_day is None:
        return None
    return AgreedLine(
        order_line_id=order_line_id,
        number=ordered.number,
        quantity=new_quantity,
        receipt_date=new_day,
        was_quantity=ordered.quantity,
        was_date=wanted,
    )


def _quantity(
    answers: Sequence[LineAnswer], line: AcknowledgedLine, ordered: OrderLine, partner: Partner, tolerance: Tolerance
) -> Decimal | None:
    """The quantity confirmed, where it is one in the order's unit and within the tolerance; less always is."""
    if ordered.quantity is None or any(answer.quantity is None for answer in answers):
        return None
    if not any(answer.status in ANOTHER_QUANTITY for answer in answers):
        return None
    units = {answer.unit or line.unit or ordered.unit for answer in answers}
    if {partner.units.get(unit, unit) for unit in units} != {ordered.unit}:
        return None
    total = sum((answer.quantity for answer in answers if answer.quantity is not None), Decimal(0))
    return total if total > 0 and tolerance.allows(ordered.quantity, total) else None


def _day(answers: Sequence[LineAnswer], order_date: date | None) -> date | None:
    """The day of delivery confirmed, where it is one day for the whole line, and not before the order."""
    days = {answer.day for answer in answers}
    if len(days) != 1 or any(answer.date_qualifier not in DELIVERY for answer in answers):
        return None
    day = days.pop()
    return day if day is not None and (order_date is None or day >= order_date) else None


def wanted_day(line: OrderLine) -> date | None:
    """The delivery date that a line was sent with."""
    return next((found.day for found in line.dates if found.qualifier == DELIVERY_REQUESTED), None)


def covers(change: AgreedChange | None, verdict: LineVerdict) -> bool:
    """Whether everything in which a line differs is agreed; nothing is left of one that repeats what was agreed."""
    if (
        verdict.verdict != "changed"
        or "note" in verdict.detail
        or set(verdict.detail.get("status", "?").split()) - TAKEN
    ):
        return False
    lines = change.lines if change is not None else ()
    line = next((one for one in lines if one.number == verdict.line.lstrip("0")), None)
    values = (("quantity", line.quantity), ("date", line.receipt_date)) if line is not None else ()
    agreed = {name for name, value in values if value is not None}
    return {"quantity", "price", "date"} & set(verdict.detail) <= agreed


def with_line(content: PurchaseOrder, agreed: AgreedLine) -> PurchaseOrder:
    """What the partner has of the order once a line is changed as it proposed itself."""
    lines = tuple(_changed(line, agreed) if line.number == agreed.number else line for line in content.lines)
    return content.model_copy(update={"lines": lines, "total": order_total(lines)})


def _changed(line: OrderLine, agreed: AgreedLine) -> OrderLine:
    changes: dict[str, object] = {}
    if agreed.quantity is not None:
        changes["quantity"] = agreed.quantity
    if agreed.receipt_date is not None:
        changes["dates"] = (DateReference(qualifier=DELIVERY_REQUESTED, day=agreed.receipt_date),)
    return line.model_copy(update=changes)
