"""The demo's numbers: what the ledger says, what the sandbox has, and whether the two agree."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from ml_connector.composition import Deployment
from ml_connector.demo.scenario import TROUBLES
from ml_connector.ledger.database.store import now
from ml_connector.ledger.tables.documents import document, file, operation
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.server import Sandbox

IN_WORK = frozenset({S.RECEIVED, S.PARSED, S.MATCHED, S.CODED, S.POSTING, S.READ, S.RESOLVED, S.RENDERED, S.SENDING})


@dataclass
class Figures:
    """Counts at one moment. by_integration: (integration, flow) -> state -> documents; held: (flow, reason) -> ..."""

    by_integration: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    held: Counter[tuple[str, str]] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    @property
    def by_flow(self) -> dict[str, Counter[str]]:
        """Flow -> state -> documents, over all integrations."""
        added: dict[str, Counter[str]] = {}
        for (_, flow), states in self.by_integration.items():
            added.setdefault(flow, Counter()).update(states)
        return added

    @property
    def documents(self) -> int:
        return sum(sum(states.values()) for states in self.by_integration.values())

    due: int = 0

    @property
    def in_work(self) -> int:
        """Documents on their way, and held ones whose next look is due."""
        counts = self.by_integration.values()
        return sum(count for states in counts for state, count in states.items() if state in IN_WORK) + self.due

    def count(self, integration: str, flow: str, *states: S) -> int:
        known = self.by_integration.get((integration, flow), Counter())
        return sum(known[state] for state in states)


def read_figures(deployment: Deployment) -> Figures:
    """What the ledger says now."""
    c = document.c
    figures = Figures()
    with deployment.ledger.read() as tx:
        columns = (c.integration, c.flow, c.state, c.reason)
        grouped = sa.select(*columns, sa.func.count(), sa.func.min(c.id)).group_by(*columns)
        for integration, flow, state, reason, count, first in tx.execute(grouped).all():
            figures.by_integration.setdefault((integration, flow), Counter())[state] += count
            if reason:
                figures.held[flow, reason] += count
                detail = tx.execute(sa.select(c.reason_detail).where(c.id == first)).scalar_one()
                figures.examples[f"{flow}/{reason}"] = str((detail or {}).get("message", ""))
        held = sa.select(sa.func.count()).where(c.state == S.QUARANTINED, c.next_attempt_at <= now(tx))
        figures.due = int(tx.execute(held).scalar_one())
        files = sa.select(file.c.direction, file.c.state, sa.func.count()).group_by(file.c.direction, file.c.state)
        for direction, state, count in tx.execute(files):
            figures.files[f"{direction}/{state}"] += count
    return figures


@dataclass(frozen=True)
class Check:
    """One thing that has to add up."""

    name: str
    ok: bool
    detail: str


#: Documents that each order brings about, at the least: itself, an acknowledgment or two, shipment, invoice.
MOVED = 2.5


def add_up(deployment: Deployment, sandbox: Sandbox, orders: Mapping[str, int], *, script: bool) -> list[Check]:
    """Compare ledger and sandbox. orders: by integration. `script`: the demo's own story was played, so its troubles
    must have shown.
    """
    from ml_connector.ledger.audit.verify import verify

    figures = read_figures(deployment)
    report = verify(deployment.ledger)
    checks = [_posted(deployment, sandbox), _receipts(deployment, sandbox), _files(figures)]
    checks.append(
        Check("ledger verifies", not report.problems, "; ".join(str(p) for p in report.problems[:3]) or "every chain")
    )
    checks.append(Check("nothing left in work", figures.in_work == 0, f"{figures.in_work} documents"))
    if script:
        consumed = {
            "exact_cleo": sandbox.partner.consumer.orders() if sandbox.partner else Counter(),
            "exact_truecommerce": sandbox.truecommerce.manager.orders(),
        }
        checks += [_orders(figures, name, count, consumed[name]) for name, count in orders.items()]
        checks += _story(figures, sum(orders.values()))
    return checks


def _posted(deployment: Deployment, sandbox: Sandbox) -> Check:
    """Every purchase invoice, and every entry that is not the booking of one (exact-online 10.3)."""
    books = sandbox.exact.main
    invoices = list(books.table("purchase/PurchaseInvoices"))
    bookings = {(row["Journal"], row["EntryNumber"]) for row in invoices}
    entries = [
        row
        for row in books.table("purchaseentry/PurchaseEntries")
        if (row["Journal"], row["EntryNumber"]) not in bookings
    ]
    there = Counter((str(row["Supplier"]), str(row["YourRef"])) for row in (*invoices, *entries))
    done = _operations(deployment, "purchase_invoice", "purchase_entry")
    found, twice = sum(there.values()), sum(1 for count in there.values() if count > 1)
    ok = found == done and not twice
    return Check("invoices posted once", ok, f"{done} in the ledger, {found} in Exact, {twice} twice")


def _receipts(deployment: Deployment, sandbox: Sandbox) -> Check:
    there = len(list(sandbox.exact.main.table("purchaseorder/GoodsReceipts")))
    done = _operations(deployment, "goods_receipt")
    return Check("receipts booked once", there == done, f"{done} in the ledger, {there} in Exact")


def _operations(deployment: Deployment, *kinds: str) -> int:
    query = sa.select(sa.func.count()).where(operation.c.kind.in_(kinds), operation.c.state == "done")
    with deployment.ledger.read() as tx:
        return int(tx.execute(query).scalar_one())


def _files(figures: Figures) -> Check:
    received = sum(count for key, count in figures.files.items() if key.startswith("in/"))
    settled = sum(figures.files[f"in/{state}"] for state in ("parsed", "rejected", "repeated", "superseded"))
    return Check("files accounted for", received == settled, f"{received} received, {settled} settled")


def _orders(figures: Figures, integration: str, orders: int, consumed: Mapping[str, int]) -> Check:
    sent = figures.count(integration, "orders_out", S.SENT, S.ACKNOWLEDGED, S.REFUSED, S.OVERDUE)
    once = all(count == 1 for count in consumed.values())
    ok = sent == orders == len(consumed) and once
    detail = f"{orders} in Exact, {sent} sent, {len(consumed)} consumed by partners"
    return Check(f"{integration}: orders sent once", ok, detail)


def _story(figures: Figures, orders: int) -> list[Check]:
    shown = {reason for _, reason in figures.held} | {s for states in figures.by_flow.values() for s in states}
    missing = [trouble.name for trouble in TROUBLES if trouble.expected not in shown]
    kinds = len(TROUBLES) - len(missing)
    return [
        Check("kinds of trouble shown", not missing, f"{kinds} of {len(TROUBLES)}" + _list(missing)),
        Check("documents moved", figures.documents >= orders * MOVED, str(figures.documents)),
    ]


def _list(names: list[str]) -> str:
    return f"; missing: {', '.join(names)}" if names else ""


def as_json(figures: Figures, checks: list[Check]) -> dict[str, Any]:
    """The numbers for `--json`."""
    return {
        "documents": figures.documents,
        "by_flow": {flow: dict(states) for flow, states in sorted(figures.by_flow.items())},
        "by_integration": {
            f"{name}/{flow}": dict(states) for (name, flow), states in sorted(figures.by_integration.items())
        },
        "held": [
            {"flow": flow, "reason": reason, "documents": count, "example": figures.examples[f"{flow}/{reason}"]}
            for (flow, reason), count in sorted(figures.held.items())
        ],
        "files": dict(figures.files),
        "checks": [{"name": c.name, "ok": c.ok, "detail": c.detail} for c in checks],
        "ok": all(c.ok for c in checks),
    }
