"""Patterns of dates, also with a time of day and a zone behind: `yyyy-MM-ddTHH:mm:ssZ`. What is read is the day as it
is written: whose day it is where is not for a reader to decide.
"""

import re
from dataclasses import dataclass

_DATE_PARTS = {"yyyy": "([0-9]{4})", "yy": "([0-9]{2})", "MM": "([0-9]{2})", "M": "([0-9]{1,2})"}
_DATE_PARTS |= {"dd": "([0-9]{2})", "d": "([0-9]{1,2})"}
#: A pattern's day, what stands before its time, its time and its zone.
_MOMENT = re.compile(r"(?P<day>[^HmsTZ]*[yMd])(?:(?P<mark>T| )(?P<time>HH:?mm(?::?ss)?))?(?P<zone> ?Z)?")
_HOURS, _SIXTY = "(?:[01][0-9]|2[0-4])", "[0-5][0-9]"
#: A leap second, and fractions where seconds are written.
_SECONDS = "(?:[0-5][0-9]|60)(?:[.,][0-9]{1,9})?"
#: Z, or how far east or west: +01:00, -0800, +01.
_ZONE = "(?:Z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)"
#: What XML writes where a day is meant: xs:dateTime, and xs:date with a zone.
ISO_DAY = "yyyy-MM-dd"
ISO_MOMENTS = ("yyyy-MM-ddTHH:mm:ssZ", "yyyy-MM-ddTHH:mm:ss", "yyyy-MM-ddZ")


@dataclass(frozen=True)
class DayPattern:
    """A pattern ready: `regex` has a group for each of `names`, `pieces` are how it is written."""

    regex: re.Pattern[str]
    names: tuple[str, ...]
    pieces: tuple[str, ...]


def split_pattern(pattern: str, letters: str) -> list[str]:
    """The parts of a date or time pattern: runs of one letter, and what stands between them."""
    return [found.group() for found in re.finditer(rf"([{letters}])\1*|[^{letters}]+", pattern)]


def compiled(pattern: str, parts: dict[str, str], letters: str) -> tuple[re.Pattern[str], list[str]]:
    """The expression of a pattern and the names of its groups. Raises ValueError for a part nobody knows."""
    pieces = split_pattern(pattern, letters)
    names = [piece for piece in pieces if piece[0] in letters]
    unknown = [name for name in names if name not in parts]
    if unknown or any(c.isascii() and c.isalpha() for piece in pieces if piece not in names for c in piece):
        raise ValueError(f"{pattern!r} is not a pattern; parts are {', '.join(parts)}")
    regex = "".join(parts[piece] if piece in names else re.escape(piece) for piece in pieces)
    return re.compile(regex), names


def day_pattern(pattern: str) -> DayPattern:
    """A date pattern, perhaps with a time (HH:mm:ss, HH:mm) behind a T or a blank, and a zone (Z).

    Raises:
        ValueError: it holds no year, month and day, each once, or a part nobody knows.
    """
    found = _MOMENT.fullmatch(pattern)
    day = found.group("day") if found else pattern
    regex, names = compiled(day, _DATE_PARTS, "yMd")
    if sorted(name[0] for name in names) != ["M", "d", "y"]:
        raise ValueError(
            f"{pattern!r} needs a year (yyyy or yy), a month (MM or M) and a day (dd or d), each once; a time "
            "(THH:mm:ss) and a zone (Z) may follow"
        )
    if not re.search("[^yMd]", day) and ("M" in names or "d" in names):
        raise ValueError(f"{pattern!r} cannot be told apart without marks: write MM and dd")
    tail, written = _tail(found) if found else ("", "")
    pieces = (*split_pattern(day, "yMd"), written) if written else tuple(split_pattern(day, "yMd"))
    return DayPattern(re.compile(regex.pattern + tail), tuple(names), pieces)


def _tail(found: re.Match[str]) -> tuple[str, str]:
    """What follows the day: as an expression, and as it is written, which is midnight."""
    time, mark = found.group("time") or "", found.group("mark") or ""
    zone = found.group("zone") or ""
    read = re.escape(mark) + time.replace("HH", _HOURS).replace("mm", _SIXTY).replace("ss", _SECONDS)
    if zone:
        read += zone.replace("Z", _ZONE).replace(" ", r"\ ")
    return read, mark + re.sub("[Hms]", "0", time) + zone


def with_iso_moments(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Where days are written yyyy-MM-dd in XML, they may have a time and a zone behind."""
    return tuple(dict.fromkeys([*patterns, *ISO_MOMENTS])) if ISO_DAY in patterns else patterns
