"""What time it is. Everything that waits, expires or stamps asks a Clock, so that tests can move time."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from ml_connector import stopping


def boot_seconds() -> float:
    """Seconds of a clock that nobody sets and that goes on while a process is stopped or the machine sleeps.

    What must be over before somebody else acts is measured by it: a lease's time does not stand still with us.
    """
    if _BOOT_CLOCK is not None:
        return time.clock_gettime(_BOOT_CLOCK)
    return time.monotonic()


#: Linux; elsewhere the monotonic clock, which stands still in a sleep on some systems.
_BOOT_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)

#: What bears a moment later than this from now was written by a clock that ran ahead: what it limits is over.
CLOCK_DOUBT = timedelta(seconds=60)


def age(noted: datetime, now: datetime) -> timedelta:
    """How long ago something was noted. Of a moment that lies ahead nobody can tell: longer ago than anything."""
    return now - noted if noted <= now + CLOCK_DOUBT else timedelta.max


class Clock(Protocol):
    """A source of UTC moments and a way to wait."""

    def now(self) -> datetime:
        """The present moment, UTC and aware."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait that long by this clock's own time. Raises Stopped when the process is asked to end."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        stopping.pause(seconds)


class FileClock:
    """The machine's clock plus an offset in seconds that stands in a file.

    Several processes that share the file share one movable time: the sandbox and its clients, in tests.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def offset(self) -> timedelta:
        try:
            text = self._path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return timedelta(0)
        return timedelta(seconds=float(text or "0"))

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset()

    def sleep(self, seconds: float) -> None:
        """Wait until this clock has passed `seconds`; moving the file's offset ends the wait early."""
        until = self.now() + timedelta(seconds=seconds)
        while (left := (until - self.now()).total_seconds()) > 0:
            stopping.pause(min(left, 0.02))

    def move(self, seconds: float) -> None:
        """Put the clock forward, for every process that reads the file."""
        moved = self.offset().total_seconds() + seconds
        beside = self._path.with_suffix(".moving")
        beside.write_text(f"{moved:.3f}", encoding="ascii")
        beside.replace(self._path)


def clock_from(setting: str | None) -> Clock:
    """The clock a process uses: the machine's, or the file named by the setting ML_CONNECTOR_CLOCK_FILE."""
    return FileClock(Path(setting)) if setting else SystemClock()
