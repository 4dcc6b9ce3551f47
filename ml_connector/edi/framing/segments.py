"""A transaction set's bytes as segments."""

import re
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec

from ml_connector.documents.values.characters import is_utf8
from ml_connector.edi.framing.scanning import decoded
from ml_connector.edi.framing.separators import Separators

_LEADING = " \t\r\n\x00\x1a\x0b\x0c\xa0"

#: Inside documents, components stand between COMPONENT and repetitions between REPETITION, whatever a file uses.
COMPONENT = "\x1f"
REPETITION = "\x1e"


class Segment(msgspec.Struct, eq=False, gc=False):
    """One segment: its elements as text, id first, blanks at their ends cut; its number in the set, ST = 1."""

    elements: list[str]
    number: int

    @property
    def segment_id(self) -> str:
        return self.elements[0]

    def __repr__(self) -> str:
        return f"<{self.number}: {'*'.join(self.elements)}>"


#: What ends segments in most files.
USUAL = "~"


@dataclass(slots=True)
class Split:
    """A set's segments, and what was odd about how they were separated."""

    segments: list[Segment]
    trailing_components: int = 0
    trailing_elements: int = 0
    overlong: int = 0
    misencoded: bool = False
    utf8: bool = False
    unterminated: int = 0
    doubled: int = 0
    padded: bool = False
    strays: list[str] = field(default_factory=list)


def split_set(
    raw: bytes,
    separators: Separators,
    terminator: bytes,
    encoding: str,
    max_segment: int,
    known: frozenset[str] = frozenset(),
    *,
    detects: bool = False,
) -> Split:
    """Segments of a set. Line ends, blanks and tabs around segments are not data (x12-procurement 2).

    known are the segment ids at which a line may begin whose predecessor has lost its terminator. detects: text that
    is UTF-8 is read as such, whatever the encoding is said to be.
    """
    by_line = terminator in {b"\r", b"\n"}
    text, misencoded, utf8 = _text(raw, terminator, encoding, detects=detects)
    split = Split([], misencoded=misencoded, utf8=utf8)
    element, component = separators.element, separators.component
    blank = " " + element
    usual = USUAL if by_line and USUAL not in {element, component} else ""
    pieces = text.split("\n" if by_line else decoded(terminator, encoding))
    if not by_line and separators.suffix:
        pieces = _by_lines(pieces, _line_start(known, element), element, split)
    for piece in pieces:
        segment = piece.strip(_LEADING) if element not in _LEADING else piece.lstrip(" \r\n\x00\x1a\xa0")
        if usual and segment.endswith(usual):
            # the line end behind it is what ends the other segments
            segment, split.doubled = segment.rstrip(usual), split.doubled + 1
        if not segment:
            continue
        if "\n" in segment or "\r" in segment:
            # lines wrapped at a fixed width
            segment = segment.replace("\r", "").replace("\n", "")
        if len(segment) > max_segment:
            segment = segment[:max_segment]
            split.overlong += 1
        if component and segment.endswith(component):
            segment = segment.rstrip(component)
            split.trailing_components += 1
        elements = segment.split(element)
        if blank in segment or segment[-1:].isspace():
            elements = [e.rstrip() for e in elements]
        if not split.segments and len(elements) > 1 and elements[1][:1] == " ":
            split.padded = True
        if split.padded:
            elements = [e.strip() for e in elements]
        if not elements[-1]:
            split.trailing_elements += _cut_trailing(elements)
        if not elements[0].isupper() and elements[0].upper() in known:
            elements[0] = elements[0].upper()
        split.segments.append(Segment(elements, len(split.segments) + 1))
    return split


def _tells_utf8(raw: bytes) -> bool:
    """Whether a segment can only be UTF-8. No-break spaces are blanks and tell nothing."""
    return is_utf8(raw) and not raw.replace(b"\xc2\xa0", b"").isascii()


def holds_utf8(raw: bytes, terminator: bytes) -> bool:
    """Whether some segment of a set is UTF-8 and not plain ASCII."""
    return not raw.isascii() and any(_tells_utf8(piece) for piece in raw.split(terminator))


def _text(raw: bytes, terminator: bytes, encoding: str, *, detects: bool) -> tuple[str, bool, bool]:
    """The set as text, one kind of line end where that ends segments; whether some of it is of another encoding, and
    whether some of it was UTF-8 against what was said.
    """
    utf8 = misencoded = False
    if detects and not raw.isascii():
        pieces = raw.split(terminator)
        told = [_tells_utf8(piece) for piece in pieces]
        utf8 = any(told)
        texts = [
            piece.decode("utf-8") if is_so else decoded(piece, encoding)
            for piece, is_so in zip(pieces, told, strict=True)
        ]
        text = decoded(terminator, encoding).join(texts)
    else:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            text, misencoded = _piecewise(raw, terminator, encoding), True
    if terminator in {b"\r", b"\n"}:
        text = text.replace("\r", "\n")
    # no-break spaces of UTF-8, read as Latin-1
    return text.replace("\xc2\xa0", "\xa0"), misencoded, utf8


@lru_cache(maxsize=64)
def _line_start(known: frozenset[str], element: str) -> re.Pattern[str]:
    """Where a line begins that can be nothing but a segment of its own."""
    mark = re.escape(element)
    names = "|".join(sorted(known, key=len, reverse=True)) or "(?!)"
    # only where a run of line ends begins, and only with all of it: else many of them would be tried again from each
    start = rf"(?:(?<![\r\n{mark}])|(?<={mark}[\r\n]))[\r\n]+(?![\r\n])[ \t]*(?![ \t])"
    return re.compile(rf"{start}(?=(?:{names}){mark})", re.IGNORECASE)


def _by_lines(pieces: list[str], line_start: re.Pattern[str], element: str, split: Split) -> list[str]:
    """In a file with one segment a line: also split where a line ends without its terminator."""
    result: list[str] = []
    for piece in pieces:
        inside = piece.strip(_LEADING)
        parts = line_start.split(inside) if "\n" in inside or "\r" in inside else [inside]
        for number, part in enumerate(parts):
            if number + 1 < len(parts) and not 2 <= len(part.partition(element)[0]) <= 3:
                # a remark between two segments
                split.strays.append(part)
                continue
            cut = number + 1 < len(parts)
            split.unterminated += cut
            result.append(_without_usual(part, element) if cut else part)
    return result


def _without_usual(segment: str, element: str) -> str:
    """A segment that ends in the usual terminator, where the file has another one."""
    return segment.rstrip().removesuffix(USUAL) if element != USUAL else segment


def _cut_trailing(elements: list[str]) -> int:
    """Takes empty elements off the end: a segment's id stays. 1 when there were any."""
    while len(elements) > 1 and not elements[-1]:
        elements.pop()
    return 1


def _piecewise(raw: bytes, terminator: bytes, encoding: str) -> str:
    """Text of bytes that are not all of that encoding: the segments that are not come as Latin-1, nothing is lost."""
    glue = decoded(terminator, encoding)
    return glue.join(decoded(piece, encoding) for piece in raw.split(terminator))


#: Characters that stand in ordinary text: where a file names one of them as repetition separator (856 files with "-"
#: do), it is data all the same.
_TEXT_MARKS = frozenset(" -./,:;'\"()&+=?!")


def neutralize(segment: Segment, composites: frozenset[int], checked: int, separators: Separators) -> None:
    """Puts neutral marks between the components of composite elements, in place.

    composites are the positions of composites, checked how many elements the dictionary knows: beyond those, and in
    segments it does not know, any separator of components or repetitions is taken for one.
    """
    component, repetition = separators.component, separators.repetition
    elements = segment.elements
    for position in range(1, len(elements)):
        if position <= checked and position not in composites:
            continue
        value = elements[position]
        if component and component in value:
            value = value.replace(component, COMPONENT)
        if repetition and repetition in value and repetition not in _TEXT_MARKS:
            value = value.replace(repetition, REPETITION)
        elements[position] = value
