"""What is about to leave is written down outside the database (`ledger.database.departures`) before it leaves."""

import json
from collections.abc import Sequence

import sqlalchemy as sa

from ml_connector.errors import TryAgain
from ml_connector.ledger.audit.restores import LINES, party
from ml_connector.ledger.coordination import sequences
from ml_connector.ledger.database.departures import Departed, Departure, DepartureLog
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import event
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.operation_rows import StoredOperation


def write_down(
    tx: Tx, log: DepartureLog | None, uploads: Sequence[tuple[StoredOperation, Sequence[DocumentRow]]]
) -> None:
    """One line for each upload that begins. Before the commit: a line too much is harmless, one too few is not.

    Raises:
        TryAgain: the file cannot be written; nothing leaves then.
    """
    if log is None or not uploads:
        return
    newest = tx.execute(sa.select(event.c.id, event.c.hash).order_by(event.c.id.desc()).limit(1)).one_or_none()
    number, digest = (newest.id, newest.hash) if newest is not None else (0, "")
    at = now(tx).isoformat(timespec="seconds")
    lines = [
        Departure(n, at, number, digest, op.key, op.target, json.loads(op.payload).get("numbers", {}), _named(rows))
        for n, (op, rows) in zip(sequences.reserve(tx, LINES, len(uploads)), uploads, strict=True)
    ]
    try:
        log.append(lines)
    except OSError as error:
        raise TryAgain(
            f"{log.path} cannot be written ({error.strerror}): nothing leaves that is not written down there.",
            after_seconds=60,
            remedy="Make room, or have the folder of ledger.heads_file writable.",
        ) from error


def _named(rows: Sequence[DocumentRow]) -> tuple[Departed, ...]:
    return tuple(
        Departed(row.flow, row.company, party(row), str(row.kind), row.number, row.revision, row.content_hash or "")
        for row in rows
    )
