"""Work that is due at a moment of the sandbox's clock."""

from collections.abc import Callable
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush

from ml_connector.clock import Clock

Job = Callable[[], None]


class Agenda:
    """Jobs by due time; those of one moment in the order they were put in."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._jobs: list[tuple[datetime, int, Job]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, seconds: float, job: Job) -> None:
        """Do that job so many seconds from now."""
        self._count += 1
        heappush(self._jobs, (self._clock.now() + timedelta(seconds=seconds), self._count, job))

    def due(self) -> Job | None:
        """The next job that is due, taken off."""
        if self._jobs and self._jobs[0][0] <= self._clock.now():
            return heappop(self._jobs)[2]
        return None

    def all_due(self) -> None:
        """Everything that waits is due now."""
        now = self._clock.now()
        self._jobs = [(min(due, now), number, job) for due, number, job in self._jobs]
        heapify(self._jobs)

    def clear(self) -> None:
        self._jobs.clear()
