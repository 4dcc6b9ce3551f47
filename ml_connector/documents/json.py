"""Documents as JSON: canonical text, so that equal documents have equal text and a hash of it means something.

Keys are sorted, fields that hold their default are left out (a field added later changes no hash), decimals are
text without trailing zeros, dates and times are ISO.
"""

import json
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from typing import Any

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment, InterchangeAcknowledgment
from ml_connector.documents.advices import ApplicationAdvice
from ml_connector.documents.common import DocumentKind, Record
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.later import model_of
from ml_connector.documents.orders import OrderAcknowledgment, OrderChange, PurchaseOrder
from ml_connector.documents.remittances import Remittance
from ml_connector.documents.shipments import ShipNotice
from ml_connector.documents.values.decimals import decimal_text
from ml_connector.errors import WeAreWrong

#: The model that carries each kind of document.
MODELS: dict[DocumentKind, type[Record]] = {
    DocumentKind.ORDER: PurchaseOrder,
    DocumentKind.ORDER_CHANGE: OrderChange,
    DocumentKind.ORDER_ACKNOWLEDGMENT: OrderAcknowledgment,
    DocumentKind.CHANGE_ACKNOWLEDGMENT: OrderAcknowledgment,
    DocumentKind.INVOICE: Invoice,
    DocumentKind.SHIP_NOTICE: ShipNotice,
    DocumentKind.REMITTANCE: Remittance,
    DocumentKind.APPLICATION_ADVICE: ApplicationAdvice,
    DocumentKind.FUNCTIONAL_ACKNOWLEDGMENT: FunctionalAcknowledgment,
    DocumentKind.INTERCHANGE_ACKNOWLEDGMENT: InterchangeAcknowledgment,
}

_KINDS: dict[type[Record], DocumentKind] = {
    model: kind for kind, model in MODELS.items() if kind is not DocumentKind.CHANGE_ACKNOWLEDGMENT
}


def kind_of(document: Record) -> DocumentKind:
    """The kind of a document. Raises WeAreWrong for a record that is no document."""
    if isinstance(document, OrderAcknowledgment) and document.answers_change:
        return DocumentKind.CHANGE_ACKNOWLEDGMENT
    kind = _KINDS.get(model_of(document))
    if kind is None:
        raise WeAreWrong(f"{type(document).__name__} is not a document")
    return kind


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, date | time):
        return value.isoformat()
    raise WeAreWrong(f"a document holds a {type(value).__name__}, which has no JSON form")


@lru_cache(maxsize=1)
def _encoder() -> json.JSONEncoder:
    return json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)


def dump(document: Record) -> str:
    """One line of canonical JSON with `kind` inside. Raises WeAreWrong for a record that is no document."""
    values = document.model_dump(exclude_defaults=True)
    values["kind"] = kind_of(document).value
    return _encoder().encode(values)


def load(kind: DocumentKind | str, text: str) -> Record:
    """The document of that kind that `dump` wrote.

    Raises WeAreWrong when the text is of another kind, pydantic.ValidationError when it is no such document.
    """
    values = json.loads(text, parse_float=Decimal, parse_int=int)
    wanted = DocumentKind(kind)
    found = values.pop("kind", wanted.value)
    if found != wanted.value:
        raise WeAreWrong(f"the stored document is of kind {found}, not {wanted.value}")
    return MODELS[wanted].model_validate(values)
