"""Trying a sales invoice: what would leave for it as it was last read, under today's settings."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ml_connector.documents.common import DocumentKind
from ml_connector.documents.invoices import Invoice
from ml_connector.edi.tools.diff import differences
from ml_connector.errors import ConfigError
from ml_connector.flows.core.integration import Integration, RunScope
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.records_out.history import HAS, NOT_BEGUN
from ml_connector.flows.sales_invoices_out.spec import FLOW
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.database.store import Ledger, Tx
from ml_connector.ledger.tables import documents as t
from ml_connector.ledger.work.records import DOCUMENT_COLUMNS, DocumentRow, document_row
from ml_connector.trying.results import Differing, Had, TryOrderResult, told_document
from ml_connector.trying.scratch import NEVER, Wanted, fill, scratch
from ml_connector.trying.trial import stage

if TYPE_CHECKING:
    from ml_connector.composition import Deployment


@dataclass(frozen=True)
class _AsRead:
    """The document whose record was read last, and when."""

    row: DocumentRow
    at: datetime


def try_invoice(deployment: "Deployment", number: str, *, integration: str) -> TryOrderResult:
    """What would leave for a sales invoice. Nothing is written, and nobody is called.

    Raises:
        ConfigError: no such invoice was ever read. DecisionNeeded: as a run would say.
    """
    patience = deployment.loaded.settings.ledger.patience_seconds
    real = Ledger.open(deployment.ledger_url, deployment.clock, create=False, patience=patience)
    try:
        with scratch(deployment.clock) as ledger:
            connection = deployment.loaded.integration(integration).erp
            with real.read() as tx:
                named = {number} | {one.original_invoice for one in _records(deployment, connection, _of(tx, number))}
            fill(real, ledger, connection, Wanted(texts=named - {""}), as_of=None)
            made = stage(deployment, integration, ledger)
            with ledger.read() as tx:
                rows = _of(tx, number)
                newest = rows[-1] if rows else None
                read_at = _read_at(tx, newest)
            if newest is None or read_at is None:
                raise ConfigError(
                    f"No sales invoice {number} was read from {connection}.",
                    remedy=f"Mend the number, or run `ml-connector sync --flow {FLOW.name}` to read what changed.",
                )
            return _tried(made, _AsRead(newest, read_at), rows)
    finally:
        real.close()


def _records(deployment: "Deployment", connection: str, rows: list[DocumentRow]) -> list[Any]:
    source = deployment.erp(connection).sources.get(FLOW.source)
    return [source.from_record(row.source) for row in rows if row.source] if source is not None else []


def _of(tx: Tx, number: str) -> list[DocumentRow]:
    """The documents of an invoice, the oldest first."""
    d = t.document.c
    query = sa.select(*DOCUMENT_COLUMNS).where(d.number == number, d.direction == "out", d.flow == FLOW.name)
    return [document_row(row) for row in tx.execute(query.order_by(d.id))]


def _read_at(tx: Tx, row: DocumentRow | None) -> datetime | None:
    if row is None or not row.source:
        return None
    e = t.event.c
    moment = sa.select(sa.func.max(e.at)).where(e.document_id == row.id, e.action.like("read %"))
    found: datetime | None = tx.execute(moment).scalar()
    return found


def _tried(made: Integration, read: _AsRead, before: list[DocumentRow]) -> TryOrderResult:
    waiting = {row.id for row in before if row.state in NOT_BEGUN}
    with made.ledger.engine.begin() as connection:
        # What waits to leave of this invoice is looked at now.
        due = sa.update(t.document).where(t.document.c.id.in_(waiting), t.document.c.next_attempt_at == NEVER)
        connection.execute(due.values(next_attempt_at=None))
    with worker(made.ledger) as lease:
        work = RunScope(holder=lease.name, actor="try", documents=tuple(waiting), replay=True)
        for step in FLOW.steps if waiting else ():
            step.step(FLOW.name)(made, work)
    number = read.row.number
    with made.ledger.read() as tx:
        leaves = [told_document(tx, row) for row in _of(tx, number) if row.id in waiting]
        would = next((row for row in reversed(_of(tx, number)) if row.id in waiting and row.canonical), None)
    has = next((row for row in reversed(before) if row.state in HAS), None)
    differing: list[Any] = []
    if has is not None and would is not None and has.canonical:
        sent = [stored(DocumentKind.INVOICE, row.canonical, Invoice) for row in (has, would)]
        differing = list(differences(sent[:1], sent[1:]))
    return TryOrderResult(
        ok=not any(one.state in {"quarantined", "unknown_outcome"} for one in leaves),
        integration=made.name,
        company=made.books.company,
        order=number,
        read_at=read.at,
        read_in=f"document {read.row.id}",
        had=None if has is None else _had(has),
        why_not="" if leaves else f"It is {read.row.state}, and nothing changed for the customer since it was read.",
        documents=leaves,
        differences=[Differing(path=one.path, had=one.first, would_have=one.second) for one in differing],
    )


def _had(row: DocumentRow) -> Had:
    return Had(document=row.id, partner=row.partner, revision=row.revision, state=str(row.state), sent_as=str(row.kind))
