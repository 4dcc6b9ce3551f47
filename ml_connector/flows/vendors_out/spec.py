"""Vendors out, declared: suppliers of the ERP are kept as vendors of a network."""

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

FLOW = FlowSpec(
    name="vendors_out",
    direction=OUTBOUND,
    text="Suppliers of the ERP are kept as vendors of the network, found before one is made.",
    kinds=(K.VENDOR,),
    settings="ml_connector.flows.vendors_out.settings:VendorsOut",
    partners=frozenset({"network"}),
    news="ml_connector.flows.vendors_out.flow:news",
    needs=Needs(tables=frozenset({"vendors"}), network=frozenset({"network_vendors"})),
    steps=(
        StepSpec(
            "look_at_vendors",
            "ml_connector.flows.vendors_out.flow:read",
            "Look which vendors the network is to be told of",
            reads_tables=True,
        ),
        StepSpec(
            "find_vendors",
            "ml_connector.flows.vendors_out.flow:resolve",
            "Find which of them the network has already",
            after=("look_at_vendors",),
            at="network",
        ),
        send_records_step("send_vendors", "ml_connector.flows.vendors_out.flow:send", "find_vendors"),
    ),
    assets=(
        AssetSpec(
            "vendors_for_network",
            "Suppliers as the network is told of them: new there, found there, or changed.",
            steps=("look_at_vendors", "find_vendors"),
            tables=("vendors",),
            owner=PAYABLES_OWNER,
            kinds=("network",),
            checks=(none_held("No record of vendors is held back."),),
        ),
        AssetSpec(
            "vendors_at_network",
            "Vendors that the network has, each sent once.",
            steps=("send_vendors",),
            deps=("vendors_for_network",),
            feeds=(OutsideSpec("network_vendors_kept", "network", "Vendors at the network."),),
            owner=PAYABLES_OWNER,
            kinds=("network",),
            finishes=True,
            checks=(outcomes_known("Of every record of vendors it is known whether the network took it."),),
        ),
    ),
)
