"""PUT as insert or update, PATCH, DELETE, what is dropped without an error, what a reply names (acumatica 4, 5)."""

from typing import Any

import pytest

from ml_connector.sandbox.acumatica.seed import BY_RECEIPT, SERVICES
from ml_connector_tests.sandbox.acumatica.bench import AcumaticaBench, Body, value

LINE = {"Account": "61000", "Qty": 1, "UnitCost": 15}


def bill(**more: Any) -> Body:
    return {"Vendor": SERVICES, "Hold": False, "Details": [LINE], **more}


def test_the_reply_names_what_was_sent_and_what_is_asked_for(acumatica: AcumaticaBench) -> None:
    sent = acumatica.made("Bill", bill(VendorRef="R1"))
    assert set(sent) == {"id", "rowNumber", "note", "Vendor", "Hold", "VendorRef", "Details", "custom", "_links"}
    assert set(sent["Details"][0]) == {"id", "rowNumber", "note", "Account", "Qty", "UnitCost", "custom"}
    asked = acumatica.made("Bill", bill(), select="ReferenceNbr,Status,Amount", expand="Details")
    assert (value(asked, "Status"), value(asked, "Amount")) == ("Balanced", 15.0)
    assert value(asked["Details"][0], "ExtendedCost") == 15.0
    acumatica.switch(keys_in_reply=True)
    assert {"Type", "ReferenceNbr", "Status"} <= set(acumatica.made("Bill", bill()))


def test_a_put_updates_by_id_by_keys_and_by_filter_and_inserts_else(acumatica: AcumaticaBench) -> None:
    made = acumatica.made("Bill", bill(VendorRef="UP-1"), select="ReferenceNbr")
    number = value(made, "ReferenceNbr")
    by_id = acumatica.made("Bill", {"id": made["id"], "Description": "one"}, select="ReferenceNbr")
    by_keys = acumatica.made("Bill", {"Type": "INV", "ReferenceNbr": number, "Description": "two"}, select="Type")
    by_filter = acumatica.made("Bill", {"Description": "three"}, filter="VendorRef eq 'UP-1'")
    assert {by_id["id"], by_keys["id"], by_filter["id"]} == {made["id"]}
    assert value(by_keys, "Type") == "Bill"  # the internal code is taken, the display value shown
    assert len(acumatica.rows("Bill", filter="VendorRef eq 'UP-1'")) == 1
    new = acumatica.made("Bill", bill(ReferenceNbr="<NEW>"), select="ReferenceNbr")
    assert value(new, "ReferenceNbr") > number


def test_an_auto_numbered_document_is_inserted_again_by_the_same_put(acumatica: AcumaticaBench) -> None:
    """There is no key that makes a repetition harmless: two bills."""
    for _ in range(2):
        answer = acumatica.put("Bill", bill(VendorRef="AGAIN"), If_None_Match="*")
        assert answer.status_code == 200
    assert len(acumatica.rows("Bill", filter="VendorRef eq 'AGAIN'")) == 2
    repeated = acumatica.control.get("/state/acumatica/summary").json()["tenants"]["AcmeFoods"]["repeated"]
    assert repeated["Bill"]["V000019 AGAIN"] == 2


def test_a_number_of_ones_own_is_replaced_by_the_next(acumatica: AcumaticaBench) -> None:
    made = acumatica.made("Bill", bill(ReferenceNbr="MY-1"))
    assert value(made, "ReferenceNbr") != "MY-1"
    acumatica.switch(own_numbers="kept")
    assert value(acumatica.made("Bill", bill(ReferenceNbr="MY-2")), "ReferenceNbr") == "MY-2"
    vendor = acumatica.made("Vendor", {"VendorID": "V900001", "VendorName": "Ours"})
    assert value(vendor, "VendorID") == "V900001"  # master data keep theirs


def test_conditions_protect_keyed_inserts_and_updates(acumatica: AcumaticaBench) -> None:
    known, unknown = {"VendorID": BY_RECEIPT, "Terms": "30D"}, {"VendorID": "V900002", "VendorName": "New"}
    assert acumatica.put("Vendor", known, If_None_Match="*").status_code == 412
    assert acumatica.put("Vendor", unknown, If_Match="*").status_code == 412
    assert acumatica.put("Vendor", unknown, If_None_Match="*").status_code == 200
    assert acumatica.put("Vendor", unknown, If_None_Match="*").status_code == 412


def test_a_patch_only_updates(acumatica: AcumaticaBench) -> None:
    assert acumatica.put("Vendor", {"VendorID": "V900003", "VendorName": "X"}, "PATCH").status_code == 404
    assert acumatica.put("Vendor", {"VendorID": BY_RECEIPT}, "PATCH", If_None_Match="*").status_code == 412
    assert acumatica.put("Vendor", {"VendorID": BY_RECEIPT, "Terms": "30D"}, "PATCH").status_code == 200


def test_a_put_leaves_out_what_is_so_already_and_a_patch_sets_it_again(acumatica: AcumaticaBench) -> None:
    """Changing the vendor brings its terms; the terms that stood before are equal, and a PUT does not set them back."""
    acumatica.made("Vendor", {"VendorID": "V900010", "VendorName": "Ten days", "Terms": "10D"})
    for method, terms in (("PUT", "10D"), ("PATCH", "30D")):
        made = acumatica.made("Bill", bill(), select="ReferenceNbr,Terms")
        assert value(made, "Terms") == "30D"
        change = {"ReferenceNbr": value(made, "ReferenceNbr"), "Vendor": "V900010", "Terms": "30D"}
        assert acumatica.put("Bill", change, method).json()["Terms"] == {"value": terms}


def test_unknown_and_unwrapped_values_are_dropped_without_an_error(acumatica: AcumaticaBench) -> None:
    body = {"Vendor": {"value": SERVICES}, "Colour": {"value": "red"}, "VendorRef": "BARE", "Details": []}
    reply = acumatica.call("PUT", "Bill?$select=VendorRef", json=body).json()
    assert reply["VendorRef"] == {}
    assert "Colour" not in reply
    acumatica.switch(unwrapped_values="refused")
    assert acumatica.call("PUT", "Bill", json=body).status_code == 400
    del body["VendorRef"]
    acumatica.switch(unknown_fields="refused")
    assert "Could not find member 'Colour'" in acumatica.call("PUT", "Bill", json=body).json()["message"]


def test_numbers_and_booleans_may_be_strings_and_null_clears(acumatica: AcumaticaBench) -> None:
    text = {"Account": "61000", "Qty": "2", "UnitCost": "7.25"}
    made = acumatica.made("Bill", bill(Hold="False", Details=[text], Description="x"), select="Amount,ReferenceNbr")
    assert (value(made, "Amount"), value(made, "Hold")) == (14.5, False)
    key = {"ReferenceNbr": value(made, "ReferenceNbr")}
    assert acumatica.made("Bill", {**key, "Description": None})["Description"] == {}


@pytest.mark.parametrize(
    "raw", [b"{", b"[]", b'{"Details": {"value": NaN}}', b'{"Date": {"value": "soon"}}', b'{"Details": ["x"]}']
)
def test_what_cannot_be_read_is_400(acumatica: AcumaticaBench, raw: bytes) -> None:
    answer = acumatica.call("PUT", "Bill", content=raw, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_a_value_outside_its_list_is_an_error_at_the_field(acumatica: AcumaticaBench) -> None:
    refused = acumatica.refused("Bill", bill(Type="Receipt"))
    assert "not in the list" in refused["Type"]["error"]


def test_a_refusal_shows_the_record_with_its_errors_and_stores_nothing(acumatica: AcumaticaBench) -> None:
    before = len(acumatica.rows("Bill"))
    refused = acumatica.refused("Bill", bill(Details=[LINE, {**LINE, "Account": "99999"}]))
    assert refused["ReferenceNbr"] == {}
    assert "error" not in refused["Details"][0]["Account"]
    assert refused["Details"][1]["Account"]["error"] == "Account '99999' cannot be found in the system."
    assert len(acumatica.rows("Bill")) == before


def test_old_builds_answer_a_refused_line_with_200_and_leave_it_out(acumatica: AcumaticaBench) -> None:
    acumatica.switch(errors_in_200=True)
    bad = {**LINE, "Account": "99999"}
    reply = acumatica.made("Bill", bill(Details=[LINE, bad]), select="ReferenceNbr,Amount", expand="Details")
    assert [line.get("error") for line in reply["Details"]] == [
        None,
        "Account '99999' cannot be found in the system.",
    ]
    stored = acumatica.record(f"Bill/Bill/{value(reply, 'ReferenceNbr')}", expand="Details")
    assert (len(stored["Details"]), value(stored, "Amount")) == (1, 15.0)


def test_lines_are_found_by_id_or_number_and_added_without_either(acumatica: AcumaticaBench) -> None:
    made = acumatica.made("Bill", bill(), select="ReferenceNbr", expand="Details")
    key, line = {"ReferenceNbr": value(made, "ReferenceNbr")}, made["Details"][0]["id"]
    added = acumatica.made("Bill", {**key, "Details": [LINE]}, expand="Details")
    assert len(added["Details"]) == 2  # a replay doubles lines
    changed = acumatica.made("Bill", {**key, "Details": [{"id": line, "Qty": 3}]}, expand="Details", select="Amount")
    assert value(changed, "Amount") == 60.0
    gone = acumatica.made("Bill", {**key, "Details": [{"id": line, "delete": True}]}, expand="Details")
    assert len(gone["Details"]) == 1
    unknown = {**key, "Details": [{"id": "00000000-0000-0000-0000-000000000001", **LINE}]}
    assert acumatica.put("Bill", unknown).status_code == 500
    acumatica.switch(unknown_id="insert")
    assert len(acumatica.made("Bill", unknown, expand="Details")["Details"]) == 2
    order = acumatica.made(
        "PurchaseOrder", {"VendorID": BY_RECEIPT, "Details": [{"InventoryID": "WIDGET1"}]}, select="OrderNbr"
    )
    by_number = {"OrderNbr": value(order, "OrderNbr"), "Details": [{"LineNbr": 1, "OrderQty": 4}]}
    assert value(acumatica.made("PurchaseOrder", by_number, expand="Details")["Details"][0], "OrderQty") == 4.0


def test_a_filter_that_finds_several_is_an_error(acumatica: AcumaticaBench) -> None:
    for _ in range(2):
        acumatica.made("Bill", bill(VendorRef="TWO"))
    assert acumatica.put("Bill", {"Description": "x"}, filter="VendorRef eq 'TWO'").status_code == 500
    acumatica.switch(several_matches="first")
    assert acumatica.put("Bill", {"Description": "x"}, filter="VendorRef eq 'TWO'").status_code == 200


def test_a_delete_is_204_and_the_record_is_gone(acumatica: AcumaticaBench) -> None:
    made = acumatica.made("Bill", bill())
    assert acumatica.call("DELETE", f"Bill/{made['id']}").status_code == 204
    assert acumatica.call("GET", f"Bill/{made['id']}").status_code == 500
    assert acumatica.call("DELETE", "Bill").status_code == 405


def test_custom_fields_of_a_customization_are_kept_and_shown_where_asked_for(acumatica: AcumaticaBench) -> None:
    custom = {"Document": {"UsrMark": {"type": "CustomStringField", "value": "M"}, "Colour": {"value": "red"}}}
    made = acumatica.made("Bill", bill(custom=custom))
    assert made["custom"] == {"Document": {"UsrMark": {"type": "CustomStringField", "value": "M"}}}
    assert acumatica.record(f"Bill/{made['id']}")["custom"] == {}
    flag = acumatica.record(f"Vendor/{BY_RECEIPT}", custom="DefLocation.VAllowAPBillBeforeReceipt")["custom"]
    assert flag["DefLocation"]["VAllowAPBillBeforeReceipt"] == {"type": "CustomBooleanField", "value": False}


def test_a_module_that_is_not_set_up_says_so(acumatica: AcumaticaBench) -> None:
    acumatica.switch(setup_missing=["Bill"])
    assert acumatica.put("Bill", bill()).json()["exceptionType"] == "PX.Data.PXSetupNotEnteredException"


def test_the_business_date_comes_from_the_header_in_any_format(acumatica: AcumaticaBench) -> None:
    year = acumatica.clock.now().year
    for text in (f"{year}-02-03", f"02/03/{year}"):
        made = acumatica.put("Bill", bill(), select="Date,PostPeriod", **{"PX-CbApiBusinessDate": text}).json()
        assert (value(made, "Date")[:10], value(made, "PostPeriod")) == (f"{year}-02-03", f"02{year}")
    assert acumatica.put("Bill", bill(), **{"PX-CbApiBusinessDate": "soon"}).status_code == 400


def test_a_record_without_its_key_is_refused(acumatica: AcumaticaBench) -> None:
    refused = acumatica.refused("Account", {"Description": "No code"})
    assert refused["AccountCD"]["error"] == "'Account CD' cannot be empty."
    assert "LocationID" in acumatica.refused("CustomerLocation", {"Customer": "C000042"})


# files


def test_a_file_is_put_to_the_link_of_the_record_and_read_by_its_id(acumatica: AcumaticaBench) -> None:
    made = acumatica.made("Bill", bill(), select="ReferenceNbr")
    link = acumatica.origin + made["_links"]["files:put"].replace("{filename}", "invoice%201 100%25.edi")
    headers = {"Content-Type": "application/octet-stream", "PX-CbFileComment": "as received"}
    answer = acumatica.call("PUT", link, content=b"ISA*00", headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert acumatica.call("GET", acumatica.origin + answer.headers["location"]).content == b"ISA*00"
    (file,) = acumatica.record(f"Bill/{made['id']}", expand="files")["files"]
    assert (file["filename"], file["comment"]) == ("invoice 1 100%.edi", "as received")
    again = acumatica.call("PUT", link, content=b"ISA*01")  # of the same name: a new version, its comment emptied
    assert again.status_code == 204
    (file,) = acumatica.record(f"Bill/{made['id']}", expand="files")["files"]
    assert file["comment"] == ""
    assert acumatica.call("GET", acumatica.origin + file["href"]).content == b"ISA*01"
    older = acumatica.call("PUT", f"Bill/Bill/{value(made, 'ReferenceNbr')}/files/other.txt", content=b"x")
    assert older.status_code == 204
    assert len(acumatica.record(f"Bill/{made['id']}", expand="files")["files"]) == 2


def test_a_line_has_files_of_its_own(acumatica: AcumaticaBench) -> None:
    made = acumatica.made("Bill", bill(), expand="Details")
    link = acumatica.origin + made["Details"][0]["_links"]["files:put"].replace("{filename}", "line.txt")
    assert acumatica.call("PUT", link, content=b"x").status_code == 204
    shown = acumatica.record(f"Bill/{made['id']}", expand="Details/files,files")
    assert [file["filename"] for file in shown["Details"][0]["files"]] == ["line.txt"]
    assert shown["files"] == []


def test_a_file_without_an_owner_or_with_a_long_comment_is_refused(acumatica: AcumaticaBench) -> None:
    made = acumatica.made("Bill", bill())
    link = acumatica.origin + made["_links"]["files:put"].replace("{filename}", "a.txt")
    assert acumatica.call("PUT", link.replace(made["id"], "nobody"), content=b"x").status_code == 500
    long = acumatica.call("PUT", link, content=b"x", headers={"PX-CbFileComment": "c" * 501})
    assert long.status_code == 400
    assert acumatica.call("GET", acumatica.url("files/nothing")).status_code == 404
