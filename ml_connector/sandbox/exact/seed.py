"""The company that the stand-in starts with: Voltwerk Industries BV, its suppliers, items and accounts."""

from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.sandbox.exact.seed_items import CHARGES, OTHER_ACCOUNTS, STOCK_ITEMS
from ml_connector.sandbox.exact.state import ExactState
from ml_connector.sandbox.exact.user import create_orders, order_facts
from ml_connector.sandbox.exact.wire.company import Company
from ml_connector.sandbox.exact.wire.wire import Row, day_ms

DIVISION = 124132
SECOND_DIVISION = 124133
FOREIGN_DIVISION = 999999

SUPPLIERS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("20011", "Northwind Components", "NL", {"PurchaseVATCode": "2  "}),
    ("20012", "Acme Fasteners", "NL", {"PurchaseVATCode": "2  "}),
    ("20013", "Brightline Cables", "NL", {"PurchaseVATCode": "2  "}),
    ("20014", "Delft Optics", "NL", {"PurchaseVATCode": "2  ", "Blocked": True}),
    ("20015", "Seine Emballages", "FR", {"PurchaseVATCode": "RC "}),
    ("20016", "Hudson Instruments", "US", {"PurchaseVATCode": "0  ", "PurchaseCurrency": "USD"}),
]
# Code, description, type, balance side, cost center use (0 optional, 1 mandatory, 2 no), blocked.
_ACCOUNTS: list[tuple[str, str, int, str, int, bool]] = [
    ("1100", "Bank", 12, "D", 2, False),
    ("1110", "Bank clearing", 90, "D", 2, False),
    ("1300", "Accounts receivable", 20, "D", 2, False),
    ("1500", "VAT to claim", 24, "D", 2, False),
    ("1510", "VAT to pay", 24, "C", 2, False),
    ("1600", "Accounts payable", 22, "C", 2, False),
    ("3000", "Inventory", 40, "D", 2, False),
    ("3010", "Goods received, not invoiced", 90, "C", 2, False),
    ("4000", "Purchases", 111, "D", 0, False),
    ("4400", "Freight", 111, "D", 0, False),
    ("4406", "Consumables", 120, "D", 0, False),
    ("4410", "Packaging", 120, "D", 0, False),
    ("4420", "Handling", 120, "D", 0, False),
    ("4430", "Purchase discounts", 111, "C", 0, False),
    ("4500", "Laboratory supplies", 120, "D", 1, False),
    ("4510", "Repairs and maintenance", 120, "D", 1, False),
    ("4590", "Old overheads", 120, "D", 0, True),
    ("8000", "Sales", 110, "C", 2, False),
]
_VAT: list[tuple[str, str, str, str, str]] = [  # code, description, percentage, type, transaction type
    ("0  ", "No VAT", "0", "B", "B"),
    ("2  ", "VAT high, excluding", "0.21", "E", "B"),
    ("3  ", "VAT low, excluding", "0.09", "E", "B"),
    ("4  ", "VAT high, including", "0.21", "I", "B"),
    ("RC ", "Reverse charge", "0", "E", "P"),
]
_JOURNALS = [
    ("50", "Bank", 12, "EUR"),
    ("60", "Purchases", 22, "EUR"),
    ("61", "Purchases USD", 22, "USD"),
    ("70", "Sales", 20, "EUR"),
    ("90", "General", 90, "EUR"),
]
#: Last of all, so that the ids of what older ledgers know stay the same.
_LATER_JOURNALS = [("51", "Payments clearing", 12, "EUR"), ("62", "Overheads", 22, "EUR")]
_UNITS = [("pc", "Piece"), ("box", "Box"), ("m", "Metre"), ("kg", "Kilogram")]


def seed_exact(state: ExactState) -> None:
    """Fill a fresh state: two divisions in reach, one out of it, and the master data of both."""
    main = state.add_company(DIVISION, "Voltwerk Industries BV")
    second = state.add_company(SECOND_DIVISION, "Voltwerk Services BV")
    state.current_division = DIVISION
    for company in (main, second):
        with company.at_once():
            _divisions(state, company)
            seed_company(company)
        company.pending.clear()


def orders(state: ExactState, count: int, *, seed: int | None = None, approved: bool = True) -> list[dict[str, Any]]:
    """Create that many purchase orders as buyers would; their facts as `user.order_facts` gives them."""
    made = create_orders(state, count, seed=seed, approved=approved)
    return [order_facts(state, order) for order in made]


def _divisions(state: ExactState, company: Company) -> None:
    state.division_rows.append(
        {
            "Code": company.code,
            "Description": company.name,
            "Country": "NL ",
            "Currency": company.currency,
            "Customer": company.new_guid(),
            "CustomerCode": str(company.code).rjust(18),
            "CustomerName": company.name,
            "Created": day_ms(date(2020, 1, 1)),
            "Creator": company.user.id,
            "CreatorFullName": company.user.full_name,
            "Modified": company.now_ms(),
            "Hid": company.code,
            "HID": company.code,
            "IsMainDivision": company.code == DIVISION,
            "Main": company.code == DIVISION,
            "Legislation": "NL",
            "StartDate": day_ms(date(2020, 1, 1)),
            "Status": 1,
            "VATNumber": "NL001234567B01",
        }
    )


def seed_company(company: Company) -> None:
    """The master data of one division; no orders."""
    _plain(company)
    accounts = _gl_accounts(company)
    units = {
        code: company.add(
            "logistics/Units",
            {"Code": code.ljust(8), "Description": text, "Active": True, "Main": int(code == "pc"), "Type": "O"},
        )
        for code, text in _UNITS
    }
    suppliers = _crm(company, accounts)
    _items(company, accounts, units, suppliers)
    for journal in _LATER_JOURNALS:
        _journal(company, *journal)


def _plain(company: Company) -> None:
    for code, text, share, kind, use in _VAT:
        company.add(
            "vat/VATCodes",
            {
                "Code": code,
                "Description": text,
                "Percentage": Decimal(share),
                "Type": kind,
                "VATTransactionType": use,
                "IsBlocked": False,
            },
        )
    for journal in _JOURNALS:
        _journal(company, *journal)
    centers = (("OPS", "Operations"), ("LAB", "Laboratory"), ("WHS", "Warehouse"), ("ADM", "Office"))
    for code, text in centers:
        company.add("hrm/Costcenters", {"Code": code, "Description": text, "Active": True})
    company.add(
        "hrm/Costcenters",
        {"Code": "OLD", "Description": "Closed plant", "Active": False, "EndDate": day_ms(date(2025, 1, 1))},
    )
    for code, text in (("P1", "Project one"), ("P2", "Project two")):
        company.add("hrm/Costunits", {"Code": code, "Description": text})
    for condition, days in (("00", 0), ("14", 14), ("30", 30), ("60", 60)):
        company.add(
            "cashflow/PaymentConditions",
            {"Code": condition, "Description": f"{days} days", "PaymentDays": days, "PaymentMethod": "B"},
        )
    company.add("inventory/Warehouses", {"Code": "1", "Description": "Main warehouse", "Main": 1})
    company.add("inventory/Warehouses", {"Code": "2", "Description": "Second warehouse", "Main": 0})


def _gl_accounts(company: Company) -> dict[str, str]:
    keys: dict[str, str] = {}
    for code, text, kind, side, use, blocked in _ACCOUNTS:
        keys[code] = company.add(
            "financial/GLAccounts",
            {
                "Code": code,
                "Description": text,
                "Type": kind,
                "BalanceSide": side,
                "BalanceType": "W" if kind >= 110 else "B",
                "UseCostcenter": use,
                "UseCostunit": 0,
                "IsBlocked": blocked,
                "SearchCode": code,
            },
        )["ID"]
    for number, text in enumerate(OTHER_ACCOUNTS):
        code = str(4600 + number * 10)
        row: Row = {"Code": code, "Description": text, "Type": 121, "BalanceSide": "D", "BalanceType": "W"}
        keys[code] = company.add("financial/GLAccounts", row)["ID"]
    return keys


def _crm(company: Company, accounts: dict[str, str]) -> dict[str, Row]:
    suppliers: dict[str, Row] = {}
    for at, (code, name, country, more) in enumerate(SUPPLIERS):
        values: Row = {
            "Code": code.rjust(18),
            "Name": name,
            "Country": country.ljust(3),
            "IsSupplier": True,
            "IsPurchase": True,
            "Status": "A",
            "Blocked": False,
            "City": "Rotterdam",
            "VATNumber": f"{country}00123456{at}B01",
            "ChamberOfCommerce": f"1234567{at}",
            "GLAccountPurchase": accounts["4406" if code in {"20012", "20016"} else "4000"],
            "GLAP": accounts["1600"],
            "PaymentConditionPurchase": "30",
            "PurchaseCurrency": "EUR",
            **more,
        }
        suppliers[code] = company.add("crm/Accounts", values)
    for number in range(60):
        company.add(
            "crm/Accounts",
            {
                "Code": str(10001 + number).rjust(18),
                "Name": f"Customer {number + 1:02d}",
                "Country": "NL ",
                "Status": "C",
                "IsSales": True,
            },
        )
    return suppliers


def _items(company: Company, accounts: dict[str, str], units: dict[str, Row], suppliers: dict[str, Row]) -> None:
    groups = {"COMP": company.new_guid(), "CABLE": company.new_guid(), "CHARGE": company.new_guid()}
    for code, text, unit, price, supplier, their_code, account, group in STOCK_ITEMS:
        item = company.add(
            "logistics/Items",
            {
                "Code": code,
                "Description": text,
                "Unit": unit.ljust(8),
                "UnitDescription": units[unit]["Description"],
                "IsStockItem": True,
                "IsPurchaseItem": True,
                "IsSalesItem": False,
                "ItemGroup": groups[group],
                "ItemGroupCode": group,
                "ItemGroupDescription": group.title(),
                "GLCosts": accounts[account],
                "GLCostsCode": account,
                "GLStock": accounts["3000"],
                "GLStockCode": "3000",
                "CostPriceStandard": Decimal(price),
                "Stock": Decimal(0),
            },
        )
        _offer(company, item, units[unit], suppliers[supplier], their_code, Decimal(price))
    for code, text, account in CHARGES:
        company.add(
            "logistics/Items",
            {
                "Code": code,
                "Description": text,
                "Unit": "pc".ljust(8),
                "IsStockItem": False,
                "IsPurchaseItem": True,
                "ItemGroup": groups["CHARGE"],
                "ItemGroupCode": "CHARGE",
                "ItemGroupDescription": "Charges",
                "GLCosts": accounts[account],
                "GLCostsCode": account,
            },
        )


def _offer(company: Company, item: Row, unit: Row, supplier: Row, code: str, price: Decimal) -> None:
    company.add(
        "logistics/SupplierItem",
        {
            "Item": item["ID"],
            "ItemCode": item["Code"],
            "ItemDescription": item["Description"],
            "ItemUnit": unit["ID"],
            "ItemUnitCode": unit["Code"],
            "ItemUnitDescription": unit["Description"],
            "MainSupplier": True,
            "PurchasePrice": price,
            "PurchaseUnit": unit["Code"],
            "PurchaseUnitFactor": Decimal(1),
            "PurchaseVATCode": supplier.get("PurchaseVATCode"),
            "Currency": supplier["PurchaseCurrency"],
            "Supplier": supplier["ID"],
            "SupplierCode": supplier["Code"],
            "SupplierDescription": supplier["Name"],
            "SupplierItemCode": code,
        },
    )


def _journal(company: Company, code: str, text: str, kind: int, currency: str) -> None:
    company.add(
        "financial/Journals",
        {"Code": code, "Description": text, "Type": kind, "Currency": currency, "IsBlocked": False},
    )
