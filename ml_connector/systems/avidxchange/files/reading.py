"""Rows of files -> the records that the API would have told, and by the same readers as flows see them."""

from collections.abc import Sequence
from typing import Any

from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.systems.avidxchange.file_settings import AvidFiles, FileLayout
from ml_connector.systems.avidxchange.files.tables import TableRow

Raw = dict[str, Any]
#: Of a row: what is the whole record's, and is the same in each of its rows.
_LINE_OF_INVOICE = ("LineNumber", "LineAmount", "LineDescription", "Codes")
_LINE_OF_PAYMENT = ("InvoiceId", "InvoiceExternalId", "InvoiceNumber", "Gross", "Net", "Discount")


class Records:
    """The records of a table, each of one or several rows, in the order of their first ones.

    key: the field that tells which rows are one record. A row without it is a record of its own, which cannot be read.
    """

    def __init__(self, rows: Sequence[TableRow], key: str) -> None:
        self.found: dict[str, list[TableRow]] = {}
        for row in rows:
            name = row.cells.get(key, "") or f"row {row.number} without {key}"
            self.found.setdefault(name, []).append(row)


def raw_invoice(rows: Sequence[TableRow], layout: FileLayout, files: AvidFiles) -> Raw:
    """An approved invoice as `reading.invoices` reads one.

    Raises:
        NeedsCorrection: its rows do not agree, or codes cannot be told apart.
    """
    head = _head(rows, _LINE_OF_INVOICE, layout)
    lines = [
        {
            "LineNumber": row.cells.get("LineNumber", ""),
            "Amount": row.cells.get("LineAmount", ""),
            "Description": row.cells.get("LineDescription", ""),
            "EnterpriseCodes": _codes(row, layout, files),
        }
        for row in rows
    ]
    ours = {"ExternalIdentifier": {"Value": head.pop("ExternalId")}} if head.get("ExternalId") else {}
    return {**head, **ours, "Distributions": lines}


def raw_payment(rows: Sequence[TableRow], layout: FileLayout) -> Raw:
    """A payment as `reading.payments` reads one.

    Raises:
        NeedsCorrection: its rows do not agree.
    """
    head = _head(rows, _LINE_OF_PAYMENT, layout)
    ours = head.pop("ExternalPaymentId", "")
    lines = []
    for row in rows:
        cells = {name: row.cells.get(name, "") for name in _LINE_OF_PAYMENT}
        if any(cells.values()):
            lines.append({**cells, "ExternalIdentifier": cells.pop("InvoiceExternalId")})
    return {
        **head,
        "ExternalPaymentIds": [{"Value": one} for one in ours.split("|") if one],
        "PaymentMethod": head.pop("Method", ""),
        "Payee": {"ExternalId": head.pop("PayeeExternalCode", ""), "Name": head.pop("PayeeName", "")},
        "Remittances": lines,
    }


def _head(rows: Sequence[TableRow], of_lines: Sequence[str], layout: FileLayout) -> Raw:
    first = rows[0]
    head: Raw = {name: value for name, value in first.cells.items() if name not in of_lines}
    for row in rows[1:]:
        for name, value in head.items():
            if row.cells.get(name, "") != value:
                raise NeedsCorrection(
                    Reason.BAD_VALUE,
                    f"Row {row.number}: {layout.header(name)} is {row.cells.get(name, '')[:60]!r}, and "
                    f"{value[:60]!r} in row {first.number} of the same record.",
                    remedy="Ask AvidXchange which of them counts, and have the file sent again.",
                    data={"place": f"row {row.number}, {layout.header(name)}", "value": row.cells.get(name, "")[:60]},
                )
    return head


def _codes(row: TableRow, layout: FileLayout, files: AvidFiles) -> list[dict[str, str]]:
    """`Group=Value|...`."""
    text = row.cells.get("Codes", "")
    found = []
    for one in text.split(files.code_separator):
        if not one.strip():
            continue
        group, equals, value = one.partition(files.code_equals)
        if not (equals and group.strip() and value.strip()):
            raise NeedsCorrection(
                Reason.BAD_VALUE,
                f"Row {row.number}: {layout.header('Codes')} is {text[:60]!r}, where "
                f"Group{files.code_equals}Value is due, several with {files.code_separator} between them.",
                remedy="Ask AvidXchange to correct it, or set files.code_separator and files.code_equals.",
                data={"place": f"row {row.number}, {layout.header('Codes')}", "value": text[:60]},
            )
        found.append({"CodeGroupName": group.strip(), "Value": value.strip()})
    return found
