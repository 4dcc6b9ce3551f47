"""Payments in, declared: what a network paid is booked in the ERP, and taken back when it is voided."""

from ml_connector.documents.kinds import DocumentKind as K
from ml_connector.errors import Reason
from ml_connector.flows.core.spec import (
    INBOUND,
    PAYABLES_OWNER,
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

TABLES = ("vendors",)
DIFFERENCES = (
    Reason.PAYMENT_ABOVE_DUE,
    Reason.PAYMENT_DIFFERENCE,
    Reason.PAYMENT_ITEM_UNKNOWN,
    Reason.PAYMENT_REPEATED,
    Reason.PAYMENT_STATUS,
    Reason.PERIOD_CLOSED,
)

FLOW = FlowSpec(
    name="payments_in",
    direction=INBOUND,
    text="Payments that a network made are booked in the ERP, and taken back when they are voided.",
    kinds=(K.PAYMENT,),
    settings="ml_connector.flows.payments_in.settings:PaymentsIn",
    partners=frozenset({"network", "bank"}),
    needs=Needs(targets=frozenset({"payments"}), tables=frozenset(TABLES), network=frozenset({"network_payments"})),
    news="ml_connector.flows.payments_in.reading:news",
    steps=(
        StepSpec(
            "read_payments",
            "ml_connector.flows.payments_in.reading:read",
            "Read payments that moved at the network",
            at="network",
        ),
        StepSpec(
            "match_payments",
            "ml_connector.flows.payments_in.payments:match",
            "Find the open items that every payment pays; hold what does not fit",
            after=("read_payments", "post"),
            at="erp",
            reads_tables=True,
        ),
        StepSpec(
            "book_payments",
            "ml_connector.flows.payments_in.booking:book",
            "Book payments and take back what was voided, exactly once",
            after=("match_payments",),
            at="erp",
        ),
        StepSpec(
            "read_back_payments",
            "ml_connector.flows.payments_in.reading_back:read_back",
            "See whether the ERP has matched what was booked",
            after=("book_payments",),
            at="erp",
        ),
    ),
    assets=(
        AssetSpec(
            "network_payments",
            "Payments as the network has them, where they mean something for the books.",
            steps=("read_payments",),
            reads=(OutsideSpec("payments_made", "network", "Payments that the network makes for us."),),
            owner=PAYABLES_OWNER,
            kinds=("network",),
        ),
        AssetSpec(
            "booked_payments",
            "Payments of the network booked in the ERP, a line an invoice, and what was voided taken back.",
            steps=("match_payments", "book_payments", "read_back_payments"),
            deps=("network_payments",),
            tables=TABLES,
            feeds=(OutsideSpec("payments_booked", "erp", "Bank and journal entries of payments in the ERP."),),
            owner=PAYABLES_OWNER,
            kinds=("erp",),
            checks=(
                none_held("No payment is held."),
                CheckSpec(
                    "differences",
                    "No payment is held because it does not fit what is due, or nobody knows what its status means.",
                    (S.QUARANTINED,),
                    reasons=DIFFERENCES,
                ),
                CheckSpec(
                    "unmatched",
                    "What was booked is matched with its open items in the ERP.",
                    look="ml_connector.flows.payments_in.reading_back:unmatched",
                ),
                outcomes_known("Of every payment it is known whether the ERP has it."),
            ),
        ),
    ),
)
