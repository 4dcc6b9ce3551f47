"""A document as addresses and texts: `lines[0].items[VP]` and what stands there."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from ml_connector.documents.common import Record
from ml_connector.documents.records import fields_of
from ml_connector.documents.values.decimals import decimal_text
from ml_connector.layouts.spec.field_paths import KNOWN_BY, OF_X12


def flat(record: Record, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Address and text of every value of a record that is not its default; what X12 alone keeps is left out."""
    for name, info in fields_of(type(record)).items():
        value = getattr(record, name)
        if name in OF_X12 or value == info.default:
            continue
        if isinstance(value, Record):
            yield from flat(value, f"{prefix}{name}.")
        elif isinstance(value, tuple):
            yield from _members(value, f"{prefix}{name}")
        elif value is not None:
            yield f"{prefix}{name}", _plain(value)


def _members(values: Iterable[Any], prefix: str) -> Iterator[tuple[str, str]]:
    """Records by what they are known by, the rest by position; numbers by value, so that 1.50 is 1.5."""
    seen: dict[str, int] = {}
    for number, value in enumerate(values):
        if not isinstance(value, Record):
            yield f"{prefix}[{number}]", _plain(value)
            continue
        known = KNOWN_BY.get(type(value).__name__)
        key = ":".join(str(getattr(value, name)) for name in known[0]) if known else str(number)
        seen[key] = seen.get(key, 0) + 1
        again = f"#{seen[key]}" if seen[key] > 1 else ""
        for address, text in flat(value, ""):
            if not known or address not in known[0]:
                plain = f"[{key}{again}]" if known and address == known[1] else f"[{key}{again}].{address}"
                yield f"{prefix}{plain}", text


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return decimal_text(value)
    return str(value)
