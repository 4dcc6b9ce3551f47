"""Codes out, declared: accounts and dimensions of the ERP are kept as codes of a network."""

from ml_connector.documents.kinds import DocumentKind as K
from ml_connector.flows.core.spec import (
    DATA_OWNER,
    OUTBOUND,
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
    name="codes_out",
    direction=OUTBOUND,
    text="GL accounts, cost centers and cost units are kept as codes of the network, by group.",
    kinds=(K.CODE,),
    settings="ml_connector.flows.codes_out.settings:CodesOut",
    partners=frozenset({"network"}),
    news="ml_connector.flows.codes_out.flow:news",
    needs=Needs(
        tables=frozenset({"gl_accounts"}),
        coded_by=frozenset({"cost_centers", "cost_units"}),
        network=frozenset({"network_codes"}),
    ),
    steps=(
        StepSpec(
            "look_at_codes",
            "ml_connector.flows.codes_out.flow:read",
            "Look which codes the network is to be told of",
            reads_tables=True,
        ),
        StepSpec(
            "find_codes",
            "ml_connector.flows.codes_out.flow:resolve",
            "Find which of them the network has already",
            after=("look_at_codes",),
            at="network",
        ),
        send_records_step("send_codes", "ml_connector.flows.codes_out.flow:send", "find_codes"),
    ),
    assets=(
        AssetSpec(
            "codes_for_network",
            "Codes as the network is told of them, active or not on the day.",
            steps=("look_at_codes", "find_codes"),
            tables=("gl_accounts", "cost_centers", "cost_units"),
            owner=DATA_OWNER,
            kinds=("network",),
            checks=(none_held("No record of codes is held back."),),
        ),
        AssetSpec(
            "codes_at_network",
            "Codes that the network has, each sent once.",
            steps=("send_codes",),
            deps=("codes_for_network",),
            feeds=(OutsideSpec("network_codes_kept", "network", "Codes at the network."),),
            owner=DATA_OWNER,
            kinds=("network",),
            finishes=True,
            checks=(outcomes_known("Of every record of codes it is known whether the network took it."),),
        ),
    ),
)
