"""Vendors that a network has and we do not know yet are proposed: a supplier may have sent an invoice there first."""

import hashlib
from collections.abc import Iterator, Mapping

from ml_connector.documents.common import Direction, DocumentKind
from ml_connector.documents.json import dump
from ml_connector.documents.master.vendors import VendorProposal
from ml_connector.documents.payables.vendors import NetworkVendor
from ml_connector.documents.records import as_json
from ml_connector.documents.reference import ReferenceTable, Vendor
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import NETWORK_VENDORS
from ml_connector.flows.core.ports.network import HasRecords
from ml_connector.flows.payables.network_tables import NETWORK_VENDORS_TABLE, kept, read_network
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.flows.vendors_in.proposals import FLOW
from ml_connector.ledger.coordination import cursors
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.exchange import snapshots
from ml_connector.ledger.work import documents, earlier
from ml_connector.ledger.work.documents import NewDocument
from ml_connector.ledger.work.states import DocumentState as S


def propose_network_vendors(integration: Integration, work: RunScope) -> StepReport:
    """A proposal for each vendor there that does not carry our id; a network without records has none."""
    report = StepReport("read vendors of the network")
    network = integration.network
    if work.replay or not isinstance(network, HasRecords) or NETWORK_VENDORS.name not in network.records.sources:
        return report
    version = read_network(integration, NETWORK_VENDORS, NETWORK_VENDORS_TABLE)
    seen = f"{version} {_ours_version(integration)}"
    with integration.ledger.read() as tx:
        if cursors.get(tx, _cursor(integration)) == seen:
            return report
    new = {one.content_hash or "": one for one in _strange(integration)}
    with integration.ledger.read() as tx:
        unknown = _unknown(integration, tx, new)
    for one in unknown:
        report.add("proposed", None, document=one.number, partner=one.partner)
    if not work.dry_run:
        with integration.ledger.write() as tx:
            documents.add_documents(tx, _unknown(integration, tx, new), work)
            cursors.put(tx, _cursor(integration), seen)
        work.hand_over()
    return report


def _strange(integration: Integration) -> Iterator[NewDocument]:
    book = ReferenceBook.of(integration)
    suppliers: list[Vendor] = list(book.records(ReferenceTable.VENDORS))
    ours = {key.casefold() for one in suppliers for key in (one.id, one.code)}
    for one in kept(integration, NETWORK_VENDORS_TABLE, NetworkVendor):
        # One that is not used there and carries no id of ours is nobody's business here.
        if one.active and one.external_id.casefold() not in ours:
            yield _document(integration, one)


def proposal_of(one: NetworkVendor) -> VendorProposal:
    """A vendor there as a proposal. Its bank account is its own affair with the network (avidxchange 5)."""
    return VendorProposal(
        number=one.id,
        name=one.name or one.name_on_check,
        other_names=(one.name_on_check,) if one.name_on_check not in ("", one.name) else (),
        tax_numbers=(one.tax_id,) if one.tax_id else (),
        street=one.address.lines,
        postal_code=one.address.postal_code,
        city=one.address.city,
        region=one.address.region,
        country=one.address.country,
        phone=one.phone,
        email=one.email,
        currency=one.currency,
        payment_terms=one.terms,
        origin="vendor of the network" + (f", there with our id {one.external_id}" if one.external_id else ""),
    )


def _document(integration: Integration, one: NetworkVendor) -> NewDocument:
    proposal = proposal_of(one)
    canonical = dump(proposal)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    partner = next((name for name, found in integration.partners.items() if found.role == "network"), "")
    return NewDocument(
        kind=DocumentKind.VENDOR_PROPOSAL,
        direction=Direction.IN,
        flow=FLOW,
        **integration.scope,
        **integration.party(partner),
        number=proposal.number[:80],
        business_key=integration.business_key(
            partner, DocumentKind.VENDOR_PROPOSAL, proposal.number, f"{integration.network.connection}/{digest[:24]}"
        ),
        state=S.PARSED,
        canonical=canonical,
        content_hash=digest,
        source=as_json(one),
        source_id=one.id[:120],
        action="read from the network",
    )


def _unknown(integration: Integration, tx: Tx, new: Mapping[str, NewDocument]) -> list[NewDocument]:
    """Those that were never proposed so, whatever became of it."""
    numbers = {one.number for one in new.values()}
    known = earlier.received_numbered(tx, integration.books, DocumentKind.VENDOR_PROPOSAL, numbers)
    seen = {row.content_hash for row in known if row.integration == integration.name}
    return [one for digest, one in new.items() if digest not in seen]


def _ours_version(integration: Integration) -> int:
    with integration.ledger.read() as tx:
        return snapshots.latest_version(tx, integration.erp.connection, integration.erp.company, ReferenceTable.VENDORS)


def _cursor(integration: Integration) -> str:
    return f"{integration.name}:{integration.erp.connection}:{integration.erp.company}:{FLOW}:network"
