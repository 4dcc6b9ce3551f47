"""A small X12 reader and writer of the partners' own.

It shares nothing with the connector's: what the connector writes is read here by other eyes, strictly, and what
stands here is read there. Envelope rules: x12-procurement 2.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ml_connector.clock import Clock

ISA_LENGTH = 106
_ISA_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
#: Versions of ISA12 from which ISA11 is the repetition separator.
_REPETITION_FROM = "00402"
_ENVELOPE = frozenset({"ISA", "GS", "ST", "SE", "GE", "IEA", "TA1"})

Segment = list[str]


class BadX12(Exception):
    """The bytes are not an interchange as the standard has it."""


@dataclass(frozen=True)
class Separators:
    """suffix follows every terminator and is not data."""

    element: str = "*"
    component: str = ">"
    repetition: str = "^"
    terminator: str = "~"
    suffix: str = ""


@dataclass
class TransactionSet:
    """From ST to SE, both in `segments`. findings: what is wrong with its envelope, as AK502 codes (997)."""

    kind: str
    control: str
    segments: list[Segment]
    findings: list[str] = field(default_factory=list)


@dataclass
class Group:
    functional_id: str
    sender: str
    receiver: str
    control: str
    version: str
    sets: list[TransactionSet] = field(default_factory=list)
    declared_sets: int = 0
    closed: bool = False
    findings: list[str] = field(default_factory=list)


@dataclass
class Interchange:
    """sender and receiver are (qualifier, id without padding). control is ISA13 as nine digits."""

    sender: tuple[str, str]
    receiver: tuple[str, str]
    control: str
    usage: str
    version: str
    separators: Separators
    groups: list[Group] = field(default_factory=list)
    acknowledgments: list[Segment] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


def read(data: bytes, encoding: str = "latin-1") -> list[Interchange]:
    """All interchanges of a file. Raises BadX12 for anything that does not hold together."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadX12(f"the file is not {encoding}") from error
    found: list[Interchange] = []
    while text.strip("\r\n"):
        interchange, text = _read_one(text.lstrip("\r\n"))
        found.append(interchange)
    if not found:
        raise BadX12("the file is empty")
    return found


def _read_one(text: str) -> tuple[Interchange, str]:
    isa = _read_isa(text)
    terminator, element = isa.separators.terminator, isa.separators.element
    rest = text[ISA_LENGTH:]
    end = _end_of_interchange(rest, terminator, element)
    for segment in _segments(rest[:end], terminator, element):
        _place(isa, segment)
    return isa, rest[end:]


def _read_isa(text: str) -> Interchange:
    if not text.startswith("ISA") or len(text) < ISA_LENGTH:
        raise BadX12("an interchange must begin with an ISA of 106 characters")
    element, terminator = text[3], text[105]
    fields = text[4:105].split(element)
    if [len(value) for value in fields] != list(_ISA_WIDTHS):
        raise BadX12("the ISA elements do not have their fixed widths")
    repetition = fields[10] if fields[11] >= _REPETITION_FROM and not fields[10].isalnum() else ""
    marks = [element, terminator, fields[15], *([repetition] if repetition else [])]
    if len(set(marks)) != len(marks) or any(mark.isalnum() for mark in marks):
        raise BadX12("the separators must differ and must not be letters or digits")
    if not fields[12].isdigit() or int(fields[12]) == 0:
        raise BadX12("ISA13 must be nine digits and not zero")
    if fields[14] not in {"P", "T", "I"} or fields[13] not in {"0", "1"}:
        raise BadX12("ISA14 must be 0 or 1 and ISA15 P, T or I")
    _check_moment(fields[8], fields[9])
    return Interchange(
        sender=(fields[4], fields[5].rstrip()),
        receiver=(fields[6], fields[7].rstrip()),
        control=fields[12],
        usage=fields[14],
        version=fields[11],
        separators=Separators(element, fields[15], repetition, terminator),
    )


def _check_moment(date: str, time: str) -> None:
    try:
        datetime.strptime(date + time, "%y%m%d%H%M")  # noqa: DTZ007 - the envelope has no zone
    except ValueError as error:
        raise BadX12("ISA09 and ISA10 must be a date and a time") from error


def _end_of_interchange(text: str, terminator: str, element: str) -> int:
    """The position after the IEA segment."""
    at = 0
    while True:
        end = text.find(terminator, at)
        if end < 0:
            raise BadX12("the interchange has no IEA")
        if text[at:end].lstrip("\r\n").startswith("IEA" + element):
            return end + 1
        at = end + 1


def _segments(text: str, terminator: str, element: str) -> Iterable[Segment]:
    for raw in text.split(terminator)[:-1]:
        yield raw.lstrip("\r\n").split(element)


def _place(interchange: Interchange, segment: Segment) -> None:
    """Hang one segment where it belongs, checking trailers on the way."""
    group = interchange.groups[-1] if interchange.groups else None
    current = group.sets[-1] if group and group.sets else None
    in_set = current is not None and current.segments[-1][0] != "SE"
    match segment[0]:
        case "GS" if not in_set and (group is None or group.closed):
            _open_group(interchange, segment)
        case "ST" if group is not None and not in_set and not group.closed:
            _need(segment, 3)
            group.sets.append(TransactionSet(segment[1], segment[2], [segment]))
        case "SE" if in_set and current is not None:
            current.segments.append(segment)
            _close_set(current, segment)
        case "GE" if group is not None and not in_set and not group.closed:
            _close_group(group, segment)
        case "IEA" if not in_set and (group is None or group.closed):
            _close_interchange(interchange, segment)
        case "TA1" if group is None:
            interchange.acknowledgments.append(segment)
        case name if in_set and current is not None and name not in _ENVELOPE:
            current.segments.append(segment)
        case name:
            raise BadX12(f"segment {name[:3]!r} stands where it may not")


def _open_group(interchange: Interchange, segment: Segment) -> None:
    if len(segment) != 9:
        raise BadX12("GS must have eight elements")
    interchange.groups.append(
        Group(
            functional_id=segment[1],
            sender=segment[2],
            receiver=segment[3],
            control=segment[6],
            version=segment[8],
            findings=[] if segment[6].isdigit() else ["6"],
        )
    )


def _close_set(current: TransactionSet, segment: Segment) -> None:
    _need(segment, 3)
    if segment[2] != current.control:
        current.findings.append("3")
    if segment[1] != str(len(current.segments)):
        current.findings.append("4")


def _close_group(group: Group, segment: Segment) -> None:
    _need(segment, 3)
    group.closed = True
    group.declared_sets = int(segment[1]) if segment[1].isdigit() else -1
    if group.declared_sets != len(group.sets):
        group.findings.append("5")
    if not segment[2].isdigit() or not group.control.isdigit() or int(segment[2]) != int(group.control):
        group.findings.append("4")
    controls = [each.control for each in group.sets]
    for each in group.sets:
        if controls.count(each.control) > 1:
            each.findings.append("23")


def _close_interchange(interchange: Interchange, segment: Segment) -> None:
    _need(segment, 3)
    if segment[2] != interchange.control:
        interchange.findings.append("001")
    if segment[1] != str(len(interchange.groups)):
        interchange.findings.append("021")


def _need(segment: Segment, length: int) -> None:
    if len(segment) < length:
        raise BadX12(f"{segment[0]} is too short")


def get(segment: Segment, position: int) -> str:
    """An element by its number in the sheets (BEG03 -> 3); empty when absent."""
    return segment[position] if position < len(segment) else ""


@dataclass(frozen=True)
class Party:
    """Who somebody is in ISA (qualifier, id) and GS (group)."""

    qualifier: str
    id: str
    group: str


@dataclass
class Writer:
    """Writes interchanges of one partner to us. `control` is the last ISA13 (and GS06) given out."""

    sender: Party
    receiver: Party
    clock: Clock
    version: str = "004010"
    separators: Separators = field(default_factory=Separators)
    encoding: str = "latin-1"
    control: int = 0

    def next_control(self) -> int:
        """The next interchange control number; after 999999999 comes 1."""
        self.control = self.control % 999_999_999 + 1
        return self.control

    def write(
        self,
        functional_id: str,
        sets: Sequence[Sequence[Segment]],
        *,
        control: int,
        usage: str = "P",
        sender: Party | None = None,
    ) -> bytes:
        """One interchange with one group. Each set is given without ST and SE; its first item is the set id."""
        now = self.clock.now()
        sender = sender or self.sender
        body: list[Segment] = []
        for number, contents in enumerate(sets, start=1):
            body.extend(self._set(contents, f"{number:04d}"))
        date, time = now.strftime("%Y%m%d"), now.strftime("%H%M")
        gs = ["GS", functional_id, sender.group, self.receiver.group, date, time, str(control), "X", self.version]
        segments = [gs, *body, ["GE", str(len(sets)), str(control)], ["IEA", "1", f"{control:09d}"]]
        marks = self.separators
        text = self._isa(now, sender, control, usage) + "".join(
            self._text(segment) + marks.terminator + marks.suffix for segment in segments
        )
        return text.encode(self.encoding, "replace")

    def _set(self, contents: Sequence[Segment], control: str) -> list[Segment]:
        kind = contents[0][0]
        return [["ST", kind, control], *contents[1:], ["SE", str(len(contents) + 1), control]]

    def _text(self, segment: Segment) -> str:
        """A segment without trailing empty elements; a separator inside a value becomes a blank: X12 has no escape."""
        marks = self.separators
        values = [self._clean(value) for value in segment]
        while len(values) > 1 and not values[-1]:
            values.pop()
        return marks.element.join(values)

    def _clean(self, value: str) -> str:
        marks = self.separators
        for mark in (marks.element, marks.terminator, "\r", "\n"):
            if mark in value:
                value = value.replace(mark, " ")
        return value

    def _isa(self, now: datetime, sender: Party, control: int, usage: str) -> str:
        newer = self.version >= "004020"
        marks = self.separators
        values = [
            "ISA",
            "00",
            " " * 10,
            "00",
            " " * 10,
            sender.qualifier,
            sender.id.ljust(15),
            self.receiver.qualifier,
            self.receiver.id.ljust(15),
            now.strftime("%y%m%d"),
            now.strftime("%H%M"),
            marks.repetition if newer else "U",
            "00501" if newer else "00401",
            f"{control:09d}",
            "0",
            usage,
            marks.component,
        ]
        return marks.element.join(values) + marks.terminator + marks.suffix
