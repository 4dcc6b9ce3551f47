"""What a ship notice receives, and on which lines: pure functions over the notice and the open orders."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import ItemId, KeptElement, changed
from ml_connector.documents.erp_postings import GoodsReceipt
from ml_connector.documents.reference import OpenOrder
from ml_connector.documents.shipments import ShipNotice, ShippedItem, ShippedOrder
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.shipments_in.receipts import ReceiptRules, receipts_for
from ml_connector_tests.flows.builders import VENDOR, order, order_line

D = Decimal
DAY = date(2026, 11, 20)
BOUGHT = order_line(1).item_code


def item(quantity: int | None, **more: Any) -> ShippedItem:
    """Order line 1, by our number of the item."""
    values = {
        "items": (ItemId(qualifier="IN", value=BOUGHT),),
        "quantity": None if quantity is None else D(quantity),
        "unit": "pc",
    }
    return ShippedItem(**{**values, **more})


def receipts(items: Sequence[ShippedItem], *orders: OpenOrder, **rules: Any) -> list[GoodsReceipt]:
    """Items of the first of these orders; without one, of an order of 100 with nothing received."""
    known = {one.number: one for one in orders or [order(order_line(1, received=D(0)))]}
    shipped = (ShippedOrder(order_number=next(iter(known)), items=tuple(items)),)
    notice = ShipNotice(number="LS-1", notice_date=DAY, orders=shipped)
    return receipts_for(notice, VENDOR, known.get, ReceiptRules(receipt_date=DAY, **rules))


def received(items: Sequence[ShippedItem], *orders: OpenOrder, **rules: Any) -> list[tuple[int, Decimal]]:
    """Line numbers with what is received on them."""
    return [(line.line_number, line.quantity) for one in receipts(items, *orders, **rules) for line in one.lines]


def held(items: Sequence[ShippedItem], *orders: OpenOrder, **rules: Any) -> NeedsCorrection:
    with pytest.raises(NeedsCorrection) as caught:
        receipts(items, *orders, **rules)
    return caught.value


@pytest.mark.parametrize("broken_down", [None, D(30)])
def test_what_is_broken_down_is_received_once(broken_down: Decimal | None) -> None:
    assert received([item(30, broken_down=broken_down)]) == [(1, 30)]


def test_what_does_not_add_up_is_held_with_both_figures() -> None:
    why = held([item(30, broken_down=D(31))])
    assert why.reason is Reason.BAD_VALUE
    assert (why.data["quantity"], why.data["broken_down"]) == ("30", "31")


def test_nothing_shipped_of_an_item_is_told_and_the_rest_received() -> None:
    (receipt,) = receipts([item(0, status="IB"), item(7)])
    assert [line.quantity for line in receipt.lines] == [7]
    assert receipt.told == (f"{BOUGHT} of order 26000017: 0 shipped, status IB",)
    assert held([item(0)]).data["told"] == [f"{BOUGHT} of order 26000017: 0 shipped"]


def test_less_than_nothing_is_held_and_makes_no_room_for_others() -> None:
    assert held([item(-5), item(104)]).reason is Reason.BAD_VALUE


def test_an_item_without_a_quantity_is_held_unless_its_lots_say_it() -> None:
    assert held([item(None)]).reason is Reason.BAD_VALUE
    assert received([item(None), item(4), item(6)]) == [(1, 10)]
    unreadable = KeptElement(segment_id="SN1", position=2, value="1O")
    assert "'1O'" in held([item(None, kept=(unreadable,)), item(4)]).message


def test_another_unit_than_ordered_is_held_unless_the_partner_file_says_that_it_is_the_same() -> None:
    assert held([item(5, unit="CA")]).reason is Reason.UNIT_MISMATCH
    assert received([item(5, unit="CA")], units={"CA": "EA"}, order_units={"pc": "EA"}) == [(1, 5)]
    assert received([item(5, unit="")]) == [(1, 5)]


def test_more_than_is_open_is_held_with_what_others_take() -> None:
    assert received([item(60), item(40)]) == [(1, 100)]
    assert held([item(60), item(41)]).reason is Reason.OVER_SHIPMENT
    assert held([item(60)], spoken={"line1": D(41)}).reason is Reason.OVER_SHIPMENT
    assert received([item(105)], over_shipment_percent=D(5)) == [(1, 105)]


def of_one_item(*open_quantities: int) -> OpenOrder:
    """An order whose lines are all of one item, ordered 100 each, with so much of each open."""
    lines = [order_line(at, received=D(100 - left)) for at, left in enumerate(open_quantities, 1)]
    return order(*(changed(one, item_code=BOUGHT, suppliers_item="NW-1") for one in lines))


@pytest.mark.parametrize(
    ("left", "shipped", "right"),
    [
        ((0, 40), [10], [(2, D(10))]),
        ((60, 40), [100], [(1, D(60)), (2, D(40))]),
        ((60, 40), [70, 30], [(1, D(60)), (2, D(40))]),
        ((60, 0, 40), [100], [(1, D(60)), (3, D(40))]),
        ((60, 40), [40], None),
        ((60, 40), [60, 39], None),
        ((60, 40), [101], None),
    ],
)
def test_one_item_on_two_lines_is_received_only_where_that_is_plain(
    left: tuple[int, ...], shipped: list[int], right: list[tuple[int, Decimal]] | None
) -> None:
    items = [item(one) for one in shipped]
    if right is None:
        why = held(items, of_one_item(*left))
        assert why.reason is Reason.AMBIGUOUS_ORDER_LINE
        assert why.data["candidates"] == [at for at, one in enumerate(left, 1) if one]
    else:
        assert received(items, of_one_item(*left)) == right


def test_what_is_numbered_leaves_a_plain_place_for_what_is_not() -> None:
    items = [item(40), item(60, line_number="1")]
    assert received(items, of_one_item(60, 40)) == [(2, 40), (1, 60)]
    assert held([item(5)], of_one_item(0, 0)).reason is Reason.OVER_SHIPMENT


def test_an_item_on_lines_of_two_units_is_that_of_its_unit() -> None:
    both = of_one_item(60, 40)
    boxed = changed(both, lines=(both.lines[0], changed(both.lines[1], unit="box")))
    assert received([item(5, unit="box")], boxed) == [(2, 5)]


def test_item_and_line_number_that_contradict_each_other_are_held() -> None:
    two = order(order_line(1, received=D(0)), order_line(2, received=D(0)))
    assert held([item(5, line_number="2")], two).reason is Reason.ORDER_LINE_CONTRADICTED


def test_several_orders_go_to_their_lines_and_one_unknown_holds_all() -> None:
    orders = {number: order(order_line(at, received=D(0)), number=number) for at, number in enumerate(("1", "2"), 1)}
    shipped = [
        ShippedOrder(order_number=number, items=(ShippedItem(quantity=D(at), unit="pc", line_number=str(at)),))
        for at, number in enumerate(("1", "2"), 1)
    ]
    notice = ShipNotice(number="LS-1", notice_date=DAY, orders=tuple(shipped))
    (receipt,) = receipts_for(notice, VENDOR, orders.get, ReceiptRules(receipt_date=DAY))
    assert [(line.order_number, line.quantity) for line in receipt.lines] == [("1", 1), ("2", 2)]
    for number in ("", "3"):
        missing = changed(notice, orders=(shipped[0], ShippedOrder(order_number=number)))
        with pytest.raises(NeedsCorrection) as caught:
            receipts_for(missing, VENDOR, orders.get, ReceiptRules(receipt_date=DAY))
        assert caught.value.reason is Reason.NO_SUCH_ORDER
