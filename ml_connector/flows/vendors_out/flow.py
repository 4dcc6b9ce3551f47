"""Vendors out: looked at when suppliers change, found among the network's, sent once."""

from collections.abc import Mapping, Sequence

from ml_connector.documents.common import DocumentKind, changed
from ml_connector.documents.payables.vendors import NetworkVendor
from ml_connector.documents.reference import ReferenceTable, Vendor
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.ports import NETWORK_VENDORS, TO_NETWORK_VENDORS
from ml_connector.flows.outbound.records import SentRecords
from ml_connector.flows.payables.network_tables import NETWORK_VENDORS_TABLE, network_rows
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.flows.tables_out.steps import TableSteps
from ml_connector.flows.tables_out.telling import Said, TableTelling
from ml_connector.flows.vendors_in.book import KIND as PROPOSAL
from ml_connector.flows.vendors_in.book import of_vendor
from ml_connector.flows.vendors_in.decided import Decided
from ml_connector.flows.vendors_in.matching import Vendors
from ml_connector.flows.vendors_out.content import found_there, lost, network_vendor, subject_of, vendors
from ml_connector.flows.vendors_out.settings import VendorsOut
from ml_connector.ledger.work import earlier
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S

FLOW = "vendors_out"
_THERE = frozenset({S.RESOLVED, S.SENDING, S.UNKNOWN_OUTCOME, S.SENT})


class _Vendors(TableTelling[NetworkVendor]):
    flow = FLOW
    kind = DocumentKind.VENDOR
    target = TO_NETWORK_VENDORS
    model = NetworkVendor
    what = "vendors"

    def tables(self, integration: Integration) -> Sequence[str]:
        del integration
        return [ReferenceTable.VENDORS.value]

    def said(self, integration: Integration) -> Sequence[Said[NetworkVendor]]:
        with integration.ledger.read() as tx:
            known = earlier.newest_told(tx, integration.books, FLOW, integration.name)
        told = frozenset(key for key, row in known.items() if row.state in _THERE or row.revision)
        return list(vendors(_suppliers(integration), _rules(integration), told))

    def ended(self, record: NetworkVendor) -> NetworkVendor:
        """As it was: a person says whether it was merged with another one."""
        return record

    def allowed(
        self, integration: Integration, row: DocumentRow, record: NetworkVendor
    ) -> NetworkVendor | NeedsCorrection:
        """Never is it made inactive, or created again, without asking (avidxchange 11)."""
        said = Decided.read(row.work)
        if said.word == "end":
            return changed(record, active=False)
        suppliers = _suppliers(integration)
        merged = next((one for one in suppliers if said.word == "link" and one.code == said.of), None)
        if merged is None:
            found = Vendors(map(of_vendor, suppliers)).find(subject_of(record, record.id))
            like = [one.subject for one in ((found.hit,) if found.hit else found.candidates)]
            return lost(record, [(one.code, one.names[0]) for one in like])
        rules = _rules(integration)
        key = merged.id if rules.external_id == "id" else merged.code
        with integration.ledger.read() as tx:
            known = earlier.newest_told(tx, integration.books, FLOW, integration.name)
        # What it was merged with is there by itself: this one is not used any more.
        return changed(record, active=False) if key in known else network_vendor(merged, key, rules)

    def there(
        self, integration: Integration, rows: Sequence[tuple[DocumentRow, NetworkVendor]]
    ) -> Mapping[int, str | NeedsCorrection]:
        rules = _rules(integration)
        there = network_rows(integration, NETWORK_VENDORS, NETWORK_VENDORS_TABLE, NetworkVendor)
        keys = {one.code: one.id if rules.external_id == "id" else one.code for one in _suppliers(integration)}
        linked = _linked(integration, keys)
        ours = frozenset(keys.values())
        return {row.id: _said_or_found(row, record, there, ours, linked) for row, record in rows}


def _said_or_found(
    row: DocumentRow,
    record: NetworkVendor,
    there: Sequence[NetworkVendor],
    ours: frozenset[str],
    linked: Mapping[str, str],
) -> str | NeedsCorrection:
    """What a person said comes first."""
    said = Decided.read(row.work)
    if said.word == "create":
        return ""
    if said.word == "link":
        return said.of
    return found_there(record, there, ours, linked)


def _linked(integration: Integration, keys: Mapping[str, str]) -> dict[str, str]:
    """Ids of the network's vendors that were linked with ours when they came, by our key; a person's word counts."""
    with integration.ledger.read() as tx:
        applied = earlier.received_at(tx, integration.books, PROPOSAL, (S.APPLIED,))
    found: dict[str, str] = {}
    for row in applied:
        vendor = Decided.read(row.work).vendor
        if row.source_id and row.integration == integration.name and vendor in keys:
            found[keys[vendor]] = row.source_id
    return found


def _suppliers(integration: Integration) -> list[Vendor]:
    book = ReferenceBook.of(integration)
    return list(book.records(ReferenceTable.VENDORS))


def _rules(integration: Integration) -> VendorsOut:
    return integration.settings.flows.of(VendorsOut)


STEPS = TableSteps(_Vendors())
#: Invoices and orders of a supplier wait until it is there.
SENT = SentRecords(
    FLOW, TO_NETWORK_VENDORS, NetworkVendor, wakes=frozenset({Reason.UNKNOWN_SUPPLIER}), harmless_twice=True
)
read, resolve, send, news = STEPS.read, STEPS.resolve, SENT.send, STEPS.news
