"""Sensors only look and decide: what makes them ask for a run, what makes them wait, and that they survive outages."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import dagster as dg
import pytest

from ml_connector.credentials import expiry
from ml_connector.credentials.expiry import Health, TokenHealth
from ml_connector.errors import TryAgain
from ml_connector.flows import registry
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.inbound.polling import look_at_all
from ml_connector.ledger.coordination.leases import Lease
from ml_connector.ledger.exchange import inbox
from ml_connector.ledger.exchange.inbox import NewNotice
from ml_connector.orchestration.jobs.dead_runs import REAPED
from ml_connector.orchestration.runtime.names import channel_lease, worker_lease
from ml_connector.orchestration.sensors import pending_work
from ml_connector.orchestration.sensors.sensor_backoff import Asked
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.systems.cleo.mailbox import CleoMailbox
from ml_connector_tests.orchestration.stage import Stage

INBOUND = "exact_cleo_inbound_sensor"
OUTBOUND = "exact_cleo_outbound_sensor"


def test_nothing_waits(stage: Stage) -> None:
    assert stage.tick(INBOUND).skip_message == "nothing waits"


def test_new_files_ask_for_one_run_of_today_that_takes_everything(stage: Stage) -> None:
    stage.scene.invoice(stage.scene.orders(3))
    (request,) = stage.tick(INBOUND).run_requests
    assert request.partition_key == stage.today
    assert request.run_config["resources"]["run_settings"]["config"]["mode"] == "new"
    assert request.asset_selection is None
    assert "3 new file(s)" in request.tags["ml_connector/why"]
    assert stage.scene.documents() == [], "the sensor reads no file"


def test_a_read_file_that_could_not_be_deleted_asks_for_a_run(stage: Stage) -> None:
    """No new file need come for it: the next run takes it away, and then nothing waits."""
    stage.scene.invoice(stage.scene.orders(1))
    faults = stage.scene.sandbox.faults
    faults.add(Fault(FaultKind.STATUS, system="cleo", method="DELETE", path="/api/files/*", status=500, count=20))
    assert stage.inbound().success
    faults.clear()
    (request,) = stage.tick(INBOUND).run_requests
    assert "1 read file(s) to take away" in request.tags["ml_connector/why"]
    assert stage.inbound().success
    assert stage.tick(INBOUND).skip_message == "nothing waits"


def test_a_long_listing_goes_on_at_the_next_tick(stage: Stage) -> None:
    """The position stands in the ledger; each tick reads a stretch."""
    stage.scene.invoice(stage.scene.orders(5))
    with stage.connector() as connector:
        folders = connector.integration("exact_cleo").folders
    name = "cleo_prod:/NORTHWIND/inbox:listing"
    short = replace(folders, page_size=2, pages_per_tick=1)
    integration = stage.scene.integration
    cut = replace(integration, folders=short)

    seen = []
    for _ in range(3):
        look_at_all(cut)
        seen.append(stage.positions().get(name))
    assert seen[:2] == ["2", "4"]
    with stage.scene.deployment.ledger.read() as tx:
        noted = tx.exec_driver_sql("SELECT count(*) FROM remote_file").scalar_one()
    assert noted == 5


def test_a_busy_channel_waits_by_its_lease(stage: Stage) -> None:
    stage.scene.invoice(stage.scene.orders(1))
    with Lease(stage.scene.deployment.ledger, channel_lease("exact_cleo", "inbound"), run_id="r-1"):
        assert "r-1 is at it" in stage.tick(INBOUND).skip_message
    assert stage.tick(INBOUND).run_requests


def test_a_killed_run_does_not_block_the_channel(stage: Stage, fresh_instance: dg.DagsterInstance) -> None:
    """Dagster still calls it STARTED; its lease does not exist any more."""
    stage.instance = fresh_instance
    stage.scene.invoice(stage.scene.orders(1))
    _run_in_state(stage, dg.DagsterRunStatus.STARTED)
    assert stage.tick(INBOUND).run_requests


def test_a_run_that_was_asked_for_is_not_asked_for_again(stage: Stage, fresh_instance: dg.DagsterInstance) -> None:
    stage.instance = fresh_instance
    stage.scene.invoice(stage.scene.orders(1))
    _run_in_state(stage, dg.DagsterRunStatus.NOT_STARTED)
    assert "was asked for" in stage.tick(INBOUND).skip_message


def test_after_a_failed_run_the_next_one_waits(stage: Stage, fresh_instance: dg.DagsterInstance) -> None:
    stage.instance = fresh_instance
    stage.scene.invoice(stage.scene.orders(1))
    run = _run_in_state(stage, dg.DagsterRunStatus.STARTED)
    fresh_instance.report_run_failed(run)
    assert "the last run failed" in stage.tick(INBOUND).skip_message


def test_after_a_killed_run_the_next_one_starts_at_once(stage: Stage, fresh_instance: dg.DagsterInstance) -> None:
    """Whoever noticed first: Dagster (the lease was never given up) or the reaper (its tag)."""
    stage.instance = fresh_instance
    stage.scene.invoice(stage.scene.orders(1))
    run = _run_in_state(stage, dg.DagsterRunStatus.STARTED)
    fresh_instance.report_run_failed(run)
    left = Lease(stage.scene.deployment.ledger, worker_lease(run.run_id), run_id=run.run_id)
    assert left.acquire()
    assert stage.tick(INBOUND).run_requests
    left.release()
    assert not stage.tick(INBOUND).run_requests
    fresh_instance.add_run_tags(run.run_id, {REAPED: "true"})
    assert stage.tick(INBOUND).run_requests


def _run_in_state(stage: Stage, status: dg.DagsterRunStatus) -> dg.DagsterRun:
    job = stage.definitions.resolve_job_def("exact_cleo_inbound")
    return stage.instance.create_run_for_job(job, status=status)


def test_an_unreachable_network_is_skipped_with_a_reason(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    _unreachable(monkeypatch)
    tick = stage.tick(INBOUND)
    assert not tick.run_requests
    assert "Cleo cannot be reached" in tick.skip_message


def test_an_unreachable_network_does_not_stop_what_is_in_the_ledger(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.scene.invoice(stage.scene.orders(1))
    stage.inbound(assets=["received_files"])
    _unreachable(monkeypatch)
    (request,) = stage.tick(INBOUND).run_requests
    names = {key.path[-1] for key in request.asset_selection}
    assert "received_files" not in names
    assert {"invoices_810", "purchase_invoices"} <= names


def _unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise TryAgain("Cleo cannot be reached.", after_seconds=30)

    monkeypatch.setattr(CleoMailbox, "list_files", refuse)


def test_without_authorization_at_the_erp_files_still_come_in(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    _must_authorize(monkeypatch)
    stage.scene.invoice(stage.scene.orders(1))
    (request,) = stage.tick(INBOUND).run_requests
    names = {key.path[-1] for key in request.asset_selection}
    assert not {"purchase_invoices", "goods_receipts"} & names
    assert "received_files" in names


def test_without_authorization_waiting_postings_start_no_run(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that can only fail would be started again and again."""
    stage.scene.invoice(stage.scene.orders(1))
    stage.inbound(assets=["received_files", "invoices_810", *PARSED])
    stage.inbound(assets=["acknowledgments_sent"])
    stage.inbound(assets=["received_files", "invoices_810", *PARSED, "order_confirmations"])
    _must_authorize(monkeypatch)
    tick = stage.tick(INBOUND)
    if tick.run_requests:  # the partner's 997 of our 997s may just have come: never for the postings' sake
        assert "under way" not in tick.run_requests[0].tags["ml_connector/why"]
    else:
        assert "must be authorized again" in tick.skip_message


PARSED = ("ship_notices_856", "order_acknowledgments_855", "functional_acknowledgments_997")


def _must_authorize(monkeypatch: pytest.MonkeyPatch) -> None:
    report = TokenHealth(
        "exact_nl", Health.ACT, "must be authorized again", "Run it.", "authorize_again", None, None, 0
    )
    monkeypatch.setattr(expiry, "expiry_report", lambda *_, **__: [report])


def test_leftovers_of_a_dead_worker_are_work(stage: Stage) -> None:
    """Files stored and not parsed, documents claimed by a lease that nobody holds."""
    stage.scene.invoice(stage.scene.orders(1))
    stage.inbound(assets=["received_files"])
    assert "file(s) not parsed" in _why(stage.tick(INBOUND))
    stage.inbound(assets=["received_files", "invoices_810", *PARSED])
    with stage.scene.deployment.ledger.write() as tx:
        tx.exec_driver_sql("UPDATE document SET claimed_by = 'worker:dead' WHERE flow = 'invoices_in'")
    assert "under way" in _why(stage.tick(INBOUND))
    with Lease(stage.scene.deployment.ledger, "worker:dead"), stage.scene.deployment.ledger.write() as tx:
        tx.exec_driver_sql("UPDATE document SET claimed_by = 'worker:dead'")
    assert "under way" in _why(stage.tick(INBOUND)), "a lease given up frees its claims"


def _why(tick) -> str:  # type: ignore[no-untyped-def]
    return str(tick.run_requests[0].tags["ml_connector/why"])


def test_held_documents_ask_for_a_run_when_their_time_has_come(stage: Stage) -> None:
    stage.scene.invoice(stage.scene.orders(1, received=False))
    stage.inbound()
    stage.inbound()
    assert "held" not in str(stage.tick(INBOUND).run_requests)
    assert stage.scene.sandbox.clock_file is not None
    from ml_connector.clock import FileClock

    FileClock(stage.scene.sandbox.clock_file).move(601)
    assert "held document(s)" in _why(stage.tick(INBOUND))


def test_documents_for_a_person_start_no_runs(stage: Stage) -> None:
    first, second = stage.scene.orders(2)
    stage.scene.invoice([first], {"invoice_number": "R-1"})
    stage.scene.invoice([second], {"invoice_number": "R-1"})
    stage.inbound()
    stage.inbound()
    assert "duplicate_invoice_number" in {row.reason for row in stage.scene.documents("invoices_in")}
    from ml_connector.clock import FileClock

    assert stage.scene.sandbox.clock_file is not None
    FileClock(stage.scene.sandbox.clock_file).move(3600)
    tick = stage.tick(INBOUND)
    assert not tick.run_requests or "held" not in _why(tick)


def test_orders_are_polled_at_their_interval_only(stage: Stage) -> None:
    first = stage.tick(OUTBOUND)
    assert first.run_requests, "never polled: everything since the start date"
    stage.outbound()
    polled = Asked().polled(stage.scene.deployment.clock.now()).cursor()
    stage.scene.orders(1, received=False)
    assert stage.tick(OUTBOUND, polled).skip_message == "nothing waits", "not due yet"
    late = stage.scene.deployment.clock.now() - timedelta(seconds=121)
    due = stage.tick(OUTBOUND, Asked().polled(late).cursor())
    assert "orders changed" in _why(due)
    assert Asked.of(due.cursor).polled_at > late.isoformat()


def test_a_poll_that_brings_nothing_new_starts_no_run(stage: Stage) -> None:
    stage.scene.orders(2, received=False)
    stage.outbound()
    tick = stage.tick(OUTBOUND, "not a cursor")
    assert tick.skip_message == "nothing waits"


def test_an_order_that_becomes_visible_late_is_found_by_the_overlap(stage: Stage) -> None:
    """Its Modified lies before the stored position, so the position alone would not show it."""
    stage.scene.orders(1, received=False)
    stage.outbound()
    with stage.scene.deployment.ledger.write() as tx:
        tx.exec_driver_sql("UPDATE document SET order_number = 'X', number = 'X', source_id = 'X'")
    assert "orders changed" in _why(stage.tick(OUTBOUND))


def test_a_webhook_notice_asks_for_a_run_at_once(stage: Stage) -> None:
    stage.outbound()
    polled = Asked().polled(stage.scene.deployment.clock.now()).cursor()
    with stage.scene.deployment.ledger.write() as tx:
        inbox.add(tx, NewNotice("exact_nl", "PurchaseOrders", "124132", "Update", "some-id", "{}"))
    assert "1 webhook notice(s)" in _why(stage.tick(OUTBOUND, polled))


def test_notices_of_another_division_start_no_runs(stage: Stage) -> None:
    stage.outbound()
    polled = Asked().polled(stage.scene.deployment.clock.now()).cursor()
    with stage.scene.deployment.ledger.write() as tx:
        inbox.add(tx, NewNotice("exact_nl", "PurchaseOrders", "999999", "Update", "some-id", "{}"))
    assert stage.tick(OUTBOUND, polled).skip_message == "nothing waits"


def test_work_that_no_run_brings_further_is_asked_for_more_seldom(stage: Stage) -> None:
    """A document that nobody can move must not start a run every few seconds for ever."""
    stage.scene.invoice(stage.scene.orders(1))
    stage.inbound(assets=["received_files"])
    cursor = None
    asked = 0
    for _ in range(8):
        tick = stage.tick(INBOUND, cursor)
        cursor = tick.cursor
        asked += len(tick.run_requests)
    assert asked == 4
    assert "no further" in tick.skip_message


def test_a_network_that_is_away_is_asked_ever_more_seldom(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cursor remembers how often it was away; once it is back, the memory is gone and work is found at once."""
    asked: list[int] = []

    def refuse(*_: object, **__: object) -> None:
        asked.append(1)
        raise TryAgain("Cleo cannot be reached.", after_seconds=30)

    with monkeypatch.context() as away:
        away.setattr(CleoMailbox, "list_files", refuse)
        cursor, pauses = None, []
        for _ in range(6):
            tick = stage.tick(INBOUND, cursor)
            cursor = tick.cursor
            pauses.append(Asked.of(cursor).away_pause(stage.scene.deployment.clock.now()))
            before = len(asked)
            again = stage.tick(INBOUND, cursor)
            assert len(asked) == before, "it rests"
            assert "was away; asked again in" in again.skip_message
            stage.scene.sandbox.clock.move(pauses[-1] + 1)
    assert [round(pause / 30) for pause in pauses] == [1, 2, 4, 8, 16, 20]
    stage.scene.invoice(stage.scene.orders(1))
    back = stage.tick(INBOUND, cursor)
    assert back.run_requests
    assert Asked.of(back.cursor).away == 0


def half_told(_: Integration, *, look: bool, erp_usable: bool) -> Iterator[str]:
    """News of a flow whose ERP goes out of reach while it is asked."""
    assert look
    assert erp_usable
    yield "one toy"
    raise TryAgain("The toy shop is closed.")


def test_what_a_flow_told_before_its_system_was_out_of_reach_counts(stage: Stage) -> None:
    toys = replace(registry.find("orders_out"), name="toys_out", news=f"{__name__}:half_told")
    work = pending_work.outbound_work(stage.scene.integration, look=True, flows=[toys])
    assert work.reasons == ["one toy"]
    assert work.unreachable == "cannot be asked now: The toy shop is closed."
