"""docs/connect-acumatica.md, followed word by word in an empty folder against the stand-in."""

from pathlib import Path

import pytest

from ml_connector.sandbox.acumatica.options import AcumaticaOptions
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.support.connect_page import ConnectPage, empty_folder

PLACE = "https://erp.example.com/AcmeERP"


def test_the_page_leads_to_a_connection_that_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty_folder(tmp_path, monkeypatch)
    page = ConnectPage.of("connect-acumatica.md")
    assert PLACE in page.written
    with Sandbox(SandboxOptions(acumatica=AcumaticaOptions())) as sandbox:
        login = sandbox.logins()["acumatica"]
        # As the page says of the stand-in: its address, and its passwords.
        given = {"acumatica_client_secret": login["client_secret"], "acumatica_password": login["password"]}
        said = page.follow(page.written.replace(PLACE, sandbox.addresses()["acumatica"]), given)
        assert said[-1].endswith("All is well.\n"), said
        assert not [one for one in said for secret in given.values() if secret in one]
        values = page.connection("acumatica")
        assert (login["client_id"], login["tenant"], login["branch"]) == (
            values["client_id"], values["tenant"], values["branch"]
        )  # fmt: skip
        assert sandbox.acumatica.sessions.summary()["open"] == 0, "the seat is given back"
        assert sandbox.acumatica.sessions.summary()["most_at_once"] == 1
