"""One pattern for each segment: what it matches is right, and needs no look at its elements.

Checking element by element is for explaining a failure. The pattern is narrower than the rules (it knows no leap
days and no separators inside data): what it refuses is only looked at more closely.
"""

import re
from functools import cache

from ml_connector.edi.framing.separators import Separators
from ml_connector.edi.validation.schema import ElementType, SegmentRule

_DAY = (
    r"(?:(?:19|20)[0-9]{2}(?:(?:0[13578]|1[02])(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)(?:0[1-9]|[12][0-9]|30)|02(?:0[1-9]|1[0-9]|2[0-8])))"
)
_MOMENT = r"(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9][0-9]{0,2})?"


class FastRule:
    """The pattern of one segment, and what it leaves open: code lists, and which elements are there together."""

    __slots__ = ("_coded", "_pattern", "_sound", "_valued")

    def __init__(self, rule: SegmentRule, separators: Separators) -> None:
        self._pattern = re.compile(_segment_pattern(rule, separators))
        # the pattern passes composites only with their first component alone
        simple = [e.components[0][0] if e.kind == "comp" else e for e, _ in rule.elements]
        self._coded = tuple((at, e.codes) for at, e in enumerate(simple, start=1) if e.codes is not None)
        self._valued = next((c.positions[0] for c in rule.conditions if c.codes), 0)
        self._sound: set[tuple[bytes, str]] = set()

    def is_right(self, text: str, elements: list[str]) -> bool:
        """Whether a segment breaks no rule of its elements; its conditions are asked for by `shape`."""
        if self._pattern.match(text) is None:
            return False
        count = len(elements)
        for position, codes in self._coded:
            if position < count:
                value = elements[position]
                if value and value not in codes:
                    return False
        return True

    def shape(self, elements: list[str]) -> tuple[bytes, str]:
        """Which elements are there, and the value that a condition looks at."""
        valued = elements[self._valued] if 0 < self._valued < len(elements) else ""
        return bytes(map(bool, elements)), valued

    def is_sound(self, shape: tuple[bytes, str]) -> bool:
        """Whether a shape is known to break no condition."""
        return shape in self._sound

    def remember(self, shape: tuple[bytes, str]) -> None:
        """This shape breaks no condition. Bounded: a hostile file could have any number of shapes."""
        if len(self._sound) < 2000:
            self._sound.add(shape)


def _segment_pattern(rule: SegmentRule, separators: Separators) -> str:
    end = re.escape(separators.element)
    other = _others(separators.element + separators.component + separators.repetition)
    inside = f"(?:{end}{other}*)*" if rule.open else ""
    needed = False
    for element, requirement in reversed(rule.elements):
        value = _value_pattern(element, other, end)
        if requirement == "M":
            needed, inside = True, f"{end}{value}{inside}"
        elif needed:
            inside = f"{end}(?:{value})?{inside}"
        else:
            inside = f"(?:{end}(?:{value})?{inside})?"
    return re.escape(rule.segment_id) + inside + r"\Z"


@cache
def _others(marks: str) -> str:
    """A class of Latin-1's printable characters without the separators.

    Written as what it holds: a class of all but some of Unicode's takes 20 times as long to compile.
    """
    printable = [c for c in map(chr, (*range(0x20, 0x7F), *range(0xA1, 0x100))) if c not in marks and c != "\xad"]
    return f"[{''.join(map(re.escape, printable))}]"


def _value_pattern(element: ElementType, other: str, end: str) -> str:  # noqa: PLR0911 - one return a type
    kind, least, most = element.kind, element.least, element.most
    if kind == "R" and least == 1:
        return rf"(?:-?(?:[0-9]{{1,{most}}}|(?=[0-9.]{{2,{most + 1}}}(?:{end}|\Z))[0-9]*\.[0-9]+))"
    if kind in {"N0", "N2", "R"}:
        return rf"(?:-?[0-9]{{{least},{most}}})"
    if kind == "DT":
        return _DAY
    if kind == "TM":
        return f"(?:{_MOMENT})"
    if kind == "comp":
        first = element.components[0][0]
        if any(requirement == "M" for _, requirement in element.components[1:]):
            # more than its first component is needed: that is looked at closely
            return "(?!)"
        letter = "[0-9]" if first.numeric else other
        return f"(?! ){letter}{{{first.least},{first.most}}}"
    if kind == "ID":
        return f"(?! ){other}{{{least},{most}}}"
    return f"{other}{{1,{most}}}"
