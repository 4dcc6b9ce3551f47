"""An integration's assets, made of what its flows declare (`flows.core.spec`)."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from ml_connector.documents.kinds import DocumentKind
from ml_connector.flows.core.integration import StepReport
from ml_connector.flows.core.spec import DIRECTIONS, INBOUND, AssetSpec, FlowSpec, SplitSpec, load
from ml_connector.orchestration.assets.asset_factory import AssetStep, DocumentAsset, More, build
from ml_connector.orchestration.runtime import data_versions, ledger_metrics, metadata, pages
from ml_connector.orchestration.runtime.concurrent_run import Together
from ml_connector.orchestration.runtime.data_versions import Rows
from ml_connector.orchestration.runtime.integration_context import Scene, runnable
from ml_connector.orchestration.runtime.leaving import evaluate, leave
from ml_connector.orchestration.runtime.partitions import days
from ml_connector.orchestration.runtime.resource import ConnectorResource
from ml_connector.orchestration.runtime.run_settings import RunSettings
from ml_connector.orchestration.runtime.step_runner import RETRY, StepRun

#: Directions whose steps go side by side; an order's partner waits for hours (decision 10).
SIDE_BY_SIDE = {INBOUND}


def build_document_assets(scene: Scene) -> list[dg.AssetsDefinition]:
    """The assets of the flows that are switched on."""
    made: list[dg.AssetsDefinition] = []
    for direction in DIRECTIONS:
        together = Together() if direction in SIDE_BY_SIDE else None
        for flow in scene.flows.running(direction):
            for asset in flow.assets:
                if isinstance(asset, SplitSpec):
                    made.append(_split(scene, flow, asset, together))
                else:
                    made.append(build(_whole(scene, flow, asset, together)))
    return made


def _step(scene: Scene, flow: FlowSpec, name: str) -> AssetStep:
    step = flow.step(name)
    pool = scene.connection(step.at) if step.at is not None else None
    return AssetStep(name, step.text, runnable(flow, step), pool, step.after, step.streams)


def _whole(scene: Scene, flow: FlowSpec, asset: AssetSpec, together: Together | None) -> DocumentAsset:
    """An asset with one or more steps of its own."""
    return DocumentAsset(
        place=scene.place(flow.direction, asset.name),
        description=asset.text,
        steps=[_step(scene, flow, name) for name in asset.steps],
        deps=scene.deps(asset),
        partitions=scene.partitions,
        group=scene.group(asset),
        owner=asset.owner,
        kinds=scene.kinds(asset),
        flow=flow.name if flow.kinds else "",
        rows=scene.rows(flow, asset),
        loose=scene.loose_deps(asset),
        checks=scene.checks(flow, asset),
        more=_more(scene, asset),
        together=together,
    )


def _more(scene: Scene, asset: AssetSpec) -> More | None:
    """Tables that an asset shows besides."""
    if not asset.shows:
        return None

    def more(
        context: dg.AssetExecutionContext, connector: ConnectorResource, settings: RunSettings
    ) -> metadata.Metadata:
        del settings
        with connector.deployment.ledger.read() as tx:
            tables = load(asset.shows)(tx, scene.name, days(context.partition_keys))
        return {name: metadata.table(rows) for name, rows in tables.items() if rows}

    return more


def _split(scene: Scene, flow: FlowSpec, split: SplitSpec, together: Together | None) -> dg.AssetsDefinition:
    """One step that takes whatever there is; what it made or moved is shown as several assets."""
    place = scene.place(flow.direction, split.name)
    step = _step(scene, flow, split.step)
    assets = split.assets or scene.flows.parsed
    ledger_checks = scene.checks(flow, *split.assets)
    if together is not None:
        together.add(step.member, place, [scene.key(asset.name) for asset in assets])

    @dg.multi_asset(
        name=f"{scene.name}__{step.name}",
        description=step.description,
        specs=[_spec(scene, flow, asset) for asset in assets],
        check_specs=[check.spec(scene.partitions) for check in ledger_checks],
        partitions_def=scene.partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=step.pool,
        retry_policy=RETRY,
        can_subset=True,
    )
    def made(
        context: dg.AssetExecutionContext, connector: ConnectorResource, run_settings: RunSettings
    ) -> Iterator[dg.MaterializeResult[Any]]:
        before = connector.before()
        beside = together.start if together is not None else None
        report = StepRun(context, connector, run_settings, place, step.name, step.run, beside).carry_out()
        if report is None:
            return
        ledger = connector.deployment.ledger
        wanted = [check for check in ledger_checks if check.key in context.selected_asset_check_keys]
        held = held_of(report)
        for asset in assets:
            key = scene.key(asset.name)
            if key not in context.selected_asset_keys:
                continue
            shown = metadata.of_reports([StepReport(step.name, notes=report.notes)], run_settings)
            after_id = None if split.moves else before.document
            shown |= _of_kinds(context, connector, scene, asset.documents, after_id=after_id, told=held)
            if split.moves:
                shown |= _moved(context, connector, place.asset_name, asset.documents, before.event, held)
            shown |= pages.documents(connector.deployment.loaded.settings.web.public_url, scene.name, flow=flow.name)
            held = StepReport(step.name)  # told once: it may be of no kind at all
            with ledger.read() as tx:
                version = data_versions.of_days(tx, scene.name, scene.rows(flow, asset), days(context.partition_keys))
            tags = data_versions.loosely(scene.loose_deps(asset))
            yield from leave(context, key, shown, version=version, tags=tags, dry_run=run_settings.dry_run)
        evaluate(context, ledger, scene.name, wanted, metadata.days_of([report]))

    return made


def held_of(report: StepReport) -> StepReport:
    """What of a step's report says that something waits for a person."""
    held = StepReport(report.step)
    held.counts["held"] = report.counts["held"]
    held.samples = [sample for sample in report.samples if sample.get("outcome") == "held"]
    return held


def _spec(scene: Scene, flow: FlowSpec, asset: AssetSpec) -> dg.AssetSpec:
    return dg.AssetSpec(
        scene.key(asset.name),
        deps=scene.deps(asset),
        description=asset.text,
        group_name=scene.group(asset),
        owners=[asset.owner],
        kinds=set(scene.kinds(asset)),
        tags={"integration": scene.name, "direction": flow.direction},
        skippable=True,
    )


def _of_kinds(
    context: dg.AssetExecutionContext,
    connector: ConnectorResource,
    scene: Scene,
    kinds: Sequence[DocumentKind],
    *,
    after_id: int | None,
    told: StepReport,
) -> metadata.Metadata:
    """What the run's partitions hold of these kinds, what was added after a document's id, and what is told besides."""
    with connector.deployment.ledger.read() as tx:
        shown = metadata.of_days(tx, scene.name, Rows(kinds=tuple(kinds)), days(context.partition_keys))
        new = (
            ledger_metrics.received(tx, scene.name, kinds, after_id=after_id, samples=100)
            if after_id is not None
            else None
        )
    if new is not None:
        shown["parsed_now"] = new.count
    shown |= {name: count for name, count in told.counts.items() if count}
    rows = [*told.samples, *(new.rows if new is not None else ())]
    if rows:
        shown["documents"] = metadata.table(rows)
    return shown


def _moved(
    context: dg.AssetExecutionContext,
    connector: ConnectorResource,
    asset: str,
    kinds: Sequence[DocumentKind],
    after_event: int,
    told: StepReport,
) -> metadata.Metadata:
    """What this run moved of these kinds."""
    with connector.deployment.ledger.read() as tx:
        counts, rows = ledger_metrics.moved_by_run(tx, context.run.run_id, asset, kinds, after_event=after_event)
    shown: metadata.Metadata = {f"{state}_now": count for state, count in counts.items()}
    if rows or told.samples:
        shown["documents"] = metadata.table([*told.samples, *rows])
    return shown
