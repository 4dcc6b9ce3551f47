"""Every column of every table: an edit by SQL is found, or `docs/ledger.md` says why it is not evidence.

The page's table is what is tested: a column that it does not decide fails here by name.
"""

import ast
import json
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

import ml_connector
from ml_connector.credentials.secrets import Secret
from ml_connector.credentials.vault import Vault
from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.flows.core.ports import StoredOperation
from ml_connector.ledger.audit import chain_heads, restores, retention
from ml_connector.ledger.audit.verify import Problem, verify
from ml_connector.ledger.coordination import alerts, cursors, sequences
from ml_connector.ledger.database import seals
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.database.seals import LABELS, SEALED, hash_of
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import bookings, envelopes, files, inbox, remote_listing, snapshots
from ml_connector.ledger.exchange.envelopes import GroupEnd, InterchangeEnd, NewGroup, NewInterchange
from ml_connector.ledger.names import naming
from ml_connector.ledger.names import renaming as names
from ml_connector.ledger.tables.columns import Amount, Moment
from ml_connector.ledger.tables.documents import (
    blob,
    document,
    event,
    file,
    metadata,
    operation,
    remote_file,
    renaming,
    restore,
    seal,
    sequence,
)
from ml_connector.ledger.work import documents, events, operations
from ml_connector.ledger.work.evidence import ROW, TEXTS
from ml_connector.ledger.work.records import Move, NewDocument
from ml_connector.ledger.work.states import EXPLAINED, moves_of
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.ledger.samples import BY, add, invoice, order, walk
from ml_connector_tests.ledger.tamper import rewrite
from ml_connector_tests.ledger.test_files import new_file
from ml_connector_tests.ledger.test_operations import Written, new
from ml_connector_tests.support.clocks import StillClock

PAGE = Path(__file__).parents[2] / "docs" / "ledger.md"
NOT_EVIDENCE = "not evidence"
KEY = b"the key of the tombstones"


@dataclass(frozen=True)
class Decided:
    """What the page says of a column."""

    table: str
    column: str
    found_by: str


def _decided() -> dict[tuple[str, str], Decided]:
    rows = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE)
    return {
        (table, column.strip()): Decided(table, column.strip(), found_by.strip())
        for table, columns, found_by in rows
        for column in columns.split(",")
    }


DECIDED = _decided()
EVIDENCE = [one for one in DECIDED.values() if not one.found_by.startswith(NOT_EVIDENCE)]
REST = [one for one in DECIDED.values() if one.found_by.startswith(NOT_EVIDENCE)]


def _name(one: Decided) -> str:
    return f"{one.table}-{one.column}"


def test_the_page_decides_every_column_of_every_table() -> None:
    there = {(table.name, column.name) for table in metadata.tables.values() for column in table.columns}
    assert sorted(there - set(DECIDED)) == [], "docs/ledger.md does not say which check finds an edit of these"
    assert sorted(set(DECIDED) - there) == [], "docs/ledger.md names columns that there are not"


def test_the_page_says_what_the_code_hashes() -> None:
    evidence = {("document", name) for name in (*ROW, *TEXTS)}
    said = {key for key, one in DECIDED.items() if one.found_by == "evidence"}
    assert said == evidence | {("document", "updated_at")}
    sealed = {(one.table.name, name) for one in SEALED.values() for name in (one.key, *one.columns)}
    sealed.discard(("document", "id"))
    assert {key for key, one in DECIDED.items() if one.found_by == "seal" and key[0] != "seal"} == sealed


def test_what_is_not_evidence_is_said_with_its_reason() -> None:
    assert [one for one in REST if len(one.found_by.removeprefix(NOT_EVIDENCE)) < 20] == []


def test_who_writes_a_sealed_table_leaves_seals() -> None:
    """Source text: a function that changes such a table without noting it would make `verify` cry wolf."""
    writing = re.compile(rf"(?:insert|update|delete)\((?:tx, )?(?:{'|'.join(set(SEALED) - {'document'})})\)")
    found: list[str] = []
    for path in Path(ml_connector.__file__).parent.rglob("*.py"):
        text = path.read_text()
        if "migrations" in path.parts or not writing.search(text):
            continue
        for node in ast.walk(ast.parse(text)):
            source = ast.get_source_segment(text, node) or "" if isinstance(node, ast.FunctionDef) else ""
            if writing.search(source):
                found.append(f"{path.name}: {node.name}" + ("" if "note(" in source else " leaves no seal"))
    assert len(found) > len(SEALED)
    assert [one for one in found if one.endswith("leaves no seal")] == []


# --- a ledger with everything in it --------------------------------------------------------------


def _path(kind: DocumentKind, direction: Direction, begin: S, end: S) -> list[S]:
    """States to walk through, to a state."""
    moves = moves_of(kind, direction)
    ways: list[list[S]] = [[begin]]
    for way in ways:
        if way[-1] is end:
            return way[1:]
        ways += [[*way, state] for state in sorted(moves.get(way[-1], ())) if state not in way]
    raise AssertionError(f"no way to {end}")


def _in_state(ledger: Ledger, new_document: NewDocument, state: S) -> int:
    (added,) = add(ledger, new_document)
    way = _path(new_document.kind, new_document.direction, new_document.state, state)
    why = {"reason": "bad_value", "reason_detail": {"message": "why", "data": {"n": 1e16, "none": None, "list": [0.1]}}}
    for one in way:
        walk(ledger, added.id, one, **(why if one in EXPLAINED else {"due_at": datetime(2026, 12, 1, tzinfo=UTC)}))
    return added.id


def _fill(ledger: Ledger) -> None:
    """Documents and writes in all states, with files, envelopes and all the rest."""
    with ledger.write() as tx:
        incoming = files.add_file(tx, new_file(files.put_blob(tx, b"ISA of theirs"), remote_id="r1", state="parsed"))
        outgoing = files.add_file(
            tx, new_file(files.put_blob(tx, b"ISA of ours"), direction="out", remote_id=None, state="sent")
        )
        remote_listing.note_listing(tx, "cleo_prod", "/ACME/inbox", [remote_listing.SeenFile("r1", "one.edi", 13)])
        remote_listing.mark_all_stored(tx, "cleo_prod", "/ACME/inbox", {"r1": incoming})
        interchange = envelopes.add_interchange(
            tx,
            NewInterchange(incoming, 0, "in", "exact_cleo", "ZZ/A", "ZZ/B", "000000001", "00401", "P", "held", "acme"),
        )
        group = envelopes.add_group(tx, NewGroup(interchange, 0, "in", "exact_cleo", "IN", 1, "004010", "acme"))
        envelopes.end_interchanges(tx, [InterchangeEnd(interchange, "accepted")])
        envelopes.end_groups(tx, [GroupEnd(group, 1, 1, 1)])
        sequences.reserve(tx, "ISA13:exact_cleo:ZZ/A>ZZ/B", 7)
        snapshots.store(tx, "exact_nl", "123", "vendors", [{"id": "1"}])
        bookings.note(tx, "exact_nl", "123", [bookings.Booking("guid", "vendor", "INV-9", "1", "12.50", "web")])
        cursors.put(tx, "orders:exact_nl", "5")
        renamed = {"at": ledger.clock.now(), "actor": "ann", "what": "partner", "old": "a", "new": "b", "detail": {}}
        seals.note(tx, "renaming", tx.execute(sa.insert(renaming).values(renamed).returning(renaming.c.id)).scalars())
    linked = {"file_id": incoming, "interchange_id": interchange, "byte_start": 0, "byte_end": 13}
    values = {"amount": Decimal("12.50"), "currency": "EUR", "business_date": date(2026, 11, 1)}
    ids: dict[S, int] = {}
    for state in moves_of(DocumentKind.INVOICE, Direction.IN):
        given = linked | values | ({"group_id": group, "set_control": "0001"} if state is S.POSTED else {})
        ids[state] = _in_state(ledger, invoice(f"I-{state}", state=S.RECEIVED, work="{}", **given), state)
    for state in moves_of(DocumentKind.ORDER, Direction.OUT):
        _in_state(ledger, order(f"O-{state}", file_id=outgoing, source="{}", **values), state)
    _name_things(ledger)
    _restore(ledger, _in_state(ledger, order("O-restored", source="{}", **values), S.READ))
    acknowledgment = invoice("A-1", kind=DocumentKind.ORDER_ACKNOWLEDGMENT, flow="acknowledgments_in")
    _in_state(ledger, acknowledgment, S.APPLIED)
    _write(ledger, ids)
    with ledger.write() as tx:
        documents.note(tx, ids[S.POSTED], "looked at", {}, BY)


def _name_things(ledger: Ledger) -> None:
    """What names stood for, a notice, alerts, a credential."""
    books = Books("exact_online", "123")
    with ledger.write() as tx:
        naming.bind_company(tx, "exact_nl", Books("exact_online", "122"), "Before BV", "client:1")
        naming.bind_company(tx, "exact_nl", books, "Acme BV", "client:1")
        naming.bind_integration(tx, naming.IntegrationBinding("exact_cleo", "exact_nl", "cleo_prod", "org", "ZZ/A", []))
        naming.note_counterparties(tx, books, [naming.Counterparty("exact_cleo", "acme", "ZZ/B", "ZZ/B", "", "V1")])
        notice = inbox.NewNotice("exact_nl", "PurchaseOrders", "123", "Update", "guid", "{}")
        inbox.mark_handled(tx, [inbox.add(tx, notice)], "run")
        inbox.add(tx, notice)
        for cause in ("exact_cleo/held", "exact_cleo/late"):
            alerts.open_or_update(tx, cause, 1, {"title": "one"})
            (told,) = alerts.open_alerts(tx, cause)
            alerts.mark_sent(tx, told.id)
        alerts.close(tx, "exact_cleo/held")
        alerts.mark_sent(tx, told.id - 1)
    Vault(ledger, [Fernet.generate_key()]).put("cleo_prod.password", Secret("hunter2"))


def _restore(ledger: Ledger, document_id: int) -> None:
    """A restore that a person settled, and what may have left before it."""
    at = ledger.clock.now()
    values = {"noticed_at": at, "noticed_by": "run", "last_event": 0, "last_document": 0, "until": at}
    values |= {"complete": True, "marker": "", "evidence": {"files_left": 1}}
    with ledger.write() as tx:
        number: int = tx.execute(sa.insert(restore).values(values).returning(restore.c.id)).scalar_one()
        seals.note(tx, "restore", [number])
        row = documents.get(tx, document_id)
        assert row is not None
        restores.add_unknown(tx, number, row)
        restores.decide(tx, restores.open_of(tx), "arrived", "ann")
        assert restores.settle(tx, "ann", "we looked") == 1


def _write(ledger: Ledger, ids: dict[S, int]) -> None:
    """Writes in all states; those of posted and sent documents are done."""
    with ledger.read() as tx:
        (sent,) = tx.execute(sa.select(document.c.id).where(document.c.number == "O-sent")).scalars()
    planned: list[StoredOperation] = []
    with ledger.write() as tx:
        plan = [new(ids[S.POSTED], 0), new(sent, 0, kind="upload", connection="cleo_prod")]
        plan += [new(ids[state], 0) for state in (S.CODED, S.POSTING, S.UNKNOWN_OUTCOME, S.QUARANTINED, S.DISCARDED)]
        planned = operations.plan(tx, plan)
    done, upload, _, flying, unknown, refused, void = planned
    with ledger.write() as tx:
        operations.start(tx, [(one.id, None) for one in (done, upload, flying, unknown, refused)])
    with ledger.write() as tx:
        operations.finish(tx, [(done.id, Written("guid 1", {"entry": "7"})), (upload.id, Written("r7"))])
        operations.mark_unknown(tx, [unknown.id])
        operations.refuse(tx, [(refused.id, "no")])
        operations.void(tx, [void.document_id])
        documents.note(tx, done.document_id, "written", {}, BY)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `ledger.db` and the exported heads, to be copied."""
    folder = tmp_path_factory.mktemp("whole")
    ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", StillClock())
    _fill(ledger)
    chain_heads.export_heads(ledger, folder / "heads.jsonl")
    ledger.close()
    with closing(sqlite3.connect(folder / "ledger.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder


@pytest.fixture
def copied(whole: Path, tmp_path: Path) -> Path:
    for name in ("ledger.db", "heads.jsonl"):
        shutil.copy(whole / name, tmp_path / name)
    return tmp_path


def _found(folder: Path) -> list[Problem]:
    ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", StillClock(), create=False)
    try:
        return verify(ledger, heads_file=folder / "heads.jsonl").problems
    finally:
        ledger.close()


def _edit(folder: Path, statement: str) -> int:
    """As somebody with the file could: without triggers, foreign keys and the program; how many rows."""
    with closing(sqlite3.connect(folder / "ledger.db")) as database, database:
        for table in ("event", "seal"):
            for verb in ("update", "delete"):
                database.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb}")
        return database.execute(statement).rowcount


def test_the_untouched_ledger_is_clean_and_has_everything(copied: Path) -> None:
    assert _found(copied) == []
    with closing(sqlite3.connect(copied / "ledger.db")) as database:
        for name in {one.table for one in EVIDENCE}:
            count = database.execute(f'SELECT count(*) FROM "{name}"').fetchone()
            assert count != (0,), name
        states = {state for (state,) in database.execute("SELECT state FROM document")}
        writes = {state for (state,) in database.execute("SELECT state FROM operation")}
    assert states == {str(state) for state in S}
    assert writes == {"planned", "in_flight", "done", "unknown", "refused", "void"}


def _other(column: sa.Column[Any]) -> str:
    """An SQL expression for another value, one for each row (some columns are unique)."""
    kind = column.type
    if isinstance(kind, Moment):
        return "datetime('2001-01-01', '+' || rowid || ' hours') || '.000000'"
    if isinstance(kind, Amount):
        return "'99.' || rowid"
    if isinstance(kind, sa.Date):
        return "date('2001-01-01', '+' || rowid || ' days')"
    if isinstance(kind, sa.JSON):
        return "'{\"edited\": true}'"
    if isinstance(kind, sa.LargeBinary):
        return "x'00'"
    if isinstance(kind, sa.Boolean):
        return f'NOT coalesce("{column.name}", 0)'
    if isinstance(kind, sa.Integer):
        return f'coalesce("{column.name}", 0) + 100000'
    return "'edited ' || rowid"


#: Checks that name every row.
_NAMED_ONE_BY_ONE = ("evidence", "seal")


@pytest.mark.parametrize(
    "one",
    [one for one in DECIDED.values() if not one.found_by.startswith(NOT_EVIDENCE)],
    ids=lambda one: f"{one.table}-{one.column}",
)
def test_an_edit_is_found(copied: Path, one: Decided) -> None:
    column = metadata.tables[one.table].c[one.column]
    assert _edit(copied, f'UPDATE "{one.table}" SET "{one.column}" = {_other(column)}') > 0
    found = _found(copied)
    assert one.found_by in {problem.check for problem in found}
    if one.found_by not in _NAMED_ONE_BY_ONE or one.table == "seal":
        return
    with closing(sqlite3.connect(copied / "ledger.db")) as database:
        key = next(iter(metadata.tables[one.table].primary_key)).name
        rows = {f"{one.table} {row}" for (row,) in database.execute(f'SELECT "{key}" FROM "{one.table}"')}
    assert rows <= {problem.where for problem in found if problem.check == one.found_by}, "every row is named"


@pytest.mark.parametrize(
    "one",
    [one for one in DECIDED.values() if one.found_by.startswith(NOT_EVIDENCE)],
    ids=lambda one: f"{one.table}-{one.column}",
)
def test_what_is_not_evidence_may_change(copied: Path, one: Decided) -> None:
    """The page does not say less than is found."""
    column = metadata.tables[one.table].c[one.column]
    if (one.table, one.column) not in {("remote_file", "remote_id"), ("remote_file", "file_id")}:
        _edit(copied, f'UPDATE "{one.table}" SET "{one.column}" = {_other(column)}')
    assert _found(copied) == []


# --- what was asked for by name, on both databases -------------------------------------------------


@pytest.fixture
def full(ledger: Ledger) -> Ledger:
    _fill(ledger)
    return ledger


def _checks(ledger: Ledger, **options: Any) -> set[tuple[str, str]]:
    return {(one.check, one.where) for one in verify(ledger, **options).problems}


def test_a_full_ledger_is_clean(full: Ledger) -> None:
    report = verify(full)
    assert (report.problems, report.facts) == ([], [])


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        (operation, "payload", "{}"),
        (operation, "outside_id", "another"),
        (operation, "attempts", 9),
        (operation, "outcome", {"entry": "8"}),
        (operation, "last_attempt_at", datetime(2020, 1, 1, tzinfo=UTC)),
        (document, "canonical", "{}"),
        (document, "amount", Decimal("12.51")),
        (document, "number", "I-0"),
        (document, "partner", "other"),
        (document, "due_at", datetime(2020, 1, 1, tzinfo=UTC)),
        (document, "business_date", date(2020, 1, 1)),
        (document, "reason_detail", {"message": "another"}),
        (document, "snapshots", {"vendors": 9}),
        (file, "name", "other.edi"),
        (file, "partition_date", date(2020, 1, 1)),
        (sequence, "next_value", 3),
    ],
    ids=lambda value: getattr(value, "name", str(value))[:12],
)
def test_an_edit_is_found_on_both_databases(full: Ledger, table: sa.Table, column: str, value: Any) -> None:
    rewrite(full, sa.update(table).values({column: value}))
    with full.read() as tx:
        (key,) = table.primary_key
        rows = tx.execute(sa.select(key)).scalars().all()
    check = "evidence" if table is document and column not in LABELS else "seal"
    assert {(check, f"{table.name} {row}") for row in rows} <= _checks(full)


def test_a_file_and_its_bytes_swapped_together(full: Ledger) -> None:
    with full.write() as tx:
        other = files.put_blob(tx, b"ISA of others")
    rewrite(full, sa.update(file).where(file.c.id == 1).values(sha256=other, size=13))
    found = _checks(full)
    assert ("seal", "file 1") in found
    assert {where for check, where in found if check == "evidence"}, "the documents know the bytes they came from"


def test_bytes_taken_away_as_if_pruned(full: Ledger, clock: StillClock) -> None:
    rewrite(full, sa.update(file).where(file.c.id == 1).values(pruned_at=clock.now()))
    rewrite(full, sa.delete(blob).where(blob.c.data == b"ISA of theirs"))
    assert _checks(full) == {("seal", "file 1")}


def test_rows_that_are_gone_and_rows_that_nobody_wrote(full: Ledger) -> None:
    rewrite(full, sa.delete(operation).where(operation.c.state == "planned"))
    with full.read() as tx:
        row = dict(tx.execute(sa.select(operation).where(operation.c.state == "done").limit(1)).mappings().one())
    rewrite(full, sa.insert(operation).values(row | {"id": 77, "key": "another", "position": 5, "outside_id": "x"}))
    messages = {one.message for one in verify(full).problems if one.check == "seal"}
    assert messages == {"the row is gone", "the row was not written by this program"}


def test_a_file_that_counts_as_read_and_was_not(full: Ledger) -> None:
    with full.write() as tx:
        remote_listing.note_listing(tx, "cleo_prod", "/ACME/inbox", [remote_listing.SeenFile("r2", "two.edi", 5)])
    assert verify(full).clean
    rewrite(full, sa.update(remote_file).values(state="stored"))
    assert _checks(full) == {("listing", "folder /ACME/inbox")}


def test_a_pruned_ledger_is_clean(full: Ledger, clock: StillClock) -> None:
    clock.move(3600)
    assert retention.prune(full, clock.now(), key=KEY, by=BY).documents > 0
    assert verify(full, key=KEY).problems == []


def test_names_that_were_taken_over_are_sealed(full: Ledger) -> None:
    with full.write() as tx:
        names.rename_connection(tx, "exact_nl", "exact_be", actor="ann", why="moved")
        names.rename_integration(tx, "exact_cleo", "be_cleo", actor="ann", why="moved")
    assert {one.check for one in verify(full).problems} <= {"tallies"}


def test_numbers_raised_by_a_person_are_sealed(full: Ledger) -> None:
    with full.write() as tx:
        sequences.raise_to(tx, "ISA13:exact_cleo:ZZ/A>ZZ/B", 500)
    assert verify(full).clean


def _change(ledger: Ledger, **changes: Any) -> None:
    with ledger.write() as tx:
        documents.move(tx, [Move(1, None, "changed", changes=changes)], BY)


def _forget_hashes(ledger: Ledger) -> int:
    """As the migration leaves an older ledger: events without evidence, one seal that tells how far they reach."""
    rewrite(ledger, "DELETE FROM seal")
    with ledger.read() as tx:
        stored = list(events.stream(tx))
        before: dict[str, Any] = {"event": stored[-1].id}
        for name, one in SEALED.items():
            keys = list(tx.execute(sa.select(one.table.c[one.key])).scalars())
            before[name] = max(keys) if isinstance(keys[0], int) else keys
    chain: dict[int, str] = {}
    for row in stored:
        plain = replace(row, evidence=None)
        chain[row.document_id] = events.hash_of(chain.get(row.document_id, ""), plain)
        values = {"evidence": None, "hash": chain[row.document_id]}
        rewrite(ledger, sa.update(event).where(event.c.id == row.id).values(values))
        at_head = sa.update(document).where(document.c.id == row.document_id)
        rewrite(ledger, at_head.values(head_hash=chain[row.document_id]))
    at, body = ledger.clock.now(), json.dumps({"before": before})
    rewrite(ledger, sa.insert(seal).values(id=1, at=at, body=body, hash=hash_of(at, body)))
    return stored[-1].id


def test_a_ledger_from_before_says_since_when_there_are_hashes(ledger: Ledger) -> None:
    """As the migration leaves one: events without evidence, rows without seals, and a note of how far they reach."""
    _fill(ledger)
    last = _forget_hashes(ledger)
    report = verify(ledger)
    assert report.problems == []
    (fact,) = report.facts
    assert f"from event {last + 1} on" in fact
    _change(ledger, amount=Decimal(5))
    assert verify(ledger).problems == []
    rewrite(ledger, sa.update(document).where(document.c.id == 1).values(amount=Decimal(6)))
    assert _checks(ledger) == {("evidence", "document 1")}


# --- rows taken away and put in, and values that are none of their column's -----------------------

#: Tables with columns that are evidence.
TABLES = sorted({one.table for one in EVIDENCE})


@pytest.mark.parametrize("name", [name for name in TABLES if name != "chain_head"])
def test_a_row_that_was_taken_away_is_found(copied: Path, name: str) -> None:
    """The newest one: of the others something younger would tell.

    The row of the newest export is that of a program which ended before it: the line is compared all the same.
    """
    assert _edit(copied, f'DELETE FROM "{name}" WHERE rowid = (SELECT max(rowid) FROM "{name}")') == 1
    assert _found(copied)


def _put_in(folder: Path, name: str) -> None:
    """A copy of a row under keys of its own."""
    table = metadata.tables[name]
    with closing(sqlite3.connect(folder / "ledger.db")) as database:
        database.row_factory = sqlite3.Row
        row = dict(database.execute(f'SELECT * FROM "{name}" ORDER BY rowid DESC LIMIT 1').fetchone())
    indexes = [index.columns for index in table.indexes if index.unique]
    constraints = [one.columns for one in table.constraints if isinstance(one, sa.UniqueConstraint)]
    for column in {
        column.name: column for unique in (*indexes, *constraints, table.primary_key.columns) for column in unique
    }:
        value = row[column]
        row[column] = value + 5000 if isinstance(value, int) else value and f"{value} too"
    with closing(sqlite3.connect(folder / "ledger.db")) as database, database:
        names = ", ".join(f'"{column}"' for column in row)
        database.execute(f'INSERT INTO "{name}" ({names}) VALUES ({", ".join("?" * len(row))})', list(row.values()))


@pytest.mark.parametrize("name", [name for name in TABLES if name not in {"blob", "seal"}])
def test_a_row_that_was_put_in_is_found(copied: Path, name: str) -> None:
    """Bytes of no file prove nothing, and a seal that is said twice says nothing new."""
    _put_in(copied, name)
    assert _found(copied)


@pytest.mark.parametrize("nonsense", ["x'ff00'", "CAST(x'ff00' AS TEXT)", "1e300", "'no such thing'"])
def test_values_that_are_none_of_their_column_are_found(copied: Path, nonsense: str) -> None:
    """SQLite keeps what it is given: `verify` names the rows, and does not fail over them."""
    for name in TABLES:
        table = metadata.tables[name]
        for column in table.columns:
            if not column.primary_key:
                last = f'rowid = (SELECT max(rowid) FROM "{name}")'
                assert _edit(copied, f'UPDATE "{name}" SET "{column.name}" = {nonsense} WHERE {last}') == 1
    found = {problem.where.split()[0] for problem in _found(copied) if problem.check == "value"}
    # Tables of text and bytes alone hold whatever they are given; that it is something else is what seals tell.
    assert set(TABLES) - found <= {"position", "tally", "blob", "seal"}


@pytest.mark.parametrize(
    "column", ["due_at", "amount", "business_date", "reason_detail", "state", "number", "attempts"]
)
def test_one_value_that_cannot_be_read_is_found(copied: Path, column: str) -> None:
    _edit(copied, f"UPDATE document SET {column} = CAST(x'ff' AS TEXT) WHERE id = 2")
    assert _found(copied)
