"""Sales invoices out, declared: released invoices and credit memos of the ERP leave as 810."""

from ml_connector.documents.kinds import DocumentKind as K
from ml_connector.flows.core.spec import (
    FILES_TO_PARTNERS,
    OUTBOUND,
    RECEIVABLES_OWNER,
    SALES_INVOICES,
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
    name="sales_invoices_out",
    direction=OUTBOUND,
    text="Sales invoices and credit memos of the ERP leave as invoices (810).",
    kinds=(K.INVOICE,),
    settings="ml_connector.flows.sales_invoices_out.settings:SalesInvoicesOut",
    partners=frozenset({"customer"}),
    source="sales_invoices",
    news="ml_connector.flows.sales_invoices_out.reading:news",
    needs=Needs(sources=frozenset({"sales_invoices"})),
    steps=(
        StepSpec(
            "read_invoices",
            "ml_connector.flows.sales_invoices_out.reading:read",
            "Read invoices and credit memos that are new or were changed",
            at="erp",
        ),
        StepSpec(
            "resolve_invoices",
            "ml_connector.flows.sales_invoices_out.resolving:resolve",
            "Decide what the customer is sent: the invoice, a corrected one, or nothing",
            after=("read_invoices",),
        ),
        render_step("render_invoices", "resolve_invoices"),
        send_step("send_invoices", "render_invoices"),
    ),
    assets=(
        AssetSpec(
            "sales_invoices_read",
            "Sales invoices and credit memos that are new or changed in the ERP, whole, stored as read.",
            steps=("read_invoices",),
            reads=(SALES_INVOICES,),
            owner=RECEIVABLES_OWNER,
            kinds=("erp",),
        ),
        AssetSpec(
            "sales_invoices_810",
            "Invoices and credit memos as the customer is sent them (810): resolved and rendered.",
            steps=("resolve_invoices", "render_invoices"),
            deps=("sales_invoices_read",),
            owner=RECEIVABLES_OWNER,
            checks=(none_held("No sales invoice is held back."),),
        ),
        AssetSpec(
            "sent_sales_invoices",
            "Sales invoices uploaded to the customers' folders, exactly once, and whether they were answered.",
            steps=("send_invoices",),
            deps=("sales_invoices_810",),
            feeds=(FILES_TO_PARTNERS,),
            owner=RECEIVABLES_OWNER,
            kinds=("network",),
            finishes=True,
            checks=(
                CheckSpec("overdue", "Every sales invoice is answered, or not due yet.", (S.OVERDUE,)),
                CheckSpec("refused", "No customer refused an invoice.", (S.REFUSED,), error=True),
                outcomes_known("Of every sales invoice it is known whether the network took it."),
            ),
        ),
    ),
)
