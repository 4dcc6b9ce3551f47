"""Look-ups in the reference snapshots, and a note of which versions decided.

A book is loaded once for a batch. Rows stay plain until they are asked for, so that a table of 50,000 items
costs little when ten are used.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec

from ml_connector.config.partners import Partner
from ml_connector.documents.common import Record
from ml_connector.documents.dimensions import table_of
from ml_connector.documents.records import from_json
from ml_connector.documents.reference import (
    CostCenter,
    GLAccount,
    Item,
    OpenOrder,
    ReferenceTable,
    VatCode,
    Vendor,
)
from ml_connector.documents.sales.reference import Customer, CustomerLocation, ItemFacts, SalesPrice, SalesTable
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.reference.coding_tables import CodingTables
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import snapshots

R = TypeVar("R", bound=Record)

#: Records of a table that are kept made: what a batch needs, however many documents a run takes.
KEPT = 2000


class _KnownBy(msgspec.Struct):
    """What rows are looked up by; the rest of them is passed over."""

    id: str
    code: str = ""
    number: str = ""


_known_by = msgspec.json.Decoder(_KnownBy).decode


class Index(Generic[R]):
    """One table by id and by its code. Rows stay text until they are asked for."""

    def __init__(self, model: type[R], lines: Sequence[str], code: str) -> None:
        self._model = model
        self._lines = lines
        self._places: dict[str, int] = {}
        self._made = lru_cache(maxsize=KEPT)(self._make)
        for place, line in enumerate(lines):
            row = _known_by(line)
            self._places[row.id] = place
            self._places.setdefault(getattr(row, code).strip().casefold(), place)

    def get(self, key: str) -> R | None:
        """The record whose id or code is `key`."""
        folded = key.strip()
        place = self._places.get(folded, self._places.get(folded.casefold()))
        return None if place is None else self._made(place)

    def _make(self, place: int) -> R:
        return from_json(self._model, self._lines[place])

    def records(self) -> Iterator[R]:
        """All of them."""
        return map(self._make, range(len(self._lines)))

    def __len__(self) -> int:
        return len(self._lines)


_MODELS: dict[str, tuple[type[Record], str]] = {
    ReferenceTable.VENDORS: (Vendor, "code"),
    ReferenceTable.GL_ACCOUNTS: (GLAccount, "code"),
    ReferenceTable.COST_CENTERS: (CostCenter, "code"),
    ReferenceTable.COST_UNITS: (CostCenter, "code"),
    ReferenceTable.ITEMS: (Item, "code"),
    ReferenceTable.VAT_CODES: (VatCode, "code"),
    ReferenceTable.PURCHASE_ORDERS: (OpenOrder, "number"),
    SalesTable.CUSTOMERS: (Customer, "code"),
    SalesTable.CUSTOMER_LOCATIONS: (CustomerLocation, "code"),
    SalesTable.ITEM_FACTS: (ItemFacts, "code"),
    SalesTable.SALES_PRICES: (SalesPrice, "code"),
}


def model_of(table: str) -> type[Record] | None:
    """The record that rows of a table are; None of an ERP's own."""
    return _MODELS[table][0] if table in _MODELS else None


class ReferenceBook:
    """The newest snapshots of a connection, or those of a day (`as_of`)."""

    def __init__(self, ledger: Ledger, connection: str, company: str, as_of: date | None = None) -> None:
        self._ledger = ledger
        self._connection = connection
        self._company = company
        self._as_of = as_of
        self._tables: dict[str, Index[Any]] = {}
        self.versions: dict[str, int] = {}

    @classmethod
    def of(cls, integration: Integration, as_of: date | None = None) -> "ReferenceBook":
        """Of an integration's ERP."""
        return cls(integration.ledger, integration.erp.connection, integration.erp.company, as_of)

    def table(self, table: str) -> Index[Any]:
        """A table's index; an empty one when it was never read. One that is not known is of a dimension's codes."""
        if table not in self._tables:
            model, code = _MODELS.get(table, (CostCenter, "code"))
            with self._ledger.read() as tx:
                stored = snapshots.load_lines(tx, self._connection, self._company, table, as_of=self._as_of)
            self.versions[str(table)], lines = stored if stored else (0, [])
            self._tables[table] = Index(model, lines, code)
        return self._tables[table]

    def records(self, table: str) -> Iterator[Any]:
        """All records of a table, made one by one."""
        return self.table(table).records()

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
            vendor=of(ReferenceTable.VENDORS),
            other_dimension=lambda dimension, code: self.table(table_of(dimension)).get(code),
        )


def vendor_of(book: ReferenceBook, partner: Partner) -> Vendor:
    """The supplier that a partner is.

    Raises:
        NeedsCorrection: the ERP has none.
    """
    vendor = book.vendor(partner.vendor)
    if vendor is None:
        raise NeedsCorrection(
            Reason.UNKNOWN_SUPPLIER,
            f"The ERP has no supplier {partner.vendor} (partner {partner.name}).",
            remedy="Create the supplier, or mend `vendor` in the partner's file.",
            data={"vendor": partner.vendor, "partner": partner.name},
        )
    if vendor.blocked:
        raise NeedsCorrection(
            Reason.SUPPLIER_BLOCKED,
            f"Supplier {vendor.code} {vendor.name} is blocked in the ERP.",
            remedy="Unblock the supplier; the invoice is taken up again by itself.",
            data={"vendor": vendor.code},
        )
    return vendor
