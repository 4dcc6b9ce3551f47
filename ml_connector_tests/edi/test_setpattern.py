"""A segment's pattern is as strict about which elements come together as the checker that explains it."""

import re
from collections.abc import Iterator
from itertools import product

import pytest

from ml_connector.edi.closed.setpattern import SetPattern
from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.framing.separators import Separators
from ml_connector.edi.validation.check import shared_checker
from ml_connector.edi.validation.overlay import NO_OVERLAY
from ml_connector.edi.validation.schema import ElementType, SegmentRule, SetRule, set_rule

_SEPARATORS = Separators()
_VERSIONS = ("004010", "005010")
_SETS = ("810", "820", "824", "850", "855", "856", "860", "865", "997")
#: Segments whose conditions name more elements are tried with the first of them.
_MOST = 9


def _right_value(element: ElementType) -> str:
    if element.kind == "comp":
        return _right_value(element.components[0][0])
    if element.codes:
        return min(code for code in element.codes if element.least <= len(code) <= element.most)
    if element.kind == "DT":
        return "20261121"
    if element.kind == "TM":
        return "1200"
    return "1" * element.least if element.numeric else "A" * element.least


def _spellings(rule: SegmentRule) -> Iterator[list[str]]:
    """Elements with each choice of those that the conditions name, there or empty; with codes that ask for others."""
    named = sorted({position for condition in rule.conditions for position in condition.positions})[:_MOST]
    asking = [{}, *({c.positions[0]: min(c.codes)} for c in rule.conditions if c.codes)]
    for there, codes in product(product((True, False), repeat=len(named)), asking):
        filled = {position for position, is_there in zip(named, there, strict=True) if is_there}
        filled |= {at for at, (_, requirement) in enumerate(rule.elements, start=1) if requirement == "M"}
        if filled:
            elements = [
                _right_value(rule.elements[at - 1][0]) if at in filled else "" for at in range(1, max(filled) + 1)
            ]
            for position, code in codes.items():
                if position in filled:
                    elements[position - 1] = code
            yield [rule.segment_id, *elements]


def _conditional(rule: SetRule) -> list[SegmentRule]:
    return [segment for segment in rule.segments.values() if segment.conditions]


@pytest.mark.parametrize("version", _VERSIONS)
@pytest.mark.parametrize("set_type", _SETS)
def test_a_segment_matches_exactly_where_no_condition_is_broken(set_type: str, version: str) -> None:
    rule = set_rule(set_type, version, NO_OVERLAY)
    assert rule is not None
    pattern = SetPattern(rule, _SEPARATORS, "~")
    checker = shared_checker(version, NO_OVERLAY, _SEPARATORS)
    tried = {True: 0, False: 0}
    for segment in _conditional(rule):
        matches = re.compile(pattern._segment(segment.segment_id)).fullmatch
        for elements in _spellings(segment):
            is_right = not checker.check(Segment(list(elements), 1))
            text = "*".join(elements)
            assert (matches(text + "~") is not None) == is_right, text
            tried[is_right] += 1
    assert tried[True]
    assert tried[False]
