"""What was sent beside what a reply says is stored: screens drop and change values without an error (acumatica 5, 10).

Only what was sent is compared, and the totals that it must come to.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.systems.acumatica.wire.values import (
    Row,
    day,
    details,
    errors_in,
    field,
    flag,
    linked,
    maybe_number,
    text,
)
from ml_connector.transport.response_body import clean

#: Never stored as sent: what holds is told by Status.
_SKIPPED = frozenset({"id", "note", "custom", "Hold", "Details", "TaxDetails", "Amount", "IsTaxValid"})


def differences(sent: Mapping[str, Any], reply: Row, *, collection: str = "Details") -> list[str]:
    """What the reply has otherwise, in words; also every error in it."""
    found = [f"{place}: {clean(said, 200)}" for place, said in errors_in(reply)]
    found += _fields(sent, reply)
    lines = sent.get(collection)
    if isinstance(lines, list):
        found += _lines(lines, reply, collection)
    return found


def _fields(sent: Mapping[str, Any], reply: Row) -> Iterator[str]:
    for name, wrapped in sent.items():
        if name in _SKIPPED or not isinstance(wrapped, dict):
            continue
        if "value" not in wrapped:
            yield from (f"{name}: {one}" for one in _fields(wrapped, linked(reply, name)))
            continue
        wanted = wrapped["value"]
        if not same(wanted, reply, name):
            yield f"{name} is {shown(field(reply, name))}, {shown(wanted)} was sent"


def same(wanted: Any, row: Row, name: str) -> bool:
    """Whether a field holds what was sent, by the sent value's kind; texts without regard to case and padding."""
    if isinstance(wanted, bool):
        return flag(row, name) == wanted
    if isinstance(wanted, Decimal | int):
        return maybe_number(row, name) == Decimal(wanted)
    if _is_day(wanted):
        found = day(row, name)
        return found is not None and found.isoformat() == str(wanted)[:10]
    return text(row, name).casefold() == str(wanted or "").strip().casefold()


def _is_day(value: Any) -> bool:
    if not isinstance(value, str) or len(value) != 10:
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _lines(sent: Sequence[Mapping[str, Any]], reply: Row, collection: str) -> Iterator[str]:
    """Lines by what was sent of each, in whatever order they come back."""
    stored = details(reply, collection)
    if len(stored) != len(sent):
        yield f"{len(stored)} lines are stored, {len(sent)} were sent"
        return
    left = list(stored)
    for at, line in enumerate(sent, 1):
        best = min(left, key=lambda row, line=line: len(list(_fields(line, row))))  # type: ignore[misc]
        wrong = list(_fields(line, best))
        left.remove(best)
        yield from (f"line {at}: {one}" for one in wrong)


def total_difference(name: str, wanted: Decimal, reply: Row) -> list[str]:
    """Where a total is another than it must be."""
    found = maybe_number(reply, name)
    if found == wanted:
        return []
    return [f"{name} is {shown(found)}, it must be {shown(wanted)}"]


def shown(value: Any) -> str:
    """A value in a sentence."""
    if value is None or value == "":
        return "empty"
    return format(value, "f") if isinstance(value, Decimal) else clean(str(value), 80)
