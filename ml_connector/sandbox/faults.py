"""Faults that can be ordered, and the middleware that plays them over real sockets.

A reset is a closed TCP connection without an answer. "Reset after" means that the call had its effect; "late
commit" that it will have it some seconds after the connection was lost.
"""

import random
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Self


class FaultKind(StrEnum):
    STATUS = "status"  # answer with `status` without handling the call
    CUT = "cut"  # reset when the head has come, perhaps in the middle of the body
    RESET_BEFORE = "reset_before"  # reset when the whole request has come, without handling it
    RESET_AFTER = "reset_after"
    ERROR_AFTER = "error_after"  # handle the call and answer with `status` all the same
    LATE_COMMIT = "late_commit"  # reset now, handle the call `seconds` later
    SLOW = "slow"  # handle the call, answer `seconds` later
    QUEUED = "queued"  # say nothing for `seconds`, then handle the call, whether or not the client still waits
    HALF_WRITTEN = "half_written"  # half of the answer's body, then a close
    HTML = "html"  # a maintenance page with status 200
    EXPIRED_TOKEN = "expired_token"  # 401 as if the token had expired


@dataclass(slots=True)
class Fault:
    """One order. `method` and `path` are shell patterns; `count` None means for ever."""

    kind: FaultKind
    system: str = "*"
    method: str = "*"
    path: str = "*"
    count: int | None = 1
    skip: int = 0
    probability: float = 1.0
    seconds: float = 2.0
    real_time: bool = True  # late commits and queued calls wait in real time, else by the sandbox's clock
    status: int = 500
    retry_after: str | None = None
    body: str | None = None
    exclude: str | None = None  # a shell pattern of paths that this fault spares

    @classmethod
    def of(cls, data: dict[str, Any]) -> Self:
        """A fault from its JSON form. Raises ValueError or TypeError for what is not one."""
        return cls(**{**data, "kind": FaultKind(data["kind"])})

    def matches(self, system: str, method: str, path: str) -> bool:
        if self.count == 0 or self.system not in {"*", system} or self.method not in {"*", method}:
            return False
        if self.exclude is not None and fnmatchcase(path, self.exclude):
            return False
        return self.path == "*" or fnmatchcase(path, self.path)


class FaultPlan:
    """The ordered faults; the first that matches is played. Probabilities draw from one seeded source."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self.faults: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        self.faults.extend(faults)

    def clear(self) -> None:
        self.faults.clear()

    def mix(
        self, system: str, share: float, kinds: Iterable[Fault], *, path: str = "*", exclude: str | None = None
    ) -> None:
        """Spread the given kinds evenly over that share (0..1) of the system's matching calls, for ever."""
        patterns = list(kinds)
        left = 1.0
        for pattern in patterns:
            each = share / len(patterns)
            pattern.system, pattern.path, pattern.exclude, pattern.count = system, path, exclude, None
            pattern.probability = each / left  # the draw is made only if the earlier ones did not hit
            left -= each
            self.faults.append(pattern)

    def pick(self, system: str, method: str, path: str) -> Fault | None:
        """The fault for this call, used up by one."""
        for fault in self.faults:
            if not fault.matches(system, method, path):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if fault.probability < 1.0 and self._random.random() >= fault.probability:
                continue
            if fault.count is not None:
                fault.count -= 1
            return fault
        return None

    def as_rows(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self.faults]
