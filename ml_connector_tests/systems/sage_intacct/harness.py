"""Sage Intacct for the ERP contract: one company of the sandbox, at its top level."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from ml_connector.documents.master.vendors import NewVendor
from ml_connector.documents.order_agreements import AgreedChange, AgreedLine
from ml_connector.documents.payables.purchases import Purchase, PurchaseLine
from ml_connector.documents.payables.settlements import EntryLine, JournalEntry, Payment, PaymentLine
from ml_connector.documents.sales.orders import SalesOrder, SalesOrderLine
from ml_connector.flows.core.ports import Identity, StoredOperation
from ml_connector.sandbox.faults import FaultKind
from ml_connector.sandbox.sage_intacct import user
from ml_connector.sandbox.sage_intacct.books import purchasing
from ml_connector.sandbox.sage_intacct.books.record import Record
from ml_connector.sandbox.sage_intacct.seed import BANK, CUSTOMER, IRONWORKS
from ml_connector.systems.sage_intacct.erp import IntacctErp
from ml_connector_tests.contracts.erp_harness import ErpHarness
from ml_connector_tests.sandbox.sage_intacct.bench import intacct_bench
from ml_connector_tests.systems.sage_intacct.bench import Bench, parts_on
from ml_connector_tests.systems.sage_intacct.billing import account_line, bill_of, order_of, receipt_of

RECORDS = {
    "bills": "APBILL",
    "goods_receipts": "PODOCUMENT",
    "journal_entries": "GLBATCH",
    "payments": "APPYMT",
    "purchases": "PODOCUMENT",
    "sales_orders": "SODOCUMENT",
    "vendors": "VENDOR",
}


class IntacctHarness(ErpHarness):
    """Bills are coded ones, so that they need no order; receipts and changes have an order of their own each."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.erp: IntacctErp = bench.erp(pause_seconds=5, audit_history=True)
        self._numbers = itertools.count(1)

    @property
    def secrets(self) -> Sequence[str]:
        return (self.bench.site.login["sender_password"], self.erp.gateway._sessions.current().id)

    # what is read

    def add(self, source: str, count: int = 1) -> list[str]:
        del source
        rows = self.bench.sandbox.call(user.create_orders, self.bench.state, count)
        return [row.text("DOCID") for row in rows]

    def add_late(self, source: str) -> str:
        """Stamped before others, and visible after they were read."""
        (document,) = self.add(source)
        row = self._row(document)
        for field in ("WHENMODIFIED", "AUWHENCREATED"):
            if row.values.get(field) is not None:
                row.values[field] -= timedelta(seconds=30)  # type: ignore[operator]
        return document

    def change(self, source: str, key: str) -> None:
        del source
        values = {"MESSAGE": f"Changed {next(self._numbers)}"}
        self.bench.sandbox.call(user.edit, self.bench.state, "PODOCUMENT", self._row(key).number, values)

    def delete(self, source: str, key: str) -> None:
        del source
        state = self.bench.state

        def remove() -> None:
            with state.main.unit():
                purchasing.delete(state.work(state.main, ""), self._row(key))

        self.bench.sandbox.call(remove)

    def _row(self, document: str) -> Record:
        (row,) = self.bench.rows("PODOCUMENT", DOCID=document)
        return row

    # what is written

    def document(self, target: str) -> Any:
        if target == "bills":
            return bill_of(account_line())
        if target == "sales_orders":
            return self._sale("WIDGET1")
        if target == "purchases":
            return self._purchase("WIDGET1")
        if target == "payments":
            return self._payment("80.00")
        if target == "journal_entries":
            return self._entry("6800")
        if target == "vendors":
            return self._vendor("Net 30")
        order = order_of(self.bench, self.erp)
        if target == "goods_receipts":
            return receipt_of(order)
        at = order.lines[0]
        line = AgreedLine(
            order_line_id=at.id, number="1", receipt_date=date(2026, 12, 24), was_quantity=at.quantity, was_date=None
        )
        return AgreedChange(order_id=order.id, order_number=order.number, lines=(line,))

    def _vendor(self, terms: str) -> NewVendor:
        number = next(self._numbers)
        street = (f"{number} Forge Rd", "Hall 2 & 3")
        place = {"postal_code": "46402", "city": "Gary", "region": "IN", "country": "US"}
        return NewVendor(
            code=f"EDI-{number}", name=f"Forge <{number}> & Sons", payment_terms=terms, street=street, **place
        )

    def _sale(self, item: str) -> SalesOrder:
        line = SalesOrderLine(
            number=1,
            item_id=item,
            item_code=item,
            quantity=Decimal(3),
            unit="Each",
            price=Decimal("19.90"),
            ordered_quantity=Decimal(3),
        )
        number = f"CPO-{next(self._numbers)}"
        return SalesOrder(
            customer_id=CUSTOMER,
            customer_code=CUSTOMER,
            customer_order=number,
            reference=number,
            order_date=date(2026, 11, 20),
            lines=(line,),
        )

    def _purchase(self, item: str) -> Purchase:
        line = PurchaseLine(
            number=1, item_id=item, item_code=item, quantity=Decimal(4), unit="Each", price=Decimal("12.05")
        )
        return Purchase(
            vendor_id=IRONWORKS,
            vendor_code=IRONWORKS,
            number=f"BUY-{next(self._numbers)}",
            order_date=date(2026, 11, 20),
            lines=(line,),
        )

    def _payment(self, amount: str) -> Payment:
        """Of a bill of 100 that was entered by hand."""
        number = f"HAND-{next(self._numbers)}"
        bill = self.bench.sandbox.call(user.enter_bill, self.bench.state, number, "100.00", entity="")
        line = PaymentLine(item_id=bill.text("RECORDNO"), number=number, amount=Decimal(amount))
        return Payment(
            party_id=IRONWORKS,
            reference=f"ACH-{next(self._numbers)}",
            payment_date=date(2026, 11, 20),
            currency="USD",
            amount=line.amount,
            method="ACH",
            account=BANK,
            lines=(line,),
        )

    def _entry(self, account: str) -> JournalEntry:
        lines = (EntryLine(account=account, amount=Decimal("5.25")), EntryLine(account="1000", amount=Decimal("-5.25")))
        return JournalEntry(
            journal="EDIJ",
            reference=f"ACH-{next(self._numbers)}",
            entry_date=date(2026, 11, 20),
            currency="USD",
            lines=lines,
        )

    def refused(self, target: str) -> Any:
        """An account or an item that is not there; an order that was closed after it was read; more than there is."""
        if target == "bills":
            return bill_of(account_line(account="99999"))
        if target == "sales_orders":
            return self._sale("NO-SUCH-ITEM")
        if target == "purchases":
            return self._purchase("NO-SUCH-ITEM")
        if target == "payments":
            return self._payment("120.00")
        if target == "journal_entries":
            return self._entry("9999")
        if target == "vendors":
            return self._vendor("Net 999")
        if target == "goods_receipts":
            order = order_of(self.bench, self.erp)
            return receipt_of(order, share=Decimal(2))
        change: AgreedChange = self.document(target)
        self.bench.sandbox.call(user.close, self.bench.state, change.order_id, display="Converted")
        return change

    def identity(self, target: str, document: Any) -> Identity | None:
        if target not in RECORDS:
            return None
        if target == "payments":
            return Identity(document.party_id, document.reference)
        if target == "purchases":
            return Identity(document.vendor_id, document.number)
        if target == "journal_entries":
            return Identity(document.journal, document.reference)
        if target == "sales_orders":
            return Identity(document.customer_id, document.customer_order)
        if target == "vendors":
            return Identity("", document.name)
        number = document.number if target == "bills" else document.reference
        return Identity(document.vendor_id, number)

    def records(self, target: str) -> int:
        if target == "purchases":
            return sum(bool(row.text("PONUMBER")) for row in self.bench.rows("PODOCUMENT", DOCPARID="Purchase Order"))
        if target == "goods_receipts":
            return len(self.bench.rows("PODOCUMENT", DOCPARID="PO Receiver"))
        return len(self.bench.rows(RECORDS[target])) if target in RECORDS else 0

    def elsewhere(self, operation: StoredOperation) -> StoredOperation:
        return replace(operation, target=operation.target.replace(self.erp.company, "elsewhere:other"))

    # what goes wrong

    def fault(self, kind: FaultKind, *, writing: bool, **more: Any) -> None:
        """Reads and writes are the same call here: the next one meets it, and a write is one request."""
        del writing
        self.bench.fault(kind, **more)

    def clear_faults(self) -> None:
        self.bench.sandbox.faults.clear()

    def pass_time(self, seconds: float) -> None:
        self.bench.site.clock.move(seconds)


@contextmanager
def erp_harness(folder: Path) -> Iterator[ErpHarness]:
    """The stand-in, and an ERP on it."""
    with intacct_bench(folder) as site, parts_on(site.sandbox, folder) as parts:
        bench = Bench(site, parts, folder)
        try:
            yield IntacctHarness(bench)
        finally:
            bench.close()
