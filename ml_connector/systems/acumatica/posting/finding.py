"""Finding records by whose they are and their number there: one search for bills, receipts and sales orders.

The database compares text without regard to case and blanks at the end (acumatica 3, assumed).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ml_connector.flows.core.ports import Existing, Identity, StoredOperation
from ml_connector.systems.acumatica.reading.lists import read_list
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query
from ml_connector.systems.acumatica.wire.filters import all_of, any_of, chunks, equals, length
from ml_connector.systems.acumatica.wire.values import Row, body_of, field, identity, number, text
from ml_connector.systems.our_keys import key_in


@dataclass(frozen=True)
class Findable:
    """A kind of record. party, reference: the fields of an identity; length: characters kept of the reference.

    mark: the field that holds our key. keys: the record's own, for reading in pages. amount: empty for none. other: the
    field of the other side's second number, empty for none. where: a condition that holds for all of them. gone:
    statuses of those that do not count.
    """

    entity: str
    kind: str
    party: str
    reference: str
    mark: str
    keys: tuple[str, ...]
    number: str
    fields: Sequence[str]
    gone: frozenset[str]
    amount: str = ""
    other: str = ""
    where: str = ""
    length: int | None = None

    def place(self, row: Row) -> tuple[str, str]:
        """Whose a record is and its number there, as the database compares them."""
        return text(row, self.party).casefold(), text(row, self.reference).casefold()

    def asked(self, one: Identity) -> tuple[str, str]:
        """The same of what is looked for."""
        return one.party_id.strip().casefold(), self._kept(one.number).casefold()

    def identity_in(self, put: Row) -> Identity:
        """Of a planned record."""
        return Identity(str(field(put, self.party)), str(field(put, self.reference)))

    def queries(self, identities: Sequence[Identity], query: Query) -> Iterator[Query]:
        """The query for these alone, as often as addresses are too short for all of them."""
        for condition in self._conditions(identities, query.room):
            yield replace(query, filter=condition)

    def _conditions(self, identities: Sequence[Identity], room: int) -> Iterator[str]:
        """`(party eq .. and (reference eq .. or ..)) or ..`, in groups that an address takes."""
        room -= length(all_of([self.where, "()"]))
        by_party: dict[str, dict[str, None]] = {}
        for one in identities:
            if one.party_id and one.number.strip():
                by_party.setdefault(one.party_id, {})[self._kept(one.number)] = None
        parts = [
            f"({equals(self.party, party)} and {any_of(group)})"
            for party, numbers in by_party.items()
            for group in chunks(
                [equals(self.reference, one) for one in numbers],
                most=room - length(f"({equals(self.party, party)} and ()) or "),
            )
        ]
        yield from (all_of([self.where, any_of(group)]) for group in chunks(parts, most=room))

    def _kept(self, value: str) -> str:
        return value.strip()[: self.length].strip()


class Finder:
    """Looks for records of one kind."""

    def __init__(self, client: AcumaticaClient, what: Findable, page_size: int) -> None:
        self._client = client
        self._what = what
        self._page_size = page_size

    @property
    def entity(self) -> str:
        """Where it looks."""
        return self._what.entity

    def rows(self, identities: Sequence[Identity]) -> list[Row]:
        """Records of these parties with these numbers, whoever entered them; those that are gone aside."""
        what = self._what
        rows: dict[str, Row] = {}
        for query in what.queries(identities, Query(select=what.fields)):
            found = read_list(self._client, what.entity, what.keys, query, size=self._page_size)
            rows |= {identity(row): row for row in found if text(row, "Status") not in what.gone}
        return list(rows.values())

    def existing(self, identities: Sequence[Identity]) -> list[Existing]:
        """The same as flows know them, one for each that was asked for and record."""
        asked: dict[tuple[str, str], list[Identity]] = {}
        for one in dict.fromkeys(identities):
            asked.setdefault(self._what.asked(one), []).append(one)
        rows = self.rows(identities)
        return [self._existing(row, one) for row in rows for one in asked.get(self._what.place(row), ())]

    def _existing(self, row: Row, asked: Identity) -> Existing:
        what = self._what
        return Existing(
            identity=asked,
            outside_id=identity(row),
            our_key=key_in(text(row, what.mark)),
            number=text(row, what.number),
            amount=str(abs(number(row, what.amount))) if what.amount else "",
            source=what.entity,
            kind=what.kind,
            reference=text(row, what.other) if what.other else "",
        )

    def planned(self, operations: Sequence[StoredOperation]) -> dict[int, Mapping[str, Any]]:
        """What each operation puts, by its id."""
        return {operation.id: body_of(operation.payload)["put"] for operation in operations}

    def by_key(self, operations: Sequence[StoredOperation]) -> dict[int, list[Row]]:
        """The records that carry the operations' keys: where several may share a number, they alone tell."""
        puts = self.planned(operations)
        found: dict[str, list[Row]] = {}
        for row in self.rows([self._what.identity_in(put) for put in puts.values()]):
            found.setdefault(key_in(text(row, self._what.mark)), []).append(row)
        keys = {number_: key_in(str(field(put, self._what.mark) or "")) for number_, put in puts.items()}
        return {number_: found[key] for number_, key in keys.items() if key and key in found}
