"""Jobs: one per direction of an integration, one per ERP connection's reference tables."""

import dagster as dg

from ml_connector.config.connections import ConnectionSettings
from ml_connector.flows.core.spec import INBOUND, Direction
from ml_connector.orchestration.runtime.integration_context import Scene
from ml_connector.orchestration.runtime.names import job_name, keys_of

#: Live work goes before backfills in the queue.
LIVE_PRIORITY = {"dagster/priority": "10"}


def document_keys(scene: Scene, direction: Direction) -> list[dg.AssetKey]:
    """What a direction's job runs, in the order of the business; nothing where no flow of it is on."""
    return [scene.key(asset.name) for asset in scene.flows.assets(direction)]


def document_job(scene: Scene, direction: Direction) -> dg.JobDefinition:
    """The job of an integration's direction."""
    text = "Everything that comes in: files, documents, postings, our 997s."
    if direction != INBOUND:
        text = " ".join(flow.text for flow in scene.flows.running(direction))
    return dg.define_asset_job(  # type: ignore[return-value]
        job_name(scene.name, direction),
        selection=dg.AssetSelection.assets(*document_keys(scene, direction)),
        description=f"{text} By hand or by backfill: replays the partition.",
        tags={"integration": scene.name, "direction": direction},
        executor_def=dg.in_process_executor,
    )


def reference_job(connection: str, settings: ConnectionSettings) -> dg.JobDefinition:
    """Reads a connection's reference tables."""
    return dg.define_asset_job(  # type: ignore[return-value]
        job_name(connection, "reference"),
        selection=dg.AssetSelection.assets(*keys_of(connection, settings).values()),
        description="Read the reference tables; a version is stored where the content differs.",
        tags={"connection": connection},
        executor_def=dg.in_process_executor,
    )
