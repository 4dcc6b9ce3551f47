"""Leases: one holder at a time, alive as long as its heartbeat, free again by itself when the holder died.

Moments are the ledger's clock's. `generation` rises at every change of holder, so that a holder that was away too
long can be told from the present one.

Whether a lease is *still safely ours* is told without the database, by a clock that goes on while we are stopped: it is
asked right before something is sent, when there is no time for a query, and when the database may be what is away. A
lease whose time has passed by that clock is lost for good: others may have taken what it covered.
"""

import contextlib
import logging
import os
import socket
import threading
import time
import uuid
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from ml_connector import stopping
from ml_connector.clock import CLOCK_DOUBT, boot_seconds
from ml_connector.errors import ConnectorError, LeaseLost
from ml_connector.ledger.database.store import Ledger, Tx, now
from ml_connector.ledger.tables.documents import lease

log = logging.getLogger(__name__)

DEFAULT_TTL = 15.0
#: A proof must hold for this share of the time to live, but no longer than that, so that what was proven is over (the
#: bytes are sent, the statement is done) before somebody else may act; it also covers clocks that differ a little.
MARGIN_SHARE, LONGEST_MARGIN = 0.2, 3.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """A lease as stored."""

    name: str
    holder: str
    run_id: str
    taken_at: datetime
    heartbeat_at: datetime
    expires_at: datetime
    generation: int


_COLUMNS = [lease.c[name] for name in LeaseRow.__slots__]


def new_holder() -> str:
    """A name no other holder has: machine, process, random."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


def living(tx: Tx, names: Sequence[str]) -> set[str]:
    """Those of these leases that are held now."""
    found: set[str] = set()
    for start in range(0, len(names), 500):
        query = sa.select(lease.c.name).where(
            lease.c.name.in_(names[start : start + 500]), lease.c.expires_at > now(tx)
        )
        found.update(tx.execute(query).scalars())
    return found


def get(tx: Tx, name: str) -> LeaseRow | None:
    """A lease, held or expired; None when it was released or never taken."""
    row = tx.execute(sa.select(*_COLUMNS).where(lease.c.name == name)).one_or_none()
    return None if row is None else LeaseRow(*row)


def held(tx: Tx, prefix: str = "") -> list[LeaseRow]:
    """The leases that are held now, by name."""
    return _list(tx, prefix, lease.c.expires_at > now(tx))


def expired(tx: Tx, prefix: str = "") -> list[LeaseRow]:
    """Leases whose holder died: not released, and not renewed in time."""
    return _list(tx, prefix, lease.c.expires_at <= now(tx))


def _list(tx: Tx, prefix: str, which: sa.ColumnElement[bool]) -> list[LeaseRow]:
    query = sa.select(*_COLUMNS).where(which).order_by(lease.c.name)
    return [LeaseRow(*row) for row in tx.execute(query) if row[0].startswith(prefix)]


def forget(tx: Tx, row: LeaseRow) -> bool:
    """Take away an expired lease once its work was taken up again; False when somebody holds it meanwhile."""
    statement = sa.delete(lease).where(
        lease.c.name == row.name, lease.c.generation == row.generation, lease.c.expires_at <= now(tx)
    )
    return bool(tx.execute(statement).rowcount)


def brought_back(tx: Tx, ttl: float) -> int:
    """Leases whose heartbeat lies ahead were written by a clock that was put back since: they end in `ttl` seconds,
    unless a living holder renews them; how many.
    """
    at = now(tx)
    statement = sa.update(lease).where(lease.c.heartbeat_at > at + CLOCK_DOUBT)
    changed = tx.execute(statement.values(heartbeat_at=at, expires_at=at + timedelta(seconds=ttl))).rowcount
    if changed:
        log.warning("%d lease(s) were written by a clock that ran ahead; they end in %g seconds", changed, ttl)
    return int(changed)


def take(tx: Tx, name: str, holder: str, ttl: float, run_id: str = "") -> int | None:
    """Take a free or expired lease; its generation, or None when somebody holds it."""
    at = now(tx)
    generation = (at - _EPOCH) // timedelta(microseconds=1)
    values = {
        "holder": holder,
        "run_id": run_id,
        "taken_at": at,
        "heartbeat_at": at,
        "expires_at": at + timedelta(seconds=ttl),
    }
    # The time in microseconds: it rises although a released lease leaves no row behind.
    risen = sa.case((lease.c.generation >= generation, lease.c.generation + 1), else_=generation)
    statement = (
        sa.update(lease)
        .where(lease.c.name == name, lease.c.expires_at <= at)
        .values(**values, generation=risen)
        .returning(lease.c.generation)
    )
    taken = tx.execute(statement).scalar_one_or_none()
    if taken is not None:
        return int(taken)
    insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    new = insert(lease).values(name=name, generation=generation, **values).on_conflict_do_nothing()
    return generation if tx.execute(new.returning(lease.c.generation)).one_or_none() is not None else None


@dataclass(frozen=True)
class Fence:
    """A lease at one moment: what was begun behind it may be sent only while that very lease goes on.

    generation: of the lease then. A lease that lapsed by the ledger's clock and was renewed has another one.
    """

    lease: "Lease"
    name: str
    holder: str
    generation: int

    def prove(self) -> None:
        """Raises LeaseLost when the lease is not safely ours, or was not all the time since."""
        self.lease.prove(self.generation)


#: The leases that this process holds, by name: work is passed around by its lease's name.
_own: "weakref.WeakValueDictionary[str, Lease]" = weakref.WeakValueDictionary()


def fence_of(name: str) -> Fence:
    """The fence of a lease that this process holds.

    Raises:
        LeaseLost: it does not, or not safely any more.
    """
    mine = _own.get(name)
    if mine is None:
        raise LeaseLost(f"This process does not hold the lease {name}.", after_seconds=DEFAULT_TTL)
    return mine.fence()


def renewed(name: str) -> bool:
    """Renew a lease of this process now, as where the ledger's clock was put forward; False when it is lost."""
    mine = _own.get(name)
    return mine is not None and mine.held and mine.renew()


class Lease:
    """A lease with a heartbeat in a thread of its own; a context manager that waits for it.

    lost: set when the lease expired or another holder has it; work must stop then. generation: the fence.
    """

    def __init__(
        self, ledger: Ledger, name: str, holder: str | None = None, *, ttl: float = DEFAULT_TTL, run_id: str = ""
    ) -> None:
        self._ledger = ledger
        self.name = name
        self.holder = holder or new_holder()
        self.ttl = ttl
        self.run_id = run_id
        self.generation = 0
        self.lost = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._renewed = 0.0
        self._renewing = threading.Lock()

    def acquire(self, *, blocking: bool = False, timeout: float | None = None, poll: float = 0.1) -> bool:
        """Take the lease; False when another holder has it (after `timeout` real seconds when blocking).

        Raises:
            TryAgain: the ledger cannot be reached (when not blocking). Stopped: the process is asked to end.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._try():
            if not blocking or (deadline is not None and time.monotonic() >= deadline):
                return False
            stopping.pause(poll)
        return True

    def _try(self) -> bool:
        if self._thread is not None:
            return not self.lost.is_set()
        asked = boot_seconds()
        with self._ledger.write() as tx:
            brought_back(tx, max(self.ttl, DEFAULT_TTL))
            taken = take(tx, self.name, self.holder, self.ttl, self.run_id)
        if taken is None:
            return False
        self.generation = taken
        self._renewed = asked
        self.lost.clear()
        _own[self.name] = self
        self._stop.clear()
        self._thread = threading.Thread(target=self._beat, name=f"lease {self.name}", daemon=True)
        self._thread.start()
        return True

    @property
    def held(self) -> bool:
        """Taken, and not lost as far as this process knows."""
        return self._thread is not None and not self.lost.is_set()

    def check(self) -> None:
        """Raises LeaseLost when the lease was lost: between two steps of work."""
        if not self.held:
            raise LeaseLost(f"The lease {self.name} was lost.", after_seconds=self.ttl)

    @property
    def margin(self) -> float:
        """Seconds before its end from which a lease is no longer safely ours."""
        return min(LONGEST_MARGIN, self.ttl * MARGIN_SHARE)

    def prove(self, generation: int | None = None) -> None:
        """See that the lease is still safely ours, by this machine's clock alone; costs nothing.

        generation: it must be this one still.

        Raises:
            LeaseLost: it is not; nothing may be sent in its name.
        """
        self.check()
        since = boot_seconds() - self._renewed
        if since >= self.ttl - self.margin:
            raise LeaseLost(
                f"The lease {self.name} was not renewed for {since:.1f} s, it lives {self.ttl:g}: nothing is sent.",
                after_seconds=self.ttl,
                remedy="The process was paused, or the ledger was out of reach; the work is taken up again by itself.",
            )
        if generation not in (None, self.generation):
            raise LeaseLost(f"The lease {self.name} had lapsed meanwhile: nothing is sent.", after_seconds=self.ttl)

    def fence(self) -> Fence:
        """What is begun from now on stands behind this. Raises LeaseLost."""
        fence = Fence(self, self.name, self.holder, self.generation)
        fence.prove()
        return fence

    def renew(self) -> bool:
        """One heartbeat; False when the lease is lost: another holder has it, or our time has passed.

        One that lapsed by the ledger's clock only (somebody set it), and that nobody took, is renewed under a new
        generation: nothing that was begun before is sent. One at a time: the second of two side by side would look for
        the generation that the first has ended, and take the lease for lost.
        """
        with self._renewing:
            return self._renew()

    def _renew(self) -> bool:
        asked = boot_seconds()
        if asked - self._renewed >= self.ttl:
            self._lose(f"it was not renewed for {asked - self._renewed:.1f} seconds")
            return False
        with self._ledger.beat(self.ttl / 3) as tx:
            at = now(tx)
            statement = (
                sa.update(lease)
                .where(self._is_mine())
                .values(
                    heartbeat_at=at,
                    expires_at=at + timedelta(seconds=self.ttl),
                    generation=sa.case((lease.c.expires_at > at, lease.c.generation), else_=lease.c.generation + 1),
                )
                .returning(lease.c.generation)
            )
            generation = tx.execute(statement).scalar_one_or_none()
        if generation is None:
            self._lose("another holder has it")
            return False
        if generation != self.generation:
            log.warning("lease %s had lapsed by the ledger's clock and is taken anew", self.name)
            self.generation = generation
        self._renewed = asked
        return True

    def _is_mine(self) -> sa.ColumnElement[bool]:
        return sa.and_(lease.c.name == self.name, lease.c.holder == self.holder, lease.c.generation == self.generation)

    def _beat(self) -> None:
        """Renew every third of the time to live; an unreachable ledger is tried again until the lease has run out."""
        wait = self.ttl / 3
        while not self._stop.wait(wait):
            wait = self.ttl / 3
            try:
                if not self.renew():
                    return
            except (SQLAlchemyError, ConnectorError) as error:
                if boot_seconds() - self._renewed >= self.ttl:
                    self._lose("the ledger was out of reach for too long")
                    return
                log.warning("heartbeat of %s failed, trying again: %s", self.name, type(error).__name__)
                wait = min(1.0, self.ttl / 10)

    def _lose(self, why: str) -> None:
        if not self.lost.is_set():
            log.warning("lease %s was lost: %s", self.name, why)
            self.lost.set()

    def release(self) -> None:
        """Give it up; without effect when it was lost. An unreachable ledger lets it expire instead."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if _own.get(self.name) is self:
            del _own[self.name]
        self._stop.set()
        if thread is not threading.current_thread():
            thread.join(timeout=self.ttl)
        with contextlib.suppress(SQLAlchemyError, ConnectorError), self._ledger.write() as tx:
            tx.execute(sa.delete(lease).where(self._is_mine()))

    def __enter__(self) -> Self:
        self.acquire(blocking=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


@contextlib.contextmanager
def worker(ledger: Ledger, *, run_id: str = "", ttl: float = DEFAULT_TTL) -> Iterator[Lease]:
    """The lease of one worker, named `worker:<unique>`: its name goes into the documents that it claims."""
    holder = new_holder()
    lease_of_worker = Lease(ledger, f"worker:{holder}"[:80], holder, ttl=ttl, run_id=run_id)
    lease_of_worker.acquire()
    try:
        yield lease_of_worker
    finally:
        lease_of_worker.release()
