"""Which division we work in: the user's current one, and what is known of the one configured (exact-online 3)."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ml_connector.clock import Clock, age
from ml_connector.errors import AuthorizationNeeded, ConnectorError, RefusedBySystem, TryAgain
from ml_connector.systems.exact_online.wire.client import IF_IT_LASTS, Row, page_of, readable
from ml_connector.systems.exact_online.wire.odata_literals import code, wall_time, whole
from ml_connector.transport.http import ApiClient

#: Facts older than this are asked for anew by `Divisions.current_facts`.
KEPT = timedelta(hours=24)
#: Codes are Int32 (exact-online 3).
MOST_DIVISION = 1 << 31
_FIELDS = "Code,Description,Currency,Status,DivisionMoveDate"
_HEADERS = {"Accept": "application/json"}


class Notes(Protocol):
    """A place for small texts that outlive the process (the ledger's positions)."""

    def get(self, name: str) -> str | None: ...

    def put(self, name: str, value: str) -> None: ...


class MemoryNotes:
    """Notes that do not outlive the process."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def put(self, name: str, value: str) -> None:
        self._values[name] = value


@dataclass(frozen=True)
class DivisionFacts:
    """A division as Exact lists it.

    moved: DivisionMoveDate (ISO wall time), empty when it never was. checked_at: UTC. listed_by: the list it is on.
    """

    code: int
    description: str = ""
    currency: str = ""
    moved: str = ""
    checked_at: str = ""
    listed_by: str = "system/Divisions"


@dataclass(frozen=True)
class CurrentUser:
    """Whose token this is. `division` is the one last used in the product: a moving value."""

    division: int
    name: str
    language: str


def current_user(api: ApiClient) -> CurrentUser:
    """Ask current/Me, which is not counted against the limits."""
    answer = api.request(
        "GET",
        "/api/v1/current/Me",
        template="current/Me",
        params={"$select": "CurrentDivision,FullName,LanguageCode"},
        headers=_HEADERS,
    )
    rows = page_of(answer.data, "current/Me", api.name).rows
    with readable(api.name, "current/Me"):
        division = whole(rows[0].get("CurrentDivision")) if rows else None
    if division is None or not 0 < division < MOST_DIVISION:
        raise TryAgain(f"{api.name}: current/Me did not tell a division.", remedy=IF_IT_LASTS)
    return CurrentUser(division, code(rows[0].get("FullName")), code(rows[0].get("LanguageCode")))


class Divisions:
    """The division a connection works in.

    configured: the explicit one; without it the user's current division is asked once and kept, so that somebody
    who looks at another company in the product does not move our postings there.
    """

    def __init__(self, api: ApiClient, notes: Notes, clock: Clock, *, configured: int | None) -> None:
        self._api = api
        self._notes = notes
        self._clock = clock
        self._configured = configured
        self._name = f"{api.name}/division"
        self._not_before: datetime | None = None

    def division(self) -> int:
        """The division to work in.

        Raises:
            TryAgain, AuthorizationNeeded: it is not configured, was never asked, and cannot be asked now.
        """
        if self._configured is not None:
            return self._configured
        kept = self._notes.get(self._name)
        if kept is not None and kept.isdecimal():
            return int(kept)
        found = current_user(self._api).division
        self._notes.put(self._name, str(found))
        return found

    def validate(self) -> DivisionFacts:
        """Check that the division can be used, and keep what is known of it. Called after each token refresh.

        Raises:
            AuthorizationNeeded: the user or the app does not see the division.
        """
        division = self.division()
        for listing in self._listings(division):
            row = self._listed(listing, division)
            if row is not None:
                with readable(self._api.name, listing):
                    moved = wall_time(row.get("DivisionMoveDate"))
                facts = DivisionFacts(
                    division,
                    code(row.get("Description")),
                    code(row.get("Currency")),
                    moved.isoformat() if moved else "",
                    self._clock.now().isoformat(),
                    listing,
                )
                self._notes.put(self._facts_name(division), json.dumps(asdict(facts)))
                return facts
        raise AuthorizationNeeded(
            f"{self._api.name}: division {division} is not among those that the user opened for this app.",
            remedy="Tick the division when authorizing again, or mend `division` in connections.yaml.",
            data={"division": division},
        )

    def _listings(self, division: int) -> tuple[str, ...]:
        """Some users may see only one of the two lists (exact-online 3); the one that worked is asked first."""
        known = self.facts(division)
        both = ("system/Divisions", "hrm/Divisions")
        return both[::-1] if known is not None and known.listed_by == both[1] else both

    def _listed(self, listing: str, division: int) -> Row | None:
        try:
            answer = self._api.request(
                "GET",
                f"/api/v1/{division}/{listing}",
                template=listing,
                params={"$filter": f"Code eq {division}", "$select": _FIELDS},
                headers=_HEADERS,
            )
        except (AuthorizationNeeded, RefusedBySystem) as error:
            if error.data.get("status") not in {403, 404}:
                raise
            return None
        rows = page_of(answer.data, listing, self._api.name).rows
        with readable(self._api.name, listing):
            return next((row for row in rows if whole(row.get("Code")) == division), None)

    def facts(self, division: int | None = None) -> DivisionFacts | None:
        """What is known of the division, without asking Exact; None when it was never validated."""
        name = self._facts_name(division if division is not None else self.division())
        try:
            return DivisionFacts(**json.loads(self._notes.get(name) or ""))
        except (ValueError, TypeError):
            return None

    def moved(self) -> str:
        """DivisionMoveDate, asked again when what is known is older than a day. Never fails for want of it."""
        facts = self.facts()
        now = self._clock.now()
        due = facts is None or self._stale(facts)
        if due and (self._not_before is None or now >= self._not_before):
            try:
                facts = self.validate()
            except ConnectorError:
                # A list that cannot be had must not stop reading, nor be asked at every read (errors are counted).
                self._not_before = now + timedelta(hours=1)
        return facts.moved if facts else ""

    def _stale(self, facts: DivisionFacts) -> bool:
        try:
            return age(datetime.fromisoformat(facts.checked_at), self._clock.now()) > KEPT
        except (ValueError, TypeError):
            return True

    def _facts_name(self, division: int) -> str:
        return f"{self._api.name}/division/{division}"
