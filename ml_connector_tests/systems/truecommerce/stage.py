"""An integration of Exact with TrueCommerce over a sandbox, for end-to-end tests and for commands."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from ml_connector.composition import Deployment
from ml_connector.credentials.secrets import Secret
from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.search import queries
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.sandbox import registry
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.partner.world import WorldOptions
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector.sandbox.truecommerce.flat_files import Format
from ml_connector.sandbox.truecommerce.manager import ManagerOptions
from ml_connector.sandbox.truecommerce.profiles import FLAT_FORMATS, PROFILES
from ml_connector.sandbox.truecommerce.service import TrueCommerceOptions
from ml_connector.sandbox.truecommerce.state import COMPANY, PASSWORD, USER
from ml_connector_tests.support import clocks
from ml_connector_tests.support.deployment import ROOT, open_over
from ml_connector_tests.support.warmed import begin_warm

INTEGRATION, CONNECTION = "exact_truecommerce", "tc_prod"
#: For `partners`: X12 both ways for all of them.
X12_ONLY: dict[str, dict[str, Any]] = {"lumen": {"layouts": {}}}


@dataclass
class Stage:
    """A deployment over a running sandbox, and a worker that is alive."""

    sandbox: Sandbox
    config: Path
    deployment: Deployment
    integration: Integration
    work: RunScope

    def orders(self, count: int, supplier: str = "20021") -> list[str]:
        """Approved orders in the ERP; their numbers."""

        def make() -> list[str]:
            made = user.create_orders(self.sandbox.exact, count, suppliers=(supplier,))
            return [str(user.order_facts(self.sandbox.exact, order)["number"]) for order in made]

        return self.sandbox.call(make)

    def outbound(self) -> dict[str, StepReport]:
        return {one.step: one for one in pipeline.run(self.integration, self.work, pipeline.OUTBOUND)}

    def inbound(self) -> dict[str, StepReport]:
        return {one.step: one for one in pipeline.run(self.integration, self.work, pipeline.INBOUND)}

    def play(self, rounds: int = 6) -> None:
        """Let both sides work until nothing moves."""
        for _ in range(rounds):
            self.outbound()
            self.sandbox.clock.move(30)
            self.sandbox.call(self.sandbox.truecommerce.manager.flush)
            self.inbound()

    def documents(self, flow: str) -> list[DocumentRow]:
        with self.deployment.ledger.read() as tx:
            page = queries.list_documents(tx, queries.DocumentFilter(flows=(flow,)), limit=1000)
            return documents.get_many(tx, [row.id for row in page.rows])


def changes(addresses: Mapping[str, str], home: Path, **connection: Any) -> dict[str, Any]:
    """The second connection and integration beside those that ship."""
    parts = urlsplit(addresses["truecommerce"])
    settings = {
        "system": "truecommerce",
        "host": parts.hostname,
        "port": parts.port,
        "username": USER,
        "password": {"store": "tc_prod_password"},
        "root_prefix": "/0123456789",
        "company_folder": COMPANY,
        "host_key_fingerprint": addresses["truecommerce_host_key"],
        "stable_seconds": 0,
        "after_read": "delete",
    }
    coding = {
        "charge_items": {"D240": "FREIGHT"},
        "charge_accounts": {"D240": "4400"},
        "vat": [{"percent": "21", "code": "2"}],
    }
    integration = {
        "erp": "exact_nl",
        "network": CONNECTION,
        "environment": "production",
        "identity": {"qualifier": "ZZ", "id": "VOLTWERK"},
        "partners": str(home / "truecommerce_partners"),
        "flows": {
            "orders_out": {"units": {"pc": "EA", "box": "BX", "m": "MR", "kg": "KG"}},
            "invoices_in": {"mode": "auto", "journal": "60", "coding": coding},
        },
    }
    return {
        "connections": {CONNECTION: {**settings, **connection}},
        "integrations": {INTEGRATION: integration},
    }


def write_partners(home: Path, partners: Mapping[str, Mapping[str, Any]]) -> None:
    """The shipped partners, with settings that differ, by name."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copytree(ROOT / "partners" / INTEGRATION, home / "truecommerce_partners")
    for name, settings in partners.items():
        file = home / "truecommerce_partners" / f"{name}.yaml"
        raw = yaml.safe_load(file.read_text(encoding="utf-8")) | settings
        file.write_text(yaml.safe_dump(raw), encoding="utf-8")


@contextmanager
def open_stage(
    home: Path,
    *,
    truecommerce: TrueCommerceOptions | None = None,
    options: Mapping[str, Any] | None = None,
    partners: Mapping[str, Mapping[str, Any]] | None = None,
    **connection: Any,
) -> Iterator[Stage]:
    """Sandbox, deployment and worker; `connection`, `partners` (by name): settings that differ."""
    write_partners(home, partners or {})
    exact = ExactOptions(minute_limit=None, day_limit=None)
    made = SandboxOptions(
        exact=exact, clock_file=clocks.begin(home / "clock"), truecommerce=truecommerce or quick(), **(options or {})
    )
    with Sandbox(made, stand_ins=registry.of("exact", "cleo", "truecommerce")) as sandbox:
        sandbox.call(sandbox.truecommerce.add_suppliers)
        addresses = sandbox.addresses()
        with (
            open_over(home, addresses, changes=changes(addresses, home, **connection), exact=exact) as (config, _),
            Deployment.open(config, clock=sandbox.clock) as deployment,
            worker(deployment.ledger) as lease,
        ):
            deployment.vault.put("tc_prod_password", Secret(PASSWORD))
            integration = deployment.integration(INTEGRATION)
            begin_warm(sandbox, deployment, integration, "with suppliers")
            yield Stage(sandbox, config, deployment, integration, RunScope(holder=lease.name, actor="test"))


def quick(formats: Mapping[str, Format] = FLAT_FORMATS) -> TrueCommerceOptions:
    """Partners that answer; orders that come through this network only; one of them with flat files."""
    manager = ManagerOptions(formats=dict(formats))
    return TrueCommerceOptions(partner_options=WorldOptions(profiles=PROFILES), manager=manager)
