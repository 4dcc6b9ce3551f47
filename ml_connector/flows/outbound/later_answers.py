"""Records that a network refuses only some time after they were sent: each is held with the network's words."""

from collections.abc import Mapping

from ml_connector.documents.kinds import RECORD_KINDS
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import AnswersLater, LaterAnswer, records_of
from ml_connector.flows.core.quarantine import hold_moves
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.work import documents, operations
from ml_connector.ledger.work.documents import Move
from ml_connector.ledger.work.states import DocumentState as S


def take_answers(integration: Integration, work: RunScope) -> StepReport:
    """Hold what was refused since the last look, of whichever flow it is."""
    report = StepReport("take later answers")
    records = records_of(integration.network)
    if work.dry_run or work.replay or not isinstance(records, AnswersLater):
        return report
    more = True
    while more and not work.stopped():
        with integration.ledger.read() as tx:
            cursor = cursors.get(tx, _cursor(integration))
        found = records.later_answers(cursor)
        if found.cursor == cursor:
            return report
        report.counts["answers"] += len(found.answers)
        report.notes += [f"what the network said later cannot be read: {one}"[:600] for one in found.wrong]
        refused = {one.key: one for one in found.answers if not one.taken}
        with integration.ledger.write() as tx:
            documents.move(tx, _held(integration, tx, refused, report), work)
            cursors.put(tx, _cursor(integration), found.cursor)
        more = found.more
    return report


def _cursor(integration: Integration) -> str:
    return f"{integration.name}:{integration.network.connection}:later_answers"


def _held(integration: Integration, tx: Tx, refused: Mapping[str, LaterAnswer], report: StepReport) -> list[Move]:
    """What was sent is to be sent again once it is mended. Answers about what nobody here sent are left alone.

    Its writes stay as they were done: sent again, it has others (`outbound.records`).
    """
    writers = operations.writers(tx, sorted(refused))
    keys = {document_id: key for key, document_id in writers.items()}
    moves: list[Move] = []
    for row in documents.get_many(tx, list(keys)):
        ours = row.integration == integration.name and row.kind in RECORD_KINDS
        if not ours or row.state is not S.SENT:
            continue
        said = refused[keys[row.id]].message or "no reason was given"
        why = NeedsCorrection(
            Reason.REFUSED_BY_SYSTEM,
            f"{row.number} was sent, and refused by the network later: {said}",
            remedy="Mend what it says in the ERP, and it goes again by itself; or mend it there, then replay this.",
            data={"said": said},
        )
        moves += hold_moves(integration, row, why, report, step=S.READ)
    return moves
