"""Reference tables: whole, by change, whatever order the site lists in, and records that lists cannot have."""

from datetime import date
from typing import Any

import pytest

from ml_connector.documents.reference import GLAccount, Item, Vendor
from ml_connector.documents.sales.reference import CustomerLocation, ItemFacts
from ml_connector.errors import RefusedBySystem, TryAgain
from ml_connector.flows.core.ports import ReferenceRead, table_of
from ml_connector.sandbox.faults import FaultKind
from ml_connector.systems.acumatica.reading.own import Branch, FinancialPeriod, Tax
from ml_connector.systems.acumatica.reading.tables import TABLES
from ml_connector_tests.sandbox.acumatica.bench import value
from ml_connector_tests.systems.acumatica.bench import Bench


def read(bench: Bench, table: str, cursor: str | None = None, **more: Any) -> ReferenceRead:
    return table_of(bench.erp(**more), table).read(cursor)


def by_id(found: ReferenceRead) -> dict[str, Any]:
    return {str(getattr(row, "id", "")): row for row in found.rows}


@pytest.mark.parametrize("table", sorted(TABLES))
def test_each_table_is_read_whole_and_has_rows(bench: Bench, table: str) -> None:
    found = read(bench, table)
    assert found.complete
    assert found.rows
    assert len(by_id(found)) == len(found.rows)
    assert found.calls == len(TABLES[table])


def test_vendors_have_what_bills_need(bench: Bench) -> None:
    found = by_id(read(bench, "vendors"))
    vendor = found["V000017"]
    assert isinstance(vendor, Vendor)
    assert (vendor.code, vendor.currency, vendor.country, vendor.blocked) == ("V000017", "USD", "US", False)
    assert found["V000021"].blocked


def test_accounts_and_items_of_both_kinds_are_told_apart(bench: Bench) -> None:
    accounts = by_id(read(bench, "gl_accounts"))
    assert isinstance(accounts["61000"], GLAccount)
    assert accounts["69999"].blocked
    items = by_id(read(bench, "items"))
    assert isinstance(items["WIDGET1"], Item)
    assert (items["WIDGET1"].stock, items["WIDGET1"].barcode) == (True, "00614141000012")
    assert (items["FREIGHT"].stock, items["FREIGHT"].gl_account) == (False, "61000")


def test_items_that_are_inactive_say_so(bench: Bench) -> None:
    for status in ("Inactive", "Active"):
        bench.person.made("StockItem", {"InventoryID": "WIDGET1", "ItemStatus": status})
        bench.person.made("NonStockItem", {"InventoryID": "FREIGHT", "ItemStatus": status})
        found = by_id(read(bench, "items"))
        assert {found[code].blocked for code in ("WIDGET1", "FREIGHT")} == {status == "Inactive"}  # type: ignore[attr-defined]


def test_an_items_numbers_and_units_are_whole(bench: Bench) -> None:
    facts = by_id(read(bench, "item_facts"))["OLIVEOIL1L"]
    assert isinstance(facts, ItemFacts)
    assert ("HM-OLIVEOIL1L", "C000042") in {(one.number, one.party) for one in facts.numbers}
    assert [(one.from_unit, one.to_unit, str(one.factor)) for one in facts.conversions] == [("CS", "EA", "12")]


def test_sites_of_customers_have_their_code_of_them(bench: Bench) -> None:
    site = by_id(read(bench, "customer_locations"))["C000042|STORE12"]
    assert isinstance(site, CustomerLocation)
    assert (site.their_code, site.city, site.region) == ("0012", "Austin", "TX")


def test_taxes_branches_and_periods(bench: Bench) -> None:
    tax = by_id(read(bench, "taxes"))["TXSTATE"]
    assert isinstance(tax, Tax)
    assert (str(tax.rates[0].percent), tax.rates[0].start, tax.zones) == ("6.25", date(2000, 1, 1), ("TX",))
    branch = by_id(read(bench, "branches"))["HEADOFFICE"]
    assert isinstance(branch, Branch)
    assert branch.name == "Acme Foods Head Office"
    periods = read(bench, "financial_periods").rows
    assert all(isinstance(one, FinancialPeriod) and one.payables for one in periods)
    this = bench.site.clock.now().year
    assert min(int(getattr(one, "year", 0)) for one in periods) == this - 1


def test_the_second_read_brings_what_changed_and_a_days_end_the_whole(bench: Bench) -> None:
    bench.site.clock.move(600)
    bench.person.made("Vendor", {"VendorID": "V000019", "VendorName": "Gulf Consulting Inc"})
    first = read(bench, "vendors")
    bench.site.clock.move(600)
    bench.person.made("Vendor", {"VendorID": "V000018", "VendorName": "Prairie Dairy Coop"})
    second = read(bench, "vendors", first.cursor)
    assert not second.complete
    assert {getattr(row, "name", "") for row in second.rows} == {"Prairie Dairy Coop", "Gulf Consulting Inc"}
    assert second.calls == 1
    bench.site.clock.move(86_400)
    third = read(bench, "vendors", second.cursor)
    assert third.complete
    assert len(third.rows) == len(first.rows)


def test_a_position_that_cannot_be_read_reads_the_table_whole(bench: Bench) -> None:
    assert read(bench, "vendors", "{not a position").complete


@pytest.mark.parametrize("size", [2, 3, 7])
@pytest.mark.parametrize("moving", [False, True])
def test_pages_bring_each_record_once_whatever_their_order(bench: Bench, size: int, moving: bool) -> None:
    bench.options.moving_rows = moving
    for table in ("gl_accounts", "items", "customer_locations"):
        assert by_id(read(bench, table, page_size=size)).keys() == by_id(read(bench, table)).keys()


def test_a_record_that_moves_while_pages_are_read_is_not_lost(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.options.moving_rows = True
    erp = bench.erp(page_size=3)
    ask = erp.client.rows
    changed = iter(["10100", "20000", "69999", "50000", "11000"])

    def rows(entity: str, query: Any) -> Any:
        found = ask(entity, query)
        code = next(changed, None)
        if code is not None:
            bench.site.clock.move(1)
            bench.person.made("Account", {"AccountCD": code, "Description": f"Moved {code}"})
        return found

    monkeypatch.setattr(erp.client, "rows", rows)
    found = table_of(erp, "gl_accounts").read(None)
    monkeypatch.undo()
    assert by_id(found).keys() == by_id(read(bench, "gl_accounts")).keys()


def test_a_table_that_lists_cannot_have_is_read_record_by_record(bench: Bench) -> None:
    whole = by_id(read(bench, "items"))
    bench.options.not_optimized = {"StockItem": ["CrossReferences"]}
    found = read(bench, "items")
    assert by_id(found) == whole
    assert found.calls > 5


def test_a_table_that_is_left_out_is_never_asked_for(bench: Bench) -> None:
    bench.options.forbidden = {"TaxZone"}
    found = read(bench, "tax_zones", without=["tax_zones"])
    assert (found.rows, found.calls) == ([], 0)


def test_hidden_rows_are_simply_not_there(bench: Bench) -> None:
    bench.options.hidden = {"Vendor/V000018"}
    assert "V000018" not in by_id(read(bench, "vendors"))


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ({"kind": FaultKind.HTML}, "an HTML page instead of JSON"),
        ({"kind": FaultKind.STATUS, "status": 200, "body": "{"}, "not readable as JSON"),
        ({"kind": FaultKind.STATUS, "status": 200, "body": '{"a": 1}'}, "no list"),
        ({"kind": FaultKind.STATUS, "status": 200, "body": '[{"AccountCD": {"value": "1"}}]'}, "no id"),
        ({"kind": FaultKind.STATUS, "status": 200, "body": '[{"id": "x", "AccountCD": "10100"}]'}, "value|id"),
        ({"kind": FaultKind.STATUS, "status": 502}, "502"),
        ({"kind": FaultKind.STATUS, "status": 500}, "An error occurred"),
        ({"kind": FaultKind.HALF_WRITTEN}, "closed|timed out|HTML|JSON"),
        ({"kind": FaultKind.RESET_BEFORE}, "closed"),
    ],
)
def test_an_answer_that_is_none_is_tried_again_and_told_with_its_place(
    bench: Bench, fault: dict[str, Any], what: str
) -> None:
    bench.fault(path="*/Account*", count=None, **fault)
    with pytest.raises(TryAgain, match=what) as told:
        read(bench, "gl_accounts")
    assert bench.name in told.value.message
    assert told.value.remedy


def test_one_bad_moment_does_not_stop_a_read(bench: Bench) -> None:
    bench.fault(FaultKind.HTML, path="*/Account*", count=1)
    assert read(bench, "gl_accounts").rows


def test_an_error_in_a_good_reply_is_an_error_with_its_place(bench: Bench) -> None:
    guid = "0c113f6e-8c79-4f6e-9a60-4a3f2a2b0001"
    body = f'[{{"id": "{guid}", "AccountCD": {{"value": "1", "error": "Account 1 is broken."}}}}]'
    bench.fault(FaultKind.STATUS, status=200, body=body, path="*/Account*")
    with pytest.raises(RefusedBySystem, match=r"error in AccountCD: Account 1 is broken\."):
        read(bench, "gl_accounts")


def test_a_429_pauses_the_whole_connection_as_long_as_asked_or_as_configured(bench: Bench) -> None:
    clock = bench.parts.clock
    bench.fault(FaultKind.STATUS, status=429, retry_after="7", path="*/Account*")
    erp = bench.erp()
    clock.slept.clear()
    assert table_of(erp, "gl_accounts").read(None).rows
    assert max(clock.slept) >= 7
    bench.fault(FaultKind.STATUS, status=429, path="*/Account*")
    clock.slept.clear()
    assert table_of(bench.erp(pause_seconds=11), "gl_accounts").read(None).rows
    assert 11 <= max(clock.slept) < 20


def test_numbers_and_flags_that_come_as_text_are_read(bench: Bench) -> None:
    guid = "0c113f6e-8c79-4f6e-9a60-4a3f2a2b0001"
    fields = '"AccountCD": {"value": " 10100 "}, "Description": {}, "Active": {"value": "False"}'
    body = f'[{{"id": "{guid}", {fields}}}]'
    bench.fault(FaultKind.STATUS, status=200, body=body, path="*/Account*")
    assert [(row.code, row.blocked) for row in read(bench, "gl_accounts").rows if isinstance(row, GLAccount)] == [
        ("10100", True)
    ]


def test_two_tenants_with_the_same_numbers_are_read_apart(bench: Bench) -> None:
    other = {"tenant": "AcmeTest", "client_id": "8B14C9D0-77E2-4F3B-8D52-61A0F4E9C730"}
    tenant = bench.state.tenants["AcmeTest"]
    row = tenant.find("Vendor", "V000017")
    assert row is not None
    was = row.values["VendorName"]
    row.values["VendorName"] = "Another books' vendor"
    try:
        first = by_id(read(bench, "vendors"))["V000017"]
        bench.name = f"{bench.name}-other"
        second = by_id(read(bench, "vendors", **other))["V000017"]
    finally:
        row.values["VendorName"] = was
    assert (first.name, second.name) == ("Lone Star Produce", "Another books' vendor")


def test_the_stand_in_still_reads_what_the_tests_rely_on(bench: Bench) -> None:
    """Days come with the offset of a user east of UTC: read as UTC they would be the day before."""
    period = bench.person.record("FinancialPeriod/" + str(bench.site.clock.now().year), expand="Details")
    assert value(period["Details"][0], "StartDate").endswith("T00:00:00+02:00")
    january = [row for row in read(bench, "financial_periods").rows if getattr(row, "code", "").startswith("01")]
    assert {getattr(row, "start", None).day for row in january} == {1}  # type: ignore[union-attr]
