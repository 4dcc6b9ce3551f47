"""How a remittance advice that is matched becomes payments in the ERP, and payments that it has already."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from ml_connector.documents.payables.settlements import Settlement
from ml_connector.documents.values.decimals import decimal_text
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import (
    JOURNAL_ENTRIES,
    PAYMENTS,
    Existing,
    Identity,
    PlannedOperation,
    target_of,
)
from ml_connector.flows.payments.spoken import settlement_of
from ml_connector.flows.posting import recognised
from ml_connector.flows.posting.already_there import set_aside
from ml_connector.flows.posting.posting import post
from ml_connector.flows.posting.postings import PostableKind, Prepared, operation_key, planned
from ml_connector.flows.posting.recognised import Found
from ml_connector.flows.remittances_in.spec import FLOW
from ml_connector.ledger.work import operations
from ml_connector.ledger.work.documents import DocumentRow


def _plan(integration: Integration, row: DocumentRow) -> list[PlannedOperation]:
    """Payments first, then what no bill carries; each under a key of its own."""
    settlement, key = settlement_of(row.work), operation_key(row)
    many = len(settlement.payments) + len(settlement.entries) > 1
    keys = iter([f"{key}-{at}" if many else key for at in range(1, _writes(settlement) + 1)])
    planned: list[PlannedOperation] = []
    for payment in settlement.payments:
        planned += target_of(integration.erp, PAYMENTS).plan(payment, next(keys))
    for entry in settlement.entries:
        planned += target_of(integration.erp, JOURNAL_ENTRIES).plan(entry, next(keys))
    return planned


def _writes(settlement: Settlement) -> int:
    return len(settlement.payments) + len(settlement.entries)


def _prepare(
    integration: Integration, rows: Sequence[DocumentRow], report: StepReport
) -> Mapping[int, Prepared | NeedsCorrection]:
    """Payments that the ERP has under supplier and number, whoever entered them, are not begun."""
    wanted = {row.id: _identities(settlement_of(row.work)) for row in rows}
    asked = list(dict.fromkeys(identity for many in wanted.values() for identity in many))
    existing = target_of(integration.erp, PAYMENTS).existing(asked)
    there = {one.identity: one for one in existing}
    ours = recognised.written_here(integration, existing)
    lost = _lost(integration, rows, wanted, existing)
    with integration.ledger.read() as tx:
        begun = operations.outside_ids(tx, [row.id for row in rows])
    prepared: dict[int, Prepared | NeedsCorrection] = {}
    for row in rows:
        found = [there[one] for one in wanted[row.id] if one in there and ours.get(there[one].our_key) != row.id]
        if row.id in lost:
            prepared[row.id] = Prepared(moves=recognised.moves(row, lost[row.id], report), found=lost[row.id])
        elif found and row.id not in begun:
            prepared[row.id] = _already_there(row, found, report)
        else:
            prepared[row.id] = planned(_plan, integration, row)
    return prepared


def _identities(settlement: Settlement) -> list[Identity]:
    return [Identity(payment.party_id, payment.reference) for payment in settlement.payments]


def _lost(
    integration: Integration,
    rows: Sequence[DocumentRow],
    wanted: Mapping[int, Sequence[Identity]],
    existing: Sequence[Existing],
) -> dict[int, list[Found]]:
    """Those that we entered before the ledger was restored. One with several payments is left to a person."""
    if not recognised.is_due(integration):
        return {}
    single = {row.id: wanted[row.id][0] for row in rows if _writes(settlement_of(row.work)) == 1}
    return recognised.several(integration, single, existing, "payment_number")


def _already_there(row: DocumentRow, found: Sequence[Existing], report: StepReport) -> Prepared | NeedsCorrection:
    """The ERP has this payment. The same amounts: it is set aside. Others: a person says what is what."""
    one, payments = found[0], settlement_of(row.work).payments
    data = {"entries": [{"id": each.outside_id, "amount": each.amount} for each in found[:20]]}
    message = f"The ERP already has payment {row.number} to this supplier as entry {one.number or one.outside_id}."
    same = {(payment.party_id, payment.amount) for payment in payments}
    if same == {(each.identity.party_id, Decimal(each.amount or 0)) for each in found}:
        return Prepared(
            moves=set_aside(
                row, one, message, undo="void that entry and replay this document", report=report, data=data
            )
        )
    return NeedsCorrection(
        Reason.KEYED_BY_HAND,
        f"{message} Its amount is {one.amount or 'not told'}, this one's"
        f" {', '.join(decimal_text(payment.amount) for payment in payments)}.",
        remedy="If it is the same payment, discard this. If not, enter this one by hand and discard it.",
        data=data,
    )


PAYABLE = PostableKind(FLOW.name, _plan, _prepare)


def post_payments(integration: Integration, work: RunScope) -> StepReport:
    """Enter the payments of matched advices, exactly once."""
    return post(integration, work, PAYABLE)
