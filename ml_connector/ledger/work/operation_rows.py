"""An operation as it is planned, and as the ledger has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NewOperation:
    """A write to be done. uses: payload key -> position of the earlier operation whose outside id goes there.

    ref: what of the document it is about (an order line, an entity). shares: it changes what is there already, so that
    other writes may have the same outside id; so says the target that plans it.
    """

    document_id: int
    position: int
    connection: str
    company: str
    kind: str
    key: str
    target: str
    payload: str
    uses: Mapping[str, int] = field(default_factory=dict)
    ref: str | None = None
    shares: bool | None = None


@dataclass(frozen=True)
class StoredOperation:
    """An operation as the ledger has it."""

    id: int
    document_id: int
    position: int
    kind: str
    key: str
    target: str
    payload: str
    attempts: int
    first_attempt_at: datetime | None
    last_attempt_at: datetime | None
    looked: int
    state: str
    outside_id: str | None = None
    uses: Mapping[str, int] = field(default_factory=dict)
    not_before: datetime | None = None
    ref: str | None = None
