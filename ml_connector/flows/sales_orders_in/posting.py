"""How a customer's order that is matched becomes writes to the ERP, and orders that it has already."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from ml_connector.documents.kinds import DocumentKind
from ml_connector.documents.sales.orders import SalesOrder, SalesOrderKind
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import (
    SALES_ORDER_CHANGES,
    SALES_ORDERS,
    Existing,
    Identity,
    PlannedOperation,
    Written,
    target_of,
)
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.posting import recognised
from ml_connector.flows.posting.already_there import set_aside
from ml_connector.flows.posting.posting import post
from ml_connector.flows.posting.postings import PostableKind, Prepared, operation_key, planned
from ml_connector.flows.sales_orders_in.changes.taken import TakenChange, taken_from
from ml_connector.flows.sales_orders_in.earlier_orders import hold_taken_back
from ml_connector.flows.sales_orders_in.made_orders import is_orders, orders_from
from ml_connector.flows.sales_orders_in.settings import SalesOrdersIn
from ml_connector.flows.sales_orders_in.spec import FLOW
from ml_connector.ledger.database.store import Tx
from ml_connector.ledger.work import earlier, operations
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.operation_rows import StoredOperation
from ml_connector.ledger.work.states import DocumentState as S

_BEGUN = (S.POSTING, S.UNKNOWN_OUTCOME)


def _plan(integration: Integration, row: DocumentRow) -> list[PlannedOperation]:
    key = operation_key(row)
    taken = taken_from(row.work)
    changes = taken.changes if taken is not None else ()
    orders = taken.new if taken is not None else orders_from(row.work or "")
    many = len(changes) + len(orders) > 1
    keys = iter([f"{key}-{number}" if many else key for number in range(1, len(changes) + len(orders) + 1)])
    planned: list[PlannedOperation] = []
    for change in changes:
        planned += _of(change.reference, target_of(integration.erp, SALES_ORDER_CHANGES).plan(change, next(keys)))
    for order in orders:
        own = _of(order.reference, target_of(integration.erp, SALES_ORDERS).plan(order, next(keys)))
        first = len(planned)
        planned += [replace(one, uses={at: first + used for at, used in one.uses.items()}) for one in own]
    return planned


def _of(reference: str, planned: Sequence[PlannedOperation]) -> list[PlannedOperation]:
    """Which of a customer's orders a write is about: a change finds it by that."""
    return [one if one.ref else replace(one, ref=reference) for one in planned]


def _founded(integration: Integration, orders: Mapping[int, Sequence[SalesOrder]]) -> dict[int, NeedsCorrection]:
    """Those whose customer another document is creating: the first one that came does, the others find it there."""
    mine = {row_id: key for row_id, many in orders.items() if (key := _founds(many)) is not None}
    if not mine:
        return {}
    with integration.ledger.read() as tx:
        there = earlier.received_at(tx, integration.books, DocumentKind.ORDER, (S.MATCHED, *_BEGUN))
    founders = {one.id: (_founds(orders_from(one.work)), one.state in _BEGUN) for one in there if is_orders(one.work)}
    held = {}
    for row_id, key in mine.items():
        first = next((at for at, (its, begun) in founders.items() if its == key and at != row_id and begun), None)
        first = first or next((at for at, (its, _) in founders.items() if its == key and at < row_id), None)
        if first is not None:
            held[row_id] = NeedsCorrection(
                Reason.UNKNOWN_CUSTOMER,
                f"Customer {key[1] or key[0]} is being created with document {first}.",
                remedy="Nothing to do: it goes on by itself when that one is posted. See that document if it is held.",
                data={"customer": key[1] or key[0], "created_by": first},
            )
    return held


def _founds(orders: Sequence[SalesOrder]) -> tuple[str, str] | None:
    """Which customer is created with these."""
    new = orders[0].new_customer if orders else None
    return (new.reference.casefold(), new.code.casefold()) if new is not None else None


def _prepare(
    integration: Integration, rows: Sequence[DocumentRow], report: StepReport
) -> Mapping[int, Prepared | NeedsCorrection]:
    """Orders that the ERP has already, whoever entered them, are not begun."""
    taken = {row.id: found for row in rows if (found := taken_from(row.work)) is not None}
    prepared: dict[int, Prepared | NeedsCorrection] = {}
    for row in rows:
        if row.id in taken:
            prepared[row.id] = attempt(_change, integration, row, taken[row.id], report)
    rows = [row for row in rows if row.id not in taken]
    return {**prepared, **_prepare_orders(integration, rows, report)}


def _change(integration: Integration, row: DocumentRow, taken: TakenChange, report: StepReport) -> Prepared:
    """The writes of a change; one that changes nothing is done as it is."""
    planned = _plan(integration, row)
    if planned:
        return Prepared(planned)
    report.add_document("nothing_changes", row)
    begun = Move(row.id, S.POSTING, "nothing is to be changed", {"original": taken.original}, release=False)
    return Prepared(moves=[begun, Move(row.id, S.POSTED, "the order is as it says", {"told": list(taken.told)})])


def _prepare_orders(
    integration: Integration, rows: Sequence[DocumentRow], report: StepReport
) -> Mapping[int, Prepared | NeedsCorrection]:
    if not rows:
        return {}
    orders = {row.id: orders_from(row.work or "") for row in rows}
    wanted = {row_id: Identity(many[0].customer_id, many[0].customer_order) for row_id, many in orders.items() if many}
    existing = _existing(integration, wanted)
    due = recognised.is_due(integration)
    references = {row_id: [_reference(one) for one in many] for row_id, many in orders.items()}
    ours = recognised.several(integration, wanted, existing, "order_number", references) if due else {}
    strange = _strange(integration, existing)
    taken_back = hold_taken_back(integration, rows) | _founded(integration, orders)
    prepared: dict[int, Prepared | NeedsCorrection] = {}
    for row in rows:
        entered = [one for one in strange if one.identity == wanted.get(row.id) and not _begun(integration, row)]
        if entered and orders[row.id][0].kind is SalesOrderKind.RELEASE:
            # Others under the number are other releases, but for what we wrote of this one before a restore.
            entered = [one for one in entered if one.our_key and one.reference in references[row.id]]
        if row.id in ours:
            prepared[row.id] = Prepared(moves=recognised.moves(row, ours[row.id], report), found=ours[row.id])
        elif row.id in taken_back:
            prepared[row.id] = taken_back[row.id]
        elif entered:
            prepared[row.id] = _already_there(row, orders[row.id], entered, report)
        else:
            prepared[row.id] = planned(_plan, integration, row)
    return prepared


def _reference(order: SalesOrder) -> str:
    """What tells an order from others of the customer's number; empty where that number alone is its name."""
    return order.reference if order.reference != order.customer_order else ""


def _existing(integration: Integration, wanted: Mapping[int, Identity]) -> Sequence[Existing]:
    """What the ERP has under these customers' numbers, in batched look-ups."""
    asked = integration.settings.flows.of(SalesOrdersIn).look_for_hand_keyed or recognised.is_due(integration)
    if not asked or not wanted:
        return ()
    return target_of(integration.erp, SALES_ORDERS).existing(list(dict.fromkeys(wanted.values())))


def _strange(integration: Integration, existing: Sequence[Existing]) -> list[Existing]:
    """Those that this ledger did not write; only those with a key of ours where nobody keys any by hand."""
    if not integration.settings.flows.of(SalesOrdersIn).look_for_hand_keyed:
        existing = [one for one in existing if recognised.base_of(one.our_key)]
    keys = sorted({recognised.base_of(one.our_key) for one in existing if recognised.base_of(one.our_key)})
    with integration.ledger.read() as tx:
        known = operations.known_keys(tx, keys) if keys else set()
    return [one for one in existing if recognised.base_of(one.our_key) not in known]


def _begun(integration: Integration, row: DocumentRow) -> bool:
    """Whether some of it stands in the ERP: once begun it is finished."""
    with integration.ledger.read() as tx:
        return bool(operations.outside_ids(tx, [row.id]))


def _already_there(
    row: DocumentRow, orders: Sequence[SalesOrder], entered: Sequence[Existing], report: StepReport
) -> Prepared | NeedsCorrection:
    """The very same total is the same order, and it is set aside; any other waits for a person."""
    first = entered[0]
    number = first.number or first.outside_id
    data: dict[str, Any] = {"entry": first.number, "id": first.outside_id, "amount": first.amount, "order": row.number}
    message = f"The ERP already has order {row.number} of customer {orders[0].customer_code} as {number}."
    if len(orders) == 1 and len(entered) == 1 and orders[0].total and _amount(first.amount) == orders[0].total:
        return Prepared(
            moves=set_aside(
                row, first, message, undo="cancel that order and replay this document", report=report, data=data
            )
        )
    return NeedsCorrection(
        Reason.SALES_ORDER_EXISTS,
        message,
        remedy="Compare the two. If it is the same order, discard this; if that one is to go, cancel it in the ERP and "
        "replay this.",
        data=data,
    )


def _amount(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _after_write(tx: Tx, row: DocumentRow, operation: StoredOperation, written: Written) -> Sequence[Move]:
    """Changes that waited for this order, or for the change before them, are due; so are orders of a new customer."""
    del operation, written
    waiting = earlier.received_numbered(tx, row.books, DocumentKind.ORDER_CHANGE, {row.number})
    waiting += earlier.received_numbered(tx, row.books, DocumentKind.ORDER, {row.number})
    due = [one.id for one in waiting if one.state is S.QUARANTINED and one.reason == Reason.ORDER_CHANGE_WAITS]
    if is_orders(row.work) and _founds(orders_from(row.work)):
        held = earlier.received_held_for(tx, row.books, DocumentKind.ORDER, Reason.UNKNOWN_CUSTOMER)
        due += [one.id for one in held]
    if due:
        earlier.wake_documents(tx, due)
    return ()


SALES = PostableKind(FLOW.name, _plan, _prepare, ready=S.MATCHED, after_write=_after_write)


def post_sales_orders(integration: Integration, work: RunScope) -> StepReport:
    """Post sales orders of matched documents, exactly once."""
    return post(integration, work, SALES)
