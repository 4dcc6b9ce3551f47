"""What is posted to an ERP and how it becomes operations: bills, goods receipts, and (in `write_back`) order lines."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ml_connector.documents.bills import Bill, GoodsReceipt
from ml_connector.errors import NeedsMending, Reason
from ml_connector.flows import earlier_notices, recognised
from ml_connector.flows.context import Integration, StepReport
from ml_connector.flows.earlier_invoices import hold_taken_back
from ml_connector.flows.holding import attempt
from ml_connector.flows.ports import BillIdentity, ExistingBill, PlannedOperation, ReceiptIdentity, Written
from ml_connector.flows.recognised import Found
from ml_connector.ledger.books import Books
from ml_connector.ledger.documents import DocumentRow, Move
from ml_connector.ledger.states import DocumentState as S
from ml_connector.ledger.store import Tx


@dataclass(frozen=True)
class Prepared:
    """What a document needs: writes to be begun, or (without a write) moves that end it. changes: of its columns.

    found: what the ERP has of it from before a restore; recorded as done.
    """

    plan: Sequence[PlannedOperation] = ()
    moves: Sequence[Move] = ()
    found: Sequence[Found] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)


#: Decides for a batch, by document; what may ask the ERP, asks it once for all of them.
Prepare = Callable[[Integration, Sequence[DocumentRow], StepReport], Mapping[int, Prepared | NeedsMending]]
#: What else is true in the ledger once a write is done, committed with its outcome.
AfterWrite = Callable[[Tx, DocumentRow, Written], Sequence[Move]]


def _nothing_else(tx: Tx, row: DocumentRow, written: Written) -> Sequence[Move]:
    del tx, row, written
    return ()


def _no_changes(row: DocumentRow) -> Mapping[str, Any]:
    del row
    return {}


@dataclass(frozen=True)
class PostableKind:
    """How a kind of document becomes operations.

    ready, done: the states before and after. plan: the writes of one document, for a dry run. closing: columns that
    change when all its writes are done.
    """

    flow: str
    plan: Callable[[Integration, DocumentRow], list[PlannedOperation]]
    prepare: Prepare
    ready: S = S.CODED
    done: S = S.POSTED
    after_write: AfterWrite = _nothing_else
    closing: Callable[[DocumentRow], Mapping[str, Any]] = _no_changes


def operation_key(row: DocumentRow) -> str:
    """The key written to the other side: stable for this document of this ledger, and nobody else's.

    No name of ours is in it: a connection or partner that is renamed finds what it wrote before.
    """
    if row.operation_key is not None:
        return row.operation_key
    return key_of(row.books, row.id, row.created_at)


def key_of(books: Books, document_id: int, created_at: datetime) -> str:
    """The key of a document that came so in a company that its ERP called so."""
    identity = f"{books}|{document_id}|{created_at.isoformat()}"
    return "mlc-" + hashlib.sha256(identity.encode()).hexdigest()[:20]


def _bill(row: DocumentRow) -> Bill:
    return Bill.model_validate_json(row.work or "{}")


def _plan_bill(integration: Integration, row: DocumentRow) -> list[PlannedOperation]:
    return list(integration.erp.plan_bill(_bill(row), operation_key(row)))


def _plan_receipts(integration: Integration, row: DocumentRow) -> list[PlannedOperation]:
    key = operation_key(row)
    receipts = [GoodsReceipt.model_validate(item) for item in json.loads(row.work or "[]")]
    many = len(receipts) > 1
    planned: list[PlannedOperation] = []
    for number, receipt in enumerate(receipts, 1):
        planned += integration.erp.plan_receipt(receipt, f"{key}-{number}" if many else key)
    return planned


def _prepare_bills(
    integration: Integration, rows: Sequence[DocumentRow], report: StepReport
) -> Mapping[int, Prepared | NeedsMending]:
    """Bills that the ERP has already, whoever entered them, are not begun."""
    bills = {row.id: _bill(row) for row in rows}
    identities = {row_id: BillIdentity(bill.vendor_id, bill.number) for row_id, bill in bills.items()}
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
                lambda row=row: Prepared(integration.erp.plan_bill(bills[row.id], operation_key(row)))  # type: ignore[misc]
            )
    return prepared


def _prepare_receipts(
    integration: Integration, rows: Sequence[DocumentRow], report: StepReport
) -> Mapping[int, Prepared | NeedsMending]:
    prepared: dict[int, Prepared | NeedsMending] = {}
    ours = recognised.receipts(
        integration, {row.id: one for row in rows if (one := _receipt_identity(row)) is not None}
    )
    gone = earlier_notices.hold_taken_back(integration, rows)
    for row in rows:
        if row.id in ours:
            prepared[row.id] = Prepared(moves=recognised.moves(row, ours[row.id], report), found=ours[row.id])
        elif row.id in gone:
            prepared[row.id] = gone[row.id]
        else:
            prepared[row.id] = attempt(lambda row=row: Prepared(_plan_receipts(integration, row)))  # type: ignore[misc]
    return prepared


def _receipt_identity(row: DocumentRow) -> ReceiptIdentity | None:
    receipts = json.loads(row.work or "[]")
    return ReceiptIdentity(receipts[0]["vendor_id"], receipts[0]["reference"]) if receipts else None


def _entered_by_hand(integration: Integration, bills: Mapping[int, Bill]) -> dict[int, ExistingBill]:
    """Those of these bills, by document, that the ERP has already under supplier and number, in batched look-ups."""
    if not integration.settings.flows.invoices_in.look_for_hand_keyed:
        return {}
    identities = {row_id: BillIdentity(bill.vendor_id, bill.number) for row_id, bill in bills.items()}
    found = {existing.identity: existing for existing in integration.erp.find_bills(list(identities.values()))}
    return {row_id: found[identity] for row_id, identity in identities.items() if identity in found}


def already_there(row: DocumentRow, existing: ExistingBill, report: StepReport) -> list[Move]:
    """The ERP has this invoice: it is set aside."""
    report.add("duplicate", row.partition_date, document=row.number, partner=row.partner, entry=existing.entry_number)
    mend = "Nothing to do if it was keyed by hand; else void that entry and replay this document."
    if existing.our_key:
        mend = (
            "It carries a key of this connector that the ledger does not know: this ledger was restored, or another "
            "one posts here too. If restored: `ml-connector ledger restored --since`, then replay this. Do not void it."
        )
    detail: dict[str, Any] = {
        "message": f"The ERP already has invoice {row.number} as entry {existing.entry_number or existing.outside_id}.",
        "mend": mend,
        "data": {"entry": existing.entry_number, "id": existing.outside_id, "source": existing.source},
    }
    change = {"reason": str(Reason.KEYED_BY_HAND), "reason_detail": detail, "business_key": row.business_key}
    return [Move(row.id, S.DUPLICATE, "found in the ERP", detail["data"], changes=change)]


BILLS = PostableKind("invoices_in", _plan_bill, _prepare_bills)
RECEIPTS = PostableKind("shipments_in", _plan_receipts, _prepare_receipts)
