"""TrueCommerce for the mailbox contract: Export and Import of one company."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ml_connector.flows.core.ports import Mailbox
from ml_connector.sandbox.faults import FaultKind
from ml_connector.sandbox.truecommerce.state import PASSWORD
from ml_connector_tests.contracts.mailbox_harness import MailboxHarness
from ml_connector_tests.systems.truecommerce.bench import Bench, open_bench

#: Requests of SFTP by what is done.
CALLS = {"list": ("LIST",), "fetch": ("READ",), "put": ("WRITE", "RENAME"), "dispose": ("REMOVE",)}


class TrueCommerceHarness(MailboxHarness):
    inbox, outbox, missing = "Export", "Import", "Export/Nobody"
    policies = ("delete",)
    secrets = (PASSWORD,)

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def network(self, **settings: Any) -> Mailbox:
        return self.bench.network(**settings)

    def put(self, name: str, data: bytes) -> None:
        self.bench.put(name, data)

    def lying(self) -> Mapping[str, bytes]:
        return self.bench.exported()

    def sent(self) -> Mapping[str, bytes]:
        return self.bench.imported()

    def empty(self) -> None:
        state = self.bench.service.state
        for folder in (state.export_path, state.import_path):
            self.bench.tree.folder(folder).entries.clear()

    def fault(self, kind: FaultKind, *, doing: str, **more: Any) -> None:
        for method in CALLS[doing]:
            self.bench.fault(kind, method, **more)

    def clear_faults(self) -> None:
        self.bench.faults.clear()


@contextmanager
def mailbox_harness(folder: Path) -> Iterator[TrueCommerceHarness]:
    with open_bench(folder) as bench:
        yield TrueCommerceHarness(bench)
