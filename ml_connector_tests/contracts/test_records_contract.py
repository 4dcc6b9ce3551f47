"""The records contract over every registered network with records, with its stand-in."""

from collections.abc import Iterator

import pytest

from ml_connector.systems import registry
from ml_connector.systems.system import Role
from ml_connector_tests.contracts.records_contract import RecordsContract
from ml_connector_tests.contracts.records_harness import HARNESSES, RecordsHarness, opener

#: A network that declares what can be read from it has records.
NETWORKS = [
    name
    for name in sorted(registry.SHIPPED)
    if Role.NETWORK in registry.find(name).roles and registry.find(name).sources
]


def test_every_registered_network_with_records_has_a_harness() -> None:
    assert set(HARNESSES) == set(NETWORKS)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each case for each system, and each source or target that the system declares."""
    systems = [registry.find(name) for name in NETWORKS]
    for what in ("source", "target"):
        if what in metafunc.fixturenames:
            pairs = [(one.name, name) for one in systems for name in sorted(getattr(one, f"{what}s"))]
            metafunc.parametrize(f"harness,{what}", pairs, indirect=["harness"], scope="module")
            return
    if "harness" in metafunc.fixturenames:
        metafunc.parametrize("harness", NETWORKS, indirect=True, scope="module")


@pytest.fixture(scope="module")
def harness(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordsHarness]:
    """One stand-in a system for all its cases: each makes records of its own."""
    with opener(HARNESSES[request.param])(tmp_path_factory.mktemp(request.param)) as made:
        yield made


class TestRecords(RecordsContract):
    """Every registered network with records."""
