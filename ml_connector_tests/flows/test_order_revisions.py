"""Revisions of an order: only what the partner must hear leaves, in its order, and what never left is not cancelled."""

from typing import Any

import pytest

from ml_connector.flows import operator_actions
from ml_connector.flows.core.integration import StepReport
from ml_connector.flows.core.ports import PURCHASE_ORDERS, source_of
from ml_connector.flows.orders_out import order_taking, orders
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.systems.exact_online.notices.topics import ORDERS
from ml_connector_tests.flows.scenes import Scene

SILENT = {"ship": "never", "invoice": "never", "confirm": "never"}


def play(stage: Scene, rounds: int = 2) -> None:
    for _ in range(rounds):
        stage.outbound()
        stage.sandbox.clock.move(30)
        stage.sandbox.call(stage.world.flush)
        stage.inbound()


def revisions(stage: Scene) -> list[tuple[int, str]]:
    rows = sorted(stage.documents("orders_out"), key=lambda row: (row.revision, row.id))
    return [(row.revision, str(row.state)) for row in rows]


def newest(stage: Scene) -> DocumentRow:
    return max(stage.documents("orders_out"), key=lambda row: row.id)


def change(stage: Scene, order: dict[str, Any], **values: Any) -> None:
    stage.sandbox.call(user.change_order_line, stage.sandbox.exact, int(order["number"]), 1, **values)


def header(stage: Scene, order: dict[str, Any], **values: Any) -> None:
    stage.sandbox.call(user.change_header, stage.sandbox.exact, int(order["number"]), values)


def test_an_order_cancelled_before_it_left_never_leaves(stage: Scene) -> None:
    (order,) = stage.orders(1, received=False)
    orders.read(stage.integration, stage.work)
    stage.sandbox.call(user.cancel, stage.sandbox.exact, int(order["number"]))
    play(stage)
    assert revisions(stage) == [(0, "discarded")]
    assert not stage.world.consumer.documents()


def test_a_held_order_is_looked_at_again_when_it_changes_in_the_erp(stage: Scene) -> None:
    (order,) = stage.orders(1, received=False)
    orders.read(stage.integration, stage.work)
    partner = stage.integration.partners["northwind"]
    strict = partner.model_copy(update={"orders": partner.orders.model_copy(update={"ship_to": {"NONE": "1"}})})
    stage.integration.partners["northwind"] = strict  # type: ignore[index]
    stage.outbound()
    (held,) = stage.documents("orders_out")
    assert (held.state, held.reason) == (S.QUARANTINED, "unresolved_ship_to")
    stage.integration.partners["northwind"] = partner  # type: ignore[index]
    change(stage, order, quantity=order["lines"][0]["quantity"] + 1)
    stage.outbound()
    assert revisions(stage) == [(0, "sent")]


def test_an_order_that_was_held_first_makes_no_phantom_revision_later(stage: Scene) -> None:
    (order,) = stage.orders(1, received=False)
    partner = stage.integration.partners["northwind"]
    strict = partner.model_copy(update={"orders": partner.orders.model_copy(update={"ship_to": {"NONE": "1"}})})
    stage.integration.partners["northwind"] = strict  # type: ignore[index]
    stage.outbound()
    stage.integration.partners["northwind"] = partner  # type: ignore[index]
    stage.sandbox.clock.move(11 * 60)
    stage.world.behave("NORTHWIND", SILENT)
    play(stage, 1)
    assert revisions(stage) == [(0, "acknowledged")]
    header(stage, order, SelectionCode="moved")
    play(stage, 3)
    assert revisions(stage) == [(0, "acknowledged")]


def test_a_revision_a_person_discarded_does_not_come_back(stage: Scene) -> None:
    (order,) = stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", SILENT)
    play(stage, 1)
    change(stage, order, quantity=order["lines"][0]["quantity"] + 1)
    orders.read(stage.integration, stage.work)
    operator_actions.discard(stage.integration, stage.work, newest(stage), "settled by phone")
    header(stage, order, SelectionCode="moved")
    play(stage, 2)
    assert revisions(stage) == [(0, "acknowledged"), (1, "discarded")]
    change(stage, order, quantity=order["lines"][0]["quantity"] + 2)
    play(stage, 1)
    assert revisions(stage)[-1] == (2, "acknowledged")


def test_the_next_revision_after_a_refused_order_is_an_order(stage: Scene) -> None:
    (order,) = stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", {"acknowledge": "reject", **SILENT}, times=1)
    play(stage, 1)
    assert revisions(stage) == [(0, "refused")]
    stage.world.behave("NORTHWIND", SILENT)
    change(stage, order, quantity=order["lines"][0]["quantity"] + 1)
    play(stage, 1)
    assert revisions(stage) == [(0, "refused"), (1, "acknowledged")]
    assert newest(stage).kind == "order", "the partner has no order that could be changed"


def test_a_revision_waits_for_its_predecessor(stage: Scene) -> None:
    (order,) = stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", SILENT)
    stage.sandbox.faults.add(Fault(FaultKind.RESET_BEFORE, system="cleo", method="POST", path="*/files"))
    play(stage, 2)
    assert revisions(stage) == [(0, "unknown_outcome")]
    change(stage, order, quantity=order["lines"][0]["quantity"] + 1)
    play(stage, 3)
    assert revisions(stage) == [(0, "unknown_outcome"), (1, "read")]
    first = min(stage.documents("orders_out"), key=lambda row: row.id)
    operator_actions.settle_sent(stage.integration, stage.work, first, arrived=False, why="they have not got it")
    stage.sandbox.clock.move(600)
    play(stage, 3)
    assert revisions(stage) == [(0, "acknowledged"), (1, "acknowledged")]
    consumed = stage.world.consumer.documents()
    assert [document[:6] for document in consumed if document.startswith("8")] == ["850 00", "860 04"]


def test_a_cancelled_order_that_is_reopened_is_ordered_again_and_cancelled_once(stage: Scene) -> None:
    (order,) = stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", SILENT)
    play(stage, 1)
    stage.sandbox.call(user.cancel, stage.sandbox.exact, int(order["number"]))
    play(stage, 1)
    play(stage, 2)
    assert revisions(stage) == [(0, "acknowledged"), (1, "acknowledged")]
    stage.sandbox.call(reopen, stage, order)
    play(stage, 2)
    assert revisions(stage)[2:] == [(2, "acknowledged")]
    assert newest(stage).kind == "order"
    stage.sandbox.call(user.cancel, stage.sandbox.exact, int(order["number"]))
    play(stage, 2)
    sent = {kind[:6]: count for kind, count in stage.world.consumer.documents().items() if kind.startswith("8")}
    assert sent == {"850 00": 2, "860 01": 2}


def reopen(stage: Scene, order: dict[str, Any]) -> None:
    from ml_connector.sandbox.exact.books.orders import order_changed

    made = user.order_by_number(stage.sandbox.exact.main, int(order["number"]))
    made["OrderStatus"] = 10
    order_changed(stage.sandbox.exact.main, made)


def test_an_order_read_twice_in_one_batch_is_one_document(stage: Scene) -> None:
    stage.orders(1, received=False)
    batch = source_of(stage.integration.erp, PURCHASE_ORDERS).changed("2026-01-01T00:00:00")
    report = StepReport("read")
    order_taking.take(stage.integration, stage.work, [*batch.records, *batch.records], report)
    assert revisions(stage) == [(0, "read")]


def test_two_workers_reading_the_same_change_make_one_revision(stage: Scene) -> None:
    """The second worker compared with the ledger before the first had committed."""
    from unittest.mock import patch

    stage.orders(1, received=False)
    batch = source_of(stage.integration.erp, PURCHASE_ORDERS).changed("2026-01-01T00:00:00")
    real = documents.outbound_of_orders
    calls = []

    def stale(*args: Any, **more: Any) -> list[DocumentRow]:
        calls.append(args)
        return [] if len(calls) == 1 else real(*args, **more)

    order_taking.take(stage.integration, stage.work, batch.records, StepReport("read"))
    with patch.object(documents, "outbound_of_orders", stale):
        order_taking.take(stage.integration, stage.work, batch.records, StepReport("read"))
    assert revisions(stage) == [(0, "read")]


@pytest.mark.parametrize("webhooks", [True, False])
@pytest.mark.parametrize("poll", [True, False])
def test_webhooks_and_poll_give_the_same_alone_and_together(stage: Scene, webhooks: bool, poll: bool) -> None:
    from ml_connector.ledger.exchange import inbox

    settings = stage.integration.settings
    flows = settings.flows.model_copy(
        update={"orders_out": settings.flows.orders_out.model_copy(update={"poll": poll, "webhooks": webhooks})}
    )
    object.__setattr__(stage.integration, "settings", settings.model_copy(update={"flows": flows}))
    (order,) = stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", SILENT)
    made = stage.sandbox.call(user.order_by_number, stage.sandbox.exact.main, int(order["number"]))

    def told() -> None:
        erp = stage.integration.erp
        with stage.deployment.ledger.write() as tx:
            for _ in range(2):
                key = str(made["PurchaseOrderID"])
                inbox.add(tx, inbox.NewNotice(erp.connection, ORDERS.topic, erp.company, "Update", key, "{}"))

    told()
    play(stage, 1)
    change(stage, order, quantity=order["lines"][0]["quantity"] + 1)
    told()
    play(stage, 2)
    expected = [(0, "acknowledged"), (1, "acknowledged")] if webhooks or poll else []
    assert revisions(stage) == expected


def test_a_refused_upload_is_rendered_again_after_a_replay(stage: Scene) -> None:
    stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", SILENT)
    stage.sandbox.faults.add(Fault(FaultKind.STATUS, system="cleo", method="POST", path="*/files", status=413))
    stage.outbound()
    (held,) = stage.documents("orders_out")
    assert (held.state, held.reason) == (S.QUARANTINED, "refused_by_system")
    operator_actions.prepare_replay(stage.integration, stage.work, [held])
    stage.outbound(replay=True)
    play(stage, 1)
    assert revisions(stage) == [(0, "acknowledged")]


def starting(stage: Scene, day: str) -> None:
    settings = stage.integration.settings
    flows = settings.flows.model_copy(
        update={"orders_out": settings.flows.orders_out.model_copy(update={"start_date": day})}
    )
    object.__setattr__(stage.integration, "settings", settings.model_copy(update={"flows": flows}))


@pytest.mark.parametrize("hour", [12, 23], ids=["at noon", "where the next day has begun in the books"])
def test_orders_from_before_the_start_are_told_and_an_earlier_start_fetches_them(stage: Scene, hour: int) -> None:
    """A newcomer's first run leaves old orders alone and says so; naming an earlier day brings them, moved or not."""
    from ml_connector.flows.orders_out.order_news import orders_changed

    now = stage.integration.clock.now()
    stage.sandbox.clock.move((now.replace(hour=hour, minute=15) - now).total_seconds())
    (order,) = stage.orders(1, received=False)
    today = stage.integration.clock.now().date()
    stage.sandbox.clock.move(86_400)
    stage.sandbox.call(user.change_order_line, stage.sandbox.exact, int(order["number"]), 1, quantity=1)
    starting(stage, "")
    report = orders.read(stage.integration, stage.work)
    assert stage.documents("orders_out") == []
    assert report.counts["dated_before_start"] == 1
    assert "orders_out.start_date" in report.notes[0]
    assert not orders_changed(stage.integration)
    stage.sandbox.clock.move(86_400)
    orders.read(stage.integration, stage.work)
    starting(stage, today.isoformat())
    assert orders_changed(stage.integration)
    orders.read(stage.integration, stage.work)
    assert [row.number for row in stage.documents("orders_out")] == [order["number"]]
    assert not orders_changed(stage.integration)
