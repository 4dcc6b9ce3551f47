"""The received order (850) that an ERP's sales order was made of: by the id that its writing was answered with.

An order that somebody keyed by hand has none, whatever its number is.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ml_connector.documents.common import DocumentKind
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.documents.sales.orders import SalesOrder
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.ports import SALES_ORDERS
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.sales_orders_in.changes.taken import TakenChange, taken_from
from ml_connector.flows.sales_orders_in.made_orders import orders_from
from ml_connector.flows.sales_orders_in.spec import FLOW
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.work import documents, earlier, operations
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.operation_rows import StoredOperation
from ml_connector.ledger.work.states import DocumentState as S


@dataclass(frozen=True)
class Received:
    """A customer's order that is in the ERP, as the customer wants it now. written: what was posted of it, by the ERP's
    id of each sales order; none where the customer has cancelled all of it. key: the id of the first that it became.
    """

    row: DocumentRow
    order: PurchaseOrder
    written: dict[str, SalesOrder]
    key: str


def received_orders(integration: Integration, ids: Collection[str]) -> dict[str, Received]:
    """By the ERP's id of a sales order: what it was made of. Those that no 850 of a partner is behind are left out."""
    target = integration.erp.targets.get(SALES_ORDERS.name)
    if target is None or not ids:
        return {}
    with integration.ledger.read() as tx:
        found = operations.documents_written_as(tx, integration.books.company, sorted(ids), target.kinds)
        # A sales order may have come with a change (860): then its order is the one that was changed.
        made = documents.get_many(tx, found)
        originals = {taken.original for row in made if (taken := taken_from(row.work)) is not None}
        made += documents.get_many(tx, sorted(originals - {row.id for row in made}))
        rows = [row for row in made if _counts(integration, row) and taken_from(row.work) is None]
        changes = _changes(integration, tx, rows)
        of = {row.id: [row.id, *(one.row.id for one in changes.get(row.id, ()))] for row in rows}
        written = operations.of_documents(tx, [one for some in of.values() for one in some])
    told: dict[str, Received] = {}
    for row in rows:
        own = [one for one in written if one.document_id in of[row.id] and one.kind in target.kinds]
        received = _received(row, changes.get(row.id, []), own)
        if received is not None:
            told |= {one.outside_id: received for one in own if one.outside_id}
    return told


@dataclass(frozen=True)
class _Applied:
    row: DocumentRow
    taken: TakenChange


def _changes(integration: Integration, tx: Tx, rows: Sequence[DocumentRow]) -> dict[int, list[_Applied]]:
    """The changes of these orders that are in the ERP, in the order that they were applied in."""
    numbers = {row.number for row in rows}
    later = [
        row
        for kind in (DocumentKind.ORDER_CHANGE, DocumentKind.ORDER)
        for row in earlier.received_numbered(tx, integration.books, kind, numbers)
        if row.state is S.POSTED
    ]
    found: dict[int, list[_Applied]] = {}
    for row in later:
        taken = taken_from(row.work)
        if taken is not None:
            found.setdefault(taken.original, []).append(_Applied(row, taken))
    return {key: sorted(some, key=lambda one: (one.taken.position, one.row.id)) for key, some in found.items()}


def _received(row: DocumentRow, changes: Sequence[_Applied], written: Sequence[StoredOperation]) -> Received | None:
    """None where not all of it is written yet: its last write moves an order, and that is read again."""
    order, posted = stored(DocumentKind.ORDER, row.canonical, PurchaseOrder), orders_from(row.work or "")
    ids = {one.ref: one.outside_id or "" for one in written if one.ref}
    first = [one.outside_id or "" for one in written if one.document_id == row.id and not one.ref]
    if len(first) == len(posted):  # written before references were kept with writes
        ids = {**{one.reference: key for one, key in zip(posted, first, strict=True)}, **ids}
    if changes:
        newest = changes[-1].taken
        order, posted = newest.order, list(newest.orders)
    by_id = {ids.get(one.reference, ""): one for one in posted}
    key = next((one.outside_id for one in written if one.outside_id), "")
    whole = key and "" not in by_id and len(by_id) == len(posted)
    return Received(row, order, by_id, key) if whole else None


def _counts(integration: Integration, row: DocumentRow) -> bool:
    """An order of this company that is posted, and whose content is still kept."""
    return (
        row.flow == FLOW.name
        and row.kind is DocumentKind.ORDER
        and row.state is S.POSTED
        and row.company == integration.books.company
        and bool(row.canonical)
    )
