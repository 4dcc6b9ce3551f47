"""The demo's numbers: what the ledger says, what the sandbox has, and whether the two agree."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from ml_connector.composition import Deployment
from ml_connector.demo import approvals
from ml_connector.demo.checks import Check, operations_done, orders_taken, shown
from ml_connector.demo.scenario import ALL_TROUBLES, COMPANIES, Story
from ml_connector.ledger.database.store import now
from ml_connector.ledger.tables.documents import document, file
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.partner.profiles import PROFILES
from ml_connector.sandbox.server import Sandbox

IN_WORK = frozenset(
    {S.RECEIVED, S.PARSED, S.MATCHED, S.CODED, S.POSTING, S.READ, S.RESOLVED, S.RENDERED, S.SENDING, S.UNKNOWN_OUTCOME}
)


@dataclass
class Figures:
    """Counts at one moment. by_integration: (integration, flow) -> state -> documents; held: (integration, flow,
    reason) -> ...; examples: the message of one of these.
    """

    by_integration: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    held: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    examples: dict[tuple[str, str, str], str] = field(default_factory=dict)

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
        """Documents on their way or in doubt, and held ones whose next look is due."""
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
                figures.held[integration, flow, reason] += count
                detail = tx.execute(sa.select(c.reason_detail).where(c.id == first)).scalar_one()
                figures.examples[integration, flow, reason] = str((detail or {}).get("message", ""))
        held = sa.select(sa.func.count()).where(c.state == S.QUARANTINED, c.next_attempt_at <= now(tx))
        figures.due = int(tx.execute(held).scalar_one())
        files = sa.select(file.c.direction, file.c.state, sa.func.count()).group_by(file.c.direction, file.c.state)
        for direction, state, count in tx.execute(files):
            figures.files[f"{direction}/{state}"] += count
    return figures


#: The connection that the first company's numbers are of.
ERP = "exact_nl"
#: Documents that each order brings about, at the least: itself, an acknowledgment or two, shipment, invoice.
MOVED = 2.5


def add_up(deployment: Deployment, sandbox: Sandbox, figures: Figures, story: Story | None) -> list[Check]:
    """Compare ledger and sandbox. figures: as they came to rest; a look at what is held may be due the next moment.

    story: the demo's own that was played, so that its troubles must have shown.
    """
    from ml_connector.ledger.audit.verify import verify

    report = verify(deployment.ledger)
    checks = [_posted(deployment, sandbox), _receipts(deployment, sandbox), _files(figures)]
    checks.append(
        Check("ledger verifies", not report.problems, "; ".join(str(p) for p in report.problems[:3]) or "every chain")
    )
    checks.append(Check("nothing left in work", figures.in_work == 0, f"{figures.in_work} documents"))
    if story is not None:
        # One mailbox stands for those of all companies: whose an order is, its partner tells.
        consumed = {one.integration: orders_taken(sandbox, one.profiles) for one in COMPANIES}
        consumed |= {"exact_cleo": orders_taken(sandbox, PROFILES)}
        manager: Mapping[str, int] = sandbox.truecommerce.manager.orders()
        sends_none = {one.integration for one in COMPANIES if not one.profiles}
        checks += [
            _orders(figures, name, count, consumed.get(name, manager))
            for name, count in story.orders.items()
            if name not in sends_none
        ]
        for one in COMPANIES:
            checks += one.checks(deployment, sandbox, story.played[one.integration])
        checks += [_story(deployment, sandbox, one) for one in dict.fromkeys(one.integration for one in ALL_TROUBLES)]
        moved = sum(story.orders.values()) * MOVED
        checks.append(Check("documents moved", figures.documents >= moved, str(figures.documents)))
    return checks


def _posted(deployment: Deployment, sandbox: Sandbox) -> Check:
    """Every purchase invoice, and every entry that is not the booking of one (exact-online 10.3) or a clerk's own."""
    books = sandbox.exact.main
    invoices = list(books.table("purchase/PurchaseInvoices"))
    bookings = {(row["Journal"], row["EntryNumber"]) for row in invoices}
    entries = [
        row
        for row in books.table("purchaseentry/PurchaseEntries")
        if (row["Journal"], row["EntryNumber"]) not in bookings and not approvals.by_hand(str(row["YourRef"]))
    ]
    there = Counter((str(row["Supplier"]), str(row["YourRef"])) for row in (*invoices, *entries))
    done = operations_done(deployment, ERP, "purchase_invoice", "purchase_entry")
    found, twice = sum(there.values()), sum(1 for count in there.values() if count > 1)
    ok = found == done and not twice
    return Check("invoices posted once", ok, f"{done} in the ledger, {found} in Exact, {twice} twice")


def _receipts(deployment: Deployment, sandbox: Sandbox) -> Check:
    there = len(list(sandbox.exact.main.table("purchaseorder/GoodsReceipts")))
    done = operations_done(deployment, ERP, "goods_receipt")
    return Check("receipts booked once", there == done, f"{done} in the ledger, {there} in Exact")


def _files(figures: Figures) -> Check:
    received = sum(count for key, count in figures.files.items() if key.startswith("in/"))
    settled = sum(figures.files[f"in/{state}"] for state in ("parsed", "rejected", "repeated", "superseded"))
    return Check("files accounted for", received == settled, f"{received} received, {settled} settled")


def _orders(figures: Figures, integration: str, orders: int, consumed: Mapping[str, int]) -> Check:
    sent = figures.count(integration, "orders_out", S.SENT, S.ACKNOWLEDGED, S.REFUSED, S.OVERDUE)
    once = all(count == 1 for count in consumed.values())
    ok = sent == orders == len(consumed) and once
    detail = f"{orders} in the ERP, {sent} sent, {len(consumed)} consumed by partners"
    return Check(f"{integration}: orders sent once", ok, detail)


def _story(deployment: Deployment, sandbox: Sandbox, integration: str) -> Check:
    """All kinds of trouble of an integration."""
    troubles = [trouble for trouble in ALL_TROUBLES if trouble.integration == integration]
    missing = [trouble.name for trouble in troubles if not shown(deployment, sandbox, trouble)]
    kinds = len(troubles) - len(missing)
    return Check(f"{integration}: kinds of trouble shown", not missing, f"{kinds} of {len(troubles)}" + _list(missing))


def _list(names: list[str]) -> str:
    return f"; missing: {', '.join(names)}" if names else ""


def as_json(figures: Figures, checks: list[Check], *, told: bool) -> dict[str, Any]:
    """The numbers for `--json`. told: the demo's own story was."""
    return {
        "documents": figures.documents,
        "by_flow": {flow: dict(states) for flow, states in sorted(figures.by_flow.items())},
        "by_integration": {
            f"{name}/{flow}": dict(states) for (name, flow), states in sorted(figures.by_integration.items())
        },
        "held": [
            {
                "integration": integration,
                "flow": flow,
                "reason": reason,
                "documents": count,
                "example": figures.examples[integration, flow, reason],
            }
            for (integration, flow, reason), count in sorted(figures.held.items())
        ],
        "troubles": [
            {"integration": one.integration, "trouble": one.name, "reason": one.expected, "shown": one.shown}
            for one in (ALL_TROUBLES if told else ())
        ],
        "files": dict(figures.files),
        "checks": [{"name": c.name, "ok": c.ok, "detail": c.detail} for c in checks],
        "ok": all(c.ok for c in checks),
    }
