"""Which fields of the ERP's sales invoices are filled and reach nobody: told by `check`, as for orders.

Makes no call: looks at the invoices that were read last.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from ml_connector.config.integrations import IntegrationSettings
from ml_connector.config.partners import Partner
from ml_connector.documents.common import DocumentKind
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.records import from_json
from ml_connector.documents.sales.invoices import SalesInvoice
from ml_connector.errors import NeedsCorrection
from ml_connector.flows import registry
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.sales_invoices_out.history import FLOW
from ml_connector.layouts import Layout
from ml_connector.layouts.writing import left_out
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.search import queries
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.systems.results import CheckLevel, CheckResult

#: So many invoices of an integration are looked at.
MOST = 200


def unsent_fields(
    name: str,
    settings: IntegrationSettings,
    partners: Mapping[str, Partner],
    layouts: Mapping[str, Layout],
    ledger: Ledger,
) -> Iterator[CheckResult]:
    """What the invoices of our customers say that nobody gets."""
    if not any(flow.name == FLOW for flow in registry.flows_of(settings.flows).on):
        return
    by_partner: dict[str, list[DocumentRow]] = {}
    for row in _newest(ledger, name):
        by_partner.setdefault(row.partner, []).append(row)
    for partner_name, rows in sorted(by_partner.items()):
        unsent = Counter(field for row in rows for field in from_json(SalesInvoice, row.work or "").unsent)
        if unsent:
            message = f"invoices of {partner_name} leave without what the ERP says in {_listed(unsent)}"
            remedy = "It has no place in an 810 (docs/sales-invoices.md): say it in the invoice's notes."
            yield CheckResult(name, "invoice fields", CheckLevel.ADVICE, message, remedy)
        partner = partners.get(partner_name)
        layout = layouts.get(partner.layouts.send.invoice) if partner is not None else None
        if layout is not None and (lost := _lost(rows, layout)):
            message = f"layout {layout.name} of {partner_name} has no place for {_listed(lost)}"
            remedy = "Give it a field in a layout of your own that `extends` this one, or agree that it is not needed."
            yield CheckResult(name, "invoice fields", CheckLevel.ADVICE, message, remedy)


def _newest(ledger: Ledger, integration: str) -> Sequence[DocumentRow]:
    """The documents that were resolved last; of others nobody knows what they would say."""
    with ledger.read() as tx:
        wanted = queries.DocumentFilter(integration=integration, flows=(FLOW,))
        page = queries.list_documents(tx, wanted, limit=MOST)
        rows = documents.get_many(tx, [row.id for row in page.rows])
    return [row for row in rows if row.work and row.canonical]


def _lost(rows: Sequence[DocumentRow], layout: Layout) -> Counter[str]:
    """Addresses in invoices that the layout leaves out, without the places of lines, and in how many of them."""
    found: Counter[str] = Counter()
    for row in rows:
        document = stored(DocumentKind.INVOICE, row.canonical, Invoice)
        lost = attempt(partial(left_out, document, layout))
        if not isinstance(lost, NeedsCorrection):
            found.update({_plain(address) for address in lost})
    return found


def _plain(address: str) -> str:
    """lines[3].references[VN] is told as lines.references[VN]."""
    head, bracket, rest = address.partition("]")
    return f"lines{rest}" if bracket and head.startswith("lines[") else address


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{field} ({count} invoice{'s' * (count != 1)})" for field, count in sorted(counted.items()))
