"""Documents of records are decided: who is sent what. Rendering and sending: `flows.outbound`."""

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial

from ml_connector.documents.json import dump
from ml_connector.documents.records import as_json
from ml_connector.errors import NeedsCorrection
from ml_connector.flows.core.batches import batches, make_moves
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import source_of
from ml_connector.flows.core.quarantine import attempt, hold_moves, is_held, resume_moves
from ml_connector.flows.records_out.history import ON_ITS_WAY, RecordHistory, histories
from ml_connector.flows.records_out.telling import DecidedAlone, Subject
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

#: So long a document waits for an earlier one before it is looked at again.
WAIT_SECONDS = 60.0
#: Reason of a document that its partner refused, until it goes again (`flows.acknowledgments_in`).
REFUSED_BY_PARTNER = "refused_by_partner"


def resolve(integration: Integration, work: RunScope, telling: DecidedAlone) -> StepReport:
    """Decide what each partner is sent."""
    report = StepReport(f"resolve {telling.what}")
    for rows in batches(integration, work, telling.flow, (S.READ, S.QUARANTINED)):
        _resolve_batch(integration, work, telling, rows, report)
    return report


def _resolve_batch(
    integration: Integration, work: RunScope, telling: DecidedAlone, claimed: Sequence[DocumentRow], report: StepReport
) -> None:
    # What may have left is resolved already: a replay does not say whether it left.
    moves: list[Move] = [Move(row.id, None, "") for row in claimed if is_held(row)]
    rows = [row for row in claimed if not is_held(row)]
    again = _read_again(integration, telling, [row for row in rows if row.reason == REFUSED_BY_PARTNER], report)
    rows = [_as_now(row, again.get(row.source_id or "")) for row in rows]
    with integration.ledger.read() as tx:
        known = histories(integration, tx, telling.flow, [row.source_id or "" for row in rows])
    for row in rows:
        before = known.get(row.source_id or "", RecordHistory()).before(row)
        if before.newest is not None and before.newest.state in ON_ITS_WAY:
            at = integration.clock.now() + timedelta(seconds=WAIT_SECONDS)
            moves.append(Move(row.id, None, "", changes={"next_attempt_at": at}))
            report.add_document("waits_for_earlier", row)
            continue
        decided = attempt(partial(telling.content, integration, row, before.held_by_partner))
        if isinstance(decided, NeedsCorrection):
            moves += hold_moves(integration, row, decided, report, step=S.READ)
            continue
        partner, sent = decided
        moves += resume_moves(row)
        report.add_document("resolved", row)
        changes = {
            "canonical": dump(sent),
            "work": row.work,
            "content_hash": hashlib.sha256(dump(telling.undated(sent)).encode()).hexdigest(),
            "source": row.source,
            "reason": None,
            # One that was read while its partner's file was wrong learns here whose it is.
            **integration.party(partner.name),
        }
        moves.append(Move(row.id, S.RESOLVED, "resolved", {}, changes=changes))
    make_moves(integration, work, moves)


def _read_again(
    integration: Integration, telling: DecidedAlone, rows: Sequence[DocumentRow], report: StepReport
) -> dict[str, Subject]:
    """What was refused as the ERP has it now, with what was mended there meanwhile."""
    ids = [row.source_id or "" for row in rows]
    if not ids:
        return {}
    found = source_of(integration.erp, telling.source).by_id(ids)
    return {one.key: one for one in telling.subjects(integration, found, date.min, report)}


def _as_now(row: DocumentRow, subject: Subject | None) -> DocumentRow:
    return row if subject is None else row.having(source=subject.record, work=as_json(subject.facts))
