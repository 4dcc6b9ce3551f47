"""Sessions: of a sender, a company, a user and an entity; their end slides with every call (sage-intacct 2)."""

import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from ml_connector.clock import FileClock
from ml_connector.sandbox.sage_intacct.options import SageIntacctOptions


@dataclass(slots=True)
class Session:
    """`entity` empty: the top level. `id` empty: a log-in for one request."""

    id: str
    sender: str
    company: str
    user: str
    entity: str
    began: datetime
    ends: datetime


class Sessions:
    """Who is logged in."""

    def __init__(self, clock: FileClock, options: SageIntacctOptions) -> None:
        self._clock = clock
        self._options = options
        self._open: dict[str, Session] = {}
        self._companies: dict[str, str] = {}  # of every session there was
        self.counts: Counter[str] = Counter()

    def made(self, sender: str, company: str, user: str, entity: str, *, kept: bool = False) -> Session:
        """A session; one that is kept can be named by its id."""
        now = self._clock.now()
        identity = secrets.token_urlsafe(24).replace("_", "-") + ".." if kept else ""
        session = Session(identity, sender, company, user, entity, now, now + self._length())
        if kept:
            self._open[identity] = session
            self._companies[identity] = company
            self.counts["opened"] += 1
        return session

    def find(self, identity: str, sender: str, at: datetime) -> Session | None:
        """The living session of that id and sender, made longer; None for a dead one."""
        session = self._open.get(identity)
        if session is None or session.sender != sender or at >= session.ends:
            self.counts["dead"] += 1
            return None
        session.ends = max(session.ends, at + self._length())
        return session

    def company_of(self, identity: str) -> str:
        """The company of a session, alive or not."""
        return self._companies.get(identity, "")

    def end(self, identity: str) -> None:
        self._open.pop(identity, None)

    def end_all(self) -> int:
        """As when every session's time is over; how many there were."""
        ended = len(self._open)
        self._open.clear()
        return ended

    def living(self) -> list[Session]:
        now = self._clock.now()
        return [one for one in self._open.values() if one.ends > now]

    def _length(self) -> timedelta:
        return timedelta(minutes=self._options.session_minutes)
