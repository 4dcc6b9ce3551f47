"""Days that are over are filled: nothing is missing for want of documents, and nothing stays unsynced.

A run fills the day that it is started for. A day on which nothing came, one whose documents were worked on by the next
day's run, and one whose runs were pruned since gets one event an asset, without a run, once it is over and nothing of
it is in progress. What is held does not keep a day open: it stands in the check of that day.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

import dagster as dg
import sqlalchemy as sa
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from ml_connector.flows.core.spec import AssetSpec, FlowSpec
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.database.access import unindexed
from ml_connector.ledger.database.store import Ledger, Tx
from ml_connector.ledger.tables.documents import document
from ml_connector.ledger.work.states import FINISHED, WAITING, DocumentState
from ml_connector.orchestration.jobs.standing_checks import report
from ml_connector.orchestration.runtime import checks, data_versions
from ml_connector.orchestration.runtime.integration_context import Scene
from ml_connector.orchestration.runtime.metadata import of_days

log = logging.getLogger(__name__)

#: Events of one go, newest days first; what is left is done by the next ones. Each takes 16 to 26 ms.
AT_ONCE = 100
IN_PROGRESS = tuple(state.value for state in DocumentState if state not in FINISHED | WAITING)
_PREFIX = "days_filled:"


@dataclass(frozen=True)
class _Asset:
    """What is known of an asset here. parents: assets of its own direction that it depends on."""

    key: dg.AssetKey
    flow: FlowSpec
    rows: data_versions.Rows
    deps: tuple[dg.AssetKey, ...]
    parents: tuple[dg.AssetKey, ...]
    checks: tuple[checks.LedgerCheck, ...]


def fill(context: dg.OpExecutionContext, ledger: Ledger, scene: Scene) -> int:
    """Fill the days of an integration that are over; how many events that took. Costs nothing where all are filled."""
    assets = [_known(scene, flow, asset) for flow in scene.flows.on for asset in scene.flows.shown(flow)]
    last = ledger.clock.now().date() - timedelta(days=1)
    mark = f"{last.isoformat()} {_shape(scene, assets)}"
    with ledger.read() as tx:
        if cursors.get(tx, _PREFIX + scene.name) == mark:
            return 0
        busy = _in_progress(tx, scene.name)
    over = [day for day in scene.partitions.get_partition_keys() if day <= last.isoformat()]
    wanted = _wanted(context.instance, assets, set(over))
    events = 0
    left = False
    for day in reversed(over):
        for asset in assets:
            if day not in wanted[asset.key]:
                continue
            if day in busy.get(asset.flow.name, ()) or events >= AT_ONCE:
                left = True
                continue
            _fill(context, ledger, scene, asset, date.fromisoformat(day))
            events += 1
    if not left:
        with ledger.write() as tx:
            cursors.put(tx, _PREFIX + scene.name, mark)
    return events


def look_again(ledger: Ledger) -> None:
    """Runs were pruned, and with them what filled their days: look at all days once more."""
    with ledger.write() as tx:
        for name in cursors.listing(tx, _PREFIX):
            cursors.forget(tx, name)


def _known(scene: Scene, flow: FlowSpec, asset: AssetSpec) -> _Asset:
    loose = scene.loose_deps(asset)
    parents = [scene.key(name) for name in scene.flows.dependencies(asset)]
    return _Asset(
        scene.key(asset.name),
        flow,
        scene.rows(flow, asset),
        tuple(scene.deps(asset)),
        tuple(key for key in parents if key not in loose),
        tuple(check for check in scene.checks(flow, asset) if check.wanted is not None),
    )


def _shape(scene: Scene, assets: Iterable[_Asset]) -> str:
    """What the graph looks like: with another asset or start there are other days to fill."""
    names = [scene.partitions.get_first_partition_key(), *sorted(asset.key.to_user_string() for asset in assets)]
    return sha256("|".join(map(str, names)).encode()).hexdigest()[:12]


def _wanted(instance: dg.DagsterInstance, assets: Sequence[_Asset], over: set[str]) -> dict[dg.AssetKey, set[str]]:
    """Days without a version of ours, by asset; and those whose parent is filled now, so that they are in step."""
    wanted: dict[dg.AssetKey, set[str]] = {}
    for asset in assets:
        tags = instance.event_log_storage.get_latest_tags_by_partition(
            asset.key, dg.DagsterEventType.ASSET_MATERIALIZATION, [DATA_VERSION_TAG]
        )
        filled = {day for day, some in tags.items() if some[DATA_VERSION_TAG].startswith(data_versions.OF_DAY)}
        wanted[asset.key] = over - filled
    grown = True
    while grown:
        grown = False
        for asset in assets:
            more = set[str]().union(*(wanted.get(parent, ()) for parent in asset.parents)) - wanted[asset.key]
            wanted[asset.key] |= more
            grown = grown or bool(more)
    return wanted


def _in_progress(tx: Tx, integration: str) -> dict[str, set[str]]:
    """Days of which documents are still worked on, by flow."""
    c = document.c
    on = unindexed(c.partition_date)
    query = sa.select(c.flow, on.label("day")).where(c.integration == integration, c.state.in_(IN_PROGRESS))
    busy: dict[str, set[str]] = {}
    for flow, day in tx.execute(query.distinct()):
        busy.setdefault(flow, set()).add(day.isoformat())
    return busy


def _fill(context: dg.OpExecutionContext, ledger: Ledger, scene: Scene, asset: _Asset, day: date) -> None:
    with ledger.read() as tx:
        version = data_versions.of_days(tx, scene.name, asset.rows, [day])
        held = of_days(tx, scene.name, asset.rows, [day])
    context.instance.report_runless_asset_event(
        dg.AssetMaterialization(
            asset_key=asset.key,
            partition=day.isoformat(),
            description=None if held["dagster/partition_row_count"] else "Nothing came or left on this day.",
            metadata={"mode": "without a run: the day is over", **held},
            tags=data_versions.without_a_run(version, asset.deps),
        )
    )
    report(context, checks.ask(ledger, scene.name, asset.checks, [day], red=0))
