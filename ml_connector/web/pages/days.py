"""Days: what came and left on one, whether it adds up, and a replay of all of it."""

from datetime import date, timedelta

from starlette.responses import Response

from ml_connector.ledger.search.totals import control_totals, counts
from ml_connector.web.access.people import Role
from ml_connector.web.frame.asking import Asked, PageError, not_there, to
from ml_connector.web.frame.dagster_links import of_day
from ml_connector.web.pages.acts import too_much, why_of
from ml_connector.web.pages.listing import integration_of

#: Days of the list.
SHOWN = 31


def days(asked: Asked) -> Response:
    """GET /days: the last days of an integration."""
    integration = integration_of(asked, asked.query("integration", 80))
    today = asked.deployment.clock.now().date()
    first = today - timedelta(days=SHOWN - 1)
    with asked.deployment.ledger.read() as tx:
        found = counts(tx, ["integration", "partition_date", "state"], integration=integration, partition_from=first)
    by_day: dict[tuple[date, str], dict[str, int]] = {}
    for row in found:
        of_day = by_day.setdefault((row["partition_date"], row["integration"]), {})
        of_day[str(row["state"])] = row["count"]
    return asked.page(
        "days.html",
        title="Days",
        rows=sorted(by_day.items(), reverse=True),
        integrations=asked.person.sees(asked.pages.integrations),
        integration=integration,
        shown=SHOWN,
    )


def day(asked: Asked) -> Response:
    """GET /days/{integration}/{day}."""
    integration, when = _named(asked, Role.VIEWER)
    with asked.deployment.ledger.read() as tx:
        totals = control_totals(tx, integration, when)
    errands = [one for one in asked.pages.errands.of_integration(integration) if one.title.endswith(f" {when}")]
    return asked.page(
        "day.html",
        title=f"{integration} on {when}",
        integration=integration,
        day=when,
        totals=totals,
        errands=errands[:3],
        refresh=2 if any(one.under_way for one in errands) else 0,
        may_replay=asked.person.may(Role.CLERK, integration) and integration in asked.pages.integrations,
        dagster=of_day(asked.dagster, when),
    )


def replay(asked: Asked) -> Response:
    """POST /days/{integration}/{day}/replay: as materializing the day's partition in Dagster does."""
    integration, when = _named(asked, Role.CLERK)
    if integration not in asked.pages.integrations:
        raise PageError(409, "That is not possible", "The configuration does not have this integration any more.")
    why = why_of(asked)
    work = {
        "kind": "day",
        "integration": integration,
        "day": when.isoformat(),
        "who": asked.person.actor,
        "why": why,
    }
    errand = asked.pages.errands.begin(f"Replay of {when}", work, integration=integration, who=asked.person.name)
    if errand is None:
        raise too_much()
    return to(f"/days/{integration}/{when}")


def _named(asked: Asked, role: Role) -> tuple[str, date]:
    integration = str(asked.request.path_params["integration"])
    asked.needs(role, integration)
    try:
        return integration, date.fromisoformat(str(asked.request.path_params["day"]))
    except ValueError as error:
        raise not_there() from error
