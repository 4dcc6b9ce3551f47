"""855 and 865 to and from OrderAcknowledgment (x12-procurement 6)."""

from typing import Any

from ml_connector.documents.common import Purpose
from ml_connector.documents.orders import AcknowledgedLine, LineAnswer, OrderAcknowledgment
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
from ml_connector.edi.mapping.fields import DAY, NUMBER, Field, Pairs, SegmentMap, coded
from ml_connector.edi.mapping.order import LINE_SLOTS, PO1
from ml_connector.edi.mapping.order_change import POC
from ml_connector.edi.mapping.scopes import Notes, Scope, Slot
from ml_connector.edi.mapping.totals import Totals

ANSWERS = Scope(
    LineAnswer,
    SegmentMap(
        "ACK",
        Field(1, "status"),
        Field(2, "quantity", NUMBER),
        Field(3, "unit"),
        Field(4, "date_qualifier"),
        Field(5, "day", DAY),
        pairs=Pairs(7, 27),
    ),
    [DATES],
    name="answers",
)

BAK = SegmentMap(
    "BAK",
    Field(1, "purpose", coded(Purpose)),
    Field(2, "type"),
    Field(3, "number"),
    Field(4, "order_date", DAY),
    Field(5, "release"),
    Field(8, "sellers_order"),
    Field(9, "acknowledgment_date", DAY),
)

BCA = SegmentMap(
    "BCA",
    Field(1, "purpose", coded(Purpose)),
    Field(2, "type"),
    Field(3, "number"),
    Field(4, "release"),
    Field(5, "sequence"),
    Field(6, "order_date", DAY),
    Field(9, "sellers_order"),
    Field(10, "acknowledgment_date", DAY),
)

_HEADER: list[Slot] = [
    currency("SE"), REFERENCES, Contacts(), ALLOWANCES, TERMS, DATES, TAXES, Notes(), PARTIES, Totals(amount=True),
]  # fmt: skip


def _type_said(values: dict[str, Any]) -> None:
    values.setdefault("type", "")
    currency_of_lines(values)


def _answers_change(values: dict[str, Any]) -> None:
    values["answers_change"] = True
    _type_said(values)


ORDER_ACKNOWLEDGMENT = Scope(
    OrderAcknowledgment,
    BAK,
    [*_HEADER, Scope(AcknowledgedLine, PO1, [*LINE_SLOTS, ANSWERS], name="lines")],
    after_read=_type_said,
)

CHANGE_ACKNOWLEDGMENT = Scope(
    OrderAcknowledgment,
    BCA,
    [*_HEADER, Scope(AcknowledgedLine, POC, [*LINE_SLOTS, ANSWERS], name="lines")],
    after_read=_answers_change,
)
