"""Payments, advices and acknowledgments in business terms (see edi.summary)."""

from decimal import Decimal

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment, InterchangeAcknowledgment
from ml_connector.documents.application_advice import ApplicationAdvice
from ml_connector.documents.remittances import Adjustment, PaidItem, Remittance
from ml_connector.edi.framing.values import read_date, read_time
from ml_connector.edi.tools.plain_values import Plain, date_of, fields_of, iso, number, reference, text_of


def remittance(document: Remittance) -> Plain:
    """820."""
    return {
        **fields_of(
            document,
            "date=payment_date",
            "total=amount",
            "amount",
            "trace=number",
            "method",
            "handling",
            "credit_or_debit",
        ),
        "remittances": [_paid(item) for item in document.items],
        "adjustments": [_adjustment(one) for one in document.adjustments],
        "line_count": len(document.items),
        "line_amount_total": number(sum((item.amount or Decimal(0) for item in document.items), Decimal(0))),
    }


def _paid(item: PaidItem) -> Plain:
    return {
        **fields_of(
            item, "qualifier", "number", "action", "amount", "invoice_amount", "discount", "po_number=order_number"
        ),
        "references": [reference(r) for r in item.references],
        "dates": [date_of(d) for d in item.dates],
        "adjustments": [_adjustment(one) for one in item.adjustments],
    }


def _adjustment(one: Adjustment) -> Plain:
    return fields_of(one, "amount", "reason", "qualifier", "number")


def advice(document: ApplicationAdvice) -> Plain:
    """824."""
    return {
        **fields_of(document, "date=advice_date", "time=advice_time", "answers"),
        "line_count": len(document.items),
        "lines": [
            {
                **fields_of(
                    item, "code", "accepted", "qualifier", "number", "set=set_type", "group_control", "set_control"
                ),
                "references": [reference(r) for r in item.references],
                "errors": [
                    {
                        **fields_of(error, "code", "message", "segment=segment_id", "position", "element", "value"),
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
        **fields_of(document, "number=group_control", "functional_id", "group_control", "version", "code"),
        "reasons": list(document.reasons),
        **fields_of(document, "sets_announced", "sets_received", "sets_accepted"),
        "sets": [
            {
                **fields_of(answer, "set=set_type", "control_number", "code"),
                "reasons": list(answer.reasons),
                "segments": [
                    {
                        **fields_of(segment, "segment=segment_id", "position", "loop", "code"),
                        "elements": [
                            {
                                **fields_of(element, "element=position", "component", "reference", "code", "value"),
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
        **fields_of(document, "code", "note"),
    }
