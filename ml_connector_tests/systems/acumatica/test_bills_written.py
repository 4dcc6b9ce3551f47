"""AP bills as they stand afterwards: by order, by receipt, by account, with their taxes."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import changed
from ml_connector.documents.erp_postings import Bill, BillTax
from ml_connector.errors import NeedsCorrection, Reason, RefusedBySystem
from ml_connector.sandbox.acumatica import user
from ml_connector.systems.acumatica.erp import AcumaticaErp
from ml_connector.systems.acumatica.wire.values import body_of
from ml_connector_tests.systems.acumatica.bench import Bench
from ml_connector_tests.systems.acumatica.billing import (
    BY_ORDER,
    BY_RECEIPT,
    SERVICES,
    account_line,
    bill_of,
    lines_of,
    order_of,
    plan,
    stored,
)


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
    with pytest.raises(NeedsCorrection) as held:
        plan(erp, bill_of(BY_RECEIPT, *lines_of(order)))
    assert held.value.reason is Reason.NOT_RECEIVED
    assert order.number in held.value.message
    assert "0 is received and not billed" in held.value.message
    assert "Release the receipt" in held.value.remedy


def test_goods_that_came_since_receipts_were_read_are_seen(bench: Bench) -> None:
    """The same worker planned another bill of the vendor moments before, and keeps what it read then."""
    erp = bench.erp()
    order, row = order_of(bench, erp, BY_RECEIPT)
    with pytest.raises(NeedsCorrection) as held:
        plan(erp, bill_of(BY_RECEIPT, *lines_of(order)))
    assert held.value.reason is Reason.NOT_RECEIVED
    bench.sandbox.call(user.receive, bench.state, row)
    bench.sandbox.clock.move(10)
    assert plan(erp, bill_of(BY_RECEIPT, *lines_of(order)))


def test_two_bills_never_take_the_same_receipt(bench: Bench) -> None:
    erp = bench.erp()
    order, row = order_of(bench, erp, BY_RECEIPT)
    bench.sandbox.call(user.receive, bench.state, row)
    plan(erp, bill_of(BY_RECEIPT, *lines_of(order)), "mlc-aaaaaaaaaaaaaaaaaaaa")
    plan(erp, bill_of(BY_RECEIPT, *lines_of(order)), "mlc-aaaaaaaaaaaaaaaaaaaa")
    with pytest.raises(NeedsCorrection) as held:
        plan(erp, bill_of(BY_RECEIPT, *lines_of(order)), "mlc-bbbbbbbbbbbbbbbbbbbb")
    assert held.value.reason is Reason.NOT_RECEIVED


def test_what_a_bill_is_planned_to_take_stays_its_own_until_it_stands(bench: Bench) -> None:
    """Receipts are read again where they do not show what is looked for, and for other vendors meanwhile."""
    erp = bench.erp()
    order, row = order_of(bench, erp, BY_RECEIPT)
    bench.sandbox.call(user.receive, bench.state, row)
    first = plan(erp, bill_of(BY_RECEIPT, *lines_of(order)), "mlc-aaaaaaaaaaaaaaaaaaaa")
    second = bill_of(BY_RECEIPT, *lines_of(order))
    for seconds in (10, 120):
        bench.sandbox.clock.move(seconds)
        with pytest.raises(NeedsCorrection) as held:
            plan(erp, second, "mlc-bbbbbbbbbbbbbbbbbbbb")
        assert held.value.reason is Reason.NOT_RECEIVED
    bench.post(erp, first)
    bench.sandbox.clock.move(120)
    with pytest.raises(NeedsCorrection, match="0 is received and not billed"):
        plan(erp, second, "mlc-bbbbbbbbbbbbbbbbbbbb")


def test_what_a_bill_was_to_take_that_never_came_is_free_again(bench: Bench) -> None:
    erp = bench.erp()
    order, row = order_of(bench, erp, BY_RECEIPT)
    bench.sandbox.call(user.receive, bench.state, row)
    plan(erp, bill_of(BY_RECEIPT, *lines_of(order)), "mlc-aaaaaaaaaaaaaaaaaaaa")
    bench.sandbox.clock.move(601)
    assert plan(erp, bill_of(BY_RECEIPT, *lines_of(order)), "mlc-bbbbbbbbbbbbbbbbbbbb")


@pytest.mark.parametrize(("currency", "amount", "step"), [("USD", "10.01", "0.01"), ("JPY", "1000", "1")])
def test_an_amount_is_shared_out_over_receipts_in_its_currencys_places(
    bench: Bench, currency: str, amount: str, step: str
) -> None:
    erp = bench.erp()
    order, _ = order_of(bench, erp, BY_RECEIPT, lines=1)
    for quantity in (Decimal(2), order.lines[0].quantity - 2):
        bench.person.receipt({"OrderNbr": {"value": order.number}}, ReceiptQty=int(quantity))
    (line,) = lines_of(order)
    bill = bill_of(BY_RECEIPT, changed(line, amount=Decimal(amount)), currency=currency)
    (operation,) = plan(erp, bill)
    costs = [Decimal(str(one["ExtendedCost"]["value"])) for one in body_of(operation.payload)["put"]["Details"]]
    assert len(costs) == 2
    assert sum(costs) == Decimal(amount)
    assert all(one % Decimal(step) == 0 for one in costs)


def test_a_partly_billed_receipt_gives_what_is_left(bench: Bench) -> None:
    erp = bench.erp()
    order, row = order_of(bench, erp, BY_RECEIPT, lines=1)
    bench.sandbox.call(user.receive, bench.state, row)
    (line,) = lines_of(order)
    first = changed(line, quantity=Decimal(1), amount=Decimal("2.50"))
    bench.post(erp, plan(erp, bill_of(BY_RECEIPT, first), "mlc-aaaaaaaaaaaaaaaaaaaa"))
    again = bench.erp()
    with pytest.raises(NeedsCorrection, match="is received and not billed"):
        plan(again, bill_of(BY_RECEIPT, line))
    rest = changed(line, quantity=line.quantity - 1, amount=Decimal("9.99"))
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
    with pytest.raises(NeedsCorrection) as held:
        plan(erp, taxed(erp, "8.25", taxes=(BillTax(kind="ST", amount=Decimal("8.25")),)))
    assert held.value.reason is Reason.MISSING_VAT_CODE
