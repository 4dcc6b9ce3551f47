"""The goods receipts that a ship notice means: pure functions over the notice and the open orders.

What is received is what the notice says, line by line: nothing is converted, and no order line is guessed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ml_connector.documents.erp_postings import GoodsReceipt, ReceiptLine
from ml_connector.documents.reference import OpenOrder, Vendor
from ml_connector.documents.shipments import ShipNotice, ShippedItem, ShippedOrder
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.meaning.notice_codes import named
from ml_connector.flows.shipments_in.shipped_lines import Placed, Placing, ShippedPart, lines_of

#: Orders by number.
FindOrder = Callable[[str], OpenOrder | None]


@dataclass(frozen=True)
class ReceiptRules:
    """What the settings of integration and partner say about receipts.

    spoken: quantities, by order line, of receipts that are not in the ERP's figures yet.
    """

    receipt_date: date
    over_shipment_percent: Decimal = Decimal(0)
    spoken: Mapping[str, Decimal] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    order_units: Mapping[str, str] = field(default_factory=dict)
    numbers_are_ours: bool = True
    told: tuple[str, ...] = ()


def receipts_for(notice: ShipNotice, vendor: Vendor, find_order: FindOrder, rules: ReceiptRules) -> list[GoodsReceipt]:
    """The receipts a notice means: one a supplier and warehouse (exact-online 10.2), all its orders checked first.

    Raises:
        NeedsCorrection: unknown or foreign order, item not on it, several lines fit, unit differs, more shipped than
            open.
    """
    told = list(rules.told)
    parts: list[ShippedPart] = []
    for shipped in notice.orders:
        order = _order_of(shipped, vendor, find_order)
        for item in shipped.items:
            quantity = _quantity(notice, shipped, item, told)
            if quantity:
                found = lines_of(item, order, rules.units, rules.order_units, numbers_are_ours=rules.numbers_are_ours)
                parts.append(ShippedPart(order, item, quantity, found))
    placed = Placing(rules.spoken, rules.over_shipment_percent).place(parts)
    receipts = _by_warehouse(notice, vendor, rules.receipt_date, placed, tuple(told))
    if not receipts:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Ship notice {notice.number} ships nothing of any order.",
            remedy="Ask the supplier for a notice with items (SN1) under orders (PRF).",
            data={"shipment": notice.number, "told": told},
        )
    return receipts


def _by_warehouse(
    notice: ShipNotice, vendor: Vendor, day: date, placed: list[Placed], told: tuple[str, ...]
) -> list[GoodsReceipt]:
    found: dict[str, dict[str, ReceiptLine]] = {}
    for one in placed:
        lines = found.setdefault(one.part.order.warehouse_id, {})
        before = lines.get(one.line.id)
        lines[one.line.id] = ReceiptLine(
            order_line_id=one.line.id,
            order_number=one.part.order.number,
            line_number=one.line.number,
            quantity=one.quantity + (before.quantity if before else Decimal(0)),
            description=one.part.item.description or one.line.description,
        )
    return [
        GoodsReceipt(
            vendor_id=vendor.id,
            warehouse_id=warehouse,
            receipt_date=day,
            reference=notice.number,
            description=f"Shipment {notice.number}",
            told=told,
            lines=tuple(lines.values()),
        )
        for warehouse, lines in found.items()
    ]


def _quantity(notice: ShipNotice, shipped: ShippedOrder, item: ShippedItem, told: list[str]) -> Decimal | None:
    """What is received of an item; None or zero for what is shipped by others, or not at all, which is told."""
    if item.quantity is None:
        if _said_elsewhere(shipped, item):
            return None
        raise _no_quantity(notice, item)
    if item.quantity < 0:
        raise _less_than_nothing(notice, item)
    if item.broken_down is not None and item.broken_down != item.quantity:
        raise _does_not_add_up(notice, item)
    if not item.quantity:
        status = f", status {item.status}" if item.status else ""
        told.append(f"{named(item)} of order {shipped.order_number}: 0 shipped{status}")
    return item.quantity


def _said_elsewhere(shipped: ShippedOrder, item: ShippedItem) -> bool:
    """Whether an item without a quantity is only the head of others: its lots, which have theirs."""
    if any(kept.segment_id == "SN1" for kept in item.kept):
        return False
    ids = {(one.qualifier, one.value) for one in item.items}
    others = (one for one in shipped.items if one is not item and one.quantity is not None)
    return any(ids & {(one.qualifier, one.value) for one in other.items} for other in others)


def _no_quantity(notice: ShipNotice, item: ShippedItem) -> NeedsCorrection:
    written = next((k.value for k in item.kept if (k.segment_id, k.position) == ("SN1", 2)), "")
    says = f"says {written!r} of {named(item)}, which is not a quantity"
    says = says if written else f"names {named(item)} and not how much of it"
    return NeedsCorrection(
        Reason.BAD_VALUE,
        f"Ship notice {notice.number} {says}.",
        remedy="Ask the supplier how much was shipped and for a corrected notice, or book the receipt by hand; then "
        "discard this one.",
        data={"shipment": notice.number, "segment": "SN1", "element": 2, "item": named(item), "value": written},
    )


def _less_than_nothing(notice: ShipNotice, item: ShippedItem) -> NeedsCorrection:
    """A receipt cannot take back; an ERP would refuse it, and a negative quantity must not make room for others."""
    return NeedsCorrection(
        Reason.BAD_VALUE,
        f"Ship notice {notice.number} ships {item.quantity} of {named(item)}.",
        remedy="Ask the supplier for a notice of what was shipped; enter a return in the ERP by hand.",
        data={"shipment": notice.number, "quantity": str(item.quantity), "segment": "SN1", "element": 2},
    )


def _does_not_add_up(notice: ShipNotice, item: ShippedItem) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.BAD_VALUE,
        f"Ship notice {notice.number} says {item.quantity} {item.unit} of {named(item)}, and what it breaks down into "
        f"comes to {item.broken_down}.",
        remedy="Ask the supplier how much was shipped and for a corrected notice, or book the receipt by hand; then "
        "discard this one.",
        data={
            "shipment": notice.number,
            "line": item.line_number,
            "items": [one.value for one in item.items],
            "quantity": str(item.quantity),
            "broken_down": str(item.broken_down),
        },
    )


def _order_of(shipped: ShippedOrder, vendor: Vendor, find_order: FindOrder) -> OpenOrder:
    order = find_order(shipped.order_number) if shipped.order_number else None
    if order is None:
        raise NeedsCorrection(
            Reason.NO_SUCH_ORDER,
            f"The notice ships purchase order {shipped.order_number or '(none)'}, which the ERP does not have.",
            remedy="Enter the order, or ask the supplier which order is meant; it is taken up again by itself.",
            data={"order": shipped.order_number},
        )
    if order.supplier_id != vendor.id:
        raise NeedsCorrection(
            Reason.ORDER_OF_OTHER_SUPPLIER,
            f"Purchase order {order.number} is of supplier {order.supplier_code}, the notice of {vendor.code}.",
            remedy="Ask the supplier which order is meant, or mend the partner's vendor code.",
            data={"order": order.number, "supplier": order.supplier_code},
        )
    if order.cancelled:
        raise NeedsCorrection(
            Reason.ORDER_CANCELLED,
            f"Purchase order {order.number} is cancelled.",
            remedy="Settle it with the supplier; reopen the order or discard the notice.",
            data={"order": order.number},
        )
    return order
