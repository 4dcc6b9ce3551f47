"""Reading: shapes, paging, query options, padding, dates, Atom, metadata, 403 and 404 (exact-online 3, 4, 6)."""

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ml_connector.sandbox.exact.seed import DIVISION, FOREIGN_DIVISION, SECOND_DIVISION
from ml_connector.sandbox.exact.wire.entities import ENTITIES
from ml_connector_tests.sandbox.exact_bench import ExactBench, exact_bench, options

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_me_has_the_results_form_and_no_limit_headers(tmp_path: Path) -> None:
    with exact_bench(tmp_path, options(minute_limit=60, day_limit=5000)) as exact:
        answer = exact.call("GET", "/api/v1/current/Me?$select=CurrentDivision&$top=1")
        (row,) = answer.json()["d"]["results"]
        assert row["CurrentDivision"] == DIVISION
        assert list(row) == ["__metadata", "CurrentDivision"]
        assert not [name for name in answer.headers if name.startswith("x-ratelimit")]
        whole = exact.call("GET", "/api/v1/current/Me").json()["d"]["results"][0]
        assert whole["Legislation"] == "1"  # Int64 is a string
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", whole["ServerTime"])
        assert whole["DivisionCustomerCode"] == "            124132"
        assert [name for name in whole if name != "__metadata"] == list(ENTITIES["current/Me"].fields)


def test_a_list_without_top_has_results_and_a_next_from_the_requests_host(exact: ExactBench) -> None:
    answer = exact.get("crm/Accounts", select="ID,Code", filter="Status ne null")
    body = answer.json()
    assert list(body) == ["d"]
    assert set(body["d"]) == {"results", "__next"}
    assert len(body["d"]["results"]) == 60
    following = body["d"]["__next"]
    last = body["d"]["results"][-1]["ID"]
    assert following.startswith(f"{exact.base}/api/v1/{DIVISION}/crm/Accounts?")
    assert f"$skiptoken=guid'{last}'" in following
    assert "$select=ID,Code" in following
    second = exact.call("GET", following).json()["d"]
    assert set(second) == {"results"}
    keys = [row["ID"] for row in body["d"]["results"] + second["results"]]
    assert len(keys) == len(set(keys)) == 66


@pytest.mark.parametrize("top", ["0", "1", "60"])
def test_a_top_within_the_page_gives_a_bare_list(exact: ExactBench, top: str) -> None:
    body = exact.get("crm/Accounts", top=top, select="ID").json()
    assert isinstance(body["d"], list)
    assert len(body["d"]) == int(top)


def test_an_empty_bare_list_and_empty_results(exact: ExactBench) -> None:
    nobody = "Name eq 'nobody'"
    assert exact.get("crm/Accounts", filter=nobody, top="1").json() == {"d": []}
    assert exact.get("crm/Accounts", filter=nobody).json() == {"d": {"results": []}}


def test_a_larger_top_is_reduced_page_by_page(exact: ExactBench) -> None:
    first = exact.get("crm/Accounts", top="64", select="ID").json()["d"]
    assert "$top=4" in first["__next"]
    second = exact.call("GET", first["__next"]).json()
    # After a skiptoken the results form stays, whatever $top (exact-online 4.2).
    assert len(second["d"]["results"]) == 4
    assert "__next" not in second["d"]


def test_inlinecount_is_a_string_beside_results(exact: ExactBench) -> None:
    body = exact.get("crm/Accounts", top="1", inlinecount="allpages", select="ID").json()["d"]
    assert body["__count"] == "66"
    assert len(body["results"]) == 1


def test_a_full_last_page_may_have_a_next_to_an_empty_page(exact: ExactBench) -> None:
    exact.options.page_size = 33
    first = exact.get("crm/Accounts", select="ID").json()["d"]
    assert "__next" not in exact.call("GET", first["__next"]).json()["d"]
    exact.options.next_on_full_page = True
    second = exact.call("GET", first["__next"]).json()["d"]
    assert exact.call("GET", second["__next"]).json() == {"d": {"results": []}}


def test_ordering_pages_by_a_composite_token_without_gaps_or_repeats(exact: ExactBench) -> None:
    exact.options.page_size = 7
    seen: list[dict[str, str]] = []
    answer = exact.get("crm/Accounts", orderby="Country desc,Modified", select="ID,Country,Name,Modified")
    while True:
        body = answer.json()["d"]
        seen += body["results"]
        if "__next" not in body:
            break
        assert re.search(r"\$skiptoken='[A-Z]{2}%20',datetime'[^']+',guid'[^']+'", body["__next"])
        answer = exact.call("GET", body["__next"])
    assert len({row["ID"] for row in seen}) == len(seen) == 66
    order = [(row["Country"], row["Modified"]) for row in seen]
    assert [country for country, _ in order] == sorted((country for country, _ in order), reverse=True)
    for country in {country for country, _ in order}:
        moments = [moment for name, moment in order if name == country]
        assert moments == sorted(moments)


def test_rows_added_while_paging_neither_hide_nor_repeat_others(exact: ExactBench) -> None:
    before = {row["ID"] for row in exact.state.main.table("crm/Accounts")}
    first = exact.get("crm/Accounts", select="ID").json()["d"]
    for number in range(20):
        exact.made("crm/Accounts", {"Name": f"New {number}"})
    seen = [row["ID"] for row in first["results"]]
    following = first["__next"]
    while following:
        body = exact.call("GET", following).json()["d"]
        seen += [row["ID"] for row in body["results"]]
        following = body.get("__next")
    assert before <= set(seen)
    assert len(seen) == len(set(seen))


def test_skip_and_count(exact: ExactBench) -> None:
    assert len(exact.rows("crm/Accounts", select="ID", skip="60")) == 6
    counted = exact.call("GET", "crm/Accounts/$count", headers={"Accept": None})
    assert (counted.text, counted.headers["content-type"]) == ("66", "text/plain; charset=utf-8")
    assert exact.get("crm/Accounts/$count", filter="IsSupplier eq true").text == "6"


def test_properties_stand_in_metadata_order_whatever_the_select(exact: ExactBench) -> None:
    row = exact.rows("crm/Accounts", select="Name,Code,Blocked,ID", top="1")[0]
    assert list(row) == ["__metadata", "ID", "Blocked", "Code", "Name"]
    assert set(row["__metadata"]) == {"uri", "type"}
    assert row["__metadata"]["type"] == "Exact.Web.Api.Models.Account"
    whole = exact.rows("crm/Accounts", top="1", select="*")[0]
    assert [name for name in whole if name != "__metadata"] == list(ENTITIES["crm/Accounts"].fields)
    assert whole["Fax"] is None  # nulls are explicit


def test_one_row_by_key_and_by_its_own_address(exact: ExactBench) -> None:
    row = exact.rows("crm/Accounts", filter="IsSupplier eq true", top="1")[0]
    single = exact.call("GET", row["__metadata"]["uri"]).json()["d"]
    assert single["ID"] == row["ID"]
    assert exact.get(f"crm/Accounts(guid'{row['ID'].upper()}')").json()["d"]["ID"] == row["ID"]
    assert exact.get("crm/Accounts(guid'00000000-0000-0000-0000-000000000001')").status_code == 404


def test_padding(exact: ExactBench) -> None:
    supplier = exact.rows("crm/Accounts", filter="Code eq '             20011'", select="Code,Country")[0]
    assert supplier["Code"] == "             20011"
    assert supplier["Country"] == "NL "
    assert exact.rows("crm/Accounts", filter="Code eq '20011'", select="Code") == []
    assert len(exact.rows("crm/Accounts", filter="trim(Code) eq '20011'", select="Code")) == 1
    assert exact.rows("vat/VATCodes", filter="Code eq '2'", select="Code")[0]["Code"] == "2  "
    assert exact.rows("logistics/Items", filter="Code eq 'VW-1001'", select="Unit")[0]["Unit"] == "pc      "
    assert exact.rows("financial/GLAccounts", filter="Code eq '4406'", select="Code")[0]["Code"] == "4406"


def test_percentages_are_fractions(exact: ExactBench) -> None:
    found = {row["Code"]: row["Percentage"] for row in exact.rows("vat/VATCodes", select="Code,Percentage")}
    assert found["2  "] == 0.21
    assert found["0  "] == 0


def test_milliseconds_are_wall_time_and_filters_use_the_same(exact: ExactBench) -> None:
    exact.clock.move(5)  # what was seeded is older than this second
    before = exact.clock.now()
    made = exact.made("hrm/Costcenters", {"Code": "NEW", "Description": "New"})
    ms = int(re.fullmatch(r"/Date\((\d+)\)/", made["Created"]).group(1))  # type: ignore[union-attr]
    shift = datetime.fromtimestamp(ms / 1000, UTC) - before
    assert round(shift.total_seconds() / 3600) in {1, 2}  # Amsterdam, as if it were UTC
    wall = datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    path = "hrm/Costcenters"
    assert [row["Code"] for row in exact.rows(path, filter=f"Modified ge datetime'{wall}'")] == ["NEW"]
    assert "NEW" not in [row["Code"] for row in exact.rows(path, filter=f"Modified lt datetime'{wall}'")]


def test_lines_are_deferred_and_can_be_expanded_or_followed(exact: ExactBench) -> None:
    (order,) = exact.orders()
    path = "purchaseorder/PurchaseOrders"
    header = exact.rows(path, top="1")[0]
    assert list(header["PurchaseOrderLines"]) == ["__deferred"]
    followed = exact.call("GET", header["PurchaseOrderLines"]["__deferred"]["uri"]).json()["d"]["results"]
    expanded = exact.rows(
        path,
        expand="PurchaseOrderLines",
        select="OrderNumber,PurchaseOrderLines/ID,PurchaseOrderLines/LineNumber",
        filter="ReceiptStatus lt 30 and Modified gt datetime'2020-06-01T00:00:00'",
    )[0]
    lines = expanded["PurchaseOrderLines"]["results"]
    assert [line["LineNumber"] for line in lines] == list(range(1, len(order["lines"]) + 1))
    assert list(lines[0]) == ["__metadata", "ID", "LineNumber"]
    assert {line["ID"] for line in lines} == {line["ID"] for line in followed}
    by_filter = exact.rows("purchaseorder/PurchaseOrderLines", filter=f"PurchaseOrderID eq guid'{order['id']}'")
    assert {line["ID"] for line in by_filter} == {line["id"] for line in order["lines"]}


@pytest.mark.parametrize(
    "query",
    [
        "$select=Nothing",
        "$select=PurchaseOrderLines/ID",
        "$expand=PurchaseOrderLines&$select=PurchaseOrderLines/Nothing",
        "$expand=Supplier",
        "$orderby=Nothing",
        "$orderby=Created sideways",
        "$orderby=PurchaseOrderLines",
        "$top=many",
        "$top=-1",
        "$skip=1.5",
        "$inlinecount=some",
        "$foo=1",
        "$top=1&$top=2",
        "$skiptoken=nonsense(",
        "$filter=Nothing eq 1",
    ],
)
def test_bad_options_are_400_in_the_json_shape(exact: ExactBench, query: str) -> None:
    answer = exact.call("GET", f"purchaseorder/PurchaseOrders?{query}")
    assert answer.status_code == 400
    message = answer.json()["error"]["message"]["value"]
    assert message == "Bad Request - Error in query syntax."


def test_blanks_come_as_plus_or_percent_and_dollars_as_percent24(exact: ExactBench) -> None:
    for query in (
        "$filter=Name+eq+'Acme+Fasteners'&$select=ID",
        "%24filter=Name%20eq%20%27Acme%20Fasteners%27&%24select=ID",
    ):
        assert len(exact.call("GET", f"crm/Accounts?{query}").json()["d"]["results"]) == 1
    key = exact.supplier()
    spaced = exact.call("GET", f"crm/Accounts?$filter=ID eq guid '{key}'&$select=ID")
    assert len(spaced.json()["d"]["results"]) == 1


def test_without_accept_json_there_is_atom(exact: ExactBench) -> None:
    answer = exact.call("GET", "hrm/Costcenters", headers={"Accept": "*/*"})
    assert answer.headers["content-type"].startswith("application/atom+xml")
    assert ET.fromstring(answer.text).tag == "{http://www.w3.org/2005/Atom}feed"
    assert exact.call("GET", "hrm/Costcenters", headers={"Accept": "application/xml"}).status_code == 406


def test_metadata_lists_the_types_of_a_service(exact: ExactBench) -> None:
    answer = exact.get("purchaseorder/$metadata")
    root = ET.fromstring(answer.text)
    names = {one.get("Name") for one in root.iter() if one.tag.endswith("EntitySet")}
    assert {"PurchaseOrders", "GoodsReceipts"} <= names
    assert exact.get("nothing/$metadata").status_code == 404


def test_the_service_is_case_insensitive_the_set_is_not(exact: ExactBench) -> None:
    assert exact.get("HRM/Costcenters").status_code == 200
    assert exact.get("hrm/CostCenters").status_code == 404
    assert exact.get("hrm/Nothing").status_code == 404
    assert exact.get("crm/Accounts/Name").status_code == 404


def test_purchase_entries_need_a_select_or_top_one(exact: ExactBench) -> None:
    path = "purchaseentry/PurchaseEntries"
    refused = exact.get(path)
    assert refused.status_code == 400
    assert "Please add a $select or a $top=1" in refused.text
    assert exact.get(path, top="2").status_code == 400
    assert exact.get(path, top="1").status_code == 200
    assert exact.get(path, select="EntryID").status_code == 200


def test_bulk_needs_a_select_and_has_pages_of_a_thousand(exact: ExactBench) -> None:
    assert exact.get("bulk/CRM/Accounts").status_code == 400
    body = exact.get("bulk/CRM/Accounts", select="ID,Name").json()["d"]
    assert len(body["results"]) == 66
    assert "__next" not in body


def test_the_mandatory_filter_is_a_switch(exact: ExactBench) -> None:
    assert exact.get("crm/Accounts", select="ID").status_code == 200
    exact.options.mandatory_filter = True
    refused = exact.get("crm/Accounts", select="ID")
    assert refused.status_code == 400
    assert "mandatory filtering" in refused.text
    assert exact.get("hrm/Costcenters", select="ID").status_code == 200  # has no sync twin
    assert exact.get("crm/Accounts", select="ID", filter="IsSupplier eq true").status_code == 200


def test_an_address_beyond_6000_characters_is_refused(exact: ExactBench) -> None:
    short = " or ".join(f"Name eq 'n{at}'" for at in range(200))
    assert exact.get("crm/Accounts", filter=short, select="ID").status_code == 200
    long = " or ".join(f"Name eq 'number {at:05d}'" for at in range(250))
    assert exact.get("crm/Accounts", filter=long, select="ID").status_code == 414


def test_foreign_divisions_scopes_and_editions_are_403(exact: ExactBench) -> None:
    for division in (FOREIGN_DIVISION, 1):
        foreign = exact.call("GET", f"/api/v1/{division}/crm/Accounts")
        assert foreign.status_code == 403
        assert foreign.headers["reason"] == "NoDivisionAccess"
    assert exact.call("GET", f"/api/v1/{SECOND_DIVISION}/crm/Accounts").status_code == 200
    exact.options.missing_scopes = {"financial"}
    scope = exact.get("financial/GLAccounts")
    assert scope.status_code == 403
    assert "Application Scope Violated" in scope.json()["error"]["message"]["value"]
    exact.options.missing_editions = {"logistics/SupplierItem"}
    assert exact.get("logistics/SupplierItem").status_code == 403
    assert exact.get("logistics/Items").status_code == 200


def test_divisions(exact: ExactBench) -> None:
    rows = exact.rows("system/Divisions", select="Code,Current,Hid,Country,Status")
    assert {row["Code"] for row in rows} == {DIVISION, SECOND_DIVISION}
    assert [row["Code"] for row in rows if row["Current"]] == [DIVISION]
    assert rows[0]["Hid"] == str(rows[0]["Code"])
    assert rows[0]["Country"] == "NL "
    assert exact.rows("hrm/Divisions", select="Code,Description")[0]["Description"]
    one = exact.get(f"system/Divisions({DIVISION})").json()["d"]
    assert one["__metadata"]["uri"].endswith(f"system/Divisions({DIVISION})")
    # The division of this address is not checked (exact-online 3).
    anywhere = exact.call("GET", f"/api/v1/{FOREIGN_DIVISION}/system/Divisions?$select=Code")
    assert anywhere.status_code == 200


def test_companies_do_not_mix(exact: ExactBench) -> None:
    key = exact.supplier()
    foreign = exact.call("GET", f"/api/v1/{SECOND_DIVISION}/crm/Accounts(guid'{key}')")
    assert foreign.status_code == 404
    made = exact.made("hrm/Costcenters", {"Code": "ONE", "Description": "Main only"})
    assert made["Division"] == DIVISION
    there = exact.call("GET", f"/api/v1/{SECOND_DIVISION}/hrm/Costcenters?$filter=Code eq 'ONE'")
    assert there.json()["d"]["results"] == []


def test_answers_are_utf8_json(exact: ExactBench) -> None:
    exact.made("crm/Accounts", {"Name": "Müller & Søn ☃"})
    answer = exact.get("crm/Accounts", filter="Name eq 'Müller & Søn ☃'", select="Name")
    assert answer.headers["content-type"] == "application/json;charset=utf-8"
    assert "Müller & Søn ☃".encode() in answer.content


def test_references_of_the_seed_lead_somewhere(exact: ExactBench) -> None:
    """Every guid and code that the seeded suppliers and items name exists."""
    accounts = {row["ID"] for row in exact.state.main.table("financial/GLAccounts")}
    for row in exact.state.main.table("logistics/Items"):
        assert row["GLCosts"] in accounts
    for row in exact.state.main.table("crm/Accounts"):
        if row["IsSupplier"]:
            assert row["GLAP"] in accounts
            assert GUID.fullmatch(row["GLAccountPurchase"])
            assert exact.state.main.by_code("vat/VATCodes", row["PurchaseVATCode"])
            assert exact.state.main.by_code("cashflow/PaymentConditions", row["PaymentConditionPurchase"])
