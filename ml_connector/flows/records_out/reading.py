"""Records of the ERP are read as they move; each new content becomes a document. Then: `resolving`.

What a partner would see no difference in makes no document, whatever else moved its record (DESIGN section 3, 8).
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Protocol

from ml_connector.documents.common import Direction
from ml_connector.documents.records import as_json
from ml_connector.errors import TryAgain
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import SourceRecord, source_of
from ml_connector.flows.core.quarantine import is_held
from ml_connector.flows.records_out.history import RecordHistory, histories
from ml_connector.flows.records_out.positions import Position, hides_customers
from ml_connector.flows.records_out.telling import Subject, Telling
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move, NewDocument
from ml_connector.ledger.work.states import DocumentState as S


class _RevisionTakenError(Exception):
    """Another worker added the revision between our look and our write."""


class Identified(Protocol):
    """What a source gives. id: the ERP's id of its record."""

    @property
    def id(self) -> str: ...


def position_of(integration: Integration, telling: Telling) -> Position:
    """Where reading stands."""
    return Position(integration, telling.flow, telling.position, telling.start_date(integration))


def read(integration: Integration, work: RunScope, telling: Telling) -> StepReport:
    """Read records that moved; each new content becomes a document.

    A replay does not ask the ERP: the record as it was read is kept and rendered again.
    """
    report = StepReport(f"read {telling.what}")
    if work.replay:
        return report
    position = position_of(integration, telling)
    start = position.start(dry_run=work.dry_run)
    cursor = position.cursor(start)
    from_start, hidden = cursor is None, hides_customers(integration)
    source = source_of(integration.erp, telling.source)
    cursor = cursor or source.begin(start)
    more = True
    while more and not work.stopped():
        batch = source.changed(cursor)
        take(integration, work, telling, batch.records, start, report)
        more, cursor = batch.more and not work.dry_run, batch.cursor
        # While nobody can read which customer a file is of, what is its own passes unseen: it is read again.
        if cursor is not None and not work.dry_run and not hidden:
            position.put(cursor, from_start=start if from_start else None)
    for outcome, words in telling.told.items():
        if count := report.counts[outcome]:
            report.notes.append(f"{count} {words.format(start=start)}")
    return report


def news(integration: Integration, telling: Telling, *, look: bool, erp_usable: bool) -> Iterator[str]:
    """Whether records moved in the ERP beyond what was read; asked only when `look`."""
    if not (look and erp_usable):
        return
    position = position_of(integration, telling)
    start = position.start(dry_run=True)
    cursor = position.cursor(start)
    if cursor is None:
        yield f"{telling.what} were never read"
        return
    batch = source_of(integration.erp, telling.source).changed(cursor)
    if batch.more or batch.cursor != cursor or _unknown(integration, telling, batch.records, start):
        yield f"{telling.what} changed in the ERP"


def _unknown(
    integration: Integration, telling: Telling, records: Sequence[SourceRecord[Identified]], start: date
) -> bool:
    """Whether a poll that reaches back over an overlap brings one that became visible late."""
    found = telling.subjects(integration, _last_readings(records), start, StepReport("news"))
    wanted = [one.key for one in found if one.ready and not one.gone]
    with integration.ledger.read() as tx:
        known = histories(integration, tx, telling.flow, wanted)
    return any(key not in known for key in wanted)


def take(
    integration: Integration,
    work: RunScope,
    telling: Telling,
    records: Sequence[SourceRecord[Identified]],
    start: date,
    report: StepReport,
) -> None:
    """Compare records as read with what the ledger has, and store what is new."""
    for _ in range(3):
        told = StepReport(report.step)
        try:
            _take_once(integration, work, telling, records, start, told)
        except _RevisionTakenError:
            continue
        report.merge(told)
        return
    raise TryAgain(f"Another worker keeps adding documents of the same {telling.what}.", after_seconds=30)


def _take_once(
    integration: Integration,
    work: RunScope,
    telling: Telling,
    records: Sequence[SourceRecord[Identified]],
    start: date,
    report: StepReport,
) -> None:
    subjects = telling.subjects(integration, _last_readings(records), start, report)
    with integration.ledger.read() as tx:
        known = histories(integration, tx, telling.flow, [one.key for one in subjects])
    new: list[NewDocument] = []
    moves: list[Move] = []
    for subject in subjects:
        if work.partners and subject.partner.name not in work.partners:
            continue
        more, done = _decide(integration, telling, subject, known.get(subject.key, RecordHistory()), report)
        new += more
        moves += done
    if work.dry_run or not (new or moves):
        return
    with integration.ledger.write() as tx:
        added = documents.add_documents(tx, new, work)
        if any(each.repeats is not None for each in added):
            raise _RevisionTakenError
        documents.move(tx, moves, work)


def _last_readings(records: Sequence[SourceRecord[Identified]]) -> list[SourceRecord[Identified]]:
    """One that moves while pages are read comes twice: the last reading counts, be it that of nobody's record."""
    return list({one.document.id: one for one in records}.values())


def _decide(
    integration: Integration, telling: Telling, subject: Subject, before: RecordHistory, report: StepReport
) -> tuple[list[NewDocument], list[Move]]:
    """The document that a reading makes, or the moves of one that has not left yet."""
    waiting, newest, has = before.waiting, before.newest, before.held_by_partner
    if newest is not None and (newest.integration != integration.name or is_held(newest)):
        return [], []  # another integration sends it; or it may have left, and is read again when that is settled
    if not subject.ready or (subject.gone and has is None):
        report.counts[telling.not_ready] += waiting is None and not subject.gone
        return [], [] if waiting is None else _withdrawn(telling, waiting, subject, report)
    if waiting is not None:
        return [], _still_waiting(integration, telling, subject, before, waiting, report)
    # What the partner has counts too: what was refused, or given up by a person, may be taken back.
    if any(row is not None and telling.says(integration, row, subject) for row in (newest, has)):
        return [], []
    report.add("read", None, document=subject.number, partner=subject.partner.name)
    moves = [] if subject.on_behalf is None else [_taken_over(subject.on_behalf)]
    return [_new_document(integration, telling, subject, before)], moves


def _taken_over(document: int) -> Move:
    """The deadline of a received document is that of its answer now."""
    return Move(document, None, "its answer is under way", changes={"due_at": None}, release=False)


def _still_waiting(
    integration: Integration,
    telling: Telling,
    subject: Subject,
    before: RecordHistory,
    waiting: DocumentRow,
    report: StepReport,
) -> list[Move]:
    """The moves of a document that has not left yet."""
    has = before.held_by_partner
    if has is not None and telling.says(integration, has, subject):
        return [_ended(waiting, telling.as_had)]
    if waiting.source == subject.record and waiting.work == as_json(subject.facts):
        return []
    if waiting.state is not S.QUARANTINED and telling.says(integration, waiting, subject):
        return []
    report.add("read", None, document=subject.number, partner=subject.partner.name)
    return [_renewed(integration, waiting, subject)]


def _withdrawn(telling: Telling, row: DocumentRow, subject: Subject, report: StepReport) -> list[Move]:
    report.add("withdrawn", None, document=row.number, document_id=row.id, partner=row.partner)
    return [_ended(row, telling.gone if subject.gone else telling.taken_back), *telling.withdrawn(row)]


def _ended(row: DocumentRow, why: str) -> Move:
    """A document that has not left is given up, for the ERP says something else by now."""
    changes = {"content_hash": None, "reason": "withdrawn", "due_at": None}
    return Move(row.id, S.DISCARDED, why, changes=changes)


def _renewed(integration: Integration, row: DocumentRow, subject: Subject) -> Move:
    """It changed before it left: the stored record is replaced, the change recorded, and looked at now."""
    back = None if row.state in {S.READ, S.QUARANTINED} else S.READ
    changes = {
        "source": subject.record,
        "work": as_json(subject.facts),
        "next_attempt_at": integration.clock.now(),
        "number": subject.number[:80],
        "order_number": subject.order_number[:80],
        "business_date": subject.day,
        "currency": subject.currency or None,
        "amount": subject.amount,
    }
    return Move(row.id, back, "read again, changed before it was sent", {}, changes=changes)


def _new_document(integration: Integration, telling: Telling, subject: Subject, before: RecordHistory) -> NewDocument:
    has = before.held_by_partner
    return NewDocument(
        kind=telling.kind,
        direction=Direction.OUT,
        flow=telling.flow,
        **integration.scope,
        **integration.party(subject.partner.name),
        number=subject.number[:80],
        revision=before.next_revision,
        order_number=subject.order_number[:80],
        business_key=integration.sent_key(telling.kind, subject.key, before.next_revision),
        business_date=subject.day,
        currency=subject.currency or None,
        amount=subject.amount,
        state=S.READ,
        canonical="",
        source=subject.record,
        source_id=subject.key,
        work=as_json(subject.facts),
        parent_id=has.id if has is not None else None,
        due_at=subject.due_at if has is None else None,
        action="read from the ERP",
    )
