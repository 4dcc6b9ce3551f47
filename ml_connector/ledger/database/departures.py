"""What leaves is written down outside the database before it leaves, so that a restore is not an amnesia.

One line an upload, in a file beside the exported chain heads, committed to disk before the upload begins:

    {"n": 12, "at": "2026-11-20T09:00:00+00:00", "event": 250, "hash": "<that event's>", "key": "up-...",
     "to": "/NORTHWIND/outbox/850_26000017.edi", "numbers": {"ISA13:...": 42, "GS06:...": 42},
     "documents": [["orders_out", "124132", "northwind", "order", "26000017", 0, "<content hash>"]]}

n counts without a gap. event, hash: the newest event of the ledger then; a ledger that does not have it is older than
this file. A line whose upload the ledger knows nothing of left in the time that a restore took away.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: A file of this size makes room for a new one; the one before it is kept.
MOST_BYTES = 64_000_000
_LONGEST_LINE = 200_000


@dataclass(frozen=True, slots=True)
class Departed:
    """A document in a file that left."""

    flow: str
    company: str
    partner: str
    kind: str
    number: str
    revision: int
    content_hash: str


@dataclass(frozen=True, slots=True)
class Departure:
    """A file that left, or was about to. numbers: the control numbers in it, by sequence."""

    n: int
    at: str
    event: int
    hash: str
    key: str
    to: str
    numbers: Mapping[str, int] = field(default_factory=dict)
    documents: Sequence[Departed] = ()

    def line(self) -> str:
        documents = [[getattr(one, name) for name in Departed.__slots__] for one in self.documents]
        values = {name: getattr(self, name) for name in ("n", "at", "event", "hash", "key", "to")}
        return json.dumps({**values, "numbers": dict(self.numbers), "documents": documents}, separators=(",", ":"))


class DepartureLog:
    """The file. Several processes append to it in turn."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.before = path.with_suffix(".1.jsonl")

    @classmethod
    def beside(cls, heads_file: Path) -> "DepartureLog":
        return cls(heads_file.with_name(f"{heads_file.stem}-departures.jsonl"))

    def append(self, departures: Sequence[Departure]) -> None:
        """Write lines, on disk when it returns.

        Raises:
            OSError: the file cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(f"{one.line()}\n" for one in departures).encode()
        while True:
            with self.path.open("ab+") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if not self.path.exists() or os.fstat(file.fileno()).st_ino != self.path.stat().st_ino:
                    continue  # another process has just begun a new one
                if file.seek(0, os.SEEK_END) > MOST_BYTES:
                    self.path.replace(self.before)
                    continue
                if file.tell():
                    file.seek(-1, os.SEEK_END)
                    # A line that was broken off by a full disk or a power cut stays one line.
                    text = text if file.read(1) == b"\n" else b"\n" + text
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
                return

    def last_line(self) -> str:
        """The newest line as it stands; empty where there is none."""
        return last_line(self.path)

    def read(self) -> Iterator[Departure | None]:
        """All that is kept, the oldest first; None for a line that cannot be read."""
        for path in (self.before, self.path):
            if path.exists():
                with path.open(encoding="utf-8", errors="replace") as file:
                    for text in iter(lambda: file.readline(_LONGEST_LINE), ""):
                        yield parsed(text)


def last_line(path: Path) -> str:
    """The last line of a file; empty where there is no file, or nothing in it."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LONGEST_LINE))
            lines = file.read().decode(errors="replace").strip().splitlines()
    except FileNotFoundError:
        return ""
    return lines[-1] if lines else ""


def parsed(text: str) -> Departure | None:
    """A line's departure; None where it is none."""
    try:
        raw: Any = json.loads(text)
        documents = tuple(Departed(*one) for one in raw.pop("documents"))
        return Departure(**{**raw, "documents": documents})
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
