"""One session for all: who uses it, and who gives its seat back (acumatica 1.3, 10).

A log-in takes a seat of the licence. So all steps and processes work in one session, whose token or cookies stand in
the credential store. Each process that uses it says so; the last one logs out. One that is killed says nothing any
more: its word runs out, and whoever comes next takes the session up as it stands.
"""

import threading
from collections.abc import Callable
from typing import Protocol


class Users(Protocol):
    """Who uses a connection's session, over all processes."""

    def enter(self) -> None:
        """This one does."""
        ...

    def leave(self) -> bool:
        """This one does no more. True: nobody else does."""
        ...


class Session(Protocol):
    """What stands in the credential store, and how it ends."""

    def token(self) -> str:
        """A token, or cookies, that are good; logged in where there are none."""
        ...

    def rejected(self, token: str) -> str:
        """The server refuses them: those that replaced them, or new ones."""
        ...

    def log_in_anew(self) -> None:
        """Log in with what is stored, whatever session there is."""
        ...

    def end(self) -> None:
        """Log out and forget them, where they are there and nobody has come meanwhile."""
        ...


class SharedSession:
    """A TokenSource that counts its users. Safe to use from several threads.

    make: the session's token source; a new one after each log-out, which remembers nothing.
    """

    def __init__(self, make: Callable[[], Session], users: Users, *, log_out: bool = True) -> None:
        self._make = make
        self._users = users
        self._log_out = log_out
        self._lock = threading.Lock()
        self._session: Session | None = None

    def token(self) -> str:
        """A good token. Whoever asks for the first one is in from then on."""
        return self._entered().token()

    def rejected(self, token: str) -> str:
        """Another token in place of one that the server refuses."""
        return self._entered().rejected(token)

    def log_in_anew(self) -> None:
        """Try what is stored for the log-in, now."""
        self._entered().log_in_anew()

    def _entered(self) -> Session:
        with self._lock:
            if self._session is None:
                self._users.enter()
                self._session = self._make()
            return self._session

    def leave(self) -> None:
        """Done with it. The last user of the connection logs out."""
        with self._lock:
            session, self._session = self._session, None
        if session is None:
            return
        if self._users.leave() and self._log_out:
            session.end()
