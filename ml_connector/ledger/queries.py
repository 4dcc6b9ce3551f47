"""Finding documents: lists with filters, search, what stands wrong; and from beside it traces and totals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa

from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.ledger.states import EXPLAINED, STANDING, DocumentState
from ml_connector.ledger.store import Tx, now
from ml_connector.ledger.summaries import SUMMARY_COLUMNS, DocumentSummary, summary
from ml_connector.ledger.tables import document, operation
from ml_connector.ledger.totals import control_totals, counts
from ml_connector.ledger.traces import Trace, TraceEntry, trace

__all__ = [
    "DocumentFilter",
    "DocumentSummary",
    "Page",
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
#: Where most documents end.
COMMON = frozenset({DocumentState.POSTED, DocumentState.APPLIED, DocumentState.SENT, DocumentState.ACKNOWLEDGED})


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents to list; what is empty or None does not matter. Both days are included."""

    integration: str | None = None
    flows: Sequence[str] = ()
    states: Sequence[DocumentState] = ()
    kinds: Sequence[DocumentKind] = ()
    reasons: Sequence[str] = ()
    direction: Direction | None = None
    partner: str | None = None
    partition_from: date | None = None
    partition_to: date | None = None
    file_id: int | None = None
    ids: Sequence[int] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first; `next_before` continues the list, None at its end."""

    rows: list[DocumentSummary]
    next_before: int | None


def list_documents(tx: Tx, wanted: DocumentFilter, *, limit: int = 50, before: int | None = None) -> Page:
    """A page of documents, newest first."""
    query = sa.select(*SUMMARY_COLUMNS).where(*_conditions(tx, wanted))
    if before is not None:
        query = query.where(_d.id < before)
    rows = [summary(row) for row in tx.execute(query.order_by(_d.id.desc()).limit(limit + 1))]
    return Page(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


def count_documents(tx: Tx, wanted: DocumentFilter) -> int:
    """How many documents the filter lets through."""
    return tx.execute(sa.select(sa.func.count()).select_from(document).where(*_conditions(tx, wanted))).scalar_one()


def _conditions(tx: Tx, wanted: DocumentFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.integration is not None:
        found.append(_d.integration == wanted.integration)
    states = list(wanted.states) or (list(EXPLAINED) if wanted.reasons else [])
    if states:
        found.append(_state_column(tx, states).in_([state.value for state in states]))
    for column, values in (
        (_d.flow, wanted.flows),
        (_d.kind, [kind.value for kind in wanted.kinds]),
        (_d.reason, wanted.reasons),
        (_d.id, wanted.ids),
    ):
        if values:
            found.append(column.in_(values))
    if wanted.direction is not None:
        found.append(_d.direction == wanted.direction.value)
    if wanted.partner is not None:
        found.append(_d.partner == wanted.partner)
    if wanted.partition_from is not None:
        found.append(_d.partition_date >= wanted.partition_from)
    if wanted.partition_to is not None:
        found.append(_d.partition_date <= wanted.partition_to)
    if wanted.file_id is not None:
        found.append(_d.file_id == wanted.file_id)
    if wanted.text.strip():
        found.append(_d.id.in_(_matching(tx, wanted.text.strip())))
    return found


def _state_column(tx: Tx, states: Sequence[DocumentState]) -> sa.ColumnElement[str]:
    """SQLite, which knows no statistics, would sort millions of posted documents by id; PostgreSQL knows better."""
    if tx.dialect.name == "sqlite" and not COMMON.isdisjoint(states):
        return sa.literal_column("+document.state", sa.String())
    return _d.state


def search(tx: Tx, text: str, *, limit: int = 50) -> list[DocumentSummary]:
    """Documents by what a person has in hand, newest first.

    A number (order, invoice, shipment) or its beginning, a partner, an amount (1234.50 or 1234,50), or the id that
    the other side gave to something we wrote. Numbers are found in capitals and small letters alike where they are
    written uniformly.
    """
    wanted = text.strip()
    return list_documents(tx, DocumentFilter(text=wanted), limit=limit).rows if wanted else []


def _matching(tx: Tx, text: str) -> sa.CompoundSelect[Any]:
    """Ids of documents that the text names; every part of it is answered by an index."""
    spellings = list(dict.fromkeys((text, text.upper(), text.lower())))
    parts: list[sa.Select[Any]] = []
    for column in (_d.number, _d.order_number):
        parts += [sa.select(_d.id).where(_begins(tx, column, spelling)) for spelling in spellings]
    parts.append(sa.select(_d.id).where(_d.partner.in_(spellings)))
    amount = _amount(text)
    if amount is not None:
        parts.append(sa.select(_d.id).where(_d.amount == amount))
    outside = sa.select(operation.c.document_id).where(operation.c.outside_id.in_(spellings))
    return sa.union(*parts, outside)


def _begins(tx: Tx, column: sa.ColumnElement[str], text: str) -> sa.ColumnElement[bool]:
    """Begins with `text`: LIKE on PostgreSQL; a range on SQLite, whose LIKE would not use the index."""
    if tx.dialect.name == "postgresql":
        return column.startswith(text, autoescape=True)
    return sa.and_(column >= text, column < text + "\U0010ffff")


def _amount(text: str) -> Decimal | None:
    plain = text.replace("\u00a0", "").replace(" ", "")
    if "," in plain and "." in plain:
        last = max(plain.rfind(","), plain.rfind("."))
        plain = plain[:last].replace(",", "").replace(".", "") + "." + plain[last + 1 :]
    plain = plain.replace(",", ".")
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount.adjusted()) < 18 else None


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
    late = sa.and_(_d.due_at <= now(tx), _d.state == DocumentState.SENT.value)
    marked = _d.state == DocumentState.OVERDUE.value
    found: dict[int, DocumentSummary] = {}
    for which in (late, marked):
        query = sa.select(*SUMMARY_COLUMNS).where(which)
        if integration is not None:
            query = query.where(_d.integration == integration)
        for row in tx.execute(query.order_by(_d.id).limit(limit)):
            found[row.id] = summary(row)
    return [found[key] for key in sorted(found)][:limit]
