"""Exact for the ERP contract: one division of the sandbox."""

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from ml_connector.documents.common import changed
from ml_connector.documents.erp_postings import BillLine, BillMode, GoodsReceipt, ReceiptLine
from ml_connector.documents.master.vendors import NewVendor
from ml_connector.documents.order_agreements import AgreedChange, AgreedLine
from ml_connector.documents.payables.recodings import RecodedLine, Recoding
from ml_connector.documents.payables.settlements import Payment, PaymentLine
from ml_connector.documents.reference import OpenOrder, ReferenceTable
from ml_connector.flows.core.ports import (
    ENTERED_INVOICES,
    PURCHASE_ORDERS,
    RECEIVED_GOODS,
    Identity,
    StoredOperation,
    payments_of,
    source_of,
)
from ml_connector.sandbox import registry
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.books.receipts import RECEIPT_LINES, create_receipt
from ml_connector.sandbox.exact.wire.wire import day_ms, day_of
from ml_connector.sandbox.faults import FaultKind
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector_tests.contracts.erp_harness import ErpHarness
from ml_connector_tests.systems.exact_online.conftest import Bench, bill_of, make_erp

ORDERS = "purchaseorder/PurchaseOrders"
RECORDS = {
    "bills": "purchaseentry/PurchaseEntries",
    "goods_receipts": "purchaseorder/GoodsReceipts",
    "order_changes": "purchaseorder/PurchaseOrderLines",
    "entry_codings": "purchaseentry/PurchaseEntryLines",
    "payments": "financialtransaction/BankEntries",
    "vendors": "crm/Accounts",
}


#: Records that are changed where they stand: none of them is new, and nothing recognises them.
WRITTEN_OVER = frozenset({"order_changes", "entry_codings"})


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
        if source == ENTERED_INVOICES.name:
            return [self._keyed() for _ in range(count)]
        if source == RECEIVED_GOODS.name:
            return [self._received(row) for row in self.bench.orders(count)]
        assert source == PURCHASE_ORDERS.name
        return [row["PurchaseOrderID"] for row in self.bench.orders(count)]

    def _keyed(self) -> str:
        number = f"KEYED-{next(self._numbers)}"
        entry = self.bench.sandbox.call(
            lambda: user.key_entry(self.bench.sandbox.exact, supplier="20011", your_ref=number, amount=Decimal(100))
        )
        return str(entry["EntryID"])

    def _received(self, order: Any) -> str:
        """The first line of an order is received."""
        company, options = self.bench.company, self.bench.sandbox.exact.options

        def make() -> str:
            (line, *_) = user.lines_of(self.bench.sandbox.exact, order)
            receipt = create_receipt(
                company,
                options,
                {"ReceiptDate": day_ms(day_of(company.now_ms()))},
                [{"PurchaseOrderLineID": line["ID"], "QuantityReceived": Decimal(1)}],
            )
            (made,) = company.table(RECEIPT_LINES).where("GoodsReceiptID", receipt["ID"])
            return str(made["ID"])

        return str(self.bench.sandbox.call(make))

    def add_late(self, source: str) -> str:
        """Its transaction was stamped before others, and committed after they were read."""
        (key,) = self.add(source)
        row = self._moved(source, key)
        row["Modified"] -= 30_000
        return key

    def _moved(self, source: str, key: str) -> Any:
        """The row whose `Modified` polls go by."""
        if source == ENTERED_INVOICES.name:
            return self.bench.company.get("purchaseentry/PurchaseEntries", key)
        if source == RECEIVED_GOODS.name:
            line = self.bench.company.get(RECEIPT_LINES, key)
            assert line is not None
            return self.bench.company.get("purchaseorder/GoodsReceipts", line["GoodsReceiptID"])
        return self._row(key)

    def change(self, source: str, key: str) -> None:
        if source != PURCHASE_ORDERS.name:
            path = RECORDS["bills" if source == ENTERED_INVOICES.name else "goods_receipts"]
            row = self._moved(source, key)

            def touch() -> None:
                row["YourRef"] = f"CHANGED-{next(self._numbers)}"
                self.bench.company.change(path, row)

            self.bench.sandbox.call(touch)
            return
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
        if target == "payments":
            return self._payment("51")
        if target == "vendors":
            return self._new_vendor("NL")
        if target == "entry_codings":
            return self._recoding()
        order = self._order()
        if target == "goods_receipts":
            return self._receipt(order, Decimal(1))
        line = order.lines[0]
        return self._agreed(order, line.id, line.quantity)

    def in_steps(self, target: str) -> Any | None:
        """A bill with its original: a document, the bill that names it, and the file; a supplier with two accounts."""
        if target == "vendors":
            return changed(self._new_vendor("NL"), bank_accounts=("NL91ABNA0417164300", "NL02RABO0123456789"))
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
        if target == "payments":
            return self._payment("60")
        if target == "vendors":
            return changed(self._new_vendor("NL"), code="20011")
        if target == "entry_codings":
            recoding = self._recoding()
            (line,) = recoding.lines
            return changed(recoding, lines=(changed(line, id="00000000-0000-0000-0000-00000000dead"),))
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

    def _new_vendor(self, country: str) -> NewVendor:
        number = next(self._numbers)
        street = (f"Kade {number}",)
        return NewVendor(
            name=f"Koper '{number}' & Zn", street=street, city="Delft", postal_code="2611", country=country
        )

    def _payment(self, journal: str) -> Payment:
        """Of an invoice that somebody keyed in."""
        sandbox, number = self.bench.sandbox, f"P-{next(self._numbers)}"
        entry = sandbox.call(user.key_entry, sandbox.exact, supplier="20011", your_ref=number, amount=Decimal(100))
        (item,) = payments_of(self.erp).items_of([entry["EntryID"]])
        line = PaymentLine(
            item_id=item.id, number=number, amount=Decimal("121.00"), entry=item.entry, account=item.account
        )
        return Payment(
            party_id=self._vendor,
            reference=f"PAY-{next(self._numbers)}",
            payment_date=sandbox.clock.now().date(),
            currency="EUR",
            amount=line.amount,
            account=journal,
            lines=(line,),
        )

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

    def _recoding(self) -> Recoding:
        """The cost center of an entry that somebody keyed is another one."""
        (source,) = source_of(self.erp, ENTERED_INVOICES).by_id([self._keyed()])
        entry = source.document
        (line,) = entry.lines
        other = RecodedLine(
            id=line.id,
            number=1,
            account_id=line.account_id,
            account=line.account,
            cost_center="ADM",
            was_account_id=line.account_id,
            was_account=line.account,
            was_cost_center=line.cost_center,
        )
        return Recoding(recodes=entry.id, lines=(other,))

    def _agreed(self, order: OpenOrder, line_id: str, quantity: Decimal) -> AgreedChange:
        line = AgreedLine(order_line_id=line_id, number="1", quantity=quantity / 2, was_quantity=quantity)
        return AgreedChange(order_id=order.id, order_number=order.number, lines=(line,))

    def identity(self, target: str, document: Any) -> Identity | None:
        if target in WRITTEN_OVER:
            return None
        if target == "payments":
            return Identity(document.party_id, document.reference)
        if target == "vendors":
            return Identity("", document.name)
        number = document.number if target == "bills" else document.reference
        return Identity(document.vendor_id, number)

    def records(self, target: str) -> int:
        return len(self.bench.table(RECORDS[target])) if target not in WRITTEN_OVER else 0

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
    with Sandbox(SandboxOptions(partner=False, clock_file=folder / "clock"), stand_ins=registry.of("exact")) as sandbox:
        sandbox.call(sandbox.exact.limits.configure)
        erp, notes, blobs = make_erp(sandbox, keep=True)
        try:
            yield ExactHarness(Bench(sandbox, erp, notes, blobs))
        finally:
            erp.close()
