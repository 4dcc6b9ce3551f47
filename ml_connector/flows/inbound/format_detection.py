"""Which format a received file is in, told by its content and never by its name (edi-operations 3): X12, or
one of the layouts of its folder (flows.claims says which).
"""

import codecs
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ml_connector.config.partners import Partner
from ml_connector.edi.framing.byte_window import wide_encoding
from ml_connector.flows.core.integration import Integration
from ml_connector.layouts import Layout
from ml_connector.ledger.exchange.files import FileRow

#: Around interchanges these are no text: line ends, blanks, NUL and the end-of-file mark of old systems.
BLANKS = b" \t\r\n\x00\x1a\xef\xbb\xbf\xff\xfe"
#: So much of a file is looked at.
HEAD_BYTES = 512


class Readable(Protocol):
    """What a file is read from."""

    def read(self, size: int = -1) -> bytes: ...


class Begun:
    """A file of which the beginning was looked at; reading it starts there all the same."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self.head = self._rest = source.read(HEAD_BYTES)

    def read(self, size: int = -1) -> bytes:
        taken, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        if 0 <= size <= len(taken):
            return taken
        return taken + self._source.read(size if size < 0 else size - len(taken))


class Storable:
    """X12 as it is read: NUL, which no database takes as text, comes as SUB, a control character like it.

    Places in the file stay the same, and the bytes that are kept are those that came. In UTF-16 NUL is a character, and
    what is half of another one stays.
    """

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._begun = False
        self._decoder: codecs.IncrementalDecoder | None = None

    def read(self, size: int = -1) -> bytes:
        while data := self._source.read(size):
            mark = b"" if self._begun else self._begin(data)
            if self._decoder is None:
                return data.replace(b"\x00", b"\x1a")
            if text := self._decoder.decode(data):
                return mark + text.replace("\x00", "\x1a").encode("utf-16-le", "surrogatepass")
        return b""

    def _begin(self, data: bytes) -> bytes:
        """The byte order mark to begin with; none for what is no UTF-16."""
        self._begun = True
        wide = wide_encoding(data[:HEAD_BYTES])
        self._decoder = codecs.getincrementaldecoder(wide)("replace") if wide else None
        return codecs.BOM_UTF16_LE if wide else b""


def looks_like_x12(head: bytes) -> bool:
    """Whether a file that begins so is X12, in whatever encoding."""
    return _plain(head)[:3].upper() == b"ISA"


def isa_sender(head: bytes) -> str:
    """The sender of a file's first interchange (ISA05/ISA06) as partner files write it; empty where it has none."""
    plain = _plain(head)
    elements = plain.split(plain[3:4], 7) if looks_like_x12(head) and len(plain) > 3 else []
    if len(elements) < 8:
        return ""
    qualifier, identity = (element.decode("latin-1").strip() for element in elements[5:7])
    return f"{qualifier}/{identity}"


def shape_of(head: bytes) -> str:
    """xml, json, or rows: what kind of text a file that begins so can only be."""
    first = _plain(head)[:1]
    return {b"<": "xml", b"{": "json", b"[": "json"}.get(first, "rows")


def _plain(head: bytes) -> bytes:
    return head[:HEAD_BYTES].replace(b"\x00", b"").lstrip(BLANKS)


class FileFormat(Protocol):
    """What the documents of a file without envelopes were read by."""

    @property
    def name(self) -> str: ...

    @property
    def currency(self) -> str:
        """Where the documents leave it to the partner's settings; else empty."""
        ...


@dataclass(frozen=True)
class NamedFormat:
    """A format that is a system's own."""

    name: str
    currency: str = ""


@dataclass(frozen=True)
class Candidate:
    """A layout that files of a folder may have, the currency of the partner who named it, where it matters, and all
    partners of the folder who named it so.
    """

    layout: Layout
    currency: str = ""
    partners: tuple[Partner, ...] = ()

    @property
    def name(self) -> str:
        return self.layout.name

    @property
    def shape(self) -> str:
        return self.layout.format if self.layout.format in {"xml", "json"} else "rows"


def senders(integration: Integration, row: FileRow) -> list[Partner]:
    """Partners whose file this may be: of those that share its folder, the one that claims its name, where one does."""
    there = [p for p in integration.partners.values() if row.channel in p.channels.receive or p.name == row.partner]
    if len(there) < 2:
        return there
    return [p for p in there if p.channels.claims(row.name)] or [p for p in there if not p.channels.names]


def candidates(integration: Integration, row: FileRow) -> list[Candidate]:
    """The layouts of a folder's partners, each once, in the order of their files."""
    found: dict[tuple[str, str], tuple[Layout, list[Partner]]] = {}
    for partner in senders(integration, row):
        for layout in (integration.layouts[name] for name in partner.layouts.receive):
            currency = partner.currency if _from_caller(layout) else ""
            found.setdefault((layout.name, currency), (layout, []))[1].append(partner)
    return [Candidate(layout, currency, tuple(who)) for (_, currency), (layout, who) in found.items()]


def fingerprint(known: Sequence[Candidate]) -> str:
    """Changes when one of these layouts does, or which they are; empty where there are none."""
    if not known:
        return ""
    told = "\n".join(f"{one.layout.settings.model_dump_json()} {one.currency}" for one in known)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _from_caller(layout: Layout) -> bool:
    return layout.settings.currency is not None and layout.settings.currency.source == "caller"


def names_of(partner: Partner) -> set[str]:
    """What a file may call a partner, folded."""
    return {name.strip().casefold() for name in partner.names}
