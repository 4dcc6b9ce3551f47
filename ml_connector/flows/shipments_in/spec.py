"""Shipments in, declared: 856 becomes goods receipts."""

from ml_connector.documents.kinds import DocumentKind as K
from ml_connector.flows.core.spec import (
    INBOUND,
    AssetSpec,
    FlowSpec,
    Needs,
    OutsideSpec,
    StepSpec,
    none_held,
    outcomes_known,
)

TABLES = ("vendors", "items", "purchase_orders")

FLOW = FlowSpec(
    name="shipments_in",
    direction=INBOUND,
    text="Ship notices (856) become goods receipts in the ERP.",
    kinds=(K.SHIP_NOTICE,),
    settings="ml_connector.config.integrations:ShipmentsIn",
    by_default=True,
    partners=frozenset({"supplier"}),
    needs=Needs(targets=frozenset({"goods_receipts"}), tables=frozenset(TABLES)),
    steps=(
        StepSpec(
            "match_shipments",
            "ml_connector.flows.shipments_in.shipments:match",
            "Match every shipped line to an open order line; hold what does not fit",
            after=("parse",),
            at="erp",
            reads_tables=True,
        ),
        StepSpec(
            "post_receipts",
            "ml_connector.flows.shipments_in.goods_receipts:post_receipts",
            "Post goods receipts, exactly once; settle what an earlier run left open",
            after=("match_shipments",),
            at="erp",
        ),
    ),
    parsed=(
        AssetSpec(
            "ship_notices_856", "Ship notices (856) as parsed.", deps=("received_files",), documents=(K.SHIP_NOTICE,)
        ),
    ),
    assets=(
        AssetSpec(
            "goods_receipts",
            "Goods receipts posted to the ERP from ship notices, against the lines of open orders.",
            steps=("match_shipments", "post_receipts"),
            deps=("ship_notices_856",),
            tables=TABLES,
            feeds=(OutsideSpec("goods_receipts", "erp", "Goods receipts in the ERP."),),
            kinds=("erp",),
            checks=(
                none_held("No ship notice is held."),
                outcomes_known("Of every goods receipt it is known whether the ERP has it."),
            ),
        ),
    ),
)
