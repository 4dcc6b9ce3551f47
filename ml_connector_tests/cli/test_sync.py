"""`sync`: the same assets as in the UI, in this process; exit codes that say what came of it."""

import os
from pathlib import Path
from typing import Any

import pytest

from ml_connector.cli.shared.exit_codes import Exit
from ml_connector.cli.shared.run_outcome import CommandOutcome, flows_by_direction
from ml_connector.flows import registry
from ml_connector.flows.core.spec import DIRECTIONS
from ml_connector.orchestration.runtime.local_runner import RunOutcome, prepare_dagster_home
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector_tests.cli.conftest import create_orders
from ml_connector_tests.cli.terminal import say
from ml_connector_tests.support.deployment import Bench
from ml_connector_tests.support.waiting import wait_until


@pytest.fixture(autouse=True)
def _keep_environment(monkeypatch: pytest.MonkeyPatch, bench: Bench) -> None:
    """Commands name the Dagster instance in their environment; here it must not outlive the test."""
    monkeypatch.setenv("DAGSTER_HOME", str(bench.home / "dagster"))
    monkeypatch.setenv("ML_CONNECTOR_CONFIG", os.environ["ML_CONNECTOR_CONFIG"])


def documents(*args: object) -> list[dict[str, Any]]:
    return list(say("documents", "list", *args, "--json").json["documents"])


def test_orders_go_out_and_answers_come_back_in(bench: Bench) -> None:
    """The whole path by the command alone, twice: the second time there is nothing left to do."""
    create_orders(bench, 3)
    dry = say("sync", "exact_cleo", "--flow", "orders_out", "--dry-run", "--json")
    assert dry.code == 0, dry.err
    assert documents() == []
    assert bench.sandbox.partner is not None
    assert not bench.sandbox.partner.consumer.orders()

    said = say("sync", "exact_cleo", "--flow", "orders_out", "--json")
    assert said.code == 0, said.err
    (run,) = [run for run in said.json["runs"] if run["job"] == "exact_cleo_outbound"]
    assert run["assets"]["exact_cleo/sent_orders"]["counts"]["sent"] == 3
    assert set(run["assets"]) == {"exact_cleo/orders_read", "exact_cleo/orders_850", "exact_cleo/sent_orders"}

    partner = bench.sandbox.partner
    wait_until(lambda: len(partner.consumer.orders()) == 3 and partner.pending() == 0, "the partner's orders")
    both = say("sync", "--json")
    assert both.code == 0, both.err
    assert {row["state"] for row in documents("--flow", "orders_out")} == {"acknowledged"}
    invoices = documents("--flow", "invoices_in")
    assert len(invoices) == 3
    assert {row["state"] for row in invoices} == {"posted"}
    assert all(row["reason"] is None for row in invoices)

    again = say("sync", "--json")
    assert again.code == 0
    counts = [asset["counts"] for run in again.json["runs"] for asset in run["assets"].values()]
    assert not any(count.get(name) for count in counts for name in ("sent", "posted", "fetched"))
    assert "nothing to do" in say("sync", "--flow", "orders_out").out
    assert say("ledger", "verify").code == 0


def test_replaying_a_day_confirms_and_writes_nothing(bench: Bench) -> None:
    invoices = documents("--flow", "invoices_in")
    day = invoices[0]["partition_date"]
    before = len(list(bench.sandbox.exact.main.table("purchase/PurchaseInvoices")))
    said = say("sync", "exact_cleo", "--flow", "invoices_in", "--date", day, "--json")
    assert said.code == 0, said.err
    [run] = said.json["runs"]
    assert run["assets"]["exact_cleo/purchase_invoices"]["counts"]["confirmed"] == len(invoices)
    assert len(list(bench.sandbox.exact.main.table("purchase/PurchaseInvoices"))) == before


def test_runs_stand_in_dagsters_history(bench: Bench) -> None:
    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        runs = instance.get_runs()
    scheduled = {"exact_nl_reference", "standing", "prune"}
    assert {run.job_name for run in runs} == {"exact_cleo_inbound", "exact_cleo_outbound", *scheduled}
    assert all(run.tags["ml_connector/started_by"] == "command line" for run in runs)


def test_another_run_at_work_is_try_again(bench: Bench) -> None:
    """Whoever has the channel takes what waits; the command says so and does nothing."""
    from ml_connector.ledger.coordination.leases import Lease
    from ml_connector.orchestration.runtime.names import channel_lease

    with bench.open() as deployment, Lease(deployment.ledger, channel_lease("exact_cleo", "outbound")):
        said = say("sync", "--flow", "orders_out")
    assert said.code == Exit.TRY_AGAIN
    assert "another run" in said.err


def test_a_system_that_is_away_is_try_again(bench: Bench) -> None:
    create_orders(bench, 1)
    known = len(documents("--flow", "orders_out"))
    away = Fault(FaultKind.STATUS, system="exact", path="/api/v1/*", count=None, status=503, retry_after="600")
    bench.sandbox.call(bench.sandbox.faults.add, away)
    try:
        said = say("sync", "--flow", "orders_out", "--json")
    finally:
        bench.sandbox.call(bench.sandbox.faults.clear)
    assert said.code == Exit.TRY_AGAIN
    assert len(documents("--flow", "orders_out")) == known
    assert say("sync", "--flow", "orders_out").code == 0
    assert len(documents("--flow", "orders_out")) == known + 1


@pytest.mark.parametrize(
    "args",
    [["nowhere"], ["--flow", "nothing"], ["--date", "2020-01-01"], ["--partner", "nobody"], ["--date", "2999-01-01"]],
)
def test_wrong_usage(bench: Bench, args: list[str]) -> None:
    said = say("sync", *args)
    assert said.code == Exit.USAGE
    assert "Traceback" not in said.err


def test_authorize_again_ends_with_3(bench: Bench) -> None:
    from ml_connector.credentials.tokens import TokenStore

    with bench.open() as deployment:
        store = TokenStore(deployment.ledger, deployment.vault, "exact_nl")
        store.forget()
    try:
        said = say("sync", "--flow", "orders_out", "--json")
        assert said.code == Exit.AUTHORIZE
        assert any("credentials authorize exact_nl" in p["message"] for p in said.json["runs"][0]["problems"])
    finally:
        from ml_connector.demo.stage import authorize

        with bench.open() as deployment:
            authorize(deployment, "exact_nl")


def test_flows_know_their_assets(bench: Bench) -> None:
    """Every asset that the command names is one of the graph, and every asset of a job is some flow's."""
    from ml_connector.orchestration.build import build_defs

    definitions = build_defs()
    flows = registry.shipped()
    for direction in DIRECTIONS:
        job = definitions.resolve_job_def(f"exact_cleo_{direction}")
        known = {key.path[1] for key in job.asset_layer.executable_asset_keys if key.path[0] == "exact_cleo"}
        named = {asset for flow in flows.of(direction) for asset in flows.assets_of(flow.name)}
        assert named == known


def test_no_flow_means_both_directions() -> None:
    assert flows_by_direction([], registry.shipped()) == {"inbound": [], "outbound": []}
    assert set(flows_by_direction(["orders_out", "invoices_in"], registry.shipped())) == {"inbound", "outbound"}


def run(*problems: str, **counts: int) -> RunOutcome:
    made = RunOutcome("job", "1", not problems, problems=[(kind, "") for kind in problems])
    made.assets["a"] = {"counts": counts, "notes": [], "documents": []}
    return made


@pytest.mark.parametrize(
    ("runs", "code"),
    [
        ([run()], 0),
        ([run(postponed=1)], 4),
        ([run("TryAgain")], 4),
        ([run("TryAgain"), run("AuthorizationNeeded")], 3),
        ([run("ConfigError")], 2),
        ([run("WeAreWrong"), run("TryAgain")], 1),
        ([RunOutcome("job", "1", True)], 4),
    ],
)
def test_exit_code_of_several_runs(runs: list[RunOutcome], code: int) -> None:
    assert CommandOutcome(runs).code == code


def test_a_new_dagster_home_sends_no_telemetry(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME")
    with bench.open() as deployment:
        home = prepare_dagster_home(deployment)
    assert home == bench.home / "dagster"
    assert "enabled: false" in (home / "dagster.yaml").read_text(encoding="ascii")
    assert os.environ["DAGSTER_HOME"] == str(home)
