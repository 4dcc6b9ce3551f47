"""Figures from the ledger that Dagster shows: amounts, files, finished documents. Reads only."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from ml_connector.documents.common import DocumentKind
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.ledger.database.access import unindexed
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.tables.documents import document, event, file, operation
from ml_connector.ledger.work.states import FINISHED
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.ledger.work.transitions import chunks

#: Others' events that may lie over an integration's newest one; behind so many it counts as none.
EVENTS_LOOKED_AT = 2000
#: States whose money is told, and how it is called there: what stands at the other side, and what a person must mend.
MONEY_OF = {
    S.POSTED: "posted",
    S.SENT: "sent",
    S.ACKNOWLEDGED: "acknowledged",
    S.OVERDUE: "overdue",
    S.QUARANTINED: "held",
}


@dataclass(frozen=True)
class Figures:
    """Some documents: counts by state, money as numbers to plot, by what it is of and currency, and a few of them."""

    states: Counter[str]
    amounts: dict[tuple[str, str], float]
    rows: list[dict[str, Any]]

    @property
    def count(self) -> int:
        return sum(self.states.values())


def of_flow(tx: Tx, integration: str, flow: str, days: Sequence[date]) -> Figures:
    """A flow's documents of these days; money by what has become of them."""
    c = document.c
    wanted = [c.integration == integration, c.partition_date.in_(days), c.flow == flow]
    return _figures(tx, wanted, by_state=True)


def received(
    tx: Tx,
    integration: str,
    kinds: Sequence[DocumentKind],
    *,
    on: Sequence[date] = (),
    after_id: int | None = None,
    samples: int = 0,
) -> Figures:
    """Received documents of these kinds: of these days, or younger than a document's id."""
    c = document.c
    wanted = [c.integration == integration, c.direction == "in", c.kind.in_([kind.value for kind in kinds])]
    if on:
        wanted.append(c.partition_date.in_(on))
    if after_id is not None:
        wanted.append(c.id > after_id)
    return _figures(tx, wanted, samples=samples)


def files_of(tx: Tx, integration: str, days: Sequence[date]) -> int:
    """How many files were received on these days."""
    f = file.c
    query = sa.select(sa.func.count()).where(
        f.integration == integration, f.direction == "in", f.partition_date.in_(days)
    )
    return int(tx.execute(query).scalar_one())


def _figures(tx: Tx, wanted: Sequence[sa.ColumnElement[bool]], *, by_state: bool = False, samples: int = 0) -> Figures:
    """Counted and added up by the database: a day may hold any number of documents."""
    c = document.c
    # SQLite keeps amounts as text. Numbers for a plot may be floats; the exact amounts stay in the ledger.
    total = sa.func.sum(sa.cast(c.amount, sa.Float))
    states: Counter[str] = Counter()
    amounts: dict[tuple[str, str], float] = {}
    # Not in the order of the index of states: that is a walk through everything.
    grouped = (unindexed(c.state).label("state"), c.currency)
    query = sa.select(*grouped, sa.func.count(), total).where(*wanted).group_by(*grouped)
    for state, currency, count, money in tx.execute(query):
        states[state] += count
        of = MONEY_OF.get(S(state)) if by_state else "received"
        if money is not None and of is not None:
            amounts[of, currency or ""] = amounts.get((of, currency or ""), 0.0) + float(money)
    rows: list[dict[str, Any]] = []
    if samples:
        shown = sa.select(
            c.id.label("document_id"),
            c.file_id,
            c.partner,
            c.number,
            c.order_number,
            c.state,
            c.currency,
            c.amount,
            c.reason,
        )
        rows = [dict(row._mapping) for row in tx.execute(shown.where(*wanted).order_by(c.id).limit(samples))]
    return Figures(states, {name: round(value, 2) for name, value in amounts.items()}, rows)


def newest_event(tx: Tx, integration: str = "") -> int:
    """Id of the newest event, to tell afterwards what a run did.

    integration: of its documents alone, among the newest events of all; 0 when none of those is theirs.
    """
    newest = sa.select(event.c.id, event.c.document_id).order_by(event.c.id.desc())
    if not integration:
        return tx.execute(newest.limit(1).with_only_columns(event.c.id)).scalar_one_or_none() or 0
    # Mostly it is among the first few.
    for looked_at in (EVENTS_LOOKED_AT // 100, EVENTS_LOOKED_AT):
        rows = tx.execute(newest.limit(looked_at))
        documents_of: dict[int, int] = {row.id: row.document_id for row in rows}
        theirs: set[int] = set()
        for part in chunks(sorted(set(documents_of.values()))):
            query = sa.select(document.c.id).where(document.c.id.in_(part))
            theirs.update(tx.execute(query.where(unindexed(document.c.integration) == integration)).scalars())
        if theirs:
            return max(key for key, document_id in documents_of.items() if document_id in theirs)
    return 0


def moved_by_run(
    tx: Tx, run_id: str, asset: str, kinds: Sequence[DocumentKind], *, after_event: int, samples: int = 100
) -> tuple[Counter[str], list[dict[str, Any]]]:
    """Documents of these kinds that a run's asset moved: counts by the state they came to, and some of them."""
    c = document.c
    moved = [
        event.c.id > after_event,
        event.c.run_id == run_id,
        event.c.asset == asset,
        c.kind.in_([kind.value for kind in kinds]),
    ]
    counted = sa.select(event.c.state, sa.func.count()).join(document, c.id == event.c.document_id).where(*moved)
    counts: Counter[str] = Counter()
    for state, count in tx.execute(counted.group_by(event.c.state)):
        counts[state] = count
    shown = (
        sa.select(
            event.c.state, c.id.label("document_id"), c.partner, c.number, c.order_number, c.reason, c.partition_date
        )
        .join(document, c.id == event.c.document_id)
        .where(*moved)
        .order_by(event.c.id)
        .limit(samples)
    )
    rows = [{**row._mapping, "partition_date": row.partition_date.isoformat()} for row in tx.execute(shown)]
    return counts, rows


@dataclass(frozen=True)
class Before:
    """The newest document and event before a run did anything."""

    document: int
    event: int


def before_a_run(tx: Tx) -> Before:
    """Where the ledger stands, to tell afterwards what a run added."""
    return Before(newest_document(tx), newest_event(tx))


def newest_document(tx: Tx) -> int:
    """Id of the newest document, to tell afterwards which ones a run added."""
    return tx.execute(sa.select(sa.func.max(document.c.id))).scalar_one() or 0


def confirm_finished(integration: Integration, work: RunScope, flow: str) -> StepReport:
    """Replay of finished documents: counted, and their writes seen to be done; nothing is written."""
    report = StepReport("confirm")
    c = document.c
    # By day, number or partner: the states alone would be all that was ever done.
    states = [state.value for state in FINISHED]
    chosen = [c.integration == integration.name, c.flow == flow, unindexed(c.state).in_(states)]
    if work.partitions:
        chosen.append(c.partition_date.in_(work.partitions))
    if work.documents:
        chosen.append(c.id.in_(work.documents))
    if work.partners:
        chosen.append(c.partner.in_(work.partners))
    with integration.ledger.read() as tx:
        counts = tx.execute(
            sa.select(c.partition_date, c.state, sa.func.count()).where(*chosen).group_by(c.partition_date, c.state)
        ).all()
        undone = tx.execute(
            sa.select(sa.func.count(sa.distinct(c.id)))
            .join(operation, operation.c.document_id == c.id)
            .where(*chosen, unindexed(c.state) == S.POSTED.value, operation.c.state.not_in(["done", "void"]))
        ).scalar_one()
    for day, _, count in counts:
        report.counts["confirmed"] += count
        report.partitions.setdefault(day, Counter())["confirmed"] += count
    if undone:
        report.counts["posted_with_open_writes"] += undone
        report.notes.append(f"{undone} posted document(s) have open writes: run `ml-connector ledger verify`")
    return report
