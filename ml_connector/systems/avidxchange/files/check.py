"""What `check` finds out in `mode: files`: host key and log-in at once, then the folders."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from ml_connector.errors import WeAreWrong
from ml_connector.systems.avidxchange.files.network import AvidFileNetwork, sftp_settings
from ml_connector.systems.avidxchange.network import AvidNetwork
from ml_connector.systems.avidxchange.partners_folders import BATCHES
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.mailboxes import folders_usable, left_in_folders
from ml_connector.systems.results import CheckLevel, CheckResult, any_bad, guarded
from ml_connector.systems.sftp.factory import host_keys_of
from ml_connector.systems.system import Login, Parts, Usage

#: What the configuration connects; in this mode it is a network of files.
Connected = Callable[[], AvidNetwork | AvidFileNetwork]


def over_files(connected: Connected) -> AvidFileNetwork:
    """The network of a connection that works over files."""
    found = connected()
    if not isinstance(found, AvidFileNetwork):
        raise WeAreWrong(f"{found.connection}: mode: files, and the API stands behind it")
    return found


def login_over_files(name: str, settings: AvidXchangeConnection, connected: Connected, parts: Parts) -> Login:
    """A person accepts the server's key; every session logs in anew."""

    def log_in(_code: str | None) -> None:
        pool = over_files(connected).pool
        pool.try_at_once()
        with pool.session():
            pass

    return Login(log_in=log_in, host_keys=lambda: host_keys_of(name, sftp_settings(settings), parts), keeps_token=False)


def check_files(
    name: str, settings: AvidXchangeConnection, connected: Connected, parts: Parts, use: Usage
) -> Iterator[CheckResult]:
    """Whether it is logged in; then its folders, also before a partner is there."""
    authorized = list(guarded(name, "authorized", lambda: _authorized(name, settings, over_files(connected))))
    yield from authorized
    if any_bad(authorized):
        return
    folders = use if use.receive or use.send else replace(use, receive=[BATCHES])
    yield from guarded(name, "usable", lambda: folders_usable(name, over_files(connected), folders))
    yield from guarded(name, "files", lambda: left_in_folders(name, settings, parts, use))


def _authorized(name: str, settings: AvidXchangeConnection, network: AvidFileNetwork) -> Iterator[CheckResult]:
    network.pool.try_at_once()
    with network.pool.session():
        address = settings.over_files.address
        message = f"{settings.over_files.username} is logged in at {address}, whose host key is the accepted one"
    yield CheckResult(name, "authorized", CheckLevel.GOOD, message)
