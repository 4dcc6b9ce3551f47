"""A sent revision of an order as its answers are compared with it."""

from collections.abc import Sequence
from decimal import Decimal

from ml_connector.documents.common import DocumentKind
from ml_connector.documents.json import load
from ml_connector.documents.order_agreements import AgreedLine
from ml_connector.documents.orders import LineChange, OrderChange, PurchaseOrder
from ml_connector.documents.records import from_values
from ml_connector.flows.acknowledgments_in.answered_revision import Revision
from ml_connector.flows.acknowledgments_in.earlier_answers import Earlier
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.meaning.answered_lines import Expected
from ml_connector.flows.orders_out.order_revisions import is_cancellation
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.exchange import files
from ml_connector.ledger.work.documents import DocumentRow


def revision_of(tx: Tx, row: DocumentRow, answers: Sequence[Earlier]) -> Revision:
    """What the partner was sent. answers: those that count, to whatever revision of the order."""
    mine = [one for one in answers if one.row.parent_id == row.id]
    file = files.get(tx, row.file_id) if row.file_id is not None else None
    sent = load(row.kind, row.canonical) if row.canonical else None
    change = sent if isinstance(sent, OrderChange) else None
    return Revision(
        key=row.id,
        expected=_expected(row, change, frozenset().union(*(one.spoken for one in mine))),
        is_change=change is not None,
        sequence=change.sequence if change is not None else "",
        left_at=file.created_at if file is not None else None,
        answered=bool(mine),
    )


def _expected(row: DocumentRow, change: OrderChange | None, answered: frozenset[str]) -> Expected:
    content = stored(DocumentKind.ORDER, row.work, PurchaseOrder) if row.work else None
    if content is None:
        return Expected((), row.number, answered=answered)
    dropped = tuple(line for line in change.lines if line.change == LineChange.DELETE) if change is not None else ()
    if is_cancellation(row):
        return Expected((), row.number, content.currency, content.lines, answered=answered)
    return Expected(
        content.lines,
        row.number,
        content.currency,
        dropped,
        told=_told(row),
        asked=frozenset(line.number for line in change.lines) if change is not None else None,
        answered=answered,
        allowances=content.allowances,
        terms=content.terms,
        parties=content.parties,
        total=content.total,
    )


def _told(row: DocumentRow) -> dict[str, frozenset[Decimal]]:
    """Quantities that the partner was told, and those that were agreed on since."""
    found: dict[str, set[Decimal]] = {}
    for line in from_values(list[AgreedLine], row.source_changes or []):
        found.setdefault(line.number, set()).update(
            one for one in (line.was_quantity, line.quantity) if one is not None
        )
    return {number: frozenset(values) for number, values in found.items()}
