"""Webhook notices: their signature and content, and the subscriptions that bring them (exact-online 8)."""

import hashlib
import hmac
import re
from dataclasses import dataclass

from ml_connector.errors import SenderMustCorrect
from ml_connector.systems.exact_online.wire.client import ExactClient, Row
from ml_connector.systems.exact_online.wire.odata_literals import guid, is_guid, to_json
from ml_connector.systems.system import Subscription
from ml_connector.transport.response_body import UnreadableReplyError, clean, parse_json

ENDPOINT = "webhooks/WebhookSubscriptions"
MAX_NOTICE = 65_536
_ENVELOPE = re.compile(rb'\{"Content":(\{.*\}),"HashCode":"([0-9A-F]{64})"\}', re.DOTALL)


@dataclass(frozen=True)
class Notice:
    """What a webhook says: a record of that topic was created, updated or deleted. All text is the sender's.

    event_created_on is the sender's text, of a form not known for certain.
    """

    topic: str
    client_id: str
    division: int
    action: str
    key: str
    event_created_on: str = ""


def verify(body: bytes, secret: bytes) -> bytes | None:
    """The signed content of a notice, exactly as it came; None when the signature is not ours.

    HashCode is the upper-case hex HMAC-SHA256, under the app's webhook secret, of the bytes between '{"Content":'
    and ',"HashCode":' (exact-online 8.3). They are never serialised anew.
    """
    if len(body) > MAX_NOTICE or not secret:
        return None
    envelope = _ENVELOPE.fullmatch(body)
    if envelope is None:
        return None
    content, given = envelope.groups()
    expected = hmac.new(secret, content, hashlib.sha256).hexdigest().upper().encode("ascii")
    return content if hmac.compare_digest(given, expected) else None


def parse_notice(content: bytes) -> Notice:
    """The notice in verified content.

    Raises:
        SenderMustCorrect: it is not the JSON object that Exact documents.
    """
    try:
        value = parse_json(content, max_depth=5)
        notice = Notice(
            topic=_word(value["Topic"], 60),
            client_id=_word(value["ClientId"], 60).strip("{}").lower(),
            division=_integer(value["Division"]),
            action=_word(value["Action"], 20),
            key=_identity(value["Key"]),
            event_created_on=clean(str(value.get("EventCreatedOn") or ""), 40),
        )
    except (UnreadableReplyError, KeyError, TypeError, ValueError) as error:
        raise SenderMustCorrect("The webhook notice is not of the form that Exact documents.") from error
    return notice


def _word(value: object, limit: int) -> str:
    broken = "\N{REPLACEMENT CHARACTER}"
    if not isinstance(value, str) or len(value) > limit or not value.isprintable() or broken in value:
        raise ValueError("no plain text")
    return value


def _identity(value: object) -> str:
    if not isinstance(value, str) or not is_guid(value):
        raise ValueError("no guid")
    return guid(value)


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("no integer")
    return value


def subscriptions(client: ExactClient) -> list[Subscription]:
    """The webhook subscriptions of this app in this division."""
    return [_subscription(row) for row in client.rows(ENDPOINT, {"$select": "ID,CallbackURL,Topic"})]


def subscribe(client: ExactClient, topic: str, callback_url: str) -> Subscription:
    """Subscribe to a topic; the subscription that is there already is returned, or replaced if it calls elsewhere.

    There is one for each app, division and topic (exact-online 8.1), so it is looked up before it is made: the
    message of a second one comes in the user's language.

    Raises:
        RefusedBySystem: Exact could not reach the callback, or its domain is not that of the redirect URI.
    """
    for existing in subscriptions(client):
        if existing.topic == topic:
            if existing.callback_url == callback_url:
                return existing
            unsubscribe(client, existing.id)
    return _subscription(client.create(ENDPOINT, to_json({"CallbackURL": callback_url, "Topic": topic})))


def unsubscribe(client: ExactClient, subscription_id: str) -> None:
    """Take a subscription back."""
    client.delete(ENDPOINT, subscription_id)


def _subscription(row: Row) -> Subscription:
    return Subscription(str(row.get("Topic") or ""), str(row.get("CallbackURL") or ""), guid(row.get("ID")))
