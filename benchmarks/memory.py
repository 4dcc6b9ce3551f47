"""Bar 5, memory: the peak of a run over 1,000 and over 20,000 invoices, with the same open orders in the books.

    .venv/bin/python -m benchmarks.memory [--few 1000] [--many 20000] [--per-file 10] [--database postgresql]

Each run is a process of its own; the sandbox is another one. What is flat is the memory a document takes: the table of
open orders is the same in both runs, because it is held while invoices are matched.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.databases import ledger_database
from benchmarks.sandbox_process import SandboxProcess
from benchmarks.speed import connector, deployment_over
from ml_connector.flows.reference import refresh_orders, warm_up
from ml_connector_tests.support.deployment import INTEGRATION, ROOT


def one_run(database: str, invoices: int, orders: int, per_file: int) -> dict[str, Any]:
    """What this process took, in MB: before the run, and at its peak."""
    home = Path(tempfile.mkdtemp(prefix="ml-connector-memory-"))
    with ExitStack() as stack:
        url = stack.enter_context(ledger_database(database)) or f"sqlite:///{home / 'ledger.db'}"
        sandbox = stack.enter_context(SandboxProcess(home / "clock"))
        deployment = stack.enter_context(deployment_over(sandbox, home, url, 8))
        warm_up(deployment.integration(INTEGRATION))
        sandbox.ask("orders", count=orders, seed=1)
        refresh_orders(deployment.integration(INTEGRATION))
        sandbox.ask("invoices", per_file=per_file, count=invoices)
        before = _peak()
        speed = connector(deployment, sandbox, invoices)
        return {"invoices": invoices, "before_mb": before, "peak_mb": _peak(), "per_s": round(speed, 1)}


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--few", type=int, default=1000)
    parser.add_argument("--many", type=int, default=20_000)
    parser.add_argument("--per-file", type=int, default=10)
    parser.add_argument("--one", type=int, help="only this run, in this process")
    given = parser.parse_args()
    if given.one is not None:
        print(json.dumps(one_run(given.database, given.one, given.many, given.per_file)))
        return 0
    rows = []
    for invoices in (given.few, given.many):
        command = [sys.executable, "-m", "benchmarks.memory", "--one", str(invoices), "--many", str(given.many)]
        command += ["--database", given.database, "--per-file", str(given.per_file)]
        said = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        rows.append(json.loads(said.stdout))
    ratio = round(rows[1]["peak_mb"] / rows[0]["peak_mb"], 2)
    print(json.dumps({"database": given.database, "runs": rows, "ratio_of_peaks": ratio}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
