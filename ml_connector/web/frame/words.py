"""How values are written for people: states, money, moments, ages. Jinja escapes all of it."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from ml_connector.documents.values.currencies import places
from ml_connector.ledger.work.states import DocumentState
from ml_connector.web.access.people import Role

#: Between groups of three digits: no language reads it as a decimal sign.
_GROUP = "\u202f"
#: What people call a state; the others by their own word.
_STATES = {
    DocumentState.QUARANTINED: "held",
    DocumentState.UNKNOWN_OUTCOME: "outcome unknown",
}
#: How a state is to be seen: good, waits, wrong, over.
_TONES = {
    **dict.fromkeys(("posted", "applied", "sent", "acknowledged"), "good"),
    **dict.fromkeys(("quarantined", "unknown_outcome", "overdue"), "waits"),
    **dict.fromkeys(("refused", "rejected"), "wrong"),
    **dict.fromkeys(("duplicate", "discarded"), "over"),
}
_ROLES = {Role.VIEWER: "a viewer", Role.CLERK: "a clerk", Role.ADMINISTRATOR: "an administrator"}


def plain(text: Any) -> str:
    """A name of ours in words: unknown_supplier is "unknown supplier"."""
    return str(text).replace("_", " ")


def state(value: Any) -> str:
    """What people call a state."""
    try:
        return _STATES.get(DocumentState(value), plain(value))
    except ValueError:
        return plain(value)


def tone(value: Any) -> str:
    """The style of a state."""
    return _TONES.get(str(value), "moves")


def role(value: Role) -> str:
    """A role with its article."""
    return _ROLES[value]


def number(value: Decimal | int | None, least: int = 0) -> str:
    """A number with its digits in groups and at least so many decimals; all that it has are shown."""
    if value is None:
        return ""
    exact = Decimal(value)
    exponent = exact.normalize().as_tuple().exponent
    decimals = max(least, -exponent if isinstance(exponent, int) else least)
    return f"{exact:,.{decimals}f}".replace(",", _GROUP)


def money(value: Decimal | None, currency: str | None = "") -> str:
    """An amount with its currency and that one's decimals: 1 000 JPY, 12.50 USD."""
    return f"{number(value, places(currency or ''))} {currency or ''}".strip() if value is not None else ""


def moment(value: datetime | None) -> str:
    """A moment in UTC, to the minute."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}" if value is not None else ""


def age(value: datetime | date | None, now: datetime) -> str:
    """How long ago, in the largest unit that tells it."""
    if value is None:
        return ""
    since = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)
    seconds = (now - since).total_seconds()
    ahead, seconds = ("in ", -seconds) if seconds < 0 else ("", seconds)
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            count = int(seconds // size)
            return f"{ahead}{count} {unit}{'s' * (count != 1)}"
    return f"{ahead}under a minute"


FILTERS: Mapping[str, Callable[..., str]] = {
    "plain": plain,
    "state": state,
    "tone": tone,
    "role": role,
    "number": number,
    "money": money,
    "moment": moment,
    "age": age,
}
