"""The 997s of a file, as they would be sent: addresses turned round, one interchange for each one received."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, BinaryIO

from ml_connector.config.partners import X12Writing
from ml_connector.documents.acknowledgments import FunctionalAcknowledgment
from ml_connector.edi.interchange import (
    GroupEnd,
    GroupStart,
    InterchangeEnd,
    InterchangeStart,
    ReadOptions,
    read_interchanges,
)
from ml_connector.edi.write import ControlNumbers, Envelope, write_interchange


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


def answers(source: BinaryIO, options: ReadOptions, style: X12Writing | None, control: int) -> Iterator[Answer]:
    """Read a file and write its answers; control numbers count on from `control`.

    Raises:
        SenderMustMend: there is no X12 in it.
    """
    for pending in _received(source, options):
        # A 997 is of the version of the group that it answers (x12-procurement 10).
        for version, groups in groupby(pending.groups, key=lambda group: group[0]):
            found = list(groups)
            documents = [acknowledgment for _, acknowledgment, _ in found]
            envelope = _envelope(pending.start, found[0][2], version, style)
            written = write_interchange(
                envelope, ControlNumbers(interchange=control, group=control), documents, datetime.now(UTC)
            )
            receiver = f"{envelope.receiver_qualifier}/{envelope.receiver_id}"
            yield Answer(receiver, written.data, [_told(answer) for answer in documents])
            control += 1


def _received(source: BinaryIO, options: ReadOptions) -> Iterator[_Pending]:
    pending: _Pending | None = None
    group: GroupStart | None = None
    for item in read_interchanges(source, options):
        if isinstance(item, InterchangeStart):
            pending = _Pending(item)
        elif isinstance(item, GroupStart):
            group = item
        elif isinstance(item, GroupEnd) and pending and group and item.acknowledgment is not None:
            pending.groups.append((_version(group.version), item.acknowledgment, group))
        elif isinstance(item, InterchangeEnd) and pending is not None:
            yield pending
            pending = None


def _version(group_version: str) -> str:
    """The versions we write in; others are answered in the nearer one."""
    return "005010" if group_version[:6] >= "005010" else "004010"


def _envelope(start: InterchangeStart, group: GroupStart, version: str, style: X12Writing | None) -> Envelope:
    style = style or X12Writing()
    return Envelope(
        sender_qualifier=start.receiver_qualifier,
        sender_id=start.receiver_id,
        receiver_qualifier=start.sender_qualifier,
        receiver_id=start.sender_id,
        group_sender=group.receiver,
        group_receiver=group.sender,
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
