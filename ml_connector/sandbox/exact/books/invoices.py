"""Purchase invoices matched to order lines (exact-online 10.3 a). Each books a purchase entry with its number."""

from datetime import timedelta
from decimal import Decimal

from ml_connector.sandbox.exact.books.checks import (
    cents,
    open_period,
    purchase_journal,
    rate_of,
    split_vat,
    supplier_of,
)
from ml_connector.sandbox.exact.books.entries import (
    ENTRIES,
    create_entry,
    delete_entry,
    next_entry_number,
)
from ml_connector.sandbox.exact.books.orders import CANCELLED, LINES, add_quantity, header_of, order_changed
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.exact.wire.company import Company
from ml_connector.sandbox.exact.wire.errors import BusinessError
from ml_connector.sandbox.exact.wire.wire import Row, day_ms, day_of

INVOICES = "purchase/PurchaseInvoices"
INVOICE_LINES = "purchase/PurchaseInvoiceLines"

DIRECT, DIRECT_CREDIT, INVOICE, CREDIT = 8030, 8031, 8033, 8034
DRAFT, OPEN, PROCESSED = 10, 20, 50
BY_WEB_SERVICE = 5
_FALLBACK_ACCOUNT = "4000"


def create_invoice(company: Company, options: ExactOptions, values: Row, lines: list[Row]) -> Row:
    """Book an invoice or credit note. A credit's lines may be sent positive or negative: it always lowers what
    was invoiced. The same YourRef of a supplier is accepted twice, as over REST no refusal was seen (10.3).
    """
    kind = values["Type"]
    if kind not in {DIRECT, DIRECT_CREDIT, INVOICE, CREDIT}:
        raise BusinessError(("invalid", "Type"))
    if kind in {DIRECT, DIRECT_CREDIT} and not values.get("Warehouse"):
        raise BusinessError(("mandatory", "Warehouse"))
    journal = purchase_journal(company, values["Journal"])
    supplier = supplier_of(company, values["Supplier"])
    day = values.get("InvoiceDate") or day_ms(day_of(company.now_ms()))
    year, period = open_period(options, day)
    currency = values.get("Currency") or supplier.get("PurchaseCurrency") or company.currency
    rate = rate_of(options, currency, values.get("ExchangeRate"))
    credit = kind in {DIRECT_CREDIT, CREDIT}
    made = [_line(company, line, at, supplier, rate) for at, line in enumerate(lines, 1)]
    net = sum((line["Amount"] for line in made), Decimal(0))
    tax = sum((line["VATAmount"] for line in made), Decimal(0))
    # A credit is booked negative, however its lines were signed.
    sign = -1 if credit and net + tax > 0 else 1
    number = next_entry_number(company, journal["Code"], year)
    entry = create_entry(
        company,
        options,
        _entry_values(values, day, currency, rate),
        [_entry_line(company, line, sign) for line in made],
        number=number,
    )
    header = {
        **values,
        "ID": company.new_guid(),
        "Journal": journal["Code"],
        "InvoiceDate": day,
        "Currency": currency,
        "ExchangeRate": rate,
        "EntryNumber": number,
        "FinancialYear": values.get("FinancialYear") or year,
        "FinancialPeriod": values.get("FinancialPeriod") or period,
        "PaymentCondition": entry.get("PaymentCondition"),
        "DueDate": entry.get("DueDate") or day + int(timedelta(days=30).total_seconds() * 1000),
        "AmountFCExclVat": net,
        "VATAmount": tax,
        "Amount": net + tax,
        "AmountDC": cents((net + tax) * rate),
        "Source": BY_WEB_SERVICE,
        "Status": OPEN,
        "Document": values.get("Document"),
    }
    company.add(INVOICES, header)
    for line in made:
        line |= {"InvoiceID": header["ID"], "InvoiceType": kind, "Currency": currency}
        company.add(INVOICE_LINES, line)
    _count_on_orders(company, made, credit=credit, undo=False)
    return header


def _line(company: Company, sent: Row, number: int, supplier: Row, rate: Decimal) -> Row:
    order_line = company.get(LINES, sent.get("PurchaseOrderLine"))
    key = order_line["Item"] if order_line else sent.get("Item")
    item = company.get("logistics/Items", key)
    if item is None:
        raise BusinessError(("mandatory", "Item"))
    if sent.get("Item") not in (None, key):
        raise BusinessError(("invalid_reference", "Item"))
    line = dict(sent)
    if order_line is not None:
        _check_order(company, order_line, supplier)
        _copy_from_order(line, order_line)
    quantity = line.get("Quantity")
    line["Quantity"] = quantity = Decimal(1) if quantity is None else quantity
    price = line.get("NetPrice") if line.get("NetPrice") is not None else line.get("UnitPrice")
    vat_code = line.get("VATCode") or supplier.get("PurchaseVATCode")
    vat = company.by_code("vat/VATCodes", vat_code) if vat_code else None
    amount = line.get("Amount")
    if amount is None:
        amount = cents(quantity * (price or Decimal(0)))
    net, tax = split_vat(vat, amount, line.get("VATAmount"))
    unit_price = price if price is not None else (net / quantity if quantity else Decimal(0))
    line |= {
        "LineNumber": number,
        "Item": item["ID"],
        "ItemUnit": item.get("Unit"),
        "Unit": item.get("Unit"),
        "Description": line.get("Description") or item["Description"],
        "VATCode": vat_code,
        "VATPercentage": vat["Percentage"] if vat else None,
        "Amount": net,  # read back without VAT always (exact-online 10.3)
        "AmountDC": cents(net * rate),
        "VATAmount": tax,
        "NetPrice": unit_price,
        "UnitPrice": line.get("UnitPrice") if line.get("UnitPrice") is not None else unit_price,
        "QuantityInDefaultUnits": quantity,
    }
    return line


def _check_order(company: Company, order_line: Row, supplier: Row) -> None:
    header = header_of(company, order_line)
    if header["Supplier"] != supplier["ID"]:
        raise BusinessError(("invalid_reference", "Purchase order"))
    if header["OrderStatus"] == CANCELLED:
        raise BusinessError(("invalid", "Purchase order"))


def _copy_from_order(line: Row, order_line: Row) -> None:
    """What an order line gives its invoice line where nothing was sent: quantity, price, codes."""
    if line.get("Quantity") is None:
        line["Quantity"] = order_line["QuantityInPurchaseUnits"] - order_line["InvoicedQuantity"]
    if line.get("Amount") is None and line.get("NetPrice") is None:
        line["NetPrice"] = order_line["NetPrice"]
    for name in ("VATCode", "CostCenter", "CostUnit", "Description"):
        if line.get(name) is None:
            line[name] = order_line.get(name)


def _entry_values(values: Row, day: int, currency: str, rate: Decimal) -> Row:
    kept = {
        name: values[name]
        for name in ("Journal", "Supplier", "YourRef", "Description", "Document", "DueDate", "PaymentCondition")
        if values.get(name) is not None
    }
    return {
        **kept,
        "PaymentReference": values.get("PaymentReference"),
        "EntryDate": day,
        "Currency": currency,
        "Rate": rate,
    }


def _entry_line(company: Company, line: Row, sign: int) -> Row:
    """The booking of a line: the account comes from the item (exact-online 10.3)."""
    item = company.get("logistics/Items", line["Item"]) or {}
    account = item.get("GLCosts")
    if account is None:
        fallback = company.by_code("financial/GLAccounts", _FALLBACK_ACCOUNT)
        account = fallback["ID"] if fallback else None
    if account is None:
        raise BusinessError(("mandatory", "G/L account"))
    including = company.by_code("vat/VATCodes", line["VATCode"]) if line.get("VATCode") else None
    amount, tax = sign * line["Amount"], sign * line["VATAmount"]
    if including is not None and including.get("Type") == "I":
        amount += tax  # the entry splits it off again
    return {
        "GLAccount": account,
        "AmountFC": amount,
        "VATAmountFC": tax,
        "VATCode": line.get("VATCode"),
        "CostCenter": line.get("CostCenter"),
        "CostUnit": line.get("CostUnit"),
        "Description": line.get("Description"),
        "Quantity": line["Quantity"],
    }


def _count_on_orders(company: Company, lines: list[Row], *, credit: bool, undo: bool) -> None:
    touched: dict[str, Row] = {}
    for line in lines:
        order_line = company.get(LINES, line.get("PurchaseOrderLine"))
        if order_line is None:
            continue
        quantity = -abs(line["Quantity"]) if credit else line["Quantity"]
        add_quantity(company, order_line, "InvoicedQuantity", -quantity if undo else quantity)
        header = header_of(company, order_line)
        touched[header["PurchaseOrderID"]] = header
    for header in touched.values():
        order_changed(company, header)


def _entry_of(company: Company, header: Row) -> Row | None:
    rows = company.table(ENTRIES).where("EntryNumber", header["EntryNumber"])
    return next((row for row in rows if row["Journal"] == header["Journal"]), None)


def change_invoice(company: Company, header: Row, values: Row) -> None:
    if header["Status"] == PROCESSED:
        raise BusinessError(("processed", str(header["EntryNumber"])))
    fixed = {"Journal", "Supplier", "Type"}
    header.update({name: value for name, value in values.items() if name not in fixed})
    company.change(INVOICES, header)


def delete_invoice(company: Company, header: Row) -> None:
    """Only open ones; the booking goes too and the order lines are not invoiced any more."""
    if header["Status"] == PROCESSED:
        raise BusinessError(("processed", str(header["EntryNumber"])))
    lines = company.lines(INVOICES, header)
    entry = _entry_of(company, header)
    if entry is not None:
        delete_entry(company, entry)
    _count_on_orders(company, lines, credit=header["Type"] in {DIRECT_CREDIT, CREDIT}, undo=True)
    for line in lines:
        company.drop(INVOICE_LINES, line)
    company.drop(INVOICES, header)
