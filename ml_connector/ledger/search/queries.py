"""Finding documents: lists with filters, search, what stands wrong; and from beside it traces and totals."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ml_connector.ledger.database.access import unindexed
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.search.document_summary import SUMMARY_COLUMNS, DocumentSummary, summary
from ml_connector.ledger.search.listing import Count, DocumentFilter, ListingPage, count_documents, list_documents
from ml_connector.ledger.search.totals import control_totals, counts
from ml_connector.ledger.search.traces import Trace, TraceEntry, trace
from ml_connector.ledger.tables.documents import document
from ml_connector.ledger.work.states import STANDING, DocumentState

__all__ = [
    "Count",
    "DocumentFilter",
    "DocumentSummary",
    "ListingPage",
    "StandingGroup",
    "Trace",
    "TraceEntry",
    "control_totals",
    "count_documents",
    "counts",
    "list_documents",
    "overdue",
    "search",
    "standing",
    "trace",
]

_d = document.c


def search(tx: Tx, text: str, *, limit: int = 50) -> list[DocumentSummary]:
    """Documents by what a person has in hand, newest first.

    A number (order, invoice, shipment) or its beginning, a partner, an amount (1234.50 or 1234,50), or the id that
    the other side gave to something we wrote. Numbers are found in capitals and small letters alike where they are
    written uniformly.
    """
    wanted = text.strip()
    return list_documents(tx, DocumentFilter(text=wanted), limit=limit).rows if wanted else []


@dataclass(frozen=True, slots=True)
class StandingGroup:
    """Documents that stand wrong for one reason. samples: newest first, {"id", "partner", "number", "message"}."""

    integration: str
    flow: str
    state: DocumentState
    reason: str
    count: int
    samples: list[dict[str, Any]]


def standing(tx: Tx, integration: str | None = None, *, samples: int = 10) -> list[StandingGroup]:
    """What waits for somebody, grouped by flow, state and reason; the largest group first."""
    names = [state.value for state in STANDING]
    where = [_d.state.in_(names)] + ([_d.integration == integration] if integration is not None else [])
    place = sa.func.row_number().over(
        partition_by=(_d.integration, _d.flow, _d.state, _d.reason), order_by=_d.id.desc()
    )
    total = sa.func.count().over(partition_by=(_d.integration, _d.flow, _d.state, _d.reason))
    inner = (
        sa.select(
            _d.integration,
            _d.flow,
            _d.state,
            _d.reason,
            _d.id,
            _d.partner,
            _d.number,
            _d.reason_detail,
            place.label("place"),
            total.label("total"),
        )
        .where(*where)
        .subquery()
    )
    groups: dict[tuple[str, str, str, str], StandingGroup] = {}
    for row in tx.execute(sa.select(inner).where(inner.c.place <= max(1, samples)).order_by(inner.c.id.desc())):
        key = (row.integration, row.flow, row.state, row.reason or row.state)
        group = groups.get(key)
        if group is None:
            group = groups[key] = StandingGroup(
                row.integration, row.flow, DocumentState(row.state), key[3], row.total, []
            )
        if len(group.samples) < samples:
            message = (row.reason_detail or {}).get("message", "")
            group.samples.append({"id": row.id, "partner": row.partner, "number": row.number, "message": message})
    return sorted(groups.values(), key=lambda group: -group.count)


def overdue(tx: Tx, integration: str | None = None, *, limit: int = 500) -> list[DocumentSummary]:
    """Documents whose answer is overdue: marked so already, or sent and past their due moment."""
    # By the due moment: the state alone leads through everything that was ever sent.
    late = sa.and_(_d.due_at <= now(tx), unindexed(_d.state) == DocumentState.SENT.value)
    marked = _d.state == DocumentState.OVERDUE.value
    found: dict[int, DocumentSummary] = {}
    for which, of in ((late, unindexed(_d.integration)), (marked, _d.integration)):
        query = sa.select(*SUMMARY_COLUMNS).where(which)
        if integration is not None:
            query = query.where(of == integration)
        for row in tx.execute(query.order_by(unindexed(_d.id)).limit(limit)):
            found[row.id] = summary(row)
    return [found[key] for key in sorted(found)][:limit]
