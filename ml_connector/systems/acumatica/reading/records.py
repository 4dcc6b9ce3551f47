"""Raw records -> reference records. Identifiers are the keys: the API takes them wherever it names a record."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from ml_connector.documents.common import Record
from ml_connector.documents.reference import CostCenter, GLAccount, Item, VatCode, Vendor
from ml_connector.documents.sales.reference import (
    CrossReference,
    Customer,
    CustomerLocation,
    ItemFacts,
    NumberKind,
    UnitConversion,
)
from ml_connector.errors import WeAreWrong
from ml_connector.systems.acumatica.reading import own
from ml_connector.systems.acumatica.wire.values import Row, day, details, field, flag, linked, number, text

#: A code that is inactive without a day ended before anything.
ALWAYS_ENDED = date(1970, 1, 1)
#: Statuses in which nothing more may be entered for a party.
BLOCKED = frozenset({"Inactive", "One-Time Inactive", "Hold Payments and Entries"})
GTIN, BARCODE = "GTIN/EAN/UPC/ISBN", "Barcode"
#: Whose numbers are (8.1, CrossReferences).
NUMBER_KINDS = {
    "Customer Part Number": NumberKind.CUSTOMER,
    "Vendor Part Number": NumberKind.VENDOR,
    "Global": NumberKind.EVERYBODY,
    GTIN: NumberKind.GTIN,
    BARCODE: NumberKind.BARCODE,
}
#: ItemStatus of what cannot be put on a sales order; assumed, the sheet has no list.
NOT_SOLD = frozenset({"Inactive", "No Sales", "Marked for Deletion"})
NOT_USED = NOT_SOLD - {"No Sales"}


def key(row: Row, name: str) -> str:
    """An identifier that a record must have."""
    found = text(row, name)
    if not found:
        raise WeAreWrong(f"a record has no {name}")
    return found


def vendor(row: Row) -> Iterator[Record]:
    """Suppliers."""
    code = key(row, "VendorID")
    address = linked(linked(row, "MainContact"), "Address")
    yield Vendor(
        id=code,
        code=code,
        name=text(row, "VendorName"),
        blocked=text(row, "Status") in BLOCKED,
        country=text(address, "Country"),
        vat_number=text(row, "TaxRegistrationID"),
        currency=text(row, "CurrencyID"),
        payment_condition=text(row, "Terms"),
    )


def account(row: Row) -> Iterator[Record]:
    """Accounts of the general ledger; `secured` ones need rights of their own and are tried."""
    code = key(row, "AccountCD")
    yield GLAccount(id=code, code=code, description=text(row, "Description"), blocked=not flag(row, "Active"))


def subaccount(row: Row) -> Iterator[Record]:
    """Subaccounts, with their separators, as a dimension."""
    code = key(row, "SubaccountCD")
    ended = None if flag(row, "Active") else ALWAYS_ENDED
    yield CostCenter(id=code, code=code, description=text(row, "Description"), end_date=ended)


def stock_item(row: Row) -> Iterator[Record]:
    """Items of stock."""
    yield _item(row, stock=True, unit=text(row, "PurchaseUOM"), account=text(row, "COGSAccount"))


def service(row: Row) -> Iterator[Record]:
    """Items that are no stock, services among them."""
    yield _item(row, stock=False, unit=text(row, "PurchaseUnit"), account=text(row, "ExpenseAccount"))


def _item(row: Row, *, stock: bool, unit: str, account: str) -> Item:
    code = key(row, "InventoryID")
    by_kind = {text(line, "AlternateType"): text(line, "AlternateID") for line in details(row, "CrossReferences")}
    return Item(
        id=code,
        code=code,
        description=text(row, "Description"),
        unit=unit,
        barcode=by_kind.get(GTIN) or by_kind.get(BARCODE, ""),
        gl_account=account,
        stock=stock,
        blocked=text(row, "ItemStatus") in NOT_USED,
    )


def stock_facts(row: Row) -> Iterator[Record]:
    """What sales and units need of an item of stock."""
    yield _facts(row, stock=True, units=("BaseUOM", "PurchaseUOM", "SalesUOM"))


def service_facts(row: Row) -> Iterator[Record]:
    """What sales and units need of another item."""
    yield _facts(row, stock=False, units=("BaseUnit", "PurchaseUnit", "SalesUnit"))


def _facts(row: Row, *, stock: bool, units: tuple[str, str, str]) -> ItemFacts:
    code = key(row, "InventoryID")
    numbers = [
        CrossReference(
            number=text(line, "AlternateID"),
            kind=NUMBER_KINDS.get(text(line, "AlternateType"), text(line, "AlternateType")),
            party=text(line, "VendorOrCustomer"),
            unit=text(line, "UOM"),
        )
        for line in details(row, "CrossReferences")
        if text(line, "AlternateID")
    ]
    return ItemFacts(
        id=code,
        code=code,
        status=text(row, "ItemStatus"),
        not_sold=text(row, "ItemStatus") in NOT_SOLD,
        price=number(row, "DefaultPrice") or None,
        # Assumed: the sheet does not say of which unit it is.
        price_unit=text(row, units[0]),
        stock=stock,
        base_unit=text(row, units[0]),
        purchase_unit=text(row, units[1]),
        sales_unit=text(row, units[2]),
        tax_category=text(row, "TaxCategory"),
        tracked=stock and text(row, "LotSerialClass") not in {"", "NOTTRACKED"},
        receipt_needed=stock or flag(row, "RequireReceipt"),
        numbers=tuple(numbers),
        conversions=_conversions(row, "UOMConversions"),
    )


def _conversions(row: Row, collection: str) -> tuple[UnitConversion, ...]:
    found = [
        UnitConversion(
            from_unit=text(line, "FromUOM"),
            to_unit=text(line, "ToUOM"),
            factor=number(line, "ConversionFactor"),
            divides=text(line, "MultiplyOrDivide") == "Divide",
        )
        for line in details(row, collection)
    ]
    return tuple(one for one in found if one.from_unit and one.to_unit and one.factor)


def customer(row: Row) -> Iterator[Record]:
    """Customers."""
    code = key(row, "CustomerID")
    attributes = {text(line, "AttributeID"): text(line, "Value") for line in details(row, "Attributes")}
    yield Customer(
        id=code,
        code=code,
        name=text(row, "CustomerName"),
        status=text(row, "Status"),
        blocked=text(row, "Status") in BLOCKED,
        their_number=text(row, "AccountRef"),
        currency=text(row, "CurrencyID"),
        terms=text(row, "Terms"),
        tax_zone=text(row, "TaxZone"),
        customer_class=text(row, "CustomerClass"),
        location=text(row, "LocationName"),
        attributes={name: value for name, value in sorted(attributes.items()) if name and value},
    )


def customer_location(row: Row) -> Iterator[Record]:
    """Sites of customers."""
    customer_id, code = key(row, "Customer"), key(row, "LocationID")
    address = linked(linked(row, "LocationContact"), "Address")
    yield CustomerLocation(
        id=f"{customer_id}|{code}",
        code=code,
        customer=customer_id,
        name=text(row, "LocationName"),
        active=flag(row, "Active"),
        default=flag(row, "Default"),
        their_code=text(row, "ExtRefNbr"),
        tax_zone=text(row, "TaxZone"),
        warehouse=text(row, "Warehouse"),
        street=tuple(line for line in (text(address, "AddressLine1"), text(address, "AddressLine2")) if line),
        city=text(address, "City"),
        region=text(address, "State"),
        postal_code=text(address, "PostalCode"),
        country=text(address, "Country"),
    )


def warehouse(row: Row) -> Iterator[Record]:
    """Warehouses."""
    code = key(row, "WarehouseID")
    places = [text(line, "LocationID") for line in details(row, "Locations") if flag(line, "Active")]
    yield own.Warehouse(
        id=code,
        code=code,
        description=text(row, "Description"),
        active=flag(row, "Active"),
        locations=tuple(sorted(place for place in places if place)),
    )


def unit(row: Row) -> Iterator[Record]:
    """Units of measure."""
    code = key(row, "UnitID")
    yield own.Unit(
        id=code,
        code=code,
        description=text(row, "Description"),
        iso_code=text(row, "L3Code"),
        conversions=_conversions(row, "Conversion"),
    )


def tax_zone(row: Row) -> Iterator[Record]:
    """Tax zones."""
    code = key(row, "TaxZoneID")
    taxes = tuple(sorted(text(line, "TaxID") for line in details(row, "ApplicableTaxes")))
    yield own.TaxZone(id=code, code=code, description=text(row, "Description"), taxes=taxes)


def tax_category(row: Row) -> Iterator[Record]:
    """Tax categories."""
    code = key(row, "TaxCategoryID")
    yield own.TaxCategory(
        id=code,
        code=code,
        description=text(row, "Description"),
        active=flag(row, "Active"),
        excludes=flag(row, "ExcludeListedTaxes"),
        taxes=tuple(sorted(text(line, "TaxID") for line in details(row, "Details"))),
    )


def tax(row: Row) -> Iterator[Record]:
    """Taxes with their rates, the newest first."""
    code = key(row, "TaxID")
    rates = [
        own.TaxRate(start=day(line, "StartDate"), percent=number(line, "TaxRate"), group=text(line, "ReportingGroup"))
        for line in details(row, "TaxSchedule")
    ]
    yield own.Tax(
        id=code,
        code=code,
        description=text(row, "Description"),
        kind=text(row, "TaxType"),
        calculated_on=text(row, "CalculateOn"),
        ended=day(row, "NotValidAfter"),
        rates=tuple(sorted(rates, key=lambda one: (one.start or date.min, one.group), reverse=True)),
        zones=tuple(sorted(text(line, "TaxZoneID") for line in details(row, "Zones"))),
    )


def vat_code(row: Row, today: date) -> Iterator[Record]:
    """Taxes as rules of coding name them, with today's rate."""
    for one in tax(row):
        assert isinstance(one, own.Tax)
        rates = [rate.percent for rate in one.rates if rate.start is None or rate.start <= today]
        purchase = one.ended is None or today <= one.ended
        percent = rates[0] if rates else Decimal(0)
        yield VatCode(id=one.id, code=one.code, description=one.description, percentage=percent, purchase=purchase)


def branch(row: Row) -> Iterator[Record]:
    """Branches. Status is a flag; where it is not filled in, a branch is in use."""
    code = key(row, "BranchID")
    yield own.Branch(
        id=code,
        code=code,
        name=text(row, "BranchName"),
        active=field(row, "BranchStatus") is None or flag(row, "BranchStatus"),
        company=text(row, "CompanyID"),
        currency=text(row, "BaseCurrencyID"),
        country=text(row, "BranchCountry"),
    )


def period(row: Row) -> Iterator[Record]:
    """Financial periods of a year that are open somewhere."""
    year = key(row, "FinancialYear")
    for line in details(row, "Details"):
        code = key(line, "FinancialPeriodID")
        usable = text(line, "Status") in {"Open", "Active"}
        found = own.FinancialPeriod(
            id=code,
            code=code,
            year=year,
            start=day(line, "StartDate"),
            end=day(line, "EndDate"),
            status=text(line, "Status"),
            payables=usable and not flag(line, "ClosedInAP"),
            receivables=usable and not flag(line, "ClosedInAR"),
            inventory=usable and not flag(line, "ClosedInIN"),
        )
        if found.payables or found.receivables or found.inventory:
            yield found
