"""What waits for somebody, with its money and its age: by reason and partner. Nothing here grows with what is done."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa

from ml_connector.documents.kinds import Direction, DocumentKind
from ml_connector.ledger.database.access import unindexed
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.tables.documents import document, event
from ml_connector.ledger.work.states import STANDING, DocumentState
from ml_connector.ledger.work.transitions import chunks

_d = document.c
_e = event.c
#: Documents whose money and age are added up: the newest. There may be more.
MOST = 5_000
#: Events that are looked at to tell what moved.
MOST_EVENTS = 50_000


@dataclass
class WaitingGroup:
    """Documents of one partner that wait for one reason. oldest: since when the first of them waits.

    again: when the first of them is looked at again without anybody's doing; None where a person must act.
    """

    integration: str
    flow: str
    kind: DocumentKind
    direction: Direction
    state: DocumentState
    reason: str
    partner: str
    count: int = 0
    oldest: datetime | None = None
    again: datetime | None = None
    money: dict[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Waiting:
    """The groups, the largest first. more: there are more than were added up."""

    groups: Sequence[WaitingGroup]
    more: bool


def waiting(tx: Tx, integrations: Sequence[str] | None = None, *, limit: int = MOST) -> Waiting:
    """What stands wrong or waits, of these integrations or of all."""
    columns = (
        _d.integration,
        _d.flow,
        _d.kind,
        _d.direction,
        _d.state,
        _d.reason,
        _d.partner,
        _d.currency,
        _d.amount,
        _d.updated_at,
        _d.next_attempt_at,
    )
    left = limit + 1
    groups: dict[tuple[str, ...], WaitingGroup] = {}
    more = False
    for state in STANDING:
        # A state at a time, by its index: all of them together are no walk.
        query = sa.select(*columns).where(_d.state == state.value)
        if integrations is not None:
            query = query.where(_d.integration.in_(integrations))
        for row in tx.execute(query.limit(left)):
            left -= 1
            if not left:
                more = True
                break
            key = (row.integration, row.flow, row.kind, row.state, row.reason or "", row.partner)
            group = groups.get(key)
            if group is None:
                group = groups[key] = WaitingGroup(
                    row.integration,
                    row.flow,
                    DocumentKind(row.kind),
                    Direction(row.direction),
                    state,
                    row.reason or state.value,
                    row.partner,
                )
            group.count += 1
            group.oldest = min(group.oldest or row.updated_at, row.updated_at)
            if row.next_attempt_at is not None:
                group.again = min(group.again or row.next_attempt_at, row.next_attempt_at)
            if row.amount is not None:
                currency = row.currency or ""
                group.money[currency] = group.money.get(currency, Decimal(0)) + row.amount
        if more:
            break
    return Waiting(sorted(groups.values(), key=lambda one: (-one.count, one.integration, one.partner)), more)


def moved_since(tx: Tx, since: datetime, integrations: Sequence[str] | None = None) -> dict[tuple[str, str, str], int]:
    """How many documents came to a state since a moment, by integration, flow and state: the newest events tell."""
    # The moment first, by its index, and then whose they are: joined, the planner may walk through all documents.
    came = sa.select(_e.document_id, _e.state).where(_e.at >= since).order_by(_e.at.desc()).limit(MOST_EVENTS)
    states = set(tx.execute(came).tuples())
    whose: dict[int, tuple[str, str]] = {}
    for part in chunks(sorted({key for key, _ in states})):
        query = sa.select(_d.id, _d.integration, _d.flow).where(_d.id.in_(part))
        if integrations is not None:
            query = query.where(unindexed(_d.integration).in_(integrations))
        whose.update({key: (integration, flow) for key, integration, flow in tx.execute(query)})
    return dict(Counter((*whose[key], state) for key, state in states if key in whose))


#: What "just now" means on the home page.
LATELY = timedelta(hours=1)
