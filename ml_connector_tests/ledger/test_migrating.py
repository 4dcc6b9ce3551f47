"""An earlier ledger migrates and goes on: keys go by company and identity, and stay what they are outside."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from ml_connector.ledger.audit.verify import verify
from ml_connector.ledger.coordination import sequences
from ml_connector.ledger.database import schema
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.database.store import Ledger, ledger_url, make_engine
from ml_connector.ledger.names import naming
from ml_connector.ledger.work import documents
from ml_connector_tests.ledger.tamper import rewrite
from ml_connector_tests.support.clocks import StillClock

MOMENT = "2026-11-20 09:00:00+00:00"


def _at(url: str, revision: str, rows: list[tuple[str, dict[str, Any]]]) -> None:
    """A ledger as an earlier version left it."""
    parsed = ledger_url(url)
    if parsed.get_backend_name() == "sqlite":
        Path(parsed.database or "").parent.mkdir(parents=True)
    engine = make_engine(parsed, StillClock())
    with engine.connect().execution_options(ml_connector_immediate=True) as connection, connection.begin():
        config = Config()
        config.set_main_option("script_location", "ml_connector.ledger:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        for table, values in rows:
            names = ", ".join(f'"{name}"' for name in values)
            given = ", ".join(f":{name}" for name in values)
            connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({given})"), values)
    engine.dispose()


def _document(key: int, **values: Any) -> tuple[str, dict[str, Any]]:
    given: dict[str, Any] = {
        "id": key,
        "kind": "invoice",
        "direction": "in",
        "flow": "invoices_in",
        "integration": "exact_cleo",
        "connection": "exact_nl",
        "company": "123",
        "network": "cleo_prod",
        "partner": "acme",
        "number": "INV-1",
        "revision": 0,
        "order_number": "",
        "business_key": f"exact_nl/123/acme|invoice|INV-{key}|0",
        "partition_date": "2026-11-20",
        "state": "parsed",
        "canonical": "{}",
        "attempts": 0,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "events": 0,
        "head_hash": "",
    }
    return "document", {**given, **values}


def _order(key: int, revision: int = 0, **values: Any) -> tuple[str, dict[str, Any]]:
    partner = values.get("partner", "acme")
    connection = values.get("connection", "exact_nl")
    given = {
        "kind": "order",
        "direction": "out",
        "flow": "orders_out",
        "number": "PO-1",
        "order_number": "PO-1",
        "revision": revision,
        "state": "sent",
        "business_key": f"{connection}/123/{partner}|order|PO-1|{revision}",
    }
    return _document(key, **{**given, **values})


def _operation(document_id: int, key: str, kind: str = "purchase_invoice") -> tuple[str, dict[str, Any]]:
    return "operation", {
        "document_id": document_id,
        "position": 0,
        "connection": "exact_nl",
        "company": "123",
        "kind": kind,
        "key": key,
        "target": "",
        "payload": "{}",
        "uses": "{}",
        "state": "done",
        "attempts": 1,
        "looked": 0,
    }


def _interchange(key: int, partner: str, sender: str, **values: Any) -> list[tuple[str, dict[str, Any]]]:
    file = {
        "id": key,
        "direction": "in",
        "integration": "exact_cleo",
        "connection": "cleo_prod",
        "channel": "/x",
        "partner": partner,
        "remote_id": str(key),
        "name": "f",
        "size": 1,
        "sha256": str(key),
        "state": "parsed",
        "removal": "left",
        "partition_date": "2026-11-20",
        "created_at": MOMENT,
        "detail": "{}",
    }
    given = {
        "id": key,
        "file_id": key,
        "position": 0,
        "direction": "in",
        "integration": "exact_cleo",
        "partner": partner,
        "sender": sender,
        "receiver": "ZZ/US",
        "control_number": "1",
        "version": "00401",
        "usage": "P",
        "state": "accepted",
        "findings": "[]",
        "created_at": MOMENT,
    }
    return [("file", file), ("interchange", {**given, **values})]


def _sequence(name: str, value: int) -> tuple[str, dict[str, Any]]:
    return "sequence", {"name": name, "next_value": value}


@pytest.fixture
def migrated(empty_url: str) -> Iterator[Ledger]:
    key = "mlc-" + "a" * 20
    _at(
        empty_url,
        "0003",
        [
            *_interchange(1, "acme", "ZZ/ACME"),
            *_interchange(2, "renamed", "ZZ/OTHER"),
            _document(1, state="posted"),
            _operation(1, f"{key}/0"),
            _document(2, partner="nobody", business_key="exact_nl/123/nobody|invoice|INV-2|0"),
            _document(3, business_key=None, partner=""),
            _order(4),
            _order(5, 1),
            # The partner was renamed, and got the order once more: two rows with one number and revision.
            _order(6, partner="renamed"),
            _operation(6, "up-" + "b" * 24, "upload"),
            # Another connection on the same company.
            _document(7, connection="exact_be", business_key="exact_be/123/acme|invoice|INV-1|0"),
            _document(8, direction="out", business_key="answer|exact_cleo|acme|5|0|0", flow="acknowledgments_out"),
            _sequence("ISA13:exact_cleo:ZZ/US>ZZ/ACME", 41),
            _sequence("ISA13:other:ZZ/US>ZZ/ACME", 17),
            _sequence("GS06:other:ZZ/US>ZZ/ACME", 18),
            _sequence("file:exact_cleo>acme", 9),
        ],
    )
    ledger = Ledger.open(empty_url)
    yield ledger
    ledger.close()


def test_an_earlier_ledger_gets_companies_and_identities(migrated: Ledger) -> None:
    assert schema.differences(migrated.engine) == []
    with migrated.read() as tx:
        rows = {row.id: row for row in documents.get_many(tx, range(1, 9))}
        known = naming.counterparties(tx, Books("exact_online", "123"))
    assert {row.books for row in rows.values()} == {Books("exact_online", "123")}
    assert {key: row.partner_key for key, row in rows.items()} == {
        1: "ZZ/ACME",
        2: "name/nobody",
        3: "",
        4: "ZZ/ACME",
        5: "ZZ/ACME",
        6: "ZZ/OTHER",
        7: "ZZ/ACME",
        8: "ZZ/ACME",
    }
    assert {one.name: one.key for one in known} == {
        "acme": "ZZ/ACME",
        "nobody": "name/nobody",
        "renamed": "ZZ/OTHER",
    }


def test_business_keys_go_by_company_and_only_one_of_two_keeps_its_own(migrated: Ledger) -> None:
    with migrated.read() as tx:
        keys = {row.id: row.business_key for row in documents.get_many(tx, range(1, 9))}
    assert keys == {
        1: "exact_online/123/ZZ/ACME|invoice|INV-1|0",
        2: "exact_online/123/name/nobody|invoice|INV-2|0",
        3: None,
        4: "exact_online/123|order|PO-1|0",
        5: "exact_online/123|order|PO-1|1",
        6: None,
        7: None,
        8: "answer|5|0|0",
    }


def test_keys_that_stand_in_the_erp_stay_what_they_are(migrated: Ledger) -> None:
    from ml_connector.flows.posting.postings import operation_key

    with migrated.read() as tx:
        posted, open_, sent = documents.get_many(tx, [1, 2, 6])
    assert operation_key(posted) == "mlc-" + "a" * 20
    assert open_.operation_key is None
    assert sent.operation_key is None


def test_control_numbers_go_on_from_the_highest_of_the_pair(migrated: Ledger) -> None:
    with migrated.read() as tx:
        assert dict(sequences.all_next(tx)) == {
            "ISA13:ZZ/US>ZZ/ACME": 41,
            "GS06:ZZ/US>ZZ/ACME": 18,
            "file:exact_cleo>acme": 9,
        }
    with migrated.write() as tx:
        # A new identity of ours to the same partner: it has seen 40.
        assert sequences.reserve(tx, "ISA13:ZZ/NEW>ZZ/ACME", above=("ISA13:", ">ZZ/ACME")) == [41]
        assert sequences.reserve(tx, "ISA13:ZZ/NEW>ZZ/AC_E", above=("ISA13:", ">ZZ/AC_E")) == [1]


def test_rows_of_tables_that_became_evidence_have_their_hashes(empty_url: str) -> None:
    """What names stood for, restores, notices, credentials and alerts: what they were before is evidence as well."""
    seen = {"first_seen_at": MOMENT, "last_seen_at": MOMENT}
    restored = {
        "id": 1,
        "noticed_at": MOMENT,
        "noticed_by": "ann",
        "last_event": 0,
        "last_document": 0,
        "until": MOMENT,
    }
    left = {"flow": "orders_out", "company": "123", "partner": "ZZ/A", "kind": "order", "number": "PO-1", "revision": 0}
    empty = {"content_hash": "", "operation_key": "", "target": "", "left_at": ""}
    rows: dict[str, dict[str, Any]] = {
        "company_binding": {"id": 1, "connection": "exact_nl", "system": "exact_online", "company": "123", **seen},
        "integration_binding": {"name": "a", "erp": "b", "network": "c", "former_identities": '["ZZ/B"]', **seen},
        "counterparty": {
            "id": 1,
            "system": "exact_online",
            "company": "123",
            "integration": "a",
            "name": "acme",
            "key": "ZZ/A",
            **seen,
        },
        "restore": {**restored, "complete": True, "marker": "", "evidence": '{"files_left": 1}'},
        "departure": {"id": 1, "restore_id": 1, **left, **empty, "decided": "arrived", "decided_at": MOMENT},
        "inbox": {
            "id": 1,
            "connection": "exact_nl",
            "received_at": MOMENT,
            "topic": "Items",
            "company": "123",
            "action": "Update",
            "key": "guid",
            "body": "{}",
        },
        "credential": {"name": "cleo_prod.password", "value": b"encrypted", "updated_at": MOMENT},
        "alert": {"id": 1, "cause": "late", "open_cause": "late", "opened_at": MOMENT, "count": 2, "detail": "{}"},
    }
    _at(empty_url, "0012", list(rows.items()))
    ledger = Ledger.open(empty_url)
    assert verify(ledger).problems == []
    columns = ("account", "erp", "account", "why", "decided_by", "body", "value", "cause")
    for table, column in zip(rows, columns, strict=True):
        rewrite(ledger, f"UPDATE {table} SET {column} = :value", {"value": b"other" if column == "value" else "other"})
    assert {one.where.split()[0] for one in verify(ledger).problems if one.check == "seal"} == set(rows)
    ledger.close()
