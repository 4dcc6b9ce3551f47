"""The session of a connection, from its configuration: log-in, tokens in the encrypted store, seats by leases."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from enum import Enum

import httpx

from ml_connector.clock import Clock
from ml_connector.credentials.secrets import Secret
from ml_connector.credentials.tokens import StoredToken
from ml_connector.errors import ConnectorError, TryAgain, WeAreWrong
from ml_connector.ledger.coordination import leases
from ml_connector.ledger.coordination.leases import Lease
from ml_connector.ledger.database.store import Ledger
from ml_connector.systems.acumatica.access.seats import SharedSession
from ml_connector.systems.acumatica.access.wire import SEAT_WORDS, CookieEndpoint, SeatsTold
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.answers import seat_refused
from ml_connector.systems.system import Parts
from ml_connector.transport.deadline import all_within
from ml_connector.transport.tls import trusted
from ml_connector.transport.tokens.authorization_code import AuthorizationCodeTokens
from ml_connector.transport.tokens.endpoint import TokenEndpoint
from ml_connector.transport.tokens.oauth_app import OAuthApp
from ml_connector.transport.tokens.password import PasswordLogin, PasswordTokens
from ml_connector.transport.tokens.sources import token_lease

log = logging.getLogger(__name__)

#: One session for each token, kept across refreshed ones (acumatica 1.1).
SCOPE = "api offline_access"
LOGIN_SECONDS = 120.0  # a cold start can take longer than a minute (acumatica 10)
_LOGOUT_SECONDS = 10.0
#: Tries of one log-out, and answers that say nothing of the session.
_LOGOUTS = 3
_BUSY = frozenset({429, 502, 503, 504})
#: How long a user counts that says nothing any more.
USER_TTL = 60.0


def password_tokens(name: str, settings: AcumaticaConnection, parts: Parts) -> PasswordTokens:
    """Log-in by user name and password: the password grant, or cookies."""
    secrets, reference = parts.secrets, settings.password

    def password() -> Secret:
        assert reference is not None  # the settings' own rule
        return secrets.resolve(reference, f"the log-in of {name}")

    def application() -> Mapping[str, str]:
        assert settings.client_secret is not None
        secret = secrets.resolve(settings.client_secret, f"the application of {name}")
        return {"client_id": settings.application, "client_secret": secret.reveal(), "scope": SCOPE}

    cookies = settings.login == "cookie"
    endpoint: TokenEndpoint = (
        CookieEndpoint(
            settings.base_url,
            settings.tenant,
            settings.branch,
            parts.clock,
            after_seconds=settings.pause_seconds,
            deadline=LOGIN_SECONDS,
        )
        if cookies
        else token_endpoint(settings, parts.clock)
    )
    login = PasswordLogin(
        connection=name,
        token_url=endpoint.url,
        username=settings.username,
        logins_per_minute=settings.logins_per_minute,
        more=None if cookies else application,
    )

    def end_former(row: StoredToken) -> None:
        # Refused or not, its session may live on: a 401 may be a proxy's, and a refresh whose answer was lost keeps it.
        if log_out(name, settings, row) is Ended.NOT_NOW:
            raise TryAgain(
                f"{name}: the session that stands could not be ended, and another would take a second seat.",
                after_seconds=5,
                remedy="It is tried again; if it lasts, end the session in Acumatica (Active Users).",
            )

    return PasswordTokens(login, parts.ledger, parts.vault, password, endpoint=endpoint, end_former=end_former)


def consent_tokens(name: str, settings: AcumaticaConnection, parts: Parts) -> AuthorizationCodeTokens:
    """Log-in that a person allows in a browser."""
    reference = settings.client_secret
    assert reference is not None  # the settings' own rule
    app = OAuthApp(
        connection=name,
        authorize_url=f"{settings.base_url}/identity/connect/authorize",
        token_url=f"{settings.base_url}/identity/connect/token",
        client_id=settings.application,
        redirect_uri=settings.redirect_uri,
        refresh_age_seconds=3300,
        consent={"scope": SCOPE},
        access_lifetime=timedelta(hours=1),
        refresh_lifetime=timedelta(days=settings.refresh_days),
        warning=timedelta(days=settings.authorization_warning_days),
    )
    return AuthorizationCodeTokens(
        app,
        parts.ledger,
        parts.vault,
        lambda: parts.secrets.resolve(reference, f"the application of {name}"),
        endpoint=token_endpoint(settings, parts.clock),
    )


def token_endpoint(settings: AcumaticaConnection, clock: Clock) -> TokenEndpoint:
    """The token endpoint, where a refused seat is told from a refused log-in."""
    return TokenEndpoint(
        f"{settings.base_url}/identity/connect/token",
        deadline=LOGIN_SECONDS,
        transport=SeatsTold(settings.pause_seconds),
        clock=clock,
    )


def tokens_of(name: str, settings: AcumaticaConnection, parts: Parts) -> "PasswordTokens | AuthorizationCodeTokens":
    """Where the connection's token or cookies come from."""
    if settings.login == "code":
        return consent_tokens(name, settings, parts)
    return password_tokens(name, settings, parts)


def shared_session(name: str, settings: AcumaticaConnection, parts: Parts) -> SharedSession:
    """The one session of the connection, for this process."""
    users = LeasedUsers(parts.ledger, name)

    def make() -> "StoredSession":
        return StoredSession(name, settings, parts.ledger, users, tokens_of(name, settings, parts))

    return SharedSession(make, users, log_out=settings.log_out)


class LeasedUsers:
    """The users of a session, each with a lease whose heartbeat ends with its process."""

    def __init__(self, ledger: Ledger, connection: str) -> None:
        self._ledger = ledger
        self._prefix = f"session:{connection}:"
        self._lease: Lease | None = None

    def enter(self) -> None:
        """Say that this process uses the session."""
        holder = leases.new_holder()
        mine = Lease(self._ledger, f"{self._prefix}{holder}", holder, ttl=USER_TTL)
        mine.acquire()
        self._lease = mine

    def leave(self) -> bool:
        """Take this process's word back; whether no other stands."""
        mine, self._lease = self._lease, None
        if mine is not None:
            mine.release()
        return self.alone()

    def alone(self) -> bool:
        """Whether no process uses the session now."""
        with self._ledger.read() as tx:
            return not leases.held(tx, self._prefix)


class StoredSession:
    """A session whose token or cookies stand in the credential store, written by one process at a time."""

    def __init__(
        self,
        name: str,
        settings: AcumaticaConnection,
        ledger: Ledger,
        users: LeasedUsers,
        tokens: "PasswordTokens | AuthorizationCodeTokens",
    ) -> None:
        self._name = name
        self._settings = settings
        self._ledger = ledger
        self._users = users
        self._tokens = tokens

    def token(self) -> str:
        """As the token source has it; a refused seat is told as that."""
        with self._seats_told():
            return self._tokens.token()

    def rejected(self, token: str) -> str:
        """As the token source has it; a refused seat is told as that."""
        with self._seats_told():
            return self._tokens.rejected(token)

    @contextmanager
    def _seats_told(self) -> Iterator[None]:
        try:
            yield
        except TryAgain as error:
            if SEAT_WORDS not in error.message:
                raise
            wait = error.after_seconds or self._settings.pause_seconds
            raise seat_refused(self._name, wait) from error

    def log_in_anew(self) -> None:
        """Log in with what is stored, whatever session there is: it is ended first, or it would hold a second seat."""
        if not isinstance(self._tokens, PasswordTokens):
            raise WeAreWrong(f"{self._name} is authorized by a person")
        with self._seats_told():
            self._tokens.try_log_in()

    def end(self) -> None:
        """Log out, as the one writer of the tokens; not where somebody has come meanwhile.

        What cannot be done now is left: the token stands, and whoever comes next takes the session up.
        """
        try:
            with token_lease(self._ledger, self._name, 5.0) as mine:
                row = self._tokens.store.read() if mine and self._users.alone() else None
                there = row is not None and row.access is not None
                if row is not None and there and log_out(self._name, self._settings, row) is Ended.YES:
                    self._forget(row)
        except ConnectorError as error:
            log.warning("%s: the session was not logged out: %s", self._name, error.message)

    def _forget(self, row: StoredToken) -> None:
        """The token of an ended session is dead; a consent stands as long as its refresh token does."""
        if self._settings.login == "code":
            self._tokens.store.end_access(row.generation)
        else:
            self._tokens.store.forget()


class Ended(Enum):
    """What became of a log-out. UNTOLD: the server answers, and will not say more however often it is asked."""

    YES = "yes"
    UNTOLD = "untold"
    NOT_NOW = "not now"


def log_out(name: str, settings: AcumaticaConnection, row: StoredToken) -> Ended:
    """End the session of a stored token; one that the server knows no more has ended, too.

    The length of the empty body must be said (acumatica 1.2).
    """
    assert row.access is not None
    access, cookies = row.access.reveal(), settings.login == "cookie"
    headers = {"Cookie": access.replace(";", "; ")} if cookies else {"Authorization": f"Bearer {access}"}
    told = Ended.NOT_NOW
    for _ in range(_LOGOUTS):
        try:
            with (
                httpx.Client(timeout=_LOGOUT_SECONDS, follow_redirects=False, verify=trusted()) as client,
                all_within(client, _LOGOUT_SECONDS),
            ):
                url = f"{settings.base_url}/entity/auth/logout"
                answer = client.post(url, content=b"", headers={**headers, "Content-Length": "0"})
        except httpx.HTTPError as error:
            log.warning("%s: the session was not logged out: %s", name, type(error).__name__)
            continue
        if answer.is_success or answer.status_code == 401:
            return Ended.YES
        log.warning("%s: the log-out was answered with %d", name, answer.status_code)
        told = Ended.NOT_NOW if answer.status_code in _BUSY else Ended.UNTOLD
    return told


class LeasedForm:
    """The lease of one form: held by the process whose action runs on it."""

    def __init__(self, ledger: Ledger, connection: str, form: str) -> None:
        self._ledger = ledger
        self._name = f"form:{connection}:{form}"
        self._lease: Lease | None = None

    def take(self) -> bool:
        """For an action of this process."""
        mine = Lease(self._ledger, self._name)
        if not mine.acquire():
            return False
        self._lease = mine
        return True

    def give(self) -> None:
        """The action has ended."""
        mine, self._lease = self._lease, None
        if mine is not None:
            mine.release()

    def is_taken(self) -> bool:
        """Whether an action of any process runs."""
        with self._ledger.read() as tx:
            return bool(leases.living(tx, [self._name]))
