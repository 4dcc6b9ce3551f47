"""Seed data: a food distributor with two branches, the same in both tenants, so that equal numbers can be crossed."""

import calendar
from datetime import date
from decimal import Decimal

from ml_connector.sandbox.acumatica.books.tenant import Tenant
from ml_connector.sandbox.acumatica.state import AcumaticaState
from ml_connector.sandbox.acumatica.wire.record import Record, record
from ml_connector.sandbox.acumatica.wire.values import Value

CUSTOMER, SECOND_CUSTOMER = "C000042", "C000043"
BY_RECEIPT, BY_ORDER, SERVICES = "V000017", "V000018", "V000019"
BRANCH, SECOND_BRANCH = "HEADOFFICE", "NORTH"

_ACCOUNTS = (
    ("10100", "Cash", "Asset"), ("11000", "Accounts receivable", "Asset"), ("12100", "Inventory", "Asset"),
    ("20000", "Accounts payable", "Liability"), ("20100", "Purchase accrual", "Liability"),
    ("23000", "Sales tax", "Liability"), ("40000", "Sales", "Income"), ("41000", "Freight charged", "Income"),
    ("50000", "Cost of goods", "Expense"), ("61000", "Freight", "Expense"), ("62000", "Services", "Expense"),
    ("69999", "Old expenses", "Expense"),
)  # fmt: skip
#: id, name, AccountRef, order-billed, receipt action, most and least percent
_VENDORS = (
    (BY_RECEIPT, "Lone Star Produce", "ACME-17", False, "Accept but Warn", 110, 0),
    (BY_ORDER, "Prairie Dairy", "ACME-18", True, "Reject", 100, 0),
    (SERVICES, "Gulf Consulting", "ACME-19", False, "Accept", 100, 0),
    ("V000020", "Rio Foods", "ACME-20", False, "Reject", 105, 50),
    ("V000021", "Closed Mills", "ACME-21", False, "Accept", 100, 0),
)
#: id, name, AccountRef, street, city
_CUSTOMERS = (
    (CUSTOMER, "HillMart Grocery", "4411", "12 Dock Rd", "Austin"),
    (SECOND_CUSTOMER, "Corner Foods", "4412", "7 Main St", "Dallas"),
    ("C000044", "Plaza Markets", "4413", "90 River Dr", "Houston"),
)
#: customer, location, their code of it, name, tax zone
_LOCATIONS = (
    (CUSTOMER, "STORE12", "0012", "HillMart store 12", "TX"), (CUSTOMER, "STORE15", "0015", "HillMart store 15", "TX"),
    (CUSTOMER, "STORE90", "0090", "HillMart store 90", "OUT"), (SECOND_CUSTOMER, "DC1", "DC-1", "Corner centre", "TX"),
)  # fmt: skip
#: id, text, purchase unit, units in it, cost, price, tax category, lots, GTIN
_STOCK = (
    ("WIDGET1", "Widget", "EA", 1, "2.50", "4.25", "TAXABLE", False, "00614141000012"),
    ("OLIVEOIL1L", "Olive oil 1 l", "CS", 12, "5.20", "7.90", "FOOD", False, "00614141000029"),
    ("RICE5KG", "Rice 5 kg", "CS", 4, "6.00", "8.40", "FOOD", False, "00614141000036"),
    ("CHEESE2KG", "Cheese 2 kg", "CS", 6, "11.35", "15.60", "FOOD", True, "00614141000043"),
    ("NAPKINS", "Paper napkins", "CS", 24, "0.85", "1.30", "TAXABLE", False, "00614141000050"),
)
_SERVICES = (
    ("FREIGHT", "Freight", "61000", False), ("CONSULT", "Consulting hour", "62000", False),
    ("PALLET", "Pallet", "62000", True),
)  # fmt: skip


def seed_acumatica(state: AcumaticaState) -> None:
    """Fill both tenants."""
    for tenant in state.tenants.values():
        _seed(tenant)


def _seed(tenant: Tenant) -> None:
    tenant.branches = [
        {"BranchID": BRANCH, "BranchName": "Acme Foods Head Office"}, {"BranchID": SECOND_BRANCH,
        "BranchName": "Acme North"},
    ]  # fmt: skip
    for branch in tenant.branches:
        branch |= {"CompanyID": "ACME", "CompanyName": "Acme Foods", "BaseCurrencyID": "USD", "BranchCountry": "US"}
    _ledger(tenant)
    _taxes(tenant)
    _items(tenant)
    _parties(tenant)
    for sequence, last in (("Bill Bill", 1200), ("PurchaseOrder Normal", 300), ("PurchaseReceipt Receipt", 500)):
        tenant.start_numbers(sequence, last)
    for sequence, last in (("SalesOrder SO", 100), ("AR", 2000), ("Shipment", 700), ("Vendor", 100), ("Customer", 100)):
        tenant.start_numbers(sequence, last)


def _keep(tenant: Tenant, entity: str, lines: dict[str, list[Record]] | None = None, /, **values: Value) -> Record:
    row = record(values)
    row.lines |= lines or {}
    tenant.save(entity, row)
    return row


def _ledger(tenant: Tenant) -> None:
    for at, (code, text, kind) in enumerate(_ACCOUNTS, 1):
        _keep(
            tenant, "Account", AccountCD=code, AccountID=1000 + at, Description=text, Type=kind, Active=code != "69999",
            PostOption="Detail", CashAccount=code == "10100", Secured=False, RequireUnits=False,
        )  # fmt: skip
    for at, code in enumerate(("000-000", "100-000", "200-000"), 1):
        _keep(
            tenant, "Subaccount", SubaccountCD=code, SubaccountID=at, Description=f"Subaccount {code}",
            Active=code != "200-000", Secured=False,
        )  # fmt: skip
    for code, text in (("USD", "US dollar"), ("EUR", "Euro")):
        _keep(tenant, "Currency", CurrencyID=code, Description=text, Active=True, DecimalPrecision=2)
    this = tenant.clock.now().year
    for year in range(this - 2, this + 2):
        _keep(
            tenant, "FinancialPeriod", {"Details": [_period(year, month, this) for month in range(1, 13)]},
            FinancialYear=str(year), NbrOfPeriods=12, StartDate=date(year, 1, 1), UserDefinedPeriods=False,
        )  # fmt: skip


def _period(year: int, month: int, this: int) -> Record:
    days = calendar.monthrange(year, month)[1]
    closed = year < this - 1
    return record(
        FinancialPeriodID=f"{month:02d}{year}", PeriodNbr=f"{month:02d}", Description=date(year, month,
        1).strftime("%B"),
        StartDate=date(year, month, 1), EndDate=date(year, month, days), LengthInDays=days, AdjustmentPeriod=False,
        Status="Closed" if closed else "Open", ClosedInAP=closed, ClosedInAR=closed, ClosedInIN=closed,
        ClosedInCA=closed,
        ClosedInFA=closed,
    )  # fmt: skip


def _taxes(tenant: Tenant) -> None:
    local = Decimal(2)
    rates = {"TXSTATE": tenant.options.default_tax_rate - local, "TXCITY": local}
    for name, rate in rates.items():
        schedule = [
            record(TaxID=name, StartDate=date(2000, 1, 1), TaxRate=rate, RevisionID=1, ReportingGroup="Default Output")
        ]
        zones = [record(TaxID=name, TaxZoneID="TX", Description="Texas", DefaultTaxCategory="TAXABLE")]
        _keep(
            tenant, "Tax", {"TaxSchedule": schedule, "Zones": zones}, TaxID=name, Description=f"Tax {name}",
            TaxType="Sales",
            CalculateOn="Exclusive Line-Level", TaxAgency="V000019", TaxPayableAccount="23000",
        )  # fmt: skip
    _keep(
        tenant,
        "TaxZone",
        {"ApplicableTaxes": [record(TaxID=name) for name in rates]},
        TaxZoneID="TX",
        Description="Texas",
    )
    _keep(tenant, "TaxZone", TaxZoneID="OUT", Description="Outside")
    for code, text, taxed in (
        ("TAXABLE", "Taxable", True),
        ("FOOD", "Food, exempt", False),
        ("EXEMPT", "Exempt", False),
    ):
        listed = [record(TaxID=name, TaxCategory=code, TaxType="Sales") for name in rates] if taxed else []
        _keep(
            tenant, "TaxCategory", {"Details": listed}, TaxCategoryID=code, Description=text, Active=True,
            ExcludeListedTaxes=False,
        )  # fmt: skip


def _items(tenant: Tenant) -> None:
    for code, text in (("EA", "Each"), ("CS", "Case"), ("KG", "Kilogram"), ("LB", "Pound"), ("HOUR", "Hour")):
        _keep(tenant, "UnitsOfMeasure", UnitID=code, Description=text)
    pound = record(FromUOM="LB", ToUOM="KG", MultiplyOrDivide="Multiply", ConversionFactor=Decimal("0.453592"))
    tenant.table("UnitsOfMeasure").where(UnitID="LB")[0].lines["Conversion"] = [pound]
    for code, text in (("MAIN", "Main warehouse"), ("NORTH", "North warehouse")):
        places = [record(LocationID="R1S1", Description="Shelf", Active=True, ReceiptsAllowed=True, SalesAllowed=True)]
        _keep(tenant, "Warehouse", {"Locations": places}, WarehouseID=code, Description=text, Active=True)
    for code, text, unit, pack, cost, price, tax, lots, gtin in _STOCK:
        row = _keep(
            tenant, "StockItem", _stock_lines(code, unit, pack, cost, gtin), InventoryID=code, Description=text,
            BaseUOM="EA",
            PurchaseUOM=unit, SalesUOM=unit, ItemStatus="Active", ItemClass="FOOD", ItemType="Finished Good",
            LastCost=Decimal(cost) * pack, DefaultPrice=Decimal(price), CurySpecificPrice=Decimal(price),
            TaxCategory=tax, DefaultWarehouseID="MAIN", InventoryAccount="12100", SalesAccount="40000",
            COGSAccount="50000", COGSSubaccount="000-000", POAccrualAccount="20100", POAccrualSubaccount="000-000",
            LotSerialClass="LOT" if lots else "NOTTRACKED", PostingClass="FOOD", ValuationMethod="Average",
            IsAKit=False,
        )  # fmt: skip
        row.values["NoteID"] = row.id
    for code, text, account, received in _SERVICES:
        row = _keep(
            tenant, "NonStockItem", InventoryID=code, Description=text, BaseUnit="HOUR" if code == "CONSULT" else "EA",
            PurchaseUnit="HOUR" if code == "CONSULT" else "EA", SalesUnit="HOUR" if code == "CONSULT" else "EA",
            ItemStatus="Active", ItemClass="SERVICE", ItemType="Service", LastCost=Decimal(50),
            DefaultPrice=Decimal(80),
            TaxCategory="EXEMPT", ExpenseAccount=account, ExpenseSubaccount="000-000", SalesAccount="41000",
            RequireReceipt=received, RequireShipment=False,
        )  # fmt: skip
        row.values["NoteID"] = row.id


def _stock_lines(code: str, unit: str, pack: int, cost: str, gtin: str) -> dict[str, list[Record]]:
    crossed = [
        record(AlternateID=f"HM-{code}", AlternateType="Customer Part Number", VendorOrCustomer=CUSTOMER, UOM=unit),
        record(AlternateID=f"LS-{code}", AlternateType="Vendor Part Number", VendorOrCustomer=BY_RECEIPT, UOM=unit),
        record(AlternateID=gtin, AlternateType="GTIN/EAN/UPC/ISBN", UOM="EA"),
        record(AlternateID=gtin[2:], AlternateType="Barcode", UOM="EA"),
        record(AlternateID=f"G-{code}", AlternateType="Global"),
    ]
    factor = Decimal(pack)
    conversions = [record(FromUOM=unit, ToUOM="EA", MultiplyOrDivide="Multiply", ConversionFactor=factor)]
    vendors = [
        record(VendorID=vendor, VendorName=name, Active=True, PurchaseUnit=unit, LastVendorPrice=Decimal(cost) * pack)
        for vendor, name, *_ in _VENDORS[:2]
    ]
    return {
        "CrossReferences": crossed,
        "UOMConversions": conversions if unit != "EA" else [],
        "VendorDetails": vendors,
        "WarehouseDetails": [record(WarehouseID="MAIN", IsDefault=True, QtyOnHand=Decimal(1000), Status="Active")],
    }


def _parties(tenant: Tenant) -> None:
    for code, name, ref, by_order, action, most, least in _VENDORS:
        row = record(
            VendorID=code, VendorName=name, LegalName=name, AccountRef=ref,
            Status="Inactive" if code == "V000021" else "Active",
            CurrencyID="USD", EnableCurrencyOverride=code == "V000020", Terms="30D",
            TaxZone="TX" if code == SERVICES else "OUT",
            VendorClass="PRODUCT", ReceiptAction=action, MaxReceipt=Decimal(most), MinReceipt=Decimal(least),
            ThresholdReceipt=Decimal(100), APAccount="20000", APSubaccount="000-000", LocationName="Primary Location",
        )  # fmt: skip
        row.custom["DefLocation.VAllowAPBillBeforeReceipt"] = by_order
        row.links["MainContact"] = _contact(name, "1 Farm Way", "Waco")
        row.lines["Attributes"] = [record(AttributeID="EDIID", AttributeDescription="EDI id", Value=f"VEND{code[-2:]}")]
        tenant.save("Vendor", row)
    for code, name, ref, street, city in _CUSTOMERS:
        row = record(
            CustomerID=code, CustomerName=name, AccountRef=ref, Status="Active", CurrencyID="USD", Terms="30D",
            EnableCurrencyOverride=False, TaxZone="TX", CustomerClass="GROCERY", StatementCycleID="EOM",
            LocationName="Primary Location", BAccountID=5000 + int(code[-2:]),
        )  # fmt: skip
        row.values["NoteID"] = row.id
        row.links["MainContact"] = _contact(name, street, city)
        row.link("CreditVerificationRules").values |= {
            "CreditLimit": Decimal(5000), "RemainingCreditLimit": Decimal(5000), "CreditVerification": "Credit Limit",
        }  # fmt: skip
        row.lines["Attributes"] = [record(AttributeID="EDIID", AttributeDescription="EDI id", Value=f"CUST{code[-2:]}")]
        tenant.save("Customer", row)
        _location(tenant, code, "MAIN", None, "Primary Location", "TX", _contact(name, street, city))
    for at, (customer, code, ref, name, zone) in enumerate(_LOCATIONS, 1):
        _location(tenant, customer, code, ref, name, zone, _contact(name, f"{at} Store St", "Austin"))


def _location(tenant: Tenant, customer: str, code: str, ref: str | None, name: str, zone: str, contact: Record) -> None:
    row = record(
        Customer=customer, LocationID=code, LocationName=name, ExtRefNbr=ref, Active=True, Status="Active",
        TaxZone=zone,
        Default=code == "MAIN", Warehouse="MAIN",
    )  # fmt: skip
    row.values["NoteID"] = row.id
    row.links["LocationContact"] = contact
    tenant.save("CustomerLocation", row)


def _contact(name: str, street: str, city: str) -> Record:
    made = record(
        CompanyName=name, DisplayName=name, Email=f"{name.split(maxsplit=1)[0].lower()}@example.com", Active=True
    )
    made.links["Address"] = record(AddressLine1=street, City=city, State="TX", PostalCode="73301", Country="US")
    return made
