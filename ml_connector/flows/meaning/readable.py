"""Nothing that nobody can read is sent on to the ERP: texts are left out and that is told, numbers hold the document.

What nobody sees is no part of a number that something is known by: it is read without, and told, as in flat files.
What takes a left-out text's place is what stands there for documents without one: the order's or the item's own.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from ml_connector.documents.common import AllowanceCharge, ItemId, changed
from ml_connector.documents.invoices import Invoice, InvoiceLine
from ml_connector.documents.shipments import ShipNotice, ShippedItem
from ml_connector.documents.values.characters import character_name, unreadable
from ml_connector.documents.values.unseen import as_key, unseen_in
from ml_connector.errors import NeedsCorrection, Reason

# What is described by a text.
R = TypeVar("R", AllowanceCharge, InvoiceLine, ShippedItem)


def readable_invoice(invoice: Invoice) -> tuple[Invoice, tuple[str, ...]]:
    """The invoice without texts that nobody can read and signs that nobody sees, and what is told of them.

    Raises:
        NeedsCorrection: a number in it cannot be read.
    """
    told: list[str] = []
    number = _key("The invoice's number", invoice.number, told)
    order = _key(f"An order's number on invoice {invoice.number}", invoice.order_number, told)
    lines = tuple(_line(invoice.number, at, line, told) for at, line in enumerate(invoice.lines, 1))
    charges = _charges("", invoice.allowances, told)
    if not told:
        return invoice, ()
    return changed(invoice, number=number, order_number=order, lines=lines, allowances=charges), tuple(told)


def readable_notice(notice: ShipNotice) -> tuple[ShipNotice, tuple[str, ...]]:
    """The same of a ship notice.

    Raises:
        NeedsCorrection: a number in it cannot be read.
    """
    told: list[str] = []
    own = _key("The ship notice's number", notice.number, told)
    orders = []
    for order in notice.orders:
        number = _key(f"An order's number on ship notice {notice.number}", order.order_number, told)
        items = tuple(_shipped(order.order_number, at, one, told) for at, one in enumerate(order.items, 1))
        orders.append(changed(order, order_number=number, items=items))
    return (changed(notice, number=own, orders=tuple(orders)) if told else notice), tuple(told)


def _line(number: str, at: int, line: InvoiceLine, told: list[str]) -> InvoiceLine:
    items = _items(f"line {at}", line.items, told)
    order = _key(f"An order's number on invoice {number}", line.order_number, told)
    if items != line.items or order != line.order_number:
        line = changed(line, items=items, order_number=order)
    charges = _charges(f"line {at}, ", line.allowances, told)
    if charges != line.allowances:
        line = changed(line, allowances=charges)
    return _described(f"line {at}", line, told)


def _shipped(order: str, at: int, item: ShippedItem, told: list[str]) -> ShippedItem:
    items = _items(f"item {at} of order {order}", item.items, told)
    item = changed(item, items=items) if items != item.items else item
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


def _items(place: str, items: Iterable[ItemId], told: list[str]) -> tuple[ItemId, ...]:
    found = ((one, _key(f"The item's number ({one.qualifier}) at {place}", one.value, told)) for one in items)
    return tuple(changed(one, value=value) if value != one.value else one for one, value in found)


def _key(what: str, number: str, told: list[str]) -> str:
    """A number that something is known by, as it is seen."""
    _check(what, number)
    seen = as_key(number)
    if seen != number:
        without = f", without {_names(unseen_in(number))}" if unseen_in(number) else ""
        told.append(f"{what} is read as it is seen{without}")
    return seen


def _check(what: str, number: str) -> None:
    piece = unreadable(number)
    if piece:
        raise NeedsCorrection(
            Reason.UNREADABLE_TEXT,
            f"{what} cannot be read: {_names(piece)} in it.",
            remedy="Ask the supplier for it in the encoding agreed (`x12.encoding` of the partner's file, "
            "`text.encoding` of a layout), or enter the document by hand; then discard this.",
            data={"place": what, "value": ascii(number[:80]), "unreadable": _names(piece)},
        )


def _names(piece: str) -> str:
    """The piece in words: it may hold what no database and no terminal takes."""
    return character_name(piece) if len(piece) == 1 else f'"{piece}"' if piece.isprintable() else ascii(piece)
