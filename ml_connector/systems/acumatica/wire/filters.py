"""Expressions of `$filter`: OData v3 over top-level fields (acumatica 3). Line fields cannot be filtered by."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

#: Of an address, in characters; IIS takes 2,048 of a query by default.
MAX_FILTER = 1500


def literal(value: str) -> str:
    """A text with its quotes doubled."""
    return "'" + value.replace("'", "''") + "'"


def since(name: str, moment: datetime) -> str:
    """Changed at this moment or later; with time and offset, whatever the user's time zone."""
    return f"{name} ge datetimeoffset'{moment.astimezone(UTC).isoformat(timespec='milliseconds')}'"


def equals(name: str, value: str) -> str:
    """A field is this text."""
    return f"{name} eq {literal(value)}"


def after(name: str, value: str) -> str:
    """A key comes after this one, as the server orders them."""
    return f"{name} gt {literal(value)}"


def up_to(name: str, value: str) -> str:
    """A key is this one or comes before it."""
    return f"{name} le {literal(value)}"


def before(name: str, value: str) -> str:
    """A key comes before this one."""
    return f"{name} lt {literal(value)}"


def all_of(conditions: Iterable[str]) -> str:
    """Every one of them; empty ones are left out."""
    return " and ".join(condition for condition in conditions if condition)


def any_of(conditions: Sequence[str]) -> str:
    """At least one of them."""
    return conditions[0] if len(conditions) == 1 else "(" + " or ".join(conditions) + ")"


def chunks(conditions: Sequence[str], *, most: int = MAX_FILTER) -> list[list[str]]:
    """Conditions in groups whose joined text stays short enough for an address."""
    groups: list[list[str]] = []
    length = 0
    for condition in conditions:
        cost = len(condition) + 4
        if not groups or length + cost > most:
            groups.append([])
            length = 0
        groups[-1].append(condition)
        length += cost
    return groups
