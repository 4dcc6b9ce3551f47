"""Uploading rendered files, exactly once as far as it can be known.

Folders cannot be asked: partners take files away, so a missing file proves nothing. Where a network stages, the bytes
are put under a temporary name, that is committed, and only then is the file renamed: a temporary file that is there
was not published, one that is gone was (DESIGN section 3). Elsewhere, after an upload of unknown outcome the file is
looked for; if it is not there, the same bytes go again under the same name and ISA13 where that does no harm:
functional acknowledgments always, others to partners whose setting says that they deduplicate. Else the document waits
for its 997, and then for a person.

An upload whose outcome is lost costs a person, so no more are begun than are on the wire, each outcome is committed as
it comes, and what another worker may still be sending is left alone until its calls must have ended.
"""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ml_connector.errors import (
    AuthorizationNeeded,
    ConnectorError,
    LeaseLost,
    NeedsCorrection,
    OutcomeUnknown,
    Reason,
    RefusedBySystem,
    Stopped,
    TryAgain,
    reason_detail,
)
from ml_connector.flows.core.batches import batches
from ml_connector.flows.core.call_executor import Brake, CallOutcome, Places, beginning, call_all, quiet_from
from ml_connector.flows.core.copies import confirm_some, may_lie_twice, note_late
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import Written
from ml_connector.flows.core.quarantine import first_step, hold_moves
from ml_connector.flows.core.repeating import may_be_repeated
from ml_connector.flows.core.sent_formats import answer_due
from ml_connector.flows.outbound.departing import write_down
from ml_connector.ledger.coordination.leases import fence_of
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.exchange import files, related
from ml_connector.ledger.search import owed
from ml_connector.ledger.work import attempts, documents, operations
from ml_connector.ledger.work.documents import ClaimQuery, DocumentRow, Move
from ml_connector.ledger.work.operation_rows import StoredOperation
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.proof import proven_by

#: An upload of unknown outcome is looked for after so many seconds, then ever more seldom.
FIRST_LOOK_SECONDS = 5.0
LONGEST_LOOK = timedelta(minutes=5)
#: Its partner's 997 is waited for so long before a person is asked.
ANSWER_MINUTES = 30
#: A publishing that was refused for now is begun again so often, so soon, before a person is asked.
RENAMES_TRIED, AGAIN_SECONDS = 4, 5.0
#: States of documents whose file has not left for certain.
_UNSENT = (S.RENDERED, S.SENDING, S.UNKNOWN_OUTCOME)


def send(integration: Integration, work: RunScope, flow: str) -> StepReport:
    """Upload everything of a flow that is rendered, and settle what an earlier run left open."""
    report = StepReport(f"send {flow}")
    if work.dry_run:
        return report
    brake = Brake()
    for states in ((S.SENDING, S.UNKNOWN_OUTCOME), (S.RENDERED,)):
        for claimed in batches(integration, work, flow, states):
            rows = _without_arrived(integration, work, claimed, report)
            leads, carriers = _leads(integration, work, rows)
            if states == (S.RENDERED,):
                _begin(integration, work, rows)
                # What another batch has begun of the same file is settled by the next run.
                leads = [lead for lead in leads if lead.state == "planned"]
            else:
                leads = _settle(integration, work, rows, leads, report, brake)
            _upload(integration, work, leads, report, brake)
            _release(integration, work, [row.id for row in rows] + carriers, brake)
            if brake.error is not None:
                raise brake.error
    if not work.documents:
        confirm_some(integration, work, report)
    return report


def _without_arrived(
    integration: Integration, work: RunScope, rows: Sequence[DocumentRow], report: StepReport
) -> list[DocumentRow]:
    """Documents whose file has left already, with others that were claimed before them, are sent."""
    with integration.ledger.write() as tx:
        done = related.done_uploads(tx, [row.file_id for row in rows if row.file_id is not None])
        moves: list[Move] = []
        for row in rows:
            upload = done.get(row.file_id or 0)
            if upload is None:
                continue
            report.add_document("sent", row)
            if row.state is S.RENDERED:
                moves.append(Move(row.id, S.SENDING, "sending", release=False))
            changes = {"due_at": answer_due(integration, row)}
            detail = {"target": upload.target, **owed.note_missed(tx, row, integration.clock.now())}
            moves.append(Move(row.id, S.SENT, "sent", detail, changes=changes))
        documents.move(tx, moves, work)
    return [row for row in rows if (row.file_id or 0) not in done]


def _leads(
    integration: Integration, work: RunScope, rows: Sequence[DocumentRow]
) -> tuple[list[StoredOperation], list[int]]:
    """The open uploads of these documents' files, and the documents that were claimed for them.

    An upload belongs to whoever has the document that carries it; one that another worker has is left to it.
    """
    ours = {row.id for row in rows}
    with integration.ledger.read() as tx:
        leads = related.open_uploads(tx, [row.file_id for row in rows if row.file_id is not None])
    carriers = tuple({one.document_id for one in leads} - ours)
    claimed: list[int] = []
    if carriers:
        wanted = ClaimQuery(integration.name, _UNSENT, ids=carriers, ignore_due=True, books=integration.books)
        with integration.ledger.write() as tx:
            claimed = [row.id for row in documents.claim(tx, wanted, work.holder, limit=len(carriers))]
    return [one for one in leads if one.document_id in ours or one.document_id in claimed], claimed


def _begin(integration: Integration, work: RunScope, rows: Sequence[DocumentRow]) -> None:
    with integration.ledger.write() as tx:
        documents.move(tx, [Move(row.id, S.SENDING, "sending", release=False) for row in rows], work)


def _settle(
    integration: Integration,
    work: RunScope,
    rows: Sequence[DocumentRow],
    uploads: Sequence[StoredOperation],
    report: StepReport,
    brake: Brake,
) -> list[StoredOperation]:
    """Decide about uploads that an earlier attempt left open; those that may be sent are returned."""
    by_document = {row.id: row for row in rows}
    now = integration.clock.now()
    quiet = now + timedelta(seconds=integration.folders.longest_call_seconds)
    with integration.ledger.write() as tx:
        # Whoever had them may send until its lease had run out, which it has.
        operations.mark_abandoned(tx, [op.document_id for op in uploads], not_before=quiet)
    again: list[StoredOperation] = [op for op in uploads if op.state == "planned"]
    away = False
    for operation in (one if one.state == "unknown" else replace(one, not_before=quiet) for one in uploads):
        row = by_document.get(operation.document_id)
        if row is None or operation.state == "planned" or work.stopped():
            continue
        staged = json.loads(operation.payload).get("staged")
        if staged:
            if not away:
                outcome = _published_again(integration, work, operation, brake)
                away = outcome.unknown
                _record(integration, work, [outcome], report)
            continue
        if staged is None:
            # Where it is staged, it broke before all bytes stood under the temporary name: nothing has arrived.
            try:
                found, seen = _look(integration, operation)
            except Stopped:
                raise
            except ConnectorError as error:
                found, seen = None, f"its folder could not be looked at ({error.message})"
            if found is not None:
                _record(integration, work, [CallOutcome(operation, written=found)], report)
                continue
            if not may_be_repeated(integration, row):
                _wait(integration, work, operation, row, report, seen)
                continue
        if (until := quiet_from(operation, 0.0)) is not None and now < until:
            _rest(integration, work, row, until)
            continue
        with integration.ledger.write() as tx:
            operations.put_back(tx, [operation.id])
        again.append(operation)
    return again


def _rest(integration: Integration, work: RunScope, row: DocumentRow, until: datetime) -> None:
    """A file's documents rest while another worker's call may still be on its way."""
    with integration.ledger.write() as tx:
        together = related.documents_of_file(tx, row.file_id) if row.file_id is not None else [row]
        documents.release(tx, [one.id for one in together], next_attempt_at=until, holder=work.holder)


def _published_again(integration: Integration, work: RunScope, operation: StoredOperation, brake: Brake) -> CallOutcome:
    """Publishing what was staged, once more: it ends the same way whether it had been published or not."""
    try:
        with proven_by(fence_of(work.holder).prove):
            return CallOutcome(operation, written=_publish(integration, operation))
    except ConnectorError as error:
        if isinstance(error, AuthorizationNeeded):
            brake.error = error
        # Refused: its temporary name is there, so it has not arrived. Nothing else tells that, not even TryAgain.
        refused = error if isinstance(error, RefusedBySystem) else error.__cause__
        told = isinstance(refused, RefusedBySystem)
        return CallOutcome(operation, error=error if told else OutcomeUnknown(error.message))


def _look(integration: Integration, operation: StoredOperation) -> tuple[Written | None, str]:
    """The file where it lies in its folder, and what was seen there."""
    plan = json.loads(operation.payload)
    file = integration.network.find(plan["channel"], plan["name"], plan["size"])
    if file is not None:
        # A ledger of before 0007 may have given one name to two files: then a file of that name proves nothing.
        with integration.ledger.read() as tx:
            taken = files.sent_as(tx, integration.network.connection, plan["channel"], file.remote_id)
        file = None if taken else file
    if file is not None:
        return Written(file.remote_id, {"found": True}), "the file is there"
    named = integration.network.copies(plan["channel"], [plan["name"]]).get(plan["name"], ())
    parts = " and ".join(str(one.size) for one in named if one.size < plan["size"])
    return None, f"of its {plan['size']} bytes {parts} are there" if parts else "the file is not there"


def _wait(
    integration: Integration,
    work: RunScope,
    operation: StoredOperation,
    row: DocumentRow,
    report: StepReport,
    seen: str,
) -> None:
    """Nobody can tell: all documents of the file wait for the 997, then for a person (`documents settle`)."""
    now = integration.clock.now()
    at = now + min(timedelta(seconds=FIRST_LOOK_SECONDS * 3 ** min(operation.looked + 1, 5)), LONGEST_LOOK)
    ask_at = (operation.last_attempt_at or now) + timedelta(minutes=ANSWER_MINUTES)
    waits = now < ask_at and answer_due(integration, row) is not None
    reason = Reason.ANSWER_AWAITED if waits else Reason.OUTCOME_UNKNOWN
    data = {"target": operation.target, **({"ask_at": ask_at.isoformat()} if waits else {})}
    message = f"Nobody can tell whether {operation.target} arrived: its upload was not confirmed, and {seen}."

    def changes(one: DocumentRow) -> dict[str, Any]:
        settle = f"`ml-connector documents settle {one.id} --arrived` or `--not-arrived`"
        remedy = f"Ask the partner: {settle}; a 997 does it, too."
        if waits:
            remedy = f"Its 997 settles it and is waited for until {ask_at:%H:%M} UTC. After that: {remedy}"
        return {"reason": str(reason), "reason_detail": reason_detail(message, remedy, data), "next_attempt_at": at}

    with integration.ledger.write() as tx:
        operations.mark_unknown(tx, [operation.id], not_before=operation.not_before)
        operations.mark_looked(tx, [operation.id])
        together = related.documents_of_file(tx, row.file_id) if row.file_id is not None else [row]
        # What has waited long enough for its answer is told once more, for a person now.
        asked = [one for one in together if one.reason == Reason.ANSWER_AWAITED and not waits]
        moves = [Move(one.id, S.SENDING, "looked for again", release=False) for one in asked]
        moves += [
            Move(one.id, S.UNKNOWN_OUTCOME, "outcome unknown", data, changes=changes(one))
            for one in together
            if one.state is S.SENDING or one in asked
        ]
        documents.move(tx, moves, work)
        documents.release(tx, [one.id for one in together], next_attempt_at=at)
    if moves:
        report.add_document("unknown_outcome", row)


def _upload(
    integration: Integration, work: RunScope, uploads: Sequence[StoredOperation], report: StepReport, brake: Brake
) -> None:
    if not uploads:
        return

    def fill(tx: Tx, group: Sequence[StoredOperation]) -> list[tuple[int, str | None]]:
        carried = [(op, related.documents_of_upload(tx, op)) for op in group]
        moves = [
            Move(row.id, S.SENDING, "sent again: same bytes and number", release=False)
            for _, rows in carried
            for row in rows
            if row.state is S.UNKNOWN_OUTCOME
        ]
        # Before its events: a line names one that is committed, or a crash would look like a restore.
        write_down(tx, integration.ledger.departures, carried)
        documents.move(tx, moves, work)
        return [(op.id, _begun(integration, op)) for op in group]

    def put(operation: StoredOperation) -> Written:
        return _publish(integration, _staged(integration, work, operation) if integration.network.stages else operation)

    most = integration.folders.concurrency
    with ThreadPoolExecutor(most, thread_name_prefix="upload") as calls:
        for outcomes in call_all(
            uploads,
            put,
            begin=beginning(integration.ledger, work.holder, fill),
            places=Places(most, next_group=False),
            calls=calls,
            clock=integration.clock,
            brake=brake,
            gather=0.0,
            stopped=work.stopped,
        ):
            _record(integration, work, outcomes, report)


def _begun(integration: Integration, operation: StoredOperation) -> str:
    """The payload of an upload that begins. An empty `staged`: not all bytes stand under the temporary name yet."""
    plan = {key: value for key, value in json.loads(operation.payload).items() if key != "staged"}
    if integration.network.stages:
        plan["staged"] = ""
    return json.dumps(plan, sort_keys=True)


def _staged(integration: Integration, work: RunScope, operation: StoredOperation) -> StoredOperation:
    """Put all bytes under a temporary name and commit that; the operation that is to be published.

    Raises:
        LeaseLost: another worker has it by now, which stages it again: nothing of ours may be published.
    """
    plan = json.loads(operation.payload)
    data = _bytes_of(integration, plan)
    staged = integration.network.stage(plan["channel"], plan["name"], data, attempt=max(1, operation.attempts))
    payload = json.dumps({**plan, "staged": staged}, sort_keys=True)
    with integration.ledger.write() as tx:
        if operation.id not in attempts.still_ours(tx, [operation], work.holder):
            raise LeaseLost(f"Another worker has taken up the upload of {plan['name']}.")
        operations.refill(tx, [(operation.id, payload)])
    return replace(operation, payload=payload)


def _publish(integration: Integration, operation: StoredOperation) -> Written:
    """The step by which a file arrives: its rename, or its upload where nothing is staged."""
    plan = json.loads(operation.payload)
    if plan.get("staged"):
        try:
            return integration.network.publish(plan["channel"], plan["staged"], plan["name"])
        except RefusedBySystem as refused:
            if refused.data.get("may_pass") and operation.attempts < RENAMES_TRIED:
                raise TryAgain(refused.message, after_seconds=AGAIN_SECONDS, remedy=refused.remedy) from refused
            raise
    return integration.network.upload(plan["channel"], plan["name"], _bytes_of(integration, plan))


def _bytes_of(integration: Integration, plan: Mapping[str, Any]) -> bytes:
    with integration.ledger.read() as tx:
        return files.read_blob(tx, plan["sha256"])


def _record(integration: Integration, work: RunScope, outcomes: Sequence[CallOutcome], report: StepReport) -> None:
    """Commit a group of outcomes with the states of every document in the files."""
    now = integration.clock.now()
    moves: list[Move] = []
    with integration.ledger.write() as tx:
        ours = attempts.still_ours(tx, [o.operation for o in outcomes], work.holder)
        late = [o for o in outcomes if o.operation.id not in ours]
        note_late(
            tx,
            [(o.operation, o.written) for o in late if o.written is not None],
            work,
            harmless=may_lie_twice(integration, tx, [o.operation for o in late]),
        )
        outcomes = [o for o in outcomes if o.operation.id in ours]
        confirm_at = now + timedelta(seconds=integration.folders.longest_call_seconds)
        done = [(o.operation.id, o.written) for o in outcomes if o.written is not None]
        operations.finish(tx, done, confirm_at=confirm_at)
        operations.mark_unknown(tx, [o.operation.id for o in outcomes if o.unknown], not_before=now)
        operations.put_back(tx, [o.operation.id for o in outcomes if o.not_sent])
        operations.refuse(tx, [(o.operation.id, str(o.error)) for o in outcomes if o.refused])
        for outcome in outcomes:
            rows = related.documents_of_upload(tx, outcome.operation)
            for row in rows:
                moves += _moves_after(integration, tx, row, outcome, report)
            if outcome.written is not None and rows and rows[0].file_id is not None:
                files.set_state(tx, rows[0].file_id, "sent", remote_id=outcome.written.outside_id)
        documents.move(tx, moves, work)
        doubtful = [o.operation.document_id for o in outcomes if o.unknown]
        first_look = now + timedelta(seconds=FIRST_LOOK_SECONDS)
        documents.release(tx, doubtful, next_attempt_at=first_look, holder=work.holder)


def _moves_after(
    integration: Integration, tx: Tx, row: DocumentRow, outcome: CallOutcome, report: StepReport
) -> list[Move]:
    if outcome.written is not None and row.state in {S.SENDING, S.UNKNOWN_OUTCOME}:
        report.add_document("sent", row)
        cleared = {
            **dict.fromkeys(("reason", "reason_detail", "next_attempt_at")),
            "due_at": answer_due(integration, row),
        }
        detail = {"target": outcome.operation.target, **owed.note_missed(tx, row, integration.clock.now())}
        return [Move(row.id, S.SENT, "sent", detail, changes=cleared)]
    if isinstance(outcome.error, RefusedBySystem):
        held = NeedsCorrection(
            Reason.REFUSED_BY_SYSTEM, outcome.error.message, remedy=outcome.error.remedy, data=outcome.error.data
        )
        return hold_moves(integration, row, held, report, step=first_step(row.kind, row.direction))
    if outcome.error is not None:
        told = "unknown_outcome" if outcome.unknown else "postponed"
        report.add_document(told, row)
    return []


def _release(integration: Integration, work: RunScope, ids: Sequence[int], brake: Brake) -> None:
    with integration.ledger.write() as tx:
        documents.release(tx, ids, next_attempt_at=brake.until, holder=work.holder)
