"""How the quantity of a line is divided: over stores (SDQ, or an N1 ST of the line) and over days (SCH).

What is divided must add up to the line (x12-procurement 5). Pure functions.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from ml_connector.documents.common import Party
from ml_connector.documents.orders import OrderLine, PurchaseOrder, Schedule
from ml_connector.edi.framing.values import read_decimal
from ml_connector.errors import NeedsCorrection, Reason

#: N101 of where it goes: ship to, bill and ship to, delivery address.
SHIP_TO = ("ST", "BS", "DA")
#: SDQ03 and following: pairs of store and quantity, ten of them.
_FIRST_PAIR, _LAST_PAIR = 2, 22


@dataclass(frozen=True)
class Portion:
    """A part of a line's quantity. store: the customer's code of the place it is for; empty: where the order goes.

    wanted: the schedule that it is by.
    """

    quantity: Decimal
    store: str = ""
    party: Party | None = None
    wanted: Schedule | None = None


def portions_of(order: PurchaseOrder, line: OrderLine) -> list[Portion]:
    """The parts of a line, which come to its quantity.

    Raises:
        NeedsCorrection: it has no quantity to order, or its parts do not add up.
    """
    quantity = _quantity(order, line)
    by_store = _by_store(order, line, quantity)
    by_day = [one for one in line.schedules if one.quantity is not None]
    if by_day:
        days = [one.quantity or Decimal(0) for one in by_day]
        _adds_up(order, line, "schedule (SCH)", days, {one.unit for one in by_day}, quantity)
    if len(by_day) > 1 and len(by_store) > 1:
        raise NeedsCorrection(
            Reason.STORE_QUANTITIES,
            f"Line {line.number} of order {order.number} is divided over stores and over days, and which store gets "
            "how much on which day is not said.",
            remedy="Ask the customer, enter the order in the ERP by hand, then discard this.",
            data={"order": order.number, "line": line.number},
        )
    if len(by_day) > 1:
        one = by_store[0]
        return [Portion(day.quantity or Decimal(0), one.store, one.party, day) for day in by_day]
    return [Portion(one.quantity, one.store, one.party, by_day[0] if by_day else None) for one in by_store]


def stores_of(order: PurchaseOrder) -> Iterator[str]:
    """Every code of a place that an order goes to."""
    yield from (party.id.strip() for party in order.parties if party.role.upper() in SHIP_TO)
    for line in order.lines:
        yield from (party.id.strip() for party in line.parties if party.role.upper() in SHIP_TO)
        yield from (store for _, store, _ in _destinations(line))


def _quantity(order: PurchaseOrder, line: OrderLine) -> Decimal:
    if line.quantity is not None and line.quantity > 0:
        return line.quantity
    says = "no quantity" if line.quantity is None else f"the quantity {line.quantity}"
    raise NeedsCorrection(
        Reason.BAD_VALUE,
        f"Line {line.number} of order {order.number} has {says} (PO102): nothing can be ordered by that.",
        remedy="Ask the customer what it wants and for a corrected order; discard this one.",
        data={"order": order.number, "line": line.number, "segment": "PO1", "element": 2},
    )


def _by_store(order: PurchaseOrder, line: OrderLine, quantity: Decimal) -> list[Portion]:
    destinations = list(_destinations(line))
    if not destinations:
        party = _party_of(order, line)
        return [Portion(quantity, party.id.strip() if party is not None else "", party)]
    parts: dict[str, Decimal] = {}
    for _, store, text in destinations:
        parts[store] = parts.get(store, Decimal(0)) + _number(order, line, store, text)
    _adds_up(order, line, "stores (SDQ)", parts.values(), {unit for unit, _, _ in destinations}, quantity)
    return [Portion(amount, store) for store, amount in parts.items() if amount]


def _party_of(order: PurchaseOrder, line: OrderLine) -> Party | None:
    """Where a line goes by its own N1: one place, of the role that counts first."""
    parties = [one for role in SHIP_TO for one in line.parties if one.role.upper() == role]
    first = [one for one in parties if one.role.upper() == parties[0].role.upper()] if parties else []
    if len({(one.id.strip().casefold(), one.name.strip().casefold()) for one in first}) > 1:
        raise NeedsCorrection(
            Reason.STORE_QUANTITIES,
            f"Line {line.number} of order {order.number} goes to several places (N1 {first[0].role}) and does not say "
            "how much goes where.",
            remedy="Ask the customer what goes where; enter it in the ERP by hand, then discard this.",
            data={"order": order.number, "line": line.number, "places": [one.id or one.name for one in first]},
        )
    return first[0] if first else None


def _destinations(line: OrderLine) -> Iterator[tuple[str, str, str]]:
    """Unit, store and quantity of each pair, as written."""
    for segment in line.extras:
        if segment.segment_id != "SDQ":
            continue
        values = [*segment.elements, *[""] * (_LAST_PAIR + 1)]
        for at in range(_FIRST_PAIR, _LAST_PAIR, 2):
            store, quantity = values[at].strip(), values[at + 1].strip()
            if store or quantity:
                yield values[0].strip(), store, quantity


def _number(order: PurchaseOrder, line: OrderLine, store: str, text: str) -> Decimal:
    number = read_decimal(text)
    if store and number is not None and number >= 0:
        return number
    raise NeedsCorrection(
        Reason.STORE_QUANTITIES,
        f"Line {line.number} of order {order.number} sends {text or 'nothing'} to store {store or '(none)'} (SDQ).",
        remedy="Ask the customer how much each store gets and for a corrected order; discard this one.",
        data={"order": order.number, "line": line.number, "store": store, "value": text},
    )


def _adds_up(
    order: PurchaseOrder,
    line: OrderLine,
    over: str,
    parts: Iterable[Decimal],
    units: set[str],
    quantity: Decimal,
) -> None:
    amounts = list(parts)
    total = sum(amounts, Decimal(0))
    others = sorted({unit.upper() for unit in units if unit} - {line.unit.upper()})
    if total == quantity and not others and all(amount >= 0 for amount in amounts):
        return
    said = f"units {', '.join(others)}" if others else f"{total} in all"
    raise NeedsCorrection(
        Reason.STORE_QUANTITIES,
        f"Line {line.number} of order {order.number} orders {quantity} {line.unit}; its {over} have {said}.",
        remedy="Ask the customer how much goes where and for a corrected order; enter it by hand or take the corrected "
        "one, and discard this.",
        data={
            "order": order.number,
            "line": line.number,
            "quantity": str(quantity),
            "divided": str(total),
            "units": others,
        },
    )
