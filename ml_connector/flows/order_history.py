"""What has been sent of an order so far, whoever it went to and by whichever integration: its documents, oldest to
newest, and the ERP's records that they were made of.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ml_connector.documents.agreements import AgreedLine
from ml_connector.documents.common import DocumentKind, Purpose
from ml_connector.documents.json import load
from ml_connector.documents.orders import OrderChange, PurchaseOrder
from ml_connector.documents.reference import OpenOrder
from ml_connector.flows.order_comparing import Changes, View, changes, changes_since_told, is_finished
from ml_connector.flows.stored import stored
from ml_connector.ledger.documents import DocumentRow
from ml_connector.ledger.states import DocumentState as S

FLOW = "orders_out"
#: Not begun yet: a newer reading of the order replaces the stored record instead of making a revision.
NOT_BEGUN = frozenset({S.READ, S.RESOLVED, S.QUARANTINED})
#: All cancelled orders are the same news: what is cancelled is what the partner has.
CANCELLED = hashlib.sha256(b"cancelled").hexdigest()
#: Reads the order in a stored record.
Reader = Callable[[str], OpenOrder]


@dataclass(frozen=True)
class OrderHistory:
    """What the ledger knows of an order.

    newest: its newest document that counts. begun: the newest that the partner has or is getting; None when that was
    refused or cancelled, for then there is nothing to change. given_up: what a person discarded since. highest: the
    highest revision ever given.
    """

    newest: DocumentRow | None = None
    begun: DocumentRow | None = None
    given_up: tuple[DocumentRow, ...] = ()
    highest: int = -1

    @property
    def waiting(self) -> DocumentRow | None:
        """The document that has not left yet, if there is one."""
        return self.newest if self.newest is not None and self.newest.state in NOT_BEGUN else None


def histories(rows: Iterable[DocumentRow], ids: Mapping[int, str]) -> dict[str, OrderHistory]:
    """By the ERP's id of the order; `rows` in rising revision, `ids` of them as `order_ids` tells."""
    known: dict[str, OrderHistory] = {}
    for row in rows:
        key = ids[row.id]
        before = known.get(key, OrderHistory())
        highest = max(before.highest, row.revision)
        if row.state is S.DUPLICATE:
            continue
        if row.state is S.DISCARDED and not _may_be_there(row):
            given_up = (*before.given_up, row) if row.reason == "discarded" else before.given_up
            known[key] = OrderHistory(before.newest, before.begun, given_up, highest)
            continue
        begun = before.begun
        if row.state not in NOT_BEGUN and row.state is not S.REFUSED:
            begun = None if is_cancellation(row) else row
        known[key] = OrderHistory(row, begun, (), highest)
    return known


def order_ids(rows: Sequence[DocumentRow], read: Reader, asked: Iterable[OpenOrder] = ()) -> dict[int, str]:
    """The ERP's id of each document's order, by document.

    Releases before 0006 kept it in the record alone; where that is pruned, the order of that number (among `asked` or
    the other documents) is it.
    """
    found = {row.id: row.source_id or (read(row.source).id if row.source else "") for row in rows}
    by_number = {order.number: order.id for order in asked}
    by_number.update({row.number: found[row.id] for row in rows if found[row.id]})
    return {row.id: found[row.id] or by_number.get(row.number, f"number {row.number}") for row in rows}


def _may_be_there(row: DocumentRow) -> bool:
    """Whether a discarded document had left: nobody answered it, and a person put an end to the waiting."""
    return ((row.reason_detail or {}).get("data") or {}).get("was") == S.OVERDUE


def is_cancellation(row: DocumentRow) -> bool:
    """Whether a document tells the partner that the order is cancelled."""
    if row.content_hash == CANCELLED:
        return True
    document = load(row.kind, row.canonical) if row.canonical else None
    return isinstance(document, PurchaseOrder | OrderChange) and document.purpose is Purpose.CANCEL


def record_of(row: DocumentRow, read: Reader) -> OpenOrder | None:
    """The ERP's record that a document was made of, with what we wrote to it ourselves since. None: not kept."""
    if not row.source:
        return None
    order = read(row.source)
    if not row.source_changes:
        return order
    written: dict[str, dict[str, object]] = {}
    for line in map(AgreedLine.model_validate, row.source_changes):
        values = {"quantity": line.quantity, "receipt_date": line.receipt_date}
        found = written.setdefault(line.order_line_id, {})
        found.update((name, new) for name, new in values.items() if new is not None)
    lines = tuple(line.model_copy(update=written.get(line.id, {})) for line in order.lines)
    return order.model_copy(update={"lines": lines})


def has_received_since(row: DocumentRow, order: OpenOrder, read: Reader) -> bool:
    """Whether goods came since a document's record was read: what is left to receive is told with a change."""
    record = record_of(row, read)
    if record is None:
        return False
    before = {line.id: line.received for line in record.lines}
    return any(before.get(line.id, line.received) != line.received for line in order.lines)


def changes_since(row: DocumentRow, order: OpenOrder, view: View, read: Reader) -> Changes:
    """What the buyer changed since a document's record was read."""
    record = record_of(row, read)
    if record is not None:
        return changes(record, order, view)
    cancelled = row.content_hash == CANCELLED
    if order.cancelled or cancelled:
        return Changes(header=order.cancelled != cancelled)
    if not row.work:
        return Changes(header=True)
    return changes_since_told(stored(DocumentKind.ORDER, row.work, PurchaseOrder), order)


def is_settled(before: OrderHistory, order: OpenOrder, read: Reader) -> bool:
    """Whether nothing is left to tell of an order that is finished."""
    return is_finished(order, record_of(before.begun, read) if before.begun is not None else None)


def is_news(before: OrderHistory, order: OpenOrder, view: View, read: Reader) -> bool:
    """Whether a reading of an order says something that no document of it says yet."""

    def same(row: DocumentRow) -> bool:
        return not changes_since(row, order, view, read)

    if before.newest is not None and same(before.newest):
        return False
    if before.begun is not None and before.waiting is None and same(before.begun):
        return False  # a change that was refused is taken back
    return not any(same(row) for row in before.given_up)
