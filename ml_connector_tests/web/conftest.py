"""One web app for a file of tests."""

from collections.abc import Iterator

import pytest

from ml_connector_tests.credentials.sandboxes import exact_sandbox
from ml_connector_tests.web.stage import Deployed, serving


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with exact_sandbox(tmp_path_factory.mktemp("web")) as exact:
        yield Deployed(exact)


@pytest.fixture(scope="module")
def address(deployed: Deployed) -> Iterator[str]:
    with serving(deployed) as url:
        yield url
