"""CTT and the amount behind it: counts and hash totals are computed when writing; the amount is the order's total."""

from typing import Any

from ml_connector.documents.common import KeptElement, KeptSegment
from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.mapping.fields import NUMBER, Field, SegmentMap
from ml_connector.edi.mapping.scopes import Reading, Slot, Unit, keep
from ml_connector.edi.validation.structure import Loop

#: AMT01 TT is the total of the transaction; partners send other codes too, which are kept (x12-procurement 5).
AMOUNT = SegmentMap("AMT", Field(1, "", usual="TT"), Field(2, "total", NUMBER))


class Totals(Slot):
    """CTT03 on are kept; the first AMT is the total, further ones are kept behind CTT."""

    segment_id = "CTT"

    def __init__(self, *, amount: bool = False) -> None:
        self.amount = amount

    def take(self, segment: Segment, reading: Reading) -> bool:
        return self._take([segment], reading)

    def take_loop(self, loop: Loop, reading: Reading) -> bool:
        return self._take(loop.segments, reading)

    def _take(self, segments: list[Segment], reading: Reading) -> bool:
        if not reading.first("CTT"):
            return False
        reading.kept.extend(
            KeptElement(segment_id="CTT", position=position, value=text)
            for position, text in enumerate(segments[0].elements)
            if position > 2 and text
        )
        others = []
        for segment in segments[1:]:
            if self.amount and segment.elements[0] == "AMT" and reading.first("CTT/AMT"):
                values, kept = AMOUNT.read(segment.elements)
                reading.values.update(values)
                reading.kept.extend(KeptElement(segment_id="CTT/AMT", position=k.position, value=k.value) for k in kept)
            else:
                others.append(keep(segment))
        if others:
            reading.add("extras", KeptSegment(segment_id="CTT", inside=tuple(others)))
        return True

    def give(self, record: Any) -> list[Unit]:
        """One CTT unit; its count and hash total are for the writer to fill in (elements 1 and 2)."""
        unit = Unit(["CTT", "", ""])
        _bring_elements(unit.elements, record.kept, "CTT")
        if self.amount:
            amount = AMOUNT.write(record)
            _bring_elements(amount, record.kept, "CTT/AMT")
            if len(amount) > 2 or any(k.segment_id == "CTT/AMT" for k in record.kept):
                unit.inside.append(Unit(amount))
        return [unit]


def _bring_elements(elements: list[str], kept: tuple[KeptElement, ...], segment_id: str) -> None:
    for element in kept:
        if element.segment_id == segment_id:
            elements += [""] * (element.position + 1 - len(elements))
            elements[element.position] = element.value
