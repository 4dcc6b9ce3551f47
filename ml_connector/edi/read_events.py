"""What reading a file yields, in the order of the file."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time

from ml_connector.documents.acknowledgments import FunctionalAcknowledgment, InterchangeAcknowledgment
from ml_connector.documents.common import DocumentKind, Record
from ml_connector.edi.framing.separators import Separators
from ml_connector.edi.validation.findings import X12Finding


@dataclass(frozen=True, slots=True)
class InterchangeStart:
    """An ISA. position counts interchanges of the file from 0, offset bytes. Ids are trimmed.

    version is ISA12. date and time are None where they cannot be read; raw_date and raw_time are as sent.
    terminator and encoding are what the bytes of its sets are split and decoded with. miscounted is how many elements
    the ISA has where they are not 16.
    """

    position: int
    offset: int
    sender_qualifier: str
    sender_id: str
    receiver_qualifier: str
    receiver_id: str
    control_number: str
    version: str
    usage: str
    date: date | None
    time: time | None
    raw_date: str
    raw_time: str
    ack_requested: bool
    separators: Separators
    findings: tuple[X12Finding, ...] = ()
    terminator: bytes = b"~"
    encoding: str = "latin-1"
    miscounted: int = 0


@dataclass(frozen=True, slots=True)
class GroupStart:
    """A GS. position counts groups of the interchange from 0. All empty where sets came without a GS."""

    position: int
    offset: int
    functional_id: str
    sender: str
    receiver: str
    control_number: str
    version: str
    date: date | None
    time: time | None


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class ReceivedSet:
    """One transaction set. offsets are in bytes from the start of the file, the end exclusive.

    document is None when the set is not supported or holds nothing to make one of; of a set that is right in every
    respect it is made (by `make`) when it is first asked for. accepted is the mode's verdict: only accepted documents
    may be worked on; the others go back to the sender by the group's acknowledgment.
    """

    position: int
    set_type: str
    control_number: str
    kind: DocumentKind
    made: Record | None
    findings: tuple[X12Finding, ...]
    accepted: bool
    offset_start: int
    offset_end: int
    segment_count: int
    make: Callable[[], Record | None] | None = None

    @property
    def document(self) -> Record | None:
        """The document, made the first time."""
        if self.make is not None:
            self.made, self.make = self.make(), None
        return self.made

    def _values(self) -> tuple[object, ...]:
        return (
            self.position, self.set_type, self.control_number, self.kind, self.document, self.findings, self.accepted,
            self.offset_start, self.offset_end, self.segment_count,
        )  # fmt: skip

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReceivedSet) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((self.position, self.set_type, self.control_number, self.offset_start))

    def __repr__(self) -> str:
        verdict = "accepted" if self.accepted else "rejected"
        return f"<ReceivedSet {self.set_type} {self.control_number} {verdict}, {len(self.findings)} findings>"


@dataclass(frozen=True, slots=True)
class GroupEnd:
    """A GE, or where one should have been. announced is None where GE01 is missing or no number.

    acknowledgment is the 997 this group is answered with; None for groups of acknowledgments, which are never
    answered, and for sets without a GS.
    """

    announced: int | None
    received: int
    accepted: int
    findings: tuple[X12Finding, ...]
    acknowledgment: FunctionalAcknowledgment | None
    control_number: str = ""


@dataclass(frozen=True, slots=True)
class InterchangeEnd:
    """An IEA, or where one should have been: `complete` tells. A file without IEA is first of all not yet complete.

    received are the TA1 segments that came in it; acknowledgment is the TA1 to answer with where ISA14 asks for it.
    """

    complete: bool
    groups: int
    findings: tuple[X12Finding, ...]
    received: tuple[InterchangeAcknowledgment, ...]
    acknowledgment: InterchangeAcknowledgment | None
    offset: int


@dataclass(frozen=True, slots=True)
class StrayText:
    """Text that belongs to no interchange, group or set. text is bounded; finding says where it stands.

    outside tells that it stands in no interchange; findings of text inside one are among those of its end too.
    """

    text: str
    offset: int
    length: int
    finding: X12Finding
    outside: bool = True


Item = InterchangeStart | GroupStart | ReceivedSet | GroupEnd | InterchangeEnd | StrayText
