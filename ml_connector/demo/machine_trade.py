"""The third company of the demo: a discrete manufacturer with Sage Intacct, a supplier of castings and a customer.

What goes right, and kinds of trouble, each arranged in the stand-ins: what a partner sends, how the books stand, and
what the gateway answers.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from ml_connector.composition import Deployment
from ml_connector.demo.checks import Check, entered_once, posted_once
from ml_connector.demo.company import Company, Office, Played, world_of
from ml_connector.demo.trouble import Trouble
from ml_connector.sandbox.partner.documents.invoices import make_invoice
from ml_connector.sandbox.partner.documents.orders import customers_order, order_from_row
from ml_connector.sandbox.partner.documents.x12 import Segment
from ml_connector.sandbox.partner.partner import describe
from ml_connector.sandbox.sage_intacct import user
from ml_connector.sandbox.sage_intacct.books.record import Record
from ml_connector.sandbox.sage_intacct.partners import HILLCREST, IRONWORKS, PROFILES
from ml_connector.sandbox.sage_intacct.seed import ENTITY
from ml_connector.sandbox.server import Sandbox

INTEGRATION, CONNECTION = "intacct_cleo", "intacct"

BY_HAND = "BY-HAND"
_QUIET = {"ship": "never", "invoice": "never"}
_WIDGETS = {"item": "WIDGET1", "quantity": "10", "unit": "EA", "price": "19.90"}


def _in(flow: str, name: str, expected: str, shown: str, says: str = "") -> Trouble:
    return Trouble(name, {}, expected, shown, integration=INTEGRATION, flow=flow, says=says)


def _passing(kind: str, name: str, shown: str) -> Trouble:
    """One of the gateway's own that passes: no document shows it."""
    return Trouble(
        name,
        {},
        kind,
        shown,
        integration=INTEGRATION,
        met=lambda sandbox: sandbox.sage_intacct.troubles.counts[kind] > 0,
    )


#: What the supplier sends otherwise than it was asked; a behaviour for an order each.
SUPPLIES: tuple[tuple[Mapping[str, Any], Trouble], ...] = (
    ({"like": "overcharge"}, _in("invoices_in", "price above the order's", "price_tolerance", "invoice held")),
    ({"like": "wrong_total"}, _in("invoices_in", "lines miss the total", "total_difference", "invoice held")),
    ({"like": "unknown_charge"}, _in("invoices_in", "charge nobody mapped", "unmapped_charge", "invoice held")),
    ({"like": "unknown_order"}, _in("invoices_in", "order that is not ours", "no_such_order", "invoice held")),
    ({"like": "repeat_document"}, _in("invoices_in", "same invoice again", "duplicate", "second one set aside")),
    (
        {"ship_percent": "60", "invoice": "ordered"},
        _in("invoices_in", "invoiced in full, received in part", "not_received", "invoice held"),
    ),
    (
        {"like": "over_ship", "invoice": "never"},
        _in("shipments_in", "more shipped than ordered", "over_shipment", "receiver held"),
    ),
    ({"like": "reject_ack", **_QUIET}, _in("orders_out", "order refused by 997", "refused", "buyer is told")),
    (
        {"like": "refuse", **_QUIET},
        _in("acknowledgments_in", "order refused by 855", "order_refused", "buyer is told"),
    ),
)
#: What the customer orders otherwise than it can be taken.
ORDERS: tuple[Trouble, ...] = (
    _in("sales_orders_in", "item that nobody knows", "unknown_item", "order held"),
    _in("sales_orders_in", "unit that the item does not have", "unit_mismatch", "order held"),
    _in("sales_orders_in", "same order again", "duplicate", "second one set aside"),
)
CLOSED = _in("invoices_in", "dated in a closed period", "refused_by_system", "invoice held", says="closed")
GATEWAY: tuple[Trouble, ...] = (
    _passing("dead_session", "session at its end", "logged in again, that request alone repeated"),
    _passing("concurrent", "first try of a request still at work", "waited for, made once"),
    _passing("rate", "too many requests", "slower for a while, nothing lost"),
)
TROUBLES: tuple[Trouble, ...] = (*(trouble for _, trouble in SUPPLIES), *ORDERS, CLOSED, *GATEWAY)


class _Manufacturer(Office):
    """The people of the manufacturer and of its partners, on the stand-ins."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(world_of(sandbox))
        self.site = sandbox.sage_intacct

    def buy(self, behaviour: Mapping[str, Any] | None = None) -> Record:
        """A purchase order in the entity that the deployment works in, and how its supplier takes it."""
        (order,) = user.create_orders(self.site, seed=self.played.bought + 1, entity=ENTITY)
        self.played.bought += 1
        self.behave(IRONWORKS, behaviour, order.text("DOCNO"))
        return order

    def order(self, number: str, lines: Sequence[Mapping[str, str]]) -> None:
        """An 850 of the customer, who names our items."""
        contents = [
            ["VP" if part == "IN" else part for part in segment]
            for segment in customers_order(number, f"{self.today:%Y%m%d}", "", lines)
            if segment[0] != "N1"
        ]
        self.send(HILLCREST, "850", contents, number)

    def customers(self, count: int) -> None:
        """Orders as they should be, and one of each that is not."""
        for at in range(count):
            number = f"HC-{at + 1:05d}"
            self.order(number, [_WIDGETS])
            self.played.ordered.append(number)
        self.order("HC-T1", [{**_WIDGETS, "item": "NOBODY-KNOWS"}])
        self.order("HC-T2", [{**_WIDGETS, "unit": "DR"}])
        for _ in range(2):
            self.order("HC-T3", [_WIDGETS])
        self.played.ordered.append("HC-T3")

    def closed_period(self) -> None:
        """Goods came in time, and their invoice is of a month that is closed."""
        last = self.today.replace(day=1) - timedelta(days=1)
        self.site.options.closed_through = last.isoformat()
        order = self.buy(_QUIET)
        user.receive(self.site, order.text("DOCID"), reference=BY_HAND)
        self.played.bought -= 1  # an order whose goods are all here is nothing to send
        self._invoice(order, last)

    def _invoice(self, order: Record, day: date) -> None:
        facts = order_from_row(user.order_facts(self.site.main, order))
        who = self.partner(IRONWORKS)
        quantities = {line.number: line.quantity for line in facts.lines}
        invoice = make_invoice([(facts, quantities)], who.behaviour, who.number("I"), day)
        contents: list[Segment] = who.invoice_contents(invoice, who.behaviour)
        who.send("810", [contents], [describe(invoice, who.behaviour)], who.behaviour)


def play(sandbox: Sandbox, count: int) -> Played:
    """Tell partners and the gateway how to behave, and do what people do. count: of each that goes right."""
    for trouble in GATEWAY:
        sandbox.sage_intacct.troubles.order(trouble.expected)
    office = _Manufacturer(sandbox)
    office.customers(count)
    for _ in range(count):
        office.buy()
    for behaviour, _ in SUPPLIES:
        office.buy(behaviour)
    office.closed_period()
    return office.played


def checks(deployment: Deployment, sandbox: Sandbox, played: Played) -> list[Check]:
    """What the manufacturer received, was billed, and took orders of; a Vendor Invoice makes its bill itself."""
    tables = sandbox.sage_intacct.main.tables
    documents: dict[str, Counter[str]] = {}
    for row in tables["PODOCUMENT"]:
        if row.text("VENDORDOCNO") != BY_HAND:
            documents.setdefault(row.text("DOCPARID"), Counter())[row.text("VENDORDOCNO")] += 1
    sold = Counter(row.text("PONUMBER") for row in tables["SODOCUMENT"])
    invoices, receivers = (documents.get(name, Counter()) for name in ("Vendor Invoice", "PO Receiver"))
    bills = sum(1 for _ in tables["APBILL"])
    return [
        posted_once(deployment, CONNECTION, "vendor invoices", ["vendor_invoice"], invoices),
        posted_once(deployment, CONNECTION, "receivers", ["po_receiver"], receivers),
        posted_once(deployment, CONNECTION, "sales orders of machines", ["sales_order"], sold),
        entered_once("the machine builder's good orders taken", played.ordered, sold),
        Check(
            "one bill for each vendor invoice", bills == invoices.total(), f"{invoices.total()} invoices, {bills} bills"
        ),
    ]


COMPANY = Company(INTEGRATION, PROFILES, TROUBLES, play, checks)
