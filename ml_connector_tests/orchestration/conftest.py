"""Scenes whose jobs are run in this process. Each has an instance of its own: sensors look at the runs before."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from ml_connector_tests.orchestration.stage import Stage, open_stage
from ml_connector_tests.support import dagster_storage


@pytest.fixture(autouse=True, scope="session")
def our_time() -> None:
    dagster_storage.keep_our_time()


@pytest.fixture
def fresh_instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def stage(tmp_path: Path, fresh_instance: dg.DagsterInstance) -> Iterator[Stage]:
    with open_stage(tmp_path / "home", fresh_instance) as made:
        yield made
