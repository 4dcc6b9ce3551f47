"""Interchanges and groups: what came and went in which envelope, and what answered it.

Scopes of control numbers: edi-operations 5. An answer is matched by AK1 and AK2, never by its own ISA13 (section 7).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ml_connector.ledger.store import Tx, now
from ml_connector.ledger.tables import envelope_group, file, interchange

_i = interchange.c
_g = envelope_group.c


@dataclass(frozen=True, slots=True)
class NewInterchange:
    """An ISA..IEA. sender and receiver as qualifier/id, state: accepted, held, rejected, repeated, incomplete, sent."""

    file_id: int
    position: int
    direction: str
    integration: str
    sender: str
    receiver: str
    control_number: str
    version: str
    usage: str
    state: str
    partner: str | None = None
    findings: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class NewGroup:
    """A GS..GE within an interchange."""

    interchange_id: int
    position: int
    direction: str
    integration: str
    functional_id: str
    control_number: int
    version: str
    partner: str | None = None
    sets_announced: int | None = None
    sets_received: int | None = None
    sets_accepted: int | None = None
    findings: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class InterchangeRow:
    """An interchange as stored."""

    id: int
    file_id: int
    position: int
    direction: str
    integration: str
    partner: str | None
    sender: str
    receiver: str
    control_number: str
    version: str
    usage: str
    state: str
    findings: list[dict[str, Any]]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group as stored. answer: AK901 given (in) or received (out)."""

    id: int
    interchange_id: int
    position: int
    direction: str
    integration: str
    partner: str | None
    functional_id: str
    control_number: int
    version: str
    sets_announced: int | None
    sets_received: int | None
    sets_accepted: int | None
    answer: str | None
    answered_at: datetime | None
    answer_document_id: int | None
    findings: list[dict[str, Any]] = field(default_factory=list)


_INTERCHANGE = [interchange.c[name] for name in InterchangeRow.__slots__]
_GROUP = [envelope_group.c[name] for name in GroupRow.__slots__]


def add_interchange(tx: Tx, new: NewInterchange) -> int:
    """Add an interchange, or find the one that an earlier, broken-off try added at this place of the file."""
    known: int | None = tx.execute(
        sa.select(_i.id).where(_i.file_id == new.file_id, _i.position == new.position)
    ).scalar_one_or_none()
    if known is not None:
        return known
    values: dict[str, Any] = {name: getattr(new, name) for name in NewInterchange.__slots__}
    values |= {"findings": [dict(one) for one in new.findings], "created_at": now(tx)}
    added: int = tx.execute(sa.insert(interchange).values(values).returning(_i.id)).scalar_one()
    return added


def end_interchange(tx: Tx, interchange_id: int, state: str, findings: Sequence[Mapping[str, Any]] = ()) -> None:
    """What became of it."""
    values = {"state": state, "findings": [dict(one) for one in findings]}
    tx.execute(sa.update(interchange).where(_i.id == interchange_id).values(values))


def add_group(tx: Tx, new: NewGroup) -> int:
    """Add a group, or find the one that an earlier, broken-off try added at this place of the interchange."""
    known: int | None = tx.execute(
        sa.select(_g.id).where(_g.interchange_id == new.interchange_id, _g.position == new.position)
    ).scalar_one_or_none()
    if known is not None:
        return known
    values: dict[str, Any] = {name: getattr(new, name) for name in NewGroup.__slots__}
    values["findings"] = [dict(one) for one in new.findings]
    added: int = tx.execute(sa.insert(envelope_group).values(values).returning(_g.id)).scalar_one()
    return added


def end_group(
    tx: Tx,
    group_id: int,
    announced: int | None,
    received: int,
    accepted: int,
    findings: Sequence[Mapping[str, Any]] = (),
) -> None:
    """What GE01 announced, what came, what is readable."""
    values = {
        "sets_announced": announced,
        "sets_received": received,
        "sets_accepted": accepted,
        "findings": [dict(one) for one in findings],
    }
    tx.execute(sa.update(envelope_group).where(_g.id == group_id).values(values))


def seen_control_number(
    tx: Tx,
    integration: str,
    sender: str,
    receiver: str,
    control_number: str,
    *,
    other_than_file: int | None = None,
    since: datetime | None = None,
    direction: str = "in",
) -> int | None:
    """The file in which this interchange control number came before; None when it is new.

    since: control numbers begin again after 999,999,999, so older ones need not count. Repeats and parts do not count.
    """
    query = sa.select(_i.file_id).where(
        _i.integration == integration,
        _i.direction == direction,
        _i.sender == sender,
        _i.receiver == receiver,
        _i.control_number == control_number,
        _i.state.not_in(("repeated", "incomplete")),
    )
    if other_than_file is not None:
        query = query.where(_i.file_id != other_than_file)
    if since is not None:
        query = query.where(_i.created_at >= since)
    found: int | None = tx.execute(query.order_by(_i.id.desc()).limit(1)).scalar_one_or_none()
    return found


def find_sent_group(tx: Tx, integration: str, partner: str, functional_id: str, control_number: int) -> GroupRow | None:
    """The group we sent that an acknowledgment names (AK1); the newest, should the number have come round."""
    query = (
        sa.select(*_GROUP)
        .where(
            _g.integration == integration,
            _g.partner == partner,
            _g.direction == "out",
            _g.functional_id == functional_id,
            _g.control_number == control_number,
        )
        .order_by(_g.id.desc())
        .limit(1)
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else GroupRow(*row)


def find_sent_interchange(tx: Tx, integration: str, partner: str, control_number: str) -> InterchangeRow | None:
    """The interchange we sent that a TA1 names; the newest."""
    query = (
        sa.select(*_INTERCHANGE)
        .where(
            _i.integration == integration,
            _i.partner == partner,
            _i.direction == "out",
            _i.control_number == control_number,
        )
        .order_by(_i.id.desc())
        .limit(1)
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else InterchangeRow(*row)


def answer_group(
    tx: Tx, group_id: int, answer: str, *, document_id: int | None = None, accepted: int | None = None
) -> None:
    """A 997 answered the group (out), or ours was sent (in). A later answer replaces an earlier one."""
    values: dict[str, Any] = {"answer": answer, "answered_at": now(tx)}
    if document_id is not None:
        values["answer_document_id"] = document_id
    if accepted is not None:
        values["sets_accepted"] = accepted
    tx.execute(sa.update(envelope_group).where(_g.id == group_id).values(values))


def groups_of_file(tx: Tx, file_id: int) -> list[GroupRow]:
    """The groups of a file, in order."""
    query = (
        sa.select(*_GROUP)
        .join(interchange, _i.id == _g.interchange_id)
        .where(_i.file_id == file_id)
        .order_by(_i.position, _g.position)
    )
    return [GroupRow(*row) for row in tx.execute(query)]


def interchanges_of_file(tx: Tx, file_id: int) -> list[InterchangeRow]:
    """The interchanges of a file, in order."""
    query = sa.select(*_INTERCHANGE).where(_i.file_id == file_id).order_by(_i.position)
    return [InterchangeRow(*row) for row in tx.execute(query)]


def group(tx: Tx, group_id: int) -> GroupRow | None:
    """One group, or None."""
    row = tx.execute(sa.select(*_GROUP).where(_g.id == group_id)).one_or_none()
    return None if row is None else GroupRow(*row)


def unanswered(tx: Tx, integration: str, *, direction: str, before: datetime, limit: int = 500) -> list[GroupRow]:
    """Groups without an answer whose file is older than that, oldest first; acknowledgments want none (section 7)."""
    query = (
        sa.select(*_GROUP)
        .join(interchange, _i.id == _g.interchange_id)
        .join(file, file.c.id == _i.file_id)
        .where(_g.integration == integration, _g.direction == direction, _g.answer.is_(None))
        .where(_g.functional_id != "FA", file.c.created_at < before)
        .order_by(_g.id)
        .limit(limit)
    )
    return [GroupRow(*row) for row in tx.execute(query)]


def interchange_row(tx: Tx, interchange_id: int) -> InterchangeRow | None:
    """One interchange, or None."""
    row = tx.execute(sa.select(*_INTERCHANGE).where(_i.id == interchange_id)).one_or_none()
    return None if row is None else InterchangeRow(*row)
