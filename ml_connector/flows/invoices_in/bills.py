"""How an invoice that is coded becomes writes to the ERP, and bills that it has already."""

from collections.abc import Mapping, Sequence
from typing import Any

from ml_connector.documents.bills import Bill
from ml_connector.documents.records import from_json
from ml_connector.errors import NeedsMending, Reason
from ml_connector.flows.core.integration import Integration, StepReport, Work
from ml_connector.flows.core.ports import BILLS as BILLS_TARGET
from ml_connector.flows.core.ports import Existing, Identity, PlannedOperation, target_of
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.invoices_in.earlier_invoices import hold_taken_back
from ml_connector.flows.invoices_in.spec import FLOW
from ml_connector.flows.posting import recognised
from ml_connector.flows.posting.posting import post
from ml_connector.flows.posting.postings import PostableKind, Prepared, operation_key
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S


def _bill(row: DocumentRow) -> Bill:
    return from_json(Bill, row.work or "{}")


def _plan_bill(integration: Integration, row: DocumentRow) -> list[PlannedOperation]:
    return list(target_of(integration.erp, BILLS_TARGET).plan(_bill(row), operation_key(row)))


def _prepare_bills(
    integration: Integration, rows: Sequence[DocumentRow], report: StepReport
) -> Mapping[int, Prepared | NeedsMending]:
    """Bills that the ERP has already, whoever entered them, are not begun."""
    bills = {row.id: _bill(row) for row in rows}
    identities = {row_id: Identity(bill.vendor_id, bill.number) for row_id, bill in bills.items()}
    ours = recognised.bills(integration, identities)
    entered = _entered_by_hand(integration, bills)
    taken_back = hold_taken_back(integration, rows)
    prepared: dict[int, Prepared | NeedsMending] = {}
    for row in rows:
        if row.id in ours:
            prepared[row.id] = Prepared(moves=recognised.moves(row, ours[row.id], report), found=ours[row.id])
        elif row.id in entered:
            prepared[row.id] = Prepared(moves=already_there(row, entered[row.id], report))
        elif row.id in taken_back:
            prepared[row.id] = taken_back[row.id]
        else:
            prepared[row.id] = attempt(
                lambda row=row: Prepared(
                    target_of(integration.erp, BILLS_TARGET).plan(bills[row.id], operation_key(row))
                )  # type: ignore[misc]
            )
    return prepared


def _entered_by_hand(integration: Integration, bills: Mapping[int, Bill]) -> dict[int, Existing]:
    """Those of these bills, by document, that the ERP has already under supplier and number, in batched look-ups."""
    if not integration.settings.flows.invoices_in.look_for_hand_keyed:
        return {}
    identities = {row_id: Identity(bill.vendor_id, bill.number) for row_id, bill in bills.items()}
    found = {
        existing.identity: existing
        for existing in target_of(integration.erp, BILLS_TARGET).existing(list(identities.values()))
    }
    return {row_id: found[identity] for row_id, identity in identities.items() if identity in found}


def already_there(row: DocumentRow, existing: Existing, report: StepReport) -> list[Move]:
    """The ERP has this invoice: it is set aside."""
    report.add(
        "duplicate",
        row.partition_date,
        document=row.number,
        document_id=row.id,
        partner=row.partner,
        entry=existing.number,
    )
    mend = "Nothing to do if it was keyed by hand; else void that entry and replay this document."
    if existing.our_key:
        mend = (
            "It carries a key of this connector that the ledger does not know: this ledger was restored, or another "
            "one posts here too. If restored: `ml-connector ledger restored --since`, then replay this. Do not void it."
        )
    detail: dict[str, Any] = {
        "message": f"The ERP already has invoice {row.number} as entry {existing.number or existing.outside_id}.",
        "mend": mend,
        "data": {"entry": existing.number, "id": existing.outside_id, "source": existing.source},
    }
    change = {"reason": str(Reason.KEYED_BY_HAND), "reason_detail": detail, "business_key": row.business_key}
    return [Move(row.id, S.DUPLICATE, "found in the ERP", detail["data"], changes=change)]


BILLS = PostableKind(FLOW.name, _plan_bill, _prepare_bills)


def post_bills(integration: Integration, work: Work) -> StepReport:
    """Post bills of coded invoices, exactly once."""
    return post(integration, work, BILLS)
