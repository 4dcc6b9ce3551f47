"""Runs of the document jobs against the sandbox: new work, replays, dry runs, a busy channel, failures."""

import dagster as dg
import pytest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from ml_connector.errors import AuthorizationNeeded, TryAgain
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.inbound import parsing, receiving
from ml_connector.ledger.coordination.leases import Lease
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.orchestration.runtime import step_runner
from ml_connector.orchestration.runtime.data_versions import FIXED
from ml_connector.orchestration.runtime.names import channel_lease
from ml_connector_tests.orchestration.stage import QUIET_DAYS, Stage
from ml_connector_tests.support.waiting import wait_until


def test_a_run_takes_everything_that_waits_and_tells_it(stage: Stage) -> None:
    stage.scene.invoice(stage.scene.orders(3))
    run = stage.inbound()
    assert run.success, run.failures
    told = run.assets["purchase_invoices"]
    assert (told["matched"], told["coded"], told["posted"], told["partition_posted"]) == (3, 3, 3, 3)
    assert told["amount_posted_EUR"] > 0
    assert told["pages"].endswith("/documents?integration=exact_cleo&flow=invoices_in")
    by_step = {(row.data["step"], row.data["outcome"]): row.data["count"] for row in told["by_step"].records}
    assert by_step == {("match", "matched"): 3, ("code", "coded"): 3, ("post", "posted"): 3}
    ids = {row.id for row in stage.scene.documents("invoices_in")}
    assert {row.data["document_id"] for row in told["documents"].records} == ids
    files = run.assets["received_files"]["files"].records
    assert len({row.data["file_id"] for row in files}) == 3
    parsed = run.assets["invoices_810"]["documents"].records
    assert {row.data["document_id"] for row in parsed} == ids
    assert all(len(row.data["sha256"]) == 64 for row in files)
    assert len(stage.scene.posted()) == 3


def test_steps_of_a_live_run_go_side_by_side(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fetching ends only when an invoice is posted: one step after another it would wait in vain."""
    stage.scene.invoice(stage.scene.orders(2))
    fetch = receiving.receive

    def fetch_and_wait(integration: Integration, work: RunScope) -> StepReport:
        report = fetch(integration, work)
        wait_until(stage.scene.posted, "an invoice is posted while files are fetched")
        return report

    monkeypatch.setattr(receiving, "receive", fetch_and_wait)
    run = stage.inbound()
    assert run.success, run.failures
    assert run.assets["received_files"]["fetched"] == 2
    assert run.assets["invoices_810"]["parsed_now"] == 2
    assert run.assets["purchase_invoices"]["posted"] == 2


def test_orders_go_out_and_their_answers_come_back(stage: Stage) -> None:
    stage.scene.orders(2, received=False)
    run = stage.outbound()
    assert run.success, run.failures
    assert run.assets["orders_read"]["read"] == 2
    assert run.assets["orders_850"]["rendered"] == 2
    assert run.assets["sent_orders"]["sent"] == 2


def test_a_replay_confirms_and_writes_nothing(stage: Stage) -> None:
    orders = stage.scene.orders(2, received=False)
    stage.outbound()  # before their goods come: finished orders do not leave
    stage.scene.receive(orders)
    stage.scene.invoice(orders)
    stage.inbound()
    # The partner's answers would be new work of the next live run, not of a replay.
    before, posted = stage.written(), len(stage.scene.posted())
    again = stage.inbound("replay")
    assert again.success
    assert again.assets["purchase_invoices"]["confirmed"] == 2
    assert again.assets["received_files"]["confirmed"] == before["file"] - _sent_files(stage)
    assert stage.outbound("replay").assets["sent_orders"]["confirmed"] == 2
    assert stage.written() == before
    assert len(stage.scene.posted()) == posted


def _sent_files(stage: Stage) -> int:
    with stage.scene.deployment.ledger.read() as tx:
        return int(tx.exec_driver_sql("SELECT count(*) FROM file WHERE direction = 'out'").scalar_one())


def test_a_replay_takes_up_what_is_held_before_its_time(stage: Stage) -> None:
    orders = stage.scene.orders(1, received=False)
    stage.scene.invoice(orders)
    assert stage.inbound().assets["purchase_invoices"]["held"] == 1
    later = stage.inbound()
    assert "held" not in later.assets["purchase_invoices"], "not due yet"
    again = stage.inbound("replay")
    assert again.assets["purchase_invoices"]["held"] == 1


def test_a_replay_of_another_day_leaves_today_alone(stage: Stage) -> None:
    stage.scene.invoice(stage.scene.orders(1))
    stage.run("exact_cleo_inbound", "new", assets=["received_files"])
    before = stage.written()
    run = stage.inbound("replay", day=QUIET_DAYS[0])
    assert run.success, run.failures
    assert stage.written() == before, "the file of today is still not parsed"


def test_a_dry_run_writes_nothing(stage: Stage) -> None:
    stage.scene.invoice(stage.scene.orders(2))
    stage.scene.orders(2, received=False)
    stage.run("exact_cleo_inbound", assets=["received_files", "invoices_810", *OTHER_PARSED])
    stage.plain("exact_nl_reference")  # a dry run decides by the reference data that is there
    before = stage.written()
    run = stage.inbound(dry_run=True)
    assert run.success, run.failures
    assert run.assets["purchase_invoices"]["matched"] == 2
    assert stage.outbound(dry_run=True).assets["orders_read"]["read"] == 2
    assert stage.written() == before
    assert stage.scene.posted() == []
    assert all(row.state is S.PARSED and row.claimed_by is None for row in stage.scene.documents("invoices_in"))


OTHER_PARSED = ("ship_notices_856", "order_acknowledgments_855", "functional_acknowledgments_997")


def test_a_range_of_days_is_one_run(stage: Stage) -> None:
    """A backfill of several days: one run by policy, nothing pickled between the ops."""
    job = stage.definitions.resolve_job_def("exact_cleo_inbound")
    tags = {
        "dagster/asset_partition_range_start": QUIET_DAYS[0],
        "dagster/asset_partition_range_end": QUIET_DAYS[-1],
    }
    result = job.execute_in_process(instance=stage.instance, tags=tags, raise_on_error=False)
    assert result.success
    days = {event.partition for event in result.get_asset_materialization_events()}
    assert days == set(QUIET_DAYS)
    key = dg.AssetCheckKey(dg.AssetKey(["exact_cleo", "purchase_invoices"]), "quarantined")
    found = stage.instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
    assert {one.partition for one in found} == days, "checks are evaluated day by day, whatever the run's range"
    assert {one.status for one in found} == {AssetCheckExecutionRecordStatus.SUCCEEDED}


def test_only_some_partners_or_documents(stage: Stage) -> None:
    stage.scene.invoice(stage.scene.orders(1))
    stage.run("exact_cleo_inbound", assets=["received_files", "invoices_810", *OTHER_PARSED])
    assert "posted" not in stage.inbound("replay", partners=["acme"]).assets["purchase_invoices"]
    (row,) = stage.scene.documents("invoices_in")
    run = stage.inbound("replay", day=QUIET_DAYS[0], documents=[row.id], actor="mieke")
    assert run.assets["purchase_invoices"]["posted"] == 1, "a named document is taken whatever its partition"
    with stage.scene.deployment.ledger.read() as tx:
        actors = tx.exec_driver_sql(f"SELECT DISTINCT actor FROM event WHERE document_id = {row.id}").scalars().all()
    assert "mieke" in actors


def test_a_second_run_of_a_channel_ends_with_a_note(stage: Stage) -> None:
    stage.scene.invoice(stage.scene.orders(1))
    with Lease(stage.scene.deployment.ledger, channel_lease("exact_cleo", "inbound")):
        run = stage.inbound()
    assert run.success, run.failures
    assert run.assets == {}, "nothing was done, so nothing is materialized"
    assert stage.scene.documents() == []


def test_a_replay_waits_for_the_channel_and_then_says_so(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_runner, "CHANNEL_WAIT_SECONDS", 0.2)
    with Lease(stage.scene.deployment.ledger, channel_lease("exact_cleo", "inbound")):
        run = stage.inbound("replay")
    assert not run.success
    assert "Another run" in run.failures[0]


def test_leases_are_given_up_when_the_run_ends(stage: Stage) -> None:
    stage.scene.invoice(stage.scene.orders(1))
    stage.inbound()
    with stage.scene.deployment.ledger.read() as tx:
        held = tx.exec_driver_sql("SELECT name FROM lease WHERE name LIKE 'channel:%'").scalars().all()
    assert held == []


def test_a_missing_authorization_fails_the_run_once_and_for_both_retry_systems(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def refused(*_: object) -> None:
        calls.append(1)
        raise AuthorizationNeeded("exact_nl must be authorized again.", remedy="Run credentials authorize.")

    monkeypatch.setattr(parsing, "parse", refused)
    run = stage.run("exact_cleo_inbound")
    assert not run.success
    assert len(calls) == 1, "the op's retry policy must not try again"
    assert "authorized again" in run.failures[0]
    record = stage.instance.get_run_by_id(run.result.run_id)
    assert record is not None
    assert record.tags["dagster/retry_on_asset_or_op_failure"] == "false"


def test_a_pause_asked_for_ends_the_step_with_a_note_and_rests_the_sensor(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise TryAgain("Cleo asks for a pause.", after_seconds=60)

    stage.scene.invoice(stage.scene.orders(1))
    monkeypatch.setattr(receiving, "receive", busy)
    run = stage.inbound()
    assert run.success, "the other steps go on"
    assert run.assets["received_files"]["postponed"] == 1
    assert "asks for a pause" in run.assets["received_files"]["notes"]
    assert "purchase_invoices" in run.assets
    assert "asked for a pause" in stage.tick("exact_cleo_inbound_sensor").skip_message


def test_the_same_pause_fails_a_replay(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise TryAgain("Not now.", after_seconds=60)

    monkeypatch.setattr(parsing, "parse", busy)
    run = stage.inbound("replay")
    assert not run.success
    assert "Not now" in run.failures[0]


def test_no_secret_stands_in_a_run(stage: Stage) -> None:
    """Run config, events and metadata of a whole run hold none of the sandbox's secrets."""
    stage.scene.invoice(stage.scene.orders(1))
    run = stage.inbound()
    told = "".join(str(event) for event in run.result.all_events)
    told += str(stage.instance.get_run_by_id(run.result.run_id))
    for secret in ("sandbox-client-secret", "sandbox-cleo-password", "sandbox-webhook-secret"):
        assert secret not in told


def test_the_lost_lease_ends_the_run(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another worker may have the documents by then: the run stops after the step in hand."""
    real = parsing.parse

    def lose(integration, work):  # type: ignore[no-untyped-def]
        report = real(integration, work)
        work.stop.leases[0].lost.set()
        return report

    monkeypatch.setattr(parsing, "parse", lose)
    stage.scene.invoice(stage.scene.orders(1))
    run = stage.inbound()
    assert not run.success
    assert "lost its lease" in run.failures[0]
    assert "purchase_invoices" not in run.assets


def test_reference_assets_tell_rows_columns_and_changes(stage: Stage) -> None:
    run = stage.plain("exact_nl_reference")
    assert run.success, run.failures
    vendors = run.assets["vendors"]
    assert vendors["dagster/row_count"] == 6
    assert [column.name for column in vendors["dagster/column_schema"].columns][:3] == ["id", "code", "name"]
    assert run.checks[("vendors", "has_rows")].passed
    assert run.checks[("vendors", "kept_its_rows")].passed
    again = stage.plain("exact_nl_reference")
    assert again.assets["vendors"]["content_hash"] == vendors["content_hash"], "unchanged content keeps its hash"
    versions = {
        event.step_materialization_data.materialization.tags["dagster/data_version"]
        for event in again.result.get_asset_materialization_events()
    }
    assert versions == {FIXED.value}, "old days are not to be done again for a new vendor"
    assert isinstance(run.result, dg.ExecuteInProcessResult)
