"""Everything known of an order, across documents, in time order."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ml_connector.ledger.database.access import unindexed
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.search.document_summary import SUMMARY_COLUMNS, DocumentSummary, summary
from ml_connector.ledger.tables.documents import document, envelope_group, file, operation
from ml_connector.ledger.work import events
from ml_connector.ledger.work.operation_rows import StoredOperation
from ml_connector.ledger.work.operations import of_documents

_d = document.c


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """One thing that happened. what: the event's action, or what was done with a file or at another system."""

    at: datetime
    document_id: int | None
    kind: str
    direction: str
    number: str
    partner: str
    what: str
    state: str
    actor: str
    run_id: str
    asset: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything known of a number: its documents, their writes to other systems, all in time order."""

    number: str
    documents: list[DocumentSummary]
    operations: list[StoredOperation]
    entries: list[TraceEntry] = field(default_factory=list)


def trace(tx: Tx, number: str, *, integration: str | None = None, company: str | None = None) -> Trace:
    """Everything known of an order (or invoice, or shipment): across documents, with their events in time order.

    Documents of that number or for that order, those that repeat, revise or answer them, the 997s of their groups, and
    those that their events name: what paid them.
    """
    ids = _related(tx, number.strip(), integration, company)
    ids = sorted({*ids, *_named(tx, ids, integration, company)})
    found = [
        summary(row)
        for start in range(0, len(ids), 500)
        for row in tx.execute(sa.select(*SUMMARY_COLUMNS).where(_d.id.in_(ids[start : start + 500])).order_by(_d.id))
    ]
    writes = of_documents(tx, ids)
    entries = _document_entries(tx, found) + _file_entries(tx, found) + _write_entries(tx, found, ids)
    return Trace(number, found, writes, sorted(entries, key=lambda entry: (entry.at, entry.document_id or 0)))


def _related(tx: Tx, number: str, integration: str | None, company: str | None) -> list[int]:
    spellings = list(dict.fromkeys((number, number.upper(), number.lower())))
    ids: set[int] = set()
    for column in (_d.number, _d.order_number):
        query = sa.select(_d.id).where(column.in_(spellings))
        if integration is not None:
            query = query.where(unindexed(_d.integration) == integration)
        if company is not None:
            query = query.where(unindexed(_d.company) == company)
        ids.update(tx.execute(query).scalars())
    if not ids:
        return []
    direct = sorted(ids)
    for start in range(0, len(direct), 500):
        part = direct[start : start + 500]
        ids.update(tx.execute(sa.select(_d.id).where(_d.parent_id.in_(part))).scalars())
        ids.update(tx.execute(sa.select(_d.parent_id).where(_d.id.in_(part), _d.parent_id.is_not(None))).scalars())
        answers = (
            sa.select(envelope_group.c.answer_document_id)
            .join(document, _d.group_id == envelope_group.c.id)
            .where(_d.id.in_(part), envelope_group.c.answer_document_id.is_not(None))
        )
        ids.update(tx.execute(answers).scalars())
    return sorted(ids)


def _named(tx: Tx, ids: Sequence[int], integration: str | None, company: str | None) -> list[int]:
    """Documents that events of these name as another `document`, such as a payment of several invoices."""
    told = {row.data.get("document") for history in events.histories(tx, list(ids)).values() for row in history}
    wanted = sorted(one for one in told if isinstance(one, int) and one not in ids)
    query = sa.select(_d.id).where(_d.id.in_(wanted[:500]))
    if integration is not None:
        query = query.where(unindexed(_d.integration) == integration)
    if company is not None:
        query = query.where(unindexed(_d.company) == company)
    return list(tx.execute(query).scalars()) if wanted else []


def _document_entries(tx: Tx, found: Sequence[DocumentSummary]) -> list[TraceEntry]:
    by_id = {one.id: one for one in found}
    entries: list[TraceEntry] = []
    for key, history in events.histories(tx, list(by_id)).items():
        one = by_id[key]
        for row in history:
            entries.append(_entry(one, row.at, row.action, row.state, row.actor, row.run_id, row.asset, row.data))
    return entries


def _entry(
    one: DocumentSummary,
    at: datetime,
    what: str,
    state: str,
    actor: str,
    run_id: str,
    asset: str,
    detail: dict[str, Any],
) -> TraceEntry:
    return TraceEntry(
        at,
        one.id,
        one.kind.value,
        one.direction.value,
        one.number,
        one.partner,
        what,
        state,
        actor,
        run_id,
        asset,
        detail,
    )


def _file_entries(tx: Tx, found: Sequence[DocumentSummary]) -> list[TraceEntry]:
    ids = sorted({one.file_id for one in found if one.file_id is not None})
    entries: list[TraceEntry] = []
    for start in range(0, len(ids), 500):
        f = file.c
        query = sa.select(
            f.id, f.created_at, f.direction, f.name, f.partner, f.state, f.channel, f.sha256, f.size, f.detail
        ).where(f.id.in_(ids[start : start + 500]))
        for row in tx.execute(query):
            detail = {"file": row.id, "channel": row.channel, "sha256": row.sha256, "size": row.size}
            what = "file received" if row.direction == "in" else "file rendered"
            told = [(row.created_at, what)]
            if acknowledged := (row.detail or {}).get("acknowledged"):
                told.append((datetime.fromisoformat(acknowledged), "file acknowledged"))
            entries += [
                TraceEntry(
                    at, None, "file", row.direction, row.name, row.partner or "", what, row.state, "", "", "", detail
                )
                for at, what in told
            ]
    return entries


def _write_entries(tx: Tx, found: Sequence[DocumentSummary], ids: Sequence[int]) -> list[TraceEntry]:
    by_id = {one.id: one for one in found}
    entries: list[TraceEntry] = []
    o = operation.c
    for start in range(0, len(ids), 500):
        query = sa.select(
            o.document_id,
            o.kind,
            o.target,
            o.key,
            o.state,
            o.attempts,
            o.last_attempt_at,
            o.finished_at,
            o.outside_id,
            o.outcome,
        ).where(o.document_id.in_(ids[start : start + 500]), o.attempts > 0)
        for row in tx.execute(query):
            at = row.finished_at or row.last_attempt_at
            detail = {
                "target": row.target,
                "key": row.key,
                "attempts": row.attempts,
                "outside_id": row.outside_id or "",
                "outcome": row.outcome or {},
            }
            entries.append(_entry(by_id[row.document_id], at, f"write {row.kind}", row.state, "", "", "", detail))
    return entries
