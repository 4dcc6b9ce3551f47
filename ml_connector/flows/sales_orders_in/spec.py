"""Sales orders in, declared: 850 becomes sales orders; an 860 changes them."""

from ml_connector.documents.kinds import DocumentKind as K
from ml_connector.errors import Reason
from ml_connector.flows.core.spec import (
    INBOUND,
    SALES_OWNER,
    AssetSpec,
    CheckSpec,
    FlowSpec,
    Needs,
    OutsideSpec,
    StepSpec,
    none_held,
    outcomes_known,
)
from ml_connector.ledger.work.states import DocumentState as S

TABLES = ("customers", "customer_locations", "item_facts")
UNKNOWN = (Reason.UNKNOWN_CUSTOMER, Reason.UNKNOWN_SHIP_TO, Reason.UNKNOWN_ITEM)
CHANGED = (
    Reason.NOT_A_FIRST_ORDER,
    Reason.TAKEN_BACK_BY_CUSTOMER,
    Reason.ORDER_CHANGE_WAITS,
    Reason.ORDER_CHANGE_OLD,
    Reason.ORDER_CHANGE_UNCLEAR,
    Reason.ORDER_NOT_CHANGEABLE,
)

FLOW = FlowSpec(
    name="sales_orders_in",
    direction=INBOUND,
    text="Orders of customers (850) become sales orders in the ERP; an 860 changes or cancels them.",
    kinds=(K.ORDER, K.ORDER_CHANGE),
    settings="ml_connector.flows.sales_orders_in.settings:SalesOrdersIn",
    partners=frozenset({"customer"}),
    needs=Needs(targets=frozenset({"sales_orders"}), tables=frozenset(TABLES)),
    steps=(
        StepSpec(
            "match_sales_orders",
            "ml_connector.flows.sales_orders_in.orders:match",
            "Find customer, place, items, units and prices of every order; hold what is not plain",
            after=("parse",),
            streams=True,
            reads_tables=True,
        ),
        StepSpec(
            "post_sales_orders",
            "ml_connector.flows.sales_orders_in.posting:post_sales_orders",
            "Post sales orders, exactly once; settle what an earlier run left open",
            after=("match_sales_orders",),
            streams=True,
            at="erp",
        ),
    ),
    parsed=(
        AssetSpec(
            "customer_orders_850",
            "Orders of customers (850) and changes of them (860) as parsed, whole.",
            deps=("received_files",),
            documents=(K.ORDER, K.ORDER_CHANGE),
        ),
    ),
    assets=(
        AssetSpec(
            "sales_orders",
            "Sales orders posted to the ERP: customer, place, items, units and prices found, posted exactly once.",
            steps=("match_sales_orders", "post_sales_orders"),
            deps=("customer_orders_850",),
            tables=TABLES,
            feeds=(OutsideSpec("sales_orders", "erp", "Sales orders in the ERP."),),
            owner=SALES_OWNER,
            kinds=("erp",),
            checks=(
                none_held("No customer's order is held."),
                CheckSpec(
                    "unknown_names",
                    "No order is held for a customer, a place or an item that the ERP does not know.",
                    (S.QUARANTINED,),
                    reasons=UNKNOWN,
                ),
                CheckSpec(
                    "changed_by_customer",
                    "No change or cancellation of a customer waits for a person.",
                    (S.QUARANTINED,),
                    reasons=CHANGED,
                ),
                outcomes_known("Of every sales order it is known whether the ERP has it."),
            ),
        ),
    ),
)
