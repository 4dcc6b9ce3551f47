"""Booked invoices out: read by webhook and by poll, decided, sent once."""

from collections.abc import Iterator, Sequence

from ml_connector.documents.payables.invoices import NetworkInvoice
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import (
    TO_NETWORK_INVOICES,
    PlannedOperation,
    RecordTarget,
    entered_invoices,
)
from ml_connector.flows.invoices_out.deleted import Traces, gone
from ml_connector.flows.invoices_out.telling import BOOKED, FLOW, WITHDRAWN, rules_of
from ml_connector.flows.outbound.records import SentRecords
from ml_connector.flows.records_out import reading
from ml_connector.flows.records_out.steps import RecordSteps
from ml_connector.ledger.exchange import inbox
from ml_connector.ledger.work.documents import DocumentRow

#: Notices taken together.
TOGETHER = 50


def read(integration: Integration, work: RunScope) -> StepReport:
    """Read entries that moved; each that is new, or says something else by now, becomes a document.

    Webhooks only make it sooner: the poll behind them finds the same, and what they do not tell.
    """
    report = StepReport(f"read {BOOKED.what}")
    if rules_of(integration).webhooks and not work.replay:
        _read_notices(integration, work, report)
    if not work.stopped():
        report.merge(reading.read(integration, work, BOOKED))
    if not work.replay:
        _read_deletions(integration, work, report)
    return report


def news(integration: Integration, *, look: bool, erp_usable: bool) -> Iterator[str]:
    """Whether invoices were booked beyond what was read."""
    with integration.ledger.read() as tx:
        told = entered_invoices(integration.erp).notices
        erp, reader = integration.erp, integration.name
        waits = told is not None and inbox.waiting(tx, erp.connection, erp.company, told.topic, reader=reader, limit=1)
    if waits and rules_of(integration).webhooks and erp_usable:
        yield "webhooks named booked invoices"
        return
    yield from reading.news(integration, BOOKED, look=look, erp_usable=erp_usable)
    if look and erp_usable:
        yield from _deletion_news(integration)


def _deletion_news(integration: Integration) -> Iterator[str]:
    traces = Traces(integration)
    if not traces.due:
        return
    if traces.suspected():
        yield "invoices that were sent may be deleted in the ERP"
    else:
        traces.keep()


def _writes(
    target: RecordTarget[NetworkInvoice], row: DocumentRow, record: NetworkInvoice, key: str
) -> Sequence[PlannedOperation]:
    del row
    return target.withdraw(record, key) if record.status == WITHDRAWN else target.plan(record, key)


SENT = SentRecords(FLOW, TO_NETWORK_INVOICES, NetworkInvoice, _writes)
resolve, send = RecordSteps(BOOKED).resolve, SENT.send


def _read_notices(integration: Integration, work: RunScope, report: StepReport) -> None:
    """Entries that webhooks named, whole as they stand now, whatever the notices' number or order."""
    source, erp = entered_invoices(integration.erp), integration.erp
    if source.notices is None:
        return
    start = reading.position_of(integration, BOOKED).start(dry_run=work.dry_run)
    while not work.stopped() and not work.dry_run:
        with integration.ledger.read() as tx:
            notices = inbox.waiting(
                tx, erp.connection, erp.company, source.notices.topic, reader=integration.name, limit=TOGETHER
            )
        if not notices:
            return
        keys = list(dict.fromkeys(notice.key.lower() for notice in notices))
        found = source.by_id(keys)
        there = {one.document.id for one in found}
        deleted = [
            one.key.lower() for one in notices if one.action == source.notices.deletion and one.key.lower() not in there
        ]
        reading.take(integration, work, BOOKED, [*found, *gone(integration, deleted)], start, report)
        with integration.ledger.write() as tx:
            ids = [notice.id for notice in notices]
            inbox.mark_taken(tx, ids, integration.name, integration.entry_readers, work.actor)


def _read_deletions(integration: Integration, work: RunScope, report: StepReport) -> None:
    """Those of which the ERP tells that they may be gone; it is asked whether they are, for its answer decides."""
    traces = Traces(integration)
    if not traces.due or work.stopped() or work.dry_run:
        return
    missing = traces.missing(traces.suspected())
    if missing is None:
        report.notes.append(
            "not one of the invoices that were sent lately can be read in the ERP: none is taken for deleted. See"
            " whether the user of the connection may still read booked invoices."
        )
        return
    start = reading.position_of(integration, BOOKED).start()
    reading.take(integration, work, BOOKED, gone(integration, missing), start, report)
    traces.keep()
