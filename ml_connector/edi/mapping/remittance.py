"""820 to and from Remittance (x12-procurement 9)."""

from typing import Any

from ml_connector.documents.common import changed
from ml_connector.documents.remittances import Adjustment, PaidEntity, PaidItem, Remittance
from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.mapping.common import DATES, PARTIES, REFERENCES, currency
from ml_connector.edi.mapping.fields import DAY, NUMBER, Field, SegmentMap
from ml_connector.edi.mapping.notes import GeneralNotes
from ml_connector.edi.mapping.scopes import One, Reading, Scope, Slot, Unit
from ml_connector.edi.validation.schema import LoopRule
from ml_connector.edi.validation.structure import Loop

ADJUSTMENTS = Scope(
    Adjustment,
    SegmentMap("ADX", Field(1, "amount", NUMBER), Field(2, "reason"), Field(3, "qualifier"), Field(4, "number")),
    [],
    name="adjustments",
)

ITEMS = Scope(
    PaidItem,
    SegmentMap(
        "RMR",
        Field(1, "qualifier"),
        Field(2, "number"),
        Field(3, "action"),
        Field(4, "amount", NUMBER),
        Field(5, "invoice_amount", NUMBER),
        Field(6, "discount", NUMBER),
        Field(7, "adjustment_reason"),
        Field(8, "adjustment_amount", NUMBER),
    ),
    [REFERENCES, DATES, ADJUSTMENTS],
    name="items",
)

_ENTITY = Scope(
    PaidEntity,
    SegmentMap("ENT", Field(1, "number"), Field(2, "role"), Field(3, "id_scheme"), Field(4, "id")),
    [ITEMS, ADJUSTMENTS],
    name="entities",
)


class Entities(Slot):
    """ENT loops. ENT01 that only counts is not kept: a writer counts again."""

    segment_id = "ENT"

    def take(self, segment: Segment, reading: Reading) -> bool:
        return self.take_loop(Loop(LoopRule("ENT"), [segment]), reading)

    def take_loop(self, loop: Loop, reading: Reading) -> bool:
        _ENTITY.take_loop(loop, reading)
        entities = reading.lists["entities"]
        if entities[-1].number == str(len(entities)):
            entities[-1] = changed(entities[-1], number="")
        return True

    def give(self, record: Any) -> list[Unit]:
        units = []
        for position, entity in enumerate(record.entities, start=1):
            numbered = entity if entity.number else changed(entity, number=str(position))
            units.append(_ENTITY.write(numbered))
        return units


class Unassigned(Slot):
    """RMR without an ENT before it, as many senders have it: items of an entity that is not said."""

    segment_id = "RMR"

    def take(self, segment: Segment, reading: Reading) -> bool:
        return self.take_loop(Loop(LoopRule("RMR"), [segment]), reading)

    def take_loop(self, loop: Loop, reading: Reading) -> bool:
        entities = reading.lists.setdefault("entities", [])
        item = ITEMS.read(loop)
        last = entities[-1] if entities else PaidEntity()
        entities[-1:] = [changed(last, items=(*last.items, item))]
        return True

    def give(self, record: Any) -> list[Unit]:  # noqa: ARG002 - they are written under their entity
        return []


REMITTANCE = Scope(
    Remittance,
    SegmentMap(
        "BPR",
        Field(1, "handling"),
        Field(2, "amount", NUMBER),
        Field(3, "credit_or_debit"),
        Field(4, "method"),
        Field(5, "payment_format"),
        Field(6, "payer_bank_type"),
        Field(7, "payer_bank"),
        Field(8, "payer_account_type"),
        Field(9, "payer_account"),
        Field(10, "originator"),
        Field(12, "payee_bank_type"),
        Field(13, "payee_bank"),
        Field(14, "payee_account_type"),
        Field(15, "payee_account"),
        Field(16, "payment_date", DAY),
        Field(17, "reason"),
    ),
    [
        GeneralNotes(),
        One(SegmentMap("TRN", Field(1, "trace_type"), Field(2, "number"))),
        currency("PR"),
        REFERENCES,
        DATES,
        PARTIES,
        Entities(),
        Unassigned(),
    ],
)
