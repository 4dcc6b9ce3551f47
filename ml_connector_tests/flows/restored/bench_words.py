"""A bench whose ledger is restored from a backup, in short words."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.reference.syncing import warm_up
from ml_connector.ledger.audit import chain_heads
from ml_connector.ledger.audit.verify import verify
from ml_connector.ledger.coordination.leases import worker
from ml_connector.sandbox.exact import user
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.flows.scenes import Scene
from ml_connector_tests.support.backups import Backup
from ml_connector_tests.support.deployment import INTEGRATION, Bench

#: Partners that take our files away and say nothing: nothing but what we know ourselves tells what left.
SILENT = {"acknowledge": "never", "confirm": "never", "ship": "never", "invoice": "never"}


@contextmanager
def process(bench: Bench) -> Iterator[Scene]:
    """The connector as one process: opened, and closed again."""
    with bench.open() as deployment:
        integration = deployment.integration(INTEGRATION)
        with worker(deployment.ledger) as lease:
            warm_up(integration)
            yield Scene(bench, deployment, integration, RunScope(holder=lease.name, actor="test"))


def sync(bench: Bench, rounds: int = 1) -> None:
    with process(bench) as stage:
        for _ in range(rounds):
            pipeline.run(stage.integration, stage.work, pipeline.OUTBOUND)
            bench.sandbox.clock.move(30)
            bench.sandbox.call(stage.world.flush)
            pipeline.run(stage.integration, stage.work, pipeline.INBOUND)


def export(bench: Bench) -> None:
    with bench.open() as deployment:
        chain_heads.export_heads(deployment.ledger, deployment.heads_file)


def orders(bench: Bench, count: int, seed: int) -> set[str]:
    made = bench.sandbox.call(user.create_orders, bench.sandbox.exact, count, seed=seed)
    return {str(order["OrderNumber"]) for order in made}


def arrived(bench: Bench) -> dict[str, int]:
    """How often each order came to its supplier."""
    assert bench.sandbox.partner is not None
    return dict(bench.sandbox.partner.consumer.orders())


def uploads(bench: Bench) -> list[tuple[str, str]]:
    """Name and ISA13 of every file that ever came to a partner."""
    assert bench.sandbox.partner is not None
    taken = bench.sandbox.partner.consumer.taken
    return [(one.name, re.split(rb"[*]", one.data)[13].decode()) for one in taken]


def states(bench: Bench, flow: str) -> Counter[tuple[str, str | None]]:
    with bench.open() as deployment:
        scene = Scene(bench, deployment, deployment.integration(INTEGRATION), RunScope(holder="look"))
        return Counter((str(row.state), row.reason) for row in scene.documents(flow))


def is_clean(bench: Bench) -> list[Any]:
    with bench.open() as deployment:
        return verify(deployment.ledger, heads_file=deployment.heads_file).problems


def posted(bench: Bench, path: str = "purchase/PurchaseInvoices") -> list[dict[str, Any]]:
    return list(bench.sandbox.exact.main.table(path))


def behave(bench: Bench, **more: Any) -> None:
    world = bench.sandbox.partner
    assert world is not None
    for partner in ("NORTHWIND", "ACME", "BRIGHTLINE"):
        bench.sandbox.call(world.behave, partner, {**SILENT, **more})


def backup_of(bench: Bench, folder: Path) -> Backup:
    return Backup(f"sqlite:///{bench.home / 'ledger.db'}", folder)


def forget(bench: Bench, what: str = "*.jsonl") -> None:
    """What stands outside the database is lost too."""
    for file in bench.home.glob(what):
        file.unlink()


def invoice(stage: Scene, numbers: Sequence[str]) -> None:
    """Invoices for orders of the books, whatever they ship."""
    table = stage.sandbox.exact.main.table("purchaseorder/PurchaseOrders")

    def facts() -> list[Any]:
        return [user.order_facts(stage.sandbox.exact, one) for one in table if str(one["OrderNumber"]) in numbers]

    stage.invoice(stage.sandbox.call(facts))


def opened(flow: str) -> list[Any]:
    return [one for one in say("ledger", "restored", "--json").json["open"] if one["flow"] == flow]
