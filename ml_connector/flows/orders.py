"""Orders out: read what changed in the ERP, resolve what the partner is sent. Rendering and sending: `sending`."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ml_connector.config.partners import Partner
from ml_connector.documents.common import Direction, DocumentKind, Purpose
from ml_connector.documents.json import dump, load
from ml_connector.documents.orders import OrderChange, PurchaseOrder
from ml_connector.documents.reference import OpenOrder
from ml_connector.errors import NeedsMending, Reason, TryAgain
from ml_connector.flows.agreed import BEING_WRITTEN
from ml_connector.flows.claiming import claim_waiting
from ml_connector.flows.coding import CodingTables
from ml_connector.flows.context import Integration, StepReport, Work
from ml_connector.flows.holding import attempt, hold_moves, resume_moves
from ml_connector.flows.order_content import (
    as_cancellation,
    as_change,
    as_replacement,
    content_hash,
    resolve_order,
)
from ml_connector.flows.ports import SourceOrder
from ml_connector.flows.reference_book import ReferenceBook
from ml_connector.flows.stored import stored
from ml_connector.ledger import documents, inbox, positions, related
from ml_connector.ledger.documents import DocumentRow, Move, NewDocument
from ml_connector.ledger.inbox import Notice
from ml_connector.ledger.states import DocumentState as S
from ml_connector.ledger.store import Tx

FLOW = "orders_out"
TOPIC = "PurchaseOrders"
#: Not begun yet: a newer reading of the order replaces the stored record instead of making a revision.
NOT_BEGUN = frozenset({S.READ, S.RESOLVED, S.QUARANTINED})


#: A newer revision waits while an older one is in one of these: it may not reach the partner first.
ON_ITS_WAY = NOT_BEGUN | {S.RENDERED, S.SENDING, S.UNKNOWN_OUTCOME}
#: So long a revision waits before it is looked at again.
WAIT_SECONDS = 60.0
#: All cancelled orders are the same news: what is cancelled is what the partner has.
CANCELLED = hashlib.sha256(b"cancelled").hexdigest()


@dataclass(frozen=True)
class _Known:
    """What the ledger knows of an order.

    newest: its newest document that counts. begun: the newest that the partner has or is getting; None when that was
    refused or cancelled, for then there is nothing to change. given_up: hashes of contents that were dropped since.
    highest: the highest revision ever given.
    """

    newest: DocumentRow | None = None
    begun: DocumentRow | None = None
    given_up: frozenset[str] = frozenset()
    highest: int = -1


class _RevisionTakenError(Exception):
    """Another worker added the revision between our look and our write."""


def read(integration: Integration, work: Work) -> StepReport:
    """Read changed orders by webhook notices and by poll; each new content becomes a document."""
    report = StepReport("read orders")
    settings = integration.settings.flows.orders_out
    if settings.webhooks:
        _read_notices(integration, work, report)
    if settings.poll and not work.stopped():
        _read_changes(integration, work, report)
    if count := report.counts["dated_before_start"]:
        start = start_day(integration, dry_run=work.dry_run)
        report.notes.append(f"{count} dated before {start} and left alone: orders_out.start_date says from when on.")
    return report


def _read_notices(integration: Integration, work: Work, report: StepReport) -> None:
    """Orders that webhooks named: the newest state is read whatever the notices' number or order."""
    while not work.stopped():
        with integration.ledger.read() as tx:
            notices = waiting_notices(integration, tx)
        if not notices:
            return
        orders = integration.erp.read_orders(list(dict.fromkeys(notice.key for notice in notices)))
        _take(integration, work, orders, report)
        if work.dry_run:
            return
        with integration.ledger.write() as tx:
            ids = [notice.id for notice in notices]
            inbox.mark_taken(tx, ids, integration.name, integration.notice_readers, work.actor)


def waiting_notices(integration: Integration, tx: Tx) -> list[Notice]:
    """Notices of orders that this integration has not taken yet, whoever else reads the same ERP's."""
    erp = integration.erp
    return inbox.waiting(tx, erp.connection, erp.company, TOPIC, reader=integration.name, limit=50)


def position_name(integration: Integration) -> str:
    return f"{integration.name}:{integration.erp.connection}:{integration.erp.company}:orders"


def start_day(integration: Integration, *, dry_run: bool = False) -> date:
    """Orders dated before this day were settled before we came: the setting, or the day of the first read, kept."""
    if integration.settings.flows.orders_out.start_date:
        return date.fromisoformat(integration.settings.flows.orders_out.start_date)
    name = f"{position_name(integration)}:since"
    with integration.ledger.read() as tx:
        kept = positions.get(tx, name)
    if kept is None:
        kept = integration.clock.now().date().isoformat()
        if not dry_run:
            with integration.ledger.write() as tx:
                positions.put(tx, name, kept)
    return date.fromisoformat(kept)


def is_too_old(order: OpenOrder, start: date) -> bool:
    """Whether an order that was never sent is left alone for its date."""
    return order.order_date is not None and order.order_date < start


def poll_position(integration: Integration, start: date) -> str | None:
    """Where polling goes on. None: at `start`, for nothing was read yet, or only from a later day on."""
    name = position_name(integration)
    with integration.ledger.read() as tx:
        begun = positions.get(tx, f"{name}:begun") or positions.get(tx, f"{name}:since")
        if begun is not None and start < date.fromisoformat(begun):
            return None
        return positions.get(tx, name)


def _read_changes(integration: Integration, work: Work, report: StepReport) -> None:
    name = position_name(integration)
    start = start_day(integration, dry_run=work.dry_run)
    cursor = poll_position(integration, start)
    from_start = cursor is None
    cursor = cursor or f"{start.isoformat()}T00:00:00"
    more = True
    while more and not work.stopped():
        batch = integration.erp.changed_orders(cursor)
        _take(integration, work, batch.orders, report)
        more, cursor = batch.more and not work.dry_run, batch.cursor
        if cursor is not None and not work.dry_run:
            with integration.ledger.write() as tx:
                positions.put(tx, name, cursor)
                if from_start:
                    positions.put(tx, f"{name}:begun", start.isoformat())


def _take(integration: Integration, work: Work, orders: Iterable[SourceOrder], report: StepReport) -> None:
    """Compare orders as read with what the ledger has, and store what is new."""
    partners = {partner.vendor: partner for partner in integration.partners.values()}
    known_partners = [(o, partners[o.order.supplier_code]) for o in orders if o.order.supplier_code in partners]
    # An order that moves while pages are read comes twice: the last reading counts.
    wanted = {
        (p.name, o.order.number): (o, p) for o, p in known_partners if not work.partners or p.name in work.partners
    }
    if not wanted:
        return
    for _ in range(3):
        try:
            taken = _take_once(integration, work, list(wanted.values()))
        except _RevisionTakenError:
            continue
        report.merge(taken)
        return
    raise TryAgain("Another worker keeps adding revisions of the same orders.", after_seconds=30)


def _take_once(integration: Integration, work: Work, wanted: Sequence[tuple[SourceOrder, Partner]]) -> StepReport:
    report = StepReport("read orders")
    book = ReferenceBook(integration.ledger, integration.erp.connection, integration.erp.company)
    tables = book.coding_tables()
    since = start_day(integration, dry_run=work.dry_run)
    numbers = [source.order.number for source, _ in wanted]
    with integration.ledger.read() as tx:
        known = _known(documents.outbound_of_orders(tx, integration.name, FLOW, numbers))
    new: list[NewDocument] = []
    moves: list[Move] = []
    for source, partner in wanted:
        before = known.get((partner.name, source.order.number), _Known())
        if before.newest is None and is_too_old(source.order, since):
            report.counts["dated_before_start"] += 1
            continue  # our receipts and invoices move old orders too: that makes them no new orders
        waiting = before.newest is not None and before.newest.state in NOT_BEGUN
        if not _is_ready(integration, source.order, before):
            if before.newest is not None and waiting:
                moves.append(_withdrawn(before.newest, source.order))
                report.add("withdrawn", None, document=source.order.number, partner=partner.name)
            continue
        digest = _digest(integration, source.order, partner, tables)
        if digest in before.given_up or (before.newest is not None and before.newest.content_hash == digest):
            continue
        report.add("read", None, document=source.order.number, partner=partner.name)
        if before.newest is not None and waiting:
            moves += _renewed(integration, before.newest, source, digest)
        else:
            new.append(_new_document(integration, source, partner, before, digest))
    if not work.dry_run and (new or moves):
        with integration.ledger.write() as tx:
            added = documents.add_documents(tx, new, work)
            if any(one.repeats is not None for one in added):
                raise _RevisionTakenError
            documents.move(tx, moves, work)
    return report


def _known(rows: Sequence[DocumentRow]) -> dict[tuple[str, str], _Known]:
    """By partner and order number; `rows` in rising revision."""
    known: dict[tuple[str, str], _Known] = {}
    for row in rows:
        key = (row.partner, row.number)
        before = known.get(key, _Known())
        highest = max(before.highest, row.revision)
        if row.state is S.DUPLICATE:
            continue
        if row.state is S.DISCARDED:
            given_up = before.given_up | {row.content_hash or ""}
            known[key] = _Known(before.newest, before.begun, given_up, highest)
            continue
        begun = before.begun
        if row.state not in NOT_BEGUN and row.state is not S.REFUSED:
            begun = None if _cancels(row) else row
        known[key] = _Known(row, begun, frozenset(), highest)
    return known


def _cancels(row: DocumentRow) -> bool:
    """Whether a document tells the partner that the order is cancelled."""
    document = load(row.kind, row.canonical) if row.canonical else None
    return isinstance(document, PurchaseOrder | OrderChange) and document.purpose is Purpose.CANCEL


def _is_ready(integration: Integration, order: OpenOrder, before: _Known) -> bool:
    """Only approved orders leave (a setting); a cancelled one only if the partner has it."""
    if order.cancelled:
        return before.begun is not None
    return order.approved or not integration.settings.flows.orders_out.approved_only


def _withdrawn(row: DocumentRow, order: OpenOrder) -> Move:
    """An order that had not left yet was cancelled, or is no longer approved: it does not leave."""
    why = "cancelled in the ERP before it was sent" if order.cancelled else "no longer approved in the ERP"
    # Without a hash, the same order approved again is news.
    return Move(row.id, S.DISCARDED, why, changes={"content_hash": None, "reason": "withdrawn"})


def _digest(integration: Integration, order: OpenOrder, partner: Partner, tables: CodingTables) -> str:
    """Hash of what the partner is sent; of the record's own content where it cannot be resolved yet."""
    if order.cancelled:
        return CANCELLED
    content = attempt(lambda: resolve_order(order, partner, integration.settings, tables))
    if isinstance(content, NeedsMending):
        return hashlib.sha256(b"unresolved|" + order.model_dump_json(exclude=_OURS).encode()).hexdigest()
    return content_hash(content)


#: Fields that our own receipts and invoices move.
_OURS = {"lines": {"__all__": {"received", "invoiced"}}}


def _new_document(
    integration: Integration, source: SourceOrder, partner: Partner, before: _Known, digest: str
) -> NewDocument:
    order = source.order
    revision = before.highest + 1
    changes = before.begun is not None and partner.orders.changes == "860"
    kind = DocumentKind.ORDER_CHANGE if changes else DocumentKind.ORDER
    return NewDocument(
        kind=kind,
        direction=Direction.OUT,
        flow=FLOW,
        **integration.scope,
        partner=partner.name,
        number=order.number,
        revision=revision,
        order_number=order.number,
        business_key=integration.business_key(partner.name, DocumentKind.ORDER, order.number, revision),
        business_date=order.order_date,
        currency=order.currency or None,
        amount=sum((line.quantity * line.price for line in order.lines), Decimal(0)),
        state=S.READ,
        canonical="",
        source=source.record,
        content_hash=digest,
        parent_id=before.begun.id if before.begun is not None else None,
        action="read from the ERP",
    )


def _renewed(integration: Integration, row: DocumentRow, source: SourceOrder, digest: str) -> list[Move]:
    """The order changed before it left: the stored record is replaced, the change recorded, and looked at now."""
    changes = {"source": source.record, "content_hash": digest, "next_attempt_at": integration.clock.now()}
    back = None if row.state in {S.READ, S.QUARANTINED} else S.READ
    return [Move(row.id, back, "read again, changed before it was sent", {}, changes=changes)]


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
        family = documents.outbound_of_orders(tx, integration.name, FLOW, [row.number for row in rows])
        # An answer that is being written to the ERP's order: what is read meanwhile may be from before or after it.
        being_written = set(related.answers_in(tx, [one.id for one in family], BEING_WRITTEN).values())
        changed = related.with_written_answers(tx, [one.id for one in family])
    ours = {(one.partner, one.number) for one in family if one.id in changed}
    again = _read_again(integration, [row for row in rows if (row.partner, row.number) in ours]) if ours else {}
    moves: list[Move] = []
    for stored_row in rows:
        row = replace(stored_row, source=again.get(stored_row.id, stored_row.source))
        older = [o for o in family if (o.partner, o.number) == (row.partner, row.number) and o.revision < row.revision]
        if any(o.state in ON_ITS_WAY or o.id in being_written for o in older):
            at = integration.clock.now() + timedelta(seconds=WAIT_SECONDS)
            moves.append(Move(row.id, None, "", changes={"next_attempt_at": at}))
            report.add("waits_for_earlier", row.partition_date, document=row.number, partner=row.partner)
            continue
        before = _known(older).get((row.partner, row.number), _Known()).begun
        decided = attempt(lambda row=row, before=before: _content(integration, row, tables, before))  # type: ignore[misc]
        if isinstance(decided, NeedsMending):
            moves += hold_moves(integration, row, decided, report, step=S.READ)
            continue
        moves += resume_moves(row)
        read_again = {"source": row.source} if row.id in again else {}
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
            "parent_id": before.id if before else None,
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
    """The order's whole content, the document to send (None when the partner would see no change), and its hash."""

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


def _content(integration: Integration, row: DocumentRow, tables: CodingTables, before: DocumentRow | None) -> _Resolved:
    """What the partner is sent, given the document that told it last what the order is (None: it has no order)."""
    partner = integration.partners.get(row.partner)
    if partner is None:
        raise NeedsMending(
            Reason.UNKNOWN_PARTNER,
            f"There is no partner file for {row.partner}.",
            mend="Write the partner's file, or discard the order here.",
            data={"partner": row.partner},
        )
    order = integration.erp.order_from_record(row.source or "")
    previous = stored(DocumentKind.ORDER, before.work, PurchaseOrder) if before is not None and before.work else None
    today = integration.clock.now().date()
    if order.cancelled and previous is not None:
        # What the partner has is cancelled; what the ERP left of the order may not even resolve any more.
        cancelled = as_cancellation(previous, today, row.revision, by=partner.orders.changes)
        return _Resolved(previous, cancelled, CANCELLED)
    content = resolve_order(order, partner, integration.settings, tables)
    digest = CANCELLED if order.cancelled else content_hash(content)
    if order.cancelled or previous == content:
        return _Resolved(content, None, digest)
    if previous is None:
        return _Resolved(content, content, digest)
    if partner.orders.changes == "850":
        return _Resolved(content, as_replacement(content), digest)
    return _Resolved(content, as_change(previous, content, today, row.revision), digest)
