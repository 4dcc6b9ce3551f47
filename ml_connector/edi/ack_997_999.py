"""A 999 written with the segments of a 997, or the other way about: they say the same (x12-procurement 10)."""

from collections.abc import Iterable, Iterator

from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.validation.findings import X12Finding, X12Level

#: The ids that one set has in the other's place.
_READ_AS = {
    "999": {"AK3": "IK3", "AK4": "IK4", "AK5": "IK5"},
    "997": {"IK3": "AK3", "IK4": "AK4", "IK5": "AK5"},
}


def respell(set_type: str, segments: Iterable[Segment]) -> Iterator[X12Finding]:
    """Gives segments of the other acknowledgment the ids of this one, in place; each id is told of once."""
    others = _READ_AS.get(set_type)
    if others is None:
        return
    told: set[str] = set()
    for segment in segments:
        found = segment.elements[0]
        name = others.get(found)
        if name is None:
            continue
        segment.elements[0] = name
        if found not in told:
            told.add(found)
            message = f"Segment {segment.number}: {found} is not part of set {set_type}. It is read as {name}."
            yield X12Finding(X12Level.SEGMENT, "6", message, segment_id=found, segment_number=segment.number)
