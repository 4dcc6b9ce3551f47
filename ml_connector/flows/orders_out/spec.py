"""Orders out, declared: purchase orders of the ERP leave as 850 and 860."""

from ml_connector.documents.kinds import DocumentKind as K
from ml_connector.flows.core.spec import (
    FILES_TO_PARTNERS,
    OUTBOUND,
    PURCHASE_ORDERS,
    AssetSpec,
    CheckSpec,
    FlowSpec,
    Needs,
    StepSpec,
    none_held,
    outcomes_known,
    render_step,
    send_step,
)
from ml_connector.ledger.work.states import DocumentState as S

FLOW = FlowSpec(
    name="orders_out",
    direction=OUTBOUND,
    text="Purchase orders of the ERP leave as orders and order changes (850, 860).",
    kinds=(K.ORDER, K.ORDER_CHANGE),
    settings="ml_connector.config.integrations:OrdersOut",
    by_default=True,
    news="ml_connector.flows.orders_out.order_news:news",
    partners=frozenset({"supplier"}),
    source="purchase_orders",
    needs=Needs(
        sources=frozenset({"purchase_orders"}),
        tables=frozenset({"vendors", "items", "gl_accounts"}),
        coded_by=frozenset({"cost_centers"}),
    ),
    steps=(
        StepSpec(
            "read",
            "ml_connector.flows.orders_out.orders:read",
            "Read orders that a webhook named or that moved",
            at="erp",
            reads_tables=True,
        ),
        StepSpec(
            "resolve",
            "ml_connector.flows.orders_out.order_resolving:resolve",
            "Decide what the partner is sent: an order, a change, a cancellation, or nothing",
            after=("read",),
            reads_tables=True,
        ),
        render_step("render", "resolve"),
        send_step("send", "render"),
    ),
    assets=(
        AssetSpec(
            "orders_read",
            "Purchase orders that are new or changed in the ERP, whole, stored as read.",
            steps=("read",),
            tables=("items", "gl_accounts"),
            reads=(PURCHASE_ORDERS,),
            kinds=("erp",),
        ),
        AssetSpec(
            "orders_850",
            "Orders and changes as the partner is sent them (850, 860): resolved and rendered.",
            steps=("resolve", "render"),
            deps=("orders_read",),
            tables=("vendors", "items", "gl_accounts", "cost_centers"),
            checks=(none_held("No order is held back."),),
        ),
        AssetSpec(
            "sent_orders",
            "Orders uploaded to the partners' folders, exactly once, and whether they were answered.",
            steps=("send",),
            deps=("orders_850",),
            feeds=(FILES_TO_PARTNERS,),
            kinds=("network",),
            finishes=True,
            checks=(
                CheckSpec("overdue", "Every order that was sent is answered, or not due yet.", (S.OVERDUE,)),
                outcomes_known("Of every order it is known whether the network took it."),
            ),
        ),
    ),
)
