"""Ends Dagster runs whose process is dead: their worker lease has expired, while Dagster still calls them STARTED.

The work itself is free already (claims die with the lease); this frees the queue, the pools and the picture.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import dagster as dg

from ml_connector.flows.core.spec import DATA_OWNER
from ml_connector.ledger.coordination import leases
from ml_connector.ledger.database.store import Tx, now
from ml_connector.orchestration.runtime.names import worker_lease
from ml_connector.orchestration.runtime.resource import ConnectorResource

#: Tag of a run whose process died, whoever noticed it first.
REAPED = "ml_connector/killed"
#: A run without any lease (not taken yet, or given up already) is dead when it has said nothing for so long.
SILENT_SECONDS = 90.0
#: Expired leases of workers that are no Dagster runs go after so long.
FORGET_SECONDS = 3600.0
IN_PROGRESS = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


@dataclass(frozen=True)
class RunVerdict:
    """About one run in progress. suspect: its lease's last heartbeat, when that has run out."""

    dead: bool
    suspect: str = ""


def reaper_sensor(seconds: int, *, status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    """Looks every so many seconds for runs whose process was killed."""

    @dg.sensor(
        name="dead_run_sensor",
        target=None,
        minimum_interval_seconds=seconds,
        default_status=status,
        description="Ends runs whose process was killed: their lease has no heartbeat any more.",
        owners=[DATA_OWNER],
    )
    def sensor(context: dg.SensorEvaluationContext, connector: ConnectorResource) -> dg.SensorResult:
        seen = _read(context.cursor)
        ended, suspects = end_dead_runs(context.instance, connector, seen)
        forget_dead_workers(context.instance, connector)
        free_slots_of_ended_runs(context.instance, connector)
        reason = f"ended {', '.join(ended)}" if ended else f"{len(suspects)} run(s) under suspicion"
        return dg.SensorResult(
            skip_reason=reason if ended or suspects else "no dead run",
            cursor=json.dumps(suspects) if suspects else "{}",
        )

    return sensor


def was_killed(connector: ConnectorResource, run: dg.DagsterRun) -> bool:
    """Whether a failed run's process died: a run that ends by itself gives its lease up."""
    if REAPED in run.tags:
        return True
    with connector.deployment.ledger.read() as tx:
        return leases.get(tx, worker_lease(run.run_id)) is not None


def _read(cursor: str | None) -> dict[str, str]:
    try:
        found = json.loads(cursor or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def end_dead_runs(
    instance: dg.DagsterInstance, connector: ConnectorResource, seen: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """End the runs that are dead; ids of those, and the runs to look at again.

    A lease that has run out is only a suspicion the first time: it is the second look that finds the same last
    heartbeat (`seen`) that ends a run. So a moved clock or a slow heartbeat costs nobody's work.
    """
    ended: list[str] = []
    suspects: dict[str, str] = {}
    records = instance.get_run_records(dg.RunsFilter(statuses=IN_PROGRESS), limit=50)
    for record in records:
        run = record.dagster_run
        with connector.deployment.ledger.read() as tx:
            verdict = judge(tx, instance, record, seen.get(run.run_id, ""))
        if verdict.dead:
            _end(instance, connector, run)
            ended.append(run.run_id)
        elif verdict.suspect:
            suspects[run.run_id] = verdict.suspect
    return ended, suspects


def forget_dead_workers(instance: dg.DagsterInstance, connector: ConnectorResource) -> None:
    """Take away the leases of dead workers whose runs are over: Dagster itself notices some that were killed."""
    ledger = connector.deployment.ledger
    with ledger.read() as tx:
        dead = leases.expired(tx, worker_lease(""))
        long_ago = now(tx) - timedelta(seconds=FORGET_SECONDS)
    for lease in dead:
        if not lease.run_id:
            over = lease.expires_at < long_ago
        else:
            run = instance.get_run_by_id(lease.run_id)
            over = run is None or run.is_finished
            if run is not None and run.status is dg.DagsterRunStatus.FAILURE and REAPED not in run.tags:
                instance.add_run_tags(run.run_id, {REAPED: "true"})
        if over:
            with ledger.write() as tx:
                leases.forget(tx, lease)


def free_slots_of_ended_runs(instance: dg.DagsterInstance, connector: ConnectorResource) -> list[str]:
    """Give back the places in pools that runs left which are over; ids of those.

    The code server ends the run of a child that was killed, and leaves its places taken; Dagster itself frees them a
    minute or more later. A run whose worker still lives keeps them: it may be in the middle of a call.
    """
    events = instance.event_log_storage
    if not events.supports_global_concurrency_limits:
        return []
    holding = sorted({run_id for key in events.get_concurrency_keys() for run_id in _holders(instance, key)})
    freed: list[str] = []
    for run_id in holding:
        run = instance.get_run_by_id(run_id)
        with connector.deployment.ledger.read() as tx:
            lease = leases.get(tx, worker_lease(run_id))
            alive = lease is not None and lease.expires_at > now(tx)
        if (run is None or run.is_finished) and not alive:
            events.free_concurrency_slots_for_run(run_id)
            freed.append(run_id)
    return freed


def _holders(instance: dg.DagsterInstance, pool: str) -> set[str]:
    """The runs that have places in a pool, or wait for one."""
    info = instance.event_log_storage.get_concurrency_info(pool)
    return {one.run_id for one in info.claimed_slots} | {one.run_id for one in info.pending_steps}


def judge(tx: Tx, instance: dg.DagsterInstance, record: dg.RunRecord, seen: str) -> RunVerdict:
    """Alive, suspect or dead."""
    lease = leases.get(tx, worker_lease(record.dagster_run.run_id))
    if lease is None:
        return RunVerdict(dead=_silent(instance, record))
    if lease.expires_at > now(tx):
        return RunVerdict(dead=False)
    heartbeat = _text(lease.heartbeat_at)
    return RunVerdict(dead=heartbeat == seen, suspect=heartbeat)


def _text(moment: datetime) -> str:
    return moment.isoformat()


def _silent(instance: dg.DagsterInstance, record: dg.RunRecord) -> bool:
    if record.start_time is None or time.time() - record.start_time < SILENT_SECONDS:
        return False
    newest = instance.get_records_for_run(record.dagster_run.run_id, limit=1, ascending=False).records
    return not newest or time.time() - newest[0].timestamp > SILENT_SECONDS


def _end(instance: dg.DagsterInstance, connector: ConnectorResource, run: dg.DagsterRun) -> None:
    instance.add_run_tags(run.run_id, {REAPED: "true"})
    instance.report_run_failed(
        run, message="The run's process died: its worker lease has no heartbeat. Its documents are taken up again."
    )
    if instance.event_log_storage.supports_global_concurrency_limits:
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    with connector.deployment.ledger.write() as tx:
        lease = leases.get(tx, worker_lease(run.run_id))
        if lease is not None:
            leases.forget(tx, lease)
