"""Who was away for months goes on where they stopped: what was closed and paid meanwhile is read, each once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.errors import ConfigError, TryAgain
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage
from ml_connector_tests.systems.avidxchange.test_coded_invoices_in import acknowledged, approved, closed, entries
from ml_connector_tests.systems.avidxchange.test_invoices_out import vendor_there

#: Days between two batches while nobody polls; each step is shorter than the life of Exact's refresh token.
STEP, STEPS = 20, 5


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    flows = {"coded_invoices_in": {"vat_code": "2"}, "payments_in": {"account": "51", "read_back_minutes": 0}}
    with avid_stage(tmp_path, flows=flows) as made:
        vendor_there(made)
        made.inbound()
        yield made


def days_pass(stage: Stage, days: float = STEP) -> None:
    """Nobody polls AvidXchange; somebody else keeps the log-in to Exact alive."""
    stage.sandbox.clock.move(days * 86400)
    stage.integration.erp.tables["vendors"].read(None)


def away(stage: Stage) -> list[str]:
    """A batch every twenty days, over a hundred days."""
    batches = []
    for number in range(STEPS):
        approved(stage, f"AWAY-{number}")
        batches.append(closed(stage, f"AWAY-{number}"))
        days_pass(stage)
    return batches


def listings(stage: Stage) -> int:
    return stage.calls("/closed/")


def test_batches_that_were_closed_months_ago_are_booked_and_acknowledged(stage: Stage) -> None:
    batches = away(stage)
    stage.inbound()
    assert set(entries(stage)) == {f"AWAY-{number}" for number in range(STEPS)}
    assert sorted(acknowledged(stage)) == sorted(batches)
    stage.inbound()
    before = listings(stage)
    stage.inbound()
    assert listings(stage) - before == 1, "once it has caught up a poll is one call again"
    assert len(acknowledged(stage)) == STEPS


def test_what_is_paid_after_a_clock_was_put_back_is_read(stage: Stage) -> None:
    """It ran five days ahead at the last poll; then nobody polls for longer than polls reach back."""
    approved(stage, "BACK-1")
    closed(stage, "BACK-1")
    stage.inbound()
    stage.sandbox.clock.move(5 * 86400)
    stage.inbound()
    stage.sandbox.clock.move(-5 * 86400 + 3600)
    stage.sandbox.call(stage.desk.pay, ["BACK-1"], status="Issued to Supplier")
    days_pass(stage, 3)
    stage.inbound()
    assert [str(row.state) for row in stage.documents("payments_in")] == ["posted"]


def test_a_listing_whose_batches_could_not_be_fetched_is_no_farther(stage: Stage) -> None:
    """It lists them, fetches none, and is away for months again."""
    batches = away(stage)
    stage.sandbox.faults.add(
        Fault(FaultKind.STATUS, system="avidxchange", path="/v1/invoices/batches/*-*", status=503, count=500)
    )
    for _ in range(2):
        try:
            stage.inbound()
        except TryAgain:
            continue
    assert entries(stage) == {}
    stage.sandbox.faults.clear()
    for _ in range(3):
        days_pass(stage)
    for _ in range(3):
        stage.inbound()
        stage.sandbox.clock.move(700)
    assert set(entries(stage)) == {f"AWAY-{number}" for number in range(STEPS)}
    assert sorted(acknowledged(stage)) == sorted(batches)


def test_a_batch_that_was_booked_before_the_downtime_is_acknowledged_after_it(stage: Stage) -> None:
    approved(stage, "BEFORE")
    batch = closed(stage, "BEFORE")
    refused = Fault(FaultKind.STATUS, system="avidxchange", path="*/exportHistories", status=503, count=50)
    stage.sandbox.faults.add(refused)
    stage.inbound()
    assert (set(entries(stage)), acknowledged(stage)) == ({"BEFORE"}, [])
    stage.sandbox.faults.clear()
    for _ in range(STEPS):
        days_pass(stage)
    stage.inbound()
    assert acknowledged(stage) == [batch]
    assert len(entries(stage)) == 1


def test_payments_of_a_long_downtime_are_booked_each_once(stage: Stage) -> None:
    for number in range(STEPS):
        approved(stage, f"PAID-{number}")
    closed(stage, *(f"PAID-{number}" for number in range(STEPS)))
    stage.inbound()
    there = {row["Number"]: row for row in stage.avid.rows("invoices")}
    for number, entry in entries(stage).items():
        external = {"Value": entry["EntryID"]}
        stage.sandbox.call(lambda row=there[number], has=external: stage.avid.move(row, ExternalIdentifier=has))
    for number in range(STEPS):
        stage.sandbox.call(stage.desk.pay, [str(there[f"PAID-{number}"]["Id"])], status="Issued to Supplier")
        days_pass(stage)
    for _ in range(2):
        stage.inbound()
        stage.sandbox.clock.move(1000)
    assert [str(row.state) for row in stage.documents("payments_in")] == ["posted"] * STEPS


@pytest.mark.parametrize("settings", [{"payment_overlap_days": 5}, {"overlap_minutes": 7200}])
def test_a_window_that_ends_where_it_begins_is_no_setting(settings: dict[str, int], tmp_path: Path) -> None:
    """Its polls would never come to now."""
    with (
        pytest.raises(ConfigError, match="window_days"),
        avid_stage(tmp_path, warm=False, window_days=5, **settings) as made,
    ):
        made.inbound()
