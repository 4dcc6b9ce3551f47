"""What `check` finds out about a connection to Cleo: log-in, folders, and what becomes of read files."""

from collections.abc import Callable, Iterator, Sequence

from ml_connector.errors import AuthorizationNeeded
from ml_connector.systems.cleo.factory import cleo_tokens
from ml_connector.systems.cleo.mailbox import CleoMailbox
from ml_connector.systems.cleo.settings import CleoConnection
from ml_connector.systems.mailboxes import folders_usable, left_in_folders
from ml_connector.systems.results import CheckLevel, CheckResult, Mender, any_bad, guarded
from ml_connector.systems.system import Parts, Usage


def check_cleo(
    name: str, settings: CleoConnection, connected: Callable[[], CleoMailbox], parts: Parts, use: Usage
) -> Iterator[CheckResult]:
    """Whether it is logged in; then its folders."""
    authorized = list(guarded(name, "authorized", lambda: _authorized(name, settings, parts)))
    yield from authorized
    if any_bad(authorized):
        return
    network = connected()
    yield from guarded(name, "usable", lambda: folders_usable(name, network, use))
    yield from guarded(name, "files", lambda: left_in_folders(name, settings, parts, use))
    yield from guarded(name, "after_read", lambda: _after_read(name, settings, network, use))


def _authorized(name: str, settings: CleoConnection, parts: Parts) -> Iterator[CheckResult]:
    tokens = cleo_tokens(name, settings, parts)
    try:
        tokens.try_log_in()
    except AuthorizationNeeded as error:
        row = tokens.store.read()
        if error.data.get("why") != "totp" or row is None or not row.alive(parts.clock.now()):
            raise
        # A person logged in with a one-time code: that lasts as long as the token.
        yield CheckResult(name, "authorized", CheckLevel.WARN, error.message, error.remedy)
        return
    yield CheckResult(name, "authorized", CheckLevel.GOOD, f"{settings.username} is logged in")


def _after_read(name: str, settings: CleoConnection, network: CleoMailbox, use: Usage) -> Iterator[CheckResult]:
    if settings.after_read == "leave":
        yield CheckResult(
            name,
            "after_read",
            CheckLevel.ADVICE,
            "files stay in their folders after they are read, and every look lists all of them again",
            "Set after_read to move (with move_to) or delete; both only after the bytes are in the ledger.",
        )
        return
    if settings.after_read == "move":
        yield from _move_targets(name, settings, network, use)
        return
    yield CheckResult(name, "after_read", CheckLevel.GOOD, "read files are deleted once their bytes are in the ledger")


def _move_targets(name: str, settings: CleoConnection, network: CleoMailbox, use: Usage) -> Iterator[CheckResult]:
    if not settings.move_to:
        remedy = "Name a folder: /done, or done for a folder below each one that is read."
        message = "after_read is move, and move_to is empty"
        yield CheckResult(name, "after_read", CheckLevel.BAD, message, remedy, Mender.CONFIGURATION)
        return
    targets = _targets(use.receive, settings.move_to)
    for found in network.check(receive=targets, send=()):
        level = CheckLevel.GOOD if found.ok else CheckLevel.WARN
        yield CheckResult(
            name, "after_read", level, f"read files move to {found.channel}: {found.message}", found.remedy
        )


def _targets(channels: Sequence[str], move_to: str) -> list[str]:
    if move_to.startswith("/"):
        return [move_to]
    return [f"{channel.rstrip('/')}/{move_to}" for channel in channels]
