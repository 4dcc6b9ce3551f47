"""How a payment that is matched becomes one entry in the ERP, and what is told of the invoices that it pays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ml_connector.documents.payables.settlements import ItemKind, Payment, Settlement
from ml_connector.documents.values.decimals import decimal_text
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import PAYMENTS, Existing, Identity, PlannedOperation, Written, target_of
from ml_connector.flows.payments.spoken import settlement_of
from ml_connector.flows.payments_in.spec import FLOW
from ml_connector.flows.posting import recognised
from ml_connector.flows.posting.already_there import set_aside
from ml_connector.flows.posting.posting import post
from ml_connector.flows.posting.postings import PostableKind, Prepared, operation_key, planned
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.work import documents, operations
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.operation_rows import StoredOperation

#: Invoices that went to the network: their story goes on with the payment.
_INVOICES = "invoices_out"


def _plan(integration: Integration, row: DocumentRow) -> list[PlannedOperation]:
    payments, key = settlement_of(row.work).payments, operation_key(row)
    planned: list[PlannedOperation] = []
    for at, payment in enumerate(payments, 1):
        own = key if len(payments) == 1 else f"{key}-{at}"
        planned += target_of(integration.erp, PAYMENTS).plan(payment, own)
    return planned


def _prepare(
    integration: Integration, rows: Sequence[DocumentRow], report: StepReport
) -> Mapping[int, Prepared | NeedsCorrection]:
    """Payments that the ERP has under their number, whoever booked them, are not begun."""
    wanted = {row.id: identity for row in rows if (identity := _identity(row)) is not None}
    existing = target_of(integration.erp, PAYMENTS).existing(list(dict.fromkeys(wanted.values())))
    ours = recognised.written_here(integration, existing)
    due = recognised.is_due(integration)
    lost = recognised.several(integration, wanted, existing, "entry_number") if due else {}
    with integration.ledger.read() as tx:
        begun = operations.outside_ids(tx, [row.id for row in rows])
    prepared: dict[int, Prepared | NeedsCorrection] = {}
    for row in rows:
        there = [one for one in existing if one.identity == wanted.get(row.id) and ours.get(one.our_key) != row.id]
        if row.id in lost:
            prepared[row.id] = Prepared(moves=recognised.moves(row, lost[row.id], report), found=lost[row.id])
        elif there and row.id not in begun:
            prepared[row.id] = _already_there(row, there, report)
        else:
            prepared[row.id] = planned(_plan, integration, row)
    return prepared


def _identity(row: DocumentRow) -> Identity | None:
    payments = settlement_of(row.work).payments
    return Identity(payments[0].party_id, payments[0].reference) if payments else None


def _already_there(row: DocumentRow, there: Sequence[Existing], report: StepReport) -> Prepared | NeedsCorrection:
    """Somebody booked it: of the same amount it is set aside, else a person says what is what."""
    one, payment = there[0], settlement_of(row.work).payments[0]
    data = {"entry": one.number, "id": one.outside_id, "amount": one.amount, "source": one.source}
    message = f"The ERP already has payment {payment.reference} as entry {one.number or one.outside_id}."
    if len(there) == 1 and Decimal(one.amount or 0) == sum(
        (line.amount + line.discount for line in payment.lines), Decimal(0)
    ):
        return Prepared(
            moves=set_aside(row, one, message, undo="take that entry back and replay this", report=report, data=data)
        )
    return NeedsCorrection(
        Reason.KEYED_BY_HAND,
        f"{message} It comes to {one.amount or 'an amount that is not told'}, this one to"
        f" {decimal_text(payment.amount)}.",
        remedy="Look at both. If that entry is this payment, discard this; else take it back and replay this.",
        data=data,
    )


@dataclass(frozen=True)
class PaidBill:
    """What a payment says of one bill or credit. back: it takes a payment of it back, whatever its sign."""

    payment: Payment
    amount: Decimal
    back: bool


def paid_bills(settlement: Settlement) -> dict[str, PaidBill]:
    """By the ERP's id of the bill. One may stand in the books in several parts: they are added up."""
    found: dict[str, PaidBill] = {}
    for payment in settlement.payments:
        for line in payment.lines:
            if line.bill:
                before = found[line.bill].amount if line.bill in found else Decimal(0)
                back = (line.amount > 0) is not (line.kind is ItemKind.BILL)
                found[line.bill] = PaidBill(payment, before + line.amount, back)
    return found


def _tell_invoices(tx: Tx, row: DocumentRow, operation: StoredOperation, written: Written) -> list[Move]:
    """The invoices that were sent to the network, and those that we booked, hear that they are paid, or are not any
    more.
    """
    del operation
    bills = paid_bills(settlement_of(row.work))
    moves: list[Move] = []
    sent: dict[str, DocumentRow] = {}
    for one in documents.outbound_of_orders(tx, row.books, _INVOICES, ids=sorted(bills)):
        sent[one.source_id or ""] = one
    booked = operations.documents_by_outside_id(tx, row.company, sorted(bills))
    told = [(bill, one.id) for bill, one in sent.items()]
    told += [(bill, one) for bill, many in booked.items() for one in many]
    for bill, document in told:
        paid = bills[bill]
        detail = {
            "payment": paid.payment.reference,
            "amount": decimal_text(paid.amount),
            "currency": paid.payment.currency,
            "entry": written.detail.get("entry_number", ""),
            "document": row.id,
        }
        moves.append(Move(document, None, "payment taken back" if paid.back else "paid", detail, release=False))
    return moves


#: What was taken back is due again: a payment may wait for just that.
PAYABLE = PostableKind(
    FLOW.name, _plan, _prepare, after_write=_tell_invoices, wakes=frozenset({Reason.PAYMENT_ABOVE_DUE})
)


def book(integration: Integration, work: RunScope) -> StepReport:
    """Book matched payments, exactly once."""
    return post(integration, work, PAYABLE)
