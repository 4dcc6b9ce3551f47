"""What a partner is told of a change: lines by the ERP's id, what is left to receive, never an 860 without a word."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import changed
from ml_connector.documents.orders import OrderChange, OrderChangeLine, PurchaseOrder
from ml_connector.documents.reference import OpenOrder, OpenOrderLine
from ml_connector.flows.orders_out.order_changes import as_cancellation, as_change, numbered, with_ids
from ml_connector.flows.orders_out.order_comparing import View, changes
from ml_connector.flows.orders_out.order_content import resolve_order
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.books.orders import delete_line, order_changed
from ml_connector_tests.flows.scenes import Scene
from ml_connector_tests.flows.test_order_content import TABLES, partner, settings
from ml_connector_tests.flows.test_order_news import ONE, SILENT, change_sent, in_record, partner_file, progress
from ml_connector_tests.flows.test_order_revisions import change, header, newest, play, revisions

DAY = date(2026, 11, 29)
VIEW = View(partner(account_reference="", cost_center_reference=""), settings(), TABLES)


def line(key: str, number: int, quantity: int = 10, **more: Any) -> OpenOrderLine:
    values = {"item_id": f"i-{key}", "item_code": f"ITEM-{key}", "unit": "pc", "price": Decimal("1.50"), **more}
    return OpenOrderLine(id=key, number=number, quantity=Decimal(quantity), **values)


def record(*lines: OpenOrderLine, **more: Any) -> OpenOrder:
    values = {"supplier_id": "s", "supplier_code": "1", "currency": "EUR", "order_date": date(2026, 11, 20), **more}
    return OpenOrder(id="o-1", number="4711", warehouse_code="1", lines=lines, **values)


def told(of: OpenOrder, before: PurchaseOrder | None = None) -> PurchaseOrder:
    return numbered(resolve_order(of, VIEW.partner, VIEW.settings, TABLES), before)


def change_between(old: OpenOrder, new: OpenOrder) -> OrderChange:
    found = changes(old, new, VIEW)
    before = told(old)
    after = numbered(resolve_order(new, VIEW.partner, VIEW.settings, TABLES), before, found.replaced)
    return as_change(before, after, found.lines, {x.id: x.received for x in new.lines}, DAY, 1)


def said(lines: Sequence[OrderChangeLine]) -> list[tuple[str, str, Decimal | None, Decimal | None]]:
    return [(x.number, x.change, x.quantity, x.quantity_left) for x in lines]


def test_a_line_that_is_deleted_and_the_others_renumbered_is_one_deletion() -> None:
    old = record(line("a", 1), line("b", 2), line("c", 3))
    new = record(line("b", 1), line("c", 2))
    assert said(change_between(old, new).lines) == [("1", "DI", Decimal(10), Decimal(0))]


def test_lines_that_are_only_renumbered_are_no_change() -> None:
    old = record(line("a", 1), line("b", 2))
    assert not changes(old, record(line("b", 1), line("a", 2)), VIEW)


def test_a_renumbered_line_is_changed_under_the_number_that_the_partner_knows() -> None:
    old = record(line("a", 1), line("b", 2))
    new = record(line("b", 1, 12))
    assert said(change_between(old, new).lines) == [
        ("1", "DI", Decimal(10), Decimal(0)),
        ("2", "QI", Decimal(12), Decimal(12)),
    ]


def test_a_new_line_in_the_place_of_another_has_a_number_of_its_own() -> None:
    old = record(line("a", 1), line("b", 2))
    new = record(line("b", 1), line("c", 2))
    assert said(change_between(old, new).lines) == [
        ("1", "DI", Decimal(10), Decimal(0)),
        ("3", "AI", Decimal(10), Decimal(10)),
    ]


def test_another_item_on_a_line_is_another_line_for_the_partner() -> None:
    old = record(line("a", 1), line("b", 2))
    new = record(line("a", 1, item_id="other", item_code="OTHER"), line("b", 2))
    sent = change_between(old, new).lines
    assert said(sent) == [("1", "DI", Decimal(10), Decimal(0)), ("3", "AI", Decimal(10), Decimal(10))]
    assert sent[1].buyers_item == "OTHER"


@pytest.mark.parametrize(
    ("ordered", "received", "now", "left"), [(100, 40, 40, 0), (100, 40, 80, 40), (100, 0, 80, 80), (100, 40, 120, 80)]
)
def test_poc04_is_what_is_left_to_receive(ordered: int, received: int, now: int, left: int) -> None:
    got = Decimal(received)
    sent = change_between(record(line("a", 1, ordered, received=got)), record(line("a", 1, now, received=got)))
    assert said(sent.lines)[0][2:] == (Decimal(now), Decimal(left))


def test_a_cancellation_drops_what_had_not_come() -> None:
    got = {"a": Decimal(4)}
    cancelled = as_cancellation(told(record(line("a", 1), line("b", 2))), got, DAY, 1, by="860")
    assert isinstance(cancelled, OrderChange)
    assert said(cancelled.lines) == [("1", "DI", Decimal(6), Decimal(0)), ("2", "DI", Decimal(10), Decimal(0))]


def test_another_currency_is_another_price_on_every_line() -> None:
    lines = (line("a", 1), line("b", 2))
    sent = change_between(record(*lines), record(*lines, currency="USD"))
    assert (sent.currency, [x.change for x in sent.lines]) == ("USD", ["CA", "CA"])


def test_what_an_older_release_told_is_followed_by_the_record_it_was_made_of() -> None:
    old = record(line("a", 1), line("b", 2))
    before = told(old)
    bare = changed(before, lines=tuple(changed(x, erp_line="") for x in before.lines))
    assert with_ids(bare, old) == before


@pytest.fixture
def order(stage: Scene) -> dict[str, Any]:
    """An order that its partner has."""
    (made,) = stage.orders(1, received=False)
    stage.world.behave("NORTHWIND", SILENT)
    play(stage, 1)
    assert revisions(stage) == ONE
    return dict(made)


def sent_segments(stage: Scene, row: DocumentRow) -> list[list[str]]:
    """The segments of the file in which a document left."""
    from ml_connector.ledger.exchange import files

    with stage.deployment.ledger.read() as tx:
        file = files.get(tx, row.file_id or 0)
        data = files.read_blob(tx, file.sha256 if file is not None else "").decode("latin-1")
    return [one.strip().split(data[3]) for one in data.split(data[105]) if one.strip()]


@pytest.mark.parametrize(
    ("rule", "kind", "lines"),
    [("header", "860", 0), ("lines", "860", None), ("850", "850", None)],
)
def test_a_change_of_the_header_alone_is_told_as_the_partner_takes_it(
    stage: Scene,
    order: dict[str, Any],
    rule: str,
    kind: str,
    lines: int | None,
) -> None:
    partner_file(stage, orders={"header_changes": rule})
    header(stage, order, Remarks="Deliver at the back door")
    play(stage, 1)
    assert revisions(stage) == [*ONE, (1, "acknowledged")]
    segments = sent_segments(stage, newest(stage))
    names = [one[0] for one in segments]
    assert next(one[1] for one in segments if one[0] == "ST") == kind
    assert ["MSG", "Deliver at the back door"] in segments
    assert names.count("POC") + names.count("PO1") == (len(order["lines"]) if lines is None else lines)
    if rule == "header":
        assert "N1" not in names, "only the segments that changed"


def test_a_change_of_the_header_alone_may_be_left_to_a_person(stage: Scene, order: dict[str, Any]) -> None:
    partner_file(stage, orders={"header_changes": "hold"})
    header(stage, order, Remarks="Deliver at the back door")
    play(stage, 1)
    row = newest(stage)
    assert (row.state, row.reason) == (S.QUARANTINED, "header_changed")
    assert "header_changes" in (row.reason_detail or {})["mend"]
    change(stage, order, quantity=order["lines"][0]["quantity"] + 7)
    play(stage, 1)
    assert revisions(stage) == [*ONE, (1, "acknowledged")]
    assert change_sent(stage).notes == ("Deliver at the back door",)


def test_remarks_that_are_taken_away_are_told(stage: Scene, order: dict[str, Any]) -> None:
    header(stage, order, Remarks="Deliver at the back door")
    play(stage, 1)
    header(stage, order, Remarks="")
    play(stage, 1)
    assert revisions(stage)[-1] == (2, "acknowledged")
    assert ["MSG", "Earlier notes no longer apply."] in sent_segments(stage, newest(stage))
    header(stage, order, SelectionCode="moved")
    play(stage, 1)
    assert len(revisions(stage)) == 3


def test_a_changed_currency_is_told_with_all_prices(stage: Scene, order: dict[str, Any]) -> None:
    in_record(stage, order, {"Currency": "USD"}, {})
    play(stage, 1)
    segments = sent_segments(stage, newest(stage))
    assert ["CUR", "BY", "USD"] in segments
    assert [one[2] for one in segments if one[0] == "POC"] == ["CA"] * len(order["lines"])


def test_a_deleted_line_in_exact_is_one_deletion_at_the_partner(stage: Scene, order: dict[str, Any]) -> None:
    def delete() -> None:
        company = stage.sandbox.exact.main
        made = user.order_by_number(company, int(order["number"]))
        first, *others = user.lines_of(stage.sandbox.exact, made)
        delete_line(company, first)
        for number, one in enumerate(others, 1):
            one["LineNumber"] = number
        order_changed(company, made)

    stage.sandbox.call(delete)
    play(stage, 1)
    assert [one[1:3] for one in sent_segments(stage, newest(stage)) if one[0] == "POC"] == [["1", "DI"]]


def test_what_was_received_while_a_change_waited_counts(stage: Scene, order: dict[str, Any]) -> None:
    """The change is held for a code; meanwhile goods come."""
    partner_file(stage, orders={"ship_to": {"NONE": "1"}})
    ordered = order["lines"][0]["quantity"]
    change(stage, order, quantity=ordered * 2)
    play(stage, 1)
    assert newest(stage).state is S.QUARANTINED
    progress(stage, order, "ReceivedQuantity", part=Decimal("0.5"))
    partner_file(stage, orders={"ship_to": {}})
    stage.sandbox.clock.move(11 * 60)
    play(stage, 1)
    (told_line,) = (one for one in change_sent(stage).lines if one.number == "1")
    assert (told_line.quantity, told_line.quantity_left) == (ordered * 2, ordered)
