"""What the sandbox's own books and the partner's own folders say after a test of faults, and what the ledger says."""

from collections import Counter
from typing import Any

from benchmarks.fault_ledger import ledger_problems, states_of
from benchmarks.fault_networks import FaultNetwork
from ml_connector_tests.support.deployment import Bench

#: Of documents that are still on their way.
OPEN_STATES = frozenset(
    {"received", "parsed", "matched", "coded", "posting", "read", "resolved", "rendered", "sending"}
)


def judge(bench: Bench, side: FaultNetwork, numbers: list[str], orders: list[str]) -> dict[str, Any]:
    """Count what arrived, and what the ledger says of it."""
    sandbox = bench.sandbox
    posted = Counter(str(row["YourRef"]) for row in sandbox.exact.main.table("purchase/PurchaseInvoices"))
    consumed = side.world(sandbox).consumer.orders()
    problems = side.check(bench)
    with bench.open() as deployment:
        ledger = ledger_problems(deployment)
        states = states_of(deployment)
    wrong_invoices = {n: posted.get(n, 0) for n in numbers if posted.get(n, 0) != 1}
    wrong_orders = {n: consumed.get(n, 0) for n in orders if consumed.get(n, 0) != 1}
    unfinished = {key: count for key, count in states.items() if key.split("/")[1] in OPEN_STATES}
    return {
        "ok": not wrong_invoices and not wrong_orders and not ledger and not unfinished and not problems,
        "invoices": len(numbers),
        "invoices_posted_once": sum(1 for n in numbers if posted.get(n) == 1),
        "orders": len(orders),
        "orders_consumed_once": sum(1 for n in orders if consumed.get(n) == 1),
        "wrong_invoices": dict(list(wrong_invoices.items())[:50]),
        "wrong_orders": dict(list(wrong_orders.items())[:50]),
        "strangers_posted": sorted(set(posted) - set(numbers))[:10],
        "states": states,
        "unfinished": unfinished,
        "ledger_problems": ledger[:10],
        "network_problems": problems[:10],
        "home": str(bench.home),
    }
