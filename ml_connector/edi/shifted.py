"""Identifiers that come one element early: "PO1*1*10*EA*3.25*UP*012345678905", where PO105 was left out with its mark.

Common in files written by hand. The qualifier then stands where the price basis belongs, and every identifier where a
qualifier belongs (x12-procurement 5): nothing of it could be used.
"""

import re

from ml_connector.edi.findings import Finding, Level, shown
from ml_connector.edi.schema import SegmentRule
from ml_connector.edi.segments import Segment

_QUALIFIER = re.compile(r"[A-Z][A-Z0-9]")


def mend(segment: Segment, rule: SegmentRule) -> Finding | None:
    """Puts the identifiers of a segment where they belong, in place; the finding, or None where nothing was wrong.

    Sure enough to act on: where the first qualifier belongs stands a value too long for one, before it what can be one.
    """
    place, values = rule.identified - 1, segment.elements
    if place < 1 or len(values) <= place + 1 or len(values[place + 1]) <= 2 or not _QUALIFIER.fullmatch(values[place]):
        return None
    if any(len(value) > 2 for value in values[place + 2 :: 2]):
        return None
    name = f"{segment.elements[0]}{place:02d}"
    found = Finding(
        Level.ELEMENT,
        "7",
        f"Segment {segment.number}: {name} {shown(values[place])} is a qualifier: an element is left out before it. "
        "It and what follows is read one place further on.",
        segment_id=segment.elements[0],
        segment_number=segment.number,
        element=place,
        reference=rule.elements[place - 1][0].number,
        value=values[place],
    )
    values.insert(place, "")
    return found
