"""The crash test of Sage Intacct and Cleo: invoices, receipts and vendors in and tables out while workers are killed.

    .venv/bin/python -m benchmarks.faults --integration intacct_cleo
    .venv/bin/python -m benchmarks.faults --integration intacct_cleo --database postgresql

Invoices of goods whose receipt is announced before, of goods that were received by hand, and without an order; vendors
that purchasing proposes (fault_vendors.py); reference data that changes and is told of (fault_tables.py). A tenth of
the calls fails: 429, 500, a page, half a reply, a reset before, after or with a late commit; and so do sessions, saves
and whole operations inside good answers. Reads lag behind. Counted are the stand-in's own books, and what came to the
reader of the tables.
"""

import math
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from benchmarks.databases import ledger_database
from benchmarks.fault_acumatica import held_by_reason, once
from benchmarks.fault_judge import OPEN_STATES
from benchmarks.fault_kills import Killing, killed_and_drained
from benchmarks.fault_ledger import ledger_problems, states_of
from benchmarks.fault_networks import http_faults
from benchmarks.fault_tables import TableChanges, judge_tables
from benchmarks.fault_vendors import Proposals, expected_held, judge_vendors
from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.core.spec import OUTBOUND
from ml_connector.flows.reference.syncing import warm_up
from ml_connector.ledger.coordination.leases import worker
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.partner.documents.notices import ship_notice
from ml_connector.sandbox.partner.documents.orders import order_from_row
from ml_connector.sandbox.partner.documents.x12 import Party
from ml_connector.sandbox.partner.profiles import Profile
from ml_connector.sandbox.partner.records import SentDocument
from ml_connector.sandbox.partner.world import PartnerWorld, WorldOptions
from ml_connector.sandbox.sage_intacct import partners as shipped
from ml_connector.sandbox.sage_intacct import user
from ml_connector.sandbox.sage_intacct.books.record import Record
from ml_connector.sandbox.sage_intacct.options import SageIntacctOptions
from ml_connector.sandbox.sage_intacct.partners import IRONWORKS
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.support.deployment import Bench
from ml_connector_tests.systems.sage_intacct.stage import ERP, INTEGRATION, NETWORK, deployment_files, store_logins

#: Whose goods were received by hand, and whose invoices have no orders.
FASTENERS = replace(
    IRONWORKS,
    name="FASTENERS",
    title="Precision Fasteners",
    supplier="V-18",
    party=Party("ZZ", "FASTENERS", "FASTENERS"),
)
FREIGHT = replace(
    IRONWORKS, name="FREIGHT", title="Badger Freight", supplier="V-19", party=Party("ZZ", "BADGER", "BADGER")
)
PROFILES: tuple[Profile, ...] = (*shipped.PROFILES, FASTENERS, FREIGHT)
ENTITY = "100"
#: Quick, as the test's calls and late commits are: what a real gateway does in minutes happens here in seconds.
QUICK = {
    "timeout_seconds": 10, "settle_seconds": 6, "longest_call_seconds": 10, "pause_seconds": 1,
    "logins_per_minute": 120, "full_sync_hours": 1,
}  # fmt: skip
BY_HAND = "BY-HAND"
QUIET = {"confirm": "never", "ship": "never", "invoice": "never"}
TROUBLES = ("passing", "concurrent", "dead_session", "rolled_back", "rate")


@dataclass
class Settings(Killing):
    """How much of each, and how hard it is tried. share: of calls that fail. lag: seconds by which reads are behind."""

    bills: int = 1000
    receipts: int = 300
    vendors: int = 200
    changes: int = 50
    lag: float = 5.0
    documents_per_request: int = 1


@contextmanager
def opened(home: Path, url: str, settings: Settings) -> Iterator[Bench]:
    """The page's deployment with two suppliers more, over a sandbox of its own."""

    def change(home: Path, written: dict[str, Any]) -> None:
        written["connections"][ERP] |= {**QUICK, "documents_per_request": settings.documents_per_request}
        written["connections"][NETWORK] |= {"concurrency": 4}
        integration = written["integrations"][INTEGRATION]
        integration["batch_size"] = 25
        folder = home / "partners" / INTEGRATION
        ironworks = (folder / "ironworks.yaml").read_text(encoding="utf-8")
        for profile in (FASTENERS, FREIGHT):
            text = ironworks.replace("name: ironworks", f"name: {profile.name.lower()}")
            text = text.replace(IRONWORKS.title, profile.title).replace(IRONWORKS.party.id, profile.party.id)
            text = text.replace(IRONWORKS.name, profile.name).replace(IRONWORKS.supplier, profile.supplier)
            (folder / f"{profile.name.lower()}.yaml").write_text(text, encoding="utf-8")

    options = SandboxOptions(
        sage_intacct=SageIntacctOptions(),
        clock_file=home / "clock",
        partner_options=WorldOptions(profiles=PROFILES),
    )
    with Sandbox(options) as sandbox:
        sandbox.call(sandbox.cleo.set_limits, per_second=None)
        with deployment_files(home, sandbox, ledger_url=url, change=change) as (config, environment):
            bench = Bench(sandbox, home, config, environment)
            with bench.open() as deployment:
                store_logins(deployment, sandbox)
            yield bench


def _world(sandbox: Sandbox) -> PartnerWorld:
    assert sandbox.partner is not None
    return sandbox.partner


def disturb(sandbox: Sandbox, settings: Settings) -> None:
    """The share of all calls fails, on the wire or inside a good answer."""
    wire = [*http_faults(), Fault(FaultKind.HTML), Fault(FaultKind.HALF_WRITTEN)]
    sandbox.faults.mix("sage_intacct", settings.share / 2, wire)
    sandbox.sage_intacct.options.trouble_shares = dict.fromkeys(TROUBLES, settings.share / 2 / len(TROUBLES))
    sandbox.sage_intacct.options.lag_seconds = settings.lag
    sandbox.faults.mix("cleo", settings.share, http_faults(), exclude="/api/authentication")


# ------------------------------------------------------------------ work


@dataclass
class Feed:
    """Work in portions, so that every kill finds some. What was given out so far, by kind."""

    bench: Bench
    settings: Settings
    bills: list[tuple[str, str]] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        sandbox = self.bench.sandbox
        half = self.settings.bills // 2
        counts = {
            IRONWORKS: self.settings.receipts,
            FASTENERS: max(0, half - self.settings.receipts),
            FREIGHT: self.settings.bills - max(half, self.settings.receipts),
        }
        self._rows = sandbox.call(_orders, sandbox, counts, self.settings.seed)
        self.vendors = Proposals(sandbox, self.settings.vendors)
        self.tables = TableChanges(sandbox, self.settings.changes)
        sandbox.call(sandbox.clock.move, 3 * 24 * 3600)
        self._given: Counter[str] = Counter()

    def portion(self, share: float) -> None:
        """So much (0..1) of everything."""
        self.vendors.portion(share)
        self.tables.portion(share)
        for profile, rows in self._rows.items():
            total = len(rows)
            count = min(math.ceil(total * share), total - self._given[profile.name])
            some = rows[self._given[profile.name] : self._given[profile.name] + count]
            self._given[profile.name] += count
            if some:
                self.bench.sandbox.call(self._give, profile, some)

    def rest(self) -> None:
        """All that is left."""
        self.portion(1.0)
        self.vendors.rest()

    def _give(self, profile: Profile, rows: Sequence[dict[str, Any]]) -> None:
        """Invoices, of one supplier after its ship notices."""
        world = _world(self.bench.sandbox)
        who = world.partners[profile.name]
        for row in rows if profile is IRONWORKS else ():
            order = order_from_row(row)
            shipped = {line.number: line.quantity for line in order.lines}
            number = who.number("D")
            serial = who.count("pack", len(shipped))
            notice = ship_notice([(order, shipped)], who.behaviour, number, world.clock.now(), serial)
            who.send("856", [notice], [SentDocument("notice", number, (order.number,))], who.behaviour)
            self.receipts.append(number)
        if profile is FREIGHT:
            self._bill_without_orders(rows)
            return
        files = world.invoice_files(rows, per_file=2, ordered=True)
        self.bills += [(profile.supplier, document.number) for file in files for document in file.documents]

    def _bill_without_orders(self, rows: Sequence[dict[str, Any]]) -> None:
        who = _world(self.bench.sandbox).partners[FREIGHT.name]
        for row in rows:
            number = who.number("I")
            line = row["lines"][0]
            cents = int((line["quantity"] * line["price"] * 100).to_integral_value())
            segments = [
                ["810"],
                ["BIG", f"{self.bench.sandbox.clock.now():%Y%m%d}", number],
                ["IT1", "1", f"{line['quantity']:f}", line["unit"], f"{line['price']:f}", "", "VP", "HAULAGE"],
                ["TDS", str(cents)],
                ["CTT", "1"],
            ]
            who.send("810", [segments], [SentDocument("invoice", number)], who.behaviour)
            self.bills.append((FREIGHT.supplier, number))


def _orders(sandbox: Sandbox, counts: dict[Profile, int], seed: int) -> dict[Profile, list[dict[str, Any]]]:
    """Purchase orders that were sent long ago; those of the freight's only say what its invoices come to."""
    found: dict[Profile, list[dict[str, Any]]] = {}
    state = sandbox.sage_intacct
    for profile, count in counts.items():
        rows = user.create_orders(state, count, vendors=(profile.supplier,), seed=seed, entity=ENTITY)
        for row in rows if profile is FASTENERS else ():
            user.receive(state, row.text("DOCID"), reference=BY_HAND)
        found[profile] = [_row(state.main, row) for row in rows]
    return found


def _row(company: Any, order: Record) -> dict[str, Any]:
    """An order as the partner knows it."""
    facts = user.order_facts(company, order)
    lines = [{**line, "number": line["line"]} for line in facts["lines"]]
    return {"number": facts["number"], "supplier": facts["party"], "currency": "USD", "lines": lines}


# ------------------------------------------------------------------ the test


def run(settings: Settings, ledger_url: str | None = None) -> dict[str, Any]:
    """The whole test; `ok` whether everything adds up. ledger_url: an empty database; one is made when None."""
    home = Path(tempfile.mkdtemp(prefix="ml-connector-faults-"))
    with ExitStack() as stack:
        url = ledger_url if ledger_url is not None else stack.enter_context(ledger_database(settings.database))
        bench = stack.enter_context(opened(home, url, settings))
        sandbox = bench.sandbox
        world = _world(sandbox)
        for name in world.partners:
            sandbox.call(world.behave, name, QUIET)
        feed = Feed(bench, settings)
        _start_today(bench)
        tell_whole(bench)
        sandbox.latency.seconds = 0.02
        disturb(sandbox, settings)
        met = killed_and_drained(
            bench,
            INTEGRATION,
            settings,
            portion=feed.portion,
            rest=feed.rest,
            calm=lambda: _calm(sandbox),
            progress=lambda: {
                name: len(sandbox.sage_intacct.main.tables[name]) for name in ("PODOCUMENT", "APBILL", "VENDOR")
            },
            every=min(5, max(1, settings.kills // 3)),
        )
        return judge(bench, feed) | met


def _calm(sandbox: Sandbox) -> dict[str, int]:
    """No trouble any more inside good answers."""
    sandbox.sage_intacct.options.trouble_shares = {}
    return dict(sandbox.sage_intacct.troubles.counts)


def tell_whole(bench: Bench) -> None:
    """The reader has every table as it was before, so that what changes is told as changes."""
    with bench.open() as deployment, worker(deployment.ledger) as lease:
        integration = deployment.integration(INTEGRATION)
        warm_up(integration)
        steps = pipeline.steps_of(integration.flows, OUTBOUND)
        pipeline.run(integration, RunScope(holder=lease.name, actor="fault test"), steps)


def _start_today(bench: Bench) -> None:
    """Purchase orders of before today were settled long ago: only new ones are to be sent."""
    today = bench.sandbox.clock.now().date().isoformat()
    config = yaml.safe_load(bench.config.read_text(encoding="utf-8"))
    config["integrations"][INTEGRATION]["flows"]["orders_out"]["start_date"] = today
    bench.config.write_text(yaml.safe_dump(config), encoding="utf-8")


# ------------------------------------------------------------------ judging


def judge(bench: Bench, feed: Feed) -> dict[str, Any]:
    """Count what arrived, and what the ledger says of it."""
    sandbox = bench.sandbox
    books = sandbox.sage_intacct.main
    documents = [row for row in sandbox.call(lambda: list(books.tables["PODOCUMENT"])) if _ours(row)]
    payables = sandbox.call(lambda: list(books.tables["APBILL"]))
    invoices = [(row.text("CUSTVENDID"), row.text("VENDORDOCNO")) for row in documents if _is(row, "Vendor Invoice")]
    invoices += [(row.text("VENDORID"), row.text("RECORDID")) for row in payables if row.text("MODULEKEY") == "3.AP"]
    found = {
        "bills": once(feed.bills, Counter(invoices)),
        "receipts": once(
            feed.receipts, Counter(row.text("VENDORDOCNO") for row in documents if _is(row, "PO Receiver"))
        ),
    }
    made = {row.text("DESCRIPTION2") for row in payables if row.text("MODULEKEY") == "9.PO"}
    without_bill = [
        row.text("DOCID") for row in documents if _is(row, "Vendor Invoice") and row.text("DOCID") not in made
    ]
    elsewhere = sorted({row.owner for row in (*documents, *payables)} - {ENTITY})
    with bench.open() as deployment:
        problems = ledger_problems(deployment)
        states = states_of(deployment)
        held = held_by_reason(deployment)
        vendors = judge_vendors(feed.vendors, deployment)
    tables = judge_tables(feed.tables, ENTITY)
    unfinished = {key: count for key, count in states.items() if key.split("/")[1] in OPEN_STATES}
    wrong = {kind: dict(list(counted["wrong"].items())[:20]) for kind, counted in found.items() if counted["wrong"]}
    wrong |= {kind: told["wrong"] for kind, told in (("vendors", vendors), ("tables", tables)) if told["wrong"]}
    quiet = not (held != expected_held(feed.vendors) or unfinished or problems or without_bill or elsewhere)
    return {
        "ok": not wrong and quiet and len(payables) == len(feed.bills),
        **{kind: {name: counted[name] for name in ("given", "once")} for kind, counted in found.items()},
        "vendors": {name: told for name, told in vendors.items() if name != "wrong"},
        "tables": {name: told for name, told in tables.items() if name != "wrong"},
        "wrong": wrong,
        "without_bill": without_bill[:20],
        "other_entities": elsewhere,
        "states": states,
        "held": held,
        "unfinished": unfinished,
        "ledger_problems": problems[:10],
        "stand_in_errors": _world(sandbox).errors[:10],
        "most_at_once": dict(sandbox.sage_intacct.turns.most),
        "home": str(bench.home),
    }


def _is(row: Record, definition: str) -> bool:
    return row.text("DOCPARID") == definition


def _ours(row: Record) -> bool:
    return row.text("VENDORDOCNO") != BY_HAND
