"""A drop shipment as it is read of Exact and sent; and what was sent before a release that reads more of an order."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.diagnostics.deployment import check_connection
from ml_connector.documents.common import DocumentKind
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.flows.core.ports import PURCHASE_ORDERS, source_of
from ml_connector.flows.core.stored_documents import stored
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.sandbox.exact import user
from ml_connector.systems.exact_online.reading import orders as reading
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.flows.test_order_revisions import header, newest, play, revisions

ADDRESS = {"AddressLine1": "Dorpsstraat 1", "Postcode": "1234 AB", "City": "Utrecht", "Country": "NL "}
SILENT = {"ship": "never", "invoice": "never", "confirm": "never"}
#: What the release before asked Exact for.
EARLIER_HEADER = (
    "PurchaseOrderID", "ApprovalStatus", "Created", "Currency", "Description", "InvoiceStatus", "Modified", "OrderDate",
    "OrderNumber", "OrderStatus", "PaymentCondition", "PurchaseOrderLineCount", "ReceiptDate", "ReceiptStatus",
    "Remarks", "Supplier", "SupplierCode", "SupplierName", "Warehouse", "WarehouseCode", "YourRef",
)  # fmt: skip
EARLIER_LINE = (
    "ID", "CostCenter", "CostUnit", "Description", "InvoicedQuantity", "Item", "ItemBarcode", "ItemCode",
    "ItemDescription", "LineNumber", "NetPrice", "QuantityInPurchaseUnits", "ReceiptDate", "ReceivedQuantity",
    "SupplierItemCode", "Unit", "UnitPrice", "VATCode",
)  # fmt: skip


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path / "home") as made:
        made.world.behave("NORTHWIND", SILENT)
        yield made


def deliver(stage: Scene, order: dict[str, Any], *, drop_shipment: bool, **more: Any) -> None:
    def act() -> None:
        address = {**ADDRESS, **more}
        user.deliver_to(stage.sandbox.exact, int(order["number"]), "20012", address, drop_shipment=drop_shipment)

    stage.sandbox.call(act)


def content(row: DocumentRow) -> PurchaseOrder:
    return stored(DocumentKind.ORDER, row.work or "", PurchaseOrder)


def test_a_drop_shipment_leaves_with_the_address_that_exact_has(stage: Scene) -> None:
    (order,) = stage.orders(1, received=False)
    deliver(stage, order, drop_shipment=True)
    play(stage, 1)
    assert revisions(stage) == [(0, "acknowledged")]
    sent = content(newest(stage))
    place = sent.party("ST")
    assert place is not None
    assert (place.street, place.postal_code, place.city, place.country) == (
        ("Dorpsstraat 1",), "1234 AB", "Utrecht", "NL",
    )  # fmt: skip
    assert (place.id, sent.order_type) == ("", "DS")


def test_an_address_given_after_the_order_was_sent_is_told(stage: Scene) -> None:
    (order,) = stage.orders(1, received=False)
    play(stage, 1)
    deliver(stage, order, drop_shipment=False)
    play(stage, 1)
    assert revisions(stage) == [(0, "acknowledged"), (1, "acknowledged")]
    place = content(newest(stage)).party("ST")
    assert place is not None
    assert place.city == "Utrecht"


def test_who_may_not_read_addresses_sends_all_orders_but_those_that_go_to_one(stage: Scene) -> None:
    """One 403, which Exact counts; the order that needs the address is held by itself."""
    stage.sandbox.exact.options.missing_editions.add("crm/Addresses")
    orders = stage.orders(3, received=False)
    deliver(stage, orders[1], drop_shipment=True)
    play(stage, 1)
    states = {row.number: str(row.state) for row in stage.documents("orders_out")}
    assert sorted(states.values()) == ["acknowledged", "acknowledged", "quarantined"]
    assert states[str(orders[1]["number"])] == "quarantined"
    assert _asked(stage) == [403]


def test_the_refusal_of_addresses_is_asked_for_once_by_however_many_runs(stage: Scene) -> None:
    """Each run is a process of its own, and too many refusals would stop orders altogether; a check asks too."""
    stage.sandbox.exact.options.missing_editions.add("crm/Addresses")
    (order,) = stage.orders(1, received=False)
    deliver(stage, order, drop_shipment=True)
    for _ in range(4):
        with stage.bench.open() as deployment:
            replace(stage, integration=deployment.integration(stage.integration.name)).outbound()
        stage.sandbox.clock.move(120)
    assert _asked(stage) == [403]
    with stage.bench.open() as deployment:
        found = [one for one in check_connection(deployment, "exact_nl") if "address" in one.message]
        assert [str(one.level) for one in found] == ["warn"]
    stage.sandbox.exact.options.missing_editions.clear()
    with stage.bench.open() as deployment:
        assert not [one for one in check_connection(deployment, "exact_nl") if "address" in one.message]
        (row,) = stage.documents("orders_out")
        (source,) = source_of(deployment.erp("exact_nl"), PURCHASE_ORDERS).by_id([row.source_id or ""])
    assert source.document.delivery is not None
    assert source.document.delivery.city == "Utrecht"


def test_an_order_sent_by_an_earlier_release_is_not_told_again(stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """It read and sent less of the order. What is read beyond that now is no change; what the buyer changes is."""
    (order,) = stage.orders(1, received=False)

    def fill() -> None:
        made = user.order_by_number(stage.sandbox.exact.main, int(order["number"]))
        made |= {"IncotermCode": "DAP", "ShippingMethodCode": "D", "ShippingMethodDescription": "DHL"}
        made |= {"Discount": Decimal("0.05"), "PurchaseAgentFullName": "Ann Koper"}
        for line in user.lines_of(stage.sandbox.exact, made):
            line["Notes"] = "Paint it red"

    stage.sandbox.call(fill)
    deliver(stage, order, drop_shipment=True)
    with monkeypatch.context() as earlier:
        select = ",".join([*EARLIER_HEADER, *(f"{reading.LINES}/{name}" for name in EARLIER_LINE)])
        earlier.setitem(reading.WHOLE, "$select", select)
        play(stage, 1)
    told = content(newest(stage))
    assert (told.order_type, told.allowances, told.lines[0].notes) == ("SA", (), ())
    for touch in ("once", "twice"):
        header(stage, order, SelectionCode=touch)
        play(stage, 1)
        assert revisions(stage) == [(0, "acknowledged")]
    header(stage, order, Remarks="Call first")
    play(stage, 1)
    assert revisions(stage) == [(0, "acknowledged"), (1, "acknowledged")]
    now = content(newest(stage))
    place = now.party("ST")
    assert place is not None
    assert (now.notes, place.city, now.allowances[0].percent) == (("Call first",), "Utrecht", Decimal(5))


def _asked(stage: Scene) -> list[int | None]:
    return [call.status for call in stage.sandbox.journal.requests if "crm/Addresses" in call.path]
