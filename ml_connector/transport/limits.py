"""Call limits: rates per path, windows told by headers, and the number of errors a key may make.

A limiter is asked before every call and told every answer. Processes share what they know through a
`SharedLimits` (the ledger), seldom: a call must not cost a database write.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from ml_connector.clock import Clock
from ml_connector.errors import TryAgain


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
        self._schedules: dict[str, datetime] = {}
        self._moments: dict[str, list[datetime]] = {}

    def window(self, name: str) -> Window | None:
        with self._lock:
            return self._windows.get(name)

    def store_window(self, name: str, window: Window) -> None:
        with self._lock:
            self._windows[name] = merged(self._windows.get(name), window)

    def reserve(self, name: str, *, now: datetime, seconds: float) -> datetime:
        with self._lock:
            start = max(now, self._schedules.get(name, now))
            self._schedules[name] = start + timedelta(seconds=seconds)
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
        self._paused: dict[str, datetime] = {}

    def acquire(self, template: str) -> None:
        with self._lock:
            now = self._clock.now()
            moment = max(now, self._paused.get(template, now))
            if self._rate is not None:
                moment = max(moment, self._next_slot(template, self._rate, now))
        wait = (moment - self._clock.now()).total_seconds()
        if wait > self._longest_wait:
            raise TryAgain(f"{self._name}: the call limit of {template} is used up.", after_seconds=wait)
        if wait > 0:
            self._clock.sleep(wait)

    def _next_slot(self, template: str, rate: float, now: datetime) -> datetime:
        path = self._paths[template]
        while path.slots and path.slots[0] + timedelta(seconds=self.SLACK) < now:
            path.slots.popleft()
            path.size = 1
        if not path.slots:
            gap = (1 + self.SLACK) / rate
            start = self._shared.reserve(f"{self._name}/rate/{template}", now=now, seconds=path.size * gap)
            path.slots.extend(start + timedelta(seconds=i * gap) for i in range(path.size))
            path.size = min(path.size * 2, max(1, int(rate)))
        return path.slots.popleft()

    def observe(self, template: str, status: int | None, headers: Mapping[str, str]) -> float | None:
        if status != 429:
            return None
        asked = headers.get("retry-after", "").strip()
        pause = float(asked) if asked.isdigit() and len(asked) <= 4 else 1.0
        with self._lock:
            self._paused[template] = self._clock.now() + timedelta(seconds=pause)
        return pause


#: Statuses that Exact counts against a key (exact-online 5).
COUNTED_ERRORS = frozenset({400, 401, 403, 404})
ERROR_PERIOD = timedelta(hours=1)


@dataclass
class _Tracked:
    """One of Exact's windows as this process knows it. assumed: guessed at a turn, not told by a header."""

    name: str
    length: timedelta
    window: Window | None = None
    assumed: bool = False
    answers: int = 0
    fresh: bool = False

    def turn(self, now: datetime) -> None:
        """Begin the next window when the known one is over; windows end at whole minutes or days, UTC."""
        if self.window is None or now < self.window.resets_at:
            return
        passed = (now - datetime(now.year, now.month, now.day, tzinfo=UTC)) // self.length
        ends = datetime(now.year, now.month, now.day, tzinfo=UTC) + (passed + 1) * self.length
        self.window = Window(self.window.limit, self.window.limit, ends)
        self.assumed, self.fresh = True, False

    def tell(self, told: Window, *, assumed: bool = False) -> None:
        self.window = told if self.assumed else merged(self.window, told)
        self.assumed = assumed


class ExactLimiter:
    """Exact Online's limits for one app and division: calls a minute and a day, and errors an hour (sheet 5).

    Limits are read from the answers' headers and shared between processes: at the first answer of a window, every
    twentieth, and every one when little is left. Addresses without a division (`current/...`) do not count.

    day_reserve: calls of the day left for people and other programs. longest_wait: seconds that a call may wait
    for the minute's end; a used-up day is a TryAgain. error_margin: errors per endpoint and hour after which this
    connection stops by itself; Exact blocks the key at ten.
    """

    SHARE_EVERY = 20
    LOW = 10

    def __init__(
        self,
        name: str,
        company: str,
        clock: Clock,
        *,
        shared: SharedLimits | None = None,
        day_reserve: int = 100,
        longest_wait: float = 65.0,
        error_margin: int = 8,
    ) -> None:
        self._name = name
        self._scope = f"{name}/{company}"
        self._clock = clock
        self._shared = shared if shared is not None else LocalLimits()
        self._day_reserve = day_reserve
        self._longest_wait = longest_wait
        self._error_margin = error_margin
        self._lock = threading.Lock()
        self._in_flight = 0
        self._minute = _Tracked(f"{self._scope}/minute", timedelta(minutes=1))
        self._day = _Tracked(f"{self._scope}/day", timedelta(days=1))
        self._errors: dict[str, tuple[datetime, list[datetime]]] = {}

    def acquire(self, template: str) -> None:
        if not _counts(template):
            return
        self._check_errors(template)
        waited = 0.0
        while (wait := self._take()) > 0:
            waited += wait
            if waited > self._longest_wait:
                raise TryAgain(
                    f"{self._name}: the calls of this minute are used up.", after_seconds=wait, data={"limit": "minute"}
                )
            self._clock.sleep(wait)

    def _take(self) -> float:
        """Take one call, or the seconds to wait for the minute's end. Raises TryAgain when the day is used up."""
        with self._lock:
            now = self._clock.now()
            for tracked, reserve in ((self._day, self._day_reserve), (self._minute, 0)):
                tracked.turn(now)
                self._learn(tracked, reserve, now)
                wait = self._wait_for(tracked, reserve, now)
                if wait and tracked is self._day:
                    raise self._day_used_up(wait)
                if wait:
                    return wait
            self._in_flight += 1
            return 0.0

    def _learn(self, tracked: _Tracked, reserve: int, now: datetime) -> None:
        """Ask what the other processes know: once a window, and always when little is left."""
        window = tracked.window
        if tracked.fresh and window is not None and window.remaining - reserve > self.LOW:
            return
        tracked.fresh = True
        told = self._shared.window(tracked.name)
        if told is not None and told.resets_at > now:
            tracked.tell(told)

    def _wait_for(self, tracked: _Tracked, reserve: int, now: datetime) -> float:
        window = tracked.window
        if window is None or window.remaining - self._in_flight > min(reserve, window.limit // 2):
            return 0.0
        return self._until_reset(tracked, now) + 0.05

    def _until_reset(self, tracked: _Tracked, now: datetime) -> float:
        """Seconds to the window's end."""
        left = (tracked.window.resets_at - now).total_seconds() if tracked.window else 0.0
        return max(left, 0.0)

    def _day_used_up(self, wait: float) -> TryAgain:
        window = self._day.window
        left = window.remaining if window else 0
        return TryAgain(
            f"{self._name}: the calls of this day are used up ({left} left, {self._day_reserve} kept in reserve).",
            after_seconds=wait,
            mend="They are given anew at 00:00 UTC; day_reserve of the connection sets the reserve.",
            data={"limit": "day", "remaining": left},
        )

    def observe(self, template: str, status: int | None, headers: Mapping[str, str]) -> float | None:
        if not _counts(template):
            return None
        if status in COUNTED_ERRORS:
            self._count_error(template)
        minute = window_of(headers, "x-ratelimit-minutely-")
        day = window_of(headers, "x-ratelimit-")
        with self._lock:
            self._in_flight = max(0, self._in_flight - 1)
            now = self._clock.now()
            news = [
                self._tell(self._minute, minute, now, refused=status == 429),
                self._tell(self._day, day, now, refused=status == 429, reserve=self._day_reserve),
            ]
            delay = self._delay(now, minute, day) if status == 429 else None
        for name, window in filter(None, news):
            self._shared.store_window(name, window)
        return delay

    def _tell(
        self, tracked: _Tracked, told: Window | None, now: datetime, *, refused: bool, reserve: int = 0
    ) -> tuple[str, Window] | None:
        """Take in a window; what the other processes should be told of it."""
        if told is None:
            return None
        ends = min(told.resets_at, now + tracked.length)  # clocks may disagree; no window is longer than this
        if refused:
            ends = ends if ends > now else now + timedelta(seconds=5)
        told = Window(told.limit, 0 if refused else told.remaining, ends)
        tracked.tell(told)
        tracked.answers += 1
        low = told.remaining - reserve <= self.LOW
        return (tracked.name, told) if refused or low or tracked.answers % self.SHARE_EVERY == 1 else None

    def _delay(self, now: datetime, minute: Window | None, day: Window | None) -> float | None:
        """After a 429: it carries only the headers of the limit that was hit (sheet 5)."""
        for told, tracked in ((minute, self._minute), (day, self._day)):
            if told is not None and tracked.window is not None and told.remaining <= 0:
                return self._until_reset(tracked, now) + 0.05
        return None

    def _check_errors(self, template: str) -> None:
        now = self._clock.now()
        since = now - ERROR_PERIOD
        with self._lock:
            asked, known = self._errors.get(template, (None, []))
        if asked is None or now - asked > timedelta(seconds=5) or now < asked:
            known = self._shared.moments(self._error_name(template), since=since)
            with self._lock:
                self._errors[template] = (now, known)
        recent = sorted(moment for moment in known if moment > since)
        if len(recent) < self._error_margin:
            return
        free_at = recent[-self._error_margin] + ERROR_PERIOD
        raise TryAgain(
            f"{self._name}: {len(recent)} calls to {template} failed within an hour; no more are made until "
            f"{free_at:%H:%M:%S} UTC, because Exact blocks the app at ten.",
            after_seconds=max(1.0, (free_at - now).total_seconds()),
            mend="Look at the errors of these calls in the run's log and mend their cause.",
            data={"limit": "errors", "endpoint": template, "errors": len(recent)},
        )

    def _count_error(self, template: str) -> None:
        now = self._clock.now()
        moments = self._shared.add_moment(self._error_name(template), now, since=now - ERROR_PERIOD)
        with self._lock:
            self._errors[template] = (now, moments)

    def _error_name(self, template: str) -> str:
        return f"{self._scope}/errors/{template}"


def _counts(template: str) -> bool:
    return not template.startswith("current/")


def window_of(headers: Mapping[str, str], prefix: str) -> Window | None:
    """The window that three headers tell; None when one is missing or no number (sheet 5: not all always come)."""
    texts = [headers.get(prefix + part, "").strip() for part in ("limit", "remaining", "reset")]
    if not all(text.isdigit() and len(text) <= 16 for text in texts):
        return None
    limit, remaining, reset = (int(text) for text in texts)
    try:
        resets_at = datetime.fromtimestamp(reset / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return Window(limit, remaining, resets_at)
