"""What a seller says of each line of an order, against the line as it was ordered. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ml_connector.documents.orders import AcknowledgedLine, OrderAcknowledgment, OrderLine

#: BAK02 values that refuse the whole order, and the one that leaves it open (x12-procurement 6).
REFUSED_TYPES, HELD_TYPE = {"RD", "RJ", "RF"}, "AH"
#: ACK01 values that take a line as it was ordered.
AS_ORDERED = {"IA", "AC", "AR"}
#: ACK01 values that promise a line, or some of it, for later; and that leave it open.
BACKORDERED, HELD_LINE = {"IB", "BP"}, {"IF", "IH", "IW"}
#: ACK01 values that refuse a line.
REFUSED_LINE = {"IR", "ID", "R1", "R2", "R3", "R4"}


@dataclass(frozen=True)
class LineVerdict:
    """What the seller said of one ordered line."""

    line: str
    verdict: str
    detail: dict[str, str]


def overall(answer: OrderAcknowledgment, verdicts: Sequence[LineVerdict]) -> str:
    if answer.type in REFUSED_TYPES:
        return "refused"
    if answer.type == HELD_TYPE:
        return "held"
    kinds = {v.verdict for v in verdicts}
    if kinds and kinds <= {"refused"}:
        return "refused"
    return "accepted" if kinds <= {"accepted"} else "changed"


def compare(answer: OrderAcknowledgment, ordered: Sequence[OrderLine]) -> list[LineVerdict]:
    """Each answered line against the order line it repeats: accepted, changed, backordered, held or refused."""
    if answer.type in REFUSED_TYPES and not answer.lines:
        return [LineVerdict(line.number, "refused", {}) for line in ordered]
    by_number = {line.number: line for line in ordered}
    return [_compare_line(line, ordered_line(line, by_number, ordered)) for line in answer.lines]


def ordered_line(
    line: AcknowledgedLine, by_number: dict[str, OrderLine], ordered: Sequence[OrderLine]
) -> OrderLine | None:
    found = by_number.get(line.number) or by_number.get(line.number.lstrip("0"))
    if found is not None:
        return found
    same = [o for o in ordered if {i.value for i in o.items} & {i.value for i in line.items}]
    return same[0] if len(same) == 1 else None


def _compare_line(line: AcknowledgedLine, ordered: OrderLine | None) -> LineVerdict:
    detail: dict[str, str] = {}
    statuses = [answer.status for answer in line.answers]
    if statuses:
        detail["status"] = " ".join(statuses)
    if ordered is None:
        return LineVerdict(line.number, "changed", {**detail, "note": "not on the order"})
    if statuses and all(status in REFUSED_LINE for status in statuses):
        return LineVerdict(line.number, "refused", detail)
    taken = [a for a in line.answers if a.status not in REFUSED_LINE]
    quantity = sum((a.quantity for a in taken if a.quantity is not None), Decimal(0))
    if taken and any(a.quantity is not None for a in taken) and quantity != ordered.quantity:
        detail["quantity"] = f"{ordered.quantity} -> {quantity}"
    if line.price is not None and ordered.price is not None and line.price != ordered.price:
        detail["price"] = f"{ordered.price} -> {line.price}"
    days = sorted({a.day for a in taken if a.day is not None})
    wanted = next((d.day for d in ordered.dates if d.day is not None), None)
    if days and wanted is not None and days != [wanted]:
        # Earlier than asked is good to know; later needs somebody.
        detail["date" if days[-1] > wanted else "earlier"] = f"{wanted} -> {', '.join(map(str, days))}"
    for verdict, codes in (("backordered", BACKORDERED), ("held", HELD_LINE)):
        if codes & set(statuses):
            return LineVerdict(line.number, verdict, detail)
    differs = {"quantity", "price", "date"} & set(detail) or [s for s in statuses if s not in AS_ORDERED]
    return LineVerdict(line.number, "changed" if differs else "accepted", detail)
