"""Payments that a network makes."""

from datetime import date
from decimal import Decimal
from typing import Literal

from ml_connector.documents.common import Amounts, DocumentPart

#: How far a payment is (avidxchange 5, statuses), by what the connection's settings say of the network's word; empty:
#: a word that no setting names. funded: taken from our account; issued: on its way to the vendor; cleared: there.
PaymentStage = Literal[
    "", "pending", "held", "processing", "error", "requested", "funded", "issued", "cleared", "void", "refunded"
]


class PaymentTrouble(DocumentPart):
    """Why the network could not go on with a payment."""

    code: str = ""
    text: str = ""


class RemittanceLine(Amounts):
    """What a payment pays of one invoice. net: what is paid; gross: net and discount."""

    number: str
    net: Decimal
    gross: Decimal | None = None
    discount: Decimal | None = None
    invoice_date: date | None = None
    #: Of the invoice: the network's id of it, and what we call it there; empty where the network does not tell.
    invoice_id: str = ""
    invoice_external_id: str = ""
    description: str = ""


class NetworkPayment(Amounts):
    """A payment there, as it stands. id: the network's. external_ids: ours; none where it was made there.

    status: the network's word as it came. replaces: id of the payment that it was issued instead of.
    """

    id: str
    amount: Decimal
    batch_id: str = ""
    external_ids: tuple[str, ...] = ()
    status: str = ""
    status_id: str = ""
    stage: PaymentStage = ""
    method: str = ""
    check_number: str = ""
    issued_number: str = ""
    trace_number: str = ""
    currency: str = ""
    payment_date: date | None = None
    cleared_date: date | None = None
    vendor: str = ""
    vendor_id: str = ""
    vendor_name: str = ""
    company: str = ""
    replaces: str = ""
    exchange_rate: Decimal | None = None
    fee: Decimal | None = None
    modified: str = ""
    troubles: tuple[PaymentTrouble, ...] = ()
    remittances: tuple[RemittanceLine, ...] = ()
