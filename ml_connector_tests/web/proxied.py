"""The processes that stand behind one another in `deploy/nginx.conf`, on free ports."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from configparser import ConfigParser
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ml_connector_tests.cli.test_production import free_port
from ml_connector_tests.support.deployment import ROOT

#: People as nginx knows them, and their groups.
GROUPS = {"vera": "viewers", "clara": "ap-clerks", "carl": "ap-clerks,viewers", "otto": "operators", "nora": ""}
PASSWORDS = {name: f"password of {name}" for name in GROUPS}
START_SECONDS = 240
MAIN = """
pid {folder}/nginx.pid; error_log {folder}/error.log; daemon off; worker_processes 1; {user}
events {{}}
http {{ access_log off; {places} include {folder}/site.conf; }}
"""


def find_nginx() -> str | None:
    """Debian keeps it where only root looks."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


@contextmanager
def nginx(folder: Path, ports: Mapping[int, int]) -> Iterator[str]:
    """The shipped file with these ports in place of its own; the address that people reach."""
    folder.mkdir()
    site = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    shipped_groups = (ROOT / "deploy" / "nginx-groups").read_text(encoding="utf-8")
    groups = [f'{name} "{some}";' for name, some in GROUPS.items() if some]
    (folder / "groups").write_text("\n".join([shipped_groups, *groups, ""]), encoding="utf-8")
    users = [f"{name}:{{PLAIN}}{password}" for name, password in PASSWORDS.items()]
    (folder / "users").write_text("\n".join(users), encoding="utf-8")
    certificate(folder)
    with in_front(folder, site, ports) as address:
        yield address


@contextmanager
def in_front(folder: Path, site: str, ports: Mapping[int, int]) -> Iterator[str]:
    """nginx with a site on ports of its own; what the site has in /etc/nginx/ml-connector lies in this folder."""
    secure, plain = free_port(), free_port()
    for shipped, here in ports.items():
        assert f"127.0.0.1:{shipped};" in site
        site = site.replace(f"127.0.0.1:{shipped};", f"127.0.0.1:{here};")
    site = site.replace("listen 80;", f"listen 127.0.0.1:{plain};")
    site = site.replace("listen 443 ssl;", f"listen 127.0.0.1:{secure} ssl;")
    assert site.count(f"127.0.0.1:{secure}") == 1
    (folder / "site.conf").write_text(site.replace("/etc/nginx/ml-connector", str(folder)), encoding="utf-8")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    main = MAIN.format(folder=folder, user="user root;" if os.getuid() == 0 else "", places=places)
    (folder / "nginx.conf").write_text(main, encoding="utf-8")
    address = f"https://127.0.0.1:{secure}"
    command = [str(find_nginx()), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, timeout=60, check=False)
    assert tested.returncode == 0, tested.stderr
    with _running(command, folder, lambda: httpx.get(address, verify=False).status_code == 401):
        yield address


@contextmanager
def dagster(folder: Path, unit: ConfigParser) -> Iterator[int]:
    """A webserver of Dagster as its unit starts it, over a small code location; its port."""
    (folder / "tiny.py").write_text("import dagster as dg\n\n\n@dg.job\ndef nothing(): ...\n", encoding="utf-8")
    (folder / "home").mkdir(exist_ok=True)
    (folder / "home" / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="ascii")
    line = unit["Service"]["ExecStart"]
    port = free_port()
    line = re.sub(r"-p \d+", f"-p {port}", line).replace("-w workspace.yaml", "-f tiny.py")
    program, *options = shlex.split(line)
    command = [str(Path(sys.executable).parent / Path(program).name), *options]
    environment = {**os.environ, "DAGSTER_HOME": str(folder / "home"), "DAGSTER_DISABLE_TELEMETRY": "1"}
    ready = f"http://127.0.0.1:{port}/dagster/server_info"
    with _running(command, folder, lambda: httpx.get(ready).status_code == 200, environment):
        yield port


@contextmanager
def _running(
    command: list[str], folder: Path, ready: Callable[[], bool], environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    said = folder / f"{Path(command[0]).name}.{free_port()}.output"
    with said.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + START_SECONDS
        while not _answers(ready):
            assert process.poll() is None, said.read_text()[-3000:]
            assert time.monotonic() < end, f"it is not ready: {said.read_text()[-3000:]}"
            time.sleep(0.2)
        yield
    finally:
        process.terminate()
        process.wait(60)


def _answers(ready: Callable[[], bool]) -> bool:
    try:
        return ready()
    except httpx.HTTPError:
        return False


@dataclass
class Echo:
    """Stands for the receiver: what it was asked, with the headers that came."""

    port: int
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)


@contextmanager
def echo() -> Iterator[Echo]:
    """Answers everything with 204."""
    known = Echo(0)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(204)
            self.end_headers()

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def certificate(folder: Path) -> None:
    """One that nobody has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "connector.example.com")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "certificate.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
