"""`verify` is quiet on a whole ledger and names what is wrong in a damaged one."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from ml_connector.ledger.audit import chain_heads
from ml_connector.ledger.audit.verify import NAMED, Problem, verify
from ml_connector.ledger.coordination.leases import take
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import files, snapshots
from ml_connector.ledger.tables.documents import blob, document, operation
from ml_connector.ledger.work import documents, operations
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.ledger.samples import add, invoice, order, walk
from ml_connector_tests.ledger.tamper import forge, rewrite
from ml_connector_tests.ledger.test_files import new_file
from ml_connector_tests.ledger.test_operations import Written, new
from ml_connector_tests.support.clocks import StillClock


@pytest.fixture
def whole(ledger: Ledger, tmp_path: Path) -> Ledger:
    """A posted invoice (1), a held one (2), a sent order (3) in file 1, a snapshot, an export."""
    posted, held = add(ledger, invoice("1"), invoice("2"))
    walk(ledger, posted.id, S.MATCHED, S.CODED, S.POSTING)
    with ledger.write() as tx:
        file_id = files.add_file(tx, new_file(files.put_blob(tx, b"ISA"), direction="out", state="sent"))
    (sent,) = add(ledger, order("PO-1", file_id=file_id))
    walk(ledger, sent.id, S.RESOLVED, S.RENDERED, S.SENDING)
    with ledger.write() as tx:
        planned = operations.plan(tx, [new(posted.id, 0), new(sent.id, 0, kind="upload", connection="cleo_prod")])
        operations.start(tx, [(one.id, None) for one in planned])
        operations.finish(tx, [(one.id, Written(f"guid {one.id}")) for one in planned])
        snapshots.store(tx, "exact_nl", "123", "vendors", [{"id": "1"}])
    walk(ledger, posted.id, S.POSTED)
    walk(ledger, sent.id, S.SENT)
    walk(ledger, held.id, S.QUARANTINED, reason="bad_value")
    chain_heads.export_heads(ledger, tmp_path / "heads.jsonl")
    return ledger


#: Find every edit (`tampering`); here it is about what an edited ledger says beside that.
_OF_ROWS = {"evidence", "seal", "exports"}


def _problems(ledger: Ledger, **options: object) -> list[tuple[str, str]]:
    return [(one.check, one.where) for one in _found(ledger, **options)]


def _found(ledger: Ledger, **options: object) -> list[Problem]:
    return [one for one in verify(ledger, **options).problems if one.check not in _OF_ROWS]  # type: ignore[arg-type]


def test_a_whole_ledger_is_clean(whole: Ledger, tmp_path: Path) -> None:
    told: list[str] = []
    report = verify(whole, heads_file=tmp_path / "heads.jsonl", progress=told.append)
    assert report.clean
    assert report.waiting == []
    assert report.checked == {"documents": 3, "events": 12, "operations": 2, "files": 1, "blobs": 1}
    assert "chains" in told
    assert "exported heads" in told


def test_an_empty_ledger_is_clean(ledger: Ledger) -> None:
    assert verify(ledger).clean


def test_a_changed_event(whole: Ledger) -> None:
    rewrite(whole, "UPDATE event SET action = 'x' WHERE id = 2")
    assert _problems(whole) == [("chain", "document 2")]


def test_a_forged_past(whole: Ledger, tmp_path: Path) -> None:
    forge(whole, 1, "never happened")
    assert _problems(whole) == []
    assert [check for check, _ in _problems(whole, heads_file=tmp_path / "heads.jsonl")] == ["heads"]


def test_damaged_and_missing_bytes(whole: Ledger) -> None:
    rewrite(whole, sa.update(blob).where(blob.c.data == b"ISA").values(data=b"ISB"))
    assert _problems(whole) == [("bytes", "file 1")]
    rewrite(whole, sa.delete(blob))
    assert _problems(whole) == [("bytes", "file 1"), ("bytes", "snapshot exact_nl/vendors 1")]
    assert _problems(whole, sample_blobs=0) == []


@pytest.mark.parametrize("state", ["planned", "in_flight", "unknown", "refused"])
def test_a_posted_document_one_of_whose_writes_is_not_done(whole: Ledger, state: str) -> None:
    with whole.write() as tx:
        (second,) = operations.plan(tx, [new(1, 1)])
    rewrite(whole, sa.update(operation).where(operation.c.id == second.id).values(state=state))
    (problem,) = _found(whole)
    assert (problem.where, problem.message) == ("document 1", f"1 is posted, its write 1 is {state}")


def test_a_posted_document_for_which_nothing_was_written(whole: Ledger) -> None:
    rewrite(whole, sa.delete(operation).where(operation.c.document_id == 1))
    assert _problems(whole) == [("operation", "document 1")]


def test_a_sent_order_whose_upload_is_not_done(whole: Ledger) -> None:
    rewrite(whole, sa.update(operation).where(operation.c.document_id == 3).values(state="in_flight"))
    assert _problems(whole) == [("upload", "document 3")]


def test_documents_in_one_file_share_its_upload(whole: Ledger) -> None:
    (other,) = add(whole, order("PO-2", file_id=1))
    walk(whole, other.id, S.RESOLVED, S.RENDERED, S.SENDING, S.SENT)
    assert _problems(whole) == []
    (loose,) = add(whole, order("PO-3"))
    walk(whole, loose.id, S.RESOLVED, S.RENDERED, S.SENDING, S.SENT)
    assert _problems(whole) == [("upload", f"document {loose.id}")]


def test_a_discarded_document_with_a_write_of_unknown_outcome(whole: Ledger) -> None:
    with whole.write() as tx:
        (one,) = operations.plan(tx, [new(2, 0)])
        operations.start(tx, [(one.id, None)])
        operations.mark_unknown(tx, [one.id])
    walk(whole, 2, S.DISCARDED, reason="discarded")
    assert _problems(whole) == [("operation", "document 2")]


def test_one_outside_id_for_two_writes(whole: Ledger) -> None:
    (added,) = add(whole, invoice("3"))
    walk(whole, added.id, S.MATCHED, S.CODED, S.POSTING)
    with whole.write() as tx:
        (one,) = operations.plan(tx, [new(added.id, 0)])
        operations.start(tx, [(one.id, None)])
        operations.finish(tx, [(one.id, Written("guid 1"))])
    walk(whole, added.id, S.POSTED)
    assert _problems(whole) == [("outside id", "document 1")]


@pytest.mark.parametrize("shares", [True, None])
def test_writes_that_change_what_is_there_may_have_one_outside_id(whole: Ledger, shares: bool | None) -> None:
    """So says the target that plans them, whatever their kind is called; nobody reads it out of the kind."""
    for number in ("3", "4"):
        (added,) = add(whole, invoice(number))
        walk(whole, added.id, S.MATCHED, S.CODED, S.POSTING)
        with whole.write() as tx:
            changes = replace(new(added.id, 0), kind="vendor", ref="terms", shares=shares)
            (one,) = operations.plan(tx, [changes])
            operations.start(tx, [(one.id, None)])
            operations.finish(tx, [(one.id, Written("vendor 7"))])
            assert operations.get_many(tx, [one.id])[0].ref == "terms"
        walk(whole, added.id, S.POSTED)
    assert [subject for subject, _ in _problems(whole)] == ([] if shares else ["outside id"])


def test_a_business_key_held_twice(postgres_ledger: Ledger) -> None:
    """Only possible when somebody took the constraint away (which SQLite cannot)."""
    add(postgres_ledger, invoice("1"), invoice("2"))
    with postgres_ledger.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE document DROP CONSTRAINT uq_document_business_key")
        connection.execute(sa.update(document).values(business_key="same"))
    assert _problems(postgres_ledger) == [("business key", "same")]


def test_totals_that_do_not_add_up(whole: Ledger) -> None:
    with whole.write() as tx:
        sha256 = files.put_blob(tx, b"lost")
        files.add_file(tx, new_file(sha256, remote_id="r9", state="parsed"))
    assert _problems(whole) == [("totals", "exact_cleo")]


def test_open_writes_are_listed_as_such(whole: Ledger, clock: StillClock) -> None:
    """In flight without a living worker, or of unknown outcome: no fault, but told."""
    first, second = add(whole, invoice("3"), invoice("4"))
    with whole.write() as tx:
        take(tx, "worker:one", "one", 10_000)
        documents.claim(tx, documents.ClaimQuery("exact_cleo", (S.PARSED,), ids=(first.id,)), "worker:one")
        planned = operations.plan(tx, [new(first.id, 0), new(second.id, 0)])
        operations.start(tx, [(one.id, None) for one in planned])
    assert verify(whole).waiting == []
    clock.move(700)
    assert [one.where for one in verify(whole).waiting] == [f"document {second.id}"]
    assert verify(whole, stale=timedelta(hours=1)).waiting == []
    with whole.write() as tx:
        operations.mark_unknown(tx, [planned[0].id])
    assert [one.where for one in verify(whole).waiting] == [f"document {first.id}", f"document {second.id}"]
    assert verify(whole).clean


def test_many_problems_of_one_kind_are_cut_short(whole: Ledger) -> None:
    add(whole, *[invoice(f"n{n}") for n in range(NAMED + 5)])
    rewrite(whole, "UPDATE event SET action = 'x'")
    found = _found(whole)
    assert len(found) == NAMED + 1
    assert found[-1].message == f"more than {NAMED} problems of this kind"
