"""Acknowledgments in: a 997 is matched to what was sent, an 855 is recorded against its order (`order_answers`), an 824
against the document that it names (`advices`).

None of them ever makes an invoice.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from ml_connector.config.partners import Partner
from ml_connector.documents.acknowledgments import FunctionalAcknowledgment, InterchangeAcknowledgment
from ml_connector.documents.application_advice import ApplicationAdvice
from ml_connector.documents.json import load
from ml_connector.documents.orders import OrderAcknowledgment
from ml_connector.documents.records import stored_values
from ml_connector.edi.framing.values import read_date
from ml_connector.errors import NeedsCorrection, Reason, reason_detail
from ml_connector.flows.acknowledgments_in import advices, order_acks, write_back
from ml_connector.flows.acknowledgments_in.acknowledged_sets import AckDecision, SentSet, decide
from ml_connector.flows.acknowledgments_in.answered_revision import ONE_DAY
from ml_connector.flows.acknowledgments_in.refusals import has_refused
from ml_connector.flows.core.batches import batches
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.quarantine import attempt, hold_moves, resume_moves
from ml_connector.flows.core.sent_formats import ANSWERS, SET_OF_KIND, answer_due
from ml_connector.flows.inbound.miscounts import check_still
from ml_connector.flows.inbound.release_from_quarantine import admit
from ml_connector.flows.meaning import answer_codes
from ml_connector.flows.meaning.answer_codes import INTERCHANGE_CODES
from ml_connector.flows.orders_out.order_revisions import REFUSED_BY_PARTNER
from ml_connector.flows.posting.posting import post
from ml_connector.flows.restored import held as restored
from ml_connector.ledger.exchange import envelopes, related
from ml_connector.ledger.exchange.envelopes import InterchangeRow, SentTo
from ml_connector.ledger.exchange.files import Tx
from ml_connector.ledger.names import naming
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import ClaimLost, DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

T = TypeVar("T")

FLOW = order_acks.FLOW
#: So soon an acknowledgment is looked at again when its order is just being worked on.
AGAIN_SECONDS = 15.0
#: Digits of a control number that we write (x12-procurement 2).
LONGEST_CONTROL = 9
#: TA105: the interchange control number came before (x12-procurement 11).
_REPEATED = "025"


def apply(integration: Integration, work: RunScope) -> StepReport:
    """Apply every waiting acknowledgment, and write to the ERP's orders what was agreed (a setting)."""
    report = _apply_all(integration, work)
    report.merge(post(integration, work, write_back.ANSWERS))
    return report


def _apply_all(integration: Integration, work: RunScope) -> StepReport:
    report = StepReport("apply acknowledgments")
    for rows in batches(integration, work, FLOW, (S.PARSED, S.QUARANTINED)):
        for row in rows:
            if work.dry_run:
                report.add_document("would_apply", row)
                continue
            _take(integration, work, row, report)
    return report


def _take(integration: Integration, work: RunScope, row: DocumentRow, report: StepReport) -> None:
    """Apply one. What it answers may be in another worker's hands just now: then it is applied a moment later."""
    admitted = attempt(_let_in, integration, row)
    told = StepReport(report.step)
    try:
        with integration.ledger.write() as tx:
            if isinstance(admitted, NeedsCorrection):
                documents.move(tx, hold_moves(integration, row, admitted, told, step=S.PARSED), work)
            else:
                _apply_one(integration, tx, work, *admitted, told)
    except (ClaimLost, order_acks.BusyOrderError):
        at = integration.clock.now() + timedelta(seconds=AGAIN_SECONDS)
        with integration.ledger.write() as tx:
            documents.release(tx, [row.id], next_attempt_at=at, holder=work.holder)
        told = StepReport(report.step)
        told.add("postponed", row.partition_date, document=row.number, partner=row.partner)
    report.merge(told)


def _let_in(integration: Integration, was: DocumentRow) -> tuple[DocumentRow, dict[str, Any]]:
    row, changes = admit(integration, was)
    partner = integration.partner_of(row)
    if partner is not None:
        check_still(was, partner)
    return row, changes


def _apply_one(
    integration: Integration,
    tx: Tx,
    work: RunScope,
    row: DocumentRow,
    changes: dict[str, Any],
    report: StepReport,
) -> None:
    try:
        moves = _moves(integration, tx, row, report, by_hand=work.replay)
    except NeedsCorrection as held:
        moves = hold_moves(integration, row, held, report, step=S.PARSED)
        changes = {}
    if changes:
        moves.insert(0, Move(row.id, None, "let in", changes=changes, release=False))
    documents.move(tx, moves, work)


def _moves(integration: Integration, tx: Tx, row: DocumentRow, report: StepReport, *, by_hand: bool) -> list[Move]:
    document = load(row.kind, row.canonical)
    if isinstance(document, FunctionalAcknowledgment):
        return _functional(integration, tx, row, document, report, by_hand=by_hand)
    if isinstance(document, OrderAcknowledgment):
        return order_acks.record(integration, tx, row, document, report)
    if isinstance(document, InterchangeAcknowledgment):
        return _interchange(integration, tx, row, document, report)
    if isinstance(document, ApplicationAdvice):
        return advices.record(integration, tx, row, document, list(_sent_to(integration, tx, row)), report)
    raise NeedsCorrection(
        Reason.UNSUPPORTED_DOCUMENT, f"{row.kind} is not an acknowledgment.", remedy="Discard it here."
    )


def _sent_to(integration: Integration, tx: Tx, row: DocumentRow) -> Iterator[SentTo]:
    """What an answer of this partner may answer: what went to it by this integration under its name, else under
    whatever names and integrations there have been. Never what went to the identity of another partner.
    """
    partner = integration.partner_of(row)
    theirs = _identities([partner] if partner is not None else [])
    others = _identities([one for one in integration.partners.values() if one is not partner]) - theirs
    yield SentTo([integration.name], [row.partner], others=sorted(others))
    known = naming.counterparties(tx, integration.books)
    theirs |= {identity for one in known if one.key == row.partner_key for identity in one.identities}
    if theirs:
        integrations = sorted({integration.name, *(one.integration for one in known)})
        names = sorted({row.partner, *(one.name for one in known)})
        yield SentTo(integrations, names, sorted(theirs), sorted(others))


def _identities(partners: Iterable[Partner]) -> set[str]:
    return {key for partner in partners for key in partner.identity_keys}


def _first_of(places: Iterable[SentTo], look: Callable[[SentTo], T | None]) -> T | None:
    return next((found for found in map(look, places) if found is not None), None)


# 997: matched by AK1 and AK2, decided by `functional_answers` (edi-operations 7)


def _functional(
    integration: Integration,
    tx: Tx,
    row: DocumentRow,
    answer: FunctionalAcknowledgment,
    report: StepReport,
    *,
    by_hand: bool,
) -> list[Move]:
    number, by = answer.group_control, envelopes.sender_of(tx, row.interchange_id)
    usable = number.isascii() and number.isdigit() and len(number) <= LONGEST_CONTROL
    group = (
        _first_of(
            _sent_to(integration, tx, row),
            lambda to: envelopes.find_sent_group(tx, to, answer.functional_id, int(number), by),
        )
        if usable
        else None
    )
    held = restored.answered_group(tx, row, answer.functional_id, int(number)) if usable and not group else []
    if held:
        return _answered_before_restore(tx, row, answer, held, report)
    if group is None:
        raise NeedsCorrection(
            Reason.ACKNOWLEDGES_NOTHING_SENT,
            f"The 997 answers group {answer.functional_id} {answer.group_control}, not sent to {row.partner}.",
            remedy="Kept and matched again later; if it stays, ask the partner what it answers.",
            data={"functional_id": answer.functional_id, "group": answer.group_control},
        )
    sent = related.documents_of_group(tx, group.id)
    decisions = decide(answer, _sets(sent)) if any(one.kind not in ANSWERS for one in sent) else {}
    if not by_hand:
        _check_not_refused(answer, sent, decisions)
    envelopes.answer_group(tx, group.id, answer.code, document_id=row.id)
    moves: list[Move] = []
    for document in sent:
        if document.id in decisions:
            moves += _answered(tx, document, decisions[document.id], answer, by=row, report=report)
    report.add_document("applied", row, answer=answer.code)
    changes = {"parent_id": sent[0].id if sent else None, "order_number": sent[0].order_number if sent else ""}
    moves += resume_moves(row)
    detail = {"group": group.id, "code": answer.code, **_contradictions(decisions)}
    moves.append(Move(row.id, S.APPLIED, "applied", detail, changes=changes))
    return moves


def _sets(sent: Sequence[DocumentRow]) -> list[SentSet]:
    return [SentSet(one.id, SET_OF_KIND.get(one.kind, ""), one.set_control or "") for one in sent]


def _check_not_refused(
    answer: FunctionalAcknowledgment, sent: Sequence[DocumentRow], decisions: Mapping[int, AckDecision]
) -> None:
    """Raises NeedsCorrection where it accepts what the partner has refused before, by a 997 or TA1: which of the two
    counts, and whether they came in the order that they were written in, only the partner knows.
    """
    taken = [one for one in sent if one.id in decisions and decisions[one.id].accepted]
    refused = [one for one in taken if one.state is S.REFUSED and not has_refused(one)]
    if refused:
        raise answer_codes.undecided(
            f"The 997 of group {answer.functional_id} {answer.group_control} accepts {refused[0].number}, which the"
            " partner has refused before.",
            remedy="Ask the partner whether it has the document. If it has, replay this 997, and it counts; if not,"
            " replay that document and discard this.",
            data={"group": answer.group_control, "documents": [one.id for one in refused][: answer_codes.SHOWN]},
        )


def _contradictions(decisions: Mapping[int, AckDecision]) -> dict[str, Any]:
    told = sorted({one.contradiction for one in decisions.values() if one.contradiction})
    return {"contradiction": told} if told else {}


def _answered_before_restore(
    tx: Tx, row: DocumentRow, answer: FunctionalAcknowledgment, held: list[DocumentRow], report: StepReport
) -> list[Move]:
    """A 997 for what left before the ledger was restored: it had arrived. A replacement of it may be on its way."""
    decisions = decide(answer, _sets(held))
    moves = restored.proved(tx, held, row)
    sent = {move.document_id for move in moves if move.to is S.SENT}
    for document in held:
        if document.id in sent:
            arrived = document.having(state=S.SENT)
            moves += _answered(tx, arrived, decisions[document.id], answer, by=row, report=report)
    report.add_document("applied", row, answer=answer.code)
    changes = {"parent_id": held[0].id, "order_number": held[0].order_number}
    detail = {"code": answer.code, **_contradictions(decisions)}
    return [*moves, *resume_moves(row), Move(row.id, S.APPLIED, "applied", detail, changes=changes)]


def _answered(
    tx: Tx,
    document: DocumentRow,
    decision: AckDecision,
    answer: FunctionalAcknowledgment,
    *,
    by: DocumentRow,
    report: StepReport,
) -> list[Move]:
    """The sent document's new state; an answer proves that a doubtful upload arrived."""
    if document.kind in ANSWERS:
        return []
    if document.state not in {S.SENT, S.OVERDUE, S.SENDING, S.UNKNOWN_OUTCOME, S.ACKNOWLEDGED, S.REFUSED}:
        return []
    related.confirm_uploads(tx, document.file_id, f"acknowledged by {by.id}")
    target = S.ACKNOWLEDGED if decision.accepted else S.REFUSED
    if document.state is target or (decision.accepted and has_refused(document)):
        return []  # that its syntax was accepted does not undo that its content was refused
    detail: dict[str, Any] = {"by": by.id, "code": decision.code}
    detail |= {"contradiction": decision.contradiction} if decision.contradiction else {}
    changes: dict[str, Any] = {"due_at": None, "reason": None, "reason_detail": None, "next_attempt_at": None}
    if not decision.accepted:
        report.add_document("refused", document)
        found = decision.answer
        errors = [stored_values(error) for error in (found.segments if found else ())][:20]
        told = f"; {decision.contradiction}: the worse counts" if decision.contradiction else ""
        changes["reason"] = REFUSED_BY_PARTNER
        changes["reason_detail"] = reason_detail(
            f"The partner's 997 refused {document.number} (code {decision.code}{told}).",
            "See what its AK3/AK4 say; mend the data or the partner's settings, then replay this document.",
            {
                "segments": errors,
                "reasons": list(found.reasons) if found and found.reasons else list(answer.reasons),
                "set_code": found.code if found else "",
                "group_code": answer.code,
            },
        )
    return [Move(document.id, target, "answered by 997", detail, changes=changes)]


def _interchange(
    integration: Integration, tx: Tx, row: DocumentRow, answer: InterchangeAcknowledgment, report: StepReport
) -> list[Move]:
    """TA1: a refused interchange refuses its documents; an accepted one says nothing about them (edi-operations 8)."""
    code = answer.code.strip().upper()
    if code not in INTERCHANGE_CODES:
        raise answer_codes.unknown("TA104", code, f"The TA1 of interchange {answer.control_number}")
    control = answer.control_number.strip().zfill(LONGEST_CONTROL)
    by = envelopes.sender_of(tx, row.interchange_id)
    places = _sent_to(integration, tx, row)
    found = [one for to in places for one in envelopes.find_sent_interchanges(tx, to, control, by)]
    sent = next((one for one in found if _is_of_day(one, answer)), None)
    if sent is None:
        told = f" of {answer.date}: what was sent under that number is of another day" if found else ""
        raise NeedsCorrection(
            Reason.ACKNOWLEDGES_NOTHING_SENT,
            f"The TA1 answers interchange {answer.control_number}{told or f', which was not sent to {row.partner}'}.",
            remedy="Kept and matched again later; if it stays, ask the partner what it answers.",
            data={"interchange": answer.control_number, "date": answer.date},
        )
    in_it = related.documents_of_interchange(tx, sent.id)
    ours = [one for one in in_it if one.kind not in ANSWERS]
    if not INTERCHANGE_CODES[code] and answer.note.strip() == _REPEATED and ours:
        raise answer_codes.undecided(
            f"The TA1 refuses interchange {answer.control_number} as one that came before (note {_REPEATED}).",
            remedy="Ask the partner whether it has the document: the first copy may be there. If it has, discard this;"
            " if not, send it again under a new number (`documents replay`) and discard this.",
            data={"interchange": answer.control_number, "note": answer.note, "documents": [one.id for one in ours]},
        )
    read = [one for one in in_it if one.state is S.ACKNOWLEDGED]
    if not INTERCHANGE_CODES[code] and read:
        raise answer_codes.undecided(
            f"The TA1 refuses interchange {answer.control_number} (note {answer.note}), whose document {read[0].number}"
            " the partner has acknowledged.",
            remedy="Ask the partner whether it has the document, or has refused a second copy of it; then "
            "discard this.",
            data={"interchange": answer.control_number, "note": answer.note, "documents": [one.id for one in read]},
        )
    related.confirm_uploads(tx, sent.file_id, f"answered by {row.id}")
    moves: list[Move] = []
    for document in in_it:
        if not INTERCHANGE_CODES[code] and document.kind in ANSWERS:
            moves.append(Move(document.id, None, "refused by TA1", {"by": row.id, "note": answer.note}, release=False))
        elif not INTERCHANGE_CODES[code]:
            moves += _refused_by_ta1(document, answer, row)
        elif document.state is S.UNKNOWN_OUTCOME:
            moves.append(_arrived(integration, document, row))
    report.add_document("applied", row, answer=answer.code)
    moves += resume_moves(row)
    moves.append(Move(row.id, S.APPLIED, "applied", {"code": answer.code, "note": answer.note}))
    return moves


def _is_of_day(sent: InterchangeRow, answer: InterchangeAcknowledgment) -> bool:
    """Whether TA102 repeats the day of the interchange, as far as it says one: numbers come again, days do not."""
    day = read_date(answer.date.strip())
    return day is None or abs(sent.created_at.date() - day) <= ONE_DAY


def _arrived(integration: Integration, document: DocumentRow, by: DocumentRow) -> Move:
    due = {"due_at": answer_due(integration, document)}
    return Move(document.id, S.SENT, "arrived: answered by TA1", {"by": by.id}, changes=due)


def _refused_by_ta1(document: DocumentRow, answer: InterchangeAcknowledgment, by: DocumentRow) -> list[Move]:
    if document.state not in {S.SENT, S.OVERDUE, S.SENDING, S.UNKNOWN_OUTCOME}:
        return []
    reason = reason_detail(
        f"The partner's TA1 refused the interchange (note {answer.note}).",
        "See the note code in docs/acknowledgments.md; mend and replay.",
        {"note": answer.note},
    )
    changes = {"reason": REFUSED_BY_PARTNER, "reason_detail": reason, "due_at": None, "next_attempt_at": None}
    return [Move(document.id, S.REFUSED, "refused by TA1", {"by": by.id}, changes=changes)]
