"""Bar 5, memory: the peak of a run over 1,000 and over 20,000 invoices, with the same open orders in the books.

    .venv/bin/python -m benchmarks.memory [--few 1000] [--many 20000] [--per-file 10] [--database postgresql]

Each run is a process of its own; the sandbox is another one. What is flat is the memory a document takes: the table of
open orders is the same in both runs, because it is held while invoices are matched.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.databases import ledger_database
from benchmarks.sandbox_process import SandboxProcess
from benchmarks.speed import deployment_over
from ml_connector.composition import Deployment
from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.reference.syncing import refresh_orders, warm_up
from ml_connector.ledger.coordination.leases import worker
from ml_connector_tests.support.deployment import INTEGRATION, ROOT


def one_run(database: str, invoices: int, orders: int, per_file: int) -> dict[str, Any]:
    """What a process of its own took to bring in so many invoices, over so many open orders."""
    home = Path(tempfile.mkdtemp(prefix="ml-connector-memory-"))
    with ExitStack() as stack:
        url = stack.enter_context(ledger_database(database)) or f"sqlite:///{home / 'ledger.db'}"
        sandbox = stack.enter_context(SandboxProcess(home / "clock"))
        deployment = stack.enter_context(deployment_over(sandbox, home, url, 8))
        warm_up(deployment.integration(INTEGRATION))
        sandbox.ask("orders", count=orders, seed=1)
        refresh_orders(deployment.integration(INTEGRATION))
        sandbox.ask("invoices", per_file=per_file, count=invoices)
        command = [sys.executable, "-m", "benchmarks.memory", "--take-in", str(deployment.loaded.path)]
        environment = {**os.environ, "ML_CONNECTOR_LEDGER_URL": url}
        said = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        posted = sandbox.ask("posted")
    if posted != invoices:
        raise RuntimeError(f"{posted} of {invoices} invoices were posted")
    return {"invoices": invoices, **json.loads(said.stdout)}


def take_in(config: Path) -> dict[str, int]:
    """In the process that is measured: take in what waits."""
    with Deployment.open(config) as deployment, worker(deployment.ledger) as lease:
        integration = deployment.integration(INTEGRATION)
        before = _peak()
        pipeline.run_together(integration, RunScope(holder=lease.name), pipeline.INBOUND_TOGETHER)
    return {"before_mb": before, "peak_mb": _peak()}


def _peak() -> int:
    """This process's highest memory so far. getrusage would count the parent's from before exec."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    raise RuntimeError("no VmHWM: this is measured on Linux")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--few", type=int, default=1000)
    parser.add_argument("--many", type=int, default=20_000)
    parser.add_argument("--per-file", type=int, default=10)
    parser.add_argument("--take-in", type=Path, metavar="CONFIG", help="be the process that is measured")
    given = parser.parse_args()
    if given.take_in is not None:
        print(json.dumps(take_in(given.take_in)))
        return 0
    rows = [one_run(given.database, invoices, given.many, given.per_file) for invoices in (given.few, given.many)]
    ratio = round(rows[1]["peak_mb"] / rows[0]["peak_mb"], 2)
    print(json.dumps({"database": given.database, "runs": rows, "ratio_of_peaks": ratio}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
