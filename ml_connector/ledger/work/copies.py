"""Writes that stand more than once at the other side, and the look-ups that find them.

What no proof can rule out (a process stopped between its proof and the socket) is found afterwards: every write is
looked up once more by its key when nothing of it can be under way any longer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ml_connector.ledger.database import seals
from ml_connector.ledger.database.access import by_index_alone
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import document, operation
from ml_connector.ledger.work.operation_rows import StoredOperation
from ml_connector.ledger.work.operations import COLUMNS, UPLOAD
from ml_connector.ledger.work.transitions import chunks

_o = operation.c
_d = document.c
Copies = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Doubled:
    """A write with all its records at the other side. copies: `id` of each, and small facts."""

    document_id: int
    number: str
    partner: str
    kind: str
    connection: str
    copies: Copies

    @property
    def ids(self) -> list[str]:
        """Also of what somebody edited, so that `verify` lives to tell of the edit."""
        records = self.copies if isinstance(self.copies, list) else [self.copies]
        return [str(one.get("id", "?")) if isinstance(one, Mapping) else "?" for one in records]


def due(tx: Tx, connection: str, company: str, kinds: sa.ColumnElement[bool], *, limit: int) -> list[StoredOperation]:
    """Writes that are to be looked up once more now, the longest due first."""
    query = (
        sa.select(*COLUMNS)
        .where(_o.confirm_at <= now(tx), _o.state == "done", _o.connection == connection, _o.company == company, kinds)
        .order_by(_o.confirm_at, _o.id)
        .limit(limit)
    )
    with by_index_alone(tx):
        return [StoredOperation(*row) for row in tx.execute(query).all()]


def oldest_due(tx: Tx, ids: Sequence[int]) -> datetime | None:
    """Since when the first of these has been due."""
    oldest: datetime | None = tx.execute(sa.select(sa.func.min(_o.confirm_at)).where(_o.id.in_(list(ids)))).scalar_one()
    return oldest


IS_UPLOAD = _o.kind == UPLOAD
IS_NO_UPLOAD = _o.kind != UPLOAD


def confirm(tx: Tx, ids: Sequence[int]) -> None:
    """These were looked up."""
    for part in chunks(sorted(set(ids))):
        tx.execute(sa.update(operation).where(_o.id.in_(part)).values(confirm_at=None))
    seals.note(tx, "operation", ids)


def of(tx: Tx, ids: Sequence[int]) -> dict[int, Copies]:
    """What is known of these writes' copies; those without any are left out."""
    found: dict[int, Copies] = {}
    for part in chunks(sorted(set(ids))):
        query = sa.select(_o.id, _o.copies).where(_o.id.in_(part), _o.copies.is_not(None))
        found.update({row.id: row.copies for row in tx.execute(query).all() if row.copies})
    return found


def note(tx: Tx, operation_id: int, copies: Copies | None, *, look_again: datetime | None) -> None:
    """Keep what was found. None: it stands once (again)."""
    values = {"copies": sa.null() if copies is None else [dict(one) for one in copies], "confirm_at": look_again}
    tx.execute(sa.update(operation).where(_o.id == operation_id).values(values))
    seals.note(tx, "operation", [operation_id])


def doubled(tx: Tx, integration: str | None = None, *, limit: int = 500) -> list[Doubled]:
    """Writes that stand more than once, of an integration's documents or of all."""
    query = (
        sa.select(_o.document_id, _d.number, _d.partner, _o.kind, _o.connection, _o.copies)
        .join(document, _d.id == _o.document_id)
        # The type keeps JSON's own null out of the way: a column that was never set is SQL's.
        .where(_o.copies.is_not(None))
        .order_by(_o.id)
        .limit(limit)
    )
    if integration is not None:
        query = query.where(_d.integration == integration)
    with by_index_alone(tx):
        return [Doubled(*row) for row in tx.execute(query).all() if row.copies]
