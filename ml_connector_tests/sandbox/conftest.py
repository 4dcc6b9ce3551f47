"""Fixtures of the sandbox tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector_tests.sandbox.exact_bench import ExactBench, exact_bench


@pytest.fixture
def exact(tmp_path: Path) -> Iterator[ExactBench]:
    """A fresh sandbox without call limits, authorized."""
    with exact_bench(tmp_path) as bench:
        yield bench


@pytest.fixture
def everything(tmp_path: Path) -> Iterator[ExactBench]:
    """The same with all stand-ins beside it."""
    with exact_bench(tmp_path, alone=False) as bench:
        yield bench
