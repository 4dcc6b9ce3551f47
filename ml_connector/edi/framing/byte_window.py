"""A window over a file that is read from its beginning to its end."""

import codecs
from typing import BinaryIO

from ml_connector.edi.framing.copied_listings import LOOKED_AT, Cleaner, cleaner_for

#: So much is read at a time.
CHUNK = 1 << 18

#: UTF-16, told by its byte-order mark, or by how "ISA" is spelled in it.
_WIDE = (b"I\x00S\x00A\x00", b"\x00I\x00S\x00A")
_WIDE_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", _WIDE[0]: "utf-16-le", _WIDE[1]: "utf-16-be"}


def wide_encoding(head: bytes) -> str:
    """Which UTF-16 a file is in that begins so; empty for one that is in none."""
    return next((name for mark, name in _WIDE_MARKS.items() if head.startswith(mark)), "")


class Window:
    """A window over a binary stream: bytes still needed, and where in the stream they begin."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.data = bytearray()
        self.base = 0
        self.ended = False
        self._decoder: codecs.IncrementalDecoder | None = None
        self._cleaner: Cleaner | None = None

    def more(self) -> bool:
        """Read on; False at the end of the stream."""
        chunk = b"" if self.ended else self._source.read(CHUNK)
        if not chunk:
            rest = self._cleaner.rest() if self._cleaner is not None else b""
            self.data += rest
            self.ended = True
            return bool(rest)
        chunk = chunk if self._decoder is None else self._decoder.decode(chunk).encode("utf-8", "replace")
        self.data += chunk if self._cleaner is None else self._cleaner.clean(chunk)
        return True

    def transcode(self, encoding: str) -> None:
        """Everything from here on as UTF-8. Offsets then count its bytes, not those of the file."""
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self.data = bytearray(self._decoder.decode(bytes(self.data)).encode("utf-8", "replace"))

    def cleaned(self) -> None:
        """Takes off what a listing or web page has put into the text. Offsets then count what is left."""
        while len(self.data) < LOOKED_AT and self.more():
            pass
        self._cleaner = cleaner_for(bytes(self.data[:LOOKED_AT]))
        if self._cleaner is not None:
            text = bytes(self.data)
            self.data = bytearray(self._cleaner.clean(text) + (self._cleaner.rest() if self.ended else b""))

    def drop(self, count: int) -> None:
        del self.data[:count]
        self.base += count

    def narrowed(self) -> bool:
        """Whether the file is UTF-16, told by how it begins: it is read as UTF-8 from here on."""
        while len(self.data) < len(_WIDE[0]) and self.more():
            pass
        wide = wide_encoding(bytes(self.data[: len(_WIDE[0])]))
        if wide:
            self.transcode(wide)
        return bool(wide)
