"""Files come in: what every inbound flow has before it."""

from ml_connector.flows.core.spec import (
    FILES_FROM_PARTNERS,
    INBOUND,
    UNREADABLE_FLOW,
    AssetSpec,
    CheckSpec,
    FlowSpec,
    SplitSpec,
    StepSpec,
)
from ml_connector.ledger.work.states import DocumentState as S

FLOW = FlowSpec(
    name="files_in",
    direction=INBOUND,
    text="Files are fetched from the partners' folders, kept, and read into documents.",
    steps=(
        StepSpec(
            "receive",
            "ml_connector.flows.inbound.receiving:receive",
            "Fetch new files, commit bytes and hash, then after-read",
            at="network",
        ),
        StepSpec(
            "parse",
            "ml_connector.flows.inbound.parsing:parse",
            "Read X12 interchanges, split them into documents, prepare a 997 for every group.",
            after=("receive",),
            streams=True,
        ),
        # No asset's: beside other steps parsing takes read files away itself, once it has nothing more for them.
        StepSpec(
            "take_away",
            "ml_connector.flows.inbound.file_disposal:take_away",
            "Take files away that were read",
            after=("send_997",),
        ),
    ),
    assets=(
        AssetSpec(
            "received_files",
            "Files fetched from the partners' folders, kept unchanged with their hash before anything else.",
            steps=("receive",),
            reads=(FILES_FROM_PARTNERS,),
            kinds=("network",),
            shows="ml_connector.flows.inbound.kept_files:newest_files",
            checks=(
                CheckSpec(
                    "files_readable",
                    "No received file or transaction set waits for a person because it cannot be read or is not"
                    " handled.",
                    (S.QUARANTINED,),
                    flows=(UNREADABLE_FLOW,),
                ),
                CheckSpec(
                    "control_totals",
                    "Every received file and every transaction set is accounted for.",
                    look="ml_connector.flows.inbound.kept_files:control_totals",
                    error=True,
                ),
            ),
        ),
        SplitSpec("parsed_documents", "parse"),
    ),
)
