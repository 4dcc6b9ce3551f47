"""Reference data out, declared: tables of the ERP leave as files for whoever works with them."""

from ml_connector.documents.kinds import DocumentKind as K
from ml_connector.flows.core.spec import (
    DATA_OWNER,
    EVERY_TABLE,
    FILES_TO_PARTNERS,
    OUTBOUND,
    AssetSpec,
    FlowSpec,
    StepSpec,
    none_held,
    outcomes_known,
    render_step,
    send_step,
)

FLOW = FlowSpec(
    name="reference_out",
    direction=OUTBOUND,
    text="Reference tables of the ERP leave as files: whole, and what changed since.",
    kinds=(K.REFERENCE_DATA,),
    settings="ml_connector.flows.reference_out.settings:ReferenceOut",
    news="ml_connector.flows.reference_out.telling:news",
    steps=(
        StepSpec(
            "tell_changes",
            "ml_connector.flows.reference_out.telling:tell",
            "Look which tables changed since partners were told of them",
            reads_tables=True,
        ),
        StepSpec(
            "compose_reference",
            "ml_connector.flows.reference_out.composing:compose",
            "Decide what each partner is told: the whole table, what changed since, or nothing",
            after=("tell_changes",),
        ),
        render_step("render_reference", "compose_reference", "Write the file in the partner's layout"),
        send_step("send_reference", "render_reference"),
    ),
    assets=(
        AssetSpec(
            "reference_files",
            "Reference tables as partners are told them: whole, or what changed since, in their layouts.",
            steps=("tell_changes", "compose_reference", "render_reference"),
            tables=(EVERY_TABLE,),
            owner=DATA_OWNER,
            kinds=("erp",),
            checks=(none_held("No reference data is held back."),),
        ),
        AssetSpec(
            "sent_reference_files",
            "Reference tables uploaded to the partners' folders, exactly once.",
            steps=("send_reference",),
            deps=("reference_files",),
            feeds=(FILES_TO_PARTNERS,),
            owner=DATA_OWNER,
            kinds=("network",),
            finishes=True,
            checks=(outcomes_known("Of every file of reference data it is known whether the network took it."),),
        ),
    ),
)
