"""`ml-connector try`: it says what a run then does, and leaves no trace of itself."""

import socket
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ml_connector.cli.schema import schemas
from ml_connector.flows.posting.postings import operation_key
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.tables.documents import operation
from ml_connector.sandbox.exact import user
from ml_connector.trying.results import NO_KEY
from ml_connector_tests.cli.terminal import Said, say
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.flows.test_files_end_to_end import deliver
from ml_connector_tests.hostile.interchanges import Envelope, Invoice


@pytest.fixture
def stage(tmp_path: Path, fresh_url: str) -> Iterator[Scene]:
    with scene(tmp_path / "home", ledger_url=fresh_url) as made:
        yield made


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path / "home") as made:
        yield made


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def tried(*files: Path, options: tuple[str, ...] = ()) -> Said:
    return say("try", *files, "--json", *options)


def an_invoice(stage: Scene, number: str = "A-1", **envelope: Any) -> bytes:
    (order,) = stage.orders(1)
    return Invoice(number, order, envelope=Envelope(**envelope)).bytes()


def refreshed(stage: Scene) -> None:
    from ml_connector.flows.reference.syncing import refresh_orders

    refresh_orders(stage.integration)


def everything(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    from ml_connector.ledger.tables.documents import metadata

    with ledger.read() as tx:
        return {
            table.name: sorted((tuple(row) for row in tx.execute(table.select())), key=repr)
            for table in metadata.sorted_tables
        }


def test_what_would_be_posted_is_what_a_run_then_posts(stage: Scene, tmp_path: Path) -> None:
    data = an_invoice(stage)
    refreshed(stage)
    said = tried(written(tmp_path, "a.edi", data))
    assert said.code == 0, said.out
    (document,) = said.json["documents"]
    assert document["state"] == "posted"
    deliver(stage, data)
    stage.inbound()
    (row,) = stage.documents("invoices_in")
    assert (str(row.state), row.reason) == (document["state"], None)
    with stage.deployment.ledger.read() as tx:
        writes = tx.execute(operation.select().where(operation.c.document_id == row.id)).mappings().all()
    posted = [(one["target"], one["payload"].replace(operation_key(row), NO_KEY)) for one in writes]
    assert [(one["target"], one["payload"]) for one in document["writes"]] == posted


def test_the_result_fits_its_schema(on_sqlite: Scene, tmp_path: Path) -> None:
    data = an_invoice(on_sqlite)
    refreshed(on_sqlite)
    said = tried(written(tmp_path, "a.edi", data), written(tmp_path, "b.txt", b"ISA"))
    jsonschema.Draft202012Validator(schemas()["try.schema.json"]).validate(said.json)


def test_decisions_say_where_their_values_came_from(on_sqlite: Scene, tmp_path: Path) -> None:
    data = an_invoice(on_sqlite)
    refreshed(on_sqlite)
    (document,) = tried(written(tmp_path, "a.edi", data)).json["documents"]
    told = {(one["what"], one["place"]): (one["value"], one["came_from"]) for one in document["decisions"]}
    assert told["order_line", "line 1"][0] == "26000001 line 1"
    assert told["vat_code", "line 1"] == ("2", "the rule of coding.vat that fits the document's tax")
    assert told["gl_account", "line 1"][1] == "the item in the ERP"
    assert told["cost_center", "line 1"] == ("WHS", "the order line")
    said = say("try", tmp_path / "a.edi")
    # Told without a terminal, too, and beside what is said.
    assert f"Trying file 1 of 1: a.edi ({len(data)} bytes) ..." in said.err
    assert "Trying file" not in said.out
    assert "cost center of line 1: WHS (the order line)" in said.out
    assert "Nothing was written, sent or answered." in said.out


def test_nothing_of_the_ledger_changes(stage: Scene, tmp_path: Path) -> None:
    data = an_invoice(stage)
    refreshed(stage)
    # The worker's heartbeat is the scene's own.
    before = {name: rows for name, rows in everything(stage.deployment.ledger).items() if name != "lease"}
    assert tried(written(tmp_path, "a.edi", data)).code == 0
    after = {name: rows for name, rows in everything(stage.deployment.ledger).items() if name != "lease"}
    assert after == before
    assert stage.posted() == []


def test_what_stands_outside_the_database_is_no_witness_of_the_copy(on_sqlite: Scene, tmp_path: Path) -> None:
    """A scratch ledger lacks what has left: that is no restore, neither here nor in the files that tell of one."""
    first, second = (an_invoice(on_sqlite, number, control=at) for at, number in enumerate(("A-1", "A-2"), 101))
    deliver(on_sqlite, first)
    on_sqlite.inbound()  # and its 997 has left
    assert say("ledger", "export-heads").code == 0
    refreshed(on_sqlite)
    outside = on_sqlite.deployment.outside
    files = [outside.heads, outside.log.path]
    before = [file.read_bytes() for file in files]
    assert all(before)
    said = tried(written(tmp_path, "a.edi", second))
    assert said.code == 0, said.out
    assert [one["state"] for one in said.json["answers"]] != ["quarantined"]
    assert [file.read_bytes() for file in files] == before
    assert on_sqlite.deployment.restore is None


def test_nobody_is_called(on_sqlite: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = an_invoice(on_sqlite)
    refreshed(on_sqlite)

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a try opened a socket")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    assert tried(written(tmp_path, "a.edi", data)).code == 0


def test_what_came_before_is_seen(stage: Scene, tmp_path: Path) -> None:
    (order,) = stage.orders(1)
    invoice = Invoice("A-1", order, envelope=Envelope(control=101))
    deliver(stage, invoice.bytes())
    stage.inbound()
    said = tried(written(tmp_path, "again.edi", invoice.bytes()))
    assert said.json["files"][0]["state"] == "repeated"
    other = replace(invoice, envelope=Envelope(control=102)).bytes()
    said = tried(written(tmp_path, "other.edi", other))
    (document,) = said.json["documents"]
    assert document["state"] == "duplicate"
    assert document["refers_to"] == stage.documents("invoices_in")[0].id


def test_files_are_seen_in_their_order(on_sqlite: Scene, tmp_path: Path) -> None:
    """The second invoice of an order that the first one used up."""
    (order,) = on_sqlite.orders(1)
    refreshed(on_sqlite)
    first = written(tmp_path, "1.edi", Invoice("A-1", order, envelope=Envelope(control=1)).bytes())
    second = written(tmp_path, "2.edi", Invoice("A-2", order, envelope=Envelope(control=2)).bytes())
    states = [(one["number"], one["state"]) for one in tried(first, second).json["documents"]]
    assert states == [("A-1", "posted"), ("A-2", "quarantined")]
    states = [(one["number"], one["state"]) for one in tried(second, first).json["documents"]]
    assert states == [("A-2", "posted"), ("A-1", "quarantined")]


@pytest.mark.parametrize("given", ["missing.edi", "."])
def test_what_is_no_file_is_told(on_sqlite: Scene, tmp_path: Path, given: str) -> None:
    said = tried(tmp_path / given)
    assert said.code == 2
    assert str(tmp_path) in said.json["error"]["message"]


def test_an_integration_that_is_not_there_is_told(on_sqlite: Scene, tmp_path: Path) -> None:
    said = tried(written(tmp_path, "a.edi", b"ISA"), options=("--integration", "nowhere"))
    assert said.code == 2


def test_a_day_before_is_tried_with_the_orders_of_that_day_as_a_run_of_that_day_does(
    on_sqlite: Scene, tmp_path: Path
) -> None:
    """The price was lowered the day after: today the invoice asks too much."""
    stage = on_sqlite
    (order,) = stage.orders(1)
    data = Invoice("A-1", order).bytes()
    refreshed(stage)
    day = stage.sandbox.clock.now().date()
    stage.sandbox.clock.move(24 * 3600)
    stage.sandbox.call(user.change_order_line, stage.sandbox.exact, int(order["number"]), 1, price=Decimal("0.01"))
    refreshed(stage)
    path = written(tmp_path, "a.edi", data)
    assert tried(path).json["documents"][0]["reason"]["code"] == "price_tolerance"
    said = tried(path, options=("--as-of", day.isoformat())).json
    (document,) = said["documents"]
    assert (said["as_of"], document["state"]) == (day.isoformat(), "posted")
    deliver(stage, data)
    stage.inbound(as_of=day)
    (row,) = stage.documents("invoices_in")
    assert str(row.state) == "posted"
    with stage.deployment.ledger.read() as tx:
        writes = tx.execute(operation.select().where(operation.c.document_id == row.id)).mappings().all()
    posted = [(one["target"], one["payload"].replace(operation_key(row), NO_KEY)) for one in writes]
    assert [(one["target"], one["payload"]) for one in document["writes"]] == posted
    assert document["snapshots"] == row.snapshots


def test_a_day_before_anything_was_read_is_told(on_sqlite: Scene, tmp_path: Path) -> None:
    data = an_invoice(on_sqlite)
    said = tried(written(tmp_path, "a.edi", data), options=("--as-of", "2001-01-01"))
    assert said.code == 2
    assert "Nothing was read" in said.json["error"]["message"]


def test_no_file_of_the_ledger_is_left_behind(on_sqlite: Scene, tmp_path: Path) -> None:
    data = an_invoice(on_sqlite)
    refreshed(on_sqlite)
    home = on_sqlite.bench.home
    before = sorted(path.name for path in home.rglob("*"))
    assert tried(written(tmp_path, "a.edi", data)).code == 0
    assert sorted(path.name for path in home.rglob("*")) == before
    assert sqlite3.connect(home / "ledger.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_help_needs_no_work() -> None:
    said = say("try", "--help")
    assert said.code == 0
    assert "without" in said.out or "nothing is" in said.out
