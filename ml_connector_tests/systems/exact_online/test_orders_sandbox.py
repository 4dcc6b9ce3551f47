"""Orders from the sandbox over sockets: polling by Modified misses nothing, and what reading costs."""

import json
from collections.abc import Iterator
from decimal import Decimal

import pytest

from ml_connector.errors import TryAgain, WeAreWrong
from ml_connector.flows.core.ports import PURCHASE_ORDERS, SourceOrder, source_of
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.faults import FaultKind
from ml_connector_tests.systems.exact_online.conftest import Bench

START = "2020-01-01T00:00:00"


def polled(bench: Bench, cursor: str | None, limit: int = 600) -> tuple[list[SourceOrder], str]:
    """All that a poll brings, and where the next one begins."""
    orders: list[SourceOrder] = []
    more = True
    while more:
        batch = source_of(bench.erp, PURCHASE_ORDERS).changed(cursor, limit=limit)
        orders += batch.records
        cursor, more = batch.cursor, batch.more
    assert cursor is not None
    return orders, cursor


def numbers(orders: Iterator[SourceOrder] | list[SourceOrder]) -> list[str]:
    return [source.document.number for source in orders]


def test_a_poll_reads_whole_orders_for_a_sixtieth_of_a_call_each(bench: Bench) -> None:
    made = bench.orders(300)
    before = bench.calls()
    orders, _ = polled(bench, START)
    used = (bench.calls() - before) / 300
    print(f"{used:.3f} reads for each order")
    assert sorted(numbers(orders)) == sorted(str(row["OrderNumber"]) for row in made)
    assert all(source.document.lines for source in orders)
    assert used <= 0.10


def test_an_order_is_rendered_again_from_its_stored_record(bench: Bench) -> None:
    bench.orders(3)
    for source in polled(bench, START)[0]:
        assert source_of(bench.erp, PURCHASE_ORDERS).from_record(source.record) == source.document
        assert "__metadata" not in source.record
        assert json.loads(source.record, parse_float=Decimal)["OrderNumber"] == int(source.document.number)


@pytest.mark.parametrize("limit", [1, 60, 100, 600])
def test_a_long_poll_goes_on_where_it_stopped(bench: Bench, limit: int) -> None:
    """Also when all orders carry the same moment: the overlap must not lead round in a circle."""
    made = bench.orders(150)
    for row in bench.table("purchaseorder/PurchaseOrders"):
        row["Modified"] = made[0]["Modified"]
    orders, cursor = polled(bench, START, limit)
    assert sorted(numbers(orders)) == sorted(str(row["OrderNumber"]) for row in made)
    again, _ = polled(bench, cursor, limit)
    assert set(numbers(again)) == set(numbers(orders))


def test_what_changes_is_polled_again_and_nothing_else(bench: Bench) -> None:
    made = bench.orders(5)
    _, cursor = polled(bench, START)
    bench.sandbox.clock.move(300)
    later = bench.orders(1)
    _, cursor = polled(bench, cursor)
    bench.sandbox.clock.move(300)
    changed = made[2]["OrderNumber"]
    bench.sandbox.call(user.change_order_line, bench.sandbox.exact, changed, 1, quantity=Decimal(7))
    orders, cursor = polled(bench, cursor)
    assert set(numbers(orders)) == {str(changed), str(later[0]["OrderNumber"])}  # the overlap reaches the newest
    assert next(s.document for s in orders if s.document.number == str(changed)).lines[0].quantity == 7


def test_orders_of_before_the_start_are_left_alone(bench: Bench) -> None:
    bench.orders(2)
    assert polled(bench, "2100-01-01T00:00:00")[0] == []
    assert len(polled(bench, None)[0]) == 2


def test_approval_and_cancellation_are_told(bench: Bench) -> None:
    waiting, cancelled = bench.orders(2, approved=False)
    bench.sandbox.call(user.cancel, bench.sandbox.exact, cancelled["OrderNumber"])
    bench.sandbox.call(user.approve, bench.sandbox.exact, cancelled["OrderNumber"])
    by_number = {s.document.number: s.document for s in polled(bench, START)[0]}
    assert not by_number[str(waiting["OrderNumber"])].approved
    assert by_number[str(cancelled["OrderNumber"])].cancelled
    assert by_number[str(cancelled["OrderNumber"])].approved


def test_a_webhooks_order_costs_one_read_and_what_is_gone_is_left_out(bench: Bench) -> None:
    made = bench.orders(130)
    bench.erp.divisions.validate()
    before = bench.calls()
    assert numbers(list(source_of(bench.erp, PURCHASE_ORDERS).by_id([made[4]["PurchaseOrderID"]]))) == [
        str(made[4]["OrderNumber"])
    ]
    assert bench.calls() - before == 1
    wanted = [row["PurchaseOrderID"] for row in made]
    gone = "00000000-0000-0000-0000-000000000001"
    found = source_of(bench.erp, PURCHASE_ORDERS).by_id(
        [*wanted[:70], gone, "not-a-guid", *wanted[70:], wanted[0].upper()]
    )
    assert [source.document.id for source in found] == wanted
    assert bench.calls() - before <= 1 + 5


def test_lines_that_an_expansion_left_out_are_fetched(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    [made] = bench.orders(1)
    stored = bench.company.get("purchaseorder/PurchaseOrders", made["PurchaseOrderID"])
    [whole] = source_of(bench.erp, PURCHASE_ORDERS).by_id([made["PurchaseOrderID"]])
    stored["PurchaseOrderLineCount"] = len(whole.document.lines) + 3
    before = bench.calls()
    [again] = source_of(bench.erp, PURCHASE_ORDERS).by_id([made["PurchaseOrderID"]])
    assert bench.calls() - before == 2
    assert again.document == whole.document


def test_a_broken_off_poll_loses_nothing(bench: Bench) -> None:
    made = bench.orders(130)
    bench.fault(FaultKind.RESET_BEFORE, method="GET", skip=1, count=50)
    with pytest.raises(TryAgain):
        polled(bench, START, limit=60)
    bench.sandbox.call(bench.sandbox.faults.clear)
    assert sorted(numbers(polled(bench, START)[0])) == sorted(str(row["OrderNumber"]) for row in made)


@pytest.mark.parametrize(
    "kind", [FaultKind.RESET_BEFORE, FaultKind.HALF_WRITTEN, FaultKind.HTML, FaultKind.EXPIRED_TOKEN]
)
def test_a_passing_trouble_of_reading_is_not_noticed(bench: Bench, kind: FaultKind) -> None:
    bench.orders(3)
    bench.fault(kind, method="GET", count=1)
    assert len(polled(bench, START)[0]) == 3


@pytest.mark.parametrize("cursor", ["rubbish", "{}", '{"newest": "x"}', '{"newest"'])
def test_an_unreadable_position_is_told(bench: Bench, cursor: str) -> None:
    with pytest.raises(WeAreWrong):
        source_of(bench.erp, PURCHASE_ORDERS).changed(cursor)


def test_look_ups_leave_room_for_the_address_of_the_next_page(bench: Bench) -> None:
    """Exact's `__next` repeats the whole filter: it is longer than the address that was asked."""
    keys = [str(row["PurchaseOrderID"]) for row in bench.orders(130)]
    assert [source.document.id for source in source_of(bench.erp, PURCHASE_ORDERS).by_id(keys)] == keys
