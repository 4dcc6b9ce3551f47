"""The deployment that a page of the documentation configures, over a sandbox with partners behind Cleo.

Each pair has its page, where its ERP answers and how it is logged in to in `systems/<one>/stage.py`.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.clock import Clock
from ml_connector.composition import CONFIG_VARIABLE, Deployment
from ml_connector.credentials.keys import generate_key_file, key_file
from ml_connector.credentials.secrets import Secret
from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import Integration, RunScope
from ml_connector.flows.core.spec import INBOUND, OUTBOUND
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.search import queries
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.sandbox.cleo.state import SERVICE_PASSWORD
from ml_connector.sandbox.partner.documents.x12 import Segment
from ml_connector.sandbox.partner.profiles import Profile
from ml_connector.sandbox.partner.world import PartnerWorld
from ml_connector.sandbox.server import Sandbox
from ml_connector_tests.support.databases import sqlite_with_tables
from ml_connector_tests.support.pages import yaml_of
from ml_connector_tests.support.warmed import begin_warm

#: What a test makes of the page's settings, and of the files beside them.
Change = Callable[[Path, dict[str, Any]], None]


@dataclass
class PageStage:
    """The deployment, both stand-ins, and a worker that is alive."""

    sandbox: Sandbox
    deployment: Deployment
    integration: Integration
    work: RunScope

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


def page_files(page: Path, *named: str) -> dict[str, str]:
    """What a page tells to write, by file."""
    text = page.read_text(encoding="utf-8")
    assert [name for name in named if f"`{name}`" not in text] == []
    return dict(zip(named, yaml_of(text), strict=True))


def write_files(home: Path, files: Mapping[str, str], connections: Mapping[str, Mapping[str, Any]]) -> Path:
    """A page's files as they stand there, but for where the systems answer: settings by connection."""
    for name, text in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    config = home / "connections.yaml"
    settings: dict[str, Any] = yaml.safe_load(config.read_text(encoding="utf-8"))
    for name, changes in connections.items():
        settings["connections"][name] |= changes
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return config


def cleo_at(addresses: Mapping[str, str]) -> dict[str, Any]:
    """Settings of a mailbox at the stand-in, which has no limits here."""
    return {"base_url": addresses["cleo"], "requests_per_second": None, "stable_seconds": 0}


@contextmanager
def in_its_environment(
    config: Path, sandbox: Sandbox, *, ledger_url: str = "", change: Change | None = None
) -> Iterator[tuple[Path, dict[str, str]]]:
    """The deployment of a configuration over this sandbox, and the environment that leads to it, set here too.

    change: what differs from the page, in the configuration and beside it.
    """
    home = config.parent
    if change is not None:
        settings = yaml.safe_load(config.read_text(encoding="utf-8"))
        change(home, settings)
        config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    environment = {CONFIG_VARIABLE: str(config), "ML_CONNECTOR_CLOCK_FILE": sandbox.addresses()["clock_file"]}
    if ledger_url:
        environment["ML_CONNECTOR_LEDGER_URL"] = ledger_url
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("ML_CONNECTOR_")]:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        generate_key_file(key_file(home / "var"))
        if not ledger_url:
            sqlite_with_tables(home / "var" / "ledger.db")
        yield config, environment


def store_secrets(deployment: Deployment, secrets: Mapping[str, str]) -> None:
    """What a page has typed in; the password of its mailbox, too."""
    for name, value in {**secrets, "cleo_prod_password": SERVICE_PASSWORD}.items():
        deployment.vault.put(name, Secret(value))


@contextmanager
def at_work(
    sandbox: Sandbox, config: Path, name: str, store_logins: Callable[[Deployment, Sandbox], None], clock: Clock
) -> Iterator[tuple[Sandbox, Deployment, Integration, RunScope]]:
    """The deployment opened, logged in, with the master data of the ERP, and a worker that is alive."""
    sandbox.call(sandbox.cleo.set_limits, per_second=None)
    with Deployment.open(config, clock=clock) as deployment, worker(deployment.ledger) as lease:
        store_logins(deployment, sandbox)
        integration = deployment.integration(name)
        begin_warm(sandbox, deployment, integration)
        yield sandbox, deployment, integration, RunScope(holder=lease.name, actor="test")
