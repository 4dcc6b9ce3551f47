"""The envelope as a stream: interchanges, groups and transaction sets found in bytes, in constant memory.

The envelope's own segments are found by one pattern, "terminator, then ISA, GS, ST, SE, GE, IEA, TA1, ISB or ISE";
what stands between ST and SE is handed on as raw bytes. So one damaged set cannot take its neighbours along:
whatever it holds, the next ST, GE or ISA behind a terminator ends it.
"""

from collections.abc import Callable, Iterator
from typing import BinaryIO

import msgspec

from ml_connector.edi.framing.byte_window import CHUNK, Window
from ml_connector.edi.framing.scanning import JUNK, Scan
from ml_connector.edi.framing.separators import LONGEST_ISA, Header, discover, find_start, headless

_MARK = b"\xef\xbb\xbf"


class Stray(msgspec.Struct, frozen=True):
    """Text that belongs to nothing: before, between or behind interchanges, or between sets. `text` is bounded."""

    text: bytes
    offset: int
    length: int


class RawInterchange(msgspec.Struct, frozen=True):
    """An ISA. offset counts bytes from the start of the file; encoding is that of its text."""

    header: Header
    offset: int
    encoding: str


class RawSegment(msgspec.Struct, frozen=True):
    """A segment of the envelope: GS, GE, IEA, TA1, ISB, ISE, with its elements (id first)."""

    segment_id: str
    elements: list[str]
    offset: int


class RawSet(msgspec.Struct, frozen=True):
    """A transaction set as bytes. header is empty where no ST was found, trailer where no SE was.

    oversize tells that the set was longer than allowed: `raw` is then only its beginning. right is what the reader's
    `recognize` has made of a set that is right in every respect.
    """

    raw: bytes
    header: list[str]
    trailer: list[str]
    offset: int
    end: int
    oversize: bool = False
    right: object | None = None


Event = Stray | RawInterchange | RawSegment | RawSet


class _Found(msgspec.Struct, frozen=True):
    """An envelope segment in the window: from start to end, its terminator not counted."""

    segment_id: str
    elements: list[str]
    start: int
    end: int


#: Longer sets are searched segment by segment.
LONGEST_RIGHT = 1 << 18


class EnvelopeReader:
    """Iterates over the events of one file. max_set and max_segment are in bytes."""

    def __init__(self, source: BinaryIO, encoding: str, max_set: int, max_segment: int) -> None:
        self._window = Window(source)
        self._encoding = encoding
        self._max_set = max_set
        self._max_segment = max_segment
        self.recognize: Callable[[RawSet], object | None] | None = None

    def events(self) -> Iterator[Event]:
        """Interchange by interchange, with the stray text between them."""
        window = self._window
        if window.narrowed():
            self._encoding = "utf-8"
        if window.data.startswith(_MARK):
            # a byte-order mark declares the encoding; nothing else does (edi-operations 6)
            self._encoding = "utf-8"
            window.drop(len(_MARK))
        window.cleaned()
        yield from self._without_header()
        while True:
            header, stray = self._next_header()
            if stray is not None:
                yield stray
            if header is None:
                return
            encoding = self._encoding_of(header)
            yield RawInterchange(header, window.base, encoding)
            window.drop(header.length - len(header.terminator))
            yield from self._interchange(Scan(header, encoding))

    def _without_header(self) -> Iterator[Event]:
        """A file that begins with GS or ST: its ISA was cut off, and its separators show all the same."""
        window = self._window
        while len(window.data) < LONGEST_ISA and window.more():
            pass
        header = None if find_start(window.data) >= 0 else headless(bytes(window.data[:LONGEST_ISA]))
        if header is not None:
            yield RawInterchange(header, window.base, self._encoding)
            # as if the ISA's terminator stood before it
            window.data[:0] = header.terminator
            window.base -= len(header.terminator)
            yield from self._interchange(Scan(header, self._encoding))

    def _encoding_of(self, header: Header) -> str:
        """A single byte above 127 as separator cannot be found in UTF-8 text: such a file is Latin-1."""
        marks = header.separators.element + header.separators.component
        single = marks + (header.terminator.decode("latin-1") if len(header.terminator) == 1 else "")
        if not single.isascii():
            return "latin-1"
        # no-break spaces of two bytes tell that the text is UTF-8
        return "utf-8" if header.wide else self._encoding

    def _next_header(self) -> tuple[Header | None, Stray | None]:
        """The next ISA, which then starts the window, and the text dropped before it."""
        window = self._window
        skipped, start, position = bytearray(), window.base, 0
        while True:
            found = find_start(window.data, position)
            if found < 0:
                self._skip(max(len(window.data) - 4, position), skipped)
                position = 0
                if window.more():
                    continue
                self._skip(len(window.data), skipped)
                return None, _stray(skipped, start, window.base)
            while len(window.data) - found < LONGEST_ISA and window.more():
                pass
            header = discover(bytes(window.data[found : found + LONGEST_ISA]), self._encoding)
            # in the middle of a word it has to be an ISA beyond doubt
            worded = found > 0 and window.data[found - 1 : found].isalnum()
            if header is not None and not header.sure and self._hidden_header(found + header.length, found + 3) >= 0:
                # the word in a text, just before the real one
                position = found + 3
                continue
            if header is not None and (header.sure or not worded):
                self._skip(found, skipped)
                return header, _stray(skipped, start, window.base)
            position = found + 3

    def _skip(self, count: int, skipped: bytearray) -> None:
        if len(skipped) < SHOWN_STRAY:
            text = self._window.data[:count]
            skipped += (text if skipped else text.lstrip(JUNK))[:SHOWN_STRAY]
        self._window.drop(count)

    def _interchange(self, scan: Scan) -> Iterator[Event]:
        """Events up to and with IEA, or up to the next ISA, or to the end of the file."""
        window = self._window
        open_set: list[str] = []
        opened = 0
        search = 0
        while True:
            right = self._right(scan, open_set, opened) if open_set else None
            if right is not None:
                yield right
                # the terminator stays: the next segment is found behind it
                window.drop(right.end - len(scan.terminator) - window.base)
                open_set, search = [], 0
                continue
            found, oversize = self._find(scan, search)
            gap_end = found.start if found else len(window.data)
            hidden = self._hidden_header(gap_end, search)
            if hidden >= 0:
                found, gap_end = None, hidden
            if found and found.segment_id == "SE":
                head = oversize or (bytes(window.data[: found.end]), window.base)
                end = window.base + found.end + len(scan.terminator)
                offset = opened if open_set else head[1]
                yield RawSet(head[0].strip(JUNK), open_set, found.elements, offset, end, bool(oversize))
            else:
                head = oversize or (bytes(window.data[:gap_end]), window.base)
                if open_set:
                    yield RawSet(head[0], open_set, [], opened, window.base + gap_end, bool(oversize))
                else:
                    stray = _between(head, window.base + gap_end, scan.terminator)
                    if stray is not None:
                        yield stray
            open_set, search = [], 0
            if found is None or found.segment_id == "ISA":
                window.drop(gap_end)
                return
            if found.segment_id == "ST":
                open_set, opened = found.elements, window.base + found.start
                search = found.end - found.start
                window.drop(found.start)
                continue
            if found.segment_id != "SE":
                yield RawSegment(found.segment_id, found.elements, window.base + found.start)
            # the terminator stays: the next segment is found behind it
            window.drop(found.end)
            if found.segment_id == "IEA":
                while window.data.startswith(scan.terminator):
                    window.drop(len(scan.terminator))
                self._drop_short(scan.terminator)
                return

    def _drop_short(self, terminator: bytes) -> None:
        """A file's last terminator may have lost what follows all the others."""
        rest = bytes(self._window.data[:LONGEST_ISA]).strip(JUNK)
        if rest and len(rest) < len(terminator) and terminator.startswith(rest) and not self._window.more():
            self._window.drop(len(self._window.data))

    def _right(self, scan: Scan, header: list[str], offset: int) -> RawSet | None:
        """The set that begins the window, where it ends at the next SE and is recognized as right; else None.

        What is right in every respect holds no other segment of the envelope: nothing has to be searched in it.
        """
        window = self._window
        if self.recognize is None:
            return None
        place = window.data.find(scan.trailer, 0, LONGEST_RIGHT)
        while place < 0 and len(window.data) < LONGEST_RIGHT and window.more():
            place = window.data.find(scan.trailer, 0, LONGEST_RIGHT)
        end = window.data.find(scan.terminator, place + len(scan.trailer), place + 40) if place >= 0 else -1
        if end < 0:
            return None
        text = bytes(window.data[place + scan.before_trailer : end]).decode("latin-1")
        raw = bytes(window.data[:end])
        whole = window.base + end + len(scan.terminator)
        found = RawSet(raw, header, text.split(scan.element), offset, whole)
        right = self.recognize(found)
        return None if right is None else msgspec.structs.replace(found, right=right)

    def _find(self, scan: Scan, search: int) -> tuple[_Found | None, tuple[bytes, int] | None]:
        """The next envelope segment in the window, reading on as needed; None at the end of the file.

        When more than max_set bytes pass without one, only their beginning is kept: it comes as second value.
        """
        window = self._window
        beginning: tuple[bytes, int] | None = None
        while True:
            match = scan.next_segment(window.data, search)
            if match is not None:
                start, search = match.start(1), match.start()
                ending = scan.end.search(window.data, match.end(1))
                if ending is None and len(window.data) - start < self._max_segment and window.more():
                    continue
                end = ending.start() if ending else min(len(window.data), start + self._max_segment)
                hidden = self._hidden_header(end, start + 2)
                if hidden >= 0:
                    end = hidden
                name = bytes(match.group(1)).translate(None, b"\r\n").decode("ascii").upper()
                if name == "IEA":
                    end = scan.end_of_trailer(window.data, start, end)
                text = bytes(window.data[start:end])
                return _Found(name, scan.elements(text), start, end), beginning
            search = scan.last_terminator(window.data, search)
            if len(window.data) > self._max_set:
                beginning = beginning or (bytes(window.data[:CHUNK]), window.base)
                search = max(search, len(window.data) - CHUNK)
                window.drop(search)
                search = 0
            if not window.more():
                return None, beginning

    def _hidden_header(self, end: int, least: int) -> int:
        """Where an ISA stands in the window between `least` and `end` without a terminator before it; -1 if none."""
        data = self._window.data
        position = data.find(b"ISA", least, end)
        while position >= 0:
            while len(data) - position < LONGEST_ISA and self._window.more():
                pass
            header = discover(bytes(data[position : position + LONGEST_ISA]), self._encoding)
            if header is not None and header.sure:
                return position
            position = data.find(b"ISA", position + 3, end)
        return -1


#: So much of stray text is kept for the finding.
SHOWN_STRAY = 200


def _stray(skipped: bytearray, start: int, end: int) -> Stray | None:
    text = _visible(bytes(skipped))
    return Stray(text[:SHOWN_STRAY], start, end - start) if text else None


def _visible(text: bytes) -> bytes:
    """The text without blanks of any kind and the byte-order marks that files put one behind the other bring along."""
    return text.replace(_MARK, b"").replace(b"\xc2\xa0", b"\xa0").strip(JUNK + b"\xa0")


def _between(gap: tuple[bytes, int], end: int, terminator: bytes) -> Stray | None:
    """What stands between envelope segments outside a set, if it is more than line ends."""
    text = _visible(gap[0])
    # blanks are cut off the text, so they are cut off a terminator that holds some
    ending = _visible(terminator) or terminator
    while text.startswith(ending):
        text = _visible(text[len(ending) :])
    return Stray(text[:SHOWN_STRAY], gap[1], end - gap[1]) if text else None
