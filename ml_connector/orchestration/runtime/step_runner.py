"""Runs one step of a flow inside an op: this run's identity in, the report out, errors as Dagster understands them.

Permanent failures are told to both of Dagster's retry systems (the op's and the run's). What the other side asks us
to try again later ends the step with a note instead of a failed run: the sensor comes back by itself.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

import dagster as dg

from ml_connector import stopping
from ml_connector.clock import CLOCK_DOUBT
from ml_connector.errors import ConnectorError, Stopped, TryAgain
from ml_connector.flows.concurrent import SideBySide
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.orchestration.runtime.partitions import days
from ml_connector.orchestration.runtime.resource import ConnectorResource
from ml_connector.orchestration.runtime.run_settings import RunSettings

log = logging.getLogger(__name__)

#: Unexpected errors (a lost connection to the ledger ...) are tried again in place.
RETRY = dg.RetryPolicy(max_retries=2, delay=3, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)

#: The run is not tried again as a whole: the sensor asks again when there is work.
NO_RUN_RETRY = {"dagster/retry_on_asset_or_op_failure": "false"}

#: A wait up to this is spent in place; a longer one ends the step.
WAIT_IN_PLACE_SECONDS = 10.0
#: Without a word from the other side the sensor rests so long; never longer than the second.
REST_SECONDS = 30.0
LONGEST_REST_SECONDS = 120.0
#: A replay waits so long for another run of its channel; what a sensor asked for does not wait at all.
CHANNEL_WAIT_SECONDS = 300.0

FlowStep = Callable[[Integration, RunScope], StepReport]
#: Starts what runs side by side; see `together`.
Beside = Callable[[dg.AssetExecutionContext, ConnectorResource, RunSettings], SideBySide]


@dataclass(frozen=True)
class StepPlace:
    """Where a step runs: the integration, its direction, the asset that is told."""

    integration: str
    direction: str
    asset: dg.AssetKey

    @property
    def asset_name(self) -> str:
        return self.asset.to_user_string()


@dataclass(frozen=True)
class StepRun:
    """One step as an op runs it. beside: starts the steps of a live run that go side by side."""

    context: dg.AssetExecutionContext
    connector: ConnectorResource
    settings: RunSettings
    place: StepPlace
    name: str
    step: FlowStep
    beside: Beside | None = None

    @property
    def is_live(self) -> bool:
        """Whether its steps may go side by side."""
        return self.settings.mode == "new" and not self.settings.dry_run and self.context.retry_number == 0

    def carry_out(self) -> StepReport | None:
        """Run the step, or wait for it where it runs beside others. None when another run works on this channel: then
        nothing was done.

        Raises:
            dg.Failure: a person must act, the run lost its lease, or it was asked to stop; not to be retried.
            dg.RetryRequested: the other side asked for a short wait.
        """
        # Dagster raises a signal wherever the main thread is, and takes that for a failed step which is tried again.
        with stopping.undisturbed():
            try:
                return self._carried_out()
            except ConnectorError as error:
                fail(self.context, Stopped() if stopping.asked() else error)

    def _carried_out(self) -> StepReport | None:
        stopping.check()
        place, connector = self.place, self.connector
        try:
            if not self._has_channel():
                told = f"{place.integration} {place.direction}: another run is at it; it takes what waits"
                self.context.log.info(told)
                return None
            connector.drop_reports(place.asset_name, self.name)
            report = self._report()
        except TryAgain as error:
            stopping.check()
            report = self._postponed(error)
        report.step = self.name
        connector.note(place.asset_name, report)
        stopping.check()
        if connector.stop.is_set():
            raise TryAgain("The run lost its lease; what it had is taken up by the next run.")
        return report

    def _report(self) -> StepReport:
        beside, connector = self.beside, self.connector
        if beside is not None and self.is_live:
            running = connector.side_by_side(lambda: beside(self.context, connector, self.settings))
            if self.name in running:
                return running.result(self.name)
        work = work_of(self.context, connector, self.settings, self.place)
        return self.step(connector.integration(self.place.integration), work)

    def _has_channel(self) -> bool:
        if self.settings.dry_run:
            return True
        place, replay = self.place, self.settings.mode == "replay"
        wait = CHANNEL_WAIT_SECONDS if replay else 0.0
        run = self.context.run.run_id
        taken = self.connector.take_channel(place.integration, place.direction, run, wait_seconds=wait)
        if not taken and replay:
            raise ConnectorError(
                f"Another run has worked on {place.integration} {place.direction} for more than {wait:.0f} seconds.",
                remedy="Start the replay again when it has ended.",
            )
        return taken

    def _postponed(self, error: TryAgain) -> StepReport:
        wait = error.after_seconds or REST_SECONDS
        if wait <= WAIT_IN_PLACE_SECONDS and self.context.retry_number < RETRY.max_retries:
            raise dg.RetryRequested(max_retries=RETRY.max_retries, seconds_to_wait=wait) from error
        if self.settings.mode == "replay":
            fail(self.context, error)
        self.context.log.warning(f"{self.name}: {error}")
        try:
            rest_until(self.connector, self.place, timedelta(seconds=min(wait, LONGEST_REST_SECONDS)))
        except TryAgain as away:
            # The ledger may be what is away; the sensor finds that out by itself.
            self.context.log.warning(f"{self.name}: the pause is not written down: {away}")
        report = StepReport(self.name)
        report.counts["postponed"] += 1
        report.notes.append(str(error))
        return report


def work_of(
    context: dg.AssetExecutionContext, connector: ConnectorResource, settings: RunSettings, place: StepPlace
) -> RunScope:
    """This run's identity and limits. A replay is limited to its partitions, unless documents are named."""
    replay = settings.mode == "replay"
    partitions = days(context.partition_keys) if replay and not settings.documents else ()
    return RunScope(
        holder=connector.holder,
        actor=settings.actor,
        run_id=context.run.run_id,
        asset=place.asset_name,
        partitions=partitions,
        documents=tuple(settings.documents),
        partners=tuple(settings.partners),
        replay=replay,
        dry_run=settings.dry_run,
        stop=connector.stop,
    )


def fail(context: dg.AssetExecutionContext | dg.OpExecutionContext, error: ConnectorError) -> NoReturn:
    """End the run: nothing that a retry could mend."""
    context.instance.add_run_tags(context.run.run_id, NO_RUN_RETRY)
    metadata = {"kind": type(error).__name__, "mend": error.remedy or "see the description"}
    raise dg.Failure(description=str(error), metadata=metadata, allow_retries=False) from error


def rest_name(integration: str, direction: str) -> str:
    """Of the cursor that says until when a channel rests."""
    return f"{integration}:{direction}:rest_until"


def rest_until(connector: ConnectorResource, place: StepPlace, wait: timedelta) -> None:
    """Ask the sensor not to come back before: the other side wants a pause."""
    from ml_connector.ledger.coordination import cursors

    deployment = connector.deployment
    with deployment.ledger.write() as tx:
        until = deployment.clock.now() + wait
        cursors.put(tx, rest_name(place.integration, place.direction), until.isoformat())


def resting(connector: ConnectorResource, integration: str, direction: str) -> datetime | None:
    """Until when the sensor leaves this channel alone; None when it may go on."""
    from ml_connector.ledger.coordination import cursors

    deployment = connector.deployment
    with deployment.ledger.read() as tx:
        stored = cursors.get(tx, rest_name(integration, direction))
    if not stored:
        return None
    until = datetime.fromisoformat(stored)
    now = deployment.clock.now()
    if until > now + timedelta(seconds=LONGEST_REST_SECONDS) + CLOCK_DOUBT:
        text = "the pause of %s %s until %s was set by a clock that ran ahead; it is ignored"
        log.warning(text, integration, direction, until)
        return None
    return until if until > now else None
