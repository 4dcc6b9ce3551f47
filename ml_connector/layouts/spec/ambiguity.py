"""Date patterns that read one text as two days: found by trying, before any file is read."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from itertools import product

from ml_connector.layouts.values.converters import WrongText
from ml_connector.layouts.values.values import FIRST_YEAR, day

#: A year whose last digits are a day as well as a month, one of which they are a day, one that is neither.
_YEARS = (2003, 2012, 2031, 1999, FIRST_YEAR + 10)
_DAYS = tuple(first + timedelta(days=n) for first in (date(year, 1, 1) for year in _YEARS) for n in range(365))


@lru_cache(maxsize=256)
def two_days(patterns: tuple[str, ...]) -> str:
    """A text that these patterns, or one of them alone, read as two days, with both; empty where there is none."""
    readers = [(pattern, day((pattern,)).read) for pattern in patterns]
    for _, text in _texts(patterns):
        found: dict[date, str] = {}
        for pattern, read in readers:
            try:
                found.setdefault(read(text), pattern)
            except WrongText:
                continue
        if len(found) > 1:
            (first, by), (second, other) = list(found.items())[:2]
            return f"{text} is {first} by {by} and {second} by {other}"
    return _alone(patterns)


def _alone(patterns: tuple[str, ...]) -> str:
    """A text that one pattern writes for two days: parts of one or two digits with nothing between them."""
    for pattern in patterns:
        seen: dict[str, date] = {}
        for one, text in _texts((pattern,)):
            if seen.setdefault(text, one) != one and seen[text].year // 100 == one.year // 100:
                return f"{text} is {seen[text]} and {one}, both by {pattern}"
    return ""


def _texts(patterns: tuple[str, ...]) -> Iterator[tuple[date, str]]:
    """What the patterns write for many days, with and without leading zeros where both are read."""
    for pattern in patterns:
        for written in _spelled(pattern):
            write = day((written,)).write
            for one in _DAYS:
                try:
                    yield one, write(one)
                except WrongText:
                    continue


def _spelled(pattern: str) -> list[str]:
    """A pattern with one-digit parts also written with two digits: both are read."""
    months = ("M", "MM") if "MM" not in pattern else ("MM",)
    days = ("d", "dd") if "dd" not in pattern else ("dd",)
    plain = pattern.replace(months[0], "M").replace(days[0], "d")
    return [plain.replace("M", month).replace("d", one) for month, one in product(months, days)]
