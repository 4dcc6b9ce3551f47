"""What `check` finds out about a connection to TrueCommerce: host key and log-in at once, then its folders.

Nothing can be told about a server before its key is the accepted one.
"""

from collections.abc import Callable, Iterator

from ml_connector.systems.mailboxes import folders_usable, left_in_folders
from ml_connector.systems.results import CheckLevel, CheckResult, any_bad, guarded
from ml_connector.systems.system import Parts, Usage
from ml_connector.systems.truecommerce.mailbox import TrueCommerceMailbox
from ml_connector.systems.truecommerce.settings import TrueCommerceConnection


def check_truecommerce(
    name: str,
    settings: TrueCommerceConnection,
    connected: Callable[[], TrueCommerceMailbox],
    parts: Parts,
    use: Usage,
) -> Iterator[CheckResult]:
    """Whether it is logged in; then its folders."""
    authorized = list(guarded(name, "authorized", lambda: _authorized(name, settings, connected())))
    yield from authorized
    if any_bad(authorized):
        return
    yield from guarded(name, "usable", lambda: folders_usable(name, connected(), use))
    yield from guarded(name, "files", lambda: left_in_folders(name, settings, parts, use))


def _authorized(name: str, settings: TrueCommerceConnection, network: TrueCommerceMailbox) -> Iterator[CheckResult]:
    network.pool.try_at_once()
    with network.pool.session():
        message = f"{settings.username} is logged in at {settings.address}, whose host key is the accepted one"
    yield CheckResult(name, "authorized", CheckLevel.GOOD, message)
