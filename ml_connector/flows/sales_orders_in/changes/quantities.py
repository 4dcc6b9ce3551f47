"""How much is ordered after a change: POC03 by its code, checked with what is left to receive (POC04). Pure functions.

QI and QD carry the new quantity with some partners and the difference with others (x12-procurement 6): what is left
to receive tells which, or a setting does; else somebody is asked.
"""

from decimal import Decimal

from ml_connector.config.partners import SalesRules
from ml_connector.documents.orders import OrderChangeLine, OrderLine
from ml_connector.flows.meaning.change_codes import DECREASE, INCREASE
from ml_connector.flows.sales_orders_in.changes.unclear import unclear

_SAY_WHICH = (
    "Ask the customer whether POC03 of QI and QD is the new quantity or what is added or taken off; say `sales: "
    "{quantity_changes: total}` or `difference` in the partner's file, and replay."
)


def quantity_after(order: str, line: OrderLine, poc: OrderChangeLine, code: str, rules: SalesRules) -> Decimal | None:
    """The new quantity of a line whose quantity may change.

    Raises:
        NeedsCorrection: it cannot be told, contradicts its code, or part of the line has gone already.
    """
    said = poc.quantity
    if said is None:
        if code in {INCREASE, DECREASE}:
            raise unclear(order, line.number, "names no quantity", segment="POC", element=3)
        check_left(order, line.number, poc, line.quantity)
        return line.quantity
    if said <= 0:
        why = f"has the quantity {said}: what is not wanted any more has the code DI"
        raise unclear(order, line.number, why, segment="POC", element=3, value=said)
    found = _moved(order, line, poc, said, code, rules) if code in {INCREASE, DECREASE} else said
    check_left(order, line.number, poc, found)
    return found


def _moved(
    order: str, line: OrderLine, poc: OrderChangeLine, said: Decimal, code: str, rules: SalesRules
) -> Decimal | None:
    before = line.quantity or Decimal(0)
    up = code == INCREASE
    ways = {"total": said, "difference": before + said if up else before - said}
    fits = {name: value for name, value in ways.items() if (value > before) == up and value >= 0 and value != before}
    left = poc.quantity_left
    if left is not None:
        fits = {name: value for name, value in fits.items() if value == left}
    if rules.quantity_changes != "ask":
        fits = {name: value for name, value in fits.items() if name == rules.quantity_changes}
    found = set(fits.values())
    if len(found) == 1 and (left is not None or rules.quantity_changes != "ask"):
        return found.pop()
    word = "more" if up else "less"
    told = f"says {word} ({code}) with {said} where {before} are ordered" + (
        f" and {left} are left to receive" if left is not None else ""
    )
    asked = rules.quantity_changes == "ask" and (left is None or len(found) > 1)
    why = (
        f"{told}: whether that is the new quantity or the difference is not said"
        if asked
        else (f"{told}, which does not fit together")
    )
    data = {"was": str(before), "left": "" if left is None else str(left)}
    if asked:
        raise unclear(order, line.number, why, segment="POC", element=3, value=said, remedy=_SAY_WHICH, **data)
    raise unclear(order, line.number, why, segment="POC", element=3, value=said, **data)


def check_left(order: str, number: str, poc: OrderChangeLine, quantity: Decimal | None) -> None:
    """Nothing of a line that is changed may have gone: all of it is left to receive, or nothing is said about that."""
    left = poc.quantity_left
    if left is None or quantity is None or left == quantity:
        return
    if left < quantity:
        why = f"orders {quantity} and has {left} left to receive: {quantity - left} of it went out already"
    else:
        why = f"orders {quantity} and has more left to receive: {left}"
    raise unclear(order, number, why, segment="POC", element=4, value=left, quantity=str(quantity))
