"""997, 999 and TA1 to and from FunctionalAcknowledgment and InterchangeAcknowledgment (x12-procurement 10, 11)."""

from ml_connector.documents.acknowledgments import (
    ElementError,
    FunctionalAcknowledgment,
    InterchangeAcknowledgment,
    SegmentError,
    SetAnswer,
)
from ml_connector.edi.framing.segments import COMPONENT, Segment
from ml_connector.edi.framing.values import is_digits
from ml_connector.edi.mapping.scopes import Unit
from ml_connector.edi.validation.structure import Loop


def read_acknowledgment(root: Loop) -> FunctionalAcknowledgment | None:
    """The document of a 997 or 999; None when it has no AK1."""
    group = root.find("AK1")
    if group is None:
        return None
    result = root.find("AK9")
    end = _elements(result, 10)
    start = _elements(group, 4)
    return FunctionalAcknowledgment(
        functional_id=start[1],
        group_control=start[2],
        version=start[3],
        code=end[1],
        sets_announced=_number(end[2]),
        sets_received=_number(end[3]),
        sets_accepted=_number(end[4]),
        reasons=tuple(e for e in end[5:10] if e),
        sets=tuple(_read_set(loop) for loop in root.loops if loop.loop_id == "AK2"),
        implementation=root.loop_id == "999",
    )


def _read_set(loop: Loop) -> SetAnswer:
    head = _elements(loop.segments[0], 4)
    result = _elements(loop.find("AK5") or loop.find("IK5"), 7)
    return SetAnswer(
        set_type=head[1],
        control_number=head[2],
        code=result[1],
        reasons=tuple(e for e in result[2:7] if e),
        segments=tuple(_read_segment(inner) for inner in loop.loops),
    )


def _read_segment(loop: Loop) -> SegmentError:
    head = _elements(loop.segments[0], 5)
    found = [s for s in loop.segments if s.elements[0] == "AK4"]
    found += [inner.segments[0] for inner in loop.loops if inner.loop_id == "IK4"]
    return SegmentError(
        segment_id=head[1],
        position=_number(head[2]),
        loop=head[3],
        code=head[4],
        elements=tuple(_read_element(segment) for segment in found),
    )


def _read_element(segment: Segment) -> ElementError:
    elements = _elements(segment, 5)
    parts = elements[1].split(COMPONENT)
    return ElementError(
        position=_number(parts[0]),
        component=_number(parts[1]) if len(parts) > 1 and parts[1] else None,
        reference=elements[2],
        code=elements[3],
        value=elements[4],
    )


def _elements(segment: Segment | None, count: int) -> list[str]:
    """The first `count` elements, id included, empty where there are none."""
    found = segment.elements if segment is not None else []
    return [*found[:count], *[""] * (count - len(found))]


def _number(text: str) -> int:
    """A count as sent; 0 when it is none."""
    return int(text) if is_digits(text) and len(text) <= 10 else 0


def write_acknowledgment(document: FunctionalAcknowledgment) -> Unit:
    """AK1 with all that follows it."""
    names = ("IK3", "IK4", "IK5") if document.implementation else ("AK3", "AK4", "AK5")
    # AK103 exists from 005010 on (x12-procurement 13); the writer drops it below
    head = Unit(_cut(["AK1", document.functional_id, document.group_control, document.version]))
    head.inside = [_write_set(answer, names) for answer in document.sets]
    counts = (document.sets_announced, document.sets_received, document.sets_accepted)
    head.inside.append(Unit(["AK9", document.code, *map(str, counts), *document.reasons[:5]]))
    return head


def _write_set(answer: SetAnswer, names: tuple[str, str, str]) -> Unit:
    inside = []
    for error in answer.segments:
        elements = ["AK3", error.segment_id, str(error.position), error.loop, error.code]
        elements[0] = names[0]
        below = [Unit(_write_element(e, names[1])) for e in error.elements]
        inside.append(Unit(_cut(elements), below))
    inside.append(Unit([names[2], answer.code, *answer.reasons[:5]]))
    return Unit(["AK2", answer.set_type, answer.control_number], inside)


def _write_element(error: ElementError, name: str) -> list[str]:
    place = str(error.position)
    if error.component is not None:
        place += COMPONENT + str(error.component)
    return _cut([name, place, error.reference, error.code, error.value])


def _cut(elements: list[str]) -> list[str]:
    while len(elements) > 1 and not elements[-1]:
        elements.pop()
    return elements


def read_interchange_acknowledgment(elements: list[str]) -> InterchangeAcknowledgment:
    """A TA1 from its elements, id first."""
    padded = [*elements, *[""] * 6]
    return InterchangeAcknowledgment(
        control_number=padded[1], date=padded[2], time=padded[3], code=padded[4], note=padded[5]
    )


def write_interchange_acknowledgment(document: InterchangeAcknowledgment) -> list[str]:
    """TA1 as elements, id first."""
    return ["TA1", document.control_number, document.date, document.time, document.code, document.note]
