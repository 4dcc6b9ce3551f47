"""Call limits: no header tells them, so that a 429 without Retry-After is waited for as long as configured (5)."""

from collections.abc import Mapping

from ml_connector.clock import Clock
from ml_connector.transport.limits import PathLimiter, SharedLimits

_RETRY_AFTER = "retry-after"


class GatewayLimiter(PathLimiter):
    """The pause after a 429 counts for the whole connection."""

    def __init__(
        self,
        name: str,
        rate: float | None,
        clock: Clock,
        *,
        shared: SharedLimits,
        longest_wait: float,
        pause_seconds: float,
    ) -> None:
        super().__init__(name, rate, clock, shared=shared, longest_wait=longest_wait)
        self._pause = pause_seconds

    def observe(self, template: str, status: int | None, headers: Mapping[str, str]) -> float | None:
        told = headers.get(_RETRY_AFTER, "").strip()
        if status == 429 and not told:
            super().observe(template, status, {**headers, _RETRY_AFTER: str(round(self._pause) or 1)})
            return self._pause
        return super().observe(template, status, headers)
