"""Nothing that nobody can read is sent on to the ERP: texts are left out and that is told, numbers hold the document.

What takes a left-out text's place is what stands there for documents without one: the order's or the item's own.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from ml_connector.documents.common import AllowanceCharge, ItemId, changed
from ml_connector.documents.invoices import Invoice, InvoiceLine
from ml_connector.documents.shipments import ShipNotice, ShippedItem
from ml_connector.documents.values.characters import character_name, unreadable
from ml_connector.errors import NeedsMending, Reason

# What is described by a text.
R = TypeVar("R", AllowanceCharge, InvoiceLine, ShippedItem)


def readable_invoice(invoice: Invoice) -> tuple[Invoice, tuple[str, ...]]:
    """The invoice without texts that nobody can read, and what is told of them.

    Raises:
        NeedsMending: a number in it cannot be read.
    """
    _check("The invoice's number", invoice.number)
    for number in invoice.order_numbers:
        _check(f"An order's number on invoice {invoice.number}", number)
    told: list[str] = []
    lines = tuple(_line(at, line, told) for at, line in enumerate(invoice.lines, 1))
    charges = _charges("", invoice.allowances, told)
    return (changed(invoice, lines=lines, allowances=charges) if told else invoice), tuple(told)


def readable_notice(notice: ShipNotice) -> tuple[ShipNotice, tuple[str, ...]]:
    """The same of a ship notice.

    Raises:
        NeedsMending: a number in it cannot be read.
    """
    _check("The ship notice's number", notice.number)
    told: list[str] = []
    orders = []
    for order in notice.orders:
        _check(f"An order's number on ship notice {notice.number}", order.order_number)
        items = tuple(_shipped(order.order_number, at, one, told) for at, one in enumerate(order.items, 1))
        orders.append(changed(order, items=items))
    return (changed(notice, orders=tuple(orders)) if told else notice), tuple(told)


def _line(at: int, line: InvoiceLine, told: list[str]) -> InvoiceLine:
    _check_items(f"line {at}", line.items)
    charges = _charges(f"line {at}, ", line.allowances, told)
    if charges != line.allowances:
        line = changed(line, allowances=charges)
    return _described(f"line {at}", line, told)


def _shipped(order: str, at: int, item: ShippedItem, told: list[str]) -> ShippedItem:
    _check_items(f"item {at} of order {order}", item.items)
    return _described(f"item {at} of order {order}", item, told)


def _charges(where: str, charges: Sequence[AllowanceCharge], told: list[str]) -> tuple[AllowanceCharge, ...]:
    return tuple(_described(f"{where}charge {one.code}", one, told) for one in charges)


def _described(place: str, record: R, told: list[str]) -> R:
    """The record without a description that nobody can read."""
    piece = unreadable(record.description)
    if not piece:
        return record
    told.append(f"{place}: its text is left out, {_names(piece)} in it cannot be read")
    return changed(record, description="")


def _check_items(place: str, items: Iterable[ItemId]) -> None:
    for one in items:
        _check(f"The item's number ({one.qualifier}) at {place}", one.value)


def _check(what: str, number: str) -> None:
    piece = unreadable(number)
    if piece:
        raise NeedsMending(
            Reason.UNREADABLE_TEXT,
            f"{what} cannot be read: {_names(piece)} in it.",
            mend="Ask the supplier for it in the encoding agreed (`x12.encoding` of the partner's file, "
            "`text.encoding` of a layout), or enter the document by hand; then discard this.",
            data={"place": what, "value": ascii(number[:80]), "unreadable": _names(piece)},
        )


def _names(piece: str) -> str:
    """The piece in words: it may hold what no database and no terminal takes."""
    return character_name(piece) if len(piece) == 1 else f'"{piece}"' if piece.isprintable() else ascii(piece)
