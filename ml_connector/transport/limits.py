"""Call limits: rates per path, windows told by headers, and the number of errors a key may make.

A limiter is asked before every call and told every answer. Processes share what they know through a
`SharedLimits` (the ledger), seldom: a call must not cost a database write.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from ml_connector.clock import CLOCK_DOUBT, Clock
from ml_connector.errors import CallLimitReached
from ml_connector.transport.responses import retry_after


class Limiter(Protocol):
    """Asked before and told after each call; `template` is the path without identifiers."""

    def acquire(self, template: str) -> None:
        """Return when the call may be made. Raises TryAgain(after_seconds) when that would take too long."""
        ...

    def observe(self, template: str, status: int | None, headers: Mapping[str, str]) -> float | None:
        """Told the answer (status None: none came). Returns the seconds to wait after a 429 where it knows."""
        ...


@dataclass(frozen=True)
class Window:
    """What is left of a limit until it is filled again at `resets_at` (UTC)."""

    limit: int
    remaining: int
    resets_at: datetime


class SharedLimits(Protocol):
    """What processes tell each other about limits. All names are unique within the deployment."""

    def window(self, name: str) -> Window | None:
        """The window as somebody last wrote it."""
        ...

    def store_window(self, name: str, window: Window) -> None:
        """Tell the others. A window that is newer, or has less left, is not overwritten."""
        ...

    def reserve(self, name: str, *, now: datetime, seconds: float) -> datetime:
        """Take the next `seconds` of a schedule for oneself: when they begin, now at the earliest."""
        ...

    def moments(self, name: str, *, since: datetime) -> list[datetime]:
        """The recorded moments not before `since`."""
        ...

    def add_moment(self, name: str, moment: datetime, *, since: datetime) -> list[datetime]:
        """Record a moment, forget those before `since`, and return what remains."""
        ...


class Unlimited:
    """No limit at all."""

    def acquire(self, template: str) -> None:
        """Always at once."""

    def observe(self, template: str, status: int | None, headers: Mapping[str, str]) -> float | None:
        """Nothing to learn."""


class LocalLimits:
    """`SharedLimits` within one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[str, Window] = {}
        self._schedules: dict[str, tuple[datetime, datetime]] = {}
        self._moments: dict[str, list[datetime]] = {}

    def window(self, name: str) -> Window | None:
        with self._lock:
            return self._windows.get(name)

    def store_window(self, name: str, window: Window) -> None:
        with self._lock:
            self._windows[name] = merged(self._windows.get(name), window)

    def reserve(self, name: str, *, now: datetime, seconds: float) -> datetime:
        with self._lock:
            free, written = self._schedules.get(name, (now, now))
            start = max(now, free) if written <= now + CLOCK_DOUBT else now
            self._schedules[name] = start + timedelta(seconds=seconds), now
            return start

    def moments(self, name: str, *, since: datetime) -> list[datetime]:
        with self._lock:
            return [moment for moment in self._moments.get(name, ()) if moment >= since]

    def add_moment(self, name: str, moment: datetime, *, since: datetime) -> list[datetime]:
        with self._lock:
            kept = sorted([m for m in self._moments.get(name, ()) if m >= since] + [moment])
            self._moments[name] = kept
            return list(kept)


def merged(known: Window | None, told: Window) -> Window:
    """What two accounts of a window come to: the later one; of the same window, the one with less left."""
    if known is None or told.resets_at > known.resets_at + SAME_WINDOW:
        return told
    if told.resets_at < known.resets_at - SAME_WINDOW:
        return known
    return told if told.remaining < known.remaining else known


#: Resets that lie closer together than this mean the same window.
SAME_WINDOW = timedelta(seconds=2)


@dataclass
class _Slots:
    """Moments at which this process may call a path, reserved in slices; `size` is that of the next slice."""

    slots: deque[datetime] = field(default_factory=deque)
    size: int = 1
    reserved: datetime | None = None


class PathLimiter:
    """At most `rate` calls in any second to each path template, over all processes that share.

    Slots are reserved in slices that grow while they are used up, to one second's worth, so that the shared
    schedule is written about once a second and path under load. rate None: no limit, but 429s are respected.
    """

    #: Seconds by which a call may be later than its slot; slots lie that much further apart in sum.
    SLACK = 0.05

    def __init__(
        self,
        name: str,
        rate: float | None,
        clock: Clock,
        *,
        shared: SharedLimits | None = None,
        longest_wait: float = 30.0,
    ) -> None:
        self._name = name
        self._rate = rate
        self._clock = clock
        self._shared = shared if shared is not None else LocalLimits()
        self._longest_wait = longest_wait
        self._lock = threading.Lock()
        self._paths: dict[str, _Slots] = defaultdict(_Slots)
        self._paused: dict[str, tuple[datetime, datetime]] = {}

    def acquire(self, template: str) -> None:
        with self._lock:
            now = self._clock.now()
            until, since = self._paused.get(template, (now, now))
            moment = max(now, until) if since <= now + CLOCK_DOUBT else now
            if self._rate is not None:
                moment = max(moment, self._next_slot(template, self._rate, now))
        wait = (moment - self._clock.now()).total_seconds()
        if wait > self._longest_wait:
            raise CallLimitReached(f"{self._name}: the call limit of {template} is used up.", after_seconds=wait)
        if wait > 0:
            self._clock.sleep(wait)

    def _next_slot(self, template: str, rate: float, now: datetime) -> datetime:
        path = self._paths[template]
        if path.reserved is not None and path.reserved > now + CLOCK_DOUBT:
            path.slots.clear()  # the clock was put back
        while path.slots and path.slots[0] + timedelta(seconds=self.SLACK) < now:
            path.slots.popleft()
            path.size = 1
        if not path.slots:
            gap = (1 + self.SLACK) / rate
            start = self._shared.reserve(f"{self._name}/rate/{template}", now=now, seconds=path.size * gap)
            path.reserved = now
            path.slots.extend(start + timedelta(seconds=i * gap) for i in range(path.size))
            path.size = min(path.size * 2, max(1, int(rate)))
        return path.slots.popleft()

    def observe(self, template: str, status: int | None, headers: Mapping[str, str]) -> float | None:
        if status != 429:
            return None
        asked = retry_after(headers, self._clock)
        pause = 1.0 if asked is None else asked
        with self._lock:
            now = self._clock.now()
            self._paused[template] = now + timedelta(seconds=pause), now
        return pause
