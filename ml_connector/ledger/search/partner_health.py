"""How it goes with a partner, told by its newest documents: how many went through at once, how long answers took."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

import sqlalchemy as sa

from ml_connector.ledger.database.access import unindexed
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.tables.documents import document, event
from ml_connector.ledger.work.states import DocumentState as S

_d, _e = document.c, event.c
#: So many of its newest documents tell.
LOOKED_AT = 400
#: What a document that goes through at once never comes to.
_TROUBLE = (S.QUARANTINED.value, S.REJECTED.value, S.UNKNOWN_OUTCOME.value)


@dataclass
class KindHealth:
    """One kind of document in one direction. answers: seconds from sent to answered, of those that were."""

    kind: str
    direction: str
    count: int = 0
    at_once: int = 0
    first: datetime | None = None
    last: datetime | None = None
    answers: list[float] = field(default_factory=list)

    @property
    def share(self) -> int:
        """Of a hundred, how many went through at once."""
        return round(100 * self.at_once / self.count) if self.count else 0

    @property
    def median_answer(self) -> float | None:
        """Seconds, of the answer in the middle."""
        return median(self.answers) if self.answers else None


def health(tx: Tx, integration: str, partner: str) -> Sequence[KindHealth]:
    """By kind and direction, of the newest documents of a partner."""
    query = (
        sa.select(_d.id, _d.kind, _d.direction, _d.created_at)
        .where(_d.partner == partner, unindexed(_d.integration) == integration)
        .order_by(_d.id.desc())
        .limit(LOOKED_AT)
    )
    rows = tx.execute(query).all()
    troubled, sent, answered = _events(tx, [row.id for row in rows])
    found: dict[tuple[str, str], KindHealth] = {}
    for row in rows:
        one = found.setdefault((row.kind, row.direction), KindHealth(row.kind, row.direction))
        one.count += 1
        one.at_once += row.id not in troubled
        one.last = one.last or row.created_at
        one.first = row.created_at
        if row.id in sent and row.id in answered:
            one.answers.append((answered[row.id] - sent[row.id]).total_seconds())
    return [found[key] for key in sorted(found)]


def _events(tx: Tx, ids: Sequence[int]) -> tuple[set[int], dict[int, datetime], dict[int, datetime]]:
    """Documents that were in trouble; when each was sent first, and when it was answered first."""
    troubled: set[int] = set()
    sent: dict[int, datetime] = {}
    answered: dict[int, datetime] = {}
    for start in range(0, len(ids), 200):
        query = sa.select(_e.document_id, _e.state, _e.at).where(_e.document_id.in_(ids[start : start + 200]))
        for key, state, at in tx.execute(query.order_by(_e.document_id, _e.seq)):
            if state in _TROUBLE:
                troubled.add(key)
            elif state == S.SENT.value:
                sent.setdefault(key, at)
            elif state in {S.ACKNOWLEDGED.value, S.REFUSED.value}:
                answered.setdefault(key, at)
    return troubled, sent, answered
