"""A customer's 850 by the tables that Acumatica has, down to the order that stands there."""

from datetime import date
from decimal import Decimal

import pytest

from ml_connector.config.partners import Partner
from ml_connector.documents.common import changed
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.documents.sales.changes import ChangedLine
from ml_connector.documents.sales.orders import SalesOrder
from ml_connector.edi.interchange import ReceivedSet, read_interchanges
from ml_connector.errors import NeedsCorrection
from ml_connector.flows.core.ports import SALES_ORDER_CHANGES, SALES_ORDERS, target_of
from ml_connector.flows.reference.sales_book import SalesBook
from ml_connector.flows.sales_orders_in.building import sales_orders_for
from ml_connector.flows.sales_orders_in.settings import SalesOrdersIn
from ml_connector.systems.acumatica.erp import AcumaticaErp
from ml_connector_tests.flows.shop import body, edi, partner_values
from ml_connector_tests.systems.acumatica.bench import Bench
from ml_connector_tests.systems.acumatica.changes import change_of

TODAY = date(2026, 11, 21)
#: A case of olive oil, by the customer's number: 12 bottles of 7.90.
CASES = "PO1*1*3*CA*{price}**IN*HM-OLIVEOIL1L*UK*00614141000029"


def book_of(erp: AcumaticaErp) -> SalesBook:
    rows = {name: erp.tables[name].read(None).rows for name in ("customers", "customer_locations", "item_facts")}
    return SalesBook(rows["customers"], rows["customer_locations"], rows["item_facts"])  # type: ignore[arg-type]


def taken(erp: AcumaticaErp, *lines: str, store: str = "0012", number: str, **sales: object) -> list[SalesOrder]:
    text = body(number, *lines).replace("N1*ST**92*0001", f"N1*ST**92*{store}")
    (found,) = [one for one in read_interchanges(edi(text)) if isinstance(one, ReceivedSet)]
    assert isinstance(found.document, PurchaseOrder)
    partner = Partner.model_validate(partner_values(customer="C000042", sales={"price": "theirs", **sales}))
    settings = SalesOrdersIn.model_validate({"units": {"CS": "CA"}})
    return sales_orders_for(found.document, partner, settings, book_of(erp), TODAY)


def test_the_order_in_the_erp_is_the_customers(bench: Bench) -> None:
    erp = bench.erp()
    line = "PO1*1*3*CA*90**IN*HM-OLIVEOIL1L*VP*OLIVEOIL1L"
    (order,) = taken(erp, line, number="PO-CUST-1")
    bench.post(erp, target_of(erp, SALES_ORDERS).plan(order, "mlc-00000000000000000001"))
    (row,) = bench.rows("SalesOrder", CustomerOrder="PO-CUST-1")
    assert (row.text("CustomerID"), row.text("LocationID")) == ("C000042", "STORE12")
    (there,) = row.details()
    assert (there.text("InventoryID"), there.number("OrderQty"), there.text("UOM")) == ("OLIVEOIL1L", Decimal(3), "CS")
    assert there.number("UnitPrice") == Decimal(90)


def test_each_store_has_an_order_of_its_own(bench: Bench) -> None:
    erp = bench.erp()
    orders = taken(erp, "PO1*1*3*CA*90**IN*HM-OLIVEOIL1L", "SDQ*CA*92*0012*1*0015*2", number="PO-CUST-2")
    for at, order in enumerate(orders, 1):
        bench.post(erp, target_of(erp, SALES_ORDERS).plan(order, f"mlc-00000000000000000002-{at}"))
    rows = bench.rows("SalesOrder", CustomerOrder="PO-CUST-2")
    assert {(row.text("LocationID"), row.details()[0].number("OrderQty")) for row in rows} == {
        ("STORE12", Decimal(1)),
        ("STORE15", Decimal(2)),
    }


def test_one_order_has_a_line_for_each_store_and_a_change_finds_them(bench: Bench) -> None:
    erp = bench.erp()
    line, stores = "PO1*1*3*CA*90**IN*HM-OLIVEOIL1L", "SDQ*CA*92*0012*1*0015*2"
    (order,) = taken(erp, line, stores, number="PO-CUST-6", several_stores="lines")
    ((_, written),) = bench.post(erp, target_of(erp, SALES_ORDERS).plan(order, "mlc-00000000000000000006"))

    def there() -> dict[str, Decimal]:
        (row,) = bench.rows("SalesOrder", CustomerOrder="PO-CUST-6")
        return {line.text("ShipToLocation"): line.number("OrderQty") for line in row.details()}

    assert there() == {"STORE12": Decimal(1), "STORE15": Decimal(2)}
    first, second = order.lines
    lines = (ChangedLine(was=first, now=first), ChangedLine(was=second, now=changed(second, quantity=Decimal(1))))
    bench.post(erp, target_of(erp, SALES_ORDER_CHANGES).plan(change_of(order, written.outside_id, lines=lines), ""))
    assert there() == {"STORE12": Decimal(1), "STORE15": Decimal(1)}
    lines = (ChangedLine(was=first), ChangedLine(was=lines[1].now, now=lines[1].now))
    bench.post(erp, target_of(erp, SALES_ORDER_CHANGES).plan(change_of(order, written.outside_id, lines=lines), ""))
    assert there() == {"STORE15": Decimal(1)}, "of two lines that are alike but for the store the right one"


@pytest.mark.parametrize("way", ["orders", "lines"])
def test_stores_that_do_not_add_up_make_no_order(bench: Bench, way: str) -> None:
    with pytest.raises(NeedsCorrection, match="4 in all"):
        taken(
            bench.erp(),
            "PO1*1*3*CA*90**IN*HM-OLIVEOIL1L",
            "SDQ*CA*92*0012*2*0015*2",
            number="PO-CUST-7",
            several_stores=way,
        )


def test_the_customers_price_is_compared_with_the_items(bench: Bench) -> None:
    erp = bench.erp()
    (order,) = taken(erp, "PO1*1*3*CA*94.80**IN*HM-OLIVEOIL1L", number="PO-CUST-3", price="compared")
    assert order.total == Decimal("284.40")
    with pytest.raises(NeedsCorrection, match=r"ours is 94\.8"):
        taken(erp, "PO1*1*3*CA*90**IN*HM-OLIVEOIL1L", number="PO-CUST-3", price="compared")


def test_a_case_by_the_code_of_a_bottle_is_held(bench: Bench) -> None:
    with pytest.raises(NeedsCorrection, match="by a number that is of its unit EA"):
        taken(bench.erp(), CASES.format(price="90"), number="PO-CUST-4")


def test_a_place_of_another_customer_is_held(bench: Bench) -> None:
    with pytest.raises(NeedsCorrection, match="no place of customer C000042 has the code DC-1"):
        taken(bench.erp(), "PO1*1*3*CA*90**IN*HM-OLIVEOIL1L", store="DC-1", number="PO-CUST-5")
