"""AP bills: by order, by receipt, by account; compared, found, never twice, never released on a difference."""

import itertools
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.bills import Bill, BillLine, BillMode, BillTax
from ml_connector.documents.reference import OpenOrder
from ml_connector.errors import NeedsMending, OutcomeUnknown, Reason, RefusedBySystem, TryAgain
from ml_connector.flows.core.ports import BILLS, PURCHASE_ORDERS, Identity, source_of, target_of
from ml_connector.ledger.exchange import blobs
from ml_connector.sandbox.acumatica import user
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.faults import FaultKind
from ml_connector.systems.acumatica.erp import AcumaticaErp
from ml_connector_tests.systems.acumatica.bench import Bench

BY_RECEIPT, BY_ORDER, SERVICES = "V000017", "V000018", "V000019"
_numbers = itertools.count(9001)


def new_number() -> str:
    return f"INV-{next(_numbers)}"


def order_of(bench: Bench, erp: AcumaticaErp, vendor: str, **more: Any) -> tuple[OpenOrder, Record]:
    (row,) = bench.sandbox.call(user.create_orders, bench.state, 1, vendors=(vendor,), **more)
    (found,) = source_of(erp, PURCHASE_ORDERS).by_id([f"Normal|{row.text('OrderNbr')}"])
    return found.document, row


def lines_of(order: OpenOrder) -> tuple[BillLine, ...]:
    return tuple(
        BillLine(
            number=at,
            order_number=order.number,
            order_line_id=line.id,
            item_id=line.item_id,
            quantity=line.quantity,
            unit_price=line.price,
            amount=(line.quantity * line.price).quantize(Decimal("0.01")),
            description=line.description,
        )
        for at, line in enumerate(order.lines, 1)
    )


def account_line(amount: str = "15.00", account: str = "61000", **more: Any) -> BillLine:
    values = {"number": 9, "gl_account_id": account, "quantity": Decimal(1), "amount": Decimal(amount)}
    return BillLine(**{**values, "description": "Freight", "other_dimensions": {"subaccount": "100-000"}, **more})


def bill_of(vendor: str, *lines: BillLine, number: str = "", **more: Any) -> Bill:
    net = sum((line.amount for line in lines), Decimal(0))
    tax = Decimal(more.get("vat_total", 0))
    values: dict[str, Any] = {
        "mode": BillMode.MATCHED if any(line.order_line_id for line in lines) else BillMode.CODED,
        "vendor_id": vendor,
        "vendor_code": vendor,
        "number": number or new_number(),
        "invoice_date": date(2026, 11, 20),
        "currency": "USD",
        "description": "Invoice",
        "total": net + tax,
        "vat_total": tax,
        "lines": lines,
    }
    return Bill(**{**values, **more})


def plan(erp: AcumaticaErp, bill: Bill, key: str = "mlc-0123456789abcdef0123") -> Any:
    return target_of(erp, BILLS).plan(bill, key)


def stored(bench: Bench, bill: Bill) -> list[Record]:
    return bench.rows("Bill", Vendor=bill.vendor_id, VendorRef=bill.number)


# ---------------------------------------------------------------------- what is written


def test_a_bill_by_order_links_each_line_with_its_number(bench: Bench) -> None:
    erp = bench.erp()
    order, _ = order_of(bench, erp, BY_ORDER)
    bill = bill_of(BY_ORDER, *lines_of(order), account_line())
    ((operation, written),) = bench.post(erp, plan(erp, bill))
    (row,) = stored(bench, bill)
    assert written.outside_id == row.id
    assert written.detail["entry_number"] == row.text("ReferenceNbr")
    assert (row.text("Status"), row.text("Type"), row.number("Amount")) == ("Balanced", "Bill", bill.total)
    assert row.day("Date") == date(2026, 11, 20)
    assert [(line.get("POOrderNbr"), line.get("POLine")) for line in row.details()] == [
        (order.number, 1),
        (order.number, 2),
        (None, None),
    ]
    assert row.details()[2].text("Subaccount") == "100-000"
    assert "mlc-0123456789abcdef0123" in row.text("Description")
    assert "float" not in operation.payload


def test_a_bill_by_receipt_links_released_receipts_oldest_first_and_shares_the_amount(bench: Bench) -> None:
    erp = bench.erp()
    order, _ = order_of(bench, erp, BY_RECEIPT, lines=1)
    line = order.lines[0]
    parts = [Decimal(2), line.quantity - 2]
    numbers = []
    for quantity in parts:
        made = bench.person.receipt({"OrderNbr": {"value": order.number}}, ReceiptQty=int(quantity))
        numbers.append(made["ReceiptNbr"]["value"])
    bill = bill_of(BY_RECEIPT, *lines_of(order))
    bench.post(erp, plan(erp, bill))
    (row,) = stored(bench, bill)
    assert [(one.text("POReceiptNbr"), one.number("Qty")) for one in row.details()] == list(
        zip(numbers, parts, strict=True)
    )
    assert row.number("Amount") == bill.total


def test_what_was_not_received_is_held_with_the_order_and_the_quantities(bench: Bench) -> None:
    erp = bench.erp()
    order, _ = order_of(bench, erp, BY_RECEIPT)
    with pytest.raises(NeedsMending) as held:
        plan(erp, bill_of(BY_RECEIPT, *lines_of(order)))
    assert held.value.reason is Reason.NOT_RECEIVED
    assert order.number in held.value.message
    assert "0 is received and not billed" in held.value.message
    assert "Release the receipt" in held.value.mend


def test_two_bills_never_take_the_same_receipt(bench: Bench) -> None:
    erp = bench.erp()
    order, row = order_of(bench, erp, BY_RECEIPT)
    bench.sandbox.call(user.receive, bench.state, row)
    plan(erp, bill_of(BY_RECEIPT, *lines_of(order)), "mlc-aaaaaaaaaaaaaaaaaaaa")
    plan(erp, bill_of(BY_RECEIPT, *lines_of(order)), "mlc-aaaaaaaaaaaaaaaaaaaa")
    with pytest.raises(NeedsMending) as held:
        plan(erp, bill_of(BY_RECEIPT, *lines_of(order)), "mlc-bbbbbbbbbbbbbbbbbbbb")
    assert held.value.reason is Reason.NOT_RECEIVED


def test_a_partly_billed_receipt_gives_what_is_left(bench: Bench) -> None:
    erp = bench.erp()
    order, row = order_of(bench, erp, BY_RECEIPT, lines=1)
    bench.sandbox.call(user.receive, bench.state, row)
    (line,) = lines_of(order)
    first = line.model_copy(update={"quantity": Decimal(1), "amount": Decimal("2.50")})
    bench.post(erp, plan(erp, bill_of(BY_RECEIPT, first), "mlc-aaaaaaaaaaaaaaaaaaaa"))
    again = bench.erp()
    with pytest.raises(NeedsMending, match="is received and not billed"):
        plan(again, bill_of(BY_RECEIPT, line))
    rest = line.model_copy(update={"quantity": line.quantity - 1, "amount": Decimal("9.99")})
    bench.post(again, plan(again, bill_of(BY_RECEIPT, rest), "mlc-cccccccccccccccccccc"))


def test_services_of_an_order_are_billed_from_the_order(bench: Bench) -> None:
    erp = bench.erp()
    order, _ = order_of(bench, erp, SERVICES, items=("CONSULT",), lines=1)
    bill = bill_of(SERVICES, *lines_of(order))
    bench.post(erp, plan(erp, bill))
    (row,) = stored(bench, bill)
    assert row.details()[0].get("POLine") == 1


def test_a_credit_is_a_debit_adjustment_with_positive_amounts(bench: Bench) -> None:
    erp = bench.erp()
    bill = bill_of(BY_ORDER, account_line("40.00"), credit=True)
    bench.post(erp, plan(erp, bill))
    (row,) = stored(bench, bill)
    assert (row.text("Type"), row.number("Amount")) == ("Debit Adj.", Decimal(40))


def test_a_branch_goes_into_the_field_and_its_name_into_the_header(bench: Bench) -> None:
    bench.options.unknown_branch = "refused"
    erp = bench.erp(branch="NORTH")
    bill = bill_of(BY_ORDER, account_line())
    bench.post(erp, plan(erp, bill))
    (row,) = stored(bench, bill)
    assert row.text("BranchID") == "NORTH"


def test_on_hold_where_the_connection_says_so(bench: Bench) -> None:
    erp = bench.erp(after_bill="hold")
    bill = bill_of(BY_ORDER, account_line())
    bench.post(erp, plan(erp, bill))
    assert stored(bench, bill)[0].text("Status") == "On Hold"


def test_one_call_posts_a_bill_when_what_it_needs_is_known(bench: Bench) -> None:
    erp = bench.erp()
    orders = [order_of(bench, erp, BY_ORDER)[0] for _ in range(3)]
    bench.post(erp, plan(erp, bill_of(BY_ORDER, account_line())))
    before = erp.client.calls
    for order in orders:
        bench.post(erp, plan(erp, bill_of(BY_ORDER, *lines_of(order))))
    assert erp.client.calls - before == 3


def test_totals_are_sent_where_a_site_validates_them(bench: Bench) -> None:
    bench.options.validate_totals = True
    erp = bench.erp()
    bill = bill_of(BY_ORDER, account_line())
    bench.post(erp, plan(erp, bill))
    assert stored(bench, bill)[0].text("Status") == "Balanced"


# ---------------------------------------------------------------------- taxes


def taxed(erp: AcumaticaErp, tax: str, **more: Any) -> Bill:
    return bill_of(SERVICES, account_line("100.00", "62000"), vat_total=Decimal(tax), **more)


def test_taxes_that_acumatica_does_not_compute_alike_are_a_difference_and_nothing_is_left(bench: Bench) -> None:
    erp = bench.erp()
    bill = taxed(erp, "8.25")
    with pytest.raises(RefusedBySystem, match=r"TaxTotal is 0, it must be 8\.25") as refused:
        bench.post(erp, plan(erp, bill))
    assert "Amount is 100, it must be 108.25" in refused.value.message
    assert stored(bench, bill) == []


def test_the_invoices_own_taxes_override_those_computed(bench: Bench) -> None:
    erp = bench.erp(taxes="as_invoiced")
    bill = taxed(erp, "8.25", taxes=(BillTax(amount=Decimal("8.25"), tax_id="TXSTATE"),))
    bench.post(erp, plan(erp, bill))
    (row,) = stored(bench, bill)
    assert (row.number("TaxTotal"), row.number("Amount")) == (Decimal("8.25"), Decimal("108.25"))


def test_a_tax_that_is_mapped_to_none_is_asked_about(bench: Bench) -> None:
    erp = bench.erp(taxes="as_invoiced")
    with pytest.raises(NeedsMending) as held:
        plan(erp, taxed(erp, "8.25", taxes=(BillTax(kind="ST", amount=Decimal("8.25")),)))
    assert held.value.reason is Reason.MISSING_VAT_CODE


# ---------------------------------------------------------------------- dropped and refused


def test_another_currency_that_the_vendor_does_not_allow_is_a_difference(bench: Bench) -> None:
    erp = bench.erp()
    bill = bill_of(BY_ORDER, account_line(), currency="EUR")
    with pytest.raises(RefusedBySystem, match="CurrencyID is USD, EUR was sent"):
        bench.post(erp, plan(erp, bill))
    assert stored(bench, bill) == []


def test_a_link_that_the_screen_drops_is_a_difference(bench: Bench) -> None:
    bench.options.po_link_on_receipt_billed = "unlinked"
    erp = bench.erp(billed_from="orders")
    order, _ = order_of(bench, erp, BY_RECEIPT)
    bill = bill_of(BY_RECEIPT, *lines_of(order))
    with pytest.raises(RefusedBySystem, match="POOrderNbr is empty"):
        bench.post(erp, plan(erp, bill))
    assert stored(bench, bill) == []


def test_a_line_that_an_old_build_leaves_out_with_200_is_a_difference(bench: Bench) -> None:
    bench.options.errors_in_200 = True
    erp = bench.erp()
    bill = bill_of(BY_ORDER, account_line(), account_line("5.00", "99999"))
    with pytest.raises(RefusedBySystem, match="99999"):
        bench.post(erp, plan(erp, bill))
    assert stored(bench, bill) == []


def test_a_refusal_names_the_line_the_value_and_what_to_do(bench: Bench) -> None:
    erp = bench.erp()
    bill = bill_of(BY_ORDER, account_line(account="99999"))
    with pytest.raises(RefusedBySystem) as refused:
        bench.post(erp, plan(erp, bill))
    assert "Details[1].Account: Account '99999' cannot be found in the system" in refused.value.message
    assert "replay" in refused.value.mend
    assert stored(bench, bill) == []


@pytest.mark.parametrize(
    ("switch", "what"),
    [
        ({"setup_missing": {"Bill"}}, "configuration data is not entered"),
        ({"closed_periods": {"112026"}}, "Post Period"),
        ({"unique_vendor_ref": True}, "already exists for this Vendor"),
    ],
)
def test_what_the_screen_refuses_is_refused_once_and_told(bench: Bench, switch: dict[str, Any], what: str) -> None:
    erp = bench.erp()
    bill = bill_of(BY_ORDER, account_line())
    bench.post(erp, plan(erp, bill))
    for name, value in switch.items():
        setattr(bench.options, name, value)
    with pytest.raises(RefusedBySystem, match=what):
        bench.post(erp, plan(erp, bill, "mlc-bbbbbbbbbbbbbbbbbbbb"))
    assert len(stored(bench, bill)) == 1


def test_a_bill_that_differs_and_cannot_be_taken_away_is_left_on_hold_and_told(bench: Bench) -> None:
    erp = bench.erp()
    bill = bill_of(BY_ORDER, account_line(), currency="EUR")
    bench.fault(FaultKind.STATUS, status=500, method="DELETE")
    ((_, written),) = bench.post(erp, plan(erp, bill))
    (row,) = stored(bench, bill)
    assert row.text("Status") == "On Hold"
    assert "CurrencyID is USD, EUR was sent" in written.detail["warning"]


# ---------------------------------------------------------------------- lost answers


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
    assert "looked up" in unknown.value.mend
    for _ in range(100):
        found = erp.find_written([operation])
        if found:
            break
        bench.sandbox.clock.sleep(0.05)
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


# ---------------------------------------------------------------------- what is there already


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
    dearer = (lines[0].model_copy(update={"amount": lines[0].amount + 1}), *lines[1:])
    with pytest.raises(NeedsMending) as held:
        plan(erp, bill_of(BY_RECEIPT, *dearer))
    assert held.value.reason is Reason.KEYED_BY_HAND
    assert "made a bill from the receipts" in held.value.message


# ---------------------------------------------------------------------- release


def released(erp: AcumaticaErp) -> Bill:
    return bill_of(BY_ORDER, account_line())


def test_a_bill_is_released_after_its_state_was_read(bench: Bench) -> None:
    erp = bench.erp(after_bill="released")
    bill = released(erp)
    done = bench.post(erp, plan(erp, bill))
    assert [written.detail["status"] for _, written in done] == ["Balanced", "Open"]
    assert erp.find_written([done[1][0]])[done[1][0].id].detail["status"] == "Open"
    before = bench.state.operations.started
    assert erp.write(done[1][0]).detail["status"] == "Open"
    assert bench.state.operations.started == before


def test_an_action_that_was_not_created_is_tried_again(bench: Bench) -> None:
    erp = bench.erp(after_bill="released")
    bill = released(erp)
    first, release = plan(erp, bill)
    written = erp.write(bench.store(erp, first))
    operation = bench.store(erp, release, 1, {0: written.outside_id})
    bench.options.action_not_created = 1
    with pytest.raises(TryAgain, match="was not started"):
        erp.write(operation)
    assert erp.find_written([operation]) == {}
    assert erp.write(operation).detail["status"] == "Open"


def test_nothing_is_released_that_was_changed_meanwhile(bench: Bench) -> None:
    erp = bench.erp(after_bill="released")
    bill = released(erp)
    first, release = plan(erp, bill)
    written = erp.write(bench.store(erp, first))
    more = {"Account": "61000", "Qty": 1, "UnitCost": 1}
    bench.person.made("Bill", {"id": written.outside_id, "Details": [more]})
    with pytest.raises(RefusedBySystem, match=r"not released: Amount is 16, it must be 15") as refused:
        erp.write(bench.store(erp, release, 1, {0: written.outside_id}))
    assert "goes on with the release" in refused.value.mend
    assert stored(bench, bill)[0].text("Status") == "Balanced"


def test_a_bill_that_needs_approval_is_left_to_whoever_approves(bench: Bench) -> None:
    bench.options.bill_approval = True
    erp = bench.erp(after_bill="released")
    bill = released(erp)
    done = bench.post(erp, plan(erp, bill))
    assert done[1][1].detail["status"] == "Pending Approval"
    assert "waits for approval" in done[1][1].detail["warning"]


def test_a_release_whose_answer_is_lost_is_found_done(bench: Bench) -> None:
    erp = bench.erp(after_bill="released")
    bill = released(erp)
    first, release = plan(erp, bill)
    written = erp.write(bench.store(erp, first))
    operation = bench.store(erp, release, 1, {0: written.outside_id})
    bench.fault(FaultKind.RESET_AFTER, method="POST", path="*/ReleaseBill")
    with pytest.raises(OutcomeUnknown):
        erp.write(operation)
    bench.sandbox.clock.move(5)
    assert erp.find_written([operation])[operation.id].detail["status"] == "Open"


def test_an_action_that_the_server_forgot_is_judged_by_the_status(bench: Bench) -> None:
    bench.options.status_seconds = 0
    erp = bench.erp(after_bill="released", poll_seconds=3)
    bill = released(erp)
    assert bench.post(erp, plan(erp, bill))[1][1].detail["status"] == "Open"


# ---------------------------------------------------------------------- the original


def with_original(bench: Bench, name: str = "C:\\\\in\\\\INV 1.edi") -> Bill:
    original = f"ISA*00*~{new_number()}".encode()
    with bench.parts.ledger.write() as tx:
        digest = blobs.put_blob(tx, original)
    more = {"attach_original": True, "attachment_sha256": digest, "attachment_name": name}
    return bill_of(BY_ORDER, account_line(), **more)


def test_the_original_stands_at_the_bill(bench: Bench) -> None:
    erp = bench.erp(after_bill="released")
    bill = with_original(bench)
    done = bench.post(erp, plan(erp, bill))
    assert [operation.kind for operation, _ in done] == ["ap_bill", "ap_bill_file", "ap_bill_release"]
    (row,) = stored(bench, bill)
    assert [file.name for file in row.files] == ["INV 1.edi"]
    found = erp.find_written([operation for operation, _ in done])
    assert {number: one.outside_id for number, one in found.items()} == {
        operation.id: written.outside_id for operation, written in done
    }
    assert erp.write(done[1][0]) == done[1][1]
    assert len(row.files) == 1


def test_an_original_whose_answer_is_lost_is_found(bench: Bench) -> None:
    erp = bench.erp()
    first, file = plan(erp, with_original(bench))
    written = erp.write(bench.store(erp, first))
    operation = bench.store(erp, file, 1, {0: written.outside_id})
    bench.fault(FaultKind.RESET_AFTER, method="PUT", path="*/files/*")
    with pytest.raises(OutcomeUnknown):
        erp.write(operation)
    assert set(erp.find_written([operation])) == {operation.id}


# ---------------------------------------------------------------------- what cannot be expressed


def test_a_number_that_does_not_fit_is_held(bench: Bench) -> None:
    with pytest.raises(NeedsMending, match="40"):
        plan(bench.erp(), bill_of(BY_ORDER, account_line(), number="X" * 41))


def test_a_line_with_neither_account_nor_item_is_held(bench: Bench) -> None:
    with pytest.raises(NeedsMending) as held:
        plan(bench.erp(), bill_of(BY_ORDER, account_line(account="")))
    assert held.value.reason is Reason.UNMAPPED_ACCOUNT


def test_a_line_of_an_order_that_is_gone_is_held(bench: Bench) -> None:
    line = account_line().model_copy(update={"order_line_id": "Normal|PO999999|1"})
    with pytest.raises(NeedsMending) as held:
        plan(bench.erp(), bill_of(BY_ORDER, line))
    assert held.value.reason is Reason.NO_SUCH_ORDER_LINE


def test_an_operation_of_other_books_is_never_sent(bench: Bench) -> None:
    erp = bench.erp()
    operation = bench.store(erp, plan(erp, bill_of(BY_ORDER, account_line()))[0], target="elsewhere:acme/Bill")
    with pytest.raises(Exception, match="is planned for elsewhere:acme"):
        erp.write(operation)
