"""Sales invoices out: read what is new or changed in the ERP; each new content becomes a document. Then: `resolving`.

Only what is released leaves (a setting). Payments and applications move an invoice's record too: what a customer would
see no difference in makes no document (DESIGN section 3, 8).
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import ClassVar

from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind
from ml_connector.documents.sales.invoices import SalesInvoice
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import SALES_INVOICES, SourceRecord
from ml_connector.flows.records_out import reading
from ml_connector.flows.records_out.history import RecordHistory, histories
from ml_connector.flows.records_out.telling import Subject, Telling
from ml_connector.flows.sales_invoices_out.completing import MasterData
from ml_connector.flows.sales_invoices_out.history import FLOW, rules_of, says_the_same, takers
from ml_connector.ledger.work.documents import DocumentRow


class SalesInvoices(Telling):
    """One document an invoice, as its customer would see it by the master data of now."""

    flow = FLOW
    kind = DocumentKind.INVOICE
    source = SALES_INVOICES
    what = "sales invoices"
    told: ClassVar = {
        "not_a_partner": "of customers that are not partners here: left alone.",
        "dated_before_start": "dated before {start} and left alone: sales_invoices_out.start_date says from when on.",
        "not_released": "not released yet: read again when they are.",
    }
    not_ready = "not_released"
    gone = "voided in the ERP before it was sent"
    taken_back = "no longer released in the ERP"
    as_had = "as the customer has it"
    #: As it was kept before other flows told of records.
    position = SALES_INVOICES.name

    def __init__(self, integration: Integration) -> None:
        self._master = MasterData(integration)

    def start_date(self, integration: Integration) -> str:
        return rules_of(integration).start_date

    def subjects(
        self, integration: Integration, records: Sequence[SourceRecord[SalesInvoice]], start: date, report: StepReport
    ) -> list[Subject]:
        """Those of customers that are told, and of those that have them already."""
        customers = takers(integration)
        with integration.ledger.read() as tx:
            known = histories(integration, tx, FLOW, [one.document.id for one in records])
        found: list[Subject] = []
        for one in records:
            invoice, before = one.document, known.get(one.document.id, RecordHistory())
            partner = customers.get(invoice.customer_code) or _partner_before(integration, before)
            if partner is None:
                report.counts["not_a_partner"] += 1
            elif not before.rows and invoice.invoice_date < start:
                report.counts["dated_before_start"] += 1
            else:
                found.append(self._subject(integration, one, partner, before))
        return found

    def _subject(
        self, integration: Integration, one: SourceRecord[SalesInvoice], partner: Partner, before: RecordHistory
    ) -> Subject:
        invoice = one.document
        released = invoice.released or not rules_of(integration).released_only
        return Subject(
            key=invoice.id,
            partner=partner,
            number=invoice.number,
            order_number=invoice.customer_order,
            day=invoice.invoice_date,
            # What the customer has is compared with what the ERP says now, whatever became of it there.
            ready=released or before.held_by_partner is not None,
            gone=invoice.voided,
            record=one.record,
            facts=self._master.completed(invoice),
            currency=invoice.currency,
            amount=invoice.total,
        )

    def says(self, integration: Integration, row: DocumentRow, subject: Subject) -> bool:
        kept, now = self._master.of_row(row), subject.facts
        assert isinstance(now, SalesInvoice)
        if kept is None:
            return False
        return says_the_same(kept, now, subject.partner, integration.settings, rules_of(integration))


def _partner_before(integration: Integration, before: RecordHistory) -> Partner | None:
    """Who has it already, where its customer is nobody's partner now."""
    ours = [row for row in before.rows if row.integration == integration.name]
    return integration.partner_of(ours[-1]) if ours else None


def read(integration: Integration, work: RunScope) -> StepReport:
    """Read invoices that moved; each new content becomes a document."""
    return reading.read(integration, work, SalesInvoices(integration))


def news(integration: Integration, *, look: bool, erp_usable: bool) -> Iterator[str]:
    """Whether invoices moved beyond what was read."""
    return reading.news(integration, SalesInvoices(integration), look=look, erp_usable=erp_usable)
