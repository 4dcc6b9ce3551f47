"""What was coded there is posted as purchase entries, exactly once, whoever else may have booked the invoice."""

from collections.abc import Mapping, Sequence

from ml_connector.documents.erp_postings import Bill
from ml_connector.documents.kinds import DocumentKind
from ml_connector.documents.records import from_json
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.coded_invoices_in import spec
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import (
    BILLS,
    ENTRY_CODINGS,
    Existing,
    Identity,
    PlannedOperation,
    StoredOperation,
    Written,
    target_of,
)
from ml_connector.flows.payables.recodings import recoding_in, told
from ml_connector.flows.posting import recognised
from ml_connector.flows.posting.posting import post
from ml_connector.flows.posting.postings import PostableKind, Prepared, operation_key, planned
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.work.documents import DocumentRow, Move

FLOW = spec.FLOW.name


def _bill(row: DocumentRow) -> Bill:
    return from_json(Bill, row.work or "{}")


def _plan(integration: Integration, row: DocumentRow) -> list[PlannedOperation]:
    recoding = recoding_in(row)
    if recoding is not None:
        return list(target_of(integration.erp, ENTRY_CODINGS).plan(recoding, operation_key(row)))
    return list(target_of(integration.erp, BILLS).plan(_bill(row), operation_key(row)))


def _prepare(
    integration: Integration, rows: Sequence[DocumentRow], report: StepReport
) -> Mapping[int, Prepared | NeedsCorrection]:
    """Bills that the ERP has already, whoever entered them, are not begun: never is one booked twice."""
    recodings = [row for row in rows if recoding_in(row) is not None]
    prepared = {row.id: planned(_plan, integration, row) for row in recodings}
    bills = {row.id: _bill(row) for row in rows if row.id not in prepared}
    identities = {row_id: Identity(bill.vendor_id, bill.number) for row_id, bill in bills.items()}
    ours = recognised.bills(integration, identities)
    there = target_of(integration.erp, BILLS).existing(list(identities.values()))
    by_identity = {one.identity: one for one in there}
    writers = recognised.written_here(integration, there)
    seen: dict[Identity, int] = {}
    for row in rows:
        if row.id in prepared:
            continue
        identity = identities[row.id]
        found = by_identity.get(identity)
        if row.id in ours:
            prepared[row.id] = Prepared(moves=recognised.moves(row, ours[row.id], report), found=ours[row.id])
        elif found is not None and writers.get(found.our_key) != row.id:
            prepared[row.id] = _there_already(row, found, writers.get(found.our_key))
        elif identity in seen:
            prepared[row.id] = _twice(row, seen[identity])
        else:
            seen[identity] = row.id
            prepared[row.id] = planned(_plan, integration, row)
    return prepared


def _there_already(row: DocumentRow, found: Existing, writer: int | None) -> NeedsCorrection:
    by = f"document {writer}" if writer is not None else "somebody in the ERP"
    return NeedsCorrection(
        Reason.DUPLICATE_INVOICE_NUMBER,
        f"Invoice {row.number} of this supplier is booked by {by}, as entry {found.number or found.outside_id}.",
        remedy="If it is the same invoice, discard this and see at the network that it is paid once; else have it "
        "renumbered there.",
        data={"entry": found.number, "id": found.outside_id, "document": writer},
    )


def _twice(row: DocumentRow, other: int) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.DUPLICATE_INVOICE_NUMBER,
        f"Invoice {row.number} of this supplier came twice from the network: the other is document {other}.",
        remedy="Find out which one counts; discard the other, and see at the network that it is paid once.",
        data={"document": other},
    )


def _tell_sent(tx: Tx, row: DocumentRow, operation: StoredOperation, written: Written) -> list[Move]:
    """What we wrote to a booking that we sent ourselves is no news to be sent."""
    del written
    return told(tx, row, operation.ref or "")


CODED = PostableKind(FLOW, _plan, _prepare, after_write=_tell_sent)
KIND = DocumentKind.PAYABLE


def post_coded(integration: Integration, work: RunScope) -> StepReport:
    """Post what is coded, exactly once."""
    return post(integration, work, CODED)
