"""Dagster's runs go only after the ledger is safe outside of its database."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from ml_connector.ledger.audit.chain_heads import export_heads
from ml_connector.orchestration.jobs import pruning
from ml_connector_tests.orchestration.stage import Stage, open_stage

NOW = timedelta(seconds=-5)


@pytest.fixture
def stage(tmp_path: Path, fresh_instance: dg.DagsterInstance) -> Iterator[Stage]:
    """By the machine's clock, as Dagster tells when its runs ended."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "clock").write_text("0", encoding="ascii")
    with open_stage(tmp_path / "home", fresh_instance) as made:
        yield made


@pytest.fixture
def scenario(stage: Stage, fresh_instance: dg.DagsterInstance) -> Stage:
    """A run that is over, with events in the ledger."""
    stage.instance = fresh_instance
    stage.scene.invoice(stage.scene.orders(1))
    assert stage.inbound().success
    return stage


def prune(stage: Stage, older_than: timedelta = NOW) -> pruning.Pruned:
    deployment = stage.scene.deployment
    return pruning.prune_runs(stage.instance, deployment.ledger, deployment.heads_file, older_than=older_than)


def test_nothing_goes_before_heads_were_exported(scenario: Stage) -> None:
    assert "no chain heads" in prune(scenario).why
    assert scenario.instance.get_runs_count() == 1


def test_covered_runs_go(scenario: Stage) -> None:
    deployment = scenario.scene.deployment
    export_heads(deployment.ledger, deployment.heads_file)
    assert prune(scenario).deleted == 1
    assert scenario.instance.get_runs_count() == 0


def test_a_run_leaves_no_captured_output_behind(scenario: Stage, tmp_path: Path) -> None:
    """On disk: what a run printed goes with the run."""
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
        scenario.instance = instance
        run = scenario.inbound("replay")
        assert list((tmp_path / "dagster").rglob(f"*{run.result.run_id}*/compute_logs"))
        deployment = scenario.scene.deployment
        export_heads(deployment.ledger, deployment.heads_file)
        assert prune(scenario).deleted == 1
        assert not list((tmp_path / "dagster").rglob(f"*{run.result.run_id}*/compute_logs"))


def test_young_runs_stay(scenario: Stage) -> None:
    deployment = scenario.scene.deployment
    export_heads(deployment.ledger, deployment.heads_file)
    assert prune(scenario, timedelta(days=1)).deleted == 0


def test_runs_after_the_last_export_stay(scenario: Stage) -> None:
    deployment = scenario.scene.deployment
    export_heads(deployment.ledger, deployment.heads_file)
    scenario.scene.invoice(scenario.scene.orders(1))
    assert scenario.inbound().success
    assert prune(scenario).deleted == 1
    assert scenario.instance.get_runs_count() == 1


def test_a_heads_file_that_is_gone_keeps_everything(scenario: Stage) -> None:
    deployment = scenario.scene.deployment
    export_heads(deployment.ledger, deployment.heads_file)
    deployment.heads_file.unlink()
    assert "does not hold" in prune(scenario).why
    assert scenario.instance.get_runs_count() == 1


def test_the_job_runs(scenario: Stage) -> None:
    run = scenario.plain("prune")
    assert run.success, run.failures


def test_a_run_on_sqlite_leaves_no_file(scenario: Stage, tmp_path: Path) -> None:
    """192 kB each, which Dagster empties and leaves; those that it left before go too, others stay."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        scenario.instance = instance
        first, second, third = [scenario.inbound("replay").result.run_id for _ in range(3)]
        deployment = scenario.scene.deployment
        export_heads(deployment.ledger, deployment.heads_file)
        instance.delete_run(first)
        files = {path.stem for path in tmp_path.rglob("*.db")}
        assert {first, second, third} <= files, "what this test is about"
        assert pruning.delete_left_files(instance, older_than=timedelta(days=1)) == 0, "it is young"
        assert pruning.delete_left_files(instance, older_than=NOW) == 1
        pruning.delete_run(instance, second)
        left = {path.stem for path in tmp_path.rglob("*.db*")}
        assert left & {first, second, third} == {third}
        assert instance.get_run_by_id(third) is not None


def test_runs_that_only_looked_go_sooner_but_for_the_newest(scenario: Stage) -> None:
    """What documents did stays its thirty days; so does a run that failed."""
    looked = [scenario.plain("standing").result.run_id for _ in range(3)]
    deployment = scenario.scene.deployment
    export_heads(deployment.ledger, deployment.heads_file)
    pruned = pruning.prune_runs(
        scenario.instance, deployment.ledger, deployment.heads_file, older_than=NOW, jobs=["standing", "prune"]
    )
    assert pruned.deleted == 2
    left = {run.run_id: run.job_name for run in scenario.instance.get_runs()}
    assert set(left) & set(looked) == {looked[-1]}
    assert "exact_cleo_inbound" in left.values()
