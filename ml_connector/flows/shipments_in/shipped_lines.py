"""Which order lines a shipped item is received on. Pure functions.

An item that fits one line goes there. Of several lines of one item none is guessed: it is plain only where one of them
is open, or where all that is open is shipped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ml_connector.documents.reference import OpenOrder, OpenOrderLine
from ml_connector.documents.shipments import ShippedItem
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.meaning.line_meant import NamedLine, lines_meant, of_erp
from ml_connector.flows.meaning.notice_codes import named


@dataclass(frozen=True)
class ShippedPart:
    """What is shipped of an order, and the lines it may belong to: one, or several of the same item."""

    order: OpenOrder
    item: ShippedItem
    quantity: Decimal
    lines: tuple[OpenOrderLine, ...]


@dataclass(frozen=True)
class Placed:
    """A quantity of a shipped item on its order line."""

    part: ShippedPart
    line: OpenOrderLine
    quantity: Decimal


def lines_of(
    item: ShippedItem,
    order: OpenOrder,
    units: Mapping[str, str],
    order_units: Mapping[str, str],
    *,
    numbers_are_ours: bool = True,
) -> tuple[OpenOrderLine, ...]:
    """The lines of the order that an item may belong to (`line_meant`), ordered in the unit it is shipped in.

    Raises:
        NeedsCorrection: none of the order's, item and number contradict each other, or another unit.
    """
    meant = NamedLine(item.line_number, item.items, what="Shipped item")
    found = lines_meant(meant, [of_erp(o) for o in order.lines], order.number, numbers_are_ours=numbers_are_ours)
    shipped = units.get(item.unit, item.unit).casefold()
    fits = tuple(one for one in found if _same(shipped, order_units.get(one.unit, one.unit).casefold()))
    if fits:
        return fits
    line = found[0]
    raise NeedsCorrection(
        Reason.UNIT_MISMATCH,
        f"Line {line.number} of purchase order {order.number} is shipped in {item.unit}, ordered in {line.unit}.",
        remedy="Map the unit under `units` of the partner if the two mean the same.",
        data={"order": order.number, "line": line.number, "shipped": item.unit, "ordered": line.unit},
    )


def _same(shipped: str, ordered: str) -> bool:
    """A unit that is not said contradicts none."""
    return not shipped or not ordered or shipped == ordered


class Placing:
    """Puts the parts of one notice on their lines. spoken: quantities of others, not in the ERP's figures yet."""

    def __init__(self, spoken: Mapping[str, Decimal], over_percent: Decimal) -> None:
        self._spoken = spoken
        self._over = over_percent
        self._taken: dict[str, Decimal] = {}

    def place(self, parts: Sequence[ShippedPart]) -> list[Placed]:
        """Every part on its line, those that fit one line first: what they leave may tell where the others belong.

        Raises:
            NeedsCorrection: more than is open, or one of several lines would have to be guessed.
        """
        placed: dict[int, list[Placed]] = {}
        unsure: dict[tuple[str, tuple[str, ...]], list[int]] = {}
        for at, part in enumerate(parts):
            if len(part.lines) == 1:
                placed[at] = [self._put(part, part.lines[0], part.quantity)]
            else:
                unsure.setdefault((part.order.id, tuple(line.id for line in part.lines)), []).append(at)
        for places in unsure.values():
            for at, found in zip(places, self._together([parts[at] for at in places]), strict=True):
                placed[at] = found
        return [one for at in range(len(parts)) for one in placed[at]]

    def _together(self, parts: Sequence[ShippedPart]) -> list[list[Placed]]:
        """Parts of one item that several lines have, the number of none given."""
        lines = parts[0].lines
        shipped = sum((part.quantity for part in parts), Decimal(0))
        left = {line.id: self._open(line) for line in lines}
        usable = [line for line in lines if left[line.id] > 0]
        if len(usable) == 1:
            return [[self._put(part, usable[0], part.quantity)] for part in parts]
        if not usable:
            raise self._too_much(parts[0], lines[0], shipped, self._allowed(lines[0]))
        if shipped != sum((left[line.id] for line in usable), Decimal(0)):
            raise _ambiguous(parts[0], usable, shipped)
        return [self._filled(part, usable, left) for part in parts]

    def _filled(self, part: ShippedPart, lines: Sequence[OpenOrderLine], left: dict[str, Decimal]) -> list[Placed]:
        """A part on the lines in their order, as far as they are open."""
        rest, found = part.quantity, []
        for line in lines:
            quantity = min(rest, left[line.id])
            if quantity > 0:
                found.append(self._put(part, line, quantity))
                left[line.id] -= quantity
                rest -= quantity
        return found

    def _put(self, part: ShippedPart, line: OpenOrderLine, quantity: Decimal) -> Placed:
        allowed = self._allowed(line)
        if quantity > allowed:
            raise self._too_much(part, line, quantity, allowed)
        self._taken[line.id] = self._taken.get(line.id, Decimal(0)) + quantity
        return Placed(part, line, quantity)

    def _before(self, line: OpenOrderLine) -> Decimal:
        return line.received + self._spoken.get(line.id, Decimal(0)) + self._taken.get(line.id, Decimal(0))

    def _open(self, line: OpenOrderLine) -> Decimal:
        return line.quantity - self._before(line)

    def _allowed(self, line: OpenOrderLine) -> Decimal:
        return line.quantity * (100 + self._over) / 100 - self._before(line)

    def _too_much(self, part: ShippedPart, line: OpenOrderLine, quantity: Decimal, allowed: Decimal) -> NeedsCorrection:
        return NeedsCorrection(
            Reason.OVER_SHIPMENT,
            f"Line {line.number} of purchase order {part.order.number}: {quantity} shipped, {allowed} still open.",
            remedy="Raise the order's quantity, allow over-shipment (shipments_in), or refuse the surplus.",
            data={
                "order": part.order.number,
                "line": line.number,
                "ordered": str(line.quantity),
                "received": str(line.received),
                "allowed": str(allowed),
                "shipped": str(quantity),
            },
        )


def _ambiguous(part: ShippedPart, lines: Sequence[OpenOrderLine], shipped: Decimal) -> NeedsCorrection:
    numbers = ", ".join(str(line.number) for line in lines)
    return NeedsCorrection(
        Reason.AMBIGUOUS_ORDER_LINE,
        f"{shipped} of {named(part.item)} may belong to lines {numbers} of purchase order {part.order.number}, and the "
        "notice does not say to which.",
        remedy="Ask the supplier for the order's line numbers (LIN01), or book the receipt by hand and discard "
        "this one.",
        data={
            "order": part.order.number,
            "item": named(part.item),
            "shipped": str(shipped),
            "candidates": [line.number for line in lines],
        },
    )
