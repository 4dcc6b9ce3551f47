"""Whether a customer's change may be applied now, and to what: beside its order and the changes that came before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ml_connector.config.partners import Partner, SalesRules, rules_for
from ml_connector.documents.common import changed
from ml_connector.documents.orders import OrderChange, PurchaseOrder
from ml_connector.documents.sales.changes import SalesOrderChange
from ml_connector.documents.sales.orders import SalesOrder
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.core.integration import Integration
from ml_connector.flows.core.ports import SALES_ORDER_CHANGES, SALES_ORDERS
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.posting.earlier_documents import GIVEN_UP
from ml_connector.flows.reference.sales_book import SalesBook
from ml_connector.flows.sales_orders_in.building import sales_orders_for
from ml_connector.flows.sales_orders_in.changes.differing import Differing, differing
from ml_connector.flows.sales_orders_in.changes.merging import Merged, merged
from ml_connector.flows.sales_orders_in.changes.taken import TakenChange, taken_from
from ml_connector.flows.sales_orders_in.changes.turns import Turn, turn_of
from ml_connector.flows.sales_orders_in.made_orders import orders_from
from ml_connector.flows.sales_orders_in.settings import SalesOrdersIn
from ml_connector.ledger.work import operations
from ml_connector.ledger.work.documents import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S

#: A change that has begun, or is about to.
_BEGUN = frozenset({S.MATCHED, S.POSTING, S.UNKNOWN_OUTCOME})


@dataclass(frozen=True)
class Coming:
    """A change, with the row that it came as."""

    row: DocumentRow
    change: OrderChange

    @property
    def turn(self) -> Turn:
        """When it has its turn."""
        return turn_of(self.row.id, self.change)


@dataclass(frozen=True)
class _Base:
    """An order as it stands for the customer. last: the change that was applied last."""

    order: PurchaseOrder
    orders: Sequence[SalesOrder]
    position: int = 0
    last: Coming | None = None
    cancelled: bool = False


@dataclass(frozen=True)
class Books:
    """What a change is read with."""

    settings: SalesOrdersIn
    sales: SalesBook
    today: date


def is_applied(integration: Integration, partner: Partner) -> bool:
    """Whether changes of a partner are written to the ERP, which can take them."""
    rules = rules_for(integration.settings.flows.of(SalesOrdersIn), partner.sales)
    return rules.changes == "apply" and SALES_ORDER_CHANGES.name in integration.erp.targets


def taken_with(order: PurchaseOrder, changes: Sequence[Coming], rules: SalesRules) -> PurchaseOrder | None:
    """An order that is not posted yet, with the changes that came before it was; None where it is cancelled.

    Raises:
        NeedsCorrection: one of them is not clear.
    """
    for one in in_turn(changes):
        step = merged(order, one.change, rules)
        if step.cancelled:
            return None
        order = step.order
    return order


def in_turn(changes: Sequence[Coming]) -> list[Coming]:
    """Changes in the order that they count in."""
    found: list[Coming] = []
    for one in sorted(changes, key=lambda coming: coming.row.id):
        at = next((at for at, other in enumerate(found) if one.turn.is_before(other.turn)), len(found))
        found.insert(at, one)
    return found


def decide(
    integration: Integration,
    coming: Coming,
    original: DocumentRow,
    others: Sequence[Coming],
    partner: Partner,
    books: Books,
    *,
    by_hand: bool,
) -> TakenChange:
    """What a change is applied as. others: the other changes of its order, whatever became of them.

    Raises:
        NeedsCorrection: it waits for something else first, is older than what was applied, or is not clear.
    """
    rules = rules_for(books.settings, partner.sales)
    if original.state is not S.POSTED:
        raise _waits(coming, f"its order, document {original.id}, is {original.state} and not in the ERP yet", original)
    others = [one for one in others if one.row.state not in GIVEN_UP]
    base = _base(original, others, rules)
    if coming.row.id in _included(original):
        return TakenChange(
            original=original.id, position=base.position, order=base.order, orders=tuple(base.orders),
            told=("it is in the order as it was posted",),
        )  # fmt: skip
    _check_turn(coming, base, others, _included(original), by_hand=by_hand)
    if base.cancelled:
        raise _old(coming, "the order is cancelled already", base.last)
    step = merged(base.order, coming.change, rules)
    step, after = _rebuilt(step, partner, books)
    found, new = differing(base.orders, after, step)
    ids = _ids(integration, original, others, base.orders)
    gone = all(one.now is None for one in found) and not new
    kept = [one.now for one in found if one.now is not None]
    return TakenChange(
        original=original.id,
        position=base.position + 1,
        order=step.order,
        orders=(*kept, *new),
        changes=tuple(_change(one, ids) for one in found if not one.is_same),
        new=tuple(new),
        cancelled=gone,
        told=step.told,
    )


def _rebuilt(step: Merged, partner: Partner, books: Books) -> tuple[Merged, list[SalesOrder]]:
    """The sales orders that the changed order means."""
    if step.cancelled:
        return step, []
    return step, sales_orders_for(step.order, partner, books.settings, books.sales, books.today)


def _base(original: DocumentRow, others: Sequence[Coming], rules: SalesRules) -> _Base:
    applied = [(found, one) for one in others if (found := _applied(one.row)) is not None]
    if applied:
        taken, last = max(applied, key=lambda pair: pair[0].position)
        if taken.position:
            return _Base(taken.order, taken.orders, taken.position, last, taken.cancelled)
    order = stored(original.kind, original.canonical, PurchaseOrder)
    included = _included(original)
    inside = in_turn([one for one in others if one.row.id in included])
    order = taken_with(order, inside, rules) or order
    return _Base(order, orders_from(original.work or ""), 0, inside[-1] if inside else None)


def _applied(row: DocumentRow) -> TakenChange | None:
    return taken_from(row.work) if row.state is S.POSTED else None


def _included(original: DocumentRow) -> frozenset[int]:
    return frozenset(one for order in orders_from(original.work or "") for one in order.changes)


def _check_turn(
    coming: Coming, base: _Base, others: Sequence[Coming], included: frozenset[int], *, by_hand: bool
) -> None:
    for one in others:
        if one.row.id == coming.row.id or one.row.state is S.POSTED or one.row.id in included:
            continue
        if one.row.state in _BEGUN:
            raise _waits(coming, f"the change before it, document {one.row.id}, is being written", one.row)
        if one.turn.is_before(coming.turn):
            raise _waits(coming, f"the change before it, document {one.row.id}, waits itself", one.row)
    if base.last is None or by_hand:
        return
    last = base.last.turn
    if coming.turn.is_older(last):
        raise _old(coming, f"document {base.last.row.id} came with a newer one and is applied", base.last)
    if coming.turn.leaves_a_gap(last):
        number = (last.number or 0) + 1
        raise _waits(coming, f"change {number} of the order is missing (BCH05)", base.last.row)


def _waits(coming: Coming, why: str, other: DocumentRow) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.ORDER_CHANGE_WAITS,
        f"The change of order {coming.change.number} waits: {why}.",
        remedy="Nothing to do if it goes on by itself. See the document named; where a change will never come, ask "
        "the customer and replay this one.",
        data={"order": coming.change.number, "waits_for": other.id, "state": str(other.state),
              "sequence": coming.change.sequence},
    )  # fmt: skip


def _old(coming: Coming, why: str, last: Coming | None) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.ORDER_CHANGE_OLD,
        f"The change of order {coming.change.number} is about the order as it was before: {why}.",
        remedy="Ask the customer whether it still counts. If so, replay it: it is applied to the order as it is now; "
        "else discard it.",
        data={
            "order": coming.change.number,
            "sequence": coming.change.sequence,
            "day": coming.change.change_date.isoformat() if coming.change.change_date else "",
            "applied": last.row.id if last is not None else "",
        },
    )


def _ids(
    integration: Integration, original: DocumentRow, others: Sequence[Coming], orders: Sequence[SalesOrder]
) -> Mapping[str, str]:
    """The ERP's id of each sales order, by its reference.

    Raises:
        NeedsCorrection: one of them was not written from here.
    """
    kinds = integration.erp.targets[SALES_ORDERS.name].kinds
    with integration.ledger.read() as tx:
        written = operations.of_documents(tx, [original.id, *(one.row.id for one in others)])
    done = [one for one in written if one.state == "done" and one.kind in kinds and one.outside_id]
    found = {one.ref: one.outside_id or "" for one in done if one.ref}
    first = [one.outside_id or "" for one in done if one.document_id == original.id and not one.ref]
    posted = orders_from(original.work or "")
    if len(first) == len(posted):  # written before references were kept with writes
        found = {**{order.reference: key for order, key in zip(posted, first, strict=True)}, **found}
    missing = [one.reference for one in orders if one.reference not in found]
    if missing:
        raise NeedsCorrection(
            Reason.NOT_A_FIRST_ORDER,
            f"The customer changes order {original.number}, and which sales order {missing[0]} became is not known.",
            remedy="Change it in the ERP by hand, then discard this.",
            data={"order": original.number, "references": missing},
        )
    return found


def _change(one: Differing, ids: Mapping[str, str]) -> SalesOrderChange:
    order = one.was
    return SalesOrderChange(
        order_id=ids[order.reference],
        customer_id=order.customer_id,
        customer_code=order.customer_code,
        customer_order=order.customer_order,
        reference=order.reference,
        cancel=one.now is None,
        days=one.days,
        lines=one.lines,
    )


def with_changes(orders: Sequence[SalesOrder], changes: Sequence[Coming]) -> list[SalesOrder]:
    """Sales orders that remember which changes are in them."""
    ids = tuple(sorted(one.row.id for one in changes))
    return [changed(order, changes=ids) for order in orders] if ids else list(orders)
