"""850 to and from PurchaseOrder (x12-procurement 5)."""

from ml_connector.documents.common import Purpose
from ml_connector.documents.orders import OrderLine, PurchaseOrder, Schedule
from ml_connector.edi.mapping.common import (
    ALLOWANCES,
    DATES,
    PARTIES,
    REFERENCES,
    TAXES,
    TERMS,
    Contacts,
    currency,
    currency_of_lines,
)
from ml_connector.edi.mapping.fields import DAY, NUMBER, TIME, Field, Pairs, SegmentMap, coded
from ml_connector.edi.mapping.scopes import Notes, Scope, Slot, Text
from ml_connector.edi.mapping.totals import Totals

SCHEDULES = Scope(
    Schedule,
    SegmentMap(
        "SCH",
        Field(1, "quantity", NUMBER),
        Field(2, "unit"),
        Field(5, "qualifier"),
        Field(6, "day", DAY),
        Field(7, "at", TIME),
    ),
    [],
    name="schedules",
)

#: What an order line holds whatever segment opens it: PO1 here and in the 855, POC in the 860.
LINE_SLOTS: list[Slot] = [
    Text(), REFERENCES, ALLOWANCES, DATES, TAXES, SCHEDULES, Notes(), PARTIES,
]  # fmt: skip

PO1 = SegmentMap(
    "PO1",
    Field(1, "number"),
    Field(2, "quantity", NUMBER),
    Field(3, "unit"),
    Field(4, "price", NUMBER),
    Field(5, "price_basis"),
    pairs=Pairs(6, 26),
)

BEG = SegmentMap(
    "BEG",
    Field(1, "purpose", coded(Purpose)),
    Field(2, "order_type"),
    Field(3, "number"),
    Field(4, "release"),
    Field(5, "order_date", DAY),
    Field(6, "contract"),
    Field(7, "acknowledgment_wanted"),
)

#: Header segments that orders, changes and answers share.
HEADER_SLOTS: list[Slot] = [
    currency("BY"), REFERENCES, Contacts(), ALLOWANCES, TERMS, DATES, TAXES, Notes(), PARTIES, Totals(amount=True),
]  # fmt: skip

ORDER = Scope(
    PurchaseOrder,
    BEG,
    [*HEADER_SLOTS, Scope(OrderLine, PO1, LINE_SLOTS, name="lines")],
    after_read=currency_of_lines,
)
