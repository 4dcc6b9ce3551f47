"""A Sage Intacct connection from its configuration."""

import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import blobs
from ml_connector.systems.sage_intacct.access.authorization import (
    StoredSessions,
    mark_of,
    sender_of,
    session_tokens,
    turns_of,
)
from ml_connector.systems.sage_intacct.erp import IntacctErp
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire.client import Gateway
from ml_connector.systems.sage_intacct.wire.limits import GatewayLimiter
from ml_connector.systems.system import Parts
from ml_connector.transport.http import ApiClient

#: A wait that is asked for and is longer goes on to the caller.
LONGEST_WAIT = 65.0


def build_intacct(name: str, settings: IntacctConnection, parts: Parts) -> IntacctErp:
    """The ERP of a connection. Nothing is called yet: the first call logs in."""
    apis = Apis(name, settings, parts)
    turns = turns_of(name, settings, parts)
    tokens = session_tokens(name, settings, parts, apis.of(settings.base_url), turns)
    sessions = StoredSessions(tokens, mark_of(settings))
    gateway = Gateway(
        name,
        settings.company_id,
        sessions,
        sender=sender_of(name, settings, parts),
        api=apis.of,
        clock=parts.clock,
        turn=turns.turn,
        longest_wait=LONGEST_WAIT,
        together=settings.documents_per_request,
    )
    return IntacctErp(gateway, settings, parts.clock, close=apis.close, read_blob=_blob_reader(parts.ledger))


def _blob_reader(ledger: Ledger) -> Callable[[str], bytes]:
    def read(sha256: str) -> bytes:
        with ledger.read() as tx:
            return blobs.read_blob(tx, sha256)

    return read


def sessions_of(name: str, settings: IntacctConnection, parts: Parts) -> StoredSessions:
    """Its sessions alone, for a log-in that a person asks for."""
    api = Apis(name, settings, parts).of(settings.base_url)
    tokens = session_tokens(name, settings, parts, api, turns_of(name, settings, parts))
    return StoredSessions(tokens, mark_of(settings))


class Apis:
    """HTTP clients by origin: a session is used where the log-in said (intacct 2). One limit for all of them."""

    def __init__(self, name: str, settings: IntacctConnection, parts: Parts) -> None:
        rate = None if settings.requests_per_minute is None else settings.requests_per_minute / 60
        self._name = name
        self._settings = settings
        self._parts = parts
        self._limiter = GatewayLimiter(
            name,
            rate,
            parts.clock,
            shared=parts.limits,
            longest_wait=LONGEST_WAIT,
            pause_seconds=settings.pause_seconds,
        )
        self._lock = threading.Lock()
        self._made: dict[str, ApiClient] = {}

    def of(self, address: str) -> ApiClient:
        """The client of an address's origin."""
        parts = urlsplit(address)
        origin = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            if origin not in self._made:
                self._made[origin] = ApiClient(
                    self._name,
                    origin,
                    authentication=None,
                    limiter=self._limiter,
                    clock=self._parts.clock,
                    timeout=self._settings.timeout_seconds,
                    longest=self._settings.longest_call,
                    max_body=self._settings.max_reply_bytes,
                    max_connections=self._settings.concurrency + 2,
                )
            return self._made[origin]

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            while self._made:
                self._made.popitem()[1].close()
