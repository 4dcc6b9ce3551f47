"""Sales invoices and credit memos, from SalesInvoice alone: Invoice lists them too, under the same numbers, and to read
both would send them twice (acumatica 7).
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from ml_connector.documents.sales.invoices import (
    Address,
    SalesCharge,
    SalesDiscount,
    SalesInvoice,
    SalesInvoiceLine,
    SalesInvoiceType,
    SalesTax,
    SalesTerms,
)
from ml_connector.errors import WeAreWrong
from ml_connector.systems.acumatica.reading.lists import read_by_keys
from ml_connector.systems.acumatica.reading.polling import Polled, at_midnight, document_id
from ml_connector.systems.acumatica.reading.records import key
from ml_connector.systems.acumatica.wire.client import Query
from ml_connector.systems.acumatica.wire.contract import Need
from ml_connector.systems.acumatica.wire.values import (
    Row,
    day,
    details,
    identity,
    linked,
    maybe_number,
    moment,
    number,
    text,
    whole,
)
from ml_connector.systems.our_keys import without_key

ENTITY = "SalesInvoice"
#: The release that tells addresses, when an invoice was made, and how its taxes are worked out (META).
WITH_ADDRESSES = "24.200.001"
_TYPES = {"Invoice": SalesInvoiceType.INVOICE, "Credit Memo": SalesInvoiceType.CREDIT}
_RELEASED = frozenset({"Open", "Closed", "Unreleased Correction", "Under Correction"})
_VOIDED = frozenset({"Voided", "Canceled"})
#: What our own side adds to a record: the terms, which only the other list of the same documents has.
_TERMS = "_terms"

HEADER = (
    *("Type", "ReferenceNbr", "Status", "Date", "DueDate", "CustomerID", "Currency", "CustomerOrder", "Description"),
    *("Amount", "DetailTotal", "DiscountTotal", "FreightPrice", "CashDiscount", "TaxTotal", "LastModifiedDateTime"),
)
LINE = (
    *("LineNbr", "InventoryID", "TransactionDescr", "Qty", "UOM", "UnitPrice", "Amount", "DiscountAmount"),
    *("DiscountPercent", "OrderType", "OrderNbr", "ShipmentNbr", "OrigInvNbr", "LotSerialNbr"),
)
SELECT = (
    *HEADER,
    *(f"Details/{name}" for name in LINE),
    *(f"TaxDetails/{name}" for name in ("TaxID", "TaxableAmount", "TaxAmount")),
    *(f"DiscountDetails/{name}" for name in ("Type", "DiscountCode", "Description", "DiscountPercent")),
    "DiscountDetails/DiscountAmount",
    *(f"FreightDetails/{name}" for name in ("Description", "ShipmentNbr", "TotalFreightAmount")),
)
EXPAND = ("Details", "TaxDetails", "DiscountDetails", "FreightDetails")
_PARTIES = ("BillToAddress", "BillToContact", "ShipToAddress", "ShipToContact")
_ADDRESS = ("AddressLine1", "AddressLine2", "City", "State", "PostalCode", "Country")
_CONTACT = ("BusinessName", "Attention", "Phone1", "Email")
MORE = (
    *("CreatedDate", "TaxCalcMode"),
    *(f"{party}/{name}" for party in _PARTIES for name in (_ADDRESS if party.endswith("Address") else _CONTACT)),
)
NEEDS = (Need("invoices out", ENTITY, SELECT), Need("the terms of invoices out", "Invoice", ("ReferenceNbr", "Terms")))


class SalesInvoices(Polled[SalesInvoice]):
    """Sales invoices to read."""

    entity = ENTITY
    what = "sales invoice"
    number = "ReferenceNbr"

    def query(self, condition: str = "") -> Query:
        """Header, lines, taxes, discounts, freight; addresses where the version has them."""
        whole_query = Query(filter=condition, select=SELECT, expand=EXPAND)
        if self._settings.version < WITH_ADDRESSES:
            return whole_query
        return replace(whole_query, select=(*SELECT, *MORE), expand=(*EXPAND, *_PARTIES))

    def read(self, condition: str) -> list[Row]:
        """The records of a condition, with their terms."""
        return self._with_terms(super().read(condition))

    def rows(self, keys: Sequence[str]) -> dict[str, Row]:
        """The records, by id, with their terms."""
        found = super().rows(keys)
        return dict(zip(found, self._with_terms(list(found.values())), strict=True))

    def _with_terms(self, rows: Sequence[Row]) -> list[Row]:
        """Terms stand in Invoice alone: looked up for all together."""
        numbers = sorted({text(row, "ReferenceNbr") for row in rows})
        query = Query(select=("Type", "ReferenceNbr", "Terms"))
        size = self._settings.page_size
        found = read_by_keys(self._client, "Invoice", "ReferenceNbr", numbers, query, size=size) if numbers else []
        terms = {(text(row, "Type"), text(row, "ReferenceNbr")): text(row, "Terms") for row in found}
        return [
            {**row, _TERMS: {"value": terms.get((text(row, "Type"), text(row, "ReferenceNbr")), "")}} for row in rows
        ]

    def document(self, row: Row) -> SalesInvoice:
        """The invoice in a whole record."""
        return invoice_of(row)

    def entered(self, record: str) -> datetime | None:
        """When it was made; before 24.200.001 only its day is told."""
        row: Row = json.loads(record or "{}", parse_float=Decimal)
        return moment(row, "CreatedDate") or at_midnight(day(row, "Date"))


def invoice_of(row: Row) -> SalesInvoice:
    """The invoice in a whole record."""
    kind, reference, status = key(row, "Type"), key(row, "ReferenceNbr"), text(row, "Status")
    on = day(row, "Date")
    if on is None:
        raise WeAreWrong(f"sales invoice {reference} has no date")
    lines = [_line(line) for line in details(row, "Details")]
    credit = _TYPES.get(kind) is SalesInvoiceType.CREDIT
    originals = list(dict.fromkeys(line.original_invoice for line in lines if line.original_invoice))
    return SalesInvoice(
        id=document_id(kind, reference),
        number=reference,
        type=_TYPES.get(kind, SalesInvoiceType.INVOICE),
        invoice_date=on,
        due_date=day(row, "DueDate"),
        currency=text(row, "Currency"),
        released=status in _RELEASED,
        voided=status in _VOIDED,
        customer_id=text(row, "CustomerID"),
        customer_code=text(row, "CustomerID"),
        customer_name=text(linked(row, "BillToContact"), "BusinessName"),
        customer_order=text(row, "CustomerOrder"),
        order_numbers=_each(line.order_number for line in lines),
        shipment_numbers=_each(line.shipment_number for line in lines),
        original_invoice=originals[0] if credit and len(originals) == 1 else "",
        terms=_terms(row),
        bill_to=_party(row, "BillTo", text(row, "CustomerID")),
        ship_to=_party(row, "ShipTo", ""),
        # Acumatica takes it over from the order, which may be one that was written here.
        description=without_key(text(row, "Description")),
        notes=text(row, "note"),
        lines=tuple(lines),
        discounts=_discounts(row),
        charges=_charges(row),
        taxes=tuple(
            SalesTax(code=text(tax, "TaxID"), basis=maybe_number(tax, "TaxableAmount"), amount=number(tax, "TaxAmount"))
            for tax in details(row, "TaxDetails")
        ),
        taxes_included=text(row, "TaxCalcMode") == "Gross",
        total=number(row, "Amount"),
        other_type="" if kind in _TYPES else kind,
    )


def _line(line: Row) -> SalesInvoiceLine:
    off, percent = number(line, "DiscountAmount"), maybe_number(line, "DiscountPercent")
    return SalesInvoiceLine(
        id=identity(line),
        number=whole(line, "LineNbr") or 0,
        item_code=text(line, "InventoryID"),
        description=text(line, "TransactionDescr"),
        quantity=number(line, "Qty"),
        unit=text(line, "UOM"),
        price=number(line, "UnitPrice"),
        discounts=(SalesDiscount(percent=percent or None, amount=off),) if off else (),
        amount=number(line, "Amount"),
        order_number=text(line, "OrderNbr"),
        shipment_number=text(line, "ShipmentNbr"),
        original_invoice=text(line, "OrigInvNbr"),
        lot=text(line, "LotSerialNbr"),
        notes=text(line, "note"),
    )


def _each(values: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _terms(row: Row) -> SalesTerms:
    discount = number(row, "CashDiscount")
    return SalesTerms(code=text(row, _TERMS), discount_amount=discount or None)


def _discounts(row: Row) -> tuple[SalesDiscount, ...]:
    """Of groups of lines and of the whole invoice; a line's own stand in its amount already."""
    found = [
        SalesDiscount(
            code=text(one, "DiscountCode"),
            description=text(one, "Description"),
            percent=maybe_number(one, "DiscountPercent"),
            amount=number(one, "DiscountAmount"),
        )
        for one in details(row, "DiscountDetails")
        if text(one, "Type") != "Line" and number(one, "DiscountAmount")
    ]
    rest = number(row, "DiscountTotal") - sum((one.amount for one in found), Decimal(0))
    return (*found, SalesDiscount(amount=rest)) if rest else tuple(found)


def _charges(row: Row) -> tuple[SalesCharge, ...]:
    """Freight by shipment, and what the header has beyond."""
    found = [
        SalesCharge(
            code="freight",
            description=text(one, "Description"),
            shipment_number=text(one, "ShipmentNbr"),
            amount=number(one, "TotalFreightAmount"),
        )
        for one in details(row, "FreightDetails")
        if number(one, "TotalFreightAmount")
    ]
    rest = number(row, "FreightPrice") - sum((one.amount for one in found), Decimal(0))
    return (*found, SalesCharge(code="freight", amount=rest)) if rest else tuple(found)


def _party(row: Row, which: str, code: str) -> Address | None:
    return address_of(linked(row, f"{which}Address"), linked(row, f"{which}Contact"), code)


def address_of(address: Row, contact: Row, code: str) -> Address | None:
    """A party, of what a document says of it; None where that is nothing."""
    street = tuple(one for one in (text(address, "AddressLine1"), text(address, "AddressLine2")) if one)
    name = text(contact, "BusinessName")
    if not (street or name or text(address, "City")):
        return None
    return Address(
        code=code,
        name=name,
        attention=text(contact, "Attention"),
        phone=text(contact, "Phone1"),
        email=text(contact, "Email"),
        street=street,
        city=text(address, "City"),
        region=text(address, "State"),
        postal_code=text(address, "PostalCode"),
        country=text(address, "Country"),
    )
