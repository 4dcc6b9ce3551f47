"""Sync endpoints: row versions, pages of a thousand, the flat orders, deletions (exact-online 7)."""

from typing import Any

import pytest

from ml_connector_tests.sandbox.exact_bench import ExactBench

ORDERS = "sync/PurchaseOrder/PurchaseOrders"


def _all(exact: ExactBench, path: str, after: int, select: str = "") -> list[dict[str, Any]]:
    """Every row after a version, following __next."""
    options = {"filter": f"Timestamp gt {after}"} | ({"select": select} if select else {})
    answer = exact.get(path, **options)
    assert answer.status_code == 200, answer.text
    body = answer.json()["d"]
    rows = body["results"]
    while "__next" in body:
        body = exact.call("GET", body["__next"]).json()["d"]
        rows += body["results"]
    return list(rows)


def test_versions_are_strings_that_only_grow(exact: ExactBench) -> None:
    rows = _all(exact, "sync/CRM/Accounts", 1, "ID,Name,Timestamp")
    versions = [int(row["Timestamp"]) for row in rows]
    assert all(isinstance(row["Timestamp"], str) for row in rows)
    assert len(rows) == 66
    assert versions == sorted(set(versions))
    assert _all(exact, "sync/CRM/Accounts", versions[-1]) == []
    exact.call("PUT", f"crm/Accounts(guid'{exact.supplier()}')", json={"City": "Delft"})
    exact.made("crm/Accounts", {"Name": "New"})
    changed = _all(exact, "sync/CRM/Accounts", versions[-1], "ID,Name,Timestamp")
    assert [row["Name"] for row in changed] == ["Northwind Components", "New"]


def test_pages_follow_the_version(exact: ExactBench) -> None:
    exact.options.sync_page_size = 25
    answer = exact.get("sync/CRM/Accounts", filter="Timestamp gt 1", select="ID,Timestamp").json()["d"]
    assert len(answer["results"]) == 25
    assert f"$skiptoken={answer['results'][-1]['Timestamp']}L" in answer["__next"]
    rows = _all(exact, "sync/CRM/Accounts", 1)
    assert len({row["ID"] for row in rows}) == 66


@pytest.mark.parametrize("condition", ["Modified gt datetime'2020-01-01'", "Name eq 'x'"])
def test_only_the_version_may_be_filtered(exact: ExactBench, condition: str) -> None:
    assert exact.get("sync/CRM/Accounts", filter=condition).status_code == 400


def test_accounts_and_items_have_twins_cost_centers_do_not(exact: ExactBench) -> None:
    assert len(_all(exact, "sync/Financial/GLAccounts", 1)) == 72
    assert len(_all(exact, "sync/Logistics/Items", 1)) == 27
    for missing in ("sync/HRM/Costcenters", "sync/PurchaseOrder/GoodsReceipts", "sync/Financial/Journals"):
        assert exact.get(missing).status_code == 404


def test_orders_are_flat_with_the_header_as_line_zero(exact: ExactBench) -> None:
    (order,) = exact.orders()
    rows = _all(exact, ORDERS, 1)
    assert sorted(row["LineNumber"] for row in rows) == list(range(len(order["lines"]) + 1))
    assert {row["PurchaseOrderID"] for row in rows} == {order["id"]}
    assert {row["OrderNumber"] for row in rows} == {order["order_number"]}
    header = next(row for row in rows if row["LineNumber"] == 0)
    assert header["Item"] is None
    assert header["AmountFCExclVat"] > 0
    line = next(row for row in rows if row["LineNumber"] == 1)
    assert line["CostCenterCode"] == order["lines"][0]["cost_center"]
    assert line["CostCenter"] == exact.guid("hrm/Costcenters", line["CostCenterCode"])
    assert line["ReceiptStatus"] == 10


def test_a_receipt_shows_in_the_next_sync(exact: ExactBench) -> None:
    (order,) = exact.orders()
    latest = max(int(row["Timestamp"]) for row in _all(exact, ORDERS, 1))
    exact.made(
        "purchaseorder/GoodsReceipts",
        {
            "ReceiptDate": "2026-07-02",
            "GoodsReceiptLines": [{"PurchaseOrderLineID": order["lines"][0]["id"], "QuantityReceived": 1}],
        },
    )
    changed = _all(exact, ORDERS, latest)
    assert {row["LineNumber"] for row in changed} == {0, 1}
    assert next(row for row in changed if row["LineNumber"] == 0)["ReceiptStatus"] == 20
    assert next(row for row in changed if row["LineNumber"] == 1)["ReceivedQuantity"] == 1
    assert exact.rows("sync/Inventory/StockPositions")[0]["CurrentStock"] == 1


def test_deletions_are_listed(exact: ExactBench) -> None:
    (order,) = exact.orders()
    made = exact.made("crm/Accounts", {"Name": "Gone"})
    exact.call("DELETE", f"purchaseorder/PurchaseOrders(guid'{order['id']}')")
    exact.call("DELETE", f"crm/Accounts(guid'{made['ID']}')")
    rows = _all(exact, "sync/Deleted", 1)
    assert [(row["EntityType"], row["EntityKey"]) for row in rows] == [(22, order["id"]), (2, made["ID"])]
    assert _all(exact, ORDERS, 1) == []


def test_a_version_from_a_date(exact: ExactBench) -> None:
    def version(day: str) -> int:
        query = f"modified=datetime'{day}'&endPoint='PurchaseOrders'"
        answer = exact.call("GET", f"read/sync/Sync/SyncTimestamp?{query}")
        return int(answer.json()["d"]["results"][0]["TimeStampAsBigInt"])

    exact.orders()
    assert version("2020-01-01") == 0
    assert _all(exact, ORDERS, version("2099-01-01")) == []
    assert exact.call("GET", "read/sync/Sync/SyncTimestamp?endPoint='Nothing'").status_code == 400
