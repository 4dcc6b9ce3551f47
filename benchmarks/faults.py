"""The crash test (bar 2): invoices and orders flow while the worker is killed again and again and calls fail.

    .venv/bin/python -m benchmarks.faults --database sqlite --kills 180 --dagster-kills 20
    .venv/bin/python -m benchmarks.faults --database postgresql
    .venv/bin/python -m benchmarks.faults --network truecommerce
    .venv/bin/python -m benchmarks.faults --pauses 50 --database postgresql
    .venv/bin/python -m benchmarks.faults --uploads 150

In the sandbox every invoice must have been posted once and every order consumed once; every document must be
accounted for in the ledger, and its chains must verify. Prints one JSON object. With --pauses it is the pause test
(benchmarks/fault_pauses.py), with --uploads that of uploads in doubt (benchmarks/fault_uploads.py).
"""

import argparse
import json
import math
import os
import random
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.dagster_side import DagsterSide
from benchmarks.databases import ledger_database
from benchmarks.fault_judge import judge
from benchmarks.fault_networks import NETWORKS, FaultNetwork, http_faults
from ml_connector.ledger.coordination import leases
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.books.orders import add_quantity, order_changed
from ml_connector.sandbox.server import Sandbox
from ml_connector_tests.support.deployment import ROOT, Bench
from ml_connector_tests.support.forked import Forked

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


@dataclass
class Recovery:
    """Seconds from a kill until a dead worker's documents are in other hands."""

    seconds: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, float]:
        ordered = sorted(self.seconds)
        if not ordered:
            return {"count": 0}
        return {
            "count": len(ordered),
            "median": round(ordered[len(ordered) // 2], 2),
            "p95": round(ordered[int(len(ordered) * 0.95)], 2),
            "max": round(ordered[-1], 2),
        }


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


class Worker:
    """The plain worker process."""

    def __init__(self, bench: Bench, integration: str, stop_file: Path, log: Path) -> None:
        self._arguments = (stop_file, integration)
        self._environment = {**os.environ, **bench.environment}
        self._log = log
        self._ready = stop_file.with_name("ready")
        self.process = self._start()

    def wait_until_ready(self, seconds: float = 60) -> None:
        """Until it has begun to work: a kill before that would hit nothing but imports."""
        end = time.monotonic() + seconds
        while not self._ready.exists() and time.monotonic() < end and self.process.poll() is None:
            time.sleep(0.02)

    def _start(self) -> Forked:
        self._ready.unlink(missing_ok=True)
        return Forked(
            "benchmarks.fault_worker:main",
            *self._arguments,
            environment=self._environment,
            folder=ROOT,
            output=self._log,
        )

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def restart(self) -> None:
        self.process = self._start()


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
        killed = _plain_part(bench, feed, settings, random_source, recovery)
        feed.all()
        sandbox.faults.clear()
        sandbox.latency.seconds = 0
        _drain(bench, settings)
        replayed = side.by_hand(bench)
        if replayed:
            _drain(bench, settings)
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


def _plain_part(bench: Bench, feed: Feed, settings: Settings, source: random.Random, recovery: Recovery) -> int:
    stop_file = bench.home / "stop"
    worker = Worker(bench, settings.side.integration, stop_file, bench.home / "worker.log")
    kills = 0
    while kills < settings.kills:
        if kills % 5 == 0:
            _portion(feed, settings, 5)
        worker.wait_until_ready()
        time.sleep(source.uniform(0.1, settings.longest_life))
        if worker.process.poll() is not None:
            raise RuntimeError(f"the worker ended by itself; see {bench.home / 'worker.log'}")
        worker.kill()
        at = time.monotonic()
        pid = worker.process.pid
        worker.restart()
        kills += 1
        if kills % 5 == 0:
            _time_recovery(bench, f"%:{pid}:%", at, recovery)
        if kills % 20 == 0:
            print(json.dumps({"kills": kills, **_progress(bench, settings.side)}), file=sys.stderr, flush=True)
    worker.kill()
    return kills


def _time_recovery(bench: Bench, claimer: str, since: float, recovery: Recovery) -> None:
    """Wait until nothing is claimed by the killed worker any more; counted only if it had something.

    claimer: its lease's name, as a pattern.
    """
    had_work = False
    with bench.open() as deployment:
        while time.monotonic() - since < 90:
            if not _claimed_by(deployment, claimer):
                if had_work:
                    recovery.seconds.append(time.monotonic() - since)
                return
            had_work = True
            time.sleep(0.1)


def _claimed_by(deployment: Any, claimer: str) -> int:
    import sqlalchemy as sa

    from ml_connector.ledger.tables.documents import document

    with deployment.ledger.read() as tx:
        query = sa.select(sa.func.count()).where(document.c.claimed_by.like(claimer))
        return int(tx.execute(query).scalar_one())


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
            _time_recovery(bench, lease, at, recovery)
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


def _drain(bench: Bench, settings: Settings) -> None:
    """Without faults and kills now: let late commits land and a worker finish what is left."""
    end = time.monotonic() + settings.drain_seconds
    while bench.sandbox.late_commits() and time.monotonic() < end:
        time.sleep(0.2)
    stop_file = bench.home / "stop"
    for _ in range(4):
        bench.sandbox.clock.move(1800)  # held and doubtful documents come due
        stop_file.touch()
        worker = Worker(bench, settings.side.integration, stop_file, bench.home / "worker.log")
        worker.process.wait(max(1.0, end - time.monotonic()))
        stop_file.unlink()
        time.sleep(0.5)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, kind, default in (
        ("invoices", int, 1000),
        ("orders", int, 300),
        ("kills", int, 180),
        ("dagster-kills", int, 20),
        ("seed", int, 7),
    ):
        parser.add_argument(f"--{name}", type=kind, default=default)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--network", choices=tuple(NETWORKS), default="cleo")
    parser.add_argument("--uploads", type=int, default=0, help="instead: upload so many files to Cleo under faults")
    parser.add_argument("--pauses", type=int, default=0, help="instead: stop a worker so often and continue it later")
    given = parser.parse_args()
    if given.uploads:
        from benchmarks.fault_uploads import run_uploads

        result = run_uploads(given.uploads, given.database, seed=given.seed)
        print(json.dumps(result, indent=2))
        return 0 if result["ok"] else 1
    if given.pauses:
        from benchmarks.fault_pauses import run_pauses

        result = run_pauses(given.pauses, given.database, given.network, seed=given.seed)
        print(json.dumps(result, indent=2))
        return 0 if result["ok"] else 1
    result = run(
        Settings(
            invoices=given.invoices,
            orders=given.orders,
            kills=given.kills,
            dagster_kills=given.dagster_kills,
            seed=given.seed,
            database=given.database,
            network=given.network,
        )
    )
    print(json.dumps(result, indent=2))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
