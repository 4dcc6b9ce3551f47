"""Bar 6: from a file visible in Cleo to its invoice posted, under Dagster, with Dagster's own share.

    .venv/bin/python -m benchmarks.delay [--profile quick] [--invoices 40] [--database postgresql]

Invoices come one a file, at moments spread evenly at random. The default profile is the shipped configuration; the
quick one lets the sensor look every five seconds and takes files that have stood still for one.
Parts of a delay: waiting (visible -> run asked for: the sensor's interval and the file standing still), dagster
(run asked for -> its first event in our ledger: queue, start of a process, first steps), work (until posted).
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as sa

from benchmarks.dagster_side import DagsterSide
from benchmarks.databases import ledger_database
from benchmarks.sandbox_process import SandboxProcess
from ml_connector.clock import FileClock
from ml_connector.composition import Deployment
from ml_connector.flows.reference.syncing import warm_up
from ml_connector.ledger.tables.documents import document, event
from ml_connector.ledger.tables.documents import file as stored_file
from ml_connector_tests.support.deployment import INTEGRATION, open_over

#: Orders stay here: the sandbox's partners would answer each with invoices of their own.
NO_ORDERS = {"flows": {"orders_out": {"enabled": False}}}
#: What a profile changes of the shipped configuration.
PROFILES: dict[str, dict[str, Any]] = {
    "default": {
        "connections": {"cleo_prod": {"stable_seconds": 5, "requests_per_second": 5}},
        "integrations": {INTEGRATION: NO_ORDERS},
    },
    "quick": {
        "connections": {"cleo_prod": {"stable_seconds": 1, "requests_per_second": 5}},
        "integrations": {INTEGRATION: {"sensor_seconds": 5, **NO_ORDERS}},
    },
}
#: Seconds between two arrivals, on average.
BETWEEN = 9.0
LONGEST_WAIT = 180.0


@dataclass(frozen=True)
class Posted:
    """Moments of one invoice, as seconds since the epoch."""

    visible: float
    asked: float
    begun: float
    posted: float


def measure(profile: str, database: str, invoices: int, seed: int) -> dict[str, Any]:
    home = Path(tempfile.mkdtemp(prefix="ml-connector-delay-"))
    with ExitStack() as stack:
        url = stack.enter_context(ledger_database(database))
        sandbox = stack.enter_context(SandboxProcess(home / "clock"))
        changes = PROFILES[profile]
        _, environment = stack.enter_context(open_over(home, sandbox.addresses, ledger_url=url, changes=changes))
        deployment = stack.enter_context(Deployment.open(clock=FileClock(home / "clock")))
        warm_up(deployment.integration(INTEGRATION))
        side = stack.enter_context(DagsterSide(home, {**os.environ, **environment}))
        visible = _arrivals(sandbox, deployment, invoices, seed)
        _wait_for_posted(deployment, invoices + 1)
        seen = _moments(side, deployment, visible)
    return _row(profile, database, seen)


def _arrivals(sandbox: SandboxProcess, deployment: Deployment, invoices: int, seed: int) -> dict[str, float]:
    """File -> the moment it became visible. One file more comes first, for Dagster to wake up by; it does not count."""
    chance = random.Random(seed)
    sandbox.ask("orders", count=1, seed=1)
    sandbox.ask("invoices", per_file=1)
    _wait_for_posted(deployment, 1)
    moments = {}
    for number in range(invoices):
        time.sleep(chance.uniform(0, 2 * BETWEEN))
        sandbox.ask("orders", count=1, seed=number + 2)
        (file,) = sandbox.ask("invoices", per_file=1)
        moments[file] = time.time()
    return moments


def _wait_for_posted(deployment: Deployment, invoices: int) -> None:
    query = sa.select(sa.func.count()).where(event.c.action == "posted")
    end = time.monotonic() + LONGEST_WAIT
    posted = 0
    while posted < invoices:
        if time.monotonic() > end:
            raise RuntimeError(f"{posted} of {invoices} invoices are posted after {LONGEST_WAIT:.0f} s")
        time.sleep(0.5)
        with deployment.ledger.read() as tx:
            posted = tx.execute(query).scalar_one()


def _moments(side: DagsterSide, deployment: Deployment, visible: Mapping[str, float]) -> list[Posted]:
    query = (
        sa.select(stored_file.c.remote_id, event.c.at, event.c.run_id)
        .join_from(event, document, event.c.document_id == document.c.id)
        .join(stored_file, document.c.file_id == stored_file.c.id)
        .where(event.c.action == "posted")
    )
    with deployment.ledger.read() as tx:
        rows = tx.execute(query).all()
    with dg.DagsterInstance.from_config(str(side.home)) as instance:
        runs = {record.dagster_run.run_id: record for record in instance.get_run_records()}
    seen = []
    for remote_id, at, run_id in rows:
        if remote_id in visible:
            run = runs[run_id]
            begun = run.start_time or 0.0
            seen.append(Posted(visible[remote_id], run.create_timestamp.timestamp(), begun, at.timestamp()))
    return seen


def _row(profile: str, database: str, seen: Sequence[Posted]) -> dict[str, Any]:
    """Median and 95th percentile in seconds. Dagster's share: of the whole delay, the time its queue and start take."""
    whole = [one.posted - one.visible for one in seen]
    dagster = [one.begun - one.asked for one in seen]
    return {
        "profile": profile,
        "database": database,
        "invoices": len(seen),
        "median_s": round(statistics.median(whole), 1),
        "p95_s": round(_percentile(whole, 95), 1),
        "most_s": round(max(whole), 1),
        "waiting_median_s": round(statistics.median(one.asked - one.visible for one in seen), 1),
        "dagster_median_s": round(statistics.median(dagster), 1),
        "work_median_s": round(statistics.median(one.posted - one.begun for one in seen), 1),
        "dagster_share": round(sum(dagster) / sum(whole), 2),
    }


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", choices=tuple(PROFILES), default="default")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--invoices", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(json.dumps(measure(given.profile, given.database, given.invoices, given.seed), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
