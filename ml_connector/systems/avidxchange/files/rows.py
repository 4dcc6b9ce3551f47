"""Records as rows of files (avidxchange 6). Lengths are those of the API: what identifies something is never cut."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from ml_connector.documents.payables.invoices import LineCode, NetworkInvoice
from ml_connector.documents.payables.purchasing import NetworkOrder, NetworkReceipt
from ml_connector.documents.payables.vendors import NetworkCode, NetworkVendor
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.systems.avidxchange.file_settings import AvidFiles
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection
from ml_connector.systems.avidxchange.writing.bodies import external, fits, vendor_named

Rows = list[dict[str, str]]
#: What an invoice's row asks for.
CREATE, CHANGE, WITHDRAW = "Create", "Change", "Withdraw"


def vendor(record: NetworkVendor, settings: AvidXchangeConnection) -> Rows:
    """A vendor as rows of its file."""
    address = record.address
    lines = {f"Line{at}": line[:255] for at, line in enumerate(address.lines[:4], 1)}
    there = bool(address.lines or address.city)
    state = address.region or settings.states.get(address.country, address.country)
    return [
        {
            "ExternalVendorCode": _ours(record.external_id),
            "Name": record.name[:255],
            "NameOnCheck": (record.name_on_check or record.name)[:255],
            "FedTaxId": record.tax_id,
            **lines,
            "City": address.city[:50],
            # A European address has no State: never an empty text (avidxchange 5).
            "State": state[:50] if there else "",
            "PostalCode": address.postal_code[:20],
            "Country": address.country,
            "Telephone1": record.phone[:20],
            "Email": record.email[:255],
            "Website": record.website,
            "Terms": record.terms,
            "Currency": record.currency,
            "Active": _flag(record.active),
        }
    ]


def code(record: NetworkCode, settings: AvidXchangeConnection) -> Rows:
    """A code as rows of its file."""
    del settings
    return [
        {
            "ExternalId": _ours(record.external_id),
            "CodeGroupName": record.group,
            "Value": fits(record.value, 50, "Code"),
            "Description": record.description[:50],
            "Active": _flag(record.active),
        }
    ]


def order(record: NetworkOrder, settings: AvidXchangeConnection) -> Rows:
    """An order as rows of its file."""
    head = {
        "ExternalId": _ours(record.external_id),
        "Number": fits(record.number, 50, "Order number"),
        "VendorExternalCode": record.vendor,
        "OrderDate": _day(record.order_date),
        "Currency": record.currency,
        "TotalAmount": _amount(record.total),
        "Open": _flag(record.open),
        "CompanyId": record.company or settings.company_id,
    }
    return [
        {
            **head,
            "LineNumber": str(line.number),
            "Item": line.item,
            "Description": line.description[:255],
            "Quantity": _amount(line.quantity),
            "UOM": line.unit,
            "UnitPrice": _amount(line.unit_price),
            "Amount": _amount(line.amount),
            "Codes": _codes(line.codes, _files(settings)),
        }
        for line in record.lines
    ] or [head]


def receipt(record: NetworkReceipt, settings: AvidXchangeConnection) -> Rows:
    """A receipt as rows of its file."""
    return [
        {
            "ExternalCode": _ours(record.external_id),
            "PurchaseOrderNumber": fits(record.order_number, 50, "Order number"),
            "PurchaseOrderLineNumber": str(record.order_line),
            "ProductCode": record.item,
            "ProductName": record.description[:255],
            "UOM": record.unit,
            "DateReceived": _day(record.received_on),
            "Quantity": _amount(record.quantity),
            "BillOfLadingNumber": record.reference[:100],
            "CompanyId": record.company or settings.company_id,
        }
    ]


def invoice(record: NetworkInvoice, settings: AvidXchangeConnection) -> Rows:
    """An invoice as rows of its file."""
    vendor_named(record)
    head = {
        "Action": CHANGE if record.id else CREATE,
        "ExternalId": _ours(record.external_id),
        "VendorExternalCode": record.vendor,
        "VendorName": record.vendor_name[:255],
        "InvoiceNumber": fits(record.number, 50, "Invoice number"),
        "InvoiceDate": _day(record.invoice_date),
        "DueDate": _day(record.due_date),
        "PostingDate": _day(record.posting_date),
        "PONumber": record.order_number,
        "GrossAmount": _amount(record.total),
        "Currency": record.currency,
        "Memo": record.memo[:255],
        "CompanyId": record.company or settings.company_id,
    }
    return [
        {
            **head,
            "LineNumber": str(line.number),
            "LineAmount": _amount(line.amount),
            "LineDescription": line.description[:255],
            "Codes": _codes(line.codes, _files(settings)),
        }
        for line in record.lines
    ] or [head]


def withdrawal(record: NetworkInvoice) -> Rows:
    """The withdrawal of an invoice as rows of its file."""
    return [{"Action": WITHDRAW, "ExternalId": _ours(record.external_id), "InvoiceNumber": record.number}]


def _ours(external_id: str) -> str:
    return str(external(external_id)["Value"])


def _codes(codes: Sequence[LineCode], files: AvidFiles) -> str:
    """`Group=Value|...`."""
    for one in codes:
        if any(mark in text for text in (one.group, one.value) for mark in (files.code_separator, files.code_equals)):
            raise NeedsCorrection(
                Reason.BAD_VALUE,
                f"Code {one.value[:60]!r} of {one.group[:60]!r} holds {files.code_separator} or {files.code_equals}, "
                "which stand between codes in files.",
                remedy="Rename it in the ERP, or agree on another files.code_separator with AvidXchange.",
                data={"group": one.group, "value": one.value},
            )
    return files.code_separator.join(f"{one.group}{files.code_equals}{one.value}" for one in codes)


def _files(settings: AvidXchangeConnection) -> AvidFiles:
    return settings.over_files


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _day(value: date | None) -> str:
    return value.isoformat() if value is not None else ""


def _amount(value: Decimal | None) -> str:
    """Plain digits and a point."""
    return "" if value is None else f"{value:f}"
