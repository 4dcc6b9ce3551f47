"""Sales orders as they are written, and sales invoices as they are read."""

import itertools
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.documents.common import changed
from ml_connector.documents.sales.invoices import SalesInvoiceType
from ml_connector.documents.sales.orders import OrderCharge, SalesOrder, SalesOrderLine, ShipToAddress
from ml_connector.errors import NeedsCorrection, OutcomeUnknown, Reason, RefusedBySystem
from ml_connector.flows.core.ports import SALES_INVOICES, SALES_ORDERS, Identity, source_of, target_of
from ml_connector.sandbox.acumatica import user
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.faults import FaultKind
from ml_connector.systems.acumatica.erp import AcumaticaErp
from ml_connector_tests.systems.acumatica.bench import Bench

CUSTOMER = "C000042"
KEY = "mlc-0123456789abcdef0123"
_numbers = itertools.count(7001)


def line_of(item: str = "OLIVEOIL1L", price: str | None = "90.00", number: int = 1, **more: Any) -> SalesOrderLine:
    values: dict[str, Any] = {
        "number": number,
        "item_id": item,
        "item_code": item,
        "quantity": Decimal(3),
        "unit": "CS",
        "price": None if price is None else Decimal(price),
        "ordered_quantity": Decimal(3),
    }
    return SalesOrderLine(**{**values, **more})


def sales_order_of(*lines: SalesOrderLine, **more: Any) -> SalesOrder:
    number = f"PO-{next(_numbers)}"
    values: dict[str, Any] = {
        "customer_id": CUSTOMER,
        "customer_code": CUSTOMER,
        "customer_order": number,
        "reference": number,
        "order_date": date(2026, 11, 20),
        "requested_date": date(2026, 12, 4),
        "currency": "USD",
        "location_code": "STORE12",
        "lines": lines or (line_of(),),
    }
    return SalesOrder(**{**values, **more})


def plan(erp: AcumaticaErp, order: SalesOrder, key: str = KEY) -> Any:
    return target_of(erp, SALES_ORDERS).plan(order, key)


def stored(bench: Bench, order: SalesOrder) -> list[Record]:
    return bench.rows("SalesOrder", CustomerOrder=order.customer_order)


def test_an_order_is_written_with_the_customers_place_price_and_days(bench: Bench) -> None:
    erp = bench.erp()
    order = sales_order_of(total=Decimal("270.00"), cancel_date=date(2026, 12, 9), ship_date=date(2026, 12, 2))
    ((_, written),) = bench.post(erp, plan(erp, order))
    (row,) = stored(bench, order)
    assert (row.text("OrderType"), row.text("Status"), row.text("LocationID")) == ("SO", "Open", "STORE12")
    assert row.day("RequestedOn") == date(2026, 12, 4)
    (line,) = row.details()
    assert (line.number("OrderQty"), line.number("UnitPrice"), line.text("UOM")) == (Decimal(3), Decimal(90), "CS")
    assert line.flag("ManualPrice")
    assert written.detail["order_number"] == row.text("OrderNbr")
    assert row.link("ShippingSettings").day("CancelByDate") == date(2026, 12, 9)


def test_our_own_price_counts_where_the_customer_names_none(bench: Bench) -> None:
    erp = bench.erp()
    order = sales_order_of(line_of(price=None))
    bench.post(erp, plan(erp, order))
    assert stored(bench, order)[0].details()[0].number("UnitPrice") == Decimal("7.90") * 12


def test_an_address_of_its_own_overrides_the_customers(bench: Bench) -> None:
    erp = bench.erp()
    to = ShipToAddress(name="Pop-up", street=("9 Fair Ground",), city="Waco", region="TX", postal_code="76701")
    order = sales_order_of(ship_to=to)
    bench.post(erp, plan(erp, order))
    (row,) = stored(bench, order)
    assert row.link("ShipToAddress").text("AddressLine1") == "9 Fair Ground"
    assert row.link("ShipToContact").text("BusinessName") == "Pop-up"


def test_a_total_that_does_not_come_out_is_a_difference_and_nothing_is_left(bench: Bench) -> None:
    erp = bench.erp()
    order = sales_order_of(total=Decimal("271.00"))
    with pytest.raises(RefusedBySystem, match="the lines come to 270, they must come to 271"):
        bench.post(erp, plan(erp, order))
    assert stored(bench, order) == []


def test_a_place_or_an_item_that_is_not_there_is_refused_with_its_field(bench: Bench) -> None:
    erp = bench.erp()
    with pytest.raises(RefusedBySystem, match="LocationID"):
        bench.post(erp, plan(erp, sales_order_of(location_code="NOWHERE")))
    with pytest.raises(RefusedBySystem, match=r"Details\[1\]\.InventoryID"):
        bench.post(erp, plan(erp, sales_order_of(line_of("NOTHING"))))


def test_a_duplicate_that_the_order_type_forbids_is_refused(bench: Bench) -> None:
    erp = bench.erp()
    order = sales_order_of()
    bench.post(erp, plan(erp, order))
    bench.options.customer_order = "forbid"
    with pytest.raises(RefusedBySystem, match="is used in the order"):
        bench.post(erp, plan(erp, order, "mlc-bbbbbbbbbbbbbbbbbbbb"))
    assert len(stored(bench, order)) == 1


def test_charges_become_lines_of_their_item_and_are_asked_for_without_one(bench: Bench) -> None:
    erp = bench.erp()
    charge = OrderCharge(code="D240", amount=Decimal("15.00"), item_id="FREIGHT", item_code="FREIGHT")
    order = sales_order_of(charges=(charge,), total=Decimal("285.00"))
    bench.post(erp, plan(erp, order))
    assert [line.text("InventoryID") for line in stored(bench, order)[0].details()] == ["OLIVEOIL1L", "FREIGHT"]
    with pytest.raises(NeedsCorrection) as held:
        plan(erp, sales_order_of(charges=(OrderCharge(code="D240", amount=Decimal(1)),)))
    assert held.value.reason is Reason.UNMAPPED_CHARGE


def places(order: Record) -> list[tuple[str, str, Decimal]]:
    return [(one.text("ShipToLocation"), one.note, one.number("OrderQty")) for one in order.details()]


def test_lines_of_one_order_go_to_their_places(bench: Bench) -> None:
    """In the line's field; where the order type shows none nothing is left, and a note can say it."""
    divided = (
        line_of(location_code="STORE12", store="0012", quantity=Decimal(1)),
        line_of(location_code="STORE15", store="0015", quantity=Decimal(2), number=2),
    )
    order = sales_order_of(*divided, location_code="")
    erp = bench.erp()
    bench.post(erp, plan(erp, order))
    assert places(stored(bench, order)[0]) == [("STORE12", "", Decimal(1)), ("STORE15", "", Decimal(2))]

    bench.options.line_ship_to = False
    dropped = sales_order_of(*divided, location_code="")
    with pytest.raises(RefusedBySystem, match="ShipToLocation is empty, STORE12 was sent"):
        bench.post(erp, plan(erp, dropped, "mlc-eeeeeeeeeeeeeeeeeeee"))
    assert stored(bench, dropped) == []
    noted = bench.erp(line_places="note")
    bench.post(noted, plan(noted, dropped, "mlc-ffffffffffffffffffff"))
    notes = [note for _, note, _ in places(stored(bench, dropped)[0])]
    assert notes == ["For STORE12 (store 0012)", "For STORE15 (store 0015)"]

    bench.options.line_ship_to = True
    with pytest.raises(RefusedBySystem, match="Ship-To Location"):
        bench.post(erp, plan(erp, sales_order_of(line_of(location_code="NOWHERE")), "mlc-eeeeeeeeeeeeeeeeeeed"))


def test_numbers_that_do_not_fit_are_held(bench: Bench) -> None:
    erp = bench.erp()
    with pytest.raises(NeedsCorrection, match="Acumatica keeps 40"):
        plan(erp, sales_order_of(customer_order="X" * 41))


def test_orders_that_share_a_number_are_told_apart_by_our_key(bench: Bench) -> None:
    erp = bench.erp()
    one = sales_order_of(reference="R-1")
    two = changed(one, reference="R-2")
    keys = ["mlc-cccccccccccccccccccc", "mlc-dddddddddddddddddddd"]
    first, second = (bench.store(erp, plan(erp, order, key)[0]) for order, key in zip((one, two), keys, strict=True))
    erp.write(first)
    assert set(erp.find_written([first, second])) == {first.id}
    erp.write(second)
    assert {row.text("ExternalRef") for row in stored(bench, one)} == {"R-1", "R-2"}
    found = target_of(erp, SALES_ORDERS).existing([Identity(CUSTOMER, one.customer_order)])
    assert sorted((existing.our_key, existing.reference) for existing in found) == list(
        zip(keys, ("R-1", "R-2"), strict=True)
    )


def test_an_order_whose_answer_is_lost_is_found(bench: Bench) -> None:
    erp = bench.erp()
    operation = bench.store(erp, plan(erp, sales_order_of())[0])
    bench.fault(FaultKind.RESET_AFTER, method="PUT", path="*/SalesOrder")
    with pytest.raises(OutcomeUnknown):
        erp.write(operation)
    assert set(erp.find_written([operation])) == {operation.id}


def sold(bench: Bench, count: int = 1, **more: Any) -> list[str]:
    seed = next(_numbers)
    rows = bench.sandbox.call(user.sell, bench.state, count, seed=seed, **more)
    return [f"{row.text('Type')}|{row.text('ReferenceNbr')}" for row in rows]


def test_an_invoice_is_read_whole_to_the_cent(bench: Bench) -> None:
    (made,) = sold(bench, items=("WIDGET1", "NAPKINS"))
    source = source_of(bench.erp(), SALES_INVOICES)
    (found,) = source.by_id([made])
    invoice = found.document
    assert (invoice.id, invoice.type, invoice.released, invoice.currency) == (
        made, SalesInvoiceType.INVOICE, True, "USD"
    )  # fmt: skip
    assert invoice.customer_order.startswith("PO-")
    assert invoice.terms.code == "30D"
    assert invoice.order_numbers
    assert invoice.shipment_numbers
    assert {tax.code for tax in invoice.taxes} == {"TXSTATE", "TXCITY"}
    parts = [line.amount for line in invoice.lines] + [tax.amount for tax in invoice.taxes]
    parts += [charge.amount for charge in invoice.charges] + [-one.amount for one in invoice.discounts]
    assert sum(parts, Decimal(0)) == invoice.total
    assert source.from_record(found.record) == invoice
    assert invoice.bill_to is None or invoice.bill_to.code == CUSTOMER


def test_an_invoice_that_is_not_released_says_so(bench: Bench) -> None:
    (made,) = sold(bench, release=False)
    (found,) = source_of(bench.erp(), SALES_INVOICES).by_id([made])
    assert not found.document.released


def test_an_older_version_gives_what_it_has(bench: Bench) -> None:
    (made,) = sold(bench)
    (found,) = source_of(bench.erp(version="23.200.001"), SALES_INVOICES).by_id([made])
    assert found.document.total > 0
    assert found.document.bill_to is None


def test_terms_of_many_invoices_are_one_call(bench: Bench) -> None:
    made = sold(bench, 4)
    erp = bench.erp()
    before = erp.client.calls
    assert len(source_of(erp, SALES_INVOICES).by_id(made)) == 4
    assert erp.client.calls - before == 2
