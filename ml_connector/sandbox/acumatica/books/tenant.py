"""One tenant's books: tables, numbers, branches, periods; and the work of one call on them."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ml_connector.clock import FileClock
from ml_connector.sandbox.acumatica.options import AcumaticaOptions
from ml_connector.sandbox.acumatica.wire.contract import contract
from ml_connector.sandbox.acumatica.wire.record import Record, Table
from ml_connector.sandbox.journal import Journal

CENT = Decimal("0.01")

#: Newest version first known: the tables hold what it has.
NEWEST = "24.200.001"


@dataclass(slots=True)
class Content:
    """The bytes of an attachment, in one of its versions."""

    name: str
    data: bytes
    version: int
    owner: str


class Tenant:
    """The books of one company."""

    def __init__(self, name: str, *, clock: FileClock, journal: Journal, options: AcumaticaOptions) -> None:
        self.name = name
        self.clock = clock
        self.journal = journal
        self.options = options
        self.tables = {entity.name: Table(entity.keys) for entity in contract(NEWEST).values() if entity.keys}
        self.contents: dict[str, list[Content]] = {}
        self.branches: list[dict[str, str]] = []
        self._numbers: dict[str, int] = {}

    def table(self, entity: str) -> Table:
        return self.tables[entity]

    def find(self, entity: str, *key: str) -> Record | None:
        """A record by key, as the user sees it: one that a restriction group hides is not there."""
        row = self.tables[entity].by_key(*key)
        return None if row is None or self.is_hidden(entity, row) else row

    def is_hidden(self, entity: str, row: Record) -> bool:
        if not self.options.hidden:
            return False
        name = "/".join([entity, *(str(row.get(part) or "") for part in self.tables[entity].keys)])
        return name in self.options.hidden

    def item(self, code: str) -> Record | None:
        """A stock or non-stock item: two entities, one key space (acumatica 8.3)."""
        return self.find("StockItem", code) or self.find("NonStockItem", code)

    def next_number(self, sequence: str, prefix: str = "", digits: int = 6) -> str:
        """The next number of a sequence, as "001245" or "PO000310"."""
        self._numbers[sequence] = self._numbers.get(sequence, 0) + 1
        return f"{prefix}{self._numbers[sequence]:0{digits}d}"

    def start_numbers(self, sequence: str, last: int) -> None:
        self._numbers[sequence] = last

    def branch_by_name(self, name: str) -> str | None:
        """Of the header PX-CbApiBranch, which takes names alone (acumatica 5)."""
        return next((one["BranchID"] for one in self.branches if one["BranchName"] == name), None)

    def save(self, entity: str, row: Record) -> None:
        """Store a record with the moment of its change."""
        now = self.clock.now()
        shape = contract(NEWEST)[entity].shape
        for name in ("CreatedDateTime", "CreatedDate"):
            if name in shape.fields and row.get(name) is None:
                row.values[name] = now
        for name in ("LastModifiedDateTime", "LastModified", "LastModifiedDate"):
            if name in shape.fields and shape.fields[name].type == "DateTime":
                row.values[name] = now
        row.inner["changed"] = now
        self.tables[entity].put(row)

    def attach(self, row: Record, name: str, data: bytes) -> str:
        """Store bytes as a file of that record; of the same name again: a new version (acumatica 5)."""
        known = next((file for file in row.files if file.name == name), None)
        identity = known.id if known is not None else str(uuid.uuid4())
        versions = self.contents.setdefault(identity, [])
        versions.append(Content(name, data, len(versions) + 1, row.id))
        return identity

    def wrote(self, kind: str, data: dict[str, Any]) -> None:
        self.journal.write(system="acumatica", kind=kind, data={"tenant": self.name, **data})

    def period(self, day: date, module: str) -> str | None:
        """The open financial period of a day, as MMYYYY; None when it is closed or missing."""
        return self.open_period(f"{day.month:02d}{day.year}", module)

    def open_period(self, text: str, module: str) -> str | None:
        """The period of that code when it is open in the module."""
        code = text.replace("-", "")
        year = self.table("FinancialPeriod").by_key(code[2:])
        if year is None or code in self.options.closed_periods:
            return None
        for line in year.details():
            if line.get("FinancialPeriodID") == code:
                return code if line.text("Status") == "Open" and not line.flag(f"ClosedIn{module}") else None
        return None


@dataclass(slots=True)
class Work:
    """One call on the books: whose, in which branch, on which day."""

    tenant: Tenant
    branch: str
    business_date: date
    version: str
    session: str = ""

    @property
    def options(self) -> AcumaticaOptions:
        return self.tenant.options

    @property
    def now(self) -> datetime:
        return self.tenant.clock.now()


def today(clock: FileClock, zone: str) -> date:
    """The business date: the day in the user's time zone."""
    return clock.now().astimezone(ZoneInfo(zone)).date()


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)
