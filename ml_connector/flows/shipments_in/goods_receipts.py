"""How a ship notice that is matched becomes writes to the ERP: one receipt a supplier and warehouse."""

import json
from collections.abc import Mapping, Sequence

from ml_connector.documents.erp_postings import GoodsReceipt
from ml_connector.documents.kinds import DocumentKind
from ml_connector.documents.records import from_json
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import GOODS_RECEIPTS, Identity, PlannedOperation, target_of
from ml_connector.flows.posting import recognised
from ml_connector.flows.posting.earlier_documents import overtaken
from ml_connector.flows.posting.posting import post
from ml_connector.flows.posting.postings import PostableKind, Prepared, operation_key, planned
from ml_connector.flows.shipments_in import earlier_notices
from ml_connector.flows.shipments_in.spec import FLOW
from ml_connector.ledger.work.documents import DocumentRow


def _plan_receipts(integration: Integration, row: DocumentRow) -> list[PlannedOperation]:
    key = operation_key(row)
    receipts = from_json(list[GoodsReceipt], row.work or "[]")
    many = len(receipts) > 1
    planned: list[PlannedOperation] = []
    for number, receipt in enumerate(receipts, 1):
        planned += target_of(integration.erp, GOODS_RECEIPTS).plan(receipt, f"{key}-{number}" if many else key)
    return planned


def _prepare_receipts(
    integration: Integration, rows: Sequence[DocumentRow], report: StepReport
) -> Mapping[int, Prepared | NeedsCorrection]:
    prepared: dict[int, Prepared | NeedsCorrection] = {}
    ours = recognised.receipts(
        integration, {row.id: one for row in rows if (one := _receipt_identity(row)) is not None}
    )
    gone = {
        **earlier_notices.hold_taken_back(integration, rows),
        **overtaken(integration, rows, DocumentKind.SHIP_NOTICE),
    }
    for row in rows:
        if row.id in ours:
            prepared[row.id] = Prepared(moves=recognised.moves(row, ours[row.id], report), found=ours[row.id])
        elif row.id in gone:
            prepared[row.id] = gone[row.id]
        else:
            prepared[row.id] = planned(_plan_receipts, integration, row)
    return prepared


def _receipt_identity(row: DocumentRow) -> Identity | None:
    receipts = json.loads(row.work or "[]")
    return Identity(receipts[0]["vendor_id"], receipts[0]["reference"]) if receipts else None


#: An invoice may wait for just these goods.
RECEIPTS = PostableKind(FLOW.name, _plan_receipts, _prepare_receipts, wakes=frozenset({Reason.NOT_RECEIVED}))


def post_receipts(integration: Integration, work: RunScope) -> StepReport:
    """Post goods receipts of matched notices, exactly once."""
    return post(integration, work, RECEIPTS)
