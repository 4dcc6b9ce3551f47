"""Orders of every shape under everything that buyers do to them, received in between: whatever was sent, a supplier who
follows it to the letter would deliver what the buyer's order says, and nobody else delivers anything.

STORIES=5000 in the environment plays more of them.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_connector.documents.common import changed
from ml_connector.documents.reference import OpenOrder, OpenOrderLine
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows import literal_supplier
from ml_connector_tests.flows.buying import Office
from ml_connector_tests.flows.literal_supplier import Supplier
from ml_connector_tests.flows.scenes import UNITS, with_partners

STORIES = int(os.environ.get("STORIES", "30"))
SUPPLIERS = {"20011": "NORTHWIND", "20012": "004321519"}
#: Two that are partners, and one that is none.
CODES = ("20011", "20012", "39999")
REMARKS = ("", "Ring twice", "Back door", "Portão 3, depois das 8h", "Call first. " * 30)
TEXTS = ("Relay 24V", "Relay 48V", "Größe 7, blau", "A long description of a thing that is to be said whole. " * 3)
QUANTITIES = ("1", "2", "7.5", "100", "0.125", "12345.678")
PRICES = ("0", "0.01", "14.75", "1234.5678", "2")
DAYS = (None, date(2027, 1, 4), date(2027, 2, 1), date(2027, 3, 31))
_numbers = count(1)


@dataclass
class Story:
    """One order, its buyer and its suppliers. pick: the next choice of the story."""

    office: Office
    key: str
    number: str
    pick: Callable[[int], int]
    suppliers: dict[str, Supplier] = field(default_factory=lambda: {code: Supplier() for code in SUPPLIERS})
    names: "count[int]" = field(default_factory=lambda: count(1))
    refuse: bool = False

    @property
    def order(self) -> OpenOrder | None:
        return self.office.books.orders.get(self.key)

    def one_of(self, values: Any) -> Any:
        return values[self.pick(len(values))]

    def head(self, **values: object) -> None:
        if self.order is not None:
            self.office.books.orders[self.key] = changed(self.order, **values)

    def line(self, **values: object) -> None:
        """One line is changed."""
        if self.order is not None:
            lines = list(self.order.lines)
            at = self.pick(len(lines))
            lines[at] = changed(lines[at], **values)
            self.head(lines=tuple(lines))

    def new_line(self, number: int) -> OpenOrderLine:
        name = f"I{next(self.names)}"
        return OpenOrderLine(
            id=f"{self.key}-{name}",
            number=number,
            item_id=name,
            item_code=name,
            suppliers_item=self.one_of(("", f"S-{name}")),
            barcode=self.one_of(("", "8711234567892", "871123456789", "8711234")),
            description=self.one_of(TEXTS),
            unit=self.one_of(tuple(UNITS)),
            quantity=Decimal(self.one_of(QUANTITIES)),
            price=Decimal(self.one_of(PRICES)),
            receipt_date=self.one_of(DAYS),
            cost_center=self.one_of(("", "OPS")),
        )


# What the buyer, the warehouse and the ERP do


def _quantity(story: Story) -> None:
    if story.order is not None:
        at = story.pick(len(story.order.lines))
        lines = list(story.order.lines)
        more = Decimal(story.one_of(QUANTITIES))
        lines[at] = changed(lines[at], quantity=max(lines[at].received, more))
        story.head(lines=tuple(lines))


def _to_what_came(story: Story) -> None:
    """Lines are lowered to what was received of them."""
    if story.order is not None:
        lines = (changed(one, quantity=one.received) if one.received else one for one in story.order.lines)
        story.head(lines=tuple(lines))


def _one_more(story: Story) -> None:
    if story.order is not None:
        highest = max(one.number for one in story.order.lines)
        story.head(lines=(*story.order.lines, story.new_line(highest + 1)))


def _one_less(story: Story) -> None:
    """A line is deleted, of which nothing came; the others are numbered anew, or not."""
    if story.order is None or len(story.order.lines) < 2:
        return
    at = story.pick(len(story.order.lines))
    if story.order.lines[at].received:
        return
    lines = [one for n, one in enumerate(story.order.lines) if n != at]
    if story.pick(2):
        lines = [changed(one, number=n) for n, one in enumerate(lines, 1)]
    story.head(lines=tuple(lines))


def _another_item(story: Story) -> None:
    if story.order is None:
        return
    at = story.pick(len(story.order.lines))
    old = story.order.lines[at]
    if not old.received:
        lines = list(story.order.lines)
        lines[at] = changed(story.new_line(old.number), id=old.id)
        story.head(lines=tuple(lines))


def _numbered_anew(story: Story) -> None:
    if story.order is not None:
        lines = [changed(one, number=n * 10) for n, one in enumerate(story.order.lines, 1)]
        story.head(lines=tuple(lines))


def _given_to(story: Story) -> None:
    code = story.one_of(CODES)
    story.head(supplier_id=f"s-{code}", supplier_code=code, supplier_name=f"Supplier {code}")


def _delete(story: Story) -> None:
    """As Exact lets it: nothing of the order was received or invoiced."""
    if story.order is not None and not any(one.received or one.invoiced for one in story.order.lines):
        story.office.books.delete(story.key)


def _deliver(story: Story) -> None:
    """A supplier delivers all, or a part, of a line; the goods are received."""
    for supplier in story.suppliers.values():
        for number, wanted in supplier.open_lines(story.number).items():
            if story.order is None or not story.pick(2):
                continue
            quantity = story.one_of((wanted.quantity, wanted.quantity / 2))
            code = dict(wanted.items)["BP"]
            lines = list(story.order.lines)
            at = next((n for n, one in enumerate(lines) if one.item_code == code), None)
            if at is None:
                continue
            lines[at] = changed(lines[at], received=lines[at].received + quantity)
            supplier.deliver(story.number, number, quantity)
            story.head(lines=tuple(lines))


def _invoice(story: Story) -> None:
    if story.order is not None:
        lines = (changed(one, invoiced=one.received) for one in story.order.lines)
        story.head(lines=tuple(lines))


def _file(story: Story, **rules: object) -> None:
    """The partners' files are edited."""
    files = {
        name: one.model_copy(update={"orders": one.orders.model_copy(update=rules)})
        for name, one in story.office.integration.partners.items()
    }
    story.office.integration = with_partners(story.office.integration, files)


def _refuse(story: Story) -> None:
    """What leaves next is refused."""
    story.refuse = True


HAPPENINGS: tuple[Callable[[Story], None], ...] = (
    _quantity,
    _quantity,
    _to_what_came,
    lambda story: story.line(price=Decimal(story.one_of(PRICES))),
    lambda story: story.line(receipt_date=story.one_of(DAYS)),
    lambda story: story.line(description=story.one_of(TEXTS)),
    lambda story: story.line(unit=story.one_of(tuple(UNITS))),
    lambda story: story.line(suppliers_item=f"T-{next(story.names)}"),
    _one_more,
    _one_less,
    _one_less,
    _another_item,
    _numbered_anew,
    lambda story: story.head(remarks=story.one_of(REMARKS)),
    lambda story: story.head(receipt_date=story.one_of(DAYS)),
    lambda story: story.head(currency=story.one_of(("EUR", "USD"))),
    lambda story: story.head(warehouse_id=(code := story.one_of(("1", "2"))), warehouse_code=code),
    lambda story: story.head(cancelled=True),
    lambda story: story.head(cancelled=False),
    lambda story: story.head(approved=story.pick(3) != 0),
    _given_to,
    _given_to,
    _delete,
    _deliver,
    _deliver,
    _deliver,
    _invoice,
    lambda story: _file(story, changes=story.one_of(("860", "860", "850"))),
    lambda story: _file(story, header_changes=story.one_of(("header", "lines", "850"))),
    _refuse,
)


# What is true whatever happened


def _leaves(story: Story) -> None:
    """Everything that can leave does, and its supplier follows it, or refuses it."""
    for _ in range(4):
        story.office.read()
        ready = [row for row in story.office.documents(story.key) if row.state is S.RESOLVED]
        if not ready:
            return
        for row in ready:
            refused, story.refuse = story.refuse, False
            data = story.office.leave(row, S.REFUSED if refused else S.ACKNOWLEDGED)
            code = next(code for code, name in SUPPLIERS.items() if name == literal_supplier.receiver(data))
            if not refused:
                story.suppliers[code].take(data)


def _settled(story: Story) -> bool:
    """Whether nothing waits for a person: no document of the order is held, or refused and not followed by another."""
    rows = [row for row in story.office.documents(story.key) if row.state not in {S.DISCARDED, S.DUPLICATE}]
    waiting = {S.QUARANTINED, S.READ, S.RESOLVED, S.REFUSED}
    return not rows or not any(row.state in waiting for row in rows)


def _wanted(order: OpenOrder) -> dict[str, tuple[object, ...]]:
    """What is to be delivered yet, by item: quantity, unit, price, text, day."""
    return {
        one.item_code: (
            one.quantity - one.received,
            UNITS[one.unit],
            one.price,
            _plain(one.description),
            _day(one.receipt_date or order.receipt_date),
        )
        for one in order.lines
        if one.quantity > one.received
    }


def _day(day: date | None) -> str:
    return day.strftime("%Y%m%d") if day is not None else ""


def _plain(text: str) -> str:
    return "".join(text.split())


def _check(story: Story) -> None:
    """What each supplier would deliver, against the order as it stands."""
    order = story.order
    for code, supplier in story.suppliers.items():
        lines = supplier.open_lines(story.number)
        theirs = order is not None and order.supplier_code == code and not order.cancelled
        if order is not None and not order.approved:
            continue  # what is not approved is not told: they have an older state
        if order is None or not theirs:
            assert not lines, f"{code} would deliver {lines}, and the order is not its any more"
            continue
        held = supplier.orders.get(story.number)
        if held is None:
            assert all(one.received >= one.quantity for one in order.lines), "it was not told"
            continue
        got = {
            dict(one.items)["BP"]: (one.quantity, one.unit, one.price, _plain(one.text), one.day or held.day)
            for one in lines.values()
        }
        assert got == _wanted(order), f"{got} instead of {_wanted(order)}"
        if got:
            has = (held.currency, _plain(held.notes), held.ship_to[-1])
            wanted = (order.currency, _plain(order.remarks), order.warehouse_code.zfill(2))
            assert has == wanted, f"{has} instead of {wanted}"


def begin(story: Story, lines: int) -> None:
    """A new order, and partners as they are at first."""
    _file(story, changes="860", header_changes="header", partly_received="hold", withdrawn="cancel")
    made = tuple(story.new_line(n) for n in range(1, 1 + lines))
    story.office.books.orders[story.key] = OpenOrder(
        id=story.key,
        number=story.number,
        order_date=story.office.integration.clock.now().date() + timedelta(days=1),
        supplier_id="s-20011",
        supplier_code="20011",
        supplier_name="Supplier 20011",
        currency="EUR",
        warehouse_id="1",
        warehouse_code="1",
        receipt_date=story.one_of(DAYS),
        remarks=story.one_of(REMARKS),
        lines=made,
    )


@pytest.mark.timeout(max(300, 5 * STORIES))
@settings(max_examples=STORIES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=STORIES <= 100)
@given(data=st.data(), steps=st.integers(1, 14))
def test_a_literal_supplier_delivers_what_the_order_says(office: Office, data: st.DataObject, steps: int) -> None:
    office.books.orders.clear()
    serial = next(_numbers)
    play = replace(office)
    story = Story(play, f"story-{serial}", str(27_000_000 + serial), lambda n: data.draw(st.integers(0, n - 1)))
    begin(story, data.draw(st.integers(1, 4)))
    for _ in range(steps):
        _leaves(story)
        if _settled(story):
            _check(story)
        for _ in range(data.draw(st.integers(1, 3))):
            story.one_of(HAPPENINGS)(story)
    story.refuse = False
    _leaves(story)
    if _settled(story):
        _check(story)
