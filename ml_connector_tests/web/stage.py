"""The web app over a real socket, with what it needs of a deployment."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ml_connector.credentials.secrets import Secret
from ml_connector.errors import TryAgain
from ml_connector.ledger.store import Ledger
from ml_connector.sandbox.exact.options import CLIENT_ID
from ml_connector.transport.auth import AuthorizationCodeTokens
from ml_connector.web.app import create_app
from ml_connector.web.connections import Bounds
from ml_connector.web.receiver import Receiver, WebhookTarget
from ml_connector.web.serve import listen, make_server
from ml_connector_tests.credentials.sandboxes import Exact
from ml_connector_tests.credentials.token_race import wait_for

SECRET = "sandbox-webhook-secret"
DIVISION = 124132


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

    def webhook_target(self, connection: str) -> WebhookTarget | None:
        if connection != "exact_nl":
            return None
        return WebhookTarget(f"{{{CLIENT_ID.upper()}}}", lambda: Secret(self.secret), lambda: {str(DIVISION)})

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
        wait_for(lambda: server.started, "the server does not start")
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def callback_of(deployed: Deployed, address: str, path: str = "/oauth/callback") -> str:
    """Where the consent page sends the browser, at the test server's own address."""
    exact = deployed.exact
    back = exact.consent(exact.tokens().authorize_url())
    return f"{address}{path}?{urlsplit(back).query}"
