"""What the web app needs to know of a deployment."""

from collections.abc import Sequence
from typing import Protocol

from ml_connector.ledger.database.store import Ledger
from ml_connector.systems.system import WebhookSource
from ml_connector.transport.tokens.authorization_code import AuthorizationCodeTokens


class Receiver(Protocol):
    """A deployment as the web app sees it."""

    @property
    def ledger(self) -> Ledger: ...

    @property
    def callback_paths(self) -> Sequence[str]:
        """Paths under which authorizations come back."""
        ...

    def webhooks(self, connection: str, word: str | None = None) -> WebhookSource | None:
        """The notices of this connection, which come by a path with this word; None for one that sends none."""
        ...

    def authorization(self, connection: str) -> AuthorizationCodeTokens | None:
        """The tokens of a connection with a consent page; None for others."""
        ...
