"""Connections to a running sandbox, made by hand: a ledger, a vault and a token source."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from cryptography.fernet import Fernet

from ml_connector.clock import Clock, FileClock
from ml_connector.credentials.resolver import SecretResolver
from ml_connector.credentials.secrets import Secret
from ml_connector.credentials.vault import Vault
from ml_connector.ledger.database.store import Ledger
from ml_connector.sandbox import registry
from ml_connector.sandbox.cleo.limiter import LimitOptions
from ml_connector.sandbox.cleo.state import SERVICE_PASSWORD, SERVICE_USER, CleoOptions, CleoState
from ml_connector.sandbox.exact.options import CLIENT_ID, ExactOptions
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector.systems.cleo.factory import build_cleo
from ml_connector.systems.cleo.mailbox import CleoMailbox
from ml_connector.systems.cleo.settings import CleoConnection
from ml_connector.systems.exact_online.authorization import GRANT
from ml_connector.transport.shared_limits import LedgerLimits
from ml_connector.transport.tokens.authorization_code import AuthorizationCodeTokens
from ml_connector.transport.tokens.endpoint import TokenEndpoint
from ml_connector.transport.tokens.oauth_app import OAuthApp
from ml_connector.transport.tokens.password import PasswordLogin, PasswordTokens
from ml_connector_tests.credentials.support import Room

CALLBACK = "https://connector.example/oauth/callback"


@dataclass
class Exact:
    """The Exact stand-in, and a room whose clock is the sandbox's."""

    sandbox: Sandbox
    room: Room

    @property
    def clock(self) -> FileClock:
        return self.room.clock

    @property
    def url(self) -> str:
        return self.sandbox.addresses()["exact"]

    def app(self, name: str = "exact_nl", token_url: str | None = None) -> OAuthApp:
        return OAuthApp(
            connection=name,
            authorize_url=f"{self.url}/api/oauth2/auth",
            token_url=token_url or f"{self.url}/api/oauth2/token",
            client_id=f"{{{CLIENT_ID}}}",
            redirect_uri=CALLBACK,
            refresh_age_seconds=575,
            **GRANT,
        )

    def tokens(self, *, secret: str = "sandbox-client-secret", token_url: str | None = None) -> AuthorizationCodeTokens:
        """A token source as another process would have it: with nothing in memory."""
        app = self.app(token_url=token_url)
        endpoint = TokenEndpoint(app.token_url, deadline=20.0)
        return AuthorizationCodeTokens(
            app, self.room.ledger, self.room.vault, lambda: Secret(secret), endpoint=endpoint
        )

    def consent(self, link: str) -> str:
        """Follow the link as a browser would: the address it leads back to."""
        return httpx.get(link, follow_redirects=False).headers["location"]

    def authorized(self) -> AuthorizationCodeTokens:
        tokens = self.tokens()
        tokens.exchange_pasted(self.consent(tokens.authorize_url()))
        return tokens

    def works(self, access: str) -> bool:
        """Whether a business call with this token is answered."""
        headers = {"Authorization": f"Bearer {access}", "Accept": "application/json"}
        return httpx.get(f"{self.url}/api/v1/current/Me", headers=headers).status_code == 200


@dataclass(frozen=True)
class RoomParts:
    """A room as what systems are made with (systems.system.Parts)."""

    room: Room
    secrets: SecretResolver

    @property
    def ledger(self) -> Ledger:
        return self.room.ledger

    @property
    def vault(self) -> Vault:
        return self.room.vault

    @property
    def clock(self) -> Clock:
        return self.room.clock

    @property
    def limits(self) -> LedgerLimits:
        return LedgerLimits(self.room.ledger)


@dataclass
class Cleo:
    """The Cleo stand-in with nobody behind its folders, and a room whose clock is the sandbox's."""

    sandbox: Sandbox
    room: Room
    made: list[CleoMailbox] = field(default_factory=list)

    @property
    def state(self) -> CleoState:
        return self.sandbox.cleo

    @property
    def url(self) -> str:
        return self.sandbox.addresses()["cleo"]

    def tokens(
        self, *, user: str = SERVICE_USER, password: str = SERVICE_PASSWORD, url: str = "", **more: int
    ) -> PasswordTokens:
        """A token source as another process would have it: with nothing in memory."""
        login = PasswordLogin("cleo", url or f"{self.url}/api/authentication", user, **more)  # type: ignore[arg-type]
        endpoint = TokenEndpoint(login.token_url, deadline=20.0)
        return PasswordTokens(login, self.room.ledger, self.room.vault, lambda: Secret(password), endpoint=endpoint)

    def works(self, access: str) -> bool:
        return httpx.get(f"{self.url}/api/folders", headers={"Authorization": f"Bearer {access}"}).status_code == 200

    def mailbox(self, **settings: object) -> CleoMailbox:
        """The network as the composition builds it."""
        given: dict[str, object] = {
            "system": "cleo",
            "base_url": self.url,
            "username": SERVICE_USER,
            "password": {"env": "CLEO_PASSWORD"},
            "requests_per_second": None,
            **settings,
        }
        secrets = SecretResolver(environ={"CLEO_PASSWORD": SERVICE_PASSWORD})
        made = build_cleo(
            "cleo",
            CleoConnection.model_validate(given),
            RoomParts(self.room, secrets),
        )
        self.made.append(made)
        return made

    def close(self) -> None:
        """Close every network that was made."""
        while self.made:
            self.made.pop().close()


@contextmanager
def cleo_sandbox(folder: Path) -> Iterator[Cleo]:
    clock_file = folder / "clock"
    cleo = CleoOptions(limits=LimitOptions(per_second=None))
    clock = FileClock(clock_file)
    ledger = Ledger.open(f"sqlite:///{folder / 'ledger.db'}", clock)
    try:
        options = SandboxOptions(clock_file=clock_file, partner=False, cleo=cleo)
        with Sandbox(options, stand_ins=registry.of("cleo")) as sandbox:
            cleo_side = Cleo(sandbox, Room(ledger, clock, [Fernet.generate_key()], folder))
            yield cleo_side
            cleo_side.close()
    finally:
        ledger.close()


@contextmanager
def exact_sandbox(folder: Path) -> Iterator[Exact]:
    clock_file = folder / "clock"
    options = SandboxOptions(
        clock_file=clock_file, partner=False, exact=ExactOptions(minute_limit=None, day_limit=None)
    )
    clock = FileClock(clock_file)
    ledger = Ledger.open(f"sqlite:///{folder / 'ledger.db'}", clock)
    try:
        with Sandbox(options, stand_ins=registry.of("exact")) as sandbox:
            yield Exact(sandbox, Room(ledger, clock, [Fernet.generate_key()], folder))
    finally:
        ledger.close()
