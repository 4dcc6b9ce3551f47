"""Documents as JSON: canonical text, so that equal documents have equal text and a hash of it means something.

Keys are sorted, fields that hold their default are left out (a field added later changes no hash), decimals are
text without trailing zeros, dates and times are ISO.
"""

import re
from decimal import Decimal
from typing import Any

import msgspec

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment, InterchangeAcknowledgment
from ml_connector.documents.application_advice import ApplicationAdvice
from ml_connector.documents.common import DocumentKind, Record
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.master.tables import ReferenceData
from ml_connector.documents.master.vendors import VendorProposal
from ml_connector.documents.orders import OrderAcknowledgment, OrderChange, PurchaseOrder
from ml_connector.documents.payables.invoices import NetworkInvoice
from ml_connector.documents.payables.payments import NetworkPayment
from ml_connector.documents.payables.purchasing import NetworkOrder, NetworkReceipt
from ml_connector.documents.payables.vendors import NetworkCode, NetworkVendor
from ml_connector.documents.records import from_values, said, values_of
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
    DocumentKind.REFERENCE_DATA: ReferenceData,
    DocumentKind.VENDOR_PROPOSAL: VendorProposal,
    DocumentKind.FUNCTIONAL_ACKNOWLEDGMENT: FunctionalAcknowledgment,
    DocumentKind.INTERCHANGE_ACKNOWLEDGMENT: InterchangeAcknowledgment,
    DocumentKind.VENDOR: NetworkVendor,
    DocumentKind.CODE: NetworkCode,
    DocumentKind.PAYABLE: NetworkInvoice,
    DocumentKind.PAYMENT: NetworkPayment,
    DocumentKind.ORDER_RECORD: NetworkOrder,
    DocumentKind.RECEIPT_RECORD: NetworkReceipt,
}

_KINDS: dict[type[Record], DocumentKind] = {
    model: kind for kind, model in MODELS.items() if kind is not DocumentKind.CHANGE_ACKNOWLEDGMENT
}


def kind_of(document: Record) -> DocumentKind:
    """The kind of a document. Raises WeAreWrong for a record that is no document."""
    if isinstance(document, OrderAcknowledgment) and document.answers_change:
        return DocumentKind.CHANGE_ACKNOWLEDGMENT
    kind = _KINDS.get(type(document))
    if kind is None:
        raise WeAreWrong(f"{type(document).__name__} is not a document")
    return kind


_encode = msgspec.json.Encoder(order="sorted", decimal_format="string").encode
#: What `str` says of a decimal below 0.000001; texts may end so too, and come out the same when they are asked for.
_TINY = re.compile(rb'E-[0-9]+"').search


def dump(document: Record) -> str:
    """One line of canonical JSON with `kind` inside. Raises WeAreWrong for a record that is no document."""
    values = said(document)
    values["kind"] = kind_of(document).value
    text = _encode(values)
    if _TINY(text):
        # which is not how it is stored
        text = _encode(_spelled(values))
    return text.decode()


def _spelled(value: Any) -> Any:
    """The same with decimals as text."""
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, Record):
        value = said(value)
    if isinstance(value, dict):
        return {name: _spelled(one) for name, one in value.items()}
    return [_spelled(one) for one in value] if isinstance(value, tuple) else value


def load(kind: DocumentKind | str, text: str) -> Record:
    """The document of that kind that `dump` wrote.

    Raises WeAreWrong when the text is of another kind, msgspec.ValidationError when it is no such document,
    msgspec.DecodeError when it is no JSON.
    """
    values = values_of(text)
    wanted = DocumentKind(kind)
    found = values.pop("kind", wanted.value)
    if found != wanted.value:
        raise WeAreWrong(f"the stored document is of kind {found}, not {wanted.value}")
    return from_values(MODELS[wanted], values)
