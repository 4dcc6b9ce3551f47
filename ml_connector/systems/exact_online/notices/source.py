"""Notices of a connection: verified over the exact bytes; the subscriptions that bring them (exact-online 8)."""

from collections.abc import Callable, Container, Sequence
from urllib.parse import urlsplit

from ml_connector.credentials.secrets import Secret
from ml_connector.errors import SenderMustCorrect
from ml_connector.ledger.exchange.inbox import NewNotice
from ml_connector.systems.exact_online.notices import webhooks
from ml_connector.systems.exact_online.notices.topics import TOPICS
from ml_connector.systems.exact_online.settings import ExactOnlineConnection
from ml_connector.systems.exact_online.wire.client import ExactClient
from ml_connector.systems.system import NoticeRefusedError, Subscription, WebhookSource


class ExactNotices(WebhookSource):
    """secret: None where none is configured. companies: divisions whose notices are ours, looked up at each notice."""

    topics = TOPICS
    #: It validates a subscription (exact-online 8.1).
    asks_with_nothing = True
    largest = webhooks.MAX_NOTICE

    def __init__(
        self,
        connection: str,
        settings: ExactOnlineConnection,
        *,
        secret: Callable[[], Secret] | None,
        companies: Callable[[], Container[str]],
        client: Callable[[], ExactClient],
    ) -> None:
        self.takes = secret is not None
        self._connection = connection
        self._settings = settings
        self._secret = secret
        self._companies = companies
        self._client = client

    def read(self, body: bytes) -> NewNotice:
        content = webhooks.verify(body, self._secret().reveal().encode()) if self._secret is not None else None
        if content is None:
            raise NoticeRefusedError(401, "The signature is wrong.")
        try:
            notice = webhooks.parse_notice(content)
        except SenderMustCorrect:
            raise NoticeRefusedError(400, "The notice has not the form that Exact documents.") from None
        if notice.client_id != self._settings.client_id.strip("{}").lower():
            raise NoticeRefusedError(403, "The notice is for another app.")
        if str(notice.division) not in self._companies():
            raise NoticeRefusedError(403, "The notice is for another division.")
        return NewNotice(
            connection=self._connection,
            topic=notice.topic,
            company=str(notice.division),
            action=notice.action,
            key=notice.key,
            body=body.decode("utf-8"),
        )

    def subscriptions(self) -> Sequence[Subscription]:
        return webhooks.subscriptions(self._client())

    def subscribe(self, topic: str, callback_url: str) -> Subscription:
        return webhooks.subscribe(self._client(), topic, callback_url)

    def unsubscribe(self, subscription: Subscription) -> None:
        webhooks.unsubscribe(self._client(), subscription.id)

    def doubt(self, callback_url: str) -> str:
        """Exact wants the callback under the domain of the redirect URI (exact-online 8.1): said before it refuses."""
        redirect = self._settings.redirect_uri
        if urlsplit(callback_url).hostname == urlsplit(redirect).hostname:
            return ""
        return f"Exact may refuse {callback_url}: its domain is not that of redirect_uri ({redirect})."
