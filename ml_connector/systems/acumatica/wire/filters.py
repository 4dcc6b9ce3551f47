"""Expressions of `$filter`: OData v3 over top-level fields (acumatica 3). Line fields cannot be filtered by."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote_plus, urlencode

#: Characters of a query, encoded, with what paging adds to its filter; IIS takes 2,048 by default.
MAX_QUERY = 1900
#: A filter has so much in any case: one that asks for very many fields is longer then.
LEAST_FILTER = 400


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


def length(text: str) -> int:
    """How long a text is in an address."""
    return len(quote_plus(text))


def room_beside(params: Mapping[str, str]) -> int:
    """How long a filter may be, beside these parameters."""
    return max(LEAST_FILTER, MAX_QUERY - len(urlencode({**params, "$filter": ""})))


def chunks(conditions: Sequence[str], *, most: int) -> list[list[str]]:
    """Conditions in groups whose joined text is no longer than that in an address."""
    groups: list[list[str]] = []
    used = 0
    for condition in conditions:
        cost = length(condition) + len("+or+")
        if not groups or used + cost > most:
            groups.append([])
            used = 0
        groups[-1].append(condition)
        used += cost
    return groups
