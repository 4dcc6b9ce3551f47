"""Fixtures of the TrueCommerce tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector_tests.systems.truecommerce.bench import Bench, open_bench


@pytest.fixture
def tc(tmp_path: Path) -> Iterator[Bench]:
    """A fresh server."""
    with open_bench(tmp_path) as bench:
        yield bench
