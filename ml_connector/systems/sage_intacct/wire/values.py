"""Values as the gateway has them. Dates have no zone and stay the calendar days they are (intacct 6.4)."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from ml_connector.errors import NeedsCorrection, Reason, WeAreWrong

#: A record as it is read: text by the name of its field, in capitals.
Row = Mapping[str, str]
CENT = Decimal("0.01")
_DAY = re.compile(r"^([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?:[ T]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?)?$")
_LONGEST_NUMBER = 40


def text(row: Row, name: str) -> str:
    """What a field says; empty where it says nothing."""
    return row.get(name.upper(), "").strip()


def key(row: Row, name: str) -> str:
    """An identifier that a record must have.

    Raises:
        WeAreWrong: it has none.
    """
    found = text(row, name)
    if not found:
        raise WeAreWrong(f"a record has no {name}")
    return found


def number(row: Row, name: str) -> Decimal:
    """A number; 0 where there is none. Raises WeAreWrong: it is no number."""
    found = maybe_number(row, name)
    return Decimal(0) if found is None else found


def maybe_number(row: Row, name: str) -> Decimal | None:
    """A number; None where there is none. Raises WeAreWrong: it is no number."""
    found = text(row, name)
    if not found:
        return None
    try:
        value = Decimal(found) if len(found) <= _LONGEST_NUMBER else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or abs(value.adjusted()) > _LONGEST_NUMBER:
        raise WeAreWrong(f"{name} is {found[:40]!r}, which is not a number")
    return plain(value)


def whole(row: Row, name: str) -> int | None:
    """A whole number, also where it comes with decimals (intacct 6.4); None where there is none."""
    found = maybe_number(row, name)
    if found is None:
        return None
    if found != found.to_integral_value():
        raise WeAreWrong(f"{name} is {found}, which is not a whole number")
    return int(found)


def flag(row: Row, name: str) -> bool:
    """True, T, yes, 1."""
    return text(row, name).casefold() in {"true", "t", "yes", "y", "1"}


def is_active(row: Row) -> bool:
    """STATUS: active or inactive, T or F (intacct 6.4); one without it is in use."""
    return text(row, "STATUS").casefold() in {"", "active", "t", "true", "active non-posting"}


def day(row: Row, name: str) -> date | None:
    """A calendar day; None where there is none. Raises WeAreWrong: it is none."""
    found = text(row, name)
    return None if not found else _parts(name, found).date()


def moment(row: Row, name: str, offset: str) -> datetime | None:
    """A time stamp in the user's offset as UTC; one that holds a date only is its beginning (intacct 6.4)."""
    found = text(row, name)
    return None if not found else _parts(name, found).replace(tzinfo=UTC) - shift(offset)


def _parts(name: str, value: str) -> datetime:
    match = _DAY.match(value)
    try:
        if match is not None:
            month, day_, year, *clock = match.groups()
            hour, minute, second = (int(one or 0) for one in clock)
            return datetime(int(year), int(month), int(day_), hour, minute, second)  # noqa: DTZ001 - a calendar's day
        # Newer objects may tell ISO.
        found = datetime.fromisoformat(value)
    except ValueError as error:
        raise WeAreWrong(f"{name} is {value[:40]!r}, which is not a date as mm/dd/yyyy") from error
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def shift(offset: str) -> timedelta:
    """+05:30 as a difference."""
    sign = -1 if offset.startswith("-") else 1
    hours, minutes = offset[1:].split(":")
    return sign * timedelta(hours=int(hours), minutes=int(minutes))


def stamp(at: datetime, offset: str) -> str:
    """A moment as a filter has it: in the user's offset, mm/dd/yyyy HH:mm:ss."""
    return (at.astimezone(UTC) + shift(offset)).strftime("%m/%d/%Y %H:%M:%S")


def slashed(value: date) -> str:
    """A day as upper-case functions have it (intacct 6.4)."""
    return f"{value.month:02d}/{value.day:02d}/{value.year:04d}"


def split_day(value: date | None) -> list[tuple[str, str]] | None:
    """A day as lower-case functions have it (intacct 6.3): year, month, day."""
    if value is None:
        return None
    return [("year", f"{value.year:04d}"), ("month", f"{value.month:02d}"), ("day", f"{value.day:02d}")]


def decimal(value: Decimal) -> str:
    """A number with a point, no thousands, no exponent."""
    return format(plain(value), "f")


def money(value: Decimal) -> str:
    """An amount to the cent: what has more would be rounded there without a word (intacct 6.4).

    Raises:
        NeedsCorrection: it has more, as amounts of currencies with three places may.
    """
    exact = value.quantize(CENT)
    if exact != value:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"The amount {decimal(value)} has more than two decimals, and Sage Intacct keeps two.",
            remedy="Enter the document by hand, and discard this.",
            data={"amount": decimal(value)},
        )
    return format(exact, "f")


def plain(value: Decimal) -> Decimal:
    """Without zeros at its end."""
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


def to_json(value: Any) -> str:
    """As payloads and records are stored."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=_text)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return decimal(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not stored")


def body_of(payload: str) -> dict[str, Any]:
    """A stored payload."""
    body: dict[str, Any] = json.loads(payload)
    return body
