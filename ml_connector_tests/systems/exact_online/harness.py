"""Exact for the ERP contract: one division of the sandbox."""

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from ml_connector.documents.agreements import AgreedChange, AgreedLine
from ml_connector.documents.bills import BillLine, BillMode, GoodsReceipt, ReceiptLine
from ml_connector.documents.common import changed
from ml_connector.documents.reference import OpenOrder, ReferenceTable
from ml_connector.flows.core.ports import PURCHASE_ORDERS, Identity, StoredOperation, source_of
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.faults import FaultKind
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.contracts.erp_harness import ErpHarness
from ml_connector_tests.systems.exact_online.conftest import Bench, bill_of, make_erp

ORDERS = "purchaseorder/PurchaseOrders"
RECORDS = {
    "bills": "purchaseentry/PurchaseEntries",
    "goods_receipts": "purchaseorder/GoodsReceipts",
    "order_changes": "purchaseorder/PurchaseOrderLines",
}


class ExactHarness(ErpHarness):
    """Bills are coded ones, so that they need no order; receipts and changes have an order of their own each."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.erp = bench.erp
        self._numbers = itertools.count(1)
        self._account = bench.by_code(ReferenceTable.GL_ACCOUNTS)["4406"].id
        self._strict_account = bench.by_code(ReferenceTable.GL_ACCOUNTS)["4500"].id
        self._vendor = bench.by_code(ReferenceTable.VENDORS)["20011"].id

    @property
    def secrets(self) -> Sequence[str]:
        return self.bench.erp.client.api._authentication.credentials().secrets[:1]  # type: ignore[union-attr]

    # what is read

    def add(self, source: str, count: int = 1) -> list[str]:
        assert source == PURCHASE_ORDERS.name
        return [row["PurchaseOrderID"] for row in self.bench.orders(count)]

    def add_late(self, source: str) -> str:
        """Its transaction was stamped before others, and committed after they were read."""
        (key,) = self.add(source)
        row = self._row(key)
        row["Modified"] -= 30_000
        return key

    def change(self, source: str, key: str) -> None:
        number = self._row(key)["OrderNumber"]
        self.bench.sandbox.call(
            user.change_order_line, self.bench.sandbox.exact, number, 1, quantity=Decimal(next(self._numbers) + 7)
        )

    def delete(self, source: str, key: str) -> None:
        self.bench.sandbox.call(user.delete, self.bench.sandbox.exact, self._row(key)["OrderNumber"])

    def _row(self, key: str) -> Any:
        return self.bench.company.get(ORDERS, key)

    # what is written

    def document(self, target: str) -> Any:
        if target == "bills":
            return self._bill(self._account, cost_center="OPS")
        order = self._order()
        if target == "goods_receipts":
            return self._receipt(order, Decimal(1))
        line = order.lines[0]
        return self._agreed(order, line.id, line.quantity)

    def in_steps(self, target: str) -> Any | None:
        """A bill with its original: a document, the bill that names it, and the file."""
        if target != "bills":
            return None
        original = b"ISA*00*~" + str(next(self._numbers)).encode()
        digest = hashlib.sha256(original).hexdigest()
        self.bench.blobs[digest] = original
        more = {"attach_original": True, "attachment_sha256": digest, "attachment_name": "a.edi"}
        return changed(self.document(target), **more)

    def refused(self, target: str) -> Any:
        """An account that wants a cost center; more than was ordered; a line that is not there."""
        if target == "bills":
            return self._bill(self._strict_account, cost_center="")
        order = self._order()
        if target == "goods_receipts":
            return self._receipt(order, Decimal(2))
        return self._agreed(order, "00000000-0000-0000-0000-00000000dead", Decimal(5))

    def _bill(self, account: str, **more: Any) -> Any:
        line = BillLine(
            number=1,
            gl_account_id=account,
            quantity=Decimal(1),
            amount=Decimal("100.00"),
            vat_code="2",
            vat_amount=Decimal("21.00"),
            **more,
        )
        return bill_of(BillMode.CODED, self._vendor, f"C-{next(self._numbers)}", (line,))

    def _order(self) -> OpenOrder:
        (key,) = self.add(PURCHASE_ORDERS.name)
        return source_of(self.erp, PURCHASE_ORDERS).by_id([key])[0].document

    def _receipt(self, order: OpenOrder, share: Decimal) -> GoodsReceipt:
        return GoodsReceipt(
            vendor_id=order.supplier_id,
            warehouse_id=order.warehouse_id,
            receipt_date=self.bench.sandbox.clock.now().date(),
            reference=f"ASN-{next(self._numbers)}",
            lines=tuple(ReceiptLine(order_line_id=line.id, quantity=line.quantity * share) for line in order.lines),
        )

    def _agreed(self, order: OpenOrder, line_id: str, quantity: Decimal) -> AgreedChange:
        line = AgreedLine(order_line_id=line_id, number="1", quantity=quantity / 2, was_quantity=quantity)
        return AgreedChange(order_id=order.id, order_number=order.number, lines=(line,))

    def identity(self, target: str, document: Any) -> Identity | None:
        if target == "order_changes":
            return None
        number = document.number if target == "bills" else document.reference
        return Identity(document.vendor_id, number)

    def records(self, target: str) -> int:
        return len(self.bench.table(RECORDS[target])) if target != "order_changes" else 0

    def elsewhere(self, operation: StoredOperation) -> StoredOperation:
        return replace(operation, target=operation.target.replace(self.erp.company, "999999"))

    # what goes wrong

    def fault(self, kind: FaultKind, *, writing: bool, **more: Any) -> None:
        methods = ("POST", "PUT") if writing else ("GET",)
        for method in methods:
            self.bench.fault(kind, method=method, path="*/v1/*", **more)

    def clear_faults(self) -> None:
        self.bench.sandbox.call(self.bench.sandbox.faults.clear)

    def pass_time(self, seconds: float) -> None:
        self.bench.sandbox.clock.move(seconds)


@contextmanager
def erp_harness(folder: Path) -> Iterator[ExactHarness]:
    with Sandbox(SandboxOptions(partner=False, clock_file=folder / "clock")) as sandbox:
        sandbox.call(sandbox.exact.limits.configure)
        erp, notes, blobs = make_erp(sandbox, keep=True)
        try:
            yield ExactHarness(Bench(sandbox, erp, notes, blobs))
        finally:
            erp.close()
