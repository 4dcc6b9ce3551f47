"""A run's process that is asked to stop, in an op and between two: canceled, not tried again, its work goes on."""

import os
import signal
from typing import Any

import dagster as dg
import pytest

from ml_connector import stopping
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.inbound import receiving
from ml_connector.ledger.coordination import leases
from ml_connector.orchestration.assets import asset_factory
from ml_connector.orchestration.runtime import resource
from ml_connector_tests.orchestration.stage import Run, Stage


def ask() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def is_stopped(stage: Stage, run: Run) -> None:
    assert not run.success
    stored = stage.instance.get_run_by_id(run.result.run_id)
    assert stored is not None
    assert stored.status is dg.DagsterRunStatus.CANCELED
    assert not stopping.asked(), "it was this run that was asked"
    with stage.scene.deployment.ledger.read() as tx:
        assert [one.name for one in leases.held(tx) if one.run_id == run.result.run_id] == []


def retries(run: Run) -> list[str]:
    return [str(event.step_key) for event in run.result.all_events if event.is_step_up_for_retry]


def goes_on(stage: Stage, invoices: int) -> None:
    run = stage.inbound()
    assert run.success, run.failures
    assert len(stage.scene.posted()) == invoices


def test_in_a_step_that_runs_beside_others(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.scene.invoice(stage.scene.orders(2))
    with monkeypatch.context() as patched:

        def receive_and_ask(integration: Integration, work: RunScope) -> StepReport:
            report = receiving_receive(integration, work)
            ask()
            return report

        receiving_receive = receiving.receive
        patched.setattr(receiving, "receive", receive_and_ask)
        run = stage.inbound()
    is_stopped(stage, run)
    assert retries(run) == []
    assert all("Stopped as asked" in told for told in run.failures)
    goes_on(stage, 2)


def test_where_dagster_takes_it_for_a_failed_step(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of the work itself Dagster raises the signal and tries the op again: that attempt begins nothing."""
    stage.scene.invoice(stage.scene.orders(2))
    result = asset_factory._results
    with monkeypatch.context() as patched:

        def ask_first(*args: Any) -> Any:
            ask()
            return result(*args)

        patched.setattr(asset_factory, "_results", ask_first)
        run = stage.inbound()
    is_stopped(stage, run)
    assert "purchase_invoices" not in run.assets
    goes_on(stage, 2)


def test_while_its_lease_is_taken(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    take = resource.ConnectorResource._take_worker_lease
    with monkeypatch.context() as patched:

        def take_and_ask(self: resource.ConnectorResource, run_id: str) -> None:
            take(self, run_id)
            ask()

        patched.setattr(resource.ConnectorResource, "_take_worker_lease", take_and_ask)
        run = stage.inbound()
    is_stopped(stage, run)
