"""Orders and their bills, planned and looked up in the stand-in."""

import itertools
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.documents.erp_postings import Bill, BillLine, BillMode
from ml_connector.documents.reference import OpenOrder
from ml_connector.flows.core.ports import BILLS, PURCHASE_ORDERS, source_of, target_of
from ml_connector.sandbox.acumatica import user
from ml_connector.sandbox.acumatica.wire.record import Record
from ml_connector.systems.acumatica.erp import AcumaticaErp
from ml_connector_tests.systems.acumatica.bench import Bench

BY_RECEIPT, BY_ORDER, SERVICES = "V000017", "V000018", "V000019"
_numbers = itertools.count(9001)


def new_number() -> str:
    return f"INV-{next(_numbers)}"


def order_of(bench: Bench, erp: AcumaticaErp, vendor: str, **more: Any) -> tuple[OpenOrder, Record]:
    (row,) = bench.sandbox.call(user.create_orders, bench.state, 1, vendors=(vendor,), **more)
    (found,) = source_of(erp, PURCHASE_ORDERS).by_id([f"Normal|{row.text('OrderNbr')}"])
    return found.document, row


def lines_of(order: OpenOrder) -> tuple[BillLine, ...]:
    return tuple(
        BillLine(
            number=at,
            order_number=order.number,
            order_line_id=line.id,
            item_id=line.item_id,
            quantity=line.quantity,
            unit_price=line.price,
            amount=(line.quantity * line.price).quantize(Decimal("0.01")),
            description=line.description,
        )
        for at, line in enumerate(order.lines, 1)
    )


def account_line(amount: str = "15.00", account: str = "61000", **more: Any) -> BillLine:
    values = {"number": 9, "gl_account_id": account, "quantity": Decimal(1), "amount": Decimal(amount)}
    return BillLine(**{**values, "description": "Freight", "other_dimensions": {"subaccount": "100-000"}, **more})


def bill_of(vendor: str, *lines: BillLine, number: str = "", **more: Any) -> Bill:
    net = sum((line.amount for line in lines), Decimal(0))
    tax = Decimal(more.get("vat_total", 0))
    values: dict[str, Any] = {
        "mode": BillMode.MATCHED if any(line.order_line_id for line in lines) else BillMode.CODED,
        "vendor_id": vendor,
        "vendor_code": vendor,
        "number": number or new_number(),
        "invoice_date": date(2026, 11, 20),
        "currency": "USD",
        "description": "Invoice",
        "total": net + tax,
        "vat_total": tax,
        "lines": lines,
    }
    return Bill(**{**values, **more})


def plan(erp: AcumaticaErp, bill: Bill, key: str = "mlc-0123456789abcdef0123") -> Any:
    return target_of(erp, BILLS).plan(bill, key)


def stored(bench: Bench, bill: Bill) -> list[Record]:
    return bench.rows("Bill", Vendor=bill.vendor_id, VendorRef=bill.number)
