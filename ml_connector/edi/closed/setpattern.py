"""Whole transaction sets against two patterns: what both match is right, and needs no further look.

One pattern is about the order of segments (mandatory ones, repeat limits, loops), over one letter for each segment;
the other about elements (types, lengths, code lists, conditions). Both are narrower than the rules: they know no leap
days, no components beyond the first, no control characters. A set that they refuse is only looked at more closely,
segment by segment, which is also what explains what is wrong.
"""

import re
import sys
from collections.abc import Iterable

from ml_connector.edi.framing.separators import Separators
from ml_connector.edi.validation.schema import (
    UNLIMITED,
    Condition,
    ElementType,
    LoopRule,
    Node,
    SegmentRule,
    SetRule,
)

#: Making a pattern costs about as much as checking so many sets without one.
PAYS_AFTER = 20

#: So many shapes of sets are remembered to be right; no longer ones than that.
_REMEMBERED = 5_000
_LONG = 1_000

#: Possessive quantifiers match wrongly before this version of Python; greedy ones are right and a little slower.
_POSSESSIVE = "+" if sys.version_info >= (3, 11, 5) else ""

_DAY = (
    r"(?:(?:19|20)[0-9]{2}(?:(?:0[13578]|1[02])(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)(?:0[1-9]|[12][0-9]|30)|02(?:0[1-9]|1[0-9]|2[0-8])))"
)
_MOMENT = r"(?:(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9][0-9]{0,2})?)"


class SetPattern:
    """The patterns of one set definition in one set of separators. `end` is the terminator with its line end.

    The pattern of elements holds only segments that have come: it is made anew when `learn` has seen others.
    """

    def __init__(self, rule: SetRule, separators: Separators, terminator: str) -> None:
        self.end = terminator + ("" if terminator in "\r\n" else separators.suffix)
        marks = separators.element + separators.component + separators.repetition + terminator
        self._mark = re.escape(separators.element)
        # the characters that may be, not those that may not: a small set is looked up at once
        plain = [chr(code) for code in (*range(0x20, 0x7F), *range(0xA1, 0x100)) if code != 0xAD]
        self._other = f"[{''.join(re.escape(c) for c in plain if c not in marks)}]"
        self._any = rf"[^{re.escape(separators.element + terminator)}]"
        self._behind = rf"(?=[{re.escape(separators.element + terminator)}])"
        self._end = re.escape(self.end)
        self._rules = rule.segments
        self._names = sorted(rule.members)
        letters = {name: chr(0xE000 + number) for number, name in enumerate(self._names)}
        # a segment is known by its first three characters
        self._letters = {(name + separators.element)[:3]: letter for name, letter in letters.items()}
        self._by_name = letters
        self._order = re.compile(_order(rule.root, letters))
        self._shapes: set[str] = set()
        self._known: set[str] = set()
        self._new: set[str] = set()
        self._waiting = 0
        self._pattern: re.Pattern[str] | None = None
        # blanks at the end of a value and empty elements at the end of a segment are cut, and told
        self._loose = (" " + separators.element, " " + terminator, separators.element + terminator)

    def segments(self, text: str) -> tuple[list[str], str] | None:
        """The segments of a set that is right in every respect, without their ends, and its shape; None for any other.

        A shape has one letter for each segment. text goes from ST to SE, both included, without the last terminator.
        """
        if self._loose[0] in text or self._loose[1] in text or self._loose[2] in text:
            return None
        if text[-1:] == " " or text[-1:] == self._loose[0][1]:
            return None
        found = text.split(self.end)
        try:
            shape = "".join([self._letters[segment[:3]] for segment in found])
        except KeyError:
            return None
        # the elements' pattern holds no segments but those it knows
        right = self._pattern is not None and self._pattern.fullmatch(text + self.end) is not None
        if not right and not self._known.issuperset(shape):
            self._learn(shape)
        if not right or not self.in_order(shape):
            return None
        return found, shape

    def in_order(self, shape: str) -> bool:
        """Whether a set of that shape has all it must have, each segment where it belongs and not too often."""
        if shape in self._shapes:
            return True
        if self._order.fullmatch(shape) is None:
            return False
        if len(self._shapes) < _REMEMBERED and len(shape) <= _LONG:
            self._shapes.add(shape)
        return True

    def letter(self, segment_id: str) -> str:
        """What stands for a segment in a set's shape; empty for one that the set has not."""
        return self._by_name.get(segment_id, "")

    def _learn(self, shape: str) -> None:
        """Segments that have not come before. A pattern is made once some sets have passed without further ones."""
        fresh = set(shape) - self._known - self._new
        self._new |= fresh
        self._waiting = 0 if fresh else self._waiting + 1
        if self._new and self._waiting >= PAYS_AFTER:
            self._known |= self._new
            self._new.clear()
            names = [self._names[ord(letter) - 0xE000] for letter in sorted(self._known)]
            self._pattern = re.compile(f"(?:{'|'.join(self._segment(name) for name in names)})*{_POSSESSIVE}")

    def _segment(self, segment_id: str) -> str:
        """A segment with its terminator."""
        rule = self._rules.get(segment_id)
        if rule is None:
            return f"{segment_id}(?:{self._mark}{self._other}*)*{self._end}"
        unpaired = _unpaired(rule)
        checks = self._conditions(unpaired) if unpaired else ""
        return segment_id + checks + self._elements(rule) + self._end

    def _elements(self, rule: SegmentRule) -> str:
        """Elements from the last to the first: what follows is optional unless something mandatory is in it."""
        inside = f"(?:{self._mark}{self._other}*)*" if rule.open else ""
        needed = False
        pairs = {c.positions[0] for c in rule.conditions if _is_pair(c)}
        seconds = {first + 1 for first in pairs}
        for position in range(len(rule.elements), 0, -1):
            element, requirement = rule.elements[position - 1]
            if position in seconds:
                continue
            if position in pairs and not needed:
                second = self._value(rule.elements[position][0])
                both = f"(?:{self._value(element)}{self._mark}{second}|{self._mark})"
                inside = f"(?:{self._mark}{both}{inside}|)"
                continue
            value = self._value(element)
            if requirement == "M":
                needed, inside = True, f"{self._mark}{value}{inside}"
            elif needed:
                inside = f"{self._mark}(?:{value}|){inside}"
            else:
                inside = f"(?:{self._mark}(?:{value}|){inside}|)"
        return inside

    def _there(self, position: int) -> str:
        """That the element at a position is not empty, seen from behind the segment's id."""
        return f"{self._skipped(position - 1)}{self._mark}{self._any}"

    def _skipped(self, count: int) -> str:
        """So many elements, whatever they hold: written out, which is passed faster than a repeated group."""
        return f"{self._mark}{self._any}*{_POSSESSIVE}" * count

    def _conditions(self, conditions: list[Condition]) -> str:
        """All conditions of a segment; those about elements far behind are asked only where it is that long."""
        always = "".join(self._condition(c) for c in conditions if c.kind == "R")
        made = ""
        by_place: dict[int, list[Condition]] = {}
        for condition in conditions:
            if condition.kind != "R":
                place = condition.positions[0] if condition.kind in "CL" else min(condition.positions)
                by_place.setdefault(place, []).append(condition)
        for place in sorted(by_place, reverse=True):
            long = self._skipped(place)
            made = f"(?:(?!{long})|{''.join(self._condition(c) for c in by_place[place])}{made})"
        # looked at once, so that no failure later on can try its alternatives again
        return f"(?={self._all_there(conditions)}{always}{made})"

    def _all_there(self, conditions: list[Condition]) -> str:
        """What leaves no condition open, and is seen at a glance: the elements that any of them may ask for."""
        if any(condition.kind == "E" for condition in conditions):
            return ""
        asked = {position for condition in conditions for position in _asked_for(condition)}
        elements = (f"{self._mark}{self._any}{'+' if at in asked else '*'}" for at in range(1, max(asked) + 1))
        return _POSSESSIVE.join(elements) + "|"

    def _condition(self, condition: Condition) -> str:
        first, *rest = condition.positions
        there = [self._there(position) for position in condition.positions]
        if condition.kind == "R":
            return f"(?={'|'.join(there)})"
        if condition.kind == "P":
            return "".join(f"(?:(?!{one})|(?={other}))" for one in there for other in there if one != other)
        if condition.kind == "C":
            return "".join(f"(?:(?!{there[0]})|(?={other}))" for other in there[1:])
        if condition.kind == "L":
            given = there[0]
            if condition.codes:
                given = f"{self._skipped(first - 1)}{self._mark}{_choice(condition.codes)}{self._behind}"
            return f"(?:(?!{given})|(?={'|'.join(self._there(p) for p in rest)}))"
        return "".join(
            f"(?:(?!{one})|(?!{other}))" for number, one in enumerate(there) for other in there[number + 1 :]
        )

    def _value(self, element: ElementType) -> str:  # noqa: PLR0911 - one return a type
        kind, least, most = element.kind, element.least, element.most
        if kind == "comp":
            first = element.components[0][0]
            if any(requirement == "M" for _, requirement in element.components[1:]):
                return "(?!)"
            return self._value(first)
        if element.codes is not None and not element.numeric:
            codes = [code for code in element.codes if least <= len(code) <= most]
            return f"{_choice(codes)}{self._behind}"
        if kind == "R" and least == 1:
            whole = rf"(?=[0-9.]{{2,{most + 1}}}{self._behind})[0-9]*\.[0-9]+"
            return rf"(?:-?(?:[0-9]{{1,{most}}}{self._behind}|{whole}))"
        if kind in {"N0", "N2", "R"}:
            return rf"(?:-?[0-9]{{{least},{most}}})"
        if kind == "DT":
            return _DAY
        if kind == "TM":
            return _MOMENT
        if kind == "ID":
            return f"(?! ){self._other}{{{least},{most}}}"
        return f"{self._other}{{1,{most}}}"


def _order(loop: LoopRule, letters: dict[str, str]) -> str:
    """A loop's nodes in their order, each with its limits."""
    parts = []
    for number, node in enumerate(loop.nodes):
        if node.tolerated:
            continue
        inside = letters[node.segment_id] if node.loop is None else _order(node.loop, letters)
        opens = number == 0 and loop.own is not None
        parts.append(inside if opens else (f"(?:{inside})" if len(inside) > 1 else inside) + _times(node))
    return "".join(parts)


def _times(node: Node) -> str:
    least = 1 if node.required else 0
    if node.most >= UNLIMITED or node.most > 60_000:
        return ("+" if least else "*") + _POSSESSIVE
    if (least, node.most) == (1, 1):
        return ""
    return f"{{{least},{node.most}}}" + _POSSESSIVE if node.most > 1 else "?" + _POSSESSIVE


def _is_pair(condition: Condition) -> bool:
    """Two elements side by side of which both or none are there: qualifier and value."""
    positions = condition.positions
    return condition.kind == "P" and len(positions) == 2 and positions[1] == positions[0] + 1


def _asked_for(condition: Condition) -> tuple[int, ...]:
    """The elements with which a condition that is no exclusion is fulfilled, whatever the others hold."""
    if condition.kind == "P":
        return condition.positions
    if condition.kind == "R":
        return condition.positions[:1]
    return condition.positions[1:] if condition.kind == "C" else condition.positions[1:2]


def _unpaired(rule: SegmentRule) -> list[Condition]:
    """Conditions that the elements' own pattern does not hold already: pairs with nothing mandatory behind them."""
    last = max((p for p, (_, req) in enumerate(rule.elements, start=1) if req == "M"), default=0)
    return [c for c in rule.conditions if not (_is_pair(c) and c.positions[0] > last)]


def _choice(codes: Iterable[str]) -> str:
    """Any of the codes, as a tree of their characters: far fewer steps than one after the other."""
    tree: dict[str, list[str]] = {}
    empty = False
    for code in codes:
        if code:
            tree.setdefault(code[0], []).append(code[1:])
        else:
            empty = True
    if not tree:
        return "" if empty else "(?!)"
    leaves = [first for first, rest in tree.items() if rest == [""]]
    parts = []
    if leaves:
        parts.append(f"[{re.escape(''.join(sorted(leaves)))}]")
    by_rest: dict[str, list[str]] = {}
    for first, rest in tree.items():
        if rest != [""]:
            by_rest.setdefault(_choice(sorted(rest)), []).append(first)
    for tail, firsts in by_rest.items():
        head = re.escape(firsts[0]) if len(firsts) == 1 else f"[{re.escape(''.join(sorted(firsts)))}]"
        parts.append(head + tail)
    joined = f"(?:{'|'.join(parts)})"
    return joined + "?" if empty else joined
