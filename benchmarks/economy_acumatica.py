"""Economy of Acumatica and Cleo: calls to Acumatica for a posted bill, also with its release, for a sales order, and
reads for an invoice that is sent. Part of benchmarks/economy.py.

Counted is what arrives at the sandbox, log-in and log-out left out; reference data is warm. Writes are looked up once
more some time after (`flows.core.copies`): that is part of what they cost.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.economy import Cost
from benchmarks.fault_acumatica import UNITS
from ml_connector.flows.core import copies
from ml_connector.flows.reference.syncing import refresh_orders
from ml_connector.ledger.work.states import DocumentState
from ml_connector.sandbox.acumatica import user
from ml_connector.sandbox.acumatica.partners import HILLMART, LONESTAR
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.partner.documents.orders import customers_order
from ml_connector.sandbox.partner.records import SentDocument
from ml_connector_tests.systems.acumatica.stage import ERP, INTEGRATION, Stage, open_stage

#: Calls for a bill, for one with its release (a poll of the action among them), for a sales order; reads for an 810.
BILL_BAR, RELEASED_BAR, ORDER_BAR, INVOICE_BAR = 1.2, 3.2, 1.2, 0.1
#: An action takes so long, and is looked at after so long: once, as on a real site with its default of a second.
ACTION_SECONDS, POLL_SECONDS = 0.02, 0.05
LINES = ({"item": "HM-WIDGET1", "quantity": "10", "unit": "EA", "price": "4.25"},)


@contextmanager
def quiet_stage(
    home: Path, *, after_bill: str = "balanced", integration: Mapping[str, Any] | None = None
) -> Iterator[Stage]:
    """The page's deployment, with partners who take what they get and do no more. integration: what differs there."""

    def change(_home: Path, settings: dict[str, Any]) -> None:
        settings["connections"][ERP] |= {"after_bill": after_bill, "poll_seconds": POLL_SECONDS}
        settings["integrations"][INTEGRATION] |= integration or {}

    home.mkdir(parents=True, exist_ok=True)
    with open_stage(home, change=change) as stage:
        stage.sandbox.acumatica.options.action_seconds = ACTION_SECONDS
        for name in stage.world.partners:
            stage.sandbox.call(stage.world.behave, name, dict.fromkeys(("confirm", "ship", "invoice"), "never"))
        stage.run()  # what is entered from now on is new
        yield stage


def measure_bills(stage: Stage, count: int, *, per_file: int = 10) -> Cost:
    """Post invoices of goods that were received, each against its order's receipt."""
    before = len(stage.documents("invoices_in"))
    rows = stage.sandbox.call(_received, stage, count)
    refresh_orders(stage.integration)
    stage.sandbox.call(lambda: stage.world.invoice_files(rows, per_file=per_file, ordered=True))
    _forget(stage)
    stage.run()
    posted = [row for row in stage.documents("invoices_in") if row.state is DocumentState.POSTED]
    return _cost(stage, count, len(posted) - before, "bills posted")


def measure_orders(stage: Stage, count: int, *, per_file: int = 10) -> Cost:
    """Post customers' orders."""
    before = len(stage.rows("SalesOrder"))
    stage.sandbox.call(_ordered, stage, before, count, per_file)
    _forget(stage)
    stage.run()
    return _cost(stage, count, len(stage.rows("SalesOrder")) - before, "sales orders posted")


def measure_invoices(stage: Stage, count: int) -> Cost:
    """Send sales invoices."""
    before = len(stage.taken(HILLMART, "810"))
    stage.sandbox.call(user.sell, stage.sandbox.acumatica, count, seed=before + 1)
    _forget(stage)
    stage.run()
    stage.sandbox.call(stage.world.flush)
    return _cost(stage, count, len(stage.taken(HILLMART, "810")) - before, "invoices sent")


def _received(stage: Stage, count: int) -> list[dict[str, Any]]:
    made = user.create_orders(stage.sandbox.acumatica, count)
    for order in made:
        user.receive(stage.sandbox.acumatica, order)
    return [_row(order) for order in made]


def _row(order: Record) -> dict[str, Any]:
    lines = [
        {**line, "number": line["line"], "unit": UNITS.get(line["unit"], line["unit"])}
        for line in user.order_facts(order)["lines"]
    ]
    return {"number": order.text("OrderNbr"), "supplier": LONESTAR.supplier, "currency": "USD", "lines": lines}


def _ordered(stage: Stage, first: int, count: int, per_file: int) -> None:
    who = stage.world.partners[HILLMART.name]
    day = f"{stage.sandbox.clock.now():%Y%m%d}"
    numbers = [f"HM-{first + at:05d}" for at in range(count)]
    for at in range(0, count, per_file):
        some = numbers[at : at + per_file]
        sets = [customers_order(number, day, "0012", LINES) for number in some]
        who.send("850", sets, [SentDocument("order", number) for number in some], who.behaviour)


def _forget(stage: Stage) -> None:
    stage.sandbox.call(stage.sandbox.journal.clear)


def _cost(stage: Stage, count: int, found: int, what: str) -> Cost:
    """What it cost, the look once more included."""
    if found != count:
        raise RuntimeError(f"{found} {what}, {count} expected: the figures would mean nothing")
    stage.sandbox.clock.move(3600)
    copies.confirm(stage.integration, stage.work)
    counts: Counter[str] = stage.sandbox.call(lambda: Counter(stage.sandbox.journal.counts))
    root = stage.sandbox.acumatica.options.directory
    return Cost(
        count,
        {
            name.removeprefix("acumatica ").replace(root, ""): number
            for name, number in sorted(counts.items())
            if name.startswith("acumatica ") and "/identity/" not in name and "/auth/" not in name
        },
    )


def run(count: int) -> dict[str, tuple[Cost, float]]:
    """All measurements with their bars, each over a sandbox and ledger of its own."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="ml-connector-economy-") as home:
        with quiet_stage(Path(home) / "bills") as stage:
            found["posted bill"] = measure_bills(stage, count), BILL_BAR
        with quiet_stage(Path(home) / "released", after_bill="released") as stage:
            found["posted and released bill"] = measure_bills(stage, count), RELEASED_BAR
        with quiet_stage(Path(home) / "orders") as stage:
            found["sales order"] = measure_orders(stage, count), ORDER_BAR
        with quiet_stage(Path(home) / "invoices") as stage:
            found["sent invoice"] = measure_invoices(stage, count), INVOICE_BAR
    return found
