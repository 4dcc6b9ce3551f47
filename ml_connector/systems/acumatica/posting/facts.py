"""What a bill must know of orders and receipts before it can be planned (acumatica 8.1): how an order's lines are
billed, and which lines of released receipts are not billed yet.

All of it is read in lists and kept for a short while, so that a batch of bills costs few reads. What one plan takes of
a receipt is set aside for the others that are planned meanwhile.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from ml_connector.clock import Clock
from ml_connector.errors import WeAreWrong
from ml_connector.systems.acumatica.reading.lists import read_list
from ml_connector.systems.acumatica.reading.orders import LineKey
from ml_connector.systems.acumatica.reading.polling import document_id
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query, readable
from ml_connector.systems.acumatica.wire.contract import Need
from ml_connector.systems.acumatica.wire.filters import all_of, equals
from ml_connector.systems.acumatica.wire.values import Row, custom, day, details, identity, number, text, whole
from ml_connector.systems.our_keys import key_in

#: Goods that go into stock: billed from the order or from receipts. Other lines are billed from the order.
GOODS = frozenset({"Goods for IN", "Goods for SO", "Goods for DS", "Goods for Project", "Non-Stock"})
#: How long they are kept, and how old they may be where they do not show what is looked for: goods may have come since.
KEPT, KEPT_WITHOUT = timedelta(seconds=60), timedelta(seconds=2)
#: How long what a plan took is set aside where no bill shows it: by then it was held, refused or discarded.
SET_ASIDE = timedelta(minutes=10)
#: Whatever there is.
ANY = Decimal(0)

RECEIPT_FIELDS = (
    *("Type", "ReceiptNbr", "VendorID", "VendorRef", "Status", "Date", "TotalQty", "UnbilledQuantity"),
    *("Details/LineNbr", "Details/POOrderType", "Details/POOrderNbr", "Details/POLineNbr", "Details/ReceiptQty"),
)
BILLED_FIELDS = (
    *("Type", "ReferenceNbr", "Vendor", "VendorRef", "Status", "Amount", "TaxTotal", "Date", "Description"),
    *("Details/POReceiptNbr", "Details/POReceiptLine", "Details/Qty", "Details/Amount"),
)
NEEDS = (
    Need("bills against receipts", "PurchaseReceipt", RECEIPT_FIELDS),
    Need("bills against receipts", "Bill", BILLED_FIELDS),
)


class OrderFacts:
    """How lines of orders are billed. read: the records of orders by their ids."""

    def __init__(self, read: Callable[[Sequence[str]], object], settings: AcumaticaConnection) -> None:
        self._read = read
        self._settings = settings
        self._lock = threading.Lock()
        self._goods: dict[LineKey, bool] = {}
        self._by_order: dict[str, bool] = {}

    def heard(self, row: Row) -> None:
        """Any order that is read tells how its lines are billed."""
        kind, order_number = text(row, "Type"), text(row, "OrderNbr")
        flagged = custom(row, self._settings.bill_flag)
        with self._lock:
            self._by_order[document_id(kind, order_number)] = flagged is True or str(flagged).lower() == "true"
            for line in details(row, "Details"):
                at = whole(line, "LineNbr")
                if at is not None:
                    self._goods[LineKey(kind, order_number, at)] = text(line, "LineType") in GOODS

    def learn(self, lines: Iterable[LineKey]) -> None:
        """Read the orders of these lines that nobody has read yet."""
        with self._lock:
            missing = {line.order for line in lines if line not in self._goods}
        if missing:
            self._read(sorted(missing))

    def from_receipts(self, line: LineKey) -> bool | None:
        """Whether a line is billed from its receipts, else from the order; None where there is no such line."""
        with self._lock:
            goods = self._goods.get(line)
            by_order = self._by_order.get(line.order, False)
        if goods is None:
            return None
        if not goods:
            return False
        if self._settings.billed_from == "order_says":
            return not by_order
        return self._settings.billed_from == "receipts"


@dataclass(frozen=True)
class ReceiptLine:
    """A line of a released receipt. free: what is not billed of it yet, as far as anybody knows."""

    kind: str
    receipt: str
    line: int
    day: str
    quantity: Decimal
    free: Decimal


@dataclass(frozen=True)
class MadeBill:
    """A bill that Acumatica made itself from a receipt. lines: (receipt, line) with the quantity of each."""

    id: str
    number: str
    status: str
    description: str
    amount: Decimal
    taxes: Decimal
    lines: tuple[tuple[str, int, Decimal], ...]


@dataclass(frozen=True)
class _Taken:
    """What the plan of a document, by its key, took of a line."""

    key: str
    quantity: Decimal
    at: datetime


class Receipts:
    """The released receipts of vendors, and what is billed of them."""

    def __init__(self, client: AcumaticaClient, settings: AcumaticaConnection, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[datetime, list[Row], list[Row]]] = {}
        self._taken: dict[tuple[str, int], list[_Taken]] = {}

    def of(self, vendor: str, line: LineKey, key: str, *, least: Decimal = ANY) -> list[ReceiptLine]:
        """Lines of receipts for an order's line, the oldest first; what plans other than `key` took is not free.

        least: the quantity that is looked for; they are read again where that is not there.
        """
        found = self._kept(vendor, line, key, KEPT)
        if sum((one.free for one in found), ANY) < least:
            found = self._kept(vendor, line, key, KEPT_WITHOUT)
        return found

    def _kept(self, vendor: str, line: LineKey, key: str, longest: timedelta) -> list[ReceiptLine]:
        receipts, bills = self._of_vendor(vendor, longest)
        found: list[ReceiptLine] = []
        for receipt in receipts:
            for one in details(receipt, "Details"):
                at = whole(one, "LineNbr")
                same = (text(one, "POOrderNbr"), whole(one, "POLineNbr")) == (line.number, line.line)
                if at is None or not same or text(one, "POOrderType") not in {line.kind, ""}:
                    continue
                free = self._free(receipt, one, at, bills, key)
                receipt_day = day(receipt, "Date")
                shown = receipt_day.isoformat() if receipt_day else ""
                quantity = number(one, "ReceiptQty")
                found.append(ReceiptLine(text(receipt, "Type"), text(receipt, "ReceiptNbr"), at, shown, quantity, free))
        return sorted(found, key=lambda one: (one.day, one.receipt, one.line))

    def take(self, lines: Iterable[tuple[ReceiptLine, Decimal]], key: str) -> None:
        """Set aside what a plan bills; planning the same document again replaces it."""
        now = self._clock.now()
        with self._lock:
            self._leave_out({key})
            for one, quantity in lines:
                self._taken.setdefault((one.receipt, one.line), []).append(_Taken(key, quantity, now))

    def _leave_out(self, keys: Collection[str]) -> None:
        """What these plans took is not set aside any more."""
        left = {place: [one for one in taken if one.key not in keys] for place, taken in self._taken.items()}
        self._taken = {place: taken for place, taken in left.items() if taken}

    def bills_of(self, vendor: str, wanted: Iterable[ReceiptLine]) -> list[MadeBill]:
        """The bills that stand against lines of receipts."""
        _, bills = self._of_vendor(vendor, KEPT)
        places = {(one.receipt, one.line) for one in wanted}
        made = [_made(bill) for bill in bills if text(bill, "Type") == "Bill"]
        return [one for one in made if any((receipt, at) in places for receipt, at, _ in one.lines)]

    def _free(self, receipt: Row, one: Row, at: int, bills: Sequence[Row], key: str) -> Decimal:
        """An untouched receipt is free as a whole; of another, what no bill has."""
        place = (text(receipt, "ReceiptNbr"), at)
        quantity = number(one, "ReceiptQty")
        if number(receipt, "UnbilledQuantity") < number(receipt, "TotalQty"):
            quantity -= sum(
                (
                    number(line, "Qty")
                    for bill in bills
                    if text(bill, "Type") == "Bill" and text(bill, "Status") not in {"Voided", "Rejected"}
                    for line in details(bill, "Details")
                    if (text(line, "POReceiptNbr"), whole(line, "POReceiptLine")) == place
                ),
                Decimal(0),
            )
        now = self._clock.now()
        with self._lock:
            others = [one for one in self._taken.get(place, ()) if one.key != key and now - one.at < SET_ASIDE]
        return max(quantity - sum((one.quantity for one in others), Decimal(0)), Decimal(0))

    def _of_vendor(self, vendor: str, longest: timedelta) -> tuple[list[Row], list[Row]]:
        now = self._clock.now()
        with self._lock:
            known = self._known.get(vendor)
        if known is not None and timedelta(0) <= now - known[0] < longest:
            return known[1], known[2]
        size = self._settings.page_size
        with readable(self._client.connection, "a purchase receipt"):
            condition = all_of([equals("VendorID", vendor), equals("Type", "Receipt"), equals("Status", "Released")])
            query = Query(filter=condition, select=RECEIPT_FIELDS, expand=("Details",))
            receipts = read_list(self._client, "PurchaseReceipt", "ReceiptNbr", query, size=size)
            touched = [one for one in receipts if number(one, "UnbilledQuantity") < number(one, "TotalQty")]
            bills: list[Row] = []
            if touched:
                query = Query(filter=equals("Vendor", vendor), select=BILLED_FIELDS, expand=("Details",))
                bills = read_list(self._client, "Bill", ("ReferenceNbr", "Type"), query, size=size)
        with self._lock:
            self._known[vendor] = (now, receipts, bills)
            # A bill that stands is counted by what it bills; one that is planned and not written yet, by no list.
            self._leave_out({key_in(text(bill, "Description")) for bill in bills})
        return receipts, bills


def _made(bill: Row) -> MadeBill:
    lines = []
    for line in details(bill, "Details"):
        at = whole(line, "POReceiptLine")
        if at is not None and text(line, "POReceiptNbr"):
            lines.append((text(line, "POReceiptNbr"), at, number(line, "Qty")))
    reference = text(bill, "ReferenceNbr")
    if not reference:
        raise WeAreWrong("a bill has no ReferenceNbr")
    return MadeBill(
        id=identity(bill),
        number=reference,
        status=text(bill, "Status"),
        description=text(bill, "Description"),
        amount=number(bill, "Amount"),
        taxes=number(bill, "TaxTotal"),
        lines=tuple(lines),
    )
