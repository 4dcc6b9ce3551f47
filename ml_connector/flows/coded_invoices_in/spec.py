"""Coded invoices in, declared: what was approved and coded at the network becomes purchase entries in the ERP."""

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

ACKNOWLEDGED = OutsideSpec(
    "acknowledged_batches", "network", "Batches of which the network knows that they were taken."
)
BOOKED = OutsideSpec("coded_entries", "erp", "Purchase entries in the ERP of what was coded at the network.")
UNCODED = (
    Reason.UNMAPPED_ACCOUNT,
    Reason.BLOCKED_ACCOUNT,
    Reason.UNMAPPED_COST_CENTER,
    Reason.INACTIVE_COST_CENTER,
    Reason.MISSING_VAT_CODE,
)

FLOW = FlowSpec(
    name="coded_invoices_in",
    direction=INBOUND,
    text="Invoices that were approved and coded at the network become purchase entries in the ERP, batch by batch.",
    kinds=(K.PAYABLE,),
    settings="ml_connector.flows.coded_invoices_in.settings:CodedInvoicesIn",
    partners=frozenset({"network"}),
    needs=Needs(
        targets=frozenset({"bills"}),
        tables=frozenset({"vendors", "gl_accounts"}),
        coded_by=frozenset({"cost_centers", "cost_units", "vat_codes"}),
        network=frozenset({"network_invoices"}),
    ),
    steps=(
        StepSpec(
            "code_approved_invoices",
            "ml_connector.flows.coded_invoices_in.matching:match",
            "Compare with earlier readings of the batch; find vendor, accounts and dimensions; hold what does not fit",
            after=("parse",),
            at="network",
            reads_tables=True,
        ),
        StepSpec(
            "post_approved_invoices",
            "ml_connector.flows.coded_invoices_in.posting:post_coded",
            "Post purchase entries, exactly once; settle what an earlier run left open",
            after=("code_approved_invoices",),
            at="erp",
        ),
        StepSpec(
            "acknowledge_batches",
            "ml_connector.flows.coded_invoices_in.acknowledging:acknowledge",
            "Tell the network of each batch of which all is posted or held, unless it was closed again meanwhile",
            after=("post_approved_invoices",),
            at="network",
        ),
    ),
    parsed=(
        AssetSpec(
            "approved_invoices",
            "Invoices of closed batches as they were read, each reading of a batch by itself.",
            deps=("received_files",),
            documents=(K.PAYABLE,),
            kinds=("network",),
        ),
    ),
    assets=(
        AssetSpec(
            "coded_purchase_entries",
            "Purchase entries of what was approved and coded at the network, posted exactly once.",
            steps=("code_approved_invoices", "post_approved_invoices"),
            deps=("approved_invoices",),
            tables=("vendors", "gl_accounts"),
            feeds=(BOOKED,),
            owner=PAYABLES_OWNER,
            kinds=("erp",),
            checks=(
                none_held("No approved invoice is held back."),
                CheckSpec(
                    "uncoded", "Every code that was used there is known here.", (S.QUARANTINED,), reasons=UNCODED
                ),
                outcomes_known("Of every approved invoice it is known whether it was booked."),
            ),
        ),
        AssetSpec(
            "acknowledged_batches_out",
            "Batches of which the network was told that all of them is posted or held.",
            steps=("acknowledge_batches",),
            deps=("coded_purchase_entries",),
            feeds=(ACKNOWLEDGED,),
            owner=PAYABLES_OWNER,
            kinds=("network",),
        ),
    ),
)
