"""Order acknowledgments out, declared: what we take of customers' orders leaves as 855."""

from ml_connector.documents.kinds import DocumentKind as K
from ml_connector.flows.core.spec import (
    FILES_TO_PARTNERS,
    OUTBOUND,
    SALES_OWNER,
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

SALES_ORDERS = OutsideSpec("standing_orders", "erp", "Sales orders in the ERP as they stand, worked on by people.")

FLOW = FlowSpec(
    name="order_acks_out",
    direction=OUTBOUND,
    text="What is taken of customers' orders, as their sales orders stand in the ERP, is told to them (855).",
    kinds=(K.ORDER_ACKNOWLEDGMENT,),
    settings="ml_connector.flows.order_acks_out.settings:OrderAcksOut",
    partners=frozenset({"customer"}),
    source="standing_orders",
    to_sender=True,
    news="ml_connector.flows.order_acks_out.telling:news",
    needs=Needs(sources=frozenset({"standing_orders"}), targets=frozenset({"sales_orders"})),
    steps=(
        StepSpec(
            "read_standing_orders",
            "ml_connector.flows.order_acks_out.telling:read",
            "Read sales orders that moved; compare them with what their customers were told",
            at="erp",
        ),
        StepSpec(
            "resolve_order_acks",
            "ml_connector.flows.order_acks_out.telling:resolve",
            "Decide line by line what the customer is told: accepted, changed, backordered, refused, substituted",
            after=("read_standing_orders",),
        ),
        render_step("render_order_acks", "resolve_order_acks"),
        send_step("send_order_acks", "render_order_acks"),
    ),
    assets=(
        AssetSpec(
            "standing_orders_read",
            "Sales orders of customers' orders that stand otherwise than the customers were told, stored as read.",
            steps=("read_standing_orders",),
            reads=(SALES_ORDERS,),
            owner=SALES_OWNER,
            kinds=("erp",),
        ),
        AssetSpec(
            "order_acknowledgments_out_855",
            "Acknowledgments as the customer is sent them (855): resolved and rendered.",
            steps=("resolve_order_acks", "render_order_acks"),
            deps=("standing_orders_read",),
            owner=SALES_OWNER,
            checks=(none_held("No order acknowledgment is held back."),),
        ),
        AssetSpec(
            "sent_order_acknowledgments",
            "Order acknowledgments uploaded to the customers' folders, exactly once, and whether they were answered.",
            steps=("send_order_acks",),
            deps=("order_acknowledgments_out_855",),
            feeds=(FILES_TO_PARTNERS,),
            owner=SALES_OWNER,
            kinds=("network",),
            finishes=True,
            checks=(
                CheckSpec("overdue", "Every order acknowledgment is answered, or not due yet.", (S.OVERDUE,)),
                CheckSpec(
                    "late",
                    "No order acknowledgment is past its customer's deadline.",
                    look="ml_connector.flows.records_out.late:acknowledgments",
                ),
                CheckSpec("refused", "No customer refused an order acknowledgment.", (S.REFUSED,), error=True),
                outcomes_known("Of every order acknowledgment it is known whether the network took it."),
            ),
        ),
    ),
)
