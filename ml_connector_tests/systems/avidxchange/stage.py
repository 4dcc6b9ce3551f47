"""Exact with AvidXchange over a sandbox, for end-to-end tests and for commands."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
import yaml

from ml_connector.composition import Deployment
from ml_connector.errors import ConnectorError
from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.spec import INBOUND, OUTBOUND
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.search import queries
from ml_connector.ledger.tables.documents import document
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.sandbox import registry
from ml_connector.sandbox.avidxchange.desk import Desk
from ml_connector.sandbox.avidxchange.files.exchange import Exchange
from ml_connector.sandbox.avidxchange.options import (
    CLIENT_ID,
    CLIENT_SECRET,
    COMPANY_TOKEN,
    GATEWAY_KEY,
    PASSWORD,
    USER,
    USER_TOKEN,
    AvidOptions,
)
from ml_connector.sandbox.avidxchange.state import AvidState
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector.systems.avidxchange.network import AvidNetwork
from ml_connector_tests.support import clocks
from ml_connector_tests.support.deployment import open_over
from ml_connector_tests.support.warmed import begin_warm

INTEGRATION, CONNECTION = "exact_avidxchange", "avid"
SECRETS = {
    "gateway_key": GATEWAY_KEY,
    "password": PASSWORD,
    "client_secret": CLIENT_SECRET,
    "company_token": COMPANY_TOKEN,
    "user_token": USER_TOKEN,
}
#: What each way to log in needs.
LOGINS: Mapping[str, Mapping[str, Any]] = {
    "dual_bearer": {"gateway_key": "", "username": USER, "password": ""},
    "client_credentials": {"client_id": CLIENT_ID, "client_secret": ""},
    "user_password": {"username": USER, "password": ""},
    "static_tokens": {"company_token": "", "user_token": ""},
}


@dataclass
class Stage:
    """A deployment over a running sandbox, and a worker that is alive."""

    sandbox: Sandbox
    config: Path
    deployment: Deployment
    integration: Integration
    work: RunScope

    @property
    def avid(self) -> AvidState:
        return self.sandbox.avidxchange.state

    @property
    def desk(self) -> Desk:
        return self.sandbox.avidxchange.desk

    @property
    def network(self) -> AvidNetwork:
        found = self.deployment.network(CONNECTION)
        assert isinstance(found, AvidNetwork)
        return found

    @property
    def exchange(self) -> Exchange:
        """What works with the files there, in mode: files."""
        return self.sandbox.avidxchange.exchange

    def night(self) -> None:
        """It takes our files and lays out its own."""
        self.sandbox.call(self.exchange.take)
        self.sandbox.call(self.exchange.give)

    def outbound(self, **work: Any) -> dict[str, StepReport]:
        return self._run(pipeline.steps_of(self.integration.flows, OUTBOUND), work)

    def inbound(self, **work: Any) -> dict[str, StepReport]:
        return self._run(pipeline.steps_of(self.integration.flows, INBOUND), work)

    def rounds(self) -> None:
        """Both directions, each by a worker of its own as runs are; one that breaks off leaves the rest to the next."""
        for each in (self.outbound, self.inbound):
            with suppress(ConnectorError), worker(self.deployment.ledger) as lease:
                each(holder=lease.name)

    def _run(self, steps: Any, work: Mapping[str, Any]) -> dict[str, StepReport]:
        scope = RunScope(**{**self.work.__dict__, **work})
        try:
            return {one.step: one for one in pipeline.run(self.integration, scope, steps)}
        except ConnectorError:
            # The lease of a run ends with it, and so do its claims; here one worker lives on.
            with self.deployment.ledger.write() as tx:
                tx.execute(sa.update(document).where(document.c.claimed_by == scope.holder).values(claimed_by=None))
            raise

    def documents(self, flow: str) -> list[DocumentRow]:
        with self.deployment.ledger.read() as tx:
            page = queries.list_documents(tx, queries.DocumentFilter(flows=(flow,)), limit=1000)
            return documents.get_many(tx, [row.id for row in page.rows])

    def calls(self, path: str = "", method: str = "") -> int:
        """How many calls AvidXchange got, but log-ins."""
        return sum(
            one.system == "avidxchange"
            and path in one.path
            and method in one.method
            and "authorizations" not in one.path
            for one in self.sandbox.journal.requests
        )


def changes(
    addresses: Mapping[str, str], home: Path, flows: Mapping[str, Any] | None = None, **connection: Any
) -> dict[str, Any]:
    """The connection and the integration beside those that ship. connection: settings that differ."""
    login = str(connection.get("login", "dual_bearer"))
    secrets = home / "secrets"
    secrets.mkdir(parents=True, exist_ok=True)
    for name, value in SECRETS.items():
        (secrets / name).write_text(value, encoding="utf-8")
        (secrets / name).chmod(0o600)
    who = {name: value or {"file": str(secrets / name)} for name, value in LOGINS[login].items()}
    reached = {"base_url": addresses["avidxchange"], "requests_per_second": None, **who}
    if connection.get("mode") == "files":
        reached = {"files": {**server_of(addresses, secrets), **connection.pop("files", {})}}
    settings = {"system": "avidxchange", "stable_seconds": 0, "settle_seconds": 1, **reached, **connection}
    integration = {
        "erp": "exact_nl",
        "network": CONNECTION,
        "environment": "production",
        "identity": {"qualifier": "ZZ", "id": "VOLTWERK"},
        "partners": str(home / "avid_partners"),
        "flows": {
            "orders_out": {"enabled": False},
            "invoices_in": {"enabled": False},
            "shipments_in": {"enabled": False},
            "acknowledgments_in": {"enabled": False},
            **(flows or {}),
        },
    }
    return {"connections": {CONNECTION: settings}, "integrations": {INTEGRATION: integration}}


def server_of(addresses: Mapping[str, str], secrets: Path) -> dict[str, Any]:
    """Who logs in where, of mode: files."""
    server = urlsplit(addresses["avidxchange"])
    return {
        "host": server.hostname,
        "port": server.port,
        "username": USER,
        "password": {"file": str(secrets / "password")},
        "host_key_fingerprint": addresses["avidxchange_host_key"],
    }


def write_partner(home: Path) -> None:
    folder = home / "avid_partners"
    folder.mkdir(parents=True, exist_ok=True)
    partner = {
        "name": "avidxchange",
        "title": "AvidXchange",
        "role": "network",
        "channels": {"receive": ["batches"]},
    }
    (folder / "avidxchange.yaml").write_text(yaml.safe_dump(partner), encoding="utf-8")


@contextmanager
def avid_stage(
    home: Path,
    *,
    avid: AvidOptions | None = None,
    flows: Mapping[str, Any] | None = None,
    warm: bool = True,
    ledger_url: str = "",
    partner: bool = False,
    **connection: Any,
) -> Iterator[Stage]:
    """A fresh one. partner: with the partners behind networks of files, and their agenda."""
    home.mkdir(parents=True, exist_ok=True)
    if connection.get("mode") == "files":
        avid = replace(avid or AvidOptions(), mode="files")
    exact = ExactOptions(minute_limit=None, day_limit=None)
    options = SandboxOptions(exact=exact, avidxchange=avid, clock_file=clocks.begin(home / "clock"), partner=partner)
    write_partner(home)
    with Sandbox(options, stand_ins=registry.of("exact", "cleo", "avidxchange")) as sandbox:
        told = changes(sandbox.addresses(), home, flows, **connection)
        with (
            open_over(home, sandbox.addresses(), changes=told, exact=exact, ledger_url=ledger_url) as (config, _),
            Deployment.open(config, clock=sandbox.clock) as deployment,
        ):
            integration = deployment.integration(INTEGRATION)
            with worker(deployment.ledger) as lease:
                if warm:
                    begin_warm(sandbox, deployment, integration)
                yield Stage(sandbox, config, deployment, integration, RunScope(holder=lease.name, actor="test"))
