"""Makes Dagster assets out of flow steps: one op an asset, or a graph whose ops are seen one by one.

Ops hand each other `Nothing`; the work passes through the ledger, so that no IO manager pickles anything and a
range of partitions runs as one. The checks come back in the last op's MaterializeResult.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from ml_connector.flows.concurrent import Member
from ml_connector.flows.core.integration import StepReport
from ml_connector.orchestration.runtime import data_versions, ledger_metrics, metadata, pages
from ml_connector.orchestration.runtime.checks import LedgerCheck
from ml_connector.orchestration.runtime.concurrent_run import Together
from ml_connector.orchestration.runtime.leaving import evaluate, leave
from ml_connector.orchestration.runtime.names import input_name
from ml_connector.orchestration.runtime.partitions import days
from ml_connector.orchestration.runtime.resource import ConnectorResource
from ml_connector.orchestration.runtime.run_settings import RunSettings
from ml_connector.orchestration.runtime.step_runner import RETRY, Beside, FlowStep, StepPlace, StepRun

Context = dg.AssetExecutionContext
#: More metadata, asked for after the asset's last step.
More = Callable[[Context, ConnectorResource, RunSettings], metadata.Metadata]


@dataclass(frozen=True)
class AssetStep:
    """One op. pool: the connection whose calls it makes; None for work that stays in the ledger.

    after, streams: how it goes beside others (`concurrent.Member`).
    """

    name: str
    description: str
    run: FlowStep
    pool: str | None = None
    after: tuple[str, ...] = ()
    streams: bool = False

    @property
    def member(self) -> Member:
        return Member(self.name, self.run, self.after, self.streams)


@dataclass(frozen=True)
class DocumentAsset:
    """An asset of an integration, partitioned by day. The last step's end is the asset's.

    together: where its steps are listed when those of a live run go side by side. rows: what of the ledger it shows.
    loose: dependencies whose news do not make it unsynced.
    """

    place: StepPlace
    description: str
    steps: Sequence[AssetStep]
    deps: Sequence[dg.AssetKey]
    partitions: dg.DailyPartitionsDefinition
    group: str
    owner: str
    kinds: frozenset[str]
    rows: data_versions.Rows
    flow: str = ""
    loose: Sequence[dg.AssetKey] = ()
    checks: Sequence[LedgerCheck] = ()
    more: More | None = None
    together: Together | None = None

    @property
    def beside(self) -> Beside | None:
        return self.together.start if self.together is not None else None

    @property
    def common(self) -> dict[str, Any]:
        """Arguments that every way of making an asset takes."""
        return {
            "key": self.place.asset,
            "description": self.description,
            "group_name": self.group,
            "owners": [self.owner],
            "kinds": set(self.kinds),
            "tags": {"integration": self.place.integration, "direction": self.place.direction},
            "partitions_def": self.partitions,
            "backfill_policy": dg.BackfillPolicy.single_run(),
            "check_specs": [check.spec(self.partitions) for check in self.checks],
        }


def build(asset: DocumentAsset) -> dg.AssetsDefinition:
    """A Dagster asset of one step, or a graph-backed one of several.

    An asset's own check outputs cannot be left out, those of a graph's op can: a run that finds its channel busy
    leaves out all of them. So one step with checks is a graph, too.
    """
    if asset.together is not None:
        for step in asset.steps:
            asset.together.add(step.member, asset.place, [asset.place.asset])
    return _single(asset) if len(asset.steps) == 1 and not asset.checks else _graph(asset)


def _single(asset: DocumentAsset) -> dg.AssetsDefinition:
    step = asset.steps[0]

    @dg.asset(  # type: ignore[untyped-decorator, unused-ignore]
        **asset.common, deps=list(asset.deps), output_required=False, pool=step.pool, retry_policy=RETRY
    )
    def one_step(
        context: Context, connector: ConnectorResource, run_settings: RunSettings
    ) -> Iterator[dg.MaterializeResult[Any]]:
        if _carried_out(asset, step, context, connector, run_settings) is not None:
            yield from _results(asset, context, connector, run_settings)

    made: dg.AssetsDefinition = one_step
    return made


def _carried_out(
    asset: DocumentAsset, step: AssetStep, context: Context, connector: ConnectorResource, settings: RunSettings
) -> StepReport | None:
    return StepRun(context, connector, settings, asset.place, step.name, step.run, asset.beside).carry_out()


def _graph(asset: DocumentAsset) -> dg.AssetsDefinition:
    names = {input_name(dep): dep for dep in asset.deps}
    *earlier, last = asset.steps
    inputs = [list(names), *(["after"] for _ in earlier)]
    ops = [_op(asset, step, ins) for step, ins in zip(earlier, inputs, strict=False)]
    ops.append(_last_op(asset, last, inputs[-1]))

    def compose(**inputs: Any) -> Any:
        # Definitions are known by name in the whole code location, nodes in their graph alone.
        nodes = [op.alias(step.name) for op, step in zip(ops, asset.steps, strict=True)]
        done = nodes[0](**inputs)
        for node in nodes[1:]:
            done = node(after=done)
        if not asset.checks:
            return done
        return {name: getattr(done, name) for name in ("result", *(check.output for check in asset.checks))}

    ins = {name: dg.AssetIn(key=dep, dagster_type=dg.Nothing) for name, dep in names.items()}
    return _as_graph_asset(compose, asset, ins)


def _as_graph_asset(
    compose: Callable[..., Any], asset: DocumentAsset, ins: Mapping[str, dg.AssetIn]
) -> dg.AssetsDefinition:
    """`graph_asset` reads the composing function's signature: give it one with the inputs' names."""
    import inspect

    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in ins]
    compose.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    compose.__name__ = input_name(asset.place.asset)
    return dg.graph_asset(**asset.common, ins=dict(ins))(compose)


def _definition_name(asset: DocumentAsset, step: AssetStep) -> str:
    return f"{input_name(asset.place.asset)}__{step.name}"


def _op(asset: DocumentAsset, step: AssetStep, inputs: Sequence[str]) -> dg.OpDefinition:
    @dg.op(
        name=_definition_name(asset, step),
        description=step.description,
        ins={name: dg.In(dg.Nothing) for name in inputs},
        out=dg.Out(dg.Nothing, is_required=False),
        pool=step.pool,
        retry_policy=RETRY,
    )
    def work(context: Context, connector: ConnectorResource, run_settings: RunSettings) -> Iterator[dg.Output[None]]:
        if _carried_out(asset, step, context, connector, run_settings) is not None:
            yield dg.Output(None)

    return work


def _last_op(asset: DocumentAsset, step: AssetStep, inputs: Sequence[str]) -> dg.OpDefinition:
    outs = ["result", *(check.output for check in asset.checks)]

    @dg.op(
        name=_definition_name(asset, step),
        description=step.description,
        ins={name: dg.In(dg.Nothing) for name in inputs},
        out={name: dg.Out(dg.Nothing, is_required=False) for name in outs},
        pool=step.pool,
        retry_policy=RETRY,
    )
    def work(
        context: Context, connector: ConnectorResource, run_settings: RunSettings
    ) -> Iterator[dg.MaterializeResult[Any]]:
        if _carried_out(asset, step, context, connector, run_settings) is not None:
            yield from _results(asset, context, connector, run_settings)

    return work


def _results(
    asset: DocumentAsset, context: Context, connector: ConnectorResource, settings: RunSettings
) -> Iterator[dg.MaterializeResult[Any]]:
    """Counts, documents, what the run's partitions hold now, and the checks."""
    reports = [*connector.reports(asset.place.asset_name), *_confirmed(asset, context, connector, settings)]
    shown = metadata.of_reports(reports, settings)
    if asset.rows.flow or asset.rows.kinds:
        shown |= partition_metadata(asset, context, connector)
    if asset.more is not None:
        shown |= asset.more(context, connector, settings)
    ledger, integration = connector.deployment.ledger, asset.place.integration
    shown |= pages.documents(
        connector.deployment.loaded.settings.web.public_url,
        integration,
        flow=asset.rows.flow or asset.flow,
        day=min(days(context.partition_keys)) if settings.mode == "replay" else None,
    )
    with ledger.read() as tx:
        version = data_versions.of_days(tx, integration, asset.rows, days(context.partition_keys))
    tags = data_versions.loosely(asset.loose)
    yield from leave(context, asset.place.asset, shown, version=version, tags=tags, dry_run=settings.dry_run)
    evaluate(context, ledger, integration, asset.checks, metadata.days_of(reports))


def _confirmed(
    asset: DocumentAsset, context: Context, connector: ConnectorResource, settings: RunSettings
) -> list[StepReport]:
    """A replay tells how many documents were finished already: confirmed, not written again."""
    if settings.mode != "replay" or not asset.flow:
        return []
    from ml_connector.orchestration.runtime.step_runner import work_of

    work = work_of(context, connector, settings, asset.place)
    return [ledger_metrics.confirm_finished(connector.integration(asset.place.integration), work, asset.flow)]


def partition_metadata(asset: DocumentAsset, context: Context, connector: ConnectorResource) -> metadata.Metadata:
    """What the run's partitions hold now: documents by state, money by currency."""
    with connector.deployment.ledger.read() as tx:
        return metadata.of_days(tx, asset.place.integration, asset.rows, days(context.partition_keys))
