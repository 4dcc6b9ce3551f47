"""Partitions tell the truth: what Dagster's pages are told of settled, empty and held days, and of dry runs."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ml_connector.clock import FileClock
from ml_connector.orchestration.jobs import settled_days
from ml_connector.orchestration.runtime.run_settings import run_config
from ml_connector_tests.orchestration.page import SCHEMA_OF_CONFIG, Page, checks_of, page
from ml_connector_tests.orchestration.stage import QUIET, Stage, open_stage
from ml_connector_tests.support import clocks

OURS = "exact_cleo/"
TODAY = clocks.now().date()
#: Two days on which nothing came, and one that has documents: over by the ledger's clock, which the tests move.
EMPTY = tuple((TODAY - timedelta(days=back)).isoformat() for back in (2, 1))
DAY = TODAY.isoformat()


@pytest.fixture
def stage(tmp_path: Path, fresh_instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    changes = {"orchestration": {"start_date": EMPTY[0]}}
    with open_stage(tmp_path / "home", fresh_instance, changes=changes) as made:
        monkeypatch.setenv("ML_CONNECTOR_CONFIG", str(made.scene.bench.config))
        yield made


def a_day_later(stage: Stage) -> None:
    """The day is over by the ledger's clock, and the standing job has run."""
    assert stage.scene.sandbox.clock_file is not None
    FileClock(stage.scene.sandbox.clock_file).move(24 * 3600)
    run = stage.plain("standing")
    assert run.success, run.failures


def materializations(stage: Stage) -> dict[str, int]:
    """Events by asset, also of reference tables."""
    keys = stage.definitions.resolve_asset_graph().executable_asset_keys
    storage = stage.instance.event_log_storage
    return {
        key.to_user_string(): len(
            storage.fetch_materializations(dg.AssetRecordsFilter(asset_key=key), limit=1000).records
        )
        for key in keys
    }


def told_of(stage: Stage, shown: Page, day: str) -> dict[str, dict[str, Any]]:
    """What the pages of our partitioned assets tell of a day."""
    graph = stage.definitions.resolve_asset_graph()
    partitioned = [key.to_user_string() for key in graph.executable_asset_keys if graph.get(key).is_partitioned]
    names = [name for name in partitioned if name.startswith(OURS)]
    return {name.removeprefix(OURS): node for name, node in shown.day(day, *names).items()}


def states(stage: Stage, shown: Page, day: str) -> dict[str, str]:
    """What each partitioned asset of ours is called on a day."""
    return {name: node["staleStatus"] for name, node in told_of(stage, shown, day).items()}


def test_nothing_of_a_settled_or_an_empty_day_is_missing_or_stale(stage: Stage) -> None:
    stage.scene.invoice(stage.scene.orders(2))
    stage.scene.orders(1, received=False)
    assert stage.inbound().success
    assert stage.outbound().success, "later on the same day: answers do not turn unsynced by what is sent after them"
    assert stage.plain("exact_nl_reference").success, "read after the documents, and never before"
    a_day_later(stage)
    filled = materializations(stage)
    with page(stage.instance) as shown:
        nodes = shown.nodes()
        for name, node in nodes.items():
            if node["isPartitioned"] and name.startswith(OURS):
                assert node["partitionStats"] == {"numMaterialized": 3, "numPartitions": 3, "numFailed": 0}, name
            elif not node["isPartitioned"]:
                assert node["staleStatus"] == "FRESH", name
        for day in (*EMPTY, DAY):
            told = told_of(stage, shown, day)
            assert {name: node["staleStatus"] for name, node in told.items()} == dict.fromkeys(told, "FRESH"), day
            answers = {(name, *one) for name, node in told.items() for one in checks_of(node, day).items()}
            assert {status for _, _, status in answers} == {"SUCCEEDED"}, (day, answers)
            wanted = {"quarantined", "unmapped_codes", "duplicates", "unknown_outcome"}
            assert {check for name, check, _ in answers if name == "purchase_invoices"} == wanted
    run = stage.plain("standing")
    assert run.success
    assert materializations(stage) == filled, "one event a day and asset, once"
    invoices = dg.AssetKey(["exact_cleo", "purchase_invoices"])
    assert filled[invoices.to_user_string()] == 3
    (newest,) = stage.instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=invoices, asset_partitions=[DAY]), limit=1
    ).records
    assert newest.run_id, "a day that a run has filled keeps what the run told"


def test_a_day_is_filled_when_nothing_of_it_is_in_progress(stage: Stage) -> None:
    """Documents that the next day's run finishes leave no hole, and no colour before they are finished."""
    stage.scene.invoice(stage.scene.orders(1))
    parsed = ("invoices_810", "ship_notices_856", "order_acknowledgments_855", "functional_acknowledgments_997")
    stage.run("exact_cleo_inbound", assets=["received_files", *parsed])
    a_day_later(stage)
    with page(stage.instance) as shown:
        told = states(stage, shown, DAY)
        assert told.pop("purchase_invoices") == "MISSING"
        assert told.pop("acknowledgments_sent") == "MISSING", "its 997 was not sent yet"
        assert set(told.values()) == {"FRESH"}
    stage.scene.inbound()
    assert stage.plain("standing").success
    with page(stage.instance) as shown:
        assert set(states(stage, shown, DAY).values()) == {"FRESH"}
    filled = dg.AssetRecordsFilter(asset_key=dg.AssetKey(["exact_cleo", "purchase_invoices"]), asset_partitions=[DAY])
    (event,) = stage.instance.fetch_materializations(filled, limit=5).records
    assert event.asset_materialization is not None
    shown_of = {name: value.value for name, value in event.asset_materialization.metadata.items()}
    assert shown_of["partition_posted"] == 1
    assert shown_of["amount_posted_EUR"] > 0  # type: ignore[operator]


def test_days_are_filled_again_when_their_runs_were_pruned(stage: Stage) -> None:
    stage.scene.invoice(stage.scene.orders(1))
    run = stage.inbound()
    a_day_later(stage)
    stage.instance.delete_run(run.result.run_id)
    settled_days.look_again(stage.scene.deployment.ledger)
    assert stage.plain("standing").success
    with page(stage.instance) as shown:
        told = told_of(stage, shown, DAY)
    assert {node["staleStatus"] for node in told.values()} == {"FRESH"}
    assert set(checks_of(told["purchase_invoices"], DAY).values()) == {"SUCCEEDED"}


def test_days_are_filled_a_few_at_a_time_newest_first(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settled_days, "AT_ONCE", 13)
    a_day_later(stage)
    with page(stage.instance) as shown:
        assert set(states(stage, shown, DAY).values()) == {"FRESH"}
        assert set(states(stage, shown, EMPTY[1]).values()) == {"MISSING"}
    for _ in EMPTY:
        assert stage.plain("standing").success
    assert set(materializations(stage).values()) == {0, 3}


def test_what_is_held_stands_at_its_day_and_stays_seen(stage: Stage) -> None:
    """A failing check does not change the colour of the day; replaying a clean day does not turn the asset green."""
    stage.scene.invoice(stage.scene.orders(1, received=False))
    assert stage.inbound().success
    a_day_later(stage)
    assert stage.inbound("replay", day=EMPTY[0]).success
    with page(stage.instance) as shown:
        invoices = told_of(stage, shown, DAY)["purchase_invoices"]
    assert invoices["staleStatus"] == "FRESH"
    assert checks_of(invoices, DAY)["quarantined"] == "FAILED"
    assert checks_of(invoices, EMPTY[0])["quarantined"] == "SUCCEEDED"
    checks = invoices["assetChecksOrError"]["checks"]
    (newest,) = [one["executionForLatestMaterialization"] for one in checks if one["name"] == "quarantined"]
    assert newest == {"status": "FAILED", "partition": DAY}
    key = dg.AssetCheckKey(dg.AssetKey(["exact_cleo", "purchase_invoices"]), "quarantined")
    stored = stage.instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key].evaluation
    assert stored is not None
    (row,) = stored.metadata["by_day"].records  # type: ignore[union-attr]
    assert row.data == {"partition": DAY, "count": 1}
    (document,) = stage.scene.documents("invoices_in")
    assert stored.metadata["documents"].records[0].data["document"] == document.id  # type: ignore[union-attr]


def test_a_dry_run_leaves_observations_and_no_colour(stage: Stage) -> None:
    stage.scene.invoice(stage.scene.orders(1))
    stage.scene.orders(1, received=False)
    assert stage.inbound(dry_run=True).success
    assert stage.outbound(dry_run=True).success
    job = stage.definitions.resolve_job_def("exact_nl_reference")
    config = {**run_config(dry_run=True), **QUIET}
    assert job.execute_in_process(instance=stage.instance, run_config=config).success
    assert set(materializations(stage).values()) == {0}
    with page(stage.instance) as shown:
        told = told_of(stage, shown, DAY)
    for name, node in told.items():
        assert node["staleStatus"] == "MISSING", name
        assert (len(node["assetObservations"]), node["assetMaterializations"]) == (1, []), name
    assert len(stage.instance.fetch_observations(dg.AssetKey(["exact_nl", "vendors"]), limit=5).records) == 1


def test_every_asset_is_materialized_alone_with_the_launchpads_settings(stage: Stage) -> None:
    """As the button on an asset's page does it: the implicit job of all assets, one of them selected."""
    everything = stage.definitions.resolve_implicit_global_asset_job_def()
    graph = stage.definitions.resolve_asset_graph()
    config = {**run_config(dry_run=True, partners=["northwind"], documents=[1], actor="mieke"), **QUIET}
    with page(stage.instance) as shown:
        (repository,) = shown.process.create_request_context().code_locations[0].get_repositories().values()
        for key in sorted(graph.executable_asset_keys):
            selector = {
                "pipelineName": everything.name,
                "repositoryName": repository.name,
                "repositoryLocationName": "ml_connector",
                "assetSelection": [{"path": key.path}],
            }
            answer = shown.ask(SCHEMA_OF_CONFIG, selector=selector)["runConfigSchemaOrError"]
            assert answer["__typename"] == "RunConfigSchema"
            fields = {one["name"]: one for kind in answer["allConfigTypes"] for one in kind.get("fields", ())}
            assert {"mode", "dry_run", "partners", "documents", "actor"} <= fields.keys(), key
            assert not fields["run_settings"]["isRequired"], "the button alone starts the safe replay"
    for key in sorted(graph.executable_asset_keys):
        partitioned = graph.get(key).is_partitioned
        if key.path[0] == "exact_truecommerce":
            continue
        alone = everything.get_subset(asset_selection={key})
        done = alone.execute_in_process(
            instance=stage.instance, run_config=config, partition_key=DAY if partitioned else None, raise_on_error=False
        )
        assert done.success, key
    assert set(materializations(stage).values()) == {0}
