"""A deployment whose configuration is edited between runs: each run reads it anew, as the program does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ml_connector.composition import Deployment
from ml_connector.demo.stage import authorize
from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.reference.syncing import warm_up
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.search import queries
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.seed import DIVISION, SECOND_DIVISION
from ml_connector_tests.support.deployment import Bench, open_bench

Settings = dict[str, Any]


@dataclass
class Edited:
    """A bench, its configuration, and runs over it."""

    bench: Bench

    def edit(self, change: Callable[[Settings], None]) -> None:
        """Change connections.yaml."""
        path = self.bench.config
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(settings)
        path.write_text(yaml.safe_dump(settings), encoding="utf-8")

    def edit_partner(self, file: Path, **values: Any) -> None:
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
        file.write_text(yaml.safe_dump({**settings, **values}), encoding="utf-8")

    def partner_file(self, name: str, folder: str = "partners") -> Path:
        return self.bench.home / folder / f"{name}.yaml"

    def run(self, integration: str, **work: Any) -> list[StepReport]:
        """Send and receive once, as a process of its own would."""
        with self.bench.open() as deployment, worker(deployment.ledger) as lease:
            one = deployment.integration(integration)
            warm_up(one)
            doing = RunScope(holder=lease.name, actor="test", **work)
            return [*pipeline.run(one, doing, pipeline.OUTBOUND), *pipeline.run(one, doing, pipeline.INBOUND)]

    def order(self, supplier: str = "20011", division: int | None = None, seed: int | None = None) -> str:
        """An approved order in the ERP; its number."""
        state = self.bench.sandbox.exact
        (made,) = self.bench.sandbox.call(
            user.create_orders, state, 1, suppliers=(supplier,), division=division, seed=seed
        )
        return str(made["OrderNumber"])

    def rows(self, **wanted: Any) -> list[DocumentRow]:
        with self.bench.open() as deployment, deployment.ledger.read() as tx:
            page = queries.list_documents(tx, queries.DocumentFilter(**wanted), limit=1000)
            return documents.get_many(tx, [row.id for row in page.rows])

    @contextmanager
    def opened(self) -> Iterator[Deployment]:
        with self.bench.open() as deployment:
            yield deployment

    def integration(self, deployment: Deployment, name: str) -> Integration:
        return deployment.integration(name)


@contextmanager
def edited(home: Path, **options: Any) -> Iterator[Edited]:
    with open_bench(home, **options) as bench:
        yield Edited(bench)


@contextmanager
def two_companies(home: Path, **options: Any) -> Iterator[Edited]:
    """Company 1 with Northwind (`one`, exact_nl) and company 2 with Acme (`two`, exact_two), over one network."""
    with edited(home, **options) as made:
        for number, name in ((1, "northwind"), (2, "acme")):
            (home / f"partners_{number}").mkdir()
            text = made.partner_file(name).read_text(encoding="utf-8")
            made.partner_file(name, f"partners_{number}").write_text(text, encoding="utf-8")

        def both(settings: Settings) -> None:
            exact = settings["connections"]["exact_nl"]
            settings["connections"]["exact_two"] = {**exact, "division": SECOND_DIVISION}
            exact["division"] = DIVISION
            shipped = settings["integrations"].pop("exact_cleo")
            for number, name, erp in ((1, "one", "exact_nl"), (2, "two", "exact_two")):
                own = yaml.safe_load(yaml.safe_dump(shipped))
                settings["integrations"][name] = {**own, "erp": erp, "partners": str(home / f"partners_{number}")}

        made.edit(both)
        with made.opened() as deployment:
            authorize(deployment, "exact_two")
        yield made
