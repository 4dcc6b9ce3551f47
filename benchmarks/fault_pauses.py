"""The pause test (issue 10, bar 1): a worker is stopped at random moments and continued once another has its work.

    .venv/bin/python -m benchmarks.faults --pauses 50 --database sqlite --network cleo

Nothing may be posted or uploaded twice, counted in the sandbox's own books and in what the partners took. Partners do
not drop repeats here, so that every second file counts. Where a stop falls between a proof and the socket, a double is
what remains: it must be told by the ledger with both identities, and counts as `told`.
"""

import random
import signal
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.databases import ledger_database
from benchmarks.fault_judge import judge
from benchmarks.faults import Feed, Settings, Worker, start_orders_today
from ml_connector.errors import TryAgain
from ml_connector.flows.core import copies
from ml_connector.flows.core.integration import RunScope
from ml_connector.ledger.audit.verify import verify
from ml_connector_tests.support.deployment import Bench

#: Of the second worker's turn: the lease of the stopped one (3 s), its longest call and the settling time, and some.
TURN_SECONDS = 12.0
QUICK = {"settle_seconds": 2, "longest_call_seconds": 2}


@dataclass
class Paused:
    """What was seen of the stops. inside: of SQLite's one writer, where nobody else can write meanwhile."""

    stops: int = 0
    inside: int = 0


def run_pauses(pauses: int, database: str, network: str, *, seed: int = 7, url: str | None = None) -> dict[str, Any]:
    """The whole test; `ok` when nothing stands or lies twice that was not told."""
    source = random.Random(seed)
    settings = Settings(invoices=10 * pauses, orders=4 * pauses, database=database, network=network, seed=seed)
    side = settings.side
    home = Path(tempfile.mkdtemp(prefix="ml-connector-pauses-"))
    began = time.monotonic()
    with ExitStack() as stack:
        ledger_url = url or stack.enter_context(ledger_database(database))
        bench = stack.enter_context(side.opened(home, ledger_url))
        _without_repeats(bench, network)
        world = side.world(bench.sandbox)
        for name in world.partners:
            bench.sandbox.call(world.behave, name, {"confirm": "never", "ship": "never", "invoice": "never"})
        feed = Feed(bench, settings)
        start_orders_today(bench, side.integration)
        bench.sandbox.latency.seconds = 0.05
        first = _worker(bench, side.integration, "first")
        stack.callback(first.kill)
        seen = Paused()
        for _ in range(pauses):
            feed.portion(10, 4)
            first.wait_until_ready()
            time.sleep(source.uniform(0.1, 2.5))
            _one_pause(bench, side.integration, first, seen)
        bench.sandbox.latency.seconds = 0
        _finish(bench, first)
        result = judge(bench, side, feed.invoices, feed.orders)
        return _result(bench, result, seen) | {
            "database": database,
            "network": network,
            "seconds": round(time.monotonic() - began, 1),
        }


def _without_repeats(bench: Bench, network: str) -> None:
    """The quick settings, and partners that take every file they find."""
    import yaml

    config = yaml.safe_load(bench.config.read_text())
    config["connections"]["exact_nl"] |= QUICK
    for connection in ("cleo_prod",) if network == "cleo" else ("tc_prod",):
        config["connections"][connection]["longest_call_seconds"] = QUICK["longest_call_seconds"]
    bench.config.write_text(yaml.safe_dump(config))
    for file in (bench.home / "partners").rglob("*.yaml"):
        partner = yaml.safe_load(file.read_text())
        partner.setdefault("orders", {})["deduplicates"] = False
        file.write_text(yaml.safe_dump(partner))


def _worker(bench: Bench, integration: str, name: str) -> Worker:
    folder = bench.home / name
    folder.mkdir(exist_ok=True)
    return Worker(bench, integration, folder / "stop", folder / "log")


def _one_pause(bench: Bench, integration: str, first: Worker, seen: Paused) -> None:
    """Stop the first worker, let a second one take its work over, and continue the first."""
    first.process.send_signal(signal.SIGSTOP)
    seen.stops += 1
    if _writer_is_stopped(bench):
        seen.inside += 1
    second = _worker(bench, integration, "second")
    try:
        second.wait_until_ready()
        time.sleep(TURN_SECONDS)
    finally:
        first.process.send_signal(signal.SIGCONT)
    time.sleep(1.0)
    second.process.send_signal(signal.SIGTERM)
    second.process.wait()


def _writer_is_stopped(bench: Bench) -> bool:
    with bench.open() as deployment:
        try:
            with deployment.ledger.beat(0.5):
                return False
        except TryAgain:
            return True


def _finish(bench: Bench, first: Worker) -> None:
    """Let the first worker finish; what waits for its moment comes due."""
    for _ in range(4):
        bench.sandbox.clock.move(1800)
        (bench.home / "first" / "stop").touch()
        first.process.wait(300)
        first.restart()
    first.process.wait(300)


def _result(bench: Bench, judged: dict[str, Any], seen: Paused) -> dict[str, Any]:
    """Doubles that the ledger tells of with both identities are what remains; all others are faults."""
    posted = Counter(str(row["YourRef"]) for row in bench.sandbox.exact.main.table("purchase/PurchaseInvoices"))
    twice = [number for number, count in posted.items() if count > 1]
    consumed = judged["wrong_orders"]
    with bench.open() as deployment:
        integration = deployment.integration(deployment.integration_names[0])
        copies.confirm(integration, RunScope(holder="", actor="pause test"))
        told = [one.message for one in verify(deployment.ledger).problems if one.check == "written twice"]
    untold = [number for number in twice if not any(number in message for message in told)]
    again = {number: count for number, count in consumed.items() if count > 1}
    missing = [number for number, count in judged["wrong_invoices"].items() if count == 0]
    return {
        "ok": not untold and not again and not missing,
        "pauses": seen.stops,
        "pauses_inside_the_one_writer": seen.inside,
        "posted_twice": twice,
        "told": told,
        "sent_twice": again,
        "not_posted": missing,
        "waits_for_a_person": sum(n for key, n in judged["states"].items() if key.endswith("/unknown_outcome")),
        **{name: judged[name] for name in ("invoices", "invoices_posted_once", "orders", "orders_consumed_once")},
        "states": judged["states"],
        "home": judged["home"],
    }
