"""Which record of the network a document is: the one that was made of an earlier one, one that is there already, or a
new one. Sending: `flows.outbound.records`.
"""

from collections.abc import Sequence

from ml_connector.documents.common import changed
from ml_connector.documents.json import dump
from ml_connector.errors import NeedsCorrection
from ml_connector.flows.core.batches import batches, make_moves
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.quarantine import hold_moves, is_held, resume_moves
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.outbound.records import network_ids
from ml_connector.flows.tables_out.reading import is_gone
from ml_connector.flows.tables_out.telling import R, TableTelling
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S


def resolve(integration: Integration, work: RunScope, telling: TableTelling[R]) -> StepReport:
    """Find every record that waits."""
    report = StepReport(f"find {telling.what}")
    for claimed in batches(integration, work, telling.flow, (S.READ, S.QUARANTINED)):
        moves: list[Move] = [Move(row.id, None, "") for row in claimed if is_held(row)]
        moves += _resolved(integration, telling, [row for row in claimed if not is_held(row)], report)
        make_moves(integration, work, moves)
    return report


def _resolved(
    integration: Integration, telling: TableTelling[R], rows: Sequence[DocumentRow], report: StepReport
) -> list[Move]:
    moves: list[Move] = []
    records = {row.id: stored(row.kind, row.canonical, telling.model) for row in rows}
    known = _known(integration, telling, rows)
    asked = [(row, records[row.id]) for row in rows if row.id not in known]
    found = {**known, **(telling.there(integration, asked) if asked else {})}
    for row in rows:
        where = found.get(row.id, "")
        record: R | NeedsCorrection = records[row.id]
        if is_gone(row.work):
            record = telling.allowed(integration, row, records[row.id])
        held = next((one for one in (where, record) if isinstance(one, NeedsCorrection)), None)
        if held is not None or isinstance(record, NeedsCorrection):
            assert held is not None
            moves += hold_moves(integration, row, held, report, step=S.READ)
            continue
        report.add_document("resolved", row)
        changes = {"canonical": dump(changed(record, id=where))}
        moves += [*resume_moves(row), Move(row.id, S.RESOLVED, "resolved", {"there": where}, changes=changes)]
    return moves


def _known(integration: Integration, telling: TableTelling[R], rows: Sequence[DocumentRow]) -> dict[int, str]:
    """The network's ids of records that were made of earlier documents of the same row."""
    with integration.ledger.read() as tx:
        before = documents.outbound_of_orders(
            tx, integration.books, telling.flow, ids=[row.source_id or "" for row in rows]
        )
        ids = network_ids(tx, before)
    by_key: dict[str, str] = {}
    for one in before:
        if one.integration == integration.name and one.id in ids:
            by_key[one.source_id or ""] = ids[one.id]
    return {row.id: by_key[row.source_id or ""] for row in rows if (row.source_id or "") in by_key}
