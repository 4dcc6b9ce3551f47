"""What is told of a document that no flow of an integration works on: it is held, with what a person needs to do it.

Of a remittance advice (820) that is what is paid, for what, and whether that comes to the payment (x12-procurement 9).
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ml_connector.documents.common import Record
from ml_connector.documents.remittances import Adjustment, PaidItem, Remittance
from ml_connector.documents.values.decimals import decimal_text
from ml_connector.errors import NeedsCorrection, Reason

#: Paid items that are shown; all of them are in the document.
SHOWN = 50
#: BPR01 (element 305), BPR03 (478), RMR01 (128).
_HANDLING: Mapping[str, str] = {
    "I": "remittance only, no payment",
    "C": "payment with remittance",
    "D": "payment only",
    "P": "prenotification, no payment",
    "U": "split",
    "X": "payment or remittance",
    "N": "cheque notice",
    "H": "notification, no payment",
}
_DIRECTIONS: Mapping[str, str] = {"C": "they pay", "D": "they draw from us"}
_PAID: Mapping[str, str] = {
    "IV": "invoice",
    "CM": "credit memo",
    "PO": "order",
    "OI": "original invoice",
    "IK": "invoice",
    "AP": "receivable",
}


def unhandled(document: Record | None, set_type: str, control_number: str) -> NeedsCorrection:
    """Why a set waits that is answered and worked on by nobody here."""
    data: dict[str, Any] = {"set": set_type, "control_number": control_number}
    if not isinstance(document, Remittance):
        return NeedsCorrection(
            Reason.UNSUPPORTED_DOCUMENT,
            f"Transaction set {set_type} is not handled by this integration.",
            remedy="Handle it by hand and discard it here, or ask the partner not to send it.",
            data=data,
        )
    shown = list(_items(document))
    named = ", ".join(one["number"] for one in shown[:5]) or "nothing that is named"
    more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
    off = _off(document)
    wrong = f" What it names comes to {_text((document.amount or Decimal(0)) - off)}." if off else ""
    amount = f"{_text(document.amount)} {document.currency}".strip() or "an amount that cannot be read"
    return NeedsCorrection(
        Reason.UNSUPPORTED_DOCUMENT,
        f"Payment {document.number or '(no number)'} of {amount} (820) pays {named}{more}; payments are not entered in "
        f"the ERP from here.{wrong}",
        remedy="Enter the payment in the ERP against what is listed, then discard this; or ask the partner not to send "
        "it.",
        data={
            **data,
            "trace": document.number,
            "amount": _text(document.amount),
            "currency": document.currency,
            "day": document.payment_date.isoformat() if document.payment_date else "",
            "handling": _HANDLING.get(document.handling, f"a code that is not known: {document.handling or '(none)'}"),
            "direction": _DIRECTIONS.get(document.credit_or_debit, document.credit_or_debit),
            "items": shown[:SHOWN],
            "items_in_all": len(shown),
            "adjustments": [_adjustment(one) for one in document.adjustments][:SHOWN],
            "difference": _text(off),
        },
    )


def _items(document: Remittance) -> Iterator[dict[str, Any]]:
    for item in document.items:
        yield {
            "what": _PAID.get(item.qualifier, item.qualifier or "not said"),
            "number": item.number,
            "paid": _text(item.amount),
            "invoiced": _text(item.invoice_amount),
            "discount": _text(item.discount),
            **({"adjustments": [_adjustment(one) for one in item.adjustments]} if item.adjustments else {}),
            **_own_adjustment(item),
        }


def _own_adjustment(item: PaidItem) -> dict[str, str]:
    if item.adjustment_amount is None:
        return {}
    return {"adjusted": _text(item.adjustment_amount), "reason": item.adjustment_reason}


def _adjustment(one: Adjustment) -> dict[str, str]:
    return {"amount": _text(one.amount), "reason": one.reason, "number": one.number}


def _off(document: Remittance) -> Decimal:
    """What a payment is more than all that it names: RMR04, and adjustments that stand beside the items."""
    named = sum((item.amount or Decimal(0) for item in document.items), Decimal(0))
    named += sum((one.amount or Decimal(0) for one in document.adjustments), Decimal(0))
    return (document.amount or Decimal(0)) - named


def _text(value: Decimal | None) -> str:
    return "" if value is None else decimal_text(value)
