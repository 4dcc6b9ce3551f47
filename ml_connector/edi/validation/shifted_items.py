"""Identifiers that come one element early or late: "PO1*1*10*EA*3.25*UP*012345678905", "PO1*1*10*EA*3.25***UP*0123...".

Common in files written by hand: PO105 was left out with its mark, or a mark too many was set for it. Every identifier
then stands where a qualifier belongs (x12-procurement 5): nothing of it could be used. The text of a SAC, its fifteenth
element, is as easily set one too early or too late.
"""

import re

from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.validation.findings import X12Finding, X12Level, shown
from ml_connector.edi.validation.schema import SegmentRule

_QUALIFIER = re.compile(r"[A-Z][A-Z0-9]")


def remedy(segment: Segment, rule: SegmentRule) -> X12Finding | None:
    """Puts the identifiers of a segment where they belong, in place; the finding, or None where nothing was wrong."""
    if segment.elements[0] == "SAC":
        return _text(segment, rule)
    place = rule.identified - 1
    if place < 1 or len(segment.elements) <= place + 1:
        return None
    return _early(segment, rule, place) or _late(segment, rule, place)


def _early(segment: Segment, rule: SegmentRule, place: int) -> X12Finding | None:
    """Sure enough: where the first qualifier belongs stands a value too long for one, before it what can be one."""
    values = segment.elements
    if len(values[place + 1]) <= 2 or not _QUALIFIER.fullmatch(values[place]):
        return None
    if any(len(value) > 2 for value in values[place + 2 :: 2]):
        return None
    what = "is a qualifier: an element is left out before it. It and what follows is read one place further on"
    found = _finding(segment, rule, place, "7", what)
    values.insert(place, "")
    return found


def _late(segment: Segment, rule: SegmentRule, place: int) -> X12Finding | None:
    """Sure enough: no first qualifier, and behind it the other way about: what can be one, and a value too long."""
    values = segment.elements
    if len(values) <= place + 3 or values[place + 1] or len(values[place + 3]) <= 2:
        return None
    if not all(_QUALIFIER.fullmatch(value) for value in values[place + 2 :: 2] if value):
        return None
    if not values[place + 2]:
        return None
    what = "is a qualifier: there is an element too many before it. It and what follows is read one place before"
    found = _finding(segment, rule, place + 2, "7", what)
    del values[place + 1]
    return found


def _text(segment: Segment, rule: SegmentRule) -> X12Finding | None:
    """Sure enough: SAC14 does not go without SAC13, SAC16 not without SAC15 and not longer than a language code."""
    values = segment.elements
    if len(values) == 17 and not values[15] and len(values[16]) > 3:
        what = "is not a language: there is an element too many before it. It is read one place before"
        found = _finding(segment, rule, 16, "5", what)
        del values[15]
        return found
    if len(values) == 15 and values[14] and not values[13]:
        what = "is a text: an element is left out before it. It is read one place further on"
        found = _finding(segment, rule, 14, "7", what)
        values.insert(14, "")
        return found
    return None


def _finding(segment: Segment, rule: SegmentRule, place: int, code: str, what: str) -> X12Finding:
    name, value = f"{segment.elements[0]}{place:02d}", segment.elements[place]
    return X12Finding(
        X12Level.ELEMENT,
        code,
        f"Segment {segment.number}: {name} {shown(value)} {what}.",
        segment_id=segment.elements[0],
        segment_number=segment.number,
        element=place,
        reference=rule.elements[place - 1][0].number if place <= len(rule.elements) else "",
        value=value,
    )
