"""One company's books: tables, numbers, the audit history; a unit of work that can be taken back."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from ml_connector.clock import FileClock
from ml_connector.sandbox.journal import Journal
from ml_connector.sandbox.sage_intacct.books.record import Record, Table, Values
from ml_connector.sandbox.sage_intacct.books.shapes import SHAPES, SUPDOC, SUPDOCFOLDER, Shape
from ml_connector.sandbox.sage_intacct.options import SageIntacctOptions
from ml_connector.sandbox.sage_intacct.wire.errors import no_object

SYSTEM = "sage_intacct"
#: One sequence of record numbers.
_SHARE_NUMBERS = {"APBILL", "APADJUSTMENT", "APPYMT"}


@dataclass(slots=True)
class _Unit:
    """What has been done since it began: how to take it back, what to tell when it stands."""

    undo: list[Callable[[], None]] = field(default_factory=list)
    touched: list[tuple[Table, Record]] = field(default_factory=list)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


class Company:
    """The books of one company id."""

    def __init__(self, name: str, *, clock: FileClock, journal: Journal, options: SageIntacctOptions) -> None:
        self.name = name
        self.clock = clock
        self.options = options
        self._journal = journal
        self.tables = {name: Table(shape) for name, shape in SHAPES.items()}
        self.tables["SUPDOC"], self.tables["SUPDOCFOLDER"] = Table(SUPDOC), Table(SUPDOCFOLDER)
        self.files: dict[int, list[tuple[str, str, str]]] = {}  # SUPDOC number -> name, type, base64
        self.decisions: list[tuple[str, str, str, datetime]] = []  # DOCID, who, what, when
        self._numbers: dict[str, int] = {}
        self._unit: _Unit | None = None

    # tables

    def table(self, name: str) -> Table:
        """Raises Failed for an object that is not there (sage-intacct 4)."""
        if name not in SHAPES:
            raise no_object(name)
        return self.tables[name]

    def shape(self, name: str) -> Shape:
        return self.table(name).shape

    def lines(self, header: str, row: Record) -> list[Record]:
        """The owned lines of a record."""
        lines = self.tables[header].shape.lines
        return [] if lines is None else self.tables[lines.object].own(lines.parent, row.number)

    def entities(self) -> list[str]:
        return [row.text("LOCATIONID") for row in self.tables["LOCATIONENTITY"]]

    def entity_of(self, location: str) -> str:
        """The entity that a location belongs to: itself, or the one above it."""
        known, seen = set(self.entities()), set[str]()
        while location and location not in known and location not in seen:
            seen.add(location)
            row = self.tables["LOCATION"].anywhere(location)
            location = "" if row is None else row.text("PARENTID")
        return location

    def next_number(self, sequence: str) -> int:
        self._numbers[sequence] = self._numbers.get(sequence, 0) + 1
        return self._numbers[sequence]

    def start_numbers(self, sequence: str, last: int) -> None:
        self._numbers[sequence] = last

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def today(self) -> date:
        return self.now.date()

    # work that can be taken back

    @contextlib.contextmanager
    def unit(self) -> Iterator[None]:
        """Everything that is done inside stands together or not at all; one inside another is part of it."""
        if self._unit is not None:
            yield
            return
        self._unit = unit = _Unit()
        try:
            yield
        except BaseException:
            self._unit = None
            for step in reversed(unit.undo):
                step()
            raise
        self._unit = None
        now = self.now
        for table, row in {id(row): (table, row) for table, row in unit.touched}.values():
            row.keep_version(now, dict(row.values) if table.get(row.number) is row else None)
        for kind, data in unit.told:
            self._journal.write(system=SYSTEM, kind=kind, data={"company": self.name, **data})

    def _current(self) -> _Unit:
        if self._unit is None:
            raise RuntimeError("books change only inside a unit of work")
        return self._unit

    def add(self, name: str, values: Values, *, owner: str = "", user: str = "") -> Record:
        """A new record with its number."""
        table, now = self.tables[name], self.now
        number = self.next_number("APRECORD" if name in _SHARE_NUMBERS else name)
        row = Record(number, {**values, "RECORDNO": number, "CREATEDBY": user, "MODIFIEDBY": user}, owner)
        row.values["MEGAENTITYID"] = owner
        row.values["RECORD_URL"] = f"https://www-sandbox.example/ui/acct/{name.lower()}.phtml?.r={number}"
        fields = table.shape.fields
        if fields.get("WHENCREATED") == "moment":
            row.values["WHENCREATED"] = now
        if "AUWHENCREATED" in fields:
            row.values["AUWHENCREATED"] = now
        if name not in self.options.null_modified:
            row.values["WHENMODIFIED"] = now
        table.put(row)
        unit = self._current()
        unit.undo.append(lambda: table.remove(row))
        unit.touched.append((table, row))
        self._audit(name, row, "C", user)
        return row

    def change(self, name: str, row: Record, values: Values, *, user: str = "") -> None:
        """Change fields of a record; its natural key stays."""
        table, before = self.tables[name], dict(row.values)
        row.values = {**before, **values, "WHENMODIFIED": self.now, "MODIFIEDBY": user or before.get("MODIFIEDBY")}
        unit = self._current()
        unit.undo.append(lambda: setattr(row, "values", before))
        unit.touched.append((table, row))
        self._audit(name, row, "M", user)

    def delete(self, name: str, row: Record, *, user: str = "") -> None:
        """Remove a record with its lines."""
        lines = self.tables[name].shape.lines
        for line in self.lines(name, row):
            self._drop("" if lines is None else lines.object, line)
        self._drop(name, row)
        self._audit(name, row, "D", user)

    def _drop(self, name: str, row: Record) -> None:
        table = self.tables[name]
        table.remove(row)
        unit = self._current()
        unit.undo.append(lambda: table.put(row))
        unit.touched.append((table, row))

    def _audit(self, name: str, row: Record, mode: str, user: str) -> None:
        """Deletions are found in the audit history alone (sage-intacct 6.4)."""
        if not self.options.audit_history or name == "AUDITHISTORY" or SHAPES.get(name) is None:
            return
        if name.endswith(("ITEM", "ENTRY", "DETAIL")) and name != "ITEM":
            return  # lines are not objects of their own there (assumed)
        table = self.tables["AUDITHISTORY"]
        number = self.next_number("AUDITHISTORY")
        shape = SHAPES[name]
        entry = Record(
            number,
            {
                "RECORDNO": number, "ID": number, "OBJECTTYPE": name.lower(), "OBJECTKEY": row.text(shape.key),
                "USERID": user, "ACCESSTIME": self.now, "ACCESSMODE": mode, "OBJECTDESC": row.text("NAME"),
            },
            row.owner,
        )  # fmt: skip
        table.put(entry)
        unit = self._current()
        unit.undo.append(lambda: table.remove(entry))
        unit.touched.append((table, entry))

    def keep_files(self, number: int, files: list[tuple[str, str, str]]) -> None:
        """The files of an attachment: name, type, base64."""
        before = self.files.get(number, [])
        self.files[number] = files
        self._current().undo.append(lambda: self.files.update({number: before}))

    def decided(self, docid: str, user: str, what: str) -> None:
        """Somebody approved or declined a document."""
        decision = (docid, user, what, self.now)
        self.decisions.append(decision)
        self._current().undo.append(lambda: self.decisions.remove(decision))

    def tell(self, kind: str, **data: Any) -> None:
        """A write for the journal of the sandbox, told when the unit stands."""
        self._current().told.append((kind, data))

    def seen(self, name: str) -> Iterator[tuple[Record, Values]]:
        """The records of a table as reads see them, late where they lag (sage-intacct 5)."""
        table, lag = self.tables[name], self.options.lag_seconds
        if lag <= 0:
            return table.present()
        now, uneven = self.now, self.options.lag_uneven
        return table.past(lambda number: now - timedelta(seconds=lag * (_share(number) if uneven else 1)))


def _share(number: int) -> float:
    """Of the lag, between a tenth and the whole, as a record's number decides."""
    return (number * 7 % 10 + 1) / 10


@dataclass(frozen=True, slots=True)
class Work:
    """One function's work on the books: whose, at which entity level (empty: the top)."""

    company: Company
    user: str
    entity: str = ""

    @property
    def options(self) -> SageIntacctOptions:
        return self.company.options

    def sees(self, row: Record, *, private: bool = False) -> bool:
        """What belongs to an entity is not seen from the top without showprivate (sage-intacct 9)."""
        return not row.owner or row.owner == self.entity or (private and not self.entity)

    def find(self, name: str, key: str) -> Record | None:
        """By the natural key, as this level sees it."""
        return self.company.table(name).by_key(key, self.entity)
