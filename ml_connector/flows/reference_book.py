"""Look-ups in the reference snapshots, and a note of which versions decided.

A book is loaded once for a batch. Rows stay plain until they are asked for, so that a table of 50,000 items
costs little when ten are used.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Generic, TypeVar

from ml_connector.documents.common import Record
from ml_connector.documents.reference import (
    CostCenter,
    GLAccount,
    Item,
    OpenOrder,
    ReferenceTable,
    VatCode,
    Vendor,
)
from ml_connector.flows.coding import CodingTables
from ml_connector.ledger import snapshots
from ml_connector.ledger.store import Ledger

R = TypeVar("R", bound=Record)
Row = Mapping[str, Any]


class Index(Generic[R]):
    """One table by id and by its code."""

    def __init__(self, model: type[R], rows: Iterable[Row], code: str) -> None:
        self._model = model
        self._rows: dict[str, Row] = {}
        self._made: dict[str, R] = {}
        for row in rows:
            self._rows[str(row["id"])] = row
            self._rows.setdefault(str(row[code]).strip().casefold(), row)

    def get(self, key: str) -> R | None:
        """The record whose id or code is `key`."""
        folded = key.strip()
        row = self._rows.get(folded) or self._rows.get(folded.casefold())
        if row is None:
            return None
        made = self._made.get(row["id"])
        if made is None:
            made = self._made[row["id"]] = self._model.model_validate(row)
        return made

    def __len__(self) -> int:
        return len({id(row) for row in self._rows.values()})


_MODELS: dict[ReferenceTable, tuple[type[Record], str]] = {
    ReferenceTable.VENDORS: (Vendor, "code"),
    ReferenceTable.GL_ACCOUNTS: (GLAccount, "code"),
    ReferenceTable.COST_CENTERS: (CostCenter, "code"),
    ReferenceTable.COST_UNITS: (CostCenter, "code"),
    ReferenceTable.ITEMS: (Item, "code"),
    ReferenceTable.VAT_CODES: (VatCode, "code"),
    ReferenceTable.PURCHASE_ORDERS: (OpenOrder, "number"),
}


class ReferenceBook:
    """The newest snapshots of a connection, or those of a day (`as_of`)."""

    def __init__(self, ledger: Ledger, connection: str, company: str, as_of: date | None = None) -> None:
        self._ledger = ledger
        self._connection = connection
        self._company = company
        self._as_of = as_of
        self._tables: dict[ReferenceTable, Index[Any]] = {}
        self.versions: dict[str, int] = {}

    def table(self, table: ReferenceTable) -> Index[Any]:
        """A table's index; an empty one when it was never read."""
        if table not in self._tables:
            model, code = _MODELS[table]
            with self._ledger.read() as tx:
                stored = snapshots.load(tx, self._connection, self._company, table, as_of=self._as_of)
            self.versions[table.value] = stored.version if stored else 0
            self._tables[table] = Index(model, stored.rows if stored else (), code)
        return self._tables[table]

    def vendor(self, key: str) -> Vendor | None:
        found: Vendor | None = self.table(ReferenceTable.VENDORS).get(key)
        return found

    def order(self, number: str) -> OpenOrder | None:
        found: OpenOrder | None = self.table(ReferenceTable.PURCHASE_ORDERS).get(number)
        return found

    def item(self, key: str) -> Item | None:
        found: Item | None = self.table(ReferenceTable.ITEMS).get(key)
        return found

    def coding_tables(self) -> CodingTables:
        def of(table: ReferenceTable) -> Callable[[str], Any]:
            return self.table(table).get

        return CodingTables(
            gl_account=of(ReferenceTable.GL_ACCOUNTS),
            cost_center=of(ReferenceTable.COST_CENTERS),
            cost_unit=of(ReferenceTable.COST_UNITS),
            item=of(ReferenceTable.ITEMS),
            vat_code=of(ReferenceTable.VAT_CODES),
        )
