"""One Dagster instance a session (making one costs 100 ms), and scenes whose jobs are run in this process."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from ml_connector_tests.orchestration.stage import Stage, open_stage


@pytest.fixture(scope="session")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def fresh_instance() -> Iterator[dg.DagsterInstance]:
    """For tests that look at all runs of an instance."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def stage(tmp_path: Path, instance: dg.DagsterInstance) -> Iterator[Stage]:
    with open_stage(tmp_path / "home", instance) as made:
        yield made
