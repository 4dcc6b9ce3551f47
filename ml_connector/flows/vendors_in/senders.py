"""Whoever sent an invoice that is held because nobody knows its sender is proposed as a vendor (N1 loops): once for
what it says of itself.
"""

import hashlib
from collections.abc import Mapping

from ml_connector.documents.common import Direction, DocumentKind, Party
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.json import dump
from ml_connector.documents.master.vendors import VendorProposal
from ml_connector.errors import Reason
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.vendors_in.proposals import FLOW
from ml_connector.flows.vendors_in.settings import VendorsIn
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.work import documents, earlier
from ml_connector.ledger.work.documents import DocumentRow, NewDocument
from ml_connector.ledger.work.states import DocumentState as S

#: N101 of whoever sells or is paid (x12-procurement 4), the seller first.
_SELLERS = ("SE", "VN", "SU", "RI", "RE")
#: REF01 of tax numbers: federal (TJ, EI), VAT (VX), state.
_TAX_NUMBERS = ("TJ", "EI", "VX", "TX", "GT")


def propose_senders(integration: Integration, work: RunScope) -> StepReport:
    """A proposal for each sender of held invoices that says who it is."""
    report = StepReport("propose unknown senders")
    settings = integration.settings.flows.of(VendorsIn)
    if not settings.unknown_senders or work.replay:
        return report
    with integration.ledger.read() as tx:
        held = earlier.received_held_for(tx, integration.books, DocumentKind.INVOICE, Reason.UNKNOWN_PARTNER)
    new: dict[str, NewDocument] = {}
    for row in held:
        if row.integration == integration.name and (proposal := proposal_of(row)) is not None:
            one = _document(integration, row, proposal)
            new.setdefault(one.content_hash or "", one)
    with integration.ledger.read() as tx:
        unknown = _unknown(integration, tx, new)
    for one in unknown:
        report.add("proposed", None, document=one.number)
    if unknown and not work.dry_run:
        with integration.ledger.write() as tx:
            documents.add_documents(tx, _unknown(integration, tx, new), work)
        work.hand_over()
    return report


def _unknown(integration: Integration, tx: Tx, new: Mapping[str, NewDocument]) -> list[NewDocument]:
    """Those that were never proposed so, whatever became of it."""
    numbers = {one.number for one in new.values()}
    known = earlier.received_numbered(tx, integration.books, DocumentKind.VENDOR_PROPOSAL, numbers)
    seen = {row.content_hash for row in known}
    return [one for digest, one in new.items() if digest not in seen]


def proposal_of(row: DocumentRow) -> VendorProposal | None:
    """Who sent an invoice, by its own word; None where it does not say so."""
    if not row.canonical:
        return None
    invoice = stored(DocumentKind.INVOICE, row.canonical, Invoice)
    party = invoice.party(*_SELLERS)
    if party is None or not party.name.strip():
        return None
    return _of_party(party, invoice, str(row.reason_data.get("sender", "")))


def _of_party(party: Party, invoice: Invoice, sender: str) -> VendorProposal:
    numbers = {one.qualifier: one.value for one in (*invoice.references, *party.references) if one.value.strip()}
    contact = next(iter(party.contacts), None)
    reached = {one.qualifier: one.value for one in contact.numbers} if contact is not None else {}
    return VendorProposal(
        number=(sender or party.id or party.name).strip(),
        name=party.name,
        other_names=tuple(name for name in party.more_names if name.strip()),
        tax_numbers=tuple(numbers[name] for name in _TAX_NUMBERS if name in numbers),
        street=party.street,
        postal_code=party.postal_code,
        city=party.city,
        region=party.region,
        country=party.country,
        phone=reached.get("TE", ""),
        email=reached.get("EM", ""),
        contact=contact.name if contact is not None else "",
        currency=invoice.currency,
        origin="sender of an invoice",
    )


def _document(integration: Integration, row: DocumentRow, proposal: VendorProposal) -> NewDocument:
    canonical = dump(proposal)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return NewDocument(
        kind=DocumentKind.VENDOR_PROPOSAL,
        direction=Direction.IN,
        flow=FLOW,
        **integration.scope,
        number=proposal.number[:80],
        business_key=integration.business_key("", DocumentKind.VENDOR_PROPOSAL, proposal.number, digest[:24]),
        state=S.PARSED,
        canonical=canonical,
        content_hash=digest,
        parent_id=row.id,
        action="proposed",
        detail={"invoice": row.number},
    )
