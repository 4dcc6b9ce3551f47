"""The deployment that docs/integrations/acumatica-cleo.md configures, over a sandbox with partners behind Cleo."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.composition import CONFIG_VARIABLE, Deployment
from ml_connector.credentials.keys import generate_key_file, key_file
from ml_connector.credentials.secrets import Secret
from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import Integration, Work
from ml_connector.flows.core.spec import INBOUND, OUTBOUND
from ml_connector.flows.reference.syncing import warm_up
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.search import queries
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.sandbox.acumatica.options import AcumaticaOptions
from ml_connector.sandbox.acumatica.partners import PROFILES
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.cleo.state import SERVICE_PASSWORD
from ml_connector.sandbox.partner.documents.x12 import Segment
from ml_connector.sandbox.partner.profiles import Profile
from ml_connector.sandbox.partner.world import PartnerWorld, WorldOptions
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.support.databases import sqlite_with_tables
from ml_connector_tests.support.deployment import ROOT
from ml_connector_tests.support.pages import yaml_of

PAGE = ROOT / "docs" / "integrations" / "acumatica-cleo.md"
INTEGRATION, ERP, NETWORK = "acumatica_cleo", "acumatica", "cleo_prod"


def page_files() -> dict[str, str]:
    """What the page tells to write, by file."""
    named = ("connections.yaml", "partners/acumatica_cleo/lonestar.yaml", "partners/acumatica_cleo/hillmart.yaml")
    text = PAGE.read_text(encoding="utf-8")
    assert [f"`{name}`" in text for name in named] == [True] * len(named)
    return dict(zip(named, yaml_of(text), strict=True))


@dataclass
class Stage:
    """The deployment, both stand-ins, and a worker that is alive."""

    sandbox: Sandbox
    deployment: Deployment
    integration: Integration
    work: Work

    @property
    def world(self) -> PartnerWorld:
        assert self.sandbox.partner is not None
        return self.sandbox.partner

    def run(self) -> None:
        """What leaves, then what came, each flow of the deployment once."""
        for direction in (OUTBOUND, INBOUND):
            pipeline.run(self.integration, self.work, pipeline.steps_of(self.integration.flows, direction))

    def play(self, rounds: int = 4) -> None:
        """Both sides work: the deployment, then whoever is behind the mailbox, in turn."""
        for _ in range(rounds):
            self.run()
            self.sandbox.clock.move(30)
            self.sandbox.call(self.world.flush)

    @contextmanager
    def reopened(self) -> Iterator["Stage"]:
        """The deployment as another process opens it."""
        with Deployment.open(clock=self.sandbox.clock) as deployment, worker(deployment.ledger) as lease:
            work = Work(holder=lease.name, actor="test")
            yield Stage(self.sandbox, deployment, deployment.integration(INTEGRATION), work)

    def rows(self, entity: str, **values: str) -> list[Record]:
        """What stands in the tenant's books."""
        return self.sandbox.call(lambda: list(self.sandbox.acumatica.main.table(entity).where(**values)))

    def documents(self, flow: str) -> list[DocumentRow]:
        """Documents of a flow; of all without one."""
        with self.deployment.ledger.read() as tx:
            page = queries.list_documents(tx, queries.DocumentFilter(flows=(flow,) if flow else ()), limit=1000)
            return documents.get_many(tx, [row.id for row in page.rows])

    def taken(self, profile: Profile, kind: str) -> list[list[Segment]]:
        """Sets of a kind that this partner took out of its folder."""
        return [
            one.segments
            for file in self.world.consumer.taken
            if file.folder == f"/{profile.name}/outbox"
            for interchange in file.interchanges
            for group in interchange.groups
            for one in group.sets
            if one.kind == kind
        ]


def write_deployment(home: Path, addresses: dict[str, str]) -> Path:
    """The page's files as they stand there, but for where the two systems answer."""
    for name, text in page_files().items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    config = home / "connections.yaml"
    settings: dict[str, Any] = yaml.safe_load(config.read_text(encoding="utf-8"))
    connections = settings["connections"]
    connections[ERP]["base_url"] = addresses["acumatica"]
    connections[NETWORK] |= {"base_url": addresses["cleo"], "requests_per_second": None, "stable_seconds": 0}
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return config


@contextmanager
def open_stage(home: Path, profiles: Sequence[Profile] = PROFILES) -> Iterator[Stage]:
    """Sandbox, deployment and worker."""
    options = SandboxOptions(
        acumatica=AcumaticaOptions(action_seconds=0),
        clock_file=home / "clock",
        partner_options=WorldOptions(profiles=tuple(profiles)),
    )
    with Sandbox(options) as sandbox, pytest.MonkeyPatch.context() as patch:
        sandbox.call(sandbox.cleo.set_limits, per_second=None)
        config = write_deployment(home, sandbox.addresses())
        for name in [name for name in os.environ if name.startswith("ML_CONNECTOR_")]:
            patch.delenv(name)
        patch.setenv(CONFIG_VARIABLE, str(config))
        generate_key_file(key_file(home / "var"))
        sqlite_with_tables(home / "var" / "ledger.db")
        with Deployment.open(config, clock=sandbox.clock) as deployment, worker(deployment.ledger) as lease:
            login = sandbox.logins()["acumatica"]
            for secret, value in (
                ("acumatica_client_secret", login["client_secret"]),
                ("acumatica_password", login["password"]),
                ("cleo_prod_password", SERVICE_PASSWORD),
            ):
                deployment.vault.put(secret, Secret(value))
            integration = deployment.integration(INTEGRATION)
            warm_up(integration)
            yield Stage(sandbox, deployment, integration, Work(holder=lease.name, actor="test"))
