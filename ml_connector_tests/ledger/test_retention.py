"""Retention: content goes on purpose, what happened stays, and the tombstones are signed."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta

import sqlalchemy as sa

from ml_connector.ledger.audit import retention
from ml_connector.ledger.audit.retention import Pruned, prune
from ml_connector.ledger.audit.verify import verify
from ml_connector.ledger.database.store import Ledger, Tx
from ml_connector.ledger.exchange import files, inbox
from ml_connector.ledger.tables.documents import blob, document
from ml_connector.ledger.work import documents, events, operations
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.ledger.samples import BY, add, invoice, order, walk
from ml_connector_tests.ledger.tamper import rewrite
from ml_connector_tests.ledger.test_files import new_file
from ml_connector_tests.ledger.test_operations import Written, new
from ml_connector_tests.support.clocks import StillClock

KEY = b"a key that stands outside the database"


def _file(ledger: Ledger, content: bytes, **values: object) -> int:
    with ledger.write() as tx:
        return files.add_file(tx, new_file(files.put_blob(tx, content), **{"state": "parsed", **values}))


def _posted(ledger: Ledger, number: str, **values: object) -> int:
    (added,) = add(ledger, invoice(number, **values))
    walk(ledger, added.id, S.MATCHED, S.CODED, S.POSTING)
    with ledger.write() as tx:
        (one,) = operations.plan(tx, [new(added.id, 0)])
        operations.start(tx, [(one.id, None)])
        operations.finish(tx, [(one.id, Written(f"guid {added.id}"))])
    walk(ledger, added.id, S.POSTED, work="decided")
    return added.id


def _prune(ledger: Ledger, before: datetime | None = None, batch: int = 2) -> Pruned:
    return prune(ledger, before or ledger.clock.now(), key=KEY, by=BY, batch=batch)


def _blobs(ledger: Ledger) -> set[str]:
    with ledger.read() as tx:
        return set(tx.execute(sa.select(blob.c.sha256)).scalars())


def test_content_goes_and_what_happened_stays(ledger: Ledger, clock: StillClock) -> None:
    file_id = _file(ledger, b"ISA...")
    ids = [_posted(ledger, str(n), file_id=file_id) for n in range(3)]
    with ledger.read() as tx:
        before = documents.get_many(tx, ids)[0]
    clock.move(86_400)
    assert _prune(ledger) == Pruned(3, 1)
    with ledger.read() as tx:
        row = documents.get_many(tx, ids)[0]
        history = events.history(tx, ids[0])
        (write,) = operations.of_documents(tx, ids[:1])
        kept = files.get(tx, file_id)
    assert (row.canonical, row.source, row.work, row.pruned_at) == ("", None, None, clock.now())
    assert (row.state, row.business_key, row.number, row.amount) == (S.POSTED, before.business_key, "0", before.amount)
    assert (write.payload, write.outside_id, write.state) == ("", f"guid {ids[0]}", "done")
    assert [event.action for event in history] == ["parsed", "matched", "coded", "posting", "posted", "pruned"]
    stone = history[-1].data
    assert stone["canonical"] == hashlib.sha256(before.canonical.encode()).hexdigest()
    assert stone["work"] == hashlib.sha256(b"decided").hexdigest()
    assert set(stone["payloads"]) == {write.key}
    assert kept is not None
    assert kept.pruned_at == clock.now()
    assert _blobs(ledger) == set()
    report = verify(ledger, key=KEY)
    assert report.problems == []
    assert _prune(ledger) == Pruned(0, 0)


def test_only_old_finished_documents_that_nobody_waits_for(ledger: Ledger, clock: StillClock) -> None:
    start = clock.now()
    open_one, held = add(ledger, invoice("open"), invoice("held"))
    walk(ledger, held.id, S.QUARANTINED, reason="bad_value")
    (waiting,) = add(ledger, order("PO-1"))
    later = start + timedelta(days=2)
    walk(ledger, waiting.id, S.RESOLVED, S.RENDERED, S.SENDING, S.SENT, due_at=later)
    clock.move(60)
    _posted(ledger, "young")
    assert _prune(ledger, start + timedelta(seconds=30)) == Pruned(0, 0)
    walk(ledger, waiting.id, S.ACKNOWLEDGED, due_at=None)
    clock.move(60)
    assert _prune(ledger) == Pruned(2, 0)
    with ledger.read() as tx:
        rows = documents.get_many(tx, [open_one.id, held.id])
    assert [row.pruned_at for row in rows] == [None, None]


def test_a_sent_order_keeps_what_a_later_change_is_told_by(ledger: Ledger, clock: StillClock) -> None:
    (added,) = add(ledger, order("PO-1", source="record"))
    walk(ledger, added.id, S.RESOLVED, S.RENDERED, S.SENDING, S.ACKNOWLEDGED, work="as sent")
    clock.move(60)
    assert _prune(ledger) == Pruned(1, 0)
    with ledger.read() as tx:
        row = documents.get(tx, added.id)
    assert row is not None
    assert (row.source, row.canonical, row.work, row.content_hash) == ("record", "", "as sent", "hash of PO-1")


def test_bytes_stay_while_anything_else_needs_them(ledger: Ledger, clock: StillClock) -> None:
    shared, needed = b"shared", b"needed"
    first = _file(ledger, shared, remote_id="1")
    second = _file(ledger, shared, remote_id="2")
    third = _file(ledger, needed, remote_id="3")
    pending = _file(ledger, b"pending", remote_id="4", removal="pending", state="repeated")
    _posted(ledger, "1", file_id=first)
    add(ledger, invoice("2", file_id=second))
    _posted(ledger, "3", file_id=third)
    add(ledger, invoice("4", file_id=third))
    clock.move(60)
    assert _prune(ledger) == Pruned(2, 1)
    assert len(_blobs(ledger)) == 3
    walk(ledger, 2, S.DISCARDED, reason="discarded")
    clock.move(60)
    assert _prune(ledger) == Pruned(1, 1)
    assert hashlib.sha256(shared).hexdigest() not in _blobs(ledger)
    assert verify(ledger, key=KEY).problems == []
    assert pending


def test_tombstones_cannot_be_made_without_the_key(ledger: Ledger, clock: StillClock) -> None:
    file_id = _file(ledger, b"ISA...")
    key = _posted(ledger, "1", file_id=file_id)
    other = _posted(ledger, "2")
    clock.move(60)
    prune(ledger, clock.now(), key=b"another key", by=BY)
    found = verify(ledger, key=KEY).problems
    assert sorted((one.check, one.where) for one in found) == sorted(
        [
            ("tombstone", f"document {key}"),
            ("tombstone", f"document {other}"),
            ("tombstone", f"document {key}"),
            ("tombstone", f"document {other}"),
            ("tombstone", f"file {file_id}"),
        ]
    )
    with ledger.read() as tx:
        *_, previous, stone = events.history(tx, key)
        (*_, elsewhere, _) = events.history(tx, other)
    assert retention.tombstone_is_ours(b"another key", stone, previous.hash)
    assert not retention.tombstone_is_ours(b"another key", stone, elsewhere.hash)


def test_content_taken_away_without_a_tombstone_shows(ledger: Ledger, clock: StillClock) -> None:
    key = _posted(ledger, "1")
    rewrite(ledger, sa.update(document).values(canonical="", pruned_at=clock.now()))
    found = [(one.where, one.message) for one in verify(ledger, key=KEY).problems]
    assert (f"document {key}", "its content is gone without a signed tombstone") in found


def test_notices_that_were_handled_go_too(ledger: Ledger, clock: StillClock) -> None:
    with ledger.write() as tx:
        ids = [inbox.add(tx, inbox.NewNotice("exact_nl", "PurchaseOrders", "1", "Update", key, "{}")) for key in "ab"]
        inbox.mark_handled(tx, ids[:1], "worker")
    clock.move(60)
    assert _prune(ledger) == Pruned(0, 0, 1)
    with ledger.read() as tx:
        assert [one.id for one in inbox.waiting(tx, "exact_nl", "1", "PurchaseOrders")] == ids[1:]


def _received_again(tx: Tx) -> None:
    """The same content in another folder: its bytes are not stored twice."""
    files.add_file(tx, new_file(files.put_blob(tx, b"ISA..."), remote_id="r9", channel="/OTHER/inbox"))


def test_bytes_that_just_came_again_are_not_taken_away(postgres_ledger: Ledger, clock: StillClock) -> None:
    """Received while retention looks: committed only after it has begun."""
    _file(postgres_ledger, b"ISA...")
    clock.move(86_400)
    with ThreadPoolExecutor(1) as pool:
        with postgres_ledger.write() as tx:
            _received_again(tx)
            pruning = pool.submit(_prune, postgres_ledger, clock.now() - timedelta(hours=1))
            with suppress(TimeoutError):
                pruning.result(timeout=1)
        assert pruning.result() == Pruned(0, 1)
    assert _blobs(postgres_ledger) == {hashlib.sha256(b"ISA...").hexdigest()}


def test_bytes_that_come_while_they_are_taken_away_are_stored_anew(postgres_ledger: Ledger, clock: StillClock) -> None:
    _file(postgres_ledger, b"ISA...")
    clock.move(86_400)
    before = clock.now() - timedelta(hours=1)

    def receive() -> None:
        with postgres_ledger.write() as tx:
            _received_again(tx)

    with ThreadPoolExecutor(1) as pool:
        with postgres_ledger.write() as tx:
            (row,) = retention._old_files(tx, before, 0, 10)
            retention.blobs.held(tx, [row.sha256], to_delete=True)
            retention._prune_file(tx, row, KEY)
            receiving = pool.submit(receive)
            with suppress(TimeoutError):
                receiving.result(timeout=1)
        receiving.result()
    assert _blobs(postgres_ledger) == {hashlib.sha256(b"ISA...").hexdigest()}
