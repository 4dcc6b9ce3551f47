"""Reference tables and purchase orders over the stand-in: whole, by what changed, late rows, private records, check."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.reference import GLAccount, Requirement, Vendor
from ml_connector.errors import AuthorizationNeeded, RefusedBySystem, TryAgain, WeAreWrong
from ml_connector.flows.core.ports import PURCHASE_ORDERS, source_of
from ml_connector.sandbox.faults import FaultKind
from ml_connector.sandbox.sage_intacct import user
from ml_connector.sandbox.sage_intacct.seed import ENTITY, IRONWORKS, PRIVATE_VENDOR
from ml_connector.systems.results import CheckLevel
from ml_connector.systems.sage_intacct.erp import IntacctErp
from ml_connector.systems.sage_intacct.wire.queries import Query
from ml_connector.systems.sage_intacct.wire.values import day, maybe_number, moment, slashed, stamp
from ml_connector_tests.systems.sage_intacct.bench import Bench
from ml_connector_tests.systems.sage_intacct.billing import order_of


def table(erp: IntacctErp, name: str, cursor: str | None = None) -> dict[str, Any]:
    return {row.id: row for row in erp.tables[name].read(cursor).rows}  # type: ignore[attr-defined]


def change(bench: Bench, name: str, **values: Any) -> None:
    bench.sandbox.call(user.put, bench.state, name, values)


def test_vendors_have_what_flows_ask_for(bench: Bench) -> None:
    vendors = table(bench.erp(), "vendors")
    found = vendors[IRONWORKS]
    assert isinstance(found, Vendor)
    assert (found.name, found.vat_number, found.gl_account) == ("Lakeside Ironworks, Inc.", "38-1234567", "5000")
    assert not found.blocked
    assert vendors["V-21"].blocked, "inactive"


def test_an_item_that_is_inactive_says_so(bench: Bench) -> None:
    change(bench, "ITEM", ITEMID="COOLANT", STATUS="inactive")
    items = table(bench.erp(), "items")
    assert [items[code].blocked for code in ("COOLANT", "WIDGET1")] == [True, False]


def test_accounts_tell_what_they_want_and_nobody_is_asked_for_what_the_connection_fills_in(bench: Bench) -> None:
    bare = table(bench.erp(location="", department=""), "gl_accounts")["6300"]
    assert isinstance(bare, GLAccount)
    assert bare.other_dimensions == {"department": Requirement.MANDATORY, "project": Requirement.MANDATORY}
    filled = table(bench.erp(), "gl_accounts")["6300"]
    assert filled.other_dimensions == {"project": Requirement.MANDATORY}


def test_every_table_can_be_read(bench: Bench) -> None:
    erp = bench.erp(tax_details={"Standard": "20"})
    sizes = {name: len(source.read(None).rows) for name, source in erp.tables.items()}
    assert {name for name, size in sizes.items() if size == 0} <= {"purchase_orders", "warehouses", "terms", "projects"}


def test_private_records_are_seen_from_the_top_by_setting(bench: Bench) -> None:
    assert PRIVATE_VENDOR in table(bench.erp(), "vendors")
    assert PRIVATE_VENDOR not in table(bench.erp(show_private=False), "vendors")
    bench.name += "_entity"
    assert PRIVATE_VENDOR not in table(bench.erp(entity=ENTITY), "vendors")


def test_a_table_of_many_pages_has_each_record_once(bench: Bench) -> None:
    assert list(table(bench.erp(page_size=1), "departments")) == list(table(bench.erp(), "departments"))


def test_what_changed_is_read_and_what_was_deleted_shows_in_a_whole_read(bench: Bench) -> None:
    erp = bench.erp(look_back_seconds=0)
    bench.site.clock.move(60)  # moments are told in whole seconds: what was there before is older
    change(bench, "ITEM", ITEMID="GEAR1", NAME="Gear", ITEMTYPE="Inventory")
    whole = erp.tables["items"].read(None)
    bench.site.clock.move(60)
    change(bench, "ITEM", ITEMID="GEAR1", NAME="Gear, cut")
    changed = erp.tables["items"].read(whole.cursor)
    assert not changed.complete
    assert [row.description for row in changed.rows] == ["Gear, cut"]  # type: ignore[attr-defined]
    bench.sandbox.call(user.remove, bench.state, "ITEM", "GEAR1")
    bench.site.clock.move(25 * 3600)
    again = erp.tables["items"].read(changed.cursor)
    assert again.complete
    assert "GEAR1" not in {row.id for row in again.rows}  # type: ignore[attr-defined]


def test_a_row_that_becomes_visible_late_is_read_by_looking_back(bench: Bench) -> None:
    erp = bench.erp()
    change(bench, "ITEM", ITEMID="LATE1", NAME="Late", ITEMTYPE="Inventory")
    bench.options.lag_seconds = 30.0
    position = erp.tables["items"].read(None).cursor
    bench.site.clock.move(40)
    change(bench, "ITEM", ITEMID="NEWER", NAME="Newer", ITEMTYPE="Inventory")
    bench.site.clock.move(40)
    assert {"LATE1", "NEWER"} <= set(table(erp, "items", position))


def test_a_table_of_records_that_were_never_changed_is_read_too(bench: Bench) -> None:
    """WHENMODIFIED is empty until the first change on some objects (6.4)."""
    erp = bench.erp(look_back_seconds=0)
    position = erp.tables["departments"].read(None).cursor
    bench.site.clock.move(60)
    change(bench, "DEPARTMENT", DEPARTMENTID="77", TITLE="New one")
    assert "77" in table(erp, "departments", position)


def test_a_table_that_the_company_does_not_have_is_not_asked_for(bench: Bench) -> None:
    bench.options.forbidden = {"PROJECT"}
    with pytest.raises(AuthorizationNeeded, match="permission"):
        bench.erp().tables["projects"].read(None)
    assert list(bench.erp(without=["projects"]).tables["projects"].read(None).rows) == []


def test_a_read_that_fails_is_made_again(bench: Bench) -> None:
    erp = bench.erp()
    table(erp, "classes")
    for kind in (FaultKind.RESET_AFTER, FaultKind.HTML, FaultKind.HALF_WRITTEN):
        bench.fault(kind)
        assert table(erp, "departments")


# ---------------------------------------------------------------- orders


def test_an_order_is_read_whole(bench: Bench) -> None:
    order = order_of(bench, bench.erp(), lines=2)
    assert (order.supplier_id, order.number, order.approved, order.complete) == (
        IRONWORKS,
        order.id.removeprefix("Purchase Order-"),
        True,
        False,
    )
    first = order.lines[0]
    assert first.id.startswith(f"{order.id}|")
    assert (first.number, first.unit) == (1, "Each")
    assert first.dimensions == {"location": "110", "department": "20"}
    assert first.received == first.invoiced == Decimal(0)


@pytest.mark.parametrize(
    ("state", "approved", "cancelled", "complete"),
    [
        ("Draft", False, False, False),
        ("Submitted", False, False, False),
        ("Declined", False, True, False),
        ("Pending", True, False, False),
        ("Partially Converted", True, False, False),
        ("Closed", True, False, True),
    ],
)
def test_a_state_says_whether_an_order_may_leave(
    bench: Bench, state: str, approved: bool, cancelled: bool, complete: bool
) -> None:
    erp = bench.erp()
    order = order_of(bench, erp)
    bench.sandbox.call(user.close, bench.state, order.id, display=state)
    (found,) = source_of(erp, PURCHASE_ORDERS).by_id([order.id])
    assert (found.document.approved, found.document.cancelled, found.document.complete) == (
        approved,
        cancelled,
        complete,
    )


def test_other_purchasing_documents_are_no_orders(bench: Bench) -> None:
    erp = bench.erp()
    order = order_of(bench, erp)
    receiver = bench.sandbox.call(user.receive, bench.state, order.id)
    source = source_of(erp, PURCHASE_ORDERS)
    assert [one.document.id for one in source.by_id([receiver.text("DOCID"), order.id])] == [order.id]
    with_requisitions = source_of(
        bench.erp(order_definitions=["Purchase Order", "Purchase Requisition"]), PURCHASE_ORDERS
    )
    bench.options.numbered |= {"Purchase Requisition"}
    requisition = order_of(
        bench, bench.erp(order_definitions=["Purchase Requisition"]), definition="Purchase Requisition"
    )
    assert [one.document.id for one in with_requisitions.by_id([requisition.id])] == [requisition.id]


def test_an_order_that_changes_moves_again_and_older_ones_do_not(bench: Bench) -> None:
    erp = bench.erp(look_back_seconds=0)
    source = source_of(erp, PURCHASE_ORDERS)
    old, moved = order_of(bench, erp), order_of(bench, erp)
    bench.site.clock.move(30)
    order_of(bench, erp)
    cursor = source.changed(source.begin(date(2020, 1, 1))).cursor
    bench.site.clock.move(30)
    (row,) = bench.rows("PODOCUMENT", DOCID=moved.id)
    bench.sandbox.call(user.edit, bench.state, "PODOCUMENT", row.number, {"MESSAGE": "Please hurry"})
    found = [one.document for one in source.changed(cursor).records]
    assert [one.description for one in found if one.id == moved.id] == ["Please hurry"]
    assert old.id not in {one.id for one in found}


# ---------------------------------------------------------------- values


def test_a_day_is_a_day_in_every_zone_of_the_user() -> None:
    row = {"WHENCREATED": "03/05/2025", "AT": "03/05/2025 23:30:00", "ISO": "2025-03-05T23:30:00-05:00"}
    assert day(row, "WHENCREATED") == date(2025, 3, 5)
    assert slashed(date(2025, 3, 5)) == "03/05/2025"
    at = moment(row, "AT", "-05:00")
    assert at is not None
    assert at.isoformat() == "2025-03-06T04:30:00+00:00"
    assert stamp(at, "-05:00") == "03/05/2025 23:30:00"
    assert stamp(at + timedelta(hours=1), "+05:30") == "03/06/2025 11:00:00"
    assert moment(row, "ISO", "+00:00") == at


@pytest.mark.parametrize("value", ["NaN", "1e999999", "Infinity", "1,000.00", "x", "9" * 50])
def test_what_is_no_number_is_not_taken(value: str) -> None:
    with pytest.raises(WeAreWrong):
        maybe_number({"A": value}, "A")


def test_a_record_that_cannot_be_read_passes_as_the_other_sides(bench: Bench) -> None:
    erp = bench.erp()
    order = order_of(bench, erp)
    (row,) = bench.rows("PODOCUMENT", DOCID=order.id)
    row.values["CUSTVENDID"] = ""
    line = bench.state.main.lines("PODOCUMENT", row)[0]
    line.values["UIQTY"] = "a lot"
    with pytest.raises(TryAgain, match="UIQTY is 'a lot', which is not a number"):
        source_of(erp, PURCHASE_ORDERS).by_id([order.id])
    line.values["UIQTY"] = Decimal(1)


# ---------------------------------------------------------------- check


def levels(bench: Bench, **more: Any) -> dict[str, list[tuple[CheckLevel, str]]]:
    found: dict[str, list[tuple[CheckLevel, str]]] = {}
    for one in bench.check(**more):
        found.setdefault(one.aspect, []).append((one.level, f"{one.message} {one.remedy}"))
    return found


def test_check_is_content_with_a_company_that_is_set_up(bench: Bench) -> None:
    found = levels(bench, entity=ENTITY)
    assert {level for told in found.values() for level, _ in told} == {CheckLevel.GOOD}
    assert set(found) == {"authorized", "entity", "definitions", "readable"}


def test_check_names_the_entities_of_a_company(bench: Bench) -> None:
    ((level, said),) = levels(bench)["entity"]
    assert level is CheckLevel.ADVICE
    assert "100, 200" in said


@pytest.mark.parametrize(
    ("options", "settings", "aspect", "said"),
    [
        ({"gmt_offset": "+00:00"}, {"gmt_offset": "-05:00"}, "formats", 'gmt_offset: "+00:00"'),
        ({"date_format": "/dmY"}, {}, "formats", "read as mm/dd/yyyy"),
        ({"clock": "12"}, {}, "formats", "12-hour clock"),
        ({}, {"invoice_definition": "Supplier Invoice"}, "definitions", "Vendor Invoice"),
        ({"forbidden": {"CLASS"}}, {}, "readable", "without: [classes]"),
        ({"forbidden": {"AUDITHISTORY"}}, {"audit_history": True}, "readable", "audit_history: false"),
        ({}, {"vendor_domain": "example.com"}, "authorized", "logged in"),
    ],
)
def test_check_tells_what_is_wrong(
    bench: Bench, options: dict[str, Any], settings: dict[str, Any], aspect: str, said: str
) -> None:
    chosen = bench.settings(**settings)
    for name, value in options.items():
        setattr(bench.options, name, value)
    found = levels(bench, **{**settings, "gmt_offset": chosen.gmt_offset})
    assert any(said in text for _, text in found[aspect]), found


def test_check_does_not_log_in_to_an_address_that_is_not_the_vendors(bench: Bench) -> None:
    found = levels(bench, base_url="https://gateway.example.com/ia/xml/xmlgw.phtml")
    assert [level for level, _ in found["address"]] == [CheckLevel.BAD]
    assert "authorized" not in found


def test_check_tells_a_refused_log_in(bench: Bench) -> None:
    found = levels(bench, sender_id="nobody")
    assert [level for level, _ in found["authorized"]] == [CheckLevel.BAD]


def test_an_unknown_object_is_refused_in_words(bench: Bench) -> None:
    with pytest.raises(RefusedBySystem, match="Object definition NOTHING not found"):
        bench.erp().gateway.ask(Query("NOTHING", ("RECORDNO",)).element(), "query NOTHING")
