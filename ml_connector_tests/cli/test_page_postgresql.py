"""docs/postgresql.md, followed word by word: databases, roles, files, and a deployment at work on them.

What wants root and systemd (a user of the machine, units under way) is not done here: `test_production` starts each
unit by its line, and asks systemd whether it takes them.
"""

import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy.engine import make_url

from ml_connector.composition import Deployment
from ml_connector.demo.stage import authorize
from ml_connector.sandbox import registry
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support import backup_page
from ml_connector_tests.support.connect_page import empty_folder
from ml_connector_tests.support.deployment import ROOT, write_config, write_partners
from ml_connector_tests.support.followed_page import FollowedPage
from ml_connector_tests.support.postgres import Server

pytestmark = pytest.mark.slow
ROLE, RUNS = "ml_connector", "ml_connector_run"
PASSWORD, OTHER = "of the role", "of the one that runs"


@pytest.fixture
def here(postgres_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """What the page's roles and databases are called here, where a server may have them; all are taken away again."""
    monkeypatch.setenv("PATH", backup_page.path_with_tools())
    if shutil.which("createuser") is None:
        pytest.skip("createuser is not installed")
    admin = make_url(postgres_server.admin_url)
    for name, value in {"PGHOST": admin.host, "PGPORT": str(admin.port), "PGUSER": admin.username}.items():
        monkeypatch.setenv(name, str(value))
    if admin.password:
        monkeypatch.setenv("PGPASSWORD", admin.password)
    mine = f"mlc_{uuid.uuid4().hex[:8]}"
    names = [f"{ROLE}_ledger", f"{ROLE}_dagster", RUNS, ROLE]
    yield {name: name.replace(ROLE, mine) for name in names}
    for name in names[:2]:
        shell(f"dropdb --if-exists --force {name.replace(ROLE, mine)}")
    for name in names[2:]:
        shell(f"dropuser --if-exists {name.replace(ROLE, mine)}")


def shell(line: str, given: str = "") -> str:
    """A command; one that asks at the terminal reads what is given."""
    done = subprocess.run(
        ["sh", "-ec", line],
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def blocks(page: FollowedPage) -> list[str]:
    return re.findall(r"^```\n(.*?)^```$", page.text, re.MULTILINE | re.DOTALL)


def called(text: str, here: dict[str, str]) -> str:
    for name, mine in here.items():
        text = re.sub(rf"\b{name}\b", mine, text)
    return text


def filled_in(text: str, here: dict[str, str], folder: Path) -> dict[str, str]:
    """The environment file, with the passwords and this server."""
    values = dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
    url = make_url(called(values["ML_CONNECTOR_LEDGER_URL"], here))
    assert (url.password, url.username) == ("PASSWORD", here[ROLE])
    server = {"host": os.environ["PGHOST"], "port": int(os.environ["PGPORT"])}
    values["ML_CONNECTOR_LEDGER_URL"] = url.set(password=PASSWORD, **server).render_as_string(hide_password=False)
    values |= {"DAGSTER_PG_HOST": os.environ["PGHOST"], "DAGSTER_PG_PORT": os.environ["PGPORT"]}
    values |= {"DAGSTER_PG_PASSWORD": PASSWORD}
    values |= {name: called(values[name], here) for name in ("DAGSTER_PG_USERNAME", "DAGSTER_PG_DB")}
    assert values["ML_CONNECTOR_CONFIG"] == str(folder / "connections.yaml"), "the paths of this installation"
    return values


def read_by_shell(page: FollowedPage, file: Path, values: dict[str, str]) -> dict[str, str]:
    """What a shell has of the file by the page's line."""
    file.write_text("".join(f"{name}='{value}'\n" for name, value in values.items()), encoding="utf-8")
    (line,) = re.findall(r"`(set -a; [^`]+)`", page.text)
    said = shell(f"{line.replace('/etc/ml-connector/environment', str(file))}; env -0")
    return {name: value for name, _, value in (one.partition("=") for one in said.split("\0")) if name in values}


def test_a_deployment_is_set_up_as_the_page_says(
    here: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = FollowedPage("postgresql.md", {})
    commands, grants, init = blocks(page)
    for line in commands.splitlines():
        shell(called(line, here), given=f"{PASSWORD}\n{PASSWORD}\n" if "--pwprompt" in line else "")

    empty_folder(tmp_path, monkeypatch)
    with Sandbox(SandboxOptions(), stand_ins=registry.of("exact", "cleo")) as sandbox:
        sandbox.call(sandbox.cleo.set_limits, per_second=None)
        config = write_config(tmp_path, sandbox.addresses(), {"connections": {"cleo_prod": {"stable_seconds": 0}}})
        write_partners(tmp_path, {})
        page.say(init.strip())
        deploy = tmp_path / "deploy"
        text = (deploy / "environment").read_text(encoding="utf-8")
        values = filled_in(text, here, tmp_path)
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        assert read_by_shell(page, tmp_path / "environment", values) == values
        for line in re.findall(r"`(mkdir [^`]+)`", page.text):
            shell(line.replace("/srv/ml-connector", str(tmp_path)))
        shutil.copy(deploy / "dagster.yaml", Path(os.environ["DAGSTER_HOME"]) / "dagster.yaml")
        shutil.copy(deploy / "workspace.yaml", tmp_path / "workspace.yaml")

        page.named("ml-connector credentials generate-key")
        assert (Path(os.environ["ML_CONNECTOR_HOME"]) / "key").stat().st_mode & 0o777 == 0o600
        page.named("ml-connector ledger upgrade")
        login = sandbox.logins()
        for name, secret in {
            "exact_nl_client_secret": login["exact"]["client_secret"],
            "exact_nl_webhook_secret": login["exact"]["webhook_secret"],
            "cleo_prod_password": login["cleo"]["password"],
        }.items():
            assert say("credentials", "set", name, given=secret).code == 0
        with Deployment.open(config) as deployment:
            authorize(deployment, "exact_nl")
        page.named("ml-connector check")
        assert say("sync", "exact_cleo").code == 0  # from here on orders are new
        sandbox.call(user.create_orders, sandbox.exact, 1, suppliers=("20011",))

        # Who migrates is not who runs.
        (line,) = re.findall(r"`(createuser [^`]+)`", page.text)
        shell(called(line, here), given=f"{OTHER}\n{OTHER}\n")
        owner = make_url(os.environ["ML_CONNECTOR_LEDGER_URL"])
        with psycopg2.connect(owner.render_as_string(hide_password=False)) as connection, connection.cursor() as cursor:
            cursor.execute(called(grants, here))
        connection.close()
        runs = owner.set(username=here[RUNS], password=OTHER).render_as_string(hide_password=False)
        monkeypatch.setenv("ML_CONNECTOR_LEDGER_URL", runs)
        sent = say("sync", "exact_cleo")
        assert sent.code == 0, sent.out + sent.err
        assert say("documents", "list", "--flow", "orders_out", "--json").json["documents"][0]["state"] == "sent"
        assert say("ledger", "verify").code == 0


def test_it_starts_all_units_and_copies_all_files() -> None:
    page = FollowedPage("postgresql.md", {})
    files = {path.name for path in (ROOT / "deploy").iterdir()}
    units = {name.removesuffix(".service") for name in files if name.endswith(".service")}
    started = re.findall(r"`systemctl enable --now ([^`]+)`", page.text)[0].split()
    assert set(started) == units | {"ml-connector.target"}
    assert set(re.findall(r"^\| `(ml-connector-\w+)` \|", page.text, re.MULTILINE)) == units
    named = {f"deploy/{name}" for name in files if not name.startswith(("ml-connector", "nginx"))}
    assert [name for name in named if f"`{name}`" not in page.text] == []
