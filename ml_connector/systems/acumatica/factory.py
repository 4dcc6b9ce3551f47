"""An Acumatica connection from its configuration."""

from collections.abc import Callable

import httpx

from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import blobs
from ml_connector.systems.acumatica.access.authorization import LeasedForm, shared_session
from ml_connector.systems.acumatica.access.forms import FormLease, Forms
from ml_connector.systems.acumatica.access.seats import SharedSession
from ml_connector.systems.acumatica.access.wire import CookiesOf, KeepsNoCookies
from ml_connector.systems.acumatica.erp import AcumaticaErp
from ml_connector.systems.acumatica.settings import FAILURE_TEXTS, LOCKED_TEXTS, AcumaticaConnection
from ml_connector.systems.acumatica.wire.answers import Meanings
from ml_connector.systems.acumatica.wire.client import AcumaticaClient
from ml_connector.systems.acumatica.wire.limits import SiteLimiter
from ml_connector.systems.system import Parts
from ml_connector.transport.authentication import Authentication, BearerToken, CookieSession, TokenSource
from ml_connector.transport.deadline import bounded
from ml_connector.transport.http import ApiClient
from ml_connector.transport.tls import trusted

#: A wait that is asked for and is longer goes on to the caller.
LONGEST_WAIT = 65.0


def build_acumatica(name: str, settings: AcumaticaConnection, parts: Parts) -> AcumaticaErp:
    """The ERP of a connection. Nothing is called yet: the first call logs in."""
    session = shared_session(name, settings, parts)

    def lease(form: str) -> FormLease:
        return LeasedForm(parts.ledger, name, form)

    acts = "released" in (settings.after_bill, settings.after_receipt)
    forms = Forms(name, lease, parts.clock, acts=acts, patience=LONGEST_WAIT)
    return assemble(name, settings, parts, tokens=session, forms=forms, session=session)


def assemble(
    name: str,
    settings: AcumaticaConnection,
    parts: Parts,
    *,
    tokens: TokenSource | None,
    forms: Forms,
    session: SharedSession | None = None,
) -> AcumaticaErp:
    """The ERP over a given source of tokens."""
    api = api_of(name, settings, parts, tokens)
    client = AcumaticaClient(
        api,
        meanings_of(name, settings),
        endpoint=settings.endpoint,
        version=settings.version,
        forms=forms.use,
        longest_wait=LONGEST_WAIT,
        poll_seconds=settings.poll_seconds,
        action_seconds=settings.action_seconds,
    )
    leave = session.leave if session is not None else None
    return AcumaticaErp(client, settings, parts.clock, leave=leave, read_blob=_blob_reader(parts.ledger))


def _blob_reader(ledger: Ledger) -> Callable[[str], bytes]:
    def read(sha256: str) -> bytes:
        with ledger.read() as tx:
            return blobs.read_blob(tx, sha256)

    return read


def meanings_of(name: str, settings: AcumaticaConnection) -> Meanings:
    """How answers of the connection are read."""
    return Meanings(
        name,
        failure_texts=(*FAILURE_TEXTS, *(text.casefold() for text in settings.failure_texts)),
        locked_texts=(*LOCKED_TEXTS, *(text.casefold() for text in settings.locked_texts)),
        seat_seconds=settings.pause_seconds,
    )


def api_of(name: str, settings: AcumaticaConnection, parts: Parts, tokens: TokenSource | None) -> ApiClient:
    """The HTTP client; without tokens for what needs no log-in."""
    limiter = SiteLimiter(
        name,
        settings.requests_per_minute,
        parts.clock,
        shared=parts.limits,
        pause_seconds=settings.pause_seconds,
        longest_wait=LONGEST_WAIT,
    )
    size = settings.concurrency + 2
    pool = httpx.Limits(max_connections=size, max_keepalive_connections=size, keepalive_expiry=4)
    return ApiClient(
        name,
        settings.base_url,
        authentication=_authentication(settings, tokens),
        limiter=limiter,
        clock=parts.clock,
        timeout=settings.timeout_seconds,
        longest=settings.longest_call,
        transport=KeepsNoCookies(bounded(httpx.HTTPTransport(verify=trusted(), limits=pool))),
    )


def _authentication(settings: AcumaticaConnection, tokens: TokenSource | None) -> Authentication | None:
    if tokens is None:
        return None
    return CookieSession(CookiesOf(tokens)) if settings.login == "cookie" else BearerToken(tokens)


def open_client(name: str, settings: AcumaticaConnection, parts: Parts) -> AcumaticaClient:
    """A client that is not logged in: it can ask which endpoints there are."""
    api = api_of(name, settings, parts, None)
    return AcumaticaClient(
        api, meanings_of(name, settings), endpoint=settings.endpoint, version=settings.version, attempts=1
    )
