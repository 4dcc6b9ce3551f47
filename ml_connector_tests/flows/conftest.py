"""The stage of end-to-end tests: a fresh sandbox and deployment, over each kind of database in turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector_tests.flows.scenes import Scene, scene


@pytest.fixture
def stage(tmp_path: Path, fresh_url: str) -> Iterator[Scene]:
    with scene(tmp_path / "home", ledger_url=fresh_url) as made:
        yield made
