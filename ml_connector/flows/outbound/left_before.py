"""Records that a network was sent in the time that a restore lost: found there by our id, or held where nobody can ask.

No file outside the database names them: the network itself knows, or nobody does.
"""

from collections.abc import Callable, Mapping, Sequence

from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration, StepReport
from ml_connector.flows.core.ports import PlannedOperation, StoredOperation, Written, records_of
from ml_connector.flows.posting import recognised
from ml_connector.flows.posting.postings import Prepared, operation_key
from ml_connector.flows.posting.recognised import Found
from ml_connector.flows.restored.held import NOT_ARRIVED, may_have_left
from ml_connector.ledger.audit import restores
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S


def left_before(
    integration: Integration,
    plans: Mapping[int, tuple[DocumentRow, Sequence[PlannedOperation]]],
    report: StepReport,
    *,
    change: Callable[[DocumentRow, str], Sequence[PlannedOperation]] | None,
) -> Mapping[int, Prepared | NeedsCorrection]:
    """Those of these first sendings that are not to be sent as such, by document.

    change: the writes that bring the record there, by its id, to what it is now, where the newer one counts: it may
    have been edited since it left. None: what is there stays. Nothing is asked but for some time after a restore.
    """
    if not plans or not recognised.is_due(integration):
        return {}
    if not records_of(integration.network).shows_records:
        return {} if change is not None else _held(integration, [row for row, _ in plans.values()])
    asked = [_as_stored(row, plan[-1]) for row, plan in plans.values()]
    found = records_of(integration.network).find_written(asked)
    if change is not None:
        return {key: Prepared(change(plans[key][0], written.outside_id)) for key, written in found.items()}
    return {key: _recognised(*plans[key], written, report) for key, written in found.items()}


def _as_stored(row: DocumentRow, write: PlannedOperation) -> StoredOperation:
    """A write that nobody has begun, for the question whether it is there. Its id is that of its document."""
    return StoredOperation(
        id=row.id,
        document_id=row.id,
        position=0,
        kind=write.kind,
        key=operation_key(row),
        target=write.target,
        payload=write.payload,
        attempts=0,
        first_attempt_at=None,
        last_attempt_at=None,
        looked=0,
        state="planned",
    )


def _recognised(row: DocumentRow, plan: Sequence[PlannedOperation], there: Written, report: StepReport) -> Prepared:
    report.add_document("recognised", row)
    detail = {"id": there.outside_id, **there.detail}
    moves = [
        Move(row.id, S.SENDING, "recognised by our id", release=False),
        Move(row.id, S.SENT, "had left before the ledger was restored", detail),
    ]
    return Prepared(moves=moves, found=[Found(plan[-1].kind, operation_key(row), there.outside_id, there.detail)])


def _held(integration: Integration, rows: Sequence[DocumentRow]) -> dict[int, Prepared | NeedsCorrection]:
    """What may have left waits for a person's word (`ml-connector ledger restored`)."""
    with integration.ledger.write() as tx:
        restore = restores.newest(tx)
        known = restores.of_documents(tx, [row.id for row in rows])
        doubtful = [
            row
            for row in rows
            if restore is not None
            and (known[row.id].decided != NOT_ARRIVED if row.id in known else may_have_left(integration, restore, row))
        ]
        for row in doubtful:
            if restore is not None and row.id not in known:
                restores.add_unknown(tx, restore.id, row)
    return {
        row.id: NeedsCorrection(
            Reason.MAY_HAVE_LEFT,
            f"{row.number} may have left before the ledger was restored; the network cannot be asked.",
            remedy="Ask the network, then `ml-connector ledger restored --arrived` or `--not-arrived`, for all or for"
            " one. Where it arrived, see whether it says there what it says here: what was edited since is not sent.",
        )
        for row in doubtful
    }
