"""Invoices of UBL and cXML as texts, each part to be replaced; and how tests read them."""

from typing import Any

from ml_connector.documents.invoices import Invoice
from ml_connector.layouts import ReadDocument
from ml_connector_tests.layouts.files import errors, read

UBL_SPACES = (
    'xmlns:a="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" '
    'xmlns:b="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"'
)
UBL_LINE = (
    "<a:{line}><b:ID>1</b:ID><b:{quantity}Quantity unitCode='C62'>{count}</b:{quantity}Quantity>"
    "<b:LineExtensionAmount currencyID='EUR'>{amount}</b:LineExtensionAmount>{more}"
    "<a:Item><a:SellersItemIdentification><b:ID>A-1</b:ID></a:SellersItemIdentification>"
    "<a:ClassifiedTaxCategory><b:ID>{category}</b:ID><b:Percent>21</b:Percent></a:ClassifiedTaxCategory></a:Item>"
    "<a:Price><b:PriceAmount currencyID='EUR'>{price}</b:PriceAmount>{base}</a:Price></a:{line}>"
)


def ubl(
    head: str = "<b:InvoiceTypeCode>380</b:InvoiceTypeCode>",
    *,
    root: str = "Invoice",
    before: str = "",
    charges: str = "",
    tax: str = "<a:TaxTotal><b:TaxAmount currencyID='EUR'>21.00</b:TaxAmount></a:TaxTotal>",
    totals: str = "<b:PayableAmount currencyID='EUR'>121.00</b:PayableAmount>",
    **line: str,
) -> str:
    """One invoice of 10 pieces at 10.00; what is given replaces its parts."""
    values = {"count": "10", "amount": "100.00", "price": "10.00", "base": "", "more": "", "category": "S", **line}
    names = {"line": f"{root}Line", "quantity": "Invoiced" if root == "Invoice" else "Credited"}
    return (
        f'{before}<{root} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{root}-2" {UBL_SPACES}>'
        f"<b:ID>U-1</b:ID><b:IssueDate>2026-11-28</b:IssueDate>{head}"
        "<b:DocumentCurrencyCode>EUR</b:DocumentCurrencyCode>"
        "<a:OrderReference><b:ID>4711</b:ID></a:OrderReference>"
        "<a:AccountingSupplierParty><a:Party><b:EndpointID>ACME</b:EndpointID></a:Party></a:AccountingSupplierParty>"
        f"{charges}{tax}<a:LegalMonetaryTotal>{totals}</a:LegalMonetaryTotal>"
        f"{UBL_LINE.format(**names, **values)}</{root}>"
    )


def cxml(
    header: str = 'purpose="standard" operation="new"',
    *,
    before: str = '<!DOCTYPE cXML SYSTEM "http://127.0.0.1:9/InvoiceDetail.dtd">',
    mode: str = "production",
    indicator: str = "<InvoiceDetailHeaderIndicator/>",
    summary: str = "",
    price: str = '<UnitPrice><Money currency="EUR">10.00</Money></UnitPrice>',
    currency: str = "EUR",
) -> str:
    return (
        f'<?xml version="1.0"?>\n{before}\n<cXML payloadID="1@x" xml:lang="en"><Header><From>'
        '<Credential domain="NetworkID"><Identity>AN01</Identity></Credential>'
        '<Credential domain="DUNS"><Identity>ACME</Identity></Credential></From></Header>'
        f'<Request deploymentMode="{mode}"><InvoiceDetailRequest>'
        f'<InvoiceDetailRequestHeader invoiceID="C-1" invoiceDate="2026-11-28T23:30:00-08:00" {header}>{indicator}'
        "</InvoiceDetailRequestHeader><InvoiceDetailOrder><InvoiceDetailOrderInfo>"
        '<OrderReference orderID="4711"><DocumentReference payloadID="x"/></OrderReference></InvoiceDetailOrderInfo>'
        f'<InvoiceDetailItem quantity="10"><UnitOfMeasure>EA</UnitOfMeasure>{price}'
        '<InvoiceDetailItemReference lineNumber="1"><ItemID><SupplierPartID>A-1</SupplierPartID></ItemID>'
        '<Description xml:lang="en">Relay<ShortName>R</ShortName> 24 V</Description></InvoiceDetailItemReference>'
        "</InvoiceDetailItem></InvoiceDetailOrder><InvoiceDetailSummary>"
        f'<Tax><Money currency="EUR">21.00</Money></Tax>{summary}'
        f'<NetAmount><Money currency="{currency}">121.00</Money></NetAmount></InvoiceDetailSummary>'
        "</InvoiceDetailRequest></Request></cXML>"
    )


def charge(indicator: str, amount: str, code: str = "") -> str:
    reason = f"<b:AllowanceChargeReasonCode>{code}</b:AllowanceChargeReasonCode>" if code else ""
    return (
        f"<a:AllowanceCharge><b:ChargeIndicator>{indicator}</b:ChargeIndicator>{reason}"
        f"<b:Amount currencyID='EUR'>{amount}</b:Amount></a:AllowanceCharge>"
    )


def tax(*amounts: tuple[str, str]) -> str:
    return "".join(
        f"<a:TaxTotal><b:TaxAmount currencyID='{currency}'>{amount}</b:TaxAmount></a:TaxTotal>"
        for amount, currency in amounts
    )


def one(text: str | bytes, layout: Any = "ubl_invoice") -> tuple[ReadDocument, Invoice]:
    [found] = read(text, layout)
    assert errors(found) == []
    assert isinstance(found.document, Invoice)
    return found, found.document


def refused(text: str | bytes, layout: Any = "ubl_invoice") -> list[str]:
    [found] = read(text, layout)
    assert not found.accepted
    return errors(found)
