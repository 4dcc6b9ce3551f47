"""Deployments that commands work on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.sandbox.exact import user
from ml_connector_tests.support import dagster_storage
from ml_connector_tests.support.deployment import Bench, open_bench


@pytest.fixture(autouse=True, scope="session")
def quick_dagster() -> None:
    dagster_storage.keep_engines()
    dagster_storage.keep_our_time()


#: Without the two processes that Dagster starts for each run to keep what its steps print.
NO_COMPUTE_LOGS = """
telemetry: {enabled: false}
compute_logs: {module: dagster._core.storage.noop_compute_log_manager, class: NoOpComputeLogManager}
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A sandbox and an authorized deployment over it, for all tests of a module."""
    with open_bench(tmp_path_factory.mktemp("deployment")) as made:
        (made.home / "dagster.yaml").write_text(NO_COMPUTE_LOGS, encoding="ascii")
        yield made


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder to work in, and no deployment's environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("ML_CONNECTOR_CONFIG", "ML_CONNECTOR_HOME", "ML_CONNECTOR_KEY", "ML_CONNECTOR_LEDGER_URL"):
        monkeypatch.delenv(name, raising=False)


def create_orders(bench: Bench, count: int) -> None:
    """Approved orders in the ERP, as a buyer would make them."""
    bench.sandbox.call(user.create_orders, bench.sandbox.exact, count)
