"""What these tests begin with."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ml_connector_tests.flows.customers_orders.office import Office, customers_office


@pytest.fixture
def file(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    """More of the customer's file."""
    return getattr(request, "param", {})


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: Mapping[str, Any]) -> Iterator[Office]:
    with customers_office(tmp_path / "home", monkeypatch, file=file) as made:
        yield made
