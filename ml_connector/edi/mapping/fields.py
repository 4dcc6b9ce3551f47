"""Segments to fields and back, by one table used in both directions.

A `SegmentMap` lists which element is which field. Reading puts every element that is not empty either into its
field or, when it has none or does not fit, into `kept`; writing puts both back. So nothing is dropped, and
reading what was written gives the same record.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ml_connector.documents.common import ItemId, KeptElement, Record
from ml_connector.edi.framing import values as wire
from ml_connector.edi.framing.segments import COMPONENT
from ml_connector.errors import NeedsCorrection, Reason


@dataclass(frozen=True, slots=True)
class Codec:
    """read gives None for a value that the field cannot hold; write gives None for one that X12 cannot."""

    read: Callable[[str], Any]
    write: Callable[[Any], str | None]


def _same(value: str) -> str:
    return value


TEXT = Codec(_same, _same)
NUMBER = Codec(wire.read_decimal, wire.write_decimal)
CENTS = Codec(wire.read_cents, wire.write_cents)
INTEGER = Codec(wire.read_integer, str)
DAY = Codec(wire.read_date, wire.write_date)
TIME = Codec(wire.read_time, wire.write_time)


def coded(kind: Callable[[str], Any]) -> Codec:
    """A code list that takes any code."""
    return Codec(kind, str)


@dataclass(frozen=True, slots=True)
class Field:
    """Element `position` is field `name`.

    `usual` is what a writer sends, and a reader ignores, when there is no value.
    """

    position: int
    name: str
    codec: Codec = TEXT
    usual: str = ""
    composite: bool = False


@dataclass(frozen=True, slots=True)
class Pairs:
    """Qualifier and value, repeated from `start` to before `stop`, as tuple of ItemId in field `name`."""

    start: int
    stop: int
    name: str = "items"


#: Position, field name, and what reads its text: None for plain text, `_nothing` for what `_read_one` decides.
_Planned = tuple[int, str, Callable[[str], Any] | None]


def _nothing(text: str) -> None:
    """Reads nothing."""


class SegmentMap:
    """One segment as fields of a record. `constants` are sent always; a reader ignores them where they are the same.

    `ignored` are positions that the writer computes.
    """

    def __init__(
        self,
        segment_id: str,
        *fields: Field,
        pairs: Pairs | None = None,
        constants: Mapping[int, str] | None = None,
        ignored: frozenset[int] = frozenset(),
    ) -> None:
        self.segment_id = segment_id
        self.fields = fields
        self.pairs = pairs
        self.constants = dict(constants or {})
        self.ignored = ignored
        self._by_position = {f.position: f for f in fields}
        last = max((*self._by_position, *self.constants, *self.ignored, 0))
        # elements before this one are read by the plan, pairs begin here
        self._planned = pairs.start if pairs is not None else last + 1
        self._plan = self._planned_elements()
        self._filled = [(f.position, f.name, None if f.codec is TEXT else f.codec.write, f) for f in fields if f.name]
        self._blank = self._without_values()
        self.nothing = self._blank.copy()
        while not self.nothing[-1] and len(self.nothing) > 1:
            self.nothing.pop()

    def read(self, elements: list[str]) -> tuple[dict[str, Any], list[KeptElement]]:
        """Values by field name (only those that are there), and what has no field. elements[0] is the id."""
        values: dict[str, Any] = {}
        kept: list[KeptElement] = []
        self.read_into(elements, values, kept)
        return values, kept

    def read_into(self, elements: list[str], values: dict[str, Any], kept: list[KeptElement]) -> None:
        """The same, added to what is there already."""
        count = len(elements)
        for position, name, read in self._plan:
            if position >= count:
                break
            text = elements[position]
            if not text:
                continue
            if read is None:
                values[name] = text
                continue
            value = read(text)
            if value is not None:
                values[name] = value
            else:
                self._read_one(position, text, values, kept)
        if count > self._planned:
            self._read_rest(elements, values, kept)

    def _read_rest(self, elements: list[str], values: dict[str, Any], kept: list[KeptElement]) -> None:
        """Pairs, and elements behind the last field."""
        pairs, position = self.pairs, self._planned
        if pairs is not None:
            items = []
            left = iter(elements[position : pairs.stop])
            for qualifier in left:
                value = next(left, "")
                if qualifier or value:
                    items.append(ItemId(qualifier=qualifier, value=value))
            if items:
                values[pairs.name] = tuple(items)
            position = pairs.stop
        for at in range(position, len(elements)):
            text = elements[at]
            if text and at not in self.ignored and self.constants.get(at) != text:
                self._read_one(at, text, values, kept)

    def _without_values(self) -> list[str]:
        """The segment as it is sent when no field has a value: constants, and what is usual."""
        elements = [self.segment_id]
        for field in self.fields:
            _put(elements, field.position, field.usual)
        for position, text in self.constants.items():
            _put(elements, position, text)
        return elements

    def _planned_elements(self) -> list[_Planned]:
        """One entry for each element that is read, up to the last field or the pairs' beginning."""
        plan: list[_Planned] = []
        for position in range(1, self._planned):
            field = self._by_position.get(position)
            if position in self.ignored:
                continue
            if field is None or field.usual or field.composite or not field.name or position in self.constants:
                plan.append((position, "", _nothing))
            else:
                plan.append((position, field.name, None if field.codec is TEXT else field.codec.read))
        return plan

    def _read_one(self, position: int, text: str, values: dict[str, Any], kept: list[KeptElement]) -> None:
        if self.constants.get(position) == text:
            return
        field = self._by_position.get(position)
        whole = text
        if field is not None:
            if field.usual and text == field.usual:
                return
            if field.composite and COMPONENT in text:
                text = text.partition(COMPONENT)[0]
            value = field.codec.read(text) if field.name else None
            if value is not None:
                values[field.name] = value
                if text is whole:
                    return
        kept.append(KeptElement(segment_id=self.segment_id, position=position, value=whole))

    def write(self, record: Record) -> list[str]:
        """Elements with the id first, trailing empty ones cut.

        Raises NeedsCorrection (BAD_VALUE) for a value that X12 has no form for.
        """
        elements = self._blank.copy()
        for position, name, write, field in self._filled:
            value = getattr(record, name)
            if write is None:
                if value:
                    elements[position] = value
            elif value is not None:
                text = write(value)
                if text is None:
                    raise self._refused(field, value)
                if text:
                    elements[position] = text
        items = getattr(record, self.pairs.name) if self.pairs is not None else ()
        if self.pairs is not None and items:
            if len(elements) < self.pairs.start:
                elements += [""] * (self.pairs.start - len(elements))
            for item in items:
                elements.append(item.qualifier)
                elements.append(item.value)
            if len(elements) > self.pairs.stop:
                most = (self.pairs.stop - self.pairs.start) // 2
                raise NeedsCorrection(Reason.BAD_VALUE, f"{self.segment_id} has no place for {most + 1} item ids.")
        for kept in getattr(record, "kept", ()):
            if kept.segment_id == self.segment_id:
                _put(elements, kept.position, kept.value)
        while not elements[-1] and len(elements) > 1:
            elements.pop()
        return elements

    def _refused(self, field: Field, value: Any) -> NeedsCorrection:
        place = f"{self.segment_id}{field.position:02d}"
        return NeedsCorrection(Reason.BAD_VALUE, f"{place} cannot hold {value}: it has two decimals.")


def _put(elements: list[str], position: int, text: str) -> None:
    missing = position - len(elements)
    if missing == 0:
        elements.append(text)
        return
    if missing > 0:
        elements += [""] * (missing + 1)
    elements[position] = text
