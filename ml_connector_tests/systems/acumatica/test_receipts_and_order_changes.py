"""Receipts and changes of order lines: what is written, what an open order locks, and what is found again."""

import itertools
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import changed
from ml_connector.documents.erp_postings import GoodsReceipt, ReceiptLine
from ml_connector.documents.order_agreements import AgreedChange, AgreedLine
from ml_connector.documents.reference import OpenOrder
from ml_connector.errors import NeedsCorrection, OutcomeUnknown, RefusedBySystem
from ml_connector.flows.core.ports import GOODS_RECEIPTS, ORDER_CHANGES, Identity, target_of
from ml_connector.sandbox.faults import FaultKind
from ml_connector.systems.acumatica.erp import AcumaticaErp
from ml_connector_tests.systems.acumatica.bench import Bench
from ml_connector_tests.systems.acumatica.billing import BY_ORDER, BY_RECEIPT, order_of

_numbers = itertools.count(1)
KEY = "mlc-0123456789abcdef0123"


def receipt_of(order: OpenOrder, **more: Any) -> GoodsReceipt:
    lines = tuple(
        ReceiptLine(order_line_id=line.id, order_number=order.number, line_number=line.number, quantity=line.quantity)
        for line in order.lines
    )
    values = {
        "vendor_id": order.supplier_id,
        "warehouse_id": "MAIN",
        "receipt_date": date(2026, 11, 21),
        "reference": f"ASN-{next(_numbers)}",
        "description": "Shipment",
        "lines": lines,
    }
    return GoodsReceipt(**{**values, **more})


def plan(erp: AcumaticaErp, receipt: GoodsReceipt, key: str = KEY) -> Any:
    return target_of(erp, GOODS_RECEIPTS).plan(receipt, key)


def test_a_receipt_links_each_line_and_never_makes_a_bill(bench: Bench) -> None:
    erp = bench.erp(after_receipt="released")
    order, _ = order_of(bench, erp, BY_RECEIPT)
    receipt = receipt_of(order)
    done = bench.post(erp, plan(erp, receipt))
    (row,) = bench.rows("PurchaseReceipt", VendorRef=receipt.reference)
    assert [written.detail.get("status") for _, written in done] == ["Balanced", None, "Released"]
    assert (row.text("Status"), row.flag("CreateBill"), row.text("Branch")) == ("Released", False, "HEADOFFICE")
    assert [line.get("POLineNbr") for line in row.details()] == [1, 2]
    assert row.number("TotalQty") == sum(line.quantity for line in order.lines)
    assert bench.rows("Bill", VendorRef=receipt.reference) == []


def test_a_receipt_stays_balanced_or_on_hold_as_the_connection_says(bench: Bench) -> None:
    for setting, status in (("balanced", "Balanced"), ("hold", "On Hold")):
        erp = bench.erp(after_receipt=setting)
        order, _ = order_of(bench, erp, BY_RECEIPT)
        receipt = receipt_of(order)
        bench.post(erp, plan(erp, receipt))
        assert bench.rows("PurchaseReceipt", VendorRef=receipt.reference)[0].text("Status") == status


def test_receipts_that_share_a_number_are_told_apart_by_our_key(bench: Bench) -> None:
    erp = bench.erp()
    order, _ = order_of(bench, erp, BY_RECEIPT)
    parts = [receipt_of(order, reference="ASN-SHARED", lines=(line,)) for line in receipt_of(order).lines]
    keys = [f"{KEY}-1", f"{KEY}-2"]
    operations = [bench.store(erp, plan(erp, part, key)[0]) for part, key in zip(parts, keys, strict=True)]
    erp.write(operations[0])
    assert set(erp.find_written(operations)) == {operations[0].id}
    erp.write(operations[1])
    assert set(erp.find_written(operations)) == {one.id for one in operations}
    found = target_of(erp, GOODS_RECEIPTS).existing([Identity(BY_RECEIPT, "ASN-SHARED")])
    assert sorted(one.our_key for one in found) == keys
    assert {len(copies) for copies in erp.find_copies(operations).values()} == {1}


def test_a_receipt_whose_answer_is_lost_is_found(bench: Bench) -> None:
    erp = bench.erp()
    order, _ = order_of(bench, erp, BY_RECEIPT)
    operation = bench.store(erp, plan(erp, receipt_of(order))[0])
    erp.branches()
    bench.fault(FaultKind.RESET_AFTER, method="PUT", path="*/PurchaseReceipt")
    with pytest.raises(OutcomeUnknown):
        erp.write(operation)
    assert erp.find_written([operation])[operation.id].detail["receipt_number"].startswith("RC")


def test_too_much_is_refused_as_the_orders_line_says(bench: Bench) -> None:
    erp = bench.erp()
    order, _ = order_of(bench, erp, BY_ORDER)
    line = receipt_of(order).lines[0]
    receipt = receipt_of(order, lines=(changed(line, quantity=line.quantity * 3),))
    with pytest.raises(RefusedBySystem, match="above the maximum quantity"):
        bench.post(erp, plan(erp, receipt))
    assert bench.rows("PurchaseReceipt", VendorRef=receipt.reference) == []


def test_a_receipt_of_a_held_order_is_refused(bench: Bench) -> None:
    erp = bench.erp()
    order, _ = order_of(bench, erp, BY_RECEIPT, hold=True)
    with pytest.raises(RefusedBySystem, match="On Hold"):
        bench.post(erp, plan(erp, receipt_of(order)))


def test_more_lines_than_a_call_takes_are_held(bench: Bench) -> None:
    erp = bench.erp()
    order, _ = order_of(bench, erp, BY_RECEIPT)
    with pytest.raises(NeedsCorrection, match="501 lines"):
        plan(erp, receipt_of(order, lines=receipt_of(order).lines[:1] * 501))


# ---------------------------------------------------------------------- changes of orders


def change(order: OpenOrder, *, day: date | None = None, quantity: str | None = None) -> AgreedChange:
    line = order.lines[0]
    agreed = AgreedLine(
        order_line_id=line.id,
        number=str(line.number),
        quantity=None if quantity is None else Decimal(quantity),
        receipt_date=day,
        was_quantity=line.quantity,
        was_date=line.receipt_date,
    )
    return AgreedChange(order_id=order.id, order_number=order.number, lines=(agreed,))


def planned_change(erp: AcumaticaErp, what: AgreedChange) -> Any:
    return target_of(erp, ORDER_CHANGES).plan(what, KEY)


def test_a_promised_day_is_written_to_an_open_order(bench: Bench) -> None:
    erp = bench.erp()
    order, _ = order_of(bench, erp, BY_RECEIPT)
    ((operation, written),) = bench.post(erp, planned_change(erp, change(order, day=date(2026, 12, 9))))
    after = bench.state.main.find("PurchaseOrder", "Normal", order.number)
    assert after is not None
    assert after.details()[0].day("Promised") == date(2026, 12, 9)
    assert written.detail["line"] == 1
    assert operation.ref == order.lines[0].id
    assert set(erp.find_written([operation])) == {operation.id}
    calls = erp.client.calls
    assert erp.write(operation) == written
    assert erp.client.calls == calls + 1


def test_a_quantity_of_an_open_order_is_left_to_the_buyer(bench: Bench) -> None:
    erp = bench.erp()
    order, _ = order_of(bench, erp, BY_RECEIPT)
    with pytest.raises(RefusedBySystem, match="are locked in Acumatica") as refused:
        bench.post(erp, planned_change(erp, change(order, quantity="1")))
    assert "change_locked_orders" in refused.value.remedy
    after = bench.state.main.find("PurchaseOrder", "Normal", order.number)
    assert after is not None
    assert after.details()[0].number("OrderQty") == order.lines[0].quantity


def test_a_quantity_is_changed_on_hold_where_the_connection_allows_it(bench: Bench) -> None:
    erp = bench.erp(change_locked_orders=True)
    order, _ = order_of(bench, erp, BY_RECEIPT)
    bench.post(erp, planned_change(erp, change(order, quantity="1", day=date(2026, 12, 9))))
    after = bench.state.main.find("PurchaseOrder", "Normal", order.number)
    assert after is not None
    assert (after.details()[0].number("OrderQty"), after.text("Status")) == (Decimal(1), "Open")


def test_an_order_that_a_try_cut_off_may_have_left_on_hold_is_told(bench: Bench) -> None:
    erp = bench.erp(change_locked_orders=True)
    order, _ = order_of(bench, erp, BY_RECEIPT)
    planned = planned_change(erp, change(order, quantity="1"))[0]
    key = {"Type": "Normal", "OrderNbr": order.number}
    for body in ({**key, "Hold": True}, {**key, "Details": [{"LineNbr": 1, "OrderQty": 1}]}):
        bench.person.made("PurchaseOrder", body)
    operation = bench.store(erp, planned, attempts=1)
    assert "take it off hold" in erp.find_written([operation])[operation.id].detail["warning"]
    assert "take it off hold" in erp.write(bench.store(erp, planned, attempts=2)).detail["warning"]
    bench.person.made("PurchaseOrder", {**key, "Hold": False})
    assert "warning" not in erp.find_written([operation])[operation.id].detail


def test_a_line_that_the_supplier_will_not_send_is_cancelled(bench: Bench) -> None:
    erp = bench.erp()
    order, _ = order_of(bench, erp, BY_RECEIPT)
    bench.post(erp, planned_change(erp, change(order, quantity="0")))
    after = bench.state.main.find("PurchaseOrder", "Normal", order.number)
    assert after is not None
    assert after.details()[0].flag("Cancelled")


def test_a_line_that_was_changed_by_others_is_not_written_over_by_a_second_try(bench: Bench) -> None:
    erp = bench.erp()
    order, _ = order_of(bench, erp, BY_RECEIPT)
    planned = planned_change(erp, change(order, day=date(2026, 12, 9)))[0]
    body = {"Type": "Normal", "OrderNbr": order.number, "Details": [{"LineNbr": 1, "Promised": "2026-12-20"}]}
    bench.person.made("PurchaseOrder", body)
    with pytest.raises(RefusedBySystem, match="changed in Acumatica meanwhile"):
        erp.write(bench.store(erp, planned, attempts=2))


def test_an_order_that_is_over_or_gone_is_refused(bench: Bench) -> None:
    from ml_connector.sandbox.acumatica import user

    erp = bench.erp()
    order, _ = order_of(bench, erp, BY_RECEIPT)
    bench.sandbox.call(user.act, bench.state, "PurchaseOrder", ("Normal", order.number), "CancelOrder")
    with pytest.raises(RefusedBySystem, match="the order is Canceled"):
        bench.post(erp, planned_change(erp, change(order, day=date(2026, 12, 9))))
    gone = changed(order, lines=(changed(order.lines[0], id="Normal|PO999999|1"), *order.lines[1:]))
    with pytest.raises(RefusedBySystem, match="is not there any more"):
        bench.post(erp, planned_change(erp, change(gone, day=date(2026, 12, 9))))


def test_a_change_whose_answer_is_lost_is_found(bench: Bench) -> None:
    erp = bench.erp()
    order, _ = order_of(bench, erp, BY_RECEIPT)
    operation = bench.store(erp, planned_change(erp, change(order, day=date(2026, 12, 9)))[0])
    erp.branches()
    bench.fault(FaultKind.RESET_AFTER, method="PUT", path="*/PurchaseOrder")
    with pytest.raises(OutcomeUnknown):
        erp.write(operation)
    assert set(erp.find_written([operation])) == {operation.id}


def test_what_the_seam_declares_is_what_the_erp_has(bench: Bench) -> None:
    from ml_connector.systems.acumatica.system import SYSTEM

    erp = bench.erp()
    assert set(erp.tables) == SYSTEM.tables
    assert set(erp.sources) == SYSTEM.sources
    assert set(erp.targets) == SYSTEM.targets
