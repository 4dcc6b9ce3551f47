"""What every way of writing a value is: a way to read it and a way to write it, and the error of both."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class WrongText(ValueError):
    """A text or value that cannot be read or written this way. expected says what could."""

    def __init__(self, code: str, expected: str) -> None:
        super().__init__(expected)
        self.code = code
        self.expected = expected


@dataclass(frozen=True)
class Converter:
    """One way of writing a value. Both raise WrongText; neither is given empty text or None."""

    read: Callable[[str], Any]
    write: Callable[[Any], str]
