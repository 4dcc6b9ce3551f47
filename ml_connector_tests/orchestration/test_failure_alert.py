"""A failed run opens an alert of its job, once; a killed one does not; a success closes it."""

import dagster as dg
import pytest

from ml_connector.errors import WeAreWrong
from ml_connector.flows.inbound import parsing
from ml_connector.ledger.coordination import alerts
from ml_connector.orchestration.jobs.dead_runs import REAPED
from ml_connector.orchestration.jobs.maintenance_job import open_failure_alert
from ml_connector_tests.orchestration.stage import Run, Stage


@pytest.fixture
def scenario(stage: Stage, fresh_instance: dg.DagsterInstance) -> Stage:
    stage.instance = fresh_instance
    return stage


def fail(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Run:
    def broken(*_: object) -> None:
        raise WeAreWrong("A broken invariant.")

    with monkeypatch.context() as patched:
        patched.setattr(parsing, "parse", broken)
        run = stage.inbound()
    assert not run.success
    return run


def react(stage: Stage, run: Run) -> None:
    """What the sensor does with a failed run."""
    failed = stage.instance.get_run_by_id(run.result.run_id)
    assert failed is not None
    with stage.connector() as connector:
        open_failure_alert(stage.instance, connector, failed, "A broken invariant.")


def open_causes(stage: Stage) -> list[str]:
    with stage.scene.deployment.ledger.read() as tx:
        return [alert.cause for alert in alerts.open_alerts(tx, "runs/")]


def test_a_failed_run_opens_an_alert_and_a_success_closes_it(scenario: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        react(scenario, fail(scenario, monkeypatch))
    assert open_causes(scenario) == ["runs/exact_cleo_inbound"]
    scenario.plain("standing")
    assert open_causes(scenario) == ["runs/exact_cleo_inbound"], "still failing"
    assert scenario.inbound().success
    scenario.plain("standing")
    assert open_causes(scenario) == []


def test_a_killed_run_is_no_alert(scenario: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fail(scenario, monkeypatch)
    scenario.instance.add_run_tags(run.result.run_id, {REAPED: "true"})
    react(scenario, run)
    assert open_causes(scenario) == []
