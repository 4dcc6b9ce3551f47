"""A bill that is there, after a lost answer or by another hand, is found and never written twice."""

from typing import Any

import pytest

from ml_connector.documents.common import changed
from ml_connector.errors import NeedsCorrection, OutcomeUnknown, Reason, RefusedBySystem, TryAgain
from ml_connector.flows.core.ports import BILLS, Identity, target_of
from ml_connector.sandbox.faults import FaultKind
from ml_connector_tests.support.waiting import wait_until
from ml_connector_tests.systems.acumatica.bench import Bench
from ml_connector_tests.systems.acumatica.billing import (
    BY_ORDER,
    BY_RECEIPT,
    account_line,
    bill_of,
    lines_of,
    new_number,
    order_of,
    plan,
    stored,
)


@pytest.mark.parametrize(
    "kind", [FaultKind.RESET_AFTER, FaultKind.ERROR_AFTER, FaultKind.HALF_WRITTEN, FaultKind.LATE_COMMIT]
)
def test_a_bill_whose_answer_is_lost_is_found_and_not_written_again(bench: Bench, kind: FaultKind) -> None:
    erp = bench.erp()
    bill = bill_of(BY_ORDER, account_line())
    planned = plan(erp, bill)
    bench.post(erp, plan(erp, bill_of(BY_ORDER, account_line())))
    bench.fault(kind, method="PUT", path="*/Bill", seconds=0.2)
    operation = bench.store(erp, planned[0])
    with pytest.raises(OutcomeUnknown) as unknown:
        erp.write(operation)
    assert "looked up" in unknown.value.remedy
    found = wait_until(lambda: erp.find_written([operation]), "the write is seen", every=0.05)
    assert found[operation.id].detail["ours"]
    assert len(stored(bench, bill)) == 1
    assert len(erp.find_copies([operation])[operation.id]) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": FaultKind.RESET_BEFORE}, OutcomeUnknown),
        ({"kind": FaultKind.HTML}, OutcomeUnknown),
        ({"kind": FaultKind.STATUS, "status": 500}, OutcomeUnknown),
        ({"kind": FaultKind.STATUS, "status": 502}, OutcomeUnknown),
        ({"kind": FaultKind.STATUS, "status": 429}, TryAgain),
        ({"kind": FaultKind.STATUS, "status": 200, "body": "[]"}, OutcomeUnknown),
        ({"kind": FaultKind.STATUS, "status": 200, "body": "{}"}, OutcomeUnknown),
        ({"kind": FaultKind.STATUS, "status": 400, "body": '{"message": "no"}'}, RefusedBySystem),
        ({"kind": FaultKind.STATUS, "status": 412, "body": "{}"}, RefusedBySystem),
    ],
)
def test_what_was_not_written_is_not_found(bench: Bench, fault: dict[str, Any], error: type[Exception]) -> None:
    erp = bench.erp()
    bill = bill_of(BY_ORDER, account_line())
    operation = bench.store(erp, plan(erp, bill)[0])
    erp.branches()
    bench.fault(method="PUT", path="*/Bill", **fault)
    with pytest.raises(error):
        erp.write(operation)
    assert erp.find_written([operation]) == {}
    assert stored(bench, bill) == []


def test_a_write_that_meets_an_ended_session_is_sent_once_with_a_new_one(bench: Bench) -> None:
    erp = bench.erp()
    bill = bill_of(BY_ORDER, account_line())
    operation = bench.store(erp, plan(erp, bill)[0])
    bench.state.sessions.end_all()
    erp.write(operation)
    assert len(stored(bench, bill)) == 1


def test_a_bill_that_a_person_entered_is_found_by_vendor_and_number(bench: Bench) -> None:
    erp = bench.erp()
    number = new_number()
    line = {"Account": "61000", "Qty": 1, "UnitCost": 5}
    bench.person.made("Bill", {"Vendor": BY_ORDER, "VendorRef": number.lower(), "Hold": False, "Details": [line]})
    found = target_of(erp, BILLS).existing(
        [Identity(BY_ORDER, number), Identity(BY_RECEIPT, number), Identity(BY_ORDER, "none")]
    )
    assert [(one.identity, one.our_key, one.amount) for one in found] == [(Identity(BY_ORDER, number), "", "5")]


def test_many_bills_are_looked_up_in_few_calls(bench: Bench) -> None:
    erp = bench.erp()
    bills = [bill_of(BY_ORDER, account_line()) for _ in range(3)]
    for at, bill in enumerate(bills):
        bench.post(erp, plan(erp, bill, f"mlc-{at:020d}"))
    before = erp.client.calls
    wanted = [Identity(BY_ORDER, bill.number) for bill in bills]
    wanted += [Identity(BY_ORDER, f"none-{n}") for n in range(100)]
    found = target_of(erp, BILLS).existing(wanted)
    assert sorted(one.our_key for one in found) == [f"mlc-{at:020d}" for at in range(3)]
    assert erp.client.calls - before <= 8


def test_a_bill_that_acumatica_made_from_the_receipt_is_taken_over_and_not_doubled(bench: Bench) -> None:
    erp = bench.erp()
    order, _ = order_of(bench, erp, BY_RECEIPT)
    body = {
        "VendorID": BY_RECEIPT,
        "VendorRef": "ASN-77",
        "CreateBill": True,
        "Hold": False,
        "Details": [{"POOrderType": "Normal", "POOrderNbr": order.number}],
    }
    receipt = bench.person.made("PurchaseReceipt", body, select="ReceiptNbr")
    key = {"Type": "Receipt", "ReceiptNbr": receipt["ReceiptNbr"]["value"]}
    bench.site.acted("PurchaseReceipt", "ReleasePurchaseReceipt", key)
    (made,) = bench.rows("Bill", Vendor=BY_RECEIPT, VendorRef="ASN-77")
    bill = bill_of(BY_RECEIPT, *lines_of(order))
    ((_, written),) = bench.post(erp, plan(erp, bill))
    assert written.outside_id == made.id
    (after,) = stored(bench, bill)
    assert after.id == made.id
    assert bench.rows("Bill", Vendor=BY_RECEIPT, VendorRef="ASN-77") == []


def test_a_bill_that_acumatica_made_of_another_amount_is_held(bench: Bench) -> None:
    erp = bench.erp()
    order, _ = order_of(bench, erp, BY_RECEIPT)
    body = {
        "VendorID": BY_RECEIPT,
        "VendorRef": "ASN-78",
        "CreateBill": True,
        "Hold": False,
        "Details": [{"POOrderType": "Normal", "POOrderNbr": order.number}],
    }
    receipt = bench.person.made("PurchaseReceipt", body, select="ReceiptNbr")
    key = {"Type": "Receipt", "ReceiptNbr": receipt["ReceiptNbr"]["value"]}
    bench.site.acted("PurchaseReceipt", "ReleasePurchaseReceipt", key)
    lines = lines_of(order)
    dearer = (changed(lines[0], amount=lines[0].amount + 1), *lines[1:])
    with pytest.raises(NeedsCorrection) as held:
        plan(erp, bill_of(BY_RECEIPT, *dearer))
    assert held.value.reason is Reason.KEYED_BY_HAND
    assert "made a bill from the receipts" in held.value.message
