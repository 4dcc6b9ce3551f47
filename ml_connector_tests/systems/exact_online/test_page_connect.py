"""docs/connect-exact.md, followed word by word in an empty folder against the stand-in."""

from pathlib import Path

import httpx
import pytest

from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support.connect_page import ConnectPage, empty_folder

PLACE, APP, DIVISION = "https://start.exactonline.nl", "client_id: ...", "division: 123456"


def consent(connection: str) -> str:
    """What a person pastes who opened the link and allowed it: where the browser ended up."""
    link = say("credentials", "authorize", connection, "--link-only").out.strip()
    return httpx.get(link, follow_redirects=False, timeout=10).headers["location"] + "\n"


def test_the_page_leads_to_a_connection_that_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty_folder(tmp_path, monkeypatch)
    page = ConnectPage.of("connect-exact.md")
    assert all(one in page.written for one in (PLACE, APP, DIVISION))
    with Sandbox(SandboxOptions()) as sandbox:
        login = sandbox.logins()["exact"]
        written = page.written.replace(PLACE, sandbox.addresses()["exact"])
        written = written.replace(APP, f"client_id: {login['client_id']}")
        written = written.replace(DIVISION, f"division: {login['division']}")
        secrets = {f"exact_nl_{name}": login[name] for name in ("client_secret", "webhook_secret")}
        said = page.follow(written, secrets, ask={"authorize": consent})
        assert said[-1].endswith("All is well.\n"), said
        assert not [one for one in said for secret in secrets.values() if secret in one]
