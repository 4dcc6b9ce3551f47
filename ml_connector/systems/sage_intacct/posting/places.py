"""Locations and the entities above them: no line is booked into another entity's books (intacct 2, 9)."""

import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from ml_connector.clock import Clock
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire.client import Gateway, readable
from ml_connector.systems.sage_intacct.wire.paging import whole_list
from ml_connector.systems.sage_intacct.wire.queries import Query
from ml_connector.systems.sage_intacct.wire.values import key, text

#: How long they are kept, and how old they may be where one is not as it should be: somebody may have seen to it.
KEPT, KEPT_WRONG = timedelta(minutes=10), timedelta(seconds=2)


class Places:
    """The locations of the company, read again from time to time."""

    def __init__(self, gateway: Gateway, settings: IntacctConnection, clock: Clock) -> None:
        self._gateway = gateway
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at: datetime | None = None
        self._parents: Mapping[str, str] = {}
        self._entities: frozenset[str] = frozenset()

    def location_of(self, wanted: str, place: str) -> str:
        """The location of a line: what it has, or the connection's. place: of the line, for people.

        Raises:
            NeedsCorrection: it needs one.
        """
        found = wanted or self._settings.location or self._settings.entity
        if not found and self._required():
            raise NeedsCorrection(
                Reason.UNMAPPED_COST_CENTER,
                f"{place} has no location, and this company has entities: each line needs one.",
                remedy="Name one under coding.dimensions.location, or as `location` of the connection.",
                data={"place": place},
            )
        return found

    def check(self, locations: Iterable[str], what: str) -> None:
        """That a document's lines are of the entity that is worked in, or at the top level of one entity.

        Raises:
            NeedsCorrection: they are not.
        """
        named = [one for one in dict.fromkeys(locations) if one]
        if not named or (self._settings.top_level and self._settings.between_entities):
            return
        mine = self._settings.entity.casefold()
        for kept in (KEPT, KEPT_WRONG):
            self._learn(kept)
            owners = {one: self.entity_of(one) for one in named}
            wrong = [one for one, owner in owners.items() if mine and owner.casefold() != mine]
            if not wrong:
                break
        if wrong:
            owner = owners[wrong[0]] or "none"
            raise NeedsCorrection(
                Reason.INACTIVE_COST_CENTER,
                f"{what} names location {wrong[0]} of entity {owner}; the connection books for entity"
                f" {self._settings.entity}.",
                remedy="Correct the location, or let the invoice come in by the connection of that entity.",
                data={"location": wrong[0], "entity": owner},
            )
        if mine:
            return
        if len({owner.casefold() for owner in owners.values() if owner}) > 1:
            listed = ", ".join(f"{one} ({owner or 'no entity'})" for one, owner in list(owners.items())[:5])
            raise NeedsCorrection(
                Reason.INACTIVE_COST_CENTER,
                f"{what} names locations of several entities: {listed}.",
                remedy="Ask for an invoice a company, or set between_entities in the connection.",
                data={"locations": named[:20]},
            )

    def entity_of(self, location: str) -> str:
        """The entity above a location, or itself; empty for none."""
        seen: set[str] = set()
        at = location.casefold()
        while at and at not in seen:
            if at in self._entities:
                return at.upper()
            seen.add(at)
            at = self._parents.get(at, "")
        return ""

    def _required(self) -> bool:
        if self._settings.location_required is not None:
            return self._settings.location_required
        self._learn(KEPT)
        return bool(self._entities)

    def _learn(self, kept: timedelta) -> None:
        with self._lock:
            now = self._clock.now()
            if self._read_at is not None and timedelta(0) <= now - self._read_at < kept:
                return
            with readable(self._gateway.connection, "a location"):
                entities = self._rows("LOCATIONENTITY", ("LOCATIONID",))
                locations = self._rows("LOCATION", ("LOCATIONID", "PARENTID"))
                self._entities = frozenset(key(row, "LOCATIONID").casefold() for row in entities)
                self._parents = {
                    key(row, "LOCATIONID").casefold(): text(row, "PARENTID").casefold() for row in locations
                }
            self._read_at = now

    def _rows(self, name: str, fields: tuple[str, ...]) -> list[dict[str, str]]:
        settings = self._settings
        query = Query(name, fields, page_size=settings.page_size, private=settings.shows_private)
        return whole_list(self._gateway, query)
