"""Orders leave once, changes follow, answers come back: Exact -> 850 -> partner -> 997, 855, 856, 810 -> Exact."""

from typing import Any

import pytest

from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.flows.scenes import Scene

pytestmark = pytest.mark.both_databases


def play(stage: Scene, rounds: int = 6) -> None:
    """Let both sides work until nothing moves: partners answer after their delays, we send and receive."""
    for _ in range(rounds):
        stage.outbound()
        stage.sandbox.clock.move(30)
        stage.sandbox.call(stage.world.flush)
        stage.inbound()


def orders_out(stage: Scene) -> list[tuple[str, int, str]]:
    return sorted((row.number, row.revision, str(row.state)) for row in stage.documents("orders_out"))


def change(stage: Scene, order: dict[str, Any], **values: Any) -> None:
    stage.sandbox.call(user.change_order_line, stage.sandbox.exact, int(order["number"]), 1, **values)


@pytest.mark.parametrize("supplier", ["20011", "20012", "20013"])
def test_an_order_comes_back_as_receipt_and_invoice(stage: Scene, supplier: str) -> None:
    (order,) = stage.orders(1, received=False, supplier=supplier)
    play(stage)
    assert orders_out(stage) == [(order["number"], 0, "acknowledged")]
    assert stage.world.consumer.orders() == {order["number"]: 1}
    assert [row.state for row in stage.documents("shipments_in")] == [S.POSTED]
    assert [row.state for row in stage.documents("invoices_in")] == [S.POSTED]
    assert {row.state for row in stage.documents("acknowledgments_in")} == {S.APPLIED}
    assert {row.state for row in stage.documents("acknowledgments_out")} == {S.SENT}
    assert stage.world.errors == []


def test_our_own_receipts_and_invoices_are_not_news(stage: Scene) -> None:
    stage.orders(2, received=False)
    play(stage)
    assert len(stage.posted()) == 2
    assert [revision for _, revision, _ in orders_out(stage)] == [0, 0]


@pytest.mark.parametrize(("supplier", "kind"), [("20011", "order_change"), ("20012", "order")])
def test_a_changed_order_goes_out_by_the_partners_setting(stage: Scene, supplier: str, kind: str) -> None:
    (order,) = stage.orders(1, received=False, supplier=supplier)
    stage.world.behave({"20011": "NORTHWIND", "20012": "ACME"}[supplier], {"ship": "never", "invoice": "never"})
    play(stage, 2)
    change(stage, order, quantity=order["lines"][0]["quantity"] + 7)
    play(stage, 2)
    newest = max(stage.documents("orders_out"), key=lambda row: row.revision)
    assert (str(newest.kind), newest.revision, newest.state) == (kind, 1, S.ACKNOWLEDGED)


def test_a_cancelled_order_is_cancelled_at_the_partner(stage: Scene) -> None:
    (order,) = stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", {"ship": "never", "invoice": "never"})
    play(stage, 2)
    stage.sandbox.call(user.cancel, stage.sandbox.exact, int(order["number"]))
    play(stage, 2)
    assert [revision for _, revision, _ in orders_out(stage)] == [0, 1]
    assert any(document.startswith("860 01") for document in stage.world.consumer.documents())


def test_an_order_waits_for_its_approval(stage: Scene) -> None:
    (order,) = stage.orders(1, received=False, approved=False)
    stage.outbound()
    assert orders_out(stage) == []
    stage.sandbox.call(user.approve, stage.sandbox.exact, int(order["number"]))
    stage.outbound()
    assert orders_out(stage) == [(order["number"], 0, "sent")]


def test_a_change_before_sending_replaces_the_reading_and_makes_no_revision(stage: Scene) -> None:
    from ml_connector.flows.orders_out import orders

    (order,) = stage.orders(1, received=False)
    orders.read(stage.integration, stage.work)
    change(stage, order, quantity=order["lines"][0]["quantity"] + 1)
    stage.outbound()
    assert orders_out(stage) == [(order["number"], 0, "sent")]


def test_a_refused_order_says_so_and_can_be_rendered_again(stage: Scene) -> None:
    stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", {"acknowledge": "reject", "confirm": "never", "ship": "never", "invoice": "never"})
    play(stage, 2)
    (refused,) = stage.documents("orders_out")
    assert refused.state is S.REFUSED
    assert refused.reason == "refused_by_partner"


def test_an_unanswered_order_turns_overdue_and_a_late_997_closes_it(stage: Scene) -> None:
    from ml_connector.flows import monitoring

    stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", {"acknowledge": "never", "confirm": "never", "ship": "never", "invoice": "never"})
    play(stage, 1)
    assert monitoring.mark_overdue(stage.integration, stage.work).counts["overdue"] == 0
    assert monitoring.standing_causes(stage.integration) == []
    stage.sandbox.clock.move(25 * 3600)
    (late,) = monitoring.standing_causes(stage.integration)
    assert (late.cause, late.count) == ("exact_cleo/late/northwind", 1)
    stage.sandbox.clock.move(24 * 3600)
    assert monitoring.mark_overdue(stage.integration, stage.work).counts["overdue"] == 1
    (cause,) = monitoring.standing_causes(stage.integration)
    assert ("overdue" in cause.cause, cause.count) == (True, 1)


def test_an_upload_that_was_stored_before_the_connection_broke_is_sent_once(stage: Scene) -> None:
    stage.orders(1, received=False)
    stage.sandbox.faults.add(Fault(FaultKind.RESET_AFTER, system="cleo", method="POST", path="*/files"))
    play(stage, 4)
    (order,) = stage.documents("orders_out")
    assert order.state is S.ACKNOWLEDGED, "the partner took it away, and its 997 proved that it had arrived"
    assert sum(stage.world.consumer.orders().values()) == 1


def test_an_upload_that_never_arrived_waits_for_a_person(stage: Scene) -> None:
    from ml_connector.flows import operator_actions

    stage.orders(1, received=False)
    stage.sandbox.faults.add(Fault(FaultKind.RESET_BEFORE, system="cleo", method="POST", path="*/files"))
    play(stage, 3)
    (order,) = stage.documents("orders_out")
    assert (order.state, order.reason) == (S.UNKNOWN_OUTCOME, "answer_awaited")
    stage.sandbox.clock.move(1800)
    play(stage, 1)
    (order,) = stage.documents("orders_out")
    assert (order.state, order.reason) == (S.UNKNOWN_OUTCOME, "outcome_unknown")
    assert not stage.world.consumer.orders()
    operator_actions.settle_sent(stage.integration, stage.work, order, arrived=False, why="the partner has not got it")
    play(stage, 3)
    (order,) = stage.documents("orders_out")
    assert order.state is S.ACKNOWLEDGED
    assert sum(stage.world.consumer.orders().values()) == 1


def test_a_confirmation_that_differs_asks_for_a_person(stage: Scene) -> None:
    stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", {"like": "change", "ship": "never", "invoice": "never"})
    play(stage, 2)
    (answer,) = [row for row in stage.documents("acknowledgments_in") if row.kind == "order_acknowledgment"]
    assert (answer.state, answer.reason) == (S.APPLIED, "order_changed")


def test_several_orders_in_one_notice_become_one_receipt(stage: Scene) -> None:
    stage.orders(3, received=False)
    stage.world.behave("NORTHWIND", {"orders_per_notice": 3})
    play(stage)
    assert [row.state for row in stage.documents("shipments_in")] == [S.POSTED]
    assert len(list(stage.sandbox.exact.main.table("purchaseorder/GoodsReceipts"))) == 1


def test_over_shipment_and_repeated_notices_are_not_booked(stage: Scene) -> None:
    stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", {"like": "over_ship"}, times=1)
    play(stage, 3)
    assert [row.reason for row in stage.documents("shipments_in")] == ["over_shipment"]
    assert list(stage.sandbox.exact.main.table("purchaseorder/GoodsReceipts")) == []


def test_credit_notes_become_credit_entries(stage: Scene) -> None:
    stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", {"credit": "full"})
    play(stage)
    assert sorted(row["Type"] for row in stage.posted()) == [8033, 8034]
