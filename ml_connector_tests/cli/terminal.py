"""Runs commands as at a terminal, in this process, and keeps what they said."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ml_connector.cli.app import run


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        return self.raw.decode("utf-8")

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class _Stream(io.TextIOWrapper):
    """Standard input or output that is no terminal."""

    def __init__(self, data: bytes = b"") -> None:
        super().__init__(io.BytesIO(data), encoding="utf-8", write_through=True)

    @property
    def content(self) -> bytes:
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue()


@contextmanager
def _streams(given: bytes) -> Iterator[tuple[_Stream, _Stream]]:
    before = sys.stdin, sys.stdout, sys.stderr
    out, err = _Stream(), _Stream()
    sys.stdin, sys.stdout, sys.stderr = _Stream(given), out, err
    try:
        yield out, err
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def say(*args: object, given: str | bytes = b"") -> Said:
    """Run `ml-connector ARGS` with `given` on standard input."""
    data = given.encode() if isinstance(given, str) else given
    with _streams(data) as (out, err):
        code = run([str(arg) for arg in args])
    return Said(int(code), out.content, err.content.decode("utf-8"))
