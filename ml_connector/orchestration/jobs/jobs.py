"""Jobs: one per direction of an integration, one per ERP connection's reference tables."""

import dagster as dg

from ml_connector.orchestration.assets.inbound import APPLIED, PARSED
from ml_connector.orchestration.runtime.integration_context import Scene
from ml_connector.orchestration.runtime.names import INBOUND, OUTBOUND, job_name, keys_of

#: Live work goes before backfills in the queue.
LIVE_PRIORITY = {"dagster/priority": "10"}


def inbound_keys(scene: Scene) -> list[dg.AssetKey]:
    """What the inbound job runs, in the order of the business."""
    flows = scene.settings.flows
    names = ["received_files", *PARSED]
    names += ["goods_receipts"] if flows.shipments_in.enabled else []
    names += ["purchase_invoices"] if flows.invoices_in.enabled else []
    names += [*APPLIED] if flows.acknowledgments_in.enabled else []
    return [scene.key(name) for name in [*names, "acknowledgments_sent"]]


def outbound_keys(scene: Scene) -> list[dg.AssetKey]:
    if not scene.settings.flows.orders_out.enabled:
        return []
    return [scene.key(name) for name in ("orders_read", "orders_850", "sent_orders")]


def inbound_job(scene: Scene) -> dg.JobDefinition:
    return _document_job(
        scene, INBOUND, inbound_keys(scene), "Everything that comes in: files, documents, postings, our 997s."
    )


def outbound_job(scene: Scene) -> dg.JobDefinition:
    return _document_job(scene, OUTBOUND, outbound_keys(scene), "Orders out: read, resolve, render, send.")


def _document_job(scene: Scene, direction: str, keys: list[dg.AssetKey], text: str) -> dg.JobDefinition:
    return dg.define_asset_job(  # type: ignore[return-value]
        job_name(scene.name, direction),
        selection=dg.AssetSelection.assets(*keys),
        description=f"{text} By hand or by backfill: replays the partition.",
        tags={"integration": scene.name, "direction": direction},
        executor_def=dg.in_process_executor,
    )


def reference_job(connection: str) -> dg.JobDefinition:
    return dg.define_asset_job(  # type: ignore[return-value]
        job_name(connection, "reference"),
        selection=dg.AssetSelection.assets(*keys_of(connection).values()),
        description="Read the reference tables; a version is stored where the content differs.",
        tags={"connection": connection},
        executor_def=dg.in_process_executor,
    )
