"""810s left by a partner at Cleo become purchase invoices in Exact, once, or are held with their reason."""

from ssl import SSLCertVerificationError
from typing import Any

import pytest
from sqlalchemy.exc import NoSuchColumnError, OperationalError

from ml_connector.errors import ConfigError, NeedsCorrection
from ml_connector.flows import operator_actions
from ml_connector.flows.core import quarantine
from ml_connector.flows.invoices_in import invoices
from ml_connector.ledger.work.records import ClaimLost
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.flows.scenes import Scene

#: One of each kind that holds the document which brings it out.
DEFECTS = (ArithmeticError, AssertionError, AttributeError, KeyError, RecursionError, TypeError, ValueError)
#: What comes at every document alike. The last two are a KeyError and a ValueError as well.
LOUD = (
    ClaimLost("lost"),
    ConfigError("no"),
    OperationalError("", {}, Exception()),
    OSError(),
    NoSuchColumnError(),
    SSLCertVerificationError(),
)


def states(stage: Scene) -> list[tuple[str, str | None]]:
    return sorted((str(row.state), row.reason) for row in stage.documents("invoices_in"))


def test_invoices_are_posted_against_their_order_lines_and_answered(stage: Scene) -> None:
    orders = stage.orders(3)
    numbers = stage.invoice(orders, {"freight": "15.00"})
    stage.inbound()
    posted = stage.posted()
    assert sorted(row["YourRef"] for row in posted) == sorted(numbers)
    assert states(stage) == [("posted", None)] * 3
    lines = list(stage.sandbox.exact.main.table("purchase/PurchaseInvoiceLines"))
    linked = [line for line in lines if line.get("PurchaseOrderLine")]
    assert len(linked) == sum(len(order["lines"]) for order in orders)
    assert len(lines) - len(linked) == 3, "freight is a charge item on each invoice"
    groups = [group for partner in stage.world.partners.values() for group in partner.books.groups.values()]
    assert [group.answers for group in groups] == [["A"]] * 3, "every group got its 997"


def test_the_next_run_posts_nothing_again(stage: Scene) -> None:
    stage.invoice(stage.orders(2))
    stage.inbound()
    stage.inbound(replay=True)
    assert len(stage.posted()) == 2


@pytest.mark.parametrize("kind", ["file", "document"])
def test_a_repeat_is_set_aside(stage: Scene, kind: str) -> None:
    stage.invoice(stage.orders(1), {"invoice_repeat": kind})
    stage.inbound()
    assert len(stage.posted()) == 1


def test_the_same_number_with_other_content_waits_for_a_person(stage: Scene) -> None:
    first, second = stage.orders(2)
    stage.invoice([first], {"invoice_number": "R-1"})
    stage.invoice([second], {"invoice_number": "R-1"})
    stage.inbound()
    assert states(stage) == [("posted", None), ("quarantined", "duplicate_invoice_number")]


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ({"overcharge_percent": "12"}, "price_tolerance"),
        ({"over_invoice_percent": "10"}, "quantity_tolerance"),
        ({"order_number": "99999999"}, "no_such_order"),
        ({"unknown_charge": "17.50"}, "unmapped_charge"),
        ({"vat": "missing"}, "missing_vat_code"),
        ({"vat": "wrong"}, "vat_difference"),
        ({"vat_percent": "6"}, "missing_vat_code"),
        ({"total_off": "10.00"}, "total_difference"),
        ({"currency": "USD"}, "currency_mismatch"),
        ({"test": True}, "test_on_production"),
        ({"supplier": "NOBODYKNOWS"}, "unknown_partner"),
    ],
)
def test_what_is_wrong_is_held_with_its_reason_and_the_others_go(
    stage: Scene, behaviour: dict[str, object], reason: str
) -> None:
    wrong, right = stage.orders(2)
    stage.invoice([wrong], behaviour)
    stage.invoice([right])
    stage.inbound()
    assert states(stage) == [("posted", None), ("quarantined", reason)]
    (held,) = [row for row in stage.documents("invoices_in") if row.state is S.QUARANTINED]
    assert held.reason_detail is not None
    assert held.reason_detail["message"]
    assert held.reason_detail["mend"]


@pytest.mark.usefixtures("defects_are_held")
def test_a_defect_that_one_invoice_brings_out_holds_that_one_and_the_others_go(
    stage: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for order in stage.orders(2):
        stage.invoice([order])
    first: list[str] = []
    decide = invoices._decide

    def stumbling(integration: Any, work: Any, row: Any, *more: Any) -> Any:
        first.append(row.number)
        if row.number == first[0]:
            raise ValueError(row.number)
        return decide(integration, work, row, *more)

    monkeypatch.setattr(invoices, "_decide", stumbling)
    stage.inbound()
    assert states(stage) == [("posted", None), ("quarantined", "bad_value")]
    (held,) = [row for row in stage.documents("invoices_in") if row.state is S.QUARANTINED]
    assert held.number == first[0]
    assert held.reason_detail is not None
    assert "a defect of this program (ValueError)" in held.reason_detail["message"]
    assert "replay it after an update" in held.reason_detail["mend"]
    assert f"document {held.id} is held for a defect" in caplog.messages


@pytest.mark.usefixtures("defects_are_held")
@pytest.mark.parametrize("defect", DEFECTS)
def test_what_nobody_foresaw_in_a_value_holds_its_document(defect: type[Exception]) -> None:
    held = quarantine.attempt(_stumbling, defect("what it said"))
    assert isinstance(held, NeedsCorrection)
    assert held.data == {"defect": defect.__name__}
    assert "what it said" not in f"{held} {held.remedy}"


@pytest.mark.usefixtures("defects_are_held")
@pytest.mark.parametrize("loud", LOUD)
def test_what_is_no_documents_fault_holds_none(loud: Exception) -> None:
    """A claim that is lost, a setting, the ledger, the machine: each would come at every document."""
    with pytest.raises(type(loud)):
        quarantine.attempt(_stumbling, loud)


def _stumbling(error: Exception) -> None:
    raise error


def test_an_invoice_before_its_receipt_is_taken_up_when_the_goods_are_booked(stage: Scene) -> None:
    (order,) = stage.orders(1, received=False)
    stage.invoice([order])
    stage.inbound()
    assert states(stage) == [("quarantined", "not_received")]
    made = stage.sandbox.call(user.order_by_number, stage.sandbox.exact.main, int(order["number"]))
    for line in user.lines_of(stage.sandbox.exact, made):
        stage.sandbox.call(_receive, stage, line)
    stage.sandbox.clock.move(11 * 60)
    stage.inbound()
    assert states(stage) == [("posted", None)]


def _receive(stage: Scene, line: dict[str, object]) -> None:
    from ml_connector.sandbox.exact.books.orders import add_quantity, header_of, order_changed

    company = stage.sandbox.exact.main
    add_quantity(company, line, "ReceivedQuantity", line["QuantityInPurchaseUnits"])  # type: ignore[arg-type]
    order_changed(company, header_of(company, line))


def test_looking_again_at_a_held_invoice_leaves_no_trail_of_nothing(stage: Scene) -> None:
    stage.invoice(stage.orders(1, received=False))
    stage.inbound()
    (before,) = stage.documents("invoices_in")
    for _ in range(3):
        stage.sandbox.clock.move(11 * 60)
        stage.inbound()
    (after,) = stage.documents("invoices_in")
    assert after.events == before.events
    assert after.next_attempt_at is not None
    assert before.next_attempt_at is not None
    assert after.next_attempt_at > before.next_attempt_at


def test_an_invoice_keyed_by_hand_is_recognised(stage: Scene) -> None:
    (order,) = stage.orders(1)
    (number,) = stage.invoice([order])
    stage.sandbox.call(user.key_entry, stage.sandbox.exact, supplier="20011", your_ref=number, amount=1, account="4000")
    stage.inbound()
    assert states(stage) == [("duplicate", "keyed_by_hand")]
    assert stage.posted() == []


def test_an_invoice_without_an_order_is_coded_on_accounts(stage: Scene) -> None:
    stage.invoice(stage.orders(1), {"order_number": "-"})
    stage.inbound()
    assert stage.posted() == []
    entries = list(stage.sandbox.exact.main.table("purchaseentry/PurchaseEntries"))
    assert len(entries) == 1
    assert states(stage) == [("posted", None)]


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.RESET_BEFORE, FaultKind.LATE_COMMIT])
def test_a_broken_connection_neither_loses_nor_doubles_an_invoice(stage: Scene, kind: FaultKind) -> None:
    stage.invoice(stage.orders(2))
    stage.sandbox.faults.add(Fault(kind, system="exact", method="POST", path="*/purchase/PurchaseInvoices", seconds=1))
    stage.inbound()
    for _ in range(6):
        stage.sandbox.clock.move(70)
        while stage.sandbox.late_commits():
            pass
        stage.inbound()
    assert sorted(states(stage)) == [("posted", None)] * 2
    assert len(stage.posted()) == 2


def test_a_person_discards_a_held_invoice_with_the_reason(stage: Scene) -> None:
    stage.invoice(stage.orders(1), {"overcharge_percent": "50"})
    stage.inbound()
    (held,) = stage.documents("invoices_in")
    operator_actions.discard(stage.integration, stage.work, held, "agreed with the supplier by phone")
    assert states(stage) == [("discarded", "discarded")]
    with pytest.raises(operator_actions.NotPossibleError):
        operator_actions.discard(stage.integration, stage.work, stage.documents("invoices_in")[0], "again")


def test_a_dry_run_plans_and_writes_nothing(stage: Scene) -> None:
    stage.invoice(stage.orders(1))
    before = stage.sandbox.journal.as_counts()["writes"]
    reports = stage.inbound(dry_run=True)
    assert reports["receive"].counts["would_fetch"] == 1
    assert stage.documents() == []
    assert stage.sandbox.journal.as_counts()["writes"] == before
