"""Edits of several columns, rows that are gone or that nobody wrote, and ledgers from before there were hashes."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ml_connector.ledger.audit import retention
from ml_connector.ledger.audit.verify import verify
from ml_connector.ledger.coordination import sequences
from ml_connector.ledger.database.seals import LABELS
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import files, remote_listing
from ml_connector.ledger.names import renaming as names
from ml_connector.ledger.tables.documents import (
    blob,
    document,
    file,
    operation,
    remote_file,
    sequence,
)
from ml_connector_tests.ledger.samples import BY
from ml_connector_tests.ledger.tamper import rewrite
from ml_connector_tests.ledger.tampering.everything import (
    KEY,
    TABLES,
    change_all,
    checks,
    edit,
    fill,
    forget_hashes,
    problems_of,
    put_in,
)
from ml_connector_tests.support.clocks import StillClock


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
    assert {(check, f"{table.name} {row}") for row in rows} <= checks(full)


def test_a_file_and_its_bytes_swapped_together(full: Ledger) -> None:
    with full.write() as tx:
        other = files.put_blob(tx, b"ISA of others")
    rewrite(full, sa.update(file).where(file.c.id == 1).values(sha256=other, size=13))
    found = checks(full)
    assert ("seal", "file 1") in found
    assert {where for check, where in found if check == "evidence"}, "the documents know the bytes they came from"


def test_bytes_taken_away_as_if_pruned(full: Ledger, clock: StillClock) -> None:
    rewrite(full, sa.update(file).where(file.c.id == 1).values(pruned_at=clock.now()))
    rewrite(full, sa.delete(blob).where(blob.c.data == b"ISA of theirs"))
    assert checks(full) == {("seal", "file 1")}


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
    assert checks(full) == {("listing", "folder /ACME/inbox")}


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


def test_a_ledger_from_before_says_since_when_there_are_hashes(ledger: Ledger) -> None:
    """As the migration leaves one: events without evidence, rows without seals, and a note of how far they reach."""
    fill(ledger)
    last = forget_hashes(ledger)
    report = verify(ledger)
    assert report.problems == []
    (fact,) = report.facts
    assert f"from event {last + 1} on" in fact
    change_all(ledger, amount=Decimal(5))
    assert verify(ledger).problems == []
    rewrite(ledger, sa.update(document).where(document.c.id == 1).values(amount=Decimal(6)))
    assert checks(ledger) == {("evidence", "document 1")}


@pytest.mark.parametrize("name", [name for name in TABLES if name != "chain_head"])
def test_a_row_that_was_taken_away_is_found(copied: Path, name: str) -> None:
    """The newest one: of the others something younger would tell.

    The row of the newest export is that of a program which ended before it: the line is compared all the same.
    """
    assert edit(copied, f'DELETE FROM "{name}" WHERE rowid = (SELECT max(rowid) FROM "{name}")') == 1
    assert problems_of(copied)


@pytest.mark.parametrize("name", [name for name in TABLES if name not in {"blob", "seal"}])
def test_a_row_that_was_put_in_is_found(copied: Path, name: str) -> None:
    """Bytes of no file prove nothing, and a seal that is said twice says nothing new."""
    put_in(copied, name)
    assert problems_of(copied)
