"""`ml-connector alerts`: whether alerts reach those who shall be told."""

from typing import TYPE_CHECKING

import click

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.output import say
from ml_connector.cli.shared.session import Session, common
from ml_connector.errors import ConfigError

if TYPE_CHECKING:
    from ml_connector.alerting import Tried


@click.group()
def alerts() -> None:
    """Whether alerts reach those who shall be told.

    \b
    Example:
      ml-connector alerts test
    """


@alerts.command("test")
@common
def test(session: Session) -> int:
    """Send a test message to each address of alerts.urls, and tell what came of it.

    Addresses are named by their place and reference, never shown: they hold passwords. Ends with 1 when one was not
    reached.

    \b
    Example:
      ml-connector alerts test
    """
    from ml_connector.alerting import try_addresses

    with session.open() as deployment:
        settings = deployment.loaded.settings.alerts
        if not settings.urls:
            remedy = "Name apprise URLs under alerts.urls (docs/alerts.md)."
            raise ConfigError(f"{deployment.loaded.path}: alerts.urls is empty.", remedy=remedy)
        tried = try_addresses(settings, deployment.secrets)
    ok = all(one.delivered for one in tried)
    session.emit({"ok": ok, "addresses": [one.__dict__ for one in tried]}, lambda: _print(tried))
    return Exit.OK if ok else Exit.WRONG


def _print(tried: "list[Tried]") -> None:
    for one in tried:
        kind = f" ({one.service})" if one.service else ""
        outcome = "a test message was taken" if one.delivered else one.trouble
        say(f"alerts.urls[{one.position}], {one.reference}{kind}: {outcome}")
