"""A customer's order as it is after a change: pure functions over the order and the 860 (x12-procurement 6).

What the change says in words that are decided by lists is done, line by line; anything else holds all of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ml_connector.config.partners import SalesRules
from ml_connector.documents.common import DateReference, Party, changed
from ml_connector.documents.orders import OrderChange, OrderChangeLine, OrderLine, PurchaseOrder
from ml_connector.documents.values.price_basis import pieces
from ml_connector.edi.framing.values import read_integer
from ml_connector.flows.meaning import change_codes
from ml_connector.flows.meaning.change_codes import ADD, CANCEL, DELETE, LINE_CODES, NAMES, NO_CHANGE, LineSays
from ml_connector.flows.sales_orders_in.changes.quantities import check_left, quantity_after
from ml_connector.flows.sales_orders_in.changes.unclear import unclear
from ml_connector.flows.sales_orders_in.order_doubts import readable_order
from ml_connector.flows.sales_orders_in.stores import SHIP_TO

#: Loops of a line that say how it is divided: they come anew with a quantity.
_DIVIDED = "SDQ"


@dataclass(frozen=True)
class Merged:
    """An order after a change. touched: numbers of its lines that the change is about; days: it has other days."""

    order: PurchaseOrder
    cancelled: bool = False
    touched: frozenset[str] = frozenset()
    days: bool = False
    told: tuple[str, ...] = ()


@dataclass
class _Lines:
    """The lines as they become. by: which POC a line was changed by."""

    lines: list[OrderLine]
    touched: set[str] = field(default_factory=set)
    by: dict[str, str] = field(default_factory=dict)


def merged(order: PurchaseOrder, change: OrderChange, rules: SalesRules) -> Merged:
    """The order after the change.

    Raises:
        NeedsCorrection: what it says is not decided, or does not fit the order.
    """
    order, _ = readable_order(order)
    purpose = _purpose(change, rules)
    if purpose == "cancel" or _cancels_by_line(change):
        return Merged(order, cancelled=True)
    _check_header(order, change)
    dates = _dates(order.dates, change.dates, whole=False)
    if purpose == "replace":
        lines = _replaced(order, change)
    else:
        lines = _Lines(list(order.lines))
        for at, poc in enumerate(change.lines, 1):
            _apply(order, lines, poc, at, rules)
    after = changed(
        order,
        lines=tuple(lines.lines),
        dates=dates,
        terms=change.terms or order.terms,
        # What it came to is not what it comes to.
        total=change.total,
        currency=order.currency or change.currency,
        notes=tuple(dict.fromkeys((*order.notes, *change.notes))),
    )
    told = _told(order, change)
    return Merged(after, not after.lines, frozenset(lines.touched), dates != order.dates, told)


def _purpose(change: OrderChange, rules: SalesRules) -> str:
    code = str(change.purpose or "").strip().upper()
    found = rules.change_purposes.get(code) or change_codes.PURPOSES.get(code)
    if found is None:
        raise unclear(
            change.number,
            "",
            f"has the purpose {code or '(none)'}, which does not say what is to be done",
            segment="BCH",
            element=1,
            value=code,
            remedy="Ask the customer what it means by it; say under `sales: change_purposes` of the partner's file "
            "(change, replace or cancel), and replay.",
        )
    return found


def _cancels_by_line(change: OrderChange) -> bool:
    """One line that says that the whole order is cancelled (CF); beside others nobody knows what counts."""
    codes = [_code(poc) for poc in change.lines]
    if CANCEL not in codes:
        return False
    if len(codes) > 1:
        why = "cancels the whole order beside other changes"
        raise unclear(change.number, change.lines[0].number, why, segment="POC", element=2, value=CANCEL)
    return True


def _code(poc: OrderChangeLine) -> str:
    return poc.change.strip().upper()


def _check_header(order: PurchaseOrder, change: OrderChange) -> None:
    """What a change may not have otherwise: currency, charges, where all of it goes."""
    if change.currency and order.currency and change.currency != order.currency:
        why = f"is in {change.currency}, the order in {order.currency}"
        raise unclear(change.number, "", why, segment="CUR", element=2, value=change.currency)
    if change.allowances and change.allowances != order.allowances:
        raise unclear(
            change.number, "", "has other allowances or charges than the order", segment="SAC", element=2,
            value=change.allowances[0].code,
        )  # fmt: skip
    places, before = ({_place(one) for one in parties if _is_place(one)} for parties in (change.parties, order.parties))
    for role, code, name in sorted(places - before):
        if not any(other[1] == code and code for other in before):
            why = f"goes to another place: {code or name}"
            raise unclear(change.number, "", why, segment="N1", element=4, value=code, role=role)


def _is_place(party: Party) -> bool:
    """Whether it is where goods go; codes are read as capitals."""
    return party.role.upper() in SHIP_TO


def _place(party: Party) -> tuple[str, str, str]:
    return party.role.upper(), party.id.strip(), party.name.strip()


def _told(order: PurchaseOrder, change: OrderChange) -> tuple[str, ...]:
    if change.order_date is None or order.order_date is None or change.order_date == order.order_date:
        return ()
    return (f"the change names an order of {change.order_date}, ours is of {order.order_date}",)


def _key(number: str) -> str:
    """A line's number as it is compared: 1 and 001 are one."""
    plain = number.strip()
    return plain.lstrip("0") or plain


def _found(order: PurchaseOrder, lines: Sequence[OrderLine], poc: OrderChangeLine) -> list[OrderLine]:
    """The lines that a POC may be about: by its number, else by its items."""
    if poc.number.strip():
        return [line for line in lines if _key(line.number) == _key(poc.number)]
    del order
    named = {(one.qualifier.upper(), one.value.strip()) for one in poc.items}
    return [line for line in lines if named & {(one.qualifier.upper(), one.value.strip()) for one in line.items}]


def _apply(order: PurchaseOrder, lines: _Lines, poc: OrderChangeLine, at: int, rules: SalesRules) -> None:
    code = _code(poc)
    here = poc.number.strip() or f"(POC {at})"
    if code == ADD:
        _add(order, lines, poc, here)
        return
    says = LINE_CODES.get(code)
    if says is None and code != DELETE:
        why = f"has the code {code}: {NAMES.get(code, 'a code that is not known here')}"
        raise unclear(order.number, here, why, segment="POC", element=2, value=code)
    fits = _found(order, lines.lines, poc)
    if len(fits) != 1:
        items = ", ".join(f"{one.qualifier} {one.value}" for one in poc.items)
        why = f"is about {'several lines' if fits else 'no line'} of the order" + (f": {items}" if items else "")
        raise unclear(order.number, here, why, segment="POC", element=1, value=poc.number)
    line = fits[0]
    if line.number in lines.by:
        why = f"is changed twice, by {lines.by[line.number]} and {code}"
        raise unclear(order.number, line.number, why, segment="POC", element=2, value=code)
    lines.by[line.number] = code
    _check_item(order, line, poc)
    if code == NO_CHANGE:
        return
    at_line = lines.lines.index(line)
    lines.touched.add(line.number)
    if code == DELETE or says is None:
        _check_dropped(order, line, poc)
        del lines.lines[at_line]
    else:
        lines.lines[at_line] = _with(order, line, poc, code, says, rules)


def _check_item(order: PurchaseOrder, line: OrderLine, poc: OrderChangeLine) -> None:
    ours = {one.qualifier.upper(): one.value.strip() for one in line.items}
    for one in poc.items:
        had = ours.get(one.qualifier.upper())
        if had is not None and had.casefold() != one.value.strip().casefold():
            why = f"names item {one.value} ({one.qualifier}), the order's line has {had}"
            raise unclear(order.number, line.number, why, segment="POC", element=9, value=one.value)


def _check_dropped(order: PurchaseOrder, line: OrderLine, poc: OrderChangeLine) -> None:
    """POC03 of a line that is dropped is what is dropped of it, or 0; nothing of it is left."""
    if poc.quantity and poc.quantity != line.quantity:
        why = f"is taken off with {poc.quantity} where {line.quantity} are ordered: whether all of it goes is not said"
        raise unclear(order.number, line.number, why, segment="POC", element=3, value=poc.quantity)
    if poc.quantity_left:
        why = f"is taken off and has {poc.quantity_left} left to receive"
        raise unclear(order.number, line.number, why, segment="POC", element=4, value=poc.quantity_left)


def _add(order: PurchaseOrder, lines: _Lines, poc: OrderChangeLine, here: str) -> None:
    if poc.number.strip() and _found(order, lines.lines, poc):
        why = "is to be added (AI), and the order has a line of that number"
        raise unclear(order.number, here, why, segment="POC", element=1, value=poc.number)
    if poc.quantity is None or poc.quantity <= 0 or not poc.items:
        missing = "item" if not poc.items else "quantity"
        raise unclear(order.number, here, f"is to be added (AI) and has no {missing}", segment="POC", element=3)
    check_left(order.number, here, poc, poc.quantity)
    line = _plain(poc, poc.number.strip() or _next_number((*order.lines, *lines.lines)))
    lines.lines.append(line)
    lines.touched.add(line.number)
    lines.by[line.number] = ADD


def _next_number(lines: Iterable[OrderLine]) -> str:
    numbers = [number for one in lines if (number := read_integer(one.number)) is not None]
    return str(max(numbers, default=0) + 1)


def _plain(poc: OrderChangeLine, number: str) -> OrderLine:
    """A line of a change as a line of an order."""
    mine = {name: getattr(poc, name) for name in OrderLine.__struct_fields__}
    return OrderLine(**{**mine, "number": number})


def _with(
    order: PurchaseOrder, line: OrderLine, poc: OrderChangeLine, code: str, says: LineSays, rules: SalesRules
) -> OrderLine:
    values: dict[str, object] = {}
    if says.quantity:
        values |= _quantity(order, line, poc, code, says, rules)
    else:
        _stays(order, line, poc.quantity, line.quantity, code, "quantity", 3)
        check_left(order.number, line.number, poc, line.quantity)
        _stays(order, line, poc.unit, line.unit, code, "unit", 5)
    if says.price:
        values |= _price(order, line, poc, code, says)
    else:
        _stays(order, line, poc.price, line.price, code, "price", 6)
        if poc.price and pieces(poc.price_basis) != pieces(line.price_basis):
            _stays(order, line, poc.price_basis, line.price_basis, code, "price basis", 7)
    values |= _days(order, line, poc, code, says)
    _check_rest(order, line, poc)
    if poc.notes:
        values["notes"] = tuple(dict.fromkeys((*line.notes, *poc.notes)))
    return changed(line, **values)


def _quantity(
    order: PurchaseOrder, line: OrderLine, poc: OrderChangeLine, code: str, says: LineSays, rules: SalesRules
) -> Mapping[str, object]:
    if says.whole and poc.quantity is None:
        why = f"is replaced as a whole ({code}) and has no quantity"
        raise unclear(order.number, line.number, why, segment="POC", element=3)
    found: dict[str, object] = {"quantity": quantity_after(order.number, line, poc, code, rules)}
    if poc.unit and poc.unit != line.unit:
        if not says.price or poc.price is None:
            why = f"is in {poc.unit} and ordered in {line.unit}, and has no price for that"
            raise unclear(order.number, line.number, why, segment="POC", element=5, value=poc.unit)
        found["unit"] = poc.unit
    divided = tuple(one for one in poc.extras if one.segment_id == _DIVIDED)
    if divided:
        found["extras"] = (*(one for one in line.extras if one.segment_id != _DIVIDED), *divided)
    return found


def _price(
    order: PurchaseOrder, line: OrderLine, poc: OrderChangeLine, code: str, says: LineSays
) -> Mapping[str, object]:
    if poc.price is not None:
        return {"price": poc.price, "price_basis": poc.price_basis or line.price_basis}
    if code in {"PC", "PQ", "PR"} or says.whole:
        raise unclear(order.number, line.number, f"has another price ({code}) and names none", segment="POC", element=6)
    return {}


def _days(
    order: PurchaseOrder, line: OrderLine, poc: OrderChangeLine, code: str, says: LineSays
) -> Mapping[str, object]:
    if says.dates:
        found: dict[str, object] = {"dates": _dates(line.dates, poc.dates, whole=says.whole or code == "RB")}
        return found | ({"schedules": poc.schedules} if poc.schedules or says.whole else {})
    before = {(one.qualifier, one.day) for one in (*order.dates, *line.dates)}
    for one in poc.dates:
        if (one.qualifier, one.day) not in before:
            why = f"has the code {code} and another day: {one.day} (DTM {one.qualifier})"
            raise unclear(order.number, line.number, why, segment="POC", element=2, value=code)
    return {"schedules": poc.schedules} if poc.schedules and says.quantity else {}


def _dates(before: Sequence[DateReference], now: Sequence[DateReference], *, whole: bool) -> tuple[DateReference, ...]:
    """Days by their qualifier; whole: those that are not named are gone."""
    if whole and now:
        return tuple(now)
    named = {one.qualifier for one in now}
    return (*(one for one in before if one.qualifier not in named), *now)


def _stays(
    order: PurchaseOrder, line: OrderLine, said: object, had: object, code: str, what: str, element: int
) -> None:
    """A value that a code does not change is left out, or said as it was."""
    if said in (None, "") or said == had:
        return
    why = f"has the code {code} and another {what}: {said}, {had if had not in (None, '') else 'none'} was ordered"
    raise unclear(order.number, line.number, why, segment="POC", element=element, value=said, was=str(had))


def _check_rest(order: PurchaseOrder, line: OrderLine, poc: OrderChangeLine) -> None:
    if poc.allowances and poc.allowances != line.allowances:
        why = "has other allowances or charges than the order's line"
        raise unclear(order.number, line.number, why, segment="SAC", element=2, value=poc.allowances[0].code)
    places = [one.id.strip() or one.name for one in poc.parties if _is_place(one)]
    before = [one.id.strip() or one.name for one in line.parties if _is_place(one)]
    if places and places != before:
        raise unclear(order.number, line.number, f"goes to another place: {places[0]}", segment="N1", element=4,
                      value=places[0])  # fmt: skip


def _replaced(order: PurchaseOrder, change: OrderChange) -> _Lines:
    """The whole order anew (BCH01 05): its lines are those that the change has, each in full."""
    found = _Lines([])
    before = {_key(line.number): line for line in order.lines}
    for at, poc in enumerate(change.lines, 1):
        code = _code(poc)
        if code == DELETE:
            continue
        here = poc.number.strip() or f"(POC {at})"
        if code not in {"", ADD, *LINE_CODES}:
            why = f"has the code {code}: {NAMES.get(code, 'a code that is not known here')}"
            raise unclear(order.number, here, why, segment="POC", element=2, value=code)
        if not poc.number.strip() or poc.quantity is None or poc.quantity <= 0 or not poc.items:
            why = "replaces a line and has not all of it: number, quantity and item"
            raise unclear(order.number, here, why, segment="POC", element=3, value=poc.quantity or "")
        if _key(here) in found.by:
            raise unclear(order.number, here, "is there twice", segment="POC", element=1, value=here)
        found.by[_key(here)] = code
        check_left(order.number, here, poc, poc.quantity)
        old = before.get(_key(here))
        line = _plain(poc, old.number if old is not None else here)
        found.lines.append(line)
        if old is None or line != old:
            found.touched.add(line.number)
    found.touched.update(line.number for key, line in before.items() if key not in found.by)
    if not found.lines and not any(_code(poc) == DELETE for poc in change.lines):
        raise unclear(order.number, "", "replaces the order and has no lines", segment="POC", element=1)
    return found
