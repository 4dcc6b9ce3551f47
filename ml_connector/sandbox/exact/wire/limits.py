"""Call limits per app and division: fixed minute and UTC-day windows, headers in milliseconds (exact-online 5)."""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ml_connector.clock import FileClock
from ml_connector.sandbox.exact.options import ExactOptions

Headers = dict[str, str]


@dataclass(slots=True)
class _Window:
    ends: datetime
    used: int = 0


@dataclass(slots=True)
class _Counter:
    minute: _Window = field(default_factory=lambda: _Window(datetime.min.replace(tzinfo=UTC)))
    day: _Window = field(default_factory=lambda: _Window(datetime.min.replace(tzinfo=UTC)))


class Limits:
    """Counts calls and refusals. A limit of None is off and its headers are left out."""

    def __init__(self, clock: FileClock, options: ExactOptions) -> None:
        self._clock = clock
        self._options = options
        self._counters: dict[tuple[str, int], _Counter] = {}
        self._errors: dict[tuple[str, int, str], deque[datetime]] = {}
        self._blocked: dict[tuple[str, int, str], datetime] = {}
        self.refused = 0
        self.counted = 0

    def configure(self, *, minute: int | None = None, day: int | None = None, errors: int | None = None) -> None:
        """Set the limits; those not named are off."""
        self._options.minute_limit, self._options.day_limit = minute, day
        self._options.error_limit = errors
        self._errors.clear()
        self._blocked.clear()

    def settings(self) -> dict[str, int | None]:
        options = self._options
        return {"minute": options.minute_limit, "day": options.day_limit, "errors": options.error_limit}

    def count(self, client: str, division: int) -> tuple[bool, Headers]:
        """Count one call. False when it is refused, with the headers of the window that refused it."""
        now = self._clock.now()
        counter = self._counters.setdefault((client, division), _Counter())
        if now >= counter.minute.ends:
            counter.minute = _Window(now.replace(second=0, microsecond=0) + timedelta(minutes=1))
        if now >= counter.day.ends:
            midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            counter.day = _Window(midnight + timedelta(days=1))
        options = self._options
        if options.day_limit is not None and counter.day.used >= options.day_limit:
            self.refused += 1
            return False, _headers("X-RateLimit-", options.day_limit, counter.day)
        if options.minute_limit is not None and counter.minute.used >= options.minute_limit:
            self.refused += 1
            return False, _headers("X-RateLimit-Minutely-", options.minute_limit, counter.minute)
        counter.minute.used += 1
        counter.day.used += 1
        self.counted += 1
        headers: Headers = {}
        if options.day_limit is not None:
            headers |= _headers("X-RateLimit-", options.day_limit, counter.day)
        if options.minute_limit is not None:
            headers |= _headers("X-RateLimit-Minutely-", options.minute_limit, counter.minute)
        return True, headers

    def blocked(self, client: str, division: int, endpoint: str) -> bool:
        """Whether the ten-errors rule blocks this endpoint for the app now."""
        until = self._blocked.get((client, division, endpoint))
        return until is not None and self._clock.now() < until

    def error(self, client: str, division: int, endpoint: str) -> None:
        """Count a 400, 401, 403 or 404; more than the limit within an hour blocks the endpoint for one."""
        if self._options.error_limit is None:
            return
        now = self._clock.now()
        seen = self._errors.setdefault((client, division, endpoint), deque())
        seen.append(now)
        while seen and seen[0] <= now - timedelta(hours=1):
            seen.popleft()
        if len(seen) >= self._options.error_limit:
            self._blocked[client, division, endpoint] = now + timedelta(hours=1)
            seen.clear()


def _headers(prefix: str, limit: int, window: _Window) -> Headers:
    return {
        f"{prefix}Limit": str(limit),
        f"{prefix}Remaining": str(limit - window.used),
        f"{prefix}Reset": str(int(window.ends.timestamp() * 1000)),
    }
