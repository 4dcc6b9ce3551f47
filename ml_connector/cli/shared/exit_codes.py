"""Exit codes, and how errors are told: one plain sentence and what to do."""

from enum import IntEnum
from typing import Any

from ml_connector.errors import (
    AuthorizationNeeded,
    ConfigError,
    ConnectorError,
    NeedsCorrection,
    Stopped,
    TryAgain,
)


class Exit(IntEnum):
    """What a command's exit code means; the same for all commands."""

    OK = 0
    WRONG = 1
    USAGE = 2
    AUTHORIZE = 3
    TRY_AGAIN = 4
    INTERRUPTED = 130


MEANINGS = """\b
Exit codes:
  0  all is well
  1  something is wrong or held: read what the command says
  2  wrong usage or configuration
  3  a connection must be authorized by a person
  4  nothing happened; try again later
  130  stopped as asked (Ctrl-C, SIGTERM): nothing new was begun, the next run goes on
"""


def exit_of(error: ConnectorError) -> Exit:
    """The exit code that a typed error means."""
    if isinstance(error, AuthorizationNeeded):
        return Exit.AUTHORIZE
    if isinstance(error, Stopped):
        return Exit.INTERRUPTED
    if isinstance(error, TryAgain):
        return Exit.TRY_AGAIN
    if isinstance(error, ConfigError):
        return Exit.USAGE
    return Exit.WRONG


def error_json(error: ConnectorError) -> dict[str, Any]:
    """An error as `--json` shows it."""
    told: dict[str, Any] = {"kind": type(error).__name__, "message": error.message}
    if error.remedy:
        told["mend"] = error.remedy
    if error.data:
        told["data"] = error.data
    if isinstance(error, NeedsCorrection):
        told["reason"] = str(error.reason)
    if isinstance(error, TryAgain) and error.after_seconds is not None:
        told["after_seconds"] = error.after_seconds
    return {"error": told}
