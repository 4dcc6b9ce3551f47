"""What is due by its schedule, for whoever works without Dagster's daemon: `ml-connector sync` from a cron line.

The same cron lines and the same calendar as the daemon's schedules. When something was done last stands in the
ledger, so that command line and daemon do nothing twice beside each other.
"""

from collections.abc import Sequence
from datetime import datetime

from dagster._utils.schedules import reverse_cron_string_iterator

from ml_connector.clock import CLOCK_DOUBT, age
from ml_connector.composition import Deployment
from ml_connector.config.integrations import ProcurementCalendar
from ml_connector.errors import ConnectorError
from ml_connector.flows.core import cut_offs
from ml_connector.flows.core.integration import Integration
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import snapshots

STANDING, PRUNE = "standing", "prune"
#: Holidays one after the other that are looked back over.
MOST_HOLIDAYS = 60


def last_tick(crons: Sequence[str], zone: str, at: datetime) -> datetime:
    """The newest moment up to `at` that one of these cron lines names."""
    return max(next(reverse_cron_string_iterator(at.timestamp(), cron, zone)) for cron in crons)


def _name(job: str) -> str:
    return f"schedule:{job}:done"


def note_done(ledger: Ledger, job: str) -> None:
    """A scheduled job has done its work just now."""
    with ledger.write() as tx:
        cursors.put(tx, _name(job), ledger.clock.now().isoformat())


def job_is_due(deployment: Deployment, job: str, cron: str) -> bool:
    """Whether a scheduled job was not done since its cron line named it last."""
    now = deployment.clock.now()
    with deployment.ledger.read() as tx:
        done = cursors.get(tx, _name(job))
    return done is None or _is_before(datetime.fromisoformat(done), last_tick([cron], "UTC", now), now)


def _is_before(noted: datetime, tick: datetime, now: datetime) -> bool:
    """Also of a moment that a clock wrote that ran ahead: to wait for it would be silence for as long."""
    return age(noted, now) > now - tick


def reference_is_due(deployment: Deployment, connection: str) -> bool:
    """Whether one of an ERP's tables was not read since the schedule named it last, or never."""
    try:
        company = deployment.erp(connection).company
    except ConnectorError:
        return True  # the run tells why
    with deployment.ledger.read() as tx:
        known = [snapshots.info(tx, connection, company, table) for table in deployment.erp(connection).tables]
    now = deployment.clock.now()
    tick = last_tick([deployment.loaded.settings.orchestration.reference_cron], "UTC", now)
    return not known or any(one is None or _is_before(one.checked_at, tick, now) for one in known)


def cut_off_is_due(integration: Integration, flow: str, calendar: ProcurementCalendar) -> bool:
    """Whether a cut-off has come since the flow read last; before its first read the next one is waited for."""
    served, now = cut_offs.served(integration, flow), integration.clock.now()
    if served is None:
        cut_offs.note_waiting(integration, flow)
        return False
    if datetime.fromisoformat(served) > now + CLOCK_DOUBT:
        # Which cut-off was served by a clock that ran ahead, nobody can tell: the next one is waited for.
        cut_offs.note_served(integration, flow)
        return False
    at = now
    for _ in range(MOST_HOLIDAYS):
        at = last_tick(calendar.crons, calendar.time_zone, at)
        if at <= datetime.fromisoformat(served):
            return False
        if not calendar.is_holiday(at):
            return True
        at = datetime.fromtimestamp(at.timestamp() - 1, now.tzinfo)
    return False
