"""Limits that a system's own headers tell: calls a minute and a day, and errors an hour (exact-online 5)."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ml_connector.clock import CLOCK_DOUBT, Clock
from ml_connector.errors import CallLimitReached
from ml_connector.transport.limits import LocalLimits, SharedLimits, Window, merged

log = logging.getLogger(__name__)

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
    asked: datetime | None = None

    def turn(self, now: datetime) -> None:
        """Begin the next window when the known one is over; windows end at whole minutes or days, UTC.

        One that would last longer than any was learnt by a clock that ran ahead: it is forgotten.
        """
        if self.window is not None and self.window.resets_at > now + self.length + CLOCK_DOUBT:
            log.warning("%s: its end %s was told by a clock that ran ahead; ignored", self.name, self.window.resets_at)
            self.window, self.assumed, self.fresh = None, False, False
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
    ASK_AGAIN = timedelta(seconds=1)

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
                raise CallLimitReached(
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
        """Ask what the other processes know: once a window, and always when little is left.

        Where no limit was ever told there is nothing to be low on: then once a second is often enough.
        """
        window = tracked.window
        if tracked.fresh and window is not None and window.remaining - reserve > self.LOW:
            return
        if window is None and tracked.asked is not None and timedelta(0) <= now - tracked.asked < self.ASK_AGAIN:
            return
        tracked.fresh, tracked.asked = True, now
        told = self._shared.window(tracked.name)
        if told is not None and now < told.resets_at <= now + tracked.length + CLOCK_DOUBT:
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

    def _day_used_up(self, wait: float) -> CallLimitReached:
        window = self._day.window
        left = window.remaining if window else 0
        return CallLimitReached(
            f"{self._name}: the calls of this day are used up ({left} left, {self._day_reserve} kept in reserve).",
            after_seconds=wait,
            remedy="They are given anew at 00:00 UTC; day_reserve of the connection sets the reserve.",
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
        recent = sorted(moment for moment in known if since < moment <= now + CLOCK_DOUBT)
        if len(recent) < self._error_margin:
            return
        free_at = recent[-self._error_margin] + ERROR_PERIOD
        raise CallLimitReached(
            f"{self._name}: {len(recent)} calls to {template} failed within an hour; no more are made until "
            f"{free_at:%H:%M:%S} UTC, because Exact blocks the app at ten.",
            after_seconds=max(1.0, (free_at - now).total_seconds()),
            remedy="Look at the errors of these calls in the run's log and mend their cause.",
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
    if not all(text.isascii() and text.isdigit() and len(text) <= 16 for text in texts):
        return None
    limit, remaining, reset = (int(text) for text in texts)
    try:
        resets_at = datetime.fromtimestamp(reset / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return Window(limit, remaining, resets_at)
