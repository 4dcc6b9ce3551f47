"""When runs bring nothing forward: the same work, asked for again and again, is asked for ever more seldom."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

#: So often the same work is asked for at once: a killed run may have got nowhere.
AT_ONCE = 3
FIRST_PAUSE_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 600.0
#: More of them change nothing.
MOST_AWAY = 20


@dataclass(frozen=True)
class Asked:
    """A sensor's memory, its cursor: small, whatever waits.

    why: what the last request was for. event: the ledger's newest event then. repeats: how often in a row nothing
    had moved. at: when it was asked. polled_at: when the ERP was asked for changed orders. away: how often in a row
    the other side could not be reached. away_at: when it was last tried.
    """

    why: str = ""
    event: int = 0
    repeats: int = 0
    at: str = ""
    polled_at: str = ""
    away: int = 0
    away_at: str = ""

    @staticmethod
    def of(cursor: str | None) -> "Asked":
        """From a cursor; anything that is none is an empty memory."""
        try:
            value = json.loads(cursor or "{}")
            known = Asked(**value)
            for moment in (known.at, known.polled_at, known.away_at):
                if moment and datetime.fromisoformat(moment).tzinfo is None:
                    return Asked()
            return replace(known, event=int(known.event), repeats=int(known.repeats), away=int(known.away))
        except (ValueError, TypeError):
            return Asked()

    def cursor(self) -> str:
        return json.dumps(asdict(self))

    def polled(self, now: datetime) -> "Asked":
        return replace(self, polled_at=now.isoformat())

    def poll_is_due(self, now: datetime, every: timedelta) -> bool:
        """A clock that was put back makes it due, too."""
        if not self.polled_at:
            return True
        last = datetime.fromisoformat(self.polled_at)
        return now - last >= every or last > now

    def again(self, reasons: Sequence[str], event: int, now: datetime) -> "Asked":
        """The memory after asking for this."""
        why = "; ".join(reasons)[:300]
        repeats = self.repeats + 1 if (why, event) == (self.why, self.event) else 0
        return replace(self, why=why, event=event, repeats=repeats, at=now.isoformat())

    def tried(self, now: datetime, *, away: bool) -> "Asked":
        """The memory after the other side was asked: it is there again, or away once more."""
        if not away:
            return replace(self, away=0, away_at="") if self.away else self
        return replace(self, away=min(self.away + 1, MOST_AWAY), away_at=now.isoformat())

    def away_pause(self, now: datetime) -> float:
        """Seconds before a side that was away is asked again: longer each time, so that it is not pressed."""
        if not self.away or not self.away_at:
            return 0.0
        wait = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (self.away - 1))
        passed = (now - datetime.fromisoformat(self.away_at)).total_seconds()
        return max(0.0, wait - passed) if passed >= 0 else 0.0

    def pause(self, reasons: Sequence[str], event: int, now: datetime) -> float:
        """Seconds to wait before the same is asked for again; 0 when something moved or it was not often yet."""
        following = self.again(reasons, event, now)
        if following.repeats <= AT_ONCE or not self.at:
            return 0.0
        wait = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (following.repeats - AT_ONCE - 1))
        passed = (now - datetime.fromisoformat(self.at)).total_seconds()
        return max(0.0, wait - passed) if passed >= 0 else 0.0
