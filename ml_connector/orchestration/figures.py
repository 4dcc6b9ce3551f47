"""Figures from the ledger that Dagster shows: amounts, files, finished documents. Reads only."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from ml_connector.documents.common import DocumentKind
from ml_connector.errors import WeAreWrong
from ml_connector.flows.context import Integration, StepReport, Work
from ml_connector.ledger import files
from ml_connector.ledger.states import FINISHED
from ml_connector.ledger.states import DocumentState as S
from ml_connector.ledger.store import Tx
from ml_connector.ledger.tables import document, event, file, operation

#: Finished, and something stands at the other side.
WRITTEN = (S.POSTED, S.SENT, S.ACKNOWLEDGED, S.OVERDUE)


@dataclass(frozen=True)
class PartitionFigures:
    """What a flow's documents of some days are now: counts by state, money of the finished ones by currency."""

    states: Counter[str]
    amounts: dict[str, Decimal]


def of_partitions(tx: Tx, integration: str, flow: str, days: Sequence[date]) -> PartitionFigures:
    """Counts by state and amounts of a flow's documents of these days."""
    c = document.c
    query = (
        sa.select(c.state, c.currency, c.amount)
        .where(c.integration == integration, c.partition_date.in_(days), c.flow == flow)
        .order_by(c.id)
    )
    states: Counter[str] = Counter()
    amounts: dict[str, Decimal] = {}
    written = {state.value for state in WRITTEN}
    for state, currency, amount in tx.execute(query):
        states[state] += 1
        if state in written and amount is not None:
            amounts[currency or ""] = amounts.get(currency or "", Decimal(0)) + amount
    return PartitionFigures(states, amounts)


@dataclass(frozen=True)
class Received:
    """Received documents of some kinds."""

    count: int
    states: Counter[str]
    amounts: dict[str, Decimal]
    rows: list[dict[str, Any]]


def received(
    tx: Tx,
    integration: str,
    kinds: Sequence[DocumentKind],
    *,
    on: Sequence[date] = (),
    after_id: int | None = None,
    samples: int = 100,
) -> Received:
    """Received documents of these kinds: of these days, or younger than a document's id."""
    c = document.c
    wanted = [c.integration == integration, c.direction == "in", c.kind.in_([kind.value for kind in kinds])]
    if on:
        wanted.append(c.partition_date.in_(on))
    if after_id is not None:
        wanted.append(c.id > after_id)
    states: Counter[str] = Counter()
    amounts: dict[str, Decimal] = {}
    rows: list[dict[str, Any]] = []
    query = sa.select(c.partner, c.number, c.order_number, c.state, c.currency, c.amount, c.reason).where(*wanted)
    for row in tx.execute(query.order_by(c.id)):
        states[row.state] += 1
        if row.amount is not None:
            amounts[row.currency or ""] = amounts.get(row.currency or "", Decimal(0)) + row.amount
        if len(rows) < samples:
            rows.append(dict(row._mapping))
    return Received(sum(states.values()), states, amounts, rows)


def newest_event(tx: Tx) -> int:
    """Id of the newest event, to tell afterwards what a run did."""
    return tx.execute(sa.select(sa.func.max(event.c.id))).scalar_one() or 0


def moved_by_run(
    tx: Tx, run_id: str, kinds: Sequence[DocumentKind], *, after_event: int, samples: int = 100
) -> tuple[Counter[str], list[dict[str, Any]]]:
    """Documents of these kinds that a run moved: counts by the state they came to, and some of them."""
    c = document.c
    query = (
        sa.select(event.c.state, c.partner, c.number, c.order_number, c.reason, c.partition_date)
        .join(document, c.id == event.c.document_id)
        .where(event.c.id > after_event, event.c.run_id == run_id, c.kind.in_([kind.value for kind in kinds]))
        .order_by(event.c.id)
    )
    counts: Counter[str] = Counter()
    rows: list[dict[str, Any]] = []
    for row in tx.execute(query):
        counts[row.state] += 1
        if len(rows) < samples:
            rows.append({**row._mapping, "partition_date": row.partition_date.isoformat()})
    return counts, rows


def newest_document(tx: Tx) -> int:
    """Id of the newest document, to tell afterwards which ones a run added."""
    return tx.execute(sa.select(sa.func.max(document.c.id))).scalar_one() or 0


def file_rows(
    tx: Tx, integration: str, *, after_id: int = 0, days: Sequence[date] = (), limit: int = 100
) -> list[dict[str, Any]]:
    """Received files with their hashes, for a table."""
    c = file.c
    query = sa.select(c.name, c.partner, c.size, c.sha256, c.state, c.channel)
    query = query.where(c.integration == integration, c.direction == "in", c.id > after_id)
    if days:
        query = query.where(c.partition_date.in_(days))
    return [dict(row._mapping) for row in tx.execute(query.order_by(c.id).limit(limit))]


def confirm_files(integration: Integration, work: Work) -> StepReport:
    """Replay of received files: the kept bytes of the partition's files still have their hashes. Reads no folder.

    Raises:
        WeAreWrong: kept bytes do not have the hash they were received with.
    """
    report = StepReport("confirm files")
    after = 0
    damaged: list[str] = []
    while not work.stopped():
        with integration.ledger.read() as tx:
            rows = _files_of(tx, integration.name, work, after)
            for row in rows:
                if row.pruned_at is not None:
                    report.add("pruned", row.partition_date)
                    continue
                intact = _has_its_hash(tx, row)
                report.add("confirmed" if intact else "damaged", row.partition_date)
                if not intact:
                    damaged.append(f"{row.name[:80]} (file {row.id})")
        if not rows:
            break
        after = rows[-1].id
    if damaged:
        raise WeAreWrong(
            f"The kept bytes of {len(damaged)} file(s) do not have their hash: {', '.join(damaged[:5])}.",
            mend="Run `ml-connector ledger verify`; restore the ledger's database from its backup.",
        )
    return report


def _files_of(tx: Tx, integration: str, work: Work, after: int) -> list[files.FileRow]:
    states = ("stored", "parsed", "repeated", "rejected", "incomplete")
    return files.in_state(tx, integration, "in", states, partitions=work.partitions, after_id=after, limit=50)


def _has_its_hash(tx: Tx, row: files.FileRow) -> bool:
    digest = sha256()
    for part in files.stream_blob(tx, row.sha256):
        digest.update(part)
    return digest.hexdigest() == row.sha256


def confirm_finished(integration: Integration, work: Work, flow: str) -> StepReport:
    """Replay of finished documents: counted, and their writes seen to be done; nothing is written."""
    report = StepReport("confirm")
    c = document.c
    chosen = [c.integration == integration.name, c.flow == flow, c.state.in_([state.value for state in FINISHED])]
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
            .where(*chosen, c.state == S.POSTED.value, operation.c.state.not_in(["done", "void"]))
        ).scalar_one()
    for day, _, count in counts:
        report.counts["confirmed"] += count
        report.partitions.setdefault(day, Counter())["confirmed"] += count
    if undone:
        report.counts["posted_with_open_writes"] += undone
        report.notes.append(f"{undone} posted document(s) have open writes: run `ml-connector ledger verify`")
    return report
