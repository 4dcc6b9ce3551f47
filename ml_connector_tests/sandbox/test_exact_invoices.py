"""Supplier invoices: matched to order lines or booked on accounts; credits, VAT, currency (exact-online 10.3)."""

from decimal import Decimal
from typing import Any

import pytest

from ml_connector.sandbox.exact.wire.wire import parse_datetime
from ml_connector_tests.sandbox.exact_bench import ExactBench, dec

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


def test_a_matched_invoice_counts_on_the_order_and_books_an_entry(exact: ExactBench) -> None:
    (order,) = exact.orders()
    body = exact.invoice(order, "INV-88")
    made = exact.made(INVOICES, body)
    net = dec(body["PurchaseInvoiceLines"][0]["Amount"])
    tax = (net * Decimal("0.21")).quantize(Decimal("0.01"))
    assert dec(made["AmountFCExclVat"]) == net
    assert dec(made["VATAmount"]) == tax
    assert dec(made["Amount"]) == net + tax
    assert made["EntryNumber"] == 26600001
    assert (made["Source"], made["Status"], made["Type"]) == (5, 20, 8033)
    assert (made["FinancialYear"], made["FinancialPeriod"]) == (2026, 7)
    after = exact.order(order["order_number"])
    assert after["lines"][0]["invoiced"] == order["lines"][0]["quantity"]
    assert exact.header(order["order_number"])["InvoiceStatus"] == 20
    (entry,) = exact.rows(ENTRIES, filter=f"Journal eq '60' and EntryNumber eq {made['EntryNumber']}", select="*")
    assert dec(entry["AmountFC"]) == -(net + tax)  # credited to accounts payable
    assert (entry["Type"], entry["YourRef"], entry["PaymentCondition"]) == (30, "INV-88", "30")
    (line,) = exact.rows("purchaseentry/PurchaseEntryLines")
    costs = exact.state.main.by_code("logistics/Items", order["lines"][0]["item"])
    assert costs is not None
    assert line["GLAccount"] == costs["GLCosts"]
    assert line["CostCenter"] == order["lines"][0]["cost_center"]


def test_an_invoice_line_takes_from_the_order_what_is_not_sent(exact: ExactBench) -> None:
    (order,) = exact.orders()
    body = exact.invoice(order, "X")
    body["PurchaseInvoiceLines"] = [{"PurchaseOrderLine": order["lines"][0]["id"]}]
    exact.made(INVOICES, body)
    (line,) = exact.rows("purchase/PurchaseInvoiceLines")
    ordered = order["lines"][0]
    assert dec(line["Quantity"]) == ordered["quantity"]
    assert dec(line["NetPrice"]) == ordered["price"]
    assert line["VATCode"] == "2  "
    assert line["CostCenter"] == ordered["cost_center"]
    assert line["Item"] == exact.item(ordered["item"])


def test_an_order_is_complete_when_all_is_received_and_invoiced(exact: ExactBench) -> None:
    (order,) = exact.orders()
    exact.made(RECEIPTS, _receipt(order, *[None] * len(order["lines"])))
    body = exact.invoice(order, "ALL")
    body["PurchaseInvoiceLines"] = [{"PurchaseOrderLine": line["id"]} for line in order["lines"]]
    exact.made(INVOICES, body)
    header = exact.header(order["order_number"])
    assert (header["OrderStatus"], header["ReceiptStatus"], header["InvoiceStatus"]) == (30, 30, 30)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_credit_note_lowers_what_was_invoiced_however_it_is_signed(exact: ExactBench, sign: int) -> None:
    (order,) = exact.orders()
    exact.made(INVOICES, exact.invoice(order, "I"))
    credit = exact.invoice(order, "C", Quantity=2 * sign, Amount=10.0 * sign)
    credit["Type"] = 8034
    made = exact.made(INVOICES, credit)
    assert exact.order(order["order_number"])["lines"][0]["invoiced"] == order["lines"][0]["quantity"] - 2
    (entry,) = exact.rows(ENTRIES, filter=f"EntryNumber eq {made['EntryNumber']}", select="AmountFC,Type")
    assert (entry["AmountFC"], entry["Type"]) == (12.1, 31)


def test_charge_items_stand_beside_order_lines(exact: ExactBench) -> None:
    (order,) = exact.orders()
    body = exact.invoice(order, "F", Quantity=1, Amount=100.0)
    body["PurchaseInvoiceLines"].append({"Item": exact.item("FREIGHT"), "Quantity": 1, "Amount": 15.0, "VATCode": "2"})
    made = exact.made(INVOICES, body)
    assert made["AmountFCExclVat"] == 115
    accounts = {row["GLAccountCode"] for row in exact.rows("purchaseentry/PurchaseEntryLines")}
    assert "4400" in accounts


def test_vat_codes_including_excluding_and_none(exact: ExactBench) -> None:
    (order,) = exact.orders()
    for code, amount, net, total in (("2", 100.0, 100, 121), ("4", 121.0, 100, 121), ("0", 100.0, 100, 100)):
        made = exact.made(INVOICES, exact.invoice(order, code, Amount=amount, VATCode=code, Quantity=1))
        assert (made["AmountFCExclVat"], made["Amount"]) == (net, total)
        number = made["EntryNumber"]
        (entry,) = exact.rows(ENTRIES, filter=f"EntryNumber eq {number}", select="AmountFC")
        assert entry["AmountFC"] == -total


def test_foreign_currency_is_kept_beside_the_companys(exact: ExactBench) -> None:
    (order,) = exact.orders()
    body = exact.invoice(order, "USD", Quantity=1, Amount=100.0, VATCode="0")
    made = exact.made(INVOICES, {**body, "Currency": "USD", "ExchangeRate": 0.9})
    assert (made["Currency"], made["Amount"], made["AmountDC"]) == ("USD", 100, 90)
    assert exact.refused(INVOICES, {**body, "Currency": "XYZ"}) == "Invalid reference: Currency"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Journal": "90"}, "Invalid reference: Journal"),
        ({"Journal": "nope"}, "Invalid reference: Journal"),
        ({"Type": 1}, "Invalid: Type"),
        ({"Type": 8030}, "Mandatory: Warehouse"),
        ({"Type": None}, "Mandatory: Type"),
        ({"Supplier": "other"}, "Invalid reference: Purchase order"),
        ({"Supplier": "blocked"}, "Blocked: Supplier"),
        ({"Supplier": "customer"}, "Invalid reference: Supplier"),
    ],
)
def test_refused_invoices(exact: ExactBench, change: dict[str, Any], message: str) -> None:
    (order,) = exact.orders()
    who = {"other": "20012", "blocked": "20014", "customer": "10001"}
    if change.get("Supplier") in who:
        change = {"Supplier": exact.supplier(who[str(change["Supplier"])])}
    assert exact.refused(INVOICES, {**exact.invoice(order, "X"), **change}) == message


def test_a_cancelled_order_takes_neither_receipts_nor_invoices(exact: ExactBench) -> None:
    (order,) = exact.orders()
    exact.control.post(f"/exact/orders/{order['number']}/cancel").raise_for_status()
    header = exact.header(order["order_number"])
    assert (header["OrderStatus"], header["ReceiptStatus"], header["InvoiceStatus"]) == (40, 40, 40)
    assert exact.refused(RECEIPTS, _receipt(order, 1)) == "Invalid: Purchase order"
    assert exact.refused(INVOICES, exact.invoice(order, "X")) == "Invalid: Purchase order"


def test_the_same_reference_twice_is_accepted_and_shows_in_the_books(exact: ExactBench) -> None:
    (order,) = exact.orders()
    exact.made(INVOICES, exact.invoice(order, "TWICE", Quantity=1, Amount=1.0))
    assert exact.control.get("/state/exact/summary").json()["repeated_invoices"] == {}
    exact.made(INVOICES, exact.invoice(order, "TWICE", Quantity=1, Amount=1.0))
    summary = exact.control.get("/state/exact/summary").json()
    assert list(summary["repeated_invoices"].values()) == [2]
    found = exact.rows(INVOICES, filter=f"YourRef eq 'TWICE' and Supplier eq guid'{exact.supplier(order['supplier'])}'")
    assert len(found) == 2


def test_an_entry_has_the_live_shape(exact: ExactBench) -> None:
    made = exact.made(ENTRIES, {**exact.entry(), "OrderNumber": 26000017, "PaymentReference": "INV-1"})
    assert (made["AmountDC"], made["AmountFC"]) == (-907.5, -907.5)
    assert made["EntryNumber"] == made["InvoiceNumber"] == 26600001
    assert (made["Type"], made["TypeDescription"]) == (30, "Purchase entry")
    assert (made["Status"], made["StatusDescription"]) == (20, "Open")
    assert (made["ReportingYear"], made["ReportingPeriod"]) == (2026, 7)
    assert (made["PaymentCondition"], made["PaymentConditionPaymentMethod"]) == ("30", "B")
    assert made["Document"]  # made by the server when none was given
    assert made["DueDate"] == f"/Date({parse_datetime('2026-08-02')})/"
    assert made["OrderNumber"] == 26000017
    assert made["Reversal"] is False
    second = exact.made(ENTRIES, exact.entry())
    assert second["EntryNumber"] == 26600002
    (payment,) = exact.rows(
        "cashflow/Payments", filter=f"TransactionEntryID eq guid'{made['EntryID']}'", select="Status,YourRef"
    )
    assert (payment["Status"], payment["YourRef"]) == (20, "INV-1")
    assert len(exact.rows("read/financial/PayablesList")) == 2


def test_a_negative_entry_is_a_credit_note(exact: ExactBench) -> None:
    made = exact.made(ENTRIES, exact.entry(AmountFC=-100))
    assert (made["Type"], made["AmountFC"]) == (31, 121)


@pytest.mark.parametrize(
    ("account", "line", "message"),
    [
        ("4500", {"CostCenter": None}, "Mandatory: Cost center"),
        ("4406", {"CostCenter": "OLD"}, "Not active: Cost center"),
        ("4406", {"CostCenter": "NOPE"}, "Invalid reference: Cost center"),
        ("4406", {"CostUnit": "NOPE"}, "Invalid reference: Cost unit"),
        ("4406", {"VATCode": "99"}, "Invalid reference: VAT code"),
        ("4590", {}, "Blocked: G/L account"),
        ("4406", {"GLAccount": None}, "Mandatory: G/L account"),
    ],
)
def test_accounts_and_dimensions_are_checked(
    exact: ExactBench, account: str, line: dict[str, Any], message: str
) -> None:
    body = exact.entry(**{"GLAccount": exact.account(account), **line})
    assert exact.refused(ENTRIES, body) == message
    good = exact.entry(GLAccount=exact.account("4500"), CostCenter="LAB", CostUnit="P1")
    exact.made(ENTRIES, good)


def test_a_closed_period_refuses_receipts_invoices_and_entries(exact: ExactBench) -> None:
    (order,) = exact.orders()
    exact.control.post("/exact/options", json={"closed_periods": [[2026, 7]]}).raise_for_status()
    for path, body in (
        (ENTRIES, exact.entry()),
        (INVOICES, exact.invoice(order, "X")),
        (RECEIPTS, _receipt(order, 1)),
    ):
        assert exact.refused(path, body) == "Period is closed: 2026-7"
    exact.made(ENTRIES, {**exact.entry(), "EntryDate": "2026-08-01"})


def test_lines_of_an_entry_can_be_added_changed_and_deleted(exact: ExactBench) -> None:
    made = exact.made(ENTRIES, exact.entry(VATCode="0", AmountFC=100))
    path = "purchaseentry/PurchaseEntryLines"
    new = exact.made(path, {"EntryID": made["EntryID"], "GLAccount": exact.account(), "AmountFC": 50, "VATCode": "0"})
    address = f"{ENTRIES}(guid'{made['EntryID']}')"
    assert exact.get(address).json()["d"]["AmountFC"] == -150
    assert exact.call("PUT", f"{path}(guid'{new['ID']}')", json={"AmountFC": 70}).status_code == 204
    assert exact.get(address).json()["d"]["AmountFC"] == -170
    assert exact.call("DELETE", f"{path}(guid'{new['ID']}')").status_code == 204
    assert exact.get(address).json()["d"]["AmountFC"] == -100
    assert exact.call("DELETE", address).status_code == 204
    assert exact.get("cashflow/Payments/$count").text == "0"


def test_deleting_an_invoice_takes_its_booking_and_quantities_back(exact: ExactBench) -> None:
    (order,) = exact.orders()
    made = exact.made(INVOICES, exact.invoice(order, "X"))
    assert exact.call("DELETE", f"{INVOICES}(guid'{made['ID']}')").status_code == 204
    assert exact.order(order["order_number"])["lines"][0]["invoiced"] == 0
    assert exact.header(order["order_number"])["InvoiceStatus"] == 10
    assert exact.get(f"{ENTRIES}/$count").text == "0"


def test_payments_are_processed(exact: ExactBench) -> None:
    made = exact.made(ENTRIES, exact.entry())
    (payment,) = exact.rows("cashflow/Payments")
    answer = exact.made("cashflow/ProcessPayments", {"PaymentIDs": [payment["ID"]]})
    assert answer["ErrorMessage"] is None
    assert exact.rows("cashflow/Payments", filter="Status eq 40")[0]["TransactionEntryID"] == made["EntryID"]
    assert exact.rows("read/financial/PayablesList") == []
    assert exact.post("cashflow/ProcessPayments", {"PaymentIDs": [payment["ID"]]}).status_code == 500
