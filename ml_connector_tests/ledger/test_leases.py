"""Leases: one holder, alive as long as its heartbeat, lost loudly."""

import contextlib
import threading

import pytest
from sqlalchemy.exc import OperationalError

from ml_connector.clock import SystemClock
from ml_connector.errors import TryAgain
from ml_connector.ledger.coordination import leases
from ml_connector.ledger.coordination.leases import Lease
from ml_connector.ledger.database.store import Ledger
from ml_connector_tests.support.clocks import StillClock
from ml_connector_tests.support.waiting import wait_until


def test_one_holder_at_a_time(ledger: Ledger) -> None:
    first, second = Lease(ledger, "channel"), Lease(ledger, "channel")
    assert first.acquire()
    assert first.held
    assert not second.acquire()
    assert Lease(ledger, "other").acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_a_released_lease_leaves_nothing_and_generations_still_rise(ledger: Ledger, clock: StillClock) -> None:
    seen = []
    for _ in range(3):
        lease = Lease(ledger, "channel")
        assert lease.acquire()
        seen.append(lease.generation)
        lease.release()
        with ledger.read() as tx:
            assert leases.get(tx, "channel") is None
        clock.move(0.001)
    assert seen == sorted(set(seen))


def test_an_expired_lease_can_be_taken_and_the_first_holder_learns_it(ledger: Ledger, clock: StillClock) -> None:
    first, second = Lease(ledger, "channel"), Lease(ledger, "channel")
    assert first.acquire()
    clock.move(16)
    with ledger.read() as tx:
        assert leases.living(tx, ["channel"]) == set()
        assert [row.holder for row in leases.expired(tx)] == [first.holder]
    assert second.acquire()
    assert second.generation > first.generation
    assert not first.renew()
    assert first.lost.is_set()
    assert not first.held
    with pytest.raises(TryAgain, match="was lost"):
        first.check()
    first.release()
    with ledger.read() as tx:
        row = leases.get(tx, "channel")
        assert leases.living(tx, ["channel"]) == {"channel"}
    assert row is not None
    assert row.holder == second.holder
    second.check()
    second.release()


def test_the_generation_tells_two_holders_of_one_name_apart(ledger: Ledger, clock: StillClock) -> None:
    first, second = Lease(ledger, "channel", "same"), Lease(ledger, "channel", "same")
    assert first.acquire()
    clock.move(16)
    assert second.acquire()
    assert not first.renew()
    first.release()
    assert second.renew()
    second.release()


def test_an_expired_lease_that_nobody_took_is_renewed(ledger: Ledger, clock: StillClock) -> None:
    lease = Lease(ledger, "channel")
    lease.acquire()
    clock.move(100)
    assert lease.renew()
    with ledger.read() as tx:
        assert leases.living(tx, ["channel"]) == {"channel"}
        assert [row.name for row in leases.held(tx, "chan")] == ["channel"]
    lease.release()


def test_two_heartbeats_at_once_after_a_clock_was_set_lose_nothing(
    ledger: Ledger, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread's own and that of who is about to write: each ends the generation that the other would look for."""
    both = threading.Barrier(2)
    condition = Lease._is_mine

    def together(self: Lease) -> object:
        made = condition(self)
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        return made

    with Lease(ledger, "worker:a", ttl=600) as lease:
        clock.move(3600)
        monkeypatch.setattr(Lease, "_is_mine", together)
        threads = [threading.Thread(target=lease.renew) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        monkeypatch.undo()
        assert lease.held
        lease.prove()
        assert lease.renew()


def test_generations_rise_even_when_the_clock_stands_still(ledger: Ledger) -> None:
    with ledger.write() as tx:
        first = leases.take(tx, "channel", "one", 0)
        second = leases.take(tx, "channel", "two", 0)
        third = leases.take(tx, "channel", "three", 10)
        assert leases.take(tx, "channel", "four", 10) is None
    assert first is not None
    assert (second, third) == (first + 1, first + 2)


def test_the_heartbeat_keeps_it_alive(ledger: Ledger, clock: StillClock) -> None:
    """The thread beats in real time; the moments it writes are those of the ledger's clock."""
    lease = Lease(ledger, "channel", ttl=0.3)
    lease.acquire()
    for _ in range(3):
        clock.move(0.25)
        expected = clock.now()

        def beaten(since: object = expected) -> bool:
            with ledger.read() as tx:
                row = leases.get(tx, "channel")
            return row is not None and row.heartbeat_at == since

        wait_until(beaten, "a beat")
    assert lease.held
    lease.release()


def test_the_heartbeat_notices_that_another_holder_has_it(ledger: Ledger, clock: StillClock) -> None:
    lease = Lease(ledger, "channel", ttl=0.3)
    lease.acquire()
    clock.move(10)
    with ledger.write() as tx:
        leases.take(tx, "channel", "another", 60)
    wait_until(lambda: lease.lost.is_set() or _holder(ledger) == lease.holder, "the loss or the renewal")
    if lease.held:  # the heartbeat was quicker than we were
        clock.move(10)
        with ledger.write() as tx:
            assert leases.take(tx, "channel", "another", 60) is not None
        assert lease.lost.wait(20)
    assert _holder(ledger) == "another"
    lease.release()
    assert _holder(ledger) == "another"


def _holder(ledger: Ledger) -> str | None:
    with ledger.read() as tx:
        row = leases.get(tx, "channel")
    return row.holder if row is not None else None


def test_a_failing_database_is_survived_for_as_long_as_the_lease_lives(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = Lease(ledger, "channel", ttl=30)
    monkeypatch.setattr(lease, "ttl", 0.6)
    real, beats = lease.renew, threading.Event()
    failures: list[int] = []

    def flaky() -> bool:
        if len(failures) < 2:
            failures.append(1)
            raise OperationalError("UPDATE", {}, Exception("gone"))
        beats.set()
        return real()

    monkeypatch.setattr(lease, "renew", flaky)
    lease.acquire()
    assert beats.wait(20)
    assert len(failures) == 2
    assert lease.held
    lease.release()


def test_a_database_that_stays_away_loses_the_lease(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = Lease(ledger, "channel", ttl=0.3)

    def gone() -> bool:
        raise TryAgain("out of reach")

    monkeypatch.setattr(lease, "renew", gone)
    lease.acquire()
    assert lease.lost.wait(20)
    lease.release()


def test_blocking_waits_for_the_holder(tmp_path: object, empty_url: str) -> None:
    ledger = Ledger.open(empty_url, SystemClock())
    first, second = Lease(ledger, "channel"), Lease(ledger, "channel")
    first.acquire()
    assert not second.acquire(blocking=True, timeout=0.2, poll=0.02)
    threading.Timer(0.2, first.release).start()
    with second:
        assert second.held
        assert not first.held
    with ledger.read() as tx:
        assert leases.get(tx, "channel") is None
    ledger.close()


def test_a_workers_lease_has_a_name_of_its_own_that_fits_a_claim(ledger: Ledger) -> None:
    with leases.worker(ledger, run_id="run-1") as one, leases.worker(ledger) as two:
        assert one.name != two.name
        assert max(len(one.name), len(two.name)) <= 80
        with ledger.read() as tx:
            assert {row.name for row in leases.held(tx, "worker:")} == {one.name, two.name}
            row = leases.get(tx, one.name)
        assert row is not None
        assert row.run_id == "run-1"
    with ledger.read() as tx:
        assert leases.held(tx) == []


def test_an_expired_lease_is_forgotten_only_while_it_is_expired(ledger: Ledger, clock: StillClock) -> None:
    with ledger.write() as tx:
        leases.take(tx, "worker:dead", "dead", 15)
    clock.move(16)
    with ledger.write() as tx:
        (row,) = leases.expired(tx, "worker:")
        leases.take(tx, "worker:dead", "new", 15)
        assert not leases.forget(tx, row), "another generation has it"
        taken = leases.get(tx, "worker:dead")
        assert taken is not None
        assert not leases.forget(tx, taken), "it is alive"
    clock.move(16)
    with ledger.write() as tx:
        (row,) = leases.expired(tx, "worker:")
        assert leases.forget(tx, row)
        assert leases.expired(tx) == []
