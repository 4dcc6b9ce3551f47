"""The stop test: `ml-connector sync` is asked to stop at random moments of receiving, posting and sending.

    .venv/bin/python -m benchmarks.stops --stops 40
    .venv/bin/python -m benchmarks.stops --stops 40 --database postgresql

Each must have ended within 30 seconds, say that it was stopped, hold no lease any more and leave nothing in doubt; the
runs after it go on, and in the end everything is posted and sent once. Prints one JSON object.
"""

import argparse
import json
import random
import signal
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.databases import ledger_database
from benchmarks.fault_judge import judge
from benchmarks.fault_networks import NETWORKS
from benchmarks.faults import Feed, Settings, start_orders_today
from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.orchestration.runtime.names import channel_lease
from ml_connector_tests.support import stopped_syncs
from ml_connector_tests.support.deployment import Bench
from ml_connector_tests.support.stopped_syncs import Sync, syncing

LIMIT_SECONDS = 30.0
#: Of the systems' answers while runs are stopped.
LATENCY = 0.3
#: From the moment at which a run has its channel until it is asked, at most.
LATEST = {"inbound": 12.0, "outbound": 4.0}
FLOWS = {"inbound": "invoices_in", "outbound": "orders_out"}
QUIET = {"confirm": "never", "ship": "never", "invoice": "never"}


@dataclass
class Seen:
    """What was seen of the stops. finished: runs that had ended by themselves before."""

    seconds: list[float] = field(default_factory=list)
    finished: int = 0
    doubt: list[int] = field(default_factory=list)
    kept_leases: list[str] = field(default_factory=list)
    codes: Counter[int] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    work: Counter[str] = field(default_factory=Counter)


def run(stops: int, database: str, seed: int) -> dict[str, Any]:
    source = random.Random(seed)
    side = NETWORKS["cleo"]
    settings = Settings(invoices=8 * stops, orders=4 * stops, database=database, seed=seed)
    home = Path(tempfile.mkdtemp(prefix="ml-connector-stops-"))
    began = time.monotonic()
    with ExitStack() as stack:
        bench = stack.enter_context(side.opened(home, stack.enter_context(ledger_database(database))))
        world = side.world(bench.sandbox)
        for name in world.partners:
            bench.sandbox.call(world.behave, name, QUIET)
        feed = Feed(bench, settings)
        start_orders_today(bench, side.integration)
        seen = Seen()
        for number in range(stops):
            feed.portion(8, 4)
            direction = "outbound" if number % 3 == 2 else "inbound"
            _one_stop(bench, direction, source, seen)
        bench.sandbox.latency.seconds = 0
        for _ in range(3):
            bench.sandbox.clock.move(1800)
            with syncing(bench) as last:
                last.ended(600)
        judged = judge(bench, side, feed.invoices, feed.orders)
    slow = [seconds for seconds in seen.seconds if seconds > LIMIT_SECONDS]
    told = set(seen.codes) <= {int(Exit.INTERRUPTED)} and set(seen.statuses) <= {"CANCELED"}
    return judged | {
        "ok": bool(judged["ok"] and not slow and told and not any(seen.doubt) and not seen.kept_leases),
        "stops": len(seen.seconds),
        "ended_before_the_signal": seen.finished,
        "longest_seconds": round(max(seen.seconds, default=0), 1),
        "median_seconds": round(sorted(seen.seconds)[len(seen.seconds) // 2], 1) if seen.seconds else None,
        "slower_than_30_s": len(slow),
        "operations_in_doubt": sum(seen.doubt),
        "leases_kept": seen.kept_leases,
        "exit_codes": {str(code): count for code, count in seen.codes.items()},
        "runs_in_dagster": dict(seen.statuses),
        "stopped_while": dict(seen.work),
        "database": database,
        "seconds": round(time.monotonic() - began, 1),
    }


def _one_stop(bench: Bench, direction: str, source: random.Random, seen: Seen) -> None:
    """Start a run, ask it to stop at a moment of its work, and look at what it left."""
    bench.sandbox.latency.seconds = LATENCY
    channel = channel_lease("exact_cleo", direction)
    with bench.open() as deployment, syncing(bench, "--flow", FLOWS[direction]) as running:
        stopped_syncs.until(lambda: channel in stopped_syncs.leases_held(deployment), "its work", running)
        time.sleep(source.uniform(0.0, LATEST[direction]))
        if running.process.poll() is not None:
            seen.finished += 1
            return
        seen.work[_what(bench)] += 1
        _ask_and_look(bench, direction, running, seen)


def _ask_and_look(bench: Bench, direction: str, running: Sync, seen: Seen) -> None:
    asked = time.monotonic()
    running.ask(signal.SIGTERM)
    code, _ = running.ended()
    if code != Exit.INTERRUPTED and stopped_syncs.statuses(bench, f"exact_cleo_{direction}")[:1] == ["SUCCESS"]:
        seen.finished += 1  # it was at its end when the signal came
        return
    seen.seconds.append(time.monotonic() - asked)
    seen.codes[code] += 1
    seen.statuses.update(stopped_syncs.statuses(bench, f"exact_cleo_{direction}")[:1])
    with bench.open() as deployment:
        seen.doubt.append(stopped_syncs.in_doubt(deployment))
        seen.kept_leases += stopped_syncs.leases_held(deployment)


def _what(bench: Bench) -> str:
    """What the run was at, by its last call."""
    last = bench.sandbox.journal.requests[-1]
    return f"{last.system} {last.method} {'content' if last.path.endswith('/content') else ''}".strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stops", type=int, default=40)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    result = run(given.stops, given.database, given.seed)
    print(json.dumps(result, indent=2))
    if not result["ok"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
