"""The web app over a real socket, with what it needs of a deployment."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ml_connector.credentials.secrets import Secret
from ml_connector.errors import TryAgain
from ml_connector.ledger.database.store import Ledger
from ml_connector.sandbox.exact.options import CLIENT_ID
from ml_connector.systems.exact_online.notices.source import ExactNotices
from ml_connector.systems.exact_online.settings import ExactOnlineConnection
from ml_connector.systems.exact_online.wire.client import ExactClient
from ml_connector.systems.system import WebhookSource
from ml_connector.transport.tokens.authorization_code import AuthorizationCodeTokens
from ml_connector.web.app import create_app
from ml_connector.web.connections import Bounds
from ml_connector.web.receiver import Receiver
from ml_connector.web.serve import listen, make_server
from ml_connector_tests.credentials.sandboxes import Exact
from ml_connector_tests.support.waiting import wait_until

SECRET = "sandbox-webhook-secret"
DIVISION = 124132


def no_client() -> ExactClient:
    raise AssertionError("a notice is taken without a call")


@dataclass
class Deployed:
    """What the app needs of a deployment: one Exact connection, and one without webhooks."""

    exact: Exact
    secret: str = SECRET
    callback_paths: list[str] = field(default_factory=lambda: ["/oauth/callback", "/elsewhere"])
    away: bool = False

    @property
    def ledger(self) -> Ledger:
        if self.away:
            raise TryAgain("The ledger is away.")
        return self.exact.room.ledger

    def webhooks(self, connection: str, word: str | None = None) -> WebhookSource | None:
        if (connection, word) != ("exact_nl", "exact"):
            return None
        settings = ExactOnlineConnection.model_validate(
            {
                "system": "exact_online",
                "base_url": self.exact.url,
                "client_id": f"{{{CLIENT_ID.upper()}}}",
                "client_secret": {"env": "NOT_ASKED_FOR"},
                "redirect_uri": "https://connector.example/oauth/callback",
            }
        )
        return ExactNotices(
            "exact_nl",
            settings,
            secret=lambda: Secret(self.secret),
            companies=lambda: {str(DIVISION)},
            client=no_client,
        )

    def authorization(self, connection: str) -> AuthorizationCodeTokens | None:
        return self.exact.tokens() if connection == "exact_nl" else None


@contextmanager
def serving(receiver: Receiver, bounds: Bounds | None = None) -> Iterator[str]:
    """The web app over a deployment, or what stands for one, on a free port; its address."""
    bound = listen("127.0.0.1", 0)
    server = make_server(create_app(receiver, bounds=bounds), bounds=bounds)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        wait_until(lambda: server.started, "the server does not start")
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def callback_of(deployed: Deployed, address: str, path: str = "/oauth/callback") -> str:
    """Where the consent page sends the browser, at the test server's own address."""
    exact = deployed.exact
    back = exact.consent(exact.tokens().authorize_url())
    return f"{address}{path}?{urlsplit(back).query}"
