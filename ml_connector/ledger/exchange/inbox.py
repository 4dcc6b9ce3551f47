"""Webhook notices as received: stored first, handled by a run later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from ml_connector.ledger.database import seals
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import inbox, inbox_reader


@dataclass(frozen=True, slots=True)
class NewNotice:
    """What a webhook told: topic (entity), company (division), action, key (the entity's id), the body's text."""

    connection: str
    topic: str
    company: str
    action: str
    key: str
    body: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as stored."""

    id: int
    connection: str
    received_at: datetime
    topic: str
    company: str
    action: str
    key: str
    body: str
    handled_at: datetime | None
    handled_by: str | None


_c = inbox.c
_COLUMNS = [inbox.c[name] for name in Notice.__slots__]


def add(tx: Tx, new: NewNotice) -> int:
    """Store a notice; its id. Repeats are stored too: reading the newest state makes them harmless."""
    values = {name: getattr(new, name) for name in NewNotice.__slots__}
    statement = sa.insert(inbox).values(**values, received_at=now(tx)).returning(_c.id)
    added: int = tx.execute(statement).scalar_one()
    seals.note(tx, "inbox", [added])
    return added


def waiting(
    tx: Tx, connection: str, company: str, topic: str, *, reader: str | None = None, limit: int = 50
) -> list[Notice]:
    """Notices nobody has handled, oldest first. reader: without those that this one of several readers has taken."""
    query = sa.select(*_COLUMNS).where(
        _c.connection == connection, _c.handled_at.is_(None), _c.topic == topic, _c.company == company
    )
    if reader is not None:
        taken = sa.select(inbox_reader.c.notice_id).where(
            inbox_reader.c.notice_id == _c.id, inbox_reader.c.reader == reader
        )
        query = query.where(~taken.exists())
    return [Notice(*row) for row in tx.execute(query.order_by(_c.id).limit(limit))]


def mark_taken(tx: Tx, ids: Sequence[int], reader: str, readers: Sequence[str], by: str) -> None:
    """One of several readers has taken these. Handled they are when all of `readers` have."""
    others = sorted(set(readers) - {reader})
    if not others:
        mark_handled(tx, ids, by)
        return
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        c = inbox_reader.c
        known = sa.select(c.notice_id).where(c.notice_id.in_(some), c.reader == reader)
        mine = set(tx.execute(known).scalars())
        new = [{"notice_id": key, "reader": reader} for key in dict.fromkeys(some) if key not in mine]
        if new:
            tx.execute(sa.insert(inbox_reader), new)
        taken = (
            sa.select(c.notice_id)
            .where(c.notice_id.in_(some), c.reader.in_(others))
            .group_by(c.notice_id)
            .having(sa.func.count() == len(others))
        )
        mark_handled(tx, list(tx.execute(taken).scalars()), by)


def count_waiting(tx: Tx, connection: str, topic: str | None = None) -> int:
    """How many notices wait."""
    query = sa.select(sa.func.count()).where(_c.connection == connection, _c.handled_at.is_(None))
    if topic is not None:
        query = query.where(_c.topic == topic)
    return tx.execute(query).scalar_one()


def mark_handled(tx: Tx, ids: Sequence[int], by: str) -> None:
    """These were handled."""
    for start in range(0, len(ids), 500):
        statement = sa.update(inbox).where(_c.id.in_(ids[start : start + 500]), _c.handled_at.is_(None))
        done = statement.values(handled_at=now(tx), handled_by=by[:120]).returning(_c.id)
        seals.note(tx, "inbox", tx.execute(done).scalars())


def newest(tx: Tx, connection: str) -> datetime | None:
    """When the last notice came: silence for long is a sign of trouble."""
    query = sa.select(_c.received_at).where(_c.connection == connection).order_by(_c.id.desc()).limit(1)
    found: datetime | None = tx.execute(query).scalar_one_or_none()
    return found


def prune(tx: Tx, before: datetime) -> int:
    """Delete notices handled before that moment; how many."""
    old = sa.select(_c.id).where(_c.handled_at < before)
    tx.execute(sa.delete(inbox_reader).where(inbox_reader.c.notice_id.in_(old)))
    gone = list(tx.execute(sa.delete(inbox).where(_c.handled_at < before).returning(_c.id)).scalars())
    seals.note(tx, "inbox", gone)
    return len(gone)
