"""Elements of a segment against its rule: AK403 codes (x12-procurement 10)."""

from collections.abc import Iterator
from functools import lru_cache

from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.framing.separators import Separators
from ml_connector.edi.framing.values import (
    digits_in,
    is_digits,
    is_integer,
    is_number,
    read_date,
    read_time,
)
from ml_connector.edi.validation.fastpath import FastRule
from ml_connector.edi.validation.findings import Severity, X12Finding, X12Level, shown
from ml_connector.edi.validation.overlay import NO_OVERLAY, Overlay
from ml_connector.edi.validation.schema import Condition, ElementType, SegmentRule, segment_rules

_CONTROL = frozenset(map(chr, [*range(32), 127]))


#: Making a pattern costs about as much as checking so many segments without one.
PAYS_AFTER = 50


class ElementChecker:
    """Checks segments of one dictionary and one set of separators; keeps their patterns.

    short_dates: dates of six digits are right in versions before 004010.
    """

    def __init__(
        self,
        rules: dict[str, SegmentRule],
        separators: Separators,
        overlay: Overlay = NO_OVERLAY,
        *,
        short_dates: bool = False,
    ) -> None:
        self._rules = rules
        self._separators = separators
        self._component = separators.component
        self._repetition = separators.repetition
        self._overlay = overlay
        self._short_dates = short_dates
        self._fast: dict[str, FastRule] = {}
        self._times: dict[str, int] = {}

    def check(self, segment: Segment) -> list[X12Finding]:
        """All findings of one segment, in order of its elements, conditions last. None for an unknown segment."""
        elements = segment.elements
        segment_id = elements[0]
        fast = self._fast.get(segment_id)
        if fast is None:
            return self._first_times(segment)
        right = fast.is_right(self._separators.element.join(elements), elements)
        shape = fast.shape(elements)
        if right and fast.is_sound(shape):
            return []
        rule = self._rules[segment_id]
        found = [] if right else list(self._elements(segment, rule))
        broken = self._conditions(segment, rule)
        if not broken and not self._overlay.ignore:
            fast.remember(shape)
        return found + broken

    def _first_times(self, segment: Segment) -> list[X12Finding]:
        """Checks element by element; a pattern is made once a segment has come so often that it pays."""
        segment_id = segment.elements[0]
        rule = self._rules.get(segment_id)
        if rule is None:
            return []
        times = self._times.get(segment_id, 0) + 1
        self._times[segment_id] = times
        if times >= PAYS_AFTER:
            self._fast[segment_id] = FastRule(rule, self._separators)
        return [*self._elements(segment, rule), *self._conditions(segment, rule)]

    def _conditions(self, segment: Segment, rule: SegmentRule) -> list[X12Finding]:
        return [finding for condition in rule.conditions for finding in self._condition(segment, condition, rule)]

    def _elements(self, segment: Segment, rule: SegmentRule) -> Iterator[X12Finding]:
        values = segment.elements
        for position, (element, requirement) in enumerate(rule.elements, start=1):
            value = values[position] if position < len(values) else ""
            if not value:
                if requirement == "M":
                    yield from self._report(segment, position, element, "1", "", "is mandatory and empty")
                continue
            yield from self._value(segment, position, element, value)
        if len(values) - 1 > len(rule.elements) and not rule.open:
            extra = len(rule.elements) + 1
            what = f"comes after the last element of {rule.segment_id}"
            yield from self._report(segment, extra, None, "3", values[extra], what)

    def _value(self, segment: Segment, position: int, element: ElementType, value: str) -> Iterator[X12Finding]:
        if element.kind == "comp":
            yield from self._composite(segment, position, element, value)
            return
        if value[0] == " " and element.kind != "AN":
            yield from self._report(
                segment, position, element, "blanks", value, "has blanks before it", Severity.WARNING
            )
            value = value.strip()
            if position < len(segment.elements):
                segment.elements[position] = value
        for code, severity, what in self._faults(element, value):
            yield from self._report(segment, position, element, code, value, what, severity)
        for mark in (self._component, self._repetition):
            if mark and mark in value and element.kind != "ID":
                what = f"has the separator {shown(mark)} in a simple element"
                yield from self._report(segment, position, element, "separator_in_data", value, what, Severity.WARNING)

    def _faults(self, element: ElementType, value: str) -> Iterator[tuple[str, Severity, str]]:
        """AK403 code, severity and a clause for each thing wrong with a value."""
        kind = element.kind
        if kind in {"DT", "TM"}:
            yield from self._moment(kind, value)
            return
        length = len(value)
        if element.numeric:
            if not (is_number(value) if kind == "R" else is_integer(value)):
                yield "6", Severity.ERROR, f"is not a number of type {kind}"
                return
            length = digits_in(value)
        elif not value.isprintable() and any(c in _CONTROL for c in value):
            yield "6", Severity.ERROR, "has a control character in it"
        if length > element.most:
            yield "5", Severity.ERROR, f"is longer than {element.most}"
        elif length < element.least and kind != "AN":
            # minimum length of text is reached by blanks, which a reader cuts
            yield "4", Severity.ERROR, f"is shorter than {element.least}"
        elif element.codes is not None and value not in element.codes:
            severity = Severity.ERROR if element.closed else Severity.WARNING
            yield "7", severity, "is not a known code"

    def _moment(self, kind: str, value: str) -> Iterator[tuple[str, Severity, str]]:
        if kind == "TM":
            if read_time(value) is None or not is_digits(value):
                yield "9", Severity.ERROR, "is not a time"
        elif read_date(value) is None or not is_digits(value):
            yield "8", Severity.ERROR, "is not a date"
        elif len(value) > 8:
            yield "5", Severity.ERROR, "is longer than a date"
        elif len(value) == 6 and not self._short_dates:
            yield "4", Severity.ERROR, "is a date of six digits"

    def _composite(self, segment: Segment, position: int, element: ElementType, value: str) -> Iterator[X12Finding]:
        parts = value.split(self._component) if self._component else [value]
        if len(parts) > len(element.components):
            yield from self._report(segment, position, element, "3", value, "has too many components")
        for number, (part, requirement) in enumerate(element.components, start=1):
            text = parts[number - 1] if number <= len(parts) else ""
            if not text:
                if requirement == "M":
                    what = "is mandatory and empty"
                    yield from self._report(segment, position, part, "1", "", what, component=number)
                continue
            for code, severity, what in self._faults(part, text):
                yield from self._report(segment, position, part, code, text, what, severity, component=number)

    def _condition(self, segment: Segment, condition: Condition, rule: SegmentRule) -> Iterator[X12Finding]:
        values = segment.elements
        positions = condition.positions
        there = [p < len(values) and values[p] != "" for p in positions]
        code, at, what = "2", 0, ""
        names = ", ".join(f"{rule.segment_id}{p:02d}" for p in positions)
        if condition.kind == "P" and any(there) and not all(there):
            at, what = positions[there.index(False)], f"is needed: {names} come together"
        elif condition.kind == "R" and not any(there):
            at, what = positions[0], f"is needed: one of {names}"
        elif condition.kind == "C" and there[0] and not all(there):
            at, what = positions[there.index(False)], f"is needed with {rule.segment_id}{positions[0]:02d}"
        elif condition.kind == "L" and there[0] and not any(there[1:]) and _applies(condition, values):
            at, what = positions[1], f"or another of {names} is needed with {rule.segment_id}{positions[0]:02d}"
        elif condition.kind == "E" and sum(there) > 1:
            code, at, what = "10", positions[1], f"excludes the others of {names}"
        if at:
            element = rule.elements[at - 1][0] if at <= len(rule.elements) else None
            value = values[at] if at < len(values) else ""
            # a condition on a code is a semantic note of the standard, not its syntax (x12-procurement 5)
            severity = Severity.WARNING if condition.codes else Severity.ERROR
            yield from self._report(segment, at, element, code, value, what, severity)

    def _report(
        self,
        segment: Segment,
        position: int,
        element: ElementType | None,
        code: str,
        value: str,
        what: str,
        severity: Severity = Severity.ERROR,
        component: int = 0,
    ) -> Iterator[X12Finding]:
        segment_id = segment.elements[0]
        if self._overlay.ignores(segment_id, position, code):
            return
        place = f"{segment_id}{position:02d}" + (f"-{component}" if component else "")
        subject = f" {shown(value)}" if value else ""
        yield X12Finding(
            X12Level.ELEMENT,
            code,
            f"Segment {segment.number}: {place}{subject} {what}.",
            severity,
            segment_id=segment_id,
            segment_number=segment.number,
            element=position,
            component=component,
            reference=_reference(element),
            value=value[:200],
        )


@lru_cache(maxsize=64)
def shared_checker(version: str, overlay: Overlay, separators: Separators) -> ElementChecker:
    """The checker for files of one version, partner guide and set of separators; it keeps what it has learned."""
    short = is_digits(version[:6]) and version[:6] < "004010"
    return ElementChecker(segment_rules(version, overlay), separators, overlay, short_dates=short)


def _reference(element: ElementType | None) -> str:
    """AK402 is a number: composites have none."""
    return element.number if element is not None and element.number.isdigit() else ""


def _applies(condition: Condition, values: list[str]) -> bool:
    return not condition.codes or values[condition.positions[0]] in condition.codes
