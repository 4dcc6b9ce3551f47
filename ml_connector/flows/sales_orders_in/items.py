"""Which item a line orders, and in which of its units. Pure functions.

The customer's own number comes first, then ours, then GTIN, UPC and bar codes. All that lead somewhere must lead to one
item: numbers that contradict each other hold the order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ml_connector.documents.common import BUYERS_ITEM, GTIN
from ml_connector.documents.orders import OrderLine, PurchaseOrder
from ml_connector.documents.sales.reference import Customer, ItemFacts
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.reference.sales_book import ItemNumber, SalesBook

#: Element 235 of our own numbers (x12-procurement 4): vendor's part, item, catalog, style.
_OURS = ("VP", "VN", "VC", "VA")
#: Of numbers that are a package's: besides those of GTIN, the case code that stands for a GTIN-14.
_PRODUCT_CODES = (*GTIN, "UN")


@dataclass(frozen=True)
class FoundItem:
    """An item that a line orders. units: of which its number is; none: of any. told: numbers that lead nowhere."""

    item: ItemFacts
    customers_item: str = ""
    units: frozenset[str] = frozenset()
    told: tuple[str, ...] = ()


def item_of(order: PurchaseOrder, line: OrderLine, customer: Customer, book: SalesBook) -> FoundItem:
    """The item that a line orders.

    Raises:
        NeedsCorrection: no number leads to one, they lead to several, or it is not sold.
    """
    found: dict[str, ItemFacts] = {}
    by: dict[str, list[str]] = {}
    units: set[str] = set()
    nowhere: list[str] = []
    packages = False
    for qualifier, value in _numbers(line):
        leads = _lookup(qualifier, customer, book)(value)
        if not leads:
            nowhere.append(f"{qualifier} {value}")
        for one in leads:
            found[one.item.id] = one.item
            by.setdefault(one.item.id, []).append(f"{qualifier} {value}")
        if leads and qualifier in _PRODUCT_CODES:
            given = {one.unit for one in leads}
            units = units & given if packages else given
            packages = True
    if not found:
        raise _unknown(order, line, customer)
    if len(found) > 1:
        raise NeedsCorrection(
            Reason.ITEM_CONTRADICTED,
            f"Line {line.number} of order {order.number} names several items of ours: "
            + "; ".join(f"{found[key].code} by {', '.join(dict.fromkeys(names))}" for key, names in by.items())
            + ".",
            remedy="Ask the customer which one it wants, or correct the item's numbers in the ERP; it is taken up "
            "again by itself.",
            data={"line": line.number, "items": {found[key].code: names for key, names in by.items()}},
        )
    item = next(iter(found.values()))
    if item.not_sold:
        raise NeedsCorrection(
            Reason.ITEM_NOT_SOLD,
            f"Line {line.number} of order {order.number} orders {item.code}, which is not sold any more "
            f"({item.status or 'blocked'}).",
            remedy="Agree on another item with the customer and enter the order by hand; or release the item in "
            "the ERP, "
            "and it is taken up again by itself.",
            data={"line": line.number, "item": item.code, "status": item.status},
        )
    told = tuple(f"line {line.number}: {one} is not a number of an item of ours" for one in nowhere)
    return FoundItem(item, line.buyers_item, frozenset(units) if "" not in units else frozenset(), told)


def _numbers(line: OrderLine) -> list[tuple[str, str]]:
    """What says which item it is, in the order that counts."""
    known = (*BUYERS_ITEM, *_OURS, *_PRODUCT_CODES)
    named = [(one.qualifier.upper(), one.value.strip()) for one in line.items]
    return sorted((one for one in named if one[0] in known and one[1]), key=lambda one: known.index(one[0]))


def _lookup(qualifier: str, customer: Customer, book: SalesBook) -> Callable[[str], Sequence[ItemNumber]]:
    if qualifier in BUYERS_ITEM:
        return lambda number: book.by_customers_number(customer, number)
    if qualifier in _PRODUCT_CODES:
        return book.by_product_code

    def ours(number: str) -> Sequence[ItemNumber]:
        own = book.item(number)
        return [ItemNumber(own)] if own is not None else book.by_common_number(number)

    return ours


def _unknown(order: PurchaseOrder, line: OrderLine, customer: Customer) -> NeedsCorrection:
    named = ", ".join(f"{one.qualifier} {one.value}" for one in line.items) or "no number"
    said = f" ({line.description})" if line.description else ""
    number = line.buyers_item
    proposal = {"number": number, "kind": "customer", "party": customer.code, "unit": line.unit} if number else {}
    return NeedsCorrection(
        Reason.UNKNOWN_ITEM,
        f"Line {line.number} of order {order.number} orders an item that the ERP does not know: {named}{said}.",
        remedy="Enter the customer's number at the item in the ERP (its cross-references) as proposed; it is taken up "
        "again by itself.",
        data={
            "line": line.number,
            "numbers": {one.qualifier: one.value for one in line.items},
            "description": line.description,
            "customer": customer.code,
            "proposal": proposal,
        },
    )


def unit_of(
    order: PurchaseOrder, line: OrderLine, found: FoundItem, theirs: Mapping[str, str], erp_units: Mapping[str, str]
) -> str:
    """The ERP's unit that a line is ordered in. theirs: the partner's unit -> X12. erp_units: the ERP's unit -> X12.

    Raises:
        NeedsCorrection: it is no unit of the item, or its number is that of another one.
    """
    item = found.item
    code = theirs.get(line.unit, line.unit)
    have = dict.fromkeys(
        (item.base_unit, item.sales_unit, item.purchase_unit, *(c.from_unit for c in item.conversions))
    )
    units = [unit for unit in have if unit and (item.has_unit(unit) or unit == item.sales_unit)]
    named = [unit for unit in units if code and erp_units.get(unit, "").upper() == code.upper()]
    named = named or [unit for unit in units if code and unit.upper() == code.upper() and unit not in erp_units]
    if len(named) != 1:
        several = f"means several of its units ({', '.join(named)})" if named else "is none of its units"
        raise _wrong_unit(order, line, item, units, f"which {several}")
    if found.units and named[0] not in found.units:
        raise _wrong_unit(
            order, line, item, units, f"and by a number that is of its unit {', '.join(sorted(found.units))}"
        )
    return named[0]


def _wrong_unit(order: PurchaseOrder, line: OrderLine, item: ItemFacts, units: list[str], why: str) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.UNIT_MISMATCH,
        f"Line {line.number} of order {order.number} orders {item.code} in {line.unit or '(no unit)'}, {why}.",
        remedy="Ask the customer what it means. Say under `units` of the partner's file which X12 unit its code is, "
        "under `sales_orders_in.units` which X12 unit the ERP's is; or enter the conversion at the item in the ERP.",
        data={"line": line.number, "item": item.code, "unit": line.unit, "units": units},
    )
