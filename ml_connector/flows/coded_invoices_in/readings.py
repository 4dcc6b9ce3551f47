"""Readings of one batch beside each other: a batch that was closed again is compared invoice by invoice.

Batch and moment of closing name a reading (avidxchange 5). What is the same is set aside, what changed or is gone is
shown where it is booked already, and takes the earlier one's place where it is not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ml_connector.documents.common import DocumentKind, changed
from ml_connector.documents.payables.invoices import NetworkInvoice
from ml_connector.edi.tools.diff import differences
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.stored_documents import stored
from ml_connector.ledger.work import earlier
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S

#: On its way to the books or there.
_BEGUN = frozenset({S.CODED, S.POSTING, S.POSTED, S.UNKNOWN_OUTCOME})
_WAITS = frozenset({S.PARSED, S.MATCHED, S.QUARANTINED})
SHOWN = 8


def invoice_of(row: DocumentRow) -> NetworkInvoice:
    """The invoice that a document holds."""
    return stored(DocumentKind.PAYABLE, row.canonical or "", NetworkInvoice)


@dataclass(frozen=True)
class Earlier:
    """What came of the invoices of some batches before, by the network's id of each invoice; oldest first."""

    rows: Mapping[str, Sequence[DocumentRow]]

    def before(self, row: DocumentRow, invoice: NetworkInvoice) -> list[DocumentRow]:
        """Earlier readings of the same invoice."""
        return [one for one in self.rows.get(invoice.id, ()) if one.id < row.id]


def earlier_readings(integration: Integration, invoices: Sequence[NetworkInvoice]) -> Earlier:
    """All that is known of these invoices, whichever batch and reading they came in."""
    found: dict[str, list[DocumentRow]] = {}
    with integration.ledger.read() as tx:
        rows = earlier.received_of_records(tx, integration.books, DocumentKind.PAYABLE, [one.id for one in invoices])
    ours = [row for row in rows if row.network == integration.network.connection]
    for row in ours:
        if row.canonical:
            found.setdefault(invoice_of(row).id, []).append(row)
    return Earlier(found)


@dataclass(frozen=True)
class Compared:
    """What an invoice is beside its earlier readings. same: the one that stands for it; replaced: those that this one
    takes the place of.
    """

    same: DocumentRow | None = None
    replaced: Sequence[DocumentRow] = ()


def compare(row: DocumentRow, invoice: NetworkInvoice, known: Earlier) -> Compared:
    """Beside what came before.

    Raises:
        NeedsCorrection: one that is booked, or about to be, says something else.
    """
    before = [one for one in known.before(row, invoice) if one.state in _BEGUN | _WAITS]
    begun = [one for one in before if one.state in _BEGUN]
    for one in reversed(begun):
        had = _plain(invoice_of(one))
        if had == _plain(invoice):
            return Compared(same=one)
        found = list(differences([had], [_plain(invoice)]))
        told = "; ".join(f"{each.path}: {each.first} -> {each.second}" for each in found[:SHOWN])
        raise NeedsCorrection(
            Reason.CHANGED_AFTER_POSTING,
            f"Invoice {row.number} was changed at the network after it was booked (document {one.id}): {told}.",
            remedy="Correct the entry in the ERP by what counts, then discard this; nothing is booked a second time.",
            data={"booked": one.id, "batch": invoice.batch, "closed": invoice.batch_closed},
        )
    waiting = [one for one in before if one.state in _WAITS]
    if waiting and _plain(invoice_of(waiting[-1])) == _plain(invoice) and waiting[-1].state is not S.QUARANTINED:
        return Compared(same=waiting[-1])
    return Compared(replaced=waiting)


def _plain(invoice: NetworkInvoice) -> NetworkInvoice:
    """What is booked of it: not which reading it is of, nor what the network says of where it stands."""
    return changed(
        invoice,
        batch="",
        batch_closed="",
        modified="",
        image_url="",
        status="",
        standing="",
        status_reason="",
        paid=None,
    )


def replaced_moves(rows: Sequence[DocumentRow], by: DocumentRow) -> list[Move]:
    """Readings that were not booked give way to a newer one."""
    detail = {"by": by.id}
    change = {"reason": "superseded", "reason_detail": None, "business_key": None}
    return [Move(one.id, S.DISCARDED, "read again, changed at the network", detail, changes=change) for one in rows]
