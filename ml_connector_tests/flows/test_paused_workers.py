"""A worker that is stopped in the middle of its calls and continued when another one has its work: nothing twice."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from ml_connector.errors import TryAgain
from ml_connector.flows import monitoring, pipeline
from ml_connector.flows.core import copies
from ml_connector.flows.core.integration import RunScope
from ml_connector.flows.invoices_in.bills import BILLS
from ml_connector.flows.posting.posting import post
from ml_connector.ledger.audit.verify import verify
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.work.events import history
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.support.deployment import INTEGRATION, ROOT
from ml_connector_tests.support.forked import Forked
from ml_connector_tests.support.proxies import frozen_at_will
from ml_connector_tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

QUICK = {"settle_seconds": 1.5, "longest_call_seconds": 1.5}
INVOICES = 24


@contextmanager
def coded(home: Path, url: str, calls: int = 4) -> Iterator[Scene]:
    """Invoices that wait for nothing but being posted, over an Exact that answers slowly. calls: made at once."""
    changes = {"connections": {"exact_nl": {**QUICK, "concurrency": calls}}, "ledger": {"patience_seconds": 2}}
    with scene(home, ledger_url=url, changes=changes) as stage:
        stage.invoice(stage.orders(INVOICES))
        pipeline.run(stage.integration, stage.work, pipeline.INBOUND[:7])
        assert Counter(row.state for row in stage.documents("invoices_in")) == {"coded": INVOICES}
        stage.sandbox.latency.seconds = 0.1
        yield stage


@contextmanager
def other_worker(stage: Scene, **environment: str) -> Iterator[Forked]:
    """Worker A, a process of its own; it ends by itself when nothing is left."""
    stop_file = stage.bench.home / "stop"
    stop_file.touch()
    told = {**os.environ, **stage.bench.environment, **environment}
    process = Forked("benchmarks.fault_worker:main", stop_file, INTEGRATION, environment=told, folder=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def is_stopped(process: Forked) -> bool:
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def stop(process: Forked, stage: Scene) -> None:
    """Stop it anywhere but inside a transaction on SQLite: the file's one writer would be stopped with it."""

    def stopped_outside() -> bool:
        process.send_signal(signal.SIGSTOP)
        wait_until(lambda: is_stopped(process), "the stop")
        try:
            with stage.deployment.ledger.beat(0.5):
                return True
        except TryAgain:
            process.send_signal(signal.SIGCONT)
            return False

    wait_until(stopped_outside, "a stop outside a transaction")


def take_over(stage: Scene) -> None:
    """Worker B: posts whatever it may until all is posted."""
    with worker(stage.deployment.ledger) as lease:
        work = RunScope(holder=lease.name, actor="B")

        def all_posted() -> bool:
            # One that is stopped in a transaction holds its rows until the database ends it.
            with suppress(TryAgain):
                post(stage.integration, work, BILLS)
            return {row.state for row in stage.documents("invoices_in")} == {"posted"}

        wait_until(all_posted, "taking over")


def posted(stage: Scene) -> Counter[str]:
    return Counter(str(row["YourRef"]) for row in stage.posted())


def go_on(process: Forked, stage: Scene) -> None:
    """A is continued and works to its end."""
    stage.sandbox.latency.seconds = 0
    process.send_signal(signal.SIGCONT)
    assert process.wait(120) == 0


def test_a_worker_stopped_in_its_calls_posts_nothing_when_it_goes_on(tmp_path: Path, empty_url: str) -> None:
    """Issue 10, 1: it had a whole batch marked before its first call, and looked at its lease between batches only."""
    with coded(tmp_path / "home", empty_url) as stage, other_worker(stage) as process:
        wait_until(lambda: len(stage.posted()) >= 4, "posting")
        stop(process, stage)
        take_over(stage)
        assert len(posted(stage)) == INVOICES
        go_on(process, stage)
        assert {number: count for number, count in posted(stage).items() if count != 1} == {}
        assert verify(stage.deployment.ledger).problems == []


def test_a_worker_that_loses_the_ledger_and_keeps_the_erp_posts_nothing_twice(
    tmp_path: Path, postgres_url: str
) -> None:
    """Issue 10, 2: a proxy before PostgreSQL freezes, and still confirms every byte."""
    direct = make_url(postgres_url)
    with (
        coded(tmp_path / "home", postgres_url) as stage,
        frozen_at_will(str(direct.host), int(direct.port or 5432)) as proxy,
    ):
        behind = direct.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)
        with other_worker(stage, ML_CONNECTOR_LEDGER_URL=behind) as process:
            wait_until(lambda: len(stage.posted()) >= 4, "posting")
            proxy.freeze()
            take_over(stage)
            proxy.thaw()
            go_on(process, stage)
        assert {number: count for number, count in posted(stage).items() if count != 1} == {}
        assert len(posted(stage)) == INVOICES
        assert verify(stage.deployment.ledger).problems == []


def test_a_stop_between_the_proof_and_the_socket_is_found_and_told_with_both_ids(
    tmp_path: Path, empty_url: str
) -> None:
    """Nothing on our side can rule that out; the other side shows it. One call at a time: several may be there."""
    with (
        coded(tmp_path / "home", empty_url, calls=1) as stage,
        other_worker(stage, ML_CONNECTOR_STOP_AFTER_PROOF="3") as process,
    ):
        wait_until(lambda: is_stopped(process), "the stop")
        take_over(stage)
        go_on(process, stage)
        doubled = {number: count for number, count in posted(stage).items() if count != 1}
        assert list(doubled.values()) == [2]
        ids = {str(row["ID"]) for row in stage.posted() if str(row["YourRef"]) in doubled}
        stage.sandbox.clock.move(60)
        copies.confirm(stage.integration, RunScope(holder="", actor="standing"))

        (row,) = [row for row in stage.documents("invoices_in") if row.number in doubled]
        with stage.deployment.ledger.read() as tx:
            (event,) = [one for one in history(tx, row.id) if one.action == "written twice"]
        (problem,) = verify(stage.deployment.ledger).problems
        (alert,) = [one for one in monitoring.standing_causes(stage.integration) if one.cause.endswith("written_twice")]
        for told in (event.detail, problem.message, alert.lines[0]):
            assert all(one in told for one in ids)

        one_of_both = next(one for one in stage.posted() if str(one["YourRef"]) in doubled)
        stage.sandbox.call(stage.sandbox.exact.main.drop, "purchase/PurchaseInvoices", one_of_both)
        stage.sandbox.clock.move(3700)
        copies.confirm(stage.integration, RunScope(holder="", actor="standing"))
        assert verify(stage.deployment.ledger).problems == []
