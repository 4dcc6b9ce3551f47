"""Remittance advices in, declared: an 820 is recorded against bills, and entered as payments by setting."""

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
DIFFERENCES = (Reason.PAYMENT_ABOVE_DUE, Reason.PAYMENT_DIFFERENCE, Reason.PAYMENT_ITEM_UNKNOWN)

FLOW = FlowSpec(
    name="remittances_in",
    direction=INBOUND,
    text="Remittance advices (820) are recorded against bills, and entered as payments in the ERP by setting.",
    kinds=(K.REMITTANCE,),
    settings="ml_connector.flows.remittances_in.settings:RemittancesIn",
    partners=frozenset({"supplier", "customer", "procurement", "bank", "network"}),
    needs=Needs(targets=frozenset({"payments"}), tables=frozenset(TABLES)),
    steps=(
        StepSpec(
            "match_remittances",
            "ml_connector.flows.remittances_in.remittances:match",
            "Find the bills that every payment pays and what is due of them; hold what does not fit",
            after=("parse", "post"),
            at="erp",
            reads_tables=True,
        ),
        StepSpec(
            "post_payments",
            "ml_connector.flows.remittances_in.posting:post_payments",
            "Enter payments, exactly once; settle what an earlier run left open",
            after=("match_remittances",),
            at="erp",
        ),
    ),
    parsed=(
        AssetSpec(
            "remittances_820",
            "Remittance advices (820) as parsed.",
            deps=("received_files",),
            documents=(K.REMITTANCE,),
        ),
    ),
    assets=(
        AssetSpec(
            "payments",
            "Payments that partners told of, recorded against the bills that they pay or entered in the ERP.",
            steps=("match_remittances", "post_payments"),
            deps=("remittances_820", "purchase_invoices"),
            tables=TABLES,
            feeds=(OutsideSpec("payments", "erp", "Payments of bills in the ERP."),),
            owner=PAYABLES_OWNER,
            kinds=("erp",),
            checks=(
                none_held("No payment is held."),
                CheckSpec(
                    "differences",
                    "No payment is held because it does not fit what is due.",
                    (S.QUARANTINED,),
                    reasons=DIFFERENCES,
                ),
                outcomes_known("Of every payment it is known whether the ERP has it."),
            ),
        ),
    ),
)
