"""A ledger or a Dagster storage that cannot be used: the cause, the remedy, exit 4, and all is taken up after."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.ledger.database import store
from ml_connector.orchestration.runtime import local_runner
from ml_connector_tests.cli.conftest import create_orders
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.ledger.test_faults import held
from ml_connector_tests.support.deployment import Bench


@pytest.fixture(autouse=True)
def _keep_environment(monkeypatch: pytest.MonkeyPatch, bench: Bench) -> None:
    """Commands name the Dagster instance in their environment; here it must not outlive the test."""
    monkeypatch.setenv("DAGSTER_HOME", str(bench.home / "dagster"))
    monkeypatch.setenv("ML_CONNECTOR_CONFIG", os.environ["ML_CONNECTOR_CONFIG"])


def _ledger(bench: Bench) -> str:
    with bench.open() as deployment:
        return str(deployment.ledger.url.database)


def _sent(bench: Bench) -> int:
    said = say("sync", "--flow", "orders_out", "--json")
    assert said.code == 0, said.err
    return int(said.json["runs"][0]["assets"]["exact_cleo/sent_orders"]["counts"]["sent"])


@contextmanager
def _files_no_larger_than(size: int) -> Iterator[None]:
    """What a full disk does to a write, without filling one (EFBIG, as Python ignores the signal)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_ledger_that_is_locked_when_a_command_begins(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.2)
    with held(_ledger(bench)):
        said = say("sync", "--flow", "orders_out")
    assert said.code == Exit.TRY_AGAIN
    assert "is busy: another process holds it" in said.err
    assert "End what holds it" in said.err


def test_a_ledger_that_is_locked_when_the_run_begins(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster wraps what a resource raises; our own sentence is what is told."""
    create_orders(bench, 1)
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.2)
    ledger, run = _ledger(bench), local_runner.JobRunner.run

    def locked(self: local_runner.JobRunner, *args: Any, **named: Any) -> local_runner.RunOutcome:
        with held(ledger):
            return run(self, *args, **named)

    with monkeypatch.context() as patch:
        patch.setattr(local_runner.JobRunner, "run", locked)
        said = say("sync", "--flow", "orders_out", "--json")
    assert said.code == Exit.TRY_AGAIN, said.out
    # A problem of the run, or a note of the step that was put off: by where the lock was met first.
    assert f"The ledger {ledger} is busy" in said.out
    assert "End what holds it" in said.out
    assert _sent(bench) == 1


def test_a_full_disk_in_the_middle_of_a_run(bench: Bench) -> None:
    """Whatever it is that cannot be written first: the ledger or Dagster's storage."""
    create_orders(bench, 1)
    assert _sent(bench) == 1
    create_orders(bench, 1)
    with _files_no_larger_than(100_000):
        said = say("sync", "--flow", "orders_out", "--json")
    assert said.code == Exit.TRY_AGAIN, said.out + said.err
    assert "full" in said.out
    assert "defect" not in said.out + said.err
    assert _sent(bench) == 1
    assert say("ledger", "verify").code == 0


def test_a_full_disk_under_dagster_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A storage that cannot be made: its folder is one in which nobody can write."""
    monkeypatch.setenv("DAGSTER_HOME", "/proc/self/dagster")
    said = say("sync", "--flow", "orders_out")
    assert said.code in (Exit.TRY_AGAIN, Exit.USAGE)
    assert "/proc/self/dagster" in said.err
    assert "defect" not in said.err
    (tmp_path / "dagster").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    with _files_no_larger_than(20_000):
        said = say("sync", "--flow", "orders_out", "--json")
    assert said.code == Exit.TRY_AGAIN, said.out + said.err
