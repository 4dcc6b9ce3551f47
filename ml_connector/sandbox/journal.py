"""What arrived at the sandbox: every request, and every write that was committed. Never a secret.

A test counts here what really happened, whatever the client believes.
"""

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ml_connector.clock import FileClock

KEPT_REQUESTS = 200_000
_IDENTIFIER = re.compile(r"guid'[^']*'|[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)[A-Za-z0-9_-]{22}(?=/|$)|\d+")


@dataclass(frozen=True, slots=True)
class Request:
    """One call as the sandbox saw it. `status` is None when no answer was given (a reset)."""

    at: datetime
    system: str
    method: str
    path: str
    status: int | None
    fault: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Write:
    """One committed change: `kind` names it (`purchase_invoice`, `file`, ...), `data` describes it."""

    at: datetime
    system: str
    kind: str
    data: dict[str, Any]


def template(path: str) -> str:
    """The path with identifiers replaced by *, for counting."""
    return _IDENTIFIER.sub("*", path.removeprefix("/api/v1"))


class Journal:
    """Requests (the last 200,000) and writes (all), with counters."""

    def __init__(self, clock: FileClock) -> None:
        self._clock = clock
        self.requests: deque[Request] = deque(maxlen=KEPT_REQUESTS)
        self.writes: list[Write] = []
        self.counts: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    def request(
        self, *, system: str, method: str, path: str, status: int | None, fault: str | None, seconds: float
    ) -> None:
        self.requests.append(Request(self._clock.now(), system, method, path, status, fault, seconds))
        self.counts[f"{system} {method} {template(path)}"] += 1
        self.statuses[f"{system} {status if status is not None else 'none'}"] += 1
        if fault:
            self.faults[f"{system} {fault}"] += 1

    def write(self, *, system: str, kind: str, data: dict[str, Any]) -> None:
        self.writes.append(Write(self._clock.now(), system, kind, data))

    def written(self, system: str | None = None, kind: str | None = None) -> Iterator[Write]:
        """The writes of that system and kind, oldest first."""
        for write in self.writes:
            if (system is None or write.system == system) and (kind is None or write.kind == kind):
                yield write

    def clear(self) -> None:
        self.requests.clear()
        self.writes.clear()
        self.counts.clear()
        self.statuses.clear()
        self.faults.clear()

    def as_counts(self) -> dict[str, dict[str, int]]:
        kinds = Counter(f"{write.system} {write.kind}" for write in self.writes)
        return {
            "requests": dict(self.counts),
            "statuses": dict(self.statuses),
            "faults": dict(self.faults),
            "writes": dict(kinds),
        }

    def as_rows(self, *, last: int = 1000) -> dict[str, list[dict[str, Any]]]:
        """The latest requests and writes as JSON-ready rows."""
        requests = list(self.requests)[-last:]
        return {
            "requests": [_plain(asdict(row)) for row in requests],
            "writes": [_plain(asdict(row)) for row in self.writes[-last:]],
        }


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "at": row["at"].isoformat()}
