"""What becomes of orders as read: each new content a document, what is withdrawn or changed before it left ended."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from ml_connector.config.partners import Partner
from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.documents.reference import OpenOrder
from ml_connector.errors import TryAgain
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import SourceOrder
from ml_connector.flows.core.quarantine import is_held
from ml_connector.flows.orders_out.order_addressing import takers
from ml_connector.flows.orders_out.order_comparing import View, same_supplier
from ml_connector.flows.orders_out.order_records import WithdrawnOrder, order_reader
from ml_connector.flows.orders_out.order_revisions import (
    FLOW,
    OrderHistory,
    has_ended,
    has_received_since,
    histories,
    is_news,
    is_settled,
    order_ids,
    record_of,
    with_supplier,
)
from ml_connector.flows.orders_out.order_withdrawing import (
    suppliers_left,
    withdrawal,
    withdrawals_taken_back,
)
from ml_connector.flows.reference.first_day import first_day
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move, NewDocument
from ml_connector.ledger.work.states import DocumentState as S


class _RevisionTakenError(Exception):
    """Another worker added the revision between our look and our write."""


def take(integration: Integration, work: RunScope, orders: Iterable[SourceOrder], report: StepReport) -> None:
    """Compare orders as read with what the ledger has, and store what is new."""
    partners = takers(integration)
    # An order that moves while pages are read comes twice: the last reading counts.
    latest = {one.document.id: one for one in orders}.values()
    known_partners = [(o, partners[o.document.supplier_code]) for o in latest if o.document.supplier_code in partners]
    known_partners += _given_away(integration, [o for o in latest if o.document.supplier_code not in partners])
    wanted = {o.document.id: (o, p) for o, p in known_partners if not work.partners or p.name in work.partners}
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


def _given_away(integration: Integration, orders: Sequence[SourceOrder]) -> list[tuple[SourceOrder, Partner]]:
    """Orders of suppliers that are not ours to send to, with the partner of this integration that has them or would
    have got them: given to somebody else, or deleted.
    """
    if not orders:
        return []
    known = known_histories(integration, [source.document for source in orders])
    read = order_reader(integration.erp)
    found: list[tuple[SourceOrder, Partner]] = []
    for source in orders:
        before = known.get(source.document.id, OrderHistory())
        ours = [one for one in (before.newest, *before.holders) if one and one.integration == integration.name]
        for row in ours:
            partner, record = integration.partner_of(row), record_of(row, read)
            gone = isinstance(source.document, WithdrawnOrder)
            if partner is not None and record is not None and (gone or not same_supplier(record, source.document)):
                found.append((source, partner))
                break
    return found


def _take_once(integration: Integration, work: RunScope, wanted: Sequence[tuple[SourceOrder, Partner]]) -> StepReport:
    report = StepReport("read orders")
    book = ReferenceBook.of(integration)
    tables = book.coding_tables()
    since = start_day(integration, dry_run=work.dry_run)
    known = known_histories(integration, [source.document for source, _ in wanted])
    ours = takers(integration)
    new: list[NewDocument] = []
    moves: list[Move] = []
    for source, partner in wanted:
        order = source.document
        before = known.get(order.id, OrderHistory())
        if before.newest is None and is_too_old(order, since):
            report.counts["dated_before_start"] += 1
            continue  # our receipts and invoices move old orders too: that makes them no new orders
        if before.newest is not None and is_held(before.newest):
            continue  # it may have left: what changed since is read again when that is settled
        view = View(partner, integration.settings, tables)
        more, done = _decide(integration, source, view, before, report, ours=order.supplier_code in ours)
        new += more
        moves += done
    if not work.dry_run and (new or moves):
        with integration.ledger.write() as tx:
            added = documents.add_documents(tx, new, work)
            if any(one.repeats is not None for one in added):
                raise _RevisionTakenError
            documents.move(tx, moves, work)
    return report


def _decide(
    integration: Integration,
    source: SourceOrder,
    view: View,
    before: OrderHistory,
    report: StepReport,
    *,
    ours: bool,
) -> tuple[list[NewDocument], list[Move]]:
    """The documents that a reading of an order makes, and the moves of those that have not left yet.

    ours: its supplier is one that gets orders here.
    """
    read = order_reader(integration.erp)
    order, partner = source.document, view.partner
    new: list[NewDocument] = []
    moves: list[Move] = []
    elsewhere = before.waiting is not None and before.waiting.integration != integration.name
    if before.waiting is not None and elsewhere and ours:
        moves.append(_taken_over(before.waiting, integration))
        before, elsewhere = replace(before, newest=before.begun), False
    given_back = withdrawals_taken_back(before, order, read)
    if given_back:
        # The document for the one who would have got it ends, too: that one is not told a second time.
        ending = [*given_back, *([before.waiting] if before.waiting is not None else [])]
        moves += [_ended(row, "given back before anybody was told") for row in ending]
        before, elsewhere = replace(before, newest=before.begun), False
    settled = is_settled(before, order, read)
    ready = _is_ready(integration, order, with_supplier(before, order, read))
    # Also where nothing is left for the new supplier: the old one may have what was taken off since.
    closed = has_ended(before, order, read) or not (ready or order.cancelled)
    left = [] if closed else suppliers_left(integration, before, order, read)
    for holder in left:
        report.add("given_away", None, document=order.number, partner=holder.partner)
        new.append(withdrawal(integration, holder, before.highest + 1, read))
        before = replace(before, highest=before.highest + 1)
    if elsewhere:
        return new, moves  # another integration sends it
    if left:
        if before.waiting is not None:
            moves.append(_ended(before.waiting, "given to another supplier unsent"))
        before = replace(before, newest=None, begun=None, given_up=())
    told = with_supplier(before, order, read)
    given_away = not ours and (told is None or told.integration != integration.name)
    if settled or given_away or not ready:
        if before.waiting is not None:
            moves.append(_withdrawn(before.waiting, order, settled=settled, given_away=given_away))
            report.add("withdrawn", None, document=order.number, partner=partner.name)
        return new, moves
    if not is_news(before, order, view, read):
        if before.waiting is not None and has_received_since(before.waiting, order, read):
            moves += _renewed(integration, before.waiting, source)
        return new, moves
    report.add("read", None, document=order.number, partner=partner.name)
    if before.waiting is not None:
        moves += _renewed(integration, before.waiting, source)
    else:
        new.append(_new_document(integration, source, partner, before))
    return new, moves


def known_histories(integration: Integration, orders: Sequence[OpenOrder]) -> dict[str, OrderHistory]:
    """What was sent of these orders, by the ERP's id of the order."""
    ids, numbers = [order.id for order in orders], [order.number for order in orders]
    with integration.ledger.read() as tx:
        rows = documents.outbound_of_orders(tx, integration.books, FLOW, numbers, ids=ids)
    return histories(rows, order_ids(rows, order_reader(integration.erp), orders))


def _is_ready(integration: Integration, order: OpenOrder, has: DocumentRow | None) -> bool:
    """Only approved orders leave (a setting); a cancelled one only if its supplier has it."""
    if order.cancelled:
        return has is not None
    return order.approved or not integration.settings.flows.orders_out.approved_only


def _withdrawn(row: DocumentRow, order: OpenOrder, *, settled: bool, given_away: bool) -> Move:
    """An order that had not left yet was cancelled, closed, given to a supplier that is no partner, or is no longer
    approved: it does not leave.
    """
    why = "cancelled in the ERP before it was sent" if order.cancelled else "no longer approved in the ERP"
    if isinstance(order, WithdrawnOrder):
        why = "deleted in the ERP before it was sent"
    elif settled:
        why = "finished in the ERP before it was sent"
    elif given_away:
        why = "given to a supplier who is not a partner"
    return _ended(row, why)


def _ended(row: DocumentRow, why: str) -> Move:
    """A document that has not left is given up, for the ERP says something else by now."""
    return Move(row.id, S.DISCARDED, why, changes={"content_hash": None, "reason": "withdrawn"})


def _taken_over(row: DocumentRow, integration: Integration) -> Move:
    """An order that has not left, and whose supplier's orders leave by another integration now: by this one."""
    changes = {"content_hash": None, "reason": "withdrawn"}
    return Move(row.id, S.DISCARDED, "leaves by another integration now", {"by": integration.name}, changes=changes)


def _new_document(integration: Integration, source: SourceOrder, partner: Partner, before: OrderHistory) -> NewDocument:
    order = source.document
    revision = before.highest + 1
    has = with_supplier(before, order, order_reader(integration.erp)) or before.begun
    changes = has is not None and partner.orders.changes == "860"
    kind = DocumentKind.ORDER_CHANGE if changes else DocumentKind.ORDER
    return NewDocument(
        kind=kind,
        direction=Direction.OUT,
        flow=FLOW,
        **integration.scope,
        **integration.party(partner.name),
        number=order.number,
        revision=revision,
        order_number=order.number,
        business_key=integration.order_key(order.id, revision),
        business_date=order.order_date,
        currency=order.currency or None,
        amount=sum((line.quantity * line.price for line in order.lines), Decimal(0)),
        state=S.READ,
        canonical="",
        source=source.record,
        source_id=order.id,
        parent_id=has.id if has is not None else None,
        action="read from the ERP",
    )


def _renewed(integration: Integration, row: DocumentRow, source: SourceOrder) -> list[Move]:
    """The order changed before it left: the stored record is replaced, the change recorded, and looked at now."""
    changes = {"source": source.record, "source_id": source.document.id, "next_attempt_at": integration.clock.now()}
    back = None if row.state in {S.READ, S.QUARANTINED} else S.READ
    return [Move(row.id, back, "read again, changed before it was sent", {}, changes=changes)]


def start_day(integration: Integration, *, dry_run: bool = False) -> date:
    """Orders dated before this day were settled before we came: the setting, or the day the flow began, kept."""
    setting = integration.settings.flows.orders_out.start_date
    return first_day(integration, "orders_out", setting, position_name(integration), dry_run=dry_run)


def is_too_old(order: OpenOrder, start: date) -> bool:
    """Whether an order that was never sent is left alone for its date."""
    return order.order_date is not None and order.order_date < start


def position_name(integration: Integration) -> str:
    """Of the cursor that says how far orders were read."""
    return f"{integration.name}:{integration.erp.connection}:{integration.erp.company}:orders"
