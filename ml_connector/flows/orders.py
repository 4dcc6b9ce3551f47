"""Orders out: read what changed in the ERP; each new content becomes a document. Then: `order_resolving`.

What is gone from a partner that has it, for the order was deleted or given to another supplier: `order_withdrawing`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from ml_connector.config.partners import Partner
from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.documents.reference import OpenOrder
from ml_connector.errors import TryAgain
from ml_connector.flows import restored
from ml_connector.flows.coding import CodingTables
from ml_connector.flows.context import Integration, StepReport, Work
from ml_connector.flows.order_addressing import takers
from ml_connector.flows.order_comparing import View, same_supplier
from ml_connector.flows.order_history import (
    FLOW,
    OrderHistory,
    has_received_since,
    histories,
    is_news,
    is_settled,
    order_ids,
    record_of,
    with_supplier,
)
from ml_connector.flows.order_records import WithdrawnOrder, order_reader
from ml_connector.flows.order_withdrawing import (
    deleted_orders,
    known_ids,
    suppliers_left,
    withdrawal,
    withdrawals_taken_back,
)
from ml_connector.flows.ports import DeletionSource, SourceOrder
from ml_connector.flows.reference_book import ReferenceBook
from ml_connector.ledger import documents, inbox, positions
from ml_connector.ledger.documents import DocumentRow, Move, NewDocument
from ml_connector.ledger.inbox import Notice
from ml_connector.ledger.states import DocumentState as S
from ml_connector.ledger.store import Tx

TOPIC = "PurchaseOrders"
#: What a notice says of an order that is gone (exact-online 8.2).
DELETE = "Delete"
#: So often an ERP is asked what was deleted where nothing else makes a run of its own: calls are few.
DELETIONS_EVERY = timedelta(minutes=15)


class _RevisionTakenError(Exception):
    """Another worker added the revision between our look and our write."""


def read(integration: Integration, work: Work) -> StepReport:
    """Read changed orders by webhook notices and by poll; each new content becomes a document."""
    report = StepReport("read orders")
    settings = integration.settings.flows.orders_out
    start = start_day(integration, dry_run=work.dry_run)
    by_notices = False
    if settings.webhooks:
        if not (settings.poll or work.dry_run):
            _mark_notices_blind(integration)
        by_notices = _read_notices(integration, work, report)
    if (settings.poll or has_passed_unseen(integration)) and not work.stopped():
        _read_changes(integration, work, report)
        if not (by_notices and work.dry_run) and _deletions_due(integration, by_notices=by_notices):
            _read_deletions(integration, work, report)
    if settings.calendar is not None and not (work.dry_run or work.replay):
        with integration.ledger.write() as tx:
            positions.put(tx, last_cut_off_name(integration), integration.clock.now().isoformat())
    if count := report.counts["dated_before_start"]:
        report.notes.append(f"{count} dated before {start} and left alone: orders_out.start_date says from when on.")
    return report


def _read_notices(integration: Integration, work: Work, report: StepReport) -> bool:
    """Orders that webhooks named: the newest state is read whatever the notices' number or order; whether any did."""
    found = False
    while not work.stopped():
        with integration.ledger.read() as tx:
            notices = waiting_notices(integration, tx)
        if not notices:
            return found
        found = True
        orders = integration.erp.read_orders(list(dict.fromkeys(notice.key for notice in notices)))
        _take(integration, work, orders, report)
        # A notice of a deletion may be late, or be of a line: what is still there was not deleted.
        there = {source.order.id for source in orders}
        deleted = [notice.key for notice in notices if notice.action == DELETE and notice.key not in there]
        _take(integration, work, deleted_orders(integration, deleted, report), report)
        if work.dry_run:
            break
        with integration.ledger.write() as tx:
            ids = [notice.id for notice in notices]
            inbox.mark_taken(tx, ids, integration.name, integration.notice_readers, work.actor)
    return found


def waiting_notices(integration: Integration, tx: Tx) -> list[Notice]:
    """Notices of orders that this integration has not taken yet, whoever else reads the same ERP's."""
    erp = integration.erp
    return inbox.waiting(tx, erp.connection, erp.company, TOPIC, reader=integration.name, limit=50)


def last_cut_off_name(integration: Integration) -> str:
    """Where it stands when orders were read last: a cut-off of the calendar after it has not been served yet."""
    return f"{integration.name}:cut_off"


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
    """Where polling goes on. None: at `start`, for nothing was read yet, or only from a later day on.

    Once it is known again who every partner is, from where it was not: orders were passed over meanwhile.
    """
    name = position_name(integration)
    with integration.ledger.read() as tx:
        again = None if _is_blind(integration) else positions.get(tx, f"{name}:again")
        if again is not None:
            return again
        begun = positions.get(tx, f"{name}:begun") or positions.get(tx, f"{name}:since")
        if begun is not None and start < date.fromisoformat(begun):
            return None
        return positions.get(tx, name)


def _is_blind(integration: Integration) -> bool:
    """Whether there is a partner file of which not even the supplier can be read: its orders pass unseen."""
    return any(not problem.vendor for problem in integration.problems)


def _mark_blind(integration: Integration, cursor: str) -> None:
    name = f"{position_name(integration)}:again"
    with integration.ledger.write() as tx:
        if positions.get(tx, name) is None:
            positions.put(tx, name, cursor)


def _mark_notices_blind(integration: Integration) -> None:
    """Where webhooks alone tell of orders: those that pass unseen are polled for once, when it is known whose they are.

    From a day before the first notice that waits, for its order was changed before it came.
    """
    if not _is_blind(integration):
        return
    with integration.ledger.read() as tx:
        first = next((notice.received_at for notice in waiting_notices(integration, tx)), None)
    if first is not None:
        _mark_blind(integration, f"{(first - timedelta(days=1)).date().isoformat()}T00:00:00")


def _go_on(tx: Tx, again: str, cursor: str, *, more: bool) -> None:
    """Reading again goes on where it was stopped, until all of it is read."""
    if not more:
        positions.forget(tx, again)
    elif positions.get(tx, again) is not None:
        positions.put(tx, again, cursor)


def has_passed_unseen(integration: Integration) -> bool:
    """Whether orders have passed unseen, and it is known again whose they were."""
    if _is_blind(integration):
        return False
    with integration.ledger.read() as tx:
        return positions.get(tx, f"{position_name(integration)}:again") is not None


def _read_changes(integration: Integration, work: Work, report: StepReport) -> None:
    name = position_name(integration)
    start = start_day(integration, dry_run=work.dry_run)
    cursor = poll_position(integration, start)
    from_start = cursor is None
    cursor = cursor or f"{start.isoformat()}T00:00:00"
    blind = _is_blind(integration)
    if blind and not work.dry_run:
        _mark_blind(integration, cursor)
    more = True
    while more and not work.stopped():
        batch = integration.erp.changed_orders(cursor)
        _take(integration, work, batch.orders, report)
        more, cursor = batch.more and not work.dry_run, batch.cursor
        if cursor is not None and not work.dry_run:
            with integration.ledger.write() as tx:
                positions.put(tx, name, cursor)
                if not blind:
                    _go_on(tx, f"{name}:again", cursor, more=more)
                if from_start:
                    positions.put(tx, f"{name}:begun", start.isoformat())


def deletions_position(integration: Integration) -> str:
    """Where it stands how far deletions were read; what ends so is read again after a restore."""
    erp = integration.erp
    return f"{integration.name}:{erp.connection}:{erp.company}:deleted:orders"


def _deletions_due(integration: Integration, *, by_notices: bool) -> bool:
    """Whether the ERP is to be asked what was deleted: calls are few, and webhooks tell it besides.

    by_notices: whether webhooks told what to look at just now.
    """
    if not isinstance(integration.erp, DeletionSource):
        return False
    with integration.ledger.read() as tx:
        last = positions.get(tx, _deletions_looked_name(integration))
    if by_notices and last is None:
        _note_deletions_looked(integration)  # the time runs from here
        return False
    return not by_notices or integration.clock.now() - datetime.fromisoformat(last or "") >= DELETIONS_EVERY


def _deletions_looked_name(integration: Integration) -> str:
    return f"{position_name(integration)}:deletions_looked"


def _note_deletions_looked(integration: Integration) -> None:
    with integration.ledger.write() as tx:
        positions.put(tx, _deletions_looked_name(integration), integration.clock.now().isoformat())


def deletions_wait(integration: Integration) -> bool:
    """Whether the ERP tells of deleted orders of which documents were made and that were not looked at; asked now and
    then.
    """
    erp = integration.erp
    if not isinstance(erp, DeletionSource) or not _deletions_due(integration, by_notices=True):
        return False
    with integration.ledger.read() as tx:
        found = positions.get(tx, deletions_position(integration))
    waiting = bool(known_ids(integration, erp.deleted_orders(found).ids))
    _note_deletions_looked(integration)
    return waiting


def _read_deletions(integration: Integration, work: Work, report: StepReport) -> None:
    """Orders that the ERP tells to be deleted; it is asked whether they are, for its answer decides."""
    erp = integration.erp
    if not isinstance(erp, DeletionSource) or work.stopped():
        return
    name = deletions_position(integration)
    with integration.ledger.read() as tx:
        found = positions.get(tx, name)
    told = erp.deleted_orders(found)
    known = known_ids(integration, told.ids)
    there = {source.order.id for source in erp.read_orders(known)} if known else set()
    gone = [key for key in known if key not in there]
    _take(integration, work, deleted_orders(integration, gone, report), report)
    if work.dry_run:
        return
    _note_deletions_looked(integration)
    # While a partner file cannot be read its orders pass unseen: they are told once more.
    if told.cursor != found and not _is_blind(integration):
        with integration.ledger.write() as tx:
            positions.put(tx, name, told.cursor)


def _take(integration: Integration, work: Work, orders: Iterable[SourceOrder], report: StepReport) -> None:
    """Compare orders as read with what the ledger has, and store what is new."""
    partners = takers(integration)
    # An order that moves while pages are read comes twice: the last reading counts.
    latest = {one.order.id: one for one in orders}.values()
    known_partners = [(o, partners[o.order.supplier_code]) for o in latest if o.order.supplier_code in partners]
    known_partners += _given_away(integration, [o for o in latest if o.order.supplier_code not in partners])
    wanted = {o.order.id: (o, p) for o, p in known_partners if not work.partners or p.name in work.partners}
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
    known = known_histories(integration, [source.order for source in orders])
    read = order_reader(integration.erp)
    found: list[tuple[SourceOrder, Partner]] = []
    for source in orders:
        before = known.get(source.order.id, OrderHistory())
        ours = [one for one in (before.newest, *before.holders) if one and one.integration == integration.name]
        for row in ours:
            partner, record = integration.partner_of(row), record_of(row, read)
            gone = isinstance(source.order, WithdrawnOrder)
            if partner is not None and record is not None and (gone or not same_supplier(record, source.order)):
                found.append((source, partner))
                break
    return found


def _take_once(integration: Integration, work: Work, wanted: Sequence[tuple[SourceOrder, Partner]]) -> StepReport:
    report = StepReport("read orders")
    book = ReferenceBook(integration.ledger, integration.erp.connection, integration.erp.company)
    tables = book.coding_tables()
    since = start_day(integration, dry_run=work.dry_run)
    known = known_histories(integration, [source.order for source, _ in wanted])
    new: list[NewDocument] = []
    moves: list[Move] = []
    for source, partner in wanted:
        order = source.order
        before = known.get(order.id, OrderHistory())
        if before.newest is None and is_too_old(order, since):
            report.counts["dated_before_start"] += 1
            continue  # our receipts and invoices move old orders too: that makes them no new orders
        if before.newest is not None and restored.is_held(before.newest):
            continue  # it may have left: what changed since is read again when that is settled
        more, done = _decide(integration, source, partner, before, tables, report)
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
    partner: Partner,
    before: OrderHistory,
    tables: CodingTables,
    report: StepReport,
) -> tuple[list[NewDocument], list[Move]]:
    """The documents that a reading of an order makes, and the moves of those that have not left yet."""
    read = order_reader(integration.erp)
    order = source.order
    ours = order.supplier_code in takers(integration)
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
    left = [] if settled or not (ready or order.cancelled) else suppliers_left(integration, before, order, read)
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
    if not is_news(before, order, View(partner, integration.settings, tables), read):
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
        why = "given to a supplier who is no partner"
    return _ended(row, why)


def _ended(row: DocumentRow, why: str) -> Move:
    """A document that has not left is given up, for the ERP says something else by now."""
    return Move(row.id, S.DISCARDED, why, changes={"content_hash": None, "reason": "withdrawn"})


def _taken_over(row: DocumentRow, integration: Integration) -> Move:
    """An order that has not left, and whose supplier's orders leave by another integration now: by this one."""
    changes = {"content_hash": None, "reason": "withdrawn"}
    return Move(row.id, S.DISCARDED, "leaves by another integration now", {"by": integration.name}, changes=changes)


def _new_document(integration: Integration, source: SourceOrder, partner: Partner, before: OrderHistory) -> NewDocument:
    order = source.order
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
    changes = {"source": source.record, "source_id": source.order.id, "next_attempt_at": integration.clock.now()}
    back = None if row.state in {S.READ, S.QUARANTINED} else S.READ
    return [Move(row.id, back, "read again, changed before it was sent", {}, changes=changes)]
