"""What stands in the ERP while a further write for it was refused: an invoice whose original could not be attached, an
order or a notice of several stores or warehouses.

Such an invoice is never matched or coded again: the ERP counts it against its order already. It goes on with the
writes that are left, or without them where originals are not attached any more.
"""

from collections.abc import Sequence

from ml_connector.documents.kinds import Direction
from ml_connector.errors import Reason
from ml_connector.flows.core.integration import Integration, StepReport
from ml_connector.flows.core.ports import (
    BILLS,
    GOODS_RECEIPTS,
    JOURNAL_ENTRIES,
    PAYMENTS,
    SALES_ORDER_CHANGES,
    SALES_ORDERS,
)
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.work import operations
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.operation_rows import StoredOperation
from ml_connector.ledger.work.states import FINISHED
from ml_connector.ledger.work.states import DocumentState as S

_BOOKING = (BILLS, SALES_ORDERS, SALES_ORDER_CHANGES, GOODS_RECEIPTS, PAYMENTS, JOURNAL_ENTRIES)
_REFUSED = frozenset({Reason.REFUSED_BY_SYSTEM, Reason.ORDER_NOT_CHANGEABLE})
#: What a held document loses when it goes on.
_CLEARED = {"reason": None, "reason_detail": None, "held_step": None, "next_attempt_at": None}


def booked(integration: Integration, tx: Tx, rows: Sequence[DocumentRow]) -> dict[int, StoredOperation]:
    """The write that booked the invoice, by document: of those that are held for what was refused after it. So too
    one of the orders of a customer's, where another store's was refused.
    """
    refused = [row.id for row in rows if row.state is S.QUARANTINED and row.reason in _REFUSED]
    if not refused:
        return {}
    return {one.document_id: one for one in _written(integration, tx, refused)}


def standing(integration: Integration, tx: Tx, row: DocumentRow) -> list[StoredOperation]:
    """What stands in the ERP of a document that is not finished, whatever it waits for now."""
    if row.direction is Direction.OUT or row.state in FINISHED:
        return []
    return _written(integration, tx, [row.id])


def counted(integration: Integration, tx: Tx, rows: Sequence[DocumentRow]) -> list[DocumentRow]:
    """These, of which those that are held count as on their way to the books where something of them is there."""
    held = [row.id for row in rows if row.state is S.QUARANTINED]
    begun = {one.document_id for one in _written(integration, tx, held)} if held else set()
    return [row.having(state=S.POSTING) if row.id in begun else row for row in rows]


def _written(integration: Integration, tx: Tx, ids: Sequence[int]) -> list[StoredOperation]:
    """The writes that are done and booked something; what is attached to it is not among them."""
    has = integration.erp.targets
    kinds = {kind for one in _BOOKING if one.name in has for kind in has[one.name].kinds}
    return [one for one in operations.of_documents(tx, ids) if one.state == "done" and one.kind in kinds]


def as_it_stands(tx: Tx, row: DocumentRow, stands: Sequence[StoredOperation], why: str) -> list[Move]:
    """A held document is posted with what stands of it; the rest is given up, by a person's word.

    It keeps its identity: the same file again is still the same document.
    """
    left = operations.void(tx, [row.id])
    detail = {"id": stands[-1].outside_id, "stands": [one.outside_id for one in stands], "left_out": left, "why": why}
    begun = Move(row.id, S.POSTING, "settled by a person", {"was": row.reason}, changes=_CLEARED, release=False)
    return [begun, Move(row.id, S.POSTED, "posted as it stands", detail)]


def go_on(
    integration: Integration, tx: Tx, row: DocumentRow, booking: StoredOperation, report: StepReport
) -> list[Move]:
    """What is left of a booked invoice is written again, or given up where originals are not attached any more."""
    attach = integration.settings.flows.invoices_in.attach_original
    begun = Move(row.id, S.POSTING, "taken up again", {"was": row.reason}, changes=_CLEARED, release=attach)
    if attach:
        operations.plan_again(tx, [row.id])
        report.add_document("taken_up_again", row)
        return [begun]
    operations.void(tx, [row.id])
    report.add_document("posted", row)
    return [begun, Move(row.id, S.POSTED, "posted without its original", {"id": booking.outside_id})]
