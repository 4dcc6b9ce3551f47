"""What the ERP has already, entered by others than this ledger: its document is set aside, and says what was found."""

from typing import Any

from ml_connector.errors import Reason, reason_detail
from ml_connector.flows.core.integration import StepReport
from ml_connector.flows.core.ports import Existing
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

#: A key of this connector that its ledger does not know was not typed by a person.
_RESTORED = (
    "It carries a key of this connector that the ledger does not know: this ledger was restored, or another one posts "
    "here too. If restored: `ml-connector ledger restored --since`, then replay this. Do not take it back."
)


def set_aside(
    row: DocumentRow,
    there: Existing,
    message: str,
    *,
    undo: str,
    report: StepReport,
    data: dict[str, Any] | None = None,
) -> list[Move]:
    """The moves by which nothing is written for a document.

    undo: what to do where it is another one after all, as "void that entry and replay this". data: what was found,
    where the entry's number, id and amount do not say it.
    """
    report.add_document("duplicate", row, entry=there.number or there.outside_id)
    found = data or {"entry": there.number, "id": there.outside_id, "amount": there.amount, "source": there.source}
    remedy = _RESTORED if there.our_key else f"Nothing to do if it was entered by hand; else {undo}."
    detail = reason_detail(message, remedy, found)
    change = {"reason": str(Reason.KEYED_BY_HAND), "reason_detail": detail, "business_key": row.business_key}
    return [Move(row.id, S.DUPLICATE, "found in the ERP", found, changes=change)]
