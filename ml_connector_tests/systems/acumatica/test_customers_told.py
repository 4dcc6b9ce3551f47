"""What a grocery chain behind Cleo is told of its orders in Acumatica, and what it understands by its own reading."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ml_connector.cli.app import root
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.acumatica import user
from ml_connector.sandbox.acumatica.partners import HILLMART
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.partner.documents.heard import Heard
from ml_connector.sandbox.partner.documents.x12 import Segment
from ml_connector_tests.systems.acumatica.stage import Stage, open_stage

CASES = {"item": "HM-OLIVEOIL1L", "quantity": "3", "unit": "CA", "price": "90"}
PIECES = {"item": "HM-WIDGET1", "quantity": "10", "unit": "EA", "price": "4.25"}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with open_stage(tmp_path) as made:
        made.run()  # from here on orders and shipments are new
        yield made


def ordered(stage: Stage, *numbers: str) -> list[Record]:
    """The chain orders three cases and ten pieces for its store 12; the sales orders."""
    for number in numbers:
        stage.sandbox.call(stage.world.order, HILLMART.name, number, [CASES, PIECES], store="0012")
    stage.play(2)
    return [stage.rows("SalesOrder", CustomerOrder=number)[0] for number in numbers]


def heard(stage: Stage, kind: str) -> list[Heard]:
    """What the chain understood; none of it may contradict itself or what was ordered."""
    found = [one for one in stage.world.partners[HILLMART.name].books.heard if one.kind == kind]
    assert [one.problems for one in found] == [[]] * len(found)
    assert stage.world.errors == []
    assert {group.code for group in stage.world.read_groups} <= {"A"}
    return found


def answers(one: Heard) -> list[list[str]]:
    return [[f"{a['code']} {a['quantity']}" for a in line["answers"]] for line in one.said["lines"]]


def change(stage: Stage, order: Record, **values: Any) -> None:
    """Somebody changes an open order at the screen."""
    body: Mapping[str, Any] = {"OrderType": "SO", "OrderNbr": order.text("OrderNbr"), **values}
    stage.sandbox.call(user.put, stage.sandbox.acumatica, "SalesOrder", body)


def states(stage: Stage, flow: str) -> list[tuple[str, S]]:
    return [(row.number, row.state) for row in sorted(stage.documents(flow), key=lambda row: row.id)]


def test_an_order_is_acknowledged_as_it_stands_and_again_when_that_changes(stage: Stage) -> None:
    (order,) = ordered(stage, "PO-1")
    (first,) = heard(stage, "855")
    assert (first.number, first.purpose, first.said["type"], answers(first)) == (
        "PO-1",
        "00",
        "AD",
        [["IA 3"], ["IA 10"]],
    )
    assert first.said["their_order"] == order.text("OrderNbr")
    lines = [{"id": order.details()[0].id, "OrderQty": 2}, {"id": order.details()[1].id, "UnitPrice": "4.5"}]
    change(stage, order, Details=lines)
    change(stage, order, Description="nobody is told of this")
    stage.play(3)
    _, second = heard(stage, "855")
    assert (second.purpose, answers(second)) == ("05", [["IQ 2", "ID 1"], ["IP 10"]])
    assert [line["price"] for line in second.said["lines"]] == ["90", "4.5"]
    stage.sandbox.call(
        user.act, stage.sandbox.acumatica, "SalesOrder", ("SO", order.text("OrderNbr")), "CancelSalesOrder"
    )
    stage.play(3)
    third = heard(stage, "855")[-1]
    assert (third.said["type"], answers(third)) == ("RD", [["ID 3"], ["ID 10"]])
    assert states(stage, "order_acks_out") == [("PO-1", S.ACKNOWLEDGED)] * 3


def test_an_order_that_was_keyed_by_hand_is_nobodys(stage: Stage) -> None:
    line = {"InventoryID": "WIDGET1", "OrderQty": 4}
    body = {"OrderType": "SO", "CustomerID": "C000042", "CustomerOrder": "PO-1", "Hold": False, "Details": [line]}
    order = stage.sandbox.call(user.put, stage.sandbox.acumatica, "SalesOrder", body)
    stage.sandbox.call(user.ship, stage.sandbox.acumatica, [order], packages=[box(1)])
    stage.play(2)
    assert (stage.documents("order_acks_out"), stage.documents("shipments_out")) == ([], [])


def test_an_order_for_several_stores_is_acknowledged_as_one_and_shipped_store_by_store(stage: Stage) -> None:
    who = stage.world.partners[HILLMART.name]
    begin = ["SA", "PO-7", "", "20261129"]
    stores: list[Segment] = [
        ["850"], ["BEG", "00", *begin], ["PO1", "1", "3", "CA", "90", "", "IN", "HM-OLIVEOIL1L"],
        ["SDQ", "CA", "92", "0012", "1", "0015", "2"], ["CTT", "1"],
    ]  # fmt: skip
    stage.sandbox.call(who.send, "850", [stores], [], who.behaviour)
    stage.play(2)
    (ack,) = heard(stage, "855")
    assert (answers(ack), ack.said["their_order"]) == ([["IA 3"]], "")
    for at, order in enumerate(stage.rows("SalesOrder", CustomerOrder="PO-7"), 1):
        stage.sandbox.call(user.ship, stage.sandbox.acumatica, [order], packages=[box(at)])
    stage.play(3)
    found = {one.said["ship_to"]: [item["quantity"] for item in one.said["items"]] for one in heard(stage, "856")}
    assert {place: list(map(str, found[place])) for place in found} == {"0012": ["1"], "0015": ["2"]}


def box(at: int, *contents: tuple[Record, str, int], pallet: str = "") -> dict[str, Any]:
    """A package with its SSCC and, where it is written down, what of which order is in it."""
    inside = [
        {"InventoryID": item, "Quantity": quantity, "UOM": "CS" if item == "OLIVEOIL1L" else "EA",
         "OrigOrderType": "SO", "OrigOrderNbr": order.text("OrderNbr")}
        for order, item, quantity in contents
    ]  # fmt: skip
    made = {"BoxID": "BOX", "TrackingNbr": f"1Z{at}", "CustomRefNbr1": user.sscc(str(at)), "Weight": "4", "UOM": "KG"}
    return {**made, **({"CustomRefNbr2": pallet} if pallet else {}), **({"PackageContents": inside} if inside else {})}


def test_a_shipment_of_two_orders_is_told_once_packed_as_it_was(stage: Stage) -> None:
    one, other = ordered(stage, "PO-1", "PO-2")
    pallet = "00" + user.sscc("99")
    boxes = [
        box(1, (one, "OLIVEOIL1L", 2), (one, "WIDGET1", 10), pallet=pallet),
        box(2, (one, "OLIVEOIL1L", 1), (other, "OLIVEOIL1L", 3), (other, "WIDGET1", 10), pallet=pallet),
    ]
    lots = [{"LineNbr": 1, "LotSerialNbr": "L77"}]
    shipment = stage.sandbox.call(user.ship, stage.sandbox.acumatica, [one, other], packages=boxes, lines=lots)
    stage.play(2)
    (notice,) = heard(stage, "856")
    assert (notice.number, notice.purpose, notice.said["structure"]) == (shipment.text("ShipmentNbr"), "00", "0001")
    assert (notice.said["ship_to"], notice.said["tracking"]) == ("0012", ["1Z1", "1Z2"])
    cartons = ["00" + user.sscc(str(at)) for at in (1, 2)]
    told = [
        (item["order"], item["line"], str(item["quantity"]), item["lot"], item["marks"])
        for item in notice.said["items"]
    ]
    assert sorted(told) == [
        ("PO-1", "1", "1", "L77", [pallet, cartons[1]]),
        ("PO-1", "1", "2", "L77", [pallet, cartons[0]]),
        ("PO-1", "2", "10", "", [pallet, cartons[0]]),
        ("PO-2", "1", "3", "", [pallet, cartons[1]]),
        ("PO-2", "2", "10", "", [pallet, cartons[1]]),
    ]
    number = shipment.text("ShipmentNbr")
    stage.sandbox.call(user.act, stage.sandbox.acumatica, "Shipment", (number,), "PrepareInvoice")
    stage.play(2)
    with stage.reopened() as again:
        again.play(1)
    assert len(heard(stage, "856")) == 1, "its invoice moves its record, and tells the customer nothing"
    assert states(stage, "shipments_out") == [(number, S.ACKNOWLEDGED)]
    assert len(heard(stage, "855")) == 2, "nor is it told anew of orders that have left as ordered"


def test_what_is_left_over_waits_and_a_corrected_shipment_is_held(stage: Stage) -> None:
    (order,) = ordered(stage, "PO-1")
    short = [{"LineNbr": 1, "ShippedQty": 1}]
    shipment = stage.sandbox.call(user.ship, stage.sandbox.acumatica, [order], packages=[box(1)], lines=short)
    stage.play(3)
    ack = heard(stage, "855")[-1]
    assert answers(ack) == [["IA 1", "IB 2"], ["IA 10"]]
    (notice,) = heard(stage, "856")
    assert [str(item["quantity"]) for item in notice.said["items"]] == ["1", "10"]
    key = (shipment.text("ShipmentNbr"),)
    stage.sandbox.call(user.act, stage.sandbox.acumatica, "Shipment", key, "CorrectShipment")
    stage.play(2)
    assert len(stage.documents("shipments_out")) == 1
    lines = [{"id": shipment.details()[0].id, "ShippedQty": 2}]
    stage.sandbox.call(user.put, stage.sandbox.acumatica, "Shipment", {"ShipmentNbr": key[0], "Details": lines})
    stage.sandbox.call(user.act, stage.sandbox.acumatica, "Shipment", key, "ConfirmShipment")
    stage.play(2)
    newest = max(stage.documents("shipments_out"), key=lambda row: row.id)
    assert (newest.state, newest.reason) == (S.QUARANTINED, "changed_after_sending")
    assert "1 -> 2" in (newest.reason_detail or {})["message"]
    assert len(heard(stage, "856")) == 1


def test_without_the_packs_that_it_wants_the_notice_waits_and_its_deadline_is_told(stage: Stage) -> None:
    (order,) = ordered(stage, "PO-1")
    shipment = stage.sandbox.call(user.ship, stage.sandbox.acumatica, [order])
    stage.play(1)
    (held,) = stage.documents("shipments_out")
    assert (held.state, held.reason) == (S.QUARANTINED, "nothing_to_send")
    assert held.due_at is not None
    said = json.loads(CliRunner().invoke(root, ["documents", "due", "--json"]).output)
    assert [(one["owed"], one["number"], one["past"]) for one in said["due"]] == [
        ("ship_notice", shipment.text("ShipmentNbr"), False)
    ]
    listed = CliRunner().invoke(root, ["documents", "list", "--flow", "shipments_out"]).output
    assert f"{held.due_at:%m-%d %H:%M}" in listed, listed
    stage.sandbox.clock.move(3 * 24 * 3600)
    checked = CliRunner().invoke(root, ["check"])
    assert "hillmart waits for 1 document(s), 1 past the deadline: ship notice" in checked.output, checked.output
    stage.sandbox.call(
        user.edit, stage.sandbox.acumatica, "Shipment", (shipment.text("ShipmentNbr"),), {"Status": "Open"}
    )
    boxes = {"ShipmentNbr": shipment.text("ShipmentNbr"), "Packages": [box(1)]}
    stage.sandbox.call(user.put, stage.sandbox.acumatica, "Shipment", boxes)
    stage.sandbox.call(
        user.edit, stage.sandbox.acumatica, "Shipment", (shipment.text("ShipmentNbr"),), {"Status": "Confirmed"}
    )
    stage.play(2)
    assert len(heard(stage, "856")) == 1
    said = json.loads(CliRunner().invoke(root, ["documents", "due", "--json"]).output)
    assert (said["due"], [(one["kind"], one["partner"], one["number"]) for one in said["missed"]]) == (
        [],
        [("ship_notice", "hillmart", 1)],
    )
    shown = CliRunner().invoke(root, ["documents", "due"])
    assert "1 ship notice left too late to hillmart" in shown.output


def test_what_the_chain_changes_itself_is_acknowledged_as_it_wants_it_now(stage: Stage) -> None:
    """An 860 is in the order that is answered; one that is taken back whole is not refused to the one who did that."""
    ordered(stage, "PO-1", "PO-2")
    assert [answers(one) for one in heard(stage, "855")] == [[["IA 3"], ["IA 10"]]] * 2
    more = [{"line": "1", "code": "CA", "quantity": "5", "unit": "CA", "price": "90"}]
    stage.sandbox.call(stage.world.change, HILLMART.name, "PO-1", more)
    stage.sandbox.call(stage.world.change, HILLMART.name, "PO-2", purpose="01")
    stage.play(4)
    assert [row.number("OrderQty") for row in stage.rows("SalesOrder", CustomerOrder="PO-1")[0].details()] == [5, 10]
    assert stage.rows("SalesOrder", CustomerOrder="PO-2")[0].text("Status") == "Canceled"
    *_, last = heard(stage, "855")
    assert (last.number, last.purpose, last.said["type"], answers(last)) == ("PO-1", "05", "AD", [["IA 5"], ["IA 10"]])
    assert len(heard(stage, "855")) == 3
    assert sorted(states(stage, "order_acks_out")) == [("PO-1", S.ACKNOWLEDGED)] * 2 + [("PO-2", S.ACKNOWLEDGED)]
