"""Vendors in, declared: vendors that others tell us of are linked with ours, created once, or proposed."""

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

FLOW = FlowSpec(
    name="vendors_in",
    direction=INBOUND,
    text="Vendors that others tell us of are linked with ours, held with candidates, created once, or proposed.",
    kinds=(K.VENDOR_PROPOSAL,),
    settings="ml_connector.flows.vendors_in.settings:VendorsIn",
    needs=Needs(tables=frozenset({"vendors"})),
    steps=(
        StepSpec(
            "propose_senders",
            "ml_connector.flows.vendors_in.senders:propose_senders",
            "Propose who sent invoices that nobody knows the sender of",
            after=("parse",),
        ),
        StepSpec(
            "read_network_vendors",
            "ml_connector.flows.vendors_in.network:propose_network_vendors",
            "Propose vendors that the network has and that do not carry our id",
            at="network",
            reads_tables=True,
        ),
        StepSpec(
            "match_vendors",
            "ml_connector.flows.vendors_in.proposals:match",
            "Find each proposed vendor among ours; hold what is not plain",
            after=("parse", "propose_senders", "read_network_vendors"),
            streams=True,
            reads_tables=True,
        ),
        StepSpec(
            "create_vendors",
            "ml_connector.flows.vendors_in.creating:create",
            "Create vendors, exactly once; settle what an earlier run left open",
            after=("match_vendors",),
            streams=True,
            at="erp",
        ),
    ),
    parsed=(
        AssetSpec(
            "proposed_vendors",
            "Vendors as others tell us of them, whole.",
            deps=("received_files",),
            documents=(K.VENDOR_PROPOSAL,),
            kinds=("network",),
        ),
    ),
    assets=(
        AssetSpec(
            "linked_vendors",
            "Vendors of the ERP that proposed ones are: linked by numbers, name and address, or created.",
            steps=("propose_senders", "read_network_vendors", "match_vendors", "create_vendors"),
            deps=("proposed_vendors",),
            tables=("vendors",),
            feeds=(OutsideSpec("vendors", "erp", "Vendors in the ERP."),),
            owner=PAYABLES_OWNER,
            kinds=("erp",),
            checks=(
                none_held("No proposed vendor is held."),
                CheckSpec(
                    "candidates",
                    "No proposed vendor waits for a person to say which of ours it is.",
                    (S.QUARANTINED,),
                    reasons=(Reason.VENDOR_CANDIDATES, Reason.VENDOR_DIFFERS),
                ),
                outcomes_known("Of every vendor it is known whether the ERP has it."),
            ),
        ),
    ),
)
