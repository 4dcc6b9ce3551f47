"""Sales orders in: the step that turns customers' orders into the sales orders to post. Posting is `posting`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from ml_connector.documents.records import json_values
from ml_connector.documents.sales.orders import SalesOrder
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.batches import batches
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import NEW_CUSTOMERS
from ml_connector.flows.core.quarantine import attempt, hold_moves, resume_moves
from ml_connector.flows.core.strangers import partner_named
from ml_connector.flows.inbound.miscounts import check_still
from ml_connector.flows.inbound.release_from_quarantine import admit
from ml_connector.flows.posting.earlier_documents import goes
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.flows.reference.sales_book import SalesBook, sales_book
from ml_connector.flows.sales_orders_in import spec
from ml_connector.flows.sales_orders_in.building import sales_orders_for
from ml_connector.flows.sales_orders_in.changes.deciding import Books, with_changes
from ml_connector.flows.sales_orders_in.changes.taken import TakenChange, taken_from, taken_text
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


def match(integration: Integration, work: RunScope) -> StepReport:
    """Turn every waiting order into the sales orders to post; held ones are looked at when their time has come."""
    report = StepReport("match sales orders")
    books: _Books | None = None
    for rows in batches(integration, work, FLOW, (S.PARSED, S.QUARANTINED), streams=True):
        books = books or _open_books(integration, work)
        _match_batch(integration, work, rows, books, report)
    return report


def _open_books(integration: Integration, work: RunScope) -> _Books:
    book = ReferenceBook.of(integration, work.as_of)
    return _Books(book, sales_book(book))


def _match_batch(
    integration: Integration, work: RunScope, rows: Sequence[DocumentRow], books: _Books, report: StepReport
) -> None:
    moves: list[Move] = []
    known = earlier_of(integration, rows)
    for row in rows:
        decided = attempt(_decide, integration, work, row, books.sales, known)
        if isinstance(decided, NeedsCorrection):
            moves += hold_moves(integration, row, decided, report, step=S.PARSED)
            continue
        found, admitted = decided
        summary = _changes_summary(found) if isinstance(found, TakenChange) else _summary(found)
        if not isinstance(found, TakenChange):
            goes(row, known.same_number)
        counts = {name: number for name, number in summary.items() if isinstance(number, int)}
        report.add("matched", row.partition_date, document=row.number, partner=row.partner, **counts)
        text = taken_text(found) if isinstance(found, TakenChange) else orders_text(found)
        changes = {"work": text, "snapshots": dict(books.reference.versions), **admitted}
        moves += resume_moves(row)
        moves.append(Move(row.id, S.MATCHED, "matched", summary, changes=changes))
    if work.dry_run:
        return
    with integration.ledger.write() as tx:
        documents.move(tx, moves, work)
    work.hand_over()


def _summary(orders: Sequence[SalesOrder]) -> dict[str, Any]:
    told = list(dict.fromkeys(one for order in orders for one in order.told))
    customers = sorted({order.customer_code for order in orders})
    return {"orders": len(orders), "customer": ", ".join(customers), **({"told": told} if told else {})}


def _changes_summary(taken: TakenChange) -> dict[str, Any]:
    what = {"changes": len(taken.changes), "new_orders": len(taken.new), "original": taken.original}
    return {**what, **({"cancels": True} if taken.cancelled else {}), **({"told": taken.told} if taken.told else {})}


def _decide(
    integration: Integration, work: RunScope, row: DocumentRow, book: SalesBook, known: Earlier
) -> tuple[list[SalesOrder] | TakenChange, dict[str, Any]]:
    if row.state is S.QUARANTINED and row.work and _partly_posted(integration, row):
        # Once begun it is finished: what was posted of it stands.
        return taken_from(row.work) or orders_from(row.work), {}
    was = row
    row, admitted = admit(integration, row)
    partner = partner_named(integration, row)
    check_still(was, partner)
    settings = integration.settings.flows.of(SalesOrdersIn)
    today = integration.clock.now().astimezone(ZoneInfo(settings.time_zone)).date()
    books = Books(settings, book, today)
    found = check_against_earlier(integration, row, read_order(row), known, partner, books, by_hand=work.replay)
    if isinstance(found, TakenChange):
        return found, admitted
    order, inside = found
    made = with_changes(sales_orders_for(order, partner, settings, book, today), inside)
    _check_creation(integration, made)
    return made, admitted


def _check_creation(integration: Integration, orders: Sequence[SalesOrder]) -> None:
    """Whether the ERP can create customers, where one is to be created."""
    new = next((one.new_customer for one in orders if one.new_customer is not None), None)
    if new is not None and NEW_CUSTOMERS.name not in integration.erp.targets:
        raise NeedsCorrection(
            Reason.UNKNOWN_CUSTOMER,
            f"The ERP has no customer {new.code or new.reference} {new.name}, and none is created there from here.",
            remedy="Create it there; the order is taken up again by itself.",
            data={
                "customer": new.code or new.reference,
                "order": orders[0].customer_order,
                "proposal": json_values(new),
            },
        )


def _partly_posted(integration: Integration, row: DocumentRow) -> bool:
    with integration.ledger.read() as tx:
        return bool(operations.outside_ids(tx, [row.id]))
