"""Screen rules of purchasing: bills by order and by receipt, receipts, locked orders, hold, release (acumatica 8.1)."""

from typing import Any

import pytest

from ml_connector.sandbox.acumatica.seed import BY_ORDER, BY_RECEIPT, SERVICES
from ml_connector_tests.sandbox.acumatica.bench import AcumaticaBench, Body, value

OVER_RECEIPT = "Quantity billed is greater then the quantity in the original PO Receipt for this row"
OVER_ORDER = "The billed quantity is greater than the quantity in the original purchase order for this row"
TEN = {"InventoryID": "WIDGET1", "OrderQty": 10}


def bill_by_order(order: Body, qty: float, **more: Any) -> Body:
    line = {"POOrderType": "Normal", "POOrderNbr": value(order, "OrderNbr"), "POLine": 1, "Qty": qty}
    return {"Type": "Bill", "Vendor": BY_ORDER, "Hold": False, "Details": [line], **more}


def test_a_vendor_that_is_billed_by_order_is_billed_with_the_orders_line_number(acumatica: AcumaticaBench) -> None:
    order = acumatica.order(BY_ORDER, TEN)
    bill = acumatica.made(
        "Bill", bill_by_order(order, 10, VendorRef="INV-9003"), select="ReferenceNbr,Status,Amount", expand="Details"
    )
    assert (value(bill, "Status"), value(bill, "Amount")) == ("Balanced", 25.0)
    (line,) = bill["Details"]
    assert (value(line, "InventoryID"), value(line, "POLine"), value(line, "UnitCost")) == ("WIDGET1", 1, 2.5)


def test_a_number_without_its_line_adds_all_lines_and_the_quantity_goes_nowhere(acumatica: AcumaticaBench) -> None:
    order = acumatica.order(BY_ORDER, TEN, {"InventoryID": "NAPKINS", "OrderQty": 3})
    body = bill_by_order(order, 1)
    del body["Details"][0]["POLine"]
    bill = acumatica.made("Bill", body, expand="Details")
    assert [(value(line, "InventoryID"), value(line, "Qty")) for line in bill["Details"]] == [
        ("WIDGET1", 10.0),
        ("NAPKINS", 3.0),
    ]


def test_goods_of_an_order_that_is_billed_by_receipt_are_refused_by_order(acumatica: AcumaticaBench) -> None:
    order = acumatica.order(BY_RECEIPT, TEN, {"InventoryID": "CONSULT", "OrderQty": 2})
    number = value(order, "OrderNbr")

    def line(at: int) -> Body:
        return {"Vendor": BY_RECEIPT, "Details": [{"POOrderNbr": number, "POLine": at, "Qty": 1}]}

    refused = acumatica.refused("Bill", line(1))
    assert refused["error"] == (
        "Inserting  'AP Transactions' record raised at least one error. Please review the errors."
    )
    assert "billed from its purchase receipts" in refused["Details"][0]["POOrderNbr"]["error"]
    service = acumatica.made("Bill", line(2), expand="Details")  # services are billed from the order
    assert value(service["Details"][0], "Account") == "62000"
    acumatica.switch(po_link_on_receipt_billed="unlinked")
    unlinked = acumatica.made("Bill", line(1), expand="Details")
    assert unlinked["Details"][0]["POOrderNbr"] == {}
    assert value(unlinked["Details"][0], "InventoryID") == "WIDGET1"


def test_a_bill_by_receipt_takes_no_more_than_is_left_unbilled(acumatica: AcumaticaBench) -> None:
    receipt = acumatica.receipt(acumatica.order(BY_RECEIPT, TEN))
    number = value(receipt, "ReceiptNbr")

    def body(qty: float) -> Body:
        return {
            "Vendor": BY_RECEIPT,
            "Hold": False,
            "Details": [{"POReceiptNbr": number, "POReceiptLine": 1, "Qty": qty}],
        }

    assert acumatica.made("Bill", body(6), expand="Details")["Details"][0]["POOrderNbr"]["value"]
    refused = acumatica.refused("Bill", body(5))
    assert refused["Details"][0]["Qty"]["error"] == OVER_RECEIPT
    acumatica.made("Bill", body(4))
    assert value(acumatica.record(f"PurchaseReceipt/Receipt/{number}"), "UnbilledQuantity") == 0


def test_more_than_was_ordered_is_refused_or_only_warned_of_as_the_line_says(acumatica: AcumaticaBench) -> None:
    order = acumatica.order(BY_ORDER, TEN)  # its vendor: Reject, 100 %
    refused = acumatica.refused("Bill", bill_by_order(order, 10.5))
    assert refused["Details"][0]["Qty"] == {"value": 10.5, "error": OVER_ORDER}
    lenient = acumatica.order(BY_ORDER, {**TEN, "ReceiptAction": "Accept but Warn"})
    assert acumatica.made("Bill", bill_by_order(lenient, 99))


def test_an_order_must_be_of_the_bills_vendor_and_a_receipt_must_be_released(acumatica: AcumaticaBench) -> None:
    order = acumatica.order(BY_RECEIPT, TEN)
    assert "cannot be found" in str(acumatica.refused("Bill", bill_by_order(order, 1)))
    draft = acumatica.receipt(order, release=False)
    line = {"POReceiptNbr": value(draft, "ReceiptNbr"), "POReceiptLine": 1}
    assert "not released" in str(acumatica.refused("Bill", {"Vendor": BY_RECEIPT, "Details": [line]}))


def test_a_bill_without_an_order_needs_an_account_that_is_there(acumatica: AcumaticaBench) -> None:
    def line(**more: Any) -> Body:
        return {"Vendor": SERVICES, "Hold": False, "Details": [{"Qty": 1, "UnitCost": 15, **more}]}

    bill = acumatica.made("Bill", line(Account="61000", Subaccount="100000"), expand="Details")
    assert value(bill["Details"][0], "Subaccount") == "100-000"  # raw is taken, separators are read
    wrong = acumatica.refused("Bill", line(Account="99999"))["Details"][0]["Account"]
    assert wrong == {"value": "99999", "error": "Account '99999' cannot be found in the system."}
    assert "inactive" in acumatica.refused("Bill", line(Account="69999"))["Details"][0]["Account"]["error"]
    assert acumatica.refused("Bill", line())["Details"][0]["Account"]["error"] == "'Account' cannot be empty."
    missing = acumatica.refused("Bill", {"Details": []})
    assert missing["Vendor"]["error"] == "'Vendor' cannot be empty."


def test_taxes_are_computed_from_zone_and_category_or_overridden_as_valid(acumatica: AcumaticaBench) -> None:
    line = {"Account": "62000", "Qty": 1, "UnitCost": 200, "TaxCategory": "TAXABLE"}
    body = {"Vendor": SERVICES, "Hold": False, "Details": [line]}
    computed = acumatica.made("Bill", body, select="Amount,TaxTotal", expand="TaxDetails")
    assert (value(computed, "TaxTotal"), value(computed, "Amount")) == (16.5, 216.5)
    assert {value(tax, "TaxID"): value(tax, "TaxAmount") for tax in computed["TaxDetails"]} == {
        "TXSTATE": 12.5,
        "TXCITY": 4.0,
    }
    valid = {**body, "IsTaxValid": True, "TaxDetails": [{"TaxID": "TXSTATE", "TaxableAmount": 200, "TaxAmount": 12.49}]}
    assert value(acumatica.made("Bill", valid, select="Amount"), "Amount") == 212.49
    dropped = {**body, "TaxDetails": valid["TaxDetails"]}  # without IsTaxValid they are not taken
    assert value(acumatica.made("Bill", dropped, select="Amount"), "Amount") == 216.5


def test_bills_are_held_on_entry_and_released_only_when_they_are_not(acumatica: AcumaticaBench) -> None:
    line = {"Account": "61000", "Qty": 1, "UnitCost": 15}
    bill = acumatica.made("Bill", {"Vendor": SERVICES, "Details": [line]}, select="ReferenceNbr,Status")
    key = {"Type": "Bill", "ReferenceNbr": value(bill, "ReferenceNbr")}
    assert value(bill, "Status") == "On Hold"
    acumatica.switch(action_seconds=0)
    held = acumatica.act("Bill", "ReleaseBill", key)
    assert (held.status_code, held.json()["exceptionMessage"]) == (500, "Document is On Hold and cannot be released.")
    freed = acumatica.made("Bill", {**key, "Hold": False}, select="Status")
    assert value(freed, "Status") == "Balanced"
    assert acumatica.act("Bill", "ReleaseBill", key).status_code == 204
    again = acumatica.act("Bill", "ReleaseBill", key)
    assert again.json()["exceptionMessage"] == "Document Status is invalid for processing."
    changed = acumatica.made("Bill", {**key, "VendorRef": "LATE"}, select="Status")
    assert changed["VendorRef"] == {}  # a released document keeps what it has, without an error
    assert acumatica.call("DELETE", f"Bill/Bill/{key['ReferenceNbr']}").status_code == 500


def test_an_approval_map_stands_before_the_release(acumatica: AcumaticaBench) -> None:
    acumatica.switch(bill_approval=True, action_seconds=0)
    body = {"Vendor": SERVICES, "Hold": False, "Details": [{"Account": "61000", "Qty": 1, "UnitCost": 15}]}
    bill = acumatica.made("Bill", body, select="ReferenceNbr,Status")
    key = {"Type": "Bill", "ReferenceNbr": value(bill, "ReferenceNbr")}
    assert value(bill, "Status") == "On Hold"  # always first, whatever was sent
    assert value(acumatica.made("Bill", {**key, "Hold": False}, select="Status"), "Status") == "Pending Approval"
    locked = acumatica.made("Bill", {**key, "VendorRef": "LATE"})
    assert locked["VendorRef"] == {}
    assert acumatica.act("Bill", "ReleaseBill", key).status_code == 500
    assert acumatica.act("Bill", "Approve", key).status_code == 204
    assert acumatica.act("Bill", "ReleaseBill", key).status_code == 204


@pytest.mark.parametrize("action", ["Approve", "Reject"])
def test_what_waits_for_no_approval_is_neither_approved_nor_rejected(acumatica: AcumaticaBench, action: str) -> None:
    acumatica.switch(order_approval=True, bill_approval=True, action_seconds=0)
    bill = {"Vendor": SERVICES, "Details": [{"Account": "61000", "Qty": 1, "UnitCost": 15}]}
    order = {"VendorID": BY_ORDER, "Details": [TEN]}
    after = {"Approve": {"Bill": "Balanced", "PurchaseOrder": "Open"}}.get(action, {})
    for entity, body, number in (("Bill", bill, "ReferenceNbr"), ("PurchaseOrder", order, "OrderNbr")):
        made = acumatica.made(entity, {**body, "Hold": True}, select=f"Type,{number}")
        key = {"Type": value(made, "Type"), number: value(made, number)}
        early = acumatica.act(entity, action, key)
        told = (early.status_code, early.json()["exceptionMessage"])
        assert told == (500, "The document is not pending approval.")
        acumatica.made(entity, {**key, "Hold": False})
        assert acumatica.act(entity, action, key).status_code == 204
        assert value(acumatica.made(entity, key, select="Status"), "Status") == after.get(entity, "Rejected")


def test_vendor_references_are_required_or_unique_as_the_site_is_set_up(acumatica: AcumaticaBench) -> None:
    body = {"Vendor": SERVICES, "Hold": False, "Details": [{"Account": "61000", "Qty": 1, "UnitCost": 15}]}
    acumatica.made("Bill", {**body, "VendorRef": "TWICE"})
    acumatica.made("Bill", {**body, "VendorRef": "TWICE"})
    acumatica.switch(require_vendor_ref=True, unique_vendor_ref=True)
    assert acumatica.refused("Bill", body)["VendorRef"]["error"] == "'Vendor Ref.' cannot be empty."
    assert acumatica.made("Bill", {**body, "Type": "Debit Adj."})  # needed for type Bill alone
    refused = acumatica.refused("Bill", {**body, "VendorRef": "TWICE"})["VendorRef"]["error"]
    assert refused.startswith(
        "Document with this Vendor Ref. already exists for this Vendor - see document with type 'Bill'"
    )


def test_a_reversal_keeps_the_reference_and_is_exempt(acumatica: AcumaticaBench) -> None:
    acumatica.switch(unique_vendor_ref=True, action_seconds=0)
    body = {"Vendor": SERVICES, "Hold": False, "Details": [{"Account": "61000", "Qty": 1, "UnitCost": 15}]}
    bill = acumatica.made("Bill", {**body, "VendorRef": "REV-1"}, select="ReferenceNbr")
    key = {"Type": "Bill", "ReferenceNbr": value(bill, "ReferenceNbr")}
    assert acumatica.act("Bill", "ReverseBill", key).status_code == 500  # not released yet
    acumatica.act("Bill", "ReleaseBill", key)
    assert acumatica.act("Bill", "ReverseBill", key).status_code == 204
    found = acumatica.rows("Bill", filter="VendorRef eq 'REV-1'", select="Type,Amount")
    assert [(value(row, "Type"), value(row, "Amount")) for row in found] == [("Bill", 15.0), ("Debit Adj.", 15.0)]


def test_a_closed_or_missing_period_leaves_the_period_empty(acumatica: AcumaticaBench) -> None:
    body = {"Vendor": SERVICES, "Details": [{"Account": "61000", "Qty": 1, "UnitCost": 15}]}
    assert acumatica.refused("Bill", {**body, "Date": "2001-03-01"})["PostPeriod"]["error"] == (
        "'Post Period' cannot be empty."
    )
    now = acumatica.clock.now()
    acumatica.switch(closed_periods=[f"{now.month:02d}{now.year}"])
    assert "PostPeriod" in acumatica.refused("Bill", body)


def test_totals_on_entry_must_agree_where_the_site_wants_it(acumatica: AcumaticaBench) -> None:
    acumatica.switch(validate_totals=True)
    body = {"Vendor": SERVICES, "Hold": False, "Details": [{"Account": "61000", "Qty": 1, "UnitCost": 15}]}
    assert "out of the balance" in acumatica.refused("Bill", {**body, "Amount": 14})["Amount"]["error"]
    assert value(acumatica.made("Bill", {**body, "Amount": 15}, select="Status"), "Status") == "Balanced"


def test_another_currency_is_dropped_unless_the_vendor_allows_it(acumatica: AcumaticaBench) -> None:
    for vendor, kept in ((SERVICES, "USD"), ("V000020", "EUR")):
        bill = acumatica.made("Bill", {"Vendor": vendor, "CurrencyID": "EUR", "Details": []})
        assert value(bill, "CurrencyID") == kept


# receipts


def test_a_receipt_takes_the_lines_of_an_open_order(acumatica: AcumaticaBench) -> None:
    order = acumatica.order(BY_RECEIPT, TEN, {"InventoryID": "NAPKINS", "OrderQty": 3})
    number = value(order, "OrderNbr")
    body = {"VendorID": BY_RECEIPT, "Hold": False, "Details": [{"POOrderNbr": number}]}
    made = acumatica.made("PurchaseReceipt", body, select="TotalQty,Status", expand="Details")
    assert (value(made, "TotalQty"), value(made, "Status")) == (13.0, "Balanced")
    held = acumatica.made("PurchaseOrder", {"VendorID": BY_RECEIPT, "Details": [TEN]}, select="OrderNbr")
    body["Details"] = [{"POOrderNbr": value(held, "OrderNbr")}]
    assert "On Hold" in str(acumatica.refused("PurchaseReceipt", body))


@pytest.mark.parametrize(
    ("vendor", "qty", "text"),
    [
        ("V000020", 10.6, "above the maximum quantity"),
        ("V000020", 4, "below then minimum quantity"),
        ("V000020", 10.5, None),
        (BY_RECEIPT, 50, None),  # Accept but Warn
    ],
)
def test_over_and_under_receipt_are_as_the_orders_line_says(
    acumatica: AcumaticaBench, vendor: str, qty: float, text: str | None
) -> None:
    order = acumatica.order(vendor, TEN)
    line = {"POOrderNbr": value(order, "OrderNbr"), "POLineNbr": 1, "ReceiptQty": qty}
    body = {"VendorID": vendor, "Hold": False, "Details": [line]}
    if text is None:
        acumatica.made("PurchaseReceipt", body)
    else:
        assert text in acumatica.refused("PurchaseReceipt", body)["Details"][0]["ReceiptQty"]["error"]


def test_a_released_receipt_completes_the_order_and_makes_a_bill_unless_told(acumatica: AcumaticaBench) -> None:
    acumatica.switch(action_seconds=0)
    for create, bills in ((True, 1), (False, 0)):
        order = acumatica.order(BY_RECEIPT, TEN)
        ref = f"ASN-{create}"
        line = {"POOrderNbr": value(order, "OrderNbr"), "POLineNbr": 1, "ReceiptQty": 10}
        body = {"VendorID": BY_RECEIPT, "VendorRef": ref, "Hold": False, "CreateBill": create, "Details": [line]}
        receipt = acumatica.made("PurchaseReceipt", body, select="ReceiptNbr")
        key = {"Type": "Receipt", "ReceiptNbr": value(receipt, "ReceiptNbr")}
        acumatica.acted("PurchaseReceipt", "ReleasePurchaseReceipt", key)
        found = acumatica.record(f"PurchaseOrder/Normal/{value(order, 'OrderNbr')}", expand="Details")
        assert value(found, "Status") == "Completed"
        assert value(found["Details"][0], "QtyOnReceipts") == 10.0
        assert len(acumatica.rows("Bill", filter=f"VendorRef eq '{ref}'")) == bills
        acumatica.acted("PurchaseReceipt", "CreateAPBill", key)
        assert len(acumatica.rows("Bill", filter=f"VendorRef eq '{ref}'")) == 1  # nothing was left to bill again


def test_lots_are_kept_where_the_item_has_them_and_asked_for_at_release(acumatica: AcumaticaBench) -> None:
    acumatica.switch(action_seconds=0)
    order = acumatica.order(BY_RECEIPT, {"InventoryID": "CHEESE2KG", "OrderQty": 5}, TEN)
    number = value(order, "OrderNbr")
    lines = [{"POOrderNbr": number, "POLineNbr": at, "LotSerialNbr": "L77"} for at in (1, 2)]
    body = {"VendorID": BY_RECEIPT, "Hold": False, "CreateBill": False, "Details": lines}
    made = acumatica.made("PurchaseReceipt", body, expand="Details")
    assert [line["LotSerialNbr"] for line in made["Details"]] == [{"value": "L77"}, {}]
    split = [{"LotSerialNbr": "L1", "Qty": 2}, {"LotSerialNbr": "L2", "Qty": 1}]
    body["Details"] = [{"POOrderNbr": number, "POLineNbr": 1, "Allocations": split}]
    made = acumatica.made("PurchaseReceipt", body, expand="Details,Details/Allocations")
    assert value(made["Details"][0], "ReceiptQty") == 3.0
    assert [value(part, "LotSerialNbr") for part in made["Details"][0]["Allocations"]] == ["L1", "L2"]
    body["Details"] = [{"POOrderNbr": number, "POLineNbr": 1}]
    bare = acumatica.made("PurchaseReceipt", body, select="ReceiptNbr")
    answer = acumatica.act("PurchaseReceipt", "Release", {"ReceiptNbr": value(bare, "ReceiptNbr")})
    assert answer.json()["exceptionMessage"] == "'Lot/Serial Nbr.' cannot be empty."
    acumatica.switch(lots=False)
    off = acumatica.made("PurchaseReceipt", {**body, "Details": [lines[0]]}, expand="Details")
    assert off["Details"][0]["LotSerialNbr"] == {}


# orders


def test_an_open_order_keeps_all_but_promised_dates_and_line_states_without_an_error(acumatica: AcumaticaBench) -> None:
    order = acumatica.order(BY_RECEIPT, TEN)
    number, line = value(order, "OrderNbr"), order["Details"][0]["id"]
    changed = acumatica.made(
        "PurchaseOrder",
        {
            "Type": "Normal",
            "OrderNbr": number,
            "VendorRef": "OA-1",
            "Details": [
                {"id": line, "Promised": "2026-12-24", "OrderQty": 99, "UnitCost": 1},
                {"InventoryID": "NAPKINS"},
            ],
        },
        expand="Details",
    )
    assert changed["VendorRef"] == {}
    (kept,) = changed["Details"]
    assert (value(kept, "OrderQty"), value(kept, "UnitCost")) == (10.0, 2.5)
    assert value(kept, "Promised")[:10] == "2026-12-24"


def test_three_puts_change_the_quantity_of_an_open_order(acumatica: AcumaticaBench) -> None:
    order = acumatica.order(BY_RECEIPT, TEN)
    key, line = {"OrderNbr": value(order, "OrderNbr")}, order["Details"][0]["id"]
    both = {**key, "Hold": True, "Details": [{"id": line, "OrderQty": 12}]}
    at_once = acumatica.made("PurchaseOrder", both, select="Status", expand="Details")
    assert (value(at_once, "Status"), value(at_once["Details"][0], "OrderQty")) == ("On Hold", 10.0)  # hold comes last
    held = acumatica.made("PurchaseOrder", {**key, "Details": [{"id": line, "OrderQty": 12}]}, expand="Details")
    assert value(held["Details"][0], "OrderQty") == 12.0
    assert value(acumatica.made("PurchaseOrder", {**key, "Hold": False}, select="Status"), "Status") == "Open"
    acumatica.switch(order_approval=True)
    acumatica.made("PurchaseOrder", {**key, "Hold": True})
    again = acumatica.made("PurchaseOrder", {**key, "Hold": False}, select="Status")
    assert value(again, "Status") == "Pending Approval"


def test_an_order_whose_lines_are_all_canceled_is_canceled(acumatica: AcumaticaBench) -> None:
    order = acumatica.order(BY_RECEIPT, TEN)
    body = {"OrderNbr": value(order, "OrderNbr"), "Details": [{"LineNbr": 1, "Cancelled": True}]}
    done = acumatica.made("PurchaseOrder", body, select="Status,OrderTotal")
    assert (value(done, "Status"), value(done, "OrderTotal")) == ("Canceled", 0)


def test_a_fully_billed_order_is_closed(acumatica: AcumaticaBench) -> None:
    acumatica.switch(action_seconds=0)
    order = acumatica.order(BY_ORDER, TEN)
    acumatica.receipt(order)
    bill = acumatica.made("Bill", bill_by_order(order, 10), select="ReferenceNbr")
    acumatica.acted("Bill", "ReleaseBill", {"ReferenceNbr": value(bill, "ReferenceNbr")})
    assert value(acumatica.record(f"PurchaseOrder/Normal/{value(order, 'OrderNbr')}"), "Status") == "Closed"


def test_other_units_are_converted_by_the_items_conversions(acumatica: AcumaticaBench) -> None:
    """Two cases of twelve are ordered; receipts and bills count them in pieces as well."""
    order = acumatica.order(BY_RECEIPT, {"InventoryID": "OLIVEOIL1L", "OrderQty": 2, "ReceiptAction": "Reject"})
    assert value(order["Details"][0], "UnitCost") == 62.4
    acumatica.switch(action_seconds=0)
    receipt = acumatica.receipt(order, UOM="EA", ReceiptQty=24)
    assert value(receipt["Details"][0], "UnitCost") == 5.2
    found = acumatica.record(f"PurchaseOrder/Normal/{value(order, 'OrderNbr')}", expand="Details")
    assert (value(found, "Status"), value(found["Details"][0], "QtyOnReceipts")) == ("Completed", 2.0)
    number = value(receipt, "ReceiptNbr")

    def body(qty: float, unit: str) -> Body:
        line = {"POReceiptNbr": number, "POReceiptLine": 1, "UOM": unit, "Qty": qty}
        return {"Vendor": BY_RECEIPT, "Hold": False, "Details": [line]}

    one = acumatica.made("Bill", body(1, "CS"), select="Amount", expand="Details")
    assert (value(one, "Amount"), value(one["Details"][0], "UnitCost")) == (62.4, 62.4)
    assert OVER_RECEIPT in str(acumatica.refused("Bill", body(13, "EA")))
    assert value(acumatica.made("Bill", body(12, "EA"), select="Amount"), "Amount") == 62.4
    unknown = acumatica.refused("Bill", body(1, "BARREL"))
    assert unknown["Details"][0]["UOM"]["error"] == "UOM 'BARREL' cannot be found in the system."


def test_a_changed_bill_frees_what_it_had_billed(acumatica: AcumaticaBench) -> None:
    receipt = acumatica.receipt(acumatica.order(BY_RECEIPT, TEN))
    line = {"POReceiptNbr": value(receipt, "ReceiptNbr"), "POReceiptLine": 1, "Qty": 10}
    body = {"Vendor": BY_RECEIPT, "Details": [line]}
    first = acumatica.made("Bill", body, select="ReferenceNbr", expand="Details")
    assert OVER_RECEIPT in str(acumatica.refused("Bill", body))
    less = {"id": first["id"], "Details": [{"id": first["Details"][0]["id"], "Qty": 4}]}
    acumatica.made("Bill", less)
    second = acumatica.made("Bill", {**body, "Details": [{**line, "Qty": 6}]})
    assert acumatica.call("DELETE", f"Bill/{second['id']}").status_code == 204
    assert acumatica.made("Bill", {**body, "Details": [{**line, "Qty": 6}]})


def test_an_order_shows_whether_it_is_billed_by_order_and_the_vendors_own_numbers(acumatica: AcumaticaBench) -> None:
    for vendor, by_order in ((BY_ORDER, True), (BY_RECEIPT, False)):
        order = acumatica.order(vendor, TEN)
        path = f"PurchaseOrder/Normal/{value(order, 'OrderNbr')}"
        custom = acumatica.record(path, custom="CurrentDocument.OrderBasedAPBill")["custom"]
        assert custom["CurrentDocument"]["OrderBasedAPBill"]["value"] is by_order
    assert value(order["Details"][0], "AlternateID") == "LS-WIDGET1"
