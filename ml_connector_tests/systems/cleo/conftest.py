"""What these tests begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.systems.cleo.mailbox import CleoMailbox
from ml_connector_tests.credentials.sandboxes import Cleo, cleo_sandbox


@pytest.fixture
def cleo(tmp_path: Path) -> Iterator[Cleo]:
    with cleo_sandbox(tmp_path) as made:
        yield made


@pytest.fixture
def network(cleo: Cleo) -> Iterator[CleoMailbox]:
    made = cleo.mailbox()
    yield made
    made.close()
