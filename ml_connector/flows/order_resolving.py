"""Orders out: decide what the partner is sent. Reading: `orders`. Rendering and sending: `rendering`, `sending`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind
from ml_connector.documents.json import dump
from ml_connector.documents.orders import OrderChange, PurchaseOrder
from ml_connector.documents.reference import OpenOrder
from ml_connector.errors import NeedsMending, Reason
from ml_connector.flows.agreed import BEING_WRITTEN
from ml_connector.flows.claiming import claim_waiting
from ml_connector.flows.coding import CodingTables
from ml_connector.flows.context import Integration, StepReport, Work
from ml_connector.flows.holding import attempt, hold_moves, resume_moves
from ml_connector.flows.order_addressing import addressee, as_known, receivers
from ml_connector.flows.order_changes import (
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
from ml_connector.flows.order_comparing import Changes, View
from ml_connector.flows.order_content import resolve_order
from ml_connector.flows.order_history import (
    CANCELLED,
    FLOW,
    NOT_BEGUN,
    OrderHistory,
    Reader,
    changes_since,
    histories,
    order_ids,
    record_of,
)
from ml_connector.flows.reference_book import ReferenceBook
from ml_connector.flows.stored import stored
from ml_connector.ledger import documents, related
from ml_connector.ledger.documents import DocumentRow, Move
from ml_connector.ledger.states import DocumentState as S

#: A newer revision waits while an older one is in one of these: it may not reach the partner first.
ON_ITS_WAY = NOT_BEGUN | {S.RENDERED, S.SENDING, S.UNKNOWN_OUTCOME}
#: So long a revision waits before it is looked at again.
WAIT_SECONDS = 60.0


def resolve(integration: Integration, work: Work) -> StepReport:
    """Decide what the partner is sent: an order, a change, a replacement or a cancellation."""
    report = StepReport("resolve orders")
    after = 0
    while not work.stopped():
        rows = claim_waiting(integration, work, FLOW, (S.READ, S.QUARANTINED), after_id=after)
        if not rows:
            return report
        after = rows[-1].id
        _resolve_batch(integration, work, rows, report)
    return report


def _resolve_batch(integration: Integration, work: Work, rows: Sequence[DocumentRow], report: StepReport) -> None:
    book = ReferenceBook(integration.ledger, integration.erp.connection, integration.erp.company, work.as_of)
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
    order_of = order_ids(family, integration.erp.order_from_record)
    ours = {order_of[one.id] for one in family if one.id in changed}
    again = _read_again(integration, [row for row in rows if order_of[row.id] in ours]) if ours else {}
    moves: list[Move] = []
    for stored_row in rows:
        row = replace(stored_row, source=again.get(stored_row.id, stored_row.source))
        older = [o for o in family if order_of[o.id] == order_of[row.id] and o.revision < row.revision]
        if any(o.state in ON_ITS_WAY or o.id in being_written for o in older):
            at = integration.clock.now() + timedelta(seconds=WAIT_SECONDS)
            moves.append(Move(row.id, None, "", changes={"next_attempt_at": at}))
            report.add("waits_for_earlier", row.partition_date, document=row.number, partner=row.partner)
            continue
        before = histories(older, order_of).get(order_of[row.id], OrderHistory()).begun
        receiver = sent_to.get(before.id, "") if before is not None else ""
        decided = attempt(partial(_content, integration, row, tables, before, receiver))
        if isinstance(decided, NeedsMending):
            moves += hold_moves(integration, row, decided, report, step=S.READ)
            continue
        moves += resume_moves(row)
        read_again: dict[str, Any] = {"source": row.source} if row.id in again else {}
        if decided.document is None:
            report.add("unchanged", row.partition_date, document=row.number, partner=row.partner)
            changes = {**decided.facts(), **read_again}
            moves.append(Move(row.id, S.DISCARDED, "nothing changed for the partner", changes=changes))
            continue
        report.add("resolved", row.partition_date, document=row.number, partner=row.partner)
        changes = {
            **decided.facts(),
            **read_again,
            "snapshots": dict(book.versions),
            "parent_id": decided.before.id if decided.before is not None else None,
            # One that was read while its partner's file was wrong learns here whose it is.
            **integration.party(decided.partner.name),
        }
        moves.append(Move(row.id, S.RESOLVED, "resolved", {"snapshots": dict(book.versions)}, changes=changes))
    if not work.dry_run:
        with integration.ledger.write() as tx:
            documents.move(tx, moves, work)


def _read_again(integration: Integration, rows: Sequence[DocumentRow]) -> dict[int, str]:
    """Records of orders as the ERP has them now, by document: for those that we wrote to ourselves since they were
    sent, for a reading from before that would undo it at the partner.
    """
    keys = {row.id: integration.erp.order_from_record(row.source or "").id for row in rows}
    records = {source.order.id: source.record for source in integration.erp.read_orders(list(keys.values()))}
    return {row_id: records[key] for row_id, key in keys.items() if key in records}


@dataclass(frozen=True)
class _Resolved:
    """Who gets it, what that partner had of it before, the order's whole content, the document to send (None when the
    partner would see no change), and the content's hash.
    """

    partner: Partner
    before: DocumentRow | None
    content: PurchaseOrder
    document: PurchaseOrder | OrderChange | None
    digest: str

    def facts(self) -> dict[str, Any]:
        """The columns that say so."""
        changes: dict[str, Any] = {"content_hash": self.digest}
        if self.document is not None:
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
    read = integration.erp.order_from_record
    order = read(row.source or "")
    partner = addressee(integration, row, order)
    before = as_known(partner, sent, receiver, order, read)
    previous = _told_before(before, order, read)
    resolved = partial(_Resolved, partner, before)
    today = integration.clock.now().date()
    received = {line.id: line.received for line in order.lines}
    if order.cancelled and previous is not None:
        # What the partner has is cancelled; what the ERP left of the order may not even resolve any more.
        cancelled = as_cancellation(previous, received, today, row.revision, by=partner.orders.changes)
        return resolved(previous, cancelled, CANCELLED)
    found = Changes()
    if previous is not None and before is not None:
        found = changes_since(before, order, View(partner, integration.settings, tables), read)
        if not found:
            return resolved(previous, None, content_hash(previous))
    content = resolve_order(order, partner, integration.settings, tables)
    if order.cancelled:
        return resolved(content, None, CANCELLED)
    if previous is None:
        content = numbered(content, None)
        return resolved(content, content, content_hash(content))
    content = numbered(content, previous, found.replaced)
    told = _told(previous, content, found, received, partner, today, row.revision)
    return resolved(content, told, content_hash(content))


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
        NeedsMending: only the header changed, and a person is to tell the partner (a setting).
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
        NeedsMending: a person is to tell the partner.
    """
    rule = partner.orders.header_changes
    if rule == "hold":
        raise NeedsMending(
            Reason.HEADER_CHANGED,
            f"Only the header of order {content.number} changed, and {partner.name} takes no such change.",
            mend="Tell the partner, and discard this here; or choose another orders.header_changes in its file.",
            data={"order": content.number, "partner": partner.name, "changed": changed_header(previous, content)},
        )
    if rule == "850":
        return as_replacement(content)
    if rule == "lines" or partner.layouts.send.order_change:
        return header_with_lines(previous, content, received, today, revision)
    return header_change(previous, content, today, revision)
