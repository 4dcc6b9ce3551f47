"""The other company of the demo: a food distributor that buys and sells, between suppliers and grocery chains.

What goes right, and kinds of trouble, each arranged in the stand-ins: what a partner sends, or how the books stand.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from ml_connector.composition import Deployment
from ml_connector.demo.checks import Check, entered_once, invoices_taken, posted_once
from ml_connector.demo.company import Company, Office, Played, world_of
from ml_connector.demo.trouble import Trouble
from ml_connector.sandbox.acumatica import user
from ml_connector.sandbox.acumatica.access.sessions import LIMIT_TEXT
from ml_connector.sandbox.acumatica.partners import HILLMART, LONESTAR, MORE
from ml_connector.sandbox.acumatica.wire.errors import exception_body
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.acumatica.wire.values import to_json
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.partner.consumer import Taken
from ml_connector.sandbox.partner.documents.invoices import make_invoice
from ml_connector.sandbox.partner.documents.orders import Order, customers_order, order_from_row
from ml_connector.sandbox.partner.documents.x12 import Segment, get
from ml_connector.sandbox.partner.partner import describe
from ml_connector.sandbox.partner.profiles import Profile
from ml_connector.sandbox.server import Sandbox

INTEGRATION, CONNECTION = "acumatica_cleo", "acumatica"
PRAIRIE, GULF, CORNER, NEWMART = MORE
PROFILES = (LONESTAR, HILLMART, *MORE)
#: The site's units as X12 has them.
UNITS = {"CS": "CA"}
BY_HAND = "BY-HAND"
_QUIET = {"ship": "never", "invoice": "never"}
_CASES = {"item": "HM-OLIVEOIL1L", "quantity": "3", "unit": "CA", "price": "90"}
_PIECES = {"item": "HM-WIDGET1", "quantity": "10", "unit": "EA", "price": "4.25"}


def _in(flow: str, name: str, expected: str, shown: str, says: str = "") -> Trouble:
    return Trouble(name, {}, expected, shown, integration=INTEGRATION, flow=flow, says=says)


#: What customers order otherwise than it can be taken.
ORDERS: tuple[Trouble, ...] = (
    _in("sales_orders_in", "item that nobody knows", "unknown_item", "order held"),
    _in("sales_orders_in", "store that nobody knows", "unknown_ship_to", "order held"),
    _in("sales_orders_in", "price outside the tolerance", "sales_price", "order held"),
    _in("sales_orders_in", "to be cancelled after a day that is past", "cancel_date_past", "order held"),
    _in("sales_orders_in", "unit that the item does not have", "unit_mismatch", "order held"),
    _in("sales_orders_in", "customer who is not in the books", "unknown_customer", "order held"),
    _in("sales_orders_in", "stores' quantities do not add up", "store_quantities", "order held"),
    _in("sales_orders_in", "same order again", "duplicate", "second one set aside"),
)
#: What suppliers send otherwise than they were asked; behaviours for an order each.
SUPPLIES: tuple[tuple[Profile, Mapping[str, Any], Trouble], ...] = (
    (LONESTAR, {"like": "overcharge"}, _in("invoices_in", "price above the order's", "price_tolerance", "bill held")),
    (LONESTAR, {"like": "wrong_total"}, _in("invoices_in", "lines miss the total", "total_difference", "bill held")),
    (LONESTAR, {"like": "unknown_charge"}, _in("invoices_in", "charge nobody mapped", "unmapped_charge", "bill held")),
    (LONESTAR, {"like": "unknown_order"}, _in("invoices_in", "order that is not ours", "no_such_order", "bill held")),
    (LONESTAR, {"like": "repeat_document"}, _in("invoices_in", "same invoice again", "duplicate", "set aside")),
    (LONESTAR, {"like": "reject_ack", **_QUIET}, _in("orders_out", "order refused by 997", "refused", "buyer is told")),
    (
        LONESTAR,
        {"like": "refuse", **_QUIET},
        _in("acknowledgments_in", "order refused by 855", "order_refused", "buyer is told"),
    ),
    (
        PRAIRIE,
        {"like": "over_ship", "invoice": "never"},
        _in("shipments_in", "more shipped than the order allows", "over_shipment", "receipt held"),
    ),
    (
        GULF,
        {},
        _in(
            "invoices_in",
            "Acumatica's total is not the invoice's",
            "refused_by_system",
            "bill held, none left in Acumatica",
            says="Amount is",
        ),
    ),
)
LOTS = _in("shipments_in", "no lot where lots are kept", "refused_by_system", "receipt not released", says="Lot")
CLOSED = _in("invoices_in", "dated in a closed period", "refused_by_system", "bill held", says="Period")
#: What comes back for, or happens to, what is sold.
SALES: tuple[Trouble, ...] = (
    _in("sales_invoices_out", "invoice refused by 997", "refused", "invoice refused"),
    _in("sales_invoices_out", "invoice refused by 824", "refused", "invoice refused", says="824"),
    _in("sales_invoices_out", "lines miss the books' total", "total_difference", "invoice held"),
    _in("sales_invoices_out", "credit of an invoice that never left", "credit_of_unsent", "credit held"),
)
#: As the journal counts it.
SEAT_FAULT = "acumatica status"
SEAT = Trouble(
    "no seat is free",
    {},
    "no_seat",
    "asked for again, one session for all",
    integration=INTEGRATION,
    met=lambda sandbox: sandbox.journal.faults[SEAT_FAULT] > 0,
)
TROUBLES: tuple[Trouble, ...] = (*ORDERS, *(trouble for _, _, trouble in SUPPLIES), LOTS, CLOSED, *SALES, SEAT)


def by_hand(number: str) -> bool:
    """Whether the stand-in's own people made it: what they sold by phone, and what they received themselves."""
    return number == BY_HAND or number.startswith("PO-")


class _Distributor(Office):
    """The people of the distributor and of its partners, on the stand-ins."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(world_of(sandbox))
        self.site = sandbox.acumatica

    # customers order

    def order(self, number: str, lines: Sequence[Mapping[str, str]], *more: Segment, by: Profile, store: str) -> None:
        """An 850; more: segments behind its beginning."""
        contents = customers_order(number, f"{self.today:%Y%m%d}", store, lines)
        if by is not HILLMART:  # whose numbers of items are not in our books
            contents = [["VP" if one == "IN" else one for one in segment] for segment in contents]
        contents[2:2] = more
        self.send(by, "850", contents, number)

    def troubles_of_customers(self) -> None:
        """One order each, in the order of ORDERS."""
        past = ["DTM", "001", f"{self.today - timedelta(days=30):%Y%m%d}"]
        store = HILLMART
        self.order("HM-T1", [{**_CASES, "item": "NOBODY-KNOWS"}], by=store, store="0012")
        self.order("HM-T2", [_CASES], by=store, store="9999")
        self.order("CF-T3", [{**_PIECES, "item": "WIDGET1", "price": "9.99"}], by=CORNER, store="DC-1")
        self.order("HM-T4", [_CASES], past, by=store, store="0012")
        self.order("HM-T5", [{**_PIECES, "unit": "CA"}], by=store, store="0012")
        self.order("NM-T6", [{**_PIECES, "item": "WIDGET1"}], by=NEWMART, store="1")
        stores = ["SDQ", "CA", "92", "0012", "1", "0015", "1"]
        begin: list[Segment] = [["850"], ["BEG", "00", "SA", "HM-T7", "", f"{self.today:%Y%m%d}"]]
        line = ["PO1", "1", "3", "CA", "90", "", "IN", _CASES["item"]]
        self.send(store, "850", [*begin, line, stores, ["CTT", "1"]], "HM-T7")
        for _ in range(2):
            self.order("HM-T8", [_CASES], by=store, store="0012")
        self.played.ordered.append("HM-T8")

    def customers(self, count: int) -> None:
        """Orders as they should be."""
        for at in range(count):
            number = f"HM-{at + 1:05d}"
            self.order(number, [_CASES, _PIECES], by=HILLMART, store=("0012", "0015")[at % 2])
            self.played.ordered.append(number)

    # suppliers

    def buy(self, profile: Profile, behaviour: Mapping[str, Any] | None = None, **more: Any) -> Record:
        """An approved purchase order, and how its supplier takes it."""
        seed = self.played.bought + 1
        (order,) = user.create_orders(self.site, vendors=(profile.supplier,), seed=seed, **more)
        self.played.bought += 1
        self.behave(profile, behaviour, order.text("OrderNbr"))
        return order

    def troubles_of_suppliers(self) -> None:
        """One purchase order each; the two of the books beside them."""
        for profile, behaviour, _ in SUPPLIES:
            items = {"items": ("WIDGET1", "NAPKINS")} if profile is GULF else {}
            self.buy(profile, behaviour, **items)
        self.buy(LONESTAR, {"invoice": "never"}, items=("CHEESE2KG", "RICE5KG"))
        self._closed_period()

    def _closed_period(self) -> None:
        """Goods came in time, and their invoice is of a month that is closed."""
        last = self.today.replace(day=1) - timedelta(days=1)
        self.site.options.closed_periods.add(f"{last:%m%Y}")
        order = self.buy(LONESTAR, _QUIET)
        self.played.bought -= 1  # an order whose goods are all here is nothing to send
        user.receive(self.site, order, ref=BY_HAND)
        who = self.partner(LONESTAR)
        taken = _taken(order)
        quantities = {line.number: line.quantity for line in taken.lines}
        invoice = make_invoice([(taken, quantities)], who.behaviour, who.number("I"), last)
        who.send(
            "810", [who.invoice_contents(invoice, who.behaviour)], [describe(invoice, who.behaviour)], who.behaviour
        )

    # what is sold

    def sell(self, count: int) -> None:
        """Orders that were taken by phone, shipped and invoiced."""
        self.played.sold += [one.text("ReferenceNbr") for one in user.sell(self.site, count, seed=77)]

    def troubles_of_sales(self) -> None:
        """One invoice each, in the order of SALES."""
        self.world.behave(CORNER.name, {"acknowledge": "reject"})
        (refused,) = user.sell(self.site, 1, customer="C000043", seed=78)
        (unread,) = user.sell(self.site, 1, seed=79)
        self.played.sold += [refused.text("ReferenceNbr"), unread.text("ReferenceNbr")]
        self._refuse_later(unread.text("ReferenceNbr"))
        (settled,) = user.sell(self.site, 1, seed=80)
        user.credit(self.site, settled.text("ReferenceNbr"))
        wrong = {"Amount": str(settled.number("Amount") + 1)}
        user.edit(self.site, "SalesInvoice", ("Invoice", settled.text("ReferenceNbr")), wrong)

    def _refuse_later(self, number: str) -> None:
        """HillMart reads the invoice, and says by 824 that it does not take it."""

        def look(file: Taken) -> None:
            sets = [one for each in file.interchanges for group in each.groups for one in group.sets]
            if any(one.kind == "810" and get(one.segments[1], 2) == number for one in sets):
                self.world.agenda.add(3.0, lambda: self.send(HILLMART, "824", _refusal(number, self.today), number))

        self.world.consumer.on_taken.append(look)


def _refusal(number: str, day: date) -> list[Segment]:
    return [
        ["824"],
        ["BGN", "00", f"R{number}", f"{day:%Y%m%d}"],
        ["OTI", "TR", "IV", number],
        ["TED", "024", "The goods of line 2 did not come"],
    ]


def _taken(order: Record) -> Order:
    lines = [
        {**line, "number": line["line"], "unit": UNITS.get(line["unit"], line["unit"])}
        for line in user.order_facts(order)["lines"]
    ]
    return order_from_row({"number": order.text("OrderNbr"), "currency": "USD", "lines": lines})


def play(sandbox: Sandbox, count: int) -> Played:
    """Tell partners how to behave, and do what people do in both houses. count: of each that goes right."""
    _no_seat(sandbox)
    office = _Distributor(sandbox)
    office.customers(count)
    office.troubles_of_customers()
    for _ in range(count):
        office.buy(LONESTAR)
    office.troubles_of_suppliers()
    office.sell(count)
    office.troubles_of_sales()
    return office.played


def _no_seat(sandbox: Sandbox) -> None:
    """The site is started anew, which ends all sessions, and whoever is quicker has the seat for a moment."""
    refusal = to_json(exception_body(LIMIT_TEXT)).decode()
    sandbox.faults.add(Fault(FaultKind.STATUS, "acumatica", "POST", "*/connect/token", body=refusal))
    sandbox.acumatica.sessions.end_all()


def checks(deployment: Deployment, sandbox: Sandbox, played: Played) -> list[Check]:
    """What the distributor bought, received, was billed, took orders of, and invoiced; and who was logged in."""
    there = Counter(row.text("CustomerOrder") for row in sandbox.acumatica.main.table("SalesOrder"))
    return [
        _written(deployment, sandbox, "bills", "ap_bill", "Bill", "VendorRef"),
        _written(deployment, sandbox, "receipts", "purchase_receipt", "PurchaseReceipt", "VendorRef"),
        _written(deployment, sandbox, "sales orders", "sales_order", "SalesOrder", "CustomerOrder"),
        entered_once("customers' good orders taken", played.ordered, there),
        _invoices(sandbox, played),
        _one_session(sandbox),
    ]


def _written(deployment: Deployment, sandbox: Sandbox, what: str, kind: str, entity: str, number: str) -> Check:
    numbers = [row.text(number) for row in sandbox.acumatica.main.table(entity)]
    return posted_once(deployment, CONNECTION, what, [kind], Counter(one for one in numbers if not by_hand(one)))


def _invoices(sandbox: Sandbox, played: Played) -> Check:
    taken = invoices_taken(sandbox, PROFILES)
    told = f"{len(played.sold)} released, {taken.total()} taken by customers"
    return Check("sales invoices sent once", taken == Counter(played.sold), told)


def _one_session(sandbox: Sandbox) -> Check:
    most = sandbox.acumatica.sessions.most_at_once
    return Check("one session at Acumatica", most == 1, f"{most} at once at the most, of two seats")


COMPANY = Company(INTEGRATION, PROFILES, TROUBLES, play, checks)
