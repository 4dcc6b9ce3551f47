"""What ties bills and receipts to the lines of orders and receipts: what is still to be received and to be billed."""

from collections.abc import Mapping
from decimal import Decimal

from ml_connector.sandbox.acumatica.books import lookups
from ml_connector.sandbox.acumatica.books.forms import cannot_be_found
from ml_connector.sandbox.acumatica.books.tenant import Work
from ml_connector.sandbox.acumatica.wire.errors import FieldError
from ml_connector.sandbox.acumatica.wire.record import Record, record
from ml_connector.sandbox.acumatica.wire.values import Value

GOODS = "Goods for IN"
BY_ORDER = "CurrentDocument.OrderBasedAPBill"
OVER_RECEIPT = "Quantity billed is greater then the quantity in the original PO Receipt for this row"
OVER_ORDER = "The billed quantity is greater than the quantity in the original purchase order for this row"
_ZERO = Decimal(0)
_HUNDRED = Decimal(100)


def billed(line: Record) -> Decimal:
    """How much of an order's or receipt's line stands on bills, released or not."""
    value = line.inner.get("billed", _ZERO)
    return value if isinstance(value, Decimal) else _ZERO


def purchase_order(work: Work, kind: Value, number: Value) -> Record | None:
    shown = {"RO": "Normal", "DP": "Drop-Ship", "BL": "Blanket", "SB": "Standard"}.get(str(kind), kind or "Normal")
    return work.tenant.find("PurchaseOrder", str(shown), str(number or ""))


def receipt(work: Work, kind: Value, number: Value) -> Record | None:
    shown = {"RT": "Receipt", "RN": "Return"}.get(str(kind), kind or "Receipt")
    return work.tenant.find("PurchaseReceipt", str(shown), str(number or ""))


def bill_lines(work: Work, bill: Record, line: Record, sent: Mapping[str, Value]) -> list[Record]:
    """The bill's lines that a sent one makes. Raises FieldError for a link that the screen refuses."""
    if sent.get("POReceiptNbr"):
        return _by_receipt(work, bill, line, sent)
    if sent.get("POOrderNbr"):
        return _by_order(work, bill, line, sent)
    return [line]


def _by_receipt(work: Work, bill: Record, line: Record, sent: Mapping[str, Value]) -> list[Record]:
    found = receipt(work, sent.get("POReceiptType"), sent["POReceiptNbr"])
    if found is None or found.text("VendorID") != bill.text("Vendor"):
        raise FieldError(cannot_be_found("PO Receipt Nbr."))
    if found.text("Status") != "Released":
        raise FieldError(f"The purchase receipt {found.text('ReceiptNbr')} is not released.")
    number = sent.get("POReceiptLine")
    sources = [one for one in found.details() if number is None or one.get("LineNbr") == number]
    if number is not None and not sources:
        raise FieldError(cannot_be_found("PO Receipt Line Nbr."))
    if number is None:  # all lines that are not billed yet come (acumatica 8.1)
        sources = [one for one in sources if one.number("ReceiptQty") > billed(one)]
    return [_from_receipt(work, found, one, line, everything=number is None) for one in sources]


def _from_receipt(work: Work, found: Record, source: Record, line: Record, *, everything: bool) -> Record:
    made = record(dict(line.values)) if everything else line
    made.values |= {
        "POReceiptType": found.get("Type"), "POReceiptNbr": found.get("ReceiptNbr"),
        "POReceiptLine": source.get("LineNbr"), "POOrderType": source.get("POOrderType"),
        "POOrderNbr": source.get("POOrderNbr"), "POLine": source.get("POLineNbr"),
        "InventoryID": source.get("InventoryID"), "UOM": source.get("UOM"), "UnitCost": source.get("UnitCost"),
        "TransactionDescription": source.get("TransactionDescription"), "Account": source.get("AccrualAccount"),
        "Subaccount": source.get("AccrualSubaccount"), "Qty": source.number("ReceiptQty") - billed(source),
        "TaxCategory": _tax_category(work, source),
    }  # fmt: skip
    made.inner |= {"link": "receipt", "all": everything}
    return made


def _by_order(work: Work, bill: Record, line: Record, sent: Mapping[str, Value]) -> list[Record]:
    order = purchase_order(work, sent.get("POOrderType"), sent["POOrderNbr"])
    if order is None or order.text("VendorID") != bill.text("Vendor"):
        raise FieldError(cannot_be_found("PO Number"))
    if order.text("Status") not in {"Open", "Completed"}:
        raise FieldError(f"The purchase order {order.text('OrderNbr')} has the status {order.text('Status')}.")
    number = sent.get("POLine")
    sources = [one for one in order.details() if number is None or one.get("LineNbr") == number]
    if number is not None and not sources:
        raise FieldError(cannot_be_found("PO Line"))
    if number is None:
        sources = [
            one for one in sources if one.number("OrderQty") > billed(one) and _billable_by_order(order, one)
        ]  # fmt: skip
    elif not _billable_by_order(order, sources[0]):
        if work.options.po_link_on_receipt_billed == "refused":
            raise FieldError("The purchase order line cannot be added: it is billed from its purchase receipts.")
        line.inner["unlinked"] = True  # a line without the link
        _copy(sources[0], line)
        return [line]
    return [_from_order(order, one, line, everything=number is None) for one in sources]


def _billable_by_order(order: Record, line: Record) -> bool:
    """Goods only where the order is billed by order; services always (acumatica 8.1)."""
    return order.custom.get(BY_ORDER) is True or line.text("LineType") != GOODS


def _from_order(order: Record, source: Record, line: Record, *, everything: bool) -> Record:
    made = record(dict(line.values)) if everything else line
    _copy(source, made)
    made.values |= {
        "POOrderType": order.get("Type"), "POOrderNbr": order.get("OrderNbr"), "POLine": source.get("LineNbr"),
    }  # fmt: skip
    made.inner |= {"link": "order", "all": everything}
    return made


def _copy(source: Record, made: Record) -> None:
    made.values |= {
        "InventoryID": source.get("InventoryID"), "UOM": source.get("UOM"), "UnitCost": source.get("UnitCost"),
        "TransactionDescription": source.get("LineDescription"), "Account": source.get("Account"),
        "Subaccount": source.get("Subaccount"), "TaxCategory": source.get("TaxCategory"),
        "Qty": max(source.number("OrderQty") - billed(source), _ZERO),
    }  # fmt: skip


def _tax_category(work: Work, source: Record) -> Value:
    order = purchase_order(work, source.get("POOrderType"), source.get("POOrderNbr"))
    line = order.line(source.whole("POLineNbr")) if order is not None else None
    if line is not None:
        return line.get("TaxCategory")
    item = work.tenant.item(source.text("InventoryID"))
    return item.get("TaxCategory") if item is not None else None


def _sources(work: Work, line: Record) -> tuple[Record | None, Record | None, Record | None, Record | None]:
    """The receipt and its line, the order and its line, that a bill's line names."""
    found = receipt(work, line.get("POReceiptType"), line.get("POReceiptNbr")) if line.get("POReceiptNbr") else None
    order = purchase_order(work, line.get("POOrderType"), line.get("POOrderNbr")) if line.get("POOrderNbr") else None
    return (
        found,
        found.line(line.whole("POReceiptLine")) if found is not None else None,
        order,
        order.line(line.whole("POLine")) if order is not None else None,
    )


def _quantity(work: Work, line: Record, source: Record) -> Decimal:
    """A bill line's quantity in the unit of the line that it bills."""
    item = work.tenant.item(source.text("InventoryID"))
    return lookups.rescale(work, item, line.number("Qty"), line.text("UOM"), source.text("UOM"))


def over_billed(work: Work, line: Record, *, saved: bool = False) -> str | None:
    """What the screen says when more is billed than may be; `saved`: the line is counted already."""
    _, source, _, ordered = _sources(work, line)
    of = source or ordered
    own = _ZERO if saved or of is None else _quantity(work, line, of) - line.inner.get("counted", _ZERO)
    if source is not None:
        return OVER_RECEIPT if billed(source) + own > source.number("ReceiptQty") else None
    if ordered is not None and line.inner.get("link") == "order":
        most = ordered.number("OrderQty") * ordered.number("MaxReceiptPercent") / _HUNDRED
        if billed(ordered) + own > most and ordered.text("ReceiptAction") == "Reject":
            return OVER_ORDER
    return None


def count_billed(work: Work, before: Record | None, after: Record | None) -> None:
    """Move what is billed of orders' and receipts' lines from what the bill had to what it has."""
    for row, sign in ((before, -1), (after, 1)):
        if row is None or row.text("Type") != "Bill":
            continue
        for line in row.details():
            found, source, _, ordered = _sources(work, line)
            for one in (source, ordered):
                if one is not None:
                    quantity = _quantity(work, line, one)
                    one.inner["billed"] = billed(one) + sign * quantity
                    line.inner["counted"] = quantity
            if found is not None:
                open_qty = sum((one.number("ReceiptQty") - billed(one) for one in found.details()), _ZERO)
                found.values["UnbilledQuantity"] = open_qty


def close_orders(work: Work, bill: Record) -> None:
    """An order of which everything is received and billed is closed."""
    for line in bill.details():
        _, _, order, _ = _sources(work, line)
        if order is not None and order.text("Status") == "Completed":
            rest = [one for one in order.details() if not one.flag("Cancelled")]
            if all(billed(one) >= one.number("OrderQty") for one in rest):
                order.values["Status"] = "Closed"
                work.tenant.save("PurchaseOrder", order)
