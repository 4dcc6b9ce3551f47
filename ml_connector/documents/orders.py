"""Purchase orders, order changes and their acknowledgments (850, 860, 855, 865)."""

from datetime import date, time
from decimal import Decimal
from enum import StrEnum

from ml_connector.documents.common import (
    AllowanceCharge,
    Amounts,
    DateReference,
    Document,
    ItemId,
    Itemized,
    KeptSegment,
    Party,
    PaymentTerms,
    Purpose,
    Reference,
    Segmented,
    Tax,
)


class Schedule(Segmented, Amounts):
    """SCH: when how much of a line is wanted or promised; qualifier is element 374 (002 delivery, 010 shipment)."""

    quantity: Decimal | None = None
    unit: str = ""
    qualifier: str = ""
    day: date | None = None
    at: time | None = None
    extras: tuple[KeptSegment, ...] = ()


class OrderLine(Itemized, Amounts):
    """One ordered product. Quantity in `unit` (X12 element 355); price per price basis, in the order's currency.

    erp_line: the ERP's own id of the line, by which it is followed whatever its number; nobody is sent it.
    """

    number: str
    erp_line: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    price: Decimal | None = None
    price_basis: str = ""
    description: str = ""
    references: tuple[Reference, ...] = ()
    dates: tuple[DateReference, ...] = ()
    allowances: tuple[AllowanceCharge, ...] = ()
    taxes: tuple[Tax, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    parties: tuple[Party, ...] = ()
    notes: tuple[str, ...] = ()
    extras: tuple[KeptSegment, ...] = ()


class PurchaseOrder(Document, Amounts):
    """850. `number` is the buyer's order number (BEG03). `order_date` is None only when it was unreadable."""

    number: str
    order_date: date | None
    purpose: Purpose = Purpose.ORIGINAL
    order_type: str = "SA"
    release: str = ""
    contract: str = ""
    acknowledgment_wanted: str = ""
    terms: tuple[PaymentTerms, ...] = ()
    allowances: tuple[AllowanceCharge, ...] = ()
    taxes: tuple[Tax, ...] = ()
    lines: tuple[OrderLine, ...] = ()
    total: Decimal | None = None


class LineChange(StrEnum):
    """POC02 (element 670), the ones this project writes; a change read keeps whatever code it has."""

    ADD = "AI"
    CHANGE = "CA"
    DELETE = "DI"
    PRICE = "PC"
    QUANTITY_DECREASE = "QD"
    QUANTITY_INCREASE = "QI"
    MULTIPLE = "MU"
    RESCHEDULE = "RS"
    NONE = "NC"


class OrderChangeLine(OrderLine):
    """A line as it is to be from now on, and what becomes of it (POC02)."""

    change: str
    quantity_left: Decimal | None = None


class OrderChange(Document, Amounts):
    """860: what the buyer changed in an order already sent. `sequence` counts changes of that order."""

    number: str
    order_date: date | None
    purpose: Purpose = Purpose.CHANGE
    order_type: str = "SA"
    release: str = ""
    sequence: str = ""
    change_date: date | None = None
    terms: tuple[PaymentTerms, ...] = ()
    allowances: tuple[AllowanceCharge, ...] = ()
    taxes: tuple[Tax, ...] = ()
    total: Decimal | None = None
    lines: tuple[OrderChangeLine, ...] = ()


class LineAnswer(Segmented, Amounts):
    """ACK: what the seller will do with (a part of) a line. status is element 668 (IA, IR, IQ, IP, IB ...)."""

    status: str
    quantity: Decimal | None = None
    unit: str = ""
    date_qualifier: str = ""
    day: date | None = None
    items: tuple[ItemId, ...] = ()
    dates: tuple[DateReference, ...] = ()
    extras: tuple[KeptSegment, ...] = ()


class AcknowledgedLine(OrderLine):
    """A line as the seller answers it. `change` (POC02) and `quantity_left` are there only in an 865."""

    change: str = ""
    quantity_left: Decimal | None = None
    answers: tuple[LineAnswer, ...] = ()


class OrderAcknowledgment(Document, Amounts):
    """855 (and 865): the seller's answer. `type` is BAK02 (AC, AD, AE, AK, AT, AH, RD, RJ, RF ...)."""

    number: str
    order_date: date | None = None
    purpose: Purpose = Purpose.ORIGINAL
    type: str = "AD"
    release: str = ""
    sequence: str = ""
    sellers_order: str = ""
    acknowledgment_date: date | None = None
    answers_change: bool = False
    terms: tuple[PaymentTerms, ...] = ()
    allowances: tuple[AllowanceCharge, ...] = ()
    taxes: tuple[Tax, ...] = ()
    total: Decimal | None = None
    lines: tuple[AcknowledgedLine, ...] = ()
