"""A file as the simulated network holds it, whole or still growing, and what its bytes are."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from ml_connector.sandbox.cleo.ids import new_id

CHUNK = 65_536


class Content(Protocol):
    """Bytes that can be read from the start up to a length."""

    @property
    def size(self) -> int: ...

    def chunks(self, length: int) -> Iterator[bytes]:
        """The first `length` bytes."""
        ...


@dataclass(frozen=True)
class Bytes:
    """Bytes in memory."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def chunks(self, length: int) -> Iterator[bytes]:
        for start in range(0, length, CHUNK):
            yield self.data[start : min(start + CHUNK, length)]


@dataclass(frozen=True)
class Filler:
    """Very many bytes that cost no memory: a prefix, then one byte repeated."""

    length: int
    prefix: bytes = b""
    byte: bytes = b"A"

    @property
    def size(self) -> int:
        return self.length

    def chunks(self, length: int) -> Iterator[bytes]:
        block = self.byte * CHUNK
        head = self.prefix[:length]
        if head:
            yield head
        left = length - len(head)
        while left > 0:
            yield block[:left]
            left -= CHUNK


@dataclass
class Growth:
    """How a slowly written file grows: one step at each listing, or evenly over seconds of the sandbox's clock.

    polls: after so many listings it is whole. seconds: time until it is whole. With both None it stays half.
    """

    polls: int | None = None
    seconds: float | None = None
    seen: int = 0

    def visible(self, size: int, age: float) -> int:
        """How many of `size` bytes are there, `age` seconds after the first one."""
        if self.polls is not None:
            return size * min(self.seen + 1, self.polls + 1) // (self.polls + 1)
        if self.seconds is not None:
            return size if self.seconds <= 0 else min(size, int(size * age / self.seconds))
        return size // 2


@dataclass
class StoredFile:
    """One file in a folder. `sequence` orders files by arrival; names are not unique (cleo 7).

    listed_size: what listings claim instead of the true size, for hostile cases.
    """

    name: str
    content: Content
    folder_id: str
    created: datetime
    sequence: int
    owner: str
    modified: datetime | None = None
    growth: Growth | None = None
    listed_size: int | None = None
    id: str = field(default_factory=new_id)

    def size(self, now: datetime) -> int:
        """Bytes present at this moment."""
        if self.growth is None:
            return self.content.size
        return self.growth.visible(self.content.size, (now - self.created).total_seconds())

    def last_modified(self, now: datetime) -> datetime:
        """Moves while the file grows."""
        if self.growth is None or self.growth.seconds is None:
            return self.modified or self.created
        return min(now, self.created + timedelta(seconds=self.growth.seconds))

    def chunks(self, now: datetime) -> Iterator[bytes]:
        """The bytes present at this moment, in pieces."""
        return self.content.chunks(self.size(now))

    def data(self, now: datetime) -> bytes:
        return b"".join(self.chunks(now))

    def listed(self, now: datetime) -> None:
        """Count a listing that showed the file: one that grows by polls grows a step."""
        if self.growth is None or self.growth.polls is None or self.growth.seen >= self.growth.polls:
            return
        self.growth.seen += 1
        self.modified = now
