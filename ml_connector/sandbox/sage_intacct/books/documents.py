"""What purchasing and order entry transactions share: definitions, numbers, lines, totals (sage-intacct 7.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ml_connector.sandbox.sage_intacct.books.company import Work
from ml_connector.sandbox.sage_intacct.books.record import ZERO, Record, Values
from ml_connector.sandbox.sage_intacct.books.rules import check_dimensions
from ml_connector.sandbox.sage_intacct.wire.errors import business, field_error, invalid, missing
from ml_connector.sandbox.sage_intacct.wire.values import money

#: Display and code of a document's state (sage-intacct 6.4).
STATES = {
    "Draft": "I", "Submitted": "S", "Partially Approved": "X", "Approved": "A", "Declined": "R", "Pending": "O",
    "In Progress": "G", "Partially Converted": "P", "Converted": "C", "Closed": "D",
}  # fmt: skip
#: No update in these (sage-intacct 7.2).
LOCKED = frozenset({"Submitted", "In Progress", "Converted", "Partially Converted"})


@dataclass(frozen=True, slots=True)
class Side:
    """Purchasing or order entry: the objects of each."""

    header: str
    entry: str
    params: str
    party: str
    key: str


PURCHASING = Side("PODOCUMENT", "PODOCUMENTENTRY", "PODOCUMENTPARAMS", "VENDOR", "VENDORID")
SELLING = Side("SODOCUMENT", "SODOCUMENTENTRY", "SODOCUMENTPARAMS", "CUSTOMER", "CUSTOMERID")


def definition(work: Work, side: Side, name: str) -> Record:
    """A transaction definition, by the company's name for it. Raises Failed."""
    row = work.find(side.params, name)
    if row is None or row.text("DOCID") != name:
        raise invalid("Transaction Definition", name)
    return row


def code_state(state: str) -> str:
    """A state that may be set from outside. Raises Failed."""
    if state not in {"Draft", "Pending", "Closed"}:
        raise invalid("State", state)
    return state


def document_number(work: Work, kind: Record, given: str) -> str:
    """The number of a new document. Raises Failed: "Document Number is missing" (sage-intacct 4)."""
    if given:
        return given
    if kind.text("DOCID") not in work.options.numbered:
        raise business("Document Number is missing", number="PL01000127")
    return f"{kind.text('DESCRIPTION')}{work.company.next_number(kind.text('DOCID')):04d}"


def check_line(work: Work, side: Side, line: Values) -> Values:
    """A line with its amounts, its item and its dimensions known. Raises Failed."""
    key = str(line.get("ITEMID") or "")
    item = work.find("ITEM", key) if key else None
    if item is None or item.text("STATUS") == "inactive":
        raise invalid("Item", key)
    quantity = line.get("UIQTY")
    if not isinstance(quantity, Decimal) or quantity <= 0:
        raise missing("Quantity") if quantity is None else field_error(f"Illegal format for Quantity: '{quantity}'")
    unit = str(line.get("UNIT") or item.text("UOM.POUOMDETAIL.UNIT" if side is PURCHASING else "UOM.OEUOMDETAIL.UNIT"))
    if unit not in _units(item):  # character for character (observed)
        raise field_error("Missing unit")
    price = line.get("UIPRICE")
    if not isinstance(price, Decimal):
        price = item.amount("STANDARD_COST" if side is PURCHASING else "BASEPRICE")
    warehouse = str(line.get("WAREHOUSE.LOCATION_NO") or "")
    if warehouse and work.find("WAREHOUSE", warehouse) is None:
        raise invalid("Warehouse", warehouse)
    made: Values = {**line, "ITEMID": item.text("ITEMID"), "ITEMNAME": item.text("NAME")}
    check_dimensions(work, made)
    total = money(quantity * price)
    converted = made.get("QTY_CONVERTED")
    left = quantity - (converted if isinstance(converted, Decimal) else ZERO)
    return made | {
        "ITEMDESC": made.get("ITEMDESC") or item.text("NAME"), "UNIT": unit, "UIQTY": quantity, "QUANTITY": quantity,
        "UIPRICE": price, "PRICE": price, "TRX_PRICE": price, "TOTAL": total, "VALUE": total, "TRX_VALUE": total,
        "UIVALUE": total, "QTY_CONVERTED": converted or ZERO, "QTY_REMAINING": left, "STATUS": "active",
        "TOTAL_AMOUNT_REMAINING": money(left * price), "MULTIPLIER": Decimal(1),
    }  # fmt: skip


def _units(item: Record) -> set[str]:
    names = ("BASEUOM", "UOM.POUOMDETAIL.UNIT", "UOM.OEUOMDETAIL.UNIT")
    return {item.text(name) for name in names} - {""}


def total_of(lines: Sequence[Record]) -> Values:
    total = sum((line.amount("TOTAL") for line in lines), ZERO)
    return dict.fromkeys(("SUBTOTAL", "TOTAL", "TRX_SUBTOTAL", "TRX_TOTAL"), total)


def store(work: Work, side: Side, header: Values, lines: Sequence[Values]) -> Record:
    """The document with its lines; on reads they are numbered from 0 (sage-intacct 7.2)."""
    company = work.company
    header.setdefault("CURRENCY", "USD")
    row = company.add(side.header, {**header, "BASECURR": "USD"}, owner=work.entity, user=work.user)
    made = []
    for at, line in enumerate(lines):
        more = {"DOCHDRNO": row.number, "DOCHDRID": row.text("DOCID"), "LINE_NO": at, "CURRENCY": header["CURRENCY"]}
        made.append(company.add(side.entry, {**line, **more}, owner=row.owner, user=work.user))
    row.values |= total_of(made)
    return row
