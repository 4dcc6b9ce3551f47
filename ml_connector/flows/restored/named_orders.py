"""A partner that names an order of ours has it: an invoice, a ship notice or an answer settles whether it arrived.

That proves the order, not its changes: those are proved by their own 997 or 865 alone.
"""

from collections.abc import Sequence

from ml_connector.documents.invoices import Invoice
from ml_connector.documents.json import load
from ml_connector.documents.shipments import ShipNotice
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.core.sent_formats import answer_due
from ml_connector.flows.orders_out.order_revisions import FLOW as ORDERS
from ml_connector.flows.restored import held
from ml_connector.ledger.audit import restores
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.exchange import related
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S


def settle(integration: Integration, work: RunScope, rows: Sequence[DocumentRow], report: StepReport) -> None:
    """Settle orders in doubt that these documents name; nothing where there are none.

    Raises:
        ClaimLost: another worker is looking for one of the orders just now.
    """
    if work.dry_run:
        return
    with integration.ledger.read() as tx:
        doubtful = related.orders_in_doubt(tx, integration.books)
        restore = restores.newest(tx)
        lost = restores.open_of(tx) if restore is not None and restore.settled_at is None else []
    unseen = [one for one in lost if one.document_id is None and one.flow == ORDERS and not one.revision]
    if not doubtful and not unseen:
        return
    with integration.ledger.write() as tx:
        moves: list[Move] = []
        for row in rows:
            named = set(_numbers(row))
            # Orders that are finished in the ERP are not read again: nothing else would ever tell of them.
            theirs = [one for one in unseen if one.number in named and held.is_partners(one, row)]
            restores.decide(tx, theirs, held.ARRIVED, f"document {row.id}")
            moves += arrived(integration, tx, [one for one in doubtful if one.number in named], row, report)
            settled = {move.document_id for move in moves}
            doubtful = [one for one in doubtful if one.id not in settled]
        documents.move(tx, moves, work)


def arrived(
    integration: Integration, tx: Tx, orders: Sequence[DocumentRow], by: DocumentRow, report: StepReport
) -> list[Move]:
    """The moves of those of these orders that are in doubt, and that a document of the same partner proves."""
    doubtful = held.named(tx, orders, by)
    for one in doubtful:
        report.add("proved_to_have_arrived", one.partition_date, document=one.number, partner=one.partner)
    moves = held.proved(tx, doubtful, by)
    for one in doubtful:
        if one.state is S.UNKNOWN_OUTCOME:
            related.confirm_uploads(tx, one.file_id, f"named by {by.id}")
            changes = {
                "reason": None,
                "reason_detail": None,
                "next_attempt_at": None,
                "due_at": answer_due(integration, one),
            }
            moves.append(Move(one.id, S.SENT, "arrived: the partner names it", {"by": by.id}, changes=changes))
    return moves


def _numbers(row: DocumentRow) -> Sequence[str]:
    """All orders that a document names."""
    document = attempt(load, row.kind, row.canonical)
    if isinstance(document, Invoice):
        return document.order_numbers
    if isinstance(document, ShipNotice):
        return [one.order_number for one in document.orders]
    return []
