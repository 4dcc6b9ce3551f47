"""What whoever approves says of a document that waits for it (acumatica 8.1)."""

from ml_connector.sandbox.acumatica.books.tenant import Work
from ml_connector.sandbox.acumatica.wire.errors import exception
from ml_connector.sandbox.acumatica.wire.record import Record


def judge(work: Work, entity: str, row: Record, status: str) -> None:
    """Give a document the status of the decision, and save it.

    Raises:
        ApiError: it is not pending approval.
    """
    if row.text("Status") != "Pending Approval":
        raise exception("The document is not pending approval.")
    row.values["Status"] = status
    work.tenant.save(entity, row)
