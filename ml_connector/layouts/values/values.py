"""Text to values and back: dates, times, texts. Only what is certainly meant is read; the rest is told."""

import re
from datetime import date, time

from ml_connector.layouts.values.converters import Converter, WrongText
from ml_connector.layouts.values.moments import compiled, day_pattern, split_pattern
from ml_connector.layouts.values.numbers import MOST_DIGITS, NumberForm, integer, number, price_basis

__all__ = ["MOST_DIGITS", "Converter", "NumberForm", "WrongText", "integer", "number", "price_basis"]

_TIME_PARTS = {"HH": "([0-9]{2})", "mm": "([0-9]{2})", "ss": "([0-9]{2})"}


def check_date_pattern(pattern: str) -> str:
    """The pattern. Raises ValueError unless it holds a year, a month and a day, each once; time and zone may follow."""
    day_pattern(pattern)
    return pattern


def check_time_pattern(pattern: str) -> str:
    """The pattern. Raises ValueError unless it holds hours and minutes, each once; seconds may follow."""
    _, names = compiled(pattern, _TIME_PARTS, "Hms")
    if names not in (["HH", "mm"], ["HH", "mm", "ss"]):
        raise ValueError(f"{pattern!r} needs HH, mm and perhaps ss, in this order")
    return pattern


#: Two-digit years from here on are of the last century.
PIVOT = 70
#: Days of other centuries are damage: 0203 is the end of another number, 2206 a slip.
FIRST_YEAR, LAST_YEAR = 1900, 2099


def day(patterns: tuple[str, ...]) -> Converter:
    """Dates: read by any of the patterns, written by the first."""
    ready = [day_pattern(pattern) for pattern in patterns]
    expected = "a date like " + " or ".join(patterns)

    def read(text: str) -> date:
        far = ""
        for pattern in ready:
            if found := pattern.regex.fullmatch(text):
                values = dict(zip(pattern.names, map(int, found.groups()), strict=True))
                year = values.get("yyyy", -1)
                if year < 0:
                    year = values["yy"] + (1900 if values["yy"] >= PIVOT else 2000)
                if not FIRST_YEAR <= year <= LAST_YEAR:
                    far = f", from {FIRST_YEAR} to {LAST_YEAR}"
                    continue
                try:
                    return date(year, values.get("MM", values.get("M", 0)), values.get("dd", values.get("d", 0)))
                except ValueError:
                    continue
        raise WrongText("not_a_date", expected + far)

    pieces = ready[0].pieces

    def write(value: date) -> str:
        if "yy" in pieces and not 1900 + PIVOT <= value.year < 2000 + PIVOT:
            raise WrongText("not_a_date", f"a year from {1900 + PIVOT} to {1999 + PIVOT}")
        if not FIRST_YEAR <= value.year <= LAST_YEAR:
            raise WrongText("not_a_date", f"a year from {FIRST_YEAR} to {LAST_YEAR}")
        texts = {
            "yyyy": f"{value.year:04d}",
            "yy": f"{value.year % 100:02d}",
            "MM": f"{value.month:02d}",
            "M": str(value.month),
            "dd": f"{value.day:02d}",
            "d": str(value.day),
        }
        return "".join(texts.get(piece, piece) for piece in pieces)

    return Converter(read, write)


def clock(patterns: tuple[str, ...]) -> Converter:
    """Times of day: read by any of the patterns, written by the first."""
    ready = [compiled(pattern, _TIME_PARTS, "Hms") for pattern in patterns]
    expected = "a time like " + " or ".join(patterns)
    pieces = split_pattern(patterns[0], "Hms")

    def read(text: str) -> time:
        for regex, _ in ready:
            if found := regex.fullmatch(text):
                try:
                    hours, minutes, *rest = map(int, found.groups())
                    return time(hours, minutes, rest[0] if rest else 0)
                except ValueError:
                    continue
        raise WrongText("not_a_time", expected)

    def write(value: time) -> str:
        if value.microsecond or (value.second and "ss" not in pieces):
            raise WrongText("not_a_time", f"a time without {'fractions' if 'ss' in pieces else 'seconds'}")
        texts = {"HH": f"{value.hour:02d}", "mm": f"{value.minute:02d}", "ss": f"{value.second:02d}"}
        return "".join(texts.get(piece, piece) for piece in pieces)

    return Converter(read, write)


_YES, _NO = frozenset({"true", "1", "y", "yes"}), frozenset({"false", "0", "n", "no"})


def flag() -> Converter:
    """Yes and no: true/false, 1/0, Y/N, yes/no; written true and false."""

    def read(text: str) -> bool:
        low = text.lower()
        if low not in _YES | _NO:
            raise WrongText("not_a_flag", "true or false")
        return low in _YES

    return Converter(read, lambda value: "true" if value else "false")


#: Line ends and tabs are text; other control characters are damage, or an attack on whoever shows them.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def text(most: int) -> Converter:
    """Text of at most so many characters, without control characters."""

    def check(value: str) -> str:
        if len(value) > most:
            raise WrongText("too_long", f"at most {most} characters")
        if _CONTROL.search(value):
            raise WrongText("control_character", "text without control characters")
        return value

    return Converter(check, check)
