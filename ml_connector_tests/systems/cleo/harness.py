"""Cleo for the mailbox contract: the folders of one partner."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ml_connector.flows.core.ports import Mailbox
from ml_connector.sandbox.cleo.state import SERVICE_PASSWORD
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.contracts.mailbox_harness import MailboxHarness
from ml_connector_tests.credentials.sandboxes import Cleo, cleo_sandbox

#: Method and path by what is done.
CALLS = {
    "list": ("GET", "/api/f*/files"),
    "fetch": ("GET", "*/content"),
    "put": ("POST", "/api/f*"),
    "dispose": ("DELETE", "/api/f*"),
}


class CleoHarness(MailboxHarness):
    """For a mailbox user `inbox` is for download and `outbox` for upload (cleo 5)."""

    inbox, outbox, missing = "/NORTHWIND/inbox", "/NORTHWIND/outbox", "/NOBODY/inbox"
    policies = ("delete", "move")
    move_to = "/NORTHWIND/processed"
    secrets = (SERVICE_PASSWORD,)

    def __init__(self, cleo: Cleo) -> None:
        self.cleo = cleo

    def network(self, **settings: Any) -> Mailbox:
        return self.cleo.mailbox(**settings)

    def put(self, name: str, data: bytes) -> None:
        folder = self.cleo.state.inbox("NORTHWIND")
        self.cleo.sandbox.call(self.cleo.state.deliver, folder, name, data)

    def lying(self) -> Mapping[str, bytes]:
        return self._contents(self.inbox)

    def sent(self) -> Mapping[str, bytes]:
        return self._contents(self.outbox)

    def _contents(self, path: str) -> Mapping[str, bytes]:
        files = self.cleo.sandbox.call(lambda: list(self.cleo.state.folders.folder(path).files))
        assert all(count == 1 for count in Counter(file.name for file in files).values())
        return {file.name: b"".join(file.content.chunks(file.content.size)) for file in files}

    def empty(self) -> None:
        self.cleo.sandbox.call(self.cleo.state.folders.clear_files)

    def fault(self, kind: FaultKind, *, doing: str, **more: Any) -> None:
        method, path = CALLS[doing]
        self.cleo.sandbox.faults.add(Fault(kind, "cleo", method, path, **more))

    def clear_faults(self) -> None:
        self.cleo.sandbox.faults.clear()


@contextmanager
def mailbox_harness(folder: Path) -> Iterator[CleoHarness]:
    with cleo_sandbox(folder) as cleo:
        yield CleoHarness(cleo)
