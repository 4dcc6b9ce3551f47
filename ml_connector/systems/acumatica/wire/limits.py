"""Call limits (acumatica 1.3): the licence counts calls a minute over all of them, and slows them down without a word.
A 429 means that the queue was full; Retry-After is honoured where it comes.
"""

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta

from ml_connector.clock import CLOCK_DOUBT, Clock
from ml_connector.errors import CallLimitReached
from ml_connector.transport.limits import PathLimiter, SharedLimits
from ml_connector.transport.responses import retry_after


class SiteLimiter:
    """One budget for all paths, shared by all processes; after a 429 the whole connection pauses.

    per_minute: None for no budget of ours. longest_wait: a longer wait is left to the caller.
    """

    def __init__(
        self,
        connection: str,
        per_minute: int | None,
        clock: Clock,
        *,
        shared: SharedLimits | None = None,
        pause_seconds: float = 60.0,
        longest_wait: float = 30.0,
    ) -> None:
        rate = None if per_minute is None else per_minute / 60
        self._budget = PathLimiter(connection, rate, clock, shared=shared, longest_wait=longest_wait)
        self._connection = connection
        self._clock = clock
        self._pause = pause_seconds
        self._longest_wait = longest_wait
        self._lock = threading.Lock()
        self._paused: tuple[datetime, datetime] | None = None

    def acquire(self, template: str) -> None:
        """Wait for a place; log-outs skip the queue.

        Raises:
            CallLimitReached: it would take too long.
        """
        if template.endswith("/auth/logout"):
            return
        with self._lock:
            paused, now = self._paused, self._clock.now()
        if paused is not None and paused[1] <= now + CLOCK_DOUBT:
            wait = (paused[0] - now).total_seconds()
            if wait > self._longest_wait:
                raise CallLimitReached(f"{self._connection}: Acumatica asked for a pause.", after_seconds=wait)
            if wait > 0:
                self._clock.sleep(wait)
        self._budget.acquire("calls")

    def observe(self, template: str, status: int | None, headers: Mapping[str, str]) -> float | None:
        """After a 429: the seconds that nobody calls."""
        del template
        if status != 429:
            return None
        asked = retry_after(headers, self._clock)
        pause = self._pause if asked is None else asked
        with self._lock:
            now = self._clock.now()
            self._paused = now + timedelta(seconds=pause), now
        return pause
