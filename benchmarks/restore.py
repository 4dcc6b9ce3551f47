"""The restore test (issue 10, bar 2): a ledger is restored to an earlier moment by docs/backup.md.

    .venv/bin/python -m benchmarks.restore --database sqlite --network cleo
    .venv/bin/python -m benchmarks.restore --database postgresql --network truecommerce
    .venv/bin/python -m benchmarks.restore --forget

60 orders are sent and a backup is taken; then 80 more are sent, 60 invoices posted and answered, and 20 orders approved
that have not left; then it is restored. Partners take everything away and say nothing, and drop no repeats. What the
sandbox's own books and the partners' own folders have counts. With --forget what stands outside the database is
restored with it: a person tells of the restore, and raises the numbers. Prints one JSON object.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.databases import ledger_database
from benchmarks.fault_networks import NETWORKS, FaultNetwork
from benchmarks.faults import UNITS
from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.reference.syncing import warm_up
from ml_connector.ledger.coordination.leases import worker
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.books.orders import add_quantity, order_changed
from ml_connector_tests.support import backup_page as page
from ml_connector_tests.support.deployment import Bench

FIRST, LOST, INVOICES, NEW = 60, 80, 60, 20
CONNECTIONS = {"cleo": "cleo_prod", "truecommerce": "tc_prod"}
SILENT = {"acknowledge": "never", "confirm": "never", "ship": "never", "invoice": "never"}


@dataclass
class Stage:
    """A deployment that is restored.

    made: order numbers by when they were made; moments: of backup and stop; outside: what stood beside the database
    when the backup was taken.
    """

    bench: Bench
    side: FaultNetwork
    kind: str
    made: dict[str, list[str]] = field(default_factory=dict)
    invoices: list[str] = field(default_factory=list)
    moments: list[datetime] = field(default_factory=list)
    outside: dict[Path, bytes] = field(default_factory=dict)

    @property
    def world(self) -> Any:
        return self.side.world(self.bench.sandbox)

    def orders(self, when: str, count: int) -> list[dict[str, Any]]:
        sandbox = self.bench.sandbox
        seed = len(self.made) + 1
        made = sandbox.call(user.create_orders, sandbox.exact, count, seed=seed, suppliers=self.side.suppliers)
        self.made[when] = [str(order["OrderNumber"]) for order in made]
        return list(made)

    def invoice(self, orders: list[dict[str, Any]]) -> None:
        """The goods of these orders come in, and their invoices lie in the folders."""
        sandbox = self.bench.sandbox

        def come() -> list[str]:
            for order in orders:
                for line in user.lines_of(sandbox.exact, order):
                    add_quantity(sandbox.exact.main, line, "ReceivedQuantity", line["QuantityInPurchaseUnits"])
                order_changed(sandbox.exact.main, order)
            facts = [user.order_facts(sandbox.exact, order) for order in orders]
            rows = [{**one, "lines": [{**line, "unit": UNITS[line["unit"]]} for line in one["lines"]]} for one in facts]
            files = self.world.invoice_files(rows, ordered=True)
            return [document.number for file in files for document in file.documents]

        self.invoices += sandbox.call(come)

    def sync(self, rounds: int) -> None:
        """The connector as one process of so many runs; the other side goes on meanwhile."""
        sandbox = self.bench.sandbox
        with self.bench.open() as deployment, worker(deployment.ledger) as lease:
            integration = deployment.integration(self.side.integration)
            warm_up(integration)
            work = RunScope(holder=lease.name, actor="restore test")
            for _ in range(rounds):
                pipeline.run(integration, work, pipeline.OUTBOUND)
                sandbox.clock.move(30)
                sandbox.call(sandbox.truecommerce.manager.flush)
                sandbox.call(self.world.flush)
                pipeline.run(integration, work, pipeline.INBOUND)

    def moment(self) -> None:
        """Note the time, between what was before and what comes."""
        self.bench.sandbox.clock.move(600)
        self.moments.append(self.bench.sandbox.clock.now())
        self.bench.sandbox.clock.move(600)

    def states(self) -> dict[str, int]:
        import sqlalchemy as sa

        from ml_connector.ledger.tables.documents import document

        columns = document.c.flow, document.c.state, document.c.reason
        with self.bench.open() as deployment, deployment.ledger.read() as tx:
            rows = tx.execute(sa.select(*columns, sa.func.count()).group_by(*columns)).all()
        return {" ".join(filter(None, (flow, state, reason))): count for flow, state, reason, count in rows}

    def recognised(self) -> int:
        """Writes to the ERP that the ledger took over by our key."""
        import sqlalchemy as sa

        from ml_connector.ledger.tables.documents import operation

        taken_over = sa.and_(operation.c.kind != "upload", operation.c.payload.like('{"recognised"%'))
        with self.bench.open() as deployment, deployment.ledger.read() as tx:
            return int(tx.execute(sa.select(sa.func.count()).where(taken_over)).scalar_one())


def run(database: str, network: str, *, forget: bool = False) -> dict[str, Any]:
    """The whole test; `ok` where everything came once, and all is settled."""
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="ml-connector-restore-"))
    with ExitStack() as stack:
        url = stack.enter_context(ledger_database(database))
        bench = stack.enter_context(NETWORKS[network].opened(folder / "var", url))
        os.environ |= {"PATH": page.path_with_tools(), "LEDGER": url}
        if missing := page.missing_tools(database):
            raise RuntimeError(f"not installed: {missing}")
        here = Path.cwd()
        stack.callback(os.chdir, here)
        os.chdir(folder)
        _set(bench, CONNECTIONS[network])
        stage = Stage(bench, NETWORKS[network], database)
        for name in stage.world.partners:
            bench.sandbox.call(stage.world.behave, name, SILENT)
        _until_the_restore(stage)
        before = _arrived(stage)
        after_restore = _after_the_restore(stage, forget=forget)
        settled = page.settle_all()
        left_open = [name for name in stage.states() if "sent" not in name and name.startswith("orders_out")]
        stage.sync(3)
        result = _judged(stage, before)
    checks = result.pop("checks") | {
        "all 80 were held": after_restore["held"] == LOST,
        "one command settled them": forget or not left_open,
        "the 20 left by themselves": forget or after_restore["new"] == NEW,
    }
    return {
        "ok": all(checks.values()),
        "database": database,
        "network": network,
        "forgotten outside": forget,
        "not right": [name for name, right in checks.items() if not right],
        "checked": len(checks),
        "after restore": after_restore,
        "settled by one command": settled.strip().splitlines(),
        **result,
        "seconds": round(time.monotonic() - began, 1),
        "home": str(folder / "var"),
    }


def _set(bench: Bench, connection: str) -> None:
    """Files that were read stay in the folders, to come again; partners take every file they find."""
    import yaml

    config = yaml.safe_load(bench.config.read_text())
    config["connections"][connection]["after_read"] = "leave"
    bench.config.write_text(yaml.safe_dump(config))
    for file in bench.home.rglob("partners*/**/*.yaml"):
        partner = yaml.safe_load(file.read_text())
        partner.setdefault("orders", {})["deduplicates"] = False
        file.write_text(yaml.safe_dump(partner))


def _until_the_restore(stage: Stage) -> None:
    first = stage.orders("first", FIRST)
    stage.sync(1)
    _export(stage)
    page.back_up(stage.kind)
    stage.outside = {file: file.read_bytes() for file in stage.bench.home.glob("*.jsonl")}
    stage.moment()
    stage.orders("lost", LOST)
    stage.invoice(first[:INVOICES])
    stage.sync(3)
    _export(stage)
    stage.moment()
    stage.orders("new", NEW)


def _after_the_restore(stage: Stage, *, forget: bool) -> dict[str, Any]:
    """Restored by the page, and two runs; what they left and held."""
    page.restore(stage.kind)
    if forget:
        for file in stage.bench.home.glob("*.jsonl"):
            file.unlink()
        for file, content in stage.outside.items():
            file.write_bytes(content)
        page.shell("ml-connector ledger restored")
        page.shell(page.told_at(*stage.moments), code=1)
    told = page.shell("ml-connector ledger restored", code=1).splitlines()[:2]
    stage.sync(2)
    raised = page.raise_stopped_numbers() if forget else []
    arrived = stage.world.consumer.orders()
    return {
        "told": told,
        "held": stage.states().get("orders_out quarantined may_have_left", 0),
        "new": sum(arrived[number] for number in stage.made["new"]),
        "numbers raised by hand": len(raised),
        "states": stage.states(),
    }


def _export(stage: Stage) -> None:
    from ml_connector.ledger.audit import chain_heads

    with stage.bench.open() as deployment:
        chain_heads.export_heads(deployment.ledger, deployment.heads_file)


def _arrived(stage: Stage) -> dict[str, int]:
    """What came to the partners before the restore."""
    return dict(stage.world.consumer.documents())


def _judged(stage: Stage, before: dict[str, int]) -> dict[str, Any]:
    world, made = stage.world, stage.made
    orders = world.consumer.orders()
    invoices = Counter(str(row["YourRef"]) for row in stage.bench.sandbox.exact.main.table("purchase/PurchaseInvoices"))
    files = Counter((one.folder, one.name) for one in world.consumer.taken)
    controls = world.consumer.interchanges()
    summary = world.summary()
    said = json.loads(page.shell("ml-connector ledger verify --json", code=None))
    states = stage.states()
    wanted = {f"850 00 {number}" for numbers in made.values() for number in numbers}
    others = {name for name in world.consumer.documents() if not name.startswith("997")} - wanted
    counts = {f"orders {when} came once": sum(1 for n in made[when] if orders[n] == 1) for when in made}
    checks = {
        "the lost ones had left before": sum(before.get(f"850 00 {n}", 0) for n in made["lost"]) == LOST,
        "orders came once": all(orders[n] == 1 for numbers in made.values() for n in numbers),
        "nothing else came": not others,
        "invoices posted once": invoices == dict.fromkeys(stage.invoices, 1) and len(stage.invoices) == INVOICES,
        "invoices recognised": stage.recognised() == INVOICES,
        "no file name twice": set(files.values()) == {1},
        "no ISA13 twice": set(controls.values()) == {1},
        "no group answered twice": not summary["groups_answered_more_than_once"],
        "the partners' side has no errors": not summary["errors"] and not summary["misdirected"],
        "verify is clean": not said["problems"],
        "every order is sent": states.get("orders_out sent") == FIRST + LOST + NEW,
        "every invoice is posted": states.get("invoices_in posted") == INVOICES,
        "every 997 is sent": all(" sent" in name for name in states if name.startswith("acknowledgments_out")),
        "no repeat was dropped": not world.consumer.repeats,
    }
    return {
        "checks": checks,
        **counts,
        "orders twice": {n: count for n, count in orders.items() if count > 1},
        "other documents": sorted(others)[:10],
        "invoices posted once": sum(1 for n in stage.invoices if invoices[n] == 1),
        "invoices recognised as ours": stage.recognised(),
        "files": len(files),
        "files or ISA13 twice": [str(key) for key, count in (*files.items(), *controls.items()) if count > 1][:10],
        "groups answered": summary["groups_answered"],
        "verify": said["problems"][:5],
        "states": states,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--network", choices=tuple(NETWORKS), default="cleo")
    parser.add_argument("--forget", action="store_true", help="what stands outside the database is restored with it")
    given = parser.parse_args()
    result = run(given.database, given.network, forget=given.forget)
    print(json.dumps(result, indent=2))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
