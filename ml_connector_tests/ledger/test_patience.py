"""A database that is there and does not answer: everything that waits for it ends, with a clear error."""

import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from ml_connector.clock import SystemClock
from ml_connector.errors import LeaseLost, TryAgain
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.coordination.leases import Lease
from ml_connector.ledger.database.store import Ledger
from ml_connector_tests.support.postgres import Server
from ml_connector_tests.support.proxies import FreezingProxy, frozen_at_will


@pytest.fixture
def proxied(postgres_server: Server, postgres_template: str) -> Iterator[tuple[Ledger, FreezingProxy]]:
    """A ledger behind a proxy, and the proxy."""
    with postgres_server.database(postgres_template) as url:
        direct = make_url(url)
        with frozen_at_will(str(direct.host), int(direct.port or 5432)) as proxy:
            behind = direct.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)
            ledger = Ledger.open(behind, SystemClock(), patience=1.0)
            try:
                yield ledger, proxy
            finally:
                proxy.thaw()
                ledger.close()


def test_a_statement_is_not_waited_for_for_ever(proxied: tuple[Ledger, FreezingProxy]) -> None:
    ledger, proxy = proxied

    def write() -> None:
        with ledger.write() as tx:
            cursors.put(tx, "one", "1")
            proxy.freeze()
            cursors.put(tx, "two", "2")

    with pytest.raises(TryAgain, match="cannot be reached"):
        write()


def test_a_commit_is_not_waited_for_for_ever(proxied: tuple[Ledger, FreezingProxy]) -> None:
    ledger, proxy = proxied

    def write() -> None:
        with ledger.write() as tx:
            cursors.put(tx, "one", "1")
            proxy.freeze()

    with pytest.raises(TryAgain, match="cannot be reached"):
        write()


def test_a_new_connection_is_not_waited_for_for_ever(proxied: tuple[Ledger, FreezingProxy]) -> None:
    ledger, proxy = proxied
    ledger.engine.dispose()
    proxy.freeze()
    with pytest.raises(TryAgain, match="cannot be reached"), ledger.read() as tx:
        cursors.get(tx, "one")


def test_it_goes_on_when_the_database_answers_again(proxied: tuple[Ledger, FreezingProxy]) -> None:
    ledger, proxy = proxied
    proxy.freeze()
    with pytest.raises(TryAgain), ledger.read() as tx:
        cursors.get(tx, "one")
    proxy.thaw()
    with ledger.write() as tx:
        cursors.put(tx, "one", "1")
    with ledger.read() as tx:
        assert cursors.get(tx, "one") == "1"


def test_a_lock_is_not_waited_for_for_ever(proxied: tuple[Ledger, FreezingProxy]) -> None:
    ledger, _ = proxied
    held, done = threading.Event(), threading.Event()
    with ledger.write() as tx:
        cursors.put(tx, "one", "1")

    def hold() -> None:
        with ledger.write() as tx:
            cursors.put(tx, "one", "2")
            held.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(30)
    with pytest.raises(TryAgain, match=r"took too long|is busy"), ledger.write() as tx:
        cursors.put(tx, "one", "3")
    done.set()
    holder.join()


def test_work_over_the_whole_ledger_may_take_longer(proxied: tuple[Ledger, FreezingProxy]) -> None:
    ledger, _ = proxied
    with pytest.raises(TryAgain), ledger.read() as tx:
        tx.execute(sa.text("SELECT pg_sleep(1.5)"))
    with ledger.read(long=True) as tx:
        tx.execute(sa.text("SELECT pg_sleep(1.5)"))


def test_a_worker_cut_off_from_the_ledger_learns_that_it_has_lost(proxied: tuple[Ledger, FreezingProxy]) -> None:
    """Issue 10, 2: its heartbeat hung in the database, so that it never did. What it would send is refused before."""
    ledger, proxy = proxied
    lease = Lease(ledger, "worker:cut off", ttl=3.0)
    assert lease.acquire()
    fence = lease.fence()
    proxy.freeze()
    assert lease.lost.wait(60)
    with pytest.raises(LeaseLost):
        fence.prove()
    lease.release()


def test_the_heartbeat_does_not_queue_behind_the_pool(proxied: tuple[Ledger, FreezingProxy]) -> None:
    ledger, _ = proxied
    lease = Lease(ledger, "worker:busy", ttl=30.0)
    assert lease.acquire()
    busy = [ledger.engine.connect() for _ in range(15)]
    try:
        assert lease.renew()
    finally:
        for one in busy:
            one.close()
    lease.release()
