"""docs/proxy.md, its steps followed word by word on a folder in place of /etc/nginx: Anna logs in."""

import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support.deployment import INTEGRATION
from ml_connector_tests.support.followed_page import FollowedPage
from ml_connector_tests.web import proxied

pytestmark = [
    pytest.mark.skipif(proxied.find_nginx() is None, reason="there is no nginx on this machine: .ci/run installs it"),
    pytest.mark.skipif(shutil.which("htpasswd") is None, reason="htpasswd is not here: .ci/run installs apache2-utils"),
]
PASSWORD = "correct horse"


def steps(page: FollowedPage) -> list[str]:
    """The numbered steps, with what stands below them."""
    section = page.text.partition("## Set it up\n")[2].partition("\n## ")[0]
    return re.split(r"^\d\. ", section, flags=re.MULTILINE)[1:]


def files_in(step: str) -> list[tuple[str, str]]:
    """What a step tells to put where."""
    return re.findall(r"`(deploy/[\w.-]+)` to `/etc/nginx/([\w./-]+)`", step)


def test_its_steps_let_anna_in_and_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ML_CONNECTOR_CONFIG", raising=False)
    page = FollowedPage("proxy.md", {"purchasing": INTEGRATION})
    _, site, groups, users, _, start = steps(page)
    page.named("ml-connector init --production")
    etc = tmp_path / "etc"
    ours = etc / "ml-connector"
    for folder in (etc / "conf.d", ours):
        folder.mkdir(parents=True)

    for one, where in [*files_in(site), *files_in(groups)]:
        shutil.copy(tmp_path / one, etc / where)
    conf = etc / "conf.d" / "ml-connector.conf"
    text = conf.read_text(encoding="utf-8")
    assert text.count("server_name connector.example.com;") == 2, "the name to put one's own in place of"
    assert "`certificate.key`" in site
    proxied.certificate(ours)
    with (ours / "groups").open("a", encoding="utf-8") as file:
        file.write('anna "ap-clerks,viewers";\n')  # as its comment shows it

    (line,) = re.findall(r"`(htpasswd [^`]+)`", users)
    run(line.replace("/etc/nginx", str(etc)), given=f"{PASSWORD}\n{PASSWORD}\n")
    run(line.replace("/etc/nginx", str(etc)).replace(" -c", "").replace(" anna", " bob"), given="other\nother\n")
    assert "without `-c`" in users

    config = tmp_path / "connections.yaml"
    block = re.findall(r"```yaml\n(.*?)```", page.text, re.DOTALL)[0]
    written = "\n".join(row.removeprefix("   ") for row in block.splitlines()).replace("purchasing", INTEGRATION)
    config.write_text(config.read_text(encoding="utf-8") + f"\n{written}\n", encoding="utf-8")
    say("credentials", "generate-key")
    checked = say("check", "--offline", "--json")
    assert checked.code != 2, f"the settings are right: {checked.err}"

    assert all(f"`{one}`" in start for one in ("nginx -t", "systemctl reload nginx"))
    with (
        proxied.echo() as pages,
        proxied.in_front(ours, conf.read_text(encoding="utf-8"), {8790: pages.port}) as address,
    ):
        assert asked(address, "anna", PASSWORD).status_code == 204
        path, headers = pages.asked[-1]
        assert (path, headers["x-forwarded-user"], headers["x-forwarded-groups"]) == ("/", "anna", "ap-clerks,viewers")
        assert asked(address, "bob", "other").status_code == 204
        assert pages.asked[-1][1].get("x-forwarded-groups", "") == "", "he is in no group"
        for name, password in (("anna", "wrong"), ("carl", PASSWORD)):
            assert asked(address, name, password).status_code == 401


def run(line: str, given: str) -> None:
    """A command that asks at the terminal: without one it reads what is given."""
    done = subprocess.run(
        ["sh", "-ec", line],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def asked(address: str, name: str, password: str) -> httpx.Response:
    """What somebody gets who asks for the pages."""
    return httpx.get(f"{address}/", verify=False, auth=(name, password), timeout=60, trust_env=False)
