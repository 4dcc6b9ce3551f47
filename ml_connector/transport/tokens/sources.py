"""What both kinds of token source share: the lock of the process, the lease across processes, calm under signals."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

import sqlalchemy.exc

from ml_connector.credentials.secrets import Secret
from ml_connector.credentials.tokens import NewPair
from ml_connector.errors import TryAgain
from ml_connector.ledger.coordination.leases import Lease
from ml_connector.ledger.database.store import Ledger
from ml_connector.proof import proven_by
from ml_connector.transport.tokens.endpoint import TokenAnswer, usable_token

T = TypeVar("T")

#: Tries to change the token row while the ledger is in trouble; the pauses between them add up to about a minute.
_TRIES = 12
_LONGEST_LIFETIME = timedelta(days=3650)


class Held(NamedTuple):
    """An access token in this process's memory, and until when it may be used without looking at the ledger."""

    access: str
    until: datetime


def uninterrupted(work: Callable[[], T]) -> T:
    """Do `work` in a thread of its own, to its end.

    A Ctrl-C or a terminated run raises in the main thread only; a refresh that was begun still stores what the
    server gave (the thread is no daemon: the interpreter waits for it).
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=run, name="token", daemon=False).start()
    return future.result()


@contextmanager
def token_lease(ledger: Ledger, connection: str, patience: float) -> Iterator[bool]:
    """The right to write the connection's tokens, across processes; False: another kept it for `patience` seconds.

    What is sent to the token endpoint meanwhile is proven by it right before its bytes leave.
    """
    lease = Lease(ledger, f"token:{connection}")
    taken = lease.acquire(blocking=True, timeout=patience)
    try:
        with proven_by(lease.fence().prove) if taken else nullcontext():
            yield taken
    finally:
        if taken:
            lease.release()


def surely(change: Callable[[], T]) -> T:
    """Make a change to the token row through a ledger that is busy or away for a moment.

    What a token endpoint answered exists nowhere else: it is kept trying for about a minute.
    """
    for attempt in range(_TRIES):
        try:
            return change()
        except (sqlalchemy.exc.DBAPIError, TryAgain):
            time.sleep(min(0.1 * 2**attempt, 10.0))
    return change()


def pair_from(
    answer: TokenAnswer,
    *,
    sent_at: datetime,
    received_at: datetime,
    default_lifetime: timedelta | None,
    refresh_lifetime: timedelta | None,
) -> NewPair:
    """The pair in a good answer.

    The age counts from the moment of receipt and the expiry from the moment of sending: both on the safe side.
    """
    lifetime = lifetime_of(answer.fields.get("expires_in")) or default_lifetime
    refresh = answer.fields.get("refresh_token")
    return NewPair(
        access=Secret(str(answer.fields["access_token"])),
        refresh=Secret(str(refresh)) if usable_token(refresh) else None,
        issued_at=received_at,
        expires_at=None if lifetime is None else sent_at + lifetime,
        refresh_expires_at=None if refresh_lifetime is None else sent_at + refresh_lifetime,
    )


def lifetime_of(expires_in: object) -> timedelta | None:
    """`expires_in` as text (exact-online 2.2) or number of seconds; None when it is missing or senseless."""
    text = str(expires_in).strip() if isinstance(expires_in, str | int) and not isinstance(expires_in, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 12) or int(text) == 0:
        return None
    return min(timedelta(seconds=int(text)), _LONGEST_LIFETIME)
