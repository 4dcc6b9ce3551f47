"""The sandbox in a process of its own, so that it and what is measured do not share an interpreter.

The child reads orders as JSON lines from standard input and answers each with one JSON line; see `_ACTS`.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.books.orders import add_quantity, order_changed
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.support.deployment import ROOT

SUPPLIERS = ("20011", "20012", "20013")
#: The sandbox's units as X12 has them; the same as orders_out.units in connections.yaml.
UNITS = {"pc": "EA", "box": "BX", "m": "MR", "kg": "KG"}


class SandboxProcess:
    """Starts the child and talks to it. clock_file: where its movable clock is kept."""

    def __init__(self, clock_file: Path) -> None:
        self._clock_file = clock_file
        self._process: subprocess.Popen[str] | None = None
        self.addresses: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.sandbox_process", str(self._clock_file)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addresses = self._answer()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def ask(self, act: str, **given: Any) -> Any:
        """Have the child do one of its acts."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"act": act, **given}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the sandbox process has ended")
        return json.loads(line)


#: Orders received and not yet invoiced.
_received: list[dict[str, Any]] = []


def _orders(sandbox: Sandbox, *, count: int, seed: int) -> int:
    """Orders whose goods were received; they wait for `_invoices`."""
    made = user.create_orders(sandbox.exact, count, seed=seed, suppliers=SUPPLIERS)
    rows = []
    for order in made:
        for line in user.lines_of(sandbox.exact, order):
            add_quantity(sandbox.exact.main, line, "ReceivedQuantity", line["QuantityInPurchaseUnits"])
        order_changed(sandbox.exact.main, order)
        facts = user.order_facts(sandbox.exact, order)
        rows.append({**facts, "lines": [{**line, "unit": UNITS[line["unit"]]} for line in facts["lines"]]})
    _received.extend(rows)
    return len(rows)


def _invoices(sandbox: Sandbox, *, per_file: int, count: int | None = None) -> list[str]:
    """Invoices in the folders for orders received and not yet invoiced; the network's ids of the files.

    count: so many of them; all when None.
    """
    assert sandbox.partner is not None
    rows = _received[:count]
    del _received[: len(rows)]
    return [file.file_id for file in sandbox.partner.invoice_files(rows, per_file=per_file, ordered=True)]


def _posted(sandbox: Sandbox) -> int:
    return len(sandbox.exact.main.table("purchase/PurchaseInvoices"))


def _latency(sandbox: Sandbox, *, seconds: float) -> float:
    sandbox.latency.seconds = seconds
    return seconds


def _calls(sandbox: Sandbox) -> dict[str, int]:
    """Calls since the last time, by method and path."""
    counts = dict(sandbox.journal.counts)
    sandbox.journal.clear()
    return counts


_ACTS: dict[str, Callable[..., Any]] = {
    "orders": _orders,
    "invoices": _invoices,
    "posted": _posted,
    "latency": _latency,
    "calls": _calls,
}


def main() -> None:
    options = SandboxOptions(
        exact=ExactOptions(minute_limit=None, day_limit=None), clock_file=Path(sys.argv[1]), seed=1
    )
    with Sandbox(options) as sandbox:
        sandbox.call(sandbox.cleo.set_limits, per_second=None)
        print(json.dumps(sandbox.addresses()), flush=True)
        for line in sys.stdin:
            given = json.loads(line)
            print(json.dumps(sandbox.call(_ACTS[given.pop("act")], sandbox, **given)), flush=True)


if __name__ == "__main__":
    main()
