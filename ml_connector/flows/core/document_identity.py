"""By what a received document is known: number, order, date, amount, and the key that makes it unique."""

import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment, InterchangeAcknowledgment
from ml_connector.documents.application_advice import ApplicationAdvice
from ml_connector.documents.common import Record
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.master.vendors import VendorProposal
from ml_connector.documents.orders import OrderAcknowledgment, OrderChange, PurchaseOrder
from ml_connector.documents.payables.invoices import NetworkInvoice
from ml_connector.documents.remittances import Remittance
from ml_connector.documents.sales.order_amounts import amount_of
from ml_connector.documents.shipments import ShipNotice
from ml_connector.documents.values.unseen import as_key
from ml_connector.flows.meaning.document_codes import is_first
from ml_connector.flows.meaning.notice_codes import is_first as is_first_notice
from ml_connector.flows.meaning.order_codes import is_first as is_first_order


@dataclass(frozen=True)
class Identity:
    """`distinct` joins the business key where a number alone may rightly come twice (answers to one order). source_id:
    what its sender's system calls the record, whatever its number.
    """

    number: str
    order_number: str = ""
    day: date | None = None
    currency: str = ""
    amount: Decimal | None = None
    distinct: str = ""
    source_id: str = ""


def identity_of(document: Record, canonical: str) -> Identity:  # noqa: PLR0911 - one return a kind
    """The identity of a canonical document; `canonical` is its JSON text."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    if isinstance(document, Invoice):
        return Identity(
            number=as_key(document.number),
            order_number=as_key(next(iter(document.order_numbers), "")),
            day=document.invoice_date,
            currency=document.currency,
            amount=document.total,
            # What is about another invoice often has its number.
            distinct="" if is_first(document) else digest[:24],
        )
    if isinstance(document, ShipNotice):
        first = next((order.order_number for order in document.orders), "")
        # What is about another notice often has its number.
        distinct = "" if is_first_notice(document) else digest[:24]
        number, order = as_key(document.number), as_key(first)
        return Identity(number=number, order_number=order, day=document.notice_date, distinct=distinct)
    if isinstance(document, OrderAcknowledgment):
        return Identity(
            number=document.number,
            order_number=document.number,
            day=document.acknowledgment_date or document.order_date,
            currency=document.currency,
            distinct=digest[:24],
        )
    if isinstance(document, PurchaseOrder):
        # What is about another order has its number; releases of one blanket order have theirs beside it.
        distinct = f"release {document.release}" if document.release else ""
        distinct = distinct if is_first_order(document) else digest[:24]
        amount, number = amount_of(document), as_key(document.number)
        return Identity(number, number, document.order_date, document.currency, amount, distinct)
    if isinstance(document, OrderChange):
        day = document.change_date or document.order_date
        number = as_key(document.number)
        return Identity(number, number, day, document.currency, distinct=digest[:24])
    if isinstance(document, Remittance):
        paid = next((item.order_number for item in document.items if item.order_number), "")
        return Identity(
            as_key(document.number),
            paid,
            document.payment_date,
            document.currency,
            document.amount,
            distinct=digest[:24],
        )
    if isinstance(document, NetworkInvoice):
        # Whose number it is, and which reading of it, joins the key by the file's own word (`ReadDocument.revision`).
        order, day = as_key(document.order_number), document.invoice_date
        return Identity(as_key(document.number), order, day, document.currency, document.total, source_id=document.id)
    if isinstance(document, VendorProposal):
        # What became of the vendor since comes under its number again.
        return Identity(document.number, distinct=digest[:24])
    if isinstance(document, FunctionalAcknowledgment):
        return Identity(f"{document.functional_id} {document.group_control}", distinct=digest[:24])
    if isinstance(document, ApplicationAdvice):
        named = next((item.number for item in document.items if item.qualifier in {"PO", "ON"}), "")
        return Identity(document.number, named, document.advice_date, distinct=digest[:24])
    if isinstance(document, InterchangeAcknowledgment):
        return Identity(f"ISA {document.control_number}", distinct=digest[:24])
    return Identity(number="", distinct=digest[:24])
