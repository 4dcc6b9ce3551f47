"""Bills and receipts posted to the sandbox over sockets: what lands there, what is found again, what it costs."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import changed
from ml_connector.documents.erp_postings import Bill, BillLine, BillMode, GoodsReceipt, ReceiptLine
from ml_connector.documents.reference import OpenOrder, ReferenceTable
from ml_connector.errors import (
    AuthorizationNeeded,
    NeedsCorrection,
    OutcomeUnknown,
    Reason,
    RefusedBySystem,
    TryAgain,
)
from ml_connector.flows.core.ports import BILLS, GOODS_RECEIPTS, Identity, target_of
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.faults import FaultKind
from ml_connector_tests.support.waiting import wait_until
from ml_connector_tests.systems.exact_online.conftest import Bench, bill_of

MakeBill = Callable[..., Bill]
INVOICES = "purchase/PurchaseInvoices"
ENTRIES = "purchaseentry/PurchaseEntries"
POSTED = f"*/{INVOICES}"


def coded_line(bench: Bench, account: str, amount: str, **more: Any) -> BillLine:
    found = bench.by_code(ReferenceTable.GL_ACCOUNTS)[account]
    net = Decimal(amount)
    values: dict[str, Any] = {
        "number": 1,
        "gl_account_id": found.id,
        "gl_account_code": account,
        "quantity": Decimal(1),
        "amount": net,
        "vat_code": "2",
        "vat_amount": (net * Decimal("0.21")).quantize(Decimal("0.01")),
        "cost_center": "OPS",
        "description": "60 x part",
    }
    return BillLine(**{**values, **more})


def vendor_id(bench: Bench, code: str = "20011") -> str:
    found: str = bench.by_code(ReferenceTable.VENDORS)[code].id
    return found


def test_a_matched_bill_lands_on_its_order_lines(bench: Bench, matched_bill: MakeBill) -> None:
    bench.orders(1)
    order = bench.open_orders()[0]
    bill = matched_bill(order, "INV-1")
    [(_, written)] = bench.post(target_of(bench.erp, BILLS).plan(bill, "mlc-0123456789abcdef0123"))
    [row] = bench.table(INVOICES)
    assert written.outside_id == row["ID"]
    assert written.detail["entry_number"] == row["EntryNumber"]
    assert "warning" not in written.detail
    assert (row["Type"], row["YourRef"], row["Supplier"], row["Currency"]) == (8033, "INV-1", order.supplier_id, "EUR")
    assert row["Amount"] == bill.total
    assert row["Description"] == "Invoice INV-1 [mlc-0123456789abcdef0123]"
    after = bench.open_orders()[0]
    assert [line.invoiced for line in after.lines] == [line.quantity for line in order.lines]
    lines = bench.table("purchase/PurchaseInvoiceLines")
    assert {line["CostCenter"] for line in lines} == {"OPS"}
    assert [line["Amount"] for line in lines] == [line.amount for line in bill.lines]


def test_a_charge_becomes_an_item_on_the_same_invoice(bench: Bench, matched_bill: MakeBill) -> None:
    bench.orders(1)
    bill = matched_bill(bench.open_orders()[0], "INV-2")
    freight = BillLine(
        number=9,
        item_id=bench.by_code(ReferenceTable.ITEMS)["FREIGHT"].id,
        quantity=Decimal(1),
        amount=Decimal("12.34"),
        vat_code="2",
        vat_amount=Decimal("2.59"),
        cost_center="OPS",
        description="Freight",
        charge_code="D240",
    )
    total, vat = bill.total + Decimal("14.93"), bill.vat_total + Decimal("2.59")
    bill = changed(bill, lines=(*bill.lines, freight), total=total, vat_total=vat)
    bench.post(target_of(bench.erp, BILLS).plan(bill, "mlc-0000"))
    [row] = bench.table(INVOICES)
    assert row["Amount"] == bill.total
    assert any(line["Amount"] == Decimal("12.34") for line in bench.table("purchase/PurchaseInvoiceLines"))


def test_a_credit_note_lowers_what_was_invoiced(bench: Bench, matched_bill: MakeBill) -> None:
    bench.orders(1)
    order = bench.open_orders()[0]
    bench.post(target_of(bench.erp, BILLS).plan(matched_bill(order, "INV-3"), "mlc-inv3"))
    bench.post(target_of(bench.erp, BILLS).plan(matched_bill(order, "CR-3", credit=True), "mlc-cr33"))
    assert [row["Type"] for row in bench.table(INVOICES)] == [8033, 8034]
    assert all(line.invoiced == 0 for line in bench.open_orders()[0].lines)
    assert [row["Type"] for row in bench.table(ENTRIES)] == [30, 31]


@pytest.mark.parametrize(("credit", "kind", "sign"), [(False, 30, -1), (True, 31, 1)])
def test_a_coded_bill_lands_on_its_accounts(bench: Bench, credit: bool, kind: int, sign: int) -> None:
    lines = (coded_line(bench, "4406", "750.00"), coded_line(bench, "4400", "10.10", number=2, cost_center="WHS"))
    bill = bill_of(BillMode.CODED, vendor_id(bench), "INV-4", lines, credit=credit, order_number="26000017")
    [(_, written)] = bench.post(target_of(bench.erp, BILLS).plan(bill, "mlc-coded4"))
    [row] = bench.table(ENTRIES)
    assert written.outside_id == row["EntryID"]
    assert (row["Type"], row["AmountFC"], row["OrderNumber"]) == (kind, sign * bill.total, 26000017)
    assert "warning" not in written.detail
    assert {line["CostCenter"] for line in bench.table("purchaseentry/PurchaseEntryLines")} == {"OPS", "WHS"}


def test_amounts_including_vat_are_sent_including_it(bench: Bench, matched_bill: MakeBill) -> None:
    line = coded_line(bench, "4406", "100.00", vat_code="4", vat_amount=Decimal("21.00"), vat_including=True)
    bill = bill_of(BillMode.CODED, vendor_id(bench), "INV-5", (line,))
    bench.post(target_of(bench.erp, BILLS).plan(bill, "mlc-incl5"))
    assert bench.table(ENTRIES)[0]["AmountFC"] == Decimal("-121.00")


def test_the_suppliers_vat_to_the_cent_is_what_is_booked(bench: Bench) -> None:
    lines = tuple(
        coded_line(bench, "4406", amount, number=i) for i, amount in enumerate(("33.33", "33.33", "66.66"), 1)
    )
    bill = bill_of(BillMode.CODED, vendor_id(bench), "INV-6", lines)
    owed = changed(bill, vat_total=Decimal("28.01"), total=Decimal("161.33"))
    bench.post(target_of(bench.erp, BILLS).plan(owed, "mlc-cent6"))
    assert bench.table(ENTRIES)[0]["AmountFC"] == Decimal("-161.33")


def test_an_amount_that_exact_booked_otherwise_is_told(
    bench: Bench, matched_bill: MakeBill, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.orders(1)
    stored = bench.store(
        target_of(bench.erp, BILLS).plan(matched_bill(bench.open_orders()[0], "INV-7"), "mlc-drop77")[0]
    )
    create = bench.erp.client.create
    monkeypatch.setattr(bench.erp.client, "create", lambda *a: {**create(*a), "Amount": 0, "VATAmount": 0})
    assert "Exact shows 0" in bench.erp.write(stored).detail["warning"]


def test_an_original_is_attached_with_its_exact_bytes(bench: Bench, matched_bill: MakeBill) -> None:
    bench.orders(1)
    original = b"ISA*00*\x00\xffbytes~" * 100
    digest = hashlib.sha256(original).hexdigest()
    bench.blobs[digest] = original
    bill = matched_bill(
        bench.open_orders()[0],
        "INV-8",
        attach_original=True,
        attachment_sha256=digest,
        attachment_name="../../etc/in voice\x07.edi",
    )
    done = bench.post(target_of(bench.erp, BILLS).plan(bill, "mlc-doc888"))
    assert [stored.kind for stored, _ in done] == ["document", "purchase_invoice", "document_attachment"]
    [attachment] = bench.table("documents/DocumentAttachments")
    assert attachment["FileName"] == "in voice_.edi"
    assert attachment["Document"] == done[0][1].outside_id == bench.table(INVOICES)[0]["Document"]
    assert attachment["_sha256"] == digest
    found = bench.erp.find_written([stored for stored, _ in done])
    assert {k: v.outside_id for k, v in found.items()} == {s.id: w.outside_id for s, w in done}


def test_an_original_too_large_is_held_before_anything_is_written(bench: Bench, matched_bill: MakeBill) -> None:
    bench.orders(1)
    bench.blobs["a" * 64] = bytes(8_000_000)
    bill = matched_bill(bench.open_orders()[0], "INV-9", attach_original=True, attachment_sha256="a" * 64)
    with pytest.raises(NeedsCorrection) as held:
        target_of(bench.erp, BILLS).plan(bill, "mlc-large9")
    assert held.value.reason is Reason.TOO_LARGE


def receipt_of(order: OpenOrder, reference: str = "ASN-1", share: int = 1) -> GoodsReceipt:
    return GoodsReceipt(
        vendor_id=order.supplier_id,
        warehouse_id=order.warehouse_id,
        receipt_date=date(2026, 11, 20),
        reference=reference,
        description=f"Notice {reference}",
        lines=tuple(
            ReceiptLine(order_line_id=line.id, order_number=order.number, quantity=line.quantity * share)
            for line in order.lines
        ),
    )


def test_a_receipt_is_booked_and_found_by_our_key_alone(bench: Bench) -> None:
    bench.orders(2)
    first, second = bench.open_orders()
    [(stored, written)] = bench.post(target_of(bench.erp, GOODS_RECEIPTS).plan(receipt_of(first), "mlc-r0001"))
    assert all(line.received == line.quantity for line in bench.open_orders()[0].lines)
    unsent = bench.store(target_of(bench.erp, GOODS_RECEIPTS).plan(receipt_of(second), "mlc-r0002")[0])
    assert bench.erp.find_written([stored, unsent]) == {
        stored.id: written.__class__(written.outside_id, {**written.detail, "found_in": "purchaseorder/GoodsReceipts"})
    }


def test_more_than_was_ordered_is_refused_in_the_systems_words(bench: Bench) -> None:
    bench.orders(1)
    with pytest.raises(RefusedBySystem) as refused:
        bench.post(target_of(bench.erp, GOODS_RECEIPTS).plan(receipt_of(bench.open_orders()[0], share=2), "mlc-r0003"))
    assert refused.value.data["messages"]
    assert bench.table("purchaseorder/GoodsReceipts") == []


@pytest.mark.parametrize("language", ["en", "nl"])
def test_a_business_refusal_is_no_failure_whatever_the_language(bench: Bench, language: str) -> None:
    bench.sandbox.exact.options.language = language
    line = coded_line(bench, "4500", "10.00", cost_center="")
    bill = bill_of(BillMode.CODED, vendor_id(bench), "INV-10", (line,))
    with pytest.raises(RefusedBySystem) as refused:
        bench.post(target_of(bench.erp, BILLS).plan(bill, "mlc-lang10"))
    assert refused.value.data["status"] == 500
    assert refused.value.data["messages"]
    assert bench.table(ENTRIES) == []


def test_a_failure_is_not_taken_for_a_refusal(bench: Bench, matched_bill: MakeBill) -> None:
    bench.orders(1)
    operation = bench.store(
        target_of(bench.erp, BILLS).plan(matched_bill(bench.open_orders()[0], "INV-11"), "mlc-fail11")[0]
    )
    bench.fault(FaultKind.STATUS, method="POST", status=500)
    with pytest.raises(OutcomeUnknown):
        bench.erp.write(operation)


@pytest.mark.parametrize(
    ("kind", "there"),
    [
        (FaultKind.RESET_BEFORE, False),
        (FaultKind.RESET_AFTER, True),
        (FaultKind.HALF_WRITTEN, True),
        (FaultKind.HTML, False),
    ],
)
@pytest.mark.parametrize("mode", list(BillMode))
def test_after_an_unknown_outcome_the_look_up_tells_the_truth(
    bench: Bench, matched_bill: MakeBill, kind: FaultKind, there: bool, mode: BillMode
) -> None:
    bench.orders(1)
    if mode is BillMode.MATCHED:
        bill = matched_bill(bench.open_orders()[0], "INV-12")
    else:
        bill = bill_of(mode, vendor_id(bench), "INV-12", (coded_line(bench, "4406", "10.00"),))
    operation = bench.store(target_of(bench.erp, BILLS).plan(bill, "mlc-reset12")[0])
    bench.fault(kind, method="POST")
    with pytest.raises(OutcomeUnknown):
        bench.erp.write(operation)
    found = bench.erp.find_written([operation])
    assert set(found) == ({operation.id} if there else set())
    assert len(bench.table(ENTRIES)) == (1 if there else 0)
    if there:
        assert found[operation.id].detail["ours"] is True


def test_a_late_commit_is_found_later(bench: Bench, matched_bill: MakeBill) -> None:
    bench.orders(1)
    operation = bench.store(
        target_of(bench.erp, BILLS).plan(matched_bill(bench.open_orders()[0], "INV-13"), "mlc-late13")[0]
    )
    bench.fault(FaultKind.LATE_COMMIT, method="POST", seconds=30, real_time=False)
    with pytest.raises(OutcomeUnknown):
        bench.erp.write(operation)
    assert bench.erp.find_written([operation]) == {}
    bench.sandbox.clock.move(31)
    bench.sandbox.call(lambda: None)
    wait_until(lambda: not bench.sandbox.late_commits(), "the late commit")
    assert set(bench.erp.find_written([operation])) == {operation.id}


def test_a_clerks_change_of_the_number_does_not_hide_our_invoice(bench: Bench, matched_bill: MakeBill) -> None:
    bench.orders(1)
    [(stored, written)] = bench.post(
        target_of(bench.erp, BILLS).plan(matched_bill(bench.open_orders()[0], "INV-14"), "mlc-edit14")
    )
    bench.table(INVOICES)[0]["YourRef"] = "INV-14 corrected"
    found = bench.erp.find_written([stored])
    assert found[stored.id].outside_id == written.outside_id


def test_the_same_invoice_keyed_by_hand_meanwhile_is_not_written_again(bench: Bench, matched_bill: MakeBill) -> None:
    bench.orders(1, suppliers=("20011",))
    operation = bench.store(
        target_of(bench.erp, BILLS).plan(matched_bill(bench.open_orders()[0], "INV-15"), "mlc-hand15")[0]
    )
    keyed = bench.sandbox.call(
        user.key_entry, bench.sandbox.exact, supplier="20011", your_ref="INV-15", amount=Decimal(5)
    )
    found = bench.erp.find_written([operation])[operation.id]
    assert (found.outside_id, found.detail["ours"]) == (keyed["EntryID"], False)


def test_a_token_that_expired_on_the_way_costs_one_more_call(bench: Bench, matched_bill: MakeBill) -> None:
    bench.orders(1)
    operation = bench.store(
        target_of(bench.erp, BILLS).plan(matched_bill(bench.open_orders()[0], "INV-16"), "mlc-tok16")[0]
    )
    bench.fault(FaultKind.EXPIRED_TOKEN, method="POST")
    assert bench.erp.write(operation).outside_id == bench.table(INVOICES)[0]["ID"]


def test_a_missing_edition_names_what_to_do(bench: Bench, matched_bill: MakeBill) -> None:
    bench.orders(1)
    bench.sandbox.exact.options.missing_editions.add(INVOICES)
    with pytest.raises(AuthorizationNeeded) as forbidden:
        bench.post(target_of(bench.erp, BILLS).plan(matched_bill(bench.open_orders()[0], "INV-19"), "mlc-ed19"))
    assert "edition" in forbidden.value.remedy


def test_repeated_bad_requests_stop_before_exact_blocks_the_app(bench: Bench) -> None:
    bench.sandbox.call(bench.sandbox.exact.limits.configure, errors=10)
    bill = bill_of(BillMode.CODED, vendor_id(bench), "INV-20", (coded_line(bench, "4406", "1.00"),))
    stored = bench.store(target_of(bench.erp, BILLS).plan(bill, "mlc-bad20")[0])
    bad = stored.__class__(**{**stored.__dict__, "payload": stored.payload.replace('"Journal"', '"Jurnal"')})
    for _ in range(8):
        with pytest.raises(RefusedBySystem, match="400"):
            bench.erp.write(bad)
    with pytest.raises(TryAgain, match=ENTRIES):
        bench.erp.write(stored)
    bench.sandbox.clock.move(3601)
    assert bench.erp.write(stored).outside_id


def test_bills_are_recognised_wherever_and_by_whomever_they_were_entered(bench: Bench, matched_bill: MakeBill) -> None:
    bench.orders(3, suppliers=("20011",))
    orders = bench.open_orders()
    bench.post(target_of(bench.erp, BILLS).plan(matched_bill(orders[0], "O'Neill & Co/7+1 %"), "mlc-find21"))
    bench.sandbox.call(user.key_entry, bench.sandbox.exact, supplier="20011", your_ref="HAND-1", amount=Decimal(99))
    wanted = [
        Identity(orders[0].supplier_id, "O'Neill & Co/7+1 %"),
        Identity(orders[0].supplier_id.upper(), " HAND-1 "),
        Identity(orders[0].supplier_id, "UNKNOWN"),
        Identity(vendor_id(bench, "20012"), "HAND-1"),
        Identity("no-guid", "HAND-1"),
    ]
    found = {existing.identity: existing for existing in target_of(bench.erp, BILLS).existing(wanted)}
    assert set(found) == set(wanted[:2])
    assert found[wanted[0]].our_key == "mlc-find21"
    assert found[wanted[1]].our_key == ""
    assert found[wanted[1]].amount == "119.79"


def test_economy_at_most_1_10_calls_for_each_posted_invoice(bench: Bench, matched_bill: MakeBill) -> None:
    """Bar 4: a batch of 300 with warm reference data, attachments off, hand-keyed invoices looked for."""
    bench.orders(300)
    bench.erp.divisions.validate()
    first = bench.read(ReferenceTable.PURCHASE_ORDERS)
    orders = [row for row in first.rows if isinstance(row, OpenOrder)]
    bills = [matched_bill(order, f"INV-2026-{i:05}") for i, order in enumerate(orders)]
    before = bench.calls()
    bench.read(ReferenceTable.PURCHASE_ORDERS, first.cursor)
    assert list(target_of(bench.erp, BILLS).existing([Identity(b.vendor_id, b.number) for b in bills])) == []
    planned = [bench.store(target_of(bench.erp, BILLS).plan(bill, f"mlc-{i:020}")[0]) for i, bill in enumerate(bills)]
    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(bench.erp.write, planned))) == 300
    used = (bench.calls() - before) / 300
    print(f"{used:.3f} calls to Exact for each posted invoice")
    assert used <= 1.10
    before = bench.calls()
    assert len(bench.erp.find_written(planned)) == 300
    assert bench.calls() - before <= 60
