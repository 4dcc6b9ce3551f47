"""The mailbox contract over every registered network with its stand-in."""

from collections.abc import Iterator

import pytest

from ml_connector.systems import registry
from ml_connector.systems.system import Role
from ml_connector_tests.contracts.mailbox_contract import MailboxContract
from ml_connector_tests.contracts.mailbox_harness import HARNESSES, WITHOUT_FOLDERS, MailboxHarness, opener

NETWORKS = [
    name
    for name in sorted(registry.SHIPPED)
    if Role.NETWORK in registry.find(name).roles and name not in WITHOUT_FOLDERS
]


def test_every_registered_network_has_a_harness() -> None:
    assert set(HARNESSES) == set(NETWORKS)


@pytest.fixture(scope="module", params=NETWORKS)
def harness(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailboxHarness]:
    """One stand-in a system for all its cases."""
    with opener(HARNESSES[request.param])(tmp_path_factory.mktemp(request.param)) as made:
        yield made


class TestMailbox(MailboxContract):
    """Every registered network."""
