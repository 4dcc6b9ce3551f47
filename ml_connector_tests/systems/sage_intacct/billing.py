"""Orders and their bills, planned and looked up in the stand-in."""

import itertools
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.documents.erp_postings import Bill, BillLine, BillMode, GoodsReceipt, ReceiptLine
from ml_connector.documents.reference import OpenOrder
from ml_connector.flows.core.ports import BILLS, GOODS_RECEIPTS, PURCHASE_ORDERS, PlannedOperation, source_of, target_of
from ml_connector.sandbox.sage_intacct import user
from ml_connector.sandbox.sage_intacct.books.record import Record
from ml_connector.sandbox.sage_intacct.seed import IRONWORKS
from ml_connector.systems.sage_intacct.erp import IntacctErp
from ml_connector_tests.systems.sage_intacct.bench import Bench

_numbers = itertools.count(9001)
_keys = itertools.count(1)


def new_number() -> str:
    return f"INV-{next(_numbers)}"


def new_key() -> str:
    return f"mlc-{next(_keys):020x}"


def order_of(bench: Bench, erp: IntacctErp, vendor: str = IRONWORKS, **more: Any) -> OpenOrder:
    (row,) = bench.sandbox.call(user.create_orders, bench.state, 1, vendors=(vendor,), **more)
    return read_order(erp, row.text("DOCID"))


def read_order(erp: IntacctErp, document: str) -> OpenOrder:
    (found,) = source_of(erp, PURCHASE_ORDERS).by_id([document])
    return found.document


def receive(bench: Bench, order: OpenOrder, **more: Any) -> Record:
    return bench.sandbox.call(user.receive, bench.state, order.id, **more)


def lines_of(order: OpenOrder, share: Decimal = Decimal(1)) -> tuple[BillLine, ...]:
    return tuple(
        BillLine(
            number=at,
            order_number=order.number,
            order_line_id=line.id,
            item_id=line.item_id,
            quantity=line.quantity * share,
            unit_price=line.price,
            amount=(line.quantity * share * line.price).quantize(Decimal("0.01")),
            description=line.description,
        )
        for at, line in enumerate(order.lines, 1)
    )


def account_line(amount: str = "15.00", account: str = "6200", **more: Any) -> BillLine:
    values = {"number": 9, "gl_account_id": account, "quantity": Decimal(1), "amount": Decimal(amount)}
    return BillLine(**{**values, "description": "Freight", **more})


def bill_of(*lines: BillLine, vendor: str = IRONWORKS, number: str = "", **more: Any) -> Bill:
    values: dict[str, Any] = {
        "mode": BillMode.MATCHED if any(line.order_line_id for line in lines) else BillMode.CODED,
        "vendor_id": vendor,
        "vendor_code": vendor,
        "number": number or new_number(),
        "invoice_date": date(2026, 11, 20),
        "currency": "USD",
        "description": "Invoice",
        "total": sum((line.amount for line in lines), Decimal(0)),
        "vat_total": Decimal(0),
        "lines": lines,
    }
    return Bill(**{**values, **more})


def receipt_of(order: OpenOrder, *, share: Decimal = Decimal(1), reference: str = "") -> GoodsReceipt:
    return GoodsReceipt(
        vendor_id=order.supplier_id,
        warehouse_id=order.warehouse_id,
        receipt_date=date(2026, 11, 20),
        reference=reference or f"ASN-{next(_numbers)}",
        lines=tuple(
            ReceiptLine(order_line_id=line.id, order_number=order.number, quantity=line.quantity * share)
            for line in order.lines
        ),
    )


def plan(erp: IntacctErp, bill: Bill, key: str = "") -> list[PlannedOperation]:
    return list(target_of(erp, BILLS).plan(bill, key or new_key()))


def plan_receipt(erp: IntacctErp, receipt: GoodsReceipt, key: str = "") -> list[PlannedOperation]:
    return list(target_of(erp, GOODS_RECEIPTS).plan(receipt, key or new_key()))
