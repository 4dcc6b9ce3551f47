"""Sales invoices out: read what is new or changed in the ERP; each new content becomes a document. Then: `resolving`.

Only what is released leaves (a setting). Payments and applications move an invoice's record too: what a customer would
see no difference in makes no document (DESIGN section 3, 8).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from ml_connector.config.partners import Partner
from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.documents.sales.invoices import SalesInvoice
from ml_connector.errors import TryAgain
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import SALES_INVOICES, SourceRecord, source_of
from ml_connector.flows.core.quarantine import is_held
from ml_connector.flows.records_out.history import RecordHistory, histories
from ml_connector.flows.records_out.positions import Position, hides_customers
from ml_connector.flows.sales_invoices_out.completing import MasterData
from ml_connector.flows.sales_invoices_out.history import FLOW, rules_of, says_the_same, takers
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move, NewDocument
from ml_connector.ledger.work.states import DocumentState as S

SourceInvoice = SourceRecord[SalesInvoice]
#: Outcomes of a reading that are counted and explained in words.
_TOLD = {
    "not_a_partner": "of customers that are not partners here: left alone.",
    "dated_before_start": "dated before {start} and left alone: sales_invoices_out.start_date says from when on.",
    "not_released": "not released yet: read again when they are.",
}


class _RevisionTakenError(Exception):
    """Another worker added the revision between our look and our write."""


def read(integration: Integration, work: RunScope) -> StepReport:
    """Read invoices that moved; each new content becomes a document.

    A replay does not ask the ERP: the record as it was read is kept and rendered again.
    """
    report = StepReport("read invoices")
    if work.replay:
        return report
    position = _position(integration)
    start = position.start(dry_run=work.dry_run)
    cursor = position.cursor(start)
    from_start, hidden = cursor is None, hides_customers(integration)
    cursor = cursor or f"{start.isoformat()}T00:00:00"
    more = True
    while more and not work.stopped():
        batch = source_of(integration.erp, SALES_INVOICES).changed(cursor)
        take(integration, work, batch.records, start, report)
        more, cursor = batch.more and not work.dry_run, batch.cursor
        # While nobody can read which customer a file is of, its invoices pass unseen: they are read again.
        if cursor is not None and not work.dry_run and not hidden:
            position.put(cursor, from_start=start if from_start else None)
    for outcome, words in _TOLD.items():
        if count := report.counts[outcome]:
            report.notes.append(f"{count} {words.format(start=start)}")
    return report


def news(integration: Integration, *, look: bool, erp_usable: bool) -> Iterator[str]:
    """Whether invoices moved in the ERP beyond what was read; asked only when `look`."""
    if not (look and erp_usable):
        return
    position = _position(integration)
    start = position.start(dry_run=True)
    cursor = position.cursor(start)
    if cursor is None:
        yield "sales invoices were never read"
        return
    batch = source_of(integration.erp, SALES_INVOICES).changed(cursor)
    if batch.more or batch.cursor != cursor or _unknown(integration, batch.records, start):
        yield "sales invoices changed in the ERP"


def _unknown(integration: Integration, records: Sequence[SourceInvoice], start: date) -> bool:
    """Whether a poll that reaches back over an overlap brings one that became visible late."""
    released_only, customers = rules_of(integration).released_only, takers(integration)
    wanted = [
        one.document
        for one in records
        if one.document.customer_code in customers
        and (one.document.released or not released_only)
        and not one.document.voided
        and one.document.invoice_date >= start
    ]
    with integration.ledger.read() as tx:
        known = histories(integration, tx, FLOW, [one.id for one in wanted])
    return any(one.id not in known for one in wanted)


def take(
    integration: Integration, work: RunScope, records: Sequence[SourceInvoice], start: date, report: StepReport
) -> None:
    """Compare invoices as read with what the ledger has, and store what is new."""
    # One that moves while pages are read comes twice: the last reading counts.
    latest = list({one.document.id: one for one in records}.values())
    for _ in range(3):
        told = StepReport(report.step)
        try:
            _take_once(integration, work, latest, start, told)
        except _RevisionTakenError:
            continue
        report.merge(told)
        return
    raise TryAgain("Another worker keeps adding revisions of the same invoices.", after_seconds=30)


def _take_once(
    integration: Integration, work: RunScope, records: Sequence[SourceInvoice], start: date, report: StepReport
) -> None:
    customers = takers(integration)
    with integration.ledger.read() as tx:
        known = histories(integration, tx, FLOW, [one.document.id for one in records])
    new: list[NewDocument] = []
    moves: list[Move] = []
    master = MasterData(integration)
    for read_now in records:
        one = replace(read_now, document=master.completed(read_now.document))
        invoice, before = one.document, known.get(one.document.id, RecordHistory())
        partner = customers.get(invoice.customer_code) or _partner_before(integration, before)
        if partner is None:
            report.counts["not_a_partner"] += 1
        elif not before.rows and invoice.invoice_date < start:
            report.counts["dated_before_start"] += 1
        elif not work.partners or partner.name in work.partners:
            more, done = _decide(integration, one, _View(integration, partner, master), before, report)
            new += more
            moves += done
    if work.dry_run or not (new or moves):
        return
    with integration.ledger.write() as tx:
        added = documents.add_documents(tx, new, work)
        if any(each.repeats is not None for each in added):
            raise _RevisionTakenError
        documents.move(tx, moves, work)


def _partner_before(integration: Integration, before: RecordHistory) -> Partner | None:
    """Who has it already, where its customer is nobody's partner now."""
    ours = [row for row in before.rows if row.integration == integration.name]
    return integration.partner_of(ours[-1]) if ours else None


@dataclass(frozen=True)
class _View:
    """How a customer would see an invoice: by its file, the settings and the master data of now."""

    integration: Integration
    partner: Partner
    master: MasterData

    def says(self, row: DocumentRow, invoice: SalesInvoice) -> bool:
        """Whether a document says to the customer what the invoice says now."""
        kept, rules = self.master.of_row(row), rules_of(self.integration)
        if kept is None:
            return False
        return says_the_same(kept, invoice, self.partner, self.integration.settings, rules)


def _decide(
    integration: Integration, one: SourceInvoice, view: _View, before: RecordHistory, report: StepReport
) -> tuple[list[NewDocument], list[Move]]:
    """The document that a reading makes, or the moves of one that has not left yet."""
    partner = view.partner
    invoice, waiting, newest, has = one.document, before.waiting, before.newest, before.held_by_partner
    if newest is not None and (newest.integration != integration.name or is_held(newest)):
        return [], []  # another integration sends it; or it may have left, and is read again when that is settled
    if has is None and (invoice.voided or not _is_ready(integration, invoice)):
        report.counts["not_released"] += waiting is None and not invoice.voided
        return [], [] if waiting is None else [_withdrawn(waiting, invoice, report)]
    if waiting is not None:
        return [], _still_waiting(one, view, before, waiting, report)
    # What the customer has counts too: what was refused, or given up by a person, may be taken back.
    if any(row is not None and view.says(row, invoice) for row in (newest, has)):
        return [], []
    report.add("read", None, document=invoice.number, partner=partner.name)
    return [_new_document(integration, one, partner, before)], []


def _still_waiting(
    one: SourceInvoice, view: _View, before: RecordHistory, waiting: DocumentRow, report: StepReport
) -> list[Move]:
    """The moves of a document that has not left yet."""
    has, invoice = before.held_by_partner, one.document
    if has is not None and view.says(has, invoice):
        return [_ended(waiting, "as the customer has it")]
    if waiting.source == one.record:
        return []
    if waiting.state is not S.QUARANTINED and view.says(waiting, invoice):
        return []
    report.add("read", None, document=invoice.number, partner=view.partner.name)
    return _renewed(view.integration, waiting, one)


def _withdrawn(row: DocumentRow, invoice: SalesInvoice, report: StepReport) -> Move:
    report.add("withdrawn", None, document=row.number, document_id=row.id, partner=row.partner)
    why = "voided in the ERP before it was sent" if invoice.voided else "no longer released in the ERP"
    return _ended(row, why)


def _is_ready(integration: Integration, invoice: SalesInvoice) -> bool:
    return invoice.released or not rules_of(integration).released_only


def _ended(row: DocumentRow, why: str) -> Move:
    """A document that has not left is given up, for the ERP says something else by now."""
    return Move(row.id, S.DISCARDED, why, changes={"content_hash": None, "reason": "withdrawn"})


def _renewed(integration: Integration, row: DocumentRow, one: SourceInvoice) -> list[Move]:
    """It changed before it left: the stored record is replaced, the change recorded, and looked at now."""
    back = None if row.state in {S.READ, S.QUARANTINED} else S.READ
    changes = {"source": one.record, "next_attempt_at": integration.clock.now(), **_facts(one.document)}
    return [Move(row.id, back, "read again, changed before it was sent", {}, changes=changes)]


def _facts(invoice: SalesInvoice) -> dict[str, object]:
    """The columns by which it is found."""
    return {
        "order_number": invoice.customer_order[:80],
        "business_date": invoice.invoice_date,
        "currency": invoice.currency or None,
        "amount": invoice.total,
    }


def _new_document(integration: Integration, one: SourceInvoice, partner: Partner, before: RecordHistory) -> NewDocument:
    invoice, has = one.document, before.held_by_partner
    return NewDocument(
        kind=DocumentKind.INVOICE,
        direction=Direction.OUT,
        flow=FLOW,
        **integration.scope,
        **integration.party(partner.name),
        number=invoice.number,
        revision=before.next_revision,
        order_number=invoice.customer_order[:80],
        business_key=integration.sent_key(DocumentKind.INVOICE, invoice.id, before.next_revision),
        business_date=invoice.invoice_date,
        currency=invoice.currency or None,
        amount=invoice.total,
        state=S.READ,
        canonical="",
        source=one.record,
        source_id=invoice.id,
        parent_id=has.id if has is not None else None,
        action="read from the ERP",
    )


def _position(integration: Integration) -> Position:
    """Where reading stands."""
    return Position(integration, "sales_invoices_out", SALES_INVOICES.name, rules_of(integration).start_date)
