"""A few SFTP sessions over one connection, lent to one thread at a time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from ml_connector.errors import TryAgain
from ml_connector.systems.sftp.login import Login, connect, turned_away
from ml_connector.systems.sftp.session import SftpSession
from ml_connector.systems.sftp.session_errors import SessionLostError, StatusError, TurnedAwayError

if TYPE_CHECKING:
    import paramiko

T = TypeVar("T")


class SessionPool:
    """Opens the connection when it is first needed, and again when it was lost. Safe to use from several threads.

    A server that allows fewer sessions than `concurrency` is content with those: threads wait for each other.
    """

    def __init__(self, login: Login) -> None:
        self._login = login
        self._most = login.settings.concurrency
        self._free: list[SftpSession] = []
        self._lent = 0
        self._transport: paramiko.Transport | None = None
        self._changed = threading.Condition()
        self._connecting = threading.Lock()
        self.connects = 0

    @contextmanager
    def session(self) -> Iterator[SftpSession]:
        """A session; given back afterwards, or closed when it broke.

        Raises:
            AuthorizationNeeded, ConfigError, TryAgain: none can be had.
        """
        lent = self._borrow()
        try:
            yield lent
        except StatusError:
            self._return(lent)
            raise
        except BaseException:
            # Whatever it was, an interrupt too: answers may still be on their way, which the next user would wait for
            # in vain, and a session that is not given back is one less for ever. Raised on.
            lent.close()
            self._return(None)
            raise
        self._return(lent)

    def run(self, call: Callable[[SftpSession], T]) -> T:
        """Do something that may be done twice: once more over a new connection when this one turns out to be lost.

        Raises:
            TryAgain: lost again. Also whatever `call` and `session` raise.
        """
        for attempt in (1, 2):
            try:
                with self.session() as session:
                    return call(session)
            except SessionLostError as error:
                if attempt == 2:
                    raise self.lost(error) from error
        raise AssertionError("unreachable")

    def lost(self, error: SessionLostError) -> TryAgain:
        settings = self._login.settings
        return TryAgain(
            f"{self._login.connection}: the connection to {settings.address} broke ({str(error)[:120]}).",
            after_seconds=30,
        )

    def try_at_once(self) -> None:
        """Forget that the last log-in was refused: a person asks."""
        self._login.refusals.clear()

    def close(self) -> None:
        """Close the connection. The pool opens it again when it is asked for a session after all."""
        with self._changed:
            free, self._free = self._free, []
            transport, self._transport = self._transport, None
        for session in free:
            session.close()
        if transport is not None:
            transport.close()

    def _borrow(self) -> SftpSession:
        while True:
            session = self._free_one()
            if session is not None:
                return session
            try:
                session = self._opened()
            except BaseException:
                # Whatever it was, an interrupt too, the place that was kept for it is free again. Raised on.
                self._return(None)
                raise
            if session is not None:
                return session
            self._return(None)

    def _free_one(self) -> SftpSession | None:
        """A session that is free, once there is one; None: there is a place for another one, and it is ours."""
        with self._changed:
            while True:
                while self._free:
                    session = self._free.pop()
                    if session.usable():
                        self._lent += 1
                        return session
                    session.close()
                if self._lent < self._most:
                    self._lent += 1
                    return None
                self._changed.wait(timeout=1.0)

    def _return(self, session: SftpSession | None) -> None:
        with self._changed:
            self._lent -= 1
            if session is not None:
                self._free.append(session)
            self._changed.notify()

    def _opened(self) -> SftpSession | None:
        """Another session; None when the server allows no more than those that are out."""
        timeout = self._login.settings.timeout_seconds
        try:
            return SftpSession(self._connected(), timeout)
        except TurnedAwayError as error:
            if self._makes_do():
                return None
            if error.said:
                self._forget()
                raise turned_away(self._login, error.said) from error
        except SessionLostError:
            if self._makes_do():
                return None
        # The connection went while it lay idle.
        self._forget()
        try:
            return SftpSession(self._connected(), timeout)
        except SessionLostError as error:
            self._forget()
            if isinstance(error, TurnedAwayError):
                raise turned_away(self._login, error.said) from error
            raise self.lost(error) from error

    def _makes_do(self) -> bool:
        """Whether the connection is well and others have sessions: then those are all that the server allows."""
        with self._changed:
            alive = self._transport is not None and self._transport.is_active()
            if not alive or self._lent <= 1:
                return False
            self._most = self._lent - 1
            return True

    def _connected(self) -> "paramiko.Transport":
        with self._connecting:
            if self._transport is not None and self._transport.is_active():
                return self._transport
            self._forget()
            self._transport = connect(self._login)
            self.connects += 1
            return self._transport

    def _forget(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()
