"""Checks count over the whole ledger, in runs and in the standing job."""

import dagster as dg
import pytest

from ml_connector.clock import FileClock
from ml_connector.flows import registry
from ml_connector.ledger.search import accounted
from ml_connector.orchestration.jobs import settled_days, standing_checks
from ml_connector.orchestration.runtime import checks
from ml_connector_tests.orchestration.stage import QUIET_DAYS, Stage


def test_replaying_a_clean_day_does_not_turn_a_red_check_green(stage: Stage) -> None:
    stage.scene.invoice(stage.scene.orders(1, received=False))
    red = stage.inbound().checks[("purchase_invoices", "quarantined")]
    assert not red.passed
    assert red.severity is dg.AssetCheckSeverity.WARN
    assert red.metadata["count"].value == 1
    clean = stage.inbound("replay", day=QUIET_DAYS[0])
    assert clean.success, clean.failures
    assert not clean.checks[("purchase_invoices", "quarantined")].passed


def test_a_replay_confirms_what_is_finished_of_its_day_alone(stage: Stage) -> None:
    stage.scene.invoice(stage.scene.orders(1))
    assert stage.inbound().success
    assert stage.inbound("replay").assets["purchase_invoices"]["confirmed"] == 1
    assert "confirmed" not in stage.inbound("replay", day=QUIET_DAYS[0]).assets["purchase_invoices"]


def test_a_check_names_document_reason_and_mend(stage: Stage) -> None:
    stage.scene.invoice(stage.scene.orders(1, received=False))
    check = stage.inbound().checks[("purchase_invoices", "quarantined")]
    (row,) = check.metadata["documents"].records  # type: ignore[union-attr]
    assert row.data["partner"] == "northwind"
    assert row.data["reason"]
    assert row.data["message"]
    assert row.data["mend"]


def test_repeats_of_a_number_show_as_duplicates(stage: Stage) -> None:
    first, second = stage.scene.orders(2)
    stage.scene.invoice([first], {"invoice_number": "R-1"})
    stage.scene.invoice([second], {"invoice_number": "R-1"})
    checks = stage.inbound().checks
    assert not checks[("purchase_invoices", "duplicates")].passed
    assert checks[("purchase_invoices", "unmapped_codes")].passed
    assert checks[("received_files", "control_totals")].passed


def test_what_is_lost_shows_in_the_control_totals(stage: Stage) -> None:
    """Somebody took a document out of the database."""
    stage.scene.invoice(stage.scene.orders(2))
    assert stage.inbound().checks[("received_files", "control_totals")].passed
    with stage.scene.deployment.ledger.write() as tx:
        tx.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        tx.exec_driver_sql("UPDATE document SET group_id = NULL WHERE id = (SELECT min(id) FROM document)")
    red = stage.inbound("replay").checks[("received_files", "control_totals")]
    assert not red.passed
    assert red.severity is dg.AssetCheckSeverity.ERROR


def test_the_standing_job_marks_overdue_evaluates_all_and_exports_heads(
    stage: Stage, fresh_instance: dg.DagsterInstance
) -> None:
    stage.instance = fresh_instance
    stage.scene.orders(1, received=False)
    stage.outbound()
    assert stage.scene.sandbox.clock_file is not None
    FileClock(stage.scene.sandbox.clock_file).move(49 * 3600)
    run = stage.plain("standing")
    assert run.success, run.failures
    (order,) = stage.scene.documents("orders_out")
    assert str(order.state) == "overdue"
    key = dg.AssetCheckKey(dg.AssetKey(["exact_cleo", "sent_orders"]), "overdue")
    newest = fresh_instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    evaluation = newest.event.dagster_event.asset_check_evaluation_data  # type: ignore[union-attr]
    assert not evaluation.passed
    assert stage.scene.deployment.heads_file.exists()


def test_the_standing_job_reports_only_what_is_news(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events of no run are never pruned: a check that still says the same is not reported every ten minutes."""
    held = dg.AssetCheckKey(dg.AssetKey(["exact_cleo", "purchase_invoices"]), "quarantined")
    keys = [check.key for check in checks.of_flows("exact_cleo", registry.shipped())]
    storage = stage.instance.event_log_storage

    # What days that are over are filled with is told with them.
    monkeypatch.setattr(settled_days, "AT_ONCE", 0)

    def reported() -> dict[dg.AssetCheckKey, int]:
        return {key: len(storage.get_asset_check_execution_history(key, limit=20)) for key in keys}

    stage.plain("standing")
    assert set(reported().values()) == {1}
    stage.plain("standing")
    assert set(reported().values()) == {1}
    stage.scene.invoice(stage.scene.orders(1, received=False))
    stage.scene.inbound()
    before = reported()
    stage.plain("standing")
    assert reported()[held] == before[held] + 1, "the ledger says otherwise now"
    assert reported()[keys[0]] == before[keys[0]]
    monkeypatch.setattr(standing_checks, "SHOWN_AGAIN_SECONDS", 0.0)
    before = reported()
    stage.plain("standing")
    assert reported() == {key: count + 1 for key, count in before.items()}


def test_control_totals_look_at_what_is_not_accounted_for_yet(stage: Stage) -> None:
    """Nobody reads millions of rows for a check; what is wrong stays in it until it is mended, however long ago."""
    stage.scene.invoice(stage.scene.orders(2))
    assert stage.inbound().success
    ledger = stage.scene.deployment.ledger
    lost = "UPDATE document SET group_id = {} WHERE id = (SELECT min(id) FROM document)"
    with ledger.write() as tx:
        group = tx.exec_driver_sql("SELECT group_id FROM document ORDER BY id").scalars().first()
        tx.exec_driver_sql(lost.format("NULL"))
    assert stage.scene.sandbox.clock_file is not None
    FileClock(stage.scene.sandbox.clock_file).move(2 * 3600)
    with ledger.write() as tx:
        assert accounted.advance(tx)
    totals = ("received_files", "control_totals")
    red = stage.inbound("replay").checks[totals]
    assert not red.passed
    assert red.metadata["in_posted"].value == 2
    with ledger.write() as tx:
        tx.exec_driver_sql(lost.format(group))
    assert stage.inbound("replay").checks[totals].passed
