"""Whose turn it is on the wire: a company takes one request at a time at the standard level (intacct 5).

Within a process threads take turns; between processes a lease of the company is held while a request is out.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from ml_connector.clock import Clock
from ml_connector.errors import TryAgain

LOOK_SECONDS = 0.2


class WireLease(Protocol):
    """One place on the wire, as all processes see it."""

    def take(self) -> bool:
        """For a request of this process; False where another process has it."""
        ...

    def give(self) -> None:
        """The request has been answered."""
        ...


class Turns:
    """Turns of one company. lease: of a place by its number; places: requests at once; patience: seconds."""

    def __init__(
        self, connection: str, lease: Callable[[int], WireLease], places: int, clock: Clock, *, patience: float
    ) -> None:
        self._connection = connection
        self._lease = lease
        self._places = places
        self._clock = clock
        self._patience = patience
        self._free = list(range(places))
        self._changed = threading.Condition()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold a place.

        Raises:
            TryAgain: none was free in time; nothing was sent.
        """
        place = self._mine()
        try:
            lease = self._taken(place)
            try:
                yield
            finally:
                lease.give()
        finally:
            with self._changed:
                self._free.append(place)
                self._changed.notify()

    def _mine(self) -> int:
        with self._changed:
            if not self._changed.wait_for(lambda: bool(self._free), timeout=self._patience):
                raise self._busy()
            return self._free.pop(0)

    def _taken(self, place: int) -> WireLease:
        """The lease of the place, or of any other that is free."""
        left = self._patience
        while True:
            for number in (place, *(one for one in range(self._places) if one != place)):
                lease = self._lease(number)
                if lease.take():
                    return lease
            if left <= 0:
                raise self._busy()
            left -= LOOK_SECONDS
            self._clock.sleep(LOOK_SECONDS)

    def _busy(self) -> TryAgain:
        return TryAgain(
            f"{self._connection}: other requests to the company are on the wire; nothing was sent.",
            after_seconds=5,
            remedy="It is tried again by itself. With a higher performance tier, raise `concurrency`.",
        )
