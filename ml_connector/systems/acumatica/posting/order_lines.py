"""Changes of purchase order lines that buyer and supplier agreed on (acumatica 8, 8.1).

A line is found by its id, which is read first. An open order lets promised days and cancellation through and drops
everything else without a word; quantities need it on hold, which is three writes and may start its approval anew.
Written again it is the same line: what is looked for is the line with these values.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ml_connector.documents.order_agreements import AgreedChange, AgreedLine
from ml_connector.errors import AuthorizationNeeded, ConnectorError, OutcomeUnknown, RefusedBySystem, TryAgain
from ml_connector.flows.core.ports import PlannedOperation, StoredOperation, Written
from ml_connector.systems.acumatica.reading.orders import LineKey
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query
from ml_connector.systems.acumatica.wire.contract import Need
from ml_connector.systems.acumatica.wire.values import (
    Row,
    body_of,
    day,
    details,
    flag,
    identity,
    number,
    text,
    to_json,
    wrapped,
)
from ml_connector.systems.acumatica.wire.values import whole as whole_number

ENTITY = "PurchaseOrder"
KIND = "purchase_order_line"
QUANTITY, DAY = "quantity", "day"
SELECT = (
    *("Type", "OrderNbr", "Status"),
    *(f"Details/{name}" for name in ("LineNbr", "OrderQty", "Promised", "Cancelled", "QtyOnReceipts")),
)
NEEDS = (Need("acknowledgments in", ENTITY, SELECT),)
_LOCKED = "Quantities of an open order are locked in Acumatica"
_ON_HOLD = (
    "The order is on hold in Acumatica, perhaps by a try that was cut off: take it off hold there if nobody put it on."
)


def plan_order_change(change: AgreedChange, company: str) -> list[PlannedOperation]:
    """One write a line. `put`: what the line is to hold; `was`: what it may be written over."""
    return [
        PlannedOperation(
            KIND,
            f"{company}/{ENTITY}",
            to_json({"line": line.order_line_id, "put": _put(line), "was": _was(line)}),
            ref=line.order_line_id,
            shares=True,
        )
        for line in change.lines
    ]


def _put(line: AgreedLine) -> dict[str, Any]:
    values = {QUANTITY: line.quantity, DAY: line.receipt_date}
    return {name: value for name, value in values.items() if value is not None}


def _was(line: AgreedLine) -> dict[str, Any]:
    before = {QUANTITY: line.was_quantity, DAY: line.was_date}
    return {name: before[name] for name in _put(line)}


class OrderLineWriter:
    """Writes lines, and looks whether they were written. orders: reads records by their ids.

    Writes to one order take turns: hold, values and release belong together.
    """

    def __init__(
        self,
        client: AcumaticaClient,
        settings: AcumaticaConnection,
        headers: Callable[[], Mapping[str, str]],
    ) -> None:
        self._client = client
        self._settings = settings
        self._headers = headers
        self._turns: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def write(self, operation: StoredOperation) -> Written:
        """Write the values where the order allows it, and read the line.

        A line that somebody has changed meanwhile is not written over by a second attempt.

        Raises:
            RefusedBySystem: the order does not allow it, or the line is another; nothing was written.
            OutcomeUnknown, TryAgain: as ever.
        """
        planned = body_of(operation.payload)
        at = LineKey.of(planned["line"])
        with self._turns[at.order]:
            order = self._order(at)
            line = self._line(order, at)
            if _holds(line, planned["put"]):
                return self._told(operation, planned, order, line)
            if operation.attempts > 1 and not _holds(line, planned["was"]):
                raise self._refused(
                    at,
                    "was changed in Acumatica meanwhile",
                    "Look at the order; replay the answer to compare it again.",
                )
            self._write(at, order, line, planned["put"])
            try:
                order = self._order(at)
                line = self._line(order, at)
            except (TryAgain, AuthorizationNeeded, RefusedBySystem) as error:
                raise OutcomeUnknown(
                    f"{self._client.connection}: line {at.line} of order {at.number} was written and could not be read"
                    " afterwards.",
                    remedy="It is looked up again.",
                ) from error
        if _holds(line, planned["put"]):
            return self._told(operation, planned, order, line)
        raise self._refused(
            at,
            f"does not show what was written: the order is {text(order, 'Status')}",
            "See in Acumatica whether the order can be changed, and by this user; then replay the answer.",
        )

    def _told(
        self, operation: StoredOperation, planned: Mapping[str, Any], order: Row, line: Row, *, found: bool = False
    ) -> Written:
        """With a word where an earlier try may have left the order on hold: it put it there to change a quantity."""
        held = self._settings.change_locked_orders and QUANTITY in planned["put"] and text(order, "Status") == "On Hold"
        done = written(order, line)
        if not held or not (found or operation.attempts > 1):
            return done
        return Written(done.outside_id, {**done.detail, "warning": _ON_HOLD})

    def _write(self, at: LineKey, order: Row, line: Row, put: Mapping[str, Any]) -> None:
        quantity = put.get(QUANTITY)
        changes_quantity = quantity is not None and number(line, "OrderQty") != Decimal(quantity)
        cancels = changes_quantity and Decimal(str(quantity)) == 0
        values: dict[str, Any] = {"id": identity(line)}
        if DAY in put:
            values["Promised"] = put[DAY]
        status = text(order, "Status")
        if cancels:
            values["Cancelled"] = True
        elif changes_quantity:
            values["OrderQty"] = quantity
        if status not in {"Open", "On Hold"}:
            raise self._refused(
                at, f"cannot be changed: the order is {status}", "Change it by hand, or tell the supplier."
            )
        if not changes_quantity or cancels or status == "On Hold":
            self._put(at, values)
            return
        if not self._settings.change_locked_orders:
            remedy = (
                "Put the order on hold, change the quantity and release it again in Acumatica, then replay the answer;"
                " or set change_locked_orders in the connection."
            )
            raise self._refused(at, f"is to have {quantity} instead of {number(line, 'OrderQty')}. {_LOCKED}", remedy)
        self._put_header(at, hold=True)
        try:
            self._put(at, values)
        finally:
            self._put_header(at, hold=False)

    def _put(self, at: LineKey, line: Mapping[str, Any]) -> None:
        body = {**wrapped({"Type": at.kind, "OrderNbr": at.number}), "Details": [wrapped(line)]}
        self._client.put(ENTITY, to_json(body), Query(select=("Status",)), headers=self._headers())

    def _put_header(self, at: LineKey, *, hold: bool) -> None:
        """Presses Put on Hold or Remove Hold, after everything else: so it goes alone (acumatica 8.1)."""
        body = wrapped({"Type": at.kind, "OrderNbr": at.number, "Hold": hold})
        try:
            self._client.put(ENTITY, to_json(body), Query(select=("Status",)), headers=self._headers())
        except ConnectorError as error:
            if hold:
                raise
            raise OutcomeUnknown(
                f"{self._client.connection}: order {at.number} was changed and may still be on hold: {error.message}",
                remedy="Take it off hold in Acumatica if it is still there.",
            ) from error

    def _order(self, at: LineKey) -> Row:
        query = Query(select=SELECT, expand=("Details",))
        order = self._client.record(ENTITY, [at.kind, at.number], query)
        if order is None:
            raise self._refused(at, "is not there any more", "See the order in Acumatica.")
        return order

    def _line(self, order: Row, at: LineKey) -> Row:
        for line in details(order, "Details"):
            if whole_number(line, "LineNbr") == at.line:
                return line
        raise self._refused(at, "is not there any more", "See the order in Acumatica.")

    def _refused(self, at: LineKey, what: str, remedy: str) -> RefusedBySystem:
        return RefusedBySystem(
            f"{self._client.connection}: line {at.line} of order {at.number} {what}.",
            remedy=remedy,
            data={"order": at.number, "line": at.line},
        )

    def written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        """Those of these writes whose line shows the values."""
        found: dict[int, Written] = {}
        orders: dict[str, Row | None] = {}
        for operation in operations:
            planned = body_of(operation.payload)
            at = LineKey.of(planned["line"])
            if at.order not in orders:
                query = Query(select=SELECT, expand=("Details",))
                orders[at.order] = self._client.record(ENTITY, [at.kind, at.number], query)
            order = orders[at.order]
            for line in details(order, "Details") if order is not None else ():
                if whole_number(line, "LineNbr") == at.line and _holds(line, planned["put"]) and order is not None:
                    found[operation.id] = self._told(operation, planned, order, line, found=True)
        return found


def _holds(line: Row, values: Mapping[str, Any]) -> bool:
    """Whether a line has these values; a cancelled one has the quantity that came."""
    if QUANTITY in values:
        wanted = Decimal(values[QUANTITY]) if values[QUANTITY] is not None else None
        kept = number(line, "QtyOnReceipts") if flag(line, "Cancelled") else number(line, "OrderQty")
        if kept != wanted:
            return False
    if DAY not in values:
        return True
    found = day(line, "Promised")
    return bool((found.isoformat() if found else None) == values[DAY])


def written(order: Row, line: Row) -> Written:
    """What the ledger keeps of a changed line."""
    at = whole_number(line, "LineNbr")
    return Written(identity(line), {"order": text(order, "OrderNbr"), "line": at, "status": text(order, "Status")})
