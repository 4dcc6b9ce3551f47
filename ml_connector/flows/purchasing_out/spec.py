"""Purchase orders and receipts out, declared: a network matches the invoices that it approves with them."""

from ml_connector.documents.kinds import DocumentKind as K
from ml_connector.flows.core.spec import (
    OUTBOUND,
    PURCHASE_ORDERS,
    PURCHASING_OWNER,
    AssetSpec,
    CheckSpec,
    FlowSpec,
    Needs,
    OutsideSpec,
    StepSpec,
    none_held,
    outcomes_known,
    send_records_step,
)

RECEIVED = OutsideSpec("received_goods", "erp", "Goods receipts in the ERP.")
ORDERS_THERE = OutsideSpec("network_orders", "network", "Purchase orders at the network, to match invoices with.")
RECEIPTS_THERE = OutsideSpec("network_receipts", "network", "Receipts at the network, to match invoices with.")
_HERE = "ml_connector.flows.purchasing_out"


def _checks(what: str) -> tuple[CheckSpec, ...]:
    return (
        none_held(f"No {what} for the network is held back."),
        outcomes_known(f"Of every {what} it is known whether the network took it."),
    )


ORDERS = FlowSpec(
    name="order_records_out",
    direction=OUTBOUND,
    text="Purchase orders of the ERP, whole and with their changes, are told to the network that approves invoices.",
    kinds=(K.ORDER_RECORD,),
    settings=f"{_HERE}.settings:OrderRecordsOut",
    partners=frozenset({"network"}),
    news=f"{_HERE}.orders:news",
    needs=Needs(sources=frozenset({"purchase_orders"}), network=frozenset({"network_orders"})),
    steps=(
        StepSpec("read_order_records", f"{_HERE}.orders:read", "Read purchase orders that moved", at="erp"),
        StepSpec(
            "resolve_order_records",
            f"{_HERE}.orders:resolve",
            "Decide what the network is told of each order",
            after=("read_order_records",),
        ),
        send_records_step("send_order_records", f"{_HERE}.orders:send", "resolve_order_records"),
    ),
    assets=(
        AssetSpec(
            "order_records_read",
            "Purchase orders that are new or changed, whole, stored as read.",
            steps=("read_order_records",),
            reads=(PURCHASE_ORDERS,),
            owner=PURCHASING_OWNER,
            kinds=("erp",),
        ),
        AssetSpec(
            "orders_at_network",
            "Purchase orders as the network has them, each sent once.",
            steps=("resolve_order_records", "send_order_records"),
            deps=("order_records_read",),
            feeds=(ORDERS_THERE,),
            owner=PURCHASING_OWNER,
            kinds=("network",),
            finishes=True,
            checks=_checks("order"),
        ),
    ),
)

RECEIPTS = FlowSpec(
    name="receipt_records_out",
    direction=OUTBOUND,
    text="Goods receipts of the ERP, a line each, are told to the network that approves invoices.",
    kinds=(K.RECEIPT_RECORD,),
    settings=f"{_HERE}.settings:ReceiptRecordsOut",
    partners=frozenset({"network"}),
    source="received_goods",
    news=f"{_HERE}.receipts:news",
    needs=Needs(
        sources=frozenset({"received_goods", "purchase_orders"}),
        network=frozenset({"network_receipts"}),
    ),
    steps=(
        StepSpec("read_receipt_records", f"{_HERE}.receipts:read", "Read goods receipts that moved", at="erp"),
        StepSpec(
            "resolve_receipt_records",
            f"{_HERE}.receipts:resolve",
            "Decide what the network is told of each receipt; its order goes first",
            after=("read_receipt_records", "send_order_records"),
        ),
        send_records_step("send_receipt_records", f"{_HERE}.receipts:send", "resolve_receipt_records"),
    ),
    assets=(
        AssetSpec(
            "receipt_records_read",
            "Lines of goods receipts that are new or changed, stored as read.",
            steps=("read_receipt_records",),
            reads=(RECEIVED,),
            owner=PURCHASING_OWNER,
            kinds=("erp",),
        ),
        AssetSpec(
            "receipts_at_network",
            "Receipts as the network has them, each sent once.",
            steps=("resolve_receipt_records", "send_receipt_records"),
            deps=("receipt_records_read", "orders_at_network"),
            feeds=(RECEIPTS_THERE,),
            owner=PURCHASING_OWNER,
            kinds=("network",),
            finishes=True,
            checks=_checks("receipt"),
        ),
    ),
)
