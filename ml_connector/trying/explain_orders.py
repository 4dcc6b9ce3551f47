"""Where the values of a sales order came from. They are those that the real steps decided; nothing is decided here."""

from collections.abc import Iterator

from ml_connector.config.partners import Partner, rules_for
from ml_connector.documents.kinds import DocumentKind
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.documents.sales.changes import ChangedLine
from ml_connector.documents.sales.orders import SalesOrder, SalesOrderLine
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.sales_orders_in.changes.taken import TakenChange, taken_from
from ml_connector.flows.sales_orders_in.made_orders import orders_from
from ml_connector.flows.sales_orders_in.settings import SalesOrdersIn
from ml_connector.ledger.work.records import DocumentRow

#: What, of which line (empty: of the whole document), the value, and where it came from.
Decided = tuple[str, str, str, str]
_CUSTOMER_BY = {
    "partner": "`customer` of the partner's file, found among the ERP's customers",
    "their_number": "the number that the order has for us, which the customer has in the ERP",
    "location": "the place that the order goes to, which is the customer's in the ERP",
}


def decisions(made: Integration, partner: Partner | None, order: PurchaseOrder, work: str) -> Iterator[Decided]:
    """What was decided about a customer's order, value by value."""
    rules = rules_for(made.settings.flows.of(SalesOrdersIn), partner.sales if partner is not None else None)
    orders = orders_from(work)
    for one in orders:
        place = f"store {one.store}, " if len(orders) > 1 else ""
        yield "customer", place.rstrip(", "), one.customer_code, _CUSTOMER_BY[rules.customer_by]
        yield from _order(one, place.rstrip(", "))
        for line in one.lines:
            yield from _line(line, order, place)


def change_in(row: DocumentRow) -> TakenChange | None:
    """The change of an order that a document is, where it is one that is applied."""
    return taken_from(row.work) if row.kind in {DocumentKind.ORDER, DocumentKind.ORDER_CHANGE} else None


def changes(taken: TakenChange) -> Iterator[Decided]:
    """What a change would write, value by value: as it was, and as it is to be."""
    yield "original", "", str(taken.original), "the order of that number, as the ledger has it with its changes"
    for change in taken.changes:
        place = change.reference
        if change.cancel:
            yield "cancel", place, f"sales order {change.order_id}", "the change, or no line of it is left"
            continue
        for day in change.days:
            yield day.what, place, f"{day.was or 'none'} -> {day.now or 'none'}", "DTM of the change"
        for line in change.lines:
            if not line.is_same:
                yield from _changed_line(line, place)
    for order in taken.new:
        yield "new_order", order.reference, f"{len(order.lines)} lines", "the change: a store that had none"
    if not taken.changes and not taken.new:
        yield "nothing", "", "the order is as the change says", "the change"
    for told in taken.told:
        yield "told", "", told, "the change"


def _changed_line(line: ChangedLine, place: str) -> Iterator[Decided]:
    was, now = line.was, line.now
    one = now or was
    at = f"{place} line {one.customers_line}" if one is not None else place
    if was is None or now is None:
        what = "add" if now is not None else "take_off"
        yield what, at, f"{one.quantity} {one.unit} of {one.item_code}" if one is not None else "", "POC of the change"
        return
    for name in ("quantity", "unit", "price", "requested_date", "ship_date"):
        before, after = getattr(was, name), getattr(now, name)
        if before != after:
            yield name, at, f"{before or 'none'} -> {after or 'none'}", "POC of the change"


def _order(order: SalesOrder, place: str) -> Iterator[Decided]:
    yield "customer_order", place, order.reference, "the document"
    yield "kind", place, order.kind.value, "BEG02, by docs/sales-orders.md or `order_types`"
    if order.ship_to is not None:
        yield "ship_to", place, ", ".join((*order.ship_to.street, order.ship_to.city)), "the document's own address"
    else:
        yield "ship_to", place, order.location_code or "the customer's usual place", "N1 ST or SDQ, among the places"
    for name in ("requested_date", "ship_date", "cancel_date"):
        day = getattr(order, name)
        if day is not None:
            yield name, place, day.isoformat(), "the document's dates (DTM)"
    if order.total is not None:
        yield "total", place, str(order.total), "lines and charges, all by the customer's prices"
    for charge in order.charges:
        yield "charge", f"{place} {charge.code}".strip(), f"{charge.amount} as {charge.item_code}", "`charge_items`"
    for told in order.told:
        yield "told", place, told, "the document"


def _line(line: SalesOrderLine, order: PurchaseOrder, place: str) -> Iterator[Decided]:
    at = f"{place}line {line.customers_line}"
    yield "item", at, line.item_code, _item_by(line, order)
    unit = (
        "the document"
        if (line.quantity, line.unit) == (line.ordered_quantity, line.ordered_unit)
        else (f"the document ({line.ordered_quantity} {line.ordered_unit}), by `units` and conversions")
    )
    yield "quantity", at, f"{line.quantity} {line.unit}", unit
    if line.price is not None:
        yield "price", at, str(line.price), "the document"
    else:
        yield "price", at, "the ERP's", "`price` of the settings, or the document has none"
    if line.location_code:
        yield "ship_to", at, line.location_code, f"store {line.store}, among the customer's places"


def _item_by(line: SalesOrderLine, order: PurchaseOrder) -> str:
    """The number that comes first, of those that count."""
    ordered = next((one for one in order.lines if one.number == line.customers_line), None)
    if line.customers_item:
        return f"the customer's number {line.customers_item}"
    if ordered is not None and ordered.vendors_item:
        return f"our number {ordered.vendors_item}"
    return f"the product code {ordered.gtin}" if ordered is not None and ordered.gtin else "its numbers"
