"""What a supplier changes in its 855 is written to the order in Exact where a setting says so: once, never over a
change of the buyer's, and never sent back to the supplier as news.
"""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import DocumentKind
from ml_connector.documents.orders import OrderAcknowledgment, OrderChange, PurchaseOrder
from ml_connector.flows.acknowledgments_in import acknowledgments
from ml_connector.flows.core.integration import StepReport
from ml_connector.flows.core.ports import PURCHASE_ORDERS, source_of
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.inbound import parsing, receiving
from ml_connector.flows.meaning.answered_lines import Expected
from ml_connector.flows.meaning.line_comparison import compare
from ml_connector.flows.orders_out import order_resolving, order_taking, orders
from ml_connector.ledger.audit.verify import verify
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.search import queries
from ml_connector.ledger.work import operations
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.operating import facts
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.flows.scenes import Scene
from ml_connector_tests.flows.test_orders_end_to_end import change, orders_out, play

#: The supplier sends 80 percent, and a week later.
LESS_AND_LATER = {"confirm": "change", "quantity_percent": "80", "late_days": 7, "ship": "never", "invoice": "never"}
LINES = "/api/v1/*/purchaseorder/PurchaseOrderLines*"


def set_write_back(stage: Scene, **tolerances: Any) -> None:
    """As `flows.acknowledgments_in.order_changes: write_back` in connections.yaml."""
    settings = stage.integration.settings
    flows = settings.flows
    answers = flows.acknowledgments_in.model_copy(update={"order_changes": "write_back"})
    flows = flows.model_copy(update={"acknowledgments_in": answers, **tolerances})
    object.__setattr__(stage.integration, "settings", settings.model_copy(update={"flows": flows}))


def lines(stage: Scene, order: dict[str, Any]) -> list[dict[str, Any]]:
    def read() -> list[dict[str, Any]]:
        made = user.order_by_number(stage.sandbox.exact.main, int(order["number"]))
        return [dict(line) for line in user.lines_of(stage.sandbox.exact, made)]

    return stage.sandbox.call(read)


def in_exact(stage: Scene, order: dict[str, Any]) -> list[Decimal]:
    return [line["QuantityInPurchaseUnits"] for line in lines(stage, order)]


def answers(stage: Scene) -> list[DocumentRow]:
    found = [row for row in stage.documents("acknowledgments_in") if row.kind == "order_acknowledgment"]
    return sorted(found, key=lambda row: row.id)


def puts(stage: Scene) -> int:
    """Changes of order lines that Exact carried out."""
    return sum(1 for write in stage.sandbox.journal.writes if write.kind == "PurchaseOrderLines changed")


def less(quantities: list[Decimal]) -> list[Decimal]:
    return [Decimal(int(quantity * 80 / 100)) for quantity in quantities]


@pytest.fixture
def order(stage: Scene) -> dict[str, Any]:
    (made,) = stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", LESS_AND_LATER)
    return dict(made)


def test_only_proposed_by_default(stage: Scene, order: dict[str, Any]) -> None:
    before = lines(stage, order)
    play(stage, 3)
    (answer,) = answers(stage)
    assert (answer.state, answer.reason) == (S.APPLIED, "order_changed")
    assert lines(stage, order) == before
    assert orders_out(stage) == [(order["number"], 0, "acknowledged")]


def test_agreed_quantities_and_dates_are_written_and_are_no_news(stage: Scene, order: dict[str, Any]) -> None:
    set_write_back(stage)
    before = lines(stage, order)
    play(stage, 2)
    (answer,) = answers(stage)
    assert (answer.state, answer.reason) == (S.APPLIED, None), "everything is agreed: nobody has to act"
    after = lines(stage, order)
    assert [line["QuantityInPurchaseUnits"] for line in after] == less([x["QuantityInPurchaseUnits"] for x in before])
    week = int(timedelta(days=7).total_seconds() * 1000)
    assert [line["ReceiptDate"] for line in after] == [line["ReceiptDate"] + week for line in before]
    assert [line["NetPrice"] for line in after] == [line["NetPrice"] for line in before]
    play(stage, 4)
    assert orders_out(stage) == [(order["number"], 0, "acknowledged")], "our own write is not an order change"
    assert sum(stage.world.consumer.orders().values()) == 1
    assert verify(stage.deployment.ledger).clean


def test_what_was_agreed_is_no_news_under_other_settings_either(stage: Scene, order: dict[str, Any]) -> None:
    set_write_back(stage)
    play(stage, 2)
    units = {"pc": "PC", "box": "CT", "m": "LM", "kg": "GM"}
    settings = stage.integration.settings
    flow = settings.flows.orders_out.model_copy(update={"units": units})
    flows = settings.flows.model_copy(update={"orders_out": flow})
    object.__setattr__(stage.integration, "settings", settings.model_copy(update={"flows": flows}))
    play(stage, 2)
    assert orders_out(stage) == [(order["number"], 0, "acknowledged")]
    stage.world.behave("NORTHWIND", {"confirm": "accept", "ship": "never", "invoice": "never"})
    change(stage, order, quantity=in_exact(stage, order)[0] + 3)
    play(stage, 2)
    newest = max(stage.documents("orders_out"), key=lambda row: row.revision)
    sent = stored(DocumentKind.ORDER_CHANGE, newest.canonical, OrderChange)
    assert [line.number for line in sent.lines] == ["1"], "the lines that were agreed are known"


def test_a_change_of_the_buyers_after_it_goes_out_with_what_was_agreed(stage: Scene, order: dict[str, Any]) -> None:
    set_write_back(stage)
    play(stage, 2)
    agreed = in_exact(stage, order)
    stage.world.behave("NORTHWIND", {"confirm": "accept", "ship": "never", "invoice": "never"})
    change(stage, order, quantity=agreed[0] + 3)
    play(stage, 2)
    newest = max(stage.documents("orders_out"), key=lambda row: row.revision)
    assert (newest.kind, newest.revision, newest.state) == ("order_change", 1, S.ACKNOWLEDGED)
    sent = stored(DocumentKind.ORDER_CHANGE, newest.canonical, OrderChange)
    assert [(line.number, line.change, line.quantity) for line in sent.lines] == [("1", "QI", agreed[0] + 3)]


def test_a_change_back_by_the_buyer_is_news(stage: Scene, order: dict[str, Any]) -> None:
    set_write_back(stage)
    ordered = in_exact(stage, order)
    play(stage, 2)
    stage.world.behave("NORTHWIND", {"confirm": "accept", "ship": "never", "invoice": "never"})
    change(stage, order, quantity=ordered[0])
    play(stage, 2)
    assert [(revision, state) for _, revision, state in orders_out(stage)] == [(0, "acknowledged"), (1, "acknowledged")]


def test_prices_and_refusals_are_never_written(stage: Scene, order: dict[str, Any]) -> None:
    set_write_back(stage)
    before = lines(stage, order)
    as_ordered = {"quantity_percent": "100", "late_days": 0, "ship": "never", "invoice": "never"}
    for behaviour in ({"like": "reject_lines"}, {"like": "backorder"}, {"like": "refuse"}, {"like": "change"}):
        stage.world.behave("NORTHWIND", {**as_ordered, **behaviour})
        stage.orders(1, received=False)
        play(stage, 2)
    assert {row.reason for row in answers(stage)} <= {"order_changed", "order_refused"}
    assert len(answers(stage)) >= 4
    assert lines(stage, order) == before
    assert puts(stage) == 0


def test_a_line_that_the_buyer_changed_since_is_left_to_a_person(stage: Scene, order: dict[str, Any]) -> None:
    """The answer is of the order as it was sent; the buyer's change is not read yet when the answer comes."""
    set_write_back(stage)
    stage.outbound()
    change(stage, order, quantity=777)
    stage.sandbox.clock.move(30)
    stage.sandbox.call(stage.world.flush)
    stage.inbound()
    quantities = in_exact(stage, order)
    assert quantities[0] == 777
    (answer,) = answers(stage)
    assert (answer.state, answer.reason) == (S.APPLIED, "order_changed")
    shown = answer.reason_detail["data"]["lines"] if answer.reason_detail else []
    assert shown[0]["not_written"] == "the line was changed in the ERP since it was sent"
    assert all("written_back" in line for line in shown[1:])
    play(stage, 2)
    newest = max(stage.documents("orders_out"), key=lambda row: row.revision)
    assert newest.revision == 1, "what the buyer changed goes to the supplier"


def test_an_answer_to_an_order_that_has_a_newer_revision_is_only_proposed(stage: Scene, order: dict[str, Any]) -> None:
    set_write_back(stage)
    stage.outbound()
    change(stage, order, quantity=777)
    orders.read(stage.integration, stage.work)
    stage.sandbox.clock.move(30)
    stage.sandbox.call(stage.world.flush)
    stage.inbound()
    (answer,) = answers(stage)
    assert (answer.state, answer.reason) == (S.APPLIED, "order_changed")
    assert puts(stage) == 0


def test_a_reading_from_before_our_write_does_not_undo_it_at_the_supplier(stage: Scene, order: dict[str, Any]) -> None:
    """Orders are read while an answer waits; the reading is stored only after the answer was written."""
    set_write_back(stage)
    stage.outbound()
    batch = source_of(stage.integration.erp, PURCHASE_ORDERS).changed("2026-01-01T00:00:00")
    stage.sandbox.clock.move(30)
    stage.sandbox.call(stage.world.flush)
    stage.inbound()
    order_taking.take(stage.integration, stage.work, batch.records, StepReport("read"))
    assert [state for _, _, state in orders_out(stage)] == ["acknowledged", "read"]
    order_resolving.resolve(stage.integration, stage.work)
    assert [state for _, _, state in orders_out(stage)] == ["acknowledged", "discarded"]


@pytest.mark.parametrize("kind", [FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER])
def test_a_write_of_unknown_outcome_is_looked_up(stage: Scene, order: dict[str, Any], kind: FaultKind) -> None:
    set_write_back(stage)
    ordered = in_exact(stage, order)
    stage.sandbox.faults.add(Fault(kind, system="exact", method="PUT", path=LINES))
    play(stage, 1)
    (answer,) = answers(stage)
    assert answer.state is S.UNKNOWN_OUTCOME
    stage.outbound()
    assert [state for _, _, state in orders_out(stage)] == ["acknowledged"] or kind is FaultKind.RESET_AFTER
    for _ in range(3):
        stage.sandbox.clock.move(70)
        stage.inbound()
    (answer,) = answers(stage)
    assert (answer.state, answer.reason) == (S.APPLIED, None)
    assert in_exact(stage, order) == less(ordered)
    assert puts(stage) == len(ordered), "each line was written once"
    play(stage, 2)
    assert {(revision, state) for _, revision, state in orders_out(stage)} - {(1, "discarded")} == {(0, "acknowledged")}
    assert sum(stage.world.consumer.orders().values()) == 1
    assert verify(stage.deployment.ledger).clean


def test_a_worker_that_died_at_the_call_is_taken_up(stage: Scene, order: dict[str, Any]) -> None:
    """The intent was committed, nothing of the outcome: the next run looks before it writes."""
    set_write_back(stage)
    stage.outbound()
    stage.sandbox.clock.move(30)
    stage.sandbox.call(stage.world.flush)
    real = stage.integration.erp.write

    class KilledError(BaseException):
        """As a kill: nothing behind it runs."""

    def die(operation: Any) -> Any:
        real(operation)
        raise KilledError

    stage.integration.erp.write = die  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        stage.inbound()
    stage.integration.erp.write = real  # type: ignore[method-assign]
    (answer,) = answers(stage)
    assert answer.state is S.POSTING
    for _ in range(3):
        stage.sandbox.clock.move(70)
        with worker(stage.deployment.ledger) as lease:
            acknowledgments.apply(stage.integration, replace(stage.work, holder=lease.name))
    (answer,) = answers(stage)
    assert answer.state is S.APPLIED
    assert puts(stage) == len(lines(stage, order))


def test_what_exact_refuses_is_held_and_the_lines_before_it_stand(stage: Scene, order: dict[str, Any]) -> None:
    set_write_back(stage)
    ordered = in_exact(stage, order)
    assert len(ordered) > 1
    refusal = {"error": {"code": "", "message": {"lang": "", "value": "Cannot be changed: Purchase order"}}}
    stage.sandbox.faults.add(
        Fault(FaultKind.STATUS, system="exact", method="PUT", path=LINES, skip=1, status=500, body=json.dumps(refusal))
    )
    play(stage, 2)
    (answer,) = answers(stage)
    assert (answer.state, answer.reason) == (S.QUARANTINED, "refused_by_system")
    assert in_exact(stage, order)[:2] == [less(ordered)[0], ordered[1]]
    assert orders_out(stage) == [(order["number"], 0, "acknowledged")], "the line that was written is no news"
    stage.inbound(replay=True, documents=(answer.id,))
    (answer,) = answers(stage)
    assert (answer.state, answer.reason) == (S.APPLIED, None)
    assert in_exact(stage, order) == less(ordered)
    assert puts(stage) == len(ordered)
    play(stage, 2)
    assert orders_out(stage) == [(order["number"], 0, "acknowledged")]


def test_more_than_ordered_is_agreed_only_within_the_tolerance(stage: Scene, order: dict[str, Any]) -> None:
    set_write_back(stage)
    ordered = in_exact(stage, order)
    stage.world.behave("NORTHWIND", {**LESS_AND_LATER, "quantity_percent": "150", "late_days": 0})
    play(stage, 2)
    assert in_exact(stage, order) == ordered
    assert [row.reason for row in answers(stage)] == ["order_changed"]


def test_a_second_answer_is_compared_with_what_was_agreed(stage: Scene, order: dict[str, Any]) -> None:
    """The supplier repeats its answer in another interchange: it says what stands in the order by now."""
    set_write_back(stage)
    play(stage, 2)
    (first,) = answers(stage)
    agreed = in_exact(stage, order)
    (sent,) = stage.documents("orders_out")
    content = stored(DocumentKind.ORDER, sent.work or "", PurchaseOrder)
    repeated = stored(DocumentKind.ORDER_ACKNOWLEDGMENT, first.canonical, OrderAcknowledgment)
    assert [line.quantity for line in content.lines] == agreed
    assert {
        verdict.verdict
        for verdict in compare(repeated, Expected(content.lines)).lines
        if verdict.detail.get("quantity")
    } == set()


def test_the_answer_and_the_order_tell_what_was_written(stage: Scene, order: dict[str, Any]) -> None:
    set_write_back(stage)
    play(stage, 2)
    (answer,) = answers(stage)
    shown = facts.full_json(stage.deployment.ledger, answer, content=True, payloads=True)
    assert {(w["kind"], w["state"]) for w in shown["writes"]} == {("purchase_order_line", "done")}
    assert '"put"' in shown["writes"][0]["payload"]
    assert "->" in shown["work"]["lines"][0]["written_back"]
    with stage.deployment.ledger.read() as tx:
        found = queries.trace(tx, order["number"])
        assert operations.of_documents(tx, [answer.id])
    told = [entry.what for entry in found.entries]
    assert "agreed change written to the order" in told
    assert any(one.kind == "purchase_order_line" for one in found.operations)


def test_a_dry_run_writes_nothing(stage: Scene, order: dict[str, Any]) -> None:
    set_write_back(stage)
    stage.outbound()
    stage.sandbox.clock.move(30)
    stage.sandbox.call(stage.world.flush)
    receiving.receive(stage.integration, stage.work)
    stage.sandbox.clock.move(30)
    receiving.receive(stage.integration, stage.work)
    parsing.parse(stage.integration, stage.work)
    before = lines(stage, order)
    stage.inbound(dry_run=True)
    assert lines(stage, order) == before
    assert {row.state for row in answers(stage)} <= {S.PARSED}
