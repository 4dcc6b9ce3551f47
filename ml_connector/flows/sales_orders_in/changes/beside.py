"""An order beside a document of its customer that is about it: what differs line by line, as a person is shown it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ml_connector.documents.orders import OrderChange, OrderLine, PurchaseOrder
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.posting.earlier_documents import LINES_SHOWN
from ml_connector.flows.sales_orders_in.dates import wanted_line, wanted_of
from ml_connector.ledger.work.documents import DocumentRow

#: POC02 (element 670) that leaves a line as it was, or takes it off.
_NO_CHANGE, _DELETE = "NC", "DI"


def shown(original: DocumentRow, order: PurchaseOrder | OrderChange, entry: str) -> dict[str, Any]:
    """The original and what another document of its number has otherwise. entry: what it was posted as."""
    before = stored(original.kind, original.canonical, PurchaseOrder)
    return {
        "document": original.id,
        "state": str(original.state),
        "reason": original.reason or "",
        "posted_as": entry,
        "lines": list(_differences(before, order))[:LINES_SHOWN],
    }


def _differences(before: PurchaseOrder, order: PurchaseOrder | OrderChange) -> Iterator[dict[str, str]]:
    """What differs line by line. A change (860) says only the lines that it is about, another 850 says all."""
    was = {_key(line): line for line in before.lines}
    now = {_key(line): line for line in order.lines}
    for key, line in now.items():
        change = line.change if isinstance(order, OrderChange) else ""  # type: ignore[attr-defined]  # its lines have it
        yield from _of_line(before, order, was.get(key), line, change.strip().upper())
    if isinstance(order, PurchaseOrder):
        for key, line in was.items():
            if key not in now:
                yield {
                    "line": line.number,
                    "item": _item(line),
                    "what": "quantity",
                    "was": _text(line.quantity),
                    "now": "",
                }


def _of_line(
    before: PurchaseOrder, order: PurchaseOrder | OrderChange, old: OrderLine | None, new: OrderLine, change: str
) -> Iterator[dict[str, str]]:
    if change == _NO_CHANGE:
        return
    dates = [wanted_line(old, None, wanted_of(before)).requested if old is not None else None]
    dates.append(wanted_line(new, None, wanted_of(_as_order(order))).requested)
    values = (
        ("quantity", old.quantity if old else None, Decimal(0) if change == _DELETE else new.quantity),
        ("unit", old.unit if old else "", new.unit),
        ("price", old.price if old else None, new.price),
        ("requested", dates[0], dates[1]),
    )
    for what, one, other in values:
        # An 860 leaves out what stays.
        if one != other and (other not in (None, "") or isinstance(order, PurchaseOrder)):
            yield {"line": new.number, "item": _item(new), "what": what, "was": _text(one), "now": _text(other)}


def _as_order(order: PurchaseOrder | OrderChange) -> PurchaseOrder:
    """As far as its dates are asked for."""
    if isinstance(order, PurchaseOrder):
        return order
    return PurchaseOrder(number=order.number, order_date=order.order_date, dates=order.dates)


def _key(line: OrderLine) -> str:
    return line.number.strip().lstrip("0") or _item(line)


def _item(line: OrderLine) -> str:
    return line.buyers_item or line.vendors_item or line.gtin


def _text(value: object) -> str:
    return "" if value is None else str(value)
