"""A document without its content: what lists and traces show."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.tables.documents import document
from ml_connector.ledger.work.states import DocumentState


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A document without its content."""

    id: int
    kind: DocumentKind
    direction: Direction
    flow: str
    integration: str
    connection: str
    system: str
    company: str
    network: str
    partner: str
    number: str
    revision: int
    order_number: str
    business_date: date | None
    currency: str | None
    amount: Decimal | None
    partition_date: date
    state: DocumentState
    reason: str | None
    reason_detail: dict[str, Any] | None
    file_id: int | None
    parent_id: int | None
    attempts: int
    next_attempt_at: datetime | None
    due_at: datetime | None
    claimed_by: str | None
    created_at: datetime
    updated_at: datetime
    pruned_at: datetime | None

    @property
    def books(self) -> Books:
        """Whose books it belongs to."""
        return Books(self.system, self.company)


SUMMARY_COLUMNS = [document.c[name] for name in DocumentSummary.__slots__]


def summary(row: sa.Row[Any]) -> DocumentSummary:
    """A selected row of SUMMARY_COLUMNS as a DocumentSummary."""
    values = dict(zip(DocumentSummary.__slots__, row, strict=True))
    values["kind"] = DocumentKind(values["kind"])
    values["direction"] = Direction(values["direction"])
    values["state"] = DocumentState(values["state"])
    return DocumentSummary(**values)
