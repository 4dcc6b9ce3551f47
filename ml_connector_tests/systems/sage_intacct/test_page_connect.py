"""docs/connect-intacct.md, followed word by word in an empty folder against the stand-in."""

from pathlib import Path

import pytest

from ml_connector.sandbox.sage_intacct.options import SageIntacctOptions
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.support.connect_page import ConnectPage, empty_folder

SYSTEM = "    system: sage_intacct\n"


def test_the_page_leads_to_a_connection_that_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty_folder(tmp_path, monkeypatch)
    page = ConnectPage.of("connect-intacct.md")
    assert SYSTEM in page.written
    # The page tells to give the user GMT.
    with Sandbox(SandboxOptions(sage_intacct=SageIntacctOptions(gmt_offset="+00:00"))) as sandbox:
        login = sandbox.logins()["sage_intacct"]
        given = {"intacct_sender_password": login["sender_password"], "intacct_password": login["user_password"]}
        # As the page says of the stand-in: its address, and its passwords.
        address = f"    base_url: {sandbox.addresses()['sage_intacct']}\n"
        said = page.follow(page.written.replace(SYSTEM, SYSTEM + address), given)
        assert said[-1].endswith("All is well.\n"), said
        assert not [one for one in said for secret in given.values() if secret in one]
        values = page.connection("intacct")
        named = [values[name] for name in ("sender_id", "company_id", "entity", "username")]
        assert named == [login[name] for name in ("sender_id", "company_id", "entity", "user_id")]
