"""Scenes for end-to-end tests: a sandbox without faults, a deployment over it, and orders in the books."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ml_connector.composition import Deployment
from ml_connector.config.partners import Partner
from ml_connector.flows import pipeline
from ml_connector.flows.core.belonging import recognise
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.names import naming
from ml_connector.ledger.search import queries
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.books.orders import add_quantity, order_changed
from ml_connector.sandbox.server import Sandbox
from ml_connector_tests.support.deployment import INTEGRATION, Bench, open_bench
from ml_connector_tests.support.warmed import begin_warm

#: The sandbox's units as X12 has them (orders_out.units in connections.yaml).
UNITS = {"pc": "EA", "box": "BX", "m": "MR", "kg": "KG"}


@dataclass
class Scene:
    """One deployment, its sandbox, and a worker that is alive."""

    bench: Bench
    deployment: Deployment
    integration: Integration
    work: RunScope

    @property
    def sandbox(self) -> Sandbox:
        return self.bench.sandbox

    @property
    def world(self) -> Any:
        assert self.sandbox.partner is not None
        return self.sandbox.partner

    def inbound(self, **work: Any) -> dict[str, StepReport]:
        """Run the inbound steps once; reports by step."""
        return self._run(pipeline.INBOUND, work)

    def outbound(self, **work: Any) -> dict[str, StepReport]:
        return self._run(pipeline.OUTBOUND, work)

    def _run(self, steps: Any, work: Mapping[str, Any]) -> dict[str, StepReport]:
        changed = RunScope(**{**self.work.__dict__, **work})
        return {report.step: report for report in pipeline.run(self.integration, changed, steps)}

    def orders(self, count: int = 1, *, received: bool = True, supplier: str = "20011", **more: Any) -> list[Any]:
        """Approved orders, as their facts; received in full unless told otherwise."""

        def make() -> list[Any]:
            made = user.create_orders(self.sandbox.exact, count, suppliers=(supplier,), **more)
            for order in made if received else ():
                self._receive(order)
            return [user.order_facts(self.sandbox.exact, order) for order in made]

        return self.sandbox.call(make)

    def receive(self, orders: list[Any]) -> None:
        """The goods of orders come in full."""

        def make() -> None:
            for facts in orders:
                self._receive(user.order_by_number(self.sandbox.exact.main, int(facts["number"])))

        self.sandbox.call(make)

    def _receive(self, order: Any) -> None:
        for line in user.lines_of(self.sandbox.exact, order):
            add_quantity(self.sandbox.exact.main, line, "ReceivedQuantity", line["QuantityInPurchaseUnits"])
        order_changed(self.sandbox.exact.main, order)

    def invoice(self, orders: list[Any], behaviour: Mapping[str, Any] | None = None, **options: Any) -> list[str]:
        """810 files for these orders in their partner's folder; the invoice numbers."""
        rows = [
            {**facts, "lines": [{**line, "unit": UNITS[line["unit"]]} for line in facts["lines"]]} for facts in orders
        ]
        options.setdefault("ordered", True)
        files = self.sandbox.call(self.world.invoice_files, rows, behaviour=behaviour, **options)
        return [document.number for file in files for document in file.documents]

    def posted(self) -> list[dict[str, Any]]:
        """What stands in the books: purchase invoices."""
        return list(self.sandbox.exact.main.table("purchase/PurchaseInvoices"))

    def documents(self, flow: str = "", **wanted: Any) -> list[DocumentRow]:
        from ml_connector.ledger.work import documents

        with self.deployment.ledger.read() as tx:
            page = queries.list_documents(
                tx, queries.DocumentFilter(flows=(flow,) if flow else (), **wanted), limit=1000
            )
            return documents.get_many(tx, [row.id for row in page.rows])


@contextmanager
def scene(home: Path, **options: Any) -> Iterator[Scene]:
    """A fresh scene over the default SQLite ledger, or `ledger_url`."""
    with open_bench(home, **options) as bench, bench.open() as deployment:
        integration = deployment.integration(INTEGRATION)
        with worker(deployment.ledger) as lease:
            begin_warm(bench.sandbox, deployment, integration)
            yield Scene(bench, deployment, integration, RunScope(holder=lease.name, actor="test"))


def with_partners(integration: Integration, files: Mapping[str, Partner]) -> Integration:
    """The integration with other partner files, recognised as the next process recognises them."""
    was = integration.belonging
    with integration.ledger.read() as tx:
        known = naming.counterparties(tx, was.books)
    keys = {one.name: one.key for one in recognise(integration.name, files, known)}
    return replace(integration, partners=files, settle=lambda: replace(was, keys=keys))
