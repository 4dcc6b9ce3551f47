"""What an ERP's sales orders have otherwise than a changed order wants: pure functions over both.

Lines that the change is not about stay as they are, whatever today's prices, places and items would make of them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ml_connector.documents.common import changed
from ml_connector.documents.sales.changes import ChangedDay, ChangedLine
from ml_connector.documents.sales.orders import SalesOrder, SalesOrderLine
from ml_connector.flows.sales_orders_in.changes.merging import Merged
from ml_connector.flows.sales_orders_in.changes.unclear import unclear

_DAYS = {"requested": "requested_date", "shipped": "ship_date", "cancelled": "cancel_date"}
#: Of a line, what a change may have otherwise, beside its days.
_VALUES = ("quantity", "unit", "price")
_LINE_DAYS = ("requested_date", "ship_date")
#: Of an order, what no change is applied to.
_FIXED = ("customer_id", "location_code", "ship_to", "currency", "charges", "kind", "type_code")


@dataclass(frozen=True)
class Differing:
    """One sales order beside what it is to be. now: as it is then; None where it is cancelled."""

    was: SalesOrder
    now: SalesOrder | None
    lines: tuple[ChangedLine, ...] = ()
    days: tuple[ChangedDay, ...] = ()

    @property
    def is_same(self) -> bool:
        """Whether nothing is to be written."""
        return self.now is not None and not self.days and all(line.is_same for line in self.lines)


def differing(
    before: Sequence[SalesOrder], after: Sequence[SalesOrder], merged: Merged
) -> tuple[list[Differing], list[SalesOrder]]:
    """Each order that is there beside what it is to be, and the orders that are not there yet.

    Raises:
        NeedsCorrection: something is to be otherwise that no change is applied to.
    """
    there = {one.reference: one for one in before}
    wanted = {one.reference: one for one in (_named_as_before(one, after, there) for one in after)}
    number = merged.order.number
    new = [one for reference, one in wanted.items() if reference not in there]
    if new and any(one.reference == one.customer_order for one in (*before, *new)):
        why = "divides the order anew over the customer's places"
        raise unclear(number, "", why, segment="SDQ", element=3, value=new[0].store or new[0].reference)
    return [_one(one, wanted.get(reference), merged) for reference, one in there.items()], new


def _named_as_before(order: SalesOrder, after: Sequence[SalesOrder], there: Mapping[str, SalesOrder]) -> SalesOrder:
    """An order of several has its store in its reference, a single one has not: it is the one of its store."""
    if order.reference in there or not order.store:
        return order
    same = [one for one in there.values() if one.store == order.store]
    taken = {one.reference for one in after}
    if len(same) != 1 or same[0].reference in taken:
        return order
    return changed(order, reference=same[0].reference)


def _one(was: SalesOrder, now: SalesOrder | None, merged: Merged) -> Differing:
    if now is None or merged.cancelled:
        return Differing(was, None, tuple(ChangedLine(was=line, now=line) for line in was.lines))
    for name in _FIXED:
        if getattr(was, name) != getattr(now, name):
            why = f"has another {name.replace('_', ' ')} than the sales order: {_said(getattr(now, name))}"
            raise unclear(merged.order.number, "", why, segment="BCH", element=1, value=_said(getattr(now, name)))
    lines = _lines(was, now, merged)
    kept = [line.now for line in lines if line.now is not None]
    if not kept:
        return Differing(was, None, tuple(ChangedLine(was=line, now=line) for line in was.lines))
    days = tuple(
        ChangedDay(what=what, was=getattr(was, name), now=getattr(now, name))
        for what, name in _DAYS.items()
        if getattr(was, name) != getattr(now, name)
    )
    result = changed(now, lines=tuple(kept), changes=was.changes, total=None)
    return Differing(was, result, tuple(lines), days)


def _said(value: Any) -> str:
    return str(getattr(value, "city", "") or value or "(none)")[:80]


def _lines(was: SalesOrder, now: SalesOrder, merged: Merged) -> list[ChangedLine]:
    left = _by_place(now.lines)
    highest = max((line.number for line in was.lines), default=0)
    found: list[ChangedLine] = []
    for place, old in _by_place(was.lines).items():
        new = left.pop(place, None)
        if old.customers_line not in merged.touched:
            found.append(ChangedLine(was=old, now=_with_days(old, new) if merged.days and new is not None else old))
        elif new is None or new.item_code != old.item_code or new.location_code != old.location_code:
            found.append(ChangedLine(was=old))
            left |= {place: new} if new is not None else {}
        else:
            found.append(ChangedLine(was=old, now=_taken_over(old, new)))
    for at, new in enumerate((line for line in left.values() if line.customers_line in merged.touched), highest + 1):
        found.append(ChangedLine(now=changed(new, number=at)))
    return found


def _by_place(lines: Sequence[SalesOrderLine]) -> dict[tuple[str, str, int], SalesOrderLine]:
    """Lines by the customer's line, the store, and which of several of these it is."""
    seen: Counter[tuple[str, str]] = Counter()
    found: dict[tuple[str, str, int], SalesOrderLine] = {}
    for line in lines:
        key = (line.customers_line, line.store)
        found[(*key, seen[key])] = line
        seen[key] += 1
    return found


def _with_days(old: SalesOrderLine, new: SalesOrderLine) -> SalesOrderLine:
    return changed(old, **{name: getattr(new, name) for name in (*_LINE_DAYS, "cancel_date")})


def _taken_over(old: SalesOrderLine, new: SalesOrderLine) -> SalesOrderLine:
    """The line as it is, with what a change may have otherwise; a price that nobody named stays the ERP's."""
    names = (*_VALUES, *_LINE_DAYS, "cancel_date", "ordered_quantity", "ordered_unit")
    return changed(old, **{name: getattr(new, name) for name in names})
