"""Values on the wire: wrapped, dates with the user's offset, numbers that may come as strings (acumatica 2, 4)."""

import json
import re
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from ml_connector.sandbox.acumatica.wire.contract import Field
from ml_connector.sandbox.acumatica.wire.errors import unreadable

Value = str | Decimal | int | bool | date | datetime | None

_WHOLE = frozenset({"Int", "Short", "Long", "Byte"})
_US_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:\s.*)?")


def to_json(value: Any) -> bytes:
    """JSON with decimals as numbers; 15 digits, which money and quantities keep within, come out as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_number).encode()


def _number(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"not JSON: {type(value).__name__}")


def from_json(raw: bytes) -> dict[str, Any]:
    """The object of a request's body; an empty body is an empty one. Raises ApiError 400."""
    if not raw.strip():
        return {}
    try:
        found = json.loads(raw, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise unreadable(f"Unexpected character encountered while parsing value: {str(error)[:100]}") from None
    if not isinstance(found, dict):
        raise unreadable("The request body is not a JSON object.")
    return found


def _refuse(text: str) -> None:
    raise ValueError(f"{text} is not a number")


def parse(field: Field, value: Any) -> Value:
    """The stored form of what was sent for a field. Raises ApiError 400 for what it cannot be."""
    if value is None or (value == "" and field.type != "String"):
        return None
    try:
        return _parse(field, value)
    except (ValueError, TypeError, InvalidOperation, OverflowError):
        raise unreadable(
            f"Error converting value {str(value)[:60]!r} to type 'Edm.{field.type}'. {field.name}"
        ) from None


def _parse(field: Field, value: Any) -> Value:
    kind = field.type
    if kind == "DateTime":
        return _point(str(value)) if field.is_point else day(str(value))
    if kind == "Boolean":
        return _boolean(value)
    if kind == "Decimal":
        return _decimal(value)
    if kind in _WHOLE:
        number = _decimal(value)
        if number != number.to_integral_value():
            raise ValueError(value)
        return int(number)
    if isinstance(value, bool | dict | list):
        raise TypeError(value)
    return str(value).rstrip()


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).casefold() in {"true", "false"}:
        return str(value).casefold() == "true"
    raise ValueError(value)


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise TypeError(value)
    number = Decimal(str(value).strip())
    if not number.is_finite():
        raise ValueError(value)
    return number


def day(text: str) -> date:
    """A day as it is written: ISO or mm/dd/yyyy; an offset does not move it (acumatica 2)."""
    match = _US_DATE.fullmatch(text.strip())
    if match is not None:
        return date(int(match[3]), int(match[1]), int(match[2]))
    datetime.fromisoformat(text.strip().replace("Z", "+00:00"))  # the whole of it must be a date
    return date.fromisoformat(text.strip()[:10])


def _point(text: str) -> datetime:
    found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def render(value: Value, zone: ZoneInfo) -> Any:
    """The JSON of a stored value, dates at the offset of the user's time zone."""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="milliseconds")
    if isinstance(value, date):
        return datetime.combine(value, time(), zone).isoformat()
    return value


def wrapped(value: Value, zone: ZoneInfo) -> dict[str, Any]:
    """`{"value": ...}`; an empty field is `{}`."""
    return {} if value is None else {"value": render(value, zone)}
