"""What both books say after the crash test of Exact Online and AvidXchange, and what the ledger says."""

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from benchmarks.fault_judge import OPEN_STATES
from benchmarks.fault_ledger import ledger_problems, states_of
from ml_connector.flows.payments_in import reading_back
from ml_connector.sandbox.server import Sandbox
from ml_connector_tests.support.deployment import Bench
from ml_connector_tests.systems.avidxchange.stage import INTEGRATION

if TYPE_CHECKING:
    from benchmarks.fault_avidxchange import People

#: Of an open item in Exact that is matched, and the journal of the clearing account.
MATCHED, CLEARING = 50, "51"
Row = dict[str, Any]


def judge(bench: Bench, people: "People") -> dict[str, Any]:
    """Nothing lost, nothing sent, paid or booked twice; every open item is matched, on the list, or rightly open."""
    sandbox = bench.sandbox
    with bench.open() as deployment:
        problems = ledger_problems(deployment)
        states = states_of(deployment)
        held = waiting(deployment)
        with deployment.ledger.read() as tx:
            found = reading_back.unmatched(tx, sandbox.clock, INTEGRATION)
    listed = {number for row in found.rows for number in str(row["invoices"]).split(", ")}
    unfinished = {key: count for key, count in states.items() if key.split("/")[1] in OPEN_STATES}
    books = sandbox.call(Books, sandbox, people)
    wrong = {
        "sent": books.wrongly_sent(),
        "coded": books.wrongly_coded(),
        "paid": books.wrongly_paid(),
        "items": books.silently_open(listed),
    } | people.way.wrong(sandbox, books)
    by_hand = sum(one.by_hand for one in people.payments)
    waits = {"payments_in/payment_above_due": by_hand} if by_hand else {}
    return {
        "ok": not any(wrong.values()) and not unfinished and not problems and held == waits and people.done,
        "sent": len(people.entered),
        "coded": len(people.coded),
        "payments": len(sandbox.avidxchange.state.table("payments")),
        "booked": len(books.bookings),
        "listed": sorted(listed)[:20],
        "wrong": {name: rows[:20] for name, rows in wrong.items() if rows},
        "held": held,
        "states": states,
        "unfinished": unfinished,
        "ledger_problems": problems[:10],
        "home": str(bench.home),
    }


def waiting(deployment: Any) -> dict[str, int]:
    """What waits for a person, by flow and reason. What was set aside or given way to a later reading does not."""
    import sqlalchemy as sa

    from ml_connector.ledger.tables.documents import document

    waits = document.c.state.in_(["quarantined", "rejected", "unknown_outcome"])
    query = sa.select(document.c.flow, document.c.reason, sa.func.count()).where(waits)
    with deployment.ledger.read() as tx:
        rows = tx.execute(query.group_by(document.c.flow, document.c.reason))
        return {f"{flow}/{reason}": count for flow, reason, count in rows}


class Books:
    """Both books, as they stand."""

    def __init__(self, sandbox: Sandbox, people: "People") -> None:
        main, avid = sandbox.exact.main, sandbox.avidxchange.state
        self.people = people
        self.avid = avid
        self.entries: list[Row] = [dict(row) for row in main.table("purchaseentry/PurchaseEntries")]
        self.items = {row["TransactionEntryID"]: int(row["Status"]) for row in main.table("cashflow/Payments")}
        ours = [row for row in main.table("financialtransaction/BankEntries") if _journal(row) == CLEARING]
        self.bookings: list[Row] = ours
        ids = {row["EntryID"] for row in ours}
        self.paid: Counter[str] = Counter()
        for line in main.table("financialtransaction/BankEntryLines"):
            if line["EntryID"] in ids and line["OurRef"]:
                self.paid[str(line["OurRef"])] += -line["AmountFC"]
        self.invoices: list[Row] = list(avid.rows("invoices"))

    def wrongly_sent(self) -> list[str]:
        """Entries of the clerk that are not there once, for what they come to."""
        there: dict[str, list[Decimal]] = {}
        for row in self.invoices:
            if "ExternalIdentifier" in row:
                there.setdefault(row["ExternalIdentifier"]["Value"], []).append(row["GrossAmount"])
        wrong = []
        for number, entry in self.people.entered.items():
            found = there.pop(entry["EntryID"], [])
            if found != [-entry["AmountFC"]]:
                wrong.append(f"{number}: {-entry['AmountFC']} was sent as {found}")
        return [*wrong, *(f"{key} was never entered by a clerk" for key in there)]

    def wrongly_coded(self) -> list[str]:
        """Invoices that were coded there and are not booked once, for what they come to; and bookings of nobody."""
        booked: dict[str, list[Decimal]] = {}
        for row in self.entries:
            booked.setdefault(str(row["YourRef"]), []).append(-row["AmountFC"])
        wrong = []
        expected = self.people.coded | {number: -row["AmountFC"] for number, row in self.people.entered.items()}
        for number, total in expected.items():
            found = booked.pop(number, [])
            if found != [total]:
                wrong.append(f"{number}: {total} was booked as {found}")
        return [*wrong, *(f"{number} is a booking of nobody" for number in booked)]

    def _paid_there(self, entry: Row) -> Decimal:
        """What AvidXchange has paid of it."""
        row = self.avid.invoice(entry["YourRef"])
        return Decimal(row.get("AmountPaid") or 0)

    def _by_hand(self) -> set[str]:
        return {number for one in self.people.payments if one.by_hand for number in one.invoices}

    def wrongly_paid(self) -> list[str]:
        """Of each entry the clearing journal has what AvidXchange paid, but where Exact had paid it before."""
        by_hand = self._by_hand()
        wrong = []
        for entry in self.entries:
            due = Decimal(0) if entry["YourRef"] in by_hand else self._paid_there(entry)
            booked = self.paid[str(entry["EntryNumber"])]
            if booked != due:
                wrong.append(f"{entry['YourRef']}: {due} was paid, {booked} is booked")
        return wrong

    def silently_open(self, listed: set[str]) -> list[str]:
        """Items that are paid whole and neither matched nor listed; and matched ones that are not paid."""
        by_hand = self._by_hand()
        wrong = []
        for entry in self.entries:
            number = str(entry["YourRef"])
            whole = number in by_hand or self._paid_there(entry) == -entry["AmountFC"]
            matched = self.items[entry["EntryID"]] == MATCHED
            if whole != matched and not (whole and number in listed):
                wrong.append(f"{number}: status {self.items[entry['EntryID']]}, paid whole: {whole}")
        return wrong

    def not_acknowledged(self) -> list[str]:
        """Batches whose last reading AvidXchange was not told of."""
        told = {(one["BatchId"], one["DateClosed"]) for one in self.avid.exports}
        rows = self.avid.table("batches")
        return [key for key in self.people.batches if (key, rows[key]["DateClosed"]) not in told]


def _journal(row: Row) -> str:
    return str(row["JournalCode"]).strip()
