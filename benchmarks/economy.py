"""Economy (bar 4): how many API calls to Exact a posted invoice, a sent order and a webhook cost.

    .venv/bin/python -m benchmarks.economy
    .venv/bin/python -m benchmarks.economy --invoices 1000 --json
    .venv/bin/python -m benchmarks.economy --erp acumatica

Counted is what arrives at the sandbox, so nothing can be forgotten; only the token endpoint is left out. Reference
data is warm, attachments are off, nothing goes wrong. A webhook costs one read, and the poll that runs beside it one
more for every 60 orders of the minute before the newest. Exit code 0 only when the bars are met. Acumatica:
benchmarks/economy_acumatica.py.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from ml_connector.ledger.exchange import inbox
from ml_connector.ledger.exchange.inbox import NewNotice
from ml_connector.systems.exact_online.notices.topics import ORDERS
from ml_connector_tests.flows.scenes import Scene, scene

#: Calls to Exact per posted invoice and reads per sent order in a batch; reads for a single webhook (bar 4).
INVOICE_BAR, ORDER_BAR, WEBHOOK_BAR = 1.10, 0.10, 2


@dataclass(frozen=True)
class Cost:
    """What some documents cost. calls: by method and endpoint, at the sandbox."""

    documents: int
    calls: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.calls.values())

    @property
    def each(self) -> float:
        return self.total / self.documents


def measure_invoices(stage: Scene, count: int, *, per_file: int = 10) -> Cost:
    """Post `count` received invoices in one run of the inbound steps."""
    before = len(stage.posted())
    stage.invoice(stage.orders(count), per_file=per_file)
    _forget(stage)
    stage.inbound()
    _expect(len(stage.posted()), before + count, "invoices posted")
    return Cost(count, _calls(stage))


def measure_orders(stage: Scene, count: int) -> Cost:
    """Send `count` new orders in one run of the outbound steps, found by polling."""
    before = len(stage.world.consumer.orders())
    stage.orders(count, received=False, seed=11)
    _forget(stage)
    stage.outbound()
    _taken(stage, before + count)
    return Cost(count, _calls(stage))


def measure_webhook(stage: Scene) -> Cost:
    """Send one order that a webhook names; polling stays on beside it, as shipped."""
    before = len(stage.world.consumer.orders())
    (order,) = stage.orders(1, received=False, seed=12)
    with stage.deployment.ledger.write() as tx:
        erp = stage.integration.erp
        inbox.add(tx, NewNotice(erp.connection, ORDERS.topic, erp.company, "Create", order["id"], "{}"))
    _forget(stage)
    stage.outbound()
    _taken(stage, before + 1)
    return Cost(1, _calls(stage))


def _forget(stage: Scene) -> None:
    stage.sandbox.call(stage.sandbox.journal.clear)


def _taken(stage: Scene, count: int) -> None:
    stage.sandbox.call(stage.world.consumer.take_all)
    _expect(len(stage.world.consumer.orders()), count, "orders consumed")


def _expect(found: int, wanted: int, what: str) -> None:
    if found != wanted:
        raise RuntimeError(f"{found} {what}, {wanted} expected: the figures would mean nothing")


def _calls(stage: Scene) -> dict[str, int]:
    counts: Counter[str] = stage.sandbox.call(lambda: Counter(stage.sandbox.journal.counts))
    return {
        name.removeprefix("exact "): count
        for name, count in sorted(counts.items())
        if name.startswith("exact ") and "/oauth2/" not in name
    }


def run(invoices: int, order_count: int) -> dict[str, Cost]:
    """All three measurements, each over a sandbox and ledger of its own."""
    costs = {}
    with tempfile.TemporaryDirectory(prefix="ml-connector-economy-") as home:
        with scene(Path(home) / "invoices") as stage:
            measure_invoices(stage, 1)
            costs["posted invoice"] = measure_invoices(stage, invoices)
        with scene(Path(home) / "orders") as stage:
            costs["sent order"] = measure_orders(stage, order_count)
        with scene(Path(home) / "webhook") as stage:
            measure_orders(stage, 1)
            costs["single webhook"] = measure_webhook(stage)
    return costs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--erp", choices=("exact", "acumatica"), default="exact")
    parser.add_argument("--invoices", type=int, help="Exact: 300; Acumatica: 200, of every kind")
    parser.add_argument("--orders", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.erp == "acumatica":
        from benchmarks import economy_acumatica

        measured = economy_acumatica.run(given.invoices or 200)
    else:
        bars = {"posted invoice": INVOICE_BAR, "sent order": ORDER_BAR, "single webhook": WEBHOOK_BAR}
        costs = run(given.invoices or 300, given.orders)
        measured = {name: (cost, bars[name]) for name, cost in costs.items()}
    met = {name: cost.each <= bar for name, (cost, bar) in measured.items()}
    if given.json:
        rows = {
            name: {**asdict(c), "each": c.each, "bar": bar, "met": met[name]} for name, (c, bar) in measured.items()
        }
        print(json.dumps(rows, indent=2))
    else:
        for name, (cost, bar) in measured.items():
            print(f"{name:<26}{cost.each:8.3f} calls each (bar {bar:.2f}), {cost.documents} documents")
            for call, count in cost.calls.items():
                print(f"    {count:6}  {call}")
    return 0 if all(met.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
