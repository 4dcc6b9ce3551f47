"""Payments that are not booked as they stand: money, periods, remittances, words and afterthoughts (avidxchange 11)."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from ml_connector.ledger.audit import verify
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact.wire.wire import day_of
from ml_connector_tests.flows.paying import (
    MATCHED,
    as_it_was,
    booked,
    documents,
    entry,
    item,
    pay,
    paying_stage,
    run,
    settings,
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


def test_another_currency_is_booked_at_its_rate_and_never_added(stage: Stage) -> None:
    made = entry(stage, "1000", supplier="20016", journal="61", vat_code="0")
    payment = pay(stage, made, ExchangeRate="0.95")
    run(stage)
    assert states(stage, payment) == [(S.POSTED, None)]
    (line,) = stage.sandbox.exact.main.table("financialtransaction/BankEntryLines").where("OurRef", made["EntryNumber"])
    assert (line["AmountFC"], line["AmountDC"], item(stage, made)) == (Decimal(-1000), Decimal("-950.00"), MATCHED)
    euros = entry(stage)
    mixed = pay(stage, made, euros, currency="EUR")
    run(stage)
    assert states(stage, mixed)[0][0] is S.QUARANTINED
    assert booked(stage, euros) == []


def test_a_difference_is_held_and_never_spread(stage: Stage) -> None:
    made = entry(stage)
    payment = pay(stage, made)
    stage.sandbox.call(stage.avid.move, stage.avid.table("payments")[str(payment["PaymentId"])], Amount=Decimal(120))
    run(stage)
    assert states(stage, payment) == [(S.QUARANTINED, "payment_difference")]
    assert booked(stage, made) == []


def test_a_closed_period_is_never_passed_by_in_silence(stage: Stage) -> None:
    made, other = entry(stage), entry(stage)
    today = stage.sandbox.clock.now().date()
    with settings(stage, closed_until=today):
        payment = pay(stage, made)
        run(stage)
        assert states(stage, payment) == [(S.QUARANTINED, "period_closed")]
    with settings(stage, closed_until=today, closed_periods="first_open_day"):
        second = pay(stage, other)
        run(stage)
        assert states(stage, second)[0][0] is S.POSTED
        (line,) = stage.sandbox.exact.main.table("financialtransaction/BankEntryLines").where(
            "OurRef", other["EntryNumber"]
        )
        assert day_of(line["Date"]) == today + timedelta(days=1)
    run(stage, later=700)
    run(stage)
    assert states(stage, payment) == [(S.POSTED, None)]


def test_a_period_that_exact_has_closed_holds_it_in_exacts_words(stage: Stage) -> None:
    made = entry(stage)
    now = stage.sandbox.clock.now()
    payment = pay(stage, made)
    stage.sandbox.exact.options.closed_periods = {(now.year, now.month)}
    run(stage)
    ((state, reason),) = states(stage, payment)
    assert (state, reason, booked(stage, made)) == (S.QUARANTINED, "refused_by_system", [])


def test_a_payment_without_remittances_is_held_and_shown(stage: Stage) -> None:
    made = entry(stage)
    payment = pay(stage, made, remittances=False)
    run(stage)
    assert states(stage, payment) == [(S.QUARANTINED, "payment_item_unknown")]
    assert booked(stage, made) == []


@pytest.mark.parametrize("word", ["Refunded", "e-Payment Check Cleared", "Rückläufer ☂"])
def test_a_status_that_nobody_knows_is_kept_and_asked_and_answered_by_the_next(stage: Stage, word: str) -> None:
    made = entry(stage)
    payment = pay(stage, made, status=word)
    run(stage)
    run(stage)
    assert states(stage, payment) == [(S.QUARANTINED, "payment_status")]
    (row,) = documents(stage, payment)
    assert (row.reason_detail or {})["data"]["status"] == word
    stage.sandbox.call(stage.desk.walk, str(payment["PaymentId"]), "Cleared")
    run(stage)
    assert states(stage, payment) == [(S.DISCARDED, "overtaken"), (S.POSTED, None)]
    assert booked(stage, made) == [Decimal(121)]


def test_money_that_comes_back_after_booking_is_a_question(stage: Stage) -> None:
    made = entry(stage)
    payment = pay(stage, made)
    run(stage)
    stage.sandbox.call(stage.desk.walk, str(payment["PaymentId"]), "Refunded")
    run(stage)
    assert [state for state, _ in states(stage, payment)] == [S.POSTED, S.QUARANTINED]
    assert (booked(stage, made), item(stage, made)) == ([Decimal(121)], MATCHED)


def test_a_payment_that_says_something_else_after_booking_is_held_with_both(stage: Stage) -> None:
    made, other = entry(stage), entry(stage)
    payment = pay(stage, made)
    run(stage)
    row = stage.avid.table("payments")[str(payment["PaymentId"])]
    line = {**row["Remittances"][0], "Number": other["YourRef"], "ExternalIdentifier": {"Value": other["EntryID"]}}
    stage.sandbox.call(stage.avid.move, row, Remittances=[line])
    run(stage)
    run(stage)
    assert states(stage, payment) == [(S.POSTED, None), (S.QUARANTINED, "payment_difference")]
    assert (booked(stage, made), booked(stage, other)) == ([Decimal(121)], [])


def test_the_ledger_of_all_this_holds(stage: Stage) -> None:
    """States against writes, chains and totals, after everything above."""
    found = verify.verify(stage.deployment.ledger)
    assert found.clean, found
