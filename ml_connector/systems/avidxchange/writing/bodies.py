"""Records as AvidXchange takes them (avidxchange 5, 8). A field that is too long is shortened here, or held."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from ml_connector.documents.payables.invoices import CodedLine, LineCode, NetworkInvoice
from ml_connector.documents.payables.purchasing import NetworkOrder, NetworkReceipt
from ml_connector.documents.payables.vendors import NetworkCode, NetworkVendor, VendorAddress
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.systems.avidxchange.settings import AvidXchangeConnection

Body = dict[str, Any]


def external(value: str) -> Body:
    """Our id of a record; 100 characters (avidxchange 3, identifiers)."""
    if not value or len(value) > 100:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Our id {value[:60]!r} of the record is {'empty' if not value else 'longer than 100 characters'}.",
            remedy="Nothing can be sent that could not be found again; tell those who look after this connector.",
        )
    return {"Value": value}


def fits(value: str, length: int, what: str) -> str:
    """A field that identifies something is never cut: the record is held, and only it (avidxchange 5, lengths)."""
    if len(value) > length:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"{what} {value[:60]!r} has {len(value)} characters; AvidXchange takes {length}.",
            remedy=f"Shorten it in the ERP to {length} characters.",
            data={"field": what, "value": value[:100], "longest": length},
        )
    return value


def vendor(record: NetworkVendor, settings: AvidXchangeConnection) -> Body:
    """The body that writes a vendor."""
    body: Body = {
        "ExternalIdentifier": external(record.external_id),
        "Name": record.name[:255],
        "NameOnCheck": (record.name_on_check or record.name)[:255],
        "TaxId": record.tax_id,
        "Telephone1": record.phone[:20],
        "RemitEmail": record.email[:255],
        "Terms": record.terms,
        "Currency": record.currency,
        "Active": record.active,
    }
    if record.address.lines or record.address.city:
        body["Addresses"] = [_address(record.address, settings)]
    return _said(body)


def _address(address: VendorAddress, settings: AvidXchangeConnection) -> Body:
    lines = {f"Line{at}": line[:255] for at, line in enumerate(address.lines[:4], 1)}
    # A European address has no State: never an empty text (avidxchange 5).
    state = address.region or settings.states.get(address.country, address.country)
    more = {"City": address.city[:50], "State": state[:50], "PostalCode": address.postal_code[:20]}
    return _said({**lines, **more, "Country": address.country})


def code(record: NetworkCode, settings: AvidXchangeConnection) -> Body:
    """The body that writes a code."""
    del settings
    return {
        "ExternalIdentifier": external(record.external_id),
        "CodeGroupName": record.group,
        "Value": fits(record.value, 50, "Code"),
        "Description": record.description[:50],
        "Active": record.active,
    }


def _codes(codes: tuple[LineCode, ...]) -> list[Body]:
    return [
        {
            "EnterpriseCodeValue": one.value,
            "EnterpriseCodeValueDescription": one.description[:50],
            "EnterpriseCodeGroups": [{"CodeGroupName": one.group}],
        }
        for one in codes
    ]


def vendor_named(record: NetworkInvoice) -> None:
    """Nothing goes without its vendor. Raises NeedsCorrection."""
    if not record.vendor:
        raise NeedsCorrection(
            Reason.UNKNOWN_SUPPLIER,
            f"Invoice {record.number} names no vendor that AvidXchange knows.",
            remedy="Send the vendor first (flow vendors_out), then replay the invoice.",
        )


def invoice(record: NetworkInvoice, settings: AvidXchangeConnection) -> Body:
    """The body that writes an invoice."""
    vendor_named(record)
    return _said(
        {
            "ExternalIdentifier": external(record.external_id),
            "Number": fits(record.number, 50, "Invoice number"),
            "BuyerVendor": {"VendorExternalSystemID": record.vendor, "VendorName": record.vendor_name[:255]},
            "CompanyId": record.company or settings.company_id,
            "InvoiceDate": _day(record.invoice_date, settings),
            "InvoiceDueDate": _day(record.due_date, settings),
            "PostingDate": _day(record.posting_date, settings),
            "PONumber": record.order_number,
            "GrossAmount": record.total,
            "Currency": record.currency,
            "Memo": record.memo[:255],
            "Distributions": [_distribution(line) for line in record.lines],
        }
    )


def _distribution(line: CodedLine) -> Body:
    return {
        "LineNumber": line.number,
        "Amount": line.amount,
        "Description": line.description[:255],
        "EnterpriseCodes": _codes(line.codes),
    }


def order(record: NetworkOrder, settings: AvidXchangeConnection) -> Body:
    """The body that writes an order."""
    lines = [
        _said(
            {
                "LineNumber": line.number,
                "Item": line.item,
                "Description": line.description[:255],
                "UOM": line.unit,
                "Quantity": line.quantity,
                "UnitPrice": line.unit_price,
                "Amount": line.amount,
                "EnterpriseCodes": _codes(line.codes),
            }
        )
        for line in record.lines
    ]
    return _said(
        {
            "ExternalIdentifier": external(record.external_id),
            "Number": fits(record.number, 50, "Order number"),
            "VendorExternalSystemID": record.vendor,
            "CompanyId": record.company or settings.company_id,
            "OrderDate": _day(record.order_date, settings),
            "Currency": record.currency,
            "TotalAmount": record.total,
            "Open": record.open,
            "Lines": lines,
        }
    )


def receipt(record: NetworkReceipt, settings: AvidXchangeConnection) -> Body:
    """The body that writes a receipt."""
    return _said(
        {
            "ExternalIdentifier": external(record.external_id),
            "PurchaseOrderNumber": fits(record.order_number, 50, "Order number"),
            "PurchaseOrderLineNumber": record.order_line,
            "CompanyId": record.company or settings.company_id,
            "ProductCode": record.item,
            "ProductName": record.description[:255],
            "UOM": record.unit,
            "DateReceived": _day(record.received_on, settings),
            "Quantity": record.quantity,
            "BillOfLadingNumber": record.reference[:100],
        }
    )


def _day(value: date | None, settings: AvidXchangeConnection) -> str:
    return f"{value.isoformat()}{settings.date_separator}00:00:00" if value is not None else ""


def _said(body: Mapping[str, Any]) -> Body:
    """Without fields that say nothing: an empty text may wipe what is there."""
    return {name: value for name, value in body.items() if value is not None and value != ""}


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """The same with the fields as this account's API calls them."""
    if isinstance(value, dict):
        return {names.get(name, name): renamed(one, names) for name, one in value.items()}
    return [renamed(one, names) for one in value] if isinstance(value, list) else value
