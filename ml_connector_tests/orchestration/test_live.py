"""Daemon, sensors, run processes and GraphQL for real: a file found by the sensor, a killed run, a backfill."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

from ml_connector.ledger.audit.verify import verify
from ml_connector.orchestration.jobs.dead_runs import REAPED
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.books.orders import add_quantity, order_changed
from ml_connector_tests.flows.scenes import Scene, scene
from ml_connector_tests.orchestration.live import Live, pid_of, running_dagster, wait_for_dagster
from ml_connector_tests.support import postgres
from ml_connector_tests.support.deployment import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

BACKFILL = """
mutation Backfill($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""
STATUS = """
query Status($id: String!) {
  partitionBackfillOrError(backfillId: $id) { __typename ... on PartitionBackfill { status numPartitions } }
}
"""
TERMINATE = """
mutation Terminate($id: String!) {
  terminateRun(runId: $id) { __typename ... on TerminateRunFailure { message } }
}
"""
INVOICE_ASSETS = [
    "received_files",
    "invoices_810",
    "ship_notices_856",
    "order_acknowledgments_855",
    "functional_acknowledgments_997",
    "purchase_invoices",
]
#: Exact answers so slowly while the run is to be killed that it dies in the middle of its postings.
SLOW_SECONDS = 0.5
#: Longer than the sandbox takes to commit what a killed run had under way.
CHANGES = {
    "connections": {"exact_nl": {"settle_seconds": 8, "concurrency": 1}},
    # The partner would answer the orders with invoices of its own.
    "integrations": {"exact_cleo": {"sensor_seconds": 5, "flows": {"orders_out": {"enabled": False}}}},
}


@pytest.fixture(params=["sqlite", "postgresql"])
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Live]:
    """On SQLite with the shipped dagster.yaml; on PostgreSQL with deploy/dagster.yaml and the ledger there, too."""
    if request.param == "sqlite":
        with scene(tmp_path / "home", changes=CHANGES) as made, running_dagster(made) as running:
            yield running
        return
    if not os.environ.get("ML_CONNECTOR_TEST_LIVE_POSTGRES"):
        pytest.skip("takes minutes: set ML_CONNECTOR_TEST_LIVE_POSTGRES=1 (make bench-faults does)")
    server: postgres.Server = request.getfixturevalue("postgres_server")
    monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    with server.database() as ledger_url, server.database() as dagster_url:
        settings = _for_postgres(tmp_path, dagster_url, monkeypatch)
        with (
            scene(tmp_path / "home", changes=CHANGES, ledger_url=ledger_url) as made,
            running_dagster(made, settings=settings) as running,
        ):
            yield running


def _for_postgres(folder: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """deploy/dagster.yaml with its environment; a server on a Unix socket is named by its whole URL instead."""
    from sqlalchemy.engine import make_url

    monkeypatch.setenv("DAGSTER_COMPUTE_LOGS", str(folder / "compute_logs"))
    shipped = yaml.safe_load((ROOT / "deploy" / "dagster.yaml").read_text(encoding="utf-8"))
    parsed = make_url(url)
    if parsed.host:
        for name, value in (
            ("HOST", parsed.host),
            ("USERNAME", parsed.username or "postgres"),
            ("PASSWORD", parsed.password or "none"),
            ("DB", parsed.database or ""),
            ("PORT", str(parsed.port or 5432)),
        ):
            monkeypatch.setenv(f"DAGSTER_PG_{name}", value)
    else:
        shipped["storage"] = {"postgres": {"postgres_url": url.replace("postgresql://", "postgresql+psycopg2://", 1)}}
    path = folder / "dagster.yaml"
    path.write_text(yaml.safe_dump(shipped), encoding="utf-8")
    return path


def posted_numbers(made: Scene) -> list[str]:
    return sorted(row["YourRef"] for row in made.posted())


def test_found_killed_taken_up_and_backfilled(live: Live) -> None:
    """Milestone: one way through everything, because starting Dagster is the expensive part."""
    numbers = _killed_in_the_middle(live)
    numbers = _backfilled(live, numbers)
    _terminated(live, numbers)
    report = verify(live.scene.deployment.ledger)
    assert report.problems == []


def _killed_in_the_middle(live: Live) -> list[str]:
    made = live.scene
    orders = made.orders(12)
    made.sandbox.latency.seconds = SLOW_SECONDS
    numbers = made.invoice(orders)
    wait_for_dagster(lambda: 0 < len(made.posted()) < len(numbers), "the sensor's run posts", 120)
    killed = wait_for_dagster(live.worker, "a run works", 60)
    os.kill(pid_of(killed), signal.SIGKILL)
    killed_at = time.monotonic()
    made.sandbox.latency.seconds = 0.0

    def taken_up() -> bool:
        worker = live.worker()
        return worker is not None and worker.run_id != killed.run_id

    wait_for_dagster(taken_up, "another run takes the work up", 120)
    print(f"from kill to work taken up again: {time.monotonic() - killed_at:.1f} s")
    wait_for_dagster(
        lambda: {str(row.state) for row in made.documents("invoices_in")} == {"posted"}, "all invoices are posted", 180
    )
    assert posted_numbers(made) == sorted(numbers), "each exactly once"

    def ended() -> bool:
        run = live.instance.get_run_by_id(killed.run_id)
        assert run is not None
        return run.status is dg.DagsterRunStatus.FAILURE and REAPED in run.tags

    wait_for_dagster(ended, "the killed run is ended in Dagster", 60)
    return numbers


def _backfilled(live: Live, numbers: list[str]) -> list[str]:
    """A backfill of today through GraphQL: takes up what is held, confirms the rest, posts nothing twice."""
    made = live.scene
    (order,) = made.orders(1, received=False)
    numbers = numbers + made.invoice([order])
    wait_for_dagster(
        lambda: [row for row in made.documents("invoices_in") if str(row.state) == "quarantined"], "one is held", 120
    )
    made.sandbox.call(_receive, made, order["number"])
    # Two where midnight has passed meanwhile.
    days = sorted({row.partition_date.isoformat() for row in made.documents("invoices_in")})
    params = {
        "partitionNames": days,
        "assetSelection": [{"path": ["exact_cleo", name]} for name in INVOICE_ASSETS],
    }
    launched = live.graphql(BACKFILL, {"params": params})["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched

    def status() -> str:
        answer = live.graphql(STATUS, {"id": launched["backfillId"]})["partitionBackfillOrError"]
        return str(answer.get("status"))

    wait_for_dagster(lambda: status() not in {"REQUESTED", "None"}, "the backfill ends", 240)
    assert status() in {"COMPLETED", "COMPLETED_SUCCESS"}
    assert posted_numbers(made) == sorted(numbers), "each exactly once"
    runs = live.instance.get_runs(dg.RunsFilter(tags={"dagster/backfill": launched["backfillId"]}))
    assert [run.status for run in runs] == [dg.DagsterRunStatus.SUCCESS] * len(days), "a day is one run"
    # Of its own run: a tick's run may have come after it, or before it and have posted what was held.
    told: Counter[str] = Counter()
    for run in runs:
        for event in live.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION):
            one = event.asset_materialization
            if one and one.asset_key == dg.AssetKey(["exact_cleo", "purchase_invoices"]):
                told.update(
                    {name: one.metadata[name].value for name in ("confirmed", "posted") if name in one.metadata}
                )
    assert told["confirmed"] == len(numbers)
    assert told["posted"] <= 1
    return numbers


def _terminated(live: Live, numbers: list[str]) -> None:
    """Terminate in the pages: the calls on the wire are finished, the run is canceled, the next one goes on."""
    made = live.scene
    orders = made.orders(12)
    made.sandbox.latency.seconds = SLOW_SECONDS
    numbers = numbers + made.invoice(orders)
    before = len(made.posted())
    wait_for_dagster(lambda: before < len(made.posted()) < len(numbers), "the sensor's run posts", 120)
    asked = wait_for_dagster(live.worker, "a run works", 60)
    ended = live.graphql(TERMINATE, {"id": asked.run_id})["terminateRun"]
    assert ended["__typename"] == "TerminateRunSuccess", ended

    def status() -> dg.DagsterRunStatus | None:
        run = live.instance.get_run_by_id(asked.run_id)
        return run.status if run is not None and run.is_finished else None

    assert wait_for_dagster(status, "the run ends", 60) is dg.DagsterRunStatus.CANCELED
    assert "unknown_outcome" not in {str(row.state) for row in made.documents("invoices_in")}
    made.sandbox.latency.seconds = 0.0
    wait_for_dagster(
        lambda: {str(row.state) for row in made.documents("invoices_in")} == {"posted"}, "the next run goes on", 120
    )
    assert posted_numbers(made) == sorted(numbers), "each exactly once"
    run = live.instance.get_run_by_id(asked.run_id)
    assert run is not None
    assert REAPED not in run.tags


def _receive(made: Scene, number: int | str) -> None:
    """The goods of an order arrive, as a person enters it."""
    company = made.sandbox.exact.main
    order = user.order_by_number(company, int(number))
    for line in user.lines_of(made.sandbox.exact, order):
        add_quantity(company, line, "ReceivedQuantity", line["QuantityInPurchaseUnits"])
    order_changed(company, order)
