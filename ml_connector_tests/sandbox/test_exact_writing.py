"""Writing: status codes, echoes, read-only and unknown properties, business refusals (exact-online 4.7, 6)."""

import base64
from typing import Any

import pytest

from ml_connector_tests.sandbox.exact_bench import ExactBench


def test_a_plain_post_of_an_account_echoes_the_key_only(exact: ExactBench) -> None:
    echo = exact.made("crm/Accounts", {"Name": "Bolt BV", "IsSupplier": True, "VATNumber": "NL1"})
    assert echo["ID"]
    assert echo["Name"] is None
    assert echo["VATNumber"] is None
    assert echo["Code"] is None
    assert echo["Blocked"] is False
    stored = exact.get(f"crm/Accounts(guid'{echo['ID']}')").json()["d"]
    assert (stored["Name"], stored["VATNumber"]) == ("Bolt BV", "NL1")
    assert stored["Code"].strip().isdigit()  # assigned, padded
    assert len(stored["Code"]) == 18


def test_prefer_gives_the_whole_representation(exact: ExactBench) -> None:
    answer = exact.post("crm/Accounts", {"Name": "Bolt BV"}, Prefer="return=representation")
    assert answer.json()["d"]["Name"] == "Bolt BV"


def test_a_code_is_taken_unpadded_and_stored_padded(exact: ExactBench) -> None:
    made = exact.post("crm/Accounts", {"Name": "B", "Code": "77"}, Prefer="return=representation").json()["d"]
    assert made["Code"] == "77".rjust(18)
    assert exact.refused("crm/Accounts", {"Name": "B", "Code": "77"}) == "Data already exists."


def test_put_is_partial_and_has_no_body(exact: ExactBench) -> None:
    key = exact.supplier()
    before = exact.get(f"crm/Accounts(guid'{key}')").json()["d"]
    answer = exact.call("PUT", f"crm/Accounts(guid'{key}')", json={"City": "Delft", "Phone": None})
    assert (answer.status_code, answer.content) == (204, b"")
    after = exact.get(f"crm/Accounts(guid'{key}')").json()["d"]
    assert {name for name in after if after[name] != before[name]} == {"City", "Modified"}


def test_delete_answers_204_and_an_unknown_guid_403(exact: ExactBench) -> None:
    made = exact.made("hrm/Costcenters", {"Code": "TMP", "Description": "Temporary"})
    address = f"hrm/Costcenters(guid'{made['ID']}')"
    assert exact.call("DELETE", address).status_code == 204
    assert exact.get(address).status_code == 404
    assert exact.call("DELETE", address).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "hrm/Costcenters", 405),
        ("DELETE", "hrm/Costcenters", 405),
        ("PATCH", "hrm/Costcenters", 405),
        ("POST", "logistics/Units", 405),
        ("POST", "purchaseorder/PurchaseOrderLines", 405),
        ("POST", "purchaseorder/GoodsReceiptLines", 405),
        ("POST", "purchase/PurchaseInvoiceLines", 405),
        ("POST", "sync/CRM/Accounts", 405),
        ("POST", "hrm/Nothing", 404),
        ("PUT", "hrm/Costcenters(guid'00000000-0000-0000-0000-000000000001')", 404),
    ],
)
def test_verbs_that_an_entity_does_not_have(exact: ExactBench, method: str, path: str, status: int) -> None:
    assert exact.call(method, path, json={"Description": "x"}).status_code == status


def test_read_only_properties_are_dropped_silently(exact: ExactBench) -> None:
    made = exact.made(
        "hrm/Costcenters",
        {"Code": "RO", "Description": "x", "Division": 5, "Created": "2001-01-01", "CreatorFullName": "Me"},
    )
    assert made["Division"] == 124132
    assert made["CreatorFullName"] == "Sandbox Buyer"
    assert made["Created"] != "/Date(978307200000)/"


def test_an_amount_in_the_wrong_field_books_zero(exact: ExactBench) -> None:
    """The live case: AmountDC is read-only on lines, so an entry of nothing is made (exact-online 4.7)."""
    body = exact.entry()
    (line,) = body["PurchaseEntryLines"]
    line["AmountDC"] = line.pop("AmountFC")
    made = exact.made("purchaseentry/PurchaseEntries", body)
    assert (made["AmountDC"], made["AmountFC"]) == (0, 0)


def test_an_unknown_property_is_400_and_names_itself(exact: ExactBench) -> None:
    message = exact.refused("crm/Accounts", {"Name": "x", "Colour": "red"}, 400)
    assert message == (
        "Error processing request stream. The property name 'Colour' specified for type "
        "'Exact.Web.Api.Models.Account' is not valid."
    )
    body = exact.entry(PurchaseOrderLine="x")  # the line of an entry has no link to an order (exact-online 10.3)
    assert "PurchaseOrderLine" in exact.refused("purchaseentry/PurchaseEntries", body, 400)


def test_an_order_line_has_no_account_and_an_invoice_line_neither(exact: ExactBench) -> None:
    (order,) = exact.orders()
    body = exact.invoice(order, "X", GLAccount=exact.account())
    assert "GLAccount" in exact.refused("purchase/PurchaseInvoices", body, 400)
    line = {"Item": exact.item("VW-1001"), "QuantityInPurchaseUnits": 1, "GLAccount": exact.account()}
    body = {"Supplier": exact.supplier(), "PurchaseOrderLines": [line]}
    assert "GLAccount" in exact.refused("purchaseorder/PurchaseOrders", body, 400)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{",
        b'"text"',
        b"null",
        b'{"Name": NaN}',
        b'{"Name": 5}',
        b'{"Name": "x", "Blocked": 1}',
        b'{"Name": "x", "GLAccountPurchase": "no guid"}',
        b'{"Name": "x", "StartDate": "tomorrow"}',
        b'{"Name": "x", "CreditLinePurchase": "1,5"}',
        b'{"Name": "x", "InvoicingMethod": 1.5}',
        b'{"Name": "x", "InvoicingMethod": 99999999999}',
        b"\xff\xfe",
        b'{"a":' * 3000 + b"1" + b"}" * 3000,
        b"[" * 200_000,
    ],
)
def test_malformed_bodies_are_400(exact: ExactBench, raw: bytes) -> None:
    answer = exact.call("POST", "crm/Accounts", content=raw, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]["value"].startswith("Error processing request stream.")
    assert exact.get("crm/Accounts/$count").text == "66"


@pytest.mark.parametrize("lines", [{"results": []}, "x", [1], {}])
def test_lines_must_be_a_plain_array(exact: ExactBench, lines: Any) -> None:
    body = {**exact.entry(), "PurchaseEntryLines": lines}
    assert "valid top-level resource" in exact.refused("purchaseentry/PurchaseEntries", body, 400)


def test_only_json_is_taken(exact: ExactBench) -> None:
    answer = exact.call("POST", "crm/Accounts", content=b"<a/>", headers={"Content-Type": "application/xml"})
    assert answer.status_code == 415


def test_expect_100_continue_is_a_500(exact: ExactBench) -> None:
    answer = exact.post("crm/Accounts", {"Name": "x"}, Expect="100-continue")
    assert answer.status_code == 500
    assert exact.get("crm/Accounts/$count").text == "66"


def test_a_body_beyond_10_megabytes_is_refused(exact: ExactBench) -> None:
    body = {"Document": "x", "FileName": "x", "Attachment": "A" * (11 * 1024 * 1024)}
    assert exact.post("documents/DocumentAttachments", body).status_code == 413


@pytest.mark.parametrize(
    "value",
    [
        "2024-05-30",
        "2024-05-30T00:00:00",
        "2024-05-30T00:00:00Z",
        "05/30/2024 00:00:00",
        "/Date(1717027200000)/",
    ],
)
def test_the_accepted_forms_of_a_date(exact: ExactBench, value: str) -> None:
    made = exact.made("hrm/Costcenters", {"Code": "D", "Description": "x", "EndDate": value})
    assert made["EndDate"] == "/Date(1717027200000)/"


def test_numeric_strings_are_tolerated(exact: ExactBench) -> None:
    made = exact.made("purchaseentry/PurchaseEntries", exact.entry(AmountFC="750.10"))
    assert made["AmountFC"] == -907.62


def test_business_refusals_are_500_with_a_line_each_in_english_and_dutch(exact: ExactBench) -> None:
    wrong = exact.entry(GLAccount="00000000-0000-0000-0000-000000000001", CostUnit="??")
    del wrong["Supplier"]
    assert exact.refused("purchaseentry/PurchaseEntries", wrong) == (
        "Mandatory: Supplier\r\nInvalid reference: G/L account\r\nInvalid reference: Cost unit"
    )
    exact.options.language = "nl"
    assert exact.refused("purchaseentry/PurchaseEntries", wrong) == (
        "Verplicht: Leverancier\r\nOngeldige referentie: Grootboekrekening\r\nOngeldige referentie: Kostendrager"
    )
    assert exact.refused("hrm/Costcenters", {"Code": "OPS", "Description": "x"}) == "Gegeven bestaat reeds."


@pytest.mark.parametrize("field", ["Name"])
def test_mandatory_fields(exact: ExactBench, field: str) -> None:
    assert exact.refused("crm/Accounts", {}) == f"Mandatory: {field}"
    assert exact.refused("crm/Accounts", {field: ""}) == f"Mandatory: {field}"
    assert exact.refused("purchaseorder/PurchaseOrders", {"Supplier": exact.supplier()}) == "Mandatory: Lines"


def test_documents_and_attachments(exact: ExactBench) -> None:
    document = exact.made("documents/Documents", {"Subject": "INV-1", "Type": 20, "Account": exact.supplier()})
    assert document["HID"] == 1
    assert document["AccountName"] == "Northwind Components"
    content = b"ISA*00*..." * 50
    made = exact.made(
        "documents/DocumentAttachments",
        {
            "Document": document["ID"],
            "FileName": "inv.edi",
            "Attachment": base64.b64encode(content).decode(),
        },
    )
    assert made["Attachment"] is None
    assert made["FileSize"] == len(content)
    assert made["Url"].startswith("https://")
    assert len(exact.rows("documents/DocumentAttachments", filter=f"Document eq guid'{document['ID']}'")) == 1
    wrong = {"Document": document["ID"], "FileName": "x", "Attachment": "%%%"}
    assert exact.post("documents/DocumentAttachments", wrong).status_code == 400
    wrong = {"Document": exact.supplier(), "FileName": "x", "Attachment": "aGk="}
    assert exact.refused("documents/DocumentAttachments", wrong) == "Invalid reference: Document"


def test_general_and_bank_entries(exact: ExactBench) -> None:
    payable, clearing = exact.account("1600"), exact.account("1110")
    path = "generaljournalentry/GeneralJournalEntries"
    lines = [
        {"GLAccount": payable, "Account": exact.supplier(), "AmountFC": 907.5, "Date": "2026-07-20"},
        {"GLAccount": clearing, "AmountFC": -907.5, "Date": "2026-07-20"},
    ]
    body: dict[str, Any] = {"JournalCode": "90", "GeneralJournalEntryLines": lines}
    made = exact.made(path, body)
    assert made["EntryNumber"] == 26900001
    assert (made["Type"], made["FinancialYear"], made["FinancialPeriod"]) == (90, 2026, 7)
    lines[1]["AmountFC"] = -900
    assert exact.refused(path, body) == "Entry is not in balance"
    bank = exact.made(
        "financialtransaction/BankEntries",
        {
            "JournalCode": "50",
            "Currency": "EUR",
            "BankEntryLines": [
                {"Date": "2026-07-20", "Account": exact.supplier(), "GLAccount": payable, "AmountFC": -907.5}
            ],
        },
    )
    assert bank["EntryNumber"] == 26500001
    assert bank["ClosingBalanceFC"] == -907.5
    address = f"financialtransaction/BankEntries(guid'{bank['EntryID']}')"
    assert exact.call("PUT", address, json={}).status_code == 405
    assert exact.call("DELETE", address).status_code == 204
    assert exact.get("financialtransaction/BankEntryLines/$count").text == "0"


def test_a_refused_write_leaves_nothing_behind(exact: ExactBench) -> None:
    """All the lines are checked before any row is kept."""
    (order,) = exact.orders()
    before = exact.control.get("/state/exact/orders").json()
    body = exact.invoice(order, "X")
    body["PurchaseInvoiceLines"].append({"Item": exact.item("FREIGHT"), "Amount": 5, "CostCenter": "OLD"})
    assert exact.refused("purchase/PurchaseInvoices", body) == "Not active: Cost center"
    receipt = {
        "ReceiptDate": "2026-07-02",
        "GoodsReceiptLines": [
            {"PurchaseOrderLineID": order["lines"][0]["id"], "QuantityReceived": 1},
            {"PurchaseOrderLineID": order["lines"][1]["id"], "QuantityReceived": 100_000},
        ],
    }
    assert "exceeds the quantity" in exact.refused("purchaseorder/GoodsReceipts", receipt)
    assert exact.control.get("/state/exact/orders").json() == before
    for path in (
        "purchase/PurchaseInvoices",
        "purchase/PurchaseInvoiceLines",
        "purchaseorder/GoodsReceipts",
        "purchaseentry/PurchaseEntryLines",
        "cashflow/Payments",
        "documents/Documents",
    ):
        assert exact.get(f"{path}/$count").text == "0", path
