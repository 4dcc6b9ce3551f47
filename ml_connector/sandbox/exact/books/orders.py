"""Purchase orders: creating, changing, cancelling, and the statuses that receipts and invoices move."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from ml_connector.sandbox.exact.books.checks import (
    cents,
    dimension_findings,
    rate_of,
    refuse,
    split_vat,
    supplier_of,
)
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.exact.wire.company import Company
from ml_connector.sandbox.exact.wire.errors import BusinessError
from ml_connector.sandbox.exact.wire.wire import Row, day_ms, day_of

ORDERS = "purchaseorder/PurchaseOrders"
LINES = "purchaseorder/PurchaseOrderLines"

OPEN, PARTIAL, COMPLETE, CANCELLED = 10, 20, 30, 40
WAITING, AUTOMATIC, APPROVED = 0, 1, 2
BY_REST, BY_HAND = 11, 1

_APPROVAL_TEXTS = {WAITING: "Awaiting approval", AUTOMATIC: "Automatic", APPROVED: "Approved"}


def create_order(
    company: Company,
    options: ExactOptions,
    values: Row,
    lines: list[Row],
    *,
    source: int = BY_REST,
    approval: int = AUTOMATIC,
) -> Row:
    """Add an order with its lines, all or nothing."""
    supplier = supplier_of(company, values["Supplier"])
    today = day_ms(day_of(company.now_ms()))
    header = dict(values)
    header.setdefault("OrderDate", today)
    header["Currency"] = header.get("Currency") or supplier.get("PurchaseCurrency") or company.currency
    header["ExchangeRate"] = rate_of(options, header["Currency"], header.get("ExchangeRate"))
    header["PaymentCondition"] = header.get("PaymentCondition") or supplier.get("PaymentConditionPurchase")
    header["PaymentConditionDescription"] = _payment_text(company, header["PaymentCondition"])
    warehouse = company.get("inventory/Warehouses", header.get("Warehouse")) or _main_warehouse(company)
    header |= {
        "PurchaseOrderID": company.new_guid(),
        "OrderNumber": header.get("OrderNumber") or _order_number(company, header["OrderDate"]),
        "Source": source,
        "OrderStatus": OPEN,
        "ReceiptStatus": OPEN,
        "InvoiceStatus": OPEN,
        "Warehouse": warehouse["ID"],
        "WarehouseCode": warehouse["Code"],
        "WarehouseDescription": warehouse["Description"],
        "SupplierCode": supplier["Code"],
        "SupplierName": supplier["Name"],
        "DropShipment": False,
        "Discount": header.get("Discount") or Decimal(0),
        "AmountDiscountExclVat": Decimal(0),
    }
    set_approval(header, approval)
    made = [_line(company, header, line, number) for number, line in enumerate(lines, 1)]
    for line in made:
        line["PurchaseOrderID"] = header["PurchaseOrderID"]
    _total(header, made)
    company.add(ORDERS, header)
    for line in made:
        company.add(LINES, line)
    return header


def _payment_text(company: Company, condition: str | None) -> str | None:
    found = company.by_code("cashflow/PaymentConditions", condition) if condition else None
    return found["Description"] if found else None


def _main_warehouse(company: Company) -> Row:
    for row in company.table("inventory/Warehouses"):
        if row.get("Main") == 1:
            return row
    raise BusinessError(("mandatory", "Warehouse"))


def _order_number(company: Company, day: int) -> int:
    year = day_of(day).year % 100
    return year * 1_000_000 + company.next_number(f"order {year}")


def set_approval(header: Row, approval: int) -> None:
    header["ApprovalStatus"] = approval
    header["ApprovalStatusDescription"] = _APPROVAL_TEXTS[approval]


def _line(company: Company, header: Row, sent: Row, number: int) -> Row:
    item = company.get("logistics/Items", sent["Item"])
    if item is None or not item.get("IsPurchaseItem"):
        raise BusinessError(("invalid_reference", "Item"))
    refuse(dimension_findings(company, None, sent.get("CostCenter"), sent.get("CostUnit"), header["OrderDate"]))
    offer = supplier_item(company, item["ID"], header["Supplier"])
    supplier = company.get("crm/Accounts", header["Supplier"]) or {}
    line = dict(sent)
    price = line.get("NetPrice")
    if price is None:
        price = line.get("UnitPrice")
    if price is None:
        price = offer.get("PurchasePrice") if offer else None
    line["NetPrice"] = Decimal(0) if price is None else price
    line["UnitPrice"] = line["NetPrice"] if line.get("UnitPrice") is None else line["UnitPrice"]
    line["VATCode"] = line.get("VATCode") or (offer or {}).get("PurchaseVATCode") or supplier.get("PurchaseVATCode")
    week = int(timedelta(days=7).total_seconds() * 1000)
    line |= {
        "LineNumber": number,
        "ItemCode": item["Code"],
        "ItemDescription": item["Description"],
        "ItemDivisable": bool(item.get("IsFractionAllowedItem")),
        "Description": line.get("Description") or item["Description"],
        "SupplierItemCode": offer.get("SupplierItemCode") if offer else None,
        "Unit": item.get("Unit"),
        "UnitDescription": item.get("UnitDescription"),
        "ReceiptDate": line.get("ReceiptDate") or header.get("ReceiptDate") or header["OrderDate"] + week,
        "ReceivedQuantity": Decimal(0),
        "InvoicedQuantity": Decimal(0),
        "Discount": line.get("Discount") or Decimal(0),
    }
    price_line(company, header, line)
    return line


def supplier_item(company: Company, item: str, supplier: str) -> Row | None:
    """The supplier's offer of an item, if any."""
    found = company.table("logistics/SupplierItem").where("Item", item)
    return next((row for row in found if row["Supplier"] == supplier), None)


def price_line(company: Company, header: Row, line: Row) -> None:
    """Amounts, VAT and descriptions that follow from quantity, price and codes."""
    vat = company.by_code("vat/VATCodes", line["VATCode"]) if line.get("VATCode") else None
    amount, tax = split_vat(vat, cents(line["QuantityInPurchaseUnits"] * line["NetPrice"]))
    line["Quantity"] = line["QuantityInPurchaseUnits"]
    line["AmountFC"] = amount
    line["AmountDC"] = cents(amount * header["ExchangeRate"])
    line["VATAmount"] = tax
    line["VATDescription"] = vat["Description"] if vat else None
    line["VATPercentage"] = vat["Percentage"] if vat else None
    for code, text, path in (
        ("CostCenter", "CostCenterDescription", "hrm/Costcenters"),
        ("CostUnit", "CostUnitDescription", "hrm/Costunits"),
    ):
        found = company.by_code(path, line[code]) if line.get(code) else None
        line[text] = found["Description"] if found else None


def _total(header: Row, lines: list[Row]) -> None:
    """Totals; the header's discount, a fraction, goes off what the lines come to (the sheet is silent)."""
    gross = sum((line["AmountFC"] for line in lines), Decimal(0))
    share = header.get("Discount") or Decimal(0)
    header["AmountDiscountExclVat"] = cents(gross * share)
    header["AmountFCExclVat"] = gross - header["AmountDiscountExclVat"]
    header["VATAmount"] = cents(sum((line["VATAmount"] for line in lines), Decimal(0)) * (1 - share))
    header["AmountFC"] = header["AmountFCExclVat"] + header["VATAmount"]
    header["AmountDC"] = cents(header["AmountFC"] * header["ExchangeRate"])
    header["PurchaseOrderLineCount"] = len(lines)


def order_changed(company: Company, header: Row) -> None:
    """Totals and statuses after a change of lines, receipts or invoices; Modified moves (exact-online 10)."""
    lines = company.lines(ORDERS, header)
    _total(header, lines)
    if header["OrderStatus"] != CANCELLED:
        stocked = [line for line in lines if _is_stock(company, line)]
        header["ReceiptStatus"] = _progress(stocked or lines, "ReceivedQuantity")
        header["InvoiceStatus"] = _progress(lines, "InvoicedQuantity")
        parts = {header["ReceiptStatus"], header["InvoiceStatus"]}
        header["OrderStatus"] = next(iter(parts)) if len(parts) == 1 else PARTIAL
    company.change(ORDERS, header)


def _is_stock(company: Company, line: Row) -> bool:
    item = company.get("logistics/Items", line["Item"])
    return bool(item and item.get("IsStockItem"))


def _progress(lines: list[Row], field: str) -> int:
    if all(line[field] >= line["QuantityInPurchaseUnits"] for line in lines):
        return COMPLETE
    return PARTIAL if any(line[field] > 0 for line in lines) else OPEN


def add_quantity(company: Company, line: Row, field: str, quantity: Decimal) -> None:
    """Count a receipt or an invoice on an order line."""
    line[field] = line[field] + quantity
    company.change(LINES, line)


def header_of(company: Company, line: Row) -> Row:
    header = company.get(ORDERS, line["PurchaseOrderID"])
    if header is None:
        raise BusinessError(("invalid_reference", "Purchase order"))
    return header


def change_order(company: Company, header: Row, values: Row) -> None:
    """PUT of a header: its writable fields; derived ones follow."""
    if header["OrderStatus"] == CANCELLED:
        raise BusinessError(("invalid", "Purchase order"))
    if values.get("Supplier") not in (None, header["Supplier"]):
        raise BusinessError(("invalid", "Supplier"))
    header.update({name: value for name, value in values.items() if name != "Supplier"})
    warehouse = company.get("inventory/Warehouses", header.get("Warehouse"))
    if warehouse is not None:
        header["WarehouseCode"], header["WarehouseDescription"] = warehouse["Code"], warehouse["Description"]
    order_changed(company, header)


def change_line(company: Company, line: Row, values: Row) -> None:
    """PUT of a line: quantity, price, dates, dimensions, texts."""
    header = header_of(company, line)
    if header["OrderStatus"] == CANCELLED:
        raise BusinessError(("invalid", "Purchase order"))
    quantity = values.get("QuantityInPurchaseUnits")
    if quantity is not None and quantity < line["ReceivedQuantity"]:
        raise BusinessError(("invalid", "Quantity"))
    day = header["OrderDate"]
    refuse(dimension_findings(company, None, values.get("CostCenter"), values.get("CostUnit"), day))
    kept = {name: value for name, value in values.items() if name not in {"PurchaseOrderID", "Item"}}
    if "NetPrice" in kept and "UnitPrice" not in kept:
        kept["UnitPrice"] = kept["NetPrice"]
    line.update(kept)
    price_line(company, header, line)
    company.change(LINES, line)
    order_changed(company, header)


def add_line(company: Company, header: Row, sent: Row) -> Row:
    """A further line, as a user adds it in the product."""
    number = max((line["LineNumber"] for line in company.lines(ORDERS, header)), default=0) + 1
    line = _line(company, header, sent, number)
    line["PurchaseOrderID"] = header["PurchaseOrderID"]
    company.add(LINES, line)
    order_changed(company, header)
    return line


def cancel_order(company: Company, header: Row) -> None:
    """All three statuses become cancelled (40)."""
    header |= {"OrderStatus": CANCELLED, "ReceiptStatus": CANCELLED, "InvoiceStatus": CANCELLED}
    company.change(ORDERS, header)


def delete_order(company: Company, header: Row) -> None:
    lines = company.lines(ORDERS, header)
    if any(line["ReceivedQuantity"] or line["InvoicedQuantity"] for line in lines):
        raise BusinessError(("in_use", "Purchase order"))
    for line in lines:
        company.drop(LINES, line)
    company.drop(ORDERS, header)


def delete_line(company: Company, line: Row) -> None:
    header = header_of(company, line)
    if len(company.lines(ORDERS, header)) == 1 or line["ReceivedQuantity"] or line["InvoicedQuantity"]:
        raise BusinessError(("in_use", "Purchase order line"))  # the last line cannot be deleted
    company.drop(LINES, line)
    order_changed(company, header)


def flat_header(header: Row) -> Row:
    """The header as a row of sync/PurchaseOrder/PurchaseOrders: LineNumber 0 (exact-online 7)."""
    return {**header, "ID": header["PurchaseOrderID"], "LineNumber": 0}


def flat_line(company: Company, line: Row) -> Row:
    """A line as such a row, with its header's fields."""
    header = company.get(ORDERS, line["PurchaseOrderID"]) or {}
    dimensions: dict[str, Any] = {"CostCenter": None, "CostUnit": None}
    for field, path in (("CostCenter", "hrm/Costcenters"), ("CostUnit", "hrm/Costunits")):
        code = line.get(field)
        found = company.by_code(path, code) if code else None
        dimensions[f"{field}Code"] = code
        dimensions[field] = found["ID"] if found else None
    return {**header, **line, **dimensions}
