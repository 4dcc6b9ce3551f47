"""The stage of end-to-end tests: a fresh sandbox and deployment, over each kind of database in turn."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ml_connector_tests.flows.buying import Books, Office
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.support.in_turn import take_turns


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Cases over a `stage` run on one database each, the cases of a function in turn (docs/decisions/0025)."""
    take_turns(config, items, "stage")


@pytest.fixture
def stage(tmp_path: Path, fresh_url: str) -> Iterator[Scene]:
    with scene(tmp_path / "home", ledger_url=fresh_url) as made:
        yield made


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Orders out over books of nothing but orders; tests give each order an id of its own."""
    with scene(tmp_path_factory.mktemp("office") / "home") as made:
        books = Books(made.integration.erp)
        yield Office(books, replace(made.integration, erp=books), made.work)  # type: ignore[arg-type]
