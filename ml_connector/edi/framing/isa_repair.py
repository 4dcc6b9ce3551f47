"""An ISA that has not 16 elements, a GS that has not 8: some were left out with their separators, or are too many.

Date and time, two elements of digits only, are looked for first: before them stand qualifiers and ids in pairs, behind
them elements that are told apart by what they hold (x12-procurement 2).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ml_connector.edi.framing.values import is_digits, read_date, read_time

#: Fewer elements than these are not taken for an ISA, nor more.
_FEWEST, _MOST = 11, 20

#: ISA09 and ISA10.
_DATE = re.compile(rb" *(?:[0-9]{6}|[0-9]{8}) *")
_TIME = re.compile(rb" *[0-9]{4}(?:[0-9]{2,4})? *")

#: ISA11 to ISA15, in this order: standard or repetition separator, version, control number, asked for a TA1, usage.
_BEHIND = (
    re.compile(rb" *[^0-9 ] *"),
    re.compile(rb" *0[0-9]{4} *"),
    re.compile(rb" *[0-9]{1,10} *"),
    re.compile(rb" *[01] *"),
    re.compile(rb" *[PTIpti] *"),
)
_CONTROL = 2

#: ISA11 and ISA12 without the separator between them.
_TOGETHER = re.compile(rb" *([^0-9A-Za-z ]|U)(0[0-9]{4}) *")


#: A terminator and the blanks behind it; of blanks alone, the first.
_BEFORE = rb"(?:[^0-9A-Za-z\r\n ]|(?<![^0-9A-Za-z])[\r\n ])[\r\n ]*"


@dataclass(frozen=True, slots=True)
class Realigned:
    """ISA01 to ISA15, empty where left out; how many elements there are in truth.

    behind is where what follows the last separator begins, tail what stands there up to the next segment.
    """

    elements: list[bytes]
    behind: int
    tail: bytes
    count: int


def realigned(head: bytes, separator: bytes) -> Realigned | None:
    """The elements of an ISA that are not 16, where they belong; None for one that is right, or is none."""
    mark = re.escape(separator)
    follows = re.search(_BEFORE + rb"(GS|TA1|ISB|IEA)" + mark, head)
    if follows is None:
        return None
    body = head[: follows.end() - 1]
    places = [found.start() for found in re.finditer(mark, body)]
    # what separates the id behind the terminator is not counted; a terminator can be a separator too
    while places and places[-1] >= follows.start() + 1:
        places.pop()
    count = len(places)
    if count == 16 or not _FEWEST <= count <= _MOST:
        return None
    pieces = [body[a + 1 : b] for a, b in zip(places, [*places[1:], follows.start() + 1], strict=True)]
    at = next((n for n in range(4, count - 2) if _DATE.fullmatch(pieces[n]) and _TIME.fullmatch(pieces[n + 1])), None)
    if at is None:
        return None
    behind = _behind(pieces[at + 2 : -1])
    if not behind[_CONTROL]:
        return None
    elements = [*_before(pieces[:at]), pieces[at], pieces[at + 1], *behind]
    start = places[-1] + 1
    return Realigned(elements, start, body[start : follows.start(1)], count)


def _before(pieces: Sequence[bytes]) -> list[bytes]:
    """ISA01 to ISA08: the last two name the receiver, the sender stands before them, behind what is about security."""
    sender, receiver = list(pieces[-4:-2]), list(pieces[-2:])
    rest = list(pieces[:-4])
    if len(pieces) > 8:
        # too many: the sender is the first that comes behind the four about security
        rest, sender = list(pieces[:4]), list(pieces[4:6])
    return [*rest, *[b""] * (4 - len(rest)), *sender, *receiver]


def _behind(pieces: Sequence[bytes]) -> list[bytes]:
    """ISA11 to ISA15: each piece at the next place that it fits."""
    found = [b""] * len(_BEHIND)
    place = 0
    for piece in (part for whole in pieces for part in _apart(whole)):
        fits = next((n for n in range(place, len(_BEHIND)) if _BEHIND[n].fullmatch(piece)), None)
        if fits is not None:
            found[fits], place = piece, fits + 1
    return found


def _apart(piece: bytes) -> Sequence[bytes]:
    together = _TOGETHER.fullmatch(piece)
    return [piece] if together is None else [together[1], together[2]]


def cut_short(head: bytes, separator: bytes) -> tuple[int, int, bytes] | None:
    """An ISA of which little more than its beginning is left: elements, length without terminator, component separator.

    None for another: what is left of one has to stand right before a group.
    """
    mark = re.escape(separator)
    follows = re.search(_BEFORE + rb"GS" + mark + rb"[A-Z]{2}" + mark, head)
    if follows is None:
        return None
    body = head[: follows.start()]
    count = body.count(separator)
    if not 0 < count < _FEWEST or b"\n" in body or head[follows.start() : follows.start() + 1] == separator:
        return None
    component = body[-1:] if re.fullmatch(rb"[^0-9A-Za-z\s]", body[-1:]) and body[-1:] != separator else b""
    return count, len(body), component


_VERSION = re.compile(r"0[0-9]{5}[A-Z0-9]{0,6}")


def whole_group_header(elements: list[str]) -> list[str]:
    """A GS whose date, time or control number was left out with its separator, with an empty element in its place."""
    agency = next((n for n in (5, 6) if elements[n : n + 1] in (["X"], ["T"])), 0)
    if not agency or agency + 1 >= len(elements) or not _VERSION.fullmatch(elements[agency + 1]):
        return elements
    filled = ["", "", ""]
    place = 0
    for value in elements[4:agency]:
        fits = [read_date(value) is not None, read_time(value) is not None and len(value) % 2 == 0, is_digits(value)]
        at = next((n for n in range(place, 3) if fits[n]), None)
        if at is None:
            return elements
        filled[at], place = value, at + 1
    return [*elements[:4], *filled, *elements[agency:]]
