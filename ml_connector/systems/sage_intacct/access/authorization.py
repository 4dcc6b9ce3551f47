"""Sessions of a connection, from its configuration: kept in the encrypted store, renewed before their end, shared."""

from collections.abc import Callable, Mapping
from hashlib import sha256

from ml_connector.credentials.secrets import Secret
from ml_connector.errors import TryAgain
from ml_connector.ledger.coordination.leases import Lease
from ml_connector.ledger.database.store import Ledger
from ml_connector.systems.sage_intacct.access.endpoint import LOGIN_SECONDS, SEPARATOR, IntacctLogin
from ml_connector.systems.sage_intacct.access.turns import Turns
from ml_connector.systems.sage_intacct.settings import IntacctConnection, shortened
from ml_connector.systems.sage_intacct.wire.client import Session
from ml_connector.systems.sage_intacct.wire.request import Sender
from ml_connector.systems.system import Parts
from ml_connector.transport.http import ApiClient
from ml_connector.transport.tokens.password import PasswordLogin, PasswordTokens

#: After a kill the place is free so soon; while a request is out its process prolongs it.
WIRE_SECONDS = 5.0


def sender_of(name: str, settings: IntacctConnection, parts: Parts) -> Callable[[], Sender]:
    """The licence of each request, read at each use."""

    def sender() -> Sender:
        secret = parts.secrets.resolve(settings.sender_password, f"the sender of {name}")
        return Sender(settings.sender_id, secret.reveal())

    return sender


def mark_of(settings: IntacctConnection) -> str:
    """Says whose sessions these are: gateway, sender, company, user, entity. Another's is never used."""
    told = (settings.base_url, settings.sender_id, settings.company_id, settings.username, settings.entity)
    return sha256("\n".join(told).encode()).hexdigest()[:16]


def session_tokens(
    name: str, settings: IntacctConnection, parts: Parts, api: ApiClient, turns: Turns
) -> PasswordTokens:
    """The store that logs in, once for all processes."""

    def password() -> Secret:
        return parts.secrets.resolve(settings.password, f"the log-in of {name}")

    def more() -> Mapping[str, str]:
        secret = parts.secrets.resolve(settings.sender_password, f"the sender of {name}")
        return {
            "sender_id": settings.sender_id,
            "sender_password": secret.reveal(),
            "company": settings.company_id,
            "entity": settings.entity,
        }

    endpoint = IntacctLogin(
        name,
        settings.base_url,
        api=api,
        domain=settings.vendor_domain,
        entity=settings.entity,
        lifetime=settings.session_minutes * 60,
        mark=mark_of(settings),
        turn=turns.turn,
    )
    login = PasswordLogin(
        connection=name,
        token_url=settings.base_url,
        username=settings.username,
        logins_per_minute=settings.logins_per_minute,
        more=more,
    )
    return PasswordTokens(login, parts.ledger, parts.vault, password, endpoint=endpoint)


class StoredSessions:
    """Sessions of one connection. mark: whose they must be."""

    def __init__(self, tokens: PasswordTokens, mark: str) -> None:
        self._tokens = tokens
        self._mark = mark

    def current(self) -> Session:
        """One that stands and is ours: the stored one may be of settings from before."""
        token = self._tokens.token()
        found = _session(token)
        if found is None or not token.startswith(self._mark + SEPARATOR):
            found = _session(self._tokens.rejected(token))
        if found is None:
            raise TryAgain("The stored session cannot be read; another is asked for.", after_seconds=5)
        return found

    def ended(self, session: Session) -> Session:
        """Another than one that is dead."""
        self._tokens.rejected(session.token)
        return self.current()

    def log_in(self) -> None:
        """Log in with what is stored, whatever session there is."""
        self._tokens.try_log_in()


def _session(token: str) -> Session | None:
    parts = token.split(SEPARATOR, 2)
    return Session(parts[1], parts[2], token) if len(parts) == 3 else None


def turns_of(name: str, settings: IntacctConnection, parts: Parts) -> Turns:
    """The turns of the company, whichever connection and entity it is reached by."""
    company = shortened(f"{settings.site}:{settings.company_id.lower()}")

    def lease(number: int) -> "LeasedPlace":
        return LeasedPlace(parts.ledger, f"wire:{company}:{number}")

    patience = max(LOGIN_SECONDS, settings.timeout_seconds)
    return Turns(name, lease, settings.concurrency, parts.clock, patience=patience)


class LeasedPlace:
    """The lease of one place on the wire."""

    def __init__(self, ledger: Ledger, name: str) -> None:
        self._lease = Lease(ledger, name, ttl=WIRE_SECONDS)

    def take(self) -> bool:
        """For a request of this process."""
        return self._lease.acquire()

    def give(self) -> None:
        """The request has been answered."""
        self._lease.release()
