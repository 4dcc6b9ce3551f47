"""Acumatica for the ERP contract: one tenant of the sandbox, bills and receipts released."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from ml_connector.documents.erp_postings import GoodsReceipt, ReceiptLine
from ml_connector.documents.order_agreements import AgreedChange, AgreedLine
from ml_connector.documents.reference import OpenOrder
from ml_connector.documents.sales.changes import SalesOrderChange
from ml_connector.flows.core.ports import (
    PURCHASE_ORDERS,
    SALES_INVOICES,
    SHIPMENTS,
    STANDING_ORDERS,
    Identity,
    StoredOperation,
    source_of,
)
from ml_connector.sandbox.acumatica import user
from ml_connector.sandbox.acumatica.seed import CUSTOMER
from ml_connector.sandbox.acumatica.wire.contract import contract
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.sandbox.faults import FaultKind
from ml_connector.systems.acumatica.erp import AcumaticaErp
from ml_connector_tests.contracts.erp_harness import ErpHarness
from ml_connector_tests.sandbox.acumatica.bench import acumatica_bench
from ml_connector_tests.systems.acumatica.bench import Bench, parts_on
from ml_connector_tests.systems.acumatica.billing import BY_ORDER, BY_RECEIPT, account_line, bill_of
from ml_connector_tests.systems.acumatica.changes import change_of
from ml_connector_tests.systems.acumatica.new_customers import new_customer
from ml_connector_tests.systems.acumatica.test_sales import sales_order_of

RECORDS = {"bills": "Bill", "goods_receipts": "PurchaseReceipt", "sales_orders": "SalesOrder"}
#: Asked by a PUT that changes nothing, as before a write for its branch (acumatica 5).
(INQUIRY,) = [one.name for one in contract("24.200.001").values() if one.is_inquiry]


class AcumaticaHarness(ErpHarness):
    """Bills are coded ones, so that they need no order; receipts and changes have an order of their own each."""

    start = "2020-01-01T00:00:00"

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.erp: AcumaticaErp = bench.erp(after_bill="released", after_receipt="released", pause_seconds=5)
        self._days = itertools.count(1)
        self._numbers = itertools.count(1)

    @property
    def secrets(self) -> Sequence[str]:
        return self.erp.client.api._authentication.credentials().secrets[:1]  # type: ignore[union-attr]

    # what is read

    def add(self, source: str, count: int = 1) -> list[str]:
        if source == SALES_INVOICES.name:
            sold = self.bench.sandbox.call(
                user.sell, self.bench.state, count, seed=next(self._numbers) + 1000, release=False
            )
            return [f"{row.text('Type')}|{row.text('ReferenceNbr')}" for row in sold]
        if source in {STANDING_ORDERS.name, SHIPMENTS.name}:
            made = [self._sold(shipped=source == SHIPMENTS.name) for _ in range(count)]
            return [row.text("ShipmentNbr") or row.id for row in made]
        rows = self.bench.sandbox.call(user.create_orders, self.bench.state, count, vendors=(BY_RECEIPT,))
        return [f"Normal|{row.text('OrderNbr')}" for row in rows]

    def _sold(self, *, shipped: bool) -> Record:
        """A sales order; a shipment of it that is not confirmed, where that is asked for."""
        line = {"InventoryID": "WIDGET1", "OrderQty": next(self._numbers)}
        body = {"OrderType": "SO", "CustomerID": CUSTOMER, "Hold": False, "Details": [line]}
        order = self.bench.sandbox.call(user.put, self.bench.state, "SalesOrder", body)
        if not shipped:
            return order
        key = ("SO", order.text("OrderNbr"))
        self.bench.sandbox.call(user.act, self.bench.state, "SalesOrder", key, "SalesOrderCreateShipment")
        kept = self.bench.state.main.table("SalesOrder").by_id(order.id)
        assert kept is not None
        found = self.bench.state.main.find("Shipment", kept.details("Shipments")[-1].text("ShipmentNbr"))
        assert found is not None
        return found

    def add_late(self, source: str) -> str:
        """Its transaction was stamped before others, and committed after they were read."""
        (key,) = self.add(source)
        moved = "LastModified" if source == STANDING_ORDERS.name else "LastModifiedDateTime"
        self._row(source, key).values[moved] -= timedelta(seconds=30)  # type: ignore[operator]
        return key

    def change(self, source: str, key: str) -> None:
        if source == SHIPMENTS.name:
            told = {"ShipmentNbr": key, "Description": f"Changed {next(self._numbers)}"}
            self.bench.sandbox.call(user.put, self.bench.state, "Shipment", told)
            return
        if source == STANDING_ORDERS.name:
            told = {"id": key, "Description": f"Changed {next(self._numbers)}"}
            self.bench.sandbox.call(user.put, self.bench.state, "SalesOrder", told)
            return
        kind, number = key.split("|")
        if source == SALES_INVOICES.name:
            told = {"Type": kind, "ReferenceNbr": number, "Description": f"Changed {next(self._numbers)}"}
            self.bench.sandbox.call(user.put, self.bench.state, "SalesInvoice", told)
            return
        day = (self.bench.site.clock.now() + timedelta(days=next(self._days))).date()
        line = {"LineNbr": 1, "Promised": day.isoformat()}
        body = {"Type": kind, "OrderNbr": number, "Details": [line]}
        self.bench.sandbox.call(user.put, self.bench.state, "PurchaseOrder", body)

    def _row(self, source: str, key: str) -> Record:
        if source == STANDING_ORDERS.name:
            order = self.bench.state.main.table("SalesOrder").by_id(key)
            assert order is not None
            return order
        if source == SHIPMENTS.name:
            shipment = self.bench.state.main.find("Shipment", key)
            assert shipment is not None
            return shipment
        entity = "SalesInvoice" if source == SALES_INVOICES.name else "PurchaseOrder"
        found = self.bench.state.main.find(entity, *key.split("|"))
        assert found is not None
        return found

    # what is written

    def document(self, target: str) -> Any:
        if target == "bills":
            return bill_of(BY_ORDER, account_line())
        if target == "sales_orders":
            return sales_order_of()
        if target == "sales_order_changes":
            return self._changed()
        if target == "new_customers":
            number = f"{next(self._numbers):05}"
            return new_customer(code=f"CN{number}", reference=f"REF-{number}", name=f"Foods {number}")
        order = self._order()
        if target == "goods_receipts":
            return self._receipt(order, Decimal(1))
        line = order.lines[0]
        return self._agreed(order, receipt_date=self.bench.site.clock.now().date() + timedelta(9), was=line.quantity)

    def in_steps(self, target: str) -> Any | None:
        """What is posted is released."""
        return self.document(target) if target in {"bills", "goods_receipts"} else None

    def refused(self, target: str) -> Any:
        """An account that is not there; an order on hold; a quantity of an open order."""
        if target == "bills":
            return bill_of(BY_ORDER, account_line(account="99999"))
        if target == "sales_orders":
            return sales_order_of(location_code="NOWHERE")
        if target == "sales_order_changes":
            return self._changed(shipped=True)
        if target == "new_customers":
            return new_customer(code="CN99999", reference="REF-99999", customer_class="NOBODYS")
        if target == "goods_receipts":
            return self._receipt(self._order(hold=True), Decimal(1))
        order = self._order()
        return self._agreed(order, quantity=order.lines[0].quantity + 1, was=order.lines[0].quantity)

    def _changed(self, *, shipped: bool = False) -> SalesOrderChange:
        """A further line for a sales order; of one that left the warehouse where that is asked for."""
        wanted = sales_order_of()
        line = {"InventoryID": "OLIVEOIL1L", "OrderQty": 3, "UOM": "CS", "UnitPrice": 90, "ManualPrice": True}
        body = {
            "OrderType": "SO", "CustomerID": CUSTOMER, "CustomerOrder": wanted.customer_order, "Hold": False,
            "Details": [line],
        }  # fmt: skip
        made = self.bench.sandbox.call(user.put, self.bench.state, "SalesOrder", body)
        if shipped:
            self.bench.sandbox.call(user.deliver, self.bench.state, made, f"1Z{next(self._numbers):010}")
        return change_of(wanted, made.id)

    def _order(self, **more: Any) -> OpenOrder:
        (row,) = self.bench.sandbox.call(user.create_orders, self.bench.state, 1, vendors=(BY_RECEIPT,), **more)
        return source_of(self.erp, PURCHASE_ORDERS).by_id([f"Normal|{row.text('OrderNbr')}"])[0].document

    def _receipt(self, order: OpenOrder, share: Decimal) -> GoodsReceipt:
        return GoodsReceipt(
            vendor_id=order.supplier_id,
            warehouse_id=order.warehouse_id,
            receipt_date=self.bench.site.clock.now().date(),
            reference=f"ASN-C{next(self._numbers)}",
            lines=tuple(ReceiptLine(order_line_id=line.id, quantity=line.quantity * share) for line in order.lines),
        )

    def _agreed(self, order: OpenOrder, *, was: Decimal, **values: Any) -> AgreedChange:
        at = order.lines[0]
        line = AgreedLine(order_line_id=at.id, number="1", was_quantity=was, was_date=at.receipt_date, **values)
        return AgreedChange(order_id=order.id, order_number=order.number, lines=(line,))

    def identity(self, target: str, document: Any) -> Identity | None:
        if target not in RECORDS:
            return None
        if target == "sales_orders":
            return Identity(document.customer_id, document.customer_order)
        number = document.number if target == "bills" else document.reference
        return Identity(document.vendor_id, number)

    def records(self, target: str) -> int:
        return len(list(self.bench.state.main.table(RECORDS[target]))) if target in RECORDS else 0

    def elsewhere(self, operation: StoredOperation) -> StoredOperation:
        return replace(operation, target=operation.target.replace(self.erp.company, "elsewhere:other"))

    # what goes wrong

    def fault(self, kind: FaultKind, *, writing: bool, **more: Any) -> None:
        values = {"method": "PUT" if writing else "GET", "path": "*/entity/Default/*", "exclude": f"*/{INQUIRY}"}
        self.bench.fault(kind, **{**values, **more})

    def clear_faults(self) -> None:
        self.bench.sandbox.faults.clear()

    def pass_time(self, seconds: float) -> None:
        self.bench.site.clock.move(seconds)


@contextmanager
def erp_harness(folder: Path) -> Iterator[ErpHarness]:
    """The stand-in, and an ERP on it."""
    with acumatica_bench(folder) as site, parts_on(site.sandbox, folder) as parts:
        bench = Bench(site, parts, folder)
        made = AcumaticaHarness(bench)
        try:
            yield made
        finally:
            bench.close()
