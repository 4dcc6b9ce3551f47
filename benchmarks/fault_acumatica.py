"""The crash test of Acumatica and Cleo: both directions, with suppliers and customers, while workers are killed.

    .venv/bin/python -m benchmarks.faults --integration acumatica_cleo
    .venv/bin/python -m benchmarks.faults --integration acumatica_cleo --database postgresql

Customers' orders in, bills in (three of five of released receipts), receipts in, sales invoices out. Bills and receipts
are released, so that actions are cut off too. A tenth of the calls fails: 429, 500, a reset before, after or with a
late commit, 401; of the log-ins also by a refused seat. Counted: the stand-in's books and sessions, what partners took.
"""

import math
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from benchmarks.databases import ledger_database
from benchmarks.fault_judge import OPEN_STATES
from benchmarks.fault_kills import Killing, killed_and_drained
from benchmarks.fault_ledger import ledger_problems, states_of
from benchmarks.fault_networks import http_faults
from ml_connector.sandbox.acumatica import user
from ml_connector.sandbox.acumatica.access.sessions import LIMIT_TEXT, Session
from ml_connector.sandbox.acumatica.options import AcumaticaOptions
from ml_connector.sandbox.acumatica.partners import HILLMART, LONESTAR
from ml_connector.sandbox.acumatica.wire.errors import exception_body
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.acumatica.wire.values import to_json
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.partner.documents.notices import ship_notice
from ml_connector.sandbox.partner.documents.orders import customers_order, order_from_row
from ml_connector.sandbox.partner.documents.x12 import Party, Segment, get
from ml_connector.sandbox.partner.profiles import Profile
from ml_connector.sandbox.partner.records import SentDocument
from ml_connector.sandbox.partner.world import PartnerWorld, WorldOptions
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.support.deployment import Bench
from ml_connector_tests.systems.acumatica.stage import ERP, INTEGRATION, NETWORK, deployment_files, store_logins

#: A supplier whose goods are billed from the order, not from receipts.
PRAIRIE = replace(
    LONESTAR, name="PRAIRIE", title="Prairie Dairy", supplier="V000018", party=Party("ZZ", "PRAIRIE", "PRAIRIE")
)
PROFILES: tuple[Profile, ...] = (LONESTAR, PRAIRIE, HILLMART)
#: Quick, as the test's calls and late commits are: what a real site does in minutes happens here in seconds.
QUICK = {
    "timeout_seconds": 10, "settle_seconds": 6, "longest_call_seconds": 10, "pause_seconds": 1, "poll_seconds": 0.2,
    "logins_per_minute": 120, "concurrency": 4,
}  # fmt: skip
#: Units of the site as X12 has them.
UNITS = {"CS": "CA"}
#: Whose receipts are none of ours.
BY_HAND = "BY-HAND"
QUIET = {"confirm": "never", "ship": "never", "invoice": "never"}
_CUSTOMERS_LINES = (
    {"item": "HM-OLIVEOIL1L", "quantity": "3", "unit": "CA", "price": "90"},
    {"item": "HM-WIDGET1", "quantity": "10", "unit": "EA", "price": "4.25"},
)


@dataclass
class Settings(Killing):
    """How much of each, and how hard it is tried. share: of calls that fail."""

    orders: int = 500
    bills: int = 500
    receipts: int = 300
    invoices: int = 300


# ------------------------------------------------------------------ stage


@contextmanager
def opened(home: Path, url: str) -> Iterator[Bench]:
    """The page's deployment with a second supplier, over a sandbox of its own."""
    options = SandboxOptions(
        # A log-in whose answer is lost keeps its seat for an hour: refused seats are ordered, not met.
        acumatica=AcumaticaOptions(seats=None),
        clock_file=home / "clock",
        partner_options=WorldOptions(profiles=PROFILES),
    )
    with Sandbox(options) as sandbox:
        sandbox.call(sandbox.cleo.set_limits, per_second=None)
        with deployment_files(home, sandbox, ledger_url=url, change=_change) as (config, environment):
            bench = Bench(sandbox, home, config, environment)
            with bench.open() as deployment:
                store_logins(deployment, sandbox)
            yield bench


def _change(home: Path, settings: dict[str, Any]) -> None:
    settings["connections"][ERP] |= {**QUICK, "after_bill": "released"}
    settings["connections"][NETWORK] |= {"concurrency": 4}
    integration = settings["integrations"][INTEGRATION]
    integration["batch_size"] = 25
    folder = home / "partners" / INTEGRATION
    lonestar = (folder / "lonestar.yaml").read_text(encoding="utf-8")
    (folder / "prairie.yaml").write_text(
        lonestar.replace("lonestar", "prairie").replace("Lone Star Produce", PRAIRIE.title)
        .replace("LONESTAR", "PRAIRIE").replace("V000017", PRAIRIE.supplier),
        encoding="utf-8",
    )  # fmt: skip
    for file in folder.glob("*.yaml"):
        partner = yaml.safe_load(file.read_text(encoding="utf-8"))
        partner.setdefault("orders", {})["deduplicates"] = True
        file.write_text(yaml.safe_dump(partner), encoding="utf-8")


def _world(sandbox: Sandbox) -> PartnerWorld:
    assert sandbox.partner is not None
    return sandbox.partner


def disturb(sandbox: Sandbox, share: float) -> None:
    """The share of all calls fails, each call by what it can meet."""
    entity = [*http_faults(), Fault(FaultKind.EXPIRED_TOKEN)]
    sandbox.faults.mix("acumatica", share, entity, path="*/entity/Default/*")
    no_seat = Fault(FaultKind.STATUS, status=500, body=to_json(exception_body(LIMIT_TEXT)).decode())
    sandbox.faults.mix("acumatica", share, [*http_faults(), no_seat], path="*/identity/connect/token")
    sandbox.faults.mix("acumatica", share, http_faults(), path="*/entity/auth/logout")
    sandbox.faults.mix("cleo", share, http_faults(), exclude="/api/authentication")


# ------------------------------------------------------------------ work


@dataclass
class Feed:
    """Work in portions, so that every kill finds some. What was given out so far, by kind."""

    bench: Bench
    settings: Settings
    orders: list[str] = field(default_factory=list)
    bills: list[tuple[str, str]] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)
    invoices: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """The purchase orders were sent long ago: they stand in the books, and the flow begins today."""
        sandbox = self.bench.sandbox
        self._shipped, self._others = sandbox.call(_purchase_orders, sandbox, self.settings)
        sandbox.call(sandbox.clock.move, 3 * 24 * 3600)
        self._given: Counter[str] = Counter()

    def portion(self, share: float) -> None:
        """So much (0..1) of everything."""
        settings = self.settings
        for kind, give, all_of_it in (
            ("orders", self._order, settings.orders),
            ("receipts", self._ship, len(self._shipped)),
            ("bills", self._bill, len(self._others)),
            ("invoices", self._sell, settings.invoices),
        ):
            count = min(math.ceil(all_of_it * share), all_of_it - self._given[kind])
            first, self._given[kind] = self._given[kind], self._given[kind] + count
            if count:
                self.bench.sandbox.call(give, first, count)

    def _order(self, first: int, count: int) -> None:
        """Customers' orders, three in a file."""
        world = _world(self.bench.sandbox)
        who = world.partners[HILLMART.name]
        day = f"{world.clock.now():%Y%m%d}"
        numbers = [f"HM-{at + 1:05d}" for at in range(first, first + count)]
        for at in range(0, count, 3):
            some = numbers[at : at + 3]
            sets = [customers_order(number, day, "0012", _CUSTOMERS_LINES) for number in some]
            who.send("850", sets, [SentDocument("order", number) for number in some], who.behaviour)
        self.orders += numbers

    def _ship(self, first: int, count: int) -> None:
        """Ship notices of whole orders, each followed by its invoice."""
        world = _world(self.bench.sandbox)
        who = world.partners[LONESTAR.name]
        rows = self._shipped[first : first + count]
        for row in rows:
            order = order_from_row(row)
            shipped = {line.number: line.quantity for line in order.lines}
            number = who.number("D")
            serial = who.count("pack", len(shipped))
            notice = ship_notice([(order, shipped)], who.behaviour, number, world.clock.now(), serial)
            who.send("856", [notice], [SentDocument("notice", number, (order.number,))], who.behaviour)
            self.receipts.append(number)
        self._invoice(LONESTAR, rows)

    def _bill(self, first: int, count: int) -> None:
        self._invoice(PRAIRIE, self._others[first : first + count])

    def _invoice(self, profile: Profile, rows: list[dict[str, Any]]) -> None:
        files = _world(self.bench.sandbox).invoice_files(rows, per_file=2, ordered=True)
        self.bills += [(profile.supplier, document.number) for file in files for document in file.documents]

    def _sell(self, first: int, count: int) -> None:
        made = user.sell(self.bench.sandbox.acumatica, count, seed=self.settings.seed + 1000 + first)
        self.invoices += [invoice.text("ReferenceNbr") for invoice in made]


def _purchase_orders(sandbox: Sandbox, settings: Settings) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Those that are shipped and billed from their receipts; those that are billed from the order."""
    made = []
    for profile, count in ((LONESTAR, settings.receipts), (PRAIRIE, settings.bills - settings.receipts)):
        rows = user.create_orders(sandbox.acumatica, count, vendors=(profile.supplier,), seed=settings.seed)
        for row in rows if profile is PRAIRIE else ():
            user.receive(sandbox.acumatica, row, ref=BY_HAND)
        made.append([_row(row, profile.supplier) for row in rows])
    return made[0], made[1]


def _row(order: Record, supplier: str) -> dict[str, Any]:
    """An order as the partner knows it."""
    lines = [
        {**line, "number": line["line"], "unit": UNITS.get(line["unit"], line["unit"])}
        for line in user.order_facts(order)["lines"]
    ]
    return {"number": order.text("OrderNbr"), "supplier": supplier, "currency": "USD", "lines": lines}


# ------------------------------------------------------------------ the test


def run(settings: Settings, ledger_url: str | None = None) -> dict[str, Any]:
    """The whole test; `ok` whether everything adds up. ledger_url: an empty database; one is made when None."""
    home = Path(tempfile.mkdtemp(prefix="ml-connector-faults-"))
    with ExitStack() as stack:
        url = ledger_url if ledger_url is not None else stack.enter_context(ledger_database(settings.database))
        bench = stack.enter_context(opened(home, url))
        sandbox = bench.sandbox
        world = _world(sandbox)
        world.consumer.options.deduplicate = True
        for name in world.partners:
            sandbox.call(world.behave, name, QUIET)
        feed = Feed(bench, settings)
        _start_today(bench)
        sandbox.latency.seconds = 0.02
        disturb(sandbox, settings.share)
        met = killed_and_drained(
            bench,
            INTEGRATION,
            settings,
            portion=feed.portion,
            rest=lambda: feed.portion(1.0),
            calm=dict,
            progress=lambda: _progress(sandbox),
        )
        return judge(bench, feed) | met


def _start_today(bench: Bench) -> None:
    """Purchase orders and sales invoices of before today were settled long ago: only new ones are to be sent."""
    today = bench.sandbox.clock.now().date().isoformat()
    config = yaml.safe_load(bench.config.read_text(encoding="utf-8"))
    for flow in ("orders_out", "sales_invoices_out"):
        config["integrations"][INTEGRATION]["flows"][flow]["start_date"] = today
    bench.config.write_text(yaml.safe_dump(config), encoding="utf-8")


def _progress(sandbox: Sandbox) -> dict[str, int]:
    books = sandbox.acumatica.main
    counts = {name: len(books.table(name)) for name in ("SalesOrder", "Bill", "PurchaseReceipt")}
    return {**counts, "810": sum(consumed(sandbox).values())}


def consumed(sandbox: Sandbox) -> Counter[str]:
    """How often each invoice of ours was taken out of its folder."""
    return Counter(
        get(_first(one.segments, "BIG"), 2)
        for file in _world(sandbox).consumer.taken
        for interchange in file.interchanges
        for group in interchange.groups
        for one in group.sets
        if one.kind == "810"
    )


def _first(segments: list[Segment], name: str) -> Segment:
    return next(segment for segment in segments if segment[0] == name)


# ------------------------------------------------------------------ judging


def judge(bench: Bench, feed: Feed) -> dict[str, Any]:
    """Count what arrived, what the ledger says of it, and who was in."""
    sandbox = bench.sandbox
    found = {
        "orders": once(feed.orders, Counter(row.text("CustomerOrder") for row in _rows(sandbox, "SalesOrder"))),
        "bills": once(
            feed.bills, Counter((row.text("Vendor"), row.text("VendorRef")) for row in _rows(sandbox, "Bill"))
        ),
        "receipts": once(feed.receipts, Counter(row.text("VendorRef") for row in _rows(sandbox, "PurchaseReceipt"))),
        "invoices": once(feed.invoices, consumed(sandbox)),
    }
    unreleased = [
        f"{entity} {row.text('VendorRef')} {row.text('Status')}"
        for entity, done in (("Bill", "Open"), ("PurchaseReceipt", "Released"))
        for row in _rows(sandbox, entity)
        if row.text("Status") != done
    ]
    sessions = seats(list(sandbox.acumatica.sessions.all.values()), sandbox.clock.now())
    with bench.open() as deployment:
        problems = ledger_problems(deployment)
        states = states_of(deployment)
        held = held_by_reason(deployment)
    unfinished = {key: count for key, count in states.items() if key.split("/")[1] in OPEN_STATES}
    wrong = {kind: counted["wrong"] for kind, counted in found.items() if counted["wrong"]}
    lost_or_twice = {kind: dict(list(rows.items())[:20]) for kind, rows in wrong.items()}
    quiet = not held and not unfinished and not problems and not unreleased
    return {
        "ok": not wrong and quiet and sessions["open"] == 0 and sessions["most_at_once"] <= 1,
        **{kind: {name: counted[name] for name in ("given", "once")} for kind, counted in found.items()},
        "wrong": lost_or_twice,
        "not_released": unreleased[:20],
        "sessions": sessions,
        "states": states,
        "held": held,
        "unfinished": unfinished,
        "ledger_problems": problems[:10],
        "stand_in_errors": _world(sandbox).errors[:10],
        "home": str(bench.home),
    }


def _rows(sandbox: Sandbox, entity: str) -> list[Record]:
    """Without what Acumatica's own people made: receipts, and orders that were sold to have invoices to read."""
    rows = sandbox.call(lambda: list(sandbox.acumatica.main.table(entity)))
    return [row for row in rows if row.text("VendorRef") != BY_HAND and not row.text("CustomerOrder").startswith("PO-")]


def once(given: list[Any], counted: Counter[Any]) -> dict[str, Any]:
    """How many of these are there once, and what is there otherwise."""
    wrong = {str(one): counted[one] for one in given if counted[one] != 1}
    strangers = {f"stranger {one}": count for one, count in counted.items() if one not in set(given)}
    return {"given": len(given), "once": sum(1 for one in given if counted[one] == 1), "wrong": wrong | strangers}


def held_by_reason(deployment: Any) -> dict[str, int]:
    """What waits for a person, by reason."""
    import sqlalchemy as sa

    from ml_connector.ledger.tables.documents import document

    query = sa.select(document.c.flow, document.c.reason, sa.func.count()).where(document.c.reason.is_not(None))
    with deployment.ledger.read() as tx:
        rows = tx.execute(query.group_by(document.c.flow, document.c.reason))
        return {f"{flow}/{reason}": count for flow, reason, count in rows}


def seats(sessions: list[Session], now: datetime) -> dict[str, int]:
    """Who was in, and how many at once beside those whose log-in was never answered.

    Nobody ever calls in a session of which he has not heard; it ends by itself. most_at_once: of the others.
    """
    lost = [one for one in sessions if one.used == one.opened and one.closed is None]
    heard = [one for one in sessions if not any(one is other for other in lost)]
    moments = sorted(
        [(one.opened, 1) for one in heard] + [(_ended(one, now), -1) for one in heard], key=lambda at: (at[0], at[1])
    )
    most = here = 0
    for _, change in moments:
        here += change
        most = max(most, here)
    return {
        "opened": len(sessions),
        "log_ins_without_an_answer": len(lost),
        "most_at_once": most,
        "open": sum(1 for one in sessions if one.closed is None and (one.ends is None or one.ends > now)),
    }


def _ended(session: Session, now: datetime) -> datetime:
    return min(one for one in (session.closed, session.ends, now) if one is not None)
