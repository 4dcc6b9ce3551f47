"""One attacked scene for many inputs, and the look for leaked secrets after each of them."""

import os
from collections.abc import Iterator

import pytest

from ml_connector_tests.hostile.stage import Stage, attacked


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A scene over SQLite for a whole module; tests take their attacks away by `clean`."""
    before = dict(os.environ)
    with attacked(tmp_path_factory.mktemp("hostile") / "home") as made:
        yield made
        assert made.leaks() == []
    assert dict(os.environ) == before


@pytest.fixture
def clean(stage: Stage) -> Iterator[Stage]:
    """The scene without attacks; afterwards no secret stands anywhere."""
    stage.reset()
    yield stage
    stage.reset()
    assert stage.leaks(whole=False) == []
