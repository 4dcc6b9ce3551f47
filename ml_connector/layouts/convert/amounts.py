"""What can be computed from a document: totals and amounts that files carry beside the values they come from."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from ml_connector.documents.common import Record
from ml_connector.documents.shipments import ShipNotice
from ml_connector.documents.values.price_basis import pieces


def amount(line: Any) -> Decimal:
    """Quantity times price of a line, per price basis (x12-procurement 5), unrounded."""
    with localcontext(prec=60):
        made: Decimal = (line.quantity or Decimal(0)) * (line.price or Decimal(0)) / pieces(line.price_basis)
    return made


def net_amount(line: Any) -> Decimal:
    """The amount of a line less its allowances, with its charges."""
    with localcontext(prec=60):
        return amount(line) + sum((one.signed_amount for one in getattr(line, "allowances", ())), Decimal(0))


def _lines(document: Any) -> list[Any]:
    if isinstance(document, ShipNotice):
        return [item for order in document.orders for item in order.items]
    return list(getattr(document, "lines", ()))


def lines_total(document: Record) -> Decimal:
    """The amounts of all lines; allowances, charges and taxes are no part of it."""
    with localcontext(prec=60):
        return sum((amount(line) for line in _lines(document) if hasattr(line, "price")), Decimal(0))


def net_total(document: Record) -> Decimal:
    """The amounts of all lines less their allowances, with their charges."""
    with localcontext(prec=60):
        return sum((net_amount(line) for line in _lines(document) if hasattr(line, "price")), Decimal(0))


def quantity_total(document: Record) -> Decimal:
    """The quantities of all lines, whatever their units."""
    with localcontext(prec=60):
        return sum((line.quantity or Decimal(0) for line in _lines(document)), Decimal(0))


def line_count(document: Record) -> int:
    """How many lines a document has."""
    return len(_lines(document))


#: What a file may say although it follows from the rest; compared when read, computed when written.
COMPUTED: dict[str, Callable[[Any], Decimal]] = {
    "@amount": amount,
    "@net_amount": net_amount,
    "@lines_total": lines_total,
    "@net_total": net_total,
    "@quantity_total": quantity_total,
}


def rounded(value: Decimal, places: int) -> Decimal:
    """Half up, as amounts are rounded on paper."""
    with localcontext(prec=100):
        return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
