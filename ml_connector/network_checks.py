"""What `check` finds out about networks: is the log-in good, can the partners' folders be used, what happens to read
files. See `checks`."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from ml_connector.checks import Finding, Level, Mender, guarded
from ml_connector.config.connections import CleoConnection, TrueCommerceConnection
from ml_connector.errors import AuthorizationNeeded
from ml_connector.flows.ports import ChannelCheck
from ml_connector.ledger import positions

if TYPE_CHECKING:
    from ml_connector.composition import Deployment

#: Files named at once.
MOST_TOLD = 10


def check_cleo(deployment: "Deployment", name: str, settings: CleoConnection) -> list[Finding]:
    """Log-in, folders, and what becomes of read files."""
    found = list(guarded(name, "authorized", lambda: _cleo_authorized(deployment, name, settings)))
    if any(finding.level is Level.BAD for finding in found):
        return found
    found += guarded(name, "usable", lambda: _cleo_folders(deployment, name))
    found += guarded(name, "files", lambda: _left_in_folders(deployment, name))
    found += guarded(name, "after_read", lambda: _after_read(deployment, name, settings))
    return found


def _cleo_authorized(deployment: "Deployment", name: str, settings: CleoConnection) -> Iterator[Finding]:
    from ml_connector.systems.cleo.factory import cleo_tokens

    tokens = cleo_tokens(name, settings, ledger=deployment.ledger, vault=deployment.vault, secrets=deployment.secrets)
    try:
        tokens.try_log_in()
    except AuthorizationNeeded as error:
        row = tokens.store.read()
        if error.data.get("why") != "totp" or row is None or not row.alive(deployment.clock.now()):
            raise
        # A person logged in with a one-time code: that lasts as long as the token.
        yield Finding(name, "authorized", Level.WARN, error.message, error.mend)
        return
    yield Finding(name, "authorized", Level.GOOD, f"{settings.username} is logged in")


def folders_of(deployment: "Deployment", network: str) -> tuple[list[str], list[str]]:
    """The folders that partners of a network are read from, and those they are written to."""
    receive: dict[str, None] = {}
    send: dict[str, None] = {}
    for integration, settings in deployment.loaded.settings.integrations.items():
        if settings.network != network:
            continue
        for partner in deployment.loaded.partners[integration].values():
            receive.update(dict.fromkeys(partner.channels.receive))
            send.update(dict.fromkeys([partner.channels.send] if partner.channels.send else []))
    return list(receive), list(send)


def _cleo_folders(deployment: "Deployment", name: str) -> Iterator[Finding]:
    from ml_connector.systems.cleo.network import CleoNetwork

    network = deployment.network(name)
    if isinstance(network, CleoNetwork):
        yield from _folders(deployment, name, network)


class ChecksFolders(Protocol):
    """A network that can tell whether its folders can be used."""

    def check(self, *, receive: Sequence[str], send: Sequence[str]) -> Sequence[ChannelCheck]: ...


def _folders(deployment: "Deployment", name: str, network: ChecksFolders) -> Iterator[Finding]:
    receive, send = folders_of(deployment, name)
    if not receive and not send:
        yield Finding(name, "usable", Level.WARN, "no partner names a folder", "Mend the partners' channels.")
        return
    for found in network.check(receive=receive, send=send):
        level = (Level.ADVICE if found.mend else Level.GOOD) if found.ok else Level.BAD
        mender = None if found.ok else Mender.CONFIGURATION
        files = f", {found.files} files in it" if found.files is not None else ""
        yield Finding(name, "usable", level, f"{found.channel}: {found.message}{files}", found.mend, mender)


def _left_in_folders(deployment: "Deployment", name: str) -> Iterator[Finding]:
    """Files that could not be read at the last looks, and read ones that could not be taken away; without a call."""
    from ml_connector.composition import folder_rules
    from ml_connector.ledger import files, remote

    folders = folders_of(deployment, name)[0]
    hours = folder_rules(deployment.loaded.connection(name)).temporary_alarm_hours
    since = deployment.clock.now() - timedelta(hours=hours)
    with deployment.ledger.read() as tx:
        unfinished = remote.temporary(tx, name, folders, same_since=since, listed_since=since)
        unreadable = remote.unreadable(tx, name, folders)
        refused = {folder: files.count_refused(tx, name, folder) for folder in folders}
        said = {folder: positions.get(tx, f"{name}:{folder}:not_taken_away") for folder in folders}
    for one in unreadable[:MOST_TOLD]:
        message = f"{one.channel}: {one.name[:80]} cannot be read: {one.note}"
        mend = "Have it made readable, or taken away; it is read by itself then."
        yield Finding(name, "files", Level.WARN, message, mend)
    if len(unreadable) > MOST_TOLD:
        yield Finding(name, "files", Level.WARN, f"{len(unreadable) - MOST_TOLD} more files cannot be read")
    for left in unfinished[:MOST_TOLD]:
        message = f"{left.channel}: {left.name[:80]} bears a temporary name since {left.since:%Y-%m-%d %H:%M} UTC"
        mend = "Ask its sender to finish or rename it, or have it taken away; under that name it is never read."
        yield Finding(name, "files", Level.WARN, message, mend)
    for folder, count in refused.items():
        if count:
            message = f"{folder}: {count} read file(s) may not be taken away, as {said[folder] or 'was said'}"
            yield Finding(name, "files", Level.WARN, message, "Have the right given, or set after_read: leave.")


def _after_read(deployment: "Deployment", name: str, settings: CleoConnection) -> Iterator[Finding]:
    if settings.after_read == "leave":
        yield Finding(
            name,
            "after_read",
            Level.ADVICE,
            "files stay in their folders after they are read, and every look lists all of them again",
            "Set after_read to move (with move_to) or delete; both only after the bytes are in the ledger.",
        )
        return
    if settings.after_read == "move":
        yield from _move_targets(deployment, name, settings)
        return
    yield Finding(name, "after_read", Level.GOOD, "read files are deleted once their bytes are in the ledger")


def _move_targets(deployment: "Deployment", name: str, settings: CleoConnection) -> Iterator[Finding]:
    from ml_connector.systems.cleo.network import CleoNetwork

    if not settings.move_to:
        mend = "Name a folder: /done, or done for a folder below each one that is read."
        message = "after_read is move, and move_to is empty"
        yield Finding(name, "after_read", Level.BAD, message, mend, Mender.CONFIGURATION)
        return
    network = deployment.network(name)
    targets = _targets(folders_of(deployment, name)[0], settings.move_to)
    if not isinstance(network, CleoNetwork):
        return
    for found in network.check(receive=targets, send=()):
        level = Level.GOOD if found.ok else Level.WARN
        yield Finding(name, "after_read", level, f"read files move to {found.channel}: {found.message}", found.mend)


def _targets(channels: Sequence[str], move_to: str) -> list[str]:
    if move_to.startswith("/"):
        return [move_to]
    return [f"{channel.rstrip('/')}/{move_to}" for channel in channels]


# ---------------------------------------------------------------------- TrueCommerce


def check_truecommerce(deployment: "Deployment", name: str, settings: TrueCommerceConnection) -> list[Finding]:
    """Host key and log-in at once: nothing can be told about a server before its key is the accepted one."""
    found = list(guarded(name, "authorized", lambda: _truecommerce_authorized(deployment, name, settings)))
    if any(finding.level is Level.BAD for finding in found):
        return found
    found += guarded(name, "usable", lambda: _truecommerce_folders(deployment, name))
    found += guarded(name, "files", lambda: _left_in_folders(deployment, name))
    return found


def _truecommerce_authorized(
    deployment: "Deployment", name: str, settings: TrueCommerceConnection
) -> Iterator[Finding]:
    from ml_connector.systems.truecommerce.network import TrueCommerceNetwork

    network = deployment.network(name)
    if isinstance(network, TrueCommerceNetwork):
        network.pool.try_at_once()
        with network.pool.session():
            message = f"{settings.username} is logged in at {settings.address}, whose host key is the accepted one"
        yield Finding(name, "authorized", Level.GOOD, message)


def _truecommerce_folders(deployment: "Deployment", name: str) -> Iterator[Finding]:
    from ml_connector.systems.truecommerce.network import TrueCommerceNetwork

    network = deployment.network(name)
    if isinstance(network, TrueCommerceNetwork):
        yield from _folders(deployment, name, network)
