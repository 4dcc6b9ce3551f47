"""Which of a supplier's changes count as agreed, and what the order is with them. Pure decisions over stored rows.

Agreed is a quantity or a delivery date that the supplier confirmed for a line that is otherwise as ordered: never a
price, a refusal, a substitute, a backorder, a date of shipment, or more than the quantity tolerance allows; and nothing
of a document whose purpose or type does not plainly say that it changes the order.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from ml_connector.config.partners import Partner, Tolerance
from ml_connector.documents.common import DateReference, changed
from ml_connector.documents.order_agreements import AgreedChange, AgreedLine
from ml_connector.documents.orders import LineAnswer, OrderLine, PurchaseOrder
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.meaning import answer_codes
from ml_connector.flows.meaning.answered_lines import Answered, price_of
from ml_connector.flows.meaning.line_comparison import LineVerdict, Verdicts
from ml_connector.flows.orders_out.order_changes import with_ids
from ml_connector.flows.orders_out.order_content import DELIVERY_REQUESTED, with_total
from ml_connector.flows.orders_out.order_records import order_reader
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S

#: An answer is being written to its order while it is in one of these.
BEING_WRITTEN = (S.MATCHED, S.POSTING, S.UNKNOWN_OUTCOME)
#: Acknowledgment types with changes (BAK02, BCA02; x12-procurement 6); an 865 and a flat file need not give one.
CHANGING_TYPES = frozenset({"", "AC", "AE"})
#: ACK01 values of a line that is taken: as ordered, with changes, another quantity, another date (x12-procurement 6).
TAKEN = frozenset({"IA", "AC", "AR", "IC", "IQ", "DR"})
#: Those that say that the quantity itself is another one; with the others a part may simply not be answered yet.
ANOTHER_QUANTITY = frozenset({"IC", "IQ"})
#: Qualifiers of dates on which goods arrive (element 374); those of shipments say nothing of the receipt.
DELIVERY = frozenset({"002", "017", "067", "069", "070"})
#: What of a line, besides quantity and date, keeps it from being written.
_IN_THE_WAY = frozenset(
    {"price", "unit", "repeats", "substitute", "note", "contradiction"} | {"charges", "parts", "ship-to"}
)
#: The partner has the order.
WITH_PARTNER = (S.SENT, S.ACKNOWLEDGED, S.OVERDUE)


def to_write_back(integration: Integration, partner: str) -> bool:
    """Whether the settings ask for it."""
    known = integration.partners.get(partner)
    own = known.order_changes if known is not None else None
    return (own or integration.settings.flows.acknowledgments_in.order_changes) == "write_back"


def change_of(
    integration: Integration, verdicts: Verdicts, content: PurchaseOrder, order: DocumentRow
) -> AgreedChange | None:
    """What of an answer to the newest revision is to be written to the order; None where nothing is.

    content: what the partner was sent of it.
    """
    partner = integration.partner_of(order)
    if partner is None or order.state not in WITH_PARTNER or not order.source:
        return None
    source = order_reader(integration.erp)(order.source)
    if source.cancelled or verdicts.type not in CHANGING_TYPES or verdicts.header:
        return None
    content = with_ids(content, source)
    # an order that was sent before lines were known by the ERP's id has their numbers alone
    by_number = {str(line.number): line.id for line in source.lines}
    ids = {line.id for line in source.lines}
    tolerance = integration.tolerances(partner).quantity
    lines: list[AgreedLine] = []
    for one, verdict in zip(verdicts.pairs, verdicts.lines, strict=False):  # behind them are lines left out
        if one.ordered is None or one.dropped:
            continue
        key = one.ordered.erp_line or by_number.get(one.number, "")
        line = agreed_line(one, verdict, key, partner, tolerance, content.order_date) if key in ids else None
        lines += [line] if line is not None else []
    return AgreedChange(order_id=source.id, order_number=source.number, lines=tuple(lines)) if lines else None


def agreed_line(
    one: Answered,
    verdict: LineVerdict,
    order_line_id: str,
    partner: Partner,
    tolerance: Tolerance,
    order_date: date | None,
) -> AgreedLine | None:
    """What of one line is agreed; None where nothing is."""
    ordered, codes = one.ordered, partner.order_answers.codes
    if ordered is None or len(one.lines) != 1 or not one.answers or _IN_THE_WAY & set(verdict.detail):
        return None
    if verdict.verdict not in {"changed", "accepted"}:
        return None
    if any(answer_codes.read("ACK01", answer.status, codes) not in TAKEN for answer in one.answers):
        return None
    if one.prices - {price_of(ordered)}:
        return None
    quantity = _quantity(one, ordered, partner, tolerance)
    day = _day(one.answers, order_date)
    wanted = wanted_day(ordered)
    if set(one.days(one.answers)) - {day, wanted}:
        day = None  # another day stands beside it
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


def _quantity(one: Answered, ordered: OrderLine, partner: Partner, tolerance: Tolerance) -> Decimal | None:
    """The quantity confirmed, where it is one in the order's unit and within the tolerance; less always is."""
    codes, answers, line = partner.order_answers.codes, one.answers, one.lines[0]
    if ordered.quantity is None or any(answer.quantity is None or answer.quantity < 0 for answer in answers):
        return None
    if not any(answer_codes.read("ACK01", answer.status, codes) in ANOTHER_QUANTITY for answer in answers):
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


def covers(change: AgreedChange | None, verdict: LineVerdict, codes: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether everything in which a line differs is agreed; nothing is left of one that repeats what was agreed."""
    statuses = {answer_codes.read("ACK01", one, codes) for one in verdict.detail.get("status", "?").split()}
    if verdict.verdict != "changed" or _IN_THE_WAY & set(verdict.detail) or statuses - TAKEN:
        return False
    lines = change.lines if change is not None else ()
    line = next((one for one in lines if one.number == verdict.line), None)
    values = (("quantity", line.quantity), ("date", line.receipt_date)) if line is not None else ()
    agreed = {name for name, value in values if value is not None}
    return {"quantity", "date"} & set(verdict.detail) <= agreed


def with_line(content: PurchaseOrder, agreed: AgreedLine) -> PurchaseOrder:
    """What the partner has of the order once a line is changed as it proposed itself."""
    lines = tuple(_changed(line, agreed) if line.number == agreed.number else line for line in content.lines)
    return with_total(changed(content, lines=lines))


def _changed(line: OrderLine, agreed: AgreedLine) -> OrderLine:
    changes: dict[str, object] = {}
    if agreed.quantity is not None:
        changes["quantity"] = agreed.quantity
    if agreed.receipt_date is not None:
        changes["dates"] = (DateReference(qualifier=DELIVERY_REQUESTED, day=agreed.receipt_date),)
    return changed(line, **changes)
