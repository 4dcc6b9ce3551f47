"""Counts and control totals: every file and every transaction set is accounted for, or it is said which is not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa

from ml_connector.errors import WeAreWrong
from ml_connector.ledger.states import DocumentState as S
from ml_connector.ledger.store import Tx
from ml_connector.ledger.tables import document, envelope_group, file, interchange

_d = document.c
_f = file.c
_g = envelope_group.c
_i = interchange.c

#: What a document in a state counts as.
BUCKETS: Mapping[S, str] = {
    S.POSTED: "posted",
    S.APPLIED: "posted",
    S.SENT: "sent",
    S.ACKNOWLEDGED: "sent",
    S.REFUSED: "sent",
    S.OVERDUE: "sent",
    S.QUARANTINED: "held",
    S.UNKNOWN_OUTCOME: "unknown_outcome",
    S.REJECTED: "rejected",
    S.DUPLICATE: "duplicate",
    S.DISCARDED: "discarded",
}
IN_PROGRESS = "in_progress"
#: States of received files.
FILE_STATES_IN = ("stored", "parsed", "repeated", "rejected", "incomplete", "superseded")
FILE_STATES_OUT = ("planned", "sent", "void")
_GROUPABLE = frozenset({"integration", "flow", "kind", "direction", "state", "reason", "partner", "partition_date"})
_NAMED = 20


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """files, sent_files: by state. documents: by direction, by bucket. problems: what does not add up, in words."""

    integration: str
    partition_date: date | None
    files: dict[str, int]
    sent_files: dict[str, int]
    documents: dict[str, dict[str, int]]
    problems: list[str] = field(default_factory=list)

    @property
    def adds_up(self) -> bool:
        return not self.problems


def control_totals(tx: Tx, integration: str, partition_date: date | None = None) -> ControlTotals:
    """Files = parsed + rejected + repeated + incomplete + waiting; sets received = documents, each in one bucket.

    Counted over the whole ledger, or one day. A difference names files and groups.
    """
    problems: list[str] = []
    files = _file_states(tx, integration, "in", partition_date)
    sent = _file_states(tx, integration, "out", partition_date)
    problems += _unknown_states(files, FILE_STATES_IN, "received") + _unknown_states(sent, FILE_STATES_OUT, "sent")
    problems += _parsed_to_nothing(tx, integration, partition_date)
    problems += _sets_without_documents(tx, integration, partition_date)
    return ControlTotals(integration, partition_date, files, sent, _buckets(tx, integration, partition_date), problems)


def _file_states(tx: Tx, integration: str, direction: str, day: date | None) -> dict[str, int]:
    query = sa.select(_f.state, sa.func.count()).where(_f.integration == integration, _f.direction == direction)
    if day is not None:
        query = query.where(_f.partition_date == day)
    return {row[0]: row[1] for row in tx.execute(query.group_by(_f.state))}


def _unknown_states(found: Mapping[str, int], known: Sequence[str], what: str) -> list[str]:
    return [
        f"{count} {what} files are {state!r}, which is no state" for state, count in found.items() if state not in known
    ]


def _buckets(tx: Tx, integration: str, day: date | None) -> dict[str, dict[str, int]]:
    query = sa.select(_d.direction, _d.state, sa.func.count()).where(_d.integration == integration)
    if day is not None:
        query = query.where(_d.partition_date == day)
    found: dict[str, dict[str, int]] = {}
    for direction, state, count in tx.execute(query.group_by(_d.direction, _d.state)):
        buckets = found.setdefault(direction, {"total": 0})
        bucket = BUCKETS.get(S(state), IN_PROGRESS)
        buckets[bucket] = buckets.get(bucket, 0) + count
        buckets["total"] += count
    return found


def _parsed_to_nothing(tx: Tx, integration: str, day: date | None) -> list[str]:
    """A parsed or rejected file must have left an interchange or a document."""
    has_envelope = sa.exists().where(_i.file_id == _f.id)
    has_document = sa.exists().where(_d.file_id == _f.id)
    query = sa.select(_f.id, _f.name, _f.state).where(
        _f.integration == integration,
        _f.direction == "in",
        _f.state.in_(("parsed", "rejected")),
        ~has_envelope,
        ~has_document,
    )
    if day is not None:
        query = query.where(_f.partition_date == day)
    found = tx.execute(query.order_by(_f.id).limit(_NAMED)).all()
    return [f"file {row.id} ({row.name[:80]}) is {row.state}, and nothing came of it" for row in found]


def _sets_without_documents(tx: Tx, integration: str, day: date | None) -> list[str]:
    """Every set that a group was found to hold is one document of that group."""
    count = sa.select(sa.func.count()).where(_d.group_id == _g.id).correlate(envelope_group).scalar_subquery()
    query = (
        sa.select(_g.id, _g.control_number, _g.sets_received, _i.file_id, count.label("documents"))
        .join(interchange, _i.id == _g.interchange_id)
        .where(_g.integration == integration, _g.direction == "in", _g.sets_received.is_not(None))
        .where(_g.sets_received != count)
    )
    if day is not None:
        query = query.join(file, _f.id == _i.file_id).where(_f.partition_date == day)
    found = tx.execute(query.order_by(_g.id).limit(_NAMED)).all()
    return [
        f"group {row.control_number} of file {row.file_id} held {row.sets_received} sets, "
        f"the ledger has {row.documents} documents of it"
        for row in found
    ]


def counts(
    tx: Tx,
    by: Sequence[str],
    *,
    integration: str | None = None,
    partition_from: date | None = None,
    partition_to: date | None = None,
    states: Sequence[S] = (),
) -> list[dict[str, Any]]:
    """Documents counted by columns: [{"flow": "invoices_in", "state": "posted", "count": 12}, ...], largest first.

    Raises:
        WeAreWrong: a column that documents are not counted by.
    """
    if unknown := set(by) - _GROUPABLE:
        raise WeAreWrong(f"Documents are not counted by {sorted(unknown)[0]}.")
    columns = [document.c[name] for name in by]
    total = sa.func.count().label("count")
    query = sa.select(*columns, total)
    if integration is not None:
        query = query.where(_d.integration == integration)
    if partition_from is not None:
        query = query.where(_d.partition_date >= partition_from)
    if partition_to is not None:
        query = query.where(_d.partition_date <= partition_to)
    if states:
        query = query.where(_d.state.in_([state.value for state in states]))
    query = query.group_by(*columns).order_by(total.desc(), *columns)
    return [dict(row) for row in tx.execute(query).mappings()]


def integrations(tx: Tx) -> list[str]:
    """Names of the integrations that have files or documents."""
    names = sa.union(sa.select(_d.integration), sa.select(_f.integration))
    return sorted(tx.execute(names).scalars())


def partitions(tx: Tx, integration: str, *, unfinished: bool = False) -> list[date]:
    """Days that have documents of an integration, newest first; unfinished: that have some still to be worked on."""
    query = sa.select(_d.partition_date).where(_d.integration == integration).distinct()
    if unfinished:
        open_states = [state.value for state in S if state not in BUCKETS] + [
            S.QUARANTINED.value,
            S.UNKNOWN_OUTCOME.value,
        ]
        query = query.where(_d.state.in_(open_states))
    return list(tx.execute(query.order_by(_d.partition_date.desc())).scalars())
