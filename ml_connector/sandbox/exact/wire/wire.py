"""Values on the wire: dates as wall time, Int64 as strings, numbers, padding; and back from JSON bodies."""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from ml_connector.sandbox.exact.wire.entities import WHOLE, Field
from ml_connector.sandbox.exact.wire.errors import bad_stream, bad_value

Row = dict[str, Any]

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall time has no zone here
_GUID = re.compile(r"\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?")
_MS_DATE = re.compile(r"/Date\((-?\d{1,16})\)/")
_US_DATE = re.compile(r"(\d\d)/(\d\d)/(\d{4})(?: (\d\d):(\d\d):(\d\d))?")
_BOUNDS = {
    "Byte": (0, 255),
    "Int16": (-(2**15), 2**15 - 1),
    "Int32": (-(2**31), 2**31 - 1),
    "Int64": (-(2**63), 2**63 - 1),
}


def wall_ms(moment: datetime) -> int:
    """Milliseconds that give the server's local wall time as if it were UTC (exact-online 4.4)."""
    local = moment.astimezone(AMSTERDAM)
    return naive_ms(local.replace(tzinfo=None))


def naive_ms(wall: datetime) -> int:
    return (wall - _EPOCH) // timedelta(milliseconds=1)


def day_ms(day: date) -> int:
    return naive_ms(datetime(day.year, day.month, day.day))  # noqa: DTZ001 - wall time


def day_of(ms: int) -> date:
    """The calendar day of stored milliseconds."""
    return (_EPOCH + timedelta(milliseconds=ms)).date()


def iso_wall(ms: int) -> str:
    """Wall time as in webhook bodies and skiptokens, to the millisecond."""
    return (_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")


# What a SQL Server datetime holds, with room for terms of payment.
_EARLIEST, _LATEST = day_ms(date(1753, 1, 1)), day_ms(date(9990, 1, 1))


def guid(text: str) -> str | None:
    """The lower-case form of a guid, or None."""
    match = _GUID.fullmatch(text.strip().lower())
    return match.group(1) if match else None


def parse_datetime(text: str) -> int | None:
    """Wall milliseconds of any of the accepted date forms (exact-online 4.4), or None."""
    text = text.strip()
    if match := _MS_DATE.fullmatch(text):
        return int(match.group(1))
    try:
        if match := _US_DATE.fullmatch(text):
            month, day, year, hour, minute, second = (int(part or 0) for part in match.groups())
            return naive_ms(datetime(year, month, day, hour, minute, second))  # noqa: DTZ001 - wall time
        return naive_ms(datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=None))
    except ValueError:
        return None


def number(value: Decimal) -> int | float:
    """A Double in JSON: the server sends binary doubles, whole ones without a fraction."""
    as_float = float(value)
    return int(as_float) if as_float.is_integer() else as_float


def render(field: Field, value: Any) -> Any:
    """The JSON form of a stored value."""
    if value is None or field.write_only:
        return None
    match field.type:
        case "DateTime":
            return f"/Date({value})/"
        case "Double":
            return number(value)
        case "Int64":
            return str(value)
        case _:
            return value


def parse(field: Field, value: Any) -> Any:
    """The stored form of a value from a request body. Raises ApiError 400 for a wrong type."""
    if value is None:
        return None
    convert: Callable[[Field, Any], Any] = _PARSERS.get(field.type, _number)
    return convert(field, value)


def _string(field: Field, value: Any) -> str:
    return field.padded(_text(field, value))


def _guid_value(field: Field, value: Any) -> str:
    found = guid(_text(field, value))
    if found is None:
        raise bad_value(field.name, field.type)
    return found


def _moment(field: Field, value: Any) -> int:
    ms = parse_datetime(_text(field, value))
    if ms is None or not _EARLIEST <= ms <= _LATEST:
        raise bad_value(field.name, field.type)
    return ms


def _flag(field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise bad_value(field.name, field.type)
    return value


def _guids(field: Field, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise bad_value(field.name, field.type)
    return [_guid_value(field, one) for one in value]


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise bad_value(field.name, field.type)
    return value


def _number(field: Field, value: Any) -> int | Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise bad_value(field.name, field.type)
    try:
        exact = Decimal(value)  # numeric strings are tolerated (exact-online 4.4)
    except InvalidOperation:
        raise bad_value(field.name, field.type) from None
    if not exact.is_finite() or abs(exact) >= Decimal(10) ** 18:
        raise bad_value(field.name, field.type)
    if field.type not in WHOLE:
        return exact
    low, high = _BOUNDS[field.type]
    if exact != exact.to_integral_value() or not low <= exact <= high:
        raise bad_value(field.name, field.type)
    return int(exact)


_PARSERS: Mapping[str, Callable[[Field, Any], Any]] = {
    "String": _string,
    "Binary": _text,
    "Guid": _guid_value,
    "DateTime": _moment,
    "Boolean": _flag,
    "Guids": _guids,
}


def body_object(raw: bytes) -> Row:
    """The JSON object of a request body with exact numbers. Raises ApiError 400 for anything else."""
    try:
        parsed = json.loads(raw, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise bad_stream() from None
    if not isinstance(parsed, dict):
        raise bad_stream()
    return parsed


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def to_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_default).encode()


def _default(value: object) -> int | float:
    if isinstance(value, Decimal) and math.isfinite(value):
        return number(value)
    raise TypeError(f"not JSON: {type(value).__name__}")
