"""Values on Exact's wire: dates in false UTC, padded codes, OData literals, JSON numbers (exact-online 4.4, 4.5)."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from json.encoder import encode_basestring
from typing import Any
from zoneinfo import ZoneInfo

from ml_connector.errors import WeAreWrong
from ml_connector.transport.response_body import MAX_EXPONENT, MAX_NUMBER_LENGTH

_DATE = re.compile(r"/Date\((-?\d{1,17})\)/")
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall time of the server, which carries no zone
_NONE = timedelta(0)
#: Digits after the point that mean anything; a Double brings noise beyond them.
PLACES = 9
_WIDE = Context(prec=MAX_NUMBER_LENGTH + MAX_EXPONENT)


def wall_time(value: Any) -> datetime | None:
    """The server's wall time in a date value, without a zone: `/Date(ms)/` or ISO text. None for null.

    The milliseconds encode local wall time as if it were UTC (exact-online 4.4).

    Raises:
        WeAreWrong: neither form.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        if found := _DATE.fullmatch(value):
            try:
                return _EPOCH + timedelta(milliseconds=int(found.group(1)))
            except OverflowError as error:
                raise WeAreWrong("Exact sent a date beyond the calendar") from error
        try:
            return datetime.fromisoformat(value.removesuffix("Z")).replace(tzinfo=None)
        except ValueError:
            pass
    raise WeAreWrong("Exact sent a date in a form that is not known")


def day(value: Any) -> date | None:
    """A pure date: midnight in the same false UTC, so the date part as it stands."""
    wall = wall_time(value)
    return wall.date() if wall else None


def moment(value: Any, zone: ZoneInfo) -> datetime | None:
    """The UTC moment of a wall time; in the hour that comes twice in autumn the earlier one."""
    wall = wall_time(value)
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC) if wall else None


def wall_of(at: datetime, zone: ZoneInfo) -> datetime:
    """A UTC moment as the server's wall time."""
    return at.astimezone(zone).replace(tzinfo=None)


def poll_start(newest: datetime, overlap: timedelta, zone: ZoneInfo) -> datetime:
    """Where a poll by wall time begins, so that nothing after `newest` (wall time) is missed.

    When clocks are put back, an hour of wall time comes twice: what changed in its second run looks older than
    what was read in its first. A poll whose newest row lies in that hour reaches back over all of it.
    """
    first, second = (newest.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    back = max((first or _NONE) - (second or _NONE), _NONE)
    return newest - overlap - back


def code(value: Any) -> str:
    """A code without its padding; empty for null."""
    return str(value).strip() if value is not None else ""


def guid(value: Any) -> str:
    """A guid in lower case; empty for null."""
    return str(value).lower() if value is not None else ""


def number(value: Any) -> Decimal:
    """An exact number; null is 0. Doubles are rounded to nine places, which takes off their noise.

    Raises:
        WeAreWrong: not a number.
    """
    if value is None:
        return Decimal(0)
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise WeAreWrong("Exact sent something else where a number is due")
    try:
        exact = Decimal(value)
    except InvalidOperation as error:
        raise WeAreWrong("Exact sent something else where a number is due") from error
    if not exact.is_finite() or (exact and abs(exact.adjusted()) > MAX_EXPONENT):
        raise WeAreWrong("Exact sent a number beyond all reason")
    if -int(exact.as_tuple().exponent) > PLACES:
        exact = exact.quantize(Decimal(1).scaleb(-PLACES), context=_WIDE).normalize(_WIDE)
    return exact


def whole(value: Any) -> int | None:
    """An integer, also where Int64 comes as text; None for null."""
    return None if value is None else int(number(value))


def text_literal(value: str) -> str:
    """A text in a filter."""
    return "'" + value.replace("'", "''") + "'"


def guid_literal(value: str) -> str:
    """Raises WeAreWrong for what is no guid, so that no text can leave its literal."""
    if not _GUID.fullmatch(value):
        raise WeAreWrong("an id that is not a guid was to be looked up at Exact")
    return f"guid'{value.lower()}'"


def is_guid(value: str) -> bool:
    """Whether a text is a guid."""
    return bool(_GUID.fullmatch(value))


def wall_literal(wall: datetime) -> str:
    """Whole seconds, rounded down: compare with `ge`, rather than trust fractions in a filter."""
    return f"datetime'{wall.replace(microsecond=0, tzinfo=None).isoformat()}'"


def to_json(value: Any) -> str:
    """Compact JSON with numbers written exactly from Decimal: 750.00 stays 750.00, never 7.5E+2.

    Raises:
        WeAreWrong: a float, or something that has no JSON form.
    """
    parts: list[str] = []
    _write(value, parts.append)
    return "".join(parts)


def _write(value: Any, put: Callable[[str], None]) -> None:
    kind = type(value)
    if kind is str:
        put(encode_basestring(value))
    elif kind is dict:
        mark = "{"
        for key, item in value.items():
            put(f"{mark}{encode_basestring(key)}:")
            _write(item, put)
            mark = ","
        put("}" if mark == "," else "{}")
    elif kind is list or kind is tuple:
        mark = "["
        for item in value:
            put(mark)
            _write(item, put)
            mark = ","
        put("]" if mark == "," else "[]")
    else:
        put(_scalar(value))


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool | int | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    if isinstance(value, date) and not isinstance(value, datetime):
        return f'"{value.isoformat()}"'
    raise WeAreWrong(f"a {type(value).__name__} has no exact JSON form")
