"""What the functions that spell segments use while they write (see edi.mapping.generated)."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.edi.framing.values import is_number, write_cents, write_date, write_decimal
from ml_connector.edi.validation.schema import ElementType

#: So many days are remembered as text, and so many codes of an element.
_DAYS = 4096
_CODES = 1024


class Odd(Exception):
    """A value that only a closer look can tell to be right."""


class Days(dict[date | None, str]):
    """Days as text. Most documents of a run say the same few."""

    def __missing__(self, day: date) -> str:
        text = write_date(day)
        if len(self) < _DAYS:
            self[day] = text
        return text


def number_text(text: str) -> str:
    """R of what `str` says of a Decimal."""
    plain = write_decimal(Decimal(text))
    if not is_number(plain):
        raise Odd
    return plain


def cents_text(value: Any) -> str:
    """N2 of a Decimal."""
    plain = str(value)
    if plain[-3:-2] == "." and "0" < plain[0] < ":" and "E" not in plain:
        return plain[:-3] + plain[-2:]
    text = write_cents(value)
    if text is None or not is_number(text):
        raise Odd
    return text


def any_number(write: Callable[[Any], str | None]) -> Callable[[Any], str]:
    """What writes a number by a codec of its own."""

    def spelled(value: Any) -> str:
        text = write(value)
        if text is None or not is_number(text):
            raise Odd
        return text

    return spelled


class Known:
    """The codes that are known to be right in an element of type ID: those of its list, and others as they come.

    A code that an open list has not got is right where its length is: a reader only remarks upon it.
    """

    def __init__(self, element: ElementType, *, required: bool) -> None:
        self._least, self._most = element.least, element.most
        self._closed = element.closed
        self.codes = {code for code in element.codes or () if element.least <= len(code) <= element.most}
        if not required:
            self.codes.add("")

    def is_odd(self, code: str) -> bool:
        """Whether a code that is not known takes a closer look. One that is right is known from then on."""
        if self._closed or not self._least <= len(code) <= self._most or not code or code[0] == " ":
            return True
        if len(self.codes) < _CODES:
            self.codes.add(code)
        return False


class Marked(dict[str, str]):
    """Qualifiers of item ids between their separators."""

    def __init__(self, element: ElementType, mark: str) -> None:
        super().__init__()
        self._known = Known(element, required=True)
        self._mark = mark

    def __missing__(self, qualifier: str) -> str:
        if qualifier not in self._known.codes and self._known.is_odd(qualifier):
            raise Odd
        text = f"{self._mark}{qualifier}{self._mark}"
        if len(self) < _CODES:
            self[qualifier] = text
        return text
