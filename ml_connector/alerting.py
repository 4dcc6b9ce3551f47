"""Delivers alerts through apprise: one message a cause, told again only after `repeat_hours`, closed when it recovers.

What could not be delivered stays unsent in the ledger and goes with the next try.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_connector.config.loading import AlertSettings
from ml_connector.config.secrets import SecretRef
from ml_connector.credentials.resolver import SecretResolver
from ml_connector.errors import ConfigError
from ml_connector.flows.monitoring import AlertNews, Standing, collect
from ml_connector.ledger.coordination import alerts
from ml_connector.ledger.database.store import Ledger

if TYPE_CHECKING:
    import apprise

log = logging.getLogger(__name__)

#: Delivers a message (title, body); False when it did not go out.
Send = Callable[[str, str], bool]

MAX_BODY = 4000


def sender(settings: AlertSettings, secrets: SecretResolver) -> Send | None:
    """A function that tells all configured addresses; None when none are configured.

    Raises:
        ConfigError: a reference cannot be resolved, or apprise does not know an address's kind.
    """
    if not settings.urls:
        return None
    import apprise

    told = apprise.Apprise()
    for position, reference in enumerate(settings.urls):
        for place in address(position, reference, secrets):
            told.add(place)

    def send(title: str, body: str) -> bool:
        # apprise tells failures by its answer; its plugins log what went wrong.
        return bool(told.notify(title=title, body=body[:MAX_BODY]))

    return send


def address(position: int, reference: SecretRef, secrets: SecretResolver) -> "apprise.Apprise":
    """The place or places that an address names. Nothing of it is ever shown: it holds passwords.

    Raises:
        ConfigError: the reference cannot be resolved, or apprise does not take the address.
    """
    import apprise

    told = apprise.Apprise()
    text = secrets.resolve(reference, f"alerts.urls[{position}]").reveal()
    if not told.add(text) or not len(told) or any(map(_reaches_nobody, told)):
        raise ConfigError(
            f"alerts.urls[{position}] ({reference}) is not an address that apprise knows.",
            remedy="See the list of services in apprise's documentation, e.g. mailtos:// or slack://.",
        )
    return told


def _reaches_nobody(place: "apprise.NotifyBase") -> bool:
    """What apprise takes and can never deliver: mail and topics without a receiver, a port that there is not."""
    wants = {"mailtos": "targets", "ntfys": "topics"}.get(str(place.secure_protocol))
    return (wants is not None and getattr(place, wants, None) == []) or (place.port or 0) > 65_535


@dataclass(frozen=True)
class Tried:
    """What came of a test message. service: the kind of place; empty where the address is wrong. trouble: why not."""

    position: int
    reference: str
    service: str
    delivered: bool
    trouble: str = ""


def try_addresses(settings: AlertSettings, secrets: SecretResolver) -> list[Tried]:
    """Send a test message to each address; what came of it, one by one."""
    return [_tried(position, reference, secrets) for position, reference in enumerate(settings.urls)]


def _tried(position: int, reference: SecretRef, secrets: SecretResolver) -> Tried:
    try:
        places = address(position, reference, secrets)
    except ConfigError as error:
        return Tried(position, str(reference), "", delivered=False, trouble=str(error))
    service = ", ".join(str(place.service_name) for place in places)
    delivered = bool(places.notify(title="ml-connector: a test", body="Alerts reach this address."))
    trouble = "" if delivered else "It was not taken. See that host, user and password are right and can be reached."
    return Tried(position, str(reference), service, delivered, trouble)


def tell(
    ledger: Ledger, causes: Sequence[Standing], send: Send | None, *, prefix: str, repeat_hours: float
) -> AlertNews:
    """Bring the open alerts of a prefix up to date and deliver what is news.

    Returns what was news, delivered or not: without a sender everything stays unsent and shows in the pages.
    """
    news = collect(ledger, causes, repeat_hours, prefix=prefix)
    if send is None:
        return news
    delivered = {one.cause for one in news.opened if send(f"ml-connector: {one.title}", _body(one))}
    recovered = bool(news.closed) and send("ml-connector: recovered", "\n".join(news.closed))
    with ledger.write() as tx:
        for alert in alerts.open_alerts(tx, prefix):
            if alert.cause in delivered:
                alerts.mark_sent(tx, alert.id)
        if recovered:
            for alert in alerts.to_close(tx):
                if alert.cause.startswith(prefix):
                    alerts.mark_sent(tx, alert.id)
    unsent = len(news.opened) - len(delivered)
    if unsent:
        log.warning("%d alert(s) could not be delivered; they are tried again", unsent)
    return news


def _body(standing: Standing) -> str:
    return "\n".join([*standing.lines, "", f"cause: {standing.cause}"]).strip()
