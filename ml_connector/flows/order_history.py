"""What a partner has been told of an order so far: the documents of it, oldest to newest."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from ml_connector.documents.common import Purpose
from ml_connector.documents.json import load
from ml_connector.documents.orders import OrderChange, PurchaseOrder
from ml_connector.ledger.documents import DocumentRow
from ml_connector.ledger.states import DocumentState as S

FLOW = "orders_out"
#: Not begun yet: a newer reading of the order replaces the stored record instead of making a revision.
NOT_BEGUN = frozenset({S.READ, S.RESOLVED, S.QUARANTINED})
#: All cancelled orders are the same news: what is cancelled is what the partner has.
CANCELLED = hashlib.sha256(b"cancelled").hexdigest()


@dataclass(frozen=True)
class OrderHistory:
    """What the ledger knows of an order.

    newest: its newest document that counts. begun: the newest that the partner has or is getting; None when that was
    refused or cancelled, for then there is nothing to change. given_up: hashes of contents that were dropped since.
    highest: the highest revision ever given.
    """

    newest: DocumentRow | None = None
    begun: DocumentRow | None = None
    given_up: frozenset[str] = frozenset()
    highest: int = -1


def histories(rows: Sequence[DocumentRow]) -> dict[tuple[str, str], OrderHistory]:
    """By partner and order number; `rows` in rising revision."""
    known: dict[tuple[str, str], OrderHistory] = {}
    for row in rows:
        key = (row.partner, row.number)
        before = known.get(key, OrderHistory())
        highest = max(before.highest, row.revision)
        if row.state is S.DUPLICATE:
            continue
        if row.state is S.DISCARDED:
            given_up = before.given_up | {row.content_hash or ""}
            known[key] = OrderHistory(before.newest, before.begun, given_up, highest)
            continue
        begun = before.begun
        if row.state not in NOT_BEGUN and row.state is not S.REFUSED:
            begun = None if _cancels(row) else row
        known[key] = OrderHistory(row, begun, frozenset(), highest)
    return known


def _cancels(row: DocumentRow) -> bool:
    """Whether a document tells the partner that the order is cancelled."""
    document = load(row.kind, row.canonical) if row.canonical else None
    return isinstance(document, PurchaseOrder | OrderChange) and document.purpose is Purpose.CANCEL
