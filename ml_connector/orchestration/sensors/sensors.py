"""Sensors: they look, decide and ask for a run; the run does the work.

Whether a channel is busy is told by its lease, not by a Dagster run's status: a killed run stays STARTED.
"""

import time
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg

from ml_connector.errors import ConnectorError
from ml_connector.flows.core.cut_offs import note_waiting
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.spec import INBOUND, OUTBOUND, PURCHASING_OWNER, Direction
from ml_connector.flows.names.changed_settings import take_up_changes
from ml_connector.orchestration.jobs.dead_runs import was_killed
from ml_connector.orchestration.jobs.jobs import LIVE_PRIORITY, document_keys
from ml_connector.orchestration.runtime.integration_context import Scene
from ml_connector.orchestration.runtime.ledger_metrics import newest_event
from ml_connector.orchestration.runtime.names import job_name
from ml_connector.orchestration.runtime.partitions import newest_key
from ml_connector.orchestration.runtime.resource import ConnectorResource
from ml_connector.orchestration.runtime.run_settings import run_config
from ml_connector.orchestration.runtime.step_runner import resting
from ml_connector.orchestration.sensors import pending_work
from ml_connector.orchestration.sensors.sensor_backoff import Asked

Tick = dg.SensorResult | dg.SkipReason

#: A run that was asked for and has not begun.
NOT_BEGUN = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING]
FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
#: After a failed run the next one waits: so long, twice as long after each further failure, up to the second.
FIRST_PAUSE_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 600.0


_LOOKS_FOR: dict[Direction, str] = {
    INBOUND: "New files in the partners' folders, or documents that can go on.",
    OUTBOUND: "Webhook notices, orders that changed in the ERP (polled), or documents that can go on.",
}


def document_sensor(scene: Scene, direction: Direction, *, status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    """Asks for a direction's job when there is work for it."""
    job = job_name(scene.name, direction)
    look = _inbound_tick if direction == INBOUND else _outbound_tick

    @dg.sensor(
        name=f"{job}_sensor",
        job_name=job,
        minimum_interval_seconds=scene.settings.sensor_seconds,
        default_status=status,
        description=_LOOKS_FOR[direction],
        owners=[PURCHASING_OWNER],
    )
    def sensor(context: dg.SensorEvaluationContext, connector: ConnectorResource) -> Tick:
        return _tick(
            context, connector, scene, direction, lambda integration: look(context, connector, scene, integration)
        )

    return sensor


def calendar_schedule(scene: Scene, flow: str, *, status: dg.DefaultScheduleStatus) -> dg.ScheduleDefinition:
    """The outbound job at a flow's cut-off times of business days. Only what was begun is finished at other times, also
    of other flows that have a calendar of their own.
    """
    job, calendar = job_name(scene.name, OUTBOUND), scene.calendars[flow]
    selection = _outside_cut_offs(scene, scene.calendars.keys() - {flow})

    @dg.schedule(
        name=f"{scene.name}_{flow}_calendar",
        job_name=job,
        cron_schedule=calendar.crons,
        execution_timezone=calendar.time_zone,
        default_status=status,
        description=f"What waits of {flow} leaves at the cut-off times of business days.",
        owners=[PURCHASING_OWNER],
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if calendar.is_holiday(context.scheduled_execution_time):
            return dg.SkipReason(f"{context.scheduled_execution_time:%Y-%m-%d} is a holiday of the calendar")
        return _request(scene, OUTBOUND, ["cut-off time"], selection)

    return schedule


def _tick(
    context: dg.SensorEvaluationContext,
    connector: ConnectorResource,
    scene: Scene,
    direction: str,
    decide: Callable[[Integration], Tick],
) -> Tick:
    """The questions that come before looking for work; a system out of reach skips the tick and keeps the cursor."""
    job = job_name(scene.name, direction)
    try:
        with connector.deployment.ledger.read() as tx:
            busy = pending_work.channel_busy(tx, scene.name, direction)
        if busy:
            return dg.SkipReason(f"run {busy} is at it; it takes what waits")
        asked = context.instance.get_runs(dg.RunsFilter(job_name=job, statuses=NOT_BEGUN), limit=1)
        if asked:
            return dg.SkipReason(f"run {asked[0].run_id} was asked for and has not begun")
        until = resting(connector, scene.name, direction)
        if until is not None:
            return dg.SkipReason(f"the other side asked for a pause until {until:%H:%M:%S} UTC")
        pause = _pause_after_failures(context.instance, connector, job)
        if pause > 0:
            return dg.SkipReason(f"the last run failed; the next one in {pause:.0f} s")
        integration = connector.integration(scene.name)
        take_up_changes(integration)
        return decide(integration)
    except ConnectorError as error:
        return dg.SkipReason(f"{scene.name} {direction}: {error}"[:500])


def _pause_after_failures(instance: dg.DagsterInstance, connector: ConnectorResource, job: str) -> float:
    """Seconds still to wait after the last runs failed; runs that were killed do not count: their work is taken up."""
    records = instance.get_run_records(dg.RunsFilter(job_name=job, statuses=FINISHED), limit=8)
    failed = 0
    for record in records:
        run = record.dagster_run
        if run.status is not dg.DagsterRunStatus.FAILURE or was_killed(connector, run):
            break
        if record.start_time is None:  # died before it began: a short pause, in case nothing can begin at all
            failed = max(failed, 1)
            break
        failed += 1
    if not failed or records[0].end_time is None:
        return 0.0
    pause: float = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (failed - 1))
    return max(0.0, float(records[0].end_time) + pause - time.time())


def _inbound_tick(
    context: dg.SensorEvaluationContext, connector: ConnectorResource, scene: Scene, integration: Integration
) -> Tick:
    erp_closed = _must_authorize(connector, scene.settings.erp)
    asked, now = Asked.of(context.cursor), integration.clock.now()
    resting = asked.away_pause(now)
    work = pending_work.inbound_work(integration, erp_usable=not erp_closed, resting=resting)
    if not resting:
        asked = asked.tried(now, away=work.away)
    closed = "; ".join(part for part in (erp_closed, work.unreachable, work.closed) if part)
    leave_out: set[dg.AssetKey] = set()
    for flow in scene.flows.running(INBOUND):
        if work.unreachable:
            leave_out |= {scene.key(name) for name in flow.assets_at("network")}
        if erp_closed and flow.waits_for_erp:
            leave_out |= {scene.key(asset.name) for asset in flow.shown}
    selection = [key for key in document_keys(scene, INBOUND) if key not in leave_out] if leave_out else None
    return _answer(scene, INBOUND, integration, work, closed, asked, selection)


def _outbound_tick(
    context: dg.SensorEvaluationContext, connector: ConnectorResource, scene: Scene, integration: Integration
) -> Tick:
    closed = _must_authorize(connector, scene.settings.erp)
    asked = Asked.of(context.cursor)
    flows = scene.flows.running(OUTBOUND)
    waiting = [flow for flow in flows if flow.name in scene.calendars]
    for flow in waiting:
        note_waiting(integration, flow.name)
    free = [flow for flow in flows if flow not in waiting]
    now = integration.clock.now()
    every = timedelta(seconds=min((scene.settings.flows.named(flow.name).looks_every for flow in free), default=0))
    look = bool(free) and not closed and asked.poll_is_due(now, every)
    work = pending_work.outbound_work(integration, look=look, erp_usable=not closed, flows=free, begun=waiting)
    if look and not work.unreachable:
        asked = asked.polled(now)
    selection = _outside_cut_offs(scene, scene.calendars)
    return _answer(scene, OUTBOUND, integration, work, closed or work.unreachable, asked, selection)


def _outside_cut_offs(scene: Scene, waiting: Collection[str]) -> list[dg.AssetKey] | None:
    """What the outbound job makes while these flows wait for a cut-off; None for all."""
    return [scene.key(name) for name in scene.flows.between_cut_offs(OUTBOUND, waiting)] if waiting else None


def _answer(
    scene: Scene,
    direction: str,
    integration: Integration,
    work: pending_work.PendingWork,
    closed: str,
    asked: Asked,
    selection: Sequence[dg.AssetKey] | None,
) -> dg.SensorResult:
    """A run for what waits, unless the same was asked for again and again and nothing moved."""
    if not work:
        return dg.SensorResult(skip_reason=closed or "nothing waits", cursor=asked.cursor())
    now = integration.clock.now()
    with integration.ledger.read() as tx:
        event = newest_event(tx, integration.name)
    pause = asked.pause(work.reasons, event, now)
    if pause > 0:
        reason = f"{'; '.join(work.reasons)}: runs bring it no further, the next one in {pause:.0f} s"
        return dg.SensorResult(skip_reason=reason, cursor=asked.cursor())
    asked = asked.again(work.reasons, event, now)
    return dg.SensorResult(run_requests=[_request(scene, direction, work.reasons, selection)], cursor=asked.cursor())


def _must_authorize(connector: ConnectorResource, connection: str) -> str:
    """Why a connection cannot be used before a person has acted; empty when it can. Makes no call."""
    from ml_connector.credentials.expiry import Health, expiry_report

    deployment = connector.deployment
    for report in expiry_report(deployment.ledger):
        if report.connection != connection or report.health is not Health.ACT:
            continue
        if report.access_expires_at is None or report.access_expires_at <= deployment.clock.now():
            return f"{connection} {report.message}: {report.remedy}"
    return ""


def _request(
    scene: Scene, direction: str, reasons: Sequence[str], selection: Sequence[dg.AssetKey] | None
) -> dg.RunRequest:
    tags: dict[str, Any] = {
        **LIVE_PRIORITY,
        "ml_connector/channel": f"{scene.name}:{direction}",
        "ml_connector/why": "; ".join(reasons)[:200],
    }
    return dg.RunRequest(
        partition_key=newest_key(scene.partitions),
        run_config=run_config("new", actor="sensor"),
        asset_selection=list(selection) if selection is not None else None,
        tags=tags,
    )
