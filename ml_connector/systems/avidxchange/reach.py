"""How far back closed batches are listed: to where the last listing stood, however long ago that was (avidxchange 7).

A window that began at now would pass by what was closed during a long downtime. What is kept is the closing of the
oldest batch that was listed and is not acknowledged, so that a crash between listing and storing loses none.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

#: Kept no more often: each poll would write.
STEP = timedelta(days=1)


class Memory(Protocol):
    """What is remembered of one folder of one connection."""

    def position(self) -> str | None:
        """What was kept last."""
        ...

    def keep(self, position: str) -> None: ...

    def acknowledged(self, names: Sequence[str]) -> set[str]:
        """Which of these files the network was told of."""
        ...


class Reach:
    """Moments are UTC without a zone, as the network has them."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def since(self) -> datetime | None:
        """All that was closed before is acknowledged; None: nothing was listed yet."""
        kept = self._memory.position()
        return datetime.fromisoformat(kept) if kept else None

    def listed(self, now: datetime, old: Mapping[str, datetime]) -> None:
        """A whole listing was read. old: ids of its files -> when they were closed, where that is not lately."""
        done = self._memory.acknowledged(sorted(old)) if old else set()
        oldest = min((closed for name, closed in old.items() if name not in done), default=now)
        kept = self.since()
        if kept is None or oldest - kept >= STEP:
            self._memory.keep(oldest.isoformat(timespec="seconds"))
