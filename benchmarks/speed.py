"""Bar 5: file in Cleo -> posted in Exact, against a bare httpx loop that posts the same payloads.

    .venv/bin/python -m benchmarks.speed [--database postgresql] [--invoices 3000] [--per-file 10]

Both talk to one sandbox in a process of its own, without limits, with the same concurrency, side by side in one run.
The bare loop has no ledger, no files, no matching: it is what the network and the sandbox alone allow. Reference data
are warm, as the schedule leaves them: orders are older than their invoices. With answers of 100 ms there are fewer
invoices the fewer calls are made at once, so that every case takes the bare loop about as long.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from benchmarks.databases import ledger_database
from benchmarks.sandbox_process import SandboxProcess
from ml_connector.clock import SystemClock
from ml_connector.composition import Deployment
from ml_connector.credentials.keys import generate_key_file, key_file
from ml_connector.credentials.secrets import Secret
from ml_connector.demo.stage import authorize
from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.reference.syncing import refresh_orders, warm_up
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.tables.documents import operation
from ml_connector.sandbox.cleo.state import SERVICE_PASSWORD
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector_tests.support.deployment import INTEGRATION, write_config, write_partners

#: Answer times in seconds and calls at once; 4 is what a connection has by default.
MOST = 32
CASES = ((0.0, 8), (0.1, 4), (0.1, 8), (0.1, 16), (0.1, MOST))


@contextmanager
def deployment_over(sandbox: SandboxProcess, home: Path, ledger_url: str, concurrency: int) -> Iterator[Deployment]:
    """An authorized deployment over a sandbox in another process."""
    home.mkdir(parents=True, exist_ok=True)
    changes = {
        "connections": {
            "exact_nl": {"concurrency": concurrency},
            "cleo_prod": {"concurrency": concurrency, "requests_per_second": None, "stable_seconds": 0},
        }
    }
    config = write_config(home, sandbox.addresses, changes)
    write_partners(home, {})
    generate_key_file(key_file(home))
    os.environ["ML_CONNECTOR_HOME"] = str(home)
    if ledger_url:
        os.environ["ML_CONNECTOR_LEDGER_URL"] = ledger_url
    with Deployment.open(config, clock=SystemClock()) as deployment:
        options = ExactOptions()
        for name, value in (
            ("exact_nl_client_secret", options.client_secret),
            ("exact_nl_webhook_secret", options.webhook_secret),
            ("cleo_prod_password", SERVICE_PASSWORD),
        ):
            deployment.vault.put(name, Secret(value))
        authorize(deployment, "exact_nl")
        yield deployment


def arrive(deployment: Deployment, sandbox: SandboxProcess, invoices: int, per_file: int, *, seed: int) -> None:
    """Orders and receipts, which the reference schedule has read, and then their invoices in the folders."""
    sandbox.ask("orders", count=invoices, seed=seed)
    refresh_orders(deployment.integration(INTEGRATION))
    sandbox.ask("invoices", per_file=per_file)


def connector(deployment: Deployment, sandbox: SandboxProcess, invoices: int) -> float:
    """Documents a second of the whole inbound way, 997s included."""
    integration = deployment.integration(INTEGRATION)
    before = sandbox.ask("posted")
    with worker(deployment.ledger) as lease:
        began = time.perf_counter()
        pipeline.run_together(integration, RunScope(holder=lease.name), pipeline.INBOUND_TOGETHER)
        seconds = time.perf_counter() - began
    posted = sandbox.ask("posted") - before
    if posted != invoices:
        raise RuntimeError(f"{posted} of {invoices} invoices were posted")
    return invoices / seconds


def bare(deployment: Deployment, address: str, invoices: int, concurrency: int) -> float:
    """Documents a second of posting the same payloads, and nothing else."""
    with deployment.ledger.read() as tx:
        query = sa.select(operation.c.payload).where(operation.c.kind == "purchase_invoice")
        payloads = list(tx.execute(query.order_by(operation.c.id.desc()).limit(invoices)).scalars())
    tokens = deployment.authorization("exact_nl")
    assert tokens is not None
    headers = {
        "Authorization": f"Bearer {tokens.token()}",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "Prefer": "return=representation",
    }
    url = f"{address}/api/v1/{deployment.erp('exact_nl').company}/purchase/PurchaseInvoices"
    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    with httpx.Client(headers=headers, limits=limits, timeout=60) as client, ThreadPoolExecutor(concurrency) as pool:
        began = time.perf_counter()
        statuses = list(pool.map(lambda payload: client.post(url, content=payload).status_code, payloads))
        seconds = time.perf_counter() - began
    wrong = [status for status in statuses if status != 201]
    if wrong:
        raise RuntimeError(f"{len(wrong)} of {len(statuses)} posts were refused: {wrong[:3]}")
    return len(payloads) / seconds


def measure(database: str, invoices: int, per_file: int, rounds: int) -> list[dict[str, Any]]:
    """A row for each answer time: both speeds (medians) and the median of the ratios, pair by pair."""
    rows = []
    with ExitStack() as stack:
        url = stack.enter_context(ledger_database(database))
        for latency, concurrency in CASES:
            count = invoices if not latency else invoices * concurrency // MOST
            home = Path(tempfile.mkdtemp(prefix="ml-connector-speed-"))
            with ExitStack() as inner:
                sandbox = inner.enter_context(SandboxProcess(home / "clock"))
                ledger_url = url or f"sqlite:///{home / 'ledger.db'}"
                if url:
                    ledger_url = stack.enter_context(ledger_database(database))
                deployment = inner.enter_context(deployment_over(sandbox, home, ledger_url, concurrency))
                warm_up(deployment.integration(INTEGRATION))
                arrive(deployment, sandbox, 50, per_file, seed=99)
                connector(deployment, sandbox, 50)
                sandbox.ask("latency", seconds=latency)
                ours: list[float] = []
                theirs: list[float] = []
                for turn in range(rounds):
                    arrive(deployment, sandbox, count, per_file, seed=turn + 1)
                    ours.append(connector(deployment, sandbox, count))
                    theirs.append(bare(deployment, sandbox.addresses["exact"], count, concurrency))
                ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
                rows.append(
                    {
                        "database": database,
                        "answer_ms": round(latency * 1000),
                        "concurrency": concurrency,
                        "invoices": count,
                        "invoices_per_file": per_file,
                        "connector_per_s": round(statistics.median(ours), 1),
                        "bare_per_s": round(statistics.median(theirs), 1),
                        "ratio": round(statistics.median(ratios), 2),
                    }
                )
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--invoices", type=int, default=3000)
    parser.add_argument("--per-file", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(json.dumps(measure(given.database, given.invoices, given.per_file, given.rounds), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
