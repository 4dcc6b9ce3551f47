"""Documents as they are polled: what changed since a position, and records by their ids (acumatica 3, 7, 10).

A document's id is its type and number: keys that the API takes back everywhere.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Generic, TypeVar

from ml_connector.clock import Clock
from ml_connector.errors import WeAreWrong
from ml_connector.flows.core.ports import Changed, Deleted, Notices, SourceRecord
from ml_connector.systems.acumatica.reading.lists import read_by_keys, read_list
from ml_connector.systems.acumatica.reading.records import key
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query, readable
from ml_connector.systems.acumatica.wire.filters import all_of, equals, since
from ml_connector.systems.acumatica.wire.values import Row, details, moment, text, to_json

D = TypeVar("D")


def document_id(kind: str, number: str) -> str:
    """Of a document that has a type and a number."""
    return f"{kind}|{number}"


@dataclass(frozen=True)
class Cursor:
    """Where polling goes on. given: somebody set it to begin there, so that nothing before it is looked at.

    taken: up to where a poll that has not ended has come; what was changed later is still to be given.
    """

    newest: datetime
    given: bool = False
    taken: datetime | None = None

    @staticmethod
    def of(stored: str) -> "Cursor":
        """Also takes a plain ISO day or moment: where somebody wants polling to begin."""
        try:
            if not stored.startswith("{"):
                found = datetime.fromisoformat(stored)
                return Cursor(found if found.tzinfo else found.replace(tzinfo=UTC), given=True)
            value = json.loads(stored)
            taken = value.get("taken")
            return Cursor(
                datetime.fromisoformat(value["newest"]), taken=None if taken is None else datetime.fromisoformat(taken)
            )
        except (ValueError, KeyError, TypeError) as error:
            raise WeAreWrong("the stored position of polling Acumatica is unreadable") from error

    def text(self) -> str:
        """As it is stored."""
        value = {"newest": self.newest.isoformat()}
        return json.dumps({**value, "taken": self.taken.isoformat()} if self.taken else value)


class Polled(ABC, Generic[D]):
    """Documents of one entity. heard: told of every record that is read, for what else it says."""

    notices: Notices | None = None
    #: Nothing tells of deleted records.
    deletions: Callable[[str | None], Deleted] | None = None
    entity: str
    what: str
    number: str
    kind = "Type"
    changed_field = "LastModifiedDateTime"

    def __init__(self, client: AcumaticaClient, settings: AcumaticaConnection, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self.heard: Callable[[Row], None] | None = None

    @abstractmethod
    def query(self, condition: str = "") -> Query:
        """What is read of a record."""

    @abstractmethod
    def document(self, row: Row) -> D:
        """The document in a whole record."""

    @abstractmethod
    def entered(self, record: str) -> datetime | None:
        """When the document in a stored record was entered."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The fields that are the key of a record, as an address has them."""
        return (self.kind, self.number)

    @property
    def which(self) -> str:
        """Which records are meant at all, as a condition."""
        return ""

    def changed(self, cursor: str | None, *, limit: int = 600) -> Changed[D]:
        """Documents modified since the cursor, oldest first, at most about `limit`.

        Each poll reaches back over the overlap, so one may come again: flows tell by content what is new.
        """
        position = Cursor.of(cursor) if cursor else Cursor.of(self.begin(self._clock.now().date()))
        overlap = timedelta(0) if position.given else timedelta(seconds=self._settings.poll_overlap_seconds)
        begin = position.taken or position.newest - overlap
        with readable(self._client.connection, f"a changed {self.what}"):
            rows = self.read(since(self.changed_field, begin))
            dated = sorted(((moment(row, self.changed_field) or begin, row) for row in rows), key=_when)
            dated = [one for one in dated if position.taken is None or one[0] > position.taken]
            taken = dated[:limit]
            # All of one moment come together: the next poll begins after it.
            taken += [one for one in dated[limit:] if taken and one[0] == taken[-1][0]]
            records = [SourceRecord(to_json(row), self.document(row)) for _, row in taken]
        newest = max([position.newest, *(at for at, _ in taken)])
        more = len(taken) < len(dated)
        return Changed(records, Cursor(newest, taken=taken[-1][0] if more else None).text(), more=more)

    def begin(self, day: date) -> str:
        """The position from which all that moved on that day or later is read."""
        return f"{day.isoformat()}T00:00:00"

    def by_id(self, keys: Sequence[str]) -> list[SourceRecord[D]]:
        """Documents by type and number in batched look-ups, in the order asked; what is gone is left out."""
        with readable(self._client.connection, f"a {self.what}"):
            return [SourceRecord(to_json(row), self.document(row)) for row in self.rows(keys).values()]

    def rows(self, keys: Sequence[str]) -> dict[str, Row]:
        """The records, by id of the document."""
        wanted = [one for one in dict.fromkeys(keys) if one.count("|") == 1 and all(one.split("|"))]
        numbers: dict[str, list[str]] = {}
        for one in wanted:
            kind, _, number = one.partition("|")
            numbers.setdefault(kind, []).append(number)
        found: dict[str, Row] = {}
        with readable(self._client.connection, f"a {self.what}"):
            for kind, of_kind in numbers.items():
                query = self.query(equals("Type", kind))
                size = self._settings.page_size
                for row in read_by_keys(self._client, self.entity, self.number, of_kind, query, size=size):
                    found[document_id(text(row, "Type"), text(row, self.number))] = self._whole(row)
        return {one: found[one] for one in wanted if one in found}

    def from_record(self, record: str) -> D:
        """The document in a stored record."""
        return self.document(json.loads(record, parse_float=Decimal))

    def read(self, condition: str) -> list[Row]:
        """The records of a condition, whole."""
        query = self.query(all_of([self.which, condition]))
        size = self._settings.page_size
        rows = read_list(self._client, self.entity, self.keys[::-1], query, size=size)
        return [self._whole(row) for row in rows]

    def try_reading(self) -> None:
        """Read one record; raises what reading would."""
        self._client.rows(self.entity, replace(self.query(self.which), top=1))

    def _whole(self, row: Row) -> Row:
        """A record whose lines are missing in a list is read by itself (acumatica 10, claim)."""
        if not details(row, "Details"):
            keys = [key(row, name) for name in self.keys]
            row = self._client.record(self.entity, keys, self.query()) or row
        if self.heard is not None:
            self.heard(row)
        return row


def _when(one: tuple[datetime, Row]) -> datetime:
    return one[0]


def at_midnight(day: date | None) -> datetime | None:
    """The begin of a day, for what is told by day alone."""
    return None if day is None else datetime.combine(day, time.min, UTC)
