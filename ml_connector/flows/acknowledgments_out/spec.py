"""Acknowledgments out, declared: whatever comes as X12 is answered, in the inbound run that read it."""

from ml_connector.documents.kinds import DocumentKind as K
from ml_connector.flows.core.spec import (
    ANSWERED,
    ANSWERS_FLOW,
    FILES_TO_PARTNERS,
    INBOUND,
    X12,
    AssetSpec,
    CheckSpec,
    FlowSpec,
    render_step,
    send_step,
)
from ml_connector.ledger.work.states import DocumentState as S

FLOW = FlowSpec(
    name=ANSWERS_FLOW,
    direction=INBOUND,
    text="Every received group is answered with a 997.",
    kinds=(K.FUNCTIONAL_ACKNOWLEDGMENT, K.INTERCHANGE_ACKNOWLEDGMENT),
    steps=(
        render_step("render_997", "parse", "Write the 997s that are due"),
        send_step("send_997", "render_997", "Upload them"),
    ),
    assets=(
        AssetSpec(
            "acknowledgments_sent",
            "Our 997s: one for every received group, batched by partner into one interchange.",
            steps=("render_997", "send_997"),
            deps=(ANSWERED,),
            feeds=(FILES_TO_PARTNERS,),
            kinds=(X12, "network"),
            checks=(
                CheckSpec(
                    "unsent", "No 997 of ours is held or of unknown outcome.", (S.QUARANTINED, S.UNKNOWN_OUTCOME)
                ),
            ),
        ),
    ),
)
