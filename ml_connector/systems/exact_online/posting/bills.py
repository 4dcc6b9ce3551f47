"""Purchase invoices: how a bill becomes writes, and finding invoices that are there already (exact-online 10.3).

Exact cannot carry an order line link and a GL account on one line: a matched bill becomes a PurchaseInvoice, a
coded one a PurchaseEntry. Our key stands in brackets at the end of the description, which both have and keep.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ml_connector.documents.erp_postings import Bill, BillLine, BillMode
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.ports import Existing, Identity, PlannedOperation, StoredOperation, Written
from ml_connector.systems.exact_online.settings import ExactSettings
from ml_connector.systems.exact_online.wire.client import ExactClient, Row
from ml_connector.systems.exact_online.wire.entities import (
    ATTACHMENT,
    DOCUMENT,
    PURCHASE_ENTRY,
    PURCHASE_INVOICE,
    Writable,
    entry_number,
    written,
)
from ml_connector.systems.exact_online.wire.filters import all_of, any_of, equals, one_of_guids
from ml_connector.systems.exact_online.wire.odata_literals import (
    guid,
    guid_literal,
    is_guid,
    number,
    text_literal,
    to_json,
    whole,
)

INVOICE_TYPE = 8033
CREDIT_TYPE = 8034
DOCUMENT_TYPE_PURCHASE = 20
#: A file of this many bytes is just below 10 MB as base64 in JSON (exact-online 4.3).
MAX_ATTACHMENT = 7_000_000
_INT32 = 2_147_483_647
_KEY = re.compile(r"\[([A-Za-z0-9_-]{6,80})\]\s*\Z")

SELECT = {
    PURCHASE_INVOICE.kind: (
        "ID,Amount,Currency,Description,EntryNumber,Journal,Remarks,Source,Status,Supplier,Type,YourRef"
    ),
    PURCHASE_ENTRY.kind: "EntryID,AmountFC,Currency,Description,EntryNumber,Journal,Status,Supplier,Type,YourRef",
}


def with_key(text: str, key: str, length: int) -> str:
    """Text with our key at its end, the text shortened so that the key stays whole."""
    mark = f"[{key}]"
    shortened = text.strip()[: max(0, length - len(mark) - 1)].strip()
    return f"{shortened} {mark}".strip()


def key_in(*texts: Any) -> str:
    """Our key, from the first of these texts that ends with one; empty when none does."""
    found = (_KEY.search(text) for text in texts if isinstance(text, str))
    return next((match.group(1) for match in found if match), "")


class BillPlanner:
    """Bill -> the exact payloads. company: the division they are for. blob_size: bytes of a stored file, by hash."""

    def __init__(self, settings: ExactSettings, company: Callable[[], str], blob_size: Callable[[str], int]) -> None:
        self._settings = settings
        self._company = company
        self._blob_size = blob_size

    def plan(self, bill: Bill, key: str) -> list[PlannedOperation]:
        """The document for the original, the invoice that links it, and last the file itself.

        Raises:
            NeedsCorrection: the original is too large to be attached, or a line cannot be expressed.
        """
        matched = bill.mode is BillMode.MATCHED
        what = PURCHASE_INVOICE if matched else PURCHASE_ENTRY
        body = self._invoice(bill, key) if matched else self._entry(bill, key)
        if not (bill.attach_original and bill.attachment_sha256):
            return [self._operation(what, body)]
        self._check_size(bill)
        document = {
            "Subject": with_key(bill.number, key, self._settings.description_length),
            "Type": DOCUMENT_TYPE_PURCHASE,
            "Account": bill.vendor_id,
        }
        name = safe_file_name(bill.attachment_name or f"{bill.number}.x12")
        file = {"Document": "", "FileName": name, "Attachment": {"sha256": bill.attachment_sha256}}
        return [
            self._operation(DOCUMENT, document),
            self._operation(what, {**body, "Document": ""}, uses={"Document": 0}),
            self._operation(ATTACHMENT, file, uses={"Document": 0}),
        ]

    def _operation(
        self, what: Writable, body: Mapping[str, Any], uses: Mapping[str, int] | None = None
    ) -> PlannedOperation:
        target = f"{self._company()}/{what.endpoint}"
        return PlannedOperation(what.kind, target, to_json(body), uses or {})

    def _check_size(self, bill: Bill) -> None:
        size = self._blob_size(bill.attachment_sha256)
        if size > MAX_ATTACHMENT:
            raise NeedsCorrection(
                Reason.TOO_LARGE,
                f"The original of invoice {bill.number} has {size} bytes; Exact takes {MAX_ATTACHMENT} at most.",
                remedy="Turn attach_original off, or ask for smaller interchanges.",
                data={"size": size, "limit": MAX_ATTACHMENT},
            )

    def _invoice(self, bill: Bill, key: str) -> dict[str, Any]:
        """PurchaseInvoices 8033 or 8034: order lines and charge items."""
        vat = vat_to_state(bill)
        return {
            "Journal": self._settings.journal,
            "Supplier": bill.vendor_id,
            "Type": CREDIT_TYPE if bill.credit else INVOICE_TYPE,
            "InvoiceDate": bill.invoice_date,
            **({"DueDate": bill.due_date} if bill.due_date else {}),
            "Currency": bill.currency,
            "YourRef": bill.number,
            "PaymentReference": bill.number,
            "Description": with_key(bill.description, key, self._settings.description_length),
            "Remarks": with_key(_remarks(bill), key, 500),
            PURCHASE_INVOICE.lines: [self._invoice_line(bill, line, vat.get(i)) for i, line in enumerate(bill.lines)],
        }

    def _invoice_line(self, bill: Bill, line: BillLine, vat: Decimal | None) -> dict[str, Any]:
        if not line.order_line_id and not line.item_id:
            raise NeedsCorrection(
                Reason.NO_SUCH_ORDER_LINE,
                f"Line {line.number} of invoice {bill.number} has neither an order line nor an item.",
                remedy="Post this invoice in mode coded, or map the line to an item.",
                data={"line": line.number},
            )
        sign = self._settings.credit_factor if bill.credit else 1
        what = {"PurchaseOrderLine": line.order_line_id} if line.order_line_id else {"Item": line.item_id}
        return {
            **what,
            "Quantity": sign * line.quantity,
            "Amount": sign * _line_amount(line, vat),
            **({"VATAmount": sign * vat} if vat is not None else {}),
            **self._dimensions(line),
        }

    def _entry(self, bill: Bill, key: str) -> dict[str, Any]:
        """PurchaseEntries: GL account and cost center on each line; the sign of the lines makes a credit note."""
        vat = vat_to_state(bill)
        order_number = int(bill.order_number) if bill.order_number.isdecimal() else 0
        return {
            "Journal": self._settings.journal,
            "Supplier": bill.vendor_id,
            "EntryDate": bill.invoice_date,
            **({"DueDate": bill.due_date} if bill.due_date else {}),
            "Currency": bill.currency,
            "YourRef": bill.number,
            "PaymentReference": bill.number,
            **({"OrderNumber": order_number} if 0 < order_number <= _INT32 else {}),
            "Description": with_key(bill.description, key, self._settings.description_length),
            PURCHASE_ENTRY.lines: [self._entry_line(bill, line, vat.get(i)) for i, line in enumerate(bill.lines)],
        }

    def _entry_line(self, bill: Bill, line: BillLine, vat: Decimal | None) -> dict[str, Any]:
        if not line.gl_account_id:
            raise NeedsCorrection(
                Reason.UNMAPPED_ACCOUNT,
                f"Line {line.number} of invoice {bill.number} has no GL account.",
                remedy="Map the item or charge to a GL account.",
                data={"line": line.number},
            )
        sign = -1 if bill.credit else 1
        return {
            "GLAccount": line.gl_account_id,
            "AmountFC": sign * _line_amount(line, vat),
            "Quantity": line.quantity,
            **({"VATAmountFC": sign * vat} if vat is not None else {}),
            **self._dimensions(line),
        }

    def _dimensions(self, line: BillLine) -> dict[str, Any]:
        named = (
            ("VATCode", line.vat_code),
            ("CostCenter", line.cost_center),
            ("CostUnit", line.cost_unit),
            ("Description", line.description[: self._settings.description_length]),
        )
        return {name: value for name, value in named if value}


def _line_amount(line: BillLine, vat: Decimal | None) -> Decimal:
    """Excluding or including VAT, as the VAT code's type has it (exact-online 10.3)."""
    if not line.vat_including:
        return line.amount
    return line.amount + (vat if vat is not None else line.vat_amount or Decimal(0))


def vat_to_state(bill: Bill) -> dict[int, Decimal]:
    """VAT amounts that must be said, by position of the line: where Exact's own sum would differ from the invoice.

    The cents of difference (within tolerance, or coding had refused the bill) go to the line with the most VAT, so
    that what is owed is what the supplier asked for.
    """
    own = [line.vat_amount for line in bill.lines]
    if any(amount is None for amount in own):
        return {}
    amounts = [amount or Decimal(0) for amount in own]
    difference = bill.vat_total - sum(amounts, Decimal(0))
    if not difference or not any(amounts):
        return {}
    largest = max(range(len(amounts)), key=lambda i: abs(amounts[i]))
    return {largest: amounts[largest] + difference}


def _remarks(bill: Bill) -> str:
    orders = ", ".join(bill.order_numbers[:10])
    parts = [f"Orders {orders}" if orders else "", f"Credits {bill.original_invoice}" if bill.original_invoice else ""]
    # Exact has no place for a supplier's discount: it is shown.
    parts += bill.told
    return "; ".join(part for part in parts if part)


def safe_file_name(name: str) -> str:
    """A partner's file name as a plain name: no folders, no control characters, at most 100 characters."""
    last = re.split(r"[\\/]", name)[-1]
    plain = "".join(c if c.isprintable() and c not in '<>:"|?*' else "_" for c in last).strip(" .")
    return plain[-100:] or "original.x12"


@dataclass(frozen=True)
class _Wanted:
    """An invoice to look for: by supplier and number, and by the description we gave it."""

    vendor_id: str
    number: str
    description: str = ""

    @property
    def identity(self) -> tuple[str, str]:
        return self.vendor_id.lower(), _folded(self.number)


class BillFinder:
    """Looks for invoices in PurchaseInvoices and PurchaseEntries, many at once."""

    def __init__(self, client: ExactClient) -> None:
        self._client = client

    def find(self, bills: Sequence[Identity]) -> list[Existing]:
        """Bills of these suppliers and numbers, whoever entered them; one for each identity."""
        wanted = [
            _Wanted(b.party_id.lower(), b.number.strip())
            for b in dict.fromkeys(bills)
            if is_guid(b.party_id) and b.number.strip()
        ]
        asked: dict[tuple[str, str], list[Identity]] = {}
        for bill in dict.fromkeys(bills):
            asked.setdefault((bill.party_id.lower(), _folded(bill.number)), []).append(bill)
        found: dict[Identity, Existing] = {}
        for what, row in self._rows(wanted):
            for identity in asked.get(_identity(row), ()):
                found.setdefault(identity, _existing(what, row, identity))
        return list(found.values())

    def by_id(self, keys: Sequence[str]) -> list[Existing]:
        """PurchaseEntries by EntryID, as the webhook topic of that name gives them; what is gone is left out."""
        wanted = sorted({guid(key) for key in keys if is_guid(key)})
        params = {"$select": SELECT[PURCHASE_ENTRY.kind]}
        found: list[Existing] = []
        for rows in self._client.rows_matching(PURCHASE_ENTRY.endpoint, params, wanted, one_of_guids("EntryID")):
            for row in rows:
                identity = Identity(guid(row.get("Supplier")), str(row.get("YourRef") or ""))
                found.append(_existing(PURCHASE_ENTRY, row, identity))
        return found

    def written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        """Which of these writes are there, by operation id.

        One with our key counts first. One of the same supplier, number and sign without it counts too: writing it
        again could only make it twice; `ours` in the detail says which it was.
        """
        bodies = {operation.id: json.loads(operation.payload, parse_float=Decimal) for operation in operations}
        wanted = [
            _Wanted(str(b.get("Supplier", "")), str(b.get("YourRef", "")), str(b.get("Description", "")))
            for b in bodies.values()
        ]
        by_key: dict[str, tuple[Writable, Row]] = {}
        by_identity: dict[tuple[str, str, bool], tuple[Writable, Row]] = {}
        for what, row in self._rows(wanted):
            key = key_in(row.get("Description"), row.get("Remarks"))
            if key:
                by_key.setdefault(key, (what, row))
            by_identity.setdefault((*_identity(row), _is_credit(row)), (what, row))
        found: dict[int, Written] = {}
        for operation_id, body in bodies.items():
            key = key_in(body.get("Description"))
            same = (str(body.get("Supplier", "")).lower(), _folded(str(body.get("YourRef", ""))), _is_credit_body(body))
            hit = by_key.get(key) or by_identity.get(same)
            if hit is not None:
                what, row = hit
                ours = key_in(row.get("Description"), row.get("Remarks")) == key
                found[operation_id] = written(what, row, found_in=what.endpoint, ours=ours)
        return found

    def copies(self, operations: Sequence[StoredOperation]) -> dict[int, list[Written]]:
        """All invoices with our keys, where they were written: a stored payload goes to one place however often."""
        found: dict[int, list[Written]] = {}
        for what in (PURCHASE_INVOICE, PURCHASE_ENTRY):
            texts = {
                operation.id: str(json.loads(operation.payload).get("Description", ""))
                for operation in operations
                if operation.kind == what.kind
            }
            by_key: dict[str, list[Written]] = {}
            select = {"$select": f"{what.key},Description,EntryNumber"}
            for rows in self._client.rows_matching(what.endpoint, select, sorted(set(texts.values())), _any_text):
                for row in rows:
                    by_key.setdefault(key_in(row.get("Description")), []).append(written(what, row))
            found |= {number: by_key.get(key_in(text), []) for number, text in texts.items() if key_in(text)}
        return found

    def _rows(self, wanted: Sequence[_Wanted]) -> Iterable[tuple[Writable, Row]]:
        ordered = sorted(wanted, key=lambda w: (w.vendor_id, w.number))

        def matching(what: Writable) -> list[tuple[Writable, Row]]:
            select = {"$select": SELECT[what.kind]}
            pages = self._client.rows_matching(what.endpoint, select, ordered, _condition)
            return [(what, row) for rows in pages for row in rows]

        with ThreadPoolExecutor(2, thread_name_prefix="bills") as pool:
            for rows in pool.map(matching, (PURCHASE_INVOICE, PURCHASE_ENTRY)):
                yield from rows


def _any_text(texts: Sequence[str]) -> str:
    return any_of([equals("Description", text_literal(text)) for text in texts])


def _condition(wanted: Sequence[_Wanted]) -> str:
    """(Supplier eq .. and (YourRef eq .. or ..)) or Description eq .. : each supplier named once."""
    by_vendor: dict[str, list[str]] = {}
    for bill in wanted:
        by_vendor.setdefault(bill.vendor_id, []).append(equals("YourRef", text_literal(bill.number)))
    parts = [
        "(" + all_of([equals("Supplier", guid_literal(vendor)), any_of(numbers)]) + ")"
        for vendor, numbers in by_vendor.items()
    ]
    parts += [equals("Description", text_literal(bill.description)) for bill in wanted if bill.description]
    return any_of(parts)


def _folded(number_text: str) -> str:
    """Exact's database compares text without regard to case and trailing blanks."""
    return number_text.strip().casefold()


def _identity(row: Row) -> tuple[str, str]:
    return guid(row.get("Supplier")), _folded(str(row.get("YourRef") or ""))


def _is_credit(row: Row) -> bool:
    return whole(row.get("Type")) in {31, CREDIT_TYPE, 8031}


def _is_credit_body(body: Mapping[str, Any]) -> bool:
    if "Type" in body:
        return whole(body["Type"]) == CREDIT_TYPE
    lines = body.get(PURCHASE_ENTRY.lines) or []
    return sum((number(line.get("AmountFC")) for line in lines), Decimal(0)) < 0


def _existing(what: Writable, row: Row, identity: Identity) -> Existing:
    amount = row.get("Amount", row.get("AmountFC"))
    return Existing(
        identity=identity,
        outside_id=guid(row.get(what.key)),
        our_key=key_in(row.get("Description"), row.get("Remarks")),
        number=entry_number(row),
        amount=str(abs(number(amount))) if amount is not None else "",
        source=what.endpoint,
        kind=what.kind,
    )
