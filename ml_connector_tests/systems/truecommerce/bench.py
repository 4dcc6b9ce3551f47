"""A simulated TrueCommerce on a real socket, and networks over it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml_connector.clock import FileClock
from ml_connector.credentials.secrets import Secret
from ml_connector.flows.core.ports import RemoteFile
from ml_connector.sandbox.faults import Fault, FaultKind, FaultPlan
from ml_connector.sandbox.journal import Journal
from ml_connector.sandbox.sftp.tree import File, Tree
from ml_connector.sandbox.truecommerce.service import TrueCommerce, TrueCommerceOptions
from ml_connector.sandbox.truecommerce.state import COMPANY, PASSWORD, USER
from ml_connector.systems.sftp.hostkeys import Pin, pin_from
from ml_connector.systems.sftp.login import Login
from ml_connector.systems.sftp.pool import SessionPool
from ml_connector.systems.truecommerce.mailbox import TrueCommerceMailbox
from ml_connector.systems.truecommerce.settings import TrueCommerceConnection

NAME = "tc_prod"


@dataclass
class Bench:
    """The server with its state, and short ways to what tests look at."""

    clock: FileClock
    journal: Journal
    faults: FaultPlan
    service: TrueCommerce
    port: int
    networks: list[TrueCommerceMailbox] = field(default_factory=list)

    def settings(self, **changes: Any) -> TrueCommerceConnection:
        values: dict[str, Any] = {
            "system": "truecommerce",
            "host": "127.0.0.1",
            "port": self.port,
            "username": USER,
            "password": {"env": "UNUSED"},
            "root_prefix": "/0123456789",
            "company_folder": COMPANY,
            "host_key_fingerprint": self.service.state.fingerprint,
            "timeout_seconds": 10,
        }
        return TrueCommerceConnection(**{**values, **changes})

    def network(
        self,
        *,
        password: str | None = PASSWORD,
        private_key: str | None = None,
        passphrase: str | None = None,
        pin: Callable[[], Pin] | None = None,
        **changes: Any,
    ) -> TrueCommerceMailbox:
        """A network over this server. pin: in place of the configured fingerprint."""
        settings = self.settings(**changes)
        login = Login(
            NAME,
            settings,
            secret(password),
            secret(private_key),
            secret(passphrase),
            pin or (lambda: pin_from(settings.host_key_fingerprint, None)),
        )
        made = TrueCommerceMailbox(NAME, settings, SessionPool(login), self.clock)
        self.networks.append(made)
        return made

    def fault(self, kind: FaultKind, method: str, path: str = "*", **more: Any) -> Fault:
        made = Fault(kind, "truecommerce", method, path, **more)
        self.faults.add(made)
        return made

    @property
    def tree(self) -> Tree:
        return self.service.state.tree

    def exported(self) -> dict[str, bytes]:
        return self._contents(self.service.state.export_path)

    def imported(self) -> dict[str, bytes]:
        """What lies in Import."""
        return self._contents(self.service.state.import_path)

    def _contents(self, folder: str) -> dict[str, bytes]:
        now = self.clock.now()
        return {name: file.read(0, file.size(now), now) for name, file in self.tree.files(folder)}

    def put(self, name: str, data: bytes, **more: Any) -> File:
        """A file appears in Export."""
        return self.service.state.deliver(name, data, **more)

    def calls(self, method: str) -> int:
        """How many requests of that kind came."""
        return sum(1 for request in self.journal.requests if request.method == method)


def secret(value: str | None) -> Callable[[], Secret] | None:
    return (lambda: Secret(value)) if value is not None else None


def only(files: Any) -> RemoteFile:
    (one,) = files
    assert isinstance(one, RemoteFile)
    return one


def listed(network: TrueCommerceMailbox, channel: str = "Export") -> dict[str, RemoteFile]:
    """A folder's files by name, in the order of the listing."""
    return {file.name: file for file in network.list_files(channel, start=0, limit=100_000).files}


def fetched(network: TrueCommerceMailbox, file: RemoteFile, channel: str = "Export") -> bytes:
    return b"".join(network.fetch(channel, file))


@contextmanager
def open_bench(folder: Path, options: TrueCommerceOptions | None = None) -> Iterator[Bench]:
    """A server on a free port; nothing works in it by itself."""
    clock = FileClock(folder / "clock")
    journal = Journal(clock)
    faults = FaultPlan()
    service = TrueCommerce(clock, journal, faults, options=options)
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    lock = threading.RLock()

    def call(function: Callable[..., Any], *arguments: Any) -> Any:
        with lock:
            return function(*arguments)

    assert service.state.fingerprint
    service.serve(bound, call)
    bench = Bench(clock, journal, faults, service, bound.getsockname()[1])
    try:
        yield bench
    finally:
        for network in bench.networks:
            network.close()
        service.stop()
