"""What the codes of a document say that it is. What no list here decides is held with a question (DESIGN 3, 9)."""

from collections.abc import Mapping
from typing import Literal

from ml_connector.documents.common import Purpose
from ml_connector.documents.invoices import CREDIT_TYPES, INVOICE_TYPES, Invoice
from ml_connector.errors import NeedsCorrection, Reason

TypeMeaning = Literal["invoice", "credit", "held"]

#: Element 640 in BIG07: what is held, with its name (x12-procurement 8, the table under BIG).
_HELD_TYPES = {
    "CO": "corrected invoice",
    "AI": "adjusted invoice",
    "DU": "duplicate",
    "ME": "memorandum",
    "IN": "inquiry",
    "RA": "request for credit",
    "RC": "request for credit",
    "CF": "consolidated debit memo",
    "DR": "debit memo",
    "DC": "debit commission",
    "PP": "prepaid invoice",
    "BB": "billback",
    "FD": "freight invoice",
}
#: Of these, what is about another invoice, and what it does to it.
CORRECTING_TYPES = {"CO": "corrects", "AI": "adjusts", "DU": "repeats"}
#: Element 353 (x12-procurement 6 to 8).
PURPOSES = {
    "01": "cancels",
    "04": "changes",
    "05": "replaces",
    "06": "confirms",
    "07": "repeats",
    "15": "sends again",
    "22": "is only a copy of",
    "CN": "tells the completion of",
}
_FIRST_INVOICE = frozenset({"", Purpose.ORIGINAL.value})


def type_of(invoice_type: str) -> str:
    """BIG07 as the lists have it."""
    return invoice_type.strip().upper()


def purpose_of(invoice: Invoice) -> str:
    """BIG08; empty where it says nothing."""
    return (invoice.purpose or "").strip().upper()


def is_first(invoice: Invoice) -> bool:
    """Whether neither purpose nor type says that an invoice is about another one."""
    return purpose_of(invoice) in _FIRST_INVOICE and type_of(invoice.type) not in CORRECTING_TYPES


def is_credit(invoice: Invoice, types: Mapping[str, TypeMeaning]) -> bool:
    """Whether an invoice is a credit. types: what a partner means by a type (BIG07), where it says otherwise.

    Raises:
        NeedsCorrection: its purpose or type is not one that is posted.
    """
    _check_first(invoice)
    code = type_of(invoice.type)
    meaning = types.get(code) or _meaning_of(code)
    if meaning == "held":
        name = _HELD_TYPES.get(code, "a type that is not known here")
        raise NeedsCorrection(
            Reason.UNSUPPORTED_DOCUMENT,
            f"Invoice {invoice.number} is of type {invoice.type} (BIG07): {name}.",
            remedy="Find out what the supplier wants of you and book it by hand, then discard it here; or say in the"
            f" partner's file what it means by {code} (`invoice_types`).",
            data={"invoice": invoice.number, "type": invoice.type, **_named_by(invoice)},
        )
    negative = invoice.total is not None and invoice.total < 0
    if negative and code and meaning == "invoice":
        raise NeedsCorrection(
            Reason.SIGN_CONTRADICTION,
            f"Invoice {invoice.number} is an invoice by its type {code} (BIG07) and a credit by its total.",
            remedy="Ask the supplier which it is, and for one whose type and signs agree; discard this one.",
            data={"invoice": invoice.number, "type": code, "total": str(invoice.total)},
        )
    return meaning == "credit" or negative


def _meaning_of(code: str) -> TypeMeaning:
    if code in CREDIT_TYPES:
        return "credit"
    return "invoice" if code in INVOICE_TYPES else "held"


def _named_by(invoice: Invoice) -> dict[str, str]:
    """The invoice that this one names as the one it is about."""
    named = [invoice.original_invoice, *(r.value for r in invoice.references if r.qualifier in {"OI", "IV"})]
    return next(({"original": number} for number in named if number), {})


def _check_first(invoice: Invoice) -> None:
    code = purpose_of(invoice)
    if code in _FIRST_INVOICE:
        return
    about = _named_by(invoice)
    says = PURPOSES.get(code)
    told = (
        f"Invoice {invoice.number} {says} {about.get('original') or 'an earlier one (original unknown)'}"
        if says
        else f"Invoice {invoice.number} has a purpose not known"
    )
    raise NeedsCorrection(
        Reason.UNSUPPORTED_DOCUMENT,
        f"{told} (BIG08 {code}).",
        remedy="Look whether the earlier one was booked, put that right in the ERP by hand, then discard this "
        "one here.",
        data={"number": invoice.number, "purpose": code, **about},
    )
