"""Agreed changes of order lines at Exact: a PUT a line, read afterwards; looked up before it is written again."""

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.order_agreements import AgreedChange, AgreedLine
from ml_connector.errors import OutcomeUnknown, RefusedBySystem, WeAreWrong
from ml_connector.flows.core.ports import ORDER_CHANGES, StoredOperation, target_of
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.faults import FaultKind
from ml_connector_tests.systems.exact_online.conftest import Bench

LINES = "/api/v1/*/purchaseorder/PurchaseOrderLines*"


@pytest.fixture
def operation(bench: Bench) -> StoredOperation:
    """The first line of an order: half the quantity, nine days later. In flight for the first time."""
    bench.orders(1)
    (order,) = bench.open_orders()
    line = order.lines[0]
    assert line.receipt_date is not None
    change = AgreedLine(
        order_line_id=line.id,
        number=str(line.number),
        quantity=line.quantity / 2,
        receipt_date=line.receipt_date + timedelta(days=9),
        was_quantity=line.quantity,
        was_date=line.receipt_date,
    )
    agreed = AgreedChange(order_id=order.id, order_number=order.number, lines=(change,))
    (planned,) = target_of(bench.erp, ORDER_CHANGES).plan(agreed, "mlc-change")
    assert planned.ref == line.id
    return replace(bench.store(planned), attempts=1)


def values(bench: Bench, operation: StoredOperation) -> tuple[Decimal, date | None]:
    wish = json.loads(operation.payload)
    (order,) = bench.open_orders()
    line = next(one for one in order.lines if one.id == wish["id"])
    return line.quantity, line.receipt_date


def wished(operation: StoredOperation) -> tuple[Decimal, date]:
    put = json.loads(operation.payload, parse_float=Decimal)["put"]
    return Decimal(put["QuantityInPurchaseUnits"]), date.fromisoformat(put["ReceiptDate"])


def by_buyer(bench: Bench, operation: StoredOperation, **more: Any) -> None:
    (order,) = bench.open_orders()
    bench.sandbox.call(user.change_order_line, bench.sandbox.exact, int(order.number), 1, **more)


def test_a_line_is_written_and_nothing_else_of_it(bench: Bench, operation: StoredOperation) -> None:
    before = {row["ID"]: dict(row) for row in bench.table("purchaseorder/PurchaseOrderLines")}
    done = bench.erp.write(operation)
    assert values(bench, operation) == wished(operation)
    assert done.outside_id == json.loads(operation.payload)["id"]
    follow = {"QuantityInPurchaseUnits", "ReceiptDate", "Quantity", "AmountFC", "AmountDC", "VATAmount", "Modified"}
    for row in bench.table("purchaseorder/PurchaseOrderLines"):
        changed = {name for name, value in row.items() if before[row["ID"]].get(name) != value}
        assert {name for name in changed if not name.startswith("_")} - {"Timestamp"} <= follow


@pytest.mark.parametrize("kind", [FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER])
def test_after_a_lost_answer_it_is_found_or_not(bench: Bench, operation: StoredOperation, kind: FaultKind) -> None:
    bench.fault(kind, method="PUT", path=LINES)
    with pytest.raises(OutcomeUnknown):
        bench.erp.write(operation)
    found = bench.erp.find_written([operation])
    assert set(found) == ({operation.id} if kind is FaultKind.RESET_AFTER else set())
    again = bench.erp.write(replace(operation, attempts=2))
    assert values(bench, operation) == wished(operation)
    if found:
        assert found[operation.id].outside_id == again.outside_id


def test_a_second_attempt_finds_what_a_late_commit_wrote_and_does_not_write(
    bench: Bench, operation: StoredOperation
) -> None:
    bench.erp.write(operation)
    written = len(bench.sandbox.journal.writes)
    done = bench.erp.write(replace(operation, attempts=2))
    assert done.detail["found_in"] == "purchaseorder/PurchaseOrderLines"
    assert len(bench.sandbox.journal.writes) == written


def test_a_second_attempt_leaves_a_line_alone_that_somebody_changed(bench: Bench, operation: StoredOperation) -> None:
    by_buyer(bench, operation, quantity=3)
    with pytest.raises(RefusedBySystem, match="changed in Exact meanwhile"):
        bench.erp.write(replace(operation, attempts=2))
    assert values(bench, operation)[0] == 3


def test_a_line_that_cannot_be_read_afterwards_is_of_unknown_outcome(bench: Bench, operation: StoredOperation) -> None:
    bench.fault(FaultKind.STATUS, method="GET", path=LINES, status=503, count=None)
    with pytest.raises(OutcomeUnknown, match="could not be read"):
        bench.erp.write(operation)
    bench.sandbox.call(bench.sandbox.faults.clear)
    assert set(bench.erp.find_written([operation])) == {operation.id}


def test_what_exact_drops_in_silence_is_noticed(bench: Bench, operation: StoredOperation) -> None:
    """A 204 that changed nothing, as Exact answers for what it will not write (exact-online 4.7)."""
    bench.fault(FaultKind.STATUS, method="PUT", path=LINES, status=204, body="", count=None)
    with pytest.raises(OutcomeUnknown, match="does not show it"):
        bench.erp.write(operation)
    with pytest.raises(RefusedBySystem, match="does not show it"):
        bench.erp.write(replace(operation, attempts=2))


def test_refusals_are_told(bench: Bench, operation: StoredOperation) -> None:
    (order,) = bench.open_orders()
    bench.sandbox.call(user.cancel, bench.sandbox.exact, int(order.number))
    with pytest.raises(RefusedBySystem):
        bench.erp.write(operation)


def test_a_line_that_is_gone_is_refused(bench: Bench, operation: StoredOperation) -> None:
    wish = json.loads(operation.payload)
    gone = json.dumps({**wish, "id": "00000000-0000-0000-0000-000000000001"})
    with pytest.raises(RefusedBySystem):
        bench.erp.write(replace(operation, payload=gone))
    assert bench.erp.find_written([replace(operation, payload=gone)]) == {}


def test_another_divisions_operation_is_ours_to_mend(bench: Bench, operation: StoredOperation) -> None:
    with pytest.raises(WeAreWrong):
        bench.erp.write(replace(operation, target="1/purchaseorder/PurchaseOrderLines"))
