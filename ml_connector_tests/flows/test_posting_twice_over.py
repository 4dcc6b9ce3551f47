"""Documents of several writes, invoices that somebody keyed first, and what a replay may do with either."""

from decimal import Decimal
from typing import Any

import pytest

from ml_connector.flows import operator_actions, pipeline
from ml_connector.flows.invoices_in.bills import BILLS
from ml_connector.flows.posting.posting import post
from ml_connector.ledger.audit import verify
from ml_connector.ledger.exchange import inbox
from ml_connector.ledger.tables.documents import booking, operation
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.books.orders import add_quantity, order_changed
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.systems.exact_online.posting import bills
from ml_connector_tests.flows.scenes import UNITS, Scene
from ml_connector_tests.flows.test_files_end_to_end import deliver, states
from ml_connector_tests.hostile.interchanges import Envelope, Invoice, notice

pytestmark = pytest.mark.both_databases

RECEIPTS = "purchaseorder/GoodsReceipts"


def with_invoices(stage: Scene, **settings: Any) -> None:
    whole = stage.integration.settings
    flows = whole.flows.model_copy(update={"invoices_in": whole.flows.invoices_in.model_copy(update=settings)})
    object.__setattr__(stage.integration, "settings", whole.model_copy(update={"flows": flows}))


def replay(stage: Scene, *rows: Any) -> None:
    operator_actions.prepare_replay(stage.integration, stage.work, list(rows))
    stage.inbound(replay=True, documents=tuple(row.id for row in rows))


def table(stage: Scene, path: str) -> list[dict[str, Any]]:
    return list(stage.sandbox.exact.main.table(path))


def test_the_original_is_attached_once_whatever_breaks(stage: Scene) -> None:
    with_invoices(stage, attach_original=True)
    stage.invoice(stage.orders(3))
    for path in ("*/documents/Documents", "*/documents/DocumentAttachments", "*/purchase/PurchaseInvoices"):
        stage.sandbox.faults.add(Fault(FaultKind.RESET_AFTER, system="exact", method="POST", path=path))
    for _ in range(6):
        stage.inbound()
        stage.sandbox.clock.move(70)
    assert states(stage) == [("posted", None)] * 3
    invoices, papers = stage.posted(), table(stage, "documents/Documents")
    assert (len(invoices), len(papers), len(table(stage, "documents/DocumentAttachments"))) == (3, 3, 3)
    assert sorted(row["Document"] for row in invoices) == sorted(row["ID"] for row in papers)
    assert verify.verify(stage.deployment.ledger).clean


def test_an_invoice_refused_after_its_document_is_posted_by_a_replay(stage: Scene) -> None:
    """Also where the setting changed between: nothing is stuck behind the write that was refused."""
    with_invoices(stage, attach_original=True)
    stage.invoice(stage.orders(1))
    fault = Fault(FaultKind.STATUS, system="exact", method="POST", path="*/purchase/PurchaseInvoices", status=400)
    stage.sandbox.faults.add(fault)
    stage.inbound()
    assert states(stage) == [("quarantined", "refused_by_system")]
    with_invoices(stage, attach_original=False)
    replay(stage, *stage.documents("invoices_in"))
    assert states(stage) == [("posted", None)]
    assert len(stage.posted()) == 1
    assert verify.verify(stage.deployment.ledger).clean


@pytest.mark.parametrize("settled", [False, True])
def test_a_notice_refused_after_its_first_receipt_books_only_the_second_or_is_settled_without(
    stage: Scene, settled: bool
) -> None:
    warehouses = [row["ID"] for row in table(stage, "inventory/Warehouses")][:2]
    if len(warehouses) < 2:
        pytest.skip("the sandbox has one warehouse")
    first, second = stage.orders(2, received=False)

    def move_order() -> None:
        made = user.order_by_number(stage.sandbox.exact.main, int(second["number"]))
        made["Warehouse"] = next(one for one in warehouses if one != made["Warehouse"])
        order_changed(stage.sandbox.exact.main, made)

    stage.sandbox.call(move_order)
    deliver(stage, shipped("S-1", [first, second]))
    fault = Fault(FaultKind.STATUS, system="exact", method="POST", path="*/GoodsReceipts", status=400, skip=1)
    stage.sandbox.faults.add(fault)
    stage.inbound()
    assert states(stage, "shipments_in") == [("quarantined", "refused_by_system")]
    assert len(table(stage, RECEIPTS)) == 1
    (row,) = stage.documents("shipments_in")
    with pytest.raises(operator_actions.NotPossibleError, match="--as-it-stands"):
        operator_actions.discard(stage.integration, stage.work, row, "not wanted")
    if settled:
        operator_actions.settle_as_it_stands(stage.integration, stage.work, row, why="that warehouse is closed")
    replay(stage, *stage.documents("shipments_in"))
    assert states(stage, "shipments_in") == [("posted", None)]
    assert len(table(stage, RECEIPTS)) == (1 if settled else 2)
    assert verify.verify(stage.deployment.ledger).clean


def shipped(number: str, orders: list[Any]) -> bytes:
    levels = ["HL*1**S"]
    for position, order in enumerate(orders, 1):
        levels += [f"HL*{position * 10}*1*O", f"PRF*{order['number']}"]
        for at, line in enumerate(order["lines"], 1):
            levels += [
                f"HL*{position * 10 + at}*{position * 10}*I",
                f"LIN*{line['number']}*VP*{line['supplier_item']}*BP*{line['item']}",
                f"SN1*{line['number']}*{line['quantity']}*{UNITS[line['unit']]}",
            ]
    return notice(number, [*levels, f"CTT*{sum(len(o['lines']) for o in orders)}"])


def test_a_dry_run_of_an_invoice_that_cannot_be_planned_says_so(stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    with_invoices(stage, attach_original=True)
    stage.invoice(stage.orders(1))
    pipeline.run(stage.integration, stage.work, pipeline.INBOUND[:7])
    rows = stage.documents("invoices_in")
    assert [row.state for row in rows] == [S.CODED]
    monkeypatch.setattr(bills, "MAX_ATTACHMENT", 10)
    dry = type(stage.work)(**{**stage.work.__dict__, "dry_run": True})
    report = post(stage.integration, dry, BILLS)
    assert report.counts["would_hold"] == 1


def test_an_invoice_keyed_against_its_order_is_a_duplicate_not_too_much(stage: Scene) -> None:
    """Keyed by hand, it has taken the order's quantity: matching alone would call ours too much."""
    (order,) = stage.orders(1)
    deliver(stage, Invoice("H-1", order).bytes())

    def keyed() -> None:
        made = user.order_by_number(stage.sandbox.exact.main, int(order["number"]))
        for line in user.lines_of(stage.sandbox.exact, made):
            add_quantity(stage.sandbox.exact.main, line, "InvoicedQuantity", line["QuantityInPurchaseUnits"])
        order_changed(stage.sandbox.exact.main, made)

    stage.sandbox.call(keyed)
    stage.sandbox.call(user.key_entry, stage.sandbox.exact, supplier="20011", your_ref="H-1", amount=1, account="4000")
    stage.inbound()
    assert states(stage) == [("duplicate", "keyed_by_hand")]


def test_an_invoice_keyed_by_hand_is_posted_once_that_entry_is_voided(stage: Scene) -> None:
    (order,) = stage.orders(1)
    deliver(stage, Invoice("H-1", order).bytes())
    entry = stage.sandbox.call(
        user.key_entry, stage.sandbox.exact, supplier="20011", your_ref="H-1", amount=1, account="4000"
    )
    stage.inbound()
    (row,) = stage.documents("invoices_in")
    replay(stage, row)
    assert states(stage) == [("duplicate", "keyed_by_hand")]
    entry["YourRef"] = "VOIDED"
    replay(stage, *stage.documents("invoices_in"))
    assert states(stage) == [("posted", None)]


@pytest.mark.parametrize("mode", ["coded", "matched", "auto"])
def test_an_order_is_not_invoiced_twice_under_two_numbers(stage: Scene, mode: str) -> None:
    with_invoices(stage, mode=mode)
    (order,) = stage.orders(1)
    for number in ("M-1", "M-2"):
        deliver(stage, Invoice(number, order).bytes(), f"{number}.edi")
        stage.inbound()
    assert states(stage) == [("posted", None), ("quarantined", "quantity_tolerance")]


def test_a_credit_opens_the_quantity_again_in_mode_coded(stage: Scene) -> None:
    with_invoices(stage, mode="coded")
    (order,) = stage.orders(1)
    for number, kind in (("M-1", "DI"), ("K-1", "CR"), ("M-2", "DI")):
        deliver(stage, Invoice(number, order, type=kind).bytes(), f"{number}.edi")
        stage.inbound()
    assert states(stage) == [("posted", None)] * 3


def test_the_rate_of_a_line_is_worked_out_from_its_own_amount(stage: Scene) -> None:
    (order,) = stage.orders(1, lines=2) if "lines" in user.create_orders.__annotations__ else stage.orders(1)
    taxes = []
    lines = []
    from ml_connector_tests.hostile.interchanges import line_of

    net = Decimal(0)
    for line in order["lines"]:
        amount = Decimal(line["quantity"]) * Decimal(line["price"])
        tax = (amount * 21 / 100).quantize(Decimal("0.01"))
        lines += [line_of(line), f"TXI*VA*{tax}"]
        taxes.append(tax)
        net += amount
    made = Invoice("V-1", order, lines=tuple(lines), total=f"{int((net + sum(taxes)) * 100)}")
    segments = [segment for segment in made.segments() if not segment.startswith("TXI*VA*") or segment in lines]
    segments[-1] = f"SE*{len(segments)}*0001"
    deliver(stage, Envelope().wrapped([segments]))
    stage.inbound()
    assert states(stage) == [("posted", None)]


def test_an_outcome_unknown_twice_is_told_by_the_state_each_time(stage: Scene) -> None:
    stage.invoice(stage.orders(1))
    path = "*/purchase/PurchaseInvoices"
    stage.sandbox.faults.add(Fault(FaultKind.RESET_BEFORE, system="exact", method="POST", path=path, count=2))
    stage.inbound()
    for _ in range(3):
        stage.sandbox.clock.move(70)
        stage.inbound()
        (row,) = stage.documents("invoices_in")
        with stage.deployment.ledger.read() as tx:
            (op,) = tx.execute(operation.select().where(operation.c.document_id == row.id))
        assert (op.state == "unknown") == (row.state is S.UNKNOWN_OUTCOME)
    assert states(stage) == [("posted", None)]


def told(stage: Scene, entry: dict[str, Any], action: str = "Create") -> None:
    """A webhook notice about a booking."""
    erp = stage.integration.erp
    with stage.deployment.ledger.write() as tx:
        inbox.add(tx, inbox.NewNotice(erp.connection, "PurchaseEntries", erp.company, action, entry["EntryID"], "{}"))


def key_in(stage: Scene, number: str) -> dict[str, Any]:
    entry: dict[str, Any] = stage.sandbox.call(
        user.key_entry, stage.sandbox.exact, supplier="20011", your_ref=number, amount=1, account="4000"
    )
    return entry


def test_a_booking_that_a_webhook_told_of_is_recognised_without_a_look_up(stage: Scene) -> None:
    with_invoices(stage, look_for_hand_keyed=False)
    first, second = stage.orders(2)
    told(stage, key_in(stage, "w-1 "))
    deliver(stage, Invoice("W-1", first).bytes(), "one.edi")
    deliver(stage, Invoice("W-2", second).bytes(), "two.edi")
    stage.inbound()
    assert states(stage) == [("duplicate", "keyed_by_hand"), ("posted", None)]


def test_a_held_invoice_that_somebody_keys_is_set_aside(stage: Scene) -> None:
    (order,) = stage.orders(1, received=False)
    deliver(stage, Invoice("W-1", order).bytes())
    stage.inbound()
    assert states(stage) == [("quarantined", "not_received")]
    told(stage, key_in(stage, "W-1"))
    stage.sandbox.clock.move(11 * 60)
    stage.inbound()
    assert states(stage) == [("duplicate", "keyed_by_hand")]


def test_a_booking_that_was_voided_is_forgotten_and_our_own_are_no_news(stage: Scene) -> None:
    with_invoices(stage, look_for_hand_keyed=False)
    first, second = stage.orders(2)
    entry = key_in(stage, "W-1")
    told(stage, entry)
    deliver(stage, Invoice("W-2", second, order_number="", type="DI").bytes(), "two.edi")
    stage.inbound()
    company = stage.sandbox.exact.main
    (ours,) = [row for row in company.table("purchaseentry/PurchaseEntries") if row["YourRef"] == "W-2"]
    told(stage, ours)
    stage.sandbox.call(lambda: company.drop("purchaseentry/PurchaseEntries", entry))
    told(stage, entry, "Delete")
    deliver(stage, Invoice("W-1", first).bytes(), "one.edi")
    stage.inbound()
    assert states(stage) == [("posted", None)] * 2
    with stage.deployment.ledger.read() as tx:
        assert tx.execute(booking.select()).all() == []
