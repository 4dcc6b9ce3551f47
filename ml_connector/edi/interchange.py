"""Reading X12: the way in. Streams a file set by set, in memory bounded by its longest set."""

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from ml_connector.documents.common import changed
from ml_connector.edi.framing.envelope import (
    EnvelopeReader,
    RawInterchange,
    RawSegment,
    RawSet,
    Stray,
)
from ml_connector.edi.open_envelopes import NOTED, REMEMBERED, OpenGroup, OpenInterchange
from ml_connector.edi.read_events import (
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeStart,
    Item,
    ReceivedSet,
    StrayText,
)
from ml_connector.edi.transaction_set import Mode, SetContext, SetReading, read_set, recognized
from ml_connector.edi.validation.findings import X12Finding, X12Level, shown
from ml_connector.edi.validation.overlay import NO_OVERLAY, Overlay
from ml_connector.edi.validation.schema import full_version
from ml_connector.errors import ConfigError, SenderMustCorrect

__all__ = [
    "GroupEnd",
    "GroupStart",
    "InterchangeEnd",
    "InterchangeStart",
    "Item",
    "Mode",
    "ReadOptions",
    "ReceivedSet",
    "StrayText",
    "read_interchanges",
]


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a partner's files are read.

    mode: strict, standard or lenient (see edi.sets.Mode). encoding: what the bytes are, for X12 does not say; any
    byte is kept, for what does not fit is read as Latin-1. max_segment and max_set_bytes are in bytes; a set beyond
    max_set_bytes or max_segments is not read but reported. max_findings is per set. acknowledge_accepted: whether
    acknowledgments list accepted sets too (AK2). acknowledge_with: 997 or 999; acknowledge_interchanges: a TA1 is made
    where ISA14 asks for it ("asked"), always or never. detect_utf8: text that is UTF-8 and not plain ASCII is read as
    such, with a finding, whatever `encoding` is.
    """

    mode: str = "standard"
    encoding: str = "latin-1"
    overlay: Overlay | None = None
    max_segment: int = 1 << 16
    max_set_bytes: int = 1 << 24
    max_segments: int = 300_000
    max_findings: int = 200
    acknowledge_accepted: bool = True
    acknowledge_with: str = "997"
    acknowledge_interchanges: str = "asked"
    detect_utf8: bool = True


def read_interchanges(source: bytes | BinaryIO, options: ReadOptions | None = None) -> Iterator[Item]:
    """Items of a file in its order. `source` is the bytes, or a file open for reading bytes.

    Raises SenderMustCorrect, in place of the first item, when there is no interchange in it at all; ConfigError for an
    encoding or a mode that does not exist. Nothing in a file that has an ISA raises: it is told by findings.
    """
    options = options or ReadOptions()
    try:
        codecs.lookup(options.encoding)
        mode = Mode(options.mode)
    except (LookupError, ValueError) as error:
        raise ConfigError(f"Reading X12: {error}.", remedy="Modes are strict, standard and lenient.") from error
    stream = io.BytesIO(source) if isinstance(source, bytes | bytearray | memoryview) else source
    return _FileReader(stream, options, mode).items()


class _FileReader:
    """Walks the envelope of one file and reads its sets."""

    def __init__(self, stream: BinaryIO, options: ReadOptions, mode: Mode) -> None:
        reader = EnvelopeReader(stream, options.encoding, options.max_set_bytes, options.max_segment)
        reader.recognize = self._recognized
        self._events = reader.events()
        self._options = options
        self._mode = mode
        self._interchange: OpenInterchange | None = None
        self._interchanges = 0
        self._shared: tuple[OpenGroup, SetContext] | None = None
        self._seen: set[tuple[str, str, str, str, str]] = set()

    def items(self) -> Iterator[Item]:
        preamble: Stray | None = None
        for event in self._events:
            if isinstance(event, Stray):
                if self._interchanges == 0:
                    preamble = event
                else:
                    yield self._stray(event)
            elif isinstance(event, RawInterchange):
                if preamble is not None:
                    yield self._stray(preamble)
                    preamble = None
                yield from self._end_interchange(None, event.offset)
                yield self._start(event)
            elif self._interchange is not None:
                yield from self._inside(event, self._interchange)
        if self._interchanges == 0:
            raise _not_x12(preamble)
        yield from self._end_interchange(None, 0)

    def _stray(self, event: Stray) -> StrayText:
        text = event.text.decode("latin-1")
        where = "in an interchange" if self._interchange else "outside of every interchange"
        finding = X12Finding(X12Level.FILE, "stray_text", f"Text {where}: {shown(text)}.", value=text)
        if self._interchange is not None and len(self._interchange.findings) < NOTED:
            self._interchange.findings.append(finding)
        return StrayText(text, event.offset, event.length, finding, outside=self._interchange is None)

    def _start(self, event: RawInterchange) -> InterchangeStart:
        opened = OpenInterchange(event, self._interchanges)
        start = opened.start
        key = (
            start.sender_qualifier,
            start.sender_id,
            start.receiver_qualifier,
            start.receiver_id,
            start.control_number,
        )
        if key in self._seen:
            message = f"ISA13 {shown(start.control_number)} came before in this file."
            opened.note("025", message, "ISA", 13, start.control_number)
        if len(self._seen) < REMEMBERED:
            self._seen.add(key)
        self._interchange = opened
        self._interchanges += 1
        return opened.announced()

    def _inside(self, event: RawSegment | RawSet, opened: OpenInterchange) -> Iterator[Item]:
        if isinstance(event, RawSet):
            yield from self._set(event, opened)
        elif event.segment_id == "GS":
            yield from self._end_group(opened, None)
            yield opened.open_group(event)
        elif event.segment_id == "GE":
            if opened.group is None:
                opened.note("024", "A GE without a GS.", "GE")
            else:
                yield from self._end_group(opened, event.elements)
        elif event.segment_id == "IEA":
            yield from self._end_interchange(event.elements, event.offset)
        elif event.segment_id == "TA1":
            opened.acknowledge(event.elements)
        elif event.segment_id in {"ISB", "ISE"}:
            opened.services += 1

    def _set(self, event: RawSet, opened: OpenInterchange) -> Iterator[Item]:
        if opened.group is None:
            opened.note("024", "A transaction set without a GS.", "GS")
            yield opened.open_group(RawSegment("GS", ["GS"], event.offset))
        group = opened.group
        if group is None:
            return
        number = event.header[2] if len(event.header) > 2 else ""
        repeated = number in group.numbers and number != ""
        if len(group.numbers) < REMEMBERED:
            group.numbers.add(number)
        reading = read_set(event, self._context(opened, group), repeated)
        accepted = reading.accepted and group.usable
        group.add(
            reading.set_type, reading.control_number, accepted, reading.findings, self._options.acknowledge_accepted
        )
        yield ReceivedSet(
            position=group.received - 1,
            set_type=reading.set_type,
            control_number=reading.control_number,
            kind=reading.kind,
            made=reading.document,
            make=reading.make,
            findings=reading.findings,
            accepted=accepted,
            offset_start=event.offset,
            offset_end=event.end,
            segment_count=reading.segment_count,
        )

    def _recognized(self, raw: RawSet) -> SetReading | None:
        """A set that is right in every respect, where it stands in a group and its number is new there."""
        opened = self._interchange
        group = opened.group if opened is not None else None
        if opened is None or group is None or len(raw.header) < 3 or raw.header[2] in group.numbers:
            return None
        return recognized(raw, self._context(opened, group))

    def _context(self, opened: OpenInterchange, group: OpenGroup) -> SetContext:
        """What the sets of a group have in common."""
        if self._shared is not None and self._shared[0] is group:
            return self._shared[1]
        context = SetContext(
            separators=opened.start.separators,
            terminator=opened.terminator,
            encoding=opened.encoding,
            version=full_version(group.start.version),
            functional_id=group.start.functional_id,
            mode=self._mode,
            overlay=self._options.overlay or NO_OVERLAY,
            max_segment=self._options.max_segment,
            max_findings=self._options.max_findings,
            max_segments=self._options.max_segments,
            detects=self._options.detect_utf8 and _may_be_utf8(opened),
        )
        self._shared = (group, context)
        return context

    def _end_group(self, opened: OpenInterchange, trailer: list[str] | None) -> Iterator[Item]:
        if opened.group is not None:
            group, opened.group = opened.group, None
            opened.groups += 1 if group.real else 0
            end = group.end(trailer)
            if end.acknowledgment is not None and self._options.acknowledge_with == "999":
                answer = changed(end.acknowledgment, implementation=True)
                end = replace(end, acknowledgment=answer)
            yield end

    def _end_interchange(self, trailer: list[str] | None, offset: int) -> Iterator[Item]:
        opened, self._interchange = self._interchange, None
        if opened is None:
            return
        yield from self._end_group(opened, None)
        yield opened.end(trailer, offset, self._options.acknowledge_interchanges)


def _may_be_utf8(opened: OpenInterchange) -> bool:
    """Where it is not said already, and no separator is a single byte above 127."""
    marks = "".join(opened.start.separators.characters())
    return codecs.lookup(opened.encoding).name != "utf-8" and marks.isascii() and opened.terminator.isascii()


def _not_x12(preamble: Stray | None) -> SenderMustCorrect:
    text = preamble.text.decode("latin-1") if preamble is not None else ""
    begins = f"it begins with {shown(text)}" if text else "there is nothing in it"
    return SenderMustCorrect(
        f"This is not an X12 file: {begins}.",
        remedy="An X12 interchange begins with ISA.",
        data={"begins": text[:60], "length": preamble.length if preamble is not None else 0},
    )
