"""Alerts, grouped by cause: one open alert a cause, told once, closed when the cause is gone.

Sending is the caller's: `to_open` and `to_close` list what nobody was told yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ml_connector.ledger.database import seals
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import alert


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as stored. count: documents it is about now. open_cause is None once it is closed."""

    id: int
    cause: str
    open_cause: str | None
    opened_at: datetime
    last_sent_at: datetime | None
    closed_at: datetime | None
    closing_sent_at: datetime | None
    count: int
    detail: dict[str, Any]


_c = alert.c
_COLUMNS = [alert.c[name] for name in Alert.__slots__]


def open_or_update(tx: Tx, cause: str, count: int, detail: Mapping[str, Any]) -> bool:
    """Open an alert, or bring the open one of this cause up to date; whether it is new."""
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    values = {"count": count, "detail": dict(detail)}
    new = insert(alert).values(cause=cause, open_cause=cause, opened_at=now(tx), **values).on_conflict_do_nothing()
    added = tx.execute(new.returning(_c.id)).one_or_none()
    if added is not None:
        seals.note(tx, "alert", [added.id])
        return True
    _update_and_note(tx, sa.update(alert).where(_c.open_cause == cause).values(values))
    return False


def close(tx: Tx, cause: str) -> bool:
    """The cause is gone; False when no alert of it was open."""
    return _update_and_note(
        tx, sa.update(alert).where(_c.open_cause == cause).values(open_cause=None, closed_at=now(tx))
    )


def open_alerts(tx: Tx, prefix: str = "") -> list[Alert]:
    """The open alerts, oldest first."""
    # More than nothing: SQLite finds that by the index, and IS NOT NULL by reading every alert there ever was.
    query = sa.select(*_COLUMNS).where(_c.open_cause >= prefix)
    found = [Alert(*row) for row in tx.execute(query)]
    return sorted((one for one in found if one.cause.startswith(prefix)), key=lambda one: one.id)


def to_close(tx: Tx) -> list[Alert]:
    """Closed alerts that somebody was told had opened, and not yet that they closed."""
    query = (
        sa.select(*_COLUMNS)
        .where(_c.closed_at.is_not(None), _c.last_sent_at.is_not(None), _c.closing_sent_at.is_(None))
        .order_by(_c.id)
    )
    return [Alert(*row) for row in tx.execute(query)]


def mark_sent(tx: Tx, alert_id: int) -> None:
    """Somebody was told: of the opening while it is open, of the closing afterwards."""
    at = now(tx)
    _update_and_note(tx, sa.update(alert).where(_c.id == alert_id, _c.closed_at.is_(None)).values(last_sent_at=at))
    closed = sa.update(alert).where(_c.id == alert_id, _c.closed_at.is_not(None), _c.last_sent_at.is_not(None))
    _update_and_note(tx, closed.values(closing_sent_at=at))


def _update_and_note(tx: Tx, statement: sa.Update) -> bool:
    """Whether there was such a row; it is sealed as it stands now."""
    keys = tx.execute(statement.returning(_c.id)).scalars().all()
    seals.note(tx, "alert", keys)
    return bool(keys)
