"""Payments, advices and acknowledgments in business terms (see edi.summary)."""

from decimal import Decimal

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment, InterchangeAcknowledgment
from ml_connector.documents.advices import ApplicationAdvice
from ml_connector.documents.remittances import Adjustment, PaidItem, Remittance
from ml_connector.edi.plain import Plain, date_of, iso, number, reference, text_of
from ml_connector.edi.values import read_date, read_time


def remittance(document: Remittance) -> Plain:
    """820."""
    return {
        "date": iso(document.payment_date),
        "total": number(document.amount),
        "amount": number(document.amount),
        "trace": text_of(document.number),
        "method": text_of(document.method),
        "handling": text_of(document.handling),
        "credit_or_debit": text_of(document.credit_or_debit),
        "remittances": [_paid(item) for item in document.items],
        "adjustments": [_adjustment(one) for one in document.adjustments],
        "line_count": len(document.items),
        "line_amount_total": number(sum((item.amount or Decimal(0) for item in document.items), Decimal(0))),
    }


def _paid(item: PaidItem) -> Plain:
    return {
        "qualifier": text_of(item.qualifier),
        "number": text_of(item.number),
        "action": text_of(item.action),
        "amount": number(item.amount),
        "invoice_amount": number(item.invoice_amount),
        "discount": number(item.discount),
        "po_number": text_of(item.order_number),
        "references": [reference(r) for r in item.references],
        "dates": [date_of(d) for d in item.dates],
        "adjustments": [_adjustment(one) for one in item.adjustments],
    }


def _adjustment(one: Adjustment) -> Plain:
    return {
        "amount": number(one.amount),
        "reason": text_of(one.reason),
        "qualifier": text_of(one.qualifier),
        "number": text_of(one.number),
    }


def advice(document: ApplicationAdvice) -> Plain:
    """824."""
    return {
        "date": iso(document.advice_date),
        "time": iso(document.advice_time),
        "answers": text_of(document.answers),
        "line_count": len(document.items),
        "lines": [
            {
                "code": text_of(item.code),
                "accepted": item.accepted,
                "qualifier": text_of(item.qualifier),
                "number": text_of(item.number),
                "set": text_of(item.set_type),
                "group_control": text_of(item.group_control),
                "set_control": text_of(item.set_control),
                "references": [reference(r) for r in item.references],
                "errors": [
                    {
                        "code": text_of(error.code),
                        "message": text_of(error.message),
                        "segment": text_of(error.segment_id),
                        "position": error.position,
                        "element": error.element,
                        "value": text_of(error.value),
                        "notes": list(error.notes),
                    }
                    for error in item.errors
                ],
            }
            for item in document.items
        ],
    }


def acknowledgment(document: FunctionalAcknowledgment) -> Plain:
    """997 and 999."""
    return {
        "number": text_of(document.group_control),
        "functional_id": text_of(document.functional_id),
        "group_control": text_of(document.group_control),
        "version": text_of(document.version),
        "code": text_of(document.code),
        "reasons": list(document.reasons),
        "sets_announced": document.sets_announced,
        "sets_received": document.sets_received,
        "sets_accepted": document.sets_accepted,
        "sets": [
            {
                "set": text_of(answer.set_type),
                "control_number": text_of(answer.control_number),
                "code": text_of(answer.code),
                "reasons": list(answer.reasons),
                "segments": [
                    {
                        "segment": text_of(segment.segment_id),
                        "position": segment.position,
                        "loop": text_of(segment.loop),
                        "code": text_of(segment.code),
                        "elements": [
                            {
                                "element": element.position,
                                "component": element.component,
                                "reference": text_of(element.reference),
                                "code": text_of(element.code),
                                "value": text_of(element.value),
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
        "control_number": text_of(document.control_number),
        "date": iso(read_date(document.date)) or text_of(document.date),
        "time": iso(read_time(document.time)) or text_of(document.time),
        "code": text_of(document.code),
        "note": text_of(document.note),
    }
