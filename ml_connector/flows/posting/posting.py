"""Posting to the ERP: bills, goods receipts and agreed changes of orders alike; and records to a network.

`post` takes up first what an earlier run left (operations in flight or of unknown outcome), then new work.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from ml_connector.errors import ConnectorError, NeedsCorrection, OutcomeUnknown, Reason, RefusedBySystem, Stopped
from ml_connector.flows.core.batches import claim_waiting
from ml_connector.flows.core.call_executor import (
    Begun,
    Brake,
    CallOutcome,
    Places,
    beginning,
    call_all,
    quiet_from,
    settle,
)
from ml_connector.flows.core.copies import confirm_some, note_late
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import Writer
from ml_connector.flows.core.quarantine import attempt, hold_moves
from ml_connector.flows.posting import recognised
from ml_connector.flows.posting.postings import PostableKind, Prepared, operations_of
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.exchange import related
from ml_connector.ledger.work import attempts, documents, operations
from ml_connector.ledger.work.documents import ClaimLost, DocumentRow, Move
from ml_connector.ledger.work.operation_rows import NewOperation, StoredOperation
from ml_connector.ledger.work.states import DocumentState as S

#: A write of unknown outcome is looked up so soon for the first time; mostly it is there.
FIRST_LOOK_SECONDS = 2.0
#: Batches in hand at once, so that the calls of one go out while the next is looked up, planned and committed.
LANES = 2


@dataclass(frozen=True)
class _Lane:
    """One of the loops that post side by side: while one waits for answers, the other prepares its batch."""

    integration: Integration
    work: RunScope
    kind: PostableKind
    report: StepReport
    brake: Brake
    calls: Executor
    places: Places
    writer: Writer


def post(integration: Integration, work: RunScope, kind: PostableKind) -> StepReport:
    """Post everything of this kind that is coded, and finish what an earlier run left open."""
    reports = [StepReport(f"post {kind.flow}") for _ in range(LANES)]
    writer = kind.writer(integration)
    brake, most = Brake(), writer.traits.concurrency
    places = Places(most, next_group=True)
    with ThreadPoolExecutor(most, thread_name_prefix="write") as calls:
        lanes = [_Lane(integration, work, kind, report, brake, calls, places, writer) for report in reports]
        _finish_open(lanes[0])
        if work.dry_run:
            _report_plans(lanes[0])
        else:
            _side_by_side(lanes)
    for report in reports[1:]:
        reports[0].merge(report)
    if not work.dry_run and not work.documents:
        confirm_some(integration, work, reports[0])
    return reports[0]


def _finish_open(lane: _Lane) -> None:
    """Finish what an earlier run left open."""
    after = 0
    while not lane.work.stopped():
        # Each is looked at once: a replay takes them before their time, and would meet the same ones for ever.
        rows = claim_waiting(
            lane.integration, lane.work, lane.kind.flow, (lane.kind.begun, S.UNKNOWN_OUTCOME), after_id=after
        )
        if not rows:
            return
        after = rows[-1].id
        if lane.work.dry_run:
            for row in rows:
                lane.report.add_document("would_finish", row)
            continue
        _finish(lane, rows)
        if lane.brake.error is not None:
            raise lane.brake.error


class _Coded:
    """Batches of documents to post, each for one lane alone, even where the worker's lease lapses for a moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: set[int] = set()

    def take(self, lane: _Lane) -> list[DocumentRow]:
        with self._lock:
            after = 0
            while True:
                claimed = claim_waiting(lane.integration, lane.work, lane.kind.flow, (lane.kind.ready,), after_id=after)
                rows = [row for row in claimed if row.id not in self._taken]
                self._taken.update(row.id for row in rows)
                if rows:
                    return rows
                if not claimed and not lane.work.more_to_come():
                    return []
                after = claimed[-1].id if claimed else 0


def _side_by_side(lanes: Sequence[_Lane]) -> None:
    """Run the lanes to their ends; the first error of any of them is raised when all have ended."""
    coded = _Coded()
    with ThreadPoolExecutor(len(lanes), thread_name_prefix="post") as pool:
        running = [pool.submit(_post_coded, lane, coded) for lane in lanes]
    for lane in running:
        lane.result()


def _post_coded(lane: _Lane, coded: _Coded) -> None:
    while not lane.work.stopped():
        rows = coded.take(lane)
        if not rows:
            return
        _finish(lane, _begin(lane, rows))
        if lane.brake.error is not None:
            raise lane.brake.error


def _report_plans(lane: _Lane) -> None:
    for row in claim_waiting(lane.integration, lane.work, lane.kind.flow, (lane.kind.ready,)):
        planned = attempt(lane.kind.plan, lane.integration, row)
        if isinstance(planned, NeedsCorrection):
            reason = str(planned.reason)
            lane.report.add_document("would_hold", row, reason=reason)
            continue
        lane.report.add_document("would_post", row, writes=len(planned))


def _begin(lane: _Lane, rows: Sequence[DocumentRow]) -> list[DocumentRow]:
    """Commit the intents of a batch; documents that need no write are not begun."""
    integration, report = lane.integration, lane.report
    prepared = lane.kind.prepare(integration, rows, report)
    moves: list[Move] = []
    begun: list[DocumentRow] = []
    planned: list[NewOperation] = []
    with integration.ledger.read() as tx:
        earlier = operations.layouts(tx, [row.id for row in rows])
    for row in rows:
        ready = prepared[row.id]
        if isinstance(ready, NeedsCorrection):
            moves += hold_moves(integration, row, ready, report, step=lane.kind.held_at)
            continue
        moves += ready.moves
        if not ready.plan:
            continue
        planned += operations_of(row, ready.plan, earlier.get(row.id, {}), lane.writer.connection)
        detail = {"operations": len(ready.plan)}
        moves.append(Move(row.id, lane.kind.begun, str(lane.kind.begun), detail, changes=ready.changes, release=False))
        begun.append(row.having(**ready.changes))
    with integration.ledger.write() as tx:
        if len(documents.still_claimed(tx, [row.id for row in rows], lane.work.holder)) < len(rows):
            raise ClaimLost("Another worker has taken up documents of this batch.", after_seconds=FIRST_LOOK_SECONDS)
        decided = [row.id for row in rows if not isinstance(prepared[row.id], NeedsCorrection)]
        operations.void(tx, [row_id for row_id in decided if row_id in earlier])
        operations.plan(tx, planned)
        for row in rows:
            ready = prepared[row.id]
            if isinstance(ready, Prepared) and ready.found:
                recognised.record(tx, row, ready.found, lane.writer.connection)
        documents.move(tx, moves, lane.work)
    return begun


def _finish(lane: _Lane, rows: Sequence[DocumentRow]) -> None:
    """Carry out the open operations of claimed documents, one position after the other."""
    by_id = {row.id: row for row in rows}
    _settle_unknown(lane, by_id)
    while by_id and lane.brake.error is None and not lane.work.stopped():
        with lane.integration.ledger.read() as tx:
            ready = operations.next_planned(tx, list(by_id))
        if not ready:
            break
        _run_round(lane, ready, by_id)
    if by_id:
        with lane.integration.ledger.write() as tx:
            documents.release(tx, list(by_id), next_attempt_at=lane.brake.until, holder=lane.work.holder)


def _run_round(lane: _Lane, ready: Sequence[StoredOperation], by_id: dict[int, DocumentRow]) -> None:
    integration, work = lane.integration, lane.work

    def fill(tx: Tx, group: Sequence[StoredOperation]) -> list[tuple[int, str | None]]:
        earlier = operations.outside_ids(tx, [op.document_id for op in group if op.uses])
        # Where an operation uses nothing of earlier ones the planned payload stands.
        return [(op.id, lane.writer.fill(op, earlier.get(op.document_id, {})) if op.uses else None) for op in group]

    begin = beginning(integration.ledger, work.holder, fill)

    def begin_ours(group: Sequence[StoredOperation]) -> Begun:
        begun = begin(group)
        for lost in {op.document_id for op in group} - {op.document_id for op in begun.operations}:
            by_id.pop(lost, None)  # another worker has it
        return begun

    groups = call_all(
        ready,
        lane.writer.write,
        begin=begin_ours,
        places=lane.places,
        calls=lane.calls,
        clock=integration.clock,
        brake=lane.brake,
        stopped=work.stopped,
    )
    for outcomes in groups:
        _record(lane, outcomes, by_id)


def _record(lane: _Lane, outcomes: Sequence[CallOutcome], by_id: dict[int, DocumentRow]) -> None:
    """Commit a group of outcomes; where a document that they change too is in other hands, they are found later."""
    try:
        _commit(lane, outcomes, by_id)
    except ClaimLost as lost:
        later = OutcomeUnknown(f"Written, and not recorded yet: {lost.message}", remedy="It is looked up in a moment.")
        _commit(lane, [replace(o, written=None, error=later) if o.written else o for o in outcomes], by_id)


def _commit(lane: _Lane, outcomes: Sequence[CallOutcome], by_id: dict[int, DocumentRow]) -> None:
    """Commit a group of outcomes with the states that follow from them.

    Of an operation that another worker has taken up meanwhile only a note is kept: what becomes of it is theirs.
    """
    integration = lane.integration
    now = integration.clock.now()
    settle_at = now + timedelta(seconds=lane.writer.traits.settle_seconds)
    told = StepReport(lane.report.step)
    with integration.ledger.write() as tx:
        ours = attempts.still_ours(tx, [o.operation for o in outcomes], lane.work.holder)
        late = [o for o in outcomes if o.operation.id not in ours]
        note_late(tx, [(o.operation, o.written) for o in late if o.written is not None], lane.work)
        outcomes = [o for o in outcomes if o.operation.id in ours]
        done = [(o.operation.id, o.written) for o in outcomes if o.written is not None]
        operations.finish(tx, done, confirm_at=settle_at + timedelta(seconds=lane.writer.traits.longest_call_seconds))
        operations.mark_unknown(tx, [o.operation.id for o in outcomes if o.unknown], not_before=settle_at)
        operations.put_back(tx, [o.operation.id for o in outcomes if o.not_sent])
        operations.refuse(tx, [(o.operation.id, str(o.error)) for o in outcomes if o.refused])
        complete = operations.complete_documents(tx, [o.operation.document_id for o in outcomes if o.written])
        moves: list[Move] = []
        for outcome in outcomes:
            row = by_id[outcome.operation.document_id]
            if outcome.written is not None:
                moves += lane.kind.after_write(tx, row, outcome.operation, outcome.written)
            moves += _moves_after(lane, row, outcome, complete=row.id in complete, report=told)
        documents.move(tx, moves, lane.work)
        if complete and lane.kind.wakes:
            related.wake_held(tx, integration.erp.connection, integration.erp.company, sorted(lane.kind.wakes))
    lane.report.merge(told)
    for outcome in late:
        by_id.pop(outcome.operation.document_id, None)
    for outcome in outcomes:
        row = by_id[outcome.operation.document_id]
        if row.id in complete or outcome.error is not None:
            by_id.pop(row.id)
    retry = [o for o in outcomes if o.not_sent]
    if retry:
        _postpone(lane, retry)


def _moves_after(
    lane: _Lane, row: DocumentRow, outcome: CallOutcome, *, complete: bool, report: StepReport
) -> list[Move]:
    integration, kind, error = lane.integration, lane.kind, outcome.error
    if error is None and complete and outcome.written is not None:
        report.add_document(str(kind.done), row, **_shown(outcome))
        detail = {"id": outcome.written.outside_id, **outcome.written.detail}
        return [Move(row.id, kind.done, str(kind.done), detail, changes=kind.closing(row))]
    if outcome.unknown:
        report.add_document("unknown_outcome", row)
        soon = integration.clock.now() + timedelta(seconds=FIRST_LOOK_SECONDS)
        reason = {
            "reason": str(Reason.OUTCOME_UNKNOWN),
            "reason_detail": _detail(error),
            "next_attempt_at": soon,
        }
        if row.state is S.UNKNOWN_OUTCOME:
            return [Move(row.id, None, "", changes=reason)]
        return [Move(row.id, S.UNKNOWN_OUTCOME, "outcome unknown", {"error": str(error)}, changes=reason)]
    if isinstance(error, RefusedBySystem):
        held = NeedsCorrection(error.reason, error.message, remedy=error.remedy, data=error.data)
        return hold_moves(integration, row, held, report, step=lane.kind.held_at)
    return []


def _detail(error: ConnectorError | None) -> dict[str, Any]:
    return error.detail if error else {}


def _shown(outcome: CallOutcome) -> dict[str, Any]:
    detail = outcome.written.detail if outcome.written else {}
    return {"entry": detail.get("entry_number", "")}


def _postpone(lane: _Lane, outcomes: Sequence[CallOutcome]) -> None:
    stopped = [o.operation.document_id for o in outcomes if isinstance(o.error, Stopped)]
    others = [o for o in outcomes if not isinstance(o.error, Stopped)]
    after = max((getattr(o.error, "after_seconds", None) or 5.0 for o in others), default=0.0)
    at = lane.integration.clock.now() + timedelta(seconds=after)
    with lane.integration.ledger.write() as tx:
        documents.release(tx, stopped, holder=lane.work.holder)
        documents.release(tx, [o.operation.document_id for o in others], next_attempt_at=at, holder=lane.work.holder)
    lane.report.counts["postponed"] += len(outcomes)


def _settle_unknown(lane: _Lane, by_id: dict[int, DocumentRow]) -> None:
    """Look up what an earlier attempt left open; documents still to wait for leave `by_id`."""
    integration = lane.integration
    rules, now = lane.writer.traits, integration.clock.now()
    # Whoever had them may send until its lease had run out, which it has; what was sent then may arrive so much later.
    quiet = now + timedelta(seconds=rules.longest_call_seconds + rules.settle_seconds)
    with integration.ledger.write() as tx:
        operations.mark_abandoned(tx, list(by_id), not_before=quiet)
        open_operations = operations.of_unknown_outcome(tx, list(by_id))
    settlement = settle(
        open_operations,
        lane.writer.find_written,
        settle_seconds=rules.settle_seconds,
        now=now,
    )
    if not open_operations:
        return
    outcomes = [CallOutcome(op, written=settlement.found[op.id]) for op in open_operations if op.id in settlement.found]
    again_at = {op.document_id: quiet_from(op, rules.settle_seconds) or quiet for op in settlement.look_again}
    with integration.ledger.write() as tx:
        operations.mark_looked(tx, [op.id for op in settlement.look_again])
        operations.put_back(tx, [op.id for op in settlement.write_again])
        moves = [
            Move(op.document_id, lane.kind.begun, "not found after settling: write again", release=False)
            for op in settlement.write_again
            if by_id[op.document_id].state is S.UNKNOWN_OUTCOME
        ]
        moves += [
            Move(
                document_id,
                S.UNKNOWN_OUTCOME,
                "not found yet: looked for again",
                changes={"reason": str(Reason.OUTCOME_UNKNOWN), "next_attempt_at": at},
            )
            for document_id, at in again_at.items()
            if by_id[document_id].state is not S.UNKNOWN_OUTCOME
        ]
        documents.move(tx, moves, lane.work)
        for at in set(again_at.values()):
            ids = [document_id for document_id, when in again_at.items() if when == at]
            documents.release(tx, ids, next_attempt_at=at, holder=lane.work.holder)
    for operation in settlement.write_again:
        by_id[operation.document_id] = by_id[operation.document_id].having(state=lane.kind.begun)
    for document_id in again_at:
        by_id.pop(document_id)
    if outcomes:
        _record(lane, outcomes, by_id)
