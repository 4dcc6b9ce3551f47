"""Separators, discovered from the ISA segment as it stands in the file (x12-procurement 2).

The ISA should be 106 bytes of fixed width. In the wild its blanks are trimmed, no-break spaces stand in it (two bytes
each in UTF-8), its terminator is a line break, and ISA11 is a letter in versions that have a repetition separator
there. So elements are counted, not bytes.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from ml_connector.edi.framing.isa_repair import cut_short, realigned
from ml_connector.edi.framing.values import is_digits

#: An ISA of fixed width has 106 bytes; with no-break spaces in UTF-8 and partners' padding it stays below this.
LONGEST_ISA = 400

_START = re.compile(rb"[Ii][Ss][Aa](?=[^0-9A-Za-z])")
_BLANKS = " \t\r\n\x00\xa0"
#: What readers leave out around segments, and byte-order marks.
_AROUND = b" \t\r\n\x00\x1a\x0b\x0c\xa0\xc2\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Separators:
    """element, component, segment, repetition ("" where the version has none) and the line end after a segment."""

    element: str = "*"
    component: str = ">"
    segment: str = "~"
    repetition: str = ""
    suffix: str = ""

    def characters(self) -> str:
        """All separator characters of the four, without line ends that only follow a terminator."""
        return self.element + self.component + self.segment + self.repetition


@dataclass(frozen=True, slots=True)
class Header:
    """A discovered ISA: its elements ISA01 to ISA16 untrimmed, its terminator as bytes, its length with it.

    The terminator is with what comes behind every one of them and is no data (escaped line ends, tags). `sure` tells
    that its elements are what an ISA holds, so that it cannot be data that happens to say ISA; `lines` that a line end
    follows its terminator: one segment a line; `wide` that it is padded with no-break spaces of two bytes;
    `miscounted` how many elements it has where they are not 16.
    """

    elements: tuple[str, ...]
    separators: Separators
    terminator: bytes
    length: int
    sure: bool
    lines: bool = False
    wide: bool = False
    miscounted: int = 0


def find_start(data: bytes | bytearray, position: int = 0) -> int:
    """Where the next "ISA" followed by a separator stands at or after `position`; -1 when nowhere."""
    found = _START.search(data, position)
    return found.start() if found else -1


def discover(data: bytes, encoding: str = "latin-1") -> Header | None:
    """The header of an interchange whose "ISA" starts `data` (at least LONGEST_ISA bytes of it, or all there is).

    None when these are not the beginnings of an ISA: fewer than 16 separators within reach, or elements that
    cannot be what they should be.
    """
    head = bytes(data[:LONGEST_ISA])
    separator = head[3:4]
    if not separator or separator.isalnum():
        return None
    places = _places(head, separator)
    raw = [head[a + 1 : b] for a, b in pairwise(places)] if places is not None else []
    behind = places[-1] + 1 if places is not None else 0
    shortened = _SHORT.match(raw[14]) if raw else None
    whole = (shortened is not None and bool(shortened[1])) or _is_whole(raw, head[behind:], separator)
    other = realigned(head, separator) if not whole and not separator.isspace() else None
    cut = cut_short(head, separator) if other is None and not whole and not separator.isspace() else None
    if cut is not None:
        return _remains(head, separator, *cut)
    if other is not None:
        raw, behind = other.elements, other.behind
    elif places is None:
        return None
    elif shortened is not None:
        # ISA16 and the separator before it are missing: the next segment's first separator was counted
        raw[14] = shortened[1]
        behind = places[14] + 1 + len(shortened[1])
    elements = [_text(piece, encoding).replace("\r", "").replace("\n", "") for piece in raw]
    if not _plausible(elements):
        return None
    if shortened is not None and other is None:
        component, terminator = b"", head[behind : behind + 1]
    elif other is not None and len(other.tail.strip()) > 2:
        # what stands before the terminator is more than a component separator
        behind += other.tail.rindex(other.tail.strip()[-1:]) - 1
        component, terminator = other.tail.strip()[:1], other.tail.strip()[-1:]
    else:
        component, terminator = _tail(head[behind:])
    end = behind + len(component) + len(terminator)
    padding = _PADDED_LINE.match(head, end) if terminator in {b" ", b"\t"} else None
    if padding is not None:
        # lines end in blanks: what ends a segment is the end of its line
        end = padding.end()
        terminator = head[end - 1 : end]
    if terminator in {b"\r", b"\n"}:
        terminator = _missed(head[end:], separator + component) or terminator
    repeated = _repeated(head, end, terminator, separator)
    end += len(repeated)
    separators = Separators(
        element=separator.decode("latin-1"),
        component=component.decode("latin-1"),
        segment=_shown_terminator(terminator),
        repetition=_repetition(elements),
        suffix="" if repeated else _suffix(head[end:], terminator),
    )
    return Header(
        elements=(*elements, separators.component),
        separators=separators,
        terminator=terminator + repeated or b"~",
        length=end,
        sure=_certain(elements),
        lines=not repeated and not {head[end : end + 1], head[end - 1 : end]}.isdisjoint({b"\r", b"\n"}),
        wide=b"\xc2\xa0" in head[:end],
        miscounted=other.count if other is not None else 0,
    )


_HEADLESS = re.compile(
    rb"\s*(?:GS(?P<gs>[^0-9A-Za-z\s])[A-Z]{2}(?:(?P=gs)(?:(?!(?P=gs))[^\r\n]){1,20}){5}(?P=gs)[XT](?P=gs)[0-9A-Z]{4,12}"
    rb"|ST(?P<st>[^0-9A-Za-z\s])[0-9]{3}(?P=st)[0-9A-Za-z]{1,9})"
    rb"(?P<end>[^0-9A-Za-z ])(?P<suffix>[\r\n]*)[A-Z][A-Z0-9]{1,2}[^0-9A-Za-z]"
)


def headless(data: bytes) -> Header | None:
    """The header that a file beginning with GS or ST would have had, its elements empty; None for another file."""
    found = _HEADLESS.match(data)
    if found is None or found["end"] in {found["gs"], found["st"]}:
        return None
    element, end = (found["gs"] or found["st"]).decode("latin-1"), found["end"].decode("latin-1")
    component = next(mark for mark in ">:\\" if mark not in {element, end})
    suffix = found["suffix"].decode("latin-1")
    separators = Separators(element, component, end, "", "" if end in "\r\n" else suffix)
    return Header(("",) * 15 + (component,), separators, found["end"], 0, sure=False, lines=bool(separators.suffix))


def _remains(head: bytes, separator: bytes, count: int, end: int, component: bytes) -> Header:
    """The header of an ISA that was cut short: its separators, and none of its elements."""
    element, terminator = separator.decode("latin-1"), head[end : end + 1]
    mark = component.decode("latin-1") or next(m for m in ">:\\" if m.encode() not in {separator, terminator})
    suffix = _suffix(head[end + 1 :], terminator)
    separators = Separators(element, mark, terminator.decode("latin-1"), "", suffix)
    lines = bool(suffix) or terminator == b"\n"
    return Header(("",) * 15 + (mark,), separators, terminator, end + 1, sure=False, lines=lines, miscounted=count)


#: Blanks up to the end of a line.
_PADDED_LINE = re.compile(rb"[ \t]*[\r\n]")

#: A character of UTF-8 in two, three or four bytes.
_WIDE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")

#: The usage indicator, one character that ends segments, and the next segment.
_SHORT = re.compile(rb"([PTI]?)[^0-9A-Za-z]\s*(?:GS|TA1|ISB|IEA)\Z")


def _missed(rest: bytes, others: bytes) -> bytes:
    """The terminator of the other segments, where only the ISA has lost its own; empty when they end with the line."""
    lines = [line for line in re.split(rb"[\r\n]+", rest)[:-1] if line.strip()]
    last = {line.rstrip()[-1:] for line in lines[:4]}
    if len(lines) < 2 or len(last) != 1:
        return b""
    mark = last.pop()
    return b"" if mark.isalnum() or mark in others or mark == b" " else mark


def _repeated(head: bytes, end: int, terminator: bytes, separator: bytes) -> bytes:
    """What stands behind every terminator and is no data: escaped line ends, tags, quotes, marks of a reply by mail.

    Only what comes again in the same bytes behind the first GS counts.
    """
    found = re.compile(rb"[^A-Za-z0-9]?.{1,9}?(?=(?:GS|ISB)" + re.escape(separator) + b")", re.DOTALL).match(head, end)
    if found is None or not found[0].strip(_AROUND) or separator in found[0]:
        return b""
    again = terminator + found[0]
    return found[0] if head.find(again, end + len(found[0])) > 0 else b""


def _places(head: bytes, separator: bytes) -> list[int] | None:
    """Positions of the 16 element separators. A blank or line end as separator cannot be told from padding."""
    if separator in {b" ", b"\t", b"\r", b"\n"}:
        fixed = [3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103]
        return fixed if len(head) > 104 and all(head[p : p + 1] == separator for p in fixed) else None
    places: list[int] = []
    position = 3
    for _ in range(16):
        if position < 0:
            return None
        places.append(position)
        position = head.find(separator, position + 1)
    return places if len(places) == 16 else None


def _text(piece: bytes, encoding: str) -> str:
    try:
        text = piece.decode("utf-8" if b"\xc2\xa0" in piece else encoding)
    except (UnicodeDecodeError, LookupError):
        text = piece.decode("latin-1")
    return text.replace("\xa0", " ")


def _plausible(elements: list[str]) -> bool:
    """Fifteen elements, none longer than an ISA element can be by far, and a control number with a digit in it."""
    if len(elements) != 15 or any(len(e.strip()) > 20 for e in elements):
        return False
    return any(c.isdigit() for c in elements[12]) or any(c.isdigit() for c in elements[8])


def _is_whole(raw: list[bytes], after: bytes, separator: bytes) -> bool:
    """Whether the first 16 elements are what an ISA holds, whatever follows them. `after` begins with ISA16."""
    elements = [piece.decode("latin-1").replace("\r", "").replace("\n", "") for piece in raw]
    if len(elements) != 15 or not all(is_digits(elements[n].strip()) for n in (8, 9)) or not _certain(elements):
        return False
    # one separator for elements and components, or an element too many
    return _ONE_MARK.match(after[1:]) is not None if after[:1] == separator else not after[:1].isalnum()


#: A usual terminator, and the next segment.
_ONE_MARK = re.compile(rb"[~\r\n]\s*(?:GS|TA1|ISB|IEA)")


def _certain(elements: list[str]) -> bool:
    """Qualifiers of two characters, a version and a control number of digits: data does not look like this."""
    short = (elements[0], elements[2], elements[4], elements[6], elements[13], elements[14])
    digits = (elements[11], elements[12])
    return all(len(e.strip()) <= 2 for e in short) and all(is_digits(e.strip()) for e in digits)


def _tail(after: bytes) -> tuple[bytes, bytes]:
    """Component separator and terminator, from what begins right behind the 16th element separator.

    Where the component separator has been left out ("...*P*~GS*"), the one character there is the terminator.
    """
    first, rest = after[:1], after[1:]
    if _next_segment(rest):
        return b"", first
    return first, _terminator(rest)


def _next_segment(rest: bytes) -> bool:
    return bool(re.match(rb"(?:GS|TA1|ISB|IEA|ISA)[^0-9A-Za-z]", rest[:4].upper()))


def _terminator(rest: bytes) -> bytes:
    """What stands between ISA16 and the next segment, without the line end after it; one byte, up to four in UTF-8."""
    if not rest:
        return b""
    wide = _WIDE.match(rest)
    if wide is not None and not _next_segment(rest[1:]):
        return wide[0]
    two = rest[:2].strip(b" \t\r\n\x00\x1a\x0b\x0c\xa0")
    if len(two) == 2 and two[:1] != two[1:] and not two[1:].isalnum() and two[1] < 0x80 and _next_segment(rest[2:]):
        # two characters end every segment
        return two
    return rest[:1]


def _shown_terminator(terminator: bytes) -> str:
    try:
        return terminator.decode("utf-8" if len(terminator) > 1 else "latin-1")
    except UnicodeDecodeError:
        return terminator.decode("latin-1")


def _suffix(rest: bytes, terminator: bytes) -> str:
    """The line end that follows every terminator. CR LF as the terminator is CR with the suffix LF."""
    if terminator == b"\n" or not rest:
        return ""
    if rest.startswith(b"\r\n"):
        return "\r\n"
    return rest[:1].decode("latin-1") if rest[:1] in {b"\r", b"\n"} else ""


def _repetition(elements: list[str]) -> str:
    """ISA11 from 00402 on, unless it is a letter, a digit or a blank (x12-procurement 2)."""
    version, standard = elements[11].strip(), elements[10].strip(_BLANKS)
    if len(standard) != 1 or standard.isalnum() or not is_digits(version) or int(version) < 402:
        return ""
    return standard
