"""Payments that AvidXchange made, in Exact's books: each row of the sheet's troubles, looked at from both sides
(avidxchange 11).
"""

from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal

import pytest

from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.documents.json import dump
from ml_connector.documents.payables.invoices import NetworkInvoice
from ml_connector.errors import NeedsCorrection, Reason, TryAgain
from ml_connector.flows.core.ports import NETWORK_PAYMENTS, Changed, record_source
from ml_connector.flows.core.ports.records import Unreadable
from ml_connector.flows.payments_in import booking, payments, reading, reading_back
from ml_connector.ledger.audit import verify
from ml_connector.ledger.work import documents as ledger_documents
from ml_connector.ledger.work import events
from ml_connector.ledger.work.records import NewDocument
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.operating import tracing
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.flows.paying import (
    MATCHED,
    OPEN,
    as_it_was,
    booked,
    documents,
    entry,
    item,
    pay,
    paying_stage,
    run,
    states,
)
from ml_connector_tests.systems.avidxchange.stage import Stage


@pytest.fixture(scope="module")
def _opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with paying_stage(tmp_path_factory.mktemp("payments_in")) as made:
        yield made


@pytest.fixture
def stage(_opened: Stage) -> Iterator[Stage]:
    """One deployment for the module: each test has invoices and payments of its own."""
    yield _opened
    as_it_was(_opened)


def test_a_payment_is_booked_when_it_counts_as_paid_and_not_before(stage: Stage) -> None:
    made = entry(stage)
    payment = pay(stage, made, status="Processing")
    run(stage)
    assert (booked(stage, made), states(stage, payment)) == ([], [])
    stage.sandbox.call(stage.desk.walk, str(payment["PaymentId"]), "Issued to Supplier")
    run(stage)
    assert states(stage, payment) == [(S.POSTED, None)]
    assert (booked(stage, made), item(stage, made)) == ([Decimal("121.00")], MATCHED)
    stage.sandbox.call(stage.desk.walk, str(payment["PaymentId"]), "Cleared")
    run(stage)
    run(stage)
    assert (booked(stage, made), len(documents(stage, payment))) == ([Decimal("121.00")], 1)


def test_one_payment_of_many_invoices_is_one_entry(stage: Stage) -> None:
    made = [entry(stage, amount) for amount in ("10", "20", "30")]
    payment = pay(stage, *made)
    run(stage)
    assert [booked(stage, one) for one in made] == [[Decimal("12.10")], [Decimal("24.20")], [Decimal("36.30")]]
    assert [item(stage, one) for one in made] == [MATCHED] * 3
    (row,) = documents(stage, payment)
    assert row.amount == Decimal("72.60")


def test_equal_parts_are_two_payments(stage: Stage) -> None:
    made = entry(stage)
    for _ in range(2):
        pay(stage, made, parts={made["there"]: "60.50"})
        run(stage)
    assert (booked(stage, made), item(stage, made)) == ([Decimal("60.50")] * 2, MATCHED)


def test_a_payment_that_is_voided_months_later_is_taken_back_once_and_reissued(stage: Stage) -> None:
    made = entry(stage)
    payment = pay(stage, made)
    run(stage)
    for _ in range(3):
        run(stage, later=25 * 86400)
        stage.integration.erp.tables["vendors"].read(None)  # a refresh token ends after 30 days without a call
    stage.sandbox.call(stage.desk.void, str(payment["PaymentId"]))
    run(stage)
    run(stage)
    assert [state for state, _ in states(stage, payment)] == [S.POSTED, S.POSTED]
    assert (booked(stage, made), item(stage, made)) == ([Decimal(121), Decimal(-121)], OPEN)
    back = stage.sandbox.exact.main.table("financialtransaction/BankEntries")
    assert len({row["FinancialPeriod"] for row in back if row["JournalCode"].strip() == "51"}) >= 2
    again = stage.sandbox.call(stage.desk.reissue, str(payment["PaymentId"]))
    run(stage)
    assert states(stage, again) == [(S.POSTED, None)]
    assert (sum(booked(stage, made)), item(stage, made)) == (Decimal(121), MATCHED)


def test_void_and_reissue_between_two_polls_end_as_one_payment(stage: Stage) -> None:
    made = entry(stage)
    payment = pay(stage, made)
    run(stage)
    stage.sandbox.call(stage.desk.void, str(payment["PaymentId"]))
    again = stage.sandbox.call(stage.desk.reissue, str(payment["PaymentId"]))
    for _ in range(3):
        run(stage, later=700)
    assert (booked(stage, made), item(stage, made)) == ([Decimal(121), Decimal(-121), Decimal(121)], MATCHED)
    assert states(stage, again)[-1] == (S.POSTED, None)


def test_the_same_payment_lives_again(stage: Stage) -> None:
    made = entry(stage)
    payment = pay(stage, made)
    run(stage)
    stage.sandbox.call(stage.desk.void, str(payment["PaymentId"]))
    run(stage)
    stage.sandbox.call(stage.desk.reissue, str(payment["PaymentId"]), same_id=True)
    run(stage)
    assert [state for state, _ in states(stage, payment)] == [S.POSTED] * 3
    assert (booked(stage, made), item(stage, made)) == ([Decimal(121), Decimal(-121), Decimal(121)], MATCHED)


def test_void_before_it_was_booked_books_nothing(stage: Stage) -> None:
    made = entry(stage)
    payment = pay(stage, made, status="Processing")
    run(stage)
    stage.sandbox.call(stage.desk.void, str(payment["PaymentId"]), "Voided by payer")
    run(stage)
    kept = [(S.DISCARDED, "void_before_booked")]
    assert (booked(stage, made), item(stage, made), states(stage, payment)) == ([], OPEN, kept)


def test_what_somebody_paid_in_exact_meanwhile_is_not_booked_again(stage: Stage) -> None:
    made = entry(stage)
    stage.sandbox.call(user.pay_entry, stage.sandbox.exact, made)
    payment = pay(stage, made)
    run(stage)
    assert states(stage, payment) == [(S.QUARANTINED, "payment_above_due")]
    assert booked(stage, made) == []


def test_what_exact_is_about_to_pay_itself_is_held(stage: Stage) -> None:
    made = entry(stage)
    stage.sandbox.call(user.select_for_payment, stage.sandbox.exact, made)
    payment = pay(stage, made)
    run(stage)
    assert states(stage, payment) == [(S.QUARANTINED, "payment_item_unknown")]
    stage.sandbox.call(user.select_for_payment, stage.sandbox.exact, made, OPEN)
    run(stage, later=700)
    run(stage)
    assert (states(stage, payment), booked(stage, made)) == ([(S.POSTED, None)], [Decimal(121)])


def test_parts_of_both_sides_make_the_whole(stage: Stage) -> None:
    made = entry(stage)
    stage.sandbox.call(user.pay_entry, stage.sandbox.exact, made, Decimal(21))
    payment = pay(stage, made, parts={made["there"]: "100"})
    run(stage)
    assert (states(stage, payment), item(stage, made)) == ([(S.POSTED, None)], MATCHED)


def test_what_exact_does_not_match_is_listed_for_a_person(stage: Stage) -> None:
    """Somebody books a part between our look and our entry: more is booked than is due, and Exact matches nothing."""
    made = entry(stage)
    payment = pay(stage, made)
    reading.read(stage.integration, stage.work)
    payments.match(stage.integration, stage.work)
    stage.sandbox.call(user.pay_entry, stage.sandbox.exact, made, Decimal(21))
    booking.book(stage.integration, stage.work)
    reading_back.read_back(stage.integration, stage.work)
    assert (states(stage, payment), item(stage, made)) == ([(S.POSTED, None)], OPEN)
    assert unmatched(stage) == [made["YourRef"]]
    (main_item,) = stage.sandbox.exact.main.table("cashflow/Payments").where("TransactionEntryID", made["EntryID"])
    main_item["Status"] = MATCHED  # a person matches it in the product
    run(stage)
    assert unmatched(stage) == []


def unmatched(stage: Stage) -> list[str]:
    with stage.deployment.ledger.read() as tx:
        found = reading_back.unmatched(tx, stage.sandbox.clock, stage.integration.name)
    return [row["invoices"] for row in found.rows]


def test_the_invoice_that_was_sent_hears_that_it_is_paid_and_that_it_is_not(stage: Stage) -> None:
    made = entry(stage)
    integration = stage.integration
    sent = NewDocument(
        kind=DocumentKind.PAYABLE,
        direction=Direction.OUT,
        flow="invoices_out",
        **integration.scope,
        **integration.party("avidxchange"),
        number=made["YourRef"],
        business_key=integration.sent_key(DocumentKind.PAYABLE, made["EntryID"], 0),
        state=S.RESOLVED,
        canonical=dump(NetworkInvoice(number=made["YourRef"], total=Decimal(121), external_id=made["EntryID"])),
        source_id=made["EntryID"],
    )
    with integration.ledger.write() as tx:
        (added,) = ledger_documents.add_documents(tx, [sent], stage.work)
    payment = pay(stage, made)
    run(stage)
    stage.sandbox.call(stage.desk.void, str(payment["PaymentId"]))
    run(stage)
    with integration.ledger.read() as tx:
        told = [one.action for one in events.history(tx, added.id)]
    assert told[-2:] == ["paid", "payment taken back"]


def test_the_story_of_an_invoice_has_its_payment(stage: Stage) -> None:
    made = entry(stage)
    payment = pay(stage, made)
    run(stage)
    with stage.deployment.ledger.read() as tx:
        found = tracing.find(tx, made["YourRef"], None)
    assert [one.number for one in found.documents] == [str(payment["PaymentId"])]
    assert {"read from the network", "posted", "matched in the ERP"} <= {one.what for one in found.entries}


def test_polls_are_due_by_time_and_cost_nothing_to_ask_about(stage: Stage) -> None:
    run(stage, later=0)
    assert list(reading.news(stage.integration, look=True, erp_usable=True)) == []
    stage.sandbox.clock.move(901)
    calls = stage.calls()
    assert list(reading.news(stage.integration, look=True, erp_usable=True)) == ["payments are to be polled"]
    assert stage.calls() == calls


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.LATE_COMMIT])
def test_lost_answers_book_each_payment_once(stage: Stage, kind: FaultKind) -> None:
    made = [entry(stage) for _ in range(3)]
    paid = [pay(stage, one) for one in made]
    faults = {"seconds": 30.0, "real_time": False, "method": "POST", "path": "*/financialtransaction/*", "count": 3}
    stage.sandbox.call(stage.sandbox.faults.add, Fault(kind, system="exact", **faults))
    for _ in range(6):
        with suppress(TryAgain):
            stage.inbound()
        stage.sandbox.clock.move(400)
    assert sum(one.count for one in stage.sandbox.faults.faults) == 0, "so many were met"
    assert [states(stage, one) for one in paid] == [[(S.POSTED, None)]] * 3
    assert [booked(stage, one) for one in made] == [[Decimal(121)]] * 3


def test_a_poll_of_nothing_new_costs_one_call(stage: Stage) -> None:
    for _ in range(3):
        pay(stage, entry(stage))
    run(stage)
    before, exact = stage.calls("/payments"), stage.sandbox.exact.limits.counted
    run(stage)
    assert stage.calls("/payments") - before <= 2
    assert stage.sandbox.exact.limits.counted - exact <= 6


def test_the_ledger_of_all_this_holds(stage: Stage) -> None:
    """States against writes, chains and totals, after everything above."""
    found = verify.verify(stage.deployment.ledger)
    assert found.clean, found


def test_a_payment_that_another_worker_reads_at_the_same_moment_is_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both looked before either wrote: the later one finds the key taken, and looks again."""
    made = entry(stage)
    payment = pay(stage, made)
    reading.read(stage.integration, stage.work)
    with monkeypatch.context() as late:
        late.setattr(reading, "histories", lambda *_: {})
        report = reading.read(stage.integration, stage.work)
    assert report.counts["read_by_another"]
    run(stage)
    assert (states(stage, payment), booked(stage, made)) == ([(S.POSTED, None)], [Decimal(121)])


def test_a_payment_without_an_id_is_held_once_however_often_it_is_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay(stage, entry(stage))
    source = record_source(stage.integration.network, NETWORK_PAYMENTS)
    why = NeedsCorrection(Reason.BAD_VALUE, "A payment has no id.", remedy="Ask the network.", data={})
    cursor = reading.position_of(stage.integration).cursor(stage.sandbox.clock.now().date()) or ""
    odd = Changed([], cursor, more=False, unreadable=[Unreadable("", '{"Amount": 7}', why)])
    monkeypatch.setattr(type(source), "changed", lambda *_: odd)
    for _ in range(3):
        reading.read(stage.integration, stage.work)
    rows = [row for row in stage.documents("payments_in") if row.number.startswith("unreadable")]
    assert [(row.state, row.reason) for row in rows] == [(S.QUARANTINED, "bad_value")]
