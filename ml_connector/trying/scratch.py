"""A scratch ledger: a temporary SQLite database with what the tried documents can touch of the real one.

The real ledger is only read, in one reading transaction; nothing of it is locked or changed. Secrets are not copied.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ml_connector.clock import Clock
from ml_connector.flows import registry
from ml_connector.flows.core.spec import INBOUND
from ml_connector.ledger.database.store import Ledger, Tx, ledger_url, make_engine
from ml_connector.ledger.tables import documents as t
from ml_connector.ledger.work.states import FINISHED

#: Small tables that are copied whole: names, positions, control numbers, restores, bookings made by others.
WHOLE = (
    t.company_binding,
    t.integration_binding,
    t.counterparty,
    t.renaming,
    t.position,
    t.sequence,
    t.restore,
    t.departure,
    t.booking,
)
#: Quantities of these are spoken for, whatever they name.
PENDING = ("matched", "coded", "posting", "unknown_outcome")
#: Documents that one look at the ledger may bring at most.
MOST = 20_000
#: What is copied waits for ever: only what is tried is worked on.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_CHUNK = 400


@dataclass
class Wanted:
    """What the tried documents name: the ledger's documents of it are copied."""

    texts: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    amounts: set[Decimal] = field(default_factory=set)
    #: Functional id and number of groups, and numbers of interchanges, that answers name.
    groups: set[tuple[str, int]] = field(default_factory=set)
    interchanges: set[str] = field(default_factory=set)
    #: Control numbers and contents that may have come before.
    controls: set[str] = field(default_factory=set)
    hashes: set[str] = field(default_factory=set)
    #: Documents that are to be there, whatever they name.
    ids: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Copied:
    """State of each document that was copied, by id, as the real ledger has it."""

    states: dict[int, str]


@contextmanager
def scratch(clock: Clock) -> Iterator[Ledger]:
    """An empty ledger that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="ml-connector-try-") as folder:
        engine = make_engine(ledger_url(f"sqlite:///{Path(folder) / 'scratch.db'}"), clock)
        with engine.begin() as connection:
            t.metadata.create_all(connection)
        ledger = Ledger(engine, clock)
        try:
            yield ledger
        finally:
            ledger.close()


def fill(real: Ledger, into: Ledger, connection: str, wanted: Wanted, *, as_of: date | None) -> Copied:
    """Copy what a try needs: names, positions, the snapshots that hold, and the documents that are wanted."""
    with real.read() as source:
        if source.dialect.name == "postgresql":
            # One picture of the ledger, whatever others commit meanwhile.
            source.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with into.engine.begin() as target:
            for table in WHOLE:
                _copy(source, target, table, sa.true())
            _copy_snapshots(source, target, connection, as_of)
            return Copied(_copy_documents(source, target, wanted))


def _copy(source: Tx, target: Tx, table: sa.Table, which: sa.ColumnElement[bool], **changed: Any) -> list[Any]:
    """Copy rows; those that are there already stay. The rows."""
    rows = [dict(row) | changed for row in source.execute(sa.select(table).where(which)).mappings()]
    for start in range(0, len(rows), _CHUNK):
        target.execute(sa.insert(table).prefix_with("OR IGNORE"), rows[start : start + _CHUNK])
    return rows


def _in(source: Tx, target: Tx, table: sa.Table, column: sa.ColumnElement[Any], values: Sequence[Any]) -> list[Any]:
    rows: list[Any] = []
    for start in range(0, len(values), _CHUNK):
        rows += _copy(source, target, table, column.in_(values[start : start + _CHUNK]))
    return rows


def _copy_snapshots(source: Tx, target: Tx, connection: str, as_of: date | None) -> None:
    """The newest version of each table, or the one that held at the end of a day."""
    c = t.snapshot.c
    held = [c.connection == connection]
    if as_of is not None:
        held.append(c.taken_at < datetime.combine(as_of + timedelta(days=1), time(), UTC))
    newest = sa.select(sa.func.max(c.id)).where(*held).group_by(c.connection, c.company, c.table_name)
    rows = _copy(source, target, t.snapshot, c.id.in_(newest))
    _in(source, target, t.blob, t.blob.c.sha256, sorted({row["sha256"] for row in rows}))


def _ids(source: Tx, column: sa.ColumnElement[Any], values: set[Any], *where: sa.ColumnElement[bool]) -> set[int]:
    found: set[int] = set()
    ordered = sorted(values)
    for start in range(0, len(ordered), _CHUNK):
        query = sa.select(t.document.c.id).where(column.in_(ordered[start : start + _CHUNK]), *where).limit(MOST)
        found.update(source.execute(query).scalars())
    return found


def _posting_flows() -> list[str]:
    """Flows whose waiting documents speak for what the ERP has."""
    return [flow.name for flow in registry.every() if flow.direction == INBOUND and flow.waits_for_erp]


def _copy_documents(source: Tx, target: Tx, wanted: Wanted) -> dict[int, str]:
    d = t.document.c
    ids = _ids(source, d.state, set(PENDING), d.flow.in_(_posting_flows()))
    ids |= _ids(source, d.id, wanted.ids) | _ids(source, d.business_key, wanted.keys)
    ids |= _ids(source, d.amount, wanted.amounts)
    ids |= _ids(source, d.group_id, _groups(source, wanted))
    interchanges, files = _came_before(source, target, wanted)
    ids |= _ids(source, d.interchange_id, interchanges) | _ids(source, d.file_id, files)
    ids |= _named(source, wanted.texts)
    # What those belong to: the other revisions and answers of their orders.
    ids |= _named(source, _orders_of(source, ids))
    rows = _rows(source, ids)
    _in(source, target, t.file, t.file.c.id, sorted({r["file_id"] for r in rows if r["file_id"]}))
    groups = {r["group_id"] for r in rows if r["group_id"]}
    of_groups = _envelope_ids(source, groups)
    envelopes = {r["interchange_id"] for r in rows if r["interchange_id"]} | of_groups
    _files_of_interchanges(source, target, envelopes)
    _in(source, target, t.interchange, t.interchange.c.id, sorted(envelopes))
    _in(source, target, t.envelope_group, t.envelope_group.c.id, sorted(groups))
    for row in rows:
        row["claimed_by"] = None
        if row["state"] not in {str(state) for state in FINISHED}:
            row["next_attempt_at"] = NEVER
    for start in range(0, len(rows), _CHUNK):
        target.execute(sa.insert(t.document), rows[start : start + _CHUNK])
    copied = [row["id"] for row in rows]
    _in(source, target, t.operation, t.operation.c.document_id, copied)
    _in(source, target, t.event, t.event.c.document_id, copied)
    open_files = {r["file_id"] for r in rows if r["file_id"] and r["direction"] == "in" and r["state"] == "quarantined"}
    open_files |= {r["file_id"] for r in rows if r["file_id"] and r["id"] in wanted.ids}
    hashes = _hashes(source, open_files)
    _in(source, target, t.blob, t.blob.c.sha256, sorted(hashes))
    return {row["id"]: row["state"] for row in rows}


def _named(source: Tx, texts: set[str]) -> set[int]:
    d = t.document.c
    return _ids(source, d.number, texts) | _ids(source, d.order_number, texts)


def _orders_of(source: Tx, ids: set[int]) -> set[str]:
    found: set[str] = set()
    ordered = sorted(ids)
    for start in range(0, len(ordered), _CHUNK):
        part = ordered[start : start + _CHUNK]
        found.update(source.execute(sa.select(t.document.c.order_number).where(t.document.c.id.in_(part))).scalars())
    return found - {""}


def _rows(source: Tx, ids: set[int]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    ordered = sorted(ids)
    for start in range(0, len(ordered), _CHUNK):
        query = sa.select(t.document).where(t.document.c.id.in_(ordered[start : start + _CHUNK]))
        rows += [dict(row) for row in source.execute(query).mappings()]
    return rows


def _groups(source: Tx, wanted: Wanted) -> set[int]:
    """Groups that we sent and that answers name, by number or by the number of their interchange."""
    g, i = t.envelope_group.c, t.interchange.c
    found: set[int] = set()
    for functional, number in wanted.groups:
        query = sa.select(g.id).where(g.direction == "out", g.functional_id == functional, g.control_number == number)
        found.update(source.execute(query).scalars())
    for control in wanted.interchanges:
        sent = sa.select(i.id).where(i.direction == "out", i.control_number == control)
        found.update(source.execute(sa.select(g.id).where(g.interchange_id.in_(sent))).scalars())
    return found


def _came_before(source: Tx, target: Tx, wanted: Wanted) -> tuple[set[int], set[int]]:
    """Interchanges of the same numbers and files of the same bytes, copied too."""
    i, f = t.interchange.c, t.file.c
    interchanges = set(
        source.execute(sa.select(i.id).where(i.direction == "in", i.control_number.in_(wanted.controls))).scalars()
    )
    files = set(source.execute(sa.select(f.id).where(f.direction == "in", f.sha256.in_(wanted.hashes))).scalars())
    _files_of_interchanges(source, target, interchanges)
    _in(source, target, t.interchange, i.id, sorted(interchanges))
    _in(source, target, t.file, f.id, sorted(files))
    return interchanges, files


def _files_of_interchanges(source: Tx, target: Tx, interchanges: set[int]) -> None:
    i = t.interchange.c
    files: set[int] = set()
    ordered = sorted(interchanges)
    for start in range(0, len(ordered), _CHUNK):
        part = ordered[start : start + _CHUNK]
        files.update(source.execute(sa.select(i.file_id).where(i.id.in_(part))).scalars())
    _in(source, target, t.file, t.file.c.id, sorted(files))


def _envelope_ids(source: Tx, groups: set[int]) -> set[int]:
    g = t.envelope_group.c
    return set(source.execute(sa.select(g.interchange_id).where(g.id.in_(groups))).scalars()) if groups else set()


def _hashes(source: Tx, files: set[int]) -> set[str]:
    return set(source.execute(sa.select(t.file.c.sha256).where(t.file.c.id.in_(files))).scalars()) if files else set()
