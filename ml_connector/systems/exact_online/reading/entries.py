"""Purchase entries as documents: who booked what, is it still open, what is attached (exact-online 10.6)."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ml_connector.clock import Clock
from ml_connector.documents.payables.entered import EnteredInvoice, EnteredLine, Original, Settled
from ml_connector.errors import NeedsCorrection, Reason, TryAgain, WeAreWrong
from ml_connector.flows.core.ports import Changed, Deleted, SourceRecord
from ml_connector.systems.exact_online.notices import topics
from ml_connector.systems.exact_online.reading.polling import Poll
from ml_connector.systems.exact_online.reading.records import text
from ml_connector.systems.exact_online.wire.client import ExactClient, Row, nested, readable
from ml_connector.systems.exact_online.wire.entities import ATTACHMENT, PURCHASE_ENTRY
from ml_connector.systems.exact_online.wire.filters import equals, one_of_guids
from ml_connector.systems.exact_online.wire.odata_literals import (
    code,
    day,
    guid,
    guid_literal,
    is_guid,
    moment,
    number,
    to_json,
    whole,
)
from ml_connector.systems.our_keys import key_in

LINES, PAYMENTS, FILES = PURCHASE_ENTRY.lines, "PaymentsRows", "AttachmentRows"
_HEADER = (
    "EntryID,AmountFC,Created,Currency,Description,Document,DueDate,EntryDate,EntryNumber,Journal,Modified,OrderNumber,"
    "Status,Supplier,SupplierName,Type,VATAmountFC,YourRef"
)
_LINE = "ID,AmountFC,CostCenter,CostUnit,Description,GLAccount,GLAccountCode,LineNumber,VATAmountFC,VATCode"
WHOLE = {
    "$expand": LINES,
    "$select": ",".join([_HEADER, LINES, *(f"{LINES}/{name}" for name in _LINE.split(","))]),
}
#: Payments.Status: open; selected, on its way to the bank; processed.
_OPEN, _SELECTED, _PAID = {20}, {30, 40}, {50}
_REJECTED = 5


#: How a page of the web begins: maintenance, a log-in, an error of what stands before the server.
_PAGE, _HEAD = (b"<!doctype html", b"<html"), 200


@dataclass(frozen=True)
class Entries:
    """Booked supplier invoices of one division: `flows.core.ports.InvoiceSource`."""

    client: ExactClient
    clock: Clock
    #: Lines and open items that were deleted since a cursor; an entry itself is not told.
    traces: Callable[[str | None], Deleted] | None = None

    notices = topics.ENTERED
    deletions = None

    def begin(self, day: date) -> str:
        return f"{day.isoformat()}T00:00:00"

    def changed(self, cursor: str | None, *, limit: int = 600) -> Changed[EnteredInvoice]:
        """Entries modified since the cursor (`Poll.changed`)."""
        poll = Poll(self.client, self.clock, PURCHASE_ENTRY.endpoint, WHOLE, "purchase entry", self._whole)
        return poll.changed(cursor, limit=limit)

    def by_id(self, keys: Sequence[str]) -> list[SourceRecord[EnteredInvoice]]:
        wanted = list(dict.fromkeys(guid(key) for key in keys if is_guid(key)))
        pages = self.client.rows_matching(
            PURCHASE_ENTRY.endpoint,
            WHOLE,
            wanted,
            one_of_guids("EntryID"),
        )
        found = {one.document.id: one for one in self._whole([row for rows in pages for row in rows])}
        return [found[key] for key in wanted if key in found]

    def from_record(self, record: str) -> EnteredInvoice:
        return entered(json.loads(record, parse_float=Decimal))

    def entered(self, record: str) -> datetime | None:
        return moment(json.loads(record or "{}").get("Created"), self.client.settings.time_zone)

    def original(self, invoice: EnteredInvoice, most: int) -> tuple[Original, bytes] | None:
        """The PDF that is attached to it, else None: entries that are keyed by hand have none.

        Raises:
            NeedsCorrection: it is larger than `most` bytes. TryAgain: a page of the web came in its place.
        """
        pdfs = [one for one in invoice.originals if one.name.lower().endswith(".pdf")]
        if not pdfs:
            return None
        if pdfs[0].size > most:
            raise NeedsCorrection(
                Reason.TOO_LARGE,
                f"{pdfs[0].name[:80]} of invoice {invoice.number} has {pdfs[0].size} bytes; {most} are taken.",
                remedy="Attach a smaller PDF in the ERP, then replay the document.",
                data={"file": pdfs[0].name[:80], "size": pdfs[0].size, "limit": most},
            )
        path, _, query = pdfs[0].address.partition("?")
        parts = self.client.api.download(
            path,
            template="docs/SysAttachment.aspx",
            params=dict(parse_qsl(query)),
            headers={"Accept": "*/*"},
            max_bytes=most,
        )
        data = b"".join(parts)
        if len(data) != pdfs[0].size and data[:_HEAD].lstrip().lower().startswith(_PAGE):
            raise TryAgain(
                f"{self.client.api.name}: a web page came in place of {pdfs[0].name[:80]} of invoice {invoice.number}.",
                after_seconds=60,
                remedy="If it lasts: open the attachment in Exact; it may be damaged.",
            )
        return pdfs[0], data

    def _whole(self, rows: Sequence[Row]) -> list[SourceRecord[EnteredInvoice]]:
        """With all lines, what became of them in the payment run, and what is attached; looked up together."""
        with readable(self.client.settings.connection, "a purchase entry"):
            whole_rows = [self._with_lines(row) for row in rows]
            ids = [guid(row.get("EntryID")) for row in whole_rows]
            payments = self._beside(
                "cashflow/Payments", "TransactionEntryID", ids, "ID,Status,TransactionEntryID,AmountFC"
            )
            papers = sorted({guid(row.get("Document")) for row in whole_rows} - {""})
            files = self._beside(ATTACHMENT.endpoint, "Document", papers, "ID,Document,FileName,FileSize,Url")
            made = [
                {
                    **row,
                    PAYMENTS: payments.get(guid(row.get("EntryID")), []),
                    FILES: files.get(guid(row.get("Document")), []),
                }
                for row in whole_rows
            ]
            return [SourceRecord(to_json(row), entered(row)) for row in made]

    def _beside(self, endpoint: str, field: str, ids: Sequence[str], select: str) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for rows in self.client.rows_matching(
            endpoint,
            {"$select": select},
            [one for one in ids if one],
            one_of_guids(field),
        ):
            for row in rows:
                found.setdefault(guid(row.get(field)), []).append(_plain(row))
        return found

    def _with_lines(self, row: Row) -> Row:
        expanded = nested(row, LINES)
        if expanded is not None and expanded[1] is None:
            return {**_plain(row), LINES: [_plain(line) for line in expanded[0]]}
        lines = self.client.rows(
            "purchaseentry/PurchaseEntryLines",
            {"$select": _LINE, "$filter": equals("EntryID", guid_literal(str(row.get("EntryID", ""))))},
        )
        return {**_plain(row), LINES: [_plain(line) for line in lines]}


def _plain(row: Row) -> Row:
    return {key: value for key, value in row.items() if key not in {"__metadata", LINES}}


def entered(row: Row) -> EnteredInvoice:
    """The invoice in a whole record. Its header is negative where we owe (exact-online 10.3)."""
    key = guid(row.get("EntryID"))
    if not key:
        raise WeAreWrong("Exact sent a purchase entry without EntryID")
    lines: list[Any] = row.get(LINES) or []
    return EnteredInvoice(
        id=key,
        number=text(row.get("YourRef")).strip(),
        vendor_id=guid(row.get("Supplier")),
        vendor_name=text(row.get("SupplierName")),
        total=-number(row.get("AmountFC")),
        entry_number=text(whole(row.get("EntryNumber")) or ""),
        journal=code(row.get("Journal")),
        invoice_date=day(row.get("EntryDate")),
        due_date=day(row.get("DueDate")),
        order_number=text(whole(row.get("OrderNumber")) or ""),
        currency=code(row.get("Currency")),
        description=text(row.get("Description")),
        our_key=key_in(text(row.get("Description"))),
        settled=_settled(row.get(PAYMENTS) or []),
        gone=whole(row.get("Status")) == _REJECTED,
        lines=tuple(sorted((_line(line) for line in lines), key=lambda line: line.number)),
        originals=tuple(_file(one) for one in row.get(FILES) or []),
    )


def _line(row: Row) -> EnteredLine:
    return EnteredLine(
        number=whole(row.get("LineNumber")) or 0,
        amount=number(row.get("AmountFC")),
        tax=number(row.get("VATAmountFC")),
        tax_code=code(row.get("VATCode")),
        account=code(row.get("GLAccountCode")),
        cost_center=code(row.get("CostCenter")),
        cost_unit=code(row.get("CostUnit")),
        description=text(row.get("Description")),
        id=guid(row.get("ID")),
        account_id=guid(row.get("GLAccount")),
    )


def _settled(rows: Sequence[Row]) -> Settled:
    """Of the instalments of an entry: one that is selected counts for all, and paid is what is wholly processed."""
    statuses = {whole(row.get("Status")) for row in rows}
    if statuses & _SELECTED:
        return "selected"
    if statuses and statuses <= _PAID:
        return "paid"
    return "open" if statuses & _OPEN else ""


def _file(row: Row) -> Original:
    """Its address names Exact's own host: it is asked for where this connection is (no token goes elsewhere)."""
    parts = urlsplit(text(row.get("Url")))
    address = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return Original(name=text(row.get("FileName")), address=address, size=whole(row.get("FileSize")) or 0)
