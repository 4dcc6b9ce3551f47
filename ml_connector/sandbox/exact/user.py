"""What a person does in the product while the connector works: orders, approvals, changes, hand-keyed entries."""

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ml_connector.sandbox.exact.books import entries, writes
from ml_connector.sandbox.exact.books.entries import PAYMENTS, create_entry
from ml_connector.sandbox.exact.books.matching import SELECTED
from ml_connector.sandbox.exact.books.orders import (
    APPROVED,
    BY_HAND,
    ORDERS,
    WAITING,
    add_line,
    cancel_order,
    change_line,
    change_order,
    create_order,
    delete_order,
    set_approval,
)
from ml_connector.sandbox.exact.state import ExactState
from ml_connector.sandbox.exact.wire.company import Company
from ml_connector.sandbox.exact.wire.wire import Row, day_ms, day_of

ORDERING_SUPPLIERS = ("20011", "20012", "20013")
_DIMENSIONS = ("OPS", "WHS", "ADM")


def create_orders(
    state: ExactState,
    count: int,
    *,
    seed: int | None = None,
    suppliers: tuple[str, ...] = ORDERING_SUPPLIERS,
    approved: bool = True,
    division: int | None = None,
) -> list[Row]:
    """That many orders of 2 to 6 lines spread over the suppliers, the same ones for the same seed."""
    company = state.companies[division] if division is not None else state.main
    rng = random.Random(state.seed if seed is None else seed)
    made: list[Row] = []
    for at in range(count):
        supplier = supplier_by_code(company, suppliers[at % len(suppliers)])
        offers = company.table("logistics/SupplierItem").where("Supplier", supplier["ID"])
        offers.sort(key=lambda row: row["ItemCode"])
        chosen = rng.sample(offers, k=min(len(offers), rng.randint(2, 6)))
        today = day_of(company.now_ms())
        lines: list[Row] = [
            {
                "Item": offer["Item"],
                "QuantityInPurchaseUnits": Decimal(rng.randint(1, 40) * 5),
                "NetPrice": offer["PurchasePrice"],
                "ReceiptDate": day_ms(today + timedelta(days=rng.randint(5, 20))),
                "CostCenter": rng.choice(_DIMENSIONS),
                "CostUnit": rng.choice(("P1", "P2", None)),
            }
            for offer in chosen
        ]
        header: Row = {"Supplier": supplier["ID"], "OrderDate": day_ms(today), "Description": f"Order {at + 1}"}
        made.append(
            create_order(
                company,
                state.options,
                header,
                lines,
                source=BY_HAND,
                approval=APPROVED if approved else WAITING,
            )
        )
    state.publish(company)
    return made


def supplier_by_code(company: Company, code: str) -> Row:
    """Raises KeyError when there is none."""
    found = company.by_code("crm/Accounts", code.strip().rjust(18))
    if found is None:
        raise KeyError(f"no supplier {code}")
    return found


def order_by_number(company: Company, number: int) -> Row:
    """Raises KeyError when there is none."""
    found = company.table(ORDERS).where("OrderNumber", number)
    if not found:
        raise KeyError(f"no purchase order {number}")
    return found[0]


def approve(state: ExactState, number: int) -> Row:
    order = order_by_number(state.main, number)
    set_approval(order, APPROVED)
    order["Approved"] = state.main.now_ms()
    order["Approver"] = state.user.id
    order["ApproverFullName"] = state.user.full_name
    state.main.change(ORDERS, order)
    state.publish(state.main)
    return order


def change_order_line(
    state: ExactState,
    number: int,
    line_number: int,
    *,
    quantity: Decimal | None = None,
    price: Decimal | None = None,
    receipt_date: date | None = None,
) -> Row:
    """A person changes a line: what the partner is sent changes with it."""
    order = order_by_number(state.main, number)
    lines = state.main.lines(ORDERS, order)
    line = next((one for one in lines if one["LineNumber"] == line_number), None)
    if line is None:
        raise KeyError(f"no line {line_number} on purchase order {number}")
    values: Row = {}
    if quantity is not None:
        values["QuantityInPurchaseUnits"] = quantity
    if price is not None:
        values["NetPrice"] = price
    if receipt_date is not None:
        values["ReceiptDate"] = day_ms(receipt_date)
    change_line(state.main, line, values)
    state.publish(state.main)
    return order


def change_header(state: ExactState, number: int, values: Row) -> Row:
    """A person changes texts of the header, such as Remarks or Description."""
    order = order_by_number(state.main, number)
    change_order(state.main, order, values)
    state.publish(state.main)
    return order


def deliver_to(state: ExactState, number: int, account: str, address: Row, *, drop_shipment: bool) -> Row:
    """A person gives an order a delivery address of a relation, perhaps as a drop shipment to that customer.

    address: fields of crm/Addresses, such as AddressLine1, Postcode, City.
    """
    company = state.main
    order = order_by_number(company, number)
    relation = supplier_by_code(company, account)
    made = company.add(
        "crm/Addresses", {"Type": 4, "Account": relation["ID"], "AccountName": relation["Name"], **address}
    )
    order |= {
        "DropShipment": drop_shipment,
        "DeliveryAccount": relation["ID"],
        "DeliveryAccountCode": relation["Code"],
        "DeliveryAccountName": relation["Name"],
        "DeliveryAddress": made["ID"],
    }
    change_order(company, order, {})
    state.publish(company)
    return order


def add_order_line(state: ExactState, number: int, item_code: str, quantity: Decimal) -> Row:
    order = order_by_number(state.main, number)
    item = state.main.by_code("logistics/Items", item_code)
    if item is None:
        raise KeyError(f"no item {item_code}")
    add_line(state.main, order, {"Item": item["ID"], "QuantityInPurchaseUnits": quantity})
    state.publish(state.main)
    return order


def cancel(state: ExactState, number: int) -> Row:
    order = order_by_number(state.main, number)
    cancel_order(state.main, order)
    state.publish(state.main)
    return order


def delete(state: ExactState, number: int) -> None:
    """Delete an order of which nothing was received or invoiced; sync/Deleted and a webhook tell."""
    delete_order(state.main, order_by_number(state.main, number))
    state.publish(state.main)


def key_entry(
    state: ExactState,
    *,
    supplier: str,
    your_ref: str,
    amount: Decimal,
    account: str = "4406",
    vat_code: str = "2  ",
    cost_center: str | None = "OPS",
    journal: str = "60",
    currency: str | None = None,
    division: int | None = None,
) -> Row:
    """An invoice that a clerk keys by hand in Exact."""
    company = state.companies[division] if division is not None else state.main
    ledger = company.by_code("financial/GLAccounts", account)
    if ledger is None:
        raise KeyError(f"no account {account}")
    entry = create_entry(
        company,
        state.options,
        {
            "Journal": journal,
            "Currency": currency,
            "Supplier": supplier_by_code(company, supplier)["ID"],
            "YourRef": your_ref,
            "Description": your_ref,
            "EntryDate": day_ms(day_of(company.now_ms())),
        },
        [
            {
                "GLAccount": ledger["ID"],
                "AmountFC": amount,
                "VATCode": vat_code.ljust(3),
                "CostCenter": cost_center,
            }
        ],
    )
    state.publish(company)
    return entry


def delete_entry(state: ExactState, entry: Row) -> None:
    """A clerk deletes it: a webhook tells, and sync/Deleted of its lines and its open item (exact-online 10.6)."""
    entries.delete_entry(state.main, entry)
    state.publish(state.main)


def pay_entry(state: ExactState, entry: Row, amount: Decimal | None = None, *, named: bool = True) -> Row:
    """A bank file pays an entry, or a part of it. named: by its number, so that it is matched where the amount fits."""
    company = state.main
    (item,) = company.table(PAYMENTS).where("TransactionEntryID", entry["EntryID"])
    line: Row = {
        "Account": item["Account"],
        "GLAccount": item["GLAccount"],
        "AmountFC": item["AmountFC"] if amount is None else -amount,
        "OurRef": item["EntryNumber"] if named else None,
        "Date": day_ms(day_of(company.now_ms())),
        "Description": f"Transfer {item.get('YourRef') or item['EntryNumber']}",
    }
    values: Row = {"JournalCode": "50", "Currency": item["Currency"]}
    made = writes.book_bank_entry(company, state.options, values, [line])
    state.publish(company)
    return made


def select_for_payment(state: ExactState, entry: Row, status: int = SELECTED) -> Row:
    """A clerk takes an entry into Exact's own payment run, or out of it again (status 20)."""
    company = state.main
    (item,) = company.table(PAYMENTS).where("TransactionEntryID", entry["EntryID"])
    item["Status"] = status
    company.change(PAYMENTS, item)
    return item


def edit(state: ExactState, path: str, code: str, values: dict[str, Any]) -> Row:
    """A person edits a master record, found by its code: blocks a supplier, closes a cost center."""
    company = state.main
    padded = code.strip().rjust(18) if path == "crm/Accounts" else code
    row = company.by_code(path, padded)
    if row is None:
        raise KeyError(f"no {path} {code}")
    row.update(values)
    company.change(path, row)
    state.publish(company)
    return row


def add_supplier(state: ExactState, code: str, name: str, **more: Any) -> Row:
    """A person adds a supplier, such as one that an invoice waits for."""
    company = state.main
    payable = company.by_code("financial/GLAccounts", "1600")
    row: Row = {
        "Code": code.strip().rjust(18),
        "Name": name,
        "Country": "NL ",
        "IsSupplier": True,
        "IsPurchase": True,
        "Status": "A",
        "PaymentConditionPurchase": "30",
        "PurchaseVATCode": "2  ",
        "PurchaseCurrency": "EUR",
        "GLAP": payable["ID"] if payable else None,
        **more,
    }
    made = company.add("crm/Accounts", row)
    state.publish(company)
    return made


def lines_of(state: ExactState, order: Row) -> list[Row]:
    """The order's lines by line number."""
    return state.main.lines(ORDERS, order)


def order_facts(state: ExactState, order: Row) -> dict[str, Any]:
    """An order with its lines as a partner knows it: numbers, item codes, quantities, prices."""
    return {
        "id": order["PurchaseOrderID"],
        "number": str(order["OrderNumber"]),
        "order_number": order["OrderNumber"],
        "supplier": order["SupplierCode"].strip(),
        "supplier_code": order["SupplierCode"].strip(),
        "currency": order["Currency"],
        "date": day_of(order["OrderDate"]).isoformat(),
        "status": order["OrderStatus"],
        "approval": order["ApprovalStatus"],
        "lines": [
            {
                "id": line["ID"],
                "number": str(line["LineNumber"]),
                "item": line["ItemCode"],
                "supplier_item": line["SupplierItemCode"],
                "description": line["Description"],
                "unit": (line["Unit"] or "").strip(),
                "quantity": line["QuantityInPurchaseUnits"],
                "price": line["NetPrice"],
                "received": line["ReceivedQuantity"],
                "invoiced": line["InvoicedQuantity"],
                "vat_code": line.get("VATCode"),
                "cost_center": line.get("CostCenter"),
            }
            for line in lines_of(state, order)
        ],
    }
