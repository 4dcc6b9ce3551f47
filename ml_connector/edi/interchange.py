"""Reading X12: the way in. Streams a file set by set, in memory bounded by its longest set."""

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from ml_connector.documents.acknowledgments import InterchangeAcknowledgment, SetAnswer
from ml_connector.edi.acknowledge import (
    answer_group,
    answer_interchange,
    answer_set,
    answerable_group,
    answerable_set,
)
from ml_connector.edi.envelope import (
    EnvelopeReader,
    RawInterchange,
    RawSegment,
    RawSet,
    Stray,
)
from ml_connector.edi.findings import Finding, Level, Severity, shown
from ml_connector.edi.items import (
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeStart,
    Item,
    ReceivedSet,
    StrayText,
)
from ml_connector.edi.mapping.acknowledgment import read_interchange_acknowledgment
from ml_connector.edi.overlay import NO_OVERLAY, Overlay
from ml_connector.edi.schema import well_formed
from ml_connector.edi.sets import Mode, SetContext, read_set
from ml_connector.edi.values import is_digits, read_date, read_time
from ml_connector.errors import ConfigError, SenderMustMend

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
    byte is kept, for what does not fit is read as Latin-1. max_segment and max_set_bytes are in bytes, max_findings
    per set. acknowledge_accepted: whether acknowledgments list accepted sets too (AK2).
    """

    mode: str = "standard"
    encoding: str = "latin-1"
    overlay: Overlay | None = None
    max_segment: int = 1 << 16
    max_set_bytes: int = 1 << 25
    max_findings: int = 200
    acknowledge_accepted: bool = True


def read_interchanges(source: bytes | BinaryIO, options: ReadOptions | None = None) -> Iterator[Item]:
    """Items of a file in its order. `source` is the bytes, or a file open for reading bytes.

    Raises SenderMustMend, in place of the first item, when there is no interchange in it at all; ConfigError for an
    encoding or a mode that does not exist. Nothing in a file that has an ISA raises: it is told by findings.
    """
    options = options or ReadOptions()
    try:
        codecs.lookup(options.encoding)
        mode = Mode(options.mode)
    except (LookupError, ValueError) as error:
        raise ConfigError(f"Reading X12: {error}.", mend="Modes are strict, standard and lenient.") from error
    stream = io.BytesIO(source) if isinstance(source, bytes | bytearray | memoryview) else source
    return _FileReader(stream, options, mode).items()


class _FileReader:
    """Walks the envelope of one file and reads its sets."""

    def __init__(self, stream: BinaryIO, options: ReadOptions, mode: Mode) -> None:
        self._events = EnvelopeReader(stream, options.encoding, options.max_set_bytes, options.max_segment).events()
        self._options = options
        self._mode = mode
        self._interchange: _OpenInterchange | None = None
        self._interchanges = 0
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
        finding = Finding(Level.FILE, "stray_text", f"Text {where}: {shown(text)}.", value=text)
        if self._interchange is not None:
            self._interchange.findings.append(finding)
        return StrayText(text, event.offset, event.length, finding)

    def _start(self, event: RawInterchange) -> InterchangeStart:
        opened = _OpenInterchange(event, self._interchanges)
        start = opened.start
        key = (
            start.sender_qualifier,
            start.sender_id,
            start.receiver_qualifier,
            start.receiver_id,
            start.control_number,
        )
        if key in self._seen:
            opened.note("025", f"ISA13 {shown(start.control_number)} came before in this file.")
        self._seen.add(key)
        self._interchange = opened
        self._interchanges += 1
        return opened.announced()

    def _inside(self, event: RawSegment | RawSet, opened: "_OpenInterchange") -> Iterator[Item]:
        if isinstance(event, RawSet):
            yield from self._set(event, opened)
        elif event.segment_id == "GS":
            yield from self._end_group(opened, None)
            yield opened.open_group(event)
        elif event.segment_id == "GE":
            if opened.group is None:
                opened.note("024", "A GE without a GS.")
            else:
                yield from self._end_group(opened, event.elements)
        elif event.segment_id == "IEA":
            yield from self._end_interchange(event.elements, event.offset)
        elif event.segment_id == "TA1":
            opened.received.append(read_interchange_acknowledgment(event.elements))
        elif event.segment_id in {"ISB", "ISE"}:
            opened.services += 1

    def _set(self, event: RawSet, opened: "_OpenInterchange") -> Iterator[Item]:
        if opened.group is None:
            opened.note("024", "A transaction set without a GS.")
            yield opened.open_group(RawSegment("GS", ["GS"], event.offset))
        group = opened.group
        if group is None:
            return
        number = event.header[2] if len(event.header) > 2 else ""
        repeated = number in group.numbers and number != ""
        group.numbers.add(number)
        context = SetContext(
            separators=opened.start.separators,
            terminator=opened.terminator,
            encoding=opened.encoding,
            version=group.start.version,
            functional_id=group.start.functional_id,
            mode=self._mode,
            overlay=self._options.overlay or NO_OVERLAY,
            max_segment=self._options.max_segment,
            max_findings=self._options.max_findings,
        )
        reading = read_set(event, context, repeated)
        accepted = reading.accepted and group.usable
        group.add(reading.set_type, reading.control_number, accepted, reading.findings, self._options)
        yield ReceivedSet(
            position=group.received - 1,
            set_type=reading.set_type,
            control_number=reading.control_number,
            kind=reading.kind,
            document=reading.document,
            findings=reading.findings,
            accepted=accepted,
            offset_start=event.offset,
            offset_end=event.end,
            segment_count=reading.segment_count,
        )

    def _end_group(self, opened: "_OpenInterchange", trailer: list[str] | None) -> Iterator[Item]:
        if opened.group is not None:
            group, opened.group = opened.group, None
            opened.groups += 1 if group.real else 0
            yield group.end(trailer)

    def _end_interchange(self, trailer: list[str] | None, offset: int) -> Iterator[Item]:
        opened, self._interchange = self._interchange, None
        if opened is None:
            return
        yield from self._end_group(opened, None)
        yield opened.end(trailer, offset)


def _not_x12(preamble: Stray | None) -> SenderMustMend:
    text = preamble.text.decode("latin-1") if preamble is not None else ""
    begins = f"it begins with {shown(text)}" if text else "there is nothing in it"
    return SenderMustMend(
        f"This is not an X12 file: {begins}.",
        mend="An X12 interchange begins with ISA.",
        data={"begins": text[:60], "length": preamble.length if preamble is not None else 0},
    )


class _OpenGroup:
    """A group that is being read."""

    def __init__(self, start: GroupStart) -> None:
        self.start = start
        self.real = bool(start.control_number or start.functional_id)
        self.findings: list[Finding] = []
        self.numbers: set[str] = set()
        self.answers: list[SetAnswer] = []
        self.received = 0
        self.accepted = 0
        self.noted = False
        self.usable = True
        if self.real and not well_formed(start.version):
            self.usable = False
            self._note("2", f"GS08 {shown(start.version)} is no version that can be read.")
        number = start.control_number
        if self.real and not (is_digits(number) and len(number) <= 9):
            self._note("6", f"GS06 {shown(number)} is no control number of up to 9 digits.")

    def _note(self, code: str, message: str) -> None:
        self.findings.append(Finding(Level.GROUP, code, message, segment_id="GS"))

    def add(
        self, set_type: str, number: str, accepted: bool, findings: tuple[Finding, ...], options: ReadOptions
    ) -> None:
        self.received += 1
        self.accepted += accepted
        if self.start.functional_id == "FA" or not self.real:
            return
        # AK2 needs both identifiers: a set that has not got them is only counted
        listed = answerable_set(set_type, number)
        answer = answer_set(set_type, listed, accepted, findings)
        self.noted = self.noted or answer.code == "E"
        if listed and (answer.code != "A" or options.acknowledge_accepted):
            self.answers.append(answer)

    def end(self, trailer: list[str] | None) -> GroupEnd:
        announced = self._check_trailer(trailer) if self.real else None
        acknowledgment = None
        named = answerable_group(self.start.functional_id, self.start.control_number)
        if self.real and named and self.start.functional_id != "FA":
            acknowledgment = answer_group(
                self.start.functional_id,
                self.start.control_number,
                self.start.version,
                str(announced or 0),
                self.answers,
                self.received,
                self.accepted,
                self.findings,
                noted=self.noted,
            )
        return GroupEnd(
            announced, self.received, self.accepted, tuple(self.findings), acknowledgment, self.start.control_number
        )

    def _check_trailer(self, trailer: list[str] | None) -> int | None:
        if trailer is None:
            self._note("3", "The group has no GE.")
            return None
        elements = [*trailer, "", ""]
        announced = _count(elements[1])
        if announced != self.received:
            self._note("5", f"GE01 says {shown(elements[1])} sets, there are {self.received}.")
        if not _same_number(elements[2], self.start.control_number):
            message = f"GS06 {shown(self.start.control_number)} and GE02 {shown(elements[2])} differ."
            self._note("4", message)
        return announced


class _OpenInterchange:
    """An interchange that is being read."""

    def __init__(self, event: RawInterchange, position: int) -> None:
        fields = [e.strip(" \t\xa0\x00") for e in event.header.elements]
        self.terminator = event.header.terminator
        self.encoding = event.encoding
        self.start = InterchangeStart(
            position=position,
            offset=event.offset,
            sender_qualifier=fields[4],
            sender_id=fields[5],
            receiver_qualifier=fields[6],
            receiver_id=fields[7],
            control_number=fields[12],
            version=fields[11],
            usage=fields[14],
            date=read_date(fields[8]),
            time=read_time(fields[9]),
            raw_date=fields[8],
            raw_time=fields[9],
            ack_requested=fields[13] == "1",
            separators=event.header.separators,
        )
        self.findings: list[Finding] = []
        self.group: _OpenGroup | None = None
        self.groups = 0
        self.group_numbers: set[str] = set()
        self.received: list[InterchangeAcknowledgment] = []
        self.services = 0
        self._check()

    def note(self, code: str, message: str, severity: Severity = Severity.ERROR) -> None:
        self.findings.append(Finding(Level.INTERCHANGE, code, message, severity))

    def announced(self) -> InterchangeStart:
        """The start, with the findings that are known already."""
        return replace(self.start, findings=tuple(self.findings))

    def _check(self) -> None:
        start = self.start
        if start.date is None:
            self.note("014", f"ISA09 {shown(start.raw_date)} is not a date.")
        if start.time is None:
            self.note("015", f"ISA10 {shown(start.raw_time)} is not a time.")
        if not is_digits(start.control_number):
            self.note("018", f"ISA13 {shown(start.control_number)} is no control number.")
        if start.usage not in {"P", "T", "I"}:
            self.note("020", f"ISA15 {shown(start.usage)} is none of P, T, I.")
        marks = start.separators.characters()
        if len(set(marks)) != len(marks):
            self.note("027", "Two separators are the same character.", Severity.WARNING)

    def open_group(self, event: RawSegment) -> GroupStart:
        elements = [*event.elements, *[""] * 9]
        start = GroupStart(
            position=self.groups,
            offset=event.offset,
            functional_id=elements[1],
            sender=elements[2],
            receiver=elements[3],
            date=read_date(elements[4]),
            time=read_time(elements[5]),
            control_number=elements[6],
            version=elements[8],
        )
        self.group = _OpenGroup(start)
        if start.control_number and start.control_number in self.group_numbers:
            message = f"GS06 {shown(start.control_number)} came before in this interchange."
            self.group.findings.append(Finding(Level.GROUP, "6", message, segment_id="GS"))
        self.group_numbers.add(start.control_number)
        return start

    def end(self, trailer: list[str] | None, offset: int) -> InterchangeEnd:
        if trailer is None:
            self.note("023", "The interchange has no IEA: the file is not complete.")
        else:
            elements = [*trailer, "", ""]
            if not _same_number(elements[2], self.start.control_number):
                message = f"ISA13 {shown(self.start.control_number)} and IEA02 {shown(elements[2])} differ."
                self.note("001", message)
            if _count(elements[1]) != self.groups:
                self.note("021", f"IEA01 says {shown(elements[1])} groups, there are {self.groups}.")
        answer = None
        if self.start.ack_requested and not self._only_acknowledgments():
            start = self.start
            answer = answer_interchange(start.control_number, start.raw_date, start.raw_time, self.findings)
        return InterchangeEnd(
            trailer is not None, self.groups, tuple(self.findings), tuple(self.received), answer, offset
        )

    def _only_acknowledgments(self) -> bool:
        """A TA1 is never answered by a TA1."""
        return bool(self.received) and self.groups == 0


def _count(text: str) -> int | None:
    return int(text) if is_digits(text) and len(text) <= 10 else None


def _same_number(one: str, other: str) -> bool:
    """Control numbers are numbers: compared as such where they are (x12-procurement 2)."""
    if one == other:
        return True
    both_numbers = all(is_digits(t) for t in (one, other))
    return both_numbers and one.lstrip("0") == other.lstrip("0")
