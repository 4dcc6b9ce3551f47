"""What screens look up: parties, items with their units, accounts; and the refusals when nothing is there."""

import re
from decimal import Decimal

from ml_connector.sandbox.acumatica.books.forms import cannot_be_found, no_such
from ml_connector.sandbox.acumatica.books.tenant import Work
from ml_connector.sandbox.acumatica.wire.errors import FieldError
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.acumatica.wire.values import Value

ONE = Decimal(1)
SIXTH = Decimal("0.000001")


def party(work: Work, entity: str, label: str, value: Value) -> Record:
    """The vendor or customer of that identifier. Raises FieldError."""
    found = work.tenant.find(entity, str(value or ""))
    if found is None:
        raise FieldError(cannot_be_found(label))
    if found.text("Status") in {"Inactive", "One-Time Inactive"}:
        raise FieldError(f"The {entity.lower()} status is '{found.text('Status')}'.")
    return found


def item(work: Work, value: Value) -> Record:
    """The item of that InventoryID. Raises FieldError."""
    found = work.tenant.item(str(value or ""))
    if found is None:
        raise FieldError(no_such("Inventory ID", value))
    if found.text("ItemStatus") in {"Inactive", "Marked for Deletion"}:
        raise FieldError(f"The inventory item is {found.text('ItemStatus')}.")
    return found


def is_stock(work: Work, row: Record) -> bool:
    return work.tenant.table("StockItem").by_id(row.id) is not None


def base_unit(row: Record) -> str:
    return row.text("BaseUOM") or row.text("BaseUnit")


def unit_factor(work: Work, row: Record, unit: str) -> Decimal:
    """How many base units one of `unit` is. Raises FieldError without a conversion."""
    if unit.casefold() == base_unit(row).casefold():
        return ONE
    for line in row.details("UOMConversions"):
        if line.text("FromUOM").casefold() == unit.casefold():
            return _factor(line)
    known = work.tenant.find("UnitsOfMeasure", unit)
    for line in known.details("Conversion") if known is not None else []:
        if line.text("ToUOM").casefold() == base_unit(row).casefold():
            return _factor(line)
    raise FieldError(no_such("UOM", unit))


def _factor(line: Record) -> Decimal:
    factor = line.number("ConversionFactor")
    return factor if line.text("MultiplyOrDivide") == "Multiply" else ONE / factor


def rescale(work: Work, row: Record | None, quantity: Decimal, unit: str, wanted: str) -> Decimal:
    """A quantity of one unit in another. Raises FieldError without a conversion."""
    if row is None or unit.casefold() == wanted.casefold():
        return quantity
    return quantity * unit_factor(work, row, unit) / unit_factor(work, row, wanted)


def change_unit(work: Work, line: Record, unit: Value, price: str) -> None:
    """Another unit on a line; its price or cost goes along. Raises FieldError."""
    row = work.tenant.item(line.text("InventoryID"))
    if row is not None:
        old = line.text("UOM") or base_unit(row)
        line.values[price] = unit_price(rescale(work, row, line.number(price), str(unit or ""), old))
    line.values["UOM"] = unit


def unit_price(value: Decimal) -> Decimal:
    """Prices and costs of one unit have six decimals."""
    return value.quantize(SIXTH)


def alternate_of(row: Record, party_id: str, kind: str) -> str | None:
    """The number that a vendor or customer has for an item."""
    for line in row.details("CrossReferences"):
        if line.text("AlternateType") == kind and line.text("VendorOrCustomer") == party_id:
            return line.text("AlternateID")
    return None


def alternate(work: Work, code: str, party_id: str, kinds: tuple[str, ...], unit: str) -> Record | None:
    """The item of an alternate number: the party's own before global ones and bar codes, the same unit first
    (acumatica 8.1).
    """
    found: list[tuple[int, int, Record]] = []
    for table in ("StockItem", "NonStockItem"):
        for row in work.tenant.table(table):
            for line in row.details("CrossReferences"):
                if line.text("AlternateID").casefold() != code.casefold():
                    continue
                own = line.text("AlternateType") in kinds and line.text("VendorOrCustomer") == party_id
                if own or line.text("AlternateType") in {"Global", "Barcode", "GTIN/EAN/UPC/ISBN"}:
                    found.append((0 if own else 1, 0 if line.text("UOM") == unit else 1, row))
    return min(found, key=lambda one: one[:2])[2] if found else None


def account(work: Work, value: Value) -> str:
    """An active account's code. Raises FieldError."""
    found = work.tenant.find("Account", str(value or ""))
    if found is None:
        raise FieldError(no_such("Account", value))
    if not found.flag("Active"):
        raise FieldError(f"Account '{value}' is inactive.")
    return found.text("AccountCD")


def subaccount(work: Work, value: Value) -> str:
    """A subaccount's code with separators; the raw form is taken too (acumatica 8.3). Raises FieldError."""
    raw = re.sub(r"[^0-9A-Za-z]", "", str(value or "")).casefold()
    for row in work.tenant.table("Subaccount"):
        if re.sub(r"[^0-9A-Za-z]", "", row.text("SubaccountCD")).casefold() == raw and row.flag("Active"):
            return row.text("SubaccountCD")
    raise FieldError(no_such("Subaccount", value))


def warehouse(work: Work, value: Value) -> str:
    found = work.tenant.find("Warehouse", str(value or ""))
    if found is None or not found.flag("Active"):
        raise FieldError(no_such("Warehouse", value))
    return found.text("WarehouseID")


def branch(work: Work, value: Value) -> str:
    """A branch identifier (fields take identifiers, the header takes names: acumatica 5)."""
    known = next((one["BranchID"] for one in work.tenant.branches if one["BranchID"] == str(value or "").upper()), None)
    if known is None:
        raise FieldError(no_such("Branch", value))
    return known


def category(work: Work, value: Value) -> str | None:
    if value in {None, ""}:
        return None
    found = work.tenant.find("TaxCategory", str(value))
    if found is None:
        raise FieldError(no_such("Tax Category", value))
    return found.text("TaxCategoryID")
