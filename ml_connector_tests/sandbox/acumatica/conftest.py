"""Fixtures of the tests of Acumatica's stand-in: one sandbox for a module, as a start costs more than a test."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector_tests.sandbox.acumatica.bench import AcumaticaBench, acumatica_bench, options


@pytest.fixture(scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AcumaticaBench]:
    with acumatica_bench(tmp_path_factory.mktemp("acumatica")) as bench:
        yield bench


@pytest.fixture
def acumatica(_running: AcumaticaBench) -> Iterator[AcumaticaBench]:
    """A sandbox whose options, faults and limits are as at the beginning; its books are those of the module."""
    bench = _running
    bench.headers = {}
    bench.state.sessions.end_all()
    bench.authorize()
    bench.version = "24.200.001"
    yield bench
    for field in dataclasses.fields(bench.options):
        setattr(bench.options, field.name, getattr(options(), field.name))
    bench.sandbox.faults.clear()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[AcumaticaBench]:
    """A sandbox of one's own."""
    with acumatica_bench(tmp_path) as bench:
        yield bench
