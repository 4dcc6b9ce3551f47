"""The 997s of a file, as they would be sent: addresses turned round, one interchange for each one received."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, BinaryIO

from ml_connector.config.partners import Partner, X12Writing
from ml_connector.documents.acknowledgments import FunctionalAcknowledgment, InterchangeAcknowledgment
from ml_connector.documents.common import Record
from ml_connector.edi.interchange import (
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeStart,
    ReadOptions,
    read_interchanges,
)
from ml_connector.edi.writing.write import ControlNumbers, Envelope, write_interchange


@dataclass
class Answer:
    """One interchange to send. groups: what each answered group is told."""

    receiver: str
    data: bytes
    groups: list[dict[str, Any]]


@dataclass
class _Pending:
    """A received interchange and what its groups are answered with, as (version of the group, answer, GS)."""

    start: InterchangeStart
    groups: list[tuple[str, FunctionalAcknowledgment, GroupStart]] = field(default_factory=list)
    whole: InterchangeAcknowledgment | None = None


def answers(source: BinaryIO, options: ReadOptions, partner: Partner | None, control: int) -> Iterator[Answer]:
    """Read a file and write its answers; control numbers count on from `control`.

    Raises:
        SenderMustCorrect: there is no X12 in it.
    """
    for pending in _received(source, options):
        # A TA1 stands at the head of the first answer, or alone (x12-procurement 11).
        head: list[Record] = [pending.whole] if pending.whole is not None else []
        for version, group, found in _together(pending):
            envelope = _envelope(pending.start, group, version, partner)
            written = write_interchange(
                envelope, ControlNumbers(interchange=control, group=control), [*head, *found], datetime.now(UTC)
            )
            receiver = f"{envelope.receiver_qualifier}/{envelope.receiver_id}"
            yield Answer(receiver, written.data, [_told(answer) for answer in found])
            head = []
            control += 1


def _together(pending: _Pending) -> Iterator[tuple[str, GroupStart | None, list[FunctionalAcknowledgment]]]:
    """What goes into one interchange. A 997 is of the version of the group that it answers (x12-procurement 10)."""
    if not pending.groups and pending.whole is not None:
        yield "004010", None, []
    for version, groups in groupby(pending.groups, key=lambda group: group[0]):
        found = list(groups)
        yield version, found[0][2], [acknowledgment for _, acknowledgment, _ in found]


def _received(source: BinaryIO, options: ReadOptions) -> Iterator[_Pending]:
    pending: _Pending | None = None
    group: GroupStart | None = None
    for item in read_interchanges(source, options):
        if isinstance(item, InterchangeStart):
            pending = _Pending(item)
        elif isinstance(item, GroupStart):
            group = item
        elif isinstance(item, GroupEnd) and pending and group and item.acknowledgment is not None:
            version = "005010" if item.acknowledgment.implementation else _version(group.version)
            pending.groups.append((version, item.acknowledgment, group))
        elif isinstance(item, InterchangeEnd) and pending is not None:
            pending.whole = item.acknowledgment
            yield pending
            pending = None


def _version(group_version: str) -> str:
    """The versions we write in; others are answered in the nearer one."""
    return "005010" if group_version[:6] >= "005010" else "004010"


def _envelope(start: InterchangeStart, group: GroupStart | None, version: str, partner: Partner | None) -> Envelope:
    style = partner.x12 if partner is not None else X12Writing()
    return Envelope(
        sender_qualifier=_qualifier(start.receiver_qualifier),
        sender_id=(start.receiver_id or (group.receiver if group else ""))[:15],
        receiver_qualifier=_qualifier(start.sender_qualifier),
        receiver_id=(start.sender_id or (group.sender if group else ""))[:15],
        group_sender=_application(group.receiver) if group else "",
        group_receiver=_application(group.sender) if group else "",
        version=version,
        usage=start.usage if start.usage in {"P", "T", "I"} else "P",
        element_separator=style.element_separator,
        component_separator=style.component_separator,
        repetition_separator=style.repetition_separator,
        terminator=style.terminator,
        suffix=style.suffix or "\n",
        character_set=style.character_set,
        encoding=style.encoding,
        replace_separators=style.replace_separators,
    )


def _qualifier(sent: str) -> str:
    """A qualifier that fits into an ISA: what came in need not."""
    return sent if len(sent) == 2 else "ZZ"


def _application(sent: str) -> str:
    """An application's id as a GS can carry it: the standard fills up to the least length of two with blanks."""
    return sent[:15].ljust(2) if sent else ""


def _told(answer: FunctionalAcknowledgment) -> dict[str, Any]:
    return {
        "functional_id": answer.functional_id,
        "group": answer.group_control,
        "code": answer.code,
        "announced": answer.sets_announced,
        "received": answer.sets_received,
        "accepted": answer.sets_accepted,
        "sets": [{"set": s.set_type, "control": s.control_number, "code": s.code} for s in answer.sets],
    }
