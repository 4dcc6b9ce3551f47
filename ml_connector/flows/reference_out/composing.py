"""Documents of reference tables are composed: of the newest version, since what the partner has by then.

One table's files go one after another: the next is composed when it is known that the one before has left.
"""

import hashlib
from datetime import timedelta
from functools import partial

from ml_connector.documents.json import dump
from ml_connector.documents.master.tables import ReferenceData
from ml_connector.errors import NeedsCorrection
from ml_connector.flows.core.batches import batches, make_moves
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.quarantine import attempt, hold_moves, is_held, resume_moves
from ml_connector.flows.reference_out.contents import content
from ml_connector.flows.reference_out.history import FLOW, History, Subscription, Told, subscriptions
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

#: So long a file waits for the one before it until it is looked at again.
WAIT_SECONDS = 60.0


def compose(integration: Integration, work: RunScope) -> StepReport:
    """Say in every document that waits what its partner is told."""
    report = StepReport("compose reference data")
    known = {one.source_id: one for one in subscriptions(integration)}
    for rows in batches(integration, work, FLOW, (S.READ, S.QUARANTINED)):
        moves = [move for row in rows for move in _moves(integration, known.get(row.source_id or ""), row, report)]
        make_moves(integration, work, moves)
    return report


def _moves(integration: Integration, one: Subscription | None, row: DocumentRow, report: StepReport) -> list[Move]:
    if is_held(row):
        return [Move(row.id, None, "")]
    if one is None:
        return [_ended(row, "the partner is not told of this table any more", report)]
    with integration.ledger.read() as tx:
        history = History.read(integration, tx, row.source_id or "").before(row.revision)
        if history.not_left:
            at = integration.clock.now() + timedelta(seconds=WAIT_SECONDS)
            return [Move(row.id, None, "", changes={"next_attempt_at": at})]
        wanted = Told.read(row.work)
        said = attempt(partial(content, integration, tx, one, history, wanted))
    if isinstance(said, NeedsCorrection):
        return hold_moves(integration, row, said, report, step=S.READ)
    if said is None:
        return [*resume_moves(row), _ended(row, "as the partner has it", report)]
    return [*resume_moves(row), _composed(row, said, wanted, report)]


def _composed(row: DocumentRow, said: ReferenceData, wanted: Told, report: StepReport) -> Move:
    report.add_document("composed", row)
    canonical = dump(said)
    told = Told(said.scope, said.version, said.fields, wanted.asked)
    changes = {
        "canonical": canonical,
        "content_hash": hashlib.sha256(canonical.encode()).hexdigest(),
        "work": told.text(),
        "snapshots": {said.number: said.version},
    }
    detail = {"scope": said.scope, "version": said.version, "since": said.since, "rows": len(said.rows)}
    return Move(row.id, S.RESOLVED, "composed", detail, changes=changes)


def _ended(row: DocumentRow, why: str, report: StepReport) -> Move:
    report.add_document("nothing_to_tell", row)
    return Move(row.id, S.DISCARDED, why, changes={"reason": "withdrawn", "content_hash": None})
