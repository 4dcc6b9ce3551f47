"""Files as received or sent: their rows, and the bytes behind them (`ledger.exchange.blobs`)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ml_connector.ledger.database import seals
from ml_connector.ledger.database.access import unindexed
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.exchange.blobs import open_blob, put_blob, put_blobs, read_blob, read_blobs, stream_blob
from ml_connector.ledger.tables.documents import departure, file
from ml_connector.ledger.work import tallies
from ml_connector.ledger.work.tallies import Sort
from ml_connector.ledger.work.transitions import chunks

__all__ = [
    "FileRow",
    "NewFile",
    "Tx",
    "add_fetched",
    "add_file",
    "get",
    "get_many",
    "in_state",
    "mark_removed",
    "open_blob",
    "put_blob",
    "put_blobs",
    "read_blob",
    "read_blobs",
    "removals_pending",
    "same_content",
    "same_contents",
    "sent_as",
    "set_state",
    "set_states",
    "states_of",
    "stream_blob",
]


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to be added; its bytes are stored already. Without partition_date: the UTC date of now.

    state: stored, repeated (in); planned, sent (out). removal: left, pending, done.
    """

    direction: str
    integration: str
    connection: str
    channel: str
    name: str
    size: int
    sha256: str
    state: str
    partner: str | None = None
    remote_id: str | None = None
    removal: str = "left"
    partition_date: date | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file as the ledger has it."""

    id: int
    direction: str
    integration: str
    connection: str
    channel: str
    partner: str | None
    remote_id: str | None
    name: str
    size: int
    sha256: str
    state: str
    removal: str
    partition_date: date
    created_at: datetime
    pruned_at: datetime | None
    detail: dict[str, Any]

    @property
    def fetched_at(self) -> datetime:
        """When these bytes were fetched under this name last."""
        again = self.detail.get(FETCHED_AGAIN)
        return datetime.fromisoformat(again) if again else self.created_at


#: Of a file's facts: when the same bytes were fetched once more under its name.
FETCHED_AGAIN = "fetched_again"
_c = file.c
_COLUMNS = [file.c[name] for name in FileRow.__slots__]


def add_file(tx: Tx, new: NewFile) -> int:
    """Add a file; its id. The same remote file with the same bytes is one file, however often it is fetched."""
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    statement = insert(file).on_conflict_do_nothing().returning(_c.id)
    added: int | None = tx.execute(statement, _values(new, now(tx))).scalar_one_or_none()
    if added is None:
        return _again(tx, new)
    tallies.note_files(tx, {_sort(new): 1})
    seals.note(tx, "file", [added])
    return added


def _sort(new: NewFile) -> Sort:
    return Sort(new.integration, new.direction, new.state)


def add_fetched(tx: Tx, new: Sequence[NewFile]) -> list[int]:
    """`add_file` for files of one folder, each with its own remote_id, in few statements; ids in the order given."""
    known = _fetched(tx, new)
    fresh = [one for one in new if one.remote_id not in known]
    for one in new:
        if one.remote_id in known:
            _again(tx, one)
    if fresh:
        insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
        at = now(tx)
        # Another process may have added the same meanwhile.
        statement = insert(file).on_conflict_do_nothing().returning(_c.id, _c.integration, _c.direction, _c.state)
        added = tx.execute(statement, [_values(one, at) for one in fresh]).all()
        tallies.note_files(tx, Counter(Sort(*sort) for _, *sort in added))
        seals.note(tx, "file", [key for key, *_ in added])
        known |= _fetched(tx, fresh)
    return [known[one.remote_id] for one in new]


def _fetched(tx: Tx, new: Sequence[NewFile]) -> dict[str | None, int]:
    """Ids of these files, by remote_id, where the ledger has them with the same bytes."""
    hashes = {one.remote_id: one.sha256 for one in new}
    found: dict[str | None, int] = {}
    for part in chunks(list(hashes)):
        query = sa.select(_c.id, _c.remote_id, _c.sha256).where(
            _c.connection == new[0].connection,
            _c.channel == new[0].channel,
            _c.direction == new[0].direction,
            _c.remote_id.in_(part),
        )
        found |= {name: key for key, name, sha256 in tx.execute(query) if hashes[name] == sha256}
    return found


def _values(new: NewFile, at: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(new, name) for name in NewFile.__slots__}
    values |= {"partition_date": new.partition_date or at.date(), "created_at": at, "detail": dict(new.detail)}
    return values


def _again(tx: Tx, new: NewFile) -> int:
    """The file that is there already. It lies in its folder once more: as it lies there now it is to be taken away, or
    acknowledged, once more.
    """
    row = tx.execute(
        sa.select(_c.id, _c.detail)
        .where(
            _c.connection == new.connection,
            _c.channel == new.channel,
            _c.direction == new.direction,
            _c.remote_id == new.remote_id,
            _c.sha256 == new.sha256,
        )
        .with_for_update()
    ).one()
    found: int = row.id
    if new.direction == "in":
        kept = {name: value for name, value in row.detail.items() if name != "acknowledged"}
        kept |= {name: new.detail[name] for name in ("modified",) if name in new.detail}
        values = {"detail": {**kept, FETCHED_AGAIN: now(tx).isoformat()}, "removal": new.removal}
        tx.execute(sa.update(file).where(_c.id == found).values(values))
    seals.note(tx, "file", [found])
    if states_of(tx, [found])[found] == "superseded":
        set_states(tx, {found: new.state})
    return found


def get(tx: Tx, file_id: int) -> FileRow | None:
    """One file, or None."""
    row = tx.execute(sa.select(*_COLUMNS).where(_c.id == file_id)).one_or_none()
    return None if row is None else FileRow(*row)


def get_many(tx: Tx, ids: Sequence[int]) -> list[FileRow]:
    """Files by rising id; unknown ids are left out."""
    if not ids:
        return []
    query = sa.select(*_COLUMNS).where(_c.id.in_(sorted(set(ids)))).order_by(_c.id)
    return [FileRow(*row) for row in tx.execute(query)]


def by_remote_ids(tx: Tx, connection: str, channel: str, remote_ids: Sequence[str]) -> list[FileRow]:
    """Files that came under these names of the network's, by rising id."""
    found: list[FileRow] = []
    for start in range(0, len(remote_ids), 500):
        named = _c.remote_id.in_(remote_ids[start : start + 500])
        query = sa.select(*_COLUMNS).where(_c.connection == connection, _c.channel == channel, named)
        found += [FileRow(*row) for row in tx.execute(query)]
    return sorted(found, key=lambda row: row.id)


def of_remote_beginning(tx: Tx, connection: str, channel: str, beginning: str) -> list[FileRow]:
    """Files whose name at the network begins so, by rising id: readings of one thing."""
    like = _c.remote_id.startswith(beginning, autoescape=True)
    query = sa.select(*_COLUMNS).where(_c.connection == connection, _c.channel == channel, like)
    return [FileRow(*row) for row in tx.execute(query.order_by(_c.id))]


def in_state(
    tx: Tx,
    integration: str,
    direction: str,
    states: Sequence[str],
    *,
    limit: int = 100,
    created_before: datetime | None = None,
    partitions: Sequence[date] = (),
    after_id: int = 0,
) -> list[FileRow]:
    """Files of an integration in these states, oldest first."""
    # A day's files are found by their day, others by their state.
    state = unindexed(_c.state) if partitions else _c.state
    query = sa.select(*_COLUMNS).where(_c.integration == integration, state.in_(states))
    query = query.where((unindexed(_c.direction) if partitions else _c.direction) == direction)
    if created_before is not None:
        query = query.where(_c.created_at <= created_before)
    if partitions:
        query = query.where(_c.partition_date.in_(partitions))
    if after_id:
        query = query.where(_c.id > after_id)
    return [FileRow(*row) for row in tx.execute(query.order_by(_c.id).limit(limit))]


def set_state(tx: Tx, file_id: int | None, state: str, *, remote_id: str | None = None, **detail: Any) -> None:
    """Set a file's state, and what the network calls it; `detail` is added to its facts. No file, nothing to do."""
    if file_id is None:
        return
    set_states(tx, {file_id: state})
    values: dict[str, Any] = {}
    if remote_id:
        values["remote_id"] = remote_id[:400]
    if detail:
        known = tx.execute(sa.select(_c.detail).where(_c.id == file_id).with_for_update()).scalar_one()
        values["detail"] = {**known, **detail}
    if values:
        tx.execute(sa.update(file).where(_c.id == file_id).values(values))
        seals.note(tx, "file", [file_id])


def set_states(tx: Tx, states: Mapping[int, str]) -> None:
    """Set the states of several files."""
    by_state: dict[str, list[int]] = {}
    changes: tallies.Changes = Counter()
    for row in _sorts(tx, list(states)):
        state = states[row.id]
        if row.state != state:
            before = Sort(row.integration, row.direction, row.state)
            tallies.changed(before, before._replace(state=state), changes)
            by_state.setdefault(state, []).append(row.id)
    for state, ids in by_state.items():
        for part in chunks(ids):
            tx.execute(sa.update(file).where(_c.id.in_(part)).values(state=state))
    tallies.note_files(tx, changes)
    seals.note(tx, "file", states)


def _sorts(tx: Tx, ids: Sequence[int]) -> list[sa.Row[Any]]:
    """What files are counted under, locked until the transaction ends."""
    found: list[sa.Row[Any]] = []
    for part in chunks(sorted(set(ids))):
        query = sa.select(_c.id, _c.integration, _c.direction, _c.state).where(_c.id.in_(part))
        found += tx.execute(query.order_by(_c.id).with_for_update()).all()
    return found


def free_name(tx: Tx, connection: str, channel: str, name: str) -> str:
    """A name that no file of ours had in this folder: the one wanted, else the first with a number behind it.

    Until this transaction ends nobody else gets a name there.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"names of {channel}"))))
    stem, dot, extension = name.rpartition(".")
    before = stem if dot else name
    number, wanted = 1, name
    while _is_taken(tx, connection, channel, wanted):
        number += 1
        wanted = f"{before}-{number}{dot}{extension if dot else ''}"
    return wanted


def _is_taken(tx: Tx, connection: str, channel: str, name: str) -> bool:
    query = sa.select(_c.id).where(
        _c.direction == "out", _c.channel == channel, _c.name == name, _c.connection == connection
    )
    # What left in the time that a restore took away is not among the files any more.
    lost = sa.select(departure.c.id).where(departure.c.target == f"{channel}/{name}")
    return any(tx.execute(one.limit(1)).first() is not None for one in (query, lost))


def sent_as(tx: Tx, connection: str, channel: str, remote_id: str) -> bool:
    """Whether a file that we sent is known by this identity at the network: then it is that one and no other."""
    query = sa.select(_c.id).where(
        _c.connection == connection,
        _c.channel == channel,
        _c.direction == "out",
        _c.remote_id == remote_id,
    )
    return tx.execute(query.limit(1)).first() is not None


def same_content(tx: Tx, connection: str, channel: str, sha256: str) -> FileRow | None:
    """The first file received from this folder with the same bytes; parts of files that were not whole do not count."""
    return same_contents(tx, connection, channel, [sha256]).get(sha256)


def same_contents(tx: Tx, connection: str, channel: str, hashes: Sequence[str]) -> dict[str, FileRow]:
    """`same_content` for several contents, by their hash; contents that are new are left out."""
    first: list[int] = []
    for part in chunks(list(dict.fromkeys(hashes))):
        query = (
            sa.select(sa.func.min(_c.id))
            .where(_c.sha256.in_(part), unindexed(_c.connection) == connection, unindexed(_c.channel) == channel)
            .where(unindexed(_c.direction) == "in")
            .where(_c.state.not_in(("incomplete", "superseded")))
            .group_by(_c.sha256)
        )
        first += tx.execute(query).scalars()
    return {row.sha256: row for row in get_many(tx, first)}


def states_of(tx: Tx, ids: Sequence[int]) -> dict[int, str]:
    """The states of files, locked until the transaction ends."""
    query = sa.select(_c.id, _c.state).where(_c.id.in_(sorted(set(ids)))).order_by(_c.id).with_for_update()
    return {row.id: row.state for row in tx.execute(query)}


def removals_pending(tx: Tx, connection: str, limit: int = 1000) -> list[FileRow]:
    """Files whose bytes are kept and which the after-read policy wants away, oldest first."""
    query = sa.select(*_COLUMNS).where(_c.connection == connection, _c.removal == "pending")
    return [FileRow(*row) for row in tx.execute(query.order_by(_c.id).limit(limit))]


def removals_refused(tx: Tx, connection: str, *, after: int, limit: int) -> list[FileRow]:
    """Files that the network refused to give up, from behind that id on and around again."""
    query = sa.select(*_COLUMNS).where(_c.connection == connection, _c.removal == "refused").limit(limit)
    rows = [FileRow(*row) for row in tx.execute(query.where(_c.id > after).order_by(_c.id))]
    if len(rows) < limit and after:
        rows += [FileRow(*row) for row in tx.execute(query.where(_c.id <= after).order_by(_c.id))]
    return rows[:limit]


def count_refused(tx: Tx, connection: str, channel: str) -> int:
    """Files of a folder that the network refused to give up."""
    query = sa.select(sa.func.count()).where(_c.connection == connection, _c.removal == "refused")
    return tx.execute(query.where(_c.channel == channel)).scalar_one()


def mark_refused(tx: Tx, ids: Sequence[int]) -> None:
    """The network refused to give these files up: others go first, and these are tried again now and then."""
    if ids:
        tx.execute(sa.update(file).where(_c.id.in_(ids)).values(removal="refused"))
        seals.note(tx, "file", ids)


def refused_again(tx: Tx, connection: str) -> None:
    """What was refused is tried again at once: other settings may do it."""
    where = sa.and_(_c.connection == connection, _c.removal == "refused")
    again = sa.update(file).where(where).values(removal="pending").returning(_c.id)
    seals.note(tx, "file", tx.execute(again).scalars())


def set_partner(tx: Tx, partners: Mapping[int, str]) -> None:
    """Whose files these are, where only their content told it."""
    for file_id, partner in partners.items():
        tx.execute(sa.update(file).where(_c.id == file_id, _c.partner.is_(None)).values(partner=partner))
    seals.note(tx, "file", partners)


def mark_removed(tx: Tx, ids: Sequence[int]) -> None:
    """The network no longer shows these files where we read them."""
    if ids:
        tx.execute(sa.update(file).where(_c.id.in_(ids)).values(removal="done"))
        seals.note(tx, "file", ids)
