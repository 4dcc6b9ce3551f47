"""The demo's stage: sandbox, home folder, credentials, authorization, webhook receiver and Dagster, on free ports."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from ml_connector import own_signals
from ml_connector.clock import FileClock
from ml_connector.composition import CONFIG_VARIABLE, Deployment
from ml_connector.credentials.keys import KEY_FILE_VARIABLE, KEY_VARIABLE, generate_key_file, key_file
from ml_connector.credentials.secrets import Secret
from ml_connector.demo.files import write_deployment
from ml_connector.demo.scenario import PARTNERS
from ml_connector.errors import ConfigError
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.partner.world import WorldOptions
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector.sandbox.truecommerce.manager import ManagerOptions
from ml_connector.sandbox.truecommerce.profiles import FLAT_FORMATS
from ml_connector.sandbox.truecommerce.service import TrueCommerceOptions
from ml_connector.transport.tls import trusted

if TYPE_CHECKING:
    from starlette.applications import Starlette

START_SECONDS = 120
#: Generous limits: the demo shows documents moving, not the sandbox's limits (they are tested elsewhere).
#: What leads to a real deployment; here it leads nowhere.
FOREIGN = ("ML_CONNECTOR_LEDGER_URL", KEY_VARIABLE, KEY_FILE_VARIABLE)
EXACT_LIMITS = ExactOptions(minute_limit=3000, day_limit=100_000)


@dataclass
class Stage:
    """Everything that runs while the demo is on."""

    sandbox: Sandbox
    deployment: Deployment
    home: Path
    environment: Mapping[str, str]
    webhook_url: str
    web_url: str
    ui_url: str = ""
    dagster: subprocess.Popen[bytes] | None = None

    @property
    def pointing(self) -> str:
        """What makes other commands in another terminal work on this deployment; ready to copy."""
        return f"export {CONFIG_VARIABLE}={shlex.quote(self.environment[CONFIG_VARIABLE])}"

    @property
    def log_file(self) -> Path:
        return self.home / "dagster.log"


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def sigterm_ends() -> Iterator[None]:
    """SIGTERM leaves the block as Ctrl-C does, so that what was started is stopped (Dagster has its own session)."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def open_stage(home: Path, *, partners: bool = True) -> Iterator[Stage]:
    """Start the sandbox and the receiver over a fresh home folder, authorized and ready; stop all at the end.

    The deployment is the demo's own, whatever configuration stands in the folder where it is started.
    """
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    with ExitStack() as stack:
        stack.enter_context(sigterm_ends())
        options = SandboxOptions(
            exact=EXACT_LIMITS,
            partner=partners,
            partner_options=WorldOptions(profiles=PARTNERS),
            clock_file=home / "clock",
            truecommerce=TrueCommerceOptions(manager=ManagerOptions(formats=dict(FLAT_FORMATS))),
        )
        sandbox = stack.enter_context(Sandbox(options))
        sandbox.call(sandbox.cleo.set_limits, per_second=None)
        sandbox.call(sandbox.truecommerce.add_suppliers)
        environment = _environment(home, sandbox.addresses())
        stack.enter_context(_environ(environment))
        config = write_deployment(home, environment)
        generate_key_file(key_file(home))
        deployment = stack.enter_context(
            Deployment.open(config, clock=FileClock(Path(sandbox.addresses()["clock_file"])))
        )
        _store_secrets(deployment, sandbox)
        webhook_url = stack.enter_context(_receiver(deployment, int(environment["SANDBOX_WEBHOOK_PORT"])))
        authorize(deployment, "exact_nl")
        web_url = stack.enter_context(_pages(config, int(environment["SANDBOX_WEB_PORT"])))
        stage = Stage(sandbox, deployment, home, environment, webhook_url, web_url)
        yield stage


def _environment(home: Path, addresses: Mapping[str, str]) -> dict[str, str]:
    port, web_port, dagster_port = free_port(), free_port(), free_port()
    sftp = urlsplit(addresses["truecommerce"])
    return {
        "ML_CONNECTOR_HOME": str(home),
        CONFIG_VARIABLE: str(home / "connections.yaml"),
        "ML_CONNECTOR_CLOCK_FILE": addresses["clock_file"],
        "SANDBOX_WEBHOOK_PORT": str(port),
        "SANDBOX_EXACT_URL": addresses["exact"],
        "SANDBOX_CLEO_URL": addresses["cleo"],
        "SANDBOX_ACUMATICA_URL": addresses["acumatica"],
        "SANDBOX_SAGE_INTACCT_URL": addresses["sage_intacct"],
        "SANDBOX_AVIDXCHANGE_URL": addresses["avidxchange"],
        "SANDBOX_AVIDXCHANGE_RATE": "50",
        "SANDBOX_TRUECOMMERCE_HOST": str(sftp.hostname),
        "SANDBOX_TRUECOMMERCE_PORT": str(sftp.port),
        "SANDBOX_TRUECOMMERCE_HOST_KEY": addresses["truecommerce_host_key"],
        "SANDBOX_REDIRECT_URI": f"http://127.0.0.1:{port}/oauth/callback",
        "SANDBOX_WEBHOOK_URL": f"http://127.0.0.1:{port}",
        "SANDBOX_WEB_PORT": str(web_port),
        "SANDBOX_WEB_URL": f"http://127.0.0.1:{web_port}",
        "SANDBOX_DAGSTER_URL": f"http://127.0.0.1:{dagster_port}",
        "SANDBOX_CLEO_RATE": "200",
        "DAGSTER_HOME": str(home / "dagster"),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }


@contextmanager
def _environ(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in (*values, *FOREIGN)}
    os.environ.update(values)
    for name in FOREIGN:
        os.environ.pop(name, None)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _store_secrets(deployment: Deployment, sandbox: Sandbox) -> None:
    """The sandbox's own secrets, which are no secrets, into the credential store."""
    from ml_connector.sandbox.cleo.state import SERVICE_PASSWORD
    from ml_connector.sandbox.truecommerce.state import PASSWORD

    exact, logins = sandbox.options.exact, sandbox.logins()
    acumatica, intacct = logins["acumatica"], logins["sage_intacct"]
    for name, value in (
        ("exact_nl_client_secret", exact.client_secret),
        ("exact_nl_webhook_secret", exact.webhook_secret),
        ("cleo_prod_password", SERVICE_PASSWORD),
        ("tc_prod_password", PASSWORD),
        ("acumatica_client_secret", acumatica["client_secret"]),
        ("acumatica_password", acumatica["password"]),
        ("cleo_foods_password", SERVICE_PASSWORD),
        ("avid_gateway_key", logins["avidxchange"]["gateway_key"]),
        ("avid_password", logins["avidxchange"]["password"]),
        ("intacct_sender_password", intacct["sender_password"]),
        ("intacct_password", intacct["user_password"]),
        ("cleo_machines_password", SERVICE_PASSWORD),
    ):
        deployment.vault.put(name, Secret(value))


@contextmanager
def _receiver(deployment: Deployment, port: int) -> Iterator[str]:
    """The webhook receiver in a thread: it takes notices and hosts the OAuth callback."""
    from ml_connector.web.app import create_app

    with _served(create_app(deployment), port, "The webhook receiver") as address:
        yield address


@contextmanager
def _pages(config: Path, port: int) -> Iterator[str]:
    """The pages in a thread, over a deployment of their own: they go on while the demo adds up its numbers."""
    from ml_connector.web.pages.opening import opened

    with (
        Deployment.open(config) as deployment,
        opened(deployment, local="demo") as app,
        _served(app, port, "The pages") as address,
    ):
        yield address


@contextmanager
def _served(app: "Starlette", port: int, what: str) -> Iterator[str]:
    from ml_connector.web.serve import listen, make_server

    server = make_server(app)
    bound = listen("127.0.0.1", port)
    thread = threading.Thread(target=server.run, args=([bound],), name=what, daemon=True)
    thread.start()
    _wait_for(lambda: server.started, what, 20)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(15)


def authorize(deployment: Deployment, connection: str) -> None:
    """Consent as a person would: open the link; the sandbox consents and redirects to the callback with a code."""
    tokens = deployment.authorization(connection)
    if tokens is None:
        raise ConfigError(f"{connection} needs no consent.")
    answer = httpx.get(tokens.authorize_url(), timeout=30, verify=trusted())
    if answer.status_code not in {302, 303}:
        raise ConfigError(f"The sandbox did not authorize {connection} (status {answer.status_code}).")
    tokens.exchange_pasted(answer.headers["location"])


def start_dagster(stage: Stage) -> None:
    """Webserver, daemon and code server as `make dev` has them, logging to a file in the home folder."""
    dagster_home = Path(stage.environment["DAGSTER_HOME"])
    dagster_home.mkdir(parents=True, exist_ok=True)
    shutil.copy(stage.home / "dagster.yaml", dagster_home / "dagster.yaml")
    environment = {**os.environ, **stage.environment, "PYTHONUNBUFFERED": "1"}
    # By its module: scripts may stand elsewhere than the interpreter.
    dagster = [sys.executable, "-m", "dagster"]
    # Two processes on an empty home would collide making its tables (dagster-practice 10).
    subprocess.run(  # noqa: S603 - our own interpreter
        [*dagster, "instance", "info"],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=stage.home,
    )
    stage.ui_url = stage.environment["SANDBOX_DAGSTER_URL"]
    port = urlsplit(stage.ui_url).port
    log = stage.log_file.open("wb")
    stage.dagster = subprocess.Popen(  # noqa: S603
        own_signals.command([*dagster, "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]),
        env=environment,
        cwd=stage.home,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    _wait_for(lambda: _answers(stage), "the Dagster webserver", START_SECONDS)


def _answers(stage: Stage) -> bool:
    if stage.dagster is not None and stage.dagster.poll() is not None:
        raise ConfigError(f"Dagster ended by itself; see {stage.log_file}.")
    try:
        return httpx.get(f"{stage.ui_url}/server_info", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def stop_dagster(stage: Stage) -> None:
    """End Dagster's processes, all of its group."""
    if stage.dagster is None or stage.dagster.poll() is not None:
        return
    os.killpg(stage.dagster.pid, signal.SIGINT)
    try:
        stage.dagster.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(stage.dagster.pid, signal.SIGKILL)
        stage.dagster.wait(10)


def _wait_for(condition: Callable[[], bool], what: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.1)
    raise ConfigError(f"{what} did not start within {seconds:.0f} seconds.")
