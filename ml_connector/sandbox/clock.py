"""The sandbox's time: a FileClock, so that the processes under test can share it and tests can move it."""

import asyncio
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from ml_connector.clock import FileClock

POLL_SECONDS = 0.02


def open_clock(path: Path | None) -> tuple[FileClock, Path]:
    """The clock of that file; without one, of a new file in the machine's temporary folder."""
    if path is None:
        path = Path(tempfile.mkdtemp(prefix="ml-connector-sandbox-")) / "clock"
    return FileClock(path), path


async def wait(clock: FileClock, seconds: float) -> None:
    """Wait by the sandbox's clock; moving it ends the wait early."""
    until = clock.now() + timedelta(seconds=seconds)
    await wait_until(clock, until)


async def wait_until(clock: FileClock, moment: datetime) -> None:
    """Wait until the sandbox's clock shows that moment."""
    while (left := (moment - clock.now()).total_seconds()) > 0:
        await asyncio.sleep(min(left, POLL_SECONDS))
