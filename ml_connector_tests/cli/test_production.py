"""`init --production`: systemd units that come with the package; each starts by its line and stops by its signal."""

import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path

import httpx
import pytest

from ml_connector.cli.init import template
from ml_connector.own_signals import command
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support.deployment import ROOT

PACKAGED = ROOT / "ml_connector" / "cli" / "templates" / "production"
UNITS = ("receiver", "code", "webserver", "viewers", "pages", "daemon")
START_SECONDS = 240


def unit(folder: Path, name: str) -> ConfigParser:
    parser = ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(folder / f"ml-connector-{name}.service")
    return parser


def test_deploy_is_what_the_package_carries() -> None:
    names = sorted(path.name for path in PACKAGED.iterdir())
    assert names == sorted(path.name for path in (ROOT / "deploy").iterdir())
    for name in names:
        assert (ROOT / "deploy" / name).read_bytes() == (PACKAGED / name).read_bytes(), name


@pytest.fixture
def production(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that `init --production` has filled."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ML_CONNECTOR_CONFIG", raising=False)
    said = say("init", "--production", "--json")
    assert said.code == 0, said.err
    return tmp_path / "deploy"


def test_the_units_name_this_installation_and_this_folder(production: Path) -> None:
    for name in UNITS:
        service = unit(production, name)["Service"]
        assert Path(shlex.split(service["ExecStart"])[0]).is_file()
        assert service["WorkingDirectory"] == str(production.parent)
    environment = (production / "environment").read_text()
    assert f"ML_CONNECTOR_CONFIG={production.parent / 'connections.yaml'}\n" in environment
    again = say("init", "--production")
    assert again.code == 2
    assert "is there already" in again.err


def test_an_existing_deployment_only_gets_what_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert say("init").code == 0
    before = (tmp_path / "connections.yaml").read_bytes()
    assert say("init", "--production").code == 0
    assert (tmp_path / "connections.yaml").read_bytes() == before
    assert (tmp_path / "deploy" / "ml-connector.target").is_file()


def test_they_stop_in_the_reverse_of_their_order(production: Path) -> None:
    """The daemon first, so that no new run begins; the runs with the code server; the receiver last."""
    after = {name: unit(production, name)["Unit"]["After"].split() for name in UNITS}
    assert "ml-connector-code.service" in after["daemon"]
    assert "ml-connector-webserver.service" in after["daemon"]
    assert "ml-connector-receiver.service" in after["code"]
    assert all(unit(production, name)["Unit"]["PartOf"] == "ml-connector.target" for name in UNITS)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_systemd_takes_the_units(production: Path) -> None:
    files = [str(path) for path in (*production.glob("*.service"), production / "ml-connector.target")]
    checked = subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True, check=False)
    ours = [line for line in checked.stderr.splitlines() if "ml-connector" in line]
    assert (checked.returncode, ours) == (0, [])


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", UNITS)
def test_each_starts_by_its_line_and_stops_by_its_signal(production: Path, name: str) -> None:
    """On the embedded databases; what PostgreSQL changes stands in `deploy/dagster.yaml` alone."""
    folder = production.parent
    for kept in ("connections.yaml", "partners"):
        (shutil.copytree if (ROOT / kept).is_dir() else shutil.copy)(ROOT / kept, folder / kept, **(
            {"dirs_exist_ok": True} if (ROOT / kept).is_dir() else {}
        ))  # fmt: skip
    (folder / "partners" / "exact_cleo" / "example.yaml").unlink()
    home = folder / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text(template("dagster.yaml"))
    shutil.copy(production / "workspace.yaml", folder / "workspace.yaml")
    ports = {"4266": free_port(), "3000": free_port(), "3001": free_port()}
    service = unit(production, name)["Service"]
    line = service["ExecStart"]
    for shipped, free in ports.items():
        line = line.replace(f"-p {shipped}", f"-p {free}")
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("ML_CONNECTOR", "DAGSTER_PG"))},
        "ML_CONNECTOR_CONFIG": str(folder / "connections.yaml"),
        "ML_CONNECTOR_HOME": str(folder / "var"),
        "SANDBOX_WEBHOOK_PORT": str(free_port()),
        "SANDBOX_WEB_PORT": str(free_port()),
        "DAGSTER_HOME": str(home),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "PYTHONUNBUFFERED": "1",
    }
    assert say("credentials", "generate-key", "--config", folder / "connections.yaml").code in (0, 2)
    output = folder / "output"
    with output.open("wb") as log:
        process = subprocess.Popen(
            command(shlex.split(line)), cwd=service["WorkingDirectory"], env=environment, stdout=log,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    ready: dict[str, Callable[[], bool]] = {
        "receiver": lambda: "Listening on" in output.read_text(),
        "code": lambda: loaded(ports["4266"]),
        "webserver": lambda: served(ports["3000"]),
        "viewers": lambda: served(ports["3001"]),
        "pages": lambda: "Pages: " in output.read_text(),
        "daemon": lambda: "Instance is configured with the following daemons" in output.read_text(),
    }
    try:
        until(ready[name], process, output)
        # as systemd does: to all of the group, or to the main process alone
        number = signal.Signals[service["KillSignal"]]
        (os.killpg if service["KillMode"] == "control-group" else os.kill)(process.pid, number)
        # an end by that signal is a clean one to systemd
        assert process.wait(int(service["TimeoutStopSec"])) in (0, -number, 128 + number), output.read_text()[-3000:]
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until(condition: Callable[[], bool], process: "subprocess.Popen[bytes]", output: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, output.read_text()[-3000:]
        try:
            if condition():
                return
        except (httpx.HTTPError, OSError):
            pass
        time.sleep(0.3)
    raise AssertionError(f"it is not ready: {output.read_text()[-3000:]}")


def served(port: int) -> bool:
    """Whether a webserver of Dagster answers under its prefix."""
    return httpx.get(f"http://127.0.0.1:{port}/dagster/server_info", timeout=5).status_code == 200


def loaded(port: int) -> bool:
    """Whether the server behind the proxy has loaded the code location: the proxy itself answers long before."""
    from dagster._core.errors import DagsterUserCodeUnreachableError
    from dagster._grpc.client import DagsterGrpcClient

    try:
        DagsterGrpcClient(port=port).list_repositories()
    except DagsterUserCodeUnreachableError:
        return False
    return True


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
