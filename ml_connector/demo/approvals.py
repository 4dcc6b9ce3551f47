"""The first company's overheads in the demo: entered in Exact, approved and paid at AvidXchange, and booked in Exact.

What goes right, and kinds of trouble, each arranged in the stand-ins: what clerks enter, and what
approvers and payers do there.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ml_connector.composition import Deployment
from ml_connector.demo.checks import Check
from ml_connector.demo.company import Company, Office, Played, world_of
from ml_connector.demo.trouble import Trouble
from ml_connector.documents.values.currencies import amount_text
from ml_connector.sandbox.avidxchange.state import Row
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.wire.company import Company as Books
from ml_connector.sandbox.server import Sandbox

INTEGRATION = "exact_avidxchange"
#: The purchase journal of overheads, and the clearing account that payments are booked against.
JOURNAL, CLEARING = "62", "51"
SUPPLIERS = ("20011", "20012")
#: How often the people there look at what has come, in seconds.
LOOK = 2.0
GOOD = ("AC-00001", "AC-00002")
#: Entered by a clerk in Exact, and sent to AvidXchange by its supplier as well.
KEYED = "OV-KEYED"
CODES = {"Accounting Codes": "4406", "Cost Center": "OPS"}


def _in(flow: str, name: str, expected: str, shown: str) -> Trouble:
    return Trouble(name, {}, expected, shown, integration=INTEGRATION, flow=flow)


#: Coded there, invoice by invoice: what is otherwise than Exact knows it, and what shows it.
CODED: tuple[tuple[str, Mapping[str, Any], str, str], ...] = (
    ("AC-ACCOUNT", {"codes": {"Accounting Codes": "9999"}}, "account that is not there", "unmapped_account"),
    ("AC-CENTER", {"codes": {**CODES, "Cost Center": "NO"}}, "cost center that is not there", "unmapped_cost_center"),
    ("AC-SUM", {"amount": "120.00"}, "lines do not come to the total", "total_difference"),
    ("AC-NOBODY", {"vendor": "not-linked"}, "vendor that is not linked", "unknown_supplier"),
    ("AC-NODAY", {"day": None}, "invoice without a date", "bad_value"),
    (KEYED, {}, "invoice that a clerk has entered already", "duplicate_invoice_number"),
)
#: What is done with an invoice there, by its number.
PAID: Mapping[str, Trouble] = {
    "OV-BARE": _in("payments_in", "payment does not say what it pays", "payment_item_unknown", "payment held"),
    "OV-WORD": _in("payments_in", "status nobody knows", "payment_status", "payment held"),
    "OV-MORE": _in("payments_in", "more paid than is due", "payment_above_due", "payment held"),
    "OV-DOLLARS": _in("payments_in", "paid in another currency", "currency_mismatch", "payment held"),
    "OV-CENT": _in("payments_in", "payment is not what its lines come to", "payment_difference", "payment held"),
    "OV-OTHER": _in("payments_in", "paid to another supplier", "supplier_contradicted", "payment held"),
}
TROUBLES: tuple[Trouble, ...] = (
    *(_in("coded_invoices_in", name, reason, "that invoice held") for _, _, name, reason in CODED),
    *PAID.values(),
)


def by_hand(number: str) -> bool:
    """Whether a clerk entered it in Exact."""
    return number.startswith("OV-")


@dataclass
class _People(Office):
    """Clerks at Exact, approvers and payers at AvidXchange."""

    sandbox: Sandbox
    left: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__(world_of(self.sandbox))

    def enter(self, number: str, supplier: str, amount: str) -> None:
        """An invoice is keyed in Exact."""
        user.key_entry(self.sandbox.exact, supplier=supplier, your_ref=number, amount=Decimal(amount), journal=JOURNAL)

    def code(self) -> None:
        """Suppliers sent invoices there first: coded, approved, and closed in one batch."""
        desk, ids = self.sandbox.avidxchange.desk, []
        supplier = str(user.supplier_by_code(self.sandbox.exact.main, SUPPLIERS[0])["ID"])
        good: list[tuple[str, Mapping[str, Any]]] = [(number, {}) for number in GOOD]
        for number, told in (*good, *((number, told) for number, told, _, _ in CODED)):
            vendor = {"VendorExternalSystemID": told.get("vendor", supplier), "VendorName": "Supplier"}
            row = desk.received(
                vendor, number, "121.00", Currency="EUR", **({"InvoiceDate": None} if "day" in told else {})
            )
            line = {"amount": told.get("amount", "121.00"), "description": "Rent", "codes": told.get("codes", CODES)}
            desk.code(str(row["Id"]), [line])
            desk.approve(str(row["Id"]))
            ids.append(str(row["Id"]))
        desk.close_batch(ids)

    def look(self) -> None:
        """Approve and pay what has come; look again until all has."""
        there = {str(row["Number"]): row for row in self.sandbox.avidxchange.state.rows("invoices")}
        for number in sorted(self.left & there.keys()):
            self.left.discard(number)
            self._pay(number, there[number])
        if self.left:
            self.world.agenda.add(LOOK, self.look)

    def _pay(self, number: str, row: Row) -> None:
        desk, key = self.sandbox.avidxchange.desk, str(row["Id"])
        desk.approve(key)
        paid: Mapping[str, Callable[[], Row]] = {
            "OV-BARE": lambda: desk.pay([key], remittances=False),
            "OV-MORE": lambda: desk.pay({key: str(row["GrossAmount"] + 1)}),
            "OV-DOLLARS": lambda: desk.pay([key], currency="USD"),
            "OV-CENT": lambda: desk.pay([key], Amount=row["GrossAmount"] - 1),
            "OV-OTHER": lambda: desk.pay([key], Payee={"ExternalId": self._other(row), "Name": "Somebody else"}),
        }
        payment = paid.get(number, lambda: desk.pay([key]))()
        desk.walk(str(payment["PaymentId"]), "Settled Sideways" if number == "OV-WORD" else "Cleared")

    def _other(self, row: Row) -> str:
        """Another supplier than the one whose invoice it is."""
        ids = [str(user.supplier_by_code(self.sandbox.exact.main, code)["ID"]) for code in SUPPLIERS]
        return next(one for one in ids if one != row["BuyerVendor"]["VendorExternalSystemID"])


def play(sandbox: Sandbox, count: int) -> Played:
    """Enter invoices, and have them approved and paid once they have come. count: of each that goes right."""
    people = _People(sandbox)
    numbers = [f"OV-{at + 1:05d}" for at in range(count)]
    for at, number in enumerate((*numbers, *PAID)):
        people.enter(number, SUPPLIERS[at % len(SUPPLIERS)], f"{100 + at}.00")
        people.left.add(number)
    people.enter(KEYED, SUPPLIERS[0], "100.00")
    people.code()
    people.look()
    people.played.ordered += numbers
    return people.played


def _booked(main: Books) -> dict[str, Decimal]:
    """What payments took out of the clearing account, by currency (exact-online 10.5: money out is below zero)."""
    entries = main.table("financialtransaction/BankEntries")
    currencies = {
        row["EntryID"]: str(row["Currency"]) for row in entries if str(row["JournalCode"]).strip() == CLEARING
    }
    lines = main.table("financialtransaction/BankEntryLines")
    return _by_currency((currencies[row["EntryID"]], row) for row in lines if row["EntryID"] in currencies)


def _by_currency(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Decimal]:
    """Amounts owed or paid, both of which the books keep below zero (exact-online 10.3, 10.5)."""
    sums: dict[str, Decimal] = {}
    for currency, row in rows:
        sums[currency] = sums.get(currency, Decimal(0)) - row["AmountFC"]
    return sums


def _told(sums: Mapping[str, Decimal]) -> str:
    return " and ".join(amount_text(amount, currency) for currency, amount in sorted(sums.items())) or "nothing"


def checks(deployment: Deployment, sandbox: Sandbox, played: Played) -> list[Check]:  # noqa: ARG001 - as all have it
    """What was sent, approved, paid and booked, to the cent at both sides."""
    main = sandbox.exact.main
    there = Counter(str(row["Number"]) for row in sandbox.avidxchange.state.rows("invoices"))
    wanted = [*played.ordered, *PAID]
    sent = sum(there[number] == 1 for number in wanted)
    entries = list(main.table("purchaseentry/PurchaseEntries"))
    coded = Counter(str(row["YourRef"]) for row in entries if str(row["YourRef"]).startswith("AC-"))
    due = _by_currency((str(row["Currency"]), row) for row in entries if row["YourRef"] in played.ordered)
    paid = _booked(main)
    return [
        Check("entries sent for approval once", sent == len(wanted), f"{sent} of {len(wanted)} there once"),
        Check("coded invoices booked once", coded == Counter(GOOD), f"{coded.total()} of {len(GOOD)} in Exact"),
        Check("payments booked to the cent", paid == due, f"{_told(paid)} in Exact, {_told(due)} due"),
    ]


COMPANY = Company(INTEGRATION, (), TROUBLES, play, checks)
