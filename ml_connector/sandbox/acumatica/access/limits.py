"""Call limits (acumatica 1.3): from half of the minute's limit on a call is delayed, nobody tells the client; those
beyond the concurrent ones queue; 429 comes only when the queue is full or a call has waited too long.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from ml_connector.clock import FileClock
from ml_connector.sandbox.acumatica.options import AcumaticaOptions
from ml_connector.sandbox.acumatica.wire.errors import ApiError
from ml_connector.sandbox.clock import POLL_SECONDS, wait

Waiting = Callable[[], Awaitable[None]]
_MINUTE = timedelta(minutes=1)


class Limits:
    """Counts what was delayed, queued and refused."""

    def __init__(self, clock: FileClock, options: AcumaticaOptions) -> None:
        self._clock = clock
        self._options = options
        self._recent: deque[datetime] = deque()
        self._working = 0
        self._queue: deque[object] = deque()
        self.delayed = 0
        self.queued = 0
        self.refused = 0

    def configure(self, *, per_minute: int | None = None, concurrent: int | None = None) -> None:
        """Set the limits; those not named are off."""
        self._options.per_minute, self._options.concurrent = per_minute, concurrent

    def settings(self) -> dict[str, int | None]:
        return {"per_minute": self._options.per_minute, "concurrent": self._options.concurrent}

    def delay(self) -> float:
        """Seconds that the next call is held: the rest of the minute over what is left of the limit."""
        limit, now = self._options.per_minute, self._clock.now()
        while self._recent and self._recent[0] <= now - _MINUTE:
            self._recent.popleft()
        done = len(self._recent)
        if limit is None or done * 2 < limit:
            return 0.0
        rest = (self._recent[0] + _MINUTE - now).total_seconds()
        return rest / max(limit - done, 1)

    async def enter(self) -> None:
        """Wait for one's turn. Raises ApiError 429."""
        seconds = self.delay()
        if seconds > 0:
            self.delayed += 1
            await self._in_queue(lambda: wait(self._clock, seconds))
        if self._options.concurrent is not None and self._working >= self._options.concurrent:
            self.queued += 1
            await self._in_queue(self._turn)
        self._recent.append(self._clock.now())
        self._working += 1

    def leave(self) -> None:
        self._working -= 1

    async def _in_queue(self, waiting: Waiting) -> None:
        if len(self._queue) >= self._options.queue_length:
            raise self._refusal()
        place = object()
        self._queue.append(place)
        try:
            await waiting()
        finally:
            self._queue.remove(place)

    async def _turn(self) -> None:
        until = self._clock.now() + timedelta(minutes=self._options.queue_minutes)
        while self._options.concurrent is not None and self._working >= self._options.concurrent:
            if self._clock.now() >= until:
                raise self._refusal()
            await asyncio.sleep(POLL_SECONDS)

    def _refusal(self) -> ApiError:
        """Declined calls are not counted."""
        self.refused += 1
        after = self._options.retry_after
        return ApiError(429, {"message": "Too many requests."}, headers={} if after is None else {"Retry-After": after})
