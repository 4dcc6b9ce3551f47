"""How an invoice that is coded becomes writes to the ERP, and bills that it has already."""

from collections.abc import Mapping, Sequence

from ml_connector.documents.erp_postings import Bill
from ml_connector.documents.kinds import DocumentKind
from ml_connector.documents.records import from_json
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import BILLS as BILLS_TARGET
from ml_connector.flows.core.ports import Existing, Identity, PlannedOperation, target_of
from ml_connector.flows.invoices_in.earlier_invoices import hold_taken_back
from ml_connector.flows.invoices_in.spec import FLOW
from ml_connector.flows.posting import recognised
from ml_connector.flows.posting.already_there import set_aside
from ml_connector.flows.posting.earlier_documents import overtaken
from ml_connector.flows.posting.posting import post
from ml_connector.flows.posting.postings import PostableKind, Prepared, operation_key, planned
from ml_connector.ledger.work.documents import DocumentRow, Move


def _bill(row: DocumentRow) -> Bill:
    return from_json(Bill, row.work or "{}")


def _plan_bill(integration: Integration, row: DocumentRow) -> list[PlannedOperation]:
    return list(target_of(integration.erp, BILLS_TARGET).plan(_bill(row), operation_key(row)))


def _prepare_bills(
    integration: Integration, rows: Sequence[DocumentRow], report: StepReport
) -> Mapping[int, Prepared | NeedsCorrection]:
    """Bills that the ERP has already, whoever entered them, are not begun."""
    bills = {row.id: _bill(row) for row in rows}
    identities = {row_id: Identity(bill.vendor_id, bill.number) for row_id, bill in bills.items()}
    ours = recognised.bills(integration, identities)
    there = target_of(integration.erp, BILLS_TARGET).existing(list(identities.values())) if _looks(integration) else ()
    entered = by_others(integration, identities, there)
    written = _by_another(integration, rows, identities, there)
    waits = {**hold_taken_back(integration, rows), **overtaken(integration, rows, DocumentKind.INVOICE)}
    prepared: dict[int, Prepared | NeedsCorrection] = {}
    for row in rows:
        if row.id in ours:
            prepared[row.id] = Prepared(moves=recognised.moves(row, ours[row.id], report), found=ours[row.id])
        elif row.id in entered:
            prepared[row.id] = Prepared(moves=already_there(row, entered[row.id], report))
        elif row.id in written:
            prepared[row.id] = written[row.id]
        elif row.id in waits:
            prepared[row.id] = waits[row.id]
        else:
            prepared[row.id] = planned(_plan_bill, integration, row)
    return prepared


def _looks(integration: Integration) -> bool:
    return integration.settings.flows.invoices_in.look_for_hand_keyed


def by_others(
    integration: Integration, identities: Mapping[int, Identity], there: Sequence[Existing]
) -> dict[int, Existing]:
    """Those of these bills that the ERP has under supplier and number, written by others than this ledger; by document.

    there: what the ERP has, from a batched look-up.
    """
    ours = recognised.written_here(integration, there)
    found = {one.identity: one for one in there if one.our_key not in ours}
    return {row_id: found[identity] for row_id, identity in identities.items() if identity in found}


def _by_another(
    integration: Integration, rows: Sequence[DocumentRow], identities: Mapping[int, Identity], there: Sequence[Existing]
) -> dict[int, NeedsCorrection]:
    """Those whose number another document of ours has taken in the ERP meanwhile, as one that came under another
    partner file of the supplier and was looked at beside us.
    """
    ours = recognised.written_here(integration, there)
    found = {one.identity: one for one in there if one.our_key in ours}
    held: dict[int, NeedsCorrection] = {}
    for row in rows:
        one = found.get(identities[row.id])
        if one is None or ours[one.our_key] == row.id:
            continue
        writer = ours[one.our_key]
        held[row.id] = NeedsCorrection(
            Reason.DUPLICATE_INVOICE_NUMBER,
            f"Number {row.number} is posted already, as entry {one.number or one.outside_id}, by document {writer}.",
            remedy="Ask the supplier which one counts; discard the other.",
            data={"number": row.number, "earlier_document": writer, "entry": one.number},
        )
    return held


def already_there(row: DocumentRow, existing: Existing, report: StepReport) -> list[Move]:
    """The ERP has this invoice: it is set aside."""
    message = f"The ERP already has invoice {row.number} as entry {existing.number or existing.outside_id}."
    return set_aside(row, existing, message, undo="void that entry and replay this document", report=report)


#: A payment may wait for just this bill.
BILLS = PostableKind(FLOW.name, _plan_bill, _prepare_bills, wakes=frozenset({Reason.PAYMENT_ITEM_UNKNOWN}))


def post_bills(integration: Integration, work: RunScope) -> StepReport:
    """Post bills of coded invoices, exactly once."""
    return post(integration, work, BILLS)
