"""One set on its way out: values made sendable, totals filled in, everything checked strictly."""

from dataclasses import dataclass
from functools import lru_cache

from ml_connector.documents.common import Record
from ml_connector.documents.values.characters import character_name
from ml_connector.edi.closed.setpattern import SetPattern
from ml_connector.edi.framing.segments import COMPONENT, REPETITION, Segment
from ml_connector.edi.framing.separators import Separators
from ml_connector.edi.validation.check import shared_checker
from ml_connector.edi.validation.findings import X12Finding, X12Level, shown
from ml_connector.edi.validation.overlay import NO_OVERLAY
from ml_connector.edi.validation.schema import ElementType, SegmentRule, SetRule, set_rule
from ml_connector.edi.validation.structure import build
from ml_connector.edi.writing.body import body_of, cut, totalled, versioned
from ml_connector.edi.writing.characters import Alphabet, Unspellable
from ml_connector.errors import NeedsCorrection, Reason, WeAreWrong

#: AK304 codes that a kept segment may cause: it was read where it stands, and goes back there.
_KEPT_CODES = frozenset({"1", "2", "6", "7"})

#: What quotes a partner's own bad value back to it: it says nothing of ours, and the answer is never held for it.
_QUOTED = frozenset({"AK404", "IK404"})

#: Elements whose text goes on in another segment of that name where it is too long for one.
_CONTINUED = {"MSG": 1, "NTE": 2, "PID": 5}


@dataclass(frozen=True, slots=True)
class Replacement:
    """A value that was sent otherwise than it stood. position counts documents from 0."""

    position: int
    place: str
    before: str
    after: str
    why: str

    def as_dict(self) -> dict[str, str]:
        """For a report: document, place, before, after, why; values bounded."""
        return {
            "document": str(self.position),
            "place": self.place,
            "before": self.before[:120],
            "after": self.after[:120],
            "why": self.why,
        }


class SetWriter:
    """Writes sets of one interchange. replacement is what a separator in free text becomes; None refuses it."""

    def __init__(
        self,
        separators: Separators,
        alphabet: Alphabet,
        replacement: str | None,
        version: str,
        *,
        hash_totals: bool = False,
    ) -> None:
        self._separators = separators
        self._alphabet = alphabet
        self._replacement = replacement
        self._version = version
        self._hash_totals = hash_totals

    def write(self, rule: SetRule, control: str, document: Record, position: int, replaced: list[Replacement]) -> str:
        """The set's text from ST to SE, each segment with its end; what was replaced is added to `replaced`.

        Raises NeedsCorrection for what cannot be sent, naming the place.
        """
        body = body_of(document, rule)
        segments: list[list[str]] = []
        in_notes = False
        for elements in body:
            in_notes = in_notes if elements[0] == "MSG" else elements == ["N9", "L1", "NOTES"]
            segment = versioned(elements, rule.set_type, self._version, in_notes)
            segments.append(self._totalled(elements, body, rule) if elements[0] == "CTT" else segment)
        text = self._as_it_is(rule, control, segments)
        return text if text is not None else self._closely(rule, control, segments, position, replaced)

    def _as_it_is(self, rule: SetRule, control: str, segments: list[list[str]]) -> str | None:
        """The set where every value can be sent as it stands and its pattern recognizes it; None for any other.

        A set of 2.7 kB is written several times as fast so (`benchmarks.edi_speed`).
        """
        mark, end = self._separators.element, self._separators.segment + self._separators.suffix
        sent = [["ST", rule.set_type, control], *segments, ["SE", str(len(segments) + 2), control]]
        joined = [mark.join(elements) for elements in sent]
        together = mark.join(joined)
        # a separator inside a value would make two of it
        if together.count(mark) != sum(map(len, sent)) - 1 or not self._alphabet.holds_all(together, mark):
            return None
        text = end.join(joined)
        found = _pattern(rule.set_type, self._version, self._separators).segments(text)
        return text + end if found is not None else None

    def _closely(
        self,
        rule: SetRule,
        control: str,
        segments: list[list[str]],
        position: int,
        replaced: list[Replacement],
    ) -> str:
        """The set element by element, each made sendable, all of it checked strictly."""
        ready = [["ST", rule.set_type, control]]
        for elements in segments:
            ready.extend(self._sendable(elements, rule.segments.get(elements[0]), position, replaced))
        ready.append(["SE", str(len(ready) + 1), control])
        self._check(ready, rule)
        join, end = self._separators.element.join, self._separators.segment + self._separators.suffix
        return "".join([join(elements) + end for elements in ready])

    def _totalled(self, elements: list[str], body: list[list[str]], rule: SetRule) -> list[str]:
        """CTT01 counts lines; CTT02, where it is wanted, adds up their quantities."""
        quantities: list[str] | None = None
        if self._hash_totals and rule.quantity is not None:
            name, place = rule.quantity
            quantities = [s[place] for s in body if s[0] == name and len(s) > place]
        return totalled(elements, sum(1 for segment in body if segment[0] == rule.counted), quantities)

    def _sendable(
        self, elements: list[str], rule: SegmentRule | None, position: int, replaced: list[Replacement]
    ) -> list[list[str]]:
        """The segment with every value sendable; text too long for its element in further such segments."""
        done = [elements[0]]
        overflow = ""
        for number, value in enumerate(elements[1:], start=1):
            if not value:
                done.append("")
                continue
            element = rule.elements[number - 1][0] if rule and number <= len(rule.elements) else None
            place = f"{elements[0]}{number:02d}"
            text = self._value(value, element, place, position, replaced)
            if element is not None and element.text and len(text) > element.most:
                if _CONTINUED.get(elements[0]) == number:
                    text, overflow = _broken(text, element.most)
                    why = "too long: continued in the next segment"
                else:
                    text, why = text[: element.most].rstrip(), f"longer than {element.most}: cut"
                replaced.append(Replacement(position, place, value, text, why))
            done.append(text)
        result = [cut(done)]
        if overflow:
            at = _CONTINUED[elements[0]]
            result.extend(self._sendable([*elements[:at], overflow], rule, position, replaced))
        return result

    def _value(
        self, value: str, element: ElementType | None, place: str, position: int, replaced: list[Replacement]
    ) -> str:
        for neutral, mark in ((COMPONENT, self._separators.component), (REPETITION, self._separators.repetition)):
            if neutral in value and mark:
                parts = value.split(neutral)
                return mark.join(self._value(p, element, place, position, replaced) if p else "" for p in parts)
        text = value.rstrip()
        if self._alphabet.sendable(text):
            return text
        free = element is not None and element.text
        separator = self._alphabet.separator_in(text)
        if separator and (not free or self._replacement is None):
            raise NeedsCorrection(
                Reason.CHARACTER_NOT_SENDABLE,
                f"{place} {shown(text)} holds the separator {character_name(separator)}.",
                remedy="Change the value, or the partner's separators.",
                data={"place": place, "value": text[:60], "character": separator},
            )
        fitted = self._fitted(text, place, free=free)
        if fitted != value.rstrip():
            replaced.append(Replacement(position, place, value, fitted, "characters replaced"))
        return fitted

    def _fitted(self, text: str, place: str, *, free: bool) -> str:
        """The text with other characters, where it still says the same."""
        character = next((c for c in text if not self._alphabet.sendable(c)), "")
        if not free:
            alike = self._alphabet.seen_alike(text)
            if alike is not None:
                return alike
        else:
            try:
                return self._alphabet.fitted(text, self._replacement).strip()
            except Unspellable as error:
                if place in _QUOTED:
                    return "".join(c if self._alphabet.sendable(c) else " " for c in text).strip()
                character = error.character
        raise NeedsCorrection(
            Reason.CHARACTER_NOT_SENDABLE,
            f"{place} {shown(text)} holds {character_name(character)}: the partner's character set has neither it nor"
            " other characters that say the same there.",
            remedy="Change the value, or the partner's character set.",
            data={"place": place, "value": text[:60], "character": character},
        )

    def _check(self, ready: list[list[str]], rule: SetRule) -> None:
        """Strict reading of what is about to be sent."""
        found: list[X12Finding] = []
        segments = [Segment(elements, number) for number, elements in enumerate(ready, start=1)]
        build(segments, rule, found.append)
        checker = shared_checker(self._version, NO_OVERLAY, self._separators)
        for segment in segments:
            found.extend(checker.check(segment))
        for finding in found:
            if not finding.is_error or (finding.level is X12Level.SEGMENT and finding.code in _KEPT_CODES):
                continue
            raise NeedsCorrection(
                Reason.BAD_VALUE,
                f"The {rule.name} cannot be sent as {rule.set_type}: {finding.message}",
                remedy="Change the value where it comes from.",
                data={"place": finding.place, "value": finding.value[:60], "code": finding.code},
            )


@lru_cache(maxsize=64)
def _pattern(set_type: str, version: str, separators: Separators) -> SetPattern:
    rule = set_rule(set_type, version)
    if rule is None:
        raise WeAreWrong(f"{set_type} has no set definition")
    return SetPattern(rule, separators, separators.segment)


def _broken(text: str, most: int) -> tuple[str, str]:
    """A text broken at the last blank that fits, or in the middle of a word longer than that."""
    at = text.rfind(" ", 1, most + 1)
    if at <= 0:
        return text[:most], text[most:].lstrip()
    return text[:at].rstrip(), text[at:].lstrip()
