"""What a buyer changed in an order: the ERP's record, old and new, as the partner would be sent it under the *same*
settings and master data (DESIGN section 3, invariant 8).

Our own receipts and invoices, a setting, a partner's file, an item's barcode, a release that sends a field more: none
of them is a change of an order. Pure functions.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ml_connector.config.integrations import IntegrationSettings
from ml_connector.config.partners import Partner
from ml_connector.documents.common import Record, changed
from ml_connector.documents.orders import OrderLine, PurchaseOrder
from ml_connector.documents.reference import OpenOrder, OpenOrderLine
from ml_connector.errors import NeedsCorrection
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.orders_out.order_changes import with_ids
from ml_connector.flows.orders_out.order_content import (
    DELIVERY_REQUESTED,
    SPELLED_OUT,
    resolve_header,
    resolve_line,
    sent_barcode,
)
from ml_connector.flows.reference.coding_tables import CodingTables


@dataclass(frozen=True)
class View:
    """How a partner is shown orders now."""

    partner: Partner
    settings: IntegrationSettings
    tables: CodingTables


@dataclass(frozen=True)
class Changes:
    """Whether the header differs in what the partner is sent, and the ERP's ids of the lines that do.

    replaced: those of the lines that hold another item now.
    """

    header: bool = False
    lines: frozenset[str] = frozenset()
    replaced: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.header or bool(self.lines)


def changes(old: OpenOrder, new: OpenOrder, view: View) -> Changes:
    """What the buyer changed from one record to the other. All cancelled orders are the same.

    Lines are followed by the ERP's id: another number of the same line is no change, another line of the same number
    is.
    """
    old = _with_unread_of(old, new)
    if old.cancelled or new.cancelled:
        return Changes(header=old.cancelled != new.cancelled)
    before = {line.id: line for line in old.lines}
    after = {line.id: line for line in new.lines}
    both = before.keys() & after.keys()
    differing = before.keys() ^ after.keys()
    differing |= {key for key in both if _line_differs(old, before[key], new, after[key], view)}
    replaced = {key for key in both if before[key].item_id != after[key].item_id and before[key].item_id}
    return Changes(_header_differs(old, new, view), frozenset(differing | replaced), frozenset(replaced))


def _header_differs(old: OpenOrder, new: OpenOrder, view: View) -> bool:
    if not same_supplier(old, new):
        return True
    old = _with_names_of(old, new)
    if _header_facts(old) == _header_facts(new):
        return False
    before = attempt(resolve_header, old, view.partner, view.settings)
    after = attempt(resolve_header, new, view.partner, view.settings)
    return isinstance(before, NeedsCorrection) or isinstance(after, NeedsCorrection) or before != after


def _line_differs(
    old_order: OpenOrder, old: OpenOrderLine, new_order: OpenOrder, new: OpenOrderLine, view: View
) -> bool:
    """What cannot be resolved now differs where the records do: it was not changed by being unresolvable."""
    old = _with_item_of(old, new)
    if _line_facts(old, view.partner) == _line_facts(new, view.partner):
        return False
    before = attempt(resolve_line, old_order, old, view.partner, view.settings, view.tables)
    after = attempt(resolve_line, new_order, new, view.partner, view.settings, view.tables)
    return isinstance(before, NeedsCorrection) or isinstance(after, NeedsCorrection) or before != after


def _with_unread_of(old: OpenOrder, new: OpenOrder) -> OpenOrder:
    """The old record with what the release that read it did not read: nobody can tell that it was another.

    So a release that sends more of an order makes no change of the orders that were sent before it.
    """
    now = {line.id: line for line in new.lines}
    lines = tuple(changed(line, **_unread(line, now.get(line.id))) for line in old.lines)
    return changed(old, **_unread(old, new), lines=lines)


def _unread(old: OpenOrder | OpenOrderLine, new: Record | None) -> dict[str, object]:
    return {name: getattr(new, name) for name in old.unread} if new is not None else {}


def same_supplier(one: OpenOrder, other: OpenOrder) -> bool:
    """By the ERP's own id of it: its code may change."""
    if one.supplier_id and other.supplier_id:
        return one.supplier_id == other.supplier_id
    return one.supplier_code == other.supplier_code


def _with_names_of(old: OpenOrder, new: OpenOrder) -> OpenOrder:
    """The old record with what the master data say now of its supplier and warehouse: an ERP shows them in orders."""
    names: dict[str, object] = {"supplier_name": new.supplier_name}
    if old.warehouse_id and old.warehouse_id == new.warehouse_id:
        names["warehouse_code"] = new.warehouse_code
    if old.payment_condition and old.payment_condition == new.payment_condition:
        names["payment_terms"] = new.payment_terms
    for name in ("shipping_method", "buyer", "supplier_contact"):
        before, after = getattr(old, name), getattr(new, name)
        if before.id and before.id == after.id:
            names[name] = after
    if old.delivery is not None and new.delivery is not None and old.delivery.id == new.delivery.id != "":
        names["delivery"] = new.delivery
    return changed(old, **names)


def _with_item_of(old: OpenOrderLine, new: OpenOrderLine) -> OpenOrderLine:
    """The old line with what the master data say now of its item; another item is the buyer's doing."""
    if not old.item_id or old.item_id != new.item_id:
        return old
    values: dict[str, object] = {
        "item_code": new.item_code,
        "suppliers_item": new.suppliers_item,
        "barcode": new.barcode,
    }
    if old.description == old.item_description and new.description == new.item_description:
        values["description"] = new.description
    return changed(old, **values)


def _header_facts(order: OpenOrder) -> tuple[object, ...]:
    """Of a record what may reach the partner."""
    return (
        order.order_date,
        order.currency,
        order.receipt_date,
        order.warehouse_code,
        order.supplier_name,
        order.remarks.strip(),
        order.description.strip(),
        order.your_reference.strip(),
        order.payment_terms.strip(),
        (order.incoterm, order.incoterm_place, order.incoterm_version),
        (order.shipping_method, order.buyer, order.supplier_contact),
        (order.discount, order.discount_amount),
        (order.drop_shipment, order.delivery),
    )


def _line_facts(line: OpenOrderLine, partner: Partner) -> tuple[object, ...]:
    return (
        line.quantity,
        line.unit,
        line.price,
        line.item_code,
        line.suppliers_item,
        sent_barcode(line),
        line.description,
        line.receipt_date,
        line.notes.strip(),
        line.cost_center if partner.orders.cost_center_reference else "",
    )


def changes_since_told(told: PurchaseOrder, new: OpenOrder) -> Changes:
    """The same where the old record is not kept any more: only what no setting has a part in can be compared."""
    before: Mapping[str, OrderLine] = {line.erp_line: line for line in with_ids(told, new).lines}
    after = {line.id: line for line in new.lines}
    differing = before.keys() ^ after.keys()
    differing |= {
        key
        for key in before.keys() & after.keys()
        if (before[key].quantity, before[key].price, _day(before[key]))
        != (after[key].quantity, after[key].price, after[key].receipt_date)
    }
    # Flat files say more in notes than the remarks, since a release that is no change of the order.
    said = {text for text in told.notes if not text.startswith(SPELLED_OUT)} - {new.description.strip()}
    same_notes = said == {new.remarks.strip()} - {""}
    header = (told.order_date, told.currency, _day(told)) != (new.order_date, new.currency, new.receipt_date)
    header |= not same_notes
    return Changes(header, frozenset(differing))


def _day(told: PurchaseOrder | OrderLine) -> object:
    return next((one.day for one in told.dates if one.qualifier == DELIVERY_REQUESTED), None)


def is_received(order: OpenOrder) -> bool:
    """Whether all of an order has come."""
    return bool(order.lines) and all(line.received >= line.quantity for line in order.lines)


def is_finished(order: OpenOrder, told: OpenOrder | None = None) -> bool:
    """Whether nothing is left to come of an order: closed in the ERP, or received and invoiced in full.

    told: the record as the partner knows it. What it still would deliver, and the buyer has taken off, is left.
    """
    in_full = bool(order.lines) and all(
        line.received >= line.quantity and line.invoiced >= line.quantity for line in order.lines
    )
    if not (order.complete or in_full):
        return False
    return told is None or not expects_more(order, told)


def expects_more(order: OpenOrder, told: OpenOrder) -> bool:
    """Whether a partner who has an order as it was told would deliver what the buyer has taken off since."""
    now = {line.id: line for line in order.lines}
    for line in told.lines:
        kept = now.get(line.id)
        if kept is None or (kept.quantity < line.quantity and kept.received < line.quantity):
            return True
    return False
