"""docs/connect-truecommerce.md, followed word by word in an empty folder against the stand-in."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.support.connect_page import ConnectPage, empty_folder

SYSTEM, FOLDER = "    system: truecommerce\n", "Voltwerk Industries\n"


def test_the_page_leads_to_a_connection_that_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty_folder(tmp_path, monkeypatch)
    page = ConnectPage.of("connect-truecommerce.md")
    assert all(one in page.written for one in (SYSTEM, FOLDER))
    with Sandbox(SandboxOptions()) as sandbox:
        login, address = sandbox.logins()["truecommerce"], urlsplit(sandbox.addresses()["truecommerce"])
        # The stand-in's address and folder, as what TrueCommerce tells a customer.
        written = page.written.replace(SYSTEM, f"{SYSTEM}    host: {address.hostname}\n    port: {address.port}\n")
        written = written.replace(FOLDER, f"{login['company_folder']}\n")
        told = sandbox.addresses()["truecommerce_host_key"]
        given = {"truecommerce_password": login["password"]}
        said = page.follow(written, given, more={"accept-host-key": ("--fingerprint", told)})
        assert said[-2] == "truecommerce_prod: accepted.\n"
        assert "0 bad, 1 to be looked at" in said[-1], said
        assert "no partner names a folder" in said[-1], "partners come in the next step of the page"
        assert not [one for one in said if login["password"] in one]
        assert page.connection("truecommerce_prod")["username"] == login["username"]
