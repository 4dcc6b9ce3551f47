"""What a person does at the screens, in the office of the one who runs Acumatica: orders, receipts, sales, memos."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from ml_connector.sandbox.acumatica.books.sales import receivables, shipping
from ml_connector.sandbox.acumatica.books.saving import Refusal, Saving
from ml_connector.sandbox.acumatica.books.screens import form_of, press
from ml_connector.sandbox.acumatica.books.tenant import Tenant, cents
from ml_connector.sandbox.acumatica.seed import BY_RECEIPT, CUSTOMER
from ml_connector.sandbox.acumatica.state import AcumaticaState
from ml_connector.sandbox.acumatica.wire.contract import contract
from ml_connector.sandbox.acumatica.wire.record import Record, record
from ml_connector.sandbox.acumatica.wire.values import Value, parse

_ITEMS = ("WIDGET1", "OLIVEOIL1L", "RICE5KG", "NAPKINS")


def put(
    state: AcumaticaState, entity: str, body: Mapping[str, Any], *, tenant: Tenant | None = None, branch: str = ""
) -> Record:
    """Enter a record as the screen takes it: plain values, lines as lists. A changed one is named by its keys or id.

    Raises:
        ValueError: the screen refuses it.
    """
    work = state.work(tenant, branch)
    facts = contract(work.version)[entity]
    wrapped = _wrapped(body)
    table = work.tenant.table(entity)
    keys = [str(body.get(key, form_of(entity).defaults.get(key, ""))) for key in facts.keys]
    before = table.by_id(str(body["id"])) if "id" in body else table.by_key(*keys)
    try:
        return Saving(work, facts, form_of(entity), patch=True).save(before, wrapped)
    except Refusal as error:
        raise ValueError(f"{entity}: {_refusals(error.row)}") from None


def _wrapped(body: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in body.items():
        if name in {"id", "delete"}:
            made[name] = value
        elif isinstance(value, Mapping):
            made[name] = _wrapped(value)
        elif isinstance(value, list):
            made[name] = [_wrapped(one) for one in value]
        else:
            made[name] = {"value": value}
    return made


def _refusals(row: Record) -> str:
    found = [f"{name}: {text}" for name, text in row.errors.items()]
    for lines in row.lines.values():
        found += [f"{name}: {text}" for line in lines for name, text in line.errors.items()]
    return "; ".join([*found, row.error or ""])


def act(
    state: AcumaticaState, entity: str, key: Sequence[str], action: str, parameters: Mapping[str, Value] | None = None,
    *, tenant: Tenant | None = None,
) -> Record:  # fmt: skip
    """Press a button of a stored record's screen."""
    work = state.work(tenant)
    row = work.tenant.table(entity).by_key(*key)
    if row is None:
        raise KeyError(f"{entity} {'/'.join(key)}")
    press(work, entity, row, action, parameters or {})
    return work.tenant.table(entity).by_key(*key) or row


def create_orders(
    state: AcumaticaState, count: int = 1, *, vendors: Sequence[str] = (BY_RECEIPT,), lines: int = 2,
    seed: int | None = None, items: Sequence[str] = _ITEMS, hold: bool = False, tenant: Tenant | None = None,
) -> list[Record]:  # fmt: skip
    """Purchase orders of made-up quantities, open unless held."""
    seed = state.seed if seed is None else seed
    chosen = random.Random(seed)
    made: list[Record] = []
    for at in range(count):
        details = [
            {"InventoryID": items[(at + n) % len(items)], "OrderQty": chosen.randint(5, 40)} for n in range(lines)
        ]
        body = {"Type": "Normal", "VendorID": vendors[at % len(vendors)], "Hold": hold, "Details": details}
        made.append(put(state, "PurchaseOrder", body, tenant=tenant))
    return made


def receive(state: AcumaticaState, order: Record, *, ref: str = "", tenant: Tenant | None = None) -> Record:
    """Everything of an order arrives: a released receipt that makes no bill."""
    body = {
        "VendorID": order.get("VendorID"), "VendorRef": ref, "CreateBill": False, "Hold": False,
        "Details": [{"POOrderType": order.get("Type"), "POOrderNbr": order.get("OrderNbr")}],
    }  # fmt: skip
    made = put(state, "PurchaseReceipt", body, tenant=tenant)
    return act(state, "PurchaseReceipt", ("Receipt", made.text("ReceiptNbr")), "ReleasePurchaseReceipt", tenant=tenant)


def sell(
    state: AcumaticaState, count: int = 1, *, customer: str = CUSTOMER, lines: int = 2, seed: int | None = None,
    items: Sequence[str] = _ITEMS, release: bool = True, tenant: Tenant | None = None,
) -> list[Record]:  # fmt: skip
    """Orders that are shipped in one package and invoiced; the sales invoices, released unless told."""
    seed = state.seed if seed is None else seed
    chosen = random.Random(seed)
    books = tenant or state.main
    made: list[Record] = []
    for at in range(count):
        details = [
            {"InventoryID": items[(at + n) % len(items)], "OrderQty": chosen.randint(2, 20)} for n in range(lines)
        ]
        body = {
            "OrderType": "SO", "CustomerID": customer, "CustomerOrder": f"PO-{seed}-{at + 1:05d}", "Hold": False,
            "Details": details,
        }  # fmt: skip
        order = put(state, "SalesOrder", body, tenant=books)
        made.append(deliver(state, order, f"1Z{seed:04d}{at:06d}", release=release, tenant=books))
    return made


def deliver(
    state: AcumaticaState, order: Record, tracking: str, *, release: bool = True, tenant: Tenant | None = None
) -> Record:
    """Ship an open sales order whole, in one package, and invoice it; the invoice, released unless told."""
    books = tenant or state.main
    act(state, "SalesOrder", ("SO", order.text("OrderNbr")), "SalesOrderCreateShipment", tenant=books)
    kept = books.table("SalesOrder").by_id(order.id) or order
    number = kept.details("Shipments")[-1].text("ShipmentNbr")
    package = {"BoxID": "BOX", "TrackingNbr": tracking, "Weight": "4.5", "UOM": "KG", "CustomRefNbr1": sscc(tracking)}
    put(state, "Shipment", {"ShipmentNbr": number, "Packages": [package]}, tenant=books)
    act(state, "Shipment", (number,), "ConfirmShipment", tenant=books)
    act(state, "Shipment", (number,), "PrepareInvoice", tenant=books)
    shipment = books.table("Shipment").by_key(number)
    if shipment is None:
        raise KeyError(number)
    key = ("Invoice", shipment.details("Orders")[0].text("InvoiceNbr"))
    if release:
        return act(state, "SalesInvoice", key, "ReleaseSalesInvoice", tenant=books)
    return books.table("SalesInvoice").by_key(*key) or shipment


def ship(
    state: AcumaticaState, orders: Sequence[Record], *, packages: Sequence[Mapping[str, Any]] = (),
    lines: Sequence[Mapping[str, Any]] = (), confirm: bool = True, tenant: Tenant | None = None,
) -> Record:  # fmt: skip
    """Ship open sales orders together. packages: with PackageContents where somebody wrote them down. lines: by
    LineNbr, what is otherwise than open: ShippedQty, LotSerialNbr.
    """
    books = tenant or state.main
    first, *others = [books.table("SalesOrder").by_id(one.id) or one for one in orders]
    act(state, "SalesOrder", ("SO", first.text("OrderNbr")), "SalesOrderCreateShipment", tenant=books)
    kept = books.table("SalesOrder").by_id(first.id) or first
    number = kept.details("Shipments")[-1].text("ShipmentNbr")
    for other in others:
        shipping.add_order(state.work(books), found(books, number), other)
    ids = {line.get("LineNbr"): line.id for line in found(books, number).details()}
    told = [{"id": ids[one["LineNbr"]], **{k: v for k, v in one.items() if k != "LineNbr"}} for one in lines]
    body = {"ShipmentNbr": number, "Details": told, "Packages": list(packages)}
    put(state, "Shipment", {name: value for name, value in body.items() if value}, tenant=books)
    if confirm:
        act(state, "Shipment", (number,), "ConfirmShipment", tenant=books)
    return found(books, number)


def found(books: Tenant, number: str) -> Record:
    """A shipment by its number."""
    row = books.table("Shipment").by_key(number)
    if row is None:
        raise KeyError(number)
    return row


def sscc(text: str) -> str:
    """A serial shipping container code with its check digit, made from the digits of a text."""
    digits = ("0614141" + "".join(letter for letter in text if letter.isdigit()).zfill(10)[-10:])[:17]
    weighed = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(digits))
    return digits + str(-weighed % 10)


def credit(state: AcumaticaState, number: str, *, tenant: Tenant | None = None) -> Record:
    """A released credit memo that reverses a released invoice and names it line by line."""
    books = tenant or state.main
    invoice = books.table("SalesInvoice").by_key("Invoice", number)
    if invoice is None or invoice.text("Status") not in {"Open", "Closed"}:
        raise ValueError(f"SalesInvoice {number} is not released")
    memo = invoice.copy()
    memo.id = record().id
    memo.values |= {
        "Type": "Credit Memo", "ReferenceNbr": books.next_number("AR"), "Status": "Open",
        "CreatedDate": None, "Date": state.work(books).business_date,
    }  # fmt: skip
    for line in memo.details():
        line.id = record().id
        line.values |= {"OrigInvType": "Invoice", "OrigInvNbr": number, "OrigInvLineNbr": line.get("LineNbr")}
    receivables.store(state.work(books), memo)
    books.wrote("SalesInvoice insert", {"id": memo.id, "ReferenceNbr": memo.text("ReferenceNbr")})
    return memo


def edit(
    state: AcumaticaState, entity: str, key: Sequence[str], values: Mapping[str, Any], *, tenant: Tenant | None = None
) -> Record:
    """Change fields whatever the screen says: what somebody with more rights, or the database, does."""
    books = tenant or state.main
    row = books.table(entity).by_key(*key)
    if row is None:
        raise KeyError(f"{entity} {'/'.join(key)}")
    fields = contract(state.work(books).version)[entity].shape.fields
    for name, value in values.items():
        if "." in name:
            row.custom[name] = value
        else:
            row.values[name] = parse(fields[name], value)
    books.save(entity, row)
    return row


def order_facts(order: Record) -> dict[str, Any]:
    """A purchase order as partners' documents are made from it."""
    return {
        "number": order.text("OrderNbr"), "vendor": order.text("VendorID"), "status": order.text("Status"),
        "lines": [
            {
                "id": line.id, "line": line.get("LineNbr"), "item": line.get("InventoryID"), "unit": line.get("UOM"),
                "quantity": line.number("OrderQty"), "price": line.number("UnitCost"),
                "amount": cents(line.number("ExtendedCost")), "received": line.number("QtyOnReceipts"),
            }
            for line in order.details()
        ],
    }  # fmt: skip
