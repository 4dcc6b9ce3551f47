"""Dagster runs whose process died are ended by their lease, living ones never."""

import time
from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import pytest
import sqlalchemy as sa

from ml_connector.clock import FileClock
from ml_connector.ledger.coordination import leases
from ml_connector.ledger.coordination.leases import Lease
from ml_connector.ledger.tables.documents import lease
from ml_connector.orchestration.jobs import dead_runs
from ml_connector.orchestration.runtime.names import worker_lease
from ml_connector_tests.orchestration.stage import Stage


@pytest.fixture
def scenario(stage: Stage, fresh_instance: dg.DagsterInstance) -> Stage:
    stage.instance = fresh_instance
    return stage


def started(stage: Stage) -> dg.DagsterRun:
    """A run that Dagster calls STARTED."""
    job = stage.definitions.resolve_job_def("exact_cleo_inbound")
    run = stage.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTING)
    stage.instance.report_dagster_event(dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, run.job_name), run.run_id)
    return run


def leave_dead_lease(stage: Stage, run: dg.DagsterRun) -> None:
    """As a killed process leaves it: neither released nor renewed any more."""
    held = Lease(stage.scene.deployment.ledger, worker_lease(run.run_id), run_id=run.run_id)
    assert held.acquire()
    held._stop.set()
    with stage.scene.deployment.ledger.write() as tx:
        past = stage.scene.deployment.clock.now() - timedelta(seconds=1)
        tx.execute(sa.update(lease).where(lease.c.name == held.name).values(expires_at=past))


def status_of(stage: Stage, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    found = stage.instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def test_a_dead_run_is_ended_at_the_second_look(scenario: Stage) -> None:
    run = started(scenario)
    leave_dead_lease(scenario, run)
    first = scenario.tick("dead_run_sensor")
    assert status_of(scenario, run) is dg.DagsterRunStatus.STARTED
    scenario.tick("dead_run_sensor", first.cursor)
    assert status_of(scenario, run) is dg.DagsterRunStatus.FAILURE
    found = scenario.instance.get_run_by_id(run.run_id)
    assert found is not None
    assert dead_runs.REAPED in found.tags
    with scenario.scene.deployment.ledger.read() as tx:
        assert tx.execute(sa.select(lease.c.name).where(lease.c.name == worker_lease(run.run_id))).all() == []


def test_a_living_run_is_left_alone(scenario: Stage) -> None:
    run = started(scenario)
    with Lease(scenario.scene.deployment.ledger, worker_lease(run.run_id), run_id=run.run_id):
        cursor = None
        for _ in range(3):
            cursor = scenario.tick("dead_run_sensor", cursor).cursor
    assert status_of(scenario, run) is dg.DagsterRunStatus.STARTED


def test_a_moved_clock_costs_no_run(scenario: Stage) -> None:
    """All leases look expired for a moment; the next heartbeat shows who lives."""
    run = started(scenario)
    held = Lease(scenario.scene.deployment.ledger, worker_lease(run.run_id), run_id=run.run_id)
    assert held.acquire()
    try:
        assert scenario.scene.sandbox.clock_file is not None
        FileClock(scenario.scene.sandbox.clock_file).move(3600)
        first = scenario.tick("dead_run_sensor")
        assert run.run_id in first.cursor, "under suspicion"
        held.renew()
        scenario.tick("dead_run_sensor", first.cursor)
        assert status_of(scenario, run) is dg.DagsterRunStatus.STARTED
    finally:
        held.release()


def test_a_run_without_a_lease_is_given_time(scenario: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may just be starting, or writing its last events."""
    run = started(scenario)
    scenario.tick("dead_run_sensor")
    assert status_of(scenario, run) is dg.DagsterRunStatus.STARTED
    later = time.time() + dead_runs.SILENT_SECONDS + 5
    monkeypatch.setattr(dead_runs.time, "time", lambda: later)
    scenario.tick("dead_run_sensor")
    assert status_of(scenario, run) is dg.DagsterRunStatus.FAILURE


def test_a_cursor_that_is_no_cursor_does_no_harm(scenario: Stage) -> None:
    assert scenario.tick("dead_run_sensor", "[1, 2").skip_message == "no dead run"
    assert scenario.tick("dead_run_sensor", "[1, 2]").skip_message == "no dead run"


def test_leases_of_runs_that_dagster_ended_are_forgotten(scenario: Stage) -> None:
    """The code server notices a killed child, too; the lease it left must not stay for ever."""
    run = started(scenario)
    leave_dead_lease(scenario, run)
    scenario.instance.report_run_failed(run)
    scenario.tick("dead_run_sensor")
    with scenario.scene.deployment.ledger.read() as tx:
        assert leases.get(tx, worker_lease(run.run_id)) is None
    found = scenario.instance.get_run_by_id(run.run_id)
    assert found is not None
    assert dead_runs.REAPED in found.tags


@pytest.fixture
def kept(scenario: Stage) -> Iterator[Stage]:
    """Over an instance on disk: one in memory has no pools."""
    with dg.instance_for_test() as instance:
        scenario.instance = instance
        yield scenario


def free_places(stage: Stage, pool: str) -> int:
    info = stage.instance.event_log_storage.get_concurrency_info(pool)
    return info.slot_count - len(info.claimed_slots)


def with_a_place(stage: Stage) -> dg.DagsterRun:
    """A run in the middle of a step that has the only place of a pool."""
    run = started(stage)
    events = stage.instance.event_log_storage
    events.set_concurrency_slots("exact_nl", 1)
    events.claim_concurrency_slot("exact_nl", run.run_id, "post")
    assert free_places(stage, "exact_nl") == 0
    return run


def test_a_dead_run_gives_its_places_back(kept: Stage) -> None:
    run = with_a_place(kept)
    leave_dead_lease(kept, run)
    first = kept.tick("dead_run_sensor")
    kept.tick("dead_run_sensor", first.cursor)
    assert free_places(kept, "exact_nl") == 1


def test_places_of_a_run_that_dagster_ended_are_free_as_soon_as_its_worker_is_gone(kept: Stage) -> None:
    """The code server notices the killed child first and leaves its places taken."""
    run = with_a_place(kept)
    leave_dead_lease(kept, run)
    kept.instance.report_run_failed(run)
    kept.tick("dead_run_sensor")
    assert free_places(kept, "exact_nl") == 1


def test_an_ended_run_whose_worker_lives_keeps_its_places(kept: Stage) -> None:
    run = with_a_place(kept)
    with Lease(kept.scene.deployment.ledger, worker_lease(run.run_id), run_id=run.run_id):
        kept.instance.report_run_failed(run)
        kept.tick("dead_run_sensor")
        assert free_places(kept, "exact_nl") == 0
    kept.tick("dead_run_sensor")
    assert free_places(kept, "exact_nl") == 1


def test_places_of_a_run_that_goes_on_are_its_own(kept: Stage) -> None:
    run = with_a_place(kept)
    with Lease(kept.scene.deployment.ledger, worker_lease(run.run_id), run_id=run.run_id):
        kept.tick("dead_run_sensor")
    assert free_places(kept, "exact_nl") == 0
