"""Ship notices in: matched to order lines, they become goods receipts, one a supplier and warehouse."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.documents.bills import GoodsReceipt, ReceiptLine
from ml_connector.documents.reference import OpenOrder, OpenOrderLine, Vendor
from ml_connector.documents.shipments import ShipNotice, ShippedItem, ShippedOrder
from ml_connector.errors import NeedsMending, Reason
from ml_connector.flows import named_orders, recognised
from ml_connector.flows.admission import admit
from ml_connector.flows.claiming import claim_waiting
from ml_connector.flows.context import Integration, StepReport, Work
from ml_connector.flows.holding import attempt, hold_moves, resume_moves
from ml_connector.flows.invoices import vendor_of
from ml_connector.flows.line_meant import NamedLine, lines_meant, of_erp
from ml_connector.flows.meanings import check_notice
from ml_connector.flows.ports import ReceiptIdentity
from ml_connector.flows.recognised import Found
from ml_connector.flows.reference import refresh_orders
from ml_connector.flows.reference_book import ReferenceBook
from ml_connector.flows.stored import stored
from ml_connector.flows.strangers import partner_named
from ml_connector.ledger import documents, operations
from ml_connector.ledger.documents import DocumentRow, Move
from ml_connector.ledger.states import DocumentState as S

FLOW = "shipments_in"


def match(integration: Integration, work: Work) -> StepReport:
    """Turn every waiting ship notice into the receipts to post."""
    report = StepReport("match shipments")
    refreshed = False
    after = 0
    while not work.stopped():
        rows = claim_waiting(integration, work, FLOW, (S.PARSED, S.QUARANTINED), after_id=after)
        if not rows:
            return report
        after = rows[-1].id
        if not refreshed and not work.as_of and not work.dry_run:
            refresh_orders(integration)
            refreshed = True
        _match_batch(integration, work, rows, report)
    return report


def _match_batch(integration: Integration, work: Work, rows: Sequence[DocumentRow], report: StepReport) -> None:
    book = ReferenceBook(integration.ledger, integration.erp.connection, integration.erp.company, work.as_of)
    spoken = _spoken_for(integration)
    moves: list[Move] = []
    named_orders.settle(integration, work, rows, report)
    ours = _ours(integration, rows, book)
    for row in rows:
        if row.id in ours:
            moves += recognised.moves(row, ours[row.id], report)
            continue
        decided = attempt(lambda row=row: _decide(integration, row, book, spoken))  # type: ignore[misc]
        if isinstance(decided, NeedsMending):
            moves += hold_moves(integration, row, decided, report, step=S.PARSED)
            continue
        receipts, admitted = decided
        for receipt in receipts:
            for line in receipt.lines:
                spoken[line.order_line_id] = spoken.get(line.order_line_id, Decimal(0)) + line.quantity
        work_text = "[" + ",".join(receipt.model_dump_json() for receipt in receipts) + "]"
        report.add("matched", row.partition_date, document=row.number, partner=row.partner, receipts=len(receipts))
        moves += resume_moves(row)
        moves.append(
            Move(
                row.id,
                S.MATCHED,
                "matched",
                {"receipts": len(receipts)},
                changes={"work": work_text, "snapshots": dict(book.versions), **admitted},
                release=False,
            )
        )
        moves.append(Move(row.id, S.CODED, "ready to post"))
    if not work.dry_run:
        with integration.ledger.write() as tx:
            for row in rows:
                if row.id in ours:
                    recognised.record(tx, row, ours[row.id])
            documents.move(tx, moves, work)


def _ours(integration: Integration, rows: Sequence[DocumentRow], book: ReferenceBook) -> dict[int, list[Found]]:
    """Those whose receipts we posted before the ledger was restored: the orders' figures count them already."""
    if not recognised.is_due(integration):
        return {}
    wanted: dict[int, ReceiptIdentity] = {}
    for row in rows:
        partner = integration.partner_of(row)
        vendor = book.vendor(partner.vendor) if partner is not None else None
        if vendor is not None and row.business_key is not None:
            wanted[row.id] = ReceiptIdentity(vendor.id, row.number)
    return recognised.receipts(integration, wanted)


def _spoken_for(integration: Integration) -> dict[str, Decimal]:
    """Quantities of receipts that are matched and not yet in the ERP's figures."""
    spoken: dict[str, Decimal] = {}
    states = (S.MATCHED, S.CODED, S.POSTING, S.UNKNOWN_OUTCOME)
    with integration.ledger.read() as tx:
        pending = documents.work_of(tx, integration.books, FLOW, states)
    for _, text in pending:
        for receipt in receipts_from(text):
            for line in receipt.lines:
                spoken[line.order_line_id] = spoken.get(line.order_line_id, Decimal(0)) + line.quantity
    return spoken


def receipts_from(text: str) -> list[GoodsReceipt]:
    """The receipts in a document's work."""
    from pydantic import TypeAdapter

    return TypeAdapter(list[GoodsReceipt]).validate_json(text)


def _decide(
    integration: Integration, row: DocumentRow, book: ReferenceBook, spoken: dict[str, Decimal]
) -> tuple[list[GoodsReceipt], dict[str, Any]]:
    if row.state is S.QUARANTINED and row.work and _partly_booked(integration, row):
        # Once begun it is finished: what was booked of it stands, and would look like too much now.
        return receipts_from(row.work), {}
    row, admitted = admit(integration, row)
    notice = stored(row.kind, row.canonical, ShipNotice)
    partner = partner_named(integration, row)
    vendor = vendor_of(book, partner)
    check_notice(notice)
    over = Decimal(integration.settings.flows.shipments_in.over_shipment_percent)
    receipts = receipts_for(
        notice,
        vendor,
        book.order,
        spoken,
        over_shipment_percent=over,
        receipt_date=_receipt_date(integration, notice),
        units=partner.units,
        order_units=integration.settings.flows.orders_out.units,
        numbers_are_ours=partner.line_numbers == "ours",
    )
    return receipts, admitted


def _partly_booked(integration: Integration, row: DocumentRow) -> bool:
    with integration.ledger.read() as tx:
        return bool(operations.outside_ids(tx, [row.id]))


def _receipt_date(integration: Integration, notice: ShipNotice) -> date:
    today = integration.clock.now().date()
    rule = integration.settings.flows.shipments_in.receipt_date
    if rule == "shipped":
        return notice.shipped_date or today
    if rule == "expected":
        return notice.date_of("017", "371", "067") or today
    return today


def receipts_for(
    notice: ShipNotice,
    vendor: Vendor,
    find_order: Callable[[str], OpenOrder | None],
    spoken: dict[str, Decimal],
    *,
    over_shipment_percent: Decimal,
    receipt_date: date,
    units: dict[str, str],
    order_units: dict[str, str],
    numbers_are_ours: bool = True,
) -> list[GoodsReceipt]:
    """The receipts a notice means: one a supplier and warehouse (exact-online 10.2), all its orders checked first.

    Raises:
        NeedsMending: unknown or foreign order, item not on it, unit differs, more shipped than open.
    """
    by_warehouse: dict[str, dict[str, ReceiptLine]] = {}
    taken: dict[str, Decimal] = {}
    for shipped in notice.orders:
        order = _order_of(shipped, vendor, find_order)
        lines = by_warehouse.setdefault(order.warehouse_id, {})
        for item in shipped.items:
            if not item.quantity:
                continue
            if item.quantity < 0:
                raise _less_than_nothing(notice, item)
            if item.broken_down is not None and item.broken_down != item.quantity:
                raise _does_not_add_up(notice, item)
            line = find_shipped_line(item, order, numbers_are_ours=numbers_are_ours)
            _check_unit(item, line, order, units, order_units)
            taken[line.id] = taken.get(line.id, Decimal(0)) + item.quantity
            _check_open(item, line, order, taken[line.id] + spoken.get(line.id, Decimal(0)), over_shipment_percent)
            before = lines.get(line.id)
            lines[line.id] = ReceiptLine(
                order_line_id=line.id,
                order_number=order.number,
                line_number=line.number,
                quantity=item.quantity + (before.quantity if before else Decimal(0)),
                description=item.description or line.description,
            )
    receipts = [
        GoodsReceipt(
            vendor_id=vendor.id,
            warehouse_id=warehouse,
            receipt_date=receipt_date,
            reference=notice.number,
            description=f"Shipment {notice.number}",
            lines=tuple(lines.values()),
        )
        for warehouse, lines in by_warehouse.items()
        if lines
    ]
    if not receipts:
        raise NeedsMending(
            Reason.BAD_VALUE,
            f"Ship notice {notice.number} ships nothing of any order.",
            mend="Ask the supplier for a notice with items (SN1) under orders (PRF).",
            data={"shipment": notice.number},
        )
    return receipts


def _less_than_nothing(notice: ShipNotice, item: ShippedItem) -> NeedsMending:
    """A receipt cannot take back; Exact would refuse it, and a negative quantity must not make room for others."""
    return NeedsMending(
        Reason.BAD_VALUE,
        f"Ship notice {notice.number} ships {item.quantity} of {item.vendors_item or item.buyers_item or 'an item'}.",
        mend="Ask the supplier for a notice of what was shipped; enter a return in the ERP by hand.",
        data={"shipment": notice.number, "quantity": str(item.quantity), "segment": "SN1", "element": 2},
    )


def _does_not_add_up(notice: ShipNotice, item: ShippedItem) -> NeedsMending:
    return NeedsMending(
        Reason.BAD_VALUE,
        f"Ship notice {notice.number} says {item.quantity} {item.unit} of {item.vendors_item or item.buyers_item}, and "
        f"what it breaks down into comes to {item.broken_down}.",
        mend="Ask the supplier how much was shipped and for a corrected notice, or book the receipt by hand; then "
        "discard this one.",
        data={
            "shipment": notice.number,
            "line": item.line_number,
            "items": [one.value for one in item.items],
            "quantity": str(item.quantity),
            "broken_down": str(item.broken_down),
        },
    )


def _order_of(shipped: ShippedOrder, vendor: Vendor, find_order: Callable[[str], OpenOrder | None]) -> OpenOrder:
    order = find_order(shipped.order_number) if shipped.order_number else None
    if order is None:
        raise NeedsMending(
            Reason.NO_SUCH_ORDER,
            f"The notice ships purchase order {shipped.order_number or '(none)'}, which the ERP does not have.",
            mend="Enter the order, or ask the supplier which order is meant; it is taken up again by itself.",
            data={"order": shipped.order_number},
        )
    if order.supplier_id != vendor.id:
        raise NeedsMending(
            Reason.ORDER_OF_OTHER_SUPPLIER,
            f"Purchase order {order.number} is of supplier {order.supplier_code}, the notice of {vendor.code}.",
            mend="Ask the supplier which order is meant, or mend the partner's vendor code.",
            data={"order": order.number, "supplier": order.supplier_code},
        )
    if order.cancelled:
        raise NeedsMending(
            Reason.ORDER_CANCELLED,
            f"Purchase order {order.number} is cancelled.",
            mend="Settle it with the supplier; reopen the order or discard the notice.",
            data={"order": order.number},
        )
    return order


def find_shipped_line(item: ShippedItem, order: OpenOrder, *, numbers_are_ours: bool = True) -> OpenOrderLine:
    """The order line an item belongs to (`line_meant`); of several of one item the one with most still open."""
    named = NamedLine(item.line_number, item.items, what="Shipped item")
    found = lines_meant(named, [of_erp(o) for o in order.lines], order.number, numbers_are_ours=numbers_are_ours)
    return max(found, key=lambda o: o.quantity - o.received)


def _check_unit(
    item: ShippedItem,
    line: OpenOrderLine,
    order: OpenOrder,
    units: dict[str, str],
    order_units: dict[str, str],
) -> None:
    shipped = units.get(item.unit, item.unit)
    ordered = order_units.get(line.unit, line.unit)
    if shipped and ordered and shipped.casefold() != ordered.casefold():
        raise NeedsMending(
            Reason.UNIT_MISMATCH,
            f"Line {line.number} of purchase order {order.number} is shipped in {item.unit}, ordered in {line.unit}.",
            mend="Map the unit under `units` of the partner if the two mean the same.",
            data={"order": order.number, "line": line.number, "shipped": item.unit, "ordered": line.unit},
        )


def _check_open(
    item: ShippedItem, line: OpenOrderLine, order: OpenOrder, quantity: Decimal, over_percent: Decimal
) -> None:
    allowed = line.quantity * (100 + over_percent) / 100 - line.received
    if quantity > allowed:
        raise NeedsMending(
            Reason.OVER_SHIPMENT,
            f"Line {line.number} of purchase order {order.number}: {quantity} shipped, {allowed} still open.",
            mend="Raise the order's quantity, allow over-shipment (shipments_in), or refuse the surplus.",
            data={
                "order": order.number,
                "line": line.number,
                "ordered": str(line.quantity),
                "received": str(line.received),
                "shipped": str(item.quantity),
            },
        )
