"""Versions of the reference tables. A version is stored when the content differs; every decision names its versions.

Rows are kept as JSON lines, sorted by id, compressed, in a blob. A row is an object with a unique text `id`.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from ml_connector.documents.common import Record
from ml_connector.documents.records import stored_values
from ml_connector.errors import WeAreWrong
from ml_connector.ledger.database import seals
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.exchange.blobs import put_blob, read_blob
from ml_connector.ledger.tables.documents import snapshot
from ml_connector.ledger.work.events import plain

#: Changed rows told one by one; all are counted.
SAMPLES = 20
Row = Mapping[str, Any]
_c = snapshot.c
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=plain).encode


class _Id(msgspec.Struct):
    """What tells a row from the others; the rest of it is passed over."""

    id: str


_id = msgspec.json.Decoder(_Id).decode


@dataclass(frozen=True, slots=True)
class Stored:
    """What storing did. changed: a new version was made. changes: see `compare`."""

    version: int
    row_count: int
    changed: bool
    changes: dict[str, Any]
    taken_at: datetime
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A version with its rows, as dicts."""

    version: int
    taken_at: datetime
    checked_at: datetime
    digest: str
    row_count: int
    changes: dict[str, Any]
    cursor: str | None
    rows: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class SnapshotInfo:
    """A version without its rows."""

    version: int
    taken_at: datetime
    checked_at: datetime
    digest: str
    sha256: str
    row_count: int
    changes: dict[str, Any]
    cursor: str | None


_INFO = [snapshot.c[name] for name in SnapshotInfo.__slots__]


def store(
    tx: Tx,
    connection: str,
    company: str,
    table: str,
    rows: Sequence[Row | Record],
    *,
    complete: bool = True,
    removed: Iterable[str] = (),
    cursor: str | None = None,
) -> Stored:
    """Keep a table as read. Unchanged content makes no version: only its checked_at and cursor move.

    complete: `rows` is the whole table. Otherwise rows are changes upon the newest version, `removed` the ids gone.

    Raises:
        WeAreWrong: a row without an id, or two of one id in a whole table.
    """
    lines = _lines(rows, unique=complete)
    latest = _latest(tx, connection, company, table, lock=True)
    before = _stored_lines(tx, latest) if latest is not None else {}
    if not complete:
        gone = set(removed)
        lines = {**{key: line for key, line in before.items() if key not in gone}, **lines}
    at = now(tx)
    text = "\n".join(lines[key] for key in sorted(lines))
    digest = hashlib.sha256(text.encode()).hexdigest()
    if latest is not None and digest == latest.digest:
        values: dict[str, Any] = {"checked_at": at}
        if cursor is not None:
            values["cursor"] = cursor
        changed = sa.update(snapshot).where(_key(connection, company, table, latest.version)).values(values)
        seals.note(tx, "snapshot", tx.execute(changed.returning(_c.id)).scalars())
        return Stored(latest.version, latest.row_count, False, compare({}, {}), latest.taken_at, at)
    version = latest.version + 1 if latest is not None else 1
    changes = compare(before, lines) if latest is not None else {**compare({}, {}), "added": len(lines), "first": True}
    added = tx.execute(
        sa.insert(snapshot)
        .values(
            connection=connection,
            company=company,
            table_name=str(table),
            version=version,
            taken_at=at,
            checked_at=at,
            digest=digest,
            sha256=put_blob(tx, zlib.compress(text.encode(), 6)),
            row_count=len(lines),
            changes=changes,
            cursor=cursor if cursor is not None or latest is None else latest.cursor,
        )
        .returning(_c.id)
    )
    seals.note(tx, "snapshot", added.scalars())
    return Stored(version, len(lines), True, changes, at, at)


def _lines(rows: Sequence[Row | Record], *, unique: bool) -> dict[str, str]:
    lines: dict[str, str] = {}
    for row in rows:
        values = stored_values(row) if isinstance(row, Record) else row
        key = values.get("id")
        if not isinstance(key, str) or not key:
            raise WeAreWrong("A reference row has no id.")
        if unique and key in lines:
            raise WeAreWrong(f"Two reference rows have the id {key[:80]}.")
        lines[key] = _encode(values)
    return lines


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Any]:
    """What changed between two versions (id -> JSON line).

    {"added": 1, "changed": 2, "removed": 0, "samples": [{"id", "change": "added|changed|removed", "code", "fields":
    {name: [before, after]}}]}, at most SAMPLES samples.
    """
    added = [key for key in after if key not in before]
    gone = [key for key in before if key not in after]
    changed = [key for key, line in after.items() if key in before and before[key] != line]
    samples: list[dict[str, Any]] = []
    for key in changed[:SAMPLES]:
        samples.append(_changed_sample(key, json.loads(before[key]), json.loads(after[key])))
    for kind, keys, source in (("removed", gone, before), ("added", added, after)):
        for key in keys[: SAMPLES - len(samples)]:
            samples.append({"id": key, "change": kind, **_names(json.loads(source[key]))})
    return {"added": len(added), "changed": len(changed), "removed": len(gone), "samples": samples}


def _changed_sample(key: str, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    fields = {
        name: [_short(old.get(name)), _short(new.get(name))]
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    }
    return {"id": key, "change": "changed", **_names(new), "fields": fields}


def _names(row: dict[str, Any]) -> dict[str, Any]:
    """What a person calls the row."""
    wanted = ("code", "number", "name", "description")
    return {name: row[name] for name in wanted if isinstance(row.get(name), str) and row[name]}


def _short(value: Any) -> Any:
    """Nested values by their size: the whole rows stand in the versions."""
    if isinstance(value, list):
        return f"{len(value)} entries"
    if isinstance(value, str) and len(value) > 120:
        return value[:117] + "..."
    return value


def _key(connection: str, company: str, table: str, version: int | None = None) -> sa.ColumnElement[bool]:
    which = sa.and_(_c.connection == connection, _c.company == company, _c.table_name == str(table))
    return which if version is None else sa.and_(which, _c.version == version)


def _latest(tx: Tx, connection: str, company: str, table: str, *, lock: bool = False) -> SnapshotInfo | None:
    if lock and tx.dialect.name == "postgresql":
        # Two writers of one table take turns; the first version has no row to lock.
        scope = hashlib.sha256(f"snapshot|{connection}|{company}|{table}".encode()).digest()[:8]
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(int.from_bytes(scope, "big", signed=True))))
    query = sa.select(*_INFO).where(_key(connection, company, table)).order_by(_c.version.desc()).limit(1)
    row = tx.execute(query).one_or_none()
    return None if row is None else SnapshotInfo(*row)


def _text(tx: Tx, info: SnapshotInfo) -> str:
    return zlib.decompress(read_blob(tx, info.sha256)).decode()


def _stored_lines(tx: Tx, info: SnapshotInfo) -> dict[str, str]:
    text = _text(tx, info)
    return {_id(line).id: line for line in text.split("\n")} if text else {}


def tables(tx: Tx, connection: str, company: str) -> list[str]:
    """Names of the tables that were ever read of a connection."""
    query = sa.select(_c.table_name).where(_c.connection == connection, _c.company == company).distinct()
    return sorted(tx.execute(query).scalars())


def latest_version(tx: Tx, connection: str, company: str, table: str) -> int:
    """The newest version; 0 when the table was never read."""
    latest = _latest(tx, connection, company, table)
    return latest.version if latest is not None else 0


def info(tx: Tx, connection: str, company: str, table: str) -> SnapshotInfo | None:
    """The newest version without its rows."""
    return _latest(tx, connection, company, table)


def versions(tx: Tx, connection: str, company: str, table: str, *, limit: int = 100) -> list[SnapshotInfo]:
    """The versions of a table, newest first."""
    query = sa.select(*_INFO).where(_key(connection, company, table)).order_by(_c.version.desc()).limit(limit)
    return [SnapshotInfo(*row) for row in tx.execute(query)]


def cursor(tx: Tx, connection: str, company: str, table: str) -> str | None:
    """Where the next incremental read goes on."""
    latest = _latest(tx, connection, company, table)
    return latest.cursor if latest is not None else None


def load(
    tx: Tx,
    connection: str,
    company: str,
    table: str,
    *,
    version: int | None = None,
    as_of: date | None = None,
) -> Snapshot | None:
    """A version with its rows: the newest, a given one, or the one that held at the end of a UTC day.

    None when there is no such version.
    """
    found = _version(tx, connection, company, table, version=version, as_of=as_of)
    if found is None:
        return None
    text = _text(tx, found)
    rows = json.loads(f"[{text.replace(chr(10), ',')}]", parse_float=Decimal) if text else []
    return Snapshot(
        found.version,
        found.taken_at,
        found.checked_at,
        found.digest,
        found.row_count,
        found.changes,
        found.cursor,
        rows,
    )


def load_lines(
    tx: Tx, connection: str, company: str, table: str, *, as_of: date | None = None
) -> tuple[int, list[str]] | None:
    """A version's number and its rows as JSON lines: a large table takes a sixth of what its rows as dicts do."""
    found = _version(tx, connection, company, table, as_of=as_of)
    if found is None:
        return None
    text = _text(tx, found)
    return found.version, text.split("\n") if text else []


def _version(
    tx: Tx, connection: str, company: str, table: str, *, version: int | None = None, as_of: date | None = None
) -> SnapshotInfo | None:
    query = sa.select(*_INFO).where(_key(connection, company, table, version))
    if as_of is not None:
        query = query.where(_c.taken_at < datetime.combine(as_of + timedelta(days=1), time(), UTC))
    row = tx.execute(query.order_by(_c.version.desc()).limit(1)).one_or_none()
    return None if row is None else SnapshotInfo(*row)
