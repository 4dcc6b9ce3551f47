"""Invoices as AvidXchange has them -> as flows see them: single ones, and those of a batch (avidxchange 5)."""

from ml_connector.documents.payables.invoices import CodedLine, NetworkInvoice
from ml_connector.systems.avidxchange.reading.records import codes_of, external_id, record_id
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.avidxchange.wire.rows import Row


def invoice(row: Row, settings: AvidXchangeConnection, *, batch: str = "", closed: str = "") -> NetworkInvoice:
    """batch, closed: of one that came in a batch."""
    lines = tuple(_line(line, at) for at, line in enumerate(row.rows("Distributions", "Lines"), 1))
    vendor = row.row("BuyerVendor")
    status = row.value("Status")
    word = row.row("Status").text("Description") if isinstance(status, dict) else row.text("Status")
    return NetworkInvoice(
        id=record_id(row, "Id", "InvoiceId"),
        external_id=external_id(row),
        number=row.text("Number", "InvoiceNumber"),
        total=row.needed_amount("GrossAmount", "Amount"),
        # The ERP's id, perhaps with that of an address behind it.
        vendor=(vendor.text("VendorExternalSystemID") or row.text("VendorExternalSystemID", "VendorExternalCode"))
        .partition(settings.vendor_separator)[0]
        .strip(),
        vendor_id=vendor.text("VendorId", "Id") or row.text("VendorId"),
        vendor_name=vendor.text("VendorName") or row.text("VendorName"),
        company=row.text("CompanyId"),
        invoice_date=row.day("InvoiceDate"),
        due_date=row.day("InvoiceDueDate", "DueDate"),
        posting_date=row.day("PostingDate"),
        order_number=row.text("PONumber"),
        currency=_currency(row, lines, settings),
        memo=row.text("Memo"),
        image_url=row.text("ImageUrl"),
        status=word,
        standing=settings.standing(word),
        status_reason=row.text("StatusReason"),
        paid=row.amount("AmountPaid"),
        batch=batch,
        batch_closed=closed,
        modified=row.moment("LastModifiedDate", "LastChangedDate"),
        lines=lines,
    )


def _line(row: Row, at: int) -> CodedLine:
    number = row.amount("LineNumber")
    return CodedLine(
        number=at if number is None else int(number),
        amount=row.needed_amount("Amount"),
        description=row.text("Description"),
        codes=codes_of(row),
    )


def _currency(row: Row, lines: tuple[CodedLine, ...], settings: AvidXchangeConnection) -> str:
    """The field, else the code group that is named for it, else what the connection says (avidxchange 5)."""
    said = row.text("Currency", "CurrencyCode")
    if not said and settings.currency_group:
        found = {line.code(settings.currency_group) for line in lines} - {""}
        if len(found) > 1:
            raise row.wrong(f"Distributions.{settings.currency_group}", ", ".join(sorted(found)), "one currency")
        said = next(iter(found), "")
    return (said or settings.currency).upper()
