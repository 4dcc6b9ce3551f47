"""The connection over real sockets against the stand-in, with a ledger and its stored tokens; waits move time."""

import itertools
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from ml_connector.clock import FileClock
from ml_connector.credentials.resolver import SecretResolver
from ml_connector.credentials.vault import Vault
from ml_connector.flows.core.ports import PlannedOperation, StoredOperation, Written
from ml_connector.ledger.database.store import Ledger
from ml_connector.sandbox.acumatica.options import AcumaticaOptions
from ml_connector.sandbox.acumatica.state import AcumaticaState
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.server import Sandbox
from ml_connector.systems.acumatica.erp import AcumaticaErp
from ml_connector.systems.acumatica.factory import build_acumatica
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.results import Finding
from ml_connector.systems.system import Usage
from ml_connector.transport.shared_limits import LedgerLimits
from ml_connector_tests.sandbox.acumatica.bench import AcumaticaBench

_names = itertools.count(1)


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
class Bench:
    """The stand-in with its own client (`site`), and connections on it."""

    site: AcumaticaBench
    parts: Parts
    folder: Path
    name: str = field(default_factory=lambda: f"acu_{next(_names)}")
    made: list[AcumaticaErp] = field(default_factory=list)

    @property
    def sandbox(self) -> Sandbox:
        return self.site.sandbox

    @property
    def state(self) -> AcumaticaState:
        return self.site.state

    @property
    def options(self) -> AcumaticaOptions:
        return self.site.options

    def settings(self, **more: Any) -> AcumaticaConnection:
        login = self.site.login
        values = {
            "system": "acumatica",
            "base_url": self.site.base,
            "tenant": login["tenant"],
            "branch": "HEADOFFICE",
            "version": "24.200.001",
            "client_id": login["client_id"],
            "client_secret": {"file": self.secret("secret", login["client_secret"])},
            "username": login["username"],
            "password": {"file": self.secret("password", login["password"])},
            "timeout_seconds": 10,
        }
        return AcumaticaConnection.model_validate({**values, **more})

    def secret(self, name: str, value: str) -> str:
        path = self.folder / f"{self.name}-{name}"
        path.write_text(value, encoding="utf-8")
        path.chmod(0o600)
        return str(path)

    def erp(self, **more: Any) -> AcumaticaErp:
        """A connection as another process would have it: all share tokens and leases by the connection's name."""
        made = build_acumatica(self.name, self.settings(**more), self.parts)
        self.made.append(made)
        return made

    def check(self, **more: Any) -> list[Finding]:
        from ml_connector.systems.acumatica.system import SYSTEM

        settings = self.settings(**more)
        erp = self.erp(**more)
        return list(SYSTEM.check(self.name, settings, lambda: erp, self.parts, Usage(integrations={})))

    @property
    def person(self) -> AcumaticaBench:
        """Somebody else who is logged in at the site: takes a seat of its own."""
        if self.site.call("GET", "Vendor/$adHocSchema").status_code == 401:
            self.site.authorize()
        return self.site

    def store(
        self,
        erp: AcumaticaErp,
        planned: PlannedOperation,
        position: int = 0,
        ids: Mapping[int, str] | None = None,
        **more: Any,
    ) -> StoredOperation:
        """An operation as the ledger hands it out for its call."""
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

    def post(self, erp: AcumaticaErp, planned: Sequence[PlannedOperation]) -> list[tuple[StoredOperation, Written]]:
        """Carry out all operations of a document in order."""
        ids: dict[int, str] = {}
        done = []
        for position, operation in enumerate(planned):
            stored = self.store(erp, operation, position, ids)
            written = erp.write(stored)
            ids[position] = written.outside_id
            done.append((stored, written))
        return done

    def rows(self, entity: str, **values: Any) -> list[Record]:
        """What stands in the tenant's books."""
        return [
            row
            for row in self.state.main.table(entity)
            if all(str(row.get(name)) == str(value) for name, value in values.items())
        ]

    def fault(self, kind: FaultKind, **more: Any) -> None:
        self.sandbox.call(self.sandbox.faults.add, Fault(kind, system="acumatica", **more))

    def living(self) -> int:
        """Sessions that hold a seat."""
        return len(self.state.sessions.living())


@contextmanager
def parts_on(sandbox: Sandbox, folder: Path) -> Iterator[Parts]:
    """A ledger with its keys, in the sandbox's time."""
    ledger = Ledger.open(f"sqlite:///{folder / 'ledger.db'}", FileClock(folder / "ledger-clock"))
    keys = [Fernet.generate_key()]
    vault = Vault(ledger, lambda: keys)
    clock = HastyClock(sandbox.clock)
    try:
        yield Parts(ledger, vault, SecretResolver(lambda: vault, folder=folder), clock, LedgerLimits(ledger))
    finally:
        ledger.close()
