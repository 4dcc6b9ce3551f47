"""Booked invoices out, declared: supplier invoices of the ERP leave for approval and payment."""

from ml_connector.documents.kinds import DocumentKind as K
from ml_connector.flows.core.spec import (
    OUTBOUND,
    PAYABLES_OWNER,
    AssetSpec,
    FlowSpec,
    Needs,
    OutsideSpec,
    StepSpec,
    none_held,
    outcomes_known,
    send_records_step,
)

BOOKED_INVOICES = OutsideSpec("booked_invoices", "erp", "Supplier invoices that are booked in the ERP, by whomever.")
NETWORK_INVOICES = OutsideSpec("network_invoices", "network", "Invoices at the network, to be approved and paid there.")
_STEPS = "ml_connector.flows.invoices_out.flow"

FLOW = FlowSpec(
    name="invoices_out",
    direction=OUTBOUND,
    text="Booked supplier invoices of the ERP leave for approval and payment, whole, with their PDF.",
    kinds=(K.PAYABLE,),
    settings="ml_connector.flows.invoices_out.settings:InvoicesOut",
    partners=frozenset({"network"}),
    source="entered_invoices",
    news=f"{_STEPS}:news",
    needs=Needs(sources=frozenset({"entered_invoices"}), network=frozenset({"network_invoices"})),
    steps=(
        StepSpec(
            "read_booked_invoices",
            f"{_STEPS}:read",
            "Read entries that are new or were changed; what came from the network stays",
            at="erp",
        ),
        StepSpec(
            "resolve_booked_invoices",
            f"{_STEPS}:resolve",
            "Decide what the network is sent: the invoice, a change of it, its withdrawal, or nothing",
            after=("read_booked_invoices",),
        ),
        send_records_step("send_booked_invoices", f"{_STEPS}:send", "resolve_booked_invoices"),
    ),
    assets=(
        AssetSpec(
            "booked_invoices_read",
            "Booked supplier invoices that are new or changed in the ERP, whole, stored as read.",
            steps=("read_booked_invoices",),
            reads=(BOOKED_INVOICES,),
            owner=PAYABLES_OWNER,
            kinds=("erp",),
        ),
        AssetSpec(
            "invoices_for_approval",
            "Invoices as the network is sent them: vendor and codes resolved, PDF kept.",
            steps=("resolve_booked_invoices",),
            deps=("booked_invoices_read",),
            owner=PAYABLES_OWNER,
            kinds=("erp",),
            checks=(none_held("No invoice for approval is held back."),),
        ),
        AssetSpec(
            "invoices_at_network",
            "Invoices that the network has, each sent once.",
            steps=("send_booked_invoices",),
            deps=("invoices_for_approval",),
            feeds=(NETWORK_INVOICES,),
            owner=PAYABLES_OWNER,
            kinds=("network",),
            finishes=True,
            checks=(outcomes_known("Of every invoice it is known whether the network took it."),),
        ),
    ),
)
