"""Records and tables; what a record was some seconds ago (sage-intacct 5: reads lag)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ml_connector.sandbox.sage_intacct.books.shapes import Shape

#: A `Value` for each field.
Values = dict[str, Any]
#: How far back a version is kept: no lag is longer.
KEPT = timedelta(minutes=10)
ZERO = Decimal(0)


@dataclass(slots=True)
class Record:
    """`owner`: the entity that it is private to; empty, the top level's. `versions`: what it was from then on, None
    for deleted.
    """

    number: int
    values: Values
    owner: str = ""
    versions: list[tuple[datetime, Values | None]] = field(default_factory=list)

    def text(self, name: str) -> str:
        value = self.values.get(name)
        return "" if value is None else str(value)

    def amount(self, name: str) -> Decimal:
        value = self.values.get(name)
        return value if isinstance(value, Decimal) else ZERO

    def flag(self, name: str) -> bool:
        return self.values.get(name) is True

    def at(self, moment: datetime) -> Values | None:
        """The values as of that moment; None: it was not there."""
        found: Values | None = None
        for since, values in self.versions:
            if since > moment:
                break
            found = values
        return found

    def keep_version(self, now: datetime, values: Values | None) -> None:
        """Remember what it is from now on, and forget what nobody can read any more."""
        self.versions.append((now, values))
        while len(self.versions) > 1 and self.versions[1][0] < now - KEPT:
            self.versions.pop(0)


class Table:
    """The records of one object by number, and by natural key without regard to case."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._rows: dict[int, Record] = {}
        self._keys: dict[tuple[str, str], int] = {}
        self._deleted: dict[int, Record] = {}  # what a read that lags still shows

    def __iter__(self) -> Iterator[Record]:
        return iter(list(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, number: int) -> Record | None:
        return self._rows.get(number)

    def by_key(self, key: str, owner: str = "") -> Record | None:
        """By the natural key, of that entity or of the top level."""
        for place in dict.fromkeys((owner, "")):
            number = self._keys.get((place, key.casefold()))
            if number is not None:
                return self._rows[number]
        return None

    def anywhere(self, key: str) -> Record | None:
        """By the natural key, whoever owns it."""
        return next((row for row in self._rows.values() if row.text(self.shape.key).casefold() == key.casefold()), None)

    def put(self, row: Record) -> None:
        self._rows[row.number] = row
        self._deleted.pop(row.number, None)
        if self.shape.key != "RECORDNO" and row.text(self.shape.key):
            self._keys[row.owner, row.text(self.shape.key).casefold()] = row.number

    def remove(self, row: Record) -> None:
        self._rows.pop(row.number, None)
        self._deleted[row.number] = row
        if self.shape.key != "RECORDNO":
            self._keys.pop((row.owner, row.text(self.shape.key).casefold()), None)

    def present(self) -> Iterator[tuple[Record, Values]]:
        """Every record as it is."""
        return iter([(row, row.values) for row in self._rows.values()])

    def past(self, moment: Callable[[int], datetime]) -> Iterator[tuple[Record, Values]]:
        """Every record as it was at a moment that its number decides, the deleted since included."""
        for row in [*self._rows.values(), *self._deleted.values()]:
            values = row.at(moment(row.number))
            if values is not None:
                yield row, values

    def own(self, parent: str, number: int) -> list[Record]:
        """The lines of a header, in their order."""
        return [row for row in self._rows.values() if row.values.get(parent) == number]
