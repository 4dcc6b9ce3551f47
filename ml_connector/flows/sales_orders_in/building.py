"""The sales orders that a customer's order means: pure functions over the order, the settings and the book.

What is ordered is what the customer wrote, line by line and store by store: nothing is rounded, nothing is guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from ml_connector.config.partners import Partner, SalesRules, rules_for
from ml_connector.documents.common import changed
from ml_connector.documents.orders import OrderLine, PurchaseOrder
from ml_connector.documents.sales.orders import (
    NewCustomer,
    OrderCharge,
    SalesOrder,
    SalesOrderKind,
    SalesOrderLine,
    reference_of,
)
from ml_connector.documents.sales.reference import Customer
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.meaning import price_bases
from ml_connector.flows.meaning.order_codes import kind_of
from ml_connector.flows.reference.sales_book import SalesBook
from ml_connector.flows.sales_orders_in.charges import charges_of, terms_told
from ml_connector.flows.sales_orders_in.customers import customer_or_new
from ml_connector.flows.sales_orders_in.dates import Wanted, check_dates, told_of, wanted_line, wanted_of
from ml_connector.flows.sales_orders_in.items import FoundItem, item_of, unit_of
from ml_connector.flows.sales_orders_in.order_doubts import (
    check_quantities,
    check_total,
    not_carried,
    readable_order,
)
from ml_connector.flows.sales_orders_in.places import ShipTo, header_party, place_of
from ml_connector.flows.sales_orders_in.prices import Priced, price_in, priced
from ml_connector.flows.sales_orders_in.settings import SalesOrdersIn
from ml_connector.flows.sales_orders_in.stores import Portion, portions_of


@dataclass(frozen=True)
class _Part:
    """A portion of a line with all that was found out about it."""

    line: OrderLine
    portion: Portion
    found: FoundItem
    unit: str
    priced: Priced
    wanted: Wanted


@dataclass(frozen=True)
class _Taken:
    """An order and what it is looked at by."""

    order: PurchaseOrder
    partner: Partner
    settings: SalesOrdersIn
    rules: SalesRules
    book: SalesBook
    customer: Customer
    kind: SalesOrderKind
    today: date
    new: NewCustomer | None = None


def sales_orders_for(
    order: PurchaseOrder, partner: Partner, settings: SalesOrdersIn, book: SalesBook, today: date
) -> list[SalesOrder]:
    """The sales orders that an order means: one, or one a store. All of it is checked before any is made.

    Raises:
        NeedsCorrection: something in it is unknown, contradicts itself or needs a decision.
    """
    rules = rules_for(settings, partner.sales)
    order, unread = readable_order(order)
    order = changed(order, lines=price_bases.meant(order.lines, partner.price_bases))
    kind = kind_of(order, rules.order_types)
    check_quantities(order, rules)
    check_dates(order, today, today + timedelta(days=settings.days_ahead))
    customer, new = customer_or_new(order, partner, rules, book)
    if new is not None:  # it has no places yet
        rules = rules.model_copy(update={"unknown_ship_to": "address"})
    taken = _Taken(order, partner, settings, rules, book, customer, kind, today, new)
    parts = [part for line in order.lines for part in _parts(taken, line)]
    told = [
        *unread,
        *([f"customer {customer.code} {customer.name} is created with it"] if new is not None else []),
        *_type_told(order, kind),
        *told_of(order, today),
        *terms_told(order, customer, settings.terms, rules),
        *check_total(order, rules, order.currency or customer.currency),
        *not_carried(order),
        *dict.fromkeys(one for part in parts for one in (*part.found.told, *part.priced.told)),
    ]
    stores = list(dict.fromkeys(part.portion.store for part in parts))
    if len(stores) > 1 and rules.several_stores == "hold":
        raise NeedsCorrection(
            Reason.STORE_QUANTITIES,
            f"Order {order.number} is for several stores: {', '.join(one or '(none)' for one in stores[:10])}.",
            remedy="Enter it in the ERP by hand and discard this; or say `several_stores: orders` or `lines` under "
            "`sales` of the partner's file, and replay.",
            data={"order": order.number, "stores": stores},
        )
    if len(stores) > 1 and rules.several_stores == "orders":
        return _one_a_store(taken, parts, stores, told)
    return [_whole(taken, parts, stores, told)]


def _type_told(order: PurchaseOrder, kind: SalesOrderKind) -> list[str]:
    plain = order.order_type.strip().upper() in {"", "SA"}
    return [] if plain else [f"its type is {order.order_type} (BEG02), taken as {kind}"]


def _parts(taken: _Taken, line: OrderLine) -> list[_Part]:
    order, rules, book = taken.order, taken.rules, taken.book
    portions = portions_of(order, line)
    found = item_of(order, line, taken.customer, book)
    unit = unit_of(order, line, found, taken.partner.units, taken.settings.unit_codes)
    price = priced(order, line, found.item, unit, taken.customer, rules, book, taken.today)
    whole = wanted_of(order)
    return [_Part(line, one, found, unit, price, wanted_line(line, one.wanted, whole)) for one in portions]


def _place(taken: _Taken, parts: Sequence[_Part], store: str) -> ShipTo:
    """Where the parts for a store go; for none: where the order goes."""
    party = next((one.portion.party for one in parts if one.portion.party is not None), None)
    if not store and party is None:
        party = header_party(taken.order)
        store = party.id.strip() if party is not None else ""
    if party is None:
        # Stores are named by their code; an N1 of the order may tell more of one.
        party = next((one for one in taken.order.parties if store and one.id.strip() == store), None)
    return place_of(taken.order, taken.customer, store, party, taken.rules, taken.book)


def _one_a_store(taken: _Taken, parts: Sequence[_Part], stores: Sequence[str], told: Sequence[str]) -> list[SalesOrder]:
    # None that is put on the order: it would have been held.
    _, more = charges_of(taken.order, taken.rules, taken.book, divided=True)
    made = []
    for store in stores:
        own = [one for one in parts if one.portion.store == store]
        place = _place(taken, own, store)
        lines = [_line(taken, at, one, None) for at, one in enumerate(own, 1)]
        made.append(_order(taken, place, lines, (*told, *more, *place.told), suffix=store))
    return made


def _whole(taken: _Taken, parts: Sequence[_Part], stores: Sequence[str], told: Sequence[str]) -> SalesOrder:
    charges, more = charges_of(taken.order, taken.rules, taken.book, divided=False)
    if len(stores) <= 1:
        place = _place(taken, parts, stores[0] if stores else "")
        lines = [_line(taken, at, one, None) for at, one in enumerate(parts, 1)]
    else:
        own = {store: _place(taken, [one for one in parts if one.portion.store == store], store) for store in stores}
        if any(one.address is not None for one in own.values()):
            raise NeedsCorrection(
                Reason.UNKNOWN_SHIP_TO,
                f"Order {taken.order.number} goes to several places on one order, and one of them is not a place of "
                f"customer {taken.customer.code}.",
                remedy="Create the place in the ERP with the customer's code; it is taken up again by itself. Or say "
                "`several_stores: orders`.",
                data={"order": taken.order.number, "stores": list(stores)},
            )
        place = ShipTo(told=("its lines go to several places",))
        lines = [_line(taken, at, one, own[one.portion.store]) for at, one in enumerate(parts, 1)]
    return _order(taken, place, lines, (*told, *more, *place.told), charges=charges)


def _total(lines: Sequence[SalesOrderLine], charges: Sequence[OrderCharge]) -> Decimal | None:
    """What an order comes to, where all prices are the customer's."""
    if any(line.price is None for line in lines):
        return None
    amounts = [line.quantity * (line.price or Decimal(0)) for line in lines]
    return sum((*amounts, *(one.amount for one in charges)), Decimal(0))


def _line(taken: _Taken, number: int, part: _Part, place: ShipTo | None) -> SalesOrderLine:
    """A line as it is posted. place: of its own, where lines go to several."""
    item, ordered = part.found.item, part.portion.quantity
    wanted = {"sales": item.sales_unit, "base": item.base_unit}.get(taken.rules.quantities_in, "") or part.unit
    quantity = item.converted(ordered, part.unit, wanted)
    price = part.priced.price
    if quantity is not None and price is not None and wanted != part.unit:
        price = price_in(price, ordered, quantity)
    if quantity is None or (price is None) != (part.priced.price is None):
        raise NeedsCorrection(
            Reason.UNIT_MISMATCH,
            f"Line {part.line.number} of order {taken.order.number} orders {ordered} {part.unit} of {item.code}, "
            f"which does not come out even in {wanted}.",
            remedy="Say `quantities_in: ordered` under `sales` of the partner's file, correct the item's conversion in "
            "the ERP, or ask the customer for another quantity.",
            data={"line": part.line.number, "item": item.code, "unit": part.unit, "wanted": wanted},
        )
    location = place.location if place is not None else None
    return SalesOrderLine(
        number=number,
        customers_line=part.line.number,
        item_id=item.id,
        item_code=item.code,
        customers_item=part.found.customers_item,
        description=part.line.description,
        quantity=quantity,
        unit=wanted,
        price=price,
        ordered_quantity=ordered,
        ordered_unit=part.line.unit,
        requested_date=part.wanted.requested,
        ship_date=part.wanted.shipped,
        cancel_date=part.wanted.cancelled,
        location_id=location.id if location is not None else "",
        location_code=location.code if location is not None else "",
        store=part.portion.store if place is not None else "",
        warehouse=location.warehouse if location is not None else "",
        notes=part.line.notes,
    )


def _order(
    taken: _Taken,
    place: ShipTo,
    lines: Sequence[SalesOrderLine],
    told: Sequence[str],
    *,
    charges: Sequence[OrderCharge] = (),
    suffix: str = "",
) -> SalesOrder:
    order, customer, whole = taken.order, taken.customer, wanted_of(taken.order)
    location = place.location
    return SalesOrder(
        kind=taken.kind,
        type_code=taken.settings.erp_order_types.get(taken.kind, ""),
        customer_id=customer.id,
        customer_code=customer.code,
        customer_order=order.number,
        reference=reference_of(order.number, order.release, suffix),
        release=order.release,
        contract=order.contract,
        order_date=order.order_date,
        requested_date=whole.requested,
        ship_date=whole.shipped,
        cancel_date=whole.cancelled,
        currency=order.currency or customer.currency,
        location_id=location.id if location is not None else "",
        location_code=location.code if location is not None else "",
        store=place.store,
        ship_to=place.address,
        warehouse=location.warehouse if location is not None else "",
        terms=customer.terms,
        description=f"Order {order.number}" + (f" release {order.release}" if order.release else ""),
        notes=order.notes,
        charges=tuple(charges),
        total=_total(lines, charges),
        told=tuple(dict.fromkeys(told)),
        new_customer=taken.new,
        lines=tuple(lines),
    )
