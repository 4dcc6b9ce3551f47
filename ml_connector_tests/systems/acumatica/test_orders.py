"""Purchase orders as read: polls, look-ups by id, the open ones, and what their statuses mean."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.reference import OpenOrder
from ml_connector.errors import WeAreWrong
from ml_connector.flows.core.ports import PURCHASE_ORDERS, source_of, table_of
from ml_connector.sandbox.acumatica import user
from ml_connector.systems.acumatica.erp import AcumaticaErp
from ml_connector.systems.acumatica.reading.orders import LineKey
from ml_connector_tests.systems.acumatica.bench import Bench


def ordered(bench: Bench, count: int = 1, **more: Any) -> list[str]:
    rows = bench.sandbox.call(user.create_orders, bench.state, count, **more)
    return [f"Normal|{row.text('OrderNbr')}" for row in rows]


def polled(erp: AcumaticaErp, cursor: str | None, limit: int = 600) -> tuple[dict[str, OpenOrder], str | None, bool]:
    found = source_of(erp, PURCHASE_ORDERS).changed(cursor, limit=limit)
    return {one.document.id: one.document for one in found.records}, found.cursor, found.more


def test_an_order_is_read_whole(bench: Bench) -> None:
    (made,) = ordered(bench)
    (found,) = source_of(bench.erp(), PURCHASE_ORDERS).by_id([made])
    order = found.document
    assert (order.id, order.supplier_id, order.currency, order.approved) == (made, "V000017", "USD", True)
    assert [line.id for line in order.lines] == [f"{made}|1", f"{made}|2"]
    line = order.lines[0]
    assert (line.item_code, line.suppliers_item, line.unit) == ("WIDGET1", "LS-WIDGET1", "EA")
    assert line.quantity >= 5
    assert isinstance(line.price, Decimal)
    assert line.receipt_date is not None
    assert line.gl_account == "20100"
    assert line.dimensions == {"subaccount": "000-000"}


def test_a_stored_record_gives_the_same_order_again(bench: Bench) -> None:
    (made,) = ordered(bench)
    source = source_of(bench.erp(), PURCHASE_ORDERS)
    (found,) = source.by_id([made])
    assert source.from_record(found.record) == found.document
    assert source.entered(found.record) is not None


def test_days_are_those_written_whatever_the_users_zone(bench: Bench) -> None:
    (made,) = ordered(bench)
    number = made.split("|")[1]
    body = {"Type": "Normal", "OrderNbr": number, "Details": [{"LineNbr": 1, "Promised": "2026-12-05"}]}
    bench.person.made("PurchaseOrder", body)
    (found,) = source_of(bench.erp(), PURCHASE_ORDERS).by_id([made])
    assert found.document.lines[0].receipt_date == date(2026, 12, 5)


def test_a_poll_brings_what_changed_and_the_next_one_goes_on(bench: Bench) -> None:
    erp = bench.erp(poll_overlap_seconds=0)
    _, cursor, _ = polled(erp, None)
    bench.site.clock.move(5)
    made = ordered(bench, 2)
    bench.site.clock.move(5)
    made += ordered(bench)
    found, cursor, more = polled(erp, cursor)
    assert set(made) <= set(found)
    assert not more
    bench.site.clock.move(5)
    later = ordered(bench)
    found, _, _ = polled(erp, cursor)
    assert later[0] in found
    assert not set(made[:2]) & set(found)


def test_a_poll_in_parts_loses_nothing(bench: Bench) -> None:
    erp = bench.erp(poll_overlap_seconds=0, page_size=2)
    bench.site.clock.move(3600)
    begin = bench.site.clock.now().isoformat()
    made: list[str] = []
    for _ in range(5):
        bench.site.clock.move(2)
        made += ordered(bench)
    seen: dict[str, OpenOrder] = {}
    cursor: str | None = begin
    more = True
    while more:
        found, cursor, more = polled(erp, cursor, limit=2)
        seen |= found
    assert set(made) <= set(seen)


def test_a_position_that_cannot_be_read_is_a_defect_and_told(bench: Bench) -> None:
    with pytest.raises(WeAreWrong, match="position of polling"):
        polled(bench.erp(), "{broken")


def test_ids_that_are_gone_or_none_are_left_out(bench: Bench) -> None:
    (made,) = ordered(bench)
    found = source_of(bench.erp(), PURCHASE_ORDERS).by_id(["Normal|PO999999", made, "nonsense", "|", ""])
    assert [one.document.id for one in found] == [made]


def test_an_order_without_lines_in_a_list_is_read_by_itself(bench: Bench) -> None:
    (made,) = ordered(bench)
    bench.options.empty_details_in_lists = True
    (found,) = source_of(bench.erp(), PURCHASE_ORDERS).by_id([made])
    assert len(found.document.lines) == 2


def test_statuses_say_what_may_be_sent_and_what_is_over(bench: Bench) -> None:
    (held,) = ordered(bench, hold=True)
    (cancelled,) = ordered(bench)
    bench.sandbox.call(user.act, bench.state, "PurchaseOrder", cancelled.split("|"), "CancelOrder")
    found = {one.document.id: one.document for one in source_of(bench.erp(), PURCHASE_ORDERS).by_id([held, cancelled])}
    assert (found[held].approved, found[held].cancelled) == (False, False)
    assert (found[cancelled].approved, found[cancelled].cancelled, found[cancelled].lines) == (False, True, ())


def test_the_table_has_the_open_orders_with_what_was_received(bench: Bench) -> None:
    (made,) = ordered(bench)
    row = bench.state.main.find("PurchaseOrder", "Normal", made.split("|")[1])
    bench.sandbox.call(user.receive, bench.state, row, ref="ASN-7")
    read = table_of(bench.erp(), "purchase_orders").read(None)
    order = next(one for one in read.rows if isinstance(one, OpenOrder) and one.id == made)
    assert read.complete
    assert all(line.received == line.quantity for line in order.lines)
    assert order.approved
    assert not order.complete


@pytest.mark.parametrize("bad", ["", "Normal|PO1", "Normal|PO1|x", "a|b|1|2", "||1"])
def test_what_is_no_line_of_an_order_is_told(bad: str) -> None:
    with pytest.raises(WeAreWrong, match="is not a line"):
        LineKey.of(bad)
