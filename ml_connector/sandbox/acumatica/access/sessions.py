"""Sessions and their seats: who is in, how long, what a further log-in meets when all seats are taken (acumatica 1)."""

import secrets
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ml_connector.clock import FileClock
from ml_connector.sandbox.acumatica.options import AcumaticaOptions
from ml_connector.sandbox.acumatica.wire.errors import ApiError, exception_body

LIMIT_TEXT = "API Login Limit"
_IIS_429 = "The number of concurrent API logins has been exceeded. Too many requests."
_ERROR_PAGE = "/Frames/Error.aspx?code=500&message=The+number+of+concurrent+API+logins+is+exceeded"


@dataclass(slots=True)
class Session:
    """One user at work in one tenant: one seat. `locks`: forms on which an action of it runs, until when."""

    id: str
    tenant: str
    user: str
    branch: str
    kind: str  # "cookie" or the OAuth scope
    opened: datetime
    used: datetime
    ends: datetime | None = None  # of OAuth: with the token
    closed: datetime | None = None
    locks: dict[str, datetime] = field(default_factory=dict)


class Sessions:
    """All sessions of the site; the licence counts those of all tenants."""

    def __init__(self, clock: FileClock, options: AcumaticaOptions) -> None:
        self._clock = clock
        self._options = options
        self.all: dict[str, Session] = {}
        self.counts: Counter[str] = Counter()
        self.most_at_once = 0

    def open(self, tenant: str, user: str, branch: str, kind: str, ends: datetime | None = None) -> Session:
        """A new session on a free seat. Raises ApiError in one of the faces of a refused seat."""
        self._take_seat(user)
        now = self._clock.now()
        made = Session(secrets.token_hex(12), tenant, user, branch, kind, opened=now, used=now, ends=ends)
        self.all[made.id] = made
        self.counts["opened"] += 1
        self.most_at_once = max(self.most_at_once, len(self.living()))
        return made

    def living(self) -> list[Session]:
        """Sessions that hold a seat now."""
        return [one for one in self.all.values() if self.is_alive(one)]

    def is_alive(self, session: Session, at: datetime | None = None) -> bool:
        """`at`: as of that moment; a call that the server had accepted works on after a log-out."""
        moment = at or self._clock.now()
        if session.closed is not None and session.closed <= moment:
            return False
        if session.kind in {"cookie", "api:concurrent_access"}:
            return moment < session.used + timedelta(minutes=self._options.idle_minutes)
        return session.ends is None or moment < session.ends

    def find(self, identity: str, at: datetime | None = None) -> Session | None:
        """The living session of that id, which is used hereby."""
        session = self.all.get(identity)
        if session is None or not self.is_alive(session, at):
            return None
        session.used = max(session.used, at or self._clock.now())
        return session

    def close(self, session: Session, why: str = "logged out") -> None:
        if session.closed is None:
            session.closed = self._clock.now()
            self.counts[why] += 1

    def end_all(self) -> int:
        """As when the site is restarted: nobody is in any more."""
        living = self.living()
        for session in living:
            self.close(session, "ended")
        return len(living)

    def _take_seat(self, user: str) -> None:
        options, living = self._options, self.living()
        mine = [one for one in living if one.user == user]
        full = options.seats is not None and len(living) >= options.seats
        if not full and (options.user_seats is None or len(mine) < options.user_seats):
            return
        self.counts["refused"] += 1
        if options.seat_refusal == "evict":  # the oldest is thrown out and gets 401 (claim)
            self.close(min(living if full else mine, key=lambda one: one.used), "evicted")
            return
        raise seat_refused(options)

    def summary(self) -> dict[str, object]:
        return {
            "open": len(self.living()),
            "most_at_once": self.most_at_once,
            **{name.replace(" ", "_"): number for name, number in self.counts.items()},
        }


def seat_refused(options: AcumaticaOptions) -> ApiError:
    """No seat is free: 500 with the text, a plain page of IIS, or a redirect (acumatica 1.3)."""
    if options.seat_refusal == "429":
        return ApiError(429, text=_IIS_429)
    if options.seat_refusal == "302":
        return ApiError(302, text="", headers={"Location": options.directory + _ERROR_PAGE})
    return ApiError(500, exception_body(LIMIT_TEXT))
