"""Invoices that stand in the ERP while a further write for them was refused: their original could not be attached.

Such an invoice is never matched or coded again: the ERP counts it against its order already. It goes on with the
writes that are left, or without them where originals are not attached any more.
"""

from collections.abc import Sequence

from ml_connector.errors import Reason
from ml_connector.flows.core.integration import Integration, StepReport
from ml_connector.flows.core.ports import BILLS, SALES_ORDERS
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.work import operations
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.operation_rows import StoredOperation
from ml_connector.ledger.work.states import DocumentState as S

#: What a held document loses when it goes on.
_CLEARED = {"reason": None, "reason_detail": None, "held_step": None, "next_attempt_at": None}


def booked(integration: Integration, tx: Tx, rows: Sequence[DocumentRow]) -> dict[int, StoredOperation]:
    """The write that booked the invoice, by document: of those that are held for what was refused after it. So too
    one of the orders of a customer's, where another store's was refused.
    """
    refused = [row.id for row in rows if row.state is S.QUARANTINED and row.reason == Reason.REFUSED_BY_SYSTEM]
    if not refused:
        return {}
    has = integration.erp.targets
    kinds = {kind for target in (BILLS, SALES_ORDERS) if target.name in has for kind in has[target.name].kinds}
    done = [one for one in operations.of_documents(tx, refused) if one.state == "done" and one.kind in kinds]
    return {one.document_id: one for one in done}


def go_on(
    integration: Integration, tx: Tx, row: DocumentRow, booking: StoredOperation, report: StepReport
) -> list[Move]:
    """What is left of a booked invoice is written again, or given up where originals are not attached any more."""
    attach = integration.settings.flows.invoices_in.attach_original
    begun = Move(row.id, S.POSTING, "taken up again", {"was": row.reason}, changes=_CLEARED, release=attach)
    if attach:
        operations.plan_again(tx, [row.id])
        report.add("taken_up_again", row.partition_date, document=row.number, document_id=row.id, partner=row.partner)
        return [begun]
    operations.void(tx, [row.id])
    report.add("posted", row.partition_date, document=row.number, document_id=row.id, partner=row.partner)
    return [begun, Move(row.id, S.POSTED, "posted without its original", {"id": booking.outside_id})]
