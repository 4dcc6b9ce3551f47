"""How a customer's order that is matched becomes writes to the ERP, and orders that it has already."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from ml_connector.documents.sales.orders import SalesOrder, SalesOrderKind
from ml_connector.errors import NeedsMending, Reason
from ml_connector.flows.core.integration import Integration, StepReport, Work
from ml_connector.flows.core.ports import SALES_ORDERS, Existing, Identity, PlannedOperation, target_of
from ml_connector.flows.core.quarantine import attempt
from ml_connector.flows.posting import recognised
from ml_connector.flows.posting.posting import post
from ml_connector.flows.posting.postings import PostableKind, Prepared, operation_key
from ml_connector.flows.sales_orders_in.earlier_orders import hold_taken_back
from ml_connector.flows.sales_orders_in.made_orders import orders_from
from ml_connector.flows.sales_orders_in.settings import SalesOrdersIn
from ml_connector.flows.sales_orders_in.spec import FLOW
from ml_connector.ledger.work import operations
from ml_connector.ledger.work.documents import DocumentRow, Move
from ml_connector.ledger.work.states import DocumentState as S


def _plan(integration: Integration, row: DocumentRow) -> list[PlannedOperation]:
    key = operation_key(row)
    orders = orders_from(row.work or "")
    many = len(orders) > 1
    planned: list[PlannedOperation] = []
    for number, order in enumerate(orders, 1):
        planned += target_of(integration.erp, SALES_ORDERS).plan(order, f"{key}-{number}" if many else key)
    return planned


def _prepare(
    integration: Integration, rows: Sequence[DocumentRow], report: StepReport
) -> Mapping[int, Prepared | NeedsMending]:
    """Orders that the ERP has already, whoever entered them, are not begun."""
    orders = {row.id: orders_from(row.work or "") for row in rows}
    wanted = {row_id: Identity(many[0].customer_id, many[0].customer_order) for row_id, many in orders.items() if many}
    existing = _existing(integration, wanted)
    due = recognised.is_due(integration)
    references = {row_id: [_reference(one) for one in many] for row_id, many in orders.items()}
    ours = recognised.several(integration, wanted, existing, "order_number", references) if due else {}
    strange = _strange(integration, existing)
    taken_back = hold_taken_back(integration, rows)
    prepared: dict[int, Prepared | NeedsMending] = {}
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
            prepared[row.id] = attempt(lambda row=row: Prepared(_plan(integration, row)))  # type: ignore[misc]
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
) -> Prepared | NeedsMending:
    """The very same total is the same order, and it is set aside; any other waits for a person."""
    first = entered[0]
    number = first.number or first.outside_id
    data: dict[str, Any] = {"entry": first.number, "id": first.outside_id, "amount": first.amount, "order": row.number}
    message = f"The ERP already has order {row.number} of customer {orders[0].customer_code} as {number}."
    if len(orders) == 1 and len(entered) == 1 and orders[0].total and _amount(first.amount) == orders[0].total:
        report.add("duplicate", row.partition_date, document=row.number, partner=row.partner, entry=number)
        mend = "Nothing to do if it was keyed by hand; else cancel that order and replay this document."
        detail = {"message": message, "mend": mend, "data": data}
        change = {"reason": str(Reason.KEYED_BY_HAND), "reason_detail": detail, "business_key": row.business_key}
        return Prepared(moves=[Move(row.id, S.DUPLICATE, "found in the ERP", data, changes=change)])
    return NeedsMending(
        Reason.SALES_ORDER_EXISTS,
        message,
        mend="Compare the two. If it is the same order, discard this; if that one is to go, cancel it in the ERP and "
        "replay this.",
        data=data,
    )


def _amount(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


SALES = PostableKind(FLOW.name, _plan, _prepare, ready=S.MATCHED)


def post_sales_orders(integration: Integration, work: Work) -> StepReport:
    """Post sales orders of matched documents, exactly once."""
    return post(integration, work, SALES)
