"""Orders of our own purchasing: the step that turns them into the purchase orders to enter. Entering is `posting`."""

from collections.abc import Sequence

from ml_connector.documents.common import DocumentKind
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.documents.payables.purchases import Purchase
from ml_connector.documents.records import as_json
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.batches import batches, make_moves
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.quarantine import attempt, hold_moves, resume_moves
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.core.strangers import partner_named
from ml_connector.flows.inbound.miscounts import check_still
from ml_connector.flows.inbound.release_from_quarantine import admit
from ml_connector.flows.purchase_orders_in import spec
from ml_connector.flows.purchase_orders_in.building import purchase_of
from ml_connector.flows.purchase_orders_in.settings import PurchaseOrdersIn
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.flows.reference.sales_book import SalesBook, sales_book
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

FLOW = spec.FLOW.name
Decided = tuple[Purchase, dict[str, object]]


def match(integration: Integration, work: RunScope) -> StepReport:
    """Turn every waiting order into the purchase order to enter."""
    report = StepReport("match purchases")
    for rows in batches(integration, work, FLOW, (S.PARSED, S.QUARANTINED)):
        _match_batch(integration, work, rows, report)
    return report


def _match_batch(integration: Integration, work: RunScope, rows: Sequence[DocumentRow], report: StepReport) -> None:
    book = ReferenceBook.of(integration, work.as_of)
    items = sales_book(book)
    moves: list[Move] = []
    for row in rows:
        decided = attempt(_decide, integration, row, book, items)
        if isinstance(decided, NeedsCorrection):
            moves += hold_moves(integration, row, decided, report, step=S.PARSED)
            continue
        purchase, admitted = decided
        report.add_document("matched", row)
        detail = {"supplier": purchase.vendor_code, "lines": len(purchase.lines)}
        detail |= {"told": list(purchase.told)} if purchase.told else {}
        kept = {"work": as_json(purchase), "snapshots": dict(book.versions), **admitted}
        moves += [*resume_moves(row), Move(row.id, S.MATCHED, "matched", detail, changes=kept)]
    make_moves(integration, work, moves)


def _decide(integration: Integration, row: DocumentRow, book: ReferenceBook, items: SalesBook) -> Decided:
    was = row
    row, admitted = admit(integration, row)
    partner = partner_named(integration, row)
    check_still(was, partner)
    if row.kind is DocumentKind.ORDER_CHANGE:
        raise NeedsCorrection(
            Reason.NOT_A_FIRST_ORDER,
            f"Our purchasing changes order {row.number} (860): changes are not applied by themselves.",
            remedy="Change the purchase order in the ERP by hand, then discard this.",
            data={"order": row.number},
        )
    settings = integration.settings
    us = (settings.identity.id, settings.company_name, *settings.flows.of(PurchaseOrdersIn).own_codes)
    order = stored(row.kind, row.canonical, PurchaseOrder)
    today = integration.clock.now().date()
    return purchase_of(order, partner, us, settings.flows.of(PurchaseOrdersIn), book.vendor, items, today), admitted
