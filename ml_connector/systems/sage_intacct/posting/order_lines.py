"""Changes of purchase order lines that buyer and supplier agreed on (intacct 7.2, 8).

A line holds no key of ours; written again it is the same line: what is looked for is the line with these values. An
order that was received in part takes no change any more: that is told, and not tried again.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ml_connector.documents.order_agreements import AgreedChange, AgreedLine
from ml_connector.errors import ConnectorError, OutcomeUnknown, RefusedBySystem
from ml_connector.flows.core.ports import PlannedOperation, StoredOperation, Written
from ml_connector.systems.sage_intacct.posting import functions
from ml_connector.systems.sage_intacct.reading.orders import HEADER, LineKey, Orders
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire import xml
from ml_connector.systems.sage_intacct.wire.client import AlreadyRecorded, Gateway, readable
from ml_connector.systems.sage_intacct.wire.control_ids import control_id
from ml_connector.systems.sage_intacct.wire.values import Row, body_of, decimal, number, split_day, text, to_json
from ml_connector.systems.sage_intacct.wire.values import day as day_of
from ml_connector.systems.sage_intacct.wire.xml import Value

KIND = "purchase_order_line"
QUANTITY, DAY = "quantity", "day"


def plan_order_change(change: AgreedChange, key: str, settings: IntacctConnection) -> list[PlannedOperation]:
    """One write a line. `put`: what the line is to hold; `was`: what it may be written over."""
    return [_planned(line, key, settings) for line in change.lines]


def _planned(line: AgreedLine, key: str, settings: IntacctConnection) -> PlannedOperation:
    at = LineKey.of(line.order_line_id)
    values: dict[str, Value] = {
        "quantity": None if line.quantity is None else decimal(line.quantity),
        "promiseddate": split_day(line.receipt_date),
    }
    call = xml.text_of(functions.purchase_update(at.document, {}, {at.line: values}))
    put = {QUANTITY: line.quantity, DAY: line.receipt_date}
    was = {QUANTITY: line.was_quantity, DAY: line.was_date}
    payload = {
        "line": line.order_line_id,
        "call": call,
        "control_id": control_id(f"{settings.company}/{key}", f"{at.document}/{at.line}", call),
        "put": {name: value for name, value in put.items() if value is not None},
        "was": {name: was[name] for name, value in put.items() if value is not None},
    }
    return PlannedOperation(KIND, f"{settings.company}/{HEADER}", to_json(payload), ref=line.order_line_id, shares=True)


class OrderLineWriter:
    """Writes lines, and looks whether they were written. orders: reads them."""

    def __init__(self, gateway: Gateway, orders: Orders) -> None:
        self._gateway = gateway
        self._orders = orders

    def write(self, operation: StoredOperation) -> Written:
        """Write the values where the order allows it, and read the line.

        Raises:
            RefusedBySystem: the order does not allow it, or the line is another; nothing was written.
            OutcomeUnknown, TryAgain: as ever.
        """
        body = body_of(operation.payload)
        at = LineKey.of(body["line"])
        if operation.attempts > 1:
            line = self._line(at)
            if line is not None and _holds(line, body["put"]):
                return _written(at)
            if line is None or not _holds(line, body["was"]):
                raise self._refused(at, "was changed in Sage Intacct meanwhile")
        try:
            self._gateway.do(xml.fragment(body["call"]), f"update_potransaction {at.document}", body["control_id"])
        except AlreadyRecorded:
            pass
        except RefusedBySystem as error:
            remedy = (
                f"{error.remedy} An order that is Submitted, In Progress, Converted or Partially Converted takes no"
                " change: change it by hand, or tell the supplier."
            )
            raise RefusedBySystem(error.message, remedy=remedy, data=error.data) from error
        return self._read(at, body["put"])

    def _read(self, at: LineKey, put: Mapping[str, Any]) -> Written:
        try:
            line = self._line(at)
        except ConnectorError as error:
            raise OutcomeUnknown(
                f"{self._gateway.connection}: line {at.line} of {at.document} was written and could not be read"
                " afterwards.",
                remedy="It is looked up again.",
            ) from error
        if line is not None and _holds(line, put):
            return _written(at)
        raise OutcomeUnknown(
            f"{self._gateway.connection}: line {at.line} of {at.document} was written and does not show it yet.",
            remedy="It is looked up again.",
        )

    def written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        """Those of these writes whose line shows the values."""
        bodies = {operation.id: body_of(operation.payload) for operation in operations}
        places = {number_: LineKey.of(body["line"]) for number_, body in bodies.items()}
        lines = self._orders.lines_of(dict.fromkeys(at.document for at in places.values()))
        found: dict[int, Written] = {}
        for number_, at in places.items():
            line = _at(lines[at.document], at)
            if line is not None and _holds(line, bodies[number_]["put"]):
                found[number_] = _written(at)
        return found

    def _line(self, at: LineKey) -> Row | None:
        with readable(self._gateway.connection, "a line of a purchase order"):
            return _at(self._orders.lines_of([at.document])[at.document], at)

    def _refused(self, at: LineKey, what: str) -> RefusedBySystem:
        return RefusedBySystem(
            f"{self._gateway.connection}: line {at.line} of {at.document} {what}.",
            remedy="Look at the order in Sage Intacct; replay the answer to compare it again.",
            data={"order": at.document, "line": at.line},
        )


def _at(lines: Sequence[Row], at: LineKey) -> Row | None:
    """By its place: a change may give lines new record numbers (assumed)."""
    return next((row for row in lines if text(row, "LINE_NO") == str(at.line - 1)), None)


def _holds(line: Row, values: Mapping[str, Any]) -> bool:
    """Whether a line has these values."""
    wanted = values.get(QUANTITY)
    if wanted is not None and number(line, "UIQTY") != Decimal(str(wanted)):
        return False
    if DAY not in values:
        return True
    found = day_of(line, "PROMISEDDATE")
    return bool((found.isoformat() if found else None) == values[DAY])


def _written(at: LineKey) -> Written:
    return Written(f"{at.document}/{at.line}", {"order": at.document, "line": at.line})
