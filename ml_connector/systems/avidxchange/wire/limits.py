"""One rate for all calls of a connection (avidxchange 7: nothing is public; two a second is a proposal)."""

from collections.abc import Mapping

from ml_connector.transport.limits import PathLimiter


class OneRate:
    """Every path counts in one schedule, and a 429 on one pauses all."""

    def __init__(self, limiter: PathLimiter) -> None:
        self._limiter = limiter

    def acquire(self, template: str) -> None:
        del template
        self._limiter.acquire("all calls")

    def observe(self, template: str, status: int | None, headers: Mapping[str, str]) -> float | None:
        del template
        return self._limiter.observe("all calls", status, headers)
