"""How records stand that are to be released, or were: read in batches, so that a release costs its action and no read.

Who writes a record says that its state will be asked for; the first who asks reads all of them in a list.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ml_connector.systems.acumatica.posting.finding import Findable
from ml_connector.systems.acumatica.reading.lists import read_list
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query
from ml_connector.systems.acumatica.wire.values import Row, details, identity

#: How long a state that was read counts: somebody may change a record at any time.
KEPT = timedelta(seconds=60)
#: Records read together, and remembered at the most.
TOGETHER, REMEMBERED = 200, 5000
#: Members of what was put that cannot be asked for as fields.
_NO_FIELDS = frozenset({"id", "note", "custom", "Details", "TaxDetails"})

#: What was put, by the id of its record.
Puts = Mapping[str, Mapping[str, Any]]


def fields_of(put: Mapping[str, Any]) -> list[str]:
    """What to ask for, to compare a record with what was put."""
    names = [*put, *(f"Details/{name}" for line in put.get("Details", ()) for name in line)]
    return [name for name in names if name not in _NO_FIELDS]


@dataclass
class _Known:
    """Of one entity. expected: what was put, by id, of records whose state nobody has read yet."""

    expected: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    read: dict[str, tuple[datetime, Row, Mapping[str, Any]]] = field(default_factory=dict)


class States:
    """States of records of some entities. more: fields beside those that were put. Safe to use from several threads."""

    def __init__(self, client: AcumaticaClient, page_size: int) -> None:
        self._client = client
        self._page_size = page_size
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def expect(self, entity: str, record_id: str, put: Mapping[str, Any]) -> None:
        """The state of this record will be asked for; what was read of it before counts no more."""
        with self._lock:
            known = self._known.setdefault(entity, _Known())
            known.read.pop(record_id, None)
            known.expected[record_id] = put
            while len(known.expected) > REMEMBERED:
                known.expected.pop(next(iter(known.expected)))

    def take(self, what: Findable, record_id: str, put: Mapping[str, Any], more: Sequence[str] = ()) -> Row | None:
        """The record as it stands, once; None where lists do not show it, or not whole."""
        with self._lock:
            known = self._known.setdefault(what.entity, _Known())
            if record_id not in known.read or self._is_old(known.read[record_id][0]):
                self._read(what, known, {record_id: put}, more)
            found = known.read.pop(record_id, None)
        return found[1] if found is not None and _is_whole(found[1], put) else None

    def look(self, what: Findable, puts: Puts, more: Sequence[str] = (), *, whole: bool = True) -> dict[str, Row]:
        """These records as they stand now, by id; without those that lists do not show. whole: all that was put."""
        names = [name for put in puts.values() for name in fields_of(put)] if whole else []
        select = dict.fromkeys([*what.fields, *more, *names])
        expand = ("Details",) if any(name.startswith("Details/") for name in select) else ()
        found: dict[str, Row] = {}
        whole_query = Query(select=tuple(select), expand=expand)
        for query in what.queries([what.identity_in(put) for put in puts.values()], whole_query):
            for row in read_list(self._client, what.entity, what.keys, query, size=self._page_size):
                found[identity(row)] = row
        return {record_id: found[record_id] for record_id in puts if record_id in found}

    def _read(self, what: Findable, known: _Known, puts: Puts, more: Sequence[str]) -> None:
        """Together with others that will be asked for."""
        for record_id, (at, _, put) in list(known.read.items()):
            if self._is_old(at):
                del known.read[record_id]
                known.expected.setdefault(record_id, put)
        others = [one for one in known.expected.items() if one[0] not in puts][: TOGETHER - len(puts)]
        wanted = {**puts, **dict(others)}
        now = self._client.clock.now()
        rows = self.look(what, wanted, more)
        for record_id in wanted:
            known.expected.pop(record_id, None)
        known.read |= {record_id: (now, row, wanted[record_id]) for record_id, row in rows.items()}

    def _is_old(self, at: datetime) -> bool:
        return not timedelta(0) <= self._client.clock.now() - at < KEPT


def _is_whole(row: Row, put: Mapping[str, Any]) -> bool:
    """Lines can be missing in a list though the record has them (acumatica 10, claim)."""
    return bool(details(row, "Details")) or not put.get("Details")
