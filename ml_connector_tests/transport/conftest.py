"""A clock that only moves when somebody sleeps, and tokens that are just numbered."""

import threading
from datetime import UTC, datetime, timedelta

import pytest


class StillClock:
    """Time moves only by sleeping; `slept` are the waits asked for."""

    def __init__(self, start: datetime = datetime(2026, 11, 20, 10, 0, 30, tzinfo=UTC)) -> None:
        self._now = start
        self._lock = threading.Lock()
        self.slept: list[float] = []

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self._now += timedelta(seconds=max(0.0, seconds))

    def move(self, seconds: float) -> None:
        with self._lock:
            self._now += timedelta(seconds=seconds)


class NumberedTokens:
    """token-1, then token-2 once token-1 was rejected, and so on."""

    def __init__(self) -> None:
        self.number = 1
        self.rejections: list[str] = []

    def token(self) -> str:
        return f"secret-token-{self.number}"

    def rejected(self, token: str) -> str:
        self.rejections.append(token)
        self.number += 1
        return self.token()


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def tokens() -> NumberedTokens:
    return NumberedTokens()
