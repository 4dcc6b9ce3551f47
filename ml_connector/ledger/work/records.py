"""What goes into the ledger's document table and comes out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.errors import TryAgain
from ml_connector.ledger.database.books import Books
from ml_connector.ledger.tables.documents import document
from ml_connector.ledger.work.states import DocumentState


class ClaimLost(TryAgain):
    """Another worker has the document: our lease had expired. Nothing of the transaction is kept."""


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document to be added. Without partition_date it belongs to the UTC date of now (never changed afterwards).

    action: what the first event says. answers_group_id: the group that this 997 answers.
    """

    kind: DocumentKind
    direction: Direction
    flow: str
    integration: str
    connection: str
    company: str
    network: str
    number: str
    state: DocumentState
    canonical: str
    system: str = ""
    partner: str = ""
    partner_key: str = ""
    revision: int = 0
    order_number: str = ""
    business_key: str | None = None
    business_date: date | None = None
    currency: str | None = None
    amount: Decimal | None = None
    partition_date: date | None = None
    reason: str | None = None
    reason_detail: Mapping[str, Any] | None = None
    held_step: str | None = None
    source: str | None = None
    source_id: str | None = None
    work: str | None = None
    content_hash: str | None = None
    file_id: int | None = None
    interchange_id: int | None = None
    group_id: int | None = None
    set_control: str | None = None
    byte_start: int | None = None
    byte_end: int | None = None
    parent_id: int | None = None
    snapshots: Mapping[str, Any] | None = None
    next_attempt_at: datetime | None = None
    due_at: datetime | None = None
    action: str = "received"
    detail: Mapping[str, Any] = field(default_factory=dict)
    answers_group_id: int | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """A document as added. repeats: the document that holds its business key, of which this one has none.

    same_content: both have the same content hash. repeats_state: the holder's state at that moment.
    """

    id: int
    number: str
    repeats: int | None = None
    same_content: bool = False
    repeats_state: DocumentState | None = None


class DocumentRow(msgspec.Struct, frozen=True):
    """A document as the ledger has it.

    A struct, for each is read several times: a frozen dataclass of so many fields takes ten times as long to be made.
    """

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
    partner_key: str
    number: str
    revision: int
    order_number: str
    business_key: str | None
    business_date: date | None
    currency: str | None
    amount: Decimal | None
    partition_date: date
    state: DocumentState
    reason: str | None
    reason_detail: dict[str, Any] | None
    held_step: str | None
    canonical: str
    source: str | None
    source_id: str | None
    source_changes: list[dict[str, Any]] | None
    work: str | None
    content_hash: str | None
    file_id: int | None
    interchange_id: int | None
    group_id: int | None
    set_control: str | None
    byte_start: int | None
    byte_end: int | None
    parent_id: int | None
    snapshots: dict[str, Any] | None
    attempts: int
    next_attempt_at: datetime | None
    due_at: datetime | None
    claimed_by: str | None
    created_at: datetime
    updated_at: datetime
    pruned_at: datetime | None
    events: int
    head_hash: str
    operation_key: str | None

    @property
    def books(self) -> Books:
        """Whose books it belongs to: fixed when it came."""
        return Books(self.system, self.company)

    @property
    def reason_data(self) -> dict[str, Any]:
        """The facts of why it waits or ended (`errors.reason_detail`)."""
        return (self.reason_detail or {}).get("data") or {}

    def having(self, **values: Any) -> "DocumentRow":
        """The row as it will be with these values."""
        return msgspec.structs.replace(self, **values)


DOCUMENT_COLUMNS = [document.c[name] for name in DocumentRow.__struct_fields__]
_KIND = DocumentRow.__struct_fields__.index("kind")
_DIRECTION = DocumentRow.__struct_fields__.index("direction")
_STATE = DocumentRow.__struct_fields__.index("state")
_KINDS = {kind.value: kind for kind in DocumentKind}
_DIRECTIONS = {direction.value: direction for direction in Direction}
_STATES = {state.value: state for state in DocumentState}


def document_row(row: sa.Row[Any]) -> DocumentRow:
    """A selected row of DOCUMENT_COLUMNS as a DocumentRow."""
    values = list(row)
    values[_KIND] = _KINDS[values[_KIND]]
    values[_DIRECTION] = _DIRECTIONS[values[_DIRECTION]]
    values[_STATE] = _STATES[values[_STATE]]
    return DocumentRow(*values)


@dataclass(frozen=True, slots=True)
class ClaimQuery:
    """Which documents to take. Empty sequences mean any.

    Documents whose next_attempt_at lies ahead are left out unless ignore_due (a replay) or they are named by `ids`
    together with ignore_due. after_id: only younger rows, so that a run looks at each held document once. books: only
    what belongs to this company, whatever company the integration had before. other_than: only what does not.
    """

    integration: str
    states: Sequence[DocumentState]
    flows: Sequence[str] = ()
    partitions: Sequence[date] = ()
    ids: Sequence[int] = ()
    partners: Sequence[str] = ()
    ignore_due: bool = False
    after_id: int = 0
    books: Books | None = None
    other_than: Books | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A change of one document.

    to: the new state; None leaves it and, with an action, appends a note; without an action only columns change.
    changes: values of columns (reason, work, canonical, due_at ...). release: give up the claim.
    """

    document_id: int
    to: DocumentState | None
    action: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)
    release: bool = True


#: Columns that a Move may set. Identity, state and chain are not among them.
CHANGEABLE = frozenset(
    {
        "partner",
        "partner_key",
        "number",
        "revision",
        "order_number",
        "business_key",
        "business_date",
        "currency",
        "amount",
        "reason",
        "reason_detail",
        "held_step",
        "canonical",
        "source",
        "source_id",
        "source_changes",
        "work",
        "content_hash",
        "file_id",
        "interchange_id",
        "group_id",
        "set_control",
        "byte_start",
        "byte_end",
        "parent_id",
        "snapshots",
        "attempts",
        "next_attempt_at",
        "due_at",
        "kind",
        "flow",
        "pruned_at",
    }
)
