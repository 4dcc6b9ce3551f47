"""Acknowledgments in: a 997 is matched to what was sent, an 855 is recorded against its order.

Neither ever makes an invoice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment, InterchangeAcknowledgment, SetAnswer
from ml_connector.documents.common import DocumentKind
from ml_connector.documents.json import load
from ml_connector.documents.orders import AcknowledgedLine, OrderAcknowledgment, OrderLine, PurchaseOrder
from ml_connector.errors import NeedsMending, Reason
from ml_connector.flows.admission import admit
from ml_connector.flows.claiming import claim_waiting
from ml_connector.flows.context import Integration, StepReport, Work
from ml_connector.flows.holding import attempt, hold_moves, resume_moves
from ml_connector.flows.orders import NOT_BEGUN
from ml_connector.flows.sending import answer_due
from ml_connector.flows.stored import stored
from ml_connector.ledger import documents, envelopes, related
from ml_connector.ledger.documents import ClaimLost, DocumentRow, Move
from ml_connector.ledger.files import Tx
from ml_connector.ledger.states import DocumentState as S

FLOW = "acknowledgments_in"
#: So soon an acknowledgment is looked at again when its order is just being worked on.
AGAIN_SECONDS = 15.0
#: Digits of a control number that we write (x12-procurement 2).
LONGEST_CONTROL = 9
#: BAK02 values that refuse the whole order (x12-procurement 6).
REFUSED_TYPES = {"RD", "RJ", "RF"}
#: ACK01 values that take a line as it was ordered.
AS_ORDERED = {"IA", "AC", "AR"}
#: ACK01 values that promise a line, or some of it, for later; and that leave it open.
BACKORDERED, HELD_LINE = {"IB", "BP"}, {"IF", "IH", "IW"}
#: ACK01 values that refuse a line.
REFUSED_LINE = {"IR", "ID", "R1", "R2", "R3", "R4"}


def apply(integration: Integration, work: Work) -> StepReport:
    """Apply every waiting acknowledgment."""
    report = StepReport("apply acknowledgments")
    after = 0
    while not work.stopped():
        rows = claim_waiting(integration, work, FLOW, (S.PARSED, S.QUARANTINED), after_id=after)
        if not rows:
            return report
        after = rows[-1].id
        for row in rows:
            if work.dry_run:
                report.add("would_apply", row.partition_date, document=row.number, partner=row.partner)
                continue
            _take(integration, work, row, report)
    return report


def _take(integration: Integration, work: Work, row: DocumentRow, report: StepReport) -> None:
    """Apply one. What it answers may be in another worker's hands just now: then it is applied a moment later."""
    admitted = attempt(lambda: admit(integration, row))
    told = StepReport(report.step)
    try:
        with integration.ledger.write() as tx:
            if isinstance(admitted, NeedsMending):
                documents.move(tx, hold_moves(integration, row, admitted, told, step=S.PARSED), work)
            else:
                _apply_one(integration, tx, work, *admitted, told)
    except ClaimLost:
        at = integration.clock.now() + timedelta(seconds=AGAIN_SECONDS)
        with integration.ledger.write() as tx:
            documents.release(tx, [row.id], next_attempt_at=at, holder=work.holder)
        told = StepReport(report.step)
        told.add("postponed", row.partition_date, document=row.number, partner=row.partner)
    report.merge(told)


def _apply_one(
    integration: Integration,
    tx: Tx,
    work: Work,
    row: DocumentRow,
    changes: dict[str, Any],
    report: StepReport,
) -> None:
    try:
        moves = _moves(integration, tx, row, report)
    except NeedsMending as held:
        moves = hold_moves(integration, row, held, report, step=S.PARSED)
        changes = {}
    if changes:
        moves.insert(0, Move(row.id, None, "let in", changes=changes, release=False))
    documents.move(tx, moves, work)


def _moves(integration: Integration, tx: Tx, row: DocumentRow, report: StepReport) -> list[Move]:
    document = load(row.kind, row.canonical)
    if isinstance(document, FunctionalAcknowledgment):
        return _functional(integration, tx, row, document, report)
    if isinstance(document, OrderAcknowledgment):
        return _order(integration, tx, row, document, report)
    if isinstance(document, InterchangeAcknowledgment):
        return _interchange(integration, tx, row, document, report)
    raise NeedsMending(Reason.UNSUPPORTED_DOCUMENT, f"{row.kind} is no acknowledgment.", mend="Discard it here.")


# 997: matched by AK1 and AK2, decided by AK5 (edi-operations 7)


def _functional(
    integration: Integration, tx: Tx, row: DocumentRow, answer: FunctionalAcknowledgment, report: StepReport
) -> list[Move]:
    number = answer.group_control
    usable = number.isascii() and number.isdigit() and len(number) <= LONGEST_CONTROL
    group = (
        envelopes.find_sent_group(tx, integration.name, row.partner, answer.functional_id, int(number))
        if usable
        else None
    )
    if group is None:
        raise NeedsMending(
            Reason.ACKNOWLEDGES_NOTHING_SENT,
            f"The 997 answers group {answer.functional_id} {answer.group_control}, not sent to {row.partner}.",
            mend="Kept and matched again later; if it stays, ask the partner what it answers.",
            data={"functional_id": answer.functional_id, "group": answer.group_control},
        )
    envelopes.answer_group(tx, group.id, answer.code, document_id=row.id)
    sent = related.documents_of_group(tx, group.id)
    by_control = {s.control_number.lstrip("0"): s for s in answer.sets}
    moves: list[Move] = []
    for document in sent:
        decided = by_control.get((document.set_control or "").lstrip("0"))
        accepted = decided.accepted if decided else answer.code in {"A", "E", "P"}
        moves += _answered(tx, document, answer, decided, accepted=accepted, by=row, report=report)
    report.add("applied", row.partition_date, document=row.number, partner=row.partner, answer=answer.code)
    changes = {"parent_id": sent[0].id if sent else None, "order_number": sent[0].order_number if sent else ""}
    moves += resume_moves(row)
    moves.append(Move(row.id, S.APPLIED, "applied", {"group": group.id, "code": answer.code}, changes=changes))
    return moves


def _answered(
    tx: Tx,
    document: DocumentRow,
    answer: FunctionalAcknowledgment,
    decided: SetAnswer | None,
    *,
    accepted: bool,
    by: DocumentRow,
    report: StepReport,
) -> list[Move]:
    """The sent document's new state; an answer proves that a doubtful upload arrived.

    Acknowledgments that we sent have no answers: one that comes all the same changes nothing (edi-operations 7).
    """
    if document.kind in {DocumentKind.FUNCTIONAL_ACKNOWLEDGMENT, DocumentKind.INTERCHANGE_ACKNOWLEDGMENT}:
        return []
    if document.state not in {S.SENT, S.OVERDUE, S.SENDING, S.UNKNOWN_OUTCOME, S.ACKNOWLEDGED, S.REFUSED}:
        return []
    related.confirm_uploads(tx, document.file_id, f"acknowledged by {by.id}")
    target = S.ACKNOWLEDGED if accepted else S.REFUSED
    if document.state is target:
        return []
    detail: dict[str, Any] = {"by": by.id, "code": decided.code if decided else answer.code}
    changes: dict[str, Any] = {"due_at": None, "reason": None, "reason_detail": None, "next_attempt_at": None}
    if not accepted:
        report.add("refused", document.partition_date, document=document.number, partner=document.partner)
        errors = [error.model_dump(mode="json") for error in (decided.segments if decided else ())][:20]
        changes["reason"] = "refused_by_partner"
        changes["reason_detail"] = {
            "message": f"The partner's 997 refused {document.number} (code {detail['code']}).",
            "mend": "See what its AK3/AK4 say; mend the data or the partner's settings, then replay this document.",
            "data": {"segments": errors, "reasons": list(decided.reasons) if decided else list(answer.reasons)},
        }
    return [Move(document.id, target, "answered by 997", detail, changes=changes)]


def _interchange(
    integration: Integration, tx: Tx, row: DocumentRow, answer: InterchangeAcknowledgment, report: StepReport
) -> list[Move]:
    """TA1: a refused interchange refuses its documents; an accepted one says nothing about them (edi-operations 8)."""
    sent = envelopes.find_sent_interchange(tx, integration.name, row.partner, answer.control_number)
    if sent is None:
        raise NeedsMending(
            Reason.ACKNOWLEDGES_NOTHING_SENT,
            f"The TA1 answers interchange {answer.control_number}, which was not sent to {row.partner}.",
            mend="Kept and matched again later; if it stays, ask the partner what it answers.",
            data={"interchange": answer.control_number},
        )
    related.confirm_uploads(tx, sent.file_id, f"answered by {row.id}")
    moves: list[Move] = []
    for document in related.documents_of_interchange(tx, sent.id):
        if answer.code == "R" and document.kind is not DocumentKind.FUNCTIONAL_ACKNOWLEDGMENT:
            moves += _refused_by_ta1(document, answer, row)
        elif document.state is S.UNKNOWN_OUTCOME:
            moves.append(_arrived(integration, document, row))
    report.add("applied", row.partition_date, document=row.number, partner=row.partner, answer=answer.code)
    moves += resume_moves(row)
    moves.append(Move(row.id, S.APPLIED, "applied", {"code": answer.code, "note": answer.note}))
    return moves


def _arrived(integration: Integration, document: DocumentRow, by: DocumentRow) -> Move:
    due = {"due_at": answer_due(integration, document)}
    return Move(document.id, S.SENT, "arrived: answered by TA1", {"by": by.id}, changes=due)


def _refused_by_ta1(document: DocumentRow, answer: InterchangeAcknowledgment, by: DocumentRow) -> list[Move]:
    if document.state not in {S.SENT, S.OVERDUE, S.SENDING, S.UNKNOWN_OUTCOME}:
        return []
    reason = {
        "message": f"The partner's TA1 refused the interchange (note {answer.note}).",
        "mend": "See the note code in docs/acknowledgments; mend and replay.",
        "data": {"note": answer.note},
    }
    changes = {"reason": "refused_by_partner", "reason_detail": reason, "due_at": None, "next_attempt_at": None}
    return [Move(document.id, S.REFUSED, "refused by TA1", {"by": by.id}, changes=changes)]


# 855: recorded against the order; what differs is for a person


@dataclass(frozen=True)
class LineVerdict:
    """What the seller said of one ordered line."""

    line: str
    verdict: str
    detail: dict[str, str]


def _order(
    integration: Integration, tx: Tx, row: DocumentRow, answer: OrderAcknowledgment, report: StepReport
) -> list[Move]:
    sent = [
        d
        for d in documents.outbound_of_orders(tx, integration.name, "orders_out", [answer.number])
        if d.partner == row.partner and d.state not in {S.DISCARDED, S.DUPLICATE}
    ]
    if not sent:
        raise NeedsMending(
            Reason.NO_SUCH_ORDER,
            f"The acknowledgment answers order {answer.number}, which was not sent to {row.partner}.",
            mend="Ask the partner which order is meant; discard it here if it is not ours.",
            data={"order": answer.number},
        )
    left = [d for d in sent if d.state not in NOT_BEGUN]
    order = (left or sent)[-1]
    content = stored(DocumentKind.ORDER, order.work, PurchaseOrder) if order.work else None
    verdicts = compare(answer, content.lines if content else ())
    differs = [v for v in verdicts if v.verdict != "accepted"]
    result = _overall(answer, verdicts)
    report.add("applied", row.partition_date, document=answer.number, partner=row.partner, answer=result)
    outcome = {
        "result": result,
        "act": bool(differs) or result in {"refused", "held"},
        "lines": [{"line": v.line, "verdict": v.verdict, **v.detail} for v in verdicts][:200],
        "sellers_order": answer.sellers_order,
    }
    changes: dict[str, Any] = {"parent_id": order.id, "work": _json(outcome)}
    if outcome["act"]:
        changes["reason"] = f"order_{result}"
        changes["reason_detail"] = {
            "message": f"{row.partner} answered order {answer.number}: {result}; {len(differs)} line(s) differ.",
            "mend": "Agree it with the supplier; a change of the order in the ERP sends the change to them.",
            "data": outcome,
        }
    note = Move(order.id, None, f"supplier answered: {result}", {"by": row.id, "act": outcome["act"]})
    return [note, *resume_moves(row), Move(row.id, S.APPLIED, "recorded against the order", outcome, changes=changes)]


def _json(value: object) -> str:
    import json

    return json.dumps(value, sort_keys=True)


def _overall(answer: OrderAcknowledgment, verdicts: Sequence[LineVerdict]) -> str:
    if answer.type in REFUSED_TYPES:
        return "refused"
    if answer.type == "AH":
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
    return [_compare_line(line, _ordered_line(line, by_number, ordered)) for line in answer.lines]


def _ordered_line(
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
