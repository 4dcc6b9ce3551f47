"""What a check finds out, one thing by itself each; what fails never hides the others."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ml_connector.errors import AuthorizationNeeded, ConnectorError, TryAgain


class CheckLevel(StrEnum):
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
class CheckResult:
    """One thing found out. about: a connection, `deployment` or an integration. aspect: what was looked at."""

    about: str
    aspect: str
    level: CheckLevel
    message: str
    remedy: str = ""
    mender: Mender | None = None

    def as_json(self) -> dict[str, str | None]:
        """As `check --json` shows it; the key `mend` is older than the name `remedy` and stays."""
        shown = {"about": self.about, "aspect": self.aspect, "level": self.level.value, "message": self.message}
        return {**shown, "mend": self.remedy, "mender": self.mender.value if self.mender else None}


def guarded(about: str, aspect: str, check: Callable[[], Iterable[CheckResult]]) -> Iterator[CheckResult]:
    """The findings of a check; a typed error becomes one."""
    try:
        yield from check()
    except ConnectorError as error:
        yield of_error(about, aspect, error)


def of_error(about: str, aspect: str, error: ConnectorError) -> CheckResult:
    """A typed error as a finding."""
    mender = Mender.CONFIGURATION
    if isinstance(error, AuthorizationNeeded):
        mender = Mender.AUTHORIZE
    elif isinstance(error, TryAgain):
        mender = Mender.TIME
    return CheckResult(about, aspect, CheckLevel.BAD, error.message, error.remedy, mender)


def any_bad(found: Iterable[CheckResult]) -> bool:
    """Whether something does not work."""
    return any(finding.level is CheckLevel.BAD for finding in found)
