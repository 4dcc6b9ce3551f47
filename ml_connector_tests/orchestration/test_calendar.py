"""Orders leave at the cut-off times of business days, where the configuration has a procurement calendar."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from pydantic import ValidationError

from ml_connector.config.integrations import ProcurementCalendar
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.orchestration.build import build_defs
from ml_connector_tests.orchestration.snapshot import ROOT
from ml_connector_tests.orchestration.stage import Stage

CALENDAR = {"cut_offs": ["11:00", "16:30"], "holidays": ["2026-12-25"]}
SCHEDULE = "exact_cleo_orders_out_calendar"


def definitions(tmp_path: Path) -> dg.Definitions:
    raw: dict[str, Any] = yaml.safe_load((ROOT / "connections.yaml").read_text(encoding="utf-8"))
    for name, integration in raw["integrations"].items():
        integration["partners"] = str(ROOT / "partners" / name)
    raw["integrations"]["exact_cleo"]["flows"]["orders_out"]["calendar"] = CALENDAR
    path = tmp_path / "connections.yaml"
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    return build_defs(path)


def test_a_calendar_makes_a_schedule_of_its_integration_alone(tmp_path: Path) -> None:
    schedules = {one.name: one for one in definitions(tmp_path).schedules or ()}
    schedule = schedules[SCHEDULE]
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert schedule.cron_schedule == ["0 11 * * mon,tue,wed,thu,fri", "30 16 * * mon,tue,wed,thu,fri"]
    assert schedule.execution_timezone == "Europe/Amsterdam"
    assert "exact_truecommerce_orders_out_calendar" not in schedules


@pytest.mark.parametrize(
    ("moment", "runs"),
    [
        (datetime(2026, 12, 24, 15, 30, tzinfo=UTC), 1),
        (datetime(2026, 12, 24, 23, 30, tzinfo=UTC), 0),  # already the 25th in Amsterdam
        (datetime(2026, 12, 25, 10, 0, tzinfo=UTC), 0),
    ],
)
def test_nothing_leaves_on_holidays(tmp_path: Path, moment: datetime, runs: int) -> None:
    defs = definitions(tmp_path)
    schedule = next(one for one in defs.schedules or () if one.name == SCHEDULE)
    with (
        dg.instance_for_test() as instance,
        dg.build_schedule_context(
            instance, scheduled_execution_time=moment, repository_def=defs.get_repository_def()
        ) as context,
    ):
        tick = schedule.evaluate_tick(context)  # type: ignore[union-attr]
    assert len(tick.run_requests or []) == runs
    assert runs or "holiday" in str(tick.skip_message)


def test_between_cut_offs_only_what_was_begun_is_finished(stage: Stage, tmp_path: Path) -> None:
    """New orders wait; one whose upload was cut off does not."""
    raw = yaml.safe_load(stage.scene.bench.config.read_text(encoding="utf-8"))
    raw["integrations"]["exact_cleo"]["flows"]["orders_out"]["calendar"] = CALENDAR
    stage.scene.bench.config.write_text(yaml.safe_dump(raw), encoding="utf-8")
    stage.definitions = build_defs(stage.scene.bench.config)
    stage.scene.orders(2, received=False)
    assert stage.tick("exact_cleo_outbound_sensor").skip_message == "nothing waits"
    from ml_connector.flows.orders_out import order_resolving, order_revisions, orders
    from ml_connector.flows.outbound import rendering

    orders.read(stage.scene.integration, stage.scene.work)
    order_resolving.resolve(stage.scene.integration, stage.scene.work)
    rendering.render(stage.scene.integration, stage.scene.work, order_revisions.FLOW)
    assert {one.state for one in stage.scene.documents("orders_out")} == {S.RENDERED}
    with stage.scene.deployment.ledger.write() as tx:
        tx.exec_driver_sql("UPDATE document SET claimed_by = NULL")
    (request,) = stage.tick("exact_cleo_outbound_sensor").run_requests
    assert [key.path[-1] for key in request.asset_selection] == ["sent_orders"]


def test_a_flow_that_waits_for_its_first_cut_off_has_begun(stage: Stage) -> None:
    """The day counts from which on the sensor left it out, not the day of the first cut-off."""
    from ml_connector.flows.orders_out.order_taking import start_day

    raw = yaml.safe_load(stage.scene.bench.config.read_text(encoding="utf-8"))
    raw["integrations"]["exact_cleo"]["flows"]["orders_out"]["calendar"] = CALENDAR
    stage.scene.bench.config.write_text(yaml.safe_dump(raw), encoding="utf-8")
    stage.definitions = build_defs(stage.scene.bench.config)
    stage.tick("exact_cleo_outbound_sensor")
    day = stage.scene.integration.clock.now().date()
    stage.scene.bench.sandbox.clock.move(3 * 86400)
    stage.tick("exact_cleo_outbound_sensor")
    assert start_day(stage.scene.integration) == day


@pytest.mark.parametrize(
    "wrong", [{"cut_offs": ["25:00"]}, {"cut_offs": []}, {"weekdays": ["friday"]}, {"time_zone": "X"}]
)
def test_a_wrong_calendar_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ProcurementCalendar.model_validate(wrong)
