"""A document in business terms: plain values with the same names for every kind, for JSON and for people.

Decimals are text without trailing zeros, dates are ISO, what is absent is None. The first keys are the same for
all kinds; further ones belong to one kind.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment, InterchangeAcknowledgment
from ml_connector.documents.application_advice import ApplicationAdvice
from ml_connector.documents.common import (
    AllowanceCharge,
    Contact,
    ItemId,
    Itemized,
    Party,
    PaymentTerms,
    Record,
    Tax,
)
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.json import kind_of
from ml_connector.documents.orders import AcknowledgedLine, OrderAcknowledgment, OrderChange, OrderLine, PurchaseOrder
from ml_connector.documents.remittances import Remittance
from ml_connector.documents.shipments import ShipNotice, ShippedItem, ShippedOrder
from ml_connector.documents.values.price_basis import pieces
from ml_connector.edi.tools.plain_values import Plain, date_of, fields_of, iso, number, reference, text_of
from ml_connector.edi.tools.summary_answers import acknowledgment, advice, interchange_acknowledgment, remittance


def summary(document: Record) -> Plain:
    """The document's header, parties and lines. Raises WeAreWrong for a record that is no document."""
    told: Plain = {"kind": kind_of(document).value, **dict.fromkeys(_HEADER), "parties": [], "lines": []}
    told["purpose"] = text_of(getattr(document, "purpose", None))
    told["type"] = text_of(getattr(document, "type", getattr(document, "order_type", None)))
    told["release"] = text_of(getattr(document, "release", None))
    told["currency"] = text_of(getattr(document, "currency", None))
    told["number"] = text_of(getattr(document, "number", None))
    told["total"] = number(getattr(document, "total", None))
    told["parties"] = [_party(party) for party in getattr(document, "parties", ())]
    if isinstance(document, PurchaseOrder | OrderChange | OrderAcknowledgment):
        told.update(_order(document))
    elif isinstance(document, Invoice):
        told.update(_invoice(document))
    elif isinstance(document, ShipNotice):
        told.update(_notice(document))
    elif isinstance(document, Remittance):
        told.update(remittance(document))
    elif isinstance(document, ApplicationAdvice):
        told.update(advice(document))
    elif isinstance(document, FunctionalAcknowledgment):
        told.update(acknowledgment(document))
    elif isinstance(document, InterchangeAcknowledgment):
        told.update(interchange_acknowledgment(document))
    if hasattr(document, "references"):
        told.update(_shared(document))
    return told


_HEADER = (
    "number", "date", "purpose", "type", "release", "currency", "po_number", "po_date", "total", "line_count",
    "quantity_total", "line_amount_total",
)  # fmt: skip


def _shared(document: Any) -> Plain:
    """What any business document may have beside its lines."""
    return {
        "references": [reference(r) for r in document.references],
        "dates": [date_of(d) for d in document.dates],
        "contacts": [_contact(c) for c in document.contacts],
        "notes": list(document.notes),
        "terms": [_terms(t) for t in getattr(document, "terms", ())],
        "allowances": [_charge(c) for c in getattr(document, "allowances", ())],
        "taxes": [_tax(t) for t in getattr(document, "taxes", ())],
        "extras": [extra.segment_id for extra in document.extras],
    }


def _contact(contact: Contact) -> Plain:
    return {
        **fields_of(contact, "function", "name"),
        "numbers": {n.qualifier: n.value for n in contact.numbers},
    }


def _party(party: Party) -> Plain:
    return {
        **fields_of(party, "role", "name", "qualifier=id_scheme", "id"),
        "more_names": list(party.more_names),
        "street": list(party.street),
        **fields_of(party, "city", "region", "postal_code", "country"),
        "references": [reference(r) for r in party.references],
        "contacts": [_contact(c) for c in party.contacts],
    }


def _terms(terms: PaymentTerms) -> Plain:
    return fields_of(
        terms,
        "type=kind",
        "basis",
        "discount_percent",
        "discount_due",
        "discount_days",
        "discount_amount",
        "net_due",
        "net_days",
        "description",
    )


def _charge(charge: AllowanceCharge) -> Plain:
    return {
        **fields_of(
            charge,
            "kind",
            "code",
            "amount",
            "percent",
            "rate",
            "quantity=rate_quantity",
            "unit=rate_unit",
            "handling",
            "description",
        ),
        "taxes": [_tax(t) for t in charge.taxes],
    }


def _tax(tax: Tax) -> Plain:
    return fields_of(tax, "kind", "amount", "percent", "jurisdiction", "exempt", "tax_id")


def identifiers(items: Iterable[ItemId]) -> dict[str, str]:
    """Product ids by qualifier; the first of each counts."""
    told: dict[str, str] = {}
    for item in items:
        told.setdefault(item.qualifier, item.value)
    return told


def _itemized(line: Itemized) -> Plain:
    return {
        "identifiers": identifiers(line.items),
        **fields_of(line, "buyers_item", "vendors_item", "gtin"),
    }


def _line(line: Any) -> Plain:
    """A line of an order, an answer or an invoice."""
    told: Plain = {
        **fields_of(line, "line_number=number", "quantity", "unit", "unit_price=price", "price_basis"),
        "amount": number(_amount(line)) if line.price is not None and line.quantity is not None else None,
        "description": text_of(line.description),
        **_itemized(line),
        "references": [reference(r) for r in line.references],
        "dates": [date_of(d) for d in line.dates],
        "allowances": [_charge(c) for c in line.allowances],
        "taxes": [_tax(t) for t in line.taxes],
        "parties": [_party(p) for p in line.parties],
    }
    if isinstance(line, OrderLine):
        told["schedules"] = [
            {"quantity": number(s.quantity), "unit": text_of(s.unit), "qualifier": text_of(s.qualifier),
             "date": iso(s.day)} for s in line.schedules
        ]  # fmt: skip
        told["notes"] = list(line.notes)
    else:
        told["po_number"] = text_of(line.order_number)
    if hasattr(line, "change"):
        told["change"] = text_of(line.change)
        told["quantity_left"] = number(line.quantity_left)
    if isinstance(line, AcknowledgedLine):
        told["answers"] = [
            {
                **fields_of(a, "status", "quantity", "unit", "date_qualifier", "date=day"),
                "identifiers": identifiers(a.items),
            }
            for a in line.answers
        ]
    return told


def _amount(line: Any) -> Decimal:
    return (line.quantity or Decimal(0)) * (line.price or Decimal(0)) / pieces(line.price_basis)


def _lines(lines: Sequence[Any]) -> Plain:
    return {
        "line_count": len(lines),
        "quantity_total": number(sum((line.quantity or Decimal(0) for line in lines), Decimal(0))),
        "line_amount_total": number(sum((_amount(line) for line in lines), Decimal(0))),
        "lines": [_line(line) for line in lines],
    }


def _order(document: PurchaseOrder | OrderChange | OrderAcknowledgment) -> Plain:
    """The date is the order's own (BEG05, BCH06, BAK04, BCA06): the one by which buyer and seller know it."""
    told: Plain = {
        **fields_of(document, "date=order_date", "po_number=number", "po_date=order_date"),
        **_lines(document.lines),
    }
    if isinstance(document, OrderChange):
        told.update(sequence=text_of(document.sequence), change_date=iso(document.change_date))
    elif isinstance(document, OrderAcknowledgment):
        told.update(
            acknowledgment_date=iso(document.acknowledgment_date),
            sellers_order=text_of(document.sellers_order),
            sequence=text_of(document.sequence),
        )
    else:
        told.update(contract=text_of(document.contract), acknowledgment_wanted=text_of(document.acknowledgment_wanted))
    return told


def _invoice(document: Invoice) -> Plain:
    """The order is that of the header, or the only one that the lines name."""
    orders = document.order_numbers
    return {
        **fields_of(document, "date=invoice_date", "po_date=order_date"),
        "po_number": text_of(document.order_number) or (orders[0] if len(orders) == 1 else None),
        "po_numbers": list(orders),
        "credit": document.is_credit,
        **fields_of(document, "original_invoice", "discountable", "discounted", "terms_discount"),
        **_lines(document.lines),
    }


def _notice(document: ShipNotice) -> Plain:
    items = [(order, item) for order in document.orders for item in order.items]
    numbers = [order.order_number for order in document.orders if order.order_number]
    first = document.orders[0] if document.orders else None
    return {
        **fields_of(document, "date=notice_date", "time=notice_time", "structure", "shipped_date"),
        "po_number": text_of(first.order_number) if first else None,
        "po_date": iso(first.order_date) if first else None,
        "release": text_of(first.release) if first else None,
        "po_numbers": numbers,
        "line_count": len(items),
        "quantity_total": number(sum((item.quantity or Decimal(0) for _, item in items), Decimal(0))),
        "lines": [_shipped(order, item) for order, item in items],
        "orders": [
            {
                **fields_of(order, "po_number=order_number", "po_date=order_date", "release"),
                "references": [reference(r) for r in order.references],
                "parties": [_party(p) for p in order.parties],
                "item_count": len(order.items),
                "packs": [
                    {
                        "marks": list(pack.marks),
                        "items": [
                            {
                                **fields_of(item, "line_number", "quantity", "unit"),
                                "identifiers": identifiers(item.items),
                            }
                            for item in pack.items
                        ],
                    }
                    for pack in order.packs
                ],
            }
            for order in document.orders
        ],
    }


def _shipped(order: ShippedOrder, item: ShippedItem) -> Plain:
    return {
        **fields_of(item, "line_number", "quantity", "unit"),
        "unit_price": None,
        **fields_of(item, "quantity_ordered", "status", "description"),
        **_itemized(item),
        "po_number": text_of(order.order_number),
        "packs": list(item.packs),
    }
