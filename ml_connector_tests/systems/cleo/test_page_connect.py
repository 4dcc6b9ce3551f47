"""docs/connect-cleo.md, followed word by word in an empty folder against the stand-in."""

from pathlib import Path

import pytest

from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support.connect_page import ConnectPage, empty_folder

PLACE = "https://TENANT.cleointegration.com"


def test_the_page_leads_to_a_connection_that_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty_folder(tmp_path, monkeypatch)
    page = ConnectPage.of("connect-cleo.md")
    assert PLACE in page.written
    with Sandbox(SandboxOptions()) as sandbox:
        login = sandbox.logins()["cleo"]
        given = {"cleo_prod_password": login["password"]}
        said = page.follow(page.written.replace(PLACE, sandbox.addresses()["cleo"]), given)
        assert "0 bad, 1 to be looked at" in said[-1], said
        assert "no partner names a folder" in said[-1], "partners come in the next step of the page"
        say("credentials", "set", "cleo_prod_password", given="wrong")
        refused = say("check", "cleo_prod")
        assert refused.code != 0, "what is stored is tried, without any partner too"
        assert not [one for one in said if login["password"] in one]
        assert page.connection("cleo_prod")["username"] == login["username"]
