"""NTE: notes of a document (810, 820) or of an error (824)."""

from typing import Any

from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.mapping.scopes import Reading, Slot, Unit


class GeneralNotes(Slot):
    """NTE*GEN*text; other kinds of note are kept."""

    segment_id = "NTE"
    name = "notes"

    def take(self, segment: Segment, reading: Reading) -> bool:
        if segment.elements[:2] != ["NTE", "GEN"] or len(segment.elements) != 3:
            return False
        reading.add("notes", segment.elements[2])
        return True

    def give(self, record: Any) -> list[Unit]:
        return [Unit(["NTE", "GEN", text]) for text in record.notes]
