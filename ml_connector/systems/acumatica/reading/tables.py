"""Reference tables: whole at first and every so often, as nothing tells of deleted records; between, what changed
(acumatica 8.3).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from ml_connector.clock import Clock
from ml_connector.documents.common import Record
from ml_connector.documents.reference import ReferenceTable
from ml_connector.flows.core.ports import ReferenceRead
from ml_connector.systems.acumatica.reading import records
from ml_connector.systems.acumatica.reading.lists import read_list
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query, readable
from ml_connector.systems.acumatica.wire.contract import Need
from ml_connector.systems.acumatica.wire.filters import since
from ml_connector.systems.acumatica.wire.values import Row, moment
from ml_connector.systems.tables import Position

_CHANGED = "LastModifiedDateTime"


@dataclass(frozen=True)
class Read:
    """How one entity becomes records. changed: the field that tells when it changed; empty: it is read whole.

    inquiry: it is asked by a PUT that finds everything.
    """

    entity: str
    key: str | tuple[str, ...]
    make: Callable[[Row], Iterator[Record]]
    fields: Sequence[str]
    expand: Sequence[str] = ()
    changed: str = _CHANGED
    inquiry: bool = False
    #: Made with the day of reading, where a record says different things by day.
    make_on: Callable[[Row, date], Iterator[Record]] | None = None

    @property
    def select(self) -> list[str]:
        """Of records that are listed."""
        return [*self.fields, *([self.changed] if self.changed else ())]


_CONTACT = ("MainContact", "MainContact/Address")
_CROSS = ("CrossReferences/AlternateID", "CrossReferences/AlternateType")
_CROSS_WHOLE = (*_CROSS, "CrossReferences/VendorOrCustomer", "CrossReferences/UOM")
_UNITS = tuple(f"UOMConversions/{name}" for name in ("FromUOM", "ToUOM", "MultiplyOrDivide", "ConversionFactor"))
_BRANCH = ("BranchID", "BranchName", "BranchStatus", "CompanyID", "BaseCurrencyID", "BranchCountry")
_ADDRESS = ("AddressLine1", "AddressLine2", "City", "State", "PostalCode", "Country")

_TAX = Read(
    "Tax",
    "TaxID",
    records.tax,
    (
        *("TaxID", "Description", "TaxType", "CalculateOn", "NotValidAfter"),
        *("TaxSchedule/StartDate", "TaxSchedule/TaxRate", "TaxSchedule/ReportingGroup", "Zones/TaxZoneID"),
    ),
    expand=("TaxSchedule", "Zones"),
)

#: By the table's name: those that every ERP has, and Acumatica's own.
TABLES: Mapping[str, tuple[Read, ...]] = {
    ReferenceTable.VENDORS: (
        Read(
            "Vendor",
            "VendorID",
            records.vendor,
            (
                *("VendorID", "VendorName", "Status", "TaxRegistrationID", "CurrencyID", "Terms"),
                "MainContact/Address/Country",
            ),
            expand=_CONTACT,
        ),
    ),
    ReferenceTable.GL_ACCOUNTS: (
        Read("Account", "AccountCD", records.account, ("AccountCD", "Description", "Active")),
    ),
    "subaccounts": (
        Read("Subaccount", "SubaccountCD", records.subaccount, ("SubaccountCD", "Description", "Active"), changed=""),
    ),
    ReferenceTable.ITEMS: (
        Read(
            "StockItem",
            "InventoryID",
            records.stock_item,
            ("InventoryID", "Description", "ItemStatus", "PurchaseUOM", "COGSAccount", *_CROSS),
            expand=("CrossReferences",),
            changed="LastModified",
        ),
        Read(
            "NonStockItem",
            "InventoryID",
            records.service,
            ("InventoryID", "Description", "ItemStatus", "PurchaseUnit", "ExpenseAccount", *_CROSS),
            expand=("CrossReferences",),
        ),
    ),
    "item_facts": (
        Read(
            "StockItem",
            "InventoryID",
            records.stock_facts,
            (
                *("InventoryID", "ItemStatus", "BaseUOM", "PurchaseUOM", "SalesUOM", "TaxCategory", "LotSerialClass"),
                "DefaultPrice",
                *_CROSS_WHOLE,
                *_UNITS,
            ),
            expand=("CrossReferences", "UOMConversions"),
            changed="LastModified",
        ),
        Read(
            "NonStockItem",
            "InventoryID",
            records.service_facts,
            (
                *("InventoryID", "ItemStatus", "BaseUnit", "PurchaseUnit", "SalesUnit", "TaxCategory"),
                *("RequireReceipt", "DefaultPrice"),
                *_CROSS_WHOLE,
            ),
            expand=("CrossReferences",),
        ),
    ),
    "customers": (
        Read(
            "Customer",
            "CustomerID",
            records.customer,
            (
                *("CustomerID", "CustomerName", "Status", "AccountRef", "CurrencyID", "Terms", "TaxZone"),
                *("CustomerClass", "LocationName", "Attributes/AttributeID", "Attributes/Value"),
            ),
            expand=("Attributes",),
        ),
    ),
    "customer_locations": (
        Read(
            "CustomerLocation",
            ("Customer", "LocationID"),
            records.customer_location,
            (
                *("Customer", "LocationID", "LocationName", "Active", "Default", "ExtRefNbr", "TaxZone", "Warehouse"),
                *(f"LocationContact/Address/{name}" for name in _ADDRESS),
            ),
            expand=("LocationContact", "LocationContact/Address"),
        ),
    ),
    "warehouses": (
        Read(
            "Warehouse",
            "WarehouseID",
            records.warehouse,
            ("WarehouseID", "Description", "Active", "Locations/LocationID", "Locations/Active"),
            expand=("Locations",),
            changed="",
        ),
    ),
    "units": (
        Read(
            "UnitsOfMeasure",
            "UnitID",
            records.unit,
            (
                *("UnitID", "Description", "L3Code"),
                *(f"Conversion/{name}" for name in ("FromUOM", "ToUOM", "MultiplyOrDivide", "ConversionFactor")),
            ),
            expand=("Conversion",),
            changed="",
        ),
    ),
    "tax_zones": (
        Read(
            "TaxZone",
            "TaxZoneID",
            records.tax_zone,
            ("TaxZoneID", "Description", "ApplicableTaxes/TaxID"),
            expand=("ApplicableTaxes",),
        ),
    ),
    "tax_categories": (
        Read(
            "TaxCategory",
            "TaxCategoryID",
            records.tax_category,
            ("TaxCategoryID", "Description", "Active", "ExcludeListedTaxes", "Details/TaxID"),
            expand=("Details",),
        ),
    ),
    "taxes": (_TAX,),
    # A rate begins on its day without a change of the tax: read whole.
    ReferenceTable.VAT_CODES: (replace(_TAX, changed="", make_on=records.vat_code),),
    "branches": (
        Read(
            "CompaniesStructure",
            "BranchID",
            records.branch,
            tuple(f"Results/{name}" for name in _BRANCH),
            changed="",
            inquiry=True,
        ),
    ),
    "financial_periods": (
        Read(
            "FinancialPeriod",
            "FinancialYear",
            records.period,
            (
                "FinancialYear",
                *(f"Details/{name}" for name in ("FinancialPeriodID", "StartDate", "EndDate", "Status")),
                *(f"Details/ClosedIn{name}" for name in ("AP", "AR", "IN")),
            ),
            expand=("Details",),
            changed="",
        ),
    ),
}


class Table:
    """One reference table."""

    def __init__(self, name: str, client: AcumaticaClient, settings: AcumaticaConnection, clock: Clock) -> None:
        self._name = name
        self._reads = TABLES[name]
        self._client = client
        self._settings = settings
        self._clock = clock

    def read(self, cursor: str | None) -> ReferenceRead:
        """The table whole, or what changed since the cursor; nothing is asked of one that the site does not have."""
        if self._name in self._settings.without:
            return ReferenceRead([], None, complete=True)
        before, now = self._client.calls, self._clock.now()
        position = Position.of(cursor) if cursor else None
        changes = position is not None and self._may_read_changes(position, now)
        start = position.newest if changes and position is not None else None
        rows: list[Record] = []
        newest = start
        with readable(self._client.connection, f"a record of {self._name}"):
            for read in self._reads:
                for row in self._rows(read, start):
                    rows += read.make(row) if read.make_on is None else read.make_on(row, now.date())
                    at = moment(row, read.changed) if read.changed else None
                    newest = at if newest is None or (at is not None and at > newest) else newest
        full = position.full if changes and position is not None else now
        return ReferenceRead(
            rows, Position(full, newest).text(), complete=not changes, calls=self._client.calls - before
        )

    def _may_read_changes(self, position: Position, now: datetime) -> bool:
        if position.newest is None or not all(read.changed for read in self._reads):
            return False
        return timedelta(0) <= now - position.full < timedelta(days=self._settings.full_sync_days)

    def _rows(self, read: Read, start: datetime | None) -> list[Row]:
        if read.inquiry:
            return self._client.inquire(read.entity)
        reach = "" if start is None else since(read.changed, start - self._overlap)
        query = Query(filter=reach, select=read.select, expand=read.expand)
        return read_list(self._client, read.entity, read.key, query, size=self._settings.page_size)

    @property
    def _overlap(self) -> timedelta:
        return timedelta(seconds=self._settings.poll_overlap_seconds)

    def needs(self) -> list[Need]:
        """The fields of the contract that it reads."""
        plain = self._name.replace("_", " ")
        return [Need(plain, read.entity, read.select) for read in self._reads]

    def try_reading(self) -> None:
        """Read one record of each entity; raises what reading the table would."""
        for read in self._reads:
            if read.inquiry:
                self._client.inquire(read.entity)
            else:
                query = Query(select=read.select, expand=read.expand, top=1)
                self._client.rows(read.entity, query)
