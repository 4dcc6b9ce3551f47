"""What was seen in the networks' folders, and since when it has its size (edi-operations 1: half-written files)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa

from ml_connector.ledger.store import Tx, now
from ml_connector.ledger.tables import remote_file


class Listed(Protocol):
    """A file as a network lists it."""

    @property
    def remote_id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def modified(self) -> str: ...


@dataclass(frozen=True)
class SeenFile:
    """A file that was listed. `name` is untrusted text: never a path of ours."""

    remote_id: str
    name: str
    size: int
    modified: str = ""


@dataclass(frozen=True)
class Unread:
    """A file that waits in a network's folder since then. `name` is untrusted."""

    channel: str
    name: str
    since: datetime


_c = remote_file.c


def note_listing(tx: Tx, connection: str, channel: str, files: Sequence[Listed]) -> int:
    """Note a stretch of a listing; how many files are new, have grown or came back.

    A file that was stored and now has another size or time is another file under an old name: it waits again.
    """
    if not files:
        return 0
    at = now(tx)
    by_id = {one.remote_id: one for one in files}
    known = _known(tx, connection, channel, list(by_id))
    new: list[dict[str, Any]] = []
    seen: list[str] = []
    changed: list[dict[str, Any]] = []
    for remote_id, one in by_id.items():
        row = known.get(remote_id)
        if row is None:
            new.append(
                {
                    "connection": connection,
                    "channel": channel,
                    "remote_id": remote_id,
                    "name": one.name[:400],
                    "size": one.size,
                    "modified": one.modified[:40],
                    "first_seen_at": at,
                    "last_seen_at": at,
                    "size_since": at,
                    "state": "waiting",
                }
            )
        elif _is_news(row, one):
            changed.append({"remote_": remote_id, "size": one.size, "modified": one.modified[:40]})
        else:
            seen.append(remote_id)
    if new:
        tx.execute(sa.insert(remote_file), new)
    where = sa.and_(_c.connection == connection, _c.channel == channel)
    if changed:
        statement = (
            sa.update(remote_file)
            .where(where, _c.remote_id == sa.bindparam("remote_"))
            .values(
                size=sa.bindparam("size"),
                modified=sa.bindparam("modified"),
                size_since=at,
                last_seen_at=at,
                state="waiting",
                note=None,
            )
        )
        tx.execute(statement, changed)
    for start in range(0, len(seen), 500):
        part = _c.remote_id.in_(seen[start : start + 500])
        tx.execute(sa.update(remote_file).where(where, part).values(last_seen_at=at))
    return len(new) + len(changed)


def _is_news(row: sa.Row[Any], one: Listed) -> bool:
    """It has grown, is another file under an old name, or came back."""
    return row.size != one.size or (row.modified or "") != one.modified[:40] or row.state == "gone"


def _known(tx: Tx, connection: str, channel: str, ids: Sequence[str]) -> dict[str, sa.Row[Any]]:
    found: dict[str, sa.Row[Any]] = {}
    for start in range(0, len(ids), 500):
        query = sa.select(_c.remote_id, _c.size, _c.modified, _c.state).where(
            _c.connection == connection, _c.channel == channel, _c.remote_id.in_(ids[start : start + 500])
        )
        found.update({row.remote_id: row for row in tx.execute(query)})
    return found


def ready_files(tx: Tx, connection: str, channel: str, stable_for: timedelta, limit: int = 500) -> list[SeenFile]:
    """Waiting files whose size has not changed for so long, first seen first."""
    query = (
        sa.select(_c.remote_id, _c.name, _c.size, _c.modified)
        .where(_c.connection == connection, _c.channel == channel, _c.state == "waiting")
        .where(_c.size_since <= now(tx) - stable_for)
        .order_by(_c.first_seen_at, _c.remote_id)
        .limit(limit)
    )
    return [SeenFile(remote_id, name, size, modified or "") for remote_id, name, size, modified in tx.execute(query)]


def soonest_ready(tx: Tx, connection: str, channel: str, stable_for: timedelta) -> timedelta | None:
    """How long until the next waiting file has stood still for so long; None when none waits."""
    query = sa.select(sa.func.min(_c.size_since)).where(
        _c.connection == connection, _c.channel == channel, _c.state == "waiting"
    )
    since = tx.execute(query).scalar_one()
    return None if since is None else max(timedelta(0), since + stable_for - now(tx))


def count_waiting(tx: Tx, connection: str, channel: str) -> int:
    """Files of a folder that are not fetched yet, stable or not."""
    query = sa.select(sa.func.count()).where(_c.connection == connection, _c.channel == channel, _c.state == "waiting")
    return tx.execute(query).scalar_one()


def count_new(tx: Tx, connection: str, channel: str, files: Sequence[Listed]) -> int:
    """How many of these files a listing would newly note as waiting."""
    known = _known(tx, connection, channel, [one.remote_id for one in files])
    return sum(one.remote_id not in known or _is_news(known[one.remote_id], one) for one in files)


def unread(tx: Tx, connection: str, channels: Sequence[str], *, listed_since: datetime) -> list[Unread]:
    """Files that wait to be read and were still there not long ago, the oldest first.

    Their age counts from the time the network tells, where that is a number of seconds, else from when we saw them.
    """
    query = sa.select(_c.channel, _c.name, _c.modified, _c.first_seen_at).where(
        _c.connection == connection, _c.channel.in_(channels), _c.state == "waiting", _c.last_seen_at >= listed_since
    )
    found = [
        Unread(channel, name, min(seen, datetime.fromtimestamp(int(modified), UTC)) if _is_moment(modified) else seen)
        for channel, name, modified, seen in tx.execute(query)
    ]
    return sorted(found, key=lambda one: (one.since, one.name))


def _is_moment(modified: str | None) -> bool:
    return modified is not None and modified.isascii() and modified.isdigit() and 0 < int(modified) < 2**32


def mark_all_stored(tx: Tx, connection: str, channel: str, file_ids: Mapping[str, int]) -> None:
    """The bytes of these (remote_id -> file) are kept in the ledger."""
    statement = (
        sa.update(remote_file)
        .where(_c.connection == connection, _c.channel == channel, _c.remote_id == sa.bindparam("remote_"))
        .values(state="stored", file_id=sa.bindparam("file_"))
    )
    if file_ids:
        tx.execute(statement, [{"remote_": name, "file_": key} for name, key in file_ids.items()])


def mark_ignored(tx: Tx, connection: str, channel: str, remote_id: str, note: str) -> None:
    """The file is not fetched: too large, not a file ..."""
    _set(tx, connection, channel, remote_id, state="ignored", note=note[:400])


def mark_gone(tx: Tx, connection: str, channel: str, remote_id: str) -> None:
    """The file was taken away by somebody else before we had it."""
    _set(tx, connection, channel, remote_id, state="gone")


def _set(tx: Tx, connection: str, channel: str, remote_id: str, **values: Any) -> None:
    statement = sa.update(remote_file).where(
        _c.connection == connection, _c.channel == channel, _c.remote_id == remote_id
    )
    tx.execute(statement.values(values))
