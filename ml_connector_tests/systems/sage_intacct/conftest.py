"""One sandbox and one ledger for a module: a start costs more than a test. Each test has a connection of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector_tests.sandbox.sage_intacct.bench import IntacctBench, intacct_bench
from ml_connector_tests.systems.sage_intacct.bench import Bench, Parts, fresh, parts_on


@pytest.fixture(scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[IntacctBench, Parts]]:
    folder = tmp_path_factory.mktemp("intacct")
    with intacct_bench(folder) as site, parts_on(site.sandbox, folder) as parts:
        yield site, parts


@pytest.fixture
def bench(_running: tuple[IntacctBench, Parts], tmp_path: Path) -> Iterator[Bench]:
    """Options, faults and limits are as at the beginning; the books are those of the module."""
    site, parts = _running
    with fresh(Bench(site, parts, tmp_path)) as made:
        yield made
