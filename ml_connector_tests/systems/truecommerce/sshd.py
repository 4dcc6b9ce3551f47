"""A real OpenSSH server on a free loopback port, for whoever runs the tests."""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from ml_connector.clock import SystemClock
from ml_connector.credentials.secrets import Secret
from ml_connector.systems.sftp.hostkeys import HostKey, Pin
from ml_connector.systems.sftp.login import Login, host_key_of
from ml_connector.systems.sftp.pool import SessionPool
from ml_connector.systems.sftp.settings import SftpConnection
from ml_connector.systems.truecommerce.mailbox import TrueCommerceMailbox
from ml_connector.systems.truecommerce.settings import TrueCommerceConnection

HOW = (
    "there is no OpenSSH server on this machine: install one (Debian: apt-get install openssh-server) "
    "or put sshd on the PATH"
)
START_SECONDS = 10.0


def find_sshd() -> str | None:
    """Debian keeps it where ordinary users' PATH does not lead."""
    return shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin")


def private_key(kind: str = "ed25519") -> tuple[str, str]:
    """A new key: private text, public line."""
    key = ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(ec.SECP256R1())
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return secret.decode(), public.decode()


@dataclass
class Sshd:
    """The running server. `files`: the folder that the tree stands in, on this machine's disk."""

    folder: Path
    port: int
    login_key: str
    process: subprocess.Popen[bytes] | None = None
    networks: list[TrueCommerceMailbox] = field(default_factory=list)
    #: What stands in its configuration besides: for a server that is set up in another way.
    more: tuple[str, ...] = ()

    @property
    def files(self) -> Path:
        return self.folder / "files"

    @property
    def export(self) -> Path:
        return self.files / "IntegrationFTP/Export/Voltwerk & Sons/Transaction"

    @property
    def imports(self) -> Path:
        return self.files / "IntegrationFTP/Import/Voltwerk & Sons/Transaction"

    def network(self, *, pin: HostKey | None = None, **changes: Any) -> TrueCommerceMailbox:
        """A network that has accepted the server's present key, or the one given."""
        values: dict[str, Any] = {
            "system": "truecommerce",
            "host": "127.0.0.1",
            "port": self.port,
            "username": getpass.getuser(),
            "private_key": {"env": "UNUSED"},
            "root_prefix": str(self.files),
            "company_folder": "Voltwerk & Sons",
            "timeout_seconds": 10,
        }
        settings = TrueCommerceConnection(**{**values, **changes})
        accepted = pin or host_key_of("openssh", settings)
        login = Login("openssh", settings, None, lambda: Secret(self.login_key), None, lambda: Pin(accepted))
        network = TrueCommerceMailbox("openssh", settings, SessionPool(login), SystemClock())
        self.networks.append(network)
        return network

    def host_key(self) -> HostKey:
        """The key that it shows now."""
        values = {"system": "sftp", "host": "127.0.0.1", "port": self.port, "username": "u"}
        return host_key_of("openssh", SftpConnection.model_validate({**values, "private_key": {"env": "UNUSED"}}))

    def start(self, kinds: tuple[str, ...] = ("ed25519", "ecdsa")) -> None:
        """Start it with new host keys of those kinds."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd insists, when root starts it
        keys = []
        for kind in kinds:
            path = self.folder / f"host_{kind}"
            path.write_text(private_key(kind)[0])
            path.chmod(0o600)
            keys.append(f"HostKey {path}")
        (self.folder / "sshd_config").write_text(
            "\n".join(
                [
                    f"Port {self.port}",
                    "ListenAddress 127.0.0.1",
                    *keys,
                    f"AuthorizedKeysFile {self.folder / 'authorized'}",
                    "PermitRootLogin prohibit-password",
                    "PasswordAuthentication no",
                    "UsePAM no",
                    "StrictModes no",
                    f"PidFile {self.folder / 'pid'}",
                    "Subsystem sftp internal-sftp",
                    *self.more,
                    "",
                ]
            )
        )
        sshd = find_sshd()
        assert sshd is not None
        command = [sshd, "-D", "-e", "-f", str(self.folder / "sshd_config")]
        log = (self.folder / "log").open("wb")
        with log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            assert self.process is not None
            assert self.process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.02)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        """End the listener; its sessions live on, as they do at a real one."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)
            self.process = None

    def cut_sessions(self) -> None:
        """End the processes of all sessions: connections break."""
        assert self.process is not None
        for child in _children(self.process.pid):
            for grandchild in _children(child):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(grandchild, 9)
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, 9)

    def close(self) -> None:
        for network in self.networks:
            network.close()
        self.stop()


def _children(process: int) -> list[int]:
    """From /proc: the children of a process that we started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == process:
                found.append(int(stat.parent.name))
    return found


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Sshd]:
    """A server over a fresh tree."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    port = bound.getsockname()[1]
    bound.close()
    secret, public = private_key()
    (folder / "authorized").write_text(public + "\n")
    server = Sshd(folder, port, secret)
    for path in (server.export, server.imports):
        path.mkdir(parents=True)
    try:
        server.start()
        yield server
    finally:
        server.close()
