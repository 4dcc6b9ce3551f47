"""Orders out: read what changed in the ERP; each new content becomes a document. Then: `order_resolving`.

What is gone from a partner that has it, for the order was deleted or given to another supplier: `order_withdrawing`.
"""

from datetime import date, datetime, timedelta

from ml_connector.clock import age
from ml_connector.flows.core.cut_offs import note_served
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import PURCHASE_ORDERS, source_of
from ml_connector.flows.orders_out.order_taking import position_name, start_day, take
from ml_connector.flows.orders_out.order_withdrawing import deleted_orders, known_ids
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.exchange import inbox
from ml_connector.ledger.exchange.inbox import Notice

#: So often an ERP is asked what was deleted where nothing else makes a run of its own: calls are few.
DELETIONS_EVERY = timedelta(minutes=15)


def read(integration: Integration, work: RunScope) -> StepReport:
    """Read changed orders by webhook notices and by poll; each new content becomes a document.

    A replay does not ask the ERP: the record as it was read is kept and rendered again.
    """
    report = StepReport("read orders")
    if work.replay:
        return report
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
    if settings.calendar is not None and not work.dry_run:
        note_served(integration, "orders_out")
    if count := report.counts["dated_before_start"]:
        report.notes.append(f"{count} dated before {start} and left alone: orders_out.start_date says from when on.")
    return report


def _read_notices(integration: Integration, work: RunScope, report: StepReport) -> bool:
    """Orders that webhooks named: the newest state is read whatever the notices' number or order; whether any did."""
    found = False
    source = source_of(integration.erp, PURCHASE_ORDERS)
    deletion = source.notices.deletion if source.notices is not None else ""
    while not work.stopped():
        with integration.ledger.read() as tx:
            notices = waiting_notices(integration, tx)
        if not notices:
            return found
        found = True
        orders = source.by_id(list(dict.fromkeys(notice.key for notice in notices)))
        take(integration, work, orders, report)
        # A notice of a deletion may be late, or be of a line: what is still there was not deleted.
        there = {one.document.id for one in orders}
        deleted = [
            notice.key for notice in notices if deletion and notice.action == deletion and notice.key not in there
        ]
        take(integration, work, deleted_orders(integration, deleted, report), report)
        if work.dry_run:
            break
        with integration.ledger.write() as tx:
            ids = [notice.id for notice in notices]
            inbox.mark_taken(tx, ids, integration.name, integration.notice_readers, work.actor)
    return found


def waiting_notices(integration: Integration, tx: Tx) -> list[Notice]:
    """Notices of orders that this integration has not taken yet, whoever else reads the same ERP's."""
    erp = integration.erp
    told = source_of(erp, PURCHASE_ORDERS).notices
    if told is None:
        return []
    return inbox.waiting(tx, erp.connection, erp.company, told.topic, reader=integration.name, limit=50)


def poll_position(integration: Integration, start: date) -> str | None:
    """Where polling goes on. None: at `start`, for nothing was read yet, or only from a later day on.

    Once it is known again who every partner is, from where it was not: orders were passed over meanwhile.
    """
    name = position_name(integration)
    with integration.ledger.read() as tx:
        again = None if _is_blind(integration) else cursors.get(tx, f"{name}:again")
        if again is not None:
            return again
        begun = cursors.get(tx, f"{name}:begun") or cursors.get(tx, f"{name}:since")
        if begun is not None and start < date.fromisoformat(begun):
            return None
        return cursors.get(tx, name)


def _is_blind(integration: Integration) -> bool:
    """Whether there is a partner file of which not even the supplier can be read: its orders pass unseen."""
    return any(problem.may_be_supplier and not problem.vendor for problem in integration.problems)


def _mark_blind(integration: Integration, cursor: str) -> None:
    name = f"{position_name(integration)}:again"
    with integration.ledger.write() as tx:
        if cursors.get(tx, name) is None:
            cursors.put(tx, name, cursor)


def _mark_notices_blind(integration: Integration) -> None:
    """Where webhooks alone tell of orders: those that pass unseen are polled for once, when it is known whose they are.

    From a day before the first notice that waits, for its order was changed before it came.
    """
    if not _is_blind(integration):
        return
    with integration.ledger.read() as tx:
        first = next((notice.received_at for notice in waiting_notices(integration, tx)), None)
    if first is not None:
        day = (first - timedelta(days=1)).date()
        _mark_blind(integration, source_of(integration.erp, PURCHASE_ORDERS).begin(day))


def _go_on(tx: Tx, again: str, cursor: str, *, more: bool) -> None:
    """Reading again goes on where it was stopped, until all of it is read."""
    if not more:
        cursors.forget(tx, again)
    elif cursors.get(tx, again) is not None:
        cursors.put(tx, again, cursor)


def has_passed_unseen(integration: Integration) -> bool:
    """Whether orders have passed unseen, and it is known again whose they were."""
    if _is_blind(integration):
        return False
    with integration.ledger.read() as tx:
        return cursors.get(tx, f"{position_name(integration)}:again") is not None


def _read_changes(integration: Integration, work: RunScope, report: StepReport) -> None:
    name = position_name(integration)
    start = start_day(integration, dry_run=work.dry_run)
    cursor = poll_position(integration, start)
    from_start = cursor is None
    source = source_of(integration.erp, PURCHASE_ORDERS)
    cursor = cursor or source.begin(start)
    blind = _is_blind(integration)
    if blind and not work.dry_run:
        _mark_blind(integration, cursor)
    more = True
    while more and not work.stopped():
        batch = source.changed(cursor)
        take(integration, work, batch.records, report)
        more, cursor = batch.more and not work.dry_run, batch.cursor
        if cursor is not None and not work.dry_run:
            with integration.ledger.write() as tx:
                cursors.put(tx, name, cursor)
                if not blind:
                    _go_on(tx, f"{name}:again", cursor, more=more)
                if from_start:
                    cursors.put(tx, f"{name}:begun", start.isoformat())


def deletions_position(integration: Integration) -> str:
    """Where it stands how far deletions were read; what ends so is read again after a restore."""
    erp = integration.erp
    return f"{integration.name}:{erp.connection}:{erp.company}:deleted:orders"


def _deletions_due(integration: Integration, *, by_notices: bool) -> bool:
    """Whether the ERP is to be asked what was deleted: calls are few, and webhooks tell it besides.

    by_notices: whether webhooks told what to look at just now.
    """
    if source_of(integration.erp, PURCHASE_ORDERS).deletions is None:
        return False
    if not by_notices:
        return True
    with integration.ledger.read() as tx:
        last = cursors.get(tx, _deletions_looked_name(integration))
    if last is None:
        _note_deletions_looked(integration)  # the time runs from here
        return False
    return age(datetime.fromisoformat(last), integration.clock.now()) >= DELETIONS_EVERY


def _deletions_looked_name(integration: Integration) -> str:
    return f"{position_name(integration)}:deletions_looked"


def _note_deletions_looked(integration: Integration) -> None:
    with integration.ledger.write() as tx:
        cursors.put(tx, _deletions_looked_name(integration), integration.clock.now().isoformat())


def deletions_wait(integration: Integration) -> bool:
    """Whether the ERP tells of deleted orders of which documents were made and that were not looked at; asked now and
    then.
    """
    deletions = source_of(integration.erp, PURCHASE_ORDERS).deletions
    if deletions is None or not _deletions_due(integration, by_notices=True):
        return False
    with integration.ledger.read() as tx:
        found = cursors.get(tx, deletions_position(integration))
    waiting = bool(known_ids(integration, deletions(found).ids))
    _note_deletions_looked(integration)
    return waiting


def _read_deletions(integration: Integration, work: RunScope, report: StepReport) -> None:
    """Orders that the ERP tells to be deleted; it is asked whether they are, for its answer decides."""
    source = source_of(integration.erp, PURCHASE_ORDERS)
    if source.deletions is None or work.stopped():
        return
    name = deletions_position(integration)
    with integration.ledger.read() as tx:
        found = cursors.get(tx, name)
    told = source.deletions(found)
    known = known_ids(integration, told.ids)
    there = {one.document.id for one in source.by_id(known)} if known else set()
    gone = [key for key in known if key not in there]
    take(integration, work, deleted_orders(integration, gone, report), report)
    if work.dry_run:
        return
    _note_deletions_looked(integration)
    # While a partner file cannot be read its orders pass unseen: they are told once more.
    if told.cursor != found and not _is_blind(integration):
        with integration.ledger.write() as tx:
            cursors.put(tx, name, told.cursor)
