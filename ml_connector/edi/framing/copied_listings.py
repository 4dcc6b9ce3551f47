"""Files that were copied out of a listing or a web page: numbers before every line, characters as HTML entities."""

import html
import re

#: So much of a file tells whether it is such a one.
LOOKED_AT = 600

_NUMBERED = re.compile(
    rb"\s*\(?[0-9]{1,6}[).:]?[ \t]+ISA[^0-9A-Za-z\s].{80,400}?[\r\n]+[ \t]*\(?[0-9]{1,6}[).:]?[ \t]+[A-Z]", re.DOTALL
)
_ESCAPED = re.compile(rb"\s*ISA([^0-9A-Za-z\s]).{60,300}?\1[PTI]\1&(?:gt|lt|amp|#[0-9]{2,4});", re.DOTALL)

_NUMBER = re.compile(rb"(?:(?<=\n)|(?<=\r)|\A)[ \t]*\(?[0-9]{1,6}[).:]?[ \t]+(?=[A-Za-z])")

#: An entity that is not whole yet.
_BEGUN = re.compile(rb"&[#A-Za-z0-9]{0,8}\Z")


class Cleaner:
    """Takes off line numbers, or turns entities into characters, in text that comes in pieces."""

    def __init__(self, *, numbered: bool) -> None:
        self._numbered = numbered
        self._held = b""

    def clean(self, piece: bytes) -> bytes:
        """What is sure of the text so far; the rest is held back."""
        text = self._held + piece
        place = self._sure(text)
        self._held = text[place:]
        return self._changed(text[:place])

    def rest(self) -> bytes:
        """What was held back, at the end of the file."""
        text, self._held = self._held, b""
        return self._changed(text)

    def _sure(self, text: bytes) -> int:
        if self._numbered:
            return max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
        begun = _BEGUN.search(text)
        return begun.start() if begun else len(text)

    def _changed(self, text: bytes) -> bytes:
        if self._numbered:
            return _NUMBER.sub(b"", text)
        return html.unescape(text.decode("latin-1")).encode("latin-1", "replace")


def cleaner_for(beginning: bytes) -> Cleaner | None:
    """What cleans a file that begins so; None for most, which need none."""
    if _NUMBERED.match(beginning):
        return Cleaner(numbered=True)
    return Cleaner(numbered=False) if _ESCAPED.match(beginning) else None


def plain(data: bytes) -> bytes:
    """The whole of a file, clean."""
    cleaner = cleaner_for(data[:LOOKED_AT])
    return data if cleaner is None else cleaner.clean(data) + cleaner.rest()
