"""A person's word about what may have left before a restore: it arrived, or it did not."""

from collections.abc import Sequence

from ml_connector.flows.core.integration import Integration, RunScope
from ml_connector.flows.core.quarantine import is_held
from ml_connector.flows.operator_actions import settle_sent
from ml_connector.flows.restored.held import ARRIVED, NOT_ARRIVED, arrived_moves
from ml_connector.ledger.audit import restores
from ml_connector.ledger.audit.restores import Lost
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S


def by_integration(tx: Tx, lost: Sequence[Lost], names: Sequence[str]) -> dict[str, list[Lost]]:
    """Whose these are; what is of no integration by its present name is the first one's."""
    rows = {row.id: row for row in documents.get_many(tx, [one.document_id for one in lost if one.document_id])}
    found: dict[str, list[Lost]] = {}
    for one in lost:
        name = rows[one.document_id].integration if one.document_id is not None else ""
        found.setdefault(name if name in names else names[0], []).append(one)
    return found


def settle(integration: Integration, work: RunScope, lost: Sequence[Lost], *, arrived: bool, why: str) -> int:
    """These arrived, or did not and are to leave now; how many documents of this integration that were."""
    decided = ARRIVED if arrived else NOT_ARRIVED
    with integration.ledger.read() as tx:
        rows = {row.id: row for row in documents.get_many(tx, [o.document_id for o in lost if o.document_id])}
    in_doubt: list[DocumentRow] = []
    done = 0
    with integration.ledger.write() as tx:
        restores.decide(tx, lost, decided, work.actor)
        moves: list[Move] = []
        newest = {one.document_id: one for one in lost if one.document_id is not None}
        for row_id, one in newest.items():
            row = rows[row_id]
            if row.state is S.UNKNOWN_OUTCOME:
                in_doubt.append(row)
            elif is_held(row):
                moves += [
                    Move(row.id, None, f"settled by a person: {decided}", {"why": why}, release=False),
                    *(arrived_moves(row, one, work.actor) if arrived else [_leaves(row)]),
                ]
                done += 1
        documents.move(tx, moves, work)
        _read_again(integration, tx)
    for row in in_doubt:
        with integration.ledger.read() as tx:
            now = documents.get(tx, row.id)
        if now is not None and now.state is S.UNKNOWN_OUTCOME:
            settle_sent(integration, work, now, arrived=arrived, why=why)
            done += 1
    return done


def _leaves(row: DocumentRow) -> Move:
    changes = {"reason": None, "reason_detail": None, "held_step": None, "next_attempt_at": None}
    return Move(row.id, S.RESOLVED, "had not arrived: it leaves", changes=changes)


def _read_again(integration: Integration, tx: Tx) -> None:
    """What was changed in the ERP while it was held is read again."""
    restore = restores.newest(tx)
    begin = f"{integration.name}:"
    for name, value in (restore.evidence.get("positions", {}) if restore is not None else {}).items():
        if name.startswith(begin):
            cursors.put(tx, name, value)
