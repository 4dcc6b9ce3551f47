"""Files as its template has them: UTF-8, comma, a row of headers, CRLF (avidxchange 6)."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

APPROVED = (
    *("BatchId", "InvoiceId", "ExternalId", "VendorExternalCode", "VendorName", "InvoiceNumber", "InvoiceDate"),
    *("DueDate", "PostingDate", "PONumber", "GrossAmount", "Currency", "LineNumber", "LineAmount"),
    *("LineDescription", "Codes", "ImageUrl"),
)
PAYMENTS = (
    *("PaymentId", "ExternalPaymentId", "Status", "Method", "CheckNumber", "TraceNumber", "PaymentDate"),
    *("ClearedDate", "PaymentAmount", "Currency", "PayeeExternalCode", "InvoiceNumber", "Net", "Discount"),
    "ReplacesPaymentId",
)
RESULTS = ("FileName", "ExternalId", "Result", "Message")


def written(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        found = (row.get(one) for one in columns)
        writer.writerow(["" if one is None else str(one) for one in found])
    return out.getvalue().encode()


def read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))
