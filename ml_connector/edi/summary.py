"""A document in business terms: plain values with the same names for every kind, for JSON and for people.

Decimals are text without trailing zeros, dates are ISO, what is absent is None. The first keys are the same for
all kinds; further ones belong to one kind.
"""

from collections.abc import Iterable, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment, InterchangeAcknowledgment
from ml_connector.documents.advices import ApplicationAdvice
from ml_connector.documents.common import (
    AllowanceCharge,
    Contact,
    DateReference,
    ItemId,
    Itemized,
    Party,
    PaymentTerms,
    Record,
    Reference,
    Tax,
)
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.json import decimal_text, kind_of
from ml_connector.documents.orders import AcknowledgedLine, OrderAcknowledgment, OrderChange, OrderLine, PurchaseOrder
from ml_connector.documents.remittances import Adjustment, PaidItem, Remittance
from ml_connector.documents.shipments import ShipNotice, ShippedItem, ShippedOrder
from ml_connector.edi.values import read_date, read_time

Plain = dict[str, Any]

#: Price bases that are per hundred and per thousand (x12-procurement 5).
_DIVISORS = {"HP": 100, "TP": 1000}


def summary(document: Record) -> Plain:
    """The document's header, parties and lines. Raises WeAreWrong for a record that is no document."""
    told: Plain = {"kind": kind_of(document).value, **dict.fromkeys(_HEADER), "parties": [], "lines": []}
    told["purpose"] = _text(getattr(document, "purpose", None))
    told["type"] = _text(getattr(document, "type", getattr(document, "order_type", None)))
    told["release"] = _text(getattr(document, "release", None))
    told["currency"] = _text(getattr(document, "currency", None))
    told["number"] = _text(getattr(document, "number", None))
    told["total"] = number(getattr(document, "total", None))
    told["parties"] = [_party(party) for party in getattr(document, "parties", ())]
    if isinstance(document, PurchaseOrder | OrderChange | OrderAcknowledgment):
        told.update(_order(document))
    elif isinstance(document, Invoice):
        told.update(_invoice(document))
    elif isinstance(document, ShipNotice):
        told.update(_notice(document))
    elif isinstance(document, Remittance):
        told.update(_remittance(document))
    elif isinstance(document, ApplicationAdvice):
        told.update(_advice(document))
    elif isinstance(document, FunctionalAcknowledgment):
        told.update(_acknowledgment(document))
    elif isinstance(document, InterchangeAcknowledgment):
        told.update(interchange_acknowledgment(document))
    if hasattr(document, "references"):
        told.update(_shared(document))
    return told


_HEADER = (
    "number", "date", "purpose", "type", "release", "currency", "po_number", "po_date", "total", "line_count",
    "quantity_total", "line_amount_total",
)  # fmt: skip


def _text(value: Any) -> str | None:
    return str(value) if value not in {None, ""} else None


def number(value: Decimal | int | None) -> str | None:
    """Plain decimal text."""
    return None if value is None else decimal_text(Decimal(value))


def _iso(value: date | time | None) -> str | None:
    return None if value is None else value.isoformat()


def _shared(document: Any) -> Plain:
    """What any business document may have beside its lines."""
    return {
        "references": [_reference(r) for r in document.references],
        "dates": [_date(d) for d in document.dates],
        "contacts": [_contact(c) for c in document.contacts],
        "notes": list(document.notes),
        "terms": [_terms(t) for t in getattr(document, "terms", ())],
        "allowances": [_charge(c) for c in getattr(document, "allowances", ())],
        "taxes": [_tax(t) for t in getattr(document, "taxes", ())],
        "extras": [extra.segment_id for extra in document.extras],
    }


def _reference(reference: Reference) -> Plain:
    told = {"qualifier": _text(reference.qualifier), "value": _text(reference.value)}
    return {**told, "description": reference.description} if reference.description else told


def _date(one: DateReference) -> Plain:
    return {"qualifier": _text(one.qualifier), "date": _iso(one.day), "time": _iso(one.at), "zone": _text(one.zone)}


def _contact(contact: Contact) -> Plain:
    return {
        "function": _text(contact.function),
        "name": _text(contact.name),
        "numbers": {n.qualifier: n.value for n in contact.numbers},
    }


def _party(party: Party) -> Plain:
    return {
        "role": _text(party.role),
        "name": _text(party.name),
        "qualifier": _text(party.id_scheme),
        "id": _text(party.id),
        "more_names": list(party.more_names),
        "street": list(party.street),
        "city": _text(party.city),
        "region": _text(party.region),
        "postal_code": _text(party.postal_code),
        "country": _text(party.country),
        "references": [_reference(r) for r in party.references],
        "contacts": [_contact(c) for c in party.contacts],
    }


def _terms(terms: PaymentTerms) -> Plain:
    return {
        "type": _text(terms.kind),
        "basis": _text(terms.basis),
        "discount_percent": number(terms.discount_percent),
        "discount_due": _iso(terms.discount_due),
        "discount_days": terms.discount_days,
        "discount_amount": number(terms.discount_amount),
        "net_due": _iso(terms.net_due),
        "net_days": terms.net_days,
        "description": _text(terms.description),
    }


def _charge(charge: AllowanceCharge) -> Plain:
    return {
        "kind": _text(charge.kind),
        "code": _text(charge.code),
        "amount": number(charge.amount),
        "percent": number(charge.percent),
        "rate": number(charge.rate),
        "quantity": number(charge.rate_quantity),
        "unit": _text(charge.rate_unit),
        "handling": _text(charge.handling),
        "description": _text(charge.description),
        "taxes": [_tax(t) for t in charge.taxes],
    }


def _tax(tax: Tax) -> Plain:
    return {
        "kind": _text(tax.kind),
        "amount": number(tax.amount),
        "percent": number(tax.percent),
        "jurisdiction": _text(tax.jurisdiction),
        "exempt": _text(tax.exempt),
        "tax_id": _text(tax.tax_id),
    }


def identifiers(items: Iterable[ItemId]) -> dict[str, str]:
    """Product ids by qualifier; the first of each counts."""
    told: dict[str, str] = {}
    for item in items:
        told.setdefault(item.qualifier, item.value)
    return told


def _itemized(line: Itemized) -> Plain:
    return {
        "identifiers": identifiers(line.items),
        "buyers_item": _text(line.buyers_item),
        "vendors_item": _text(line.vendors_item),
        "gtin": _text(line.gtin),
    }


def _line(line: Any) -> Plain:
    """A line of an order, an answer or an invoice."""
    told: Plain = {
        "line_number": _text(line.number),
        "quantity": number(line.quantity),
        "unit": _text(line.unit),
        "unit_price": number(line.price),
        "price_basis": _text(line.price_basis),
        "amount": number(_amount(line)) if line.price is not None and line.quantity is not None else None,
        "description": _text(line.description),
        **_itemized(line),
        "references": [_reference(r) for r in line.references],
        "dates": [_date(d) for d in line.dates],
        "allowances": [_charge(c) for c in line.allowances],
        "taxes": [_tax(t) for t in line.taxes],
        "parties": [_party(p) for p in line.parties],
    }
    if isinstance(line, OrderLine):
        told["schedules"] = [
            {"quantity": number(s.quantity), "unit": _text(s.unit), "qualifier": _text(s.qualifier),
             "date": _iso(s.day)} for s in line.schedules
        ]  # fmt: skip
        told["notes"] = list(line.notes)
    else:
        told["po_number"] = _text(line.order_number)
    if hasattr(line, "change"):
        told["change"] = _text(line.change)
        told["quantity_left"] = number(line.quantity_left)
    if isinstance(line, AcknowledgedLine):
        told["answers"] = [
            {
                "status": _text(a.status),
                "quantity": number(a.quantity),
                "unit": _text(a.unit),
                "date_qualifier": _text(a.date_qualifier),
                "date": _iso(a.day),
                "identifiers": identifiers(a.items),
            }
            for a in line.answers
        ]
    return told


def _amount(line: Any) -> Decimal:
    return (line.quantity or Decimal(0)) * (line.price or Decimal(0)) / _DIVISORS.get(line.price_basis, 1)


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
        "date": _iso(document.order_date),
        "po_number": _text(document.number),
        "po_date": _iso(document.order_date),
        **_lines(document.lines),
    }
    if isinstance(document, OrderChange):
        told.update(sequence=_text(document.sequence), change_date=_iso(document.change_date))
    elif isinstance(document, OrderAcknowledgment):
        told.update(
            acknowledgment_date=_iso(document.acknowledgment_date),
            sellers_order=_text(document.sellers_order),
            sequence=_text(document.sequence),
        )
    else:
        told.update(contract=_text(document.contract), acknowledgment_wanted=_text(document.acknowledgment_wanted))
    return told


def _invoice(document: Invoice) -> Plain:
    return {
        "date": _iso(document.invoice_date),
        "po_number": _text(document.order_number),
        "po_date": _iso(document.order_date),
        "po_numbers": list(document.order_numbers),
        "credit": document.is_credit,
        "original_invoice": _text(document.original_invoice),
        "discountable": number(document.discountable),
        "discounted": number(document.discounted),
        "terms_discount": number(document.terms_discount),
        **_lines(document.lines),
    }


def _notice(document: ShipNotice) -> Plain:
    items = [(order, item) for order in document.orders for item in order.items]
    numbers = [order.order_number for order in document.orders]
    first = document.orders[0] if document.orders else None
    return {
        "date": _iso(document.notice_date),
        "time": _iso(document.notice_time),
        "structure": _text(document.structure),
        "shipped_date": _iso(document.shipped_date),
        "po_number": _text(first.order_number) if first else None,
        "po_date": _iso(first.order_date) if first else None,
        "release": _text(first.release) if first else None,
        "po_numbers": numbers,
        "line_count": len(items),
        "quantity_total": number(sum((item.quantity or Decimal(0) for _, item in items), Decimal(0))),
        "lines": [_shipped(order, item) for order, item in items],
        "orders": [
            {
                "po_number": _text(order.order_number),
                "po_date": _iso(order.order_date),
                "release": _text(order.release),
                "references": [_reference(r) for r in order.references],
                "parties": [_party(p) for p in order.parties],
                "item_count": len(order.items),
            }
            for order in document.orders
        ],
    }


def _shipped(order: ShippedOrder, item: ShippedItem) -> Plain:
    return {
        "line_number": _text(item.line_number),
        "quantity": number(item.quantity),
        "unit": _text(item.unit),
        "unit_price": None,
        "quantity_ordered": number(item.quantity_ordered),
        "status": _text(item.status),
        "description": _text(item.description),
        **_itemized(item),
        "po_number": _text(order.order_number),
        "packs": list(item.packs),
    }


def _remittance(document: Remittance) -> Plain:
    return {
        "date": _iso(document.payment_date),
        "total": number(document.amount),
        "amount": number(document.amount),
        "trace": _text(document.number),
        "method": _text(document.method),
        "handling": _text(document.handling),
        "credit_or_debit": _text(document.credit_or_debit),
        "remittances": [_paid(item) for item in document.items],
        "adjustments": [_adjustment(one) for one in document.adjustments],
        "line_count": len(document.items),
        "line_amount_total": number(sum((item.amount or Decimal(0) for item in document.items), Decimal(0))),
    }


def _paid(item: PaidItem) -> Plain:
    return {
        "qualifier": _text(item.qualifier),
        "number": _text(item.number),
        "action": _text(item.action),
        "amount": number(item.amount),
        "invoice_amount": number(item.invoice_amount),
        "discount": number(item.discount),
        "po_number": _text(item.order_number),
        "references": [_reference(r) for r in item.references],
        "dates": [_date(d) for d in item.dates],
        "adjustments": [_adjustment(one) for one in item.adjustments],
    }


def _adjustment(one: Adjustment) -> Plain:
    return {
        "amount": number(one.amount),
        "reason": _text(one.reason),
        "qualifier": _text(one.qualifier),
        "number": _text(one.number),
    }


def _advice(document: ApplicationAdvice) -> Plain:
    return {
        "date": _iso(document.advice_date),
        "time": _iso(document.advice_time),
        "answers": _text(document.answers),
        "line_count": len(document.items),
        "lines": [
            {
                "code": _text(item.code),
                "accepted": item.accepted,
                "qualifier": _text(item.qualifier),
                "number": _text(item.number),
                "set": _text(item.set_type),
                "group_control": _text(item.group_control),
                "set_control": _text(item.set_control),
                "references": [_reference(r) for r in item.references],
                "errors": [
                    {
                        "code": _text(error.code),
                        "message": _text(error.message),
                        "segment": _text(error.segment_id),
                        "position": error.position,
                        "element": error.element,
                        "value": _text(error.value),
                        "notes": list(error.notes),
                    }
                    for error in item.errors
                ],
            }
            for item in document.items
        ],
    }


def _acknowledgment(document: FunctionalAcknowledgment) -> Plain:
    return {
        "number": _text(document.group_control),
        "functional_id": _text(document.functional_id),
        "group_control": _text(document.group_control),
        "version": _text(document.version),
        "code": _text(document.code),
        "reasons": list(document.reasons),
        "sets_announced": document.sets_announced,
        "sets_received": document.sets_received,
        "sets_accepted": document.sets_accepted,
        "sets": [
            {
                "set": _text(answer.set_type),
                "control_number": _text(answer.control_number),
                "code": _text(answer.code),
                "reasons": list(answer.reasons),
                "segments": [
                    {
                        "segment": _text(segment.segment_id),
                        "position": segment.position,
                        "loop": _text(segment.loop),
                        "code": _text(segment.code),
                        "elements": [
                            {
                                "element": element.position,
                                "component": element.component,
                                "reference": _text(element.reference),
                                "code": _text(element.code),
                                "value": _text(element.value),
                            }
                            for element in segment.elements
                        ],
                    }
                    for segment in answer.segments
                ],
            }
            for answer in document.sets
        ],
    }


def interchange_acknowledgment(document: InterchangeAcknowledgment) -> Plain:
    """A TA1; a date or time that is none stays as it was sent."""
    return {
        "control_number": _text(document.control_number),
        "date": _iso(read_date(document.date)) or _text(document.date),
        "time": _iso(read_time(document.time)) or _text(document.time),
        "code": _text(document.code),
        "note": _text(document.note),
    }
