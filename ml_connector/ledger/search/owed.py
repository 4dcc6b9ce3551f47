"""What we owe partners by a deadline: documents that have not left, and received orders that are not answered yet.

All of it is found by the due moment, which what is finished does not have: no question grows with the history.
"""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from ml_connector.documents.kinds import Direction, DocumentKind
from ml_connector.ledger.database.access import unindexed
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.search.document_summary import SUMMARY_COLUMNS, DocumentSummary, summary
from ml_connector.ledger.tables.documents import document
from ml_connector.ledger.work import tallies
from ml_connector.ledger.work.records import DOCUMENT_COLUMNS, DocumentRow, document_row
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.ledger.work.tallies import Sort

_d = document.c
#: What is to leave and has not: a later state's due moment is that of the partner's answer.
UNSENT = frozenset({S.READ, S.RESOLVED, S.RENDERED, S.SENDING, S.QUARANTINED, S.UNKNOWN_OUTCOME})
#: Nothing is owed for a received document any more.
GIVEN_UP = frozenset({S.DISCARDED, S.DUPLICATE, S.REJECTED})
#: Under which tallies are kept of what missed its deadline.
MISSED = "missed"
_KINDS = {DocumentKind.ORDER.value: DocumentKind.ORDER_ACKNOWLEDGMENT}


def _open() -> sa.ColumnElement[bool]:
    unsent = sa.and_(
        unindexed(_d.direction) == Direction.OUT.value, unindexed(_d.state).in_(sorted(one.value for one in UNSENT))
    )
    unanswered = sa.and_(
        unindexed(_d.direction) == Direction.IN.value, unindexed(_d.state).not_in(sorted(one.value for one in GIVEN_UP))
    )
    return sa.or_(unsent, unanswered)


def is_owed(row: DocumentSummary) -> bool:
    """Whether a document has a deadline of ours still before it, or behind it."""
    if row.due_at is None:
        return False
    return row.state in UNSENT if row.direction is Direction.OUT else row.state not in GIVEN_UP


def owed(tx: Tx, until: datetime, integration: str | None = None, *, limit: int = 500) -> list[DocumentSummary]:
    """What is due by a moment and not done, the earliest first."""
    query = sa.select(*SUMMARY_COLUMNS).where(_d.due_at <= until, _open())
    if integration is not None:
        query = query.where(unindexed(_d.integration) == integration)
    return [summary(row) for row in tx.execute(query.order_by(_d.due_at).limit(limit))]


def past(tx: Tx, integration: str, at: datetime, *, limit: int = 500) -> list[DocumentRow]:
    """Documents with a due moment that has passed, but for what left and is not answered; the earliest first."""
    query = sa.select(*DOCUMENT_COLUMNS).where(
        _d.due_at <= at, unindexed(_d.integration) == integration, unindexed(_d.state) != S.SENT.value
    )
    return [document_row(row) for row in tx.execute(query.order_by(_d.due_at).limit(limit))]


def owed_kind(kind: DocumentKind) -> DocumentKind:
    """What is owed where a document of a kind has the deadline: a received order has that of its acknowledgment."""
    return _KINDS.get(kind.value, kind)


class Missed(NamedTuple):
    """How many documents of a kind left to a partner after their deadline, in a month (YYYY-MM, UTC)."""

    month: str
    kind: str
    partner: str
    number: int


def note_missed(tx: Tx, row: DocumentRow, at: datetime) -> dict[str, str]:
    """Count a document that leaves now, where it does so after its deadline; what its event tells then."""
    if row.due_at is None or row.state not in UNSENT or row.due_at >= at:
        return {}
    month, partner = f"{at:%Y-%m}", row.partner[:60]
    tallies.note(tx, MISSED, {Sort(row.integration, row.direction, month, row.flow, row.kind, partner): 1})
    return {"deadline_missed": row.due_at.isoformat()}


def missed(tx: Tx, integration: str | None) -> list[Missed]:
    """What missed its deadline and has left since, the newest month first."""
    found = tallies.of_subject(tx, MISSED, integration)
    told = [Missed(sort.state, sort.kind, sort.reason, count) for sort, count in found.items()]
    return sorted(told, key=lambda one: (one.month, one.kind, one.partner), reverse=True)
