"""Counts and control totals: every file and every transaction set is accounted for, or it is said which is not."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa

from ml_connector.errors import WeAreWrong
from ml_connector.ledger.database.access import unindexed
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.search import accounted
from ml_connector.ledger.tables.documents import document, file
from ml_connector.ledger.work import tallies
from ml_connector.ledger.work.states import DocumentState as S

_d = document.c
_f = file.c

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
#: The same by the states' names; what is no state (somebody wrote it by hand) stands for itself.
_BUCKET_OF: Mapping[str, str] = {state.value: BUCKETS.get(state, IN_PROGRESS) for state in S}
#: States of received files.
FILE_STATES_IN = ("stored", "parsed", "repeated", "rejected", "incomplete", "superseded")
FILE_STATES_OUT = ("planned", "sent", "void")
_GROUPABLE = frozenset({"integration", "flow", "kind", "direction", "state", "reason", "partner", "partition_date"})
_TALLIED = _GROUPABLE - {"partner", "partition_date"}


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

    Of the whole ledger, by its tallies and by what is not accounted for yet, or counted of one day. A difference
    names files and groups.
    """
    if partition_date is None:
        files, sent, buckets = _told(tx, integration)
        differences = accounted.problems(tx, integration)
    else:
        files = _file_states(tx, integration, "in", partition_date)
        sent = _file_states(tx, integration, "out", partition_date)
        buckets = _buckets(tx, integration, partition_date)
        differences = accounted.all_problems(tx, integration, _f.partition_date == partition_date)
    problems = _unknown_states(files, FILE_STATES_IN, "received") + _unknown_states(sent, FILE_STATES_OUT, "sent")
    return ControlTotals(integration, partition_date, files, sent, buckets, problems + differences)


def _told(tx: Tx, integration: str) -> tuple[dict[str, int], dict[str, int], dict[str, dict[str, int]]]:
    states: dict[str, dict[str, int]] = {"in": {}, "out": {}}
    for sort, count in sorted(tallies.of_files(tx, integration).items()):
        states.setdefault(sort.direction, {})[sort.state] = count
    buckets: dict[str, dict[str, int]] = {}
    for sort, count in sorted(tallies.of_documents(tx, integration).items()):
        _add(buckets, sort.direction, sort.state, count)
    return states["in"], states["out"], buckets


def _file_states(tx: Tx, integration: str, direction: str, day: date) -> dict[str, int]:
    query = sa.select(_f.state, sa.func.count()).where(_f.integration == integration, _f.partition_date == day)
    query = query.where(unindexed(_f.direction) == direction).group_by(_f.state)
    return {row[0]: row[1] for row in tx.execute(query)}


def _unknown_states(found: Mapping[str, int], known: Sequence[str], what: str) -> list[str]:
    return [
        f"{count} {what} files are {state!r}, which is not a state"
        for state, count in found.items()
        if state not in known
    ]


def _buckets(tx: Tx, integration: str, day: date) -> dict[str, dict[str, int]]:
    query = sa.select(_d.direction, _d.state, sa.func.count())
    query = query.where(_d.integration == integration, _d.partition_date == day)
    found: dict[str, dict[str, int]] = {}
    for direction, state, count in tx.execute(query.group_by(_d.direction, _d.state)):
        _add(found, direction, state, count)
    return found


def _add(buckets: dict[str, dict[str, int]], direction: str, state: str, count: int) -> None:
    of_direction = buckets.setdefault(direction, {"total": 0})
    bucket = _BUCKET_OF.get(state, state)
    of_direction[bucket] = of_direction.get(bucket, 0) + count
    of_direction["total"] += count


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
    if partition_from is None and partition_to is None and set(by) <= _TALLIED:
        return _told_by(tx, by, integration, states)
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
        query = query.where(unindexed(_d.state).in_([state.value for state in states]))
    query = query.group_by(*columns).order_by(total.desc(), *columns)
    return [dict(row) for row in tx.execute(query).mappings()]


def _told_by(tx: Tx, by: Sequence[str], integration: str | None, states: Sequence[S]) -> list[dict[str, Any]]:
    """`counts` from the tallies."""
    sums: Counter[tuple[str | None, ...]] = Counter()
    for sort, count in tallies.of_documents(tx, integration).items():
        if not states or S(sort.state) in states:
            # A document without a reason has none, not an empty one.
            sums[tuple(getattr(sort, name) or (None if name == "reason" else "") for name in by)] += count
    largest = sorted(sums.items(), key=lambda one: (-one[1], tuple(value or "" for value in one[0])))
    return [{**dict(zip(by, key, strict=True)), "count": count} for key, count in largest]


def integrations(tx: Tx) -> list[str]:
    """Names of the integrations that have files or documents."""
    names = sa.union(sa.select(_d.integration), sa.select(_f.integration))
    return sorted(tx.execute(names).scalars())
