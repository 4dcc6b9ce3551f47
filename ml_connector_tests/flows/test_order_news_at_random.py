"""Orders under random changes of settings, master data, names and books: as many documents leave as the buyer made
changes (merged while nothing left), never a second original, and the partner ends with the order as the ERP has it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind, Purpose, changed
from ml_connector.documents.json import load
from ml_connector.documents.orders import OrderChange, PurchaseOrder
from ml_connector.documents.reference import OpenOrder, OpenOrderLine
from ml_connector.errors import NeedsCorrection
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.orders_out import order_resolving, orders
from ml_connector.flows.orders_out.order_content import resolve_order
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector_tests.flows.buying import Books
from ml_connector_tests.flows.scenes import Scene, with_partners

VENDOR = "20011"
Line = tuple[Decimal, Decimal, date | None]


@dataclass
class Play:
    """The world of one random story. told, has: what the buyer's order was when it left, what the partner has of it."""

    stage: Scene
    rng: random.Random
    books: Books
    integration: Integration
    told: dict[str, OpenOrder] = field(default_factory=dict)
    has: dict[str, dict[str, Line]] = field(default_factory=dict)
    sent: int = 0

    def configure(self, **changes: Any) -> None:
        settings = self.integration.settings
        flow = settings.flows.orders_out.model_copy(update=changes.pop("orders_out", {}))
        flows = settings.flows.model_copy(update={"orders_out": flow})
        changed = settings.model_copy(update={**changes, "flows": flows})
        self.integration = replace(self.integration, settings=changed)

    def refile(self, rules: dict[str, Any] | None = None, **changes: Any) -> None:
        files = dict(self.integration.partners)
        partner = next(one for one in files.values() if one.vendor == VENDOR)
        changed = partner.model_copy(
            update={**changes, "orders": partner.orders.model_copy(update=rules or {})},
        )
        del files[partner.name]
        self.integration = with_partners(self.integration, {**files, changed.name: changed})

    @property
    def partner(self) -> Partner:
        return next(one for one in self.integration.partners.values() if one.vendor == VENDOR)

    def edit(self, make: Callable[[OpenOrder], OpenOrder]) -> None:
        """Something happens to one order in the ERP."""
        if self.books.orders:
            key = self.rng.choice(sorted(self.books.orders))
            self.books.orders[key] = make(self.books.orders[key])

    def lines(self, make: Callable[[OpenOrderLine], OpenOrderLine], *, all_of_them: bool = False) -> None:
        def change(order: OpenOrder) -> OpenOrder:
            chosen = self.rng.randrange(len(order.lines))
            lines = (make(x) if all_of_them or i == chosen else x for i, x in enumerate(order.lines))
            return changed(order, lines=tuple(lines))

        self.edit(change)


def _line(play: Play, number: int) -> OpenOrderLine:
    item = play.rng.choice(("A", "B", "C"))
    return OpenOrderLine(
        id=f"l{number}-{play.rng.random()}",
        number=number,
        item_id=f"i-{item}",
        item_code=item,
        description=f"Item {item}",
        item_description=f"Item {item}",
        unit="pc",
        quantity=Decimal(play.rng.randint(1, 50)),
        price=Decimal(play.rng.randint(1, 99)) / 4,
        cost_center="OPS",
        receipt_date=date(2027, 1, play.rng.randint(1, 28)),
    )


def _order(play: Play) -> None:
    key = f"order-{len(play.books.orders)}"
    play.books.orders[key] = OpenOrder(
        id=key,
        number=str(26009000 + len(play.books.orders)),
        order_date=play.integration.clock.now().date() + timedelta(days=1),
        supplier_id="s-1",
        supplier_code=VENDOR,
        supplier_name="Northwind",
        currency="EUR",
        warehouse_id="w-1",
        warehouse_code="1",
        lines=tuple(_line(play, number) for number in range(1, play.rng.randint(2, 5))),
    )


# What makes no news


def _setting(play: Play) -> None:
    play.rng.choice(
        (
            lambda: play.configure(company_name=f"Company {play.rng.randint(1, 9)}"),
            lambda: play.configure(ship_to_names={"1": f"Dock {play.rng.randint(1, 9)}"}),
            lambda: play.configure(orders_out={"acknowledgment_wanted": play.rng.choice(("AC", "AD", ""))}),
            lambda: play.configure(orders_out={"units": {"pc": play.rng.choice(("EA", "PC", "CT", "wrong"))}}),
            lambda: play.refile({"account_reference": play.rng.choice(("", "11"))}),
            lambda: play.refile({"cost_center_reference": play.rng.choice(("", "DP"))}),
            lambda: play.refile({"vendors_item_qualifier": play.rng.choice(("VP", "VN"))}),
            lambda: play.refile({"ship_to": play.rng.choice(({}, {"1": "0012"}, {"2": "9"}))}),
            lambda: play.refile({"changes": play.rng.choice(("860", "850"))}),
            lambda: play.refile(gl_account=play.rng.choice(("4406", "no such"))),
        )
    )()


def _rename(play: Play) -> None:
    play.refile(name=f"northwind_{play.rng.randint(1, 99)}")


def _master_data(play: Play) -> None:
    value = play.rng.randint(100_000_000_000, 999_999_999_999)
    line, order = play.rng.choice(
        (
            ({"barcode": str(value)}, {}),
            ({"suppliers_item": f"S{value}"}, {}),
            ({"description": f"Text {value}", "item_description": f"Text {value}"}, {}),
            ({}, {"supplier_name": f"Name {value}"}),
            ({}, {"warehouse_code": play.rng.choice(("1", "2"))}),
        )
    )
    play.lines(lambda one: changed(one, **line), all_of_them=True)
    play.edit(lambda one: changed(one, **order))


def _our_posting(play: Play) -> None:
    share = play.rng.choice((Decimal("0.5"), Decimal(1)))
    values = play.rng.choice((("received",), ("invoiced",), ("received", "invoiced")))
    play.lines(
        lambda one: changed(one, **{name: max(getattr(one, name), one.quantity * share) for name in values}),
        all_of_them=True,
    )


# What the buyer does


def _quantity(play: Play) -> None:
    play.lines(lambda one: changed(one, quantity=one.received + play.rng.randint(1, 50)))


def _price(play: Play) -> None:
    play.lines(lambda one: changed(one, price=one.price + Decimal("0.25")))


def _day(play: Play) -> None:
    play.lines(lambda one: changed(one, receipt_date=date(2027, 2, play.rng.randint(1, 28))))


def _remark(play: Play) -> None:
    play.edit(lambda one: changed(one, remarks=play.rng.choice(("", "Ring twice", "Back door"))))


def _one_more(play: Play) -> None:
    play.edit(lambda one: changed(one, lines=(*one.lines, _line(play, max(x.number for x in one.lines) + 1))))


def _one_less(play: Play) -> None:
    play.edit(lambda one: changed(one, lines=one.lines[:-1]) if len(one.lines) > 1 else one)


NO_NEWS = (_setting, _setting, _setting, _rename, _master_data, _master_data, _our_posting, _our_posting)
NEWS = (_order, _quantity, _price, _day, _remark, _one_more, _one_less)


def _buyers(order: OpenOrder) -> tuple[object, ...]:
    """What of an order is the buyer's doing."""
    lines = [(x.number, x.item_id, x.quantity, x.price, x.receipt_date) for x in order.lines]
    return (order.remarks, *lines)


def _finished(order: OpenOrder, told: OpenOrder | None) -> bool:
    if any(line.received < line.quantity or line.invoiced < line.quantity for line in order.lines):
        return False
    now = {line.number: line for line in order.lines}
    return all(
        line.number in now and not (now[line.number].quantity < line.quantity > now[line.number].received)
        for line in (told.lines if told is not None else ())
    )


def _expected(play: Play) -> set[str]:
    """The orders of which a document must leave in the next run."""
    book = ReferenceBook(play.integration.ledger, play.books.connection, play.books.company)
    tables = book.coding_tables()
    found = set()
    for key, order in play.books.orders.items():
        told = play.told.get(key)
        if told is None and any(line.received for line in order.lines):
            continue  # received before it was sent: left alone, or asked about
        if _finished(order, told) or (told is not None and _buyers(told) == _buyers(order)):
            continue
        content = attempt(resolve_order, order, play.partner, play.integration.settings, tables)
        if not isinstance(content, NeedsCorrection):
            found.add(key)
    return found


def _run(play: Play) -> None:
    """Read, resolve, and let what is resolved leave; look at what left."""
    expected = _expected(play)
    work = replace(play.stage.work, replay=True)
    orders.read(play.integration, play.stage.work)
    order_resolving.resolve(play.integration, work)
    rows = [row for row in play.stage.documents("orders_out") if row.state is S.RESOLVED]
    steps = (S.RENDERED, S.SENDING, S.SENT, S.ACKNOWLEDGED)
    with play.integration.ledger.write() as tx:
        documents.move(tx, [Move(row.id, step, "left") for row in rows for step in steps], work)
    assert sorted(row.source_id or "" for row in rows) == sorted(expected)
    for row in rows:
        _received(play, row)
    play.sent += len(rows)


def _received(play: Play, row: DocumentRow) -> None:
    """The partner takes a document in."""
    key = row.source_id or ""
    document = load(row.kind, row.canonical)
    first = key not in play.has
    if isinstance(document, OrderChange):
        assert not first, "a change of an order that the partner has not got"
        for line in document.lines:
            known = line.number in play.has[key]
            assert known is (line.change != "AI"), (line.number, line.change)
            if line.change == "DI":
                del play.has[key][line.number]
            else:
                play.has[key][line.number] = _facts(line)
    else:
        assert isinstance(document, PurchaseOrder)
        assert document.purpose is (Purpose.ORIGINAL if first else Purpose.REPLACE), "a second original"
        play.has[key] = {line.number: _facts(line) for line in document.lines}
    order = play.books.orders[key]
    play.told[key] = order
    # By content: a line that came in the place of another has a number of its own at the partner.
    in_erp = [(x.quantity, x.price, x.receipt_date) for x in order.lines]
    assert sorted(play.has[key].values()) == sorted(in_erp), "the partner ends with the order as it is"
    assert row.kind in {DocumentKind.ORDER, DocumentKind.ORDER_CHANGE}


def _facts(line: Any) -> Line:
    return line.quantity, line.price, next((x.day for x in line.dates), None)


@pytest.mark.parametrize("seed", range(3))
def test_only_the_buyers_changes_leave(stage: Scene, seed: int) -> None:
    books = Books(stage.integration.erp)
    integration = replace(stage.integration, erp=books)  # type: ignore[arg-type]
    play = Play(stage, random.Random(seed), books, integration)
    for _ in range(3):
        _order(play)
    for _ in range(60):
        for _ in range(play.rng.randint(1, 3)):
            play.rng.choice(NO_NEWS if play.rng.random() < 0.6 else NEWS)(play)
        _run(play)
    assert play.sent > len(play.books.orders), "something was changed, and left"
    rows = stage.documents("orders_out")
    assert len({(row.source_id, row.revision) for row in rows}) == len(rows)
