"""What cannot be expressed is held; what the screen drops or refuses is told, and no bill of it is left."""

from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import changed
from ml_connector.errors import NeedsCorrection, Reason, RefusedBySystem
from ml_connector.sandbox.acumatica import user
from ml_connector.sandbox.faults import FaultKind
from ml_connector_tests.systems.acumatica.bench import Bench
from ml_connector_tests.systems.acumatica.billing import (
    BY_ORDER,
    BY_RECEIPT,
    account_line,
    bill_of,
    lines_of,
    order_of,
    plan,
    stored,
)


def test_a_number_that_does_not_fit_is_held(bench: Bench) -> None:
    with pytest.raises(NeedsCorrection, match="40"):
        plan(bench.erp(), bill_of(BY_ORDER, account_line(), number="X" * 41))


def test_a_line_with_neither_account_nor_item_is_held(bench: Bench) -> None:
    with pytest.raises(NeedsCorrection) as held:
        plan(bench.erp(), bill_of(BY_ORDER, account_line(account="")))
    assert held.value.reason is Reason.UNMAPPED_ACCOUNT


def test_a_line_of_an_order_that_is_gone_is_held(bench: Bench) -> None:
    line = changed(account_line(), order_line_id="Normal|PO999999|1")
    with pytest.raises(NeedsCorrection) as held:
        plan(bench.erp(), bill_of(BY_ORDER, line))
    assert held.value.reason is Reason.NO_SUCH_ORDER_LINE


@pytest.mark.parametrize("quantity", ["-1", "0"])
def test_a_line_that_takes_back_what_was_received_is_held(bench: Bench, quantity: str) -> None:
    erp = bench.erp()
    order, row = order_of(bench, erp, BY_RECEIPT, lines=2)
    bench.sandbox.call(user.receive, bench.state, row)
    first, second = lines_of(order)
    back = changed(second, quantity=Decimal(quantity), amount=Decimal("-2.50"))
    with pytest.raises(NeedsCorrection, match=rf"Line 2 .* has {quantity} of order .* for -2.50: .*takes nothing back"):
        plan(erp, bill_of(BY_RECEIPT, first, back))


def test_an_operation_of_other_books_is_never_sent(bench: Bench) -> None:
    erp = bench.erp()
    operation = bench.store(erp, plan(erp, bill_of(BY_ORDER, account_line()))[0], target="elsewhere:acme/Bill")
    with pytest.raises(Exception, match="is planned for elsewhere:acme"):
        erp.write(operation)


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
    assert "replay" in refused.value.remedy
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
