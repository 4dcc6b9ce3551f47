"""Reference tables from the sandbox over sockets: whole, what changed, what is gone, and what it costs."""

from datetime import date
from decimal import Decimal

import pytest

from ml_connector.documents.reference import OpenOrder, ReferenceTable, Requirement
from ml_connector.errors import AuthorizationNeeded
from ml_connector.flows.core.ports import PURCHASE_ORDERS, source_of
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.faults import FaultKind
from ml_connector_tests.systems.exact_online.conftest import Bench


def test_vendors_are_the_suppliers_unpadded(bench: Bench) -> None:
    vendors = bench.by_code(ReferenceTable.VENDORS)
    assert set(vendors) == {"20011", "20012", "20013", "20014", "20015", "20016"}
    assert vendors["20014"].blocked
    assert vendors["20016"].currency == "USD"
    assert (vendors["20011"].name, vendors["20011"].country) == ("Northwind Components", "NL")
    assert vendors["20011"].vat_code == "2"
    assert vendors["20011"].payment_condition == "30"


def test_gl_accounts_tell_what_they_want_and_more_than_one_page_is_read(bench: Bench) -> None:
    accounts = bench.by_code(ReferenceTable.GL_ACCOUNTS)
    assert len(accounts) > 60
    assert accounts["4500"].cost_center is Requirement.MANDATORY
    assert accounts["1600"].cost_center is Requirement.FORBIDDEN
    assert accounts["4406"].cost_center is Requirement.OPTIONAL
    assert accounts["4590"].blocked


def test_cost_centers_items_and_vat_codes(bench: Bench) -> None:
    centers = bench.by_code(ReferenceTable.COST_CENTERS)
    assert {"OPS", "LAB", "WHS", "ADM", "OLD"} <= set(centers)
    assert centers["OLD"].end_date < date(2026, 1, 1)
    assert centers["OPS"].end_date is None
    assert {"P1", "P2"} <= set(bench.by_code(ReferenceTable.COST_UNITS))
    vat = bench.by_code(ReferenceTable.VAT_CODES)
    assert vat["2"].percentage == Decimal(21)
    assert str(vat["2"].percentage) == "21"
    assert (vat["4"].including, vat["2"].including) == (True, False)
    items = bench.by_code(ReferenceTable.ITEMS)
    assert "FREIGHT" in items
    assert not items["FREIGHT"].stock
    assert any(item.stock and item.gl_account for item in items.values())


def test_orders_are_assembled_from_flat_rows_as_they_are_read_whole(bench: Bench) -> None:
    made = bench.orders(7, seed=3)
    flat = bench.open_orders()
    whole = source_of(bench.erp, PURCHASE_ORDERS).by_id([row["PurchaseOrderID"] for row in made])
    assert {o.number for o in flat} == {str(row["OrderNumber"]) for row in made}
    by_id = {source.document.id: source.document for source in whole}
    assert [by_id[order.id] for order in flat] == flat
    line = flat[0].lines[0]
    assert line.quantity > 0
    assert line.price > 0
    assert line.suppliers_item
    assert line.cost_center in {"OPS", "WHS", "ADM"}


@pytest.mark.parametrize("table", [t for t in ReferenceTable if t not in {"cost_centers", "cost_units", "vat_codes"}])
def test_an_unchanged_table_costs_two_calls(bench: Bench, table: ReferenceTable) -> None:
    bench.orders(70)
    bench.erp.divisions.validate()
    first = bench.read(table)
    assert first.complete
    before = bench.calls()
    second = bench.read(table, first.cursor)
    assert (second.complete, list(second.rows), list(second.removed)) == (False, [], [])
    assert bench.calls() - before == second.calls == 2
    assert second.cursor == first.cursor


def test_changes_and_deletions_come_by_themselves(bench: Bench) -> None:
    vendors = bench.by_code(ReferenceTable.VENDORS)
    first = bench.read(ReferenceTable.VENDORS)
    state = bench.sandbox.exact
    bench.sandbox.call(user.edit, state, "crm/Accounts", "20012", {"Name": "Acme & Sons"})
    bench.sandbox.call(user.edit, state, "crm/Accounts", "20013", {"IsSupplier": False})
    gone = bench.company.by_code("crm/Accounts", "20016".rjust(18))
    bench.sandbox.call(bench.company.drop, "crm/Accounts", gone)
    second = bench.read(ReferenceTable.VENDORS, first.cursor)
    assert not second.complete
    assert [row.name for row in second.rows] == ["Acme & Sons"]  # type: ignore[attr-defined]
    assert set(second.removed) == {vendors["20013"].id, vendors["20016"].id}
    third = bench.read(ReferenceTable.VENDORS, second.cursor)
    assert (list(third.rows), list(third.removed)) == ([], [])


def test_changed_orders_are_read_whole_sixty_a_call(bench: Bench) -> None:
    made = bench.orders(130)
    first = bench.read(ReferenceTable.PURCHASE_ORDERS)
    state = bench.sandbox.exact
    for row in made[:70]:
        bench.sandbox.call(user.change_header, state, row["OrderNumber"], {"Remarks": "gate 4"})
    bench.erp.divisions.validate()
    before = bench.calls()
    second = bench.read(ReferenceTable.PURCHASE_ORDERS, first.cursor)
    orders = [row for row in second.rows if isinstance(row, OpenOrder)]
    assert {order.number for order in orders} == {str(row["OrderNumber"]) for row in made[:70]}
    assert all(order.remarks == "gate 4" and order.lines for order in orders)
    assert bench.calls() - before == second.calls <= 5


def test_a_moved_division_is_read_anew(bench: Bench) -> None:
    first = bench.read(ReferenceTable.GL_ACCOUNTS)
    bench.sandbox.exact.division_rows[0]["DivisionMoveDate"] = 1_780_000_000_000
    bench.sandbox.clock.move(25 * 3600)
    second = bench.read(ReferenceTable.GL_ACCOUNTS, first.cursor)
    assert second.complete
    assert len(second.rows) == len(first.rows)


def test_an_order_of_long_ago_that_is_finished_is_left_out(bench: Bench) -> None:
    recent, old = bench.orders(2)
    for row in (recent, old):
        stored = bench.company.get("purchaseorder/PurchaseOrders", row["PurchaseOrderID"])
        stored["InvoiceStatus"] = 30
    for row in (stored, *bench.company.lines("purchaseorder/PurchaseOrders", stored)):
        row["Modified"] = 1_600_000_000_000
    assert [order.number for order in bench.open_orders()] == [str(recent["OrderNumber"])]


def test_a_table_is_read_whole_now_and_then(bench: Bench) -> None:
    """What a sync passed by (a transaction that committed late, a deletion forgotten) is healed within a week."""
    first = bench.read(ReferenceTable.ITEMS)
    bench.sandbox.clock.move(6 * 86400)
    assert not bench.read(ReferenceTable.ITEMS, first.cursor).complete
    bench.sandbox.clock.move(2 * 86400)
    assert bench.read(ReferenceTable.ITEMS, first.cursor).complete


def test_an_edition_without_cost_units_is_told_with_the_setting_that_helps(bench: Bench) -> None:
    """403 on an endpoint that only some editions have would stop everything for good (exact-online 6)."""
    bench.sandbox.exact.options.missing_editions.add("hrm/Costunits")
    for act in (bench.read, bench.erp.try_reading):
        with pytest.raises(AuthorizationNeeded) as caught:
            act(ReferenceTable.COST_UNITS)
        assert "`without: [cost_units]`" in caught.value.remedy
    object.__setattr__(bench.erp.client.settings, "without", ("cost_units",))
    before = bench.calls()
    bench.erp.try_reading(ReferenceTable.COST_UNITS)
    read = bench.read(ReferenceTable.COST_UNITS)
    assert (list(read.rows), read.complete) == ([], True)
    assert bench.calls() == before


def test_a_blocked_user_is_no_missing_edition(bench: Bench) -> None:
    bench.fault(FaultKind.STATUS, path="*/VATCodes", status=403)
    with pytest.raises(AuthorizationNeeded) as caught:
        bench.read(ReferenceTable.VAT_CODES)
    assert "without:" not in caught.value.remedy


@pytest.mark.parametrize("table", list(ReferenceTable))
def test_whether_a_table_may_be_read_costs_one_call(bench: Bench, table: ReferenceTable) -> None:
    bench.orders(3)
    bench.erp.divisions.validate()
    before = bench.calls()
    bench.erp.try_reading(table)
    assert bench.calls() - before == 1


def test_deleted_orders_are_told_once_by_their_ids(bench: Bench) -> None:
    """sync/Deleted names orders as type 22 among everything else that was deleted."""
    kept, gone, *_ = bench.orders(3)
    deleted = source_of(bench.erp, PURCHASE_ORDERS).deletions
    assert deleted is not None
    first = deleted(None)
    assert list(first.ids) == []
    vendor = bench.company.by_code("crm/Accounts", "20016".rjust(18))
    bench.sandbox.call(bench.company.drop, "crm/Accounts", vendor)
    bench.sandbox.call(user.delete, bench.sandbox.exact, gone["OrderNumber"])
    second = deleted(first.cursor)
    assert list(second.ids) == [gone["PurchaseOrderID"]]
    assert list(deleted(second.cursor).ids) == []
    assert list(deleted("unreadable").ids) == [gone["PurchaseOrderID"]]
    assert [
        one.document.id
        for one in source_of(bench.erp, PURCHASE_ORDERS).by_id([kept["PurchaseOrderID"], gone["PurchaseOrderID"]])
    ] == [kept["PurchaseOrderID"]]
