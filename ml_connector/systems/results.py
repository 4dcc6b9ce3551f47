"""What a check finds out, one thing by itself each; what fails never hides the others."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ml_connector.errors import AuthorizationNeeded, ConnectorError, TryAgain


class Level(StrEnum):
    """good: as it should be. advice: works, and could be better. warn: will hurt. bad: does not work."""

    GOOD = "good"
    ADVICE = "advice"
    WARN = "warn"
    BAD = "bad"


class Mender(StrEnum):
    """What a bad finding needs: a person to authorize, time, or another configuration."""

    AUTHORIZE = "authorize"
    TIME = "time"
    CONFIGURATION = "configuration"


@dataclass(frozen=True)
class Finding:
    """One thing found out. about: a connection, `deployment` or an integration. aspect: what was looked at."""

    about: str
    aspect: str
    level: Level
    message: str
    mend: str = ""
    mender: Mender | None = None


def guarded(about: str, aspect: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """The findings of a check; a typed error becomes one."""
    try:
        yield from check()
    except ConnectorError as error:
        yield of_error(about, aspect, error)


def of_error(about: str, aspect: str, error: ConnectorError) -> Finding:
    """A typed error as a finding."""
    mender = Mender.CONFIGURATION
    if isinstance(error, AuthorizationNeeded):
        mender = Mender.AUTHORIZE
    elif isinstance(error, TryAgain):
        mender = Mender.TIME
    return Finding(about, aspect, Level.BAD, error.message, error.mend, mender)


def any_bad(found: Iterable[Finding]) -> bool:
    """Whether something does not work."""
    return any(finding.level is Level.BAD for finding in found)
