"""Fixtures of the tests of Sage Intacct's stand-in: one sandbox for a module, as a start costs more than a test."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.sandbox.sage_intacct.options import SageIntacctOptions
from ml_connector_tests.sandbox.sage_intacct.bench import IntacctBench, intacct_bench


@pytest.fixture(scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IntacctBench]:
    with intacct_bench(tmp_path_factory.mktemp("intacct")) as bench:
        yield bench


@pytest.fixture
def intacct(_running: IntacctBench) -> Iterator[IntacctBench]:
    """A sandbox whose options, faults and troubles are as at the beginning; its books are those of the module."""
    bench = _running
    bench.entity, bench.company = "", bench.login["company_id"]
    yield bench
    for field in dataclasses.fields(bench.options):
        setattr(bench.options, field.name, getattr(SageIntacctOptions(), field.name))
    bench.sandbox.faults.clear()
    bench.state.troubles.clear()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[IntacctBench]:
    """A sandbox of one's own."""
    with intacct_bench(tmp_path) as bench:
        yield bench
