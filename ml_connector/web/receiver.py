"""What the web app needs to know of a deployment."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Protocol

from ml_connector.credentials.secrets import Secret
from ml_connector.ledger.store import Ledger
from ml_connector.transport.auth import AuthorizationCodeTokens


@dataclass(frozen=True)
class WebhookTarget:
    """A connection that takes notices. Secret and companies (division codes) are looked up at each notice."""

    client_id: str
    secret: Callable[[], Secret]
    companies: Callable[[], Container[str]]


class Receiver(Protocol):
    """A deployment as the web app sees it."""

    @property
    def ledger(self) -> Ledger: ...

    @property
    def callback_paths(self) -> Sequence[str]:
        """Paths under which authorizations come back."""
        ...

    def webhook_target(self, connection: str) -> WebhookTarget | None:
        """Who takes the notices of this connection; None for one that takes none."""
        ...

    def authorization(self, connection: str) -> AuthorizationCodeTokens | None:
        """The tokens of a connection with a consent page; None for others."""
        ...
