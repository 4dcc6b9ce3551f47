"""Acknowledgments in, declared: 855, 865, 824, 997 and TA1 are recorded against what they answer."""

from ml_connector.documents.kinds import DocumentKind as K
from ml_connector.flows.core.spec import INBOUND, AssetSpec, CheckSpec, FlowSpec, SplitSpec, StepSpec
from ml_connector.ledger.work.states import DocumentState as S

CONFIRMATIONS = (K.ORDER_ACKNOWLEDGMENT, K.CHANGE_ACKNOWLEDGMENT, K.APPLICATION_ADVICE)
RECEIPTS = (K.FUNCTIONAL_ACKNOWLEDGMENT, K.INTERCHANGE_ACKNOWLEDGMENT)
#: Answers of suppliers that a person has to act on (`acknowledgments`).
TO_ACT_ON = (
    "order_refused",
    "order_changed",
    "order_held",
    "order_partly_answered",
    "order_taken_back",
    "order_advised",
    "invoice_advised",
    "sale_advised",
)
#: An answer that nobody acted on stays in the check so long; later the order's own state tells.
ANSWER_DAYS = 30

FLOW = FlowSpec(
    name="acknowledgments_in",
    direction=INBOUND,
    text="What partners answer (855, 865, 824, 997, TA1) is recorded against what it answers.",
    kinds=(*CONFIRMATIONS, *RECEIPTS),
    settings="ml_connector.config.integrations:AcknowledgmentsIn",
    by_default=True,
    # Answers are recorded without the ERP; what of them is written to its orders waits for it.
    begins_without_erp=True,
    steps=(
        StepSpec(
            "apply",
            "ml_connector.flows.acknowledgments_in.acknowledgments:apply",
            "Match every acknowledgment to what it answers; write agreed changes to the ERP's orders.",
            after=("parse",),
            at="erp",
        ),
    ),
    parsed=(
        AssetSpec(
            "order_acknowledgments_855",
            "Order acknowledgments (855, 865) and application advices (824) as parsed.",
            deps=("received_files",),
            documents=CONFIRMATIONS,
        ),
        AssetSpec(
            "functional_acknowledgments_997",
            "Functional and interchange acknowledgments (997, TA1) as parsed.",
            deps=("received_files",),
            documents=RECEIPTS,
        ),
    ),
    assets=(
        SplitSpec(
            "applied_acknowledgments",
            "apply",
            moves=True,
            assets=(
                AssetSpec(
                    "order_confirmations",
                    "Suppliers' answers to orders, recorded against the order; by setting, agreed changes are written"
                    " to it.",
                    deps=("order_acknowledgments_855", "sent_orders"),
                    documents=CONFIRMATIONS,
                    checks=(
                        CheckSpec(
                            "quarantined",
                            "Every order acknowledgment (855) was recorded against its order.",
                            (S.QUARANTINED,),
                            kinds=CONFIRMATIONS,
                        ),
                        CheckSpec(
                            "needs_a_person",
                            "No supplier's answer of the last 30 days refuses or changes an order.",
                            (S.APPLIED,),
                            reasons=TO_ACT_ON,
                            since_days=ANSWER_DAYS,
                        ),
                    ),
                ),
                AssetSpec(
                    "acknowledged_orders",
                    "What partners' 997s said of the orders we sent: acknowledged or refused.",
                    deps=("functional_acknowledgments_997", "sent_orders"),
                    documents=RECEIPTS,
                    checks=(
                        CheckSpec(
                            "quarantined",
                            "Every 997 was matched to what it answers.",
                            (S.QUARANTINED,),
                            kinds=RECEIPTS,
                        ),
                        CheckSpec(
                            "refused",
                            "No partner's 997 refused what we sent.",
                            (S.REFUSED,),
                            flows=("orders_out",),
                            error=True,
                        ),
                    ),
                ),
            ),
        ),
    ),
)
