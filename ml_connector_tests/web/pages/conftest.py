"""One office for a file of tests that only look."""

from collections.abc import Iterator

import pytest

from ml_connector_tests.web.pages.office import Office, open_office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("office")) as made:
        yield made
