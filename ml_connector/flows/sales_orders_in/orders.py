"""Sales orders in: the step that turns customers' orders into the sales orders to post. Posting is `posting`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from ml_connector.documents.sales.orders import SalesOrder
from ml_connector.errors import NeedsMending
from ml_connector.flows.core.batches import claim_waiting
from ml_connector.flows.core.integration import Integration, StepReport, Work
from ml_connector.flows.core.quarantine import attempt, hold_moves, resume_moves
from ml_connector.flows.core.strangers import partner_named
from ml_connector.flows.inbound.miscounts import check_still
from ml_connector.flows.inbound.release_from_quarantine import admit
from ml_connector.flows.posting.earlier_documents import goes
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.flows.reference.sales_book import SalesBook, sales_book
from ml_connector.flows.sales_orders_in import spec
from ml_connector.flows.sales_orders_in.building import sales_orders_for
from ml_connector.flows.sales_orders_in.earlier_orders import Earlier, check_against_earlier, earlier_of, read_order
from ml_connector.flows.sales_orders_in.made_orders import orders_from, orders_text
from ml_connector.flows.sales_orders_in.settings import SalesOrdersIn
from ml_connector.ledger.work import documents, operations
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

FLOW = spec.FLOW.name


@dataclass(frozen=True)
class _Books:
    """Reference data, read once for all batches, and which versions they are."""

    reference: ReferenceBook
    sales: SalesBook


def match(integration: Integration, work: Work) -> StepReport:
    """Turn every waiting order into the sales orders to post; held ones are looked at when their time has come."""
    report = StepReport("match sales orders")
    books: _Books | None = None
    after = 0
    while not work.stopped():
        rows = claim_waiting(integration, work, FLOW, (S.PARSED, S.QUARANTINED), after_id=after)
        if not rows and work.more_to_come():
            after = 0
            continue
        if not rows:
            break
        after = rows[-1].id
        books = books or _open_books(integration, work)
        _match_batch(integration, work, rows, books, report)
    return report


def _open_books(integration: Integration, work: Work) -> _Books:
    book = ReferenceBook(integration.ledger, integration.erp.connection, integration.erp.company, work.as_of)
    return _Books(book, sales_book(book))


def _match_batch(
    integration: Integration, work: Work, rows: Sequence[DocumentRow], books: _Books, report: StepReport
) -> None:
    moves: list[Move] = []
    known = earlier_of(integration, rows)
    for row in rows:
        decided = attempt(lambda row=row: _decide(integration, work, row, books.sales, known))  # type: ignore[misc]
        if isinstance(decided, NeedsMending):
            moves += hold_moves(integration, row, decided, report, step=S.PARSED)
            continue
        orders, admitted = decided
        goes(row, known.same_number)
        report.add("matched", row.partition_date, document=row.number, partner=row.partner, orders=len(orders))
        changes = {"work": orders_text(orders), "snapshots": dict(books.reference.versions), **admitted}
        moves += resume_moves(row)
        moves.append(Move(row.id, S.MATCHED, "matched", _summary(orders), changes=changes))
    if work.dry_run:
        return
    with integration.ledger.write() as tx:
        documents.move(tx, moves, work)
    work.hand_over()


def _summary(orders: Sequence[SalesOrder]) -> dict[str, Any]:
    told = list(dict.fromkeys(one for order in orders for one in order.told))
    customers = sorted({order.customer_code for order in orders})
    return {"orders": len(orders), "customer": ", ".join(customers), **({"told": told} if told else {})}


def _decide(
    integration: Integration, work: Work, row: DocumentRow, book: SalesBook, known: Earlier
) -> tuple[list[SalesOrder], dict[str, Any]]:
    if row.state is S.QUARANTINED and row.work and _partly_posted(integration, row):
        # Once begun it is finished: what was posted of it stands.
        return orders_from(row.work), {}
    was = row
    row, admitted = admit(integration, row)
    partner = partner_named(integration, row)
    check_still(was, partner)
    order = check_against_earlier(integration, row, read_order(row), known, by_hand=work.replay)
    settings = integration.settings.flows.of(SalesOrdersIn)
    today = integration.clock.now().astimezone(ZoneInfo(settings.time_zone)).date()
    return sales_orders_for(order, partner, settings, book, today), admitted


def _partly_posted(integration: Integration, row: DocumentRow) -> bool:
    with integration.ledger.read() as tx:
        return bool(operations.outside_ids(tx, [row.id]))
