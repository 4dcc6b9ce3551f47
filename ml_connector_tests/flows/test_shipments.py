"""What a ship notice receives: pure functions over the notice and the open orders."""

from datetime import date
from decimal import Decimal

import pytest

from ml_connector.documents.common import ItemId
from ml_connector.documents.shipments import ShipNotice, ShippedItem, ShippedOrder
from ml_connector.errors import NeedsMending, Reason
from ml_connector.flows.shipments import receipts_for
from ml_connector_tests.flows.builders import VENDOR, order, order_line

DAY = date(2026, 11, 20)


def notice(quantity: int, broken_down: int | None) -> ShipNotice:
    line = order_line(1)
    item = ShippedItem(
        items=(ItemId(qualifier="IN", value=line.item_code),),
        quantity=Decimal(quantity),
        unit=line.unit,
        broken_down=None if broken_down is None else Decimal(broken_down),
    )
    orders = (ShippedOrder(order_number=order(line).number, items=(item,)),)
    return ShipNotice(number="LS-1", notice_date=DAY, orders=orders)


def received(one: ShipNotice) -> list[Decimal]:
    open_order = order(order_line(1, received=Decimal(0)))
    receipts = receipts_for(
        one,
        VENDOR,
        lambda _: open_order,
        {},
        over_shipment_percent=Decimal(0),
        receipt_date=DAY,
        units={},
        order_units={},
    )
    return [line.quantity for receipt in receipts for line in receipt.lines]


@pytest.mark.parametrize("broken_down", [None, 30])
def test_what_is_broken_down_is_received_once(broken_down: int | None) -> None:
    assert received(notice(30, broken_down)) == [30]


def test_what_does_not_add_up_is_held_with_both_figures() -> None:
    with pytest.raises(NeedsMending, match=r"says 30 .* comes to 31") as held:
        received(notice(30, 31))
    assert held.value.reason is Reason.BAD_VALUE
    assert (held.value.data["quantity"], held.value.data["broken_down"]) == ("30", "31")
