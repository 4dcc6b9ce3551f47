"""The crash test (bar 2): invoices and orders flow while the worker is killed again and again and calls fail.

    .venv/bin/python -m benchmarks.faults --database sqlite --kills 180 --dagster-kills 20
    .venv/bin/python -m benchmarks.faults --database postgresql
    .venv/bin/python -m benchmarks.faults --network truecommerce
    .venv/bin/python -m benchmarks.faults --integration acumatica_cleo
    .venv/bin/python -m benchmarks.faults --integration exact_avidxchange [--mode files]
    .venv/bin/python -m benchmarks.faults --pauses 50 --database postgresql
    .venv/bin/python -m benchmarks.faults --uploads 150

In the sandbox every invoice must have been posted once and every order consumed once; every document must be
accounted for in the ledger, and its chains must verify. Prints one JSON object. With --integration acumatica_cleo it
is the crash test of that one (benchmarks/fault_acumatica.py), with --pauses the pause test
(benchmarks/fault_pauses.py), with --uploads that of uploads in doubt (benchmarks/fault_uploads.py).
"""

import argparse
import inspect
import json
import math
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.dagster_side import DagsterSide
from benchmarks.databases import ledger_database
from benchmarks.fault_judge import judge
from benchmarks.fault_kills import Recovery, drain, kill_again_and_again, time_recovery
from benchmarks.fault_networks import NETWORKS, FaultNetwork, http_faults
from ml_connector.ledger.coordination import leases
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.books.orders import add_quantity, order_changed
from ml_connector.sandbox.server import Sandbox
from ml_connector_tests.support.deployment import Bench

#: The sandbox's units as X12 has them; the same as orders_out.units in connections.yaml.
UNITS = {"pc": "EA", "box": "BX", "m": "MR", "kg": "KG"}


@dataclass
class Settings:
    """How hard it is tried. share: of business calls that fail. longest_life: seconds until a worker is killed."""

    invoices: int = 1000
    orders: int = 300
    kills: int = 180
    dagster_kills: int = 20
    share: float = 0.10
    seed: int = 7
    database: str = "sqlite"
    network: str = "cleo"
    longest_life: float = 4.0
    drain_seconds: float = 600

    @property
    def side(self) -> FaultNetwork:
        return NETWORKS[self.network]


def prepare(bench: Bench, settings: Settings) -> tuple[list[str], list[str]]:
    """Received orders with their invoices waiting in the folders; then new orders to be sent. Numbers of both."""
    feed = Feed(bench, settings)
    feed.all()
    return feed.invoices, feed.orders


@dataclass
class Feed:
    """Work in portions, so that every kill finds some. invoices, orders: the numbers given out so far."""

    bench: Bench
    settings: Settings
    invoices: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """The orders that are invoiced were made and received days ago; they are not to be sent."""
        sandbox = self.bench.sandbox
        self._rows = sandbox.call(_received_orders, sandbox, self.settings)
        self._portions = 0
        sandbox.call(sandbox.clock.move, 3 * 24 * 3600)
        self._orders_left = self.settings.orders

    def all(self) -> None:
        self.portion(len(self._rows), self._orders_left)

    def portion(self, invoices: int, orders: int) -> None:
        """So many more invoices into the folders, so many more orders into the books."""
        sandbox, side = self.bench.sandbox, self.settings.side
        side.before_portion(sandbox, self._portions)
        self._portions += 1
        rows, self._rows = self._rows[:invoices], self._rows[invoices:]
        files = sandbox.call(side.world(sandbox).invoice_files, rows, ordered=True) if rows else []
        self.invoices += [document.number for file in files for document in file.documents]
        orders = min(orders, self._orders_left)
        self._orders_left -= orders
        if orders:
            seed = self.settings.seed + 1 + self._orders_left
            made = sandbox.call(user.create_orders, sandbox.exact, orders, seed=seed, suppliers=side.suppliers)
            self.orders += [str(order["OrderNumber"]) for order in made]


def _received_orders(sandbox: Sandbox, settings: Settings) -> list[dict[str, Any]]:
    made = user.create_orders(sandbox.exact, settings.invoices, seed=settings.seed, suppliers=settings.side.suppliers)
    for order in made:
        for line in user.lines_of(sandbox.exact, order):
            add_quantity(sandbox.exact.main, line, "ReceivedQuantity", line["QuantityInPurchaseUnits"])
        order_changed(sandbox.exact.main, order)
    return [_row(user.order_facts(sandbox.exact, order)) for order in made]


def _row(facts: dict[str, Any]) -> dict[str, Any]:
    """An order's facts as the partner knows them: units by X12 code."""
    return {**facts, "lines": [{**line, "unit": UNITS[line["unit"]]} for line in facts["lines"]]}


def run(settings: Settings, ledger_url: str | None = None) -> dict[str, Any]:
    """The whole test; the result says what was found, `ok` whether everything adds up.

    ledger_url: an empty database; one is made when None.
    """
    random_source = random.Random(settings.seed)
    home = Path(tempfile.mkdtemp(prefix="ml-connector-faults-"))
    with ExitStack() as stack:
        url = ledger_url or stack.enter_context(ledger_database(settings.database))
        side = settings.side
        bench = stack.enter_context(side.opened(home, url))
        sandbox = bench.sandbox
        world = side.world(sandbox)
        world.consumer.options.deduplicate = True
        for name in world.partners:
            quiet = {"confirm": "never", "ship": "never", "invoice": "never"}
            sandbox.call(world.behave, name, quiet)
        feed = Feed(bench, settings)
        start_orders_today(bench, side.integration)
        sandbox.latency.seconds = 0.02
        sandbox.faults.mix("exact", settings.share, http_faults(), exclude="/api/oauth2/*")
        side.disturb(sandbox, settings.share)
        recovery = Recovery()
        began = time.monotonic()
        killed_in_dagster = _dagster_part(bench, feed, settings, random_source, recovery)
        killed = kill_again_and_again(
            bench,
            side.integration,
            settings.kills,
            longest_life=settings.longest_life,
            source=random_source,
            recovery=recovery,
            give=lambda kills: _portion(feed, settings, kills),
            progress=lambda: _progress(bench, side),
        )
        feed.all()
        sandbox.faults.clear()
        sandbox.latency.seconds = 0
        drain(bench, side.integration, seconds=settings.drain_seconds)
        replayed = side.by_hand(bench)
        if replayed:
            drain(bench, side.integration, seconds=settings.drain_seconds)
        result = judge(bench, settings.side, feed.invoices, feed.orders)
        result |= {
            "network": settings.network,
            "replayed_by_hand": replayed,
            "database": settings.database,
            "kills": killed,
            "kills_of_dagster_runs": killed_in_dagster,
            "seconds": round(time.monotonic() - began, 1),
            "kill_to_taken_up": recovery.summary(),
        }
        return result


def start_orders_today(bench: Bench, integration: str) -> None:
    """Orders made before today were settled long ago: only the new ones are to be sent."""
    import yaml

    today = bench.sandbox.clock.now().date().isoformat()
    config = yaml.safe_load(bench.config.read_text())
    config["integrations"][integration]["flows"]["orders_out"]["start_date"] = today
    bench.config.write_text(yaml.safe_dump(config))


def _portion(feed: Feed, settings: Settings, kills: int) -> None:
    """What the next so many kills will find; nine tenths of all work are given out while killing."""
    share = 0.9 * kills / max(1, settings.kills + settings.dagster_kills)
    feed.portion(math.ceil(settings.invoices * share), math.ceil(settings.orders * share))


def _progress(bench: Bench, side: FaultNetwork) -> dict[str, Any]:
    sandbox = bench.sandbox
    return {
        "invoices": len(sandbox.exact.main.table("purchase/PurchaseInvoices")),
        "orders": len(side.world(sandbox).consumer.orders()),
    }


def _dagster_part(bench: Bench, feed: Feed, settings: Settings, source: random.Random, recovery: Recovery) -> int:
    """The first kills hit Dagster runs that daemon and sensors started."""
    if not settings.dagster_kills:
        return 0
    killed = 0
    with DagsterSide(bench.home, {**os.environ, **bench.environment}) as side:
        _portion(feed, settings, 2)
        while killed < settings.dagster_kills:
            pid = side.wait_for_run(300)
            lease = _lease_of(bench, side, pid)
            time.sleep(source.uniform(0.3, 3.5))
            if not side.kill(pid):
                continue
            at = time.monotonic()
            killed += 1
            _portion(feed, settings, 1)
            time_recovery(bench, lease, at, recovery)
            print(json.dumps({"dagster_kills": killed, **_progress(bench, settings.side)}), file=sys.stderr, flush=True)
    return killed


def _lease_of(bench: Bench, side: DagsterSide, pid: int) -> str:
    """The run's worker lease, once it has one: a kill before that would hit nothing but imports."""
    with bench.open() as deployment:
        while pid in side.runs():
            with deployment.ledger.read() as tx:
                for held in leases.held(tx, "worker:"):
                    if f":{pid}:" in held.holder:
                        return held.name
            time.sleep(0.05)
    return "none"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--integration", choices=("exact", "acumatica_cleo", "intacct_cleo", "exact_avidxchange"), default="exact"
    )
    for name, what in (
        ("invoices", "received; with acumatica_cleo: sent"),
        ("orders", "sent; with acumatica_cleo: received"),
        ("bills", "acumatica_cleo, intacct_cleo: received"),
        ("receipts", "the same: of so many of the bills the goods are announced before"),
        ("coded", "exact_avidxchange: coded at the network"),
        ("payments", "exact_avidxchange; how many of them are parts, of many, in dollars ... stands in its settings"),
        ("parts", ""),
        ("many", ""),
        ("foreign", ""),
        ("voided", ""),
        ("reissued", ""),
        ("by-hand", ""),
        ("vendors", "intacct_cleo: proposed"),
        ("changes", "intacct_cleo: of reference data that is told"),
        ("kills", ""),
        ("dagster-kills", ""),
        ("seed", ""),
    ):
        parser.add_argument(f"--{name}", type=int, help=what)
    parser.add_argument("--longest-life", type=float, help="seconds until a worker is killed; more on a busy machine")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--mode", choices=("api", "files"), help="exact_avidxchange: how AvidXchange is reached")
    parser.add_argument("--network", choices=tuple(NETWORKS), default="cleo")
    parser.add_argument("--uploads", type=int, default=0, help="instead: upload so many files to Cleo under faults")
    parser.add_argument("--pauses", type=int, default=0, help="instead: stop a worker so often and continue it later")
    result = _chosen(parser.parse_args())
    print(json.dumps(result, indent=2))
    return 0 if result["ok"] else 1


def _chosen(given: argparse.Namespace) -> dict[str, Any]:
    """The test that the command line asks for."""
    told = {name: value for name, value in vars(given).items() if value is not None}
    seed = {"seed": given.seed} if given.seed is not None else {}
    if given.uploads:
        from benchmarks.fault_uploads import run_uploads

        return run_uploads(given.uploads, given.database, **seed)
    if given.pauses:
        from benchmarks.fault_pauses import run_pauses

        return run_pauses(given.pauses, given.database, given.network, **seed)
    if given.integration == "acumatica_cleo":
        from benchmarks import fault_acumatica

        return fault_acumatica.run(_settings(fault_acumatica.Settings, told))
    if given.integration == "intacct_cleo":
        from benchmarks import fault_intacct

        return fault_intacct.run(_settings(fault_intacct.Settings, told))
    if given.integration == "exact_avidxchange":
        from benchmarks import fault_avidxchange

        return fault_avidxchange.run(_settings(fault_avidxchange.Settings, told))
    return run(_settings(Settings, told))


S = TypeVar("S")


def _settings(kind: Callable[..., S], told: dict[str, Any]) -> S:
    """What the command line says of a test's settings, beside their defaults."""
    known = inspect.signature(kind).parameters
    return kind(**{name: value for name, value in told.items() if name in known})


if __name__ == "__main__":
    sys.exit(main())
