"""Sessions: kept in memory, known by a random cookie that is never taken from outside, ended by log-out or time."""

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

#: Sessions that are kept; the one unused for longest goes first.
MOST = 10_000


def _token() -> str:
    return secrets.token_urlsafe(32)


@dataclass
class Session:
    """One browser of one person. csrf: what its forms carry. password: a mark of the one that it was let in by here."""

    person: str
    password: str
    began: float
    used: float
    csrf: str = field(default_factory=_token)
    #: What is told on the next page, once.
    messages: list[str] = field(default_factory=list)

    @property
    def logged_in(self) -> bool:
        """By a password here."""
        return bool(self.password)

    def sent_form(self, token: str) -> bool:
        """Whether a form was made for this session."""
        return hmac.compare_digest(self.csrf.encode(), token.encode("utf-8", "replace"))

    def told(self) -> list[str]:
        """What is to be told, taken."""
        told, self.messages = self.messages, []
        return told


class Sessions:
    """All sessions of this process: a restart ends them."""

    def __init__(
        self, *, idle_seconds: float, most_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._idle = idle_seconds
        self._most = most_seconds
        self._clock = clock
        self._known: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, person: str, *, password: str = "") -> tuple[str, Session]:
        """A new session under a new cookie."""
        now, token = self._clock(), _token()
        session = Session(person, password, now, now)
        with self._lock:
            self._known[token] = session
            while len(self._known) > MOST:
                self._known.popitem(last=False)
        return token, session

    def find(self, token: str) -> Session | None:
        """The session of a cookie; None for one that is not known or has ended."""
        now = self._clock()
        with self._lock:
            session = self._known.get(token)
            if session is None:
                return None
            if now - session.used > self._idle or now - session.began > self._most:
                del self._known[token]
                return None
            session.used = now
            self._known.move_to_end(token)
            return session

    def end(self, token: str) -> None:
        """Log out."""
        with self._lock:
            self._known.pop(token, None)
