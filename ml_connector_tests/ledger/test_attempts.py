"""Fences: what a worker may begin and tell of, and what it may not once another may have its work."""

from collections.abc import Iterator

import pytest

from ml_connector.errors import LeaseLost
from ml_connector.flows.core.ports import StoredOperation
from ml_connector.ledger.audit import verify_evidence
from ml_connector.ledger.coordination import leases
from ml_connector.ledger.coordination.leases import Lease
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.work import attempts, documents, operations
from ml_connector.ledger.work.documents import ClaimQuery
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.ledger.samples import add, invoice
from ml_connector_tests.ledger.test_operations import new
from ml_connector_tests.support.clocks import StillClock

PARSED = ClaimQuery("exact_cleo", (S.PARSED,), ("invoices_in",))


@pytest.fixture
def lease(ledger: Ledger) -> Iterator[Lease]:
    held = Lease(ledger, "worker:one", ttl=60)
    held.acquire()
    yield held
    held.release()


@pytest.fixture
def planned(ledger: Ledger, lease: Lease) -> list[StoredOperation]:
    """Two claimed documents with one write each."""
    add(ledger, invoice("1"), invoice("2"))
    with ledger.write() as tx:
        documents.claim(tx, PARSED, lease.name)
        return operations.plan(tx, [new(1, 0), new(2, 0)])


def begun(ledger: Ledger, planned: list[StoredOperation], fence: leases.Fence) -> list[int]:
    with ledger.write() as tx:
        return [one.id for one in attempts.begin(tx, [(one.id, None) for one in planned], fence)]


def test_what_is_planned_and_ours_is_begun_once(ledger: Ledger, lease: Lease, planned: list[StoredOperation]) -> None:
    assert begun(ledger, planned, lease.fence()) == [one.id for one in planned]
    assert begun(ledger, planned, lease.fence()) == []
    with ledger.read() as tx:
        rows = operations.get_many(tx, [one.id for one in planned])
    assert {(one.state, one.attempts, one.last_attempt_at is not None) for one in rows} == {("in_flight", 1, True)}


def test_the_payload_is_stored_as_it_will_be_sent(ledger: Ledger, lease: Lease, planned: list[StoredOperation]) -> None:
    with ledger.write() as tx:
        (one,) = attempts.begin(tx, [(planned[0].id, '{"filled":1}')], lease.fence())
    with ledger.read() as tx:
        assert operations.get_many(tx, [one.id]) == [one]
    assert one.payload == '{"filled":1}'


def test_a_write_that_is_begun_and_changed_again_is_sealed_as_it_stands_at_the_end(
    ledger: Ledger, lease: Lease, planned: list[StoredOperation]
) -> None:
    """Rows that a statement returned are hashed as they are then; whatever changes them afterwards counts."""
    first, second = planned
    with ledger.write() as tx:
        attempts.begin(tx, [(first.id, '{"filled":1}'), (second.id, None)], lease.fence())
        operations.mark_unknown(tx, [second.id])
    with ledger.read() as tx:
        assert list(verify_evidence.sealed(tx)) == []
        assert [one.state for one in operations.get_many(tx, [first.id, second.id])] == ["in_flight", "unknown"]


def test_nothing_is_begun_of_a_document_that_another_worker_has(
    ledger: Ledger, lease: Lease, planned: list[StoredOperation], clock: StillClock
) -> None:
    clock.move(61)
    other = Lease(ledger, "worker:two", ttl=60)
    other.acquire()
    with ledger.write() as tx:
        documents.claim(tx, ClaimQuery("exact_cleo", (S.PARSED,), ids=(1,)), other.name)
    assert lease.renew(), "by the ledger's clock alone it had lapsed"
    assert begun(ledger, planned, lease.fence()) == [planned[1].id]
    other.release()


def test_nothing_is_begun_behind_a_lease_that_has_expired(
    ledger: Ledger, lease: Lease, planned: list[StoredOperation], clock: StillClock
) -> None:
    fence = lease.fence()
    clock.move(61)
    assert begun(ledger, planned, fence) == []
    with ledger.read() as tx:
        assert not attempts.lease_lives(tx, fence)


def test_what_was_begun_before_a_lease_lapsed_is_not_sent_after_it(
    ledger: Ledger, lease: Lease, planned: list[StoredOperation], clock: StillClock
) -> None:
    """Somebody set the ledger's clock: others may have taken our work, though the process was there all the time."""
    fence = lease.fence()
    fence.prove()
    clock.move(61)
    assert lease.renew()
    with pytest.raises(LeaseLost, match="had lapsed"):
        fence.prove()
    assert begun(ledger, planned, fence) == []
    lease.fence().prove()
    assert begun(ledger, planned, lease.fence()) == [one.id for one in planned]


def test_an_outcome_is_told_only_by_whoever_still_has_the_operation(
    ledger: Ledger, lease: Lease, planned: list[StoredOperation], clock: StillClock
) -> None:
    with ledger.write() as tx:
        first, second = attempts.begin(tx, [(one.id, None) for one in planned], lease.fence())
    clock.move(61)
    other = Lease(ledger, "worker:two", ttl=60)
    other.acquire()
    with ledger.write() as tx:
        documents.claim(tx, ClaimQuery("exact_cleo", (S.PARSED,), ids=(1,)), other.name)
        operations.mark_abandoned(tx, [1], not_before=clock.now())
    with ledger.write() as tx:
        assert set(attempts.still_ours(tx, [first, second], lease.name)) == {second.id}
        assert set(attempts.still_ours(tx, [first], other.name)) == {first.id}
    with ledger.write() as tx:
        operations.put_back(tx, [first.id])
        (again,) = attempts.begin(tx, [(first.id, None)], other.fence())
        assert attempts.still_ours(tx, [first], other.name) == {}, "that was an earlier attempt"
        assert set(attempts.still_ours(tx, [again], other.name)) == {first.id}
    other.release()


def test_a_paused_or_starved_process_has_lost_its_lease_for_good(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 10, 1 and 3: whatever held it, the clock of the machine went on."""
    lease = Lease(ledger, "worker:paused", ttl=15)
    lease.acquire()
    fence, real = lease.fence(), leases.boot_seconds
    monkeypatch.setattr(leases, "boot_seconds", lambda: real() + 12.5)
    with pytest.raises(LeaseLost, match="nothing is sent"):
        fence.prove()
    assert lease.renew(), "nobody can have taken it yet"
    fence.prove()
    monkeypatch.setattr(leases, "boot_seconds", lambda: real() + 40)
    with pytest.raises(LeaseLost):
        fence.prove()
    assert not lease.renew()
    assert lease.lost.is_set()
    monkeypatch.setattr(leases, "boot_seconds", real)
    with pytest.raises(LeaseLost, match="was lost"):
        fence.prove()
    lease.release()


def test_work_finds_its_fence_by_its_leases_name(ledger: Ledger, lease: Lease) -> None:
    assert leases.fence_of(lease.name).lease is lease
    with pytest.raises(LeaseLost, match="does not hold"):
        leases.fence_of("worker:nobody")
    lease.release()
    with pytest.raises(LeaseLost, match="does not hold"):
        leases.fence_of(lease.name)
