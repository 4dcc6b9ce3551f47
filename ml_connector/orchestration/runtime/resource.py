"""The one resource: the deployment behind the configuration file, and this run's leases.

It holds the path of the configuration, no secret and no address: Dagster shows and stores resource fields.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field, PrivateAttr

from ml_connector import stopping
from ml_connector.errors import TryAgain, WeAreWrong
from ml_connector.flows.core.integration import Integration, StepReport, StopSignal
from ml_connector.orchestration.runtime.names import channel_lease, worker_lease

if TYPE_CHECKING:
    from ml_connector.composition import Deployment
    from ml_connector.flows.concurrent import SideBySide
    from ml_connector.ledger.coordination.leases import Lease
    from ml_connector.orchestration.runtime.ledger_metrics import Before

log = logging.getLogger(__name__)

RESOURCE = "connector"


def _say_stopped(instance: dg.DagsterInstance, run_id: str) -> None:
    """A run that ends because it was asked to is canceled, not failed: Dagster goes by whether that is told before."""
    run = instance.get_run_by_id(run_id)
    if run is not None and run.status is dg.DagsterRunStatus.STARTED:
        instance.report_run_canceling(run, message="Stopped as asked by a signal to its process.")


class LeaseStop(StopSignal):
    """Set when any of a run's leases is lost: another worker may have its documents by then."""

    def __init__(self) -> None:
        super().__init__()
        self.leases: list[Lease] = []

    def is_set(self) -> bool:
        return super().is_set() or any(lease.lost.is_set() for lease in self.leases)


class ConnectorResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Opens the deployment for a run or a sensor tick and closes it after.

    In a run it also takes the lease `worker:<run id>` with its heartbeat: claims are made in its name, and when the
    process dies they are free again in seconds.
    """

    config_path: str = Field(description="connections.yaml of this deployment")

    _deployment: Any = PrivateAttr(default=None)
    _worker: Any = PrivateAttr(default=None)
    _channels: dict[str, Any] = PrivateAttr(default_factory=dict)
    _integrations: dict[str, Integration] = PrivateAttr(default_factory=dict)
    _reports: dict[str, list[StepReport]] = PrivateAttr(default_factory=dict)
    _beside: Any = PrivateAttr(default=None)
    _before: Any = PrivateAttr(default=None)
    _stop: LeaseStop = PrivateAttr(default_factory=LeaseStop)
    _lock: Any = PrivateAttr(default_factory=threading.RLock)

    @contextmanager
    def opened(self) -> Iterator["Deployment"]:
        """The deployment; tests override this."""
        from pathlib import Path

        from ml_connector.composition import Deployment

        with Deployment.open(Path(self.config_path)) as deployment:
            yield deployment

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["ConnectorResource"]:
        run_id = context.run.run_id if context.run is not None else ""
        with stopping.listening() if run_id else nullcontext(), self.opened() as self._deployment:
            try:
                if run_id:
                    with stopping.undisturbed():
                        self._take_worker_lease(run_id)
                yield self
                if run_id and not self._stop.is_set():
                    with stopping.undisturbed():
                        self._keep_up()
            finally:
                with stopping.undisturbed():
                    self._give_up()
                    if run_id and stopping.asked() and context.instance is not None:
                        _say_stopped(context.instance, run_id)

    def _take_worker_lease(self, run_id: str) -> None:
        from ml_connector.ledger.coordination.leases import Lease

        lease = Lease(self.deployment.ledger, worker_lease(run_id), run_id=run_id)
        if not lease.acquire():
            raise TryAgain(f"Another process works on run {run_id}.", after_seconds=lease.ttl)
        self._stop.leases.append(lease)
        self._worker = lease

    def _keep_up(self) -> None:
        """The ledger's upkeep. What a busy ledger does not allow now, the next run does."""
        from ml_connector.ledger.audit.upkeep import upkeep

        try:
            upkeep(self.deployment.ledger)
        except TryAgain as error:
            log.warning("the ledger's upkeep waits for the next run: %s", error)

    def _give_up(self) -> None:
        """End what still runs, then release the leases, this worker's last; what it has claimed is free with it."""
        if self._beside is not None:
            self._beside.close()
        self._beside = self._before = None
        for lease in (*self._channels.values(), self._worker):
            if lease is not None:
                lease.release()
        self._channels = {}
        self._worker = None
        self._deployment = None

    @property
    def deployment(self) -> "Deployment":
        if self._deployment is None:
            raise WeAreWrong("The connector resource is used outside of a run or tick.")
        deployment: Deployment = self._deployment
        return deployment

    @property
    def stop(self) -> LeaseStop:
        return self._stop

    @property
    def holder(self) -> str:
        """The name documents are claimed by."""
        if self._worker is None:
            raise WeAreWrong("Only a run claims documents.")
        name: str = self._worker.name
        return name

    def integration(self, name: str) -> Integration:
        """An integration, made once a run."""
        with self._lock:
            if name not in self._integrations:
                self._integrations[name] = self.deployment.integration(name)
            return self._integrations[name]

    def take_channel(self, integration: str, direction: str, run_id: str, *, wait_seconds: float) -> bool:
        """Make sure that this run is the only one on a direction of an integration; False when another one is."""
        from ml_connector.ledger.coordination.leases import Lease

        name = channel_lease(integration, direction)
        with self._lock:
            if name in self._channels:
                return True
            lease = Lease(self.deployment.ledger, name, run_id=run_id)
            if not lease.acquire(blocking=wait_seconds > 0, timeout=wait_seconds):
                return False
            self._channels[name] = lease
            self._stop.leases.append(lease)
            return True

    def side_by_side(self, start: "Callable[[], SideBySide]") -> "SideBySide":
        """The steps that go side by side in this run, started by the first op that asks."""
        with self._lock:
            if self._beside is None:
                self.before()
                self._beside = start()
            beside: SideBySide = self._beside
            return beside

    def before(self) -> "Before":
        """What the ledger held when this run began to work."""
        from ml_connector.orchestration.runtime.ledger_metrics import before_a_run

        with self._lock:
            if self._before is None:
                with self.deployment.ledger.read() as tx:
                    self._before = before_a_run(tx)
            before: Before = self._before
            return before

    def note(self, asset: str, report: StepReport) -> None:
        """Keep a step's report until the asset's last step tells it (steps of a run share this process)."""
        with self._lock:
            self._reports.setdefault(asset, []).append(report)

    def reports(self, asset: str) -> list[StepReport]:
        return list(self._reports.get(asset, ()))

    def drop_reports(self, asset: str, step: str) -> None:
        """Forget what an earlier attempt of a step had reported: a retry reports anew."""
        with self._lock:
            kept = [report for report in self._reports.get(asset, ()) if report.step != step]
            self._reports[asset] = kept
