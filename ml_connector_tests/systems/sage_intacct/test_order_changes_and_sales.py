"""What suppliers confirm is written to the order while its state allows it; what customers order becomes an order."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import changed
from ml_connector.documents.order_agreements import AgreedChange, AgreedLine
from ml_connector.documents.reference import OpenOrder
from ml_connector.documents.sales.orders import OrderCharge, SalesOrder, SalesOrderLine, ShipToAddress
from ml_connector.errors import NeedsCorrection, OutcomeUnknown, Reason, RefusedBySystem, WeAreWrong
from ml_connector.flows.core.ports import ORDER_CHANGES, SALES_ORDERS, Identity, target_of
from ml_connector.sandbox.faults import FaultKind
from ml_connector.sandbox.sage_intacct import user
from ml_connector.sandbox.sage_intacct.seed import CUSTOMER
from ml_connector.systems.sage_intacct.erp import IntacctErp
from ml_connector.systems.sage_intacct.reading.orders import LineKey
from ml_connector_tests.systems.sage_intacct.bench import Bench
from ml_connector_tests.systems.sage_intacct.billing import new_key, new_number, order_of, read_order, receive

DAY = date(2026, 12, 24)


def agreed(order: OpenOrder, at: int = 0, **values: Any) -> AgreedChange:
    line = order.lines[at]
    told = {"was_quantity": line.quantity, "was_date": line.receipt_date, **values}
    one = AgreedLine(order_line_id=line.id, number=str(line.number), **told)
    return AgreedChange(order_id=order.id, order_number=order.number, lines=(one,))


def write(bench: Bench, erp: IntacctErp, change: AgreedChange, **more: Any) -> Any:
    (planned,) = target_of(erp, ORDER_CHANGES).plan(change, new_key())
    operation = bench.store(erp, planned, **more)
    return operation, erp.write(operation)


def test_a_confirmed_day_and_quantity_stand_in_the_order(bench: Bench) -> None:
    erp = bench.erp()
    order = order_of(bench, erp)
    operation, written = write(bench, erp, agreed(order, at=1, quantity=Decimal("3"), receipt_date=DAY))
    line = read_order(erp, order.id).lines[1]
    assert (line.quantity, line.receipt_date) == (Decimal(3), DAY)
    assert erp.find_written([operation])[operation.id].outside_id == written.outside_id
    assert read_order(erp, order.id).lines[0] == order.lines[0]


@pytest.mark.parametrize("by", ["receipt", "Submitted", "In Progress"])
def test_an_order_that_takes_no_change_any_more_says_so_once(bench: Bench, by: str) -> None:
    erp = bench.erp()
    order = order_of(bench, erp)
    if by == "receipt":
        receive(bench, order, share=Decimal("0.5"))
    else:
        bench.sandbox.call(user.close, bench.state, order.id, display=by)
    with pytest.raises(RefusedBySystem) as refused:
        write(bench, erp, agreed(order, receipt_date=DAY))
    assert "tell the supplier" in refused.value.remedy


def test_a_line_that_somebody_changed_meanwhile_is_not_written_over_by_a_second_try(bench: Bench) -> None:
    erp = bench.erp()
    order = order_of(bench, erp)
    (planned,) = target_of(erp, ORDER_CHANGES).plan(agreed(order, quantity=Decimal(2)), new_key())
    operation = bench.store(erp, planned)
    erp.find_written([operation])
    bench.fault(FaultKind.RESET_BEFORE)
    with pytest.raises(OutcomeUnknown):
        erp.write(operation)
    number = int(LineKey.of(order.lines[0].id).record)
    bench.sandbox.call(user.edit, bench.state, "PODOCUMENTENTRY", number, {"UIQTY": "77"})
    with pytest.raises(RefusedBySystem, match="changed in Sage Intacct meanwhile"):
        erp.write(replace(operation, attempts=2))
    assert read_order(erp, order.id).lines[0].quantity == 77


@pytest.mark.parametrize("text", ["", "x", "Purchase Order-1|2", "Purchase Order-1|x|1", "|1|1"])
def test_what_is_no_line_is_a_defect_of_ours(text: str) -> None:
    with pytest.raises(WeAreWrong):
        LineKey.of(text)


def test_a_document_may_have_bars_in_its_name() -> None:
    assert LineKey.of("A|B-1|55|2") == LineKey("A|B-1", "55", 2)


# ---------------------------------------------------------------- sales orders


def sale(**more: Any) -> SalesOrder:
    line = SalesOrderLine(
        number=1,
        item_id="WIDGET1",
        item_code="WIDGET1",
        quantity=Decimal(3),
        unit="Each",
        price=Decimal("19.90"),
        ordered_quantity=Decimal(3),
    )
    number = new_number()
    values = {
        "customer_id": CUSTOMER,
        "customer_code": CUSTOMER,
        "customer_order": number,
        "reference": number,
        "order_date": date(2026, 11, 20),
        "lines": (line,),
    }
    return SalesOrder(**{**values, **more})


def plan_sale(erp: IntacctErp, order: SalesOrder) -> Any:
    return target_of(erp, SALES_ORDERS).plan(order, new_key())


def test_a_customers_order_becomes_a_sales_order(bench: Bench) -> None:
    erp = bench.erp()
    order = sale(charges=(OrderCharge(code="D240", amount=Decimal("12.00"), item_code="COOLANT"),), notes=("By noon",))
    ((_, written),) = bench.post(erp, plan_sale(erp, order))
    (row,) = bench.rows("SODOCUMENT", PONUMBER=order.customer_order)
    assert (row.text("DOCID"), row.text("CUSTVENDID")) == (written.outside_id, CUSTOMER)
    assert row.amount("TOTAL") == Decimal("71.70")
    (found,) = target_of(erp, SALES_ORDERS).existing([Identity(CUSTOMER, order.customer_order)])
    assert found.kind == "sales_order"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"ship_to": ShipToAddress(city="Oslo")}, Reason.UNRESOLVED_SHIP_TO),
        ({"order_date": None}, Reason.BAD_VALUE),
        ({"type_code": "Sales Quote"}, Reason.BAD_VALUE),
        ({"currency": "CAD"}, Reason.CURRENCY_MISMATCH),
        ({"charges": (OrderCharge(code="D240", amount=Decimal(1)),)}, Reason.UNMAPPED_CHARGE),
    ],
)
def test_an_order_that_cannot_be_expressed_is_held(bench: Bench, more: dict[str, Any], reason: Reason) -> None:
    with pytest.raises(NeedsCorrection) as held:
        plan_sale(bench.erp(), changed(sale(), **more))
    assert held.value.reason is reason
