"""Orders of our own purchasing in, declared: 850 becomes purchase orders."""

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

TABLES = ("vendors", "item_facts")

FLOW = FlowSpec(
    name="purchase_orders_in",
    direction=INBOUND,
    text="Orders of our own purchasing (850) become purchase orders in the ERP.",
    kinds=(K.ORDER, K.ORDER_CHANGE),
    settings="ml_connector.flows.purchase_orders_in.settings:PurchaseOrdersIn",
    partners=frozenset({"procurement"}),
    needs=Needs(targets=frozenset({"purchases"}), tables=frozenset(TABLES)),
    steps=(
        StepSpec(
            "match_purchases",
            "ml_connector.flows.purchase_orders_in.orders:match",
            "Find supplier, items and units of every order; hold what is not plain",
            after=("parse",),
            reads_tables=True,
        ),
        StepSpec(
            "post_purchases",
            "ml_connector.flows.purchase_orders_in.posting:post_purchases",
            "Enter purchase orders, exactly once; settle what an earlier run left open",
            after=("match_purchases",),
            at="erp",
        ),
    ),
    parsed=(
        AssetSpec(
            "own_orders_850",
            "Orders of our own purchasing (850) and changes of them (860) as parsed.",
            deps=("received_files",),
            documents=(K.ORDER, K.ORDER_CHANGE),
        ),
    ),
    assets=(
        AssetSpec(
            "entered_purchases",
            "Orders of our own purchasing entered in the ERP as purchase orders.",
            steps=("match_purchases", "post_purchases"),
            deps=("own_orders_850",),
            tables=TABLES,
            feeds=(OutsideSpec("entered_purchases", "erp", "Purchase orders that our purchasing made elsewhere."),),
            kinds=("erp",),
            checks=(
                none_held("No order of our purchasing is held."),
                outcomes_known("Of every purchase order it is known whether the ERP has it."),
            ),
        ),
    ),
)
