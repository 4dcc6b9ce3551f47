"""Rows against the hashes that events and seals keep of them (ledger.evidence, ledger.seals)."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ml_connector.ledger.audit.problems import Problem
from ml_connector.ledger.database import seals
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.tables.documents import document, event, file, operation, seal
from ml_connector.ledger.work import evidence

_d = document.c
_CHUNK = 500
_TEXTS = sorted(evidence.TEXTS)


@dataclass(slots=True)
class Before:
    """The highest keys that there were when rows got hashes: what is older has some only once it was written again."""

    at: datetime | None = None
    numbers: dict[str, int] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)

    def covers(self, table: str, key: Any) -> bool:
        return str(key) in self.names.get(table, ()) or (isinstance(key, int) and key <= self.numbers.get(table, 0))


def before(tx: Tx) -> Before:
    """What the migration noted."""
    row = tx.execute(sa.select(seal.c.at, seal.c.body).order_by(seal.c.id).limit(1)).one_or_none()
    noted = _parsed(row.body).get(seals.BEFORE, {}) if row is not None else {}
    found = Before(row.at if row is not None else None)
    for table, value in noted.items():
        if isinstance(value, int):
            found.numbers[table] = value
        else:
            found.names[table] = set(value)
    return found


def facts(tx: Tx) -> list[str]:
    """Since when there are hashes, where the ledger is older."""
    then = before(tx)
    last = then.numbers.get("event", 0)
    if not last or then.at is None:
        return []
    e = event.c
    bare = sa.select(sa.func.count()).where(~sa.exists().where(e.document_id == _d.id, e.id > last).correlate(document))
    count = tx.execute(bare.select_from(document)).scalar_one()
    return [
        f"hashes of rows are kept since {then.at.isoformat(timespec='seconds')}, from event {last + 1} on; "
        f"{count} documents have not been touched since, and have none"
    ]


# --- documents ----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Told:
    """What a document's events say of it, the newest of each."""

    seq: int = 0
    at: datetime | None = None
    row: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    bytes: str = ""
    operations: dict[str, str] = field(default_factory=dict)
    bare: int = 0


def documents(tx: Tx) -> Iterator[Problem]:
    """Every document's columns, texts, bytes and done writes against its events."""
    then = before(tx)
    last = 0
    while True:
        ids = list(tx.execute(sa.select(_d.id).where(_d.id > last).order_by(_d.id).limit(_CHUNK)).scalars())
        if not ids:
            return
        last = ids[-1]
        told = _told(tx, ids, then.numbers.get("event", 0))
        yield from _against_documents(tx, ids, told)


def _told(tx: Tx, ids: list[int], without: int) -> dict[int, _Told]:
    e = event.c
    query = (
        sa.select(e.id, e.document_id, e.seq, e.at, e.evidence)
        .where(e.document_id.in_(ids))
        .order_by(e.document_id, e.seq)
    )
    found: dict[int, _Told] = {}
    for row in tx.execute(query):
        one = found.setdefault(row.document_id, _Told())
        said = _parsed(row.evidence)
        if not said:
            if row.id > without:
                one.bare = one.bare or row.seq
            continue
        one.seq, one.at, one.row = row.seq, row.at, str(said.get("row", ""))
        one.texts |= {name: str(said[name]) for name in _TEXTS if name in said}
        one.bytes = str(said.get("bytes", one.bytes))
        one.operations |= said.get("operations", {})
    return found


def _against_documents(tx: Tx, ids: list[int], told: dict[int, _Told]) -> Iterator[Problem]:
    texts = [_d[name] for name in _TEXTS]
    query = sa.select(_d.id, _d.updated_at, file.c.sha256, *texts, *evidence.ROW_COLUMNS)
    query = query.outerjoin(file, file.c.id == _d.file_id).where(_d.id.in_(ids)).order_by(_d.id)
    writes = _done(tx, ids)
    for key, updated_at, sha256, *rest in tx.execute(query):
        said = told.get(key)
        if said is None:
            continue
        where = f"document {key}"
        if said.bare:
            yield Problem("event", where, f"event {said.bare} has no hashes")
        if not said.seq:
            continue
        stored = dict(zip(_TEXTS, rest, strict=False))
        row = dict(zip(evidence.ROW, rest[len(_TEXTS) :], strict=True))
        if evidence.row_hash(row) != said.row or updated_at != said.at:
            yield Problem("evidence", where, f"its columns are not those of event {said.seq}")
        for name, value in said.texts.items():
            if evidence.text_hash(stored[name]) != value:
                yield Problem("evidence", where, f"its {name} is not what its events tell")
        if said.bytes and row["file_id"] is not None and sha256 != said.bytes:
            yield Problem("evidence", where, "its file is not of the bytes that its events tell")
        for name, value in said.operations.items():
            if writes.get(name) != value:
                yield Problem("evidence", where, f"its write {name} is not what its events tell")


def _done(tx: Tx, ids: list[int]) -> dict[str, str]:
    writes = list(tx.execute(sa.select(operation.c.id).where(operation.c.document_id.in_(ids))).scalars())
    found: dict[str, str] = {}
    for one in evidence.done_operations(tx, writes).values():
        found |= one
    return found


# --- everything else -----------------------------------------------------------------------------


def sealed(tx: Tx) -> Iterator[Problem]:
    """Every sealed row against its newest seal. The newest hashes stand in a database that goes when it is closed."""
    then = before(tx)
    if then.at is None:
        yield Problem("seal", "seals", "the first seal is gone")
    # An empty name: on disk, private, deleted by itself.
    with closing(sqlite3.connect("")) as newest:
        newest.execute("CREATE TABLE newest (name TEXT, key TEXT, hash TEXT, PRIMARY KEY (name, key)) WITHOUT ROWID")
        yield from _collect(tx, newest)
        for name, one in seals.SEALED.items():
            yield from _against_rows(tx, newest, name, one, then)


def _collect(tx: Tx, newest: sqlite3.Connection) -> Iterator[Problem]:
    query = sa.select(seal.c.id, seal.c.at, seal.c.body, seal.c.hash).order_by(seal.c.id)
    for row in tx.execute(query.execution_options(yield_per=1000)):
        if seals.hash_of(row.at, row.body) != row.hash:
            yield Problem("seal", f"seal {row.id}", "it does not fit its hash")
        values = [
            (name, key, value)
            for name, keys in _parsed(row.body).items()
            if name != seals.BEFORE
            for key, value in keys.items()
        ]
        newest.executemany("INSERT OR REPLACE INTO newest VALUES (?, ?, ?)", values)


def _against_rows(tx: Tx, newest: sqlite3.Connection, name: str, one: seals.Sealed, then: Before) -> Iterator[Problem]:
    key = one.table.c[one.key]
    query = sa.select(key, *(one.table.c[column] for column in one.columns)).order_by(key)
    for row in tx.execute(query.execution_options(yield_per=1000)):
        found = newest.execute("SELECT hash FROM newest WHERE name = ? AND key = ?", (name, str(row[0]))).fetchone()
        where = f"{name} {row[0]}"
        if found is None:
            if not then.covers(name, row[0]):
                yield Problem("seal", where, "the row was not written by this program")
        elif found[0] != seals.digest(one.columns, row[1:]):
            yield Problem("seal", where, "the row is not what was written last")
        newest.execute("DELETE FROM newest WHERE name = ? AND key = ?", (name, str(row[0])))
    query_left = "SELECT key FROM newest WHERE name = ? AND hash <> ? ORDER BY key"
    for (left,) in newest.execute(query_left, (name, seals.GONE)):
        yield Problem("seal", f"{name} {left}", "the row is gone")


def _parsed(text: str | None) -> dict[str, Any]:
    """What was changed into something else holds nothing; its hash tells."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
