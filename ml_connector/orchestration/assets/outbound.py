"""The assets of what goes out: orders read from the ERP, rendered as X12, sent to the partners."""

import dagster as dg

from ml_connector.documents.reference import ReferenceTable as T
from ml_connector.flows.core.integration import Integration, StepReport, Work
from ml_connector.flows.orders_out import order_resolving, order_revisions, orders
from ml_connector.flows.outbound import rendering, sending
from ml_connector.orchestration.assets import external_assets
from ml_connector.orchestration.assets.asset_factory import DocumentAsset, Step, build
from ml_connector.orchestration.assets.inbound import X12
from ml_connector.orchestration.runtime.integration_context import Scene, for_flow, with_tables
from ml_connector.orchestration.runtime.names import OUTBOUND, PURCHASING_OWNER, outside


def build_outbound(scene: Scene) -> list[dg.AssetsDefinition]:
    """The outbound assets of the flows that are switched on."""
    if not scene.settings.flows.orders_out.enabled:
        return []
    return [build(orders_read(scene)), build(orders_850(scene)), build(sent_orders(scene))]


def orders_read(scene: Scene) -> DocumentAsset:
    def read(integration: Integration, work: Work) -> StepReport:
        """A replay does not ask the ERP: the record as it was read is kept and rendered again."""
        return StepReport("read") if work.replay else orders.read(integration, work)

    return DocumentAsset(
        place=scene.place(OUTBOUND, "orders_read"),
        description="Purchase orders that are new or changed in the ERP, whole, stored as read.",
        steps=[Step("read", "Read orders that a webhook named or that moved", with_tables(read), scene.settings.erp)],
        deps=[outside(scene.settings.erp, external_assets.PURCHASE_ORDERS), *scene.tables(T.ITEMS, T.GL_ACCOUNTS)],
        partitions=scene.partitions,
        group=scene.group(OUTBOUND),
        owner=PURCHASING_OWNER,
        kinds=frozenset({scene.erp_kind}),
        flow=order_revisions.FLOW,
        checks=scene.checks("orders_read"),
    )


def orders_850(scene: Scene) -> DocumentAsset:
    return DocumentAsset(
        place=scene.place(OUTBOUND, "orders_850"),
        description="Orders and changes as the partner is sent them (850, 860): resolved and rendered.",
        steps=[
            Step(
                "resolve",
                "Decide what the partner is sent: an order, a change, a cancellation, or nothing",
                with_tables(order_resolving.resolve),
            ),
            Step(
                "render",
                "Write the interchange with its control numbers",
                for_flow(rendering.render, order_revisions.FLOW),
            ),
        ],
        deps=[scene.key("orders_read"), *scene.tables(T.VENDORS, T.ITEMS, T.GL_ACCOUNTS, T.COST_CENTERS)],
        partitions=scene.partitions,
        group=scene.group(OUTBOUND),
        owner=PURCHASING_OWNER,
        kinds=frozenset({X12}),
        flow=order_revisions.FLOW,
        checks=scene.checks("orders_850"),
    )


def sent_orders(scene: Scene) -> DocumentAsset:
    return DocumentAsset(
        place=scene.place(OUTBOUND, "sent_orders"),
        description="Orders uploaded to the partners' folders, exactly once, and whether they were answered.",
        steps=[
            Step(
                "send",
                "Upload; settle what an earlier run left open",
                for_flow(sending.send, order_revisions.FLOW),
                scene.settings.network,
            )
        ],
        deps=[scene.key("orders_850")],
        partitions=scene.partitions,
        group=scene.group(OUTBOUND),
        owner=PURCHASING_OWNER,
        kinds=frozenset({scene.network_kind}),
        flow=order_revisions.FLOW,
        checks=scene.checks("sent_orders"),
    )
