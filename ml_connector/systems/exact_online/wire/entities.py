"""What we write to Exact: the kinds of operations, their endpoints and keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ml_connector.errors import WeAreWrong
from ml_connector.flows.core.ports import StoredOperation, Written
from ml_connector.systems.exact_online.wire.client import Row
from ml_connector.systems.exact_online.wire.odata_literals import guid, is_guid, number, whole

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Writable:
    """A kind of operation. facts: field of the record -> name in the ledger's detail. lines: its collection."""

    kind: str
    endpoint: str
    key: str
    facts: Mapping[str, str] = field(default_factory=dict)
    lines: str = ""
    amount: str = ""


PURCHASE_INVOICE = Writable(
    "purchase_invoice",
    "purchase/PurchaseInvoices",
    "ID",
    {
        "EntryNumber": "entry_number",
        "Journal": "journal",
        "Amount": "amount",
        "Currency": "currency",
        "Status": "status",
    },
    "PurchaseInvoiceLines",
    "Amount",
)
PURCHASE_ENTRY = Writable(
    "purchase_entry",
    "purchaseentry/PurchaseEntries",
    "EntryID",
    {
        "EntryNumber": "entry_number",
        "Journal": "journal",
        "AmountFC": "amount",
        "Currency": "currency",
        "Status": "status",
    },
    "PurchaseEntryLines",
    "AmountFC",
)
GOODS_RECEIPT = Writable(
    "goods_receipt",
    "purchaseorder/GoodsReceipts",
    "ID",
    {"ReceiptNumber": "receipt_number", "EntryNumber": "entry_number"},
    "GoodsReceiptLines",
)
ORDER_LINE = Writable("purchase_order_line", "purchaseorder/PurchaseOrderLines", "ID", {"LineNumber": "line"})
ENTRY_LINE = Writable("purchase_entry_line", "purchaseentry/PurchaseEntryLines", "ID", {"LineNumber": "line"})
BANK_ENTRY = Writable(
    "bank_entry",
    "financialtransaction/BankEntries",
    "EntryID",
    {"EntryNumber": "entry_number", "JournalCode": "journal", "Currency": "currency", "Status": "status"},
    "BankEntryLines",
)
JOURNAL_ENTRY = Writable(
    "general_journal_entry",
    "generaljournalentry/GeneralJournalEntries",
    "EntryID",
    {"EntryNumber": "entry_number", "JournalCode": "journal", "Currency": "currency", "Status": "status"},
    "GeneralJournalEntryLines",
)
VENDOR = Writable("vendor", "crm/Accounts", "ID", {"Code": "vendor"})
BANK_ACCOUNT = Writable("bank_account", "crm/BankAccounts", "ID")
DOCUMENT = Writable("document", "documents/Documents", "ID", {"HID": "number"})
ATTACHMENT = Writable("document_attachment", "documents/DocumentAttachments", "ID", {"FileSize": "size"})

BY_KIND = {
    w.kind: w
    for w in (
        PURCHASE_INVOICE,
        PURCHASE_ENTRY,
        GOODS_RECEIPT,
        ORDER_LINE,
        ENTRY_LINE,
        BANK_ENTRY,
        JOURNAL_ENTRY,
        VENDOR,
        BANK_ACCOUNT,
        DOCUMENT,
        ATTACHMENT,
    )
}


def writable(operation: StoredOperation) -> Writable:
    """How this operation is written. Raises WeAreWrong for a kind that is not Exact's."""
    found = BY_KIND.get(operation.kind)
    if found is None:
        raise WeAreWrong(f"operation {operation.id} of kind {operation.kind!r} is none of Exact's")
    return found


def written(what: Writable, row: Row, **more: Any) -> Written:
    """What the ledger keeps of a record that is there.

    Raises:
        KeyError: the record has no id.
    """
    outside_id = guid(row[what.key])
    if not is_guid(outside_id):
        raise KeyError(what.key)
    facts = {name: _fact(row[source]) for source, name in what.facts.items() if row.get(source) is not None}
    return Written(outside_id, {**facts, **more})


def _fact(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def dropped_amounts(what: Writable, sent: Body, row: Row) -> str:
    """A warning when the record's total is not that of the lines sent; empty when it is, or nobody can tell.

    Exact ignores read-only fields in silence (exact-online 4.7), so that a wrong field name books zero.
    """
    if not what.amount or row.get(what.amount) is None:
        return ""
    lines = sent.get(what.lines) or []
    total = abs(sum((number(line.get(what.amount)) for line in lines), Decimal(0)))
    booked = abs(number(row[what.amount]))
    vat = abs(number(_first(row, "VATAmount", "VATAmountFC")))
    if min(abs(booked - vat - total), abs(booked - total)) <= Decimal("0.05") * (len(lines) + 1):
        return ""
    return f"Exact shows {booked} (VAT {vat}) where the lines sent come to {total}."


def _first(row: Row, *names: str) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


def entry_number(row: Row) -> str:
    """The number by which people know an entry."""
    found = whole(row.get("EntryNumber"))
    return str(found) if found is not None else ""
