"""The home page: what waits and whose move it is; what comes near or ends; what the last hour moved. With links."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import Response

from ml_connector.config.partners import Partner
from ml_connector.flows.monitoring import silent
from ml_connector.ledger.coordination import alerts
from ml_connector.ledger.coordination.rate_budgets import Budget
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.search import figures, owed
from ml_connector.ledger.search.waiting import LATELY, WaitingGroup, moved_since, waiting
from ml_connector.operating.calendar import endings
from ml_connector.operating.whose_move import whose_move
from ml_connector.web.access.people import Role
from ml_connector.web.frame.asking import Asked

#: Deadlines that are near, in hours; and so many rows of each list.
NEAR_HOURS, SHOWN = 48, 50


@dataclass(frozen=True)
class Near:
    """What a partner wants to have from us soon."""

    document: int
    partner: str
    number: str
    what: str
    due_at: datetime
    past: bool


def home(asked: Asked) -> Response:
    """GET /."""
    deployment = asked.deployment
    everywhere = asked.person.may_everywhere(Role.VIEWER)
    mine = None if everywhere else asked.person.sees(deployment.integration_names)
    now = deployment.clock.now()
    with deployment.ledger.read() as tx:
        found = waiting(tx, mine)
        # Each integration by itself: those of others must not take the places of what this person may see.
        until = now + timedelta(hours=NEAR_HOURS)
        due = [one for name in ([None] if mine is None else mine) for one in owed.owed(tx, until, name, limit=SHOWN)]
        moved = moved_since(tx, now - LATELY, mine)
        open_alerts = alerts.open_alerts(tx)
        quiet = _silent(asked, tx)
        limits = _limits(asked, tx)
    near = [
        Near(row.id, row.partner, row.number, str(owed.owed_kind(row.kind)), row.due_at, past=row.due_at <= now)
        for row in sorted(due, key=lambda row: row.due_at or now)
        if row.due_at is not None
    ][:SHOWN]
    ends = [one for one in endings(deployment) if may_see_connection(asked, one.connection)]
    return asked.page(
        "home.html",
        title="Home",
        now=now,
        groups=[(group, whose_move(group)) for group in found.groups[:SHOWN]],
        left_out=max(0, len(found.groups) - SHOWN),
        more=found.more,
        moves=_by_move(found.groups),
        near=near,
        near_hours=NEAR_HOURS,
        quiet=quiet,
        ends=ends,
        limits=limits,
        alerts=[one for one in open_alerts if _may_see_alert(asked, one.cause)][:SHOWN],
        moved=sorted(moved.items()),
    )


def _by_move(groups: Sequence[WaitingGroup]) -> list[tuple[str, int]]:
    counted: Counter[str] = Counter()
    for group in groups:
        counted[whose_move(group)] += group.count
    return counted.most_common()


def _silent(asked: Asked, tx: Tx) -> list[tuple[str, Partner, datetime]]:
    """Integration, partner, and when something came of it last."""
    found = asked.deployment.loaded.found
    return [
        (integration, partner, last)
        for integration in asked.person.sees(asked.pages.integrations)
        for partner, last in silent(tx, integration, found[integration].partners.values())
    ]


def _limits(asked: Asked, tx: Tx) -> list[tuple[str, str, Budget]]:
    """Connection, name and what is left of limits that are nearly used up."""
    low = figures.nearly_used_up(tx)
    return [
        (connection, name, left)
        for connection in asked.deployment.loaded.settings.connections
        if may_see_connection(asked, connection)
        for name, left in low
        if name.startswith((f"{connection}:", f"{connection}/"))
    ]


def may_see_connection(asked: Asked, connection: str) -> bool:
    """Whether somebody may see an integration that uses a connection."""
    using = [
        name
        for name, one in asked.deployment.loaded.settings.integrations.items()
        if connection in (one.erp, one.network)
    ]
    return asked.person.may_everywhere(Role.VIEWER) or bool(asked.person.sees(using))


def _may_see_alert(asked: Asked, cause: str) -> bool:
    """Causes begin with the integration, or the connection, that they are about."""
    about = cause.partition("/")[0]
    if about in asked.deployment.loaded.settings.integrations:
        return asked.person.may(Role.VIEWER, about)
    return may_see_connection(asked, about)
