"""Trying an order: what would leave for it as it was last read, and what differs from what the partner has."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, cast

import sqlalchemy as sa

from ml_connector.documents.common import DocumentKind
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.documents.records import from_json
from ml_connector.documents.reference import OpenOrder, ReferenceTable
from ml_connector.edi.tools.diff import differences
from ml_connector.errors import ConfigError
from ml_connector.flows import pipeline
from ml_connector.flows.core.integration import Integration, RunScope
from ml_connector.flows.core.ports import SourceOrder
from ml_connector.flows.core.spec import OUTBOUND
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.orders_out import order_revisions, order_taking
from ml_connector.flows.orders_out.order_addressing import takers
from ml_connector.flows.orders_out.order_records import order_reader
from ml_connector.flows.orders_out.order_revisions import OrderHistory
from ml_connector.flows.orders_out.spec import FLOW as ORDERS
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.database.store import Ledger
from ml_connector.ledger.exchange import snapshots
from ml_connector.ledger.tables import documents as t
from ml_connector.ledger.work.records import DOCUMENT_COLUMNS, DocumentRow, document_row
from ml_connector.trying.results import Differing, Had, TryOrderResult, told_document
from ml_connector.trying.scratch import NEVER, Wanted, fill, scratch
from ml_connector.trying.sides import RememberingErp, record_of_snapshot
from ml_connector.trying.trial import stage

if TYPE_CHECKING:
    from ml_connector.composition import Deployment


#: Where an order was read, if not with a document.
_SNAPSHOT = "purchase_orders"


@dataclass(frozen=True)
class _AsRead:
    """An order as it was last read: with which record, when, and whether the snapshot or a document has it.

    gone: the orders that were read after that do not have it any more.
    """

    source: SourceOrder
    at: datetime
    where: str
    gone: bool = False


def try_order(deployment: "Deployment", number: str, *, integration: str) -> TryOrderResult:
    """What would leave for an order. Nothing is written, and nobody is called.

    Raises:
        ConfigError: no such order was ever read. DecisionNeeded: as a run would say.
    """
    patience = deployment.loaded.settings.ledger.patience_seconds
    real = Ledger.open(deployment.ledger_url, deployment.clock, create=False, patience=patience)
    try:
        with scratch(deployment.clock) as ledger:
            connection = deployment.loaded.integration(integration).erp
            fill(real, ledger, connection, Wanted(texts={number}), as_of=None)
            made = stage(deployment, integration, ledger)
            found = _as_read(made, number)
            if found is None:
                raise ConfigError(
                    f"No purchase order {number} was read from {connection}.",
                    remedy="Mend the number, or run `ml-connector sync --flow orders_out` to read what changed.",
                )
            return _tried(made, found)
    finally:
        real.close()


def _as_read(made: Integration, number: str) -> _AsRead | None:
    """The newest reading of the order: the snapshot's, or the record of a document that was read later."""
    found: list[_AsRead] = []
    erp = made.erp
    with made.ledger.read() as tx:
        info = snapshots.info(tx, erp.connection, erp.company, ReferenceTable.PURCHASE_ORDERS)
        kept = snapshots.load_lines(tx, erp.connection, erp.company, ReferenceTable.PURCHASE_ORDERS)
        rows = [document_row(row) for row in tx.execute(sa.select(*DOCUMENT_COLUMNS).where(_of(number)))]
        read_at = {
            row.id: tx.execute(
                sa.select(sa.func.max(t.event.c.at)).where(
                    t.event.c.document_id == row.id, t.event.c.action.like("read %")
                )
            ).scalar()
            for row in rows
        }
    for row in rows:
        if row.source and (at := read_at[row.id]) is not None:
            order = order_reader(erp)(row.source)
            found.append(_AsRead(SourceOrder(row.source, order), at, f"document {row.id}"))
    if info is not None and kept is not None:
        for order in (from_json(OpenOrder, line) for line in kept[1]):
            if order.number == number:
                found.append(_AsRead(SourceOrder(record_of_snapshot(order), order), info.checked_at, _SNAPSHOT))
    newest = max(found, key=lambda one: one.at, default=None)
    if newest is None or info is None or any(one.where == _SNAPSHOT for one in found):
        return newest
    return replace(newest, gone=newest.at < info.checked_at)


def _of(number: str) -> sa.ColumnElement[bool]:
    d = t.document.c
    return sa.and_(d.number == number, d.direction == "out", d.flow == order_revisions.FLOW)


def _tried(made: Integration, read: _AsRead) -> TryOrderResult:
    order = read.source.document
    before = order_taking.known_histories(made, [order]).get(order.id, OrderHistory())
    begun = before.begun
    cast("RememberingErp", made.erp).brings([read.source])
    rows = _rows(made)
    states = {row.id: (str(row.state), row.head_hash) for row in rows}
    with made.ledger.engine.begin() as connection:
        # What waits to leave of this order is looked at now.
        waiting = sa.update(t.document).where(_of(order.number), t.document.c.next_attempt_at == NEVER)
        connection.execute(waiting.values(next_attempt_at=None))
    settings = made.settings.flows.orders_out.model_copy(update={"poll": True, "webhooks": False})
    flows = made.settings.flows.model_copy(update={ORDERS.name: settings})
    polling = replace(made, settings=made.settings.model_copy(update={"flows": flows}))
    with worker(made.ledger) as lease:
        pipeline.run(polling, RunScope(holder=lease.name, actor="try"), pipeline.steps_of(polling.flows, OUTBOUND))
    moved = [row for row in _rows(made) if states.get(row.id) != (str(row.state), row.head_hash)]
    new = moved[-1] if moved else None
    with made.ledger.read() as tx:
        leaves = [told_document(tx, row) for row in moved]
    had = stored(DocumentKind.ORDER, begun.work, PurchaseOrder) if begun is not None and begun.work else None
    would = stored(DocumentKind.ORDER, new.work, PurchaseOrder) if new is not None and new.work else None
    differing = list(differences([had], [would])) if had is not None and would is not None else []
    return TryOrderResult(
        ok=not any(one.state in {"quarantined", "unknown_outcome"} for one in leaves),
        integration=made.name,
        company=made.books.company,
        order=order.number,
        read_at=read.at,
        read_in=read.where,
        had=_had(begun),
        why_not="" if leaves else _GONE if read.gone else _why_not(made, order, before),
        documents=leaves,
        differences=[Differing(path=one.path, had=one.first, would_have=one.second) for one in differing],
    )


def _rows(made: Integration) -> Sequence[DocumentRow]:
    with made.ledger.read() as tx:
        query = sa.select(*DOCUMENT_COLUMNS).where(t.document.c.flow == order_revisions.FLOW).order_by(t.document.c.id)
        return [document_row(row) for row in tx.execute(query)]


def _had(begun: DocumentRow | None) -> Had | None:
    if begun is None:
        return None
    return Had(
        document=begun.id,
        partner=begun.partner,
        revision=begun.revision,
        state=str(begun.state),
        sent_as=str(begun.kind),
    )


#: Nobody is asked here; a run asks the ERP whether the order is still there.
_GONE = (
    "The orders that were read last do not have it any more. If it was deleted in the ERP, a run finds that out by"
    " asking there, and cancels it or holds it for the buyer (orders_out); `try` asks nobody."
)


def _why_not(made: Integration, order: OpenOrder, before: OrderHistory) -> str:
    """Why nothing would leave, by the questions that reading orders asks, in their order."""
    if order.supplier_code not in takers(made) and before.newest is None:
        return f"Supplier {order.supplier_code} is not a partner that gets orders here."
    start = order_taking.start_day(made, dry_run=True)
    if before.newest is None and order_taking.is_too_old(order, start):
        return f"It is dated before {start}: orders_out.start_date says from when on orders leave."
    if order_revisions.is_settled(before, order, order_reader(made.erp)):
        return "It is finished: closed in the ERP, received and invoiced in full, or received before it was ever sent."
    if order.cancelled and before.begun is None:
        return "It is cancelled, and no partner has it."
    if made.settings.flows.orders_out.approved_only and not order.approved:
        return "It is not approved in the ERP (orders_out.approved_only)."
    return "Nothing changed for the partner since it was read last."
