"""Doing a call again when certainly nothing happened on the other side (or it only read)."""

import random
from collections.abc import Callable
from typing import TypeVar

from ml_connector.clock import Clock
from ml_connector.errors import TryAgain

T = TypeVar("T")


def retried(
    call: Callable[[], T],
    *,
    clock: Clock,
    attempts: int = 4,
    longest_wait: float = 8.0,
    first_wait: float = 0.25,
) -> T:
    """The result of `call`, made again after a TryAgain with growing, jittered waits.

    A wait that the server or a limit asks for is respected; when it is longer than `longest_wait` seconds the
    error goes on to the caller, who can do something else meanwhile. Other errors pass at once: a write of
    unknown outcome is never made again here.
    """
    for attempt in range(1, attempts + 1):
        try:
            return call()
        except TryAgain as error:
            wait = _wait(error.after_seconds, attempt, first_wait)
            if attempt == attempts or wait > longest_wait:
                raise
            clock.sleep(wait)
    raise AssertionError("attempts must be at least 1")


def _wait(asked: float | None, attempt: int, first: float) -> float:
    """Seconds to wait: what was asked for, else doubling; plus up to a quarter of jitter, so that crowds spread."""
    base = asked if asked is not None else first * 2 ** (attempt - 1)
    return base + random.uniform(0, max(base, first) / 4)  # noqa: S311 - spreads load, guards nothing
