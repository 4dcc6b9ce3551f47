"""Invoices in, declared: 810 becomes purchase invoices."""

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

CODED_BY = ("cost_centers", "cost_units", "vat_codes")
TABLES = ("vendors", "gl_accounts", "items", "purchase_orders")
UNMAPPED = (
    Reason.UNMAPPED_ACCOUNT,
    Reason.UNMAPPED_COST_CENTER,
    Reason.UNMAPPED_CHARGE,
    Reason.MISSING_VAT_CODE,
    Reason.INACTIVE_COST_CENTER,
    Reason.BLOCKED_ACCOUNT,
)
DUPLICATES = (Reason.DUPLICATE_INVOICE_NUMBER, Reason.REPEATED_CONTROL_NUMBER)

FLOW = FlowSpec(
    name="invoices_in",
    direction=INBOUND,
    text="Invoices (810) become purchase invoices in the ERP, matched and coded.",
    kinds=(K.INVOICE,),
    settings="ml_connector.config.integrations:InvoicesIn",
    by_default=True,
    partners=frozenset({"supplier"}),
    needs=Needs(targets=frozenset({"bills"}), tables=frozenset(TABLES), coded_by=frozenset(CODED_BY)),
    steps=(
        StepSpec(
            "match",
            "ml_connector.flows.invoices_in.invoices:match",
            "Match every invoice line to its order and receipt; hold what is outside of the tolerances",
            after=("parse", "post_receipts"),
            streams=True,
            at="erp",
            reads_tables=True,
        ),
        StepSpec(
            "code",
            "ml_connector.flows.invoices_in.invoices:code",
            "Give every line its account, cost center and VAT code",
            after=("match",),
            streams=True,
        ),
        StepSpec(
            "post",
            "ml_connector.flows.invoices_in.bills:post_bills",
            "Post purchase invoices, exactly once; settle what an earlier run left open",
            after=("code",),
            streams=True,
            at="erp",
        ),
    ),
    parsed=(
        AssetSpec("invoices_810", "Invoices (810) as parsed, whole.", deps=("received_files",), documents=(K.INVOICE,)),
    ),
    assets=(
        AssetSpec(
            "purchase_invoices",
            "Purchase invoices posted to the ERP: matched to orders and receipts, coded, posted exactly once.",
            steps=("match", "code", "post"),
            deps=("invoices_810", "goods_receipts"),
            tables=(*TABLES, *CODED_BY),
            feeds=(OutsideSpec("purchase_invoices", "erp", "Purchase invoices in the ERP's books."),),
            owner=PAYABLES_OWNER,
            kinds=("erp",),
            checks=(
                none_held("No invoice is held for a person or for reference data."),
                CheckSpec(
                    "unmapped_codes",
                    "No invoice is held for want of an account, a cost center, a charge or a VAT code.",
                    (S.QUARANTINED,),
                    reasons=UNMAPPED,
                ),
                CheckSpec(
                    "duplicates",
                    "No invoice waits because its number or its interchange came before.",
                    (S.QUARANTINED,),
                    reasons=DUPLICATES,
                ),
                outcomes_known("Of every invoice it is known whether the ERP has it."),
            ),
        ),
    ),
)
