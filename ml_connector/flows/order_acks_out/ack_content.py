"""What a customer is told of its order, line by line (855, x12-procurement 6). Pure functions.

The order is repeated as the customer wrote it; what we do of each line stands in ACK, the price that counts in PO104.
Several ACK of a line add up to what was ordered, but for more than was ordered.
"""

from collections.abc import Iterator
from collections.abc import Set as Collection
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.config.partners import LineStatus, OrderAcksToPartner, Partner
from ml_connector.documents.common import ItemId, Party, Purpose, Reference, changed
from ml_connector.documents.orders import AcknowledgedLine, LineAnswer, OrderAcknowledgment, OrderLine
from ml_connector.documents.sales.orders import SalesOrderLine
from ml_connector.documents.sales.standing import OrderStanding, StandingLine
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.customers_orders.lines import (
    Taken,
    by_customers_line,
    in_ordered_unit,
    pair,
    price_of_ordered_unit,
)
from ml_connector.flows.meaning.answer_codes import STATUSES, Status
from ml_connector.flows.meaning.answered_lines import price_of
from ml_connector.flows.meaning.sent_parts import price_basis
from ml_connector.flows.order_acks_out.facts import AckFacts, TakenOrder

ZERO = Decimal(0)
#: BAK02 (x12-procurement 6): with detail and change; with detail, no change; refused, with detail.
WITH_CHANGE, NO_CHANGE, REFUSED = "AC", "AD", "RD"
#: BAK01 of an acknowledgment that follows another one.
AGAIN = {"replace": Purpose.REPLACE, "change": Purpose.CHANGE, "original": Purpose.ORIGINAL}
#: N1 of an order that its acknowledgment repeats: who buys, and where it goes.
REPEATED = ("BY", "ST")
#: Our number of the order, where there are several (REF; one alone stands in BAK08).
OUR_ORDER = "VN"


@dataclass
class _Line:
    """What becomes of a line, in the unit that it was ordered in. Added up over the sales orders that it went into."""

    ordered: Decimal = ZERO
    accepted: Decimal = ZERO
    waits: Decimal = ZERO
    prices: set[Decimal] = field(default_factory=set)
    days: list[date] = field(default_factory=list)
    substitutes: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    later: bool = False
    price_differs: bool = False


def acknowledge(facts: AckFacts, partner: Partner, *, again: bool) -> OrderAcknowledgment:
    """The acknowledgment that the customer gets, but for its own date. again: it was told before.

    Raises:
        NeedsCorrection: a line cannot be told in what the customer ordered, or one has several prices.
    """
    order, rules = facts.order, partner.order_acks
    found = _lines(facts)
    told = [_told(line, found[at], rules, facts, again=again) for at, line in enumerate(order.lines) if at in found]
    numbers = list(dict.fromkeys(one.standing.number for one in facts.taken))
    return OrderAcknowledgment(
        number=order.number,
        order_date=order.order_date or next((one.standing.order_date for one in facts.taken), None),
        purpose=AGAIN.get(rules.again, Purpose.ORIGINAL) if again else Purpose.ORIGINAL,
        type=_type({status for _, statuses in told for status in statuses}),
        release=order.release,
        sellers_order=numbers[0] if len(numbers) == 1 else "",
        currency=order.currency or next((one.standing.currency for one in facts.taken), ""),
        references=tuple(Reference(qualifier=OUR_ORDER, value=one) for one in numbers) if len(numbers) > 1 else (),
        parties=tuple(_plain(one) for one in order.parties if one.role in REPEATED),
        lines=tuple(line for line, _ in told),
    )


def _plain(party: Party) -> Party:
    """Who it is, without what else the order says of it."""
    return changed(party, kept=(), references=(), contacts=(), extras=())


def _lines(facts: AckFacts) -> dict[int, _Line]:
    """By position in the order."""
    found: dict[int, _Line] = {}
    for one in facts.taken:
        positions = by_customers_line(facts.order, one.posted.lines)
        for at, taken in zip(positions, pair(one.posted, one.standing), strict=True):
            _add(found.setdefault(at, _Line()), taken, one, facts.order.lines[at])
    return found


def _add(to: _Line, taken: Taken, order: TakenOrder, line: OrderLine) -> None:
    posted, where = taken.posted, f"order {order.standing.number}"
    to.ordered += posted.ordered_quantity
    if order.standing.standing is OrderStanding.CANCELLED:
        return
    for one in taken.standing:
        whole = one.shipped if one.closed else one.quantity
        to.accepted += in_ordered_unit(whole, one.unit, posted, where)
        waits = max(one.quantity - one.shipped, ZERO) if one.backordered else ZERO
        to.waits += in_ordered_unit(waits, one.unit, posted, where) if waits else ZERO
        to.prices.add(_price(one, posted, line, where))
        to.days += [one.ship_date] if one.ship_date is not None else []
        to.later |= _is_later(one, posted)
        if one.item_code != posted.item_code:
            to.substitutes.append(one.item_code)
        elif one.item_code:
            to.items.append(one.item_code)


def _price(one: StandingLine, posted: SalesOrderLine, line: OrderLine, where: str) -> Decimal:
    """What a unit costs, as the customer ordered; its own word where nothing was changed since.

    Raises:
        NeedsCorrection: it cannot be said of the unit that was ordered.
    """
    own = price_of(line)
    if posted.price is not None and one.price == posted.price and own is not None:
        return own
    price = price_of_ordered_unit(one.price, posted)
    if price is None:
        raise NeedsCorrection(
            Reason.SALES_PRICE,
            f"Line {line.number} of {where} costs {one.price} for one {one.unit}, which does not come out even for one"
            f" {line.unit}, as the customer ordered.",
            remedy="Set another price or unit in the ERP; it is read again when it is saved. Or tell the customer"
            " another way, and discard this here.",
            data={"line": line.number, "price": str(one.price), "unit": one.unit},
        )
    return price


def _is_later(one: StandingLine, posted: SalesOrderLine) -> bool:
    """Whether it leaves after the day that the customer wants it to leave or to have it."""
    wanted = posted.ship_date or posted.requested_date
    return wanted is not None and one.ship_date is not None and one.ship_date > wanted


def _told(
    line: OrderLine, found: _Line, rules: OrderAcksToPartner, facts: AckFacts, *, again: bool
) -> tuple[AcknowledgedLine, list[LineStatus]]:
    """The line, and what each part of it is."""
    if len(found.prices) > 1:
        raise NeedsCorrection(
            Reason.SALES_PRICE,
            f"Line {line.number} of order {facts.order.number} has several prices in the ERP:"
            f" {', '.join(map(str, sorted(found.prices)))}.",
            remedy="Give it one price in the ERP; it is read again when it is saved.",
            data={"order": facts.order.number, "line": line.number},
        )
    price, own = next(iter(found.prices), None), price_of(line)
    new = price is not None and price != own
    found.price_differs = new and own is not None
    answers = list(_answers(line, found, rules, again=again))
    return AcknowledgedLine(
        number=line.number,
        quantity=line.quantity if line.quantity is not None else found.ordered,
        unit=line.unit,
        price=price if new else line.price,
        price_basis=price_basis(line.unit) if new else line.price_basis,
        items=_items(line, next(iter(found.items), ""), rules),
        description=line.description,
        answers=tuple(answer for _, answer in answers),
    ), [status for status, _ in answers]


def _items(line: OrderLine, ours: str, rules: OrderAcksToPartner) -> tuple[ItemId, ...]:
    """The customer's own, and ours where it has not said it."""
    qualifier = rules.our_item_qualifier
    if not (ours and qualifier) or any(one.qualifier == qualifier for one in line.items):
        return line.items
    return (*line.items, ItemId(qualifier=qualifier, value=ours))


def _answers(
    line: OrderLine, found: _Line, rules: OrderAcksToPartner, *, again: bool
) -> Iterator[tuple[LineStatus, LineAnswer]]:
    """ACK: what is firm, what waits for goods, and what nothing comes of. No quantity without its unit (P0203)."""

    def part(status: LineStatus, quantity: Decimal, **more: Any) -> tuple[LineStatus, LineAnswer]:
        told = quantity if line.unit else None
        return status, LineAnswer(status=rules.code(status), quantity=told, unit=line.unit, **more)

    firm = found.accepted - found.waits
    if firm > 0:
        day = max(found.days) if found.days and rules.date_qualifier else None
        substitute = found.substitutes[:1]
        yield part(
            _status(found),
            firm,
            date_qualifier=rules.date_qualifier if day is not None else "",
            day=day,
            items=tuple(ItemId(qualifier=rules.our_item_qualifier or "VP", value=one) for one in substitute),
        )
    if found.waits > 0:
        yield part("backordered", found.waits)
    missing = found.ordered - found.accepted
    if missing > 0 or not found.accepted:
        yield part("cancelled" if again or found.accepted else "refused", max(missing, ZERO))


def _status(found: _Line) -> LineStatus:
    """In one word what is done of the firm part. A substitute names itself, whatever else is different."""
    if found.substitutes:
        return "substituted"
    differs: list[LineStatus] = []
    differs += ["quantity"] if found.accepted != found.ordered else []
    differs += ["price"] if found.price_differs else []
    differs += ["date"] if found.later else []
    if len(differs) > 1:
        return "changed"
    return differs[0] if differs else "accepted"


def _type(said: Collection[LineStatus]) -> str:
    """BAK02 by what the lines are."""
    if said <= {"refused", "cancelled"}:
        return REFUSED
    return NO_CHANGE if said == {"accepted"} else WITH_CHANGE


def same_to_customer(had: OrderAcknowledgment, now: OrderAcknowledgment, *, done: bool) -> bool:
    """Whether a customer is told nothing new: the day of the paper and its purpose are no news.

    done: all of it has left, or nothing more comes of it. Then it is no news either that what waited has left, and
    when: the ship notice told that.
    """
    plain = {"acknowledgment_date": None, "purpose": Purpose.ORIGINAL}
    if done:
        return [_outcome(line) for line in had.lines] == [_outcome(line) for line in now.lines]
    return changed(had, **plain) == changed(now, **plain)


def _outcome(line: AcknowledgedLine) -> tuple[object, ...]:
    """What a line comes to: how much of it in all, at what price, and what takes its place."""
    comes = [one for one in line.answers if STATUSES.get(one.status) is not Status.REFUSED]
    quantity = sum((one.quantity or ZERO for one in comes), ZERO)
    return line.number, quantity, line.price, tuple(item for one in comes for item in one.items)
