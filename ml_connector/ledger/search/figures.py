"""Figures for those who watch: how old what waits is, how long posting took, what is left of limits."""

from datetime import timedelta

import sqlalchemy as sa

from ml_connector.ledger.coordination.rate_budgets import Budget
from ml_connector.ledger.database.store import Tx, now
from ml_connector.ledger.tables.documents import budget, document, event
from ml_connector.ledger.work.states import WAITING, DocumentState
from ml_connector.ledger.work.transitions import chunks

_d, _e, _b = document.c, event.c, budget.c
#: Posted documents whose time is added up.
MOST = 100_000


def oldest_waiting(tx: Tx) -> dict[str, float]:
    """Seconds since what has waited longest came to wait, by state; states in which nothing waits are left out."""
    at = now(tx)
    ages: dict[str, float] = {}
    for state in sorted(WAITING):
        oldest = tx.execute(sa.select(sa.func.min(_d.updated_at)).where(_d.state == state.value)).scalar_one()
        if oldest is not None:
            ages[state.value] = max(0.0, (at - oldest).total_seconds())
    return ages


def seconds_to_post(tx: Tx, within: timedelta) -> tuple[float, int]:
    """Of documents that were posted in this time: seconds from their first row to that, added up; and how many."""
    # The moment first, by its index, and then when they came: joined, the planner may walk through all documents.
    query = sa.select(_e.document_id, _e.at).where(
        _e.at >= now(tx) - within, _e.state == DocumentState.POSTED.value, _e.action == "posted"
    )
    posted = {key: at for key, at in tx.execute(query.order_by(_e.at.desc()).limit(MOST))}  # noqa: C416 - rows
    seconds: list[float] = []
    for part in chunks(sorted(posted)):
        came = tx.execute(sa.select(_d.id, _d.created_at).where(_d.id.in_(part)))
        seconds += [(posted[key] - at).total_seconds() for key, at in came]
    return sum(seconds), len(seconds)


#: A limit of which so small a part is left is nearly used up.
NEARLY = 0.2


def nearly_used_up(tx: Tx) -> list[tuple[str, Budget]]:
    """Limits of which at most a fifth is left until they begin anew, the least of it first."""
    at = now(tx)
    low = [(name, one) for name, one in windows(tx) if one.resets_at > at and one.remaining <= one.limit * NEARLY]
    return sorted(low, key=lambda found: (found[1].remaining / max(found[1].limit, 1), found[0]))


def windows(tx: Tx) -> list[tuple[str, Budget]]:
    """Limits as the other systems told them last, by name."""
    query = sa.select(_b.name, _b.limit_value, _b.remaining, _b.resets_at).where(_b.limit_value.is_not(None))
    return [
        (row[0], Budget(row[1], row[2], row[3])) for row in tx.execute(query.order_by(_b.name)) if row[2] is not None
    ]
