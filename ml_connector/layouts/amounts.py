"""What can be computed from a document: totals and amounts that files carry beside the values they come from."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from ml_connector.documents.common import Record
from ml_connector.documents.shipments import ShipNotice

_DIVISORS = {"HP": 100, "TP": 1000}


def amount(line: Any) -> Decimal:
    """Quantity times price of a line, per price basis (x12-procurement 5), unrounded."""
    with localcontext(prec=60):
        made: Decimal = (line.quantity or Decimal(0)) * (line.price or Decimal(0)) / _DIVISORS.get(line.price_basis, 1)
    return made


def _lines(document: Any) -> list[Any]:
    if isinstance(document, ShipNotice):
        return [item for order in document.orders for item in order.items]
    return list(getattr(document, "lines", ()))


def lines_total(document: Record) -> Decimal:
    """The amounts of all lines; allowances, charges and taxes are no part of it."""
    with localcontext(prec=60):
        return sum((amount(line) for line in _lines(document) if hasattr(line, "price")), Decimal(0))


def quantity_total(document: Record) -> Decimal:
    """The quantities of all lines, whatever their units."""
    with localcontext(prec=60):
        return sum((line.quantity or Decimal(0) for line in _lines(document)), Decimal(0))


def line_count(document: Record) -> int:
    return len(_lines(document))


#: What a file may say although it follows from the rest; compared when read, computed when written.
COMPUTED: dict[str, Callable[[Any], Decimal]] = {
    "@amount": amount,
    "@lines_total": lines_total,
    "@quantity_total": quantity_total,
}


def rounded(value: Decimal, places: int) -> Decimal:
    """Half up, as amounts are rounded on paper."""
    with localcontext(prec=100):
        return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
