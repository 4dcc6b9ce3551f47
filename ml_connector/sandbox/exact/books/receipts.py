"""Goods receipts against order lines, and purchase returns (exact-online 10.2)."""

from decimal import Decimal

from ml_connector.sandbox.exact.books.checks import open_period, refuse
from ml_connector.sandbox.exact.books.orders import CANCELLED, LINES, add_quantity, header_of, order_changed
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.exact.wire.company import Company
from ml_connector.sandbox.exact.wire.errors import BusinessError
from ml_connector.sandbox.exact.wire.wire import Row

RECEIPTS = "purchaseorder/GoodsReceipts"
RECEIPT_LINES = "purchaseorder/GoodsReceiptLines"
RETURNS = "purchaseorder/PurchaseReturns"
RETURN_LINES = "purchaseorder/PurchaseReturnLines"

_RECEIPT_JOURNAL = 90


def create_receipt(company: Company, options: ExactOptions, values: Row, lines: list[Row]) -> Row:
    """Book a receipt: all lines of one supplier and warehouse, none over what is open (unless allowed)."""
    year, _ = open_period(options, values["ReceiptDate"])
    found = [_order_line(company, line["PurchaseOrderLineID"]) for line in lines]
    headers = [header_of(company, line) for line in found]
    _check_headers(headers)
    quantities = _quantities(company, options, lines, found)
    first = headers[0]
    document = company.get("documents/Documents", values.get("Document"))
    header = {
        **values,
        "ID": company.new_guid(),
        "EntryNumber": _entry_number(company, _RECEIPT_JOURNAL, year),
        "ReceiptNumber": company.next_number("receipt", 1001),
        "GoodsReceiptLineCount": len(lines),
        "Supplier": first["Supplier"],
        "SupplierCode": first["SupplierCode"],
        "SupplierName": first["SupplierName"],
        "Warehouse": first["Warehouse"],
        "WarehouseCode": first["WarehouseCode"],
        "WarehouseDescription": first["WarehouseDescription"],
        "DocumentSubject": document["Subject"] if document else None,
    }
    company.add(RECEIPTS, header)
    for number, (sent, line, order, quantity) in enumerate(zip(lines, found, headers, quantities, strict=True), 1):
        company.add(RECEIPT_LINES, _receipt_line(header, sent, line, order, number, quantity))
        add_quantity(company, line, "ReceivedQuantity", quantity)
        _move_stock(company, line["Item"], order["Warehouse"], quantity)
    for order in {order["PurchaseOrderID"]: order for order in headers}.values():
        order_changed(company, order)
    return header


def _order_line(company: Company, key: str) -> Row:
    line = company.get(LINES, key)
    if line is None:
        raise BusinessError(("invalid_reference", "Purchase order line"))
    return line


def _check_headers(headers: list[Row]) -> None:
    if any(header["OrderStatus"] == CANCELLED for header in headers):
        raise BusinessError(("invalid", "Purchase order"))
    if len({header["Supplier"] for header in headers}) > 1:
        raise BusinessError(("different", "Supplier"))
    if len({header["Warehouse"] for header in headers}) > 1:
        raise BusinessError(("different", "Warehouse"))


def _quantities(company: Company, options: ExactOptions, sent: list[Row], found: list[Row]) -> list[Decimal]:
    """Received quantity of each line; an omitted one is all that is open."""
    taken: dict[str, Decimal] = {}
    quantities: list[Decimal] = []
    findings: list[tuple[str, str]] = []
    for line, order_line in zip(sent, found, strict=True):
        item = company.get("logistics/Items", order_line["Item"])
        if item is None or not item.get("IsStockItem"):
            findings.append(("invalid", "Item"))
        left = (
            order_line["QuantityInPurchaseUnits"]
            - order_line["ReceivedQuantity"]
            - taken.get(order_line["ID"], Decimal(0))
        )
        quantity = line.get("QuantityReceived")
        quantity = left if quantity is None else quantity
        if quantity <= 0:
            findings.append(("invalid", "Quantity"))
        elif quantity > left and not options.allow_over_receipt:
            findings.append(("over_receipt", f"{order_line['ItemCode']}"))
        taken[order_line["ID"]] = taken.get(order_line["ID"], Decimal(0)) + quantity
        quantities.append(quantity)
    refuse(findings)
    return quantities


def _receipt_line(header: Row, sent: Row, line: Row, order: Row, number: int, quantity: Decimal) -> Row:
    return {
        **sent,
        "GoodsReceiptID": header["ID"],
        "LineNumber": number,
        "Item": line["Item"],
        "ItemCode": line["ItemCode"],
        "ItemDescription": line["ItemDescription"],
        "ItemUnitCode": line["Unit"],
        "SupplierItemCode": line["SupplierItemCode"],
        "Description": sent.get("Description") or line["Description"],
        "PurchaseOrderID": order["PurchaseOrderID"],
        "PurchaseOrderNumber": order["OrderNumber"],
        "QuantityOrdered": line["QuantityInPurchaseUnits"],
        "QuantityReceived": quantity,
    }


def create_return(company: Company, options: ExactOptions, values: Row, lines: list[Row]) -> Row:
    """Send goods back: lowers what was received on the order lines."""
    open_period(options, values["ReturnDate"])
    received = [_receipt_of(company, line) for line in lines]
    orders = [_order_line(company, line["PurchaseOrderLineID"]) for line in lines]
    for line, order_line in zip(lines, orders, strict=True):
        if not 0 < line["ReturnQuantity"] <= order_line["ReceivedQuantity"]:
            raise BusinessError(("invalid", "Quantity"))
    receipt = company.get(RECEIPTS, received[0]["GoodsReceiptID"]) or {}
    header = {
        **values,
        "ID": company.new_guid(),
        "ReturnNumber": company.next_number("return", 501),
        "Status": 20,
        **{name: receipt.get(name) for name in ("Supplier", "Warehouse", "WarehouseCode")},
        "WarehouseDescription": receipt.get("WarehouseDescription"),
    }
    company.add(RETURNS, header)
    for number, (sent, line, got) in enumerate(zip(lines, orders, received, strict=True), 1):
        order = header_of(company, line)
        company.add(
            RETURN_LINES,
            {
                **sent,
                "EntryID": header["ID"],
                "LineNumber": number,
                "Item": line["Item"],
                "ItemCode": line["ItemCode"],
                "ItemDescription": line["ItemDescription"],
                "PurchaseOrderNumber": order["OrderNumber"],
                "ReceiptNumber": receipt.get("ReceiptNumber"),
                "ReceivedQuantity": got["QuantityReceived"],
                "SupplierItemCode": line["SupplierItemCode"],
                "UnitCode": line["Unit"],
            },
        )
        add_quantity(company, line, "ReceivedQuantity", -sent["ReturnQuantity"])
        _move_stock(company, line["Item"], order["Warehouse"], -sent["ReturnQuantity"])
        order_changed(company, order)
    return header


def _receipt_of(company: Company, line: Row) -> Row:
    found = company.get(RECEIPT_LINES, line["GoodsReceiptLineID"])
    if found is None or found["PurchaseOrderLineID"] != line["PurchaseOrderLineID"]:
        raise BusinessError(("invalid_reference", "Goods receipt line"))
    return found


def _move_stock(company: Company, item: str, warehouse: str, quantity: Decimal) -> None:
    place = (item, warehouse)
    company.stock[place] = company.stock.get(place, Decimal(0)) + quantity
    row = company.get("logistics/Items", item)
    if row is not None:
        row["Stock"] = (row.get("Stock") or Decimal(0)) + quantity


def _entry_number(company: Company, journal: int, year: int) -> int:
    return int(f"{year % 100:02d}{journal:02d}{company.next_number(f'entry {journal} {year}', 1):04d}")
