"""Batches that are opened and closed again: each invoice is compared with what came before."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from ml_connector.ledger.audit import verify
from ml_connector_tests.systems.avidxchange.stage import Stage, avid_stage
from ml_connector_tests.systems.avidxchange.test_coded_invoices_in import (
    CODES,
    FLOW,
    RULES,
    acknowledged,
    approved,
    closed,
    entries,
    states,
)
from ml_connector_tests.systems.avidxchange.test_invoices_out import vendor_there


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with avid_stage(tmp_path, flows={"coded_invoices_in": RULES, "invoices_out": {}}) as made:
        made.outbound()
        vendor_there(made)
        yield made


def test_a_reopened_batch_is_compared_invoice_by_invoice(stage: Stage) -> None:
    """One stays, one is changed after it was booked, one is taken out, one is added."""
    for number in ("SAME", "CHANGED", "OUT"):
        approved(stage, number)
    batch = closed(stage, "SAME", "CHANGED", "OUT")
    stage.inbound()
    assert set(entries(stage)) == {"SAME", "CHANGED", "OUT"}
    stage.sandbox.clock.move(60)
    approved(stage, "ADDED")
    stage.sandbox.call(
        lambda: (
            stage.avid.move(stage.avid.invoice("CHANGED"), GrossAmount=Decimal("242.00"))
            and stage.desk.code("CHANGED", [{"amount": "242.00", "codes": CODES}])
        )
    )
    stage.sandbox.call(lambda: stage.desk.reopen(batch, remove=["OUT"], add=["ADDED"]))
    stage.inbound()
    stage.inbound()
    found = states(stage)
    assert found["SAME"][0] == "duplicate"
    assert found["ADDED"] == ("posted", None)
    assert found["CHANGED"] == ("quarantined", "changed_after_posting")
    assert found["OUT"] == ("quarantined", "removed_after_posting")
    assert {number: row["AmountFC"] for number, row in entries(stage).items()} == dict.fromkeys(
        ("SAME", "CHANGED", "OUT", "ADDED"), Decimal("-121.00")
    )
    changed = next(row for row in stage.documents(FLOW) if row.reason == "changed_after_posting")
    assert "121" in changed.reason_detail["message"]
    assert "242" in changed.reason_detail["message"]
    assert acknowledged(stage) == [batch, batch]
    assert verify.verify(stage.deployment.ledger).clean


def test_a_batch_that_is_emptied_is_shown_and_acknowledged_and_nothing_of_it_is_lost(stage: Stage) -> None:
    approved(stage, "OUT")
    batch = closed(stage, "OUT")
    stage.inbound()
    stage.sandbox.clock.move(60)
    stage.sandbox.call(lambda: stage.desk.reopen(batch, remove=["OUT"]))
    stage.inbound()
    stage.inbound()
    assert states(stage)["OUT"] == ("quarantined", "removed_after_posting")
    assert acknowledged(stage) == [batch, batch]
    assert verify.verify(stage.deployment.ledger).problems == []


def test_a_held_invoice_gives_way_to_what_was_mended_at_the_network(stage: Stage) -> None:
    approved(stage, "A-1", lines=[{"amount": "121.00", "codes": {"Accounting Codes": "9999"}}])
    batch = closed(stage, "A-1")
    stage.inbound()
    assert states(stage)["A-1"][0] == "quarantined"
    stage.sandbox.clock.move(60)
    stage.sandbox.call(stage.desk.code, "A-1", [{"amount": "121.00", "codes": CODES}])
    stage.sandbox.call(stage.desk.reopen, batch)
    stage.inbound()
    assert sorted(str(row.state) for row in stage.documents(FLOW)) == ["discarded", "posted"]
    assert set(entries(stage)) == {"A-1"}


def test_a_batch_closed_again_between_reading_and_acknowledgement_is_not_acknowledged(stage: Stage) -> None:
    approved(stage, "A-1")
    batch = closed(stage, "A-1")
    seen: list[str] = []
    kept = stage.network.batches.closed_at

    def again(key: str) -> str:
        if not seen:
            seen.append(key)
            stage.sandbox.clock.move(5)
            stage.sandbox.call(stage.desk.reopen, batch)
        return kept(key)

    stage.network.batches.closed_at = again  # type: ignore[method-assign]
    report = stage.inbound()["acknowledge batches"]
    assert report.counts["closed_again"] == 1
    assert acknowledged(stage) == []
    stage.inbound()
    assert acknowledged(stage) == [batch]
    assert len(entries(stage)) == 1
