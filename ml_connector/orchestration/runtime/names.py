"""How keys, jobs and leases are named: plain, stable, in one place. Keys are history: never rename one."""

import dagster as dg

from ml_connector.config.connections import ConnectionSettings
from ml_connector.systems import registry

#: The first part of every outside asset's key.
OUTSIDE = "outside"


def key(first: str, *rest: str) -> dg.AssetKey:
    """An asset's key: connection or integration, then the name."""
    return dg.AssetKey([first, *rest])


def outside(connection: str, name: str) -> dg.AssetKey:
    """The key of something that another system keeps."""
    return key(OUTSIDE, connection, name)


def input_name(asset: dg.AssetKey) -> str:
    """A key as a Dagster input or output name."""
    return "__".join(asset.path)


def flow_group(integration: str, flow: str) -> str:
    """The group of the assets of one business flow: groups follow each other as the business does."""
    return f"{integration}/{flow}"


def reference_group(connection: str) -> str:
    """The group of an ERP connection's reference assets."""
    return f"{connection}_reference"


def end_group(connection: str, *, fed: bool) -> str:
    """The group of what an outside system keeps: where the graph begins, or (fed) where it ends. Never both: a group
    that stands at both ends ties the graph into a knot.
    """
    return f"{connection}_{'sinks' if fed else 'sources'}"


def kind_of(connection: ConnectionSettings) -> str:
    """Shown on an asset; Dagster draws an icon where it has one."""
    return registry.find(connection.system).kind


def job_name(owner: str, what: str) -> str:
    """exact_cleo, inbound -> exact_cleo_inbound."""
    return f"{owner}_{what}"


def channel_lease(integration: str, direction: str) -> str:
    """The lease of whoever works on one direction of an integration."""
    return f"channel:{integration}:{direction}"


def worker_lease(run_id: str) -> str:
    """The lease of a Dagster run's process: it claims documents by this name."""
    return f"worker:{run_id}"


def tables_of(connection: ConnectionSettings) -> list[str]:
    """The reference tables that an ERP has."""
    return registry.find(connection.system).listed_tables


def keys_of(name: str, connection: ConnectionSettings) -> dict[str, dg.AssetKey]:
    """Keys of an ERP connection's reference assets, by table."""
    return {table: key(name, table) for table in tables_of(connection)}
