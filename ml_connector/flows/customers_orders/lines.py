"""Lines of a customer's order beside those of the sales orders that were made of it. Pure functions.

What was posted leads from one to the other: it has the customer's line, the item that was found and the unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from ml_connector.documents.orders import PurchaseOrder
from ml_connector.documents.sales.orders import SalesOrder, SalesOrderLine
from ml_connector.documents.sales.standing import StandingLine, StandingOrder
from ml_connector.errors import NeedsCorrection, Reason

#: Decimals of a quantity or a price that is converted; what needs more does not come out even.
MOST_PLACES = 6


@dataclass
class Taken:
    """A posted line and what there is of it in the ERP now: nothing, one line, or several that it was split into."""

    posted: SalesOrderLine
    standing: list[StandingLine] = field(default_factory=list)


def pair(posted: SalesOrder, standing: StandingOrder) -> list[Taken]:
    """The posted lines beside the ERP's. Lines of the ERP that nobody ordered (freight, gifts) are left out.

    By item: as many lines as were posted are those, in their order; more than the one that was posted are what it was
    split into; else the numbers decide. What is left of another item under a number that is missing is a substitute.
    """
    taken = [Taken(line) for line in posted.lines]
    left = sorted(standing.lines, key=lambda line: line.number)
    for item in dict.fromkeys(line.item_code for line in posted.lines):
        same = [one for one in taken if one.posted.item_code == item]
        theirs = [line for line in left if line.item_code == item]
        for one, lines in zip(same, _shared(same, theirs), strict=True):
            one.standing += lines
        left = [line for line in left if line.item_code != item]
    for line in left:
        found = next((one for one in taken if one.posted.number == line.number and not one.standing), None)
        if found is not None and line.item_code not in _charged(posted):
            found.standing.append(line)
    return taken


def _shared(posted: Sequence[Taken], lines: Sequence[StandingLine]) -> list[list[StandingLine]]:
    """The ERP's lines of one item among the posted ones of it."""
    if len(posted) == len(lines):
        return [[line] for line in lines]
    found = [[line for line in lines if line.number == one.posted.number] for one in posted]
    rest = [line for line in lines if not any(line in some for some in found)]
    missing = [some for some in found if not some]
    into = missing[0] if len(missing) == 1 else found[0] if len(found) == 1 else None
    if into is not None:
        into += rest
    return found


def _charged(posted: SalesOrder) -> set[str]:
    """Items that stand for allowances and charges."""
    return {one.item_code for one in posted.charges if one.item_code}


def by_customers_line(order: PurchaseOrder, lines: Sequence[SalesOrderLine]) -> list[int]:
    """For each posted line the position of the order's line that it is of.

    Raises:
        NeedsCorrection: the order numbers its lines so that nobody can tell.
    """
    numbers = [line.number for line in order.lines]
    if all(numbers.count(line.customers_line) == 1 for line in lines):
        return [numbers.index(line.customers_line) for line in lines]
    if len(lines) == len(numbers):
        return list(range(len(numbers)))
    raise NeedsCorrection(
        Reason.AMBIGUOUS_ORDER_LINE,
        f"Lines of order {order.number} have no numbers of their own: nobody can tell which of them is meant.",
        remedy="Tell the customer another way, and discard this here; ask it for numbers of lines (PO101).",
        data={"order": order.number, "lines": numbers[:20]},
    )


def in_ordered_unit(quantity: Decimal, unit: str, posted: SalesOrderLine, where: str) -> Decimal:
    """A quantity of the ERP in the unit that the customer ordered in.

    Raises:
        NeedsCorrection: the ERP has another unit than was posted, or it does not come out even.
    """
    if unit != posted.unit or not posted.quantity:
        raise _uneven(f"is in {unit or 'no unit'}, and was posted in {posted.unit}", posted, where)
    found = _exact(Fraction(quantity) * Fraction(posted.ordered_quantity) / Fraction(posted.quantity))
    if found is None:
        raise _uneven(f"is {quantity} {unit}, which does not come out even", posted, where)
    return found


def price_of_ordered_unit(price: Decimal, posted: SalesOrderLine) -> Decimal | None:
    """What one unit costs as the customer ordered; None where it does not come out even."""
    if not posted.ordered_quantity:
        return None
    return _exact(Fraction(price) * Fraction(posted.quantity) / Fraction(posted.ordered_quantity))


def _exact(value: Fraction) -> Decimal | None:
    scaled = value * 10**MOST_PLACES
    if scaled.denominator != 1:
        return None
    return Decimal(scaled.numerator).scaleb(-MOST_PLACES).normalize() + Decimal(0)


def _uneven(what: str, posted: SalesOrderLine, where: str) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.UNIT_MISMATCH,
        f"Line {posted.customers_line or posted.number} of {where} {what} in {posted.ordered_unit or 'its unit'}, as"
        " the customer ordered.",
        remedy="Set the line's unit in the ERP back to the ordered one; it is read again when it is saved. Or tell the"
        " customer another way, and discard this here.",
        data={"line": posted.customers_line, "unit": posted.unit, "ordered_unit": posted.ordered_unit},
    )
