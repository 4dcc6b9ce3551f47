"""How an order of our own purchasing that is matched is entered in the ERP, and orders that it has already."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from ml_connector.documents.payables.purchases import Purchase
from ml_connector.documents.records import from_json
from ml_connector.documents.values.currencies import rounded
from ml_connector.documents.values.decimals import decimal_text
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import PURCHASES, Existing, Identity, PlannedOperation, target_of
from ml_connector.flows.posting import recognised
from ml_connector.flows.posting.already_there import set_aside
from ml_connector.flows.posting.posting import post
from ml_connector.flows.posting.postings import PostableKind, Prepared, operation_key, planned
from ml_connector.flows.purchase_orders_in.spec import FLOW
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S


def _purchase(row: DocumentRow) -> Purchase:
    return from_json(Purchase, row.work or "{}")


def _plan(integration: Integration, row: DocumentRow) -> list[PlannedOperation]:
    return list(target_of(integration.erp, PURCHASES).plan(_purchase(row), operation_key(row)))


def _prepare(
    integration: Integration, rows: Sequence[DocumentRow], report: StepReport
) -> Mapping[int, Prepared | NeedsCorrection]:
    """Orders that the ERP has under supplier and number, whoever entered them, are not begun."""
    wanted = {row.id: Identity(_purchase(row).vendor_id, _purchase(row).number) for row in rows}
    existing = target_of(integration.erp, PURCHASES).existing(list(dict.fromkeys(wanted.values())))
    ours = recognised.written_here(integration, existing)
    due = recognised.is_due(integration)
    lost = recognised.several(integration, wanted, existing, "order_number") if due else {}
    there = {one.identity: one for one in existing}
    prepared: dict[int, Prepared | NeedsCorrection] = {}
    for row in rows:
        one = there.get(wanted[row.id])
        if row.id in lost:
            prepared[row.id] = Prepared(moves=recognised.moves(row, lost[row.id], report), found=lost[row.id])
        elif one is not None and ours.get(one.our_key) != row.id:
            prepared[row.id] = _already_there(row, one, report)
        else:
            prepared[row.id] = planned(_plan, integration, row)
    return prepared


def _already_there(row: DocumentRow, one: Existing, report: StepReport) -> Prepared | NeedsCorrection:
    """The ERP has an order under this number. Of another amount it may be another order: a person says so."""
    message = f"The ERP already has order {row.number} of this supplier as {one.number or one.outside_id}."
    total = _total(_purchase(row))
    if total is None or not one.amount or Decimal(one.amount) == total:
        moves = set_aside(row, one, message, undo="take that order back and replay this", report=report)
        return Prepared(moves=moves)
    return NeedsCorrection(
        Reason.KEYED_BY_HAND,
        f"{message} It comes to {decimal_text(Decimal(one.amount))}, this one to {decimal_text(total)}.",
        remedy="Look at both. If that is this order, discard this; else take that one back and replay this.",
        data={"entry": one.number, "id": one.outside_id, "amount": one.amount, "total": decimal_text(total)},
    )


def _total(purchase: Purchase) -> Decimal | None:
    """In its currency's places; None where a price is the ERP's."""
    amounts = [line.quantity * line.price for line in purchase.lines if line.price is not None]
    return rounded(sum(amounts, Decimal(0)), purchase.currency) if len(amounts) == len(purchase.lines) else None


PURCHASE = PostableKind(FLOW.name, _plan, _prepare, ready=S.MATCHED)


def post_purchases(integration: Integration, work: RunScope) -> StepReport:
    """Enter matched orders of our own purchasing, exactly once."""
    return post(integration, work, PURCHASE)
