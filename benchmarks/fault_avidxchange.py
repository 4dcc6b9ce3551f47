"""The crash test of Exact Online and AvidXchange: invoices out, coded back, paid and booked while workers are killed.

    .venv/bin/python -m benchmarks.faults --integration exact_avidxchange
    .venv/bin/python -m benchmarks.faults --integration exact_avidxchange --database postgresql
    .venv/bin/python -m benchmarks.faults --integration exact_avidxchange --mode files

A clerk enters invoices in Exact; at AvidXchange they are approved and paid, whole, in parts, many at once, in another
currency, voided and paid again; some were paid from Exact meanwhile. Suppliers' invoices that came there first are
coded, and their batches closed and opened again. A tenth of all calls fails at both sides. Counted are both books
(benchmarks/fault_avidxchange_books.py), whichever way the two exchange (benchmarks/fault_avidxchange_ways.py).
"""

import itertools
import math
import random
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.databases import ledger_database
from benchmarks.fault_avidxchange_books import judge
from benchmarks.fault_avidxchange_ways import Way, broken_answers, way_of
from benchmarks.fault_kills import Killing, drain, killed_and_drained
from benchmarks.fault_networks import EXACT
from ml_connector.credentials.tokens import TokenState
from ml_connector.demo.stage import authorize
from ml_connector.sandbox import registry
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector.transport.tokens.authorization_code import AuthorizationCodeTokens
from ml_connector_tests.support import clocks
from ml_connector_tests.support.deployment import Bench, open_over
from ml_connector_tests.systems.avidxchange.stage import INTEGRATION, changes, write_partner

#: Supplier -> journal and VAT code. The last is paid in dollars.
EUROS, DOLLARS = (("20011", "60", "2"), ("20012", "60", "2")), ("20016", "61", "0")
FLOWS = {
    "invoices_out": {},
    "coded_invoices_in": {"vat_code": "2"},
    "payments_in": {"account": "51", "read_back_minutes": 0, "read_back_days": 45},
}
CODES = {"Accounting Codes": "4406", "Cost Center": "OPS"}
A_BATCH = 6


@dataclass
class Settings(Killing):
    """How much of each, and how hard it is tried. share: of calls that fail at each side.

    payments: all of them. parts: of these, one part of an invoice. many: those for three invoices. foreign: in dollars.
    voided: taken back later. reissued: of these, paid again. by_hand: those that Exact paid itself meanwhile.
    mode: the connection's, `api` or `files`. every: kills between two portions of work.
    """

    mode: str = "api"
    every: int = 5
    invoices: int = 1000
    coded: int = 600
    payments: int = 800
    parts: int = 100
    many: int = 50
    foreign: int = 40
    voided: int = 50
    reissued: int = 30
    by_hand: int = 10


@dataclass
class Planned:
    """A payment to come. invoices: by number, and how much of each (a fraction). fate: what becomes of it later."""

    invoices: dict[str, Decimal]
    fate: str = ""
    by_hand: bool = False
    made: list[str] = field(default_factory=list)
    #: Turns of the payer since it was made.
    age: int = 0


def plan(settings: Settings) -> tuple[list[Planned], set[str]]:
    """Payments in a mixed order, and the numbers of the invoices that are in dollars."""
    numbers = iter(f"OUT-{at}" for at in range(settings.invoices))
    whole, half = Decimal(1), Decimal("0.5")
    made = [Planned({next(numbers): whole}, by_hand=True) for _ in range(settings.by_hand)]
    foreign = [Planned({next(numbers): whole}) for _ in range(settings.foreign)]
    dollars = {number for one in foreign for number in one.invoices}
    for _ in range(settings.parts // 2):
        number = next(numbers)
        made += [Planned({number: half}), Planned({number: -half})]  # the second: all that is left
    made += [Planned({next(numbers): whole for _ in range(3)}) for _ in range(settings.many)]
    theirs = iter(f"IN-{at}" for at in range(settings.coded))
    left = settings.payments - len(made) - len(foreign)
    singles = [Planned({next(theirs if at % 6 == 0 else numbers): whole}) for at in range(left)]
    fates = ["void"] * (settings.voided - settings.reissued) + ["anew", "again"] * math.ceil(settings.reissued / 2)
    for one, fate in zip([*foreign[::4], *singles], fates[: settings.voided], strict=False):
        one.fate = fate
    made += [*foreign, *singles]
    random.Random(settings.seed).shuffle(made)
    return made, dollars


@contextmanager
def opened(home: Path, url: str, way: Way) -> Iterator[Bench]:
    """The integration of the tests over a sandbox of its own."""
    exact = ExactOptions(minute_limit=None, day_limit=None)
    clock = clocks.begin(home / "clock")
    options = SandboxOptions(exact=exact, avidxchange=way.options, clock_file=clock, partner=False)
    write_partner(home)
    with Sandbox(options, stand_ins=registry.of("exact", "cleo", "avidxchange")) as sandbox:
        addresses = sandbox.addresses()
        told = changes(addresses, home, FLOWS, concurrency=4, settle_seconds=6, **way.connection)
        told["connections"]["exact_nl"] = EXACT
        told["integrations"][INTEGRATION]["batch_size"] = 25
        with open_over(home, addresses, ledger_url=url, changes=told, exact=exact) as (config, environment):
            yield Bench(sandbox, home, config, environment)


def disturb(sandbox: Sandbox, way: Way, share: float) -> None:
    """The share of all calls fails, at both sides, in every way; but see `expire`."""
    kinds = [one for one in broken_answers() if one.kind is not FaultKind.EXPIRED_TOKEN]
    sandbox.faults.mix("exact", share, kinds, exclude="/api/oauth2/*")
    way.disturb(sandbox, share)


def expire(sandbox: Sandbox) -> None:
    """Exact refuses its token once. One that is refused three times rests until it is old enough to be replaced: the
    test would be over by then.
    """
    refused = Fault(FaultKind.EXPIRED_TOKEN, "exact", count=1, exclude="/api/oauth2/*")
    sandbox.call(sandbox.faults.faults.insert, 0, refused)


def authorized_again(bench: Bench, *, killed: bool = False) -> int:
    """A kill in the middle of a refresh leaves nobody knowing which token counts: a person authorizes Exact again.

    killed: nobody is at it any more; else only where a worker has asked for it.
    """
    with bench.open() as deployment:
        tokens = deployment.authorization("exact_nl")
        assert isinstance(tokens, AuthorizationCodeTokens)
        row = tokens.store.read()
        if row is not None and (
            row.state is TokenState.VALID or not (killed or row.state is TokenState.AUTHORIZE_AGAIN)
        ):
            return 0
        authorize(deployment, "exact_nl")
        return 1


# ------------------------------------------------------------------ people


class People:
    """Clerks at Exact, suppliers, approvers and the payer at AvidXchange. Their acts run in the sandbox's loop."""

    def __init__(self, sandbox: Sandbox, settings: Settings, way: Way) -> None:
        self.sandbox = sandbox
        self.settings = settings
        self.way = way
        self.payments, self.dollars = plan(settings)
        self.entered: dict[str, dict[str, Any]] = {}
        self.coded: dict[str, Decimal] = {}
        self.batches: list[str] = []
        self._random = random.Random(settings.seed)
        self._vendors: dict[str, str] = {}

    @property
    def desk(self) -> Any:
        return self.sandbox.avidxchange.desk

    def begin(self) -> None:
        """AvidXchange has the suppliers."""
        for code, *_ in (*EUROS, DOLLARS):
            self._vendors[code] = str(user.supplier_by_code(self.sandbox.exact.main, code)["ID"])
            row = {"ExternalIdentifier": {"Value": self._vendors[code]}, "Name": f"Supplier {code}", "Active": True}
            self.sandbox.avidxchange.state.add("vendors", row)

    def portion(self, share: float) -> None:
        """So much (0..1) of what is entered and coded; what arrived is approved and paid."""
        settings = self.settings
        for at in range(len(self.entered), _upto(settings.invoices, len(self.entered), share)):
            self._enter(f"OUT-{at}", at)
        new = [f"IN-{at}" for at in range(len(self.coded), _upto(settings.coded, len(self.coded), share))]
        for number in new:
            self._coded(number)
        for at in range(0, len(new), A_BATCH):
            self.batches.append(str(self.desk.close_batch(new[at : at + A_BATCH])["BatchGUID"]))
        if self.batches and self._random.random() < 0.5:
            self.desk.reopen(self._random.choice(self.batches))  # closed again at once, nothing in it changed
        self.pay()

    def _enter(self, number: str, at: int) -> None:
        supplier, journal, vat = DOLLARS if number in self.dollars else EUROS[at % 2 if not self._shared(number) else 0]
        amount = Decimal(self._random.randint(100, 99999)) / 100
        self.entered[number] = user.key_entry(
            self.sandbox.exact, supplier=supplier, your_ref=number, amount=amount, journal=journal, vat_code=vat
        )
        self.way.entered(self.sandbox, self.entered[number], at)

    def _shared(self, number: str) -> bool:
        """Whether one payment pays it beside others: they are of one supplier."""
        return any(number in one.invoices and len(one.invoices) > 1 for one in self.payments)

    def _coded(self, number: str) -> None:
        total = Decimal(self._random.randint(100, 99999)) / 100
        code = self._random.choice(EUROS)[0]
        vendor = {"VendorExternalSystemID": self._vendors[code], "VendorName": f"Supplier {code}"}
        row = self.desk.received(vendor, number, str(total), Currency="EUR")
        self.desk.code(str(row["Id"]), [{"amount": str(total), "codes": CODES}])
        self.desk.approve(str(row["Id"]))
        self.coded[number] = total

    def pay(self) -> None:
        """Payments whose invoices are in both books are made; those that are there move on, are voided, paid again."""
        there = {row["Number"]: row for row in self.sandbox.avidxchange.state.rows("invoices")}
        entries = {row["YourRef"] for row in self.sandbox.exact.main.table("purchaseentry/PurchaseEntries")}
        for one in self.payments:
            if one.made:
                self._go_on(one)
            elif all(number in there and number in entries for number in one.invoices) and self._after_first(one):
                self._make(one, there)

    def _after_first(self, one: Planned) -> bool:
        """The rest of an invoice is paid after its first part."""
        if not any(part < 0 for part in one.invoices.values()):
            return True
        return any(
            other.made for other in self.payments if other is not one and other.invoices.keys() == one.invoices.keys()
        )

    def _make(self, one: Planned, there: dict[str, Any]) -> None:
        amounts = {}
        for number, part in one.invoices.items():
            row = there[number]
            total = Decimal(row["GrossAmount"])
            first = (total / 2).quantize(Decimal("0.01"))
            of_part = {Decimal(1): "", Decimal("0.5"): str(first), Decimal("-0.5"): str(total - first)}
            amounts[str(row["Id"])] = of_part[part]
            if one.by_hand:
                user.pay_entry(self.sandbox.exact, self.entered[number])
        status = self._random.choice(["Processing", "Issued to Supplier"])
        one.made.append(str(self.desk.pay(amounts, status=status)["PaymentId"]))

    def _go_on(self, one: Planned) -> None:
        one.age += 1
        payment = one.made[-1]
        if self.desk.state.table("payments")[payment]["Status"]["Description"] == "Processing":
            self.desk.walk(payment, "Issued to Supplier")
        elif one.fate and one.age >= 2 and len(one.made) == 1:
            self.desk.void(payment)
            if one.fate != "void":
                one.made.append(str(self.desk.reissue(payment, same_id=one.fate == "again")["PaymentId"]))
            one.fate = ""

    @property
    def done(self) -> bool:
        """Whether every payment was made and stands where it will stay."""
        rows = self.desk.state.table("payments")
        return all(
            one.made and not one.fate and rows[one.made[-1]]["Status"]["Description"] != "Processing"
            for one in self.payments
        )


def _upto(total: int, begun: int, share: float) -> int:
    return min(total, begun + math.ceil(total * share))


# ------------------------------------------------------------------ the test


def run(settings: Settings, ledger_url: str | None = None) -> dict[str, Any]:
    """The whole test; `ok` whether everything adds up. ledger_url: an empty database; one is made when None."""
    home, way = Path(tempfile.mkdtemp(prefix="ml-connector-faults-")), way_of(settings.mode, settings.seed)
    with ExitStack() as stack:
        url = ledger_url if ledger_url is not None else stack.enter_context(ledger_database(settings.database))
        bench = stack.enter_context(opened(home, url, way))
        sandbox = bench.sandbox
        people = People(sandbox, settings, way)
        sandbox.call(people.begin)
        sandbox.latency.seconds = 0.02
        disturb(sandbox, way, settings.share)

        again: list[int] = []

        def calm() -> dict[str, int]:
            way.calm(sandbox)
            again.append(authorized_again(bench, killed=True))
            return {"authorized again": sum(again)}

        portions = itertools.count()

        def portion(share: float) -> None:
            again.append(authorized_again(bench))
            if next(portions) % 16 == 2:
                expire(sandbox)
            way.next_portion(sandbox)
            sandbox.call(people.portion, share)

        with way.at_work(sandbox):
            met = killed_and_drained(
                bench,
                INTEGRATION,
                settings,
                portion=portion,
                rest=lambda: sandbox.call(people.portion, 1.0),
                calm=calm,
                progress=lambda: sandbox.call(_progress, sandbox),
                every=settings.every,
            )
        _come_to_rest(bench, people, settings)
        return judge(bench, people) | {"mode": settings.mode} | met


def _come_to_rest(bench: Bench, people: People, settings: Settings) -> None:
    """What is still to be paid is, and both sides hear of it."""
    sandbox = bench.sandbox
    for _ in range(5):
        people.way.night(sandbox)
        if sandbox.call(lambda: people.done):
            break
        sandbox.call(people.pay)
        people.way.night(sandbox)
        drain(bench, INTEGRATION, seconds=settings.drain_seconds)
    if people.way.options.mode == "files":
        drain(bench, INTEGRATION, seconds=settings.drain_seconds)  # the last payments lie there by now


def _progress(sandbox: Sandbox) -> dict[str, int]:
    exact, avid = sandbox.exact.main, sandbox.avidxchange.state
    return {
        "entries": len(list(exact.table("purchaseentry/PurchaseEntries"))),
        "sent": sum("ExternalIdentifier" in row for row in avid.rows("invoices")),
        "payments": len(avid.table("payments")),
        "booked": len(list(exact.table("financialtransaction/BankEntries"))),
    }
