"""What has been sent of an order so far, whoever it went to and by whichever integration: its documents, oldest to
newest, and the ERP's records that they were made of.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ml_connector.documents.common import DocumentKind, Purpose, changed
from ml_connector.documents.json import load
from ml_connector.documents.order_agreements import AgreedLine
from ml_connector.documents.orders import OrderChange, PurchaseOrder
from ml_connector.documents.records import from_values
from ml_connector.documents.reference import OpenOrder
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.orders_out import spec
from ml_connector.flows.orders_out.order_comparing import (
    Changes,
    View,
    changes,
    changes_since_told,
    is_finished,
    is_received,
    same_supplier,
)
from ml_connector.flows.orders_out.order_records import Reader, is_moved
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S

FLOW = spec.FLOW.name
#: Reason of a document that its partner refused, until it goes again.
REFUSED_BY_PARTNER = "refused_by_partner"
#: And of one that changes what was refused, or what was changed by what was refused: its partner gets the whole order.
CHANGES_WHAT_WAS_REFUSED = "changes_what_was_refused"
#: What says that the partner has a document, or had it.
ARRIVED = frozenset({S.SENT, S.OVERDUE, S.ACKNOWLEDGED})
#: Not begun yet: a newer reading of the order replaces the stored record instead of making a revision.
NOT_BEGUN = frozenset({S.READ, S.RESOLVED, S.QUARANTINED})
#: All cancelled orders are the same news: what is cancelled is what the partner has.
CANCELLED = hashlib.sha256(b"cancelled").hexdigest()


@dataclass(frozen=True)
class OrderHistory:
    """What the ledger knows of an order.

    newest: its newest document that counts. begun: the newest that the partner has or is getting; None when that was
    refused or cancelled, for then there is nothing to change. given_up: what a person discarded since. highest: the
    highest revision ever given.

    holders: the newest document of every partner that has the order, `begun` among them. withdrawals: those that tell
    a partner that the order is another supplier's now; they stand apart from the revisions of the one that gets it.
    """

    newest: DocumentRow | None = None
    begun: DocumentRow | None = None
    given_up: tuple[DocumentRow, ...] = ()
    highest: int = -1
    holders: tuple[DocumentRow, ...] = ()
    withdrawals: tuple[DocumentRow, ...] = ()

    @property
    def waiting(self) -> DocumentRow | None:
        """The document that has not left yet, if there is one."""
        return self.newest if self.newest is not None and self.newest.state in NOT_BEGUN else None

    def is_leaving(self, holder: DocumentRow, read: Reader) -> bool:
        """Whether its supplier is being told already that the order is another's now, or a person said that it was."""
        record = record_of(holder, read)
        told = [one for one in self.withdrawals if one.revision > holder.revision and not _is_dropped(one)]
        records = [record_of(one, read) for one in told]
        return record is not None and any(one is not None and same_supplier(one, record) for one in records)


def histories(rows: Iterable[DocumentRow], ids: Mapping[int, str]) -> dict[str, OrderHistory]:
    """By the ERP's id of the order; `rows` in rising revision, `ids` of them as `order_ids` tells."""
    telling: dict[str, _Telling] = {}
    for row in rows:
        telling.setdefault(ids[row.id], _Telling()).add(row)
    return {key: one.history() for key, one in telling.items()}


@dataclass
class _Telling:
    """An order's documents, as they are gone through. void: an order that was refused, and changes of it."""

    newest: DocumentRow | None = None
    begun: DocumentRow | None = None
    given_up: tuple[DocumentRow, ...] = ()
    highest: int = -1
    holders: dict[int, DocumentRow] = field(default_factory=dict)
    withdrawals: list[DocumentRow] = field(default_factory=list)
    void: set[int] = field(default_factory=set)

    def history(self) -> OrderHistory:
        holders = tuple(self.holders.values())
        return OrderHistory(self.newest, self.begun, self.given_up, self.highest, holders, tuple(self.withdrawals))

    def add(self, row: DocumentRow) -> None:
        self.highest = max(self.highest, row.revision)
        if row.state is S.DUPLICATE:
            return
        if is_moved(row.source):
            self._withdraw(row)
            return
        if _was_refused(row) and row.parent_id is None:
            self.void.add(row.id)
        if row.state is S.DISCARDED and not _may_be_there(row):
            self.given_up = (*self.given_up, row) if row.reason == "discarded" else self.given_up
            return
        self.newest, self.given_up = row, ()
        if row.state in NOT_BEGUN or row.state is S.REFUSED:
            return
        if row.parent_id in self.void and row.kind is DocumentKind.ORDER_CHANGE:
            self.void.add(row.id)  # it changes what the partner has refused
            return
        self.holders.pop(row.parent_id or 0, None)
        if is_cancellation(row):
            self.begun = None
        else:
            self.begun = self.holders[row.id] = row

    def _withdraw(self, row: DocumentRow) -> None:
        self.withdrawals.append(row)
        if _is_told(row):
            self._forget(row.parent_id)

    def _forget(self, document_id: int | None) -> None:
        """Its partner does not have the order any more."""
        self.holders.pop(document_id or 0, None)
        if self.begun is not None and self.begun.id == document_id:
            self.begun = None


def to_send_again(row: DocumentRow, newer: Iterable[DocumentRow]) -> DocumentRow | None:
    """Which document of an order goes again for one that was refused: itself, or the newest that was built on it. None
    where a newer one stands by itself.

    newer: the order's documents after it, in rising revision.
    """
    if is_moved(row.source):
        return row
    built, newest = {row.id}, row
    for one in newer:
        if one.state in {S.DISCARDED, S.DUPLICATE} or is_moved(one.source):
            continue
        if one.kind is not DocumentKind.ORDER_CHANGE or one.parent_id not in built or is_cancellation(one):
            return None
        built.add(one.id)
        newest = one
    return newest if newest.state in ARRIVED | {S.REFUSED} else None


def _is_told(row: DocumentRow) -> bool:
    """Whether a withdrawal has left, or a person said that its partner knows."""
    told_by_a_person = row.state is S.DISCARDED and row.reason == "discarded"
    return told_by_a_person or row.state not in NOT_BEGUN | {S.DISCARDED, S.REFUSED}


def _is_dropped(row: DocumentRow) -> bool:
    """Whether a withdrawal was taken back before it left, for the order was given back."""
    return row.state is S.DISCARDED and row.reason != "discarded"


def _was_refused(row: DocumentRow) -> bool:
    was = row.reason_data.get("was")
    return row.state is S.REFUSED or (row.state is S.DISCARDED and was == S.REFUSED)


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
    return row.reason_data.get("was") == S.OVERDUE


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
    for line in from_values(list[AgreedLine], row.source_changes):
        values = {"quantity": line.quantity, "receipt_date": line.receipt_date}
        found = written.setdefault(line.order_line_id, {})
        found.update((name, new) for name, new in values.items() if new is not None)
    lines = tuple(changed(line, **written.get(line.id, {})) for line in order.lines)
    return changed(order, lines=lines)


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


def with_supplier(before: OrderHistory, order: OpenOrder, read: Reader) -> DocumentRow | None:
    """The document that told this order last to its supplier; None where it has it not."""
    if before.begun is None:
        return None
    record = record_of(before.begun, read)
    return before.begun if record is None or same_supplier(record, order) else None


def has_ended(before: OrderHistory, order: OpenOrder, read: Reader) -> bool:
    """Whether an order is finished, also as whoever was told last knows it."""
    return is_finished(order, record_of(before.begun, read) if before.begun is not None else None)


def is_settled(before: OrderHistory, order: OpenOrder, read: Reader) -> bool:
    """Whether nothing is left to tell: the order is finished, or all of it came before anybody was sent it by us."""
    if has_ended(before, order, read):
        return True
    return with_supplier(before, order, read) is None and not order.cancelled and is_received(order)


def is_news(before: OrderHistory, order: OpenOrder, view: View, read: Reader) -> bool:
    """Whether a reading of an order says something that no document of it says yet."""

    def same(row: DocumentRow) -> bool:
        return not changes_since(row, order, view, read)

    # What was taken from its supplier, who has it again by now, is to be told anew.
    taken = {row.parent_id for row in before.withdrawals if _is_told(row)}
    if before.newest is not None and before.newest.id not in taken and same(before.newest):
        return False
    if before.begun is not None and before.waiting is None and same(before.begun):
        return False  # a change that was refused is taken back
    return not any(same(row) for row in before.given_up)
