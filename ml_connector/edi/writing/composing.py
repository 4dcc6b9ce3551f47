"""Whole sets at once, by functions made for their definition: what nearly every document that is sent needs.

A `Composer` writes the text of a set of which every value can be sent as it is. What that takes is known when it is
done: the set's shape is one that the definition has, no value was found odd, and the text holds as many element
separators as were written and no character that cannot be sent. For anything else it gives None, and the set is
written element by element (edi.outgoing), which also explains what is wrong.
"""

from collections.abc import Callable
from decimal import Decimal
from operator import attrgetter
from typing import Any, NamedTuple

from ml_connector.documents.common import KeptSegment, Record
from ml_connector.edi.closed.setpattern import pattern_for
from ml_connector.edi.framing.separators import Separators
from ml_connector.edi.framing.values import read_decimal, write_decimal
from ml_connector.edi.mapping.registry import SCOPES, write_document
from ml_connector.edi.mapping.scopes import Scope, Slot, Unit, arranged, bring_back, flat
from ml_connector.edi.validation.schema import LoopRule, SetRule
from ml_connector.edi.writing.characters import Alphabet
from ml_connector.edi.writing.generated import Speller, Spellers, inner_loop
from ml_connector.edi.writing.notice_speller import notice_speller
from ml_connector.edi.writing.spelling import Odd

#: Making the functions of a set takes about as long as writing so many sets without them (7 ms).
PAYS_AFTER = 20

_Add = Callable[[str], None]

#: Slots with their places, and what spells them where there is something.
_Plan = list[tuple[float, Slot, Speller | None]]

#: So many are kept: one a kind of set, version and partner's separators.
_MOST = 256

#: Longer control numbers are for the long way to refuse.
_CONTROL_DIGITS = 9


class _Part(NamedTuple):
    """What stands at one place of a loop."""

    place: float
    texts: list[str]
    letters: list[str]


_place = attrgetter("place")


class Composer:
    """Writes sets of one definition in one set of separators; keeps the functions it has made."""

    def __init__(self, rule: SetRule, version: str, separators: Separators) -> None:
        self._rule = rule
        self._version = version
        self._mark = separators.element
        self._pattern = pattern_for(rule.set_type, version, separators)
        self._end = separators.segment + separators.suffix
        self._letters = self._pattern.letters
        self._blank = " " + separators.element
        self._spellers = Spellers(
            rule.segments, self._letters, separators.element, given=self.given, whole=self.whole, checked=self.checked
        )
        self._plans: dict[tuple[int, int], _Plan] = {}
        self._count = self._letters.get(rule.counted, "")
        self._total = self._letters.get("CTT", "")
        self._body = self._body_speller()

    def _body_speller(self) -> Callable[[Any, _Add, _Add], int]:
        """What writes all between ST and SE."""
        rule = self._rule
        if rule.set_type == "856":
            return notice_speller(self._spellers, self._letters, rule.root, self._mark, self._by_tables)
        speller = self._spellers.speller(SCOPES[rule.set_type][1], rule.root) if rule.set_type in SCOPES else None
        return self._by_tables if speller is None else lambda document, add, mark: speller((document,), add, mark)

    def _by_tables(self, document: Record, add: _Add, mark: _Add) -> int:
        """A document that no function was made for, each segment by its pattern."""
        return self._units([ordered(document, self._rule)], None, add, mark)

    def text(self, document: Record, control: str, alphabet: Alphabet, *, hash_totals: bool) -> str | None:
        """A set from ST to SE, each segment with its end; None for one that is to be written element by element."""
        if len(control) > _CONTROL_DIGITS:
            return None
        mark = self._mark
        segments = [f"ST{mark}{self._rule.set_type}{mark}{control}"]
        letters = [self._letters["ST"]]
        try:
            marks = self._body(document, segments.append, letters.append)
            letters.append(self._letters["SE"])
            segments.append(f"SE{mark}{len(segments) + 1}{mark}{control}")
            shape = "".join(letters)
            if not self._pattern.in_order(shape):
                return None
            at = shape.rfind(self._total) if self._total else -1
            if at >= 0:
                self._fill_in(segments, shape, at, hash_totals=hash_totals)
                marks += segments[at].count(mark)
        except Odd:
            return None
        together = mark.join(segments)
        # a separator inside a value would make two of it
        if together.count(mark) != marks + 3 + len(segments) or self._blank in together or together[-1] == " ":
            return None
        return self._end.join(segments) + self._end if alphabet.holds_all(together, mark) else None

    def _fill_in(self, segments: list[str], shape: str, at: int, *, hash_totals: bool) -> None:
        """CTT01 counts lines; CTT02, where it is wanted, adds up their quantities."""
        elements = segments[at].split(self._mark)
        quantities: list[str] | None = None
        if hash_totals and self._rule.quantity is not None:
            name, place = self._rule.quantity
            letter = self._letters[name]
            lines = [segments[i].split(self._mark) for i, found in enumerate(shape) if found == letter]
            quantities = [line[place] for line in lines if len(line) > place]
        elements = totalled(elements, shape.count(self._count), quantities)
        segments[at] = self._mark.join(elements)
        if not self._pattern.is_right("CTT", segments[at]):
            raise Odd

    def checked(self, elements: list[str], add: _Add, mark: _Add) -> int:
        """One segment that no function was made for."""
        name = elements[0]
        text = self._mark.join(elements)
        # CTT is filled in and looked at when all lines are there
        if name == "CTT":
            add(text)
            mark(self._total)
            return 0
        if not self._pattern.is_right(name, text):
            raise Odd
        add(text)
        mark(self._letters[name])
        return len(elements) - 1

    def given(self, slot: Slot, loop: LoopRule | None, record: Any, add: _Add, mark: _Add) -> int:
        """What a slot itself makes of a record."""
        return self._units(slot.give(record), loop, add, mark)

    def _units(self, units: list[Unit], loop: LoopRule | None, add: _Add, mark: _Add) -> int:
        segments: list[list[str]] = []
        flat(arranged(units, loop) if loop is not None else units, segments)
        marks, in_notes = 0, False
        for elements in segments:
            in_notes = in_notes if elements[0] == "MSG" else elements == ["N9", "L1", "NOTES"]
            marks += self.checked(versioned(elements, self._rule.set_type, self._version, in_notes), add, mark)
        return marks

    def whole(self, scope: Scope, loop: LoopRule | None, head: bool, record: Any, add: _Add, mark: _Add) -> int:
        """A record that has kept elements or segments, which stand where the definition has them."""
        marks = self.checked(scope.head.write(record), add, mark) if head else 0
        values = record.__dict__
        parts: list[_Part] = []
        for place, slot, speller in self._plan(scope, loop):
            said = values.get(slot.name) if slot.name else record
            if said:
                part = _Part(place, [], [])
                parts.append(part)
                if speller is not None:
                    marks += speller(said, part.texts.append, part.letters.append)
                else:
                    marks += self._units(slot.give(record), loop, part.texts.append, part.letters.append)
        for extra in values.get("extras", ()):
            part = _Part(loop.order(extra.segment_id) if loop is not None else 0, [], [])
            parts.append(part)
            marks += self._extra(extra, loop, part.texts.append, part.letters.append)
        parts.sort(key=_place)
        for part in parts:
            for text in part.texts:
                add(text)
            for letter in part.letters:
                mark(letter)
        return marks

    def _plan(self, scope: Scope, loop: LoopRule | None) -> _Plan:
        """The slots of a scope with their places, and what spells them."""
        key = (id(scope), id(loop))
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = [
                (
                    loop.order(slot.segment_id) if loop is not None else 0,
                    slot,
                    self._spellers.speller(slot, inner_loop(slot, loop)),
                )
                for slot in scope.slots
            ]
        return plan

    def _extra(self, extra: KeptSegment, loop: LoopRule | None, add: _Add, mark: _Add) -> int:
        # it goes on from a segment that is written anyway
        if extra.inside and not extra.elements:
            raise Odd
        if extra.inside or extra.segment_id == "MSG":
            return self._units([bring_back(extra)], loop, add, mark)
        return self.checked([extra.segment_id, *extra.elements], add, mark)


def ordered(document: Record, rule: SetRule) -> Unit:
    """The set's opening segment, with what follows it in the definition's order."""
    opening = write_document(document)
    opening.inside = arranged(opening.inside, rule.root)
    return opening


def versioned(elements: list[str], set_type: str, version: str, in_notes: bool) -> list[str]:
    """A segment as the version has it (x12-procurement 13)."""
    if elements[0] == "AK1" and version < "005010":
        return elements[:3]
    if elements[0] == "MSG" and in_notes and set_type == "850" and version >= "005010":
        return ["MTX", "", elements[1]]
    return elements


def totalled(elements: list[str], lines: int, quantities: list[str] | None) -> list[str]:
    """CTT with its count of lines, and the sum of their quantities where those are given."""
    filled = [*elements, *[""] * (3 - len(elements))]
    filled[1] = str(lines)
    if quantities is not None:
        filled[2] = write_decimal(sum((read_decimal(v) or Decimal(0) for v in quantities), Decimal(0)))
    return cut(filled)


def cut(elements: list[str]) -> list[str]:
    """The elements without empty ones at their end, in place; the id stays."""
    while len(elements) > 1 and not elements[-1]:
        elements.pop()
    return elements


class Composers:
    """The composers that have been made, and how often the others were asked for."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str, Separators], Composer] = {}
        self._asked: dict[tuple[str, str, Separators], int] = {}

    def clear(self) -> None:
        """As in a new process."""
        self._made.clear()
        self._asked.clear()

    def find(self, rule: SetRule, version: str, separators: Separators) -> Composer | None:
        """What writes such sets; None until so many have been written that making it pays."""
        key = (rule.set_type, version, separators)
        composer = self._made.get(key)
        if composer is None:
            times = self._asked[key] = self._asked.get(key, 0) + 1
            if times > PAYS_AFTER and len(self._made) < _MOST:
                composer = self._made[key] = Composer(rule, version, separators)
        return composer


#: Those of this process.
COMPOSERS = Composers()
