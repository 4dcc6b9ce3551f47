"""A connection to an ERP over real sockets against its stand-in, with a ledger of its own; waits move time.

Each ERP has its own in `systems/<one>/bench.py`: its settings, how it is built, what stands in its books.
"""

import itertools
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from cryptography.fernet import Fernet

from ml_connector.clock import FileClock
from ml_connector.credentials.resolver import SecretResolver
from ml_connector.credentials.vault import Vault
from ml_connector.flows.core.ports import PlannedOperation, StoredOperation, Written
from ml_connector.ledger.database.store import Ledger
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.server import Sandbox
from ml_connector.systems import registry
from ml_connector.systems.results import CheckResult
from ml_connector.systems.system import Usage
from ml_connector.transport.shared_limits import LedgerLimits
from ml_connector_tests.support.databases import sqlite_with_tables

_names = itertools.count(1)


class Site(Protocol):
    """The stand-in with a client of its own."""

    @property
    def sandbox(self) -> Sandbox: ...


SiteT = TypeVar("SiteT", bound=Site)
ErpT = TypeVar("ErpT", bound=Any)
BenchT = TypeVar("BenchT", bound="ErpBench[Any, Any]")


class HastyClock:
    """The sandbox's clock, which whoever waits puts forward."""

    def __init__(self, clock: FileClock) -> None:
        self._clock = clock
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self._clock.move(seconds)


@dataclass
class Parts:
    """What a deployment has for every system."""

    ledger: Ledger
    vault: Vault
    secrets: SecretResolver
    clock: HastyClock
    limits: LedgerLimits


@dataclass
class ErpBench(ABC, Generic[SiteT, ErpT]):
    """The stand-in with its own client (`site`), and connections on it."""

    #: The system's name, of its package and of its stand-in.
    system: ClassVar[str]

    site: SiteT
    parts: Parts
    folder: Path
    name: str = field(default_factory=lambda: f"erp_{next(_names)}")
    made: list[ErpT] = field(default_factory=list)

    @abstractmethod
    def settings(self, **more: Any) -> Any:
        """Those of a connection to the stand-in, with these that differ."""

    @abstractmethod
    def build(self, settings: Any) -> ErpT:
        """An ERP over the stand-in by these settings."""

    @abstractmethod
    def begin(self) -> None:
        """Nobody is logged in, whatever a test before left."""

    def end(self) -> None:
        """Options, faults and troubles are as at the beginning; the books stay."""
        self.sandbox.faults.clear()
        self.close()

    @property
    def sandbox(self) -> Sandbox:
        return self.site.sandbox

    def secret(self, name: str, value: str) -> str:
        path = self.folder / f"{self.name}-{name}"
        path.write_text(value, encoding="utf-8")
        path.chmod(0o600)
        return str(path)

    def erp(self, **more: Any) -> ErpT:
        """A connection as another process would have it: all share what is stored, by the connection's name."""
        made = self.build(self.settings(**more))
        self.made.append(made)
        return made

    def check(self, **more: Any) -> list[CheckResult]:
        settings = self.settings(**more)
        erp = self.erp(**more)
        system = registry.find(self.system)
        return list(system.check(self.name, settings, lambda: erp, self.parts, Usage(integrations={})))

    def store(
        self,
        erp: ErpT,
        planned: PlannedOperation,
        position: int = 0,
        ids: Mapping[int, str] | None = None,
        **more: Any,
    ) -> StoredOperation:
        """An operation as the ledger hands it out for its call. ids: what those before it were called, by position."""
        number = next(_names)
        values = {
            "id": number,
            "document_id": number,
            "position": position,
            "kind": planned.kind,
            "key": f"key-{number}/{position}",
            "target": planned.target,
            "payload": planned.payload,
            "attempts": 1,
            "first_attempt_at": None,
            "last_attempt_at": None,
            "looked": 0,
            "state": "in_flight",
            "uses": planned.uses,
            "ref": planned.ref,
        }
        stored = StoredOperation(**{**values, **more})
        return replace(stored, payload=erp.fill(stored, ids or {}))

    def post(self, erp: ErpT, planned: Sequence[PlannedOperation]) -> list[tuple[StoredOperation, Written]]:
        """Carry out all operations of a document in order."""
        ids: dict[int, str] = {}
        done = []
        for position, operation in enumerate(planned):
            stored = self.store(erp, operation, position, ids)
            written = erp.write(stored)
            ids[position] = written.outside_id
            done.append((stored, written))
        return done

    def fault(self, kind: FaultKind, **more: Any) -> None:
        self.sandbox.call(self.sandbox.faults.add, Fault(kind, system=self.system, **more))

    def close(self) -> None:
        """Close every connection that was made."""
        while self.made:
            self.made.pop().close()


@contextmanager
def parts_on(sandbox: Sandbox, folder: Path) -> Iterator[Parts]:
    """A ledger with its keys, in the sandbox's time."""
    ledger = Ledger.open(sqlite_with_tables(folder / "ledger.db"), FileClock(folder / "ledger-clock"))
    keys = [Fernet.generate_key()]
    vault = Vault(ledger, lambda: keys)
    clock = HastyClock(sandbox.clock)
    try:
        yield Parts(ledger, vault, SecretResolver(lambda: vault, folder=folder), clock, LedgerLimits(ledger))
    finally:
        ledger.close()


@contextmanager
def fresh(bench: BenchT) -> Iterator[BenchT]:
    """One test's connections to a stand-in that others use before and after it."""
    bench.begin()
    yield bench
    bench.end()
