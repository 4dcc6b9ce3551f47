"""The limit of calls per path: 5 a second by default, then 429 (cleo 7, a claim: so every part of it is a setting)."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ml_connector.sandbox.cleo.errors import ApiError


@dataclass
class LimitOptions:
    """per_second None: no limit. retry_after: the header's value on a 429; None leaves the header out."""

    per_second: float | None = 5.0
    burst: float = 5.0
    retry_after: str | None = "1"


class PathLimiter:
    """A token bucket for each path template and account. It runs on real time: a moved clock gives no tokens."""

    def __init__(self, options: LimitOptions, now: Callable[[], float] = time.monotonic) -> None:
        self.options = options
        self.refused = 0
        self._now = now
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, template: str, account: str) -> None:
        """Count one call. Raises ApiError 429 when the path's tokens are used up."""
        rate = self.options.per_second
        if rate is None:
            return
        now = self._now()
        burst = max(1.0, self.options.burst)
        left, since = self._buckets.get((template, account), (burst, now))
        left = min(burst, left + (now - since) * rate)
        if left < 1.0:
            self._buckets[template, account] = (left, now)
            self.refused += 1
            wait = self.options.retry_after
            raise ApiError(429, "Too many requests", headers={"Retry-After": wait} if wait is not None else {})
        self._buckets[template, account] = (left - 1.0, now)

    def clear(self) -> None:
        self._buckets.clear()
        self.refused = 0
