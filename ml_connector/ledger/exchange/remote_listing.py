"""What was seen in the networks' folders, and since when it has its size (edi-operations 1: half-written files)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa

from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import remote_file
from ml_connector.ledger.work.transitions import chunks


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


@dataclass(frozen=True)
class Unreadable:
    """A file that could not be read at the last looks. note: what was said. failures: how often."""

    channel: str
    name: str
    note: str
    failures: int


_c = remote_file.c
#: The note of a file under a name that its writer gives while it is at it.
TEMPORARY = "under a temporary name"


def note_listing(tx: Tx, connection: str, channel: str, files: Sequence[Listed], *, temporary: bool = False) -> int:
    """Note a stretch of a listing; how many files are new, have grown or came back.

    A file that was stored and now has another size or time is another file under an old name: it waits again.
    temporary: these bear names under which nothing is read; they are noted so that one that stays is told.
    """
    if not files:
        return 0
    state, note = ("ignored", TEMPORARY) if temporary else ("waiting", None)
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
                    "state": state,
                    "note": note,
                }
            )
        elif _is_news(row, one, temporary=temporary):
            values = {"name": one.name[:400], "size": one.size, "modified": one.modified[:40]}
            changed.append({"remote_": remote_id, **values})
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
                name=sa.bindparam("name"),
                size=sa.bindparam("size"),
                modified=sa.bindparam("modified"),
                size_since=at,
                last_seen_at=at,
                state=state,
                note=note,
                failures=0,
                try_after=None,
            )
        )
        tx.execute(statement, changed)
    for start in range(0, len(seen), 500):
        part = _c.remote_id.in_(seen[start : start + 500])
        tx.execute(sa.update(remote_file).where(where, part).values(last_seen_at=at))
    return len(new) + len(changed)


def _is_news(row: sa.Row[Any], one: Listed, *, temporary: bool = False) -> bool:
    """It has grown, is another file under an old name, came back, or lost its temporary name."""
    renamed = row.note == TEMPORARY and not temporary
    return renamed or row.size != one.size or (row.modified or "") != one.modified[:40] or row.state == "gone"


def _known(tx: Tx, connection: str, channel: str, ids: Sequence[str]) -> dict[str, sa.Row[Any]]:
    found: dict[str, sa.Row[Any]] = {}
    for start in range(0, len(ids), 500):
        query = sa.select(_c.remote_id, _c.size, _c.modified, _c.state, _c.note).where(
            _c.connection == connection, _c.channel == channel, _c.remote_id.in_(ids[start : start + 500])
        )
        found.update({row.remote_id: row for row in tx.execute(query)})
    return found


def ready_files(tx: Tx, connection: str, channel: str, stable_for: timedelta, limit: int = 500) -> list[SeenFile]:
    """Waiting files whose size has not changed for so long, first seen first; those that failed before come last,
    and only when their time has come.
    """
    query = (
        sa.select(_c.remote_id, _c.name, _c.size, _c.modified)
        .where(_c.connection == connection, _c.channel == channel, _c.state == "waiting")
        .where(_c.size_since <= now(tx) - stable_for, _may_be_tried(now(tx)))
        .order_by(_c.failures, _c.first_seen_at, _c.remote_id)
        .limit(limit)
    )
    return [SeenFile(remote_id, name, size, modified or "") for remote_id, name, size, modified in tx.execute(query)]


def _may_be_tried(at: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(_c.try_after.is_(None), _c.try_after <= at)


def soonest_ready(tx: Tx, connection: str, channel: str, stable_for: timedelta) -> timedelta | None:
    """How long until the next waiting file has stood still for so long; None when none waits."""
    query = sa.select(sa.func.min(_c.size_since)).where(
        _c.connection == connection, _c.channel == channel, _c.state == "waiting", _may_be_tried(now(tx))
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


def temporary(
    tx: Tx, connection: str, channels: Sequence[str], *, same_since: datetime, listed_since: datetime
) -> list[Unread]:
    """Files that have stood under a temporary name unchanged for so long and were still there not long ago."""
    query = (
        sa.select(_c.channel, _c.name, _c.size_since)
        .where(_c.connection == connection, _c.channel.in_(list(channels)), _c.state == "ignored")
        .where(_c.note == TEMPORARY, _c.size_since <= same_since, _c.last_seen_at >= listed_since)
        .order_by(_c.size_since, _c.name)
    )
    return [Unread(*row) for row in tx.execute(query)]


def _is_moment(modified: str | None) -> bool:
    return modified is not None and modified.isascii() and modified.isdigit() and 0 < int(modified) < 2**32


def mark_all_stored(tx: Tx, connection: str, channel: str, file_ids: Mapping[str, int]) -> None:
    """The bytes of these (remote_id -> file) are kept in the ledger."""
    statement = (
        sa.update(remote_file)
        .where(_c.connection == connection, _c.channel == channel, _c.remote_id == sa.bindparam("remote_"))
        .values(state="stored", file_id=sa.bindparam("file_"), note=None, failures=0, try_after=None)
    )
    if file_ids:
        tx.execute(statement, [{"remote_": name, "file_": key} for name, key in file_ids.items()])


def mark_ignored(tx: Tx, connection: str, channel: str, remote_id: str, note: str) -> None:
    """The file is not fetched: too large, not a file ..."""
    _set(tx, connection, channel, remote_id, state="ignored", note=note[:400])


def mark_failed(
    tx: Tx, connection: str, channel: str, remote_id: str, note: str, pause: Callable[[int], timedelta]
) -> int:
    """The file could not be read, and is tried again after a pause that the number of failures decides; that number."""
    failures: int = tx.execute(sa.select(_c.failures).where(_one(connection, channel, remote_id))).scalar_one() + 1
    values = {"failures": failures, "try_after": now(tx) + pause(failures), "note": note[:400]}
    _set(tx, connection, channel, remote_id, **values)
    return failures


def mark_held(tx: Tx, connection: str, channel: str, remote_id: str, document_id: int) -> None:
    """A document stands for the file while it is unread."""
    _set(tx, connection, channel, remote_id, held_document=document_id)


def held_documents(tx: Tx, connection: str, channel: str, remote_ids: Sequence[str]) -> dict[str, int]:
    """The documents that stand for files, by remote_id."""
    query = sa.select(_c.remote_id, _c.held_document).where(
        _c.connection == connection,
        _c.channel == channel,
        _c.remote_id.in_(list(remote_ids)),
        _c.held_document.is_not(None),
    )
    return {row.remote_id: row.held_document for row in tx.execute(query)}


def release_held(tx: Tx, connection: str, channel: str, remote_ids: Sequence[str]) -> None:
    """No document stands for these any more."""
    where = sa.and_(_c.connection == connection, _c.channel == channel, _c.remote_id.in_(list(remote_ids)))
    tx.execute(sa.update(remote_file).where(where).values(held_document=None))


def unreadable(tx: Tx, connection: str, channels: Sequence[str]) -> list[Unreadable]:
    """Files that could not be read at the last looks or are not taken in, those that failed most often first."""
    query = (
        sa.select(_c.channel, _c.name, _c.note, _c.failures)
        .where(_c.connection == connection, _c.channel.in_(list(channels)), _c.state.in_(("waiting", "ignored")))
        .where(sa.or_(_c.failures > 0, _c.held_document.is_not(None)))
        .order_by(_c.failures.desc(), _c.channel, _c.name)
    )
    return [Unreadable(channel, name, note or "", failures) for channel, name, note, failures in tx.execute(query)]


def try_again(tx: Tx, connection: str, channels: Sequence[str]) -> None:
    """Files that could not be read are looked at at once: other settings may let them in."""
    where = sa.and_(
        _c.connection == connection,
        _c.channel.in_(list(channels)),
        _c.state.in_(("waiting", "ignored")),
        sa.or_(_c.failures > 0, _c.held_document.is_not(None)),
    )
    tx.execute(sa.update(remote_file).where(where).values(state="waiting", try_after=None))


def mark_gone(tx: Tx, connection: str, channel: str, remote_id: str) -> None:
    """The file was taken away by somebody else before we had it."""
    _set(tx, connection, channel, remote_id, state="gone")


def mark_taken_away(tx: Tx, connection: str, channel: str, file_ids: Mapping[str, int]) -> None:
    """These (remote_id -> file) lie where they were read no longer, by our doing: listed there again they came back,
    also with the size and time that they had.
    """
    for part in chunks(list(file_ids)):
        which = sa.and_(_c.connection == connection, _c.channel == channel, _c.remote_id.in_(part))
        as_read = sa.and_(_c.state == "stored", _c.file_id.in_([file_ids[name] for name in part]))
        tx.execute(sa.update(remote_file).where(which, as_read).values(state="gone"))


def _set(tx: Tx, connection: str, channel: str, remote_id: str, **values: Any) -> None:
    tx.execute(sa.update(remote_file).where(_one(connection, channel, remote_id)).values(values))


def _one(connection: str, channel: str, remote_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(_c.connection == connection, _c.channel == channel, _c.remote_id == remote_id)
