"""Values on the wire: wrapped in objects, days that never meet a time zone, numbers and flags that may be text
(acumatica 2, 4). What is read is never trusted to be of its type.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ml_connector.errors import WeAreWrong

Row = Mapping[str, Any]

#: Members of a body that are no fields: they stand as they are.
_PLAIN = frozenset({"id", "delete", "custom"})
#: Digits, before and behind the point, of any amount or quantity; within what decimals keep exactly.
_MOST = 24
#: Characters of any text; notes are the longest ones that people write.
_LONGEST = 100_000
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def field(row: Row, name: str) -> Any:
    """What a field holds; None for an empty one (`{}`) and one that is not there.

    Raises:
        WeAreWrong: it is not wrapped.
    """
    held = row.get(name)
    if held is None:
        return None
    if not isinstance(held, dict):
        raise WeAreWrong(f"the field {name} is not an object with a value")
    return held.get("value")


def text(row: Row, name: str) -> str:
    """Without blanks around it; identifiers are padded on some sites."""
    value = field(row, name)
    if value is None:
        return ""
    if isinstance(value, dict | list):
        raise WeAreWrong(f"the field {name} holds no text")
    found = str(value).strip()
    if len(found) > _LONGEST:
        raise WeAreWrong(f"the field {name} holds a text of {len(found)} characters")
    return found


def number(row: Row, name: str) -> Decimal:
    """An amount or a quantity; zero for an empty field. Vendor examples send numbers as text too."""
    found = maybe_number(row, name)
    return Decimal(0) if found is None else found


def maybe_number(row: Row, name: str) -> Decimal | None:
    """An amount or a quantity; None for an empty field."""
    value = field(row, name)
    if value is None or value == "":
        return None
    if isinstance(value, bool | dict | list):
        raise WeAreWrong(f"the field {name} holds no number")
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        raise WeAreWrong(f"the field {name} holds no number") from None
    if not found.is_finite() or (found and abs(found.adjusted()) > _MOST) or len(found.as_tuple().digits) > _MOST:
        raise WeAreWrong(f"the field {name} holds no number that can be kept exactly")
    return plain(found)


def plain(value: Decimal) -> Decimal:
    """Without zeros at its end: 12.0 and 12 are one number, and one content of a stored table."""
    short = value.normalize()
    exponent = short.as_tuple().exponent
    return short.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else short


def whole(row: Row, name: str) -> int | None:
    """A line's number or another count."""
    found = maybe_number(row, name)
    if found is None:
        return None
    if found != found.to_integral_value() or abs(found) > 2**53:
        raise WeAreWrong(f"the field {name} holds no whole number")
    return int(found)


def flag(row: Row, name: str) -> bool:
    """A yes or no; an empty field is a no. Text too ("False"), as vendor examples have it."""
    value = field(row, name)
    if isinstance(value, str):
        return value.strip().lower() == "true"
    return value is True


def day(row: Row, name: str) -> date | None:
    """A day: the ten characters that are written, whatever time and offset follow (acumatica 2).

    Converted to UTC it would become the day before, for a user east of it.
    """
    value = field(row, name)
    if value is None or value == "":
        return None
    match = _DAY.match(value) if isinstance(value, str) else None
    if match is None:
        raise WeAreWrong(f"the field {name} holds no day")
    try:
        found = date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        raise WeAreWrong(f"the field {name} holds no day") from None
    return None if found.year == 1 else found


def moment(row: Row, name: str) -> datetime | None:
    """A point in time, in UTC: only LastModified and Created fields are one."""
    value = field(row, name)
    if value is None or value == "":
        return None
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise WeAreWrong(f"the field {name} holds no point in time") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def identity(row: Row) -> str:
    """The stable id of a record or line.

    Raises:
        WeAreWrong: it has none.
    """
    value = row.get("id")
    if not isinstance(value, str) or not _GUID.fullmatch(value):
        raise WeAreWrong("a record has no id")
    return value.lower()


def is_guid(value: str) -> bool:
    """Whether a text can be the id of a record."""
    return _GUID.fullmatch(value) is not None


def details(row: Row, name: str) -> list[Row]:
    """The lines of a collection that was asked for by $expand.

    Raises:
        WeAreWrong: it is not a list of records.
    """
    value = row.get(name, [])
    if not isinstance(value, list) or not all(isinstance(line, dict) for line in value):
        raise WeAreWrong(f"{name} is not a list of records")
    return value


def linked(row: Row, name: str) -> Row:
    """A linked object that was asked for by $expand; an empty one where there is none."""
    value = row.get(name)
    return value if isinstance(value, dict) else {}


def custom(row: Row, path: str) -> Any:
    """The value of a field outside the contract, `View.Field`, that was asked for by $custom."""
    view, _, name = path.partition(".")
    fields = row.get("custom")
    for part in (view, name):
        fields = fields.get(part) if isinstance(fields, dict) else None
    return fields.get("value") if isinstance(fields, dict) else None


def errors_in(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every `error` in a reply, with its place: on the record, on a line, in a field (acumatica 4)."""
    if isinstance(value, dict):
        said = value.get("error")
        if isinstance(said, str) and said.strip():
            yield place or "the record", said.strip()
        for name, inner in value.items():
            if name not in {"error", "_links", "custom"} and isinstance(inner, dict | list):
                yield from errors_in(inner, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        for at, inner in enumerate(value, 1):
            yield from errors_in(inner, f"{place}[{at}]")


def wrapped(body: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values as a body has them: `{"value": ...}`; objects and lists of objects are wrapped inside."""
    return {name: value if name in _PLAIN else _wrapped(value) for name, value in body.items()}


def _wrapped(value: Any) -> Any:
    if isinstance(value, dict):
        return wrapped(value)
    if isinstance(value, list | tuple):
        return [wrapped(one) for one in value]
    return {"value": value}


def to_json(value: Any) -> str:
    """JSON with decimals exactly as they are and days as ISO text."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return json.dumps(value.isoformat())
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(str(name))}:{to_json(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(to_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def body_of(payload: str) -> dict[str, Any]:
    """A stored payload as the object it is."""
    found = json.loads(payload, parse_float=Decimal)
    if not isinstance(found, dict):
        raise WeAreWrong("a stored payload is not an object")
    return found
