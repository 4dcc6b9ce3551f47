"""Interchanges and groups: what came and went in which envelope, and what answered it.

Scopes of control numbers: edi-operations 5. An answer is matched by AK1 and AK2, never by its own ISA13 (section 7).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ml_connector.ledger.database import seals
from ml_connector.ledger.database.access import unindexed
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import envelope_group, file, interchange
from ml_connector.ledger.work.transitions import chunks

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


@dataclass(frozen=True, slots=True)
class InterchangeEnd:
    """What became of an interchange."""

    id: int
    state: str
    findings: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class GroupEnd:
    """What GE01 announced of a group, what came, what is readable."""

    id: int
    sets_announced: int | None
    sets_received: int
    sets_accepted: int
    findings: Sequence[Mapping[str, Any]] = ()


def add_interchange(tx: Tx, new: NewInterchange) -> int:
    """Add an interchange, or find the one that an earlier, broken-off try added at this place of the file."""
    return add_interchanges(tx, [new])[0]


def add_interchanges(tx: Tx, new: Sequence[NewInterchange]) -> list[int]:
    """`add_interchange` for several in few statements; ids in the order given."""
    known: dict[tuple[int, int], int] = {}
    for part in chunks(sorted({one.file_id for one in new})):
        query = sa.select(_i.file_id, _i.position, _i.id).where(_i.file_id.in_(part))
        known.update(((file_id, position), key) for file_id, position, key in tx.execute(query))
    fresh = [one for one in new if (one.file_id, one.position) not in known]
    at = now(tx)
    values = [
        {
            **{name: getattr(one, name) for name in NewInterchange.__slots__},
            "findings": [dict(each) for each in one.findings],
            "created_at": at,
        }
        for one in fresh
    ]
    ids = _insert(tx, interchange, values)
    known |= {(one.file_id, one.position): key for one, key in zip(fresh, ids, strict=True)}
    return [known[one.file_id, one.position] for one in new]


def _insert(tx: Tx, table: sa.Table, values: list[dict[str, Any]]) -> list[int]:
    if not values:
        return []
    statement = sa.insert(table).returning(table.c.id, sort_by_parameter_order=True)
    added = list(tx.execute(statement, values).scalars())
    seals.note(tx, table.name, added)
    return added


def end_interchanges(tx: Tx, ends: Sequence[InterchangeEnd]) -> None:
    """Note what became of interchanges."""
    statement = (
        sa.update(interchange)
        .where(_i.id == sa.bindparam("key_"))
        .values(state=sa.bindparam("state_"), findings=sa.bindparam("findings_", type_=_i.findings.type))
    )
    if ends:
        rows = [{"key_": e.id, "state_": e.state, "findings_": [dict(one) for one in e.findings]} for e in ends]
        tx.execute(statement, rows)
        seals.note(tx, "interchange", [e.id for e in ends])


def add_group(tx: Tx, new: NewGroup) -> int:
    """Add a group, or find the one that an earlier, broken-off try added at this place of the interchange."""
    return add_groups(tx, [new])[0]


def add_groups(tx: Tx, new: Sequence[NewGroup]) -> list[int]:
    """`add_group` for several in few statements; ids in the order given."""
    known: dict[tuple[int, int], int] = {}
    for part in chunks(sorted({one.interchange_id for one in new})):
        query = sa.select(_g.interchange_id, _g.position, _g.id).where(_g.interchange_id.in_(part))
        known.update(((parent, position), key) for parent, position, key in tx.execute(query))
    fresh = [one for one in new if (one.interchange_id, one.position) not in known]
    values = [
        {
            **{name: getattr(one, name) for name in NewGroup.__slots__},
            "findings": [dict(each) for each in one.findings],
        }
        for one in fresh
    ]
    ids = _insert(tx, envelope_group, values)
    known |= {(one.interchange_id, one.position): key for one, key in zip(fresh, ids, strict=True)}
    return [known[one.interchange_id, one.position] for one in new]


def end_groups(tx: Tx, ends: Sequence[GroupEnd]) -> None:
    """Note what came of groups."""
    statement = (
        sa.update(envelope_group)
        .where(_g.id == sa.bindparam("key_"))
        .values(
            sets_announced=sa.bindparam("announced_"),
            sets_received=sa.bindparam("received_"),
            sets_accepted=sa.bindparam("accepted_"),
            findings=sa.bindparam("findings_", type_=_g.findings.type),
        )
    )
    if ends:
        rows = [
            {
                "key_": e.id,
                "announced_": e.sets_announced,
                "received_": e.sets_received,
                "accepted_": e.sets_accepted,
                "findings_": [dict(one) for one in e.findings],
            }
            for e in ends
        ]
        tx.execute(statement, rows)
        seals.note(tx, "envelope_group", [e.id for e in ends])


@dataclass(frozen=True, slots=True)
class Seen:
    """An interchange that came before under the same control number. same_bytes: in a file of the same content."""

    file_id: int
    integration: str
    same_bytes: bool


def seen_control_number(
    tx: Tx,
    sender: str,
    receiver: str,
    control_number: str,
    *,
    integration: str = "",
    connection: str = "",
    sha256: str = "",
    other_than_file: int | None = None,
    since: datetime | None = None,
    direction: str = "in",
) -> Seen | None:
    """Where this interchange control number came before between these two; None when it is new.

    Numbers go by the pair of identities: what the integration read, what came by the network connection, and what came
    in a file of the very same content, whoever read that (a folder may have been another company's before).
    since: control numbers begin again after 999,999,999, so older ones need not count. Repeats and parts do not count,
    and of other integrations nothing that is held there: it may have been theirs by mistake.
    """
    given = {
        "own": integration,
        "at": connection,
        "bytes": sha256,
        "way": direction,
        "by": sender,
        "to": receiver,
        "number": control_number,
        "except": other_than_file or 0,
        "since": since or _LONG_AGO,
    }
    row = tx.execute(_SEEN, given).one_or_none()
    return None if row is None else Seen(row.file_id, row.integration, row.sha256 == sha256)


_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
#: Made once: it is asked for every interchange that comes.
_SEEN = (
    sa.select(_i.file_id, _i.integration, file.c.sha256)
    .join(file, file.c.id == _i.file_id)
    .where(
        _i.direction == sa.bindparam("way"),
        _i.sender == sa.bindparam("by"),
        _i.receiver == sa.bindparam("to"),
        _i.control_number == sa.bindparam("number"),
        _i.state.not_in(("repeated", "incomplete")),
        _i.file_id != sa.bindparam("except"),
        _i.created_at >= sa.bindparam("since", type_=_i.created_at.type),
        sa.or_(
            _i.integration == sa.bindparam("own"),
            sa.and_(
                _i.state != "held",
                sa.or_(
                    unindexed(file.c.connection) == sa.bindparam("at"),
                    unindexed(file.c.sha256) == sa.bindparam("bytes"),
                ),
            ),
        ),
    )
    .order_by(_i.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class SentTo:
    """Whom an envelope of ours went to: by which integrations and under which names of the partner (both are labels),
    to which identities (qualifier/id; empty: any), and to which it did not go.
    """

    integrations: Sequence[str]
    partners: Sequence[str]
    receivers: Sequence[str] = ()
    others: Sequence[str] = ()

    def conditions(self, table: sa.Table) -> list[sa.ColumnElement[bool]]:
        """On the rows of a table of envelopes, joined with their interchanges."""
        found = [
            table.c.integration.in_(self.integrations),
            table.c.partner.in_(self.partners),
            table.c.direction == "out",
            _i.receiver.not_in(self.others),
        ]
        return [*found, _i.receiver.in_(self.receivers)] if self.receivers else found


def find_sent_group(
    tx: Tx, to: SentTo, functional_id: str, control_number: int, answered_by: str = ""
) -> GroupRow | None:
    """The group we sent that an acknowledgment names (AK1); the newest, should the number have come round.

    answered_by: the identity that answers. A partner that was tested under another one has had each number twice: what
    went to the one that answers goes first.
    """
    query = (
        sa.select(*_GROUP)
        .join(interchange, _i.id == _g.interchange_id)
        .where(
            *to.conditions(envelope_group),
            _g.functional_id == functional_id,
            _g.control_number == control_number,
        )
        .order_by(_to_whom(answered_by), _g.id.desc())
        .limit(1)
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else GroupRow(*row)


def find_sent_interchanges(
    tx: Tx, to: SentTo, control_number: str, answered_by: str = "", *, limit: int = 20
) -> list[InterchangeRow]:
    """The interchanges we sent under the number that a TA1 names: to the identity that answers, then others; the newest
    first.
    """
    query = (
        sa.select(*_INTERCHANGE)
        .where(*to.conditions(interchange), _i.control_number == control_number)
        .order_by(_to_whom(answered_by), _i.id.desc())
        .limit(limit)
    )
    return [InterchangeRow(*row) for row in tx.execute(query)]


def sender_of(tx: Tx, interchange_id: int | None) -> str:
    """The identity (qualifier/id) that an interchange came from; empty where there is none."""
    found = interchange_row(tx, interchange_id) if interchange_id is not None else None
    return found.sender if found is not None else ""


def _to_whom(answered_by: str) -> sa.ColumnElement[int]:
    return sa.case((_i.receiver == answered_by, 0), else_=1)


def receivers(tx: Tx, interchange_ids: Sequence[int]) -> dict[int, str]:
    """Whom interchanges were addressed to (qualifier/id), by interchange."""
    found: dict[int, str] = {}
    for part in chunks(sorted(set(interchange_ids))):
        query = sa.select(_i.id, _i.receiver).where(_i.id.in_(part))
        found.update((row.id, row.receiver) for row in tx.execute(query))
    return found


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
    seals.note(tx, "envelope_group", [group_id])


def group(tx: Tx, group_id: int) -> GroupRow | None:
    """One group, or None."""
    row = tx.execute(sa.select(*_GROUP).where(_g.id == group_id)).one_or_none()
    return None if row is None else GroupRow(*row)


def interchange_row(tx: Tx, interchange_id: int) -> InterchangeRow | None:
    """One interchange, or None."""
    row = tx.execute(sa.select(*_INTERCHANGE).where(_i.id == interchange_id)).one_or_none()
    return None if row is None else InterchangeRow(*row)
