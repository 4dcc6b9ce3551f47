"""Raw records -> reference records. Identifiers are the keys: every function names a record by them (intacct 7)."""

from collections.abc import Iterator
from datetime import date, timedelta

from ml_connector.documents.common import Record
from ml_connector.documents.reference import CostCenter, GLAccount, Item, Requirement, Vendor
from ml_connector.documents.sales.reference import CrossReference, Customer, CustomerLocation, ItemFacts, NumberKind
from ml_connector.systems.sage_intacct.reading import own
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire.values import Row, day, flag, is_active, key, text

DEPARTMENT, LOCATION, CLASS, PROJECT = "department", "location", "class", "project"
DIMENSIONS = (DEPARTMENT, LOCATION, CLASS, PROJECT)
#: An account's flag that makes a dimension needed (intacct 7, 9).
REQUIRED = {DEPARTMENT: "REQUIREDEPT", LOCATION: "REQUIRELOC", CLASS: "REQUIRECLASS", PROJECT: "REQUIREPROJECT"}
#: Units that an item is bought and sold in, where it says so.
UNITS = ("UOM.POUOMDETAIL.UNIT", "UOM.OEUOMDETAIL.UNIT")
#: Bank and account that a vendor is paid to by ACH: not in the sheet, read where the object has them.
BANK_ACCOUNT = ("ACHBANKROUTINGNUMBER", "ACHACCOUNTNUMBER")
ADDRESS = "DISPLAYCONTACT.MAILADDRESS."
#: A code that is inactive without a day ended before anything.
ALWAYS_ENDED = date(1970, 1, 1)


def vendor(row: Row, _: IntacctConnection) -> Iterator[Record]:
    """Suppliers. APACCOUNT is the default expense account (intacct 7)."""
    code = key(row, "VENDORID")
    account = "/".join(one for name in BANK_ACCOUNT if (one := text(row, name)))
    yield Vendor(
        id=code,
        code=code,
        name=text(row, "NAME"),
        blocked=not is_active(row) or flag(row, "ONHOLD"),
        street=tuple(one for name in ("ADDRESS1", "ADDRESS2") if (one := text(row, f"{ADDRESS}{name}"))),
        postal_code=text(row, f"{ADDRESS}ZIP"),
        city=text(row, f"{ADDRESS}CITY"),
        region=text(row, f"{ADDRESS}STATE"),
        country=text(row, f"{ADDRESS}COUNTRYCODE"),
        phone=text(row, "DISPLAYCONTACT.PHONE1"),
        email=text(row, "DISPLAYCONTACT.EMAIL1"),
        bank_accounts=(account,) if text(row, BANK_ACCOUNT[-1]) else (),
        vat_number=text(row, "TAXID"),
        currency=text(row, "CURRENCY"),
        gl_account=text(row, "APACCOUNT"),
        payment_condition=text(row, "TERMNAME"),
    )


def account(row: Row, settings: IntacctConnection) -> Iterator[Record]:
    """Accounts, with the dimensions that they want. What the connection fills in by itself nobody is asked for."""
    code = key(row, "ACCOUNTNO")
    filled = {DEPARTMENT: settings.department, LOCATION: settings.location or settings.entity}
    wanted = [name for name, field in REQUIRED.items() if flag(row, field) and not filled.get(name)]
    yield GLAccount(
        id=code,
        code=code,
        description=text(row, "TITLE"),
        blocked=not is_active(row),
        other_dimensions=dict.fromkeys(wanted, Requirement.MANDATORY),
    )


def item(row: Row, _: IntacctConnection) -> Iterator[Record]:
    """Items. Their accounts are those of their GL group, which Intacct keeps to itself."""
    code = key(row, "ITEMID")
    yield Item(
        id=code,
        code=code,
        description=text(row, "NAME"),
        unit=text(row, "BASEUOM"),
        barcode=text(row, "UPC"),
        stock=text(row, "ITEMTYPE").casefold() in {"inventory", "stockable kit"},
        blocked=not is_active(row),
    )


def item_facts(row: Row, _: IntacctConnection) -> Iterator[Record]:
    """What sales need of an item."""
    code = key(row, "ITEMID")
    unit, upc = text(row, "BASEUOM"), text(row, "UPC")
    purchase, sales = (text(row, name) or unit for name in UNITS)
    yield ItemFacts(
        id=code,
        code=code,
        status=text(row, "STATUS"),
        not_sold=not is_active(row) or text(row, "ITEMTYPE").casefold().endswith("(purchase only)"),
        stock=text(row, "ITEMTYPE").casefold() in {"inventory", "stockable kit"},
        base_unit=unit,
        purchase_unit=purchase,
        sales_unit=sales,
        numbers=(CrossReference(number=upc, kind=NumberKind.GTIN),) if upc else (),
    )


def customer(row: Row, _: IntacctConnection) -> Iterator[Record]:
    """Customers."""
    code = key(row, "CUSTOMERID")
    yield Customer(
        id=code,
        code=code,
        name=text(row, "NAME"),
        status=text(row, "STATUS"),
        blocked=not is_active(row) or flag(row, "ONHOLD"),
        currency=text(row, "CURRENCY"),
        terms=text(row, "TERMNAME"),
    )


def customer_location(row: Row, _: IntacctConnection) -> Iterator[Record]:
    """The one place of a customer that Intacct tells with it: its own address."""
    code = key(row, "CUSTOMERID")
    street = (text(row, f"{ADDRESS}ADDRESS1"), text(row, f"{ADDRESS}ADDRESS2"))
    yield CustomerLocation(
        id=code,
        code=code,
        customer=code,
        name=text(row, "DISPLAYCONTACT.PRINTAS") or text(row, "NAME"),
        active=is_active(row),
        default=True,
        street=tuple(one for one in street if one),
        city=text(row, f"{ADDRESS}CITY"),
        region=text(row, f"{ADDRESS}STATE"),
        postal_code=text(row, f"{ADDRESS}ZIP"),
        country=text(row, f"{ADDRESS}COUNTRYCODE"),
    )


def department(row: Row, _: IntacctConnection) -> Iterator[Record]:
    """Departments."""
    yield _code(row, "DEPARTMENTID", "TITLE")


def class_(row: Row, _: IntacctConnection) -> Iterator[Record]:
    """Classes."""
    yield _code(row, "CLASSID", "NAME")


def project(row: Row, _: IntacctConnection) -> Iterator[Record]:
    """Projects."""
    yield _code(row, "PROJECTID", "NAME")


def location(row: Row, _: IntacctConnection) -> Iterator[Record]:
    """Locations as a dimension; what is above one stands in `places`."""
    code = key(row, "LOCATIONID")
    yield CostCenter(id=code, code=code, description=text(row, "NAME"), end_date=_ended(row))


def place(row: Row, _: IntacctConnection) -> Iterator[Record]:
    """Locations with their parents."""
    code = key(row, "LOCATIONID")
    yield own.Location(
        id=code,
        code=code,
        description=text(row, "NAME"),
        parent=text(row, "PARENTID"),
        currency=text(row, "CURRENCY"),
        end_date=_ended(row),
    )


def entity(row: Row, _: IntacctConnection) -> Iterator[Record]:
    """Legal entities."""
    code = key(row, "LOCATIONID")
    yield own.Entity(id=code, code=code, name=text(row, "NAME"), active=is_active(row), currency=text(row, "CURRENCY"))


def term(row: Row, _: IntacctConnection) -> Iterator[Record]:
    """Terms of payment."""
    code = key(row, "NAME")
    yield own.Term(id=code, code=code, description=text(row, "DESCRIPTION"), active=is_active(row))


def warehouse(row: Row, _: IntacctConnection) -> Iterator[Record]:
    """Warehouses."""
    code = key(row, "WAREHOUSEID")
    yield own.Warehouse(
        id=code,
        code=code,
        name=text(row, "NAME"),
        active=is_active(row),
        location=text(row, "LOC.LOCATIONID") or text(row, "LOCATIONID"),
    )


def _code(row: Row, code_field: str, name_field: str) -> CostCenter:
    code = key(row, code_field)
    return CostCenter(
        id=code, code=code, description=text(row, name_field), end_date=None if is_active(row) else ALWAYS_ENDED
    )


def _ended(row: Row) -> date | None:
    """ENDDATE is the last day (assumed)."""
    if not is_active(row):
        return ALWAYS_ENDED
    last = day(row, "ENDDATE")
    return None if last is None else last + timedelta(days=1)
