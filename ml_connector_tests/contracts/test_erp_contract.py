"""The ERP contract over every registered ERP with its stand-in."""

from collections.abc import Iterator

import pytest

from ml_connector.systems import registry
from ml_connector.systems.system import Role
from ml_connector_tests.contracts.erp_contract import ErpContract, parametrize
from ml_connector_tests.contracts.erp_harness import HARNESSES, UNDER_WAY, ErpHarness, opener

REGISTERED = {name for name in registry.SHIPPED if Role.ERP in registry.find(name).roles}
ERPS = sorted(REGISTERED & set(HARNESSES))


def test_every_registered_erp_has_a_harness() -> None:
    assert set(HARNESSES) == REGISTERED - UNDER_WAY


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    parametrize(metafunc, [registry.find(name) for name in ERPS])


@pytest.fixture(scope="module")
def harness(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ErpHarness]:
    """One stand-in a system for all its cases: each makes documents of its own."""
    with opener(HARNESSES[request.param])(tmp_path_factory.mktemp(request.param)) as made:
        yield made


class TestErp(ErpContract):
    """Every registered ERP."""
