"""`ml-connector credentials accept-host-key`: a person accepts the key that a server shows."""

import sys
from typing import TYPE_CHECKING

import click

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import say, tell
from ml_connector.cli.shared.session import Session, common
from ml_connector.errors import ConfigError

if TYPE_CHECKING:
    from ml_connector.composition import Deployment
    from ml_connector.systems.system import HostKeys


@click.command("accept-host-key")
@click.argument("connection")
@click.option("--fingerprint", metavar="SHA256:...", help="Accept only this one: what its operator told.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def accept_host_key(session: Session, connection: str, fingerprint: str | None, yes: bool) -> int:
    """Accept the host key that the SFTP server of CONNECTION shows, in place of the one accepted before.

    Shows both fingerprints first. Compare them with what its operator tells by another way: whoever stands between
    could show a key of his own. Nothing else is sent to the server.

    \b
    Examples:
      ml-connector credentials accept-host-key network
      ml-connector credentials accept-host-key network --fingerprint SHA256:...
    """
    with session.open() as deployment:
        keys = _host_keys(deployment, connection)
        shown = keys.shown()
        _say_host_keys(keys.address, keys.accepted or "none", shown)
        if fingerprint is not None and not keys.same(fingerprint, shown):
            raise ConfigError(
                f"{connection}: {keys.address} shows {shown}, not {fingerprint[:100]}.",
                remedy="Accept nothing; ask its operator.",
            )
        if keys.accepted and keys.same(keys.accepted, shown):
            return _host_key(session, connection, keys.accepted, shown, "it is the accepted one already")
        if keys.configured:
            raise ConfigError(
                f"{connection}: host_key_fingerprint in {deployment.loaded.path} says {keys.accepted}.",
                remedy=f"Write {shown!r} there, or take the setting out and run this again.",
            )
        if not (yes or fingerprint is not None or _agreed(connection)):
            return Exit.AUTHORIZE
        keys.accept(shown)
    return _host_key(session, connection, keys.accepted, shown, "accepted")


def _host_keys(deployment: "Deployment", connection: str) -> "HostKeys":
    deployment.loaded.connection(connection)
    login = deployment.login(connection)
    if login is None or login.host_keys is None:
        raise ConfigError(f"{connection} has no host key.", remedy="Name a connection over SFTP.")
    return login.host_keys()


def _say_host_keys(address: str, accepted: str, shown: str) -> None:
    tell(f"{address}")
    tell(f"  accepted until now: {accepted}")
    tell(f"  shown now:          {shown}")


def _agreed(connection: str) -> bool:
    """Asked on a terminal; anywhere else nobody can answer, and nothing is accepted."""
    if not sys.stdin.isatty():
        tell("Not accepted: give --fingerprint with what its operator told, or --yes.")
        return False
    return click.confirm(f"Accept the key shown now for {connection}?", err=True)


def _host_key(session: Session, connection: str, old: str, new: str, outcome: str) -> int:
    value = {"connection": connection, "accepted_before": old, "shown": new, "outcome": outcome}
    session.emit(value, lambda: say(f"{connection}: {outcome}."))
    return Exit.OK
