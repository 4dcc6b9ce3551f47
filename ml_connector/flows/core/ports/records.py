"""What passes between flows and an ERP: records read, writes planned, what is there already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ml_connector.documents.common import Record
from ml_connector.documents.reference import OpenOrder
from ml_connector.errors import NeedsCorrection
from ml_connector.ledger.work.operation_rows import StoredOperation

__all__ = [
    "Changed",
    "Deleted",
    "Existing",
    "Identity",
    "Notices",
    "PlannedOperation",
    "ReferenceRead",
    "SourceOrder",
    "SourceRecord",
    "StoredOperation",
    "Unreadable",
    "Written",
]

D_co = TypeVar("D_co", covariant=True)


@dataclass(frozen=True)
class PlannedOperation:
    """A write to be done: `payload` is exactly what will be sent, once the ERP has filled it (`Erp.fill`).

    `uses` maps a place in the payload to the position of an earlier operation of the same document whose outside id
    goes there (an attachment's document, an invoice's document). What a place looks like is the ERP's own.

    ref: what of the document it is about where that is not the whole: an order line, an entity. shares: it changes
    what is there already, so that other writes may have the same outside id.
    """

    kind: str
    target: str
    payload: str
    uses: Mapping[str, int] = field(default_factory=dict)
    ref: str | None = None
    shares: bool | None = None


@dataclass(frozen=True)
class Written:
    """The other side has it: its identity there and small facts (entry number, amounts) for the ledger."""

    outside_id: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ReferenceRead:
    """Rows of a reference table.

    complete: `rows` is the whole table. Otherwise rows are changes since the cursor, `removed` the ids gone.
    """

    rows: Sequence[Record]
    cursor: str | None
    complete: bool
    removed: Sequence[str] = ()
    calls: int = 0


@dataclass(frozen=True)
class SourceRecord(Generic[D_co]):
    """A document as read (exact bytes of the record, as text in the ERP's own format) and as flows see it."""

    record: str
    document: D_co


SourceOrder = SourceRecord[OpenOrder]


@dataclass(frozen=True)
class Unreadable:
    """A record that is not as it should be: it alone waits for a person. id: as far as that can be read."""

    id: str
    record: str
    why: NeedsCorrection


@dataclass(frozen=True)
class Ended:
    """An `Unreadable` that is none any more, by its id and record."""

    id: str
    record: str


@dataclass(frozen=True)
class Changed(Generic[D_co]):
    """Records that moved since a cursor. more: there are further ones, to be read from the new cursor.

    unreadable: those of which no document can be made. ended: such that were told before, and can be read by now.
    """

    records: Sequence[SourceRecord[D_co]]
    cursor: str | None
    more: bool = False
    unreadable: Sequence[Unreadable] = ()
    ended: Sequence[Ended] = ()


@dataclass(frozen=True)
class Deleted:
    """Documents that were deleted since a cursor, by the ERP's own id of them."""

    ids: Sequence[str]
    cursor: str


@dataclass(frozen=True)
class Notices:
    """How an ERP's webhooks tell of documents: their topic, and the action of a deletion (empty: never told)."""

    topic: str
    deletion: str = ""


@dataclass(frozen=True)
class Identity:
    """How a document is recognised at the ERP whoever entered it: whose it is (the ERP's id) and its number there."""

    party_id: str
    number: str


@dataclass(frozen=True)
class Existing:
    """A document that the ERP already has.

    our_key: the key of ours that it carries; empty where somebody else entered it. number: the ERP's own. source:
    where it was found. kind: of the operation that writes such a one. reference: what tells it from others of the same
    number, as releases and stores of a customer's order; empty: nothing does.
    """

    identity: Identity
    outside_id: str
    our_key: str = ""
    number: str = ""
    amount: str = ""
    source: str = ""
    kind: str = ""
    reference: str = ""
