"""A ledger that has everything, and edits of it by SQL."""

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet

from ml_connector.credentials.secrets import Secret
from ml_connector.credentials.vault import Vault
from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.flows.core.ports import StoredOperation
from ml_connector.ledger.audit import restores
from ml_connector.ledger.audit.verify import Problem, verify
from ml_connector.ledger.coordination import alerts, cursors, sequences
from ml_connector.ledger.database import seals
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.database.seals import SEALED, hash_of
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import bookings, envelopes, files, inbox, remote_listing, snapshots
from ml_connector.ledger.exchange.envelopes import GroupEnd, InterchangeEnd, NewGroup, NewInterchange
from ml_connector.ledger.names import naming
from ml_connector.ledger.tables.columns import Amount, Moment
from ml_connector.ledger.tables.documents import (
    document,
    event,
    metadata,
    renaming,
    restore,
    seal,
)
from ml_connector.ledger.work import documents, events, operations
from ml_connector.ledger.work.records import Move, NewDocument
from ml_connector.ledger.work.states import EXPLAINED, moves_of
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.ledger.samples import BY, add, invoice, order, walk
from ml_connector_tests.ledger.tamper import rewrite
from ml_connector_tests.ledger.test_files import new_file
from ml_connector_tests.ledger.test_operations import Written, new
from ml_connector_tests.support.clocks import StillClock

PAGE = Path(__file__).parents[3] / "docs" / "ledger.md"


NOT_EVIDENCE = "not evidence"


KEY = b"the key of the tombstones"


@dataclass(frozen=True)
class Decided:
    """What the page says of a column."""

    table: str
    column: str
    found_by: str


def decided() -> dict[tuple[str, str], Decided]:
    rows = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE)
    return {
        (table, column.strip()): Decided(table, column.strip(), found_by.strip())
        for table, columns, found_by in rows
        for column in columns.split(",")
    }


DECIDED = decided()


EVIDENCE = [one for one in DECIDED.values() if not one.found_by.startswith(NOT_EVIDENCE)]


REST = [one for one in DECIDED.values() if one.found_by.startswith(NOT_EVIDENCE)]


def name_of(one: Decided) -> str:
    return f"{one.table}-{one.column}"


def way_to(kind: DocumentKind, direction: Direction, begin: S, end: S) -> list[S]:
    """States to walk through, to a state."""
    moves = moves_of(kind, direction)
    ways: list[list[S]] = [[begin]]
    for way in ways:
        if way[-1] is end:
            return way[1:]
        ways += [[*way, state] for state in sorted(moves.get(way[-1], ())) if state not in way]
    raise AssertionError(f"no way to {end}")


def in_state(ledger: Ledger, new_document: NewDocument, state: S) -> int:
    (added,) = add(ledger, new_document)
    way = way_to(new_document.kind, new_document.direction, new_document.state, state)
    why = {"reason": "bad_value", "reason_detail": {"message": "why", "data": {"n": 1e16, "none": None, "list": [0.1]}}}
    for one in way:
        walk(ledger, added.id, one, **(why if one in EXPLAINED else {"due_at": datetime(2026, 12, 1, tzinfo=UTC)}))
    return added.id


def fill(ledger: Ledger) -> None:
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
        ids[state] = in_state(ledger, invoice(f"I-{state}", state=S.RECEIVED, work="{}", **given), state)
    for state in moves_of(DocumentKind.ORDER, Direction.OUT):
        in_state(ledger, order(f"O-{state}", file_id=outgoing, source="{}", **values), state)
    name_things(ledger)
    restored_once(ledger, in_state(ledger, order("O-restored", source="{}", **values), S.READ))
    acknowledgment = invoice("A-1", kind=DocumentKind.ORDER_ACKNOWLEDGMENT, flow="acknowledgments_in")
    in_state(ledger, acknowledgment, S.APPLIED)
    write_rest(ledger, ids)
    with ledger.write() as tx:
        documents.note(tx, ids[S.POSTED], "looked at", {}, BY)


def name_things(ledger: Ledger) -> None:
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


def restored_once(ledger: Ledger, document_id: int) -> None:
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


def write_rest(ledger: Ledger, ids: dict[S, int]) -> None:
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


def problems_of(folder: Path) -> list[Problem]:
    ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", StillClock(), create=False)
    try:
        return verify(ledger, heads_file=folder / "heads.jsonl").problems
    finally:
        ledger.close()


def edit(folder: Path, statement: str) -> int:
    """As somebody with the file could: without triggers, foreign keys and the program; how many rows."""
    with closing(sqlite3.connect(folder / "ledger.db")) as database, database:
        for table in ("event", "seal"):
            for verb in ("update", "delete"):
                database.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb}")
        return database.execute(statement).rowcount


def other_value(column: sa.Column[Any]) -> str:
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
NAMED_ONE_BY_ONE = ("evidence", "seal")


def checks(ledger: Ledger, **options: Any) -> set[tuple[str, str]]:
    return {(one.check, one.where) for one in verify(ledger, **options).problems}


def change_all(ledger: Ledger, **changes: Any) -> None:
    with ledger.write() as tx:
        documents.move(tx, [Move(1, None, "changed", changes=changes)], BY)


def forget_hashes(ledger: Ledger) -> int:
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


#: Tables with columns that are evidence.
TABLES = sorted({one.table for one in EVIDENCE})


def put_in(folder: Path, name: str) -> None:
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
