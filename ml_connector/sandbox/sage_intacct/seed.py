"""Seed data: a discrete manufacturer with two entities, the same in both companies, so that equal numbers
can be crossed.
"""

from datetime import date
from decimal import Decimal

from ml_connector.sandbox.sage_intacct.books.company import Company
from ml_connector.sandbox.sage_intacct.books.record import Values
from ml_connector.sandbox.sage_intacct.state import SageIntacctState

IRONWORKS, PRECISION, FREIGHT = "V-17", "V-18", "V-19"
PRIVATE_VENDOR = "V-30"  # of the second entity alone
CUSTOMER = "C-42"
ENTITY, SECOND_ENTITY = "100", "200"
BANK = "CHK-MAIN"

#: id, name, parent, currency; those without a parent are entities
_LOCATIONS = (
    (ENTITY, "Acme Manufacturing US", "", "USD"), ("110", "Austin plant", ENTITY, "USD"),
    ("120", "Dayton plant", ENTITY, "USD"), (SECOND_ENTITY, "Acme Manufacturing North", "", "USD"),
    ("210", "Duluth plant", SECOND_ENTITY, "USD"),
)  # fmt: skip
#: number, title, normal balance, type, what it requires
_ACCOUNTS = (
    ("1000", "Cash", "debit", "balancesheet", ()), ("1200", "Inventory", "debit", "balancesheet", ()),
    ("2000", "Accounts payable", "credit", "balancesheet", ()),
    ("2100", "Received not invoiced", "credit", "balancesheet", ()),
    ("4000", "Sales", "credit", "incomestatement", ()), ("5000", "Cost of goods", "debit", "incomestatement", ()),
    ("6100", "Shop supplies", "debit", "incomestatement", ("REQUIREDEPT",)),
    ("6200", "Freight in", "debit", "incomestatement", ("REQUIRELOC",)),
    ("6300", "Repairs", "debit", "incomestatement", ("REQUIREDEPT", "REQUIREPROJECT")),
    ("6800", "Payment differences", "debit", "incomestatement", ()),
    ("6900", "Old expenses", "debit", "incomestatement", ()),
)  # fmt: skip
#: id, name, tax number, street, city, state, zip, account
_VENDORS = (
    (IRONWORKS, "Lakeside Ironworks, Inc.", "38-1234567", "1 Foundry Rd", "Gary", "IN", "46402", "5000"),
    (PRECISION, "Precision Fasteners LLC", "47-7654321", "88 Thread Ave", "Toledo", "OH", "43604", "6100"),
    (FREIGHT, "Badger Freight Co.", "39-2223334", "400 Dock St", "Milwaukee", "WI", "53202", "6200"),
    ("V-20", "Twin Cities Tooling", "41-5556667", "12 Lathe Way", "St. Paul", "MN", "55101", "6300"),
    ("V-21", "Closed Castings Ltd.", "36-9998887", "9 Old Mill Rd", "Peoria", "IL", "61602", "5000"),
)  # fmt: skip
#: id, name, unit, cost, price, account, UPC
_ITEMS = (
    ("WIDGET1", "Widget, cast", "Each", "12.05", "19.90", "1200", "00614141100019"),
    ("BRACKET7", "Bracket 7 mm", "Each", "3.40", "5.75", "1200", "00614141100026"),
    ("BOLT-M8", "Bolt M8 x 40", "Box", "18.20", "27.50", "1200", "00614141100033"),
    ("STEEL-2MM", "Sheet steel 2 mm", "Sheet", "46.75", "63.00", "1200", "00614141100040"),
    ("COOLANT", "Cutting coolant", "Drum", "210.00", "289.00", "6100", "00614141100057"),
)  # fmt: skip
#: name, prefix of its numbers, class, category, updates the general ledger through AP
_PURCHASING = (
    ("Purchase Requisition", "PR", "Quote", "Q", "N"), ("Purchase Order", "PO", "Order", "O", "N"),
    ("PO Receiver", "RC", "Packing Slip", "S", "N"), ("Vendor Invoice", "VI", "Invoice", "I", "A"),
    ("Vendor Return", "VR", "Return", "R", "A"),
)  # fmt: skip
_SELLING = (("Sales Quote", "SQ", "Quote", "Q", "N"), ("Sales Order", "SO", "Order", "O", "N"))


def seed_sage_intacct(state: SageIntacctState) -> None:
    """Fill both companies."""
    for company in state.companies.values():
        with company.unit():
            _seed(company)


def _seed(company: Company) -> None:
    for sequence, last in (("APRECORD", 100), ("PODOCUMENTENTRY", 5500), ("Purchase Order", 200), ("PO Receiver", 30)):
        company.start_numbers(sequence, last)
    for sequence, last in (("Vendor Invoice", 70), ("Sales Order", 900), ("VENDOR id", 100), ("Vendor Return", 10)):
        company.start_numbers(sequence, last)
    _places(company)
    _ledger(company)
    for name, days in (("Net 30", 30), ("Net 60", 60), ("Due on receipt", 0)):
        _keep(company, "APTERM", NAME=name, DESCRIPTION=name, DUEDATE=days, DUEFROM="bill date")
    _parties(company)
    _things(company)
    for table, rows in (("PODOCUMENTPARAMS", _PURCHASING), ("SODOCUMENTPARAMS", _SELLING)):
        for name, prefix, kind, category, ledger in rows:
            _keep(
                company, table, DOCID=name, DESCRIPTION=prefix, DOCCLASS=kind, CATEGORY=category, CREATETYPE="C",
                ENABLE_SEQNUM=True, UPDGL=ledger, PARTIALCONVERTHANDLING="Leave Transaction Open",
            )  # fmt: skip
    _keep(company, "USERINFO", LOGINID=company.options.user, USERNAME="EDI service", USERTYPE="business user")


def _keep(company: Company, table: str, owner: str = "", /, **values: object) -> None:
    made: Values = {"STATUS": "active"}
    made.update(values)
    company.add(table, made, owner=owner, user="admin")


def _places(company: Company) -> None:
    for code, name, parent, currency in _LOCATIONS:
        if not parent:
            _keep(
                company, "LOCATIONENTITY", LOCATIONID=code, NAME=name, CURRENCY=currency, LEGALNAME=name,
                OPCOUNTRY="United States", STARTDATE=date(2015, 1, 1),
            )  # fmt: skip
        _keep(
            company, "LOCATION", LOCATIONID=code, NAME=name, PARENTID=parent or None, CURRENCY=currency,
            STARTDATE=date(2015, 1, 1), ENTITY=company.entity_of(code) or code,
        )  # fmt: skip
    for code, name, parent in (("10", "Purchasing", ""), ("20", "Production", ""), ("21", "Machining", "20")):
        _keep(company, "DEPARTMENT", DEPARTMENTID=code, TITLE=name, PARENTID=parent or None)
    for code, name in (("STD", "Standard parts"), ("CUSTOM", "Made to order")):
        _keep(company, "CLASS", CLASSID=code, NAME=name, DESCRIPTION=name)
    for code, name, place in (("W-AUSTIN", "Austin stores", "110"), ("W-DULUTH", "Duluth stores", "210")):
        _keep(company, "WAREHOUSE", WAREHOUSEID=code, NAME=name, LOCATIONID=place)


def _ledger(company: Company) -> None:
    for code, title, balance, kind, required in _ACCOUNTS:
        _keep(
            company, "GLACCOUNT", ACCOUNTNO=code, TITLE=title, NORMALBALANCE=balance, ACCOUNTTYPE=kind,
            CLOSINGTYPE="non-closing account" if kind == "balancesheet" else "closing account",
            CLOSINGACCOUNTNO=None if kind == "balancesheet" else "3000", TAXABLE=False,
            STATUS="inactive" if code == "6900" else "active",
            **{name: name in required for name in ("REQUIREDEPT", "REQUIRELOC", "REQUIREPROJECT", "REQUIREVENDOR",
               "REQUIRECLASS", "REQUIREITEM")},
        )  # fmt: skip
    for symbol, title in (("GJ", "General journal"), ("APJ", "Payables journal"), ("EDIJ", "EDI differences")):
        _keep(company, "GLJOURNAL", SYMBOL=symbol, TITLE=title, STARTDATE=date(2015, 1, 1))
    _keep(
        company, "CHECKINGACCOUNT", BANKACCOUNTID=BANK, BANKACCOUNTNO="0004411", GLACCOUNTNO="1000", CURRENCY="USD",
        BANKNAME="First Bank", BANKACCOUNTTYPE="checking", LOCATIONID=ENTITY,
    )  # fmt: skip


def _parties(company: Company) -> None:
    for code, name, tax, street, city, state, code_of_place, account in _VENDORS:
        _vendor(company, code, name, tax, street, city, state, code_of_place, account)
    private = (PRIVATE_VENDOR, "Superior Paint Works", "41-1112223", "3 Lake Ave", "Duluth", "MN", "55802", "6100")
    _vendor(company, *private, SECOND_ENTITY)
    for code, name, city in ((CUSTOMER, "Hillcrest Machinery", "Omaha"), ("C-43", "Valley Pumps", "Fargo")):
        _keep(
            company, "CUSTOMER", CUSTOMERID=code, NAME=name, TERMNAME="Net 30", CURRENCY="USD",
            **_contact(name, "5 Market St", city, "NE", "68102"),
        )  # fmt: skip
    for code, name, customer in (("P-1001", "Line 4 rebuild", ""), ("P-1002", "Hillcrest retrofit", CUSTOMER)):
        _keep(company, "PROJECT", PROJECTID=code, NAME=name, PROJECTCATEGORY="Contract", CUSTOMERID=customer or None)


def _vendor(
    company: Company, code: str, name: str, tax: str, street: str, city: str, state: str, place: str, account: str,
    owner: str = "",
) -> None:  # fmt: skip
    _keep(
        company, "VENDOR", owner, VENDORID=code, NAME=name, TAXID=tax, TERMNAME="Net 30", CURRENCY="USD",
        APACCOUNT=account, OFFSETGLACCOUNTNO="2000", STATUS="inactive" if code == "V-21" else "active",
        ACHENABLED=code == IRONWORKS, ACHBANKROUTINGNUMBER="071000013" if code == IRONWORKS else None,
        ACHACCOUNTNUMBER="99887766" if code == IRONWORKS else None, ONHOLD=False, ONETIME=False,
        **_contact(name, street, city, state, place),
    )  # fmt: skip


def _contact(name: str, street: str, city: str, state: str, place: str) -> dict[str, str]:
    word = name.split(maxsplit=1)[0].lower()
    contact = {"PRINTAS": name, "CONTACTNAME": name, "COMPANYNAME": name, "EMAIL1": f"ap@{word}.example"}
    address = {"ADDRESS1": street, "CITY": city, "STATE": state, "ZIP": place, "COUNTRY": "United States",
               "COUNTRYCODE": "US"}  # fmt: skip
    return {f"DISPLAYCONTACT.{field}": text for field, text in contact.items()} | {
        f"DISPLAYCONTACT.MAILADDRESS.{field}": text for field, text in address.items()
    }


def _things(company: Company) -> None:
    for code, name, unit, cost, price, account, upc in _ITEMS:
        _keep(
            company, "ITEM", ITEMID=code, NAME=name, ITEMTYPE="Inventory", UOMGRP=unit, BASEUOM=unit, UPC=upc,
            STANDARD_COST=Decimal(cost), BASEPRICE=Decimal(price), APGLACCOUNT=account, TAXABLE=False,
            **{"UOM.POUOMDETAIL.UNIT": unit, "UOM.OEUOMDETAIL.UNIT": unit, "EXTENDED_DESCRIPTION": name},
        )  # fmt: skip
    _keep(
        company, "ITEM", ITEMID="FREIGHT", NAME="Freight", ITEMTYPE="Non-Inventory", UOMGRP="Each", BASEUOM="Each",
        STANDARD_COST=Decimal(0), BASEPRICE=Decimal(0), APGLACCOUNT="6200",
    )  # fmt: skip
