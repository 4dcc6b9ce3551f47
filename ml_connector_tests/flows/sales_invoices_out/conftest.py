"""What these tests begin with."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ml_connector_tests.flows.selling import SalesOffice, sales_office


@pytest.fixture
def flow(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    """More settings of the flow."""
    return getattr(request, "param", {})


@pytest.fixture
def customer(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    """More of the customer's file."""
    return getattr(request, "param", {})


@pytest.fixture
def office(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flow: Mapping[str, Any], customer: Mapping[str, Any]
) -> Iterator[SalesOffice]:
    with sales_office(tmp_path / "home", monkeypatch, flow=flow, customer=customer) as made:
        yield made
