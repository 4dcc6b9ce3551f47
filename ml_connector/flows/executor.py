"""Carries out planned operations at an outside system: exactly once as far as it can be known.

The order of things (DESIGN section 3, invariant 2): the operation with its exact payload is committed before the
call, the outcome after it. A crash in between leaves `in_flight`; those and calls of unknown outcome are looked
up at the other side, twice with a settling time, before the *stored* payload is written again.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

from ml_connector.clock import Clock
from ml_connector.errors import AuthorizationNeeded, ConnectorError, RefusedBySystem, TryAgain
from ml_connector.flows.ports import StoredOperation, Written

log = logging.getLogger(__name__)

#: Outcomes are committed in groups: at most so many, at most so long after the first of them has come.
GROUP = 50
GATHER_SECONDS = 0.2


@dataclass(frozen=True)
class Outcome:
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
    """Stops further calls of a batch when the other side as a whole cannot go on."""

    error: ConnectorError | None = None
    until: datetime | None = None

    def apply(self, outcome: Outcome, now: datetime) -> None:
        error = outcome.error
        if isinstance(error, AuthorizationNeeded):
            self.error = error
        elif isinstance(error, TryAgain):
            self.until = now + timedelta(seconds=error.after_seconds or 30.0)
            if (error.after_seconds or 0) > 5 and not isinstance(self.error, AuthorizationNeeded):
                self.error = error


def call_all(
    operations: Sequence[StoredOperation],
    write: Callable[[StoredOperation], Written],
    *,
    calls: Executor,
    clock: Clock,
    brake: Brake | None = None,
) -> Iterator[list[Outcome]]:
    """Call `write` for each operation, as many at once as `calls` does, and yield outcomes in groups as they come.

    Once the brake is on, the remaining operations come back as not sent, without a call.
    """
    brake = brake or Brake()
    finished: SimpleQueue[Future[Outcome]] = SimpleQueue()

    def one(operation: StoredOperation) -> Outcome:
        if brake.error is not None:
            return Outcome(operation, error=TryAgain("not sent: the batch was stopped", after_seconds=30))
        try:
            return Outcome(operation, written=write(operation))
        except ConnectorError as error:
            outcome = Outcome(operation, error=error)
            brake.apply(outcome, clock.now())
            return outcome

    for operation in operations:
        calls.submit(one, operation).add_done_callback(finished.put)
    left = len(operations)
    while left:
        group = _gathered(finished, min(GROUP, left))
        left -= len(group)
        yield [future.result() for future in group]


def _gathered(finished: "SimpleQueue[Future[Outcome]]", most: int) -> list[Future[Outcome]]:
    """At least one finished call, and those that finish within a moment after it: they share a transaction."""
    group = [finished.get()]
    until = time.monotonic() + GATHER_SECONDS
    while len(group) < most:
        try:
            group.append(finished.get(timeout=max(0.0, until - time.monotonic())))
        except Empty:
            break
    return group


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

    Not found once is not enough: a call that timed out can still commit late. Only when a look after the settling
    time, counted from the last attempt, has found nothing either may the stored payload be written again.
    """
    if not operations:
        return Settlement()
    found = find(operations)
    again: list[StoredOperation] = []
    write: list[StoredOperation] = []
    for operation in operations:
        if operation.id in found:
            continue
        settled = operation.last_attempt_at is None or now >= operation.last_attempt_at + timedelta(
            seconds=settle_seconds
        )
        (write if settled else again).append(operation)
    return Settlement(found=found, look_again=again, write_again=write)
