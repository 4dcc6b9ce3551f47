"""Shipments out, declared: confirmed shipments leave as ship notices (856)."""

from ml_connector.documents.kinds import DocumentKind as K
from ml_connector.flows.core.spec import (
    FILES_TO_PARTNERS,
    OUTBOUND,
    AssetSpec,
    CheckSpec,
    FlowSpec,
    Needs,
    OutsideSpec,
    StepSpec,
    none_held,
    outcomes_known,
    render_step,
    send_step,
)
from ml_connector.ledger.work.states import DocumentState as S

#: Who is called when an asset fails.
SHIPPING_OWNER = "team:shipping"
SHIPMENTS = OutsideSpec("shipments", "erp", "Shipments to customers in the ERP, packed and confirmed by people.")

FLOW = FlowSpec(
    name="shipments_out",
    direction=OUTBOUND,
    text="Confirmed shipments of customers' orders are told to them (856).",
    kinds=(K.SHIP_NOTICE,),
    settings="ml_connector.flows.shipments_out.settings:ShipmentsOut",
    partners=frozenset({"customer"}),
    source="shipments",
    to_sender=True,
    news="ml_connector.flows.shipments_out.telling:news",
    needs=Needs(sources=frozenset({"shipments"}), targets=frozenset({"sales_orders"})),
    steps=(
        StepSpec(
            "read_shipments",
            "ml_connector.flows.shipments_out.telling:read",
            "Read shipments that moved; compare them with what their customers were told",
            at="erp",
        ),
        StepSpec(
            "resolve_ship_notices",
            "ml_connector.flows.shipments_out.telling:resolve",
            "Decide what the customer is told: orders, pallets, packs, items, lots",
            after=("read_shipments",),
        ),
        render_step("render_ship_notices", "resolve_ship_notices"),
        send_step("send_ship_notices", "render_ship_notices"),
    ),
    assets=(
        AssetSpec(
            "shipments_read",
            "Shipments of customers' orders that are new or were corrected, whole, stored as read.",
            steps=("read_shipments",),
            reads=(SHIPMENTS,),
            owner=SHIPPING_OWNER,
            kinds=("erp",),
        ),
        AssetSpec(
            "ship_notices_out_856",
            "Ship notices as the customer is sent them (856): resolved and rendered.",
            steps=("resolve_ship_notices", "render_ship_notices"),
            deps=("shipments_read",),
            owner=SHIPPING_OWNER,
            checks=(none_held("No ship notice is held back."),),
        ),
        AssetSpec(
            "sent_ship_notices",
            "Ship notices uploaded to the customers' folders, exactly once, and whether they were answered.",
            steps=("send_ship_notices",),
            deps=("ship_notices_out_856",),
            feeds=(FILES_TO_PARTNERS,),
            owner=SHIPPING_OWNER,
            kinds=("network",),
            finishes=True,
            checks=(
                CheckSpec("overdue", "Every ship notice is answered, or not due yet.", (S.OVERDUE,)),
                CheckSpec(
                    "late",
                    "No ship notice is past its customer's deadline.",
                    look="ml_connector.flows.records_out.late:notices",
                ),
                CheckSpec("refused", "No customer refused a ship notice.", (S.REFUSED,), error=True),
                outcomes_known("Of every ship notice it is known whether the network took it."),
            ),
        ),
    ),
)
