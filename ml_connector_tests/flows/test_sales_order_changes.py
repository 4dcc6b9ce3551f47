"""A customer's order after an 860, by the codes of the change: pure functions (x12-procurement 6)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.config.partners import SalesRules
from ml_connector.documents.common import DateReference, ItemId, KeptSegment, Party, Purpose, changed
from ml_connector.documents.orders import OrderChange, OrderChangeLine, OrderLine, PurchaseOrder
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.meaning.change_codes import LINE_CODES, NAMES
from ml_connector.flows.sales_orders_in.changes.merging import Merged, merged
from ml_connector.flows.sales_orders_in.changes.turns import Turn, as_change, turn_of
from ml_connector_tests.support.examples import some

D = Decimal
RICE, OIL = (ItemId(qualifier="IN", value="HM-RICE"),), (ItemId(qualifier="IN", value="HM-OIL"),)
DELIVERY = DateReference(qualifier="002", day=date(2026, 12, 1))


def order(*lines: OrderLine, **more: Any) -> PurchaseOrder:
    lines = lines or (
        OrderLine(number="1", quantity=D(100), unit="EA", price=D("2.50"), items=RICE),
        OrderLine(number="2", quantity=D(5), unit="CA", price=D(48), items=OIL),
    )
    values: dict[str, Any] = {"number": "PO-1", "order_date": date(2026, 11, 20), "dates": (DELIVERY,)}
    return PurchaseOrder(**{**values, **more}, lines=lines)


def poc(code: str, number: str = "1", **more: Any) -> OrderChangeLine:
    return OrderChangeLine(number=number, change=code, **more)


def change(*lines: OrderChangeLine, **more: Any) -> OrderChange:
    return OrderChange(number="PO-1", order_date=date(2026, 11, 20), lines=lines, **more)


def after(*lines: OrderChangeLine, rules: SalesRules | None = None, **more: Any) -> Merged:
    return merged(order(), change(*lines, **more), rules or SalesRules())


def why(*lines: OrderChangeLine, rules: SalesRules | None = None, **more: Any) -> NeedsCorrection:
    with pytest.raises(NeedsCorrection) as held:
        after(*lines, rules=rules, **more)
    assert held.value.reason is Reason.ORDER_CHANGE_UNCLEAR
    assert held.value.remedy
    assert {"order", "line", "segment", "element", "value"} <= set(held.value.data)
    return held.value


def quantities(found: Merged) -> dict[str, Decimal | None]:
    return {line.number: line.quantity for line in found.order.lines}


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (poc("QD", quantity=D(80), quantity_left=D(80)), D(80)),
        (poc("QD", quantity=D(20), quantity_left=D(80)), D(80)),
        (poc("QI", quantity=D(120), quantity_left=D(120)), D(120)),
        (poc("QI", quantity=D(20), quantity_left=D(120)), D(120)),
        (poc("QD", quantity=D(50), quantity_left=D(50)), D(50)),
        (poc("CA", quantity=D(70)), D(70)),
        (poc("RZ", quantity=D(70), price=D(2), unit="EA"), D(70)),
        (poc("PC", price=D(2)), D(100)),
        (poc("PC", price=D(2), quantity=D(100)), D(100)),
    ],
)
def test_what_is_left_to_receive_tells_what_a_quantity_is(line: OrderChangeLine, wanted: Decimal) -> None:
    assert quantities(after(line))["1"] == wanted


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (poc("QD", quantity=D(20)), "new quantity or the difference is not said"),
        (poc("QI", quantity=D(120)), "new quantity or the difference is not said"),
        (poc("QD", quantity=D(20), quantity_left=D(60)), "does not fit together"),
        (poc("QD", quantity=D(120), quantity_left=D(120)), "does not fit together"),
        (poc("QI", quantity=D(0)), "has the quantity 0"),
        (poc("CA", quantity=D(-4)), "has the quantity -4"),
        (poc("QD"), "names no quantity"),
        (poc("CA", quantity=D(80), quantity_left=D(60)), "20 of it went out already"),
        (poc("CA", quantity=D(80), quantity_left=D(90)), "more left to receive"),
        (poc("PC", price=D(2), quantity_left=D(40)), "60 of it went out already"),
        (poc("DI", quantity=D(40)), "whether all of it goes is not said"),
        (poc("DI", quantity_left=D(40)), "taken off and has 40 left"),
    ],
)
def test_a_quantity_that_may_be_two_things_is_asked_for(line: OrderChangeLine, told: str) -> None:
    assert told in why(line).message


@pytest.mark.parametrize(("says", "wanted"), [("total", D(20)), ("difference", D(80))])
def test_a_setting_says_what_a_quantity_is(says: Any, wanted: Decimal) -> None:
    rules = SalesRules(quantity_changes=says)
    assert quantities(after(poc("QD", quantity=D(20)), rules=rules))["1"] == wanted
    assert "does not fit" in why(poc("QD", quantity=D(20), quantity_left=D(50)), rules=rules).message


@given(st.integers(1, 10**6), st.integers(1, 10**6))
@settings(max_examples=some(100))
def test_a_quantity_as_told_with_what_is_left_is_always_the_new_one(before: int, now: int) -> None:
    """Whichever way a customer says it, with POC04 the result is the same, or it is asked."""
    if before == now:
        return
    code = "QI" if now > before else "QD"
    line = OrderLine(number="1", quantity=D(before), unit="EA", items=RICE)
    for said in (now, abs(now - before)):
        given_change = change(poc(code, quantity=D(said), quantity_left=D(now)))
        assert merged(order(line), given_change, SalesRules()).order.lines[0].quantity == now


@pytest.mark.parametrize("code", sorted(NAMES))
def test_a_code_that_no_list_decides_holds_all_of_it(code: str) -> None:
    held = why(poc("PC", price=D(2)), poc(code, "2"))
    assert (held.data["line"], held.data["segment"], held.data["element"], held.data["value"]) == ("2", "POC", 2, code)
    assert NAMES[code] in held.message


def test_a_code_that_nobody_knows_holds_it() -> None:
    assert "a code that is not known here" in why(poc("XX")).message


@pytest.mark.parametrize("code", sorted(set(LINE_CODES) - {"NC"}))
def test_a_code_changes_what_it_says_and_nothing_else(code: str) -> None:
    says = LINE_CODES[code]
    if not says.quantity:
        assert "another quantity" in why(poc(code, quantity=D(80), price=D(2) if says.price else None)).message
    moved = {"QD": D(80), "QI": D(120)}.get(code)
    if not says.price:
        quantity = moved or (D(80) if says.quantity else None)
        assert "another price" in why(poc(code, price=D(2), quantity=quantity, quantity_left=quantity)).message
    if not says.dates:
        values: dict[str, Any] = {"dates": (DateReference(qualifier="002", day=date(2027, 1, 1)),)}
        values |= {"price": D(2)} if says.price else {}
        values |= {"quantity": moved, "quantity_left": moved} if moved else {}
        assert "another day" in why(poc(code, **values)).message


def test_prices_days_and_lines_are_changed() -> None:
    later = DateReference(qualifier="002", day=date(2026, 12, 9))
    found = after(
        poc("PR", price=D("2.20"), dates=(later,)),
        poc("DI", "2"),
        poc("AI", "", quantity=D(7), unit="EA", price=D(3), items=OIL),
    )
    first, new = found.order.lines
    assert (first.price, first.dates, first.quantity) == (D("2.20"), (later,), D(100))
    assert (new.number, new.quantity, new.items) == ("3", D(7), OIL)
    assert found.touched == {"1", "2", "3"}
    assert not found.days


def test_a_line_is_found_by_its_number_whatever_zeros_or_by_its_item() -> None:
    assert quantities(after(poc("CA", "001", quantity=D(70))))["1"] == 70
    assert quantities(after(poc("CA", "", quantity=D(7), items=OIL)))["2"] == 7
    assert "about no line" in why(poc("CA", "9", quantity=D(7))).message
    assert "about no line" in why(poc("CA", "", quantity=D(7))).message
    twins = order(*(OrderLine(number=str(n), quantity=D(1), unit="EA", items=RICE) for n in (1, 2)))
    with pytest.raises(NeedsCorrection, match="about several lines"):
        merged(twins, change(poc("CA", "", quantity=D(7), items=RICE)), SalesRules())


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((poc("PC", price=D(2)), poc("QD", "01", quantity=D(80), quantity_left=D(80))), "is changed twice"),
        ((poc("AI", quantity=D(1), items=OIL),), "has a line of that number"),
        ((poc("AI", "3", items=OIL),), "has no quantity"),
        ((poc("AI", "3", quantity=D(1)),), "has no item"),
        ((poc("PC"),), "names none"),
        ((poc("RZ", price=D(1)),), "has no quantity"),
        ((poc("CA", quantity=D(8), items=OIL),), "names item HM-OIL"),
        ((poc("CA", quantity=D(8), unit="CA"),), "has no price for that"),
        ((poc("RQ", quantity=D(200), price=order().lines[0].price, price_basis="HP"),), "another price basis: HP"),
        ((poc("CF"), poc("PC", "2", price=D(1))), "beside other changes"),
    ],
)
def test_what_does_not_fit_the_order_holds_all_of_it(lines: tuple[OrderChangeLine, ...], told: str) -> None:
    assert told in why(*lines).message


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ({"purpose": Purpose("00")}, "has the purpose 00"),
        ({"purpose": Purpose("ZZ")}, "has the purpose ZZ"),
        ({"currency": "EUR"}, "is in EUR, the order in USD"),
        ({"parties": (Party(role="ST", id_scheme="92", id="0099"),)}, "goes to another place: 0099"),
        ({"parties": (Party(role="st", id_scheme="92", id="0099"),)}, "goes to another place: 0099"),
    ],
)
def test_a_header_that_says_something_else_holds_it(header: dict[str, Any], told: str) -> None:
    there = order(currency="USD", parties=(Party(role="ST", id_scheme="92", id="0012"),))
    with pytest.raises(NeedsCorrection) as held:
        merged(there, change(poc("PC", price=D(2)), **header), SalesRules())
    assert told in held.value.message


def test_a_place_of_a_line_in_small_letters_is_a_place() -> None:
    elsewhere = (Party(role="st", id_scheme="92", id="0099"),)
    assert "goes to another place: 0099" in why(poc("PC", price=D(2), parties=elsewhere)).message


def test_a_number_of_a_change_that_is_beyond_all_numbers_is_none() -> None:
    """It is told by its day then."""
    assert turn_of(1, change(sequence="9" * 5000)).number is None
    assert turn_of(1, change(sequence="007")).number == 7


def test_a_purpose_means_what_a_setting_says() -> None:
    rules = SalesRules(change_purposes={"00": "change"})
    assert after(poc("PC", price=D(2)), purpose=Purpose("00"), rules=rules).order.lines[0].price == 2


def test_an_order_is_cancelled_by_its_purpose_by_a_code_and_by_all_of_its_lines() -> None:
    assert after(purpose=Purpose.CANCEL).cancelled
    assert after(poc("CF")).cancelled
    assert after(poc("DI", quantity=D(100)), poc("DI", "2", quantity=D(0), quantity_left=D(0))).cancelled


def test_days_of_the_whole_order_are_changed() -> None:
    later = DateReference(qualifier="002", day=date(2026, 12, 9))
    found = after(dates=(later,))
    assert found.days
    assert found.order.dates == (later,)
    assert found.touched == frozenset()


def test_a_replacement_has_all_lines() -> None:
    rest = poc("RZ", "2", quantity=D(9), unit="CA", price=D(48), items=OIL)
    found = after(rest, purpose=Purpose.REPLACE)
    assert quantities(found) == {"2": D(9)}
    assert found.touched == {"1", "2"}
    same = poc("NC", "1", quantity=D(100), unit="EA", price=D("2.50"), items=RICE)
    assert after(same, rest, purpose=Purpose.REPLACE).touched == {"2"}
    assert "has no lines" in why(purpose=Purpose.REPLACE).message
    assert "has not all of it" in why(poc("RZ", "1", items=RICE), purpose=Purpose.REPLACE).message
    assert "is there twice" in why(rest, rest, purpose=Purpose.REPLACE).message


def test_stores_come_anew_with_a_quantity() -> None:
    def divided(*pairs: str) -> tuple[KeptSegment, ...]:
        return (KeptSegment(segment_id="SDQ", elements=("EA", "92", *pairs)),)

    line = OrderLine(number="1", quantity=D(3), unit="EA", items=RICE, extras=divided("0012", "1", "0015", "2"))
    said = poc("QI", quantity=D(5), quantity_left=D(5), extras=divided("0012", "5"))
    (found,) = merged(order(line), change(said), SalesRules()).order.lines
    assert found.extras == divided("0012", "5")


@given(st.lists(st.tuples(st.sampled_from(sorted(LINE_CODES)), st.integers(1, 3), st.integers(-2, 200)), max_size=4))
@settings(max_examples=some(200))
def test_a_change_is_applied_or_held_and_untouched_lines_stay(codes: list[tuple[str, int, int]]) -> None:
    before = order()
    lines = [poc(code, str(number), quantity=D(quantity), price=D(2)) for code, number, quantity in codes]
    try:
        found = merged(before, change(*lines), SalesRules(quantity_changes="total"))
    except NeedsCorrection as held:
        if held.reason is not Reason.ORDER_CHANGE_UNCLEAR:
            raise
        return
    stays = {line.number: line for line in before.lines if line.number not in found.touched}
    assert {line.number: line for line in found.order.lines if line.number in stays} == stays
    assert found.touched <= {poc_line.number for poc_line in lines}


def test_turns_go_by_number_then_by_day_then_as_they_came() -> None:
    early, late = date(2026, 11, 1), date(2026, 11, 2)
    assert Turn(2, 1, late).is_before(Turn(1, 2, early))
    assert Turn(2, None, early).is_before(Turn(1, None, late))
    assert Turn(1).is_before(Turn(2))
    assert Turn(5, 4).leaves_a_gap(Turn(1, 2))
    assert not Turn(5, 3).leaves_a_gap(Turn(1, 2))
    assert Turn(5, 2).is_older(Turn(1, 2))
    assert Turn(5, None, early).is_older(Turn(1, None, late))
    assert not Turn(5).is_older(Turn(1, 2, late))
    assert turn_of(7, change(sequence="007", change_date=early)) == Turn(7, 7, early)
    assert turn_of(7, change(sequence="A7")).number is None


def test_an_850_that_cancels_or_replaces_is_a_change() -> None:
    cancels = as_change(changed(order(), purpose=Purpose.CANCEL))
    assert cancels is not None
    assert merged(order(), cancels, SalesRules()).cancelled
    replaces = as_change(
        changed(order(OrderLine(number="", quantity=D(1), unit="EA", items=RICE, price=D(1))), purpose=Purpose.REPLACE)
    )
    assert replaces is not None
    assert quantities(merged(order(), replaces, SalesRules())) == {"1": D(1)}
    assert as_change(order()) is None
    assert as_change(changed(order(), purpose=Purpose.CHANGE)) is None
