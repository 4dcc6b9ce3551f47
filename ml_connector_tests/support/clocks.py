"""What time it is in tests: a clock that stands still until it is moved, and moving ones that begin at noon."""

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

#: Another moment for the moving clocks to begin at, as 2026-12-31T23:59, to see what the end of a day or year does.
SETTING = "ML_CONNECTOR_TEST_TIME"


def _begin() -> datetime:
    named = os.environ.get(SETTING)
    if named:
        return datetime.fromisoformat(named).replace(tzinfo=UTC)
    return datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


#: What the moving clocks are ahead of the machine's. At noon of this day a run of tests is far from the day's end,
#: whenever it is made; what happens at midnight is the matter of tests that say so.
AHEAD = _begin() - datetime.now(UTC)


def now() -> datetime:
    """The present of the moving clocks, as long as nobody has moved them."""
    return datetime.now(UTC) + AHEAD


def begin(file: Path) -> Path:
    """A clock's file (`FileClock`) that begins there; one that is there already is left alone."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        file.write_text(f"{AHEAD.total_seconds():.3f}", encoding="ascii")
    return file


class StillClock:
    """`sleep` moves it at once; safe to use from several threads."""

    def __init__(self, start: datetime = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        self.move(seconds)

    def move(self, seconds: float) -> None:
        with self._lock:
            self._now += timedelta(seconds=seconds)
