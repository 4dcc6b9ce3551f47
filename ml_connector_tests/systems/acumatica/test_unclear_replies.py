"""Replies that cannot be read or are another record's: nothing is written twice, nobody else's is taken away."""

import json
from decimal import Decimal
from typing import Any

import pytest

from ml_connector import stopping
from ml_connector.errors import OutcomeUnknown, RefusedBySystem
from ml_connector.flows.core.ports import StoredOperation
from ml_connector.sandbox.faults import FaultKind
from ml_connector.systems.acumatica.erp import AcumaticaErp
from ml_connector_tests.systems.acumatica import test_receipts_and_order_changes, test_sales
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
from ml_connector_tests.systems.acumatica.test_receipts_and_order_changes import receipt_of
from ml_connector_tests.systems.acumatica.test_sales import sales_order_of

SOMEBODY = "0c113f6e-8c79-4f6e-9a60-4a3f2a2b0001"


def good(**more: Any) -> str:
    """A reply that names a record."""
    return json.dumps({"id": SOMEBODY, "Type": {"value": "Bill"}, "Amount": {"value": 15.0}, "Details": [], **more})


@pytest.mark.parametrize(
    "reply",
    [
        good(Amount={"value": "15.00 USD"}),
        good(Amount=15.0),
        good(Details=None),
        good(Date={"value": "the 20th"}),
        good(CurrencyID={"value": {}}),
    ],
)
def test_a_reply_that_cannot_be_read_leaves_the_outcome_unknown(bench: Bench, reply: str) -> None:
    erp = bench.erp()
    bill = bill_of(BY_ORDER, account_line())
    operation = bench.store(erp, plan(erp, bill)[0])
    erp.branches()
    bench.fault(FaultKind.ERROR_AFTER, method="PUT", path="*/Bill", status=200, body=reply)
    with pytest.raises(OutcomeUnknown):
        erp.write(operation)
    assert set(erp.find_written([operation])) == {operation.id}


def receipts(bench: Bench, erp: AcumaticaErp) -> Any:
    order, _ = order_of(bench, erp, BY_RECEIPT)
    return test_receipts_and_order_changes.plan(erp, receipt_of(order))


def writes(bench: Bench, erp: AcumaticaErp, entity: str) -> StoredOperation:
    """A write of each kind that inserts."""
    planned = {
        "Bill": lambda: plan(erp, bill_of(BY_ORDER, account_line())),
        "PurchaseReceipt": lambda: receipts(bench, erp),
        "SalesOrder": lambda: test_sales.plan(erp, sales_order_of()),
    }
    return bench.store(erp, planned[entity]()[0])


@pytest.mark.parametrize("entity", ["Bill", "PurchaseReceipt", "SalesOrder"])
def test_a_record_of_somebody_else_in_a_reply_is_never_taken_away(bench: Bench, entity: str) -> None:
    """What the reply names is another record: it differs, and is not ours to delete or to put on hold."""
    erp = bench.erp()
    theirs = erp.write(writes(bench, erp, entity)).outside_id
    operation = writes(bench, erp, entity)
    row = next(row for row in bench.state.main.table(entity) if row.id == theirs)
    row.values["Description"], row.note = "Entered by hand", "Entered by hand"
    bench.fault(FaultKind.ERROR_AFTER, method="PUT", path=f"*/{entity}", status=200, body=json.dumps({"id": theirs}))
    with pytest.raises(OutcomeUnknown, match="does not carry our key"):
        erp.write(operation)
    bench.sandbox.faults.clear()
    assert [one.text("Status") for one in bench.state.main.table(entity) if one.id == theirs] == [row.text("Status")]
    found = erp.find_written([operation])[operation.id]
    assert found.outside_id != theirs
    assert "warning" not in found.detail


class Killed(BaseException):
    """The process is gone between two calls."""


def killed_before(erp: AcumaticaErp, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise Killed

    monkeypatch.setattr(erp.client, call, gone)


def test_a_bill_that_differs_and_outlives_its_writer_is_told_and_never_released(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its totals are right, its currency is not: whoever finds it later looks at all that was sent."""
    erp = bench.erp(after_bill="released")
    bill = bill_of(BY_ORDER, account_line(), currency="EUR")
    first, release, _ = plan(erp, bill)
    operation = bench.store(erp, first)
    killed_before(erp, monkeypatch, "delete")
    with pytest.raises(Killed):
        erp.write(operation)
    after = bench.erp(after_bill="released")
    found = after.find_written([operation])[operation.id]
    assert found.detail["warning"].endswith("CurrencyID is USD, EUR was sent.")
    with pytest.raises(RefusedBySystem, match="not released: CurrencyID is USD, EUR was sent"):
        after.write(bench.store(after, release, 1, {0: found.outside_id}))
    assert [row.text("Status") for row in stored(bench, bill)] == ["Balanced"]


def test_a_sales_order_that_differs_and_outlives_its_writer_is_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    erp = bench.erp()
    order = sales_order_of(total=Decimal("271.00"))
    operation = bench.store(erp, test_sales.plan(erp, order)[0])
    killed_before(erp, monkeypatch, "delete")
    with pytest.raises(Killed):
        erp.write(operation)
    found = bench.erp().find_written([operation])[operation.id]
    assert "the lines come to 270, they must come to 271" in found.detail["warning"]


def test_nothing_is_released_whose_links_were_changed_meanwhile(bench: Bench) -> None:
    """The totals stay as they are."""
    erp = bench.erp(after_bill="released")
    order, _ = order_of(bench, erp, BY_ORDER)
    bill = bill_of(BY_ORDER, *lines_of(order))
    first, release, _ = plan(erp, bill)
    written = erp.write(bench.store(erp, first))
    (row,) = stored(bench, bill)
    row.details()[0].values["POOrderNbr"] = "PO000001"
    with pytest.raises(RefusedBySystem, match="POOrderNbr is PO000001"):
        erp.write(bench.store(erp, release, 1, {0: written.outside_id}))


def test_one_who_is_asked_to_end_still_takes_away_what_differs(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    erp = bench.erp()
    bill = bill_of(BY_ORDER, account_line(), currency="EUR")
    operation = bench.store(erp, plan(erp, bill)[0])
    put = erp.client.put

    def asked_meanwhile(*given: Any, **more: Any) -> Any:
        row = put(*given, **more)
        stopping._asked.set()
        return row

    monkeypatch.setattr(erp.client, "put", asked_meanwhile)
    try:
        with pytest.raises(RefusedBySystem, match="CurrencyID"):
            erp.write(operation)
    finally:
        stopping._asked.clear()
    assert stored(bench, bill) == []
