"""Writing agreed changes to the ERP's orders: planned, begun, settled and recovered by `posting`, as invoices are.

Before it is begun each line is compared with the order as the ERP has it now: what was changed there since it was sent
is not written over. With the outcome, the order that was sent takes the change as known, so that our own write does
not come back as a new revision for the partner that proposed it (DESIGN section 3, invariant 7).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ml_connector.documents.common import DocumentKind, changed
from ml_connector.documents.json import dump
from ml_connector.documents.order_agreements import AgreedChange, AgreedLine
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.documents.records import from_values, json_values
from ml_connector.documents.reference import OpenOrder, OpenOrderLine
from ml_connector.documents.values.decimals import decimal_text
from ml_connector.errors import NeedsCorrection
from ml_connector.flows.acknowledgments_in.order_acks import FLOW, closing
from ml_connector.flows.core.integration import Integration, StepReport
from ml_connector.flows.core.ports import (
    ORDER_CHANGES,
    PURCHASE_ORDERS,
    PlannedOperation,
    Written,
    source_of,
    target_of,
)
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.orders_out.agreed_changes import with_line
from ml_connector.flows.orders_out.order_changes import content_hash
from ml_connector.flows.posting.postings import PostableKind, Prepared, operation_key
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.operation_rows import StoredOperation
from ml_connector.ledger.work.states import DocumentState as S


def _outcome(row: DocumentRow) -> dict[str, Any]:
    """What was recorded of the answer."""
    recorded: dict[str, Any] = json.loads(row.work or "{}")
    return recorded


def _change(outcome: Mapping[str, Any]) -> AgreedChange:
    return from_values(AgreedChange, outcome["agreed"])


def _plan(integration: Integration, row: DocumentRow) -> list[PlannedOperation]:
    return list(target_of(integration.erp, ORDER_CHANGES).plan(_change(_outcome(row)), operation_key(row)))


def _prepare(
    integration: Integration, rows: Sequence[DocumentRow], report: StepReport
) -> Mapping[int, Prepared | NeedsCorrection]:
    """Plans over the orders as the ERP has them now, read in batched look-ups."""
    changes = {row.id: _change(_outcome(row)) for row in rows}
    read = source_of(integration.erp, PURCHASE_ORDERS).by_id([change.order_id for change in changes.values()])
    orders = {source.document.id: source.document for source in read}
    return {row.id: _prepared(integration, row, orders.get(changes[row.id].order_id), report) for row in rows}


def _prepared(integration: Integration, row: DocumentRow, order: OpenOrder | None, report: StepReport) -> Prepared:
    outcome = _outcome(row)
    change = _change(outcome)
    lines: list[AgreedLine] = []
    for line in change.lines:
        why = _in_the_way(line, order)
        if not why:
            lines.append(line)
            continue
        _note(outcome, line, "not_written", why)
        outcome |= {"left": outcome["left"] + 1, "act": True}
    outcome["agreed"] = json_values(changed(change, lines=tuple(lines)))
    if not lines:
        report.add_document("not_written", row)
        columns = closing(row.partner, change.order_number, outcome)
        return Prepared(moves=[Move(row.id, S.APPLIED, "nothing of it can be written", changes=columns)])
    planned = target_of(integration.erp, ORDER_CHANGES).plan(_change(outcome), operation_key(row))
    return Prepared(planned, changes={"work": json.dumps(outcome, sort_keys=True)})


def _in_the_way(agreed: AgreedLine, order: OpenOrder | None) -> str:
    """Why a line is not written; empty when it may be."""
    if order is None or order.cancelled:
        return "the order is cancelled in the ERP" if order is not None else "the ERP does not have the order any more"
    line = next((one for one in order.lines if one.id == agreed.order_line_id), None)
    if line is None:
        return "the line is no longer on the order"
    if not _as_sent(line, agreed):
        return "the line was changed in the ERP since it was sent"
    if agreed.quantity is not None and agreed.quantity < line.received:
        return f"{decimal_text(line.received)} were received already"
    return ""


def _as_sent(line: OpenOrderLine, agreed: AgreedLine) -> bool:
    """Whether the ERP's line is what the partner was sent, or already what was agreed."""
    return line.quantity in (agreed.was_quantity, agreed.quantity) and line.receipt_date in (
        agreed.was_date,
        agreed.receipt_date,
    )


def _note(outcome: dict[str, Any], line: AgreedLine, name: str, text: str) -> None:
    for shown in outcome["lines"]:
        if shown["line"] == line.number:
            shown[name] = text


def _after_write(tx: Tx, row: DocumentRow, operation: StoredOperation, written: Written) -> Sequence[Move]:
    """The order as sent takes the line as known: what it is compared with from now on."""
    del written
    line = next(one for one in _change(_outcome(row)).lines if one.order_line_id == operation.ref)
    (order,) = documents.get_many(tx, [row.parent_id] if row.parent_id is not None else [])
    content = with_line(stored(DocumentKind.ORDER, order.work or "", PurchaseOrder), line)
    detail = {"by": row.id, "line": line.number, **_values(line)}
    written_lines = [*(order.source_changes or []), json_values(line)]
    changes = {"work": dump(content), "content_hash": content_hash(content), "source_changes": written_lines}
    return [Move(order.id, None, "agreed change written to the order", detail, changes=changes, release=False)]


def _values(line: AgreedLine) -> dict[str, str]:
    values: dict[str, str] = {}
    if line.quantity is not None:
        was = decimal_text(line.was_quantity) if line.was_quantity is not None else "?"
        values["quantity"] = f"{was} -> {decimal_text(line.quantity)}"
    if line.receipt_date is not None:
        values["date"] = f"{line.was_date or '?'} -> {line.receipt_date}"
    return values


def _closing(row: DocumentRow) -> Mapping[str, Any]:
    outcome = _outcome(row)
    change = _change(outcome)
    for line in change.lines:
        _note(outcome, line, "written_back", ", ".join(f"{name} {text}" for name, text in _values(line).items()))
    return closing(row.partner, change.order_number, outcome)


ANSWERS = PostableKind(
    FLOW, _plan, _prepare, ready=S.MATCHED, done=S.APPLIED, after_write=_after_write, closing=_closing
)
