"""Sales orders as they stand, and shipments with their packages, as they are read from Acumatica."""

from decimal import Decimal
from typing import Any

import pytest

from ml_connector.config.integrations import Flows
from ml_connector.documents.sales.shipments import PackedItem, SentShipment, ShippedLot
from ml_connector.documents.sales.standing import OrderStanding, StandingOrder
from ml_connector.errors import TryAgain
from ml_connector.flows.core.ports import SHIPMENTS, STANDING_ORDERS, source_of
from ml_connector.sandbox.acumatica import user
from ml_connector.sandbox.acumatica.seed import CUSTOMER
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.systems.acumatica.reading.shipments import shipment_of, sscc_of
from ml_connector_tests.systems.acumatica.bench import Bench

ACCEPTED, OPEN, CANCELLED = OrderStanding.ACCEPTED, OrderStanding.OPEN, OrderStanding.CANCELLED
LINES = [{"InventoryID": "OLIVEOIL1L", "OrderQty": 3}, {"InventoryID": "WIDGET1", "OrderQty": 10}]


def entered(bench: Bench, lines: Any = LINES, **values: Any) -> Record:
    body = {
        "OrderType": "SO",
        "CustomerID": CUSTOMER,
        "CustomerOrder": "PO-9",
        "Hold": False,
        "Details": lines,
        **values,
    }
    return bench.sandbox.call(user.put, bench.state, "SalesOrder", body)


def standing(bench: Bench, order: Record) -> StandingOrder:
    (found,) = source_of(bench.erp(), STANDING_ORDERS).by_id([order.id])
    return found.document


@pytest.mark.parametrize(
    ("status", "stands"),
    [
        ("Open", ACCEPTED),
        ("Shipping", ACCEPTED),
        ("Back Order", ACCEPTED),
        ("Completed", ACCEPTED),
        ("On Hold", OPEN),
        ("Credit Hold", OPEN),
        ("Pending Approval", OPEN),
        ("A status that nobody knows", OPEN),
        ("Canceled", CANCELLED),
        ("Rejected", CANCELLED),
    ],
)
def test_only_a_status_on_the_list_says_yes(bench: Bench, status: str, stands: OrderStanding) -> None:
    order = entered(bench)
    bench.sandbox.call(user.edit, bench.state, "SalesOrder", ("SO", order.text("OrderNbr")), {"Status": status})
    assert standing(bench, order).standing is stands


def test_lines_tell_what_is_ordered_shipped_and_what_waits(bench: Bench) -> None:
    order = entered(bench)
    found = standing(bench, order)
    assert (found.id, found.number, found.customer_order) == (order.id, order.text("OrderNbr"), "PO-9")
    assert [(one.number, one.item_code, one.quantity, one.unit) for one in found.lines] == [
        (1, "OLIVEOIL1L", Decimal(3), "CS"),
        (2, "WIDGET1", Decimal(10), "EA"),
    ]
    bench.sandbox.call(user.ship, bench.state, [order], lines=[{"LineNbr": 1, "ShippedQty": 1}])
    told = [(one.shipped, one.backordered, one.closed) for one in standing(bench, order).lines]
    assert told == [(Decimal(1), True, False), (Decimal(10), False, True)]


def packages(*orders: Record) -> list[dict[str, Any]]:
    named = [{"OrigOrderType": "SO", "OrigOrderNbr": one.text("OrderNbr")} for one in orders]
    first = [{"InventoryID": "OLIVEOIL1L", "Quantity": 3, "UOM": "CS", **named[0]}]
    second = [{"InventoryID": "WIDGET1", "Quantity": 10, "UOM": "EA", **one} for one in named]
    return [
        {"CustomRefNbr1": user.sscc("1"), "CustomRefNbr2": "00" + user.sscc("9"), "TrackingNbr": "1Z1",
         "Weight": "4.5", "UOM": "KG", "PackageContents": first},
        {"CustomRefNbr1": "123", "PackageContents": second},
    ]  # fmt: skip


def shipped(bench: Bench, **options: Any) -> SentShipment:
    """Two orders in one shipment, as it is read in a poll."""
    orders = [entered(bench), entered(bench, LINES[1:], CustomerOrder="PO-10")]
    lots = [{"LineNbr": 1, "LotSerialNbr": "L77", "ExpirationDate": "2027-01-31"}]
    row = bench.sandbox.call(user.ship, bench.state, orders, packages=packages(*orders), lines=lots)
    found = source_of(bench.erp(**options), SHIPMENTS).changed("2020-01-01T00:00:00").records
    (one,) = [record.document for record in found if record.document.number == row.text("ShipmentNbr")]
    assert {line.order_id for line in one.lines} == {order.id for order in orders}
    return one


@pytest.mark.parametrize("in_lists", [True, False])
def test_a_shipment_is_read_whole_also_where_lists_leave_collections_out(bench: Bench, in_lists: bool) -> None:
    bench.state.options.empty_details_in_lists = not in_lists
    found = shipped(bench)
    assert (found.confirmed, found.gone, found.customer_code) == (True, False, CUSTOMER)
    assert [(line.number, line.order_line, line.item_code, line.quantity) for line in found.lines] == [
        (1, 1, "OLIVEOIL1L", Decimal(3)),
        (2, 2, "WIDGET1", Decimal(10)),
        (3, 1, "WIDGET1", Decimal(10)),
    ]
    (lot,) = found.lines[0].lots
    assert (lot.lot, lot.quantity, str(lot.expires)) == ("L77", Decimal(3), "2027-01-31")
    first, second = found.packages
    assert (first.sscc, first.pallet, first.tracking) == (user.sscc("1"), user.sscc("9"), "1Z1")
    assert (first.weight, first.weight_unit) == (Decimal("4.5"), "KG")
    assert second.sscc == "", "123 is no SSCC"
    assert [one.line for one in (*first.contents, *second.contents)] == [1, 2, 3], "by order and item"


def test_a_package_says_its_numbers_where_the_connection_says(bench: Bench) -> None:
    found = shipped(bench, package_sscc="TrackingNbr", package_pallet="")
    assert [(one.sscc, one.pallet) for one in found.packages] == [("", ""), ("", "")]


@pytest.mark.parametrize(
    ("code", "digits"),
    [
        (user.sscc("77"), user.sscc("77")),
        ("00" + user.sscc("77"), user.sscc("77")),
        (user.sscc("77")[:-1] + str((int(user.sscc("77")[-1]) + 1) % 10), ""),
        ("", ""),
        ("12345678901234567X", ""),
        ("1" * 20, ""),
    ],
)
def test_a_code_with_a_wrong_check_digit_is_no_sscc(code: str, digits: str) -> None:
    assert sscc_of(code) == digits


def test_allocations_tell_lots_only_where_they_make_up_the_line(bench: Bench) -> None:
    def line(*quantities: int) -> list[ShippedLot]:
        parts = [{"LotSerialNbr": {"value": f"L{at}"}, "Qty": {"value": one}} for at, one in enumerate(quantities)]
        row = {
            "ShipmentNbr": {"value": "1"},
            "Status": {"value": "Confirmed"},
            "ShipmentDate": {"value": "2026-11-29T00:00:00+00:00"},
            "Details": [
                {
                    "LineNbr": {"value": 1},
                    "InventoryID": {"value": "A"},
                    "ShippedQty": {"value": 5},
                    "Allocations": parts,
                }
            ],
        }
        return list(shipment_of(row, bench.erp().settings).lines[0].lots)

    assert [(one.lot, one.quantity) for one in line(2, 3)] == [("L0", Decimal(2)), ("L1", Decimal(3))]
    assert line(2, 2) == []


@pytest.mark.parametrize(
    "spoiled",
    [
        {"Details": "none"},
        {"Packages": [{"PackageContents": {}}]},
        {"ShipmentDate": {"value": "soon"}},
        {"ShipmentDate": {}},
        {"ShipmentNbr": {}},
        {"Details": [{"ShippedQty": {"value": "much"}}]},
        {"Details": [{"ShippedQty": {"value": 1}}]},
        {"Orders": [7]},
    ],
)
def test_a_reply_that_makes_no_sense_is_told_and_tried_again(bench: Bench, spoiled: dict[str, Any]) -> None:
    from ml_connector.systems.acumatica.wire.client import readable

    row = {"ShipmentNbr": {"value": "1"}, "ShipmentDate": {"value": "2026-11-29"}, **spoiled}
    with pytest.raises(TryAgain), readable("acumatica", "a shipment"):
        shipment_of(row, bench.erp().settings)


def test_fields_and_rights_are_asked_for_only_where_the_flow_is_there(bench: Bench) -> None:
    class Named:
        def __init__(self, *flows: str) -> None:
            self.flows = Flows.model_construct(_fields_set=set(flows))

    erp = bench.erp()
    without, with_it = {"one": Named()}, {"one": Named("shipments_out")}
    assert [one.entity for one in erp.needs(without)].count("Shipment") == 0
    assert [one.entity for one in erp.needs(with_it)].count("Shipment") == 1
    assert erp.read_by(without) == ["purchase_orders", "sales_invoices"]
    assert erp.read_by(with_it) == ["purchase_orders", "sales_invoices", "shipments"]


def test_what_is_in_a_package_is_known_by_its_line_or_not_at_all(bench: Bench) -> None:
    """One item on two lines of one order: nobody can tell which is meant."""
    order = entered(bench, [LINES[1], {**LINES[1], "OrderQty": 4}])
    boxes = [{"PackageContents": [{"InventoryID": "WIDGET1", "Quantity": 4, "UOM": "EA"}]}]
    row = bench.sandbox.call(user.ship, bench.state, [order], packages=boxes)
    (found,) = source_of(bench.erp(), SHIPMENTS).by_id([row.text("ShipmentNbr")])
    assert found.document.packages[0].contents == (
        PackedItem(line=0, item_code="WIDGET1", quantity=Decimal(4), unit="EA"),
    )
