"""HL segments against each other: numbers that come twice, parents that are not there (x12-procurement 7)."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count
from operator import lt

from ml_connector.edi.framing.segments import Segment
from ml_connector.edi.validation.findings import Severity, X12Finding, X12Level, shown
from ml_connector.edi.validation.structure import Loop

#: HL01 of most notices: counted from 1.
_COUNTED = tuple(map(str, range(1, 1000)))


def fit(levels: Sequence[Sequence[str]]) -> bool:
    """Whether there is nothing to say about HL segments, each as its elements, id first, at least four."""
    _, numbers, parents, codes = zip(*levels, strict=True)
    if numbers == _COUNTED[: len(numbers)] and not parents[0] and "" not in parents[1:]:
        # the usual case: each parent a smaller number
        return set(numbers).issuperset(parents[1:]) and all(map(lt, map(int, parents[1:]), count(2)))
    seen: set[str] = set()
    for number, parent, code in zip(numbers, parents, codes, strict=True):
        if number in seen or (parent not in seen and (parent or (seen and code[:1] != "S"))):
            return False
        seen.add(number)
    return True


@lru_cache(maxsize=1024)
def spelled_fit(levels: str, mark: str) -> bool:
    """The same of HL segments as they are spelled, a line for each: senders' notices have few shapes."""
    found = [[*level.split(mark, 3), "", "", ""][:4] for level in levels.split("\n") if level]
    return not found or fit(found)


def level_findings(root: Loop) -> Iterator[X12Finding]:
    """What `fit` is False for. Levels are linked all the same, by what stands nearest above them."""
    seen: set[str] = set()
    for loop in root.loops:
        if loop.loop_id != "HL":
            continue
        segment = loop.segments[0]
        number, parent, code = [*segment.elements[1:4], "", "", ""][:3]
        if number and number in seen:
            yield _finding(segment, 1, number, "hl_number", "came before in this notice")
        if parent and parent not in seen:
            yield _finding(segment, 2, parent, "hl_parent", "is the number of no level before it")
        elif not parent and seen and code != "S":
            yield _finding(segment, 2, "", "hl_parent", "is empty: it has no level above it", Severity.WARNING)
        seen.add(number)


def _finding(
    segment: Segment, element: int, value: str, code: str, what: str, severity: Severity = Severity.ERROR
) -> X12Finding:
    subject = f" {shown(value)}" if value else ""
    return X12Finding(
        X12Level.BUSINESS,
        code,
        f"Segment {segment.number}: HL{element:02d}{subject} {what}.",
        severity,
        segment_id="HL",
        segment_number=segment.number,
        element=element,
        value=value[:200],
    )
