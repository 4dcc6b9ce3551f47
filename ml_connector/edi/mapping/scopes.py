"""Loops to records and back, by one table used in both directions.

A `Scope` says which segments and loops of a loop fill which fields. What no slot takes is kept in `extras`, in the
order of the definition, and written back at its place.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from operator import le
from typing import Any

import msgspec

from ml_connector.documents.common import KeptElement, KeptSegment, Record
from ml_connector.documents.records import fields_of
from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.mapping.fields import Field, SegmentMap
from ml_connector.edi.validation.schema import LoopRule
from ml_connector.edi.validation.structure import Loop


class Unit(msgspec.Struct, gc=False):
    """A segment to be written, and what stands in the loop that it opens."""

    elements: list[str]
    inside: list["Unit"] = []

    @property
    def segment_id(self) -> str:
        return self.elements[0]


class Reading(msgspec.Struct, eq=False, gc=False):
    """What a scope has gathered so far."""

    values: dict[str, Any] = {}
    kept: list[KeptElement] = []
    lists: dict[str, list[Any]] = {}
    taken: set[str] = set()

    def add(self, name: str, value: Any) -> None:
        """One more of a list."""
        if name in self.lists:
            self.lists[name].append(value)
        else:
            self.lists[name] = [value]

    def first(self, key: str) -> bool:
        """True the first time it is asked for that key."""
        if key in self.taken:
            return False
        self.taken.add(key)
        return True


class Slot(ABC):
    """Takes segments or loops with one id into fields, and writes them back."""

    segment_id: str
    #: The field without which it gives nothing; empty where it is always asked.
    name: str = ""

    @abstractmethod
    def take(self, segment: Segment, reading: Reading) -> bool:
        """Whether it has a field for this one; what it refuses is kept."""

    def take_loop(self, loop: Loop, reading: Reading) -> bool:
        """The same for a loop: as its only segment, where it holds no more."""
        return len(loop.segments) == 1 and not loop.loops and self.take(loop.segments[0], reading)

    @abstractmethod
    def give(self, record: Any) -> list[Unit]:
        """The segments that say what its fields hold."""


class One(Slot):
    """A segment that comes once and whose elements are fields of the record itself."""

    def __init__(self, mapping: SegmentMap) -> None:
        self.segment_id = mapping.segment_id
        self.mapping = mapping

    def take(self, segment: Segment, reading: Reading) -> bool:
        if not reading.first(self.segment_id):
            return False
        self.mapping.read_into(segment.elements, reading.values, reading.kept)
        return True

    def give(self, record: Any) -> list[Unit]:
        elements = self.mapping.write(record)
        # nothing but what is always sent says nothing
        return [] if elements == self.mapping.nothing else [Unit(elements)]


class Many(Slot):
    """A segment that comes any number of times, each a record in a tuple."""

    def __init__(self, name: str, model: type[Record], mapping: SegmentMap) -> None:
        self.segment_id = mapping.segment_id
        self.name, self._model, self.mapping = name, model, mapping
        self._missing = missing_values(model)

    def take(self, segment: Segment, reading: Reading) -> bool:
        if len(segment.elements) == 1:
            return False
        values, kept = self.mapping.read(segment.elements)
        if kept:
            values["kept"] = tuple(kept)
        for name, value in self._missing:
            values.setdefault(name, value)
        reading.add(self.name, self._model(**values))
        return True

    def give(self, record: Any) -> list[Unit]:
        return [Unit(self.mapping.write(item)) for item in getattr(record, self.name)]


class Flat(Slot):
    """Elements of repeated segments as one tuple of text: N2 and N3, two to a segment."""

    def __init__(self, name: str, segment_id: str) -> None:
        self.segment_id = segment_id
        self.name = name

    def take(self, segment: Segment, reading: Reading) -> bool:
        if len(segment.elements) > 3:
            return False
        for text in segment.elements[1:]:
            if text:
                reading.add(self.name, text)
        return True

    def give(self, record: Any) -> list[Unit]:
        texts = getattr(record, self.name)
        return [Unit([self.segment_id, *texts[i : i + 2]]) for i in range(0, len(texts), 2)]


#: PID01 to PID04 of nearly all descriptions, which are a quarter of many files.
_IN_FREE_FORM = ["F", "", "", ""]


class Text(Slot):
    """The first description in free form: PID*F****text; its language and the like are kept."""

    segment_id = "PID"

    def __init__(self, name: str = "description") -> None:
        self.name = name
        self.mapping = SegmentMap("PID", Field(5, name), constants={1: "F"})

    def take(self, segment: Segment, reading: Reading) -> bool:
        elements = segment.elements
        if len(elements) < 6 or elements[1] != "F" or not elements[5] or self.name in reading.values:
            return False
        if len(elements) == 6 and elements[1:5] == _IN_FREE_FORM:
            reading.values[self.name] = elements[5]
        else:
            self.mapping.read_into(elements, reading.values, reading.kept)
        return True

    def give(self, record: Any) -> list[Unit]:
        return [Unit(self.mapping.write(record))] if getattr(record, self.name) else []


class Notes(Slot):
    """Plain notes: the messages of one N9 loop, opened by N9*L1*NOTES. In 005010 MTX stands where MSG stood."""

    segment_id = "N9"
    name = "notes"

    def take(self, segment: Segment, reading: Reading) -> bool:  # noqa: ARG002 - an N9 alone says nothing
        return False

    def take_loop(self, loop: Loop, reading: Reading) -> bool:
        if loop.loops or loop.segments[0].elements != ["N9", "L1", "NOTES"]:
            return False
        texts = [_message(s) for s in loop.segments[1:]]
        if not texts or not all(texts) or not reading.first("N9"):
            return False
        for text in texts:
            reading.add("notes", text)
        return True

    def give(self, record: Any) -> list[Unit]:
        if not record.notes:
            return []
        return [Unit(["N9", "L1", "NOTES"], [Unit(["MSG", text]) for text in record.notes])]


def _message(segment: Segment) -> str:
    elements = segment.elements
    if elements[0] == "MSG" and len(elements) == 2:
        return elements[1]
    return elements[2] if elements[0] == "MTX" and len(elements) == 3 and not elements[1] else ""


class Scope(Slot):
    """A loop as a record: its opening segment, its slots, and `extras` for the rest.

    after_read may change the values before the record is made, before_write the record before it is written.
    """

    def __init__(
        self,
        model: type[Record],
        head: SegmentMap,
        slots: list[Slot],
        *,
        name: str = "",
        after_read: Callable[[dict[str, Any]], None] | None = None,
        before_write: Callable[[Any], Any] | None = None,
    ) -> None:
        self.segment_id = head.segment_id
        self.model, self.head, self.slots, self.name = model, head, slots, name
        self._asked = [(slot.name, slot) for slot in slots]
        self._by_id = {slot.segment_id: slot for slot in slots}
        self._after_read, self.before_write = after_read, before_write
        self._missing = missing_values(model)

    def take(self, segment: Segment, reading: Reading) -> bool:
        # the definition has no loop here (SAC inside SLN): a loop of one
        return self.take_loop(Loop(LoopRule(segment.elements[0]), [segment]), reading)

    def take_loop(self, loop: Loop, reading: Reading) -> bool:
        reading.add(self.name, self.read(loop))
        return True

    def give(self, record: Any) -> list[Unit]:
        return [self.write(item) for item in getattr(record, self.name)]

    def read(self, loop: Loop, opening: Segment | None = None, **values: Any) -> Any:
        """The record of a loop. `opening` is its head where that is not the loop's first segment.

        values are of fields that stand elsewhere.
        """
        head = opening or loop.segments[0]
        reading = Reading(values)
        self.head.read_into(head.elements, values, reading.kept)
        extras: list[tuple[float, KeptSegment]] = []
        slots = self._by_id
        for segment in loop.segments:
            if segment is not head:
                slot = slots.get(segment.elements[0])
                if slot is None or not slot.take(segment, reading):
                    extras.append((loop.rule.order(segment.elements[0]), keep(segment)))
        for inner in loop.loops:
            slot = slots.get(inner.rule.loop_id)
            if slot is None or not slot.take_loop(inner, reading):
                extras.append((loop.rule.order(inner.rule.loop_id), keep(inner)))
        for name, items in reading.lists.items():
            if name == "extras":
                extras += [(loop.rule.order(extra.segment_id), extra) for extra in items]
            else:
                values[name] = tuple(items)
        if extras:
            extras.sort(key=lambda extra: extra[0])
            values["extras"] = tuple([kept_segment for _, kept_segment in extras])
        if reading.kept:
            values["kept"] = tuple(reading.kept)
        if self._after_read is not None:
            self._after_read(values)
        for name, value in self._missing:
            values.setdefault(name, value)
        return self.model(**values)

    def write(self, record: Any) -> Unit:
        """The loop that says what the record holds; its inside is not yet in the definition's order."""
        ready = self.before_write(record) if self.before_write is not None else record
        inside: list[Unit] = []
        for name, slot in self._asked:
            if not name or getattr(ready, name):
                inside += slot.give(ready)
        for extra in getattr(ready, "extras", ()):
            whole = bring_back(extra)
            # a kept loop whose head says nothing (CTT) goes on from the one that is written anyway
            into = next((u for u in inside if u.segment_id == whole.segment_id), None)
            if into is not None and not extra.elements and extra.inside:
                into.inside.extend(whole.inside)
            else:
                inside.append(whole)
        return Unit(self.head.write(ready), inside)


def keep(found: Segment | Loop) -> KeptSegment:
    """A segment or loop as documents keep it."""
    if isinstance(found, Segment):
        elements = tuple(found.elements[1:])
        return KeptSegment(segment_id=found.elements[0], elements=elements)
    head = keep(found.segments[0])
    inside = [(found.rule.order(s.elements[0]), keep(s)) for s in found.segments[1:]]
    inside += [(found.rule.order(inner.loop_id), keep(inner)) for inner in found.loops]
    inside.sort(key=lambda item: item[0])
    return KeptSegment(segment_id=head.segment_id, elements=head.elements, inside=tuple(item for _, item in inside))


def bring_back(extra: KeptSegment) -> Unit:
    """A kept segment or loop, to be written."""
    return Unit([extra.segment_id, *extra.elements], [bring_back(inner) for inner in extra.inside])


def arranged(units: list[Unit], rule: LoopRule) -> list[Unit]:
    """The units in the order of a loop's definition, their insides too; what it does not know comes first."""
    for unit in units:
        if unit.inside:
            node = rule.first.get(unit.elements[0])
            if node is not None and node.loop is not None:
                unit.inside = arranged(unit.inside, node.loop)
    if len(units) < 2:
        return units
    places = rule.places
    order = [places.get(unit.elements[0], 0.5) for unit in units]
    # mappings have them in that order nearly always
    if all(map(le, order, order[1:])):
        return units
    return sorted(units, key=lambda unit: places.get(unit.elements[0], 0.5))


def flat(units: list[Unit], into: list[list[str]]) -> None:
    """Puts the segments of units in the order they are sent."""
    for unit in units:
        into.append(unit.elements)
        if unit.inside:
            flat(unit.inside, into)


def missing_values(model: type[Record]) -> tuple[tuple[str, str | None], ...]:
    """Values for fields without a default, when a file does not say them: "" for text, None where that is allowed."""
    return tuple((name, "" if one.type is str else None) for name, one in fields_of(model).items() if one.required)
