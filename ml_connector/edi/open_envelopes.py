"""Interchanges and groups while they are being read: what is counted, compared and answered at their end."""

from dataclasses import replace

from ml_connector.documents.acknowledgments import InterchangeAcknowledgment, SetAnswer
from ml_connector.edi.acknowledge import (
    answer_group,
    answer_interchange,
    answer_set,
    answerable_group,
    answerable_set,
)
from ml_connector.edi.framing.envelope import RawInterchange, RawSegment
from ml_connector.edi.framing.isa_repair import whole_group_header
from ml_connector.edi.framing.values import is_digits, read_date, read_time
from ml_connector.edi.mapping.acknowledgment import read_interchange_acknowledgment
from ml_connector.edi.read_events import GroupEnd, GroupStart, InterchangeEnd, InterchangeStart
from ml_connector.edi.validation.findings import Severity, X12Finding, X12Level, shown
from ml_connector.edi.validation.schema import full_version, well_formed

#: So many control numbers of a file are remembered to find repeats, so many findings and TA1 of an interchange are
#: kept, so many sets are listed in an answer (its counts tell of the others): files can be made to exhaust a reader.
REMEMBERED = 200_000
NOTED = 1_000
LISTED = 20_000


#: ISA05 and ISA07 (element I05).
_QUALIFIERS = frozenset({f"{n:02d}" for n in (*range(1, 5), *range(7, 39))} | {"AM", "NR", "SA", "SN", "ZZ"})


class OpenGroup:
    """A group that is being read."""

    def __init__(self, start: GroupStart) -> None:
        self.start = start
        self.real = bool(start.control_number or start.functional_id)
        self.findings: list[X12Finding] = []
        self.numbers: set[str] = set()
        self.answers: list[SetAnswer] = []
        self.received = 0
        self.accepted = 0
        self.noted = False
        self.usable = True
        if self.real and start.version != full_version(start.version):
            message = f"GS08 {shown(start.version)} is read as {full_version(start.version)}."
            self.note("version", message, "GS", 8, start.version, Severity.WARNING)
        elif self.real and not well_formed(start.version):
            self.usable = False
            self.note("2", f"GS08 {shown(start.version)} is not a version that can be read.", "GS", 8, start.version)
        number = start.control_number
        if self.real and not (is_digits(number) and len(number) <= 9):
            self.note("6", f"GS06 {shown(number)} is not a control number of up to 9 digits.", "GS", 6, number)

    def note(
        self,
        code: str,
        message: str,
        segment_id: str,
        element: int = 0,
        value: str = "",
        severity: Severity = Severity.ERROR,
    ) -> None:
        self.findings.append(
            X12Finding(
                X12Level.GROUP, code, message, severity, segment_id=segment_id, element=element, value=value[:200]
            )
        )

    def check_header(self, elements: list[str]) -> None:
        """What X12 has no code for in a GS: dates, times, and who sends to whom."""
        if not self.real:
            return
        for element, code, wrong, what in (
            (2, "sender", not elements[2], "is empty"),
            (3, "receiver", not elements[3], "is empty"),
            (4, "date", self.start.date is None, "is not a date"),
            (5, "time", self.start.time is None, "is not a time"),
        ):
            if wrong:
                value = elements[element]
                message = f"GS{element:02d} {shown(value)} {what}." if value else f"GS{element:02d} is empty."
                self.note(code, message, "GS", element, value)
        if self.start.version >= "004010" and len(elements[4]) == 6 and self.start.date is not None:
            message = f"GS04 {shown(elements[4])} is a date of six digits."
            self.note("date", message, "GS", 4, elements[4], Severity.WARNING)

    def add(
        self, set_type: str, number: str, accepted: bool, findings: tuple[X12Finding, ...], acknowledge_accepted: bool
    ) -> None:
        self.received += 1
        self.accepted += accepted
        if self.start.functional_id == "FA" or not self.real:
            return
        # AK2 needs both identifiers: a set that has not got them is only counted
        listed = answerable_set(set_type, number)
        answer = answer_set(set_type, listed, accepted, findings)
        self.noted = self.noted or answer.code == "E"
        wanted = answer.code != "A" or acknowledge_accepted
        if listed and wanted and len(self.answers) < LISTED:
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
            self.note("3", "The group has no GE.", "GE")
            return None
        elements = [*trailer, "", ""]
        announced = _count(elements[1])
        if announced != self.received:
            message = f"GE01 says {shown(elements[1])} sets, there are {self.received}."
            self.note("5", message, "GE", 1, elements[1])
        if not _same_number(elements[2], self.start.control_number):
            message = f"GS06 {shown(self.start.control_number)} and GE02 {shown(elements[2])} differ."
            self.note("4", message, "GE", 2, elements[2])
        return announced


class OpenInterchange:
    """An interchange that is being read."""

    def __init__(self, event: RawInterchange, position: int) -> None:
        fields = [e.strip(" \t\xa0\x00") for e in event.header.elements]
        self._fields = fields
        self._headed = any(fields[:15])
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
            terminator=event.header.terminator,
            encoding=event.encoding,
            miscounted=event.header.miscounted,
        )
        self.findings: list[X12Finding] = []
        self.group: OpenGroup | None = None
        self.groups = 0
        self.group_numbers: set[str] = set()
        self.received: list[InterchangeAcknowledgment] = []
        self.services = 0
        self._check()

    def note(
        self,
        code: str,
        message: str,
        segment_id: str = "ISA",
        element: int = 0,
        value: str = "",
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Adds a finding about the interchange; so many are kept."""
        if len(self.findings) < 2 * NOTED:
            self.findings.append(
                X12Finding(
                    X12Level.INTERCHANGE, code, message, severity, segment_id=segment_id, element=element,
                    value=value[:200],
                )
            )  # fmt: skip

    def announced(self) -> InterchangeStart:
        """The start, with the findings that are known already."""
        return replace(self.start, findings=tuple(self.findings))

    def _check(self) -> None:
        start = self.start
        if start.miscounted:
            # what the elements it lacks are is not told again
            self.note("022", f"The ISA has {start.miscounted} elements instead of 16.")
            return
        if not self._headed:
            self.note("022", "The interchange has no ISA.")
            return
        if start.date is None:
            self.note("014", f"ISA09 {shown(start.raw_date)} is not a date.", "ISA", 9, start.raw_date)
        if start.time is None:
            self.note("015", f"ISA10 {shown(start.raw_time)} is not a time.", "ISA", 10, start.raw_time)
        if not is_digits(start.control_number):
            self.note(
                "018", f"ISA13 {shown(start.control_number)} is not a control number.", "ISA", 13, start.control_number
            )
        if start.usage not in {"P", "T", "I"}:
            self.note("020", f"ISA15 {shown(start.usage)} is none of P, T, I.", "ISA", 15, start.usage)
        self._check_identity()
        marks = start.separators.characters()
        if len(set(marks)) != len(marks):
            self.note("027", "Two separators are the same character.", severity=Severity.WARNING)

    def _check_identity(self) -> None:
        """Who sends to whom, and the elements that only say how: odd ones are warnings, a missing id is an error."""
        start, asked = self.start, self._fields[13]
        for name, element, qualifier, party in (
            ("sender", 5, start.sender_qualifier, start.sender_id),
            ("receiver", 7, start.receiver_qualifier, start.receiver_id),
        ):
            if not party:
                self.note(f"{element + 1:03d}", f"ISA{element + 1:02d}: there is no {name}.", "ISA", element + 1)
            elif len(party) > 15:
                message = f"ISA{element + 1:02d} {shown(party)} is longer than 15."
                self.note(f"{element + 1:03d}", message, "ISA", element + 1, party)
            if qualifier not in _QUALIFIERS:
                message = f"ISA{element:02d} {shown(qualifier)} is not a known qualifier."
                self.note(f"{element:03d}", message, "ISA", element, qualifier, Severity.WARNING)
        if not (is_digits(start.version) and len(start.version) == 5):
            message = f"ISA12 {shown(start.version)} is not a version of five digits."
            self.note("017", message, "ISA", 12, start.version, Severity.WARNING)
        if is_digits(start.control_number) and len(start.control_number) != 9:
            message = f"ISA13 {shown(start.control_number)} is not of nine digits."
            self.note("018", message, "ISA", 13, start.control_number, Severity.WARNING)
        if asked not in {"0", "1"}:
            self.note("019", f"ISA14 {shown(asked)} is neither 0 nor 1.", "ISA", 14, asked, Severity.WARNING)

    def acknowledge(self, elements: list[str]) -> None:
        """Keeps a TA1 and checks its elements."""
        if len(self.received) >= NOTED:
            return
        answer = read_interchange_acknowledgment(elements)
        self.received.append(answer)
        for element, code, wrong, value, what in (
            (1, "6", not is_digits(answer.control_number), answer.control_number, "is not a control number"),
            (2, "8", read_date(answer.date) is None, answer.date, "is not a date"),
            (3, "9", read_time(answer.time) is None, answer.time, "is not a time"),
            (4, "7", answer.code not in {"A", "E", "R"}, answer.code, "is none of A, E, R"),
            (5, "7", not (is_digits(answer.note) and len(answer.note) == 3), answer.note, "is not a note code"),
        ):
            if wrong:
                message = f"TA1{element:02d} {shown(value)} {what}." if value else f"TA1{element:02d} is missing."
                found = X12Finding(
                    X12Level.ELEMENT, code if value else "1", message, segment_id="TA1", element=element,
                    value=value[:200],
                )  # fmt: skip
                self.findings.append(found)

    def open_group(self, event: RawSegment) -> GroupStart:
        elements = [*whole_group_header(event.elements), *[""] * 9]
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
        self.group = OpenGroup(start)
        self.group.check_header(elements)
        if start.control_number and start.control_number in self.group_numbers:
            message = f"GS06 {shown(start.control_number)} came before in this interchange."
            self.group.note("6", message, "GS", 6, start.control_number)
        if len(self.group_numbers) < REMEMBERED:
            self.group_numbers.add(start.control_number)
        return start

    def end(self, trailer: list[str] | None, offset: int, wanted: str = "asked") -> InterchangeEnd:
        """`wanted`: whether a TA1 is made where ISA14 asks for it ("asked"), always or never."""
        if trailer is None:
            self.note("023", "The interchange has no IEA: the file is not complete.", "IEA")
        else:
            elements = [*trailer, "", ""]
            if self._headed and not _same_number(elements[2], self.start.control_number):
                message = f"ISA13 {shown(self.start.control_number)} and IEA02 {shown(elements[2])} differ."
                self.note("001", message, "IEA", 2, elements[2])
            if _count(elements[1]) != self.groups:
                message = f"IEA01 says {shown(elements[1])} groups, there are {self.groups}."
                self.note("021", message, "IEA", 1, elements[1])
        answer = None
        asked = wanted == "always" or (wanted == "asked" and self.start.ack_requested)
        if asked and not self._only_acknowledgments():
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
