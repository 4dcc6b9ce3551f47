"""POST, PUT and DELETE of entities: parsing, checks, and the rules of each kind (exact-online 4.7)."""

import base64
import binascii
import hashlib
from collections.abc import Callable
from decimal import Decimal

from ml_connector.sandbox.exact.books import entries, invoices, matching, orders, receipts
from ml_connector.sandbox.exact.books.checks import (
    cents,
    check_change,
    check_new,
    dimension_findings,
    open_period,
    parse_body,
    rate_of,
    refuse,
)
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.exact.wire.company import LINES as LINE_ENTITIES
from ml_connector.sandbox.exact.wire.company import Company
from ml_connector.sandbox.exact.wire.entities import CHILDREN, Entity
from ml_connector.sandbox.exact.wire.errors import ApiError, BusinessError, bad_stream, bad_value
from ml_connector.sandbox.exact.wire.wire import Row, day_ms, day_of

Lines = list[Row]
Create = Callable[[Company, ExactOptions, Row, Lines], Row]
Change = Callable[[Company, Row, Row], None]
Delete = Callable[[Company, Row], None]

_UNIQUE_CODES = frozenset(
    {
        "crm/Accounts",
        "financial/GLAccounts",
        "financial/Journals",
        "hrm/Costcenters",
        "hrm/Costunits",
        "logistics/Items",
        "vat/VATCodes",
        "cashflow/PaymentConditions",
        "inventory/Warehouses",
    }
)
_STATUSES = {20: "Open", 50: "Processed"}


def create(company: Company, options: ExactOptions, entity: Entity, body: Row) -> Row:
    """Add a row with its lines from a request body. Raises ApiError, then nothing was kept."""
    if entity.inside is not None or "POST" not in entity.verbs:
        raise ApiError(405, "Method not allowed.")
    values, lines = parse_body(entity, body)
    check_new(company, entity, values, lines)
    rows = next(iter(lines.values()), [])
    special = _CREATE.get(entity.path)
    if special is not None:
        return special(company, options, values, rows)
    if entity.path in LINE_ENTITIES and entity.path not in {"crm/BankAccounts", "purchaseentry/PurchaseEntryLines"}:
        raise ApiError(405, "Method not allowed.")
    if entity.path in _UNIQUE_CODES:
        _check_code(company, entity, values)
    return company.add(entity.path, values)


def change(company: Company, entity: Entity, key: str, body: Row) -> Row:
    """Apply a partial update; fields not sent keep their value. Raises ApiError."""
    if "PUT" not in entity.verbs:
        raise ApiError(405, "Method not allowed.")
    row = company.get(entity.path, key)
    if row is None:
        raise ApiError(404, "Not Found")
    values, lines = parse_body(entity, body)
    if lines:
        raise bad_stream()  # lines are changed one by one
    check_change(company, entity, values)
    values.pop(entity.key, None)
    special = _CHANGE.get(entity.path)
    if special is not None:
        # What amounts are computed from cannot be emptied: a null leaves it as it is.
        special(company, row, {name: v for name, v in values.items() if v is not None or _may_be_empty(entity, name)})
    else:
        if entity.path in _UNIQUE_CODES and values.get("Code") not in (None, row.get("Code")):
            _check_code(company, entity, values)
        row.update(values)
        company.change(entity.path, row)
    return row


def delete(company: Company, entity: Entity, key: str) -> None:
    """Delete a row. An unknown guid is a 403, not a 404 (exact-online 6)."""
    if "DELETE" not in entity.verbs:
        raise ApiError(405, "Method not allowed.")
    row = company.get(entity.path, key)
    if row is None:
        raise ApiError(403, "Forbidden", reason="NoAccess")
    special = _DELETE.get(entity.path)
    if special is not None:
        special(company, row)
        return
    for name, (path, header) in CHILDREN.items():
        if name.startswith(entity.path + "."):
            for line in company.table(path).where(header, key):
                company.drop(path, line)
    company.drop(entity.path, row)


def _may_be_empty(entity: Entity, name: str) -> bool:
    return entity.fields[name].type == "String" and name not in {"Currency", "Journal", "PaymentCondition"}


def _check_code(company: Company, entity: Entity, values: Row) -> None:
    code = values.get("Code")
    if code and company.by_code(entity.path, code) is not None:
        raise BusinessError(("exists", "Code"))


def _account(company: Company, _: ExactOptions, values: Row, __: Lines) -> Row:
    if not (values.get("Code") or "").strip():
        values["Code"] = str(company.next_number("account", 90001)).rjust(18)
    elif company.by_code("crm/Accounts", values["Code"]) is not None:
        raise BusinessError(("exists", "Code"))
    values.setdefault("Status", "A")
    values["IsPurchase"] = bool(values.get("IsSupplier"))
    return company.add("crm/Accounts", values)


def _document(company: Company, _: ExactOptions, values: Row, __: Lines) -> Row:
    return entries.create_document(company, values)


def _attachment(company: Company, _: ExactOptions, values: Row, __: Lines) -> Row:
    """The content is write-only; it can be had at its Url (`http.special.attachment`)."""
    try:
        content = base64.b64decode(values.pop("Attachment"), validate=True)
    except (binascii.Error, ValueError):
        raise bad_value("Attachment", "Binary") from None
    if not content:
        raise BusinessError(("mandatory", "Attachment"))
    key = company.new_guid()
    values |= {
        "ID": key,
        "FileSize": Decimal(len(content)),
        "Url": f"https://start.exactonline.nl/docs/SysAttachment.aspx?ID={key}",
        "_sha256": hashlib.sha256(content).hexdigest(),
        "_content": base64.b64encode(content).decode(),
    }
    return company.add("documents/DocumentAttachments", values)


def book_bank_entry(company: Company, options: ExactOptions, values: Row, lines: Lines) -> Row:
    """A bank entry with its lines. Raises BusinessError."""
    journal = company.by_code("financial/Journals", values["JournalCode"])
    if journal is None or journal.get("Type") not in {10, 12}:
        raise BusinessError(("invalid_reference", "Journal"))
    path = "financialtransaction/BankEntries"
    header = _ledger_entry(company, options, path, journal, values, lines)
    total = sum((line["AmountFC"] for line in lines), Decimal(0))
    opening = values.get("OpeningBalanceFC") or Decimal(0)
    closing = values.get("ClosingBalanceFC")
    header |= {"OpeningBalanceFC": opening, "ClosingBalanceFC": opening + total if closing is None else closing}
    return header


def _general_entry(company: Company, options: ExactOptions, values: Row, lines: Lines) -> Row:
    journal = company.by_code("financial/Journals", values["JournalCode"])
    if journal is None or journal.get("Type") != 90:
        raise BusinessError(("invalid_reference", "Journal"))
    if sum((line.get("AmountFC") or Decimal(0) for line in lines), Decimal(0)) != 0:
        raise BusinessError(("not_balanced", ""))
    path = "generaljournalentry/GeneralJournalEntries"
    values |= {"Type": 90, "TypeDescription": "General journal entry"}
    return _ledger_entry(company, options, path, journal, values, lines)


def _ledger_entry(company: Company, options: ExactOptions, path: str, journal: Row, values: Row, lines: Lines) -> Row:
    today = day_ms(day_of(company.now_ms()))
    findings: list[tuple[str, str]] = []
    for line in lines:
        day = line.setdefault("Date", today) or today
        account = company.get("financial/GLAccounts", line["GLAccount"])
        findings += dimension_findings(company, account, line.get("CostCenter"), line.get("CostUnit"), day)
    refuse(findings)
    year, period = open_period(options, lines[0]["Date"])
    currency = values.get("Currency") or journal.get("Currency") or company.currency
    rate = rate_of(options, currency, values.get("ExchangeRate"))
    header = {
        **values,
        "EntryID": company.new_guid(),
        "EntryNumber": values.get("EntryNumber") or entries.next_entry_number(company, journal["Code"], year),
        "JournalDescription": journal["Description"],
        "Currency": currency,
        "FinancialYear": values.get("FinancialYear") or year,
        "FinancialPeriod": values.get("FinancialPeriod") or period,
        "Status": 20,
        "StatusDescription": _STATUSES[20],
    }
    company.add(path, header)
    child = next(lines_path for name, (lines_path, _) in CHILDREN.items() if name.startswith(path + "."))
    for number, line in enumerate(lines, 1):
        account = company.get("financial/GLAccounts", line["GLAccount"]) or {}
        relation = company.get("crm/Accounts", line.get("Account")) or {}
        amount = line.get("AmountFC") or Decimal(0)
        company.add(
            child,
            {
                **line,
                "EntryID": header["EntryID"],
                "EntryNumber": header["EntryNumber"],
                "LineNumber": number,
                "AmountFC": amount,
                "AmountDC": cents(amount * (line.get("ExchangeRate") or rate)),
                "GLAccountCode": account.get("Code"),
                "GLAccountDescription": account.get("Description"),
                "AccountCode": relation.get("Code"),
                "AccountName": relation.get("Name"),
            },
        )
    matching.match(company, lines)
    return header


def _delete_ledger_entry(company: Company, path: str, row: Row) -> None:
    """What it paid is open again."""
    lines = company.lines(path, row)
    child = next(lines_path for name, (lines_path, _) in CHILDREN.items() if name.startswith(path + "."))
    for line in lines:
        company.drop(child, line)
    company.drop(path, row)
    matching.match(company, lines)


def _process_payments(company: Company, _: ExactOptions, values: Row, __: Lines) -> Row:
    """Takes open items into a bank export: status 40 (exact-online 10.5)."""
    found = [company.get("cashflow/Payments", key) for key in values["PaymentIDs"]]
    if any(row is None or row.get("Status") != 20 for row in found):
        raise BusinessError(("invalid_reference", "Payment"))
    for row in found:
        if row is not None:
            row["Status"] = 40
            company.change("cashflow/Payments", row)
    key = company.new_guid()
    return {
        **values,
        "ID": key,
        "Division": company.code,
        "BankExportDocumentsUrl": f"https://start.exactonline.nl/docs/BankExport.aspx?ID={key}",
        "ErrorMessage": None,
        "SuccessMessage": f"{len(found)} payments processed",
    }


def _order(company: Company, options: ExactOptions, values: Row, lines: Lines) -> Row:
    return orders.create_order(company, options, values, lines)


def _entry(company: Company, options: ExactOptions, values: Row, lines: Lines) -> Row:
    return entries.create_entry(company, options, values, lines)


def _entry_line(company: Company, _: ExactOptions, values: Row, __: Lines) -> Row:
    header = company.get(entries.ENTRIES, values["EntryID"])
    if header is None:
        raise BusinessError(("invalid_reference", "EntryID"))
    return entries.set_line(company, header, values, None)


def _change_entry_line(company: Company, line: Row, values: Row) -> None:
    header = company.get(entries.ENTRIES, line["EntryID"])
    if header is None:
        raise ApiError(404, "Not Found")
    entries.set_line(company, header, values, line)


def _delete_entry_line(company: Company, line: Row) -> None:
    header = company.get(entries.ENTRIES, line["EntryID"])
    company.drop(entries.ENTRY_LINES, line)
    if header is not None:
        entries.recount(company, header)


def _delete_account(company: Company, row: Row) -> None:
    if company.table(orders.ORDERS).equal("Supplier", row["ID"]) or company.table(entries.ENTRIES).equal(
        "Supplier", row["ID"]
    ):
        raise BusinessError(("in_use", "Relationship"))
    company.drop("crm/Accounts", row)


_CREATE: dict[str, Create] = {
    "crm/Accounts": _account,
    "documents/Documents": _document,
    "documents/DocumentAttachments": _attachment,
    "purchaseorder/PurchaseOrders": _order,
    "purchaseorder/GoodsReceipts": receipts.create_receipt,
    "purchaseorder/PurchaseReturns": receipts.create_return,
    "purchaseentry/PurchaseEntries": _entry,
    "purchaseentry/PurchaseEntryLines": _entry_line,
    "purchase/PurchaseInvoices": invoices.create_invoice,
    "financialtransaction/BankEntries": book_bank_entry,
    "generaljournalentry/GeneralJournalEntries": _general_entry,
    "cashflow/ProcessPayments": _process_payments,
}
_CHANGE: dict[str, Change] = {
    "purchaseorder/PurchaseOrders": orders.change_order,
    "purchaseorder/PurchaseOrderLines": orders.change_line,
    "purchaseentry/PurchaseEntries": entries.change_entry,
    "purchaseentry/PurchaseEntryLines": _change_entry_line,
    "purchase/PurchaseInvoices": invoices.change_invoice,
}
_DELETE: dict[str, Delete] = {
    "crm/Accounts": _delete_account,
    "purchaseorder/PurchaseOrders": orders.delete_order,
    "purchaseorder/PurchaseOrderLines": orders.delete_line,
    "purchaseentry/PurchaseEntries": entries.delete_entry,
    "purchaseentry/PurchaseEntryLines": _delete_entry_line,
    "purchase/PurchaseInvoices": invoices.delete_invoice,
    matching.BANK: lambda company, row: _delete_ledger_entry(company, matching.BANK, row),
    matching.JOURNAL: lambda company, row: _delete_ledger_entry(company, matching.JOURNAL, row),
}
