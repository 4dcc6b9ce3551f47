"""Waiting for what another thread or process brings about: long enough for a machine that does other work beside."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

PATIENCE_SECONDS = 120.0


def wait_until(
    condition: Callable[[], Found], what: str, seconds: float = PATIENCE_SECONDS, *, every: float = 0.02
) -> Found:
    """The condition's first value that is true. Fails naming what did not happen. every: seconds between two looks."""
    ends = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < ends, f"did not happen within {seconds:.0f} s: {what}"
        time.sleep(every)
    return found
