"""What a network is sent of booked invoices: the flow's part of `flows.records_out`.

An invoice that is edited after it was sent is changed there as long as nobody approved it; after that both are shown to
a person, and never is it sent as a second one (avidxchange 11).
"""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import ClassVar

from ml_connector.config.partners import Partner
from ml_connector.documents.common import Direction, DocumentKind, Record, changed
from ml_connector.documents.payables.entered import EnteredInvoice
from ml_connector.documents.payables.invoices import NetworkInvoice
from ml_connector.documents.records import from_json
from ml_connector.edi.tools.diff import differences
from ml_connector.errors import ConfigError, NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration, StepReport
from ml_connector.flows.core.ports import (
    ENTERED_INVOICES,
    SourceRecord,
    entered_invoices,
)
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.invoices_out import spec
from ml_connector.flows.invoices_out.content import network_invoice
from ml_connector.flows.invoices_out.lost_sendings import MAY_CHANGE, SHOWN, beside_what_is_there, standing_there
from ml_connector.flows.invoices_out.settings import InvoicesOut
from ml_connector.flows.outbound.records import network_ids
from ml_connector.flows.payables.known_vendors import vendor_known
from ml_connector.flows.payables.partner import network_partner
from ml_connector.flows.payables.recodings import recoded, under_way
from ml_connector.flows.posting.recognised import base_of
from ml_connector.flows.records_out.telling import DecidedAlone, Subject
from ml_connector.ledger.exchange import blobs
from ml_connector.ledger.work import documents, operations
from ml_connector.ledger.work.documents import DocumentRow

FLOW = spec.FLOW.name
#: Of what is sent: it is taken back there.
WITHDRAWN = "withdrawn"


def rules_of(integration: Integration) -> InvoicesOut:
    """The flow's settings."""
    return integration.settings.flows.of(InvoicesOut)


class BookedInvoices(DecidedAlone):
    """One record of the network an entry of the ERP."""

    flow = FLOW
    kind = DocumentKind.PAYABLE
    source = ENTERED_INVOICES
    what = "booked invoices"
    told: ClassVar = {
        "came_from_network": "came from the network and stay where they are.",
        "other_journal": "of journals that are not sent: left alone.",
        "dated_before_start": "dated before {start} and left alone: invoices_out.start_date says from when on.",
        "not_ready": "paid or selected for payment in the ERP: they are not sent.",
    }

    def start_date(self, integration: Integration) -> str:
        return rules_of(integration).start_date

    def subjects(
        self, integration: Integration, records: Sequence[SourceRecord[EnteredInvoice]], start: date, report: StepReport
    ) -> list[Subject]:
        """Those that did not come from there, of the journals that are sent."""
        partner, rules = network_partner(integration), rules_of(integration)
        from_there = _came_from_network(integration, [one.document for one in records])
        found: list[Subject] = []
        for one in records:
            entry = one.document
            if entry.id in from_there:
                report.counts["came_from_network"] += 1
            elif rules.journals and entry.journal not in rules.journals:
                report.counts["other_journal"] += 1
            elif entry.invoice_date is not None and entry.invoice_date < start:
                report.counts["dated_before_start"] += 1
            else:
                found.append(_subject(one, partner))
        return found

    def says(self, integration: Integration, row: DocumentRow, subject: Subject) -> bool:
        kept, now = _facts(row), subject.facts
        assert isinstance(now, EnteredInvoice)
        if kept is None or kept.gone != now.gone:
            return False
        with integration.ledger.read() as tx:
            lines = under_way(tx, row.id)
        if lines and {line.id for line in now.lines} >= set(lines):
            # We are writing to it ourselves, line by line: those that are not written yet are as good as written.
            kept, now = recoded(kept, lines), recoded(now, lines)
        groups = rules_of(integration).code_groups
        first, second = (attempt(partial(network_invoice, one, groups)) for one in (kept, now))
        if isinstance(first, NetworkInvoice):
            return first == second
        return _still(kept) == _still(now)

    def content(
        self, integration: Integration, row: DocumentRow, before: DocumentRow | None
    ) -> tuple[Partner, NetworkInvoice]:
        partner, entry = network_partner(integration), _facts(row)
        if entry is None:
            raise ConfigError(f"Document {row.id} holds nothing that was read.", remedy="Discard it.")
        there = standing_there(integration, entry.id) if before is not None else None
        if entry.gone:
            return partner, _withdrawn(row, before, there)
        vendor_known(integration, entry.vendor_id, entry.vendor_name)
        sent = network_invoice(entry, rules_of(integration).code_groups)
        if before is not None:
            sent = _change(integration, row, before, there, sent)
        else:
            sent = beside_what_is_there(integration, row, sent)
        return partner, _with_original(integration, entry, sent)

    def undated(self, sent: Record) -> Record:
        return sent


def _subject(one: SourceRecord[EnteredInvoice], partner: Partner) -> Subject:
    entry = one.document
    return Subject(
        key=entry.id,
        partner=partner,
        number=entry.number or entry.entry_number,
        order_number=entry.order_number,
        day=entry.invoice_date,
        ready=entry.gone or entry.settled not in {"selected", "paid"},
        gone=entry.gone,
        record=one.record,
        facts=entry,
        currency=entry.currency,
        amount=entry.total,
    )


def _facts(row: DocumentRow) -> EnteredInvoice | None:
    return from_json(EnteredInvoice, row.work) if row.work else None


def _still(entry: EnteredInvoice) -> EnteredInvoice:
    """Without what nobody there is told."""
    return changed(entry, settled="", originals=(), our_key="", description="")


def _came_from_network(integration: Integration, entries: Sequence[EnteredInvoice]) -> set[str]:
    """Entries that this connector booked for what came from the network: our key in them tells."""
    bases = {one.id: base for one in entries if (base := base_of(one.our_key))}
    if not bases:
        return set()
    with integration.ledger.read() as tx:
        writers = operations.writers(tx, sorted(set(bases.values())))
        rows = {row.id: row for row in documents.get_many(tx, list(writers.values()))}
    back = {
        base
        for base, number in writers.items()
        if number in rows and rows[number].kind is DocumentKind.PAYABLE and rows[number].direction is Direction.IN
    }
    return {key for key, base in bases.items() if base in back}


def _withdrawn(row: DocumentRow, before: DocumentRow | None, there: NetworkInvoice | None) -> NetworkInvoice:
    """It is deleted in the ERP: taken back there as long as nobody approved it (avidxchange 11)."""
    if before is None or there is None:
        raise NeedsCorrection(
            Reason.NOTHING_TO_SEND,
            f"Invoice {row.number} was deleted in the ERP, and the network does not have it.",
            remedy="Nothing to do: discard this.",
        )
    if there.standing not in MAY_CHANGE:
        paid = there.standing == "paid"
        raise NeedsCorrection(
            Reason.REVERSED_AFTER_SENDING,
            f"Invoice {row.number} was deleted in the ERP, and stands as {there.status!r} at the network.",
            remedy="It is paid: agree with the supplier how the money comes back."
            if paid
            else "Tell the payer at once that it is not to be paid, reject it there, then discard this.",
            data={"standing": there.standing, "status": there.status, "paid": str(there.paid or "")},
        )
    return changed(there, status=WITHDRAWN, standing="")


def _change(
    integration: Integration,
    row: DocumentRow,
    before: DocumentRow,
    there: NetworkInvoice | None,
    sent: NetworkInvoice,
) -> NetworkInvoice:
    """What is sent of one that is there already: a change of it, or a person decides."""
    with integration.ledger.read() as tx:
        known = network_ids(tx, [before]).get(before.id, "")
    if there is None or there.standing not in MAY_CHANGE:
        said = f"stands as {there.status!r} there" if there is not None else "is not there any more"
        raise NeedsCorrection(
            Reason.CHANGED_AFTER_SENDING,
            f"Invoice {row.number} was changed in the ERP after it was sent, and {said} ({_shown(before, sent)}).",
            remedy="Agree with the approver what counts: change it there, or back in the ERP; then discard this.",
            data={"sent": before.id, "status": there.status if there is not None else ""},
        )
    return changed(sent, id=there.id or known)


def _shown(before: DocumentRow, sent: NetworkInvoice) -> str:
    """What is different, in few words."""
    if not before.canonical:
        return "no detail kept"
    had = stored(DocumentKind.PAYABLE, before.canonical, NetworkInvoice)
    plain = {"id": "", "image_sha256": "", "image_name": "", "status": "", "standing": ""}
    found = list(differences([changed(had, **plain)], [changed(sent, **plain)]))
    return "; ".join(f"{one.path}: {one.first} -> {one.second}" for one in found[:SHOWN]) or "no difference"


def _with_original(integration: Integration, entry: EnteredInvoice, sent: NetworkInvoice) -> NetworkInvoice:
    """With its PDF, whose bytes are kept: one that is keyed by hand has none, which is normal."""
    rules = rules_of(integration)
    if not rules.attach_original or not entry.originals:
        return sent
    found = entered_invoices(integration.erp).original(entry, rules.largest_original)
    if found is None:
        return sent
    original, data = found
    with integration.ledger.write() as tx:
        sha256 = blobs.put_blob(tx, data)
    return changed(sent, image_sha256=sha256, image_name=original.name[:100])


BOOKED = BookedInvoices()
