"""Carries out planned operations at an outside system: exactly once as far as it can be known.

The order of things (DESIGN section 3, invariant 2): the operation with its exact payload is committed before the
call, the outcome after it. `in_flight` means on the wire: operations are begun in groups no larger than the calls at
once, each only while its document is still ours and our lease lives, and every call is proven again right before its
bytes leave (`ml_connector.proof`). What a crash leaves `in_flight`, and calls of unknown outcome, are looked up at the
other side, and the *stored* payload is written again only when nothing of them can come any more.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

from ml_connector import stopping
from ml_connector.clock import Clock
from ml_connector.errors import AuthorizationNeeded, ConnectorError, LeaseLost, RefusedBySystem, Stopped, TryAgain
from ml_connector.flows.core.ports import Written
from ml_connector.ledger.coordination.leases import Fence, fence_of, renewed
from ml_connector.ledger.database.store import Ledger, Tx
from ml_connector.ledger.work import attempts
from ml_connector.ledger.work.operation_rows import StoredOperation
from ml_connector.proof import Proof, proven_by

#: Outcomes are committed in groups: at most so many, at most so long after the first of them has come.
GROUP = 50
GATHER_SECONDS = 0.2
#: How often somebody who waits for a free place looks whether to stop.
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class CallOutcome:
    """What became of one call."""

    operation: StoredOperation
    written: Written | None = None
    error: ConnectorError | None = None

    @property
    def unknown(self) -> bool:
        """Nobody can tell; an error that says nothing about what happened counts as that too."""
        return self.error is not None and not self.refused and not self.not_sent

    @property
    def refused(self) -> bool:
        return isinstance(self.error, RefusedBySystem)

    @property
    def not_sent(self) -> bool:
        """Certainly nothing happened on the other side."""
        return isinstance(self.error, TryAgain | AuthorizationNeeded)


@dataclass
class Brake:
    """Stops further calls of a batch when the other side as a whole cannot go on, or we may not."""

    error: ConnectorError | None = None
    until: datetime | None = None

    def apply(self, outcome: CallOutcome, now: datetime) -> None:
        error = outcome.error
        if isinstance(error, AuthorizationNeeded):
            self.error = error
        elif isinstance(error, Stopped):
            self.error = self.error or error
        elif isinstance(error, TryAgain):
            self.until = now + timedelta(seconds=error.after_seconds or 30.0)
            far = (error.after_seconds or 0) > 5 or isinstance(error, LeaseLost)
            if far and not isinstance(self.error, AuthorizationNeeded):
                self.error = error


class Places:
    """How many operations may be begun and not finished, for all who call side by side.

    calls: made at once, and the largest group that is begun together. next_group: whether the group that follows is
    begun while one is on the wire, so that no call waits for a commit; without it a crash leaves less in doubt.
    """

    def __init__(self, calls: int, *, next_group: bool) -> None:
        self._group = calls
        # A group costs a commit: a few free places are left alone until more are free.
        self._enough = calls if next_group else max(1, calls // 2)
        self._free = calls * 2 if next_group else calls
        self._changed = threading.Condition()

    def take(self, wanted: int, *, wait: bool) -> int:
        """Take free places, up to so many; wait: for the first free one, a moment long. 0: none."""
        with self._changed:
            if wait and not self._free:
                self._changed.wait(LOOK_SECONDS)
            enough = 1 if wait else min(wanted, self._enough)
            taken = min(wanted, self._free, self._group) if self._free >= enough else 0
            self._free -= taken
            return taken

    def give(self, count: int) -> None:
        with self._changed:
            self._free += count
            self._changed.notify(count)


@dataclass(frozen=True)
class Begun:
    """Operations whose intent is committed, and the proof that each call must give."""

    operations: Sequence[StoredOperation]
    proof: Proof


#: Commits the intent of a group and returns what of it may be sent.
Begin = Callable[[Sequence[StoredOperation]], Begun]
#: What will be sent, by operation; None for the stored payload.
Fill = Callable[[Tx, Sequence[StoredOperation]], Sequence[tuple[int, str | None]]]


def beginning(ledger: Ledger, holder: str, fill: Fill) -> Begin:
    """Begin groups behind the fence of the lease with this name.

    Raises (when called):
        LeaseLost: nothing may be begun any more.
    """

    def attempt(group: Sequence[StoredOperation]) -> tuple[Fence, list[StoredOperation], bool]:
        fence = fence_of(holder)
        with ledger.write() as tx:
            begun = attempts.begin(tx, fill(tx, group), fence)
            return fence, begun, len(begun) == len(group) or attempts.lease_lives(tx, fence)

    def begin(group: Sequence[StoredOperation]) -> Begun:
        fence, begun, alive = attempt(group)
        if not alive and renewed(holder):
            # By the ledger's clock alone it had lapsed: somebody set that clock.
            fence, begun, alive = attempt(group)
        if not alive:
            raise LeaseLost(f"The lease {holder} has expired: nothing is sent.", after_seconds=fence.lease.ttl)
        return Begun(begun, fence.prove)

    return begin


def call_all(
    operations: Sequence[StoredOperation],
    write: Callable[[StoredOperation], Written],
    *,
    begin: Begin,
    places: Places,
    calls: Executor,
    clock: Clock,
    brake: Brake | None = None,
    gather: float = GATHER_SECONDS,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[list[CallOutcome]]:
    """Begin the operations and call `write` for each, as many at once as there are places; outcomes come in groups.

    Once the brake is on or the work is stopped, nothing more is begun: the rest stays planned. What was begun and not
    sent comes back as not sent, what `begin` leaves out does not come back.
    """
    brake = brake or Brake()
    finished: SimpleQueue[Future[CallOutcome]] = SimpleQueue()
    left_alone = threading.Event()

    def one(operation: StoredOperation, proof: Proof) -> CallOutcome:
        if stopping.asked() or isinstance(brake.error, Stopped):
            return CallOutcome(operation, error=Stopped())
        if brake.error is not None or left_alone.is_set():
            return CallOutcome(operation, error=TryAgain("not sent: the batch was stopped", after_seconds=30))
        try:
            proof()
            with proven_by(proof):
                return CallOutcome(operation, written=write(operation))
        except ConnectorError as error:
            outcome = CallOutcome(operation, error=error)
            brake.apply(outcome, clock.now())
            return outcome

    def ended(future: Future[CallOutcome]) -> None:
        places.give(1)
        finished.put(future)

    waiting = deque(operations)
    out = 0
    group: list[CallOutcome] = []
    until = 0.0
    try:
        while True:
            if waiting and (brake.error is not None or stopped()):
                waiting.clear()
            if waiting and (room := places.take(len(waiting), wait=not out)):
                begun = _begun([waiting.popleft() for _ in range(room)], begin, places)
                for operation in begun.operations:
                    calls.submit(one, operation, begun.proof).add_done_callback(ended)
                out += len(begun.operations)
                continue
            if not out:
                if group:
                    yield group
                    group = []
                if waiting:
                    continue
                break
            for future in _gathered(finished, max(0.0, until - time.monotonic()) if group else None):
                if not group:
                    until = time.monotonic() + gather
                out -= 1
                group.append(future.result())
            if group and (len(group) >= GROUP or time.monotonic() >= until):
                yield group
                group = []
    finally:
        left_alone.set()


def _begun(group: Sequence[StoredOperation], begin: Begin, places: Places) -> Begun:
    """Begin a group; places that are not used are given back."""
    used = 0
    try:
        begun = begin(group)
        used = len(begun.operations)
    finally:
        places.give(len(group) - used)
    return begun


def _gathered(finished: "SimpleQueue[Future[CallOutcome]]", seconds: float | None) -> Iterator[Future[CallOutcome]]:
    """The calls that have finished, or that finish first within so many seconds (None: however long it takes)."""
    try:
        yield finished.get(timeout=seconds)
        while True:
            yield finished.get_nowait()
    except Empty:
        return


@dataclass(frozen=True)
class Settlement:
    """What a look-up at the other side said about operations of unknown outcome."""

    found: Mapping[int, Written] = field(default_factory=dict)
    look_again: Sequence[StoredOperation] = ()
    write_again: Sequence[StoredOperation] = ()


def settle(
    operations: Sequence[StoredOperation],
    find: Callable[[Sequence[StoredOperation]], Mapping[int, Written]],
    *,
    settle_seconds: float,
    now: datetime,
) -> Settlement:
    """Look for writes of unknown outcome.

    Not found once is not enough: a call that timed out can still commit late, and what another worker had on the wire
    may arrive as long as its calls can last. Only when a look after that time has found nothing either may the stored
    payload be written again.
    """
    if not operations:
        return Settlement()
    found = find(operations)
    again: list[StoredOperation] = []
    write: list[StoredOperation] = []
    for operation in operations:
        if operation.id in found:
            continue
        quiet = quiet_from(operation, settle_seconds)
        (write if quiet is None or now >= quiet else again).append(operation)
    return Settlement(found=found, look_again=again, write_again=write)


def quiet_from(operation: StoredOperation, settle_seconds: float) -> datetime | None:
    """From when on nothing of an attempt can come any more; None: nothing was ever sent."""
    last = operation.last_attempt_at
    moments = [moment for moment in (operation.not_before,) if moment is not None]
    if last is not None:
        moments.append(last + timedelta(seconds=settle_seconds))
    return max(moments, default=None)
