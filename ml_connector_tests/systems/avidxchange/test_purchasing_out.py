"""Purchase orders and receipts of Exact as AvidXchange is told them; both sides are looked at."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.ledger.audit import verify
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.books.orders import add_quantity, order_changed
from ml_connector.sandbox.exact.books.receipts import create_receipt
from ml_connector.sandbox.exact.wire.wire import day_ms, day_of
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage
from ml_connector_tests.systems.avidxchange.test_invoices_out import vendor_there


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with avid_stage(tmp_path, flows={"order_records_out": {}, "receipt_records_out": {}}) as made:
        made.outbound()
        vendor_there(made)
        yield made


def ordered(stage: Stage, count: int = 1) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = stage.sandbox.call(
        lambda: user.create_orders(stage.sandbox.exact, count, suppliers=("20011",))
    )
    return made


def received(stage: Stage, order: dict[str, Any], part: Decimal = Decimal(1)) -> None:
    company = stage.sandbox.exact.main

    def make() -> None:
        lines = [
            {"PurchaseOrderLineID": line["ID"], "QuantityReceived": line["QuantityInPurchaseUnits"] * part}
            for line in user.lines_of(stage.sandbox.exact, order)
        ]
        values = {"ReceiptDate": day_ms(day_of(company.now_ms())), "YourRef": "DN-1"}
        create_receipt(company, stage.sandbox.exact.options, values, lines)

    stage.sandbox.call(make)


def orders(stage: Stage) -> list[dict[str, Any]]:
    return list(stage.avid.rows("purchaseorders"))


def receipts(stage: Stage) -> list[dict[str, Any]]:
    return list(stage.avid.rows("receipts"))


def test_an_order_arrives_whole_and_its_receipt_behind_it(stage: Stage) -> None:
    (order,) = ordered(stage)
    received(stage, order)
    for _ in range(3):
        stage.outbound()
        stage.sandbox.clock.move(700)
    (there,) = orders(stage)
    lines = user.lines_of(stage.sandbox.exact, order)
    assert (there["Number"], there["ExternalIdentifier"]["Value"]) == (
        str(order["OrderNumber"]),
        order["PurchaseOrderID"],
    )
    assert [line["Quantity"] for line in there["Lines"]] == [line["QuantityInPurchaseUnits"] for line in lines]
    found = sorted(receipts(stage), key=lambda row: row["PurchaseOrderLineNumber"])
    assert [row["PurchaseOrderNumber"] for row in found] == [there["Number"]] * len(lines)
    assert [row["Quantity"] for row in found] == [line["QuantityInPurchaseUnits"] for line in lines]
    assert {row["BillOfLadingNumber"] for row in found} == {"DN-1"}
    assert verify.verify(stage.deployment.ledger).clean


def test_a_change_of_an_order_changes_the_one_that_is_there(stage: Stage) -> None:
    (order,) = ordered(stage)
    stage.outbound()

    def more() -> None:
        (line, *_) = user.lines_of(stage.sandbox.exact, order)
        add_quantity(stage.sandbox.exact.main, line, "QuantityInPurchaseUnits", Decimal(5))
        order_changed(stage.sandbox.exact.main, order)

    before = orders(stage)[0]["Lines"][0]["Quantity"]
    stage.sandbox.call(more)
    stage.outbound()
    (there,) = orders(stage)
    assert there["Lines"][0]["Quantity"] == before + 5


def test_an_order_is_told_closed_when_it_is_cancelled_and_never_told_when_nobody_had_it(stage: Stage) -> None:
    (had,) = ordered(stage)
    stage.outbound()
    (never,) = ordered(stage)
    for order in (had, never):
        stage.sandbox.call(user.cancel, stage.sandbox.exact, order["OrderNumber"])
    stage.outbound()
    assert {row["Number"]: row["Open"] for row in orders(stage)} == {str(had["OrderNumber"]): False}


def test_a_receipt_waits_for_its_order(stage: Stage) -> None:
    (order,) = ordered(stage)
    received(stage, order)
    stage.sandbox.faults.add(
        Fault(
            FaultKind.STATUS,
            system="avidxchange",
            method="POST",
            path="/v1/purchaseorders",
            status=429,
            retry_after="60",
        )
    )
    with pytest.raises(Exception, match="429"):
        stage.outbound()
    assert (orders(stage), receipts(stage)) == ([], [])
    for _ in range(3):
        stage.sandbox.clock.move(700)
        stage.outbound()
    assert len(orders(stage)) == 1
    assert len(receipts(stage)) == len(user.lines_of(stage.sandbox.exact, order))


@pytest.mark.parametrize("path", ["/v1/purchaseorders", "/v1/receipts"])
def test_a_lost_answer_doubles_nothing(stage: Stage, path: str) -> None:
    (order,) = ordered(stage)
    received(stage, order)
    stage.sandbox.faults.add(Fault(FaultKind.RESET_AFTER, system="avidxchange", method="POST", path=path))
    for _ in range(5):
        stage.outbound()
        stage.sandbox.clock.move(700)
    assert len(orders(stage)) == 1
    assert len(receipts(stage)) == len(user.lines_of(stage.sandbox.exact, order))
