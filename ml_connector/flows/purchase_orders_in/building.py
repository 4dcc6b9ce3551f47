"""How an order of our own purchasing becomes a purchase order: whose it is, for whom, and what. Pure functions."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal

from ml_connector.config.partners import Partner
from ml_connector.documents.common import GTIN, AllowanceKind, DateReference, Party, changed
from ml_connector.documents.orders import OrderLine, PurchaseOrder, Schedule
from ml_connector.documents.payables.purchases import Purchase, PurchaseLine
from ml_connector.documents.reference import Vendor
from ml_connector.documents.sales.orders import SalesOrderKind
from ml_connector.documents.sales.reference import ItemFacts
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.meaning import price_bases
from ml_connector.flows.meaning.order_codes import is_first, kind_of, purpose_of
from ml_connector.flows.purchase_orders_in.settings import PurchaseOrdersIn
from ml_connector.flows.reference.sales_book import SalesBook
from ml_connector.flows.sales_orders_in.order_doubts import readable_order
from ml_connector.flows.sales_orders_in.prices import customers_price
from ml_connector.flows.sales_orders_in.stores import Portion, portions_of

#: N101 (element 98) of the supplier: vendor, seller, supplier. Of the buyer: buying party, bill-to.
SELLERS = ("VN", "SE", "SU")
BUYERS = ("BY",)
#: N103 (element 66) of a number of the buyer's books; that of others leads nowhere.
_GIVEN = frozenset({"", "91", "92", "ZZ"})
#: DTM01 (element 374) of when it is wanted: delivery requested, requested for delivery, ship date requested.
_WANTED = ("002", "077", "010")
FindVendor = Callable[[str], Vendor | None]


def purchase_of(
    order: PurchaseOrder,
    partner: Partner,
    us: Collection[str],
    settings: PurchaseOrdersIn,
    find: FindVendor,
    book: SalesBook,
    today: date,
) -> Purchase:
    """The purchase order that is entered. us: names of our company.

    Raises:
        NeedsCorrection: it is not plain who buys of whom, or what.
    """
    _check_kind(order)
    order, told = readable_order(order)
    order = changed(order, lines=price_bases.meant(order.lines, partner.price_bases))
    vendor = vendor_of(order, us, find)
    if order.order_date is None or order.order_date > today + timedelta(days=settings.days_ahead):
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Order {order.number} is dated {order.order_date or 'on no day that can be read'} (BEG05).",
            remedy="Ask our purchasing for a corrected order; discard this one.",
            data={"order": order.number, "segment": "BEG", "element": 5},
        )
    charges = [*order.allowances, *(one for line in order.lines for one in line.allowances)]
    charged = [one for one in charges if one.kind is not AllowanceKind.NEITHER and one.amount != 0]
    if charged:
        raise NeedsCorrection(
            Reason.ORDER_CHARGE,
            f"Order {order.number} has charges or allowances ({', '.join(one.code for one in charged[:5])}).",
            remedy="Enter the order by hand, then discard this; or have our purchasing order them as items.",
            data={"order": order.number, "charges": [one.code for one in charged[:20]]},
        )
    lines = tuple(_line(order, at, line, partner, settings, book) for at, line in enumerate(order.lines, 1))
    unpriced = [f"line {line.number} has no price: the ERP's counts" for line in lines if line.price is None]
    return Purchase(
        vendor_id=vendor.id,
        vendor_code=vendor.code,
        number=order.number,
        order_date=order.order_date,
        currency=order.currency,
        wanted=order.date_of(*_WANTED),
        description=f"Order {order.number}",
        told=(*told, *unpriced),
        lines=lines,
    )


def _check_kind(order: PurchaseOrder) -> None:
    if not is_first(order):
        raise NeedsCorrection(
            Reason.NOT_A_FIRST_ORDER,
            f"Order {order.number} changes, cancels or repeats one (BEG01 {purpose_of(order)}).",
            remedy="Change or cancel the purchase order in the ERP by hand, then discard this.",
            data={"order": order.number, "code": purpose_of(order)},
        )
    if kind_of(order, {}) is not SalesOrderKind.ORDER:
        raise NeedsCorrection(
            Reason.UNSUPPORTED_DOCUMENT,
            f"Order {order.number} is of type {order.order_type} (BEG02), which is not a plain order.",
            remedy="Enter it in the ERP by hand, then discard this.",
            data={"order": order.number, "type": order.order_type},
        )


def vendor_of(order: PurchaseOrder, us: Collection[str], find: FindVendor) -> Vendor:
    """The supplier that is ordered of.

    Raises:
        NeedsCorrection: the buyer is not we, the seller is, or which supplier it is does not follow.
    """
    ours = {_plain(one) for one in us if one.strip()}
    buyers = [one for one in _numbers(order.parties, BUYERS) if _plain(one) not in ours]
    if buyers:
        raise _unclear(order, f"is bought by {buyers[0]}, who is not known to be our company", buyers)
    sellers = list(dict.fromkeys(_numbers(order.parties, SELLERS)))
    if any(_plain(one) in ours for one in sellers):
        raise _unclear(order, "names our own company as the seller", sellers)
    found = {vendor.id: vendor for one in sellers if (vendor := find(one)) is not None}
    if len(found) > 1:
        raise _unclear(order, "names several suppliers", sellers)
    if not found:
        raise NeedsCorrection(
            Reason.UNKNOWN_SUPPLIER,
            f"Order {order.number} is of {', '.join(sellers[:3]) or 'a supplier that it does not name'}"
            " (N1*VN or SE), whom the ERP does not have.",
            remedy="Create the supplier, or have our purchasing name it by our number; it is taken up again by itself.",
            data={"order": order.number, "named": sellers[:20]},
        )
    (vendor,) = found.values()
    if vendor.blocked:
        raise NeedsCorrection(
            Reason.SUPPLIER_BLOCKED,
            f"Supplier {vendor.code} {vendor.name} of order {order.number} is blocked in the ERP.",
            remedy="Unblock the supplier; the order is taken up again by itself.",
            data={"vendor": vendor.code, "order": order.number},
        )
    return vendor


def _unclear(order: PurchaseOrder, why: str, named: list[str]) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.BAD_VALUE,
        f"Order {order.number} {why}: whether it is a purchase or a sale is not plain.",
        remedy="Ask its sender who buys of whom. A code of our own goes under purchase_orders_in.own_codes; then replay"
        " this. Else enter it by hand and discard it.",
        data={"order": order.number, "named": named[:20]},
    )


def _numbers(parties: Collection[Party], roles: Collection[str]) -> Iterator[str]:
    for party in parties:
        if party.role.upper() in roles and party.id.strip() and party.id_scheme.strip() in _GIVEN:
            yield party.id.strip()


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()


def _line(
    order: PurchaseOrder, at: int, line: OrderLine, partner: Partner, settings: PurchaseOrdersIn, book: SalesBook
) -> PurchaseLine:
    if line.quantity is None or line.quantity <= 0:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Line {line.number} of order {order.number} orders {line.quantity} (PO102).",
            remedy="Ask our purchasing for a corrected order; discard this one.",
            data={"order": order.number, "line": line.number},
        )
    item = _item(order, line, book)
    portions = portions_of(order, line)
    if len(portions) > 1:
        raise NeedsCorrection(
            Reason.STORE_QUANTITIES,
            f"Line {line.number} of order {order.number} is divided over places or days, which a purchase order of ours"
            " is not.",
            remedy="Enter the order in the ERP by hand, then discard this; or have our purchasing send a line of each.",
            data={"order": order.number, "line": line.number},
        )
    return PurchaseLine(
        number=at,
        item_id=item.id,
        item_code=item.code,
        quantity=Decimal(line.quantity),
        unit=_unit(order, line, item, partner.units, settings.unit_codes),
        price=customers_price(order, line),
        wanted=_wanted(line, portions[0]),
        description=line.description,
    )


def _wanted(line: OrderLine, portion: Portion) -> date | None:
    """By its schedule, else by its own dates; none: as the whole order."""
    dates: list[DateReference | Schedule] = [*([portion.wanted] if portion.wanted is not None else []), *line.dates]
    return next((one.day for code in _WANTED for one in dates if one.qualifier == code and one.day), None)


def _item(order: PurchaseOrder, line: OrderLine, book: SalesBook) -> ItemFacts:
    """By our own number, which is the buyer's here; else by GTIN and its like. All must lead to one item."""
    found: dict[str, ItemFacts] = {}
    own = book.item(line.buyers_item) if line.buyers_item else None
    if own is not None:
        found[own.id] = own
    for one in line.items:
        for hit in book.by_product_code(one.value) if one.qualifier.upper() in GTIN else ():
            found[hit.item.id] = hit.item
    if len(found) == 1:
        return next(iter(found.values()))
    named = ", ".join(f"{one.qualifier} {one.value}" for one in line.items) or "no number"
    what = f"several items of ours ({', '.join(item.code for item in found.values())})" if found else "an unknown item"
    raise NeedsCorrection(
        Reason.ITEM_CONTRADICTED if found else Reason.UNKNOWN_ITEM,
        f"Line {line.number} of order {order.number} orders {what} by {named}.",
        remedy="Enter the item or its number in the ERP; it is taken up again by itself. Or ask our purchasing.",
        data={"line": line.number, "numbers": {one.qualifier: one.value for one in line.items}},
    )


def _unit(
    order: PurchaseOrder, line: OrderLine, item: ItemFacts, theirs: Mapping[str, str], erp_units: Mapping[str, str]
) -> str:
    """The ERP's unit, spelt as the item's own are. theirs: the sender's -> X12; erp_units: the ERP's -> X12."""
    code = theirs.get(line.unit, line.unit).upper()
    have = dict.fromkeys((item.purchase_unit, item.base_unit, *(one.from_unit for one in item.conversions)))
    units = [unit for unit in have if unit]
    named = [unit for unit in units if code and erp_units.get(unit, unit).upper() == code]
    if len(named) == 1 or (named and named[0] == item.purchase_unit):
        return named[0]
    raise NeedsCorrection(
        Reason.UNIT_MISMATCH,
        f"Line {line.number} of order {order.number} orders {item.code} in {line.unit or '(no unit)'}; it is bought in"
        f" {', '.join(units) or 'no unit that is known'}.",
        remedy="Say under purchase_orders_in.units which X12 unit the ERP's is, or ask our purchasing; then replay.",
        data={"line": line.number, "item": item.code, "unit": line.unit, "units": units},
    )
