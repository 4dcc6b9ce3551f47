"""Addresses and versions, the query dialect, how records look (acumatica 2, 3, 4)."""

from datetime import datetime

import pytest

from ml_connector.sandbox.acumatica.seed import BY_RECEIPT, CUSTOMER
from ml_connector_tests.sandbox.acumatica.bench import AcumaticaBench, value


def test_the_site_offers_its_endpoints_without_a_log_in(acumatica: AcumaticaBench) -> None:
    found = acumatica.http.get("/entity").json()
    assert set(found["version"]) == {"acumaticaBuildVersion", "databaseVersion"}
    assert found["endpoints"][-1] == {
        "name": "Default",
        "version": "24.200.001",
        "href": "/AcmeERP/entity/Default/24.200.001",
    }
    acumatica.switch(bare_endpoint_list=True)
    assert isinstance(acumatica.http.get("/entity").json(), list)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/entity/Default/25.200.001/Bill", 404),
        ("/entity/Else/24.200.001/Bill", 404),
        ("/entity/Default/24.200.001/Payroll", 404),
        ("/other", 404),
    ],
)
def test_what_the_site_does_not_have_is_404(acumatica: AcumaticaBench, path: str, status: int) -> None:
    assert acumatica.call("GET", acumatica.base + path).status_code == status


def test_outside_the_virtual_directory_there_is_nothing(acumatica: AcumaticaBench) -> None:
    outside = acumatica.call("GET", acumatica.origin + "/entity/Default/24.200.001/Bill")
    assert (outside.status_code, outside.headers["content-type"][:9]) == (404, "text/html")
    acumatica.switch(unknown_version="html")
    page = acumatica.call("GET", acumatica.base + "/entity/Default/1.0/Bill")
    assert (page.status_code, page.headers["content-type"][:9]) == (404, "text/html")


def test_an_older_version_lacks_fields_and_entities(acumatica: AcumaticaBench) -> None:
    assert "ExtRefNbr" in acumatica.rows("CustomerLocation", top="1")[0]
    acumatica.version = "23.200.001"
    assert "ExtRefNbr" not in acumatica.rows("CustomerLocation", top="1")[0]
    assert acumatica.call("GET", "UnitsOfMeasure").json() == {"message": "Entity UnitsOfMeasure not found"}
    acumatica.version = "20.200.001"
    body = {"CustomerID": CUSTOMER, "Details": [{"InventoryID": "WIDGET1", "UnitPrice": 1, "ManualPrice": True}]}
    order = acumatica.made("SalesOrder", body, expand="Details")
    assert "ManualPrice" not in order["Details"][0]  # unknown here: dropped, and so is the price with it
    assert value(order["Details"][0], "UnitPrice") == 4.25


def test_records_are_found_by_id_or_by_keys_and_a_missing_one_is_500(acumatica: AcumaticaBench) -> None:
    vendor = acumatica.record(f"Vendor/{BY_RECEIPT}")
    assert acumatica.record(f"Vendor/{vendor['id']}") == vendor
    assert vendor["_links"]["self"] == f"/AcmeERP/entity/Default/24.200.001/Vendor/{vendor['id']}"
    assert acumatica.record(f"CustomerLocation/{CUSTOMER}|MAIN") == acumatica.record(
        f"CustomerLocation/{CUSTOMER}/MAIN"
    )
    missing = acumatica.call("GET", "Vendor/NOBODY")
    assert missing.status_code == 500
    assert missing.json()["exceptionMessage"] == "No entity satisfies the condition."


def test_values_are_wrapped_and_empty_ones_are_empty_objects(acumatica: AcumaticaBench) -> None:
    account = acumatica.record("Account/61000")
    assert (account["AccountCD"], account["Active"]) == ({"value": "61000"}, {"value": True})
    assert account["AccountGroup"] == {}
    assert {"id", "rowNumber", "note", "custom", "_links"} <= set(account)


def test_days_bear_the_offset_of_the_users_zone_and_are_ten_written_characters(acumatica: AcumaticaBench) -> None:
    year = acumatica.clock.now().year
    made = acumatica.made(
        "Bill", {"Vendor": BY_RECEIPT, "Date": f"11/30/{year}", "Details": []}, select="LastModifiedDateTime"
    )
    assert made["Date"] == {"value": f"{year}-11-30T00:00:00+02:00"}
    assert datetime.fromisoformat(value(made, "LastModifiedDateTime")).tzinfo is not None
    summer = acumatica.made("Bill", {"Vendor": BY_RECEIPT, "Date": f"{year}-07-01T00:00:00+00:00", "Details": []})
    assert value(summer, "Date") == f"{year}-07-01T00:00:00+03:00"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("AccountCD eq '61000'", {"61000"}),
        ("Type eq 'expense' and AccountCD lt '62000'", {"50000", "61000"}),
        ("(AccountCD eq '10100' or AccountCD eq '11000') and Active eq true", {"10100", "11000"}),
        ("substringof('fre', Description)", {"41000", "61000"}),
        ("startswith(Description,'Freight') and AccountCD ne '41000'", {"61000"}),
        ("endswith(Description,'payable')", {"20000"}),
        ("Active eq false", {"69999"}),
        ("AccountID eq 1001", {"10100"}),
        ("AccountGroup eq null and AccountCD ge '69999'", {"69999"}),
        ("Description eq 'O''Neill'", set()),
    ],
)
def test_filters(acumatica: AcumaticaBench, text: str, codes: set[str]) -> None:
    assert {value(row, "AccountCD") for row in acumatica.rows("Account", filter=text)} == codes


def test_filters_reach_linked_and_custom_fields_and_points_in_time(acumatica: AcumaticaBench) -> None:
    assert len(acumatica.rows("Customer", filter="MainContact/Email eq 'hillmart@example.com'")) == 1
    before = "LastModifiedDateTime gt datetimeoffset'2020-01-01T00:00:00+00:00'"
    assert len(acumatica.rows("Vendor", filter=before)) == 5
    later, year = acumatica.clock.now().isoformat(), acumatica.clock.now().year
    assert acumatica.rows("Vendor", filter=f"LastModifiedDateTime gt datetimeoffset'{later}'") == []
    acumatica.made(
        "Bill",
        {
            "Vendor": BY_RECEIPT,
            "Date": f"{year}-11-05",
            "VendorRef": "DAY",
            "Details": [],
            "custom": {"Document": {"UsrMark": {"type": "CustomStringField", "value": "A1"}}},
        },
    )
    for text in (f"Date eq datetimeoffset'{year}-11-05'", "cf.String(f='Document.UsrMark') eq 'a1'"):
        found = acumatica.rows("Bill", filter=f"VendorRef eq 'DAY' and {text}", custom="Document.UsrMark")
        assert found[0]["custom"] == {"Document": {"UsrMark": {"type": "CustomStringField", "value": "A1"}}}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"filter": "AccountCD eq 61000"}, "incompatible types"),
        ({"filter": "AccountID eq '1001'"}, "incompatible types"),
        ({"filter": "AccountCD eq"}, "Syntax error"),
        ({"filter": "AccountCD ~ 'x'"}, "Syntax error"),
        ({"filter": "Colour eq 'x'"}, "Could not find a property named 'Colour'"),
        ({"filter": "LastModifiedDateTime gt datetimeoffset'2025-03-01T00:00:00 00:00'"}, "Unrecognized"),
        ({"filter": "LastModifiedDateTime gt date'2025-03-01'"}, "Unrecognized literal"),
        ({"select": "Colour"}, "The given key was not present in the dictionary."),
        ({"top": "many"}, "Invalid value"),
    ],
)
def test_a_query_that_is_wrong_is_500_with_a_text(
    acumatica: AcumaticaBench, options: dict[str, str], text: str
) -> None:
    answer = acumatica.call("GET", "Account", params={f"${name}": one for name, one in options.items()})
    assert answer.status_code == 500
    assert text in answer.json()["exceptionMessage"]


def test_fields_of_lines_cannot_be_filtered_and_no_error_says_so(acumatica: AcumaticaBench) -> None:
    acumatica.order(BY_RECEIPT, {"InventoryID": "WIDGET1", "OrderQty": 1})
    everything = len(acumatica.rows("PurchaseOrder"))
    assert len(acumatica.rows("PurchaseOrder", filter="Details/OrderQty eq 123456")) == everything


def test_select_expand_and_pages(acumatica: AcumaticaBench) -> None:
    (first,) = acumatica.rows(
        "StockItem",
        select="InventoryID,UOMConversions/FromUOM",
        expand="UOMConversions",
        filter="InventoryID eq 'OLIVEOIL1L'",
    )
    assert set(first) == {"id", "rowNumber", "note", "InventoryID", "UOMConversions", "custom", "_links"}
    (conversion,) = first["UOMConversions"]
    assert conversion["FromUOM"] == {"value": "CS"}
    assert "ConversionFactor" not in conversion
    nested = acumatica.record(f"Customer/{CUSTOMER}", expand="MainContact/Address,Attributes")
    assert nested["MainContact"]["Address"]["City"] == {"value": "Austin"}
    assert value(nested["Attributes"][0], "Value") == "CUST42"
    assert "UOMConversions" not in acumatica.rows("StockItem", top="1")[0]  # only what is asked for
    pages = [acumatica.rows("Account", top="5", skip=str(at), select="AccountCD") for at in (0, 5, 10)]
    assert [len(page) for page in pages] == [5, 5, 2]
    after = acumatica.rows("Account", filter="AccountCD gt '40000'", top="2", select="AccountCD")
    assert [value(row, "AccountCD") for row in after] == ["41000", "50000"]  # paging by key


def test_dollars_and_blanks_come_encoded_as_clients_send_them(acumatica: AcumaticaBench) -> None:
    answer = acumatica.call("GET", acumatica.url("Account?%24filter=AccountCD+eq+%2761000%27&%24select=AccountCD"))
    assert [value(row, "AccountCD") for row in answer.json()] == ["61000"]


def test_a_list_read_of_fields_fed_by_code_fails_and_a_read_by_key_does_not(acumatica: AcumaticaBench) -> None:
    acumatica.switch(not_optimized={"Vendor": ["Attributes", "LegalName"]})
    answer = acumatica.call("GET", "Vendor", params={"$expand": "Attributes", "$select": "VendorID"})
    assert answer.status_code == 500
    assert "Optimization cannot be performed. The following fields cause the error: Attributes" in answer.text
    assert acumatica.rows("Vendor", select="VendorID")
    assert acumatica.record(f"Vendor/{BY_RECEIPT}", expand="Attributes")["Attributes"]


def test_collections_may_come_back_empty_in_lists_though_there_are_lines(acumatica: AcumaticaBench) -> None:
    order = acumatica.order(BY_RECEIPT, {"InventoryID": "WIDGET1", "OrderQty": 1})
    acumatica.switch(empty_details_in_lists=True)
    text = f"OrderNbr eq '{value(order, 'OrderNbr')}'"
    assert acumatica.rows("PurchaseOrder", filter=text, expand="Details")[0]["Details"] == []
    assert acumatica.record(f"PurchaseOrder/Normal/{value(order, 'OrderNbr')}", expand="Details")["Details"]


def test_hidden_rows_are_simply_not_there(acumatica: AcumaticaBench) -> None:
    acumatica.switch(hidden=["Vendor/V000018"])
    assert len(acumatica.rows("Vendor")) == 4
    assert acumatica.call("GET", "Vendor/V000018").status_code == 500
    assert "cannot be found" in str(acumatica.refused("Bill", {"Vendor": "V000018", "Details": []}))


def test_pages_may_shift_while_rows_change(acumatica: AcumaticaBench) -> None:
    acumatica.switch(moving_rows=True)
    first = acumatica.rows("Vendor", top="2", select="VendorID")
    last = {value(row, "VendorID") for row in acumatica.rows("Vendor", select="VendorID")[2:]}
    acumatica.made("Vendor", {"VendorID": sorted(last)[0], "Terms": "45D"})
    second = acumatica.rows("Vendor", top="2", skip="2", select="VendorID")
    seen = [value(row, "VendorID") for row in [*first, *second]]
    assert len(set(seen)) < len(seen)  # one came twice, so that another was missed


def test_conditions_over_views_may_find_nothing(acumatica: AcumaticaBench) -> None:
    text = "CustomerID eq 'C000042' and MainContact/Email eq 'hillmart@example.com'"
    assert len(acumatica.rows("Customer", filter=text)) == 1
    acumatica.switch(cross_view_empty=True)
    assert acumatica.rows("Customer", filter=text) == []


def test_the_branches_come_from_an_inquiry_and_names_differ_from_identifiers(acumatica: AcumaticaBench) -> None:
    assert acumatica.call("GET", "CompaniesStructure").status_code == 200
    found = acumatica.made("CompaniesStructure", {}, expand="Results")["Results"]
    assert [(value(row, "BranchID"), value(row, "BranchName")) for row in found] == [
        ("HEADOFFICE", "Acme Foods Head Office"),
        ("NORTH", "Acme North"),
    ]
    body = {"Vendor": BY_RECEIPT, "Details": []}
    by_name = acumatica.call(
        "PUT", "Bill?$select=BranchID", json={"Vendor": {"value": BY_RECEIPT}}, headers={"PX-CbApiBranch": "Acme North"}
    )
    assert by_name.json()["BranchID"] == {"value": "NORTH"}
    ignored = acumatica.put("Bill", body, select="BranchID", PX_CbApiBranch="NORTH")
    assert ignored.json()["BranchID"] == {"value": "HEADOFFICE"}
    acumatica.switch(unknown_branch="refused")
    assert acumatica.put("Bill", body, PX_CbApiBranch="NORTH").status_code == 500
    field = acumatica.made("Bill", {**body, "BranchID": "NORTH"})
    assert field["BranchID"] == {"value": "NORTH"}


def test_reference_data_are_all_there(acumatica: AcumaticaBench) -> None:
    tax = acumatica.record("Tax/TXSTATE", expand="TaxSchedule,Zones")
    assert value(tax["TaxSchedule"][0], "TaxRate") == 6.25
    year = str(acumatica.clock.now().year)
    periods = acumatica.record(f"FinancialPeriod/{year}", expand="Details")["Details"]
    assert [value(row, "FinancialPeriodID") for row in periods][:2] == [f"01{year}", f"02{year}"]
    counts = {"Subaccount": 3, "NonStockItem": 3, "Warehouse": 2, "UnitsOfMeasure": 5, "TaxZone": 2, "TaxCategory": 3}
    for entity, number in {**counts, "Customer": 3, "CustomerLocation": 7, "Currency": 2}.items():
        assert len(acumatica.rows(entity)) == number, entity


def test_a_form_without_rights_is_403_and_a_schema_shows_every_field(acumatica: AcumaticaBench) -> None:
    schema = acumatica.call("GET", "Bill/$adHocSchema").json()
    assert {"ReferenceNbr", "Details", "custom", "files"} <= set(schema)
    assert "POLine" in schema["Details"][0]
    acumatica.switch(forbidden=["Bill"])
    answer = acumatica.call("GET", "Bill")
    assert answer.status_code == 403
    assert answer.json()["message"] == "You have insufficient rights to access the Bill (AP301000) form."


def test_the_swagger_document_needs_a_log_in_and_names_every_operation(acumatica: AcumaticaBench) -> None:
    document = acumatica.call("GET", "swagger.json?company=AcmeFoods").json()
    names = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    assert {"Bill_GetList", "Bill_PutEntity", "Bill_InvokeAction_ReleaseBill", "CompaniesStructure_PutEntity"} <= names
    acumatica.headers = {}
    assert acumatica.call("GET", "swagger.json").status_code == 401
