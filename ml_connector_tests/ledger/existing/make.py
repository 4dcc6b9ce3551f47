"""Makes the existing ledger again: `python -m ml_connector_tests.ledger.existing.make FOLDER`, with the program that it
is to come from. What is checked in was made by the last program of schema 0003; a later one makes another.
"""

import lzma
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from ml_connector.composition import Deployment
from ml_connector.credentials.secrets import Secret
from ml_connector.flows import monitoring, operator_actions, pipeline
from ml_connector.flows.concurrent import Step
from ml_connector.flows.core.integration import Integration, RunScope
from ml_connector.flows.inbound import parsing, receiving
from ml_connector.flows.invoices_in import invoices
from ml_connector.flows.orders_out import order_resolving, orders
from ml_connector.flows.outbound import rendering
from ml_connector.flows.reference.syncing import warm_up
from ml_connector.ledger.audit import chain_heads
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.search import queries
from ml_connector.ledger.work import documents, operations
from ml_connector.ledger.work.documents import Move
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.books.orders import add_quantity, order_changed
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.server import Sandbox
from ml_connector.sandbox.truecommerce.state import PASSWORD
from ml_connector_tests.flows.scenes import UNITS
from ml_connector_tests.ledger.existing.scenes import configuration, sandbox_of_then
from ml_connector_tests.support.deployment import INTEGRATION, open_over
from ml_connector_tests.systems.truecommerce import stage as truecommerce


def make(folder: Path) -> None:
    """Play the story and put ledger.db.xz and chain-heads.jsonl in the folder."""
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        truecommerce.write_partners(home, {})
        with (
            sandbox_of_then(home) as sandbox,
            open_over(home, sandbox.addresses(), changes=configuration(sandbox, home)) as (config, _),
            Deployment.open(config, clock=sandbox.clock) as deployment,
            worker(deployment.ledger) as lease,
        ):
            deployment.vault.put("tc_prod_password", Secret(PASSWORD))
            _play(sandbox, deployment, RunScope(holder=lease.name, actor="worker"))
        _pack(home, folder)


def _play(sandbox: Sandbox, deployment: Deployment, work: RunScope) -> None:
    cleo, other = deployment.integration(INTEGRATION), deployment.integration(truecommerce.INTEGRATION)
    for integration in (cleo, other):
        warm_up(integration)
    for turn in range(5):
        for integration in (cleo, other):
            pipeline.run(integration, work, pipeline.OUTBOUND)
        sandbox.clock.move(30)
        sandbox.call(_world(sandbox).flush)
        sandbox.call(sandbox.truecommerce.manager.flush)
        for integration in (cleo, other):
            pipeline.run(integration, work, pipeline.INBOUND)
        if turn in {1, 4}:
            chain_heads.export_heads(deployment.ledger, deployment.heads_file)
    _changes(sandbox, cleo, work)
    _unanswered(sandbox, cleo, work)
    _in_doubt(sandbox, cleo, work)
    _given_up(cleo, work)
    chain_heads.export_heads(deployment.ledger, deployment.heads_file)
    _left_half_way(sandbox, cleo, work)


def _world(sandbox: Sandbox) -> Any:
    assert sandbox.partner is not None
    return sandbox.partner


def _create(sandbox: Sandbox, count: int, seed: int) -> list[dict[str, Any]]:
    def create() -> list[dict[str, Any]]:
        made = user.create_orders(sandbox.exact, count, seed=seed, suppliers=("20011",))
        return [user.order_facts(sandbox.exact, order) for order in made]

    return sandbox.call(create)


def _changes(sandbox: Sandbox, cleo: Integration, work: RunScope) -> None:
    """A change of an order by the buyer, another by the supplier, and a cancelled order."""
    silent = {"ship": "never", "invoice": "never"}
    _world(sandbox).behave("NORTHWIND", silent)
    changed, cancelled, _ = _create(sandbox, 3, 11)
    _rounds(sandbox, cleo, work, 2)
    line = changed["lines"][0]["quantity"] + 5
    sandbox.call(user.change_order_line, sandbox.exact, int(changed["number"]), 1, quantity=line)
    sandbox.call(user.cancel, sandbox.exact, int(cancelled["number"]))
    _rounds(sandbox, cleo, work, 2)
    _world(sandbox).behave("NORTHWIND", {"confirm": "change", "quantity_percent": "80", **silent})
    _create(sandbox, 1, 12)
    _rounds(sandbox, cleo, work, 3)


def _unanswered(sandbox: Sandbox, cleo: Integration, work: RunScope) -> None:
    """Orders that nobody answers: overdue, and one that still may be answered."""
    _world(sandbox).behave(
        "NORTHWIND", {"acknowledge": "never", "confirm": "never", "ship": "never", "invoice": "never"}
    )
    _create(sandbox, 2, 13)
    _rounds(sandbox, cleo, work, 1)
    sandbox.clock.move(49 * 3600)
    monitoring.mark_overdue(cleo, work)
    _create(sandbox, 2, 14)
    _rounds(sandbox, cleo, work, 1)


def _in_doubt(sandbox: Sandbox, cleo: Integration, work: RunScope) -> None:
    """An upload that never arrived, and nobody knows."""
    _create(sandbox, 1, 15)
    sandbox.faults.add(Fault(FaultKind.RESET_BEFORE, system="cleo", method="POST", path="*/files"))
    _rounds(sandbox, cleo, work, 2)


def _given_up(cleo: Integration, work: RunScope) -> None:
    held = next(row for row in _of(cleo, S.QUARANTINED) if row.flow == "invoices_in")
    operator_actions.discard(cleo, work, held, "the supplier sends another one")


def _left_half_way(sandbox: Sandbox, cleo: Integration, work: RunScope) -> None:
    """Documents at every step on the way: the program ended there."""
    _create(sandbox, 1, 16)
    pipeline.run(cleo, work, (orders.read, order_resolving.resolve, _render))
    (rendered,) = [row for row in _of(cleo, S.RENDERED) if row.flow == "orders_out"]
    with cleo.ledger.write() as tx:
        documents.move(tx, [Move(rendered.id, S.SENDING, "sending")], work)
        operations.start(tx, [(op.id, None) for op in operations.of_documents(tx, [rendered.id])])
    _create(sandbox, 1, 17)
    pipeline.run(cleo, work, (orders.read, order_resolving.resolve, _render))
    _create(sandbox, 1, 18)
    pipeline.run(cleo, work, (orders.read, order_resolving.resolve))
    _create(sandbox, 1, 19)
    orders.read(cleo, work)
    _invoice(sandbox, 29)
    sandbox.faults.add(Fault(FaultKind.RESET_BEFORE, system="exact", method="POST", path="*/PurchaseInvoices"))
    pipeline.run(cleo, work, pipeline.INBOUND)
    last: tuple[tuple[Step, ...], ...] = ((invoices.match, invoices.code), (invoices.match,), ())
    for seed, steps in enumerate(last, 30):
        _invoice(sandbox, seed)
        pipeline.run(cleo, work, (receiving.receive, parsing.parse, *steps))


def _render(integration: Integration, work: RunScope) -> Any:
    return rendering.render(integration, work, "orders_out")


def _invoice(sandbox: Sandbox, seed: int) -> None:
    """An invoice of an order that was received in full."""

    def create() -> None:
        (made,) = user.create_orders(sandbox.exact, 1, seed=seed, suppliers=("20012",))
        for line in user.lines_of(sandbox.exact, made):
            add_quantity(sandbox.exact.main, line, "ReceivedQuantity", line["QuantityInPurchaseUnits"])
        order_changed(sandbox.exact.main, made)
        facts = user.order_facts(sandbox.exact, made)
        lines = [{**line, "unit": UNITS[line["unit"]]} for line in facts["lines"]]
        _world(sandbox).invoice_files([{**facts, "lines": lines}], ordered=True)

    sandbox.call(create)


def _rounds(sandbox: Sandbox, cleo: Integration, work: RunScope, count: int) -> None:
    for _ in range(count):
        pipeline.run(cleo, work, pipeline.OUTBOUND)
        sandbox.clock.move(30)
        sandbox.call(_world(sandbox).flush)
        pipeline.run(cleo, work, pipeline.INBOUND)


def _of(owner: Integration, state: S) -> list[DocumentRow]:
    with owner.ledger.read() as tx:
        page = queries.list_documents(tx, queries.DocumentFilter(states=(state,)), limit=1000)
        return documents.get_many(tx, [row.id for row in page.rows])


def _pack(home: Path, folder: Path) -> None:
    with closing(sqlite3.connect(home / "ledger.db")) as database:
        # Nothing of the machine it was made on, and no credential, not even an encrypted one.
        for table in ("credential", "token", "lease"):
            database.execute(f"DELETE FROM {table}")
        database.execute("UPDATE chain_head SET exported_to = 'chain-heads.jsonl'")
        database.commit()
        database.execute("VACUUM INTO ?", (str(home / "packed.db"),))
    (folder / "ledger.db.xz").write_bytes(lzma.compress((home / "packed.db").read_bytes(), preset=9))
    shutil.copy(next(home.glob("*heads*.jsonl")), folder / "chain-heads.jsonl")


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
