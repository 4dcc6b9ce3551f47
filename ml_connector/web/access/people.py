"""People and what they may do: viewer, clerk, administrator, for all integrations or for some."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from ml_connector.config.web import Grant, WebSettings

#: Longest name of a person: with "person:" before it, it stands in the ledger's events.
LONGEST_NAME = 100


class Role(IntEnum):
    """What somebody may do; each may do what those before it may."""

    VIEWER = 1
    CLERK = 2
    ADMINISTRATOR = 3


@dataclass(frozen=True)
class Granted:
    """A role, for some integrations or for all (empty)."""

    role: Role
    integrations: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Person:
    """Somebody who may see pages. name: as the ledger will have it."""

    name: str
    granted: tuple[Granted, ...]

    def may(self, role: Role, integration: str) -> bool:
        """Whether this person has at least that role for an integration."""
        return any(
            one.role >= role and (not one.integrations or integration in one.integrations) for one in self.granted
        )

    def may_everywhere(self, role: Role) -> bool:
        """Whether this person has at least that role for all integrations, also for those that are gone."""
        return any(one.role >= role and not one.integrations for one in self.granted)

    def sees(self, integrations: Iterable[str]) -> list[str]:
        """Those of some integrations that this person may look at."""
        return [name for name in integrations if self.may(Role.VIEWER, name)]

    @property
    def actor(self) -> str:
        """As whom the ledger knows what this person does."""
        return f"person:{self.name}"

    @property
    def highest(self) -> Role:
        """The most that this person may do anywhere."""
        return max(one.role for one in self.granted)


def granted(grant: Grant) -> Granted:
    """A grant of the configuration."""
    return Granted(Role[grant.role.upper()], frozenset(grant.integrations))


def of_user(settings: WebSettings, name: str) -> Person | None:
    """A person who logs in here; None for one that the configuration does not have, or has no more."""
    user = settings.users.get(name)
    return None if user is None else Person(name, (granted(user),))


def of_groups(settings: WebSettings, name: str, groups: Sequence[str]) -> Person | None:
    """A person whom the proxy names; None where none of the groups may do anything."""
    if not is_name(name):
        return None
    found = tuple(granted(settings.groups[one]) for one in dict.fromkeys(groups) if one in settings.groups)
    return Person(name, found) if found else None


def is_name(text: str) -> bool:
    """Whether a text may stand in the ledger as somebody's name."""
    return 0 < len(text) <= LONGEST_NAME and text.isprintable() and text == text.strip()
