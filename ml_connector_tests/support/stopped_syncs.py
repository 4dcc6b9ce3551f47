"""`ml-connector sync` as a process of its own that is asked to stop, and what it leaves behind."""

import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import dagster as dg
import sqlalchemy as sa

from ml_connector.composition import Deployment
from ml_connector.ledger.coordination import leases
from ml_connector.ledger.tables.documents import document, file, operation
from ml_connector_tests.support.deployment import ROOT, Bench
from ml_connector_tests.support.forked import Forked


class Sync:
    """One run of the command."""

    def __init__(self, bench: Bench, *arguments: str) -> None:
        environment = {**os.environ, **bench.environment, "DAGSTER_HOME": str(home_of(bench))}
        self._said = Path(tempfile.mkdtemp(prefix="said-", dir=bench.home)) / "said"
        self.process = Forked(
            "ml_connector.cli:main",
            ["sync", "exact_cleo", *arguments],
            environment=environment,
            folder=ROOT,
            output=self._said,
        )

    def ask(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def ended(self, seconds: float = 120) -> tuple[int, str]:
        """Its exit code and everything it said."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"it did not end: {self._said.read_text()[-2000:]}") from None
        return code, self._said.read_text()


def home_of(bench: Bench) -> Path:
    return bench.home / "dagster"


@contextmanager
def syncing(bench: Bench, *arguments: str) -> Iterator[Sync]:
    running = Sync(bench, *arguments)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            os.killpg(running.process.pid, signal.SIGKILL)
            running.process.wait()


def until(condition: Callable[[], object], what: str, running: Sync) -> None:
    """Poll a condition while the command works."""
    end = time.monotonic() + 120
    while not condition():
        assert running.process.poll() is None, f"ended before {what}: {running.ended()}"
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.02)


def fetched(deployment: Deployment) -> int:
    """Files whose bytes are kept."""
    with deployment.ledger.read() as tx:
        query = sa.select(sa.func.count()).select_from(file).where(file.c.direction == "in")
        return int(tx.execute(query).scalar_one())


def operations_by_state(deployment: Deployment) -> Counter[str]:
    with deployment.ledger.read() as tx:
        query = sa.select(operation.c.state, sa.func.count()).group_by(operation.c.state)
        return Counter({str(state): count for state, count in tx.execute(query)})


def in_doubt(deployment: Deployment) -> int:
    """Operations that were begun and whose outcome is not known."""
    states = operations_by_state(deployment)
    return states["in_flight"] + states["unknown"]


def states_of(deployment: Deployment, flow: str) -> Counter[str]:
    with deployment.ledger.read() as tx:
        query = sa.select(document.c.state, sa.func.count()).where(document.c.flow == flow).group_by(document.c.state)
        return Counter({str(state): count for state, count in tx.execute(query)})


def resting(deployment: Deployment, since: datetime) -> int:
    """Documents that are not to be looked at before some moment after this one."""
    with deployment.ledger.read() as tx:
        query = sa.select(sa.func.count()).select_from(document).where(document.c.next_attempt_at > since)
        return int(tx.execute(query).scalar_one())


def leases_held(deployment: Deployment) -> list[str]:
    with deployment.ledger.read() as tx:
        return [one.name for one in leases.held(tx)]


def statuses(bench: Bench, job: str) -> list[str]:
    """What Dagster calls the runs of a job, the newest first."""
    before = os.environ.get("DAGSTER_HOME")
    os.environ["DAGSTER_HOME"] = str(home_of(bench))
    try:
        with dg.DagsterInstance.get() as instance:
            return [run.status.value for run in instance.get_runs(dg.RunsFilter(job_name=job))]
    finally:
        os.environ.pop("DAGSTER_HOME") if before is None else os.environ.update(DAGSTER_HOME=before)
