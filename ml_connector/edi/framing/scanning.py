"""Where the envelope's own segments stand in bytes: one pattern for each interchange, as its separators are."""

import re

from ml_connector.edi.framing.separators import Header

_NAMES = (b"ISA", b"GS", b"ST", b"SE", b"GE", b"IEA", b"TA1", b"ISB", b"ISE")

JUNK = b" \t\r\n\x00\x1a\x0b\x0c"

#: What may stand between a terminator and the next segment: blanks of every kind, byte-order marks of joined files.
_BETWEEN = rb"[ \t\r\n\x00\x1a\x0b\x0c]*(?:(?:\xc2?\xa0|\xef\xbb\xbf)[ \t\r\n\x00\x1a\x0b\x0c]*)*"


def _either_case(letter: int) -> bytes:
    """Some senders write segment ids in small letters."""
    character = bytes([letter])
    return b"[" + character + character.lower() + b"]" if character.isalpha() else character


class Scan:
    """The pattern of one interchange's envelope segments. A line end as terminator means any line end."""

    def __init__(self, header: Header, encoding: str) -> None:
        self.terminator = header.terminator
        self.by_line = header.terminator in {b"\r", b"\n"}
        self.element = header.separators.element
        self.component = header.separators.component
        self.encoding = encoding
        end = rb"[\r\n]" if self.by_line else re.escape(self.terminator)
        behind = b"(?=" + re.escape(self.element.encode("latin-1")) + b"|" + end + rb"|\s|$)"
        # files wrapped at a fixed width have line ends anywhere, in segment ids too
        wrap = b"" if self.by_line else rb"[\r\n]{0,2}"
        names = b"|".join(wrap.join(_either_case(letter) for letter in name) for name in _NAMES)
        self.lines = header.lines and not self.by_line
        if self.lines:
            # one segment a line: a terminator may be lost where a line ends, but not behind an element separator
            before = re.escape(self.element.encode("latin-1"))
            ends = b"(?:" + end + b"|(?<!" + before + rb")[\r\n])"
            # those behind a terminator are found from there
            start = b"(?:" + end + b"|(?<![" + before + re.escape(self.terminator[-1:]) + rb"\s])[\r\n])"
        else:
            start = ends = end
        segment = b"(?=[GISTgist])(" + names + b")" + wrap + behind
        # Where a terminator is a blank too, each of many blank lines could begin a segment, and all of them would be
        # read again from each: they are passed as one, and the segment behind them may be missing.
        self._passes = start == end and len(self.terminator) == 1 and self.terminator in JUNK
        self._segment = re.compile(start + _BETWEEN + (b"(?:" + segment + b")?" if self._passes else segment))
        self.end = re.compile(ends)
        suffix = b"" if self.by_line else header.separators.suffix.encode("latin-1")
        self.before_trailer = len(self.terminator) + len(suffix)
        self.trailer = self.terminator + suffix + b"SE" + self.element.encode("latin-1")
        mark = re.escape(self.element.encode("latin-1"))
        self._trailer = re.compile(
            b"I[\r\n]*E[\r\n]*A[\r\n]*" + mark + b"[0-9 \r\n]*" + mark + b"[ \r\n]*(?:[0-9][\r\n]{0,2}){0,8}[0-9]"
        )

    def next_segment(self, data: bytearray, place: int) -> "re.Match[bytes] | None":
        """The next terminator at or after a place that an envelope segment follows; group 1 is its id."""
        if not self._passes:
            return self._segment.search(data, place)
        return next((found for found in self._segment.finditer(data, place) if found[1] is not None), None)

    def last_terminator(self, data: bytearray, least: int) -> int:
        """Where the search may go on once more bytes have come."""
        last = data.rfind(self.terminator, least)
        if self.by_line or self.lines:
            line = max(data.rfind(b"\r", least), data.rfind(b"\n", least))
            # a line end behind a terminator does not begin a segment: the terminator does
            if self.by_line or last < 0 or data[last + len(self.terminator) : line].strip():
                last = max(last, line)
        # a terminator may be followed by blanks and the first letters of an id that is not whole yet
        return max(last, least)

    def end_of_trailer(self, data: bytearray, start: int, end: int) -> int:
        """Where an IEA ends whose terminator is missing: behind the digits of its number, before text that follows."""
        found = self._trailer.match(data, start, end)
        if found is None or not data[found.end() : end].strip(JUNK + self.component.encode("latin-1")):
            return end
        follows = data[found.end() : found.end() + 1]
        return end if follows.isalnum() or follows == self.element.encode("latin-1") else found.end()

    def elements(self, text: bytes) -> list[str]:
        whole = decoded(text, self.encoding).replace("\xc2\xa0", "\xa0")
        if not self.by_line:
            whole = whole.replace("\r", "").replace("\n", "")
        if self.component:
            # some senders end every segment in an empty component (x12-procurement 2)
            whole = whole.rstrip(_BLANKS.replace(self.element, "")).rstrip(self.component)
        if self.by_line and "~" not in {self.element, self.component}:
            whole = whole.rstrip(_BLANKS.replace(self.element, "")).rstrip("~")
        return [e.strip(_BLANKS) for e in whole.split(self.element)]


_BLANKS = " \t\r\n\x00\x1a\xa0"


def decoded(raw: bytes, encoding: str) -> str:
    """Text of the bytes; Latin-1, which holds any byte, where they are not of that encoding."""
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return raw.decode("latin-1")
