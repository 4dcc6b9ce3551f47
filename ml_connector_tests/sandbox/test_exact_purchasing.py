"""Orders and receipts: quantities, statuses, changes by people, what our own writes move (exact-online 10)."""

from typing import Any

import pytest

from ml_connector.sandbox.exact import user
from ml_connector_tests.sandbox.exact_bench import ExactBench

ORDERS = "purchaseorder/PurchaseOrders"
RECEIPTS = "purchaseorder/GoodsReceipts"
INVOICES = "purchase/PurchaseInvoices"
ENTRIES = "purchaseentry/PurchaseEntries"


def _receipt(order: dict[str, Any], *quantities: float | None) -> dict[str, Any]:
    lines = [
        {"PurchaseOrderLineID": line["id"]} | ({} if quantity is None else {"QuantityReceived": quantity})
        for line, quantity in zip(order["lines"], quantities, strict=False)
    ]
    return {"ReceiptDate": "2026-07-02", "YourRef": "4711", "GoodsReceiptLines": lines}


def test_an_order_by_rest_as_in_the_sheet(exact: ExactBench) -> None:
    made = exact.made(
        ORDERS,
        {
            "Supplier": exact.supplier(),
            "Warehouse": exact.guid("inventory/Warehouses", "2"),
            "OrderDate": "2026-06-25",
            "YourRef": "WEB-881",
            "PurchaseOrderLines": [
                {
                    "Item": exact.item("VW-1001"),
                    "QuantityInPurchaseUnits": 100,
                    "NetPrice": 12.5,
                    "ReceiptDate": "2026-07-01",
                    "VATCode": "2",
                    "CostCenter": "OPS",
                }
            ],
        },
    )
    assert made["Source"] == 11
    assert made["OrderNumber"] == 26000001
    assert (made["OrderStatus"], made["ReceiptStatus"], made["InvoiceStatus"]) == (10, 10, 10)
    assert made["SupplierCode"] == "             20011"
    assert made["WarehouseCode"] == "2"
    assert (made["AmountFCExclVat"], made["VATAmount"], made["AmountDC"]) == (1250, 262.5, 1512.5)
    assert list(made["PurchaseOrderLines"]) == ["__deferred"]
    (line,) = exact.rows("purchaseorder/PurchaseOrderLines")
    assert line["SupplierItemCode"] == "NW-R24"
    assert line["VATCode"] == "2  "
    assert (line["ReceivedQuantity"], line["InvoicedQuantity"]) == (0, 0)


def test_seeded_orders_are_the_same_for_the_same_seed(exact: ExactBench) -> None:
    def content(order: dict[str, Any]) -> Any:
        lines = [(line["item"], line["quantity"], line["price"]) for line in order["lines"]]
        return order["supplier"], lines

    first, second = exact.orders(9, seed=5), exact.orders(9, seed=5)
    assert [content(order) for order in first] == [content(order) for order in second]
    assert {order["supplier"] for order in first} == {"20011", "20012", "20013"}
    assert all(2 <= len(order["lines"]) <= 6 for order in first)
    assert all(order["approval"] == 2 for order in first)
    assert len({order["number"] for order in first + second}) == 18
    assert exact.header(first[0]["order_number"])["Source"] != 11


def test_receipts_move_quantities_and_statuses(exact: ExactBench) -> None:
    (order,) = exact.orders()
    before = exact.header(order["order_number"])
    quantity = order["lines"][0]["quantity"]
    made = exact.made(RECEIPTS, _receipt(order, float(quantity) / 2))
    assert made["Supplier"] == exact.supplier(order["supplier"])
    assert made["SupplierCode"].strip() == order["supplier"]
    assert made["WarehouseCode"] == "1"
    assert made["GoodsReceiptLineCount"] == 1
    assert made["EntryNumber"] == 26900001
    assert list(made["GoodsReceiptLines"]) == ["__deferred"]
    after = exact.header(order["order_number"])
    assert (after["ReceiptStatus"], after["OrderStatus"], after["InvoiceStatus"]) == (20, 20, 10)
    # Our own write is news in the raw API (exact-online 10.2, DESIGN invariant 7).
    assert int(after["Modified"][6:-2]) > int(before["Modified"][6:-2])
    exact.made(RECEIPTS, _receipt(order, *[None] * len(order["lines"])))  # omitted: all that is open
    done = exact.order(order["order_number"])
    assert all(line["received"] == line["quantity"] for line in done["lines"])
    assert exact.header(order["order_number"])["ReceiptStatus"] == 30
    lines = exact.rows("purchaseorder/GoodsReceiptLines", select="LineNumber,QuantityReceived,QuantityOrdered")
    assert len(lines) == 1 + len(order["lines"])
    stock = exact.get("read/logistics/StockPosition").status_code
    assert stock == 400
    item = exact.item(order["lines"][0]["item"])
    answer = exact.call("GET", f"read/logistics/StockPosition?itemId=guid'{item}'")
    assert answer.json()["d"]["results"][0]["InStock"] == quantity


def test_more_than_open_is_refused_unless_allowed(exact: ExactBench) -> None:
    (order,) = exact.orders()
    over = float(order["lines"][0]["quantity"]) + 1
    assert "exceeds the quantity ordered" in exact.refused(RECEIPTS, _receipt(order, over))
    half = float(order["lines"][0]["quantity"]) * 0.6
    twice = {
        "ReceiptDate": "2026-07-02",
        "GoodsReceiptLines": [{"PurchaseOrderLineID": order["lines"][0]["id"], "QuantityReceived": half}] * 2,
    }
    assert "exceeds the quantity ordered" in exact.refused(RECEIPTS, twice)
    exact.options.allow_over_receipt = True
    exact.made(RECEIPTS, _receipt(order, over))
    received = exact.order(order["order_number"])["lines"][0]["received"]
    assert received == order["lines"][0]["quantity"] + 1


def test_a_receipt_has_one_supplier_one_warehouse_and_stock_items(exact: ExactBench) -> None:
    one, other = exact.orders(2)
    mixed = {
        "ReceiptDate": "2026-07-02",
        "GoodsReceiptLines": [
            {"PurchaseOrderLineID": order["lines"][0]["id"], "QuantityReceived": 1} for order in (one, other)
        ],
    }
    assert exact.refused(RECEIPTS, mixed) == "Must be the same for all lines: Supplier"
    freight = {"Item": exact.item("FREIGHT"), "QuantityInPurchaseUnits": 1, "NetPrice": 5}
    made = exact.made(ORDERS, {"Supplier": exact.supplier(), "PurchaseOrderLines": [freight]})
    (line,) = exact.rows(
        "purchaseorder/PurchaseOrderLines", filter=f"PurchaseOrderID eq guid'{made['PurchaseOrderID']}'"
    )
    body = {
        "ReceiptDate": "2026-07-02",
        "GoodsReceiptLines": [{"PurchaseOrderLineID": line["ID"], "QuantityReceived": 1}],
    }
    assert exact.refused(RECEIPTS, body) == "Invalid: Item"
    assert exact.refused(RECEIPTS, {**mixed, "GoodsReceiptLines": []}) == "Mandatory: Lines"
    for quantity in (0, -1):
        assert exact.refused(RECEIPTS, _receipt(one, quantity)) == "Invalid: Quantity"


def test_receipts_can_be_changed_not_deleted_and_goods_sent_back(exact: ExactBench) -> None:
    (order,) = exact.orders()
    made = exact.made(RECEIPTS, _receipt(order, 5))
    address = f"{RECEIPTS}(guid'{made['ID']}')"
    assert exact.call("PUT", address, json={"Remarks": "late"}).status_code == 204
    assert exact.call("DELETE", address).status_code == 405
    (line,) = exact.rows("purchaseorder/GoodsReceiptLines")
    back = {
        "ReturnDate": "2026-07-03",
        "PurchaseReturnLines": [
            {
                "GoodsReceiptLineID": line["ID"],
                "PurchaseOrderLineID": line["PurchaseOrderLineID"],
                "ReturnQuantity": 2,
            }
        ],
    }
    exact.made("purchaseorder/PurchaseReturns", back)
    assert exact.order(order["order_number"])["lines"][0]["received"] == 3
    back["PurchaseReturnLines"][0]["ReturnQuantity"] = 4  # type: ignore[index]
    assert exact.refused("purchaseorder/PurchaseReturns", back) == "Invalid: Quantity"


def test_orders_are_changed_over_rest(exact: ExactBench) -> None:
    (order,) = exact.orders()
    address = f"{ORDERS}(guid'{order['id']}')"
    assert exact.call("PUT", address, json={"Remarks": "call first"}).status_code == 204
    line = f"purchaseorder/PurchaseOrderLines(guid'{order['lines'][0]['id']}')"
    assert exact.call("PUT", line, json={"NetPrice": 1.5, "QuantityInPurchaseUnits": 7}).status_code == 204
    changed = exact.get(line).json()["d"]
    assert (changed["NetPrice"], changed["AmountFC"]) == (1.5, 10.5)
    for other in order["lines"][1:]:
        address = f"purchaseorder/PurchaseOrderLines(guid'{other['id']}')"
        assert exact.call("DELETE", address).status_code == 204
    assert exact.call("DELETE", line).status_code == 500  # the last line cannot be deleted
    header = exact.header(order["order_number"])
    assert (header["PurchaseOrderLineCount"], header["AmountFCExclVat"]) == (1, 10.5)
    assert header["Remarks"] == "call first"


def test_a_line_keeps_what_a_change_may_not_touch(exact: ExactBench) -> None:
    """Read-only fields are ignored in silence, unknown ones refused, and no less is ordered than was received."""
    (order,) = exact.orders()
    line = f"purchaseorder/PurchaseOrderLines(guid'{order['lines'][0]['id']}')"
    before = exact.get(line).json()["d"]
    assert exact.call("PUT", line, json={"ReceivedQuantity": 5, "LineNumber": 9, "AmountFC": 1}).status_code == 204
    after = exact.get(line).json()["d"]
    fields = ("ReceivedQuantity", "LineNumber", "AmountFC", "QuantityInPurchaseUnits", "ReceiptDate")
    assert [after[name] for name in fields] == [before[name] for name in fields]
    assert exact.call("PUT", line, json={"Quantum": 5}).status_code == 400
    exact.made(RECEIPTS, _receipt(order, 3))
    assert exact.call("PUT", line, json={"QuantityInPurchaseUnits": 2}).status_code == 500
    assert exact.call("PUT", line, json={"QuantityInPurchaseUnits": 3}).status_code == 204


def test_an_order_with_receipts_cannot_be_deleted(exact: ExactBench) -> None:
    kept, gone = exact.orders(2)
    exact.made(RECEIPTS, _receipt(kept, 1))
    assert exact.call("DELETE", f"{ORDERS}(guid'{kept['id']}')").status_code == 500
    assert exact.call("DELETE", f"{ORDERS}(guid'{gone['id']}')").status_code == 204
    assert exact.get("purchaseorder/PurchaseOrderLines/$count").text == str(len(kept["lines"]))


def test_a_person_approves_changes_and_cancels(exact: ExactBench) -> None:
    (order,) = exact.orders(approved=False)
    number = order["number"]
    assert exact.header(order["order_number"])["ApprovalStatus"] == 0
    approved = exact.control.post(f"/exact/orders/{number}/approve").json()
    assert approved["approval"] == 2
    before = exact.header(order["order_number"])["Modified"]
    changed = exact.control.post(
        f"/exact/orders/{number}/change", json={"line": 1, "quantity": "9", "price": "3.25"}
    ).json()
    assert (changed["lines"][0]["quantity"], changed["lines"][0]["price"]) == (9, 3.25)
    assert exact.header(order["order_number"])["Modified"] > before
    longer = exact.control.post(f"/exact/orders/{number}/change", json={"add_item": "VW-1008", "quantity": "3"}).json()
    assert len(longer["lines"]) == len(order["lines"]) + 1
    exact.control.post(f"/exact/orders/{number}/change", json={"Remarks": "hello"}).raise_for_status()
    assert exact.header(order["order_number"])["Remarks"] == "hello"
    assert exact.control.post("/exact/orders/1/approve").status_code == 400
    assert exact.control.post(f"/exact/orders/{number}/change", json={"line": 99}).status_code == 400


def test_a_person_keys_entries_and_edits_master_data(exact: ExactBench) -> None:
    keyed = exact.control.post(
        "/exact/entries", json={"supplier": "20011", "your_ref": "BY-HAND", "amount": "99.95"}
    ).json()
    (entry,) = exact.rows(ENTRIES, filter="YourRef eq 'BY-HAND'", select="EntryID,AmountFC")
    assert entry["EntryID"] == keyed["EntryID"]
    exact.control.post(
        "/exact/edit", json={"path": "hrm/Costcenters", "code": "OPS", "values": {"EndDate": "2020-01-01"}}
    ).raise_for_status()
    assert exact.refused(ENTRIES, exact.entry()) == "Not active: Cost center"
    exact.control.post("/exact/suppliers", json={"code": "20099", "name": "Late BV"}).raise_for_status()
    assert exact.rows("crm/Accounts", filter="trim(Code) eq '20099'", select="Name")[0]["Name"] == "Late BV"
    assert exact.control.post("/exact/edit", json={"path": "x", "code": "y", "values": {}}).status_code == 400


def test_writes_stand_in_the_journal_with_their_references(exact: ExactBench) -> None:
    (order,) = exact.orders()
    exact.made(INVOICES, exact.invoice(order, "INV-9"))
    exact.made(RECEIPTS, _receipt(order, 1))
    written = {write.kind: write.data for write in exact.sandbox.journal.written("exact")}
    assert written["PurchaseInvoices"]["YourRef"] == "INV-9"
    assert written["GoodsReceipts"]["YourRef"] == "4711"
    counts = exact.control.get("/journal/counts").json()
    assert counts["requests"]["exact POST /*/purchase/PurchaseInvoices"] == 1
    assert counts["writes"]["exact PurchaseInvoices"] == 1


def test_user_acts_name_what_they_do_not_find(exact: ExactBench) -> None:
    with pytest.raises(KeyError, match="no purchase order 5"):
        user.order_by_number(exact.state.main, 5)
    with pytest.raises(KeyError, match="no supplier 5"):
        user.supplier_by_code(exact.state.main, "5")


def test_orders_made_by_rest_show_on_the_control_port(exact: ExactBench) -> None:
    """Properties that were never sent must not break the list."""
    line = {"Item": exact.item("VW-1001"), "QuantityInPurchaseUnits": 1}
    exact.made(ORDERS, {"Supplier": exact.supplier(), "PurchaseOrderLines": [line]})
    (shown,) = exact.control.get("/state/exact/orders").json()
    assert shown["lines"][0]["cost_center"] is None
    assert shown["lines"][0]["price"] == 12.5  # the supplier's price
