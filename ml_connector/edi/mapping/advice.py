"""824 to and from ApplicationAdvice."""

from ml_connector.documents.application_advice import AdviceError, AdviceItem, ApplicationAdvice
from ml_connector.documents.common import Purpose
from ml_connector.edi.mapping.common import DATES, PARTIES, REFERENCES, Contacts
from ml_connector.edi.mapping.fields import DAY, INTEGER, TIME, Field, SegmentMap, coded
from ml_connector.edi.mapping.notes import GeneralNotes
from ml_connector.edi.mapping.scopes import Scope

ERRORS = Scope(
    AdviceError,
    SegmentMap(
        "TED",
        Field(1, "code"),
        Field(2, "message"),
        Field(3, "segment_id"),
        Field(4, "position", INTEGER),
        # 005010 makes composites of these two: their first component
        Field(5, "element", INTEGER, composite=True),
        Field(6, "reference", composite=True),
        Field(7, "value"),
    ),
    [GeneralNotes()],
    name="errors",
)

ITEMS = Scope(
    AdviceItem,
    SegmentMap(
        "OTI",
        Field(1, "code"),
        Field(2, "qualifier"),
        Field(3, "number"),
        Field(4, "sender"),
        Field(5, "receiver"),
        Field(6, "day", DAY),
        Field(7, "at", TIME),
        Field(8, "group_control"),
        Field(9, "set_control"),
        Field(10, "set_type"),
        Field(11, "version"),
    ),
    [REFERENCES, DATES, Contacts(), ERRORS],
    name="items",
)

ADVICE = Scope(
    ApplicationAdvice,
    SegmentMap(
        "BGN",
        Field(1, "purpose", coded(Purpose)),
        Field(2, "number"),
        Field(3, "advice_date", DAY),
        Field(4, "advice_time", TIME),
        Field(6, "answers"),
        Field(7, "type"),
    ),
    [PARTIES, ITEMS],
)
