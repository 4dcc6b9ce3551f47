"""What is told of each line of an order, by how it stands in the ERP."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import Reference, changed
from ml_connector.documents.orders import OrderAcknowledgment, PurchaseOrder
from ml_connector.documents.sales.orders import OrderCharge, SalesOrder
from ml_connector.documents.sales.standing import OrderStanding, StandingLine, StandingOrder
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.order_acks_out.ack_content import acknowledge, same_to_customer
from ml_connector.flows.order_acks_out.facts import TakenOrder
from ml_connector_tests.flows.customers_orders.made import (
    DAY,
    D,
    customer,
    facts,
    order,
    ordered,
    posted,
    standing,
    stands,
)

Answers = list[tuple[str, Decimal | None]]


def told(
    *lines: StandingLine,
    again: bool = False,
    of: PurchaseOrder | None = None,
    own: dict[str, Any] | None = None,
    **so: Any,
) -> OrderAcknowledgment:
    """The acknowledgment of the plain order, whose ERP lines are these."""
    one = of or order()
    written = posted(one)
    stand = standing(written, *lines, **so)
    partner = customer(order_acks={"send": True, **(own or {})})
    return acknowledge(facts(one, TakenOrder(posted=written, standing=stand)), partner, again=again)


def of(one: PurchaseOrder, written: SalesOrder, *lines: StandingLine) -> OrderAcknowledgment:
    """The first acknowledgment of an order that was posted so, whose ERP lines are these."""
    taken = TakenOrder(posted=written, standing=standing(written, *lines))
    return acknowledge(facts(one, taken), customer(), again=False)


def answers(ack: OrderAcknowledgment, at: int = 0) -> Answers:
    return [(one.status, one.quantity) for one in ack.lines[at].answers]


def first(**changes: Any) -> tuple[StandingLine, StandingLine]:
    """The ERP's lines; the first one otherwise."""
    one, other = posted(order()).lines
    return stands(one, **changes), stands(other)


def test_what_is_taken_as_ordered_is_accepted() -> None:
    ack = told()
    assert (ack.number, ack.type, ack.purpose, ack.sellers_order) == ("PO-9", "AD", "00", "SO100")
    assert [answers(ack, at) for at in (0, 1)] == [[("IA", D(3))], [("IA", D(10))]]
    assert [(line.quantity, line.unit, line.price) for line in ack.lines] == [(3, "CA", 90), (10, "EA", D("4.25"))]
    assert [[(i.qualifier, i.value) for i in line.items] for line in ack.lines] == [
        [("IN", "BR-1"), ("VP", "ITEM-1")],
        [("IN", "BR-2"), ("VP", "ITEM-2")],
    ]
    assert {(one.date_qualifier, one.day) for line in ack.lines for one in line.answers} == {
        ("068", DAY + timedelta(2))
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"quantity": D(2)}, [("IQ", D(2)), ("ID", D(1))]),
        ({"quantity": D(5)}, [("IQ", D(5))]),
        ({"price": D("91")}, [("IP", D(3))]),
        ({"ship_date": DAY + timedelta(9)}, [("DR", D(3))]),
        ({"ship_date": DAY}, [("IA", D(3))]),
        ({"ship_date": None}, [("IA", D(3))]),
        ({"price": D("91"), "quantity": D(2)}, [("IC", D(2)), ("ID", D(1))]),
        ({"item_code": "OTHER"}, [("IS", D(3))]),
        ({"backordered": True, "shipped": D(1)}, [("IA", D(1)), ("IB", D(2))]),
        ({"backordered": True}, [("IB", D(3))]),
        ({"closed": True, "shipped": D(2)}, [("IQ", D(2)), ("ID", D(1))]),
        ({"closed": True, "shipped": D(0)}, [("IR", D(3))]),
        ({"shipped": D(3), "closed": True}, [("IA", D(3))]),
    ],
)
def test_each_difference_has_its_code(changes: dict[str, Any], expected: Answers) -> None:
    ack = told(*first(**changes))
    assert answers(ack) == expected
    assert answers(ack, 1) == [("IA", D(10))]
    assert ack.type == ("AD" if expected == [("IA", D(3))] else "AC")


def test_the_price_that_counts_is_told_in_the_unit_that_was_ordered() -> None:
    one = order()
    written = posted(one, per_case=12)
    assert [line.unit for line in written.lines] == ["EACH", "EACH"]
    lines = (stands(written.lines[0], price=D("8"), quantity=D(24)), stands(written.lines[1]))
    ack = acknowledge(
        facts(one, TakenOrder(posted=written, standing=standing(written, *lines))), customer(), again=False
    )
    assert answers(ack) == [("IC", D(2)), ("ID", D(1))]
    assert (ack.lines[0].price, ack.lines[0].price_basis) == (D(96), "UM")


def test_an_order_without_prices_is_told_ours_and_that_is_no_change() -> None:
    ack = told(of=order(ordered(1, "3", "CA", None)))
    assert (answers(ack), ack.lines[0].price, ack.type) == ([("IA", D(3))], D("7.5"), "AD")


def test_a_substitute_is_named() -> None:
    ack = told(*first(item_code="OTHER"))
    assert [(i.qualifier, i.value) for i in ack.lines[0].answers[0].items] == [("VP", "OTHER")]
    assert ("VP", "ITEM-1") not in [(i.qualifier, i.value) for i in ack.lines[0].items]


def test_a_line_that_is_gone_is_refused_at_first_and_cancelled_later() -> None:
    _, other = first()
    assert answers(told(other)) == [("IR", D(3))]
    assert answers(told(other, again=True)) == [("ID", D(3))]


@pytest.mark.parametrize(("again", "code"), [(False, "IR"), (True, "ID")])
def test_a_cancelled_order_is_refused_whole(again: bool, code: str) -> None:
    ack = told(standing=OrderStanding.CANCELLED, again=again)
    assert (ack.type, answers(ack), answers(ack, 1)) == ("RD", [(code, D(3))], [(code, D(10))])


@pytest.mark.parametrize(("rule", "purpose"), [("replace", "05"), ("change", "04"), ("original", "00")])
def test_it_is_told_again_as_the_customer_wants_it(rule: str, purpose: str) -> None:
    assert told(again=True, own={"again": rule}).purpose == purpose
    assert told(own={"again": rule}).purpose == "00"


def test_the_customers_own_codes_go_out_and_decide_nothing_here() -> None:
    ack = told(*first(quantity=D(2)), own={"codes": {"cancelled": "IR", "quantity": "IA"}})
    assert (answers(ack), ack.type) == ([("IA", D(2)), ("IR", D(1))], "AC")


def test_a_line_that_was_split_in_the_erp_is_one_to_the_customer() -> None:
    one, other = first(quantity=D(1), ship_date=DAY + timedelta(1))
    split = changed(one, number=3, quantity=D(2), ship_date=DAY + timedelta(3))
    ack = told(one, other, split)
    assert answers(ack) == [("IA", D(3))]
    assert ack.lines[0].answers[0].day == DAY + timedelta(3), "the day of the last of it"


def test_what_nobody_ordered_is_not_told() -> None:
    one, other = first()
    freight = changed(one, number=3, item_code="FREIGHT", quantity=D(1), price=D(15))
    assert [line.number for line in told(one, other, freight).lines] == ["1", "2"]


def test_a_charge_that_was_put_on_the_order_is_no_substitute() -> None:
    one = order()
    written = posted(one, charges=(OrderCharge(code="D240", amount=D(5), item_code="FREIGHT"),))
    lines = (stands(written.lines[0], item_code="FREIGHT"), stands(written.lines[1]))
    ack = acknowledge(
        facts(one, TakenOrder(posted=written, standing=standing(written, *lines))), customer(), again=False
    )
    assert answers(ack) == [("IR", D(3))]


def test_one_order_for_two_stores_is_acknowledged_as_one() -> None:
    one = order()
    halves: list[SalesOrder] = []
    for share in (D(1), D(2)):
        lines = tuple(
            changed(line, quantity=line.quantity * share / 3, ordered_quantity=line.ordered_quantity * share / 3)
            for line in posted(order(ordered(1, "3", "CA", "90"))).lines
        )
        halves.append(posted(one, lines=lines))
    stand: list[StandingOrder] = [standing(half, id=f"so-{at}", number=f"SO10{at}") for at, half in enumerate(halves)]
    taken = [TakenOrder(posted=half, standing=each) for half, each in zip(halves, stand, strict=True)]
    ack = acknowledge(facts(one, *taken), customer(), again=False)
    assert answers(ack) == [("IA", D(3))]
    assert (ack.sellers_order, ack.references) == (
        "",
        (Reference(qualifier="VN", value="SO100"), Reference(qualifier="VN", value="SO101")),
    )
    gone = changed(taken[1], standing=changed(stand[1], standing=OrderStanding.CANCELLED))
    assert answers(acknowledge(facts(one, taken[0], gone), customer(), again=True)) == [("IQ", D(1)), ("ID", D(2))]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda one: changed(one, unit="PALLET"), Reason.UNIT_MISMATCH),
        (lambda one: changed(one, unit=""), Reason.UNIT_MISMATCH),
    ],
)
def test_what_cannot_be_told_in_the_ordered_unit_is_held(
    spoil: Callable[[StandingLine], StandingLine], reason: Reason
) -> None:
    one, other = first()
    with pytest.raises(NeedsCorrection) as held:
        told(spoil(one), other)
    assert (held.value.reason, bool(held.value.remedy)) == (reason, True)
    assert "Line 1 of order SO100" in held.value.message


def test_a_quantity_that_does_not_come_out_even_is_held() -> None:
    one = order()
    written = posted(one, per_case=12)
    lines = (stands(written.lines[0], quantity=D(25)), stands(written.lines[1]))
    with pytest.raises(NeedsCorrection) as held:
        of(one, written, *lines)
    assert held.value.reason is Reason.UNIT_MISMATCH


def test_two_prices_of_one_line_are_held() -> None:
    one, other = first(quantity=D(1))
    with pytest.raises(NeedsCorrection) as held:
        told(one, other, changed(one, number=3, quantity=D(2), price=D(80)))
    assert held.value.reason is Reason.SALES_PRICE


def test_lines_without_numbers_are_told_by_their_place_or_held() -> None:
    lines = (changed(ordered(1, "3", "CA", "90"), number=""), changed(ordered(2, "10", "EA", "4.25"), number=""))
    assert [answers(told(of=order(*lines)), at) for at in (0, 1)] == [[("IA", D(3))], [("IA", D(10))]]
    one = order(*lines)
    written = posted(one)
    written = changed(written, lines=written.lines[:1])
    with pytest.raises(NeedsCorrection) as held:
        of(one, written)
    assert held.value.reason is Reason.AMBIGUOUS_ORDER_LINE


def test_that_the_rest_has_left_is_no_news_and_that_it_waits_is() -> None:
    had = told(*first(backordered=True, shipped=D(1)), again=True)
    left = told(*first(shipped=D(3), closed=True, ship_date=DAY + timedelta(6)), again=True)
    assert same_to_customer(had, left, done=True)
    assert not same_to_customer(had, left, done=False)
    short = told(*first(shipped=D(2), closed=True), again=True)
    assert not same_to_customer(had, short, done=True), "a part of it never comes"
    assert not same_to_customer(told(again=True), had, done=False)
