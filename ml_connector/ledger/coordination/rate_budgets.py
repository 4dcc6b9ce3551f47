"""Call limits as the systems told them, shared by all processes; call schedules; recorded moments (errors)."""

import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ml_connector.clock import CLOCK_DOUBT
from ml_connector.ledger.database import seals
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import budget, position

log = logging.getLogger(__name__)

#: Resets that lie closer together than this mean the same window.
SAME_WINDOW = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of a limit until `resets_at`."""

    limit: int
    remaining: int
    resets_at: datetime


_c = budget.c


def window(tx: Tx, name: str) -> Budget | None:
    """The window as somebody last told it."""
    query = sa.select(_c.limit_value, _c.remaining, _c.resets_at, _c.updated_at).where(_c.name == name)
    row = tx.execute(query).one_or_none()
    if row is None or row.limit_value is None or row.remaining is None or row.resets_at is None:
        return None
    if _from_ahead(tx, name, row.updated_at):
        return None
    return Budget(row.limit_value, row.remaining, row.resets_at)


def store_window(tx: Tx, name: str, limit: int, remaining: int, resets_at: datetime) -> Budget:
    """Tell the others. The later window wins; of the same window the account with less left. What counts now."""
    _ensure(tx, name)
    columns = (_c.limit_value, _c.remaining, _c.resets_at, _c.updated_at)
    known = tx.execute(sa.select(*columns).where(_c.name == name).with_for_update()).one()
    told = Budget(limit, remaining, resets_at)
    if known.resets_at is not None and not _from_ahead(tx, name, known.updated_at):
        earlier = resets_at < known.resets_at - SAME_WINDOW
        same = abs(resets_at - known.resets_at) <= SAME_WINDOW
        if earlier or (same and known.remaining <= remaining):
            return Budget(known.limit_value, known.remaining, known.resets_at)
    values = {"limit_value": limit, "remaining": remaining, "resets_at": resets_at, "updated_at": now(tx)}
    tx.execute(sa.update(budget).where(_c.name == name).values(values))
    return told


def reserve(tx: Tx, name: str, *, at: datetime, seconds: float) -> datetime:
    """Take the next `seconds` of a schedule: when they begin, `at` at the earliest. Its name is no window's name."""
    _ensure(tx, name)
    query = sa.select(_c.resets_at, _c.updated_at).where(_c.name == name).with_for_update()
    free, written = tx.execute(query).one()
    start = at if free is None or _from_ahead(tx, name, written) else max(at, free)
    values = {"resets_at": start + timedelta(seconds=seconds), "updated_at": now(tx)}
    tx.execute(sa.update(budget).where(_c.name == name).values(values))
    return start


def _from_ahead(tx: Tx, name: str, written: datetime) -> bool:
    """Whether a clock wrote this that ran ahead and was put back: it would limit us until that time comes."""
    if written <= now(tx) + CLOCK_DOUBT:
        return False
    log.warning("the call limit %s was written by a clock that ran ahead (%s); it is ignored", name, written)
    return True


def _ensure(tx: Tx, name: str) -> None:
    tx.execute(_insert(tx, budget).values(name=name, updated_at=now(tx)).on_conflict_do_nothing())


def _insert(tx: Tx, table: sa.Table) -> Any:
    return (postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert)(table)


def moments(tx: Tx, name: str, *, since: datetime) -> list[datetime]:
    """Recorded moments not before `since`, in order."""
    text = tx.execute(sa.select(position.c.value).where(position.c.name == _moments(name))).scalar_one_or_none()
    return [moment for moment in _parsed(text) if moment >= since]


def add_moment(tx: Tx, name: str, moment: datetime, *, since: datetime) -> list[datetime]:
    """Record a moment, forget those before `since`; what remains, in order."""
    at, key = now(tx), _moments(name)
    tx.execute(_insert(tx, position).values(name=key, value="[]", updated_at=at).on_conflict_do_nothing())
    text = tx.execute(sa.select(position.c.value).where(position.c.name == key).with_for_update()).scalar_one()
    kept = sorted([known for known in _parsed(text) if since <= known <= at + CLOCK_DOUBT] + [moment])
    value = json.dumps([one.isoformat() for one in kept])
    tx.execute(sa.update(position).where(position.c.name == key).values(value=value, updated_at=at))
    seals.note(tx, "position", [key])
    return kept


def _moments(name: str) -> str:
    return f"moments:{name}"[:200]


def _parsed(text: str | None) -> list[datetime]:
    return [datetime.fromisoformat(one) for one in json.loads(text)] if text else []
