"""What an asset's step leaves in Dagster: a materialization or a dry run's observations, and check evaluations."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as Target,
)
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION

from ml_connector.ledger.database.store import Ledger
from ml_connector.orchestration.runtime.checks import Answer, LedgerCheck, ask
from ml_connector.orchestration.runtime.metadata import Metadata
from ml_connector.orchestration.runtime.partitions import days

#: Dagster records nothing for an output marked so, and the steps behind it go on.
UNRECORDED = {SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True}


def leave(
    context: dg.AssetExecutionContext,
    asset: dg.AssetKey,
    shown: Metadata,
    *,
    version: dg.DataVersion,
    tags: Mapping[str, str],
    dry_run: bool,
) -> Iterator[dg.MaterializeResult[Any]]:
    """The asset's materialization. A dry run made nothing: its partitions keep their colour, it leaves observations."""
    if not dry_run:
        yield dg.MaterializeResult(asset_key=asset, metadata=shown, data_version=version, tags=dict(tags))
        return
    for partition in context.partition_keys if context.has_partition_key or context.has_partition_key_range else [None]:
        context.log_event(dg.AssetObservation(asset_key=asset, partition=partition, metadata=shown))
    yield dg.MaterializeResult(asset_key=asset, metadata=UNRECORDED)


def evaluate(
    context: dg.AssetExecutionContext,
    ledger: Ledger,
    integration: str,
    checks: Sequence[LedgerCheck],
    touched: Collection[date],
) -> None:
    """Evaluate checks of the run's days and of those that it touched, after the materialization."""
    asked = {*days(context.partition_keys), *touched}
    for answer, target in targeted(context.instance, ask(ledger, integration, checks, asked)):
        context.log_event(answer.evaluation(target))


def targeted(instance: dg.DagsterInstance, answers: Sequence[Answer]) -> Iterator[tuple[Answer, Target | None]]:
    """Answers with the newest materialization of their partition, which they are about."""
    known: dict[tuple[dg.AssetKey, str | None], Target | None] = {}
    for answer in answers:
        place = (answer.check.asset, answer.partition)
        if place not in known:
            known[place] = _newest(instance, *place)
        yield answer, known[place]


def _newest(instance: dg.DagsterInstance, asset: dg.AssetKey, partition: str | None) -> Target | None:
    partitions = [partition] if partition is not None else None
    found = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=asset, asset_partitions=partitions), limit=1
    ).records
    if not found:
        return None
    return Target(run_id=found[0].run_id, storage_id=found[0].storage_id, timestamp=found[0].timestamp)
