"""Orders out: decide what the partner is sent. Reading: `orders`. Rendering and sending: `rendering`, `sending`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind
from ml_connector.documents.json import dump
from ml_connector.documents.orders import OrderChange, PurchaseOrder
from ml_connector.documents.reference import OpenOrder
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.batches import batches, make_moves
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import PURCHASE_ORDERS, source_of
from ml_connector.flows.core.quarantine import attempt, hold_moves, is_held, resume_moves
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.orders_out.agreed_changes import BEING_WRITTEN
from ml_connector.flows.orders_out.order_addressing import addressee, as_known, receivers
from ml_connector.flows.orders_out.order_changes import (
    Received,
    as_cancellation,
    as_change,
    as_replacement,
    changed_header,
    content_hash,
    header_change,
    header_with_lines,
    numbered,
    same_header,
    with_ids,
)
from ml_connector.flows.orders_out.order_comparing import Changes, View
from ml_connector.flows.orders_out.order_content import resolve_order
from ml_connector.flows.orders_out.order_records import Reader, Withdrawal, WithdrawnOrder, is_moved, order_reader
from ml_connector.flows.orders_out.order_revisions import (
    CANCELLED,
    CHANGES_WHAT_WAS_REFUSED,
    FLOW,
    NOT_BEGUN,
    REFUSED_BY_PARTNER,
    OrderHistory,
    changes_since,
    histories,
    order_ids,
    record_of,
)
from ml_connector.flows.reference.coding_tables import CodingTables
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.ledger.exchange import related
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

#: A newer revision waits while an older one is in one of these: it may not reach the partner first.
ON_ITS_WAY = NOT_BEGUN | {S.RENDERED, S.SENDING, S.UNKNOWN_OUTCOME}
#: So long a revision waits before it is looked at again.
WAIT_SECONDS = 60.0


def resolve(integration: Integration, work: RunScope) -> StepReport:
    """Decide what the partner is sent: an order, a change, a replacement or a cancellation."""
    report = StepReport("resolve orders")
    for rows in batches(integration, work, FLOW, (S.READ, S.QUARANTINED)):
        _resolve_batch(integration, work, rows, report)
    return report


def _resolve_batch(
    integration: Integration, work: RunScope, claimed: Sequence[DocumentRow], report: StepReport
) -> None:
    # What may have left is resolved already: a replay does not say whether it left.
    rows = [row for row in claimed if not is_held(row)]
    book = ReferenceBook.of(integration, work.as_of)
    tables = book.coding_tables()
    with integration.ledger.read() as tx:
        family = documents.outbound_of_orders(
            tx,
            integration.books,
            FLOW,
            [row.number for row in rows],
            ids=[row.source_id for row in rows if row.source_id],
        )
        # An answer that is being written to the ERP's order: what is read meanwhile may be from before or after it.
        being_written = set(related.answers_in(tx, [one.id for one in family], BEING_WRITTEN).values())
        changed = related.with_written_answers(tx, [one.id for one in family])
        sent_to = receivers(tx, family)
    read = order_reader(integration.erp)
    order_of = order_ids(family, read)
    ours = {order_of[one.id] for one in family if one.id in changed}
    again = _read_again(integration, [row for row in rows if order_of[row.id] in ours or was_refused(row)])
    moves: list[Move] = [Move(row.id, None, "") for row in claimed if is_held(row)]
    for stored_row in rows:
        row = stored_row.having(source=again.get(stored_row.id, stored_row.source))
        theirs = [one for one in family if order_of[one.id] == order_of[row.id] and one.id != row.id]
        if any(o.state in ON_ITS_WAY or o.id in being_written for o in _goes_first(row, theirs)):
            at = integration.clock.now() + timedelta(seconds=WAIT_SECONDS)
            moves.append(Move(row.id, None, "", changes={"next_attempt_at": at}))
            report.add_document("waits_for_earlier", row)
            continue
        older = [one for one in theirs if one.revision < row.revision or is_moved(one.source)]
        before = _told_last(row, histories(older, order_of).get(order_of[row.id], OrderHistory()))
        receiver = sent_to.get(before.id, "") if before is not None else ""
        decided = attempt(partial(_content, integration, row, tables, before, receiver))
        if isinstance(decided, NeedsCorrection):
            if row.id in again:
                moves.append(Move(row.id, None, "", changes={"source": row.source}, release=False))
            moves += hold_moves(integration, row, decided, report, step=S.READ)
            continue
        moves += resume_moves(row)
        read_again: dict[str, Any] = {"source": row.source, "reason": None} if row.id in again else {"reason": None}
        if decided.document is None:
            report.add_document("unchanged", row)
            changes = {**decided.facts(), **read_again}
            moves.append(Move(row.id, S.DISCARDED, "nothing changed for the partner", changes=changes))
            continue
        report.add_document("resolved", row)
        changes = {
            **decided.facts(),
            **read_again,
            "snapshots": dict(book.versions),
            "parent_id": decided.before.id if decided.before is not None else None,
            # One that was read while its partner's file was wrong learns here whose it is.
            **integration.party(decided.partner.name),
        }
        moves.append(Move(row.id, S.RESOLVED, "resolved", {"snapshots": dict(book.versions)}, changes=changes))
    make_moves(integration, work, moves)


def _goes_first(row: DocumentRow, family: Sequence[DocumentRow]) -> list[DocumentRow]:
    """What of an order has to have left before a document of it: older revisions, and what tells other suppliers that
    it is not theirs any more. That itself waits only for what it takes back.
    """
    if is_moved(row.source):
        return [one for one in family if one.id == row.parent_id]
    return [one for one in family if one.revision < row.revision or is_moved(one.source)]


def _told_last(row: DocumentRow, history: OrderHistory) -> DocumentRow | None:
    """What a document is compared with: what was told last of its order, or what it takes back of another supplier."""
    if not is_moved(row.source):
        return history.begun
    return next((holder for holder in history.holders if holder.id == row.parent_id), None)


def was_refused(row: DocumentRow) -> bool:
    """Whether a document was refused and is to go again, with what was mended in the ERP meanwhile."""
    return row.reason in {REFUSED_BY_PARTNER, CHANGES_WHAT_WAS_REFUSED}


def _read_again(integration: Integration, rows: Sequence[DocumentRow]) -> dict[int, str]:
    """Records of orders as the ERP has them now, by document: for those that we wrote to ourselves since they were
    sent, for a reading from before that would undo it at the partner; and for those that a partner refused.

    What is withdrawn is as it was told, whatever the ERP has now.
    """
    read = order_reader(integration.erp)
    orders = {row.id: read(row.source or "") for row in rows}
    keys = {key: order.id for key, order in orders.items() if not isinstance(order, WithdrawnOrder)}
    if not keys:
        return {}
    records = {
        source.document.id: source.record
        for source in source_of(integration.erp, PURCHASE_ORDERS).by_id(list(keys.values()))
    }
    return {row_id: records[key] for row_id, key in keys.items() if key in records}


@dataclass(frozen=True)
class _Resolved:
    """Who gets it, what that partner had of it before, the order's whole content, the document to send (None when the
    partner would see no change), and the content's hash.
    """

    partner: Partner
    before: DocumentRow | None
    content: PurchaseOrder | None
    document: PurchaseOrder | OrderChange | None
    digest: str

    def facts(self) -> dict[str, Any]:
        """The columns that say so."""
        changes: dict[str, Any] = {"content_hash": self.digest}
        if self.document is not None and self.content is not None:
            changed = isinstance(self.document, OrderChange)
            kind = DocumentKind.ORDER_CHANGE if changed else DocumentKind.ORDER
            changes |= {"canonical": dump(self.document), "work": dump(self.content), "kind": kind.value}
        return changes


def _content(
    integration: Integration, row: DocumentRow, tables: CodingTables, sent: DocumentRow | None, receiver: str
) -> _Resolved:
    """What the partner is sent. sent, receiver: the document that told last what the order is (None: nobody has it),
    and the identity that it went to.
    """
    read = order_reader(integration.erp)
    order = read(row.source or "")
    partner = addressee(integration, row, order)
    before = as_known(partner, sent, receiver, order, read)
    previous = _told_before(before, order, read)
    resolved = partial(_Resolved, partner, before)
    today = integration.clock.now().date()
    received = {line.id: line.received for line in order.lines}
    if order.cancelled and previous is None:
        return resolved(None, None, CANCELLED)
    if previous is not None and isinstance(order, WithdrawnOrder) and partner.orders.withdrawn == "hold":
        raise _for_the_buyer(order, partner)
    if order.cancelled and previous is not None:
        # What the partner has is cancelled; what the ERP left of the order may not even resolve any more.
        cancelled = as_cancellation(previous, received, today, row.revision, by=partner.orders.changes)
        return resolved(previous, cancelled, CANCELLED)
    found = Changes()
    again = row.reason == CHANGES_WHAT_WAS_REFUSED
    if previous is not None and before is not None and not again:
        found = changes_since(before, order, View(partner, integration.settings, tables), read)
        if not found:
            return resolved(previous, None, content_hash(previous))
    content = resolve_order(order, partner, integration.settings, tables)
    if previous is None:
        if sent is None:
            _check_receipts(order, partner)
        content = numbered(content, None)
        return resolved(content, content, content_hash(content))
    content = numbered(content, previous, found.replaced)
    if again:
        return resolved(content, as_replacement(content), content_hash(content))
    told = _told(previous, content, found, received, partner, today, row.revision)
    return resolved(content, told, content_hash(content))


def _for_the_buyer(order: WithdrawnOrder, partner: Partner) -> NeedsCorrection:
    """A person tells the partner that it has an order no longer (a setting)."""
    gone = order.withdrawn is Withdrawal.DELETED
    what = "was deleted in the ERP" if gone else "was given to another supplier in the ERP"
    waits = "" if gone else " The other supplier gets it then."
    return NeedsCorrection(
        Reason.ORDER_WITHDRAWN,
        f"Order {order.number} {what}; {partner.name} has it.",
        remedy=f"Tell {partner.name} that it is cancelled, and discard this here.{waits} With orders.withdrawn: cancel"
        " in its file that is sent by itself.",
        data={"order": order.number, "partner": partner.name, "withdrawn": str(order.withdrawn)},
    )


def _check_receipts(order: OpenOrder, partner: Partner) -> None:
    """An order of which goods came before it was sent: somebody has delivered it who has it from elsewhere.

    Raises:
        NeedsCorrection: sent whole, it would be delivered whole, and more would come than was ordered.
    """
    received = [str(line.number) for line in order.lines if line.received > 0]
    if not received or partner.orders.partly_received == "whole":
        return
    raise NeedsCorrection(
        Reason.PARTLY_RECEIVED,
        f"Order {order.number} was never sent to {partner.name} from here, and goods of it came already"
        f" (line {', '.join(received[:10])}).",
        remedy="If the supplier has the order, discard this here. If not, lower the order in the ERP to what came and"
        " order the rest anew; or write orders.partly_received: whole in its file where it counts what it delivered.",
        data={"order": order.number, "partner": partner.name, "lines": received[:50]},
    )


def _told_before(before: DocumentRow | None, order: OpenOrder, read: Reader) -> PurchaseOrder | None:
    """The order as the partner was told it; lines of an older release get the ids that they had then."""
    if before is None or not before.work:
        return None
    return with_ids(stored(DocumentKind.ORDER, before.work, PurchaseOrder), record_of(before, read) or order)


def _told(
    previous: PurchaseOrder,
    content: PurchaseOrder,
    found: Changes,
    received: Received,
    partner: Partner,
    today: date,
    revision: int,
) -> PurchaseOrder | OrderChange | None:
    """What the partner is told of a change; None where it has the order just so (it proposed that itself).

    Raises:
        NeedsCorrection: only the header changed, and a person is to tell the partner (a setting).
    """
    if previous == content:
        return None
    change = as_change(previous, content, found.lines, received, today, revision)
    if not change.lines and (not found.header or same_header(previous, content)):
        return None
    if partner.orders.changes == "850":
        return as_replacement(content)
    return change if change.lines else _header_told(previous, content, received, partner, today, revision)


def _header_told(
    previous: PurchaseOrder,
    content: PurchaseOrder,
    received: Received,
    partner: Partner,
    today: date,
    revision: int,
) -> PurchaseOrder | OrderChange:
    """A change of the header alone, as the partner takes it. A flat file of changes has a row a line, or says nothing.

    Raises:
        NeedsCorrection: a person is to tell the partner.
    """
    rule = partner.orders.header_changes
    if rule == "hold":
        raise NeedsCorrection(
            Reason.HEADER_CHANGED,
            f"Only the header of order {content.number} changed, and {partner.name} takes no such change.",
            remedy="Tell the partner, and discard this here; or choose another orders.header_changes in its file.",
            data={"order": content.number, "partner": partner.name, "changed": changed_header(previous, content)},
        )
    if rule == "850":
        return as_replacement(content)
    if rule == "lines" or partner.layouts.send.order_change:
        return header_with_lines(previous, content, received, today, revision)
    return header_change(previous, content, today, revision)
