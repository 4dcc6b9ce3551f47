"""Purchase entries: the AP booking, its open item and its document (exact-online 10.3 b)."""

from datetime import timedelta
from decimal import Decimal

from ml_connector.sandbox.exact.books.checks import (
    cents,
    dimension_findings,
    open_period,
    purchase_journal,
    rate_of,
    refuse,
    split_vat,
    supplier_of,
)
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.exact.wire.company import Company
from ml_connector.sandbox.exact.wire.errors import BusinessError
from ml_connector.sandbox.exact.wire.wire import Row, day_ms, day_of

ENTRIES = "purchaseentry/PurchaseEntries"
ENTRY_LINES = "purchaseentry/PurchaseEntryLines"
PAYMENTS = "cashflow/Payments"
DOCUMENTS = "documents/Documents"
INVOICE_DOCUMENT = 20

ENTRY, CREDIT = 30, 31
OPEN, PROCESSED = 20, 50
_TYPES = {ENTRY: "Purchase entry", CREDIT: "Purchase credit note"}
_STATUSES = {5: "Rejected", OPEN: "Open", PROCESSED: "Processed"}


def create_entry(
    company: Company,
    options: ExactOptions,
    values: Row,
    lines: list[Row],
    *,
    number: int | None = None,
) -> Row:
    """Book an invoice or credit note on GL accounts. `number` is given when an invoice has taken it already."""
    journal = purchase_journal(company, values["Journal"])
    supplier = supplier_of(company, values["Supplier"])
    day = values.get("EntryDate") or day_ms(day_of(company.now_ms()))
    year, period = open_period(options, day)
    currency = values.get("Currency") or journal.get("Currency") or company.currency
    rate = rate_of(options, currency, values.get("Rate"))
    if options.refuse_duplicate_your_ref and _known_reference(company, supplier, values.get("YourRef")):
        raise BusinessError(("exists", "Your reference"))
    made = [_line(company, line, at, rate) for at, line in enumerate(lines, 1)]
    findings = [finding for line in made for finding in _account_findings(company, line, day)]
    refuse(findings)
    total = sum((line["AmountFC"] + line["VATAmountFC"] for line in made), Decimal(0))
    condition = company.by_code(
        "cashflow/PaymentConditions",
        values.get("PaymentCondition") or supplier.get("PaymentConditionPurchase") or "30",
    )
    number = number or values.get("EntryNumber") or next_entry_number(company, journal["Code"], year)
    header: Row = {
        **values,
        "EntryID": company.new_guid(),
        "Journal": journal["Code"],
        "JournalDescription": journal["Description"],
        "SupplierName": supplier["Name"],
        "EntryDate": day,
        "EntryNumber": number,
        "InvoiceNumber": values.get("InvoiceNumber") or number,
        "Currency": currency,
        "Rate": rate,
        "ReportingYear": values.get("ReportingYear") or year,
        "ReportingPeriod": values.get("ReportingPeriod") or period,
        "Status": OPEN,
        "StatusDescription": _STATUSES[OPEN],
        "Type": ENTRY if total >= 0 else CREDIT,
        "TypeDescription": _TYPES[ENTRY if total >= 0 else CREDIT],
        # Credited to accounts payable: negative for an invoice (exact-online 10.3).
        "AmountFC": -total,
        "AmountDC": -cents(total * rate),
        "VATAmountFC": sum((line["VATAmountFC"] for line in made), Decimal(0)),
        "VATAmountDC": sum((line["VATAmountDC"] for line in made), Decimal(0)),
        "BatchNumber": values.get("BatchNumber") or 0,
        "ProcessNumber": 0,
        "Reversal": False,
    }
    if condition is not None:
        header |= _terms(condition, day, values.get("DueDate"))
    _attach_document(company, options, header, supplier)
    company.add(ENTRIES, header)
    for line in made:
        line["EntryID"] = header["EntryID"]
        company.add(ENTRY_LINES, line)
    _open_item(company, header, supplier)
    return header


def _known_reference(company: Company, supplier: Row, reference: str | None) -> bool:
    rows = company.table(ENTRIES).where("YourRef", reference) if reference else []
    return any(row["Supplier"] == supplier["ID"] for row in rows)


def next_entry_number(company: Company, journal: str, year: int) -> int:
    """YYJJ#### (exact-online 10.3)."""
    digits = journal.strip() if journal.strip().isdigit() else "99"
    at = company.next_number(f"entry {journal} {year}", 1)
    return int(f"{year % 100:02d}{int(digits):02d}{at:04d}")


def _line(company: Company, sent: Row, number: int, rate: Decimal) -> Row:
    account = company.get("financial/GLAccounts", sent["GLAccount"]) or {}
    vat = company.by_code("vat/VATCodes", sent["VATCode"]) if sent.get("VATCode") else None
    # Without AmountFC the line books 0: AmountDC is read-only and was dropped (exact-online 4.7).
    amount, tax = split_vat(vat, sent.get("AmountFC") or Decimal(0), sent.get("VATAmountFC"))
    line: Row = {
        **sent,
        "LineNumber": number,
        "AmountFC": amount,
        "AmountDC": cents(amount * rate),
        "VATAmountFC": tax,
        "VATAmountDC": cents(tax * rate),
        "VATBaseAmountFC": sent.get("VATBaseAmountFC") or amount,
        "VATPercentage": vat["Percentage"] if vat else None,
        "VATCodeDescription": vat["Description"] if vat else None,
        "GLAccountCode": account.get("Code"),
        "GLAccountDescription": account.get("Description"),
        "Quantity": sent.get("Quantity") or Decimal(0),
        "Type": ENTRY if amount >= 0 else CREDIT,
    }
    line["VATBaseAmountDC"] = cents(line["VATBaseAmountFC"] * rate)
    for field, path in (("CostCenter", "hrm/Costcenters"), ("CostUnit", "hrm/Costunits")):
        found = company.by_code(path, line[field]) if line.get(field) else None
        line[f"{field}Description"] = found["Description"] if found else None
    return line


def _account_findings(company: Company, line: Row, day: int) -> list[tuple[str, str]]:
    account = company.get("financial/GLAccounts", line["GLAccount"])
    return dimension_findings(company, account, line.get("CostCenter"), line.get("CostUnit"), day)


def _terms(condition: Row, day: int, due: int | None) -> Row:
    days = condition.get("PaymentDays") or 0
    later = int(timedelta(days=days).total_seconds() * 1000)
    return {
        "PaymentCondition": condition["Code"],
        "PaymentConditionDescription": condition["Description"],
        "PaymentConditionPaymentMethod": condition.get("PaymentMethod") or "B",
        "DueDate": day + later if due is None else due,
    }


def _attach_document(company: Company, options: ExactOptions, header: Row, supplier: Row) -> None:
    """The document given, or one made for the entry as the real one does (exact-online 10.3)."""
    document = company.get(DOCUMENTS, header.get("Document"))
    if document is None and options.document_per_entry:
        subject = f"{supplier['Name']} {header.get('YourRef') or header['EntryNumber']}"
        document = create_document(company, {"Subject": subject, "Type": INVOICE_DOCUMENT, "Account": supplier["ID"]})
    if document is not None:
        header["Document"] = document["ID"]
        header["DocumentNumber"] = document["HID"]
        header["DocumentSubject"] = document["Subject"]
        document["FinancialTransactionEntryID"] = header["EntryID"]


def create_document(company: Company, values: Row) -> Row:
    account = company.get("crm/Accounts", values.get("Account")) or {}
    return company.add(
        DOCUMENTS,
        {
            **values,
            "HID": values.get("HID") or company.next_number("document", 1),
            "AccountCode": account.get("Code"),
            "AccountName": account.get("Name"),
            "DocumentDate": values.get("DocumentDate") or day_ms(day_of(company.now_ms())),
            "TypeDescription": "Purchase invoice" if values["Type"] == INVOICE_DOCUMENT else None,
            "HasEmptyBody": not values.get("Body"),
        },
    )


def _open_item(company: Company, header: Row, supplier: Row) -> None:
    company.add(
        PAYMENTS,
        {
            "Account": supplier["ID"],
            "AccountCode": supplier["Code"],
            "AccountName": supplier["Name"],
            "AmountDC": header["AmountDC"],
            "AmountFC": header["AmountFC"],
            "Currency": header["Currency"],
            "Description": header.get("Description"),
            "Document": header.get("Document"),
            "DueDate": header.get("DueDate"),
            "EntryDate": header["EntryDate"],
            "EntryNumber": header["EntryNumber"],
            "GLAccount": supplier.get("GLAP"),
            "InvoiceDate": header["EntryDate"],
            "InvoiceNumber": header["InvoiceNumber"],
            "Journal": header["Journal"],
            "JournalDescription": header["JournalDescription"],
            "PaymentCondition": header.get("PaymentCondition"),
            "PaymentMethod": header.get("PaymentConditionPaymentMethod"),
            "PaymentReference": header.get("PaymentReference"),
            "RateFC": header["Rate"],
            "Source": 0,
            "Status": 20,
            "TransactionAmountDC": header["AmountDC"],
            "TransactionAmountFC": header["AmountFC"],
            "TransactionDueDate": header.get("DueDate"),
            "TransactionEntryID": header["EntryID"],
            "TransactionReportingPeriod": header["ReportingPeriod"],
            "TransactionReportingYear": header["ReportingYear"],
            "TransactionStatus": header["Status"],
            "TransactionType": header["Type"],
            "YourRef": header.get("YourRef"),
        },
    )


def change_entry(company: Company, header: Row, values: Row) -> None:
    if header["Status"] == PROCESSED:
        raise BusinessError(("processed", str(header["EntryNumber"])))
    header.update({name: value for name, value in values.items() if name not in {"Journal", "Supplier"}})
    company.change(ENTRIES, header)


def delete_entry(company: Company, header: Row) -> None:
    """Only open entries; lines and the open item go with it."""
    if header["Status"] == PROCESSED:
        raise BusinessError(("processed", str(header["EntryNumber"])))
    for line in company.lines(ENTRIES, header):
        company.drop(ENTRY_LINES, line)
    for payment in company.table(PAYMENTS).where("TransactionEntryID", header["EntryID"]):
        company.drop(PAYMENTS, payment)
    company.drop(ENTRIES, header)


def recount(company: Company, header: Row) -> None:
    """Totals after a change of lines."""
    lines = company.lines(ENTRIES, header)
    total = sum((line["AmountFC"] + line["VATAmountFC"] for line in lines), Decimal(0))
    header["AmountFC"], header["AmountDC"] = -total, -cents(total * header["Rate"])
    header["Type"] = ENTRY if total >= 0 else CREDIT
    header["TypeDescription"] = _TYPES[header["Type"]]
    company.change(ENTRIES, header)


def set_line(company: Company, header: Row, sent: Row, line: Row | None) -> Row:
    """Add (`line` None) or change one line of an open entry, then the totals."""
    if header["Status"] == PROCESSED:
        raise BusinessError(("processed", str(header["EntryNumber"])))
    number = line["LineNumber"] if line else len(company.lines(ENTRIES, header)) + 1
    base = {name: value for name, value in (line or {}).items() if name != "VATAmountFC" or "AmountFC" not in sent}
    made = _line(company, {**base, **sent}, number, header["Rate"])
    made["EntryID"] = header["EntryID"]
    refuse(_account_findings(company, made, header["EntryDate"]))
    if line is None:
        company.add(ENTRY_LINES, made)
    else:
        line.update(made)
        company.change(ENTRY_LINES, line)
    recount(company, header)
    return made
