"""What other systems keep, as external assets at both ends of the graph: what the flows of integrations declare."""

from collections.abc import Iterator, Sequence

import dagster as dg

from ml_connector.config.connections import ConnectionSettings
from ml_connector.flows.core.spec import DATA_OWNER, MASTER_DATA, PURCHASE_ORDERS, At, OutsideSpec
from ml_connector.orchestration.runtime.integration_context import Scene
from ml_connector.orchestration.runtime.names import end_group, kind_of, outside

SIDES: tuple[At, ...] = ("erp", "network")


def build_external_assets(scenes: Sequence[Scene]) -> list[dg.AssetSpec]:
    """The ends of the graph at every connection, fed by the assets that write there: sources and sinks apart."""
    fed: dict[dg.AssetKey, list[dg.AssetKey]] = {}
    for scene in scenes:
        for flow in scene.flows.on:
            for asset in flow.shown:
                for end in asset.feeds:
                    fed.setdefault(scene.outside(end), []).append(scene.key(asset.name))
    sinks = {
        scene.outside(end)
        for scene in scenes
        for flow in scene.flows.present
        for asset in flow.shown
        for end in asset.feeds
    }
    specs: dict[dg.AssetKey, dg.AssetSpec] = {}
    for side in SIDES:
        for scene in sorted(scenes, key=lambda one: one.connection(side)):
            connection = scene.erp if side == "erp" else scene.network
            for end in _ends(scene, side):
                key = scene.outside(end)
                group = end_group(scene.connection(side), fed=key in sinks)
                specs[key] = _spec(scene.connection(side), connection, end, group, fed.get(key, ()))
    return list(specs.values())


def _ends(scene: Scene, side: At) -> Iterator[OutsideSpec]:
    """What the flows of an integration read and write on a side, also when off, and where tables come from."""
    declared = [MASTER_DATA, PURCHASE_ORDERS]
    declared += [end for flow in scene.flows.present for asset in flow.shown for end in (*asset.reads, *asset.feeds)]
    return (end for end in dict.fromkeys(declared) if end.at == side)


def _spec(
    name: str, connection: ConnectionSettings, end: OutsideSpec, group: str, deps: Sequence[dg.AssetKey]
) -> dg.AssetSpec:
    return dg.AssetSpec(
        outside(name, end.name),
        deps=list(deps),
        description=end.text,
        group_name=group,
        kinds={kind_of(connection)},
        owners=[DATA_OWNER],
        tags={"connection": name},
    )
