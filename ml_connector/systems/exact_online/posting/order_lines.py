"""Changes of purchase order lines that buyer and supplier agreed on: PUT of a line (exact-online 4.7 and 10.1).

A PUT has no key of ours to be found by, but the same values written twice are the same line: what is looked for is the
line with these values. Exact answers a PUT without content and ignores what it will not write in silence, so the line
is read afterwards.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ml_connector.documents.agreements import AgreedChange, AgreedLine
from ml_connector.errors import AuthorizationNeeded, OutcomeUnknown, RefusedBySystem, TryAgain
from ml_connector.flows.core.ports import PlannedOperation, StoredOperation, Written
from ml_connector.systems.exact_online.wire.client import ExactClient, Row, readable
from ml_connector.systems.exact_online.wire.entities import ORDER_LINE, written
from ml_connector.systems.exact_online.wire.filters import any_of, equals
from ml_connector.systems.exact_online.wire.literals import day, guid, guid_literal, is_guid, number, to_json

QUANTITY, RECEIPT_DATE = "QuantityInPurchaseUnits", "ReceiptDate"
SELECT = f"ID,{QUANTITY},{RECEIPT_DATE},LineNumber"


def plan_order_change(change: AgreedChange, company: str) -> list[PlannedOperation]:
    """One write a line. `put` is the body as it will be sent; `was` is what it may be written over."""
    return [
        PlannedOperation(
            ORDER_LINE.kind,
            f"{company}/{ORDER_LINE.endpoint}",
            to_json({"id": line.order_line_id, "put": _put(line), "was": _was(line)}),
            ref=line.order_line_id,
            shares=True,
        )
        for line in change.lines
    ]


def _put(line: AgreedLine) -> dict[str, Any]:
    values = {QUANTITY: line.quantity, RECEIPT_DATE: line.receipt_date}
    return {name: value for name, value in values.items() if value is not None}


def _was(line: AgreedLine) -> dict[str, Any]:
    before = {QUANTITY: line.was_quantity, RECEIPT_DATE: line.was_date}
    return {name: before[name] for name in _put(line)}


class OrderLineWriter:
    """Writes lines, and looks whether they were written."""

    def __init__(self, client: ExactClient) -> None:
        self._client = client

    def write(self, operation: StoredOperation) -> Written:
        """PUT the stored values once, and read the line.

        A second attempt looks first: a line that somebody has changed meanwhile is not written over.

        Raises:
            TryAgain, AuthorizationNeeded: it was not sent. OutcomeUnknown: nobody knows, or the line does not show it
            yet. RefusedBySystem: Exact refused it, or the line is another than the one to be changed.
        """
        wish = _wish(operation)
        if operation.attempts > 1:
            found = self._read([wish["id"]]).get(wish["id"])
            if found is not None and _holds(found, wish["put"]):
                return written(ORDER_LINE, found, found_in=ORDER_LINE.endpoint)
            if found is None or not _holds(found, wish["was"]):
                raise RefusedBySystem(
                    f"{self._client.api.name}: the order line was changed in Exact meanwhile; it is left as it is.",
                    mend="Look at the order; replay the answer to compare it again.",
                    data={"line": wish["id"]},
                )
        self._client.update(ORDER_LINE.endpoint, wish["id"], to_json(wish["put"]))
        try:
            found = self._read([wish["id"]]).get(wish["id"])
        except (TryAgain, AuthorizationNeeded, RefusedBySystem) as error:
            raise OutcomeUnknown(
                f"{self._client.api.name}: the order line was written and could not be read afterwards.",
                mend="It is looked up again.",
            ) from error
        if found is not None and _holds(found, wish["put"]):
            return written(ORDER_LINE, found)
        told = f"{self._client.api.name}: Exact took the change of the order line, and the line does not show it."
        if operation.attempts > 1:
            raise RefusedBySystem(
                told, mend="See whether the user may change orders, and this order can be changed; then replay."
            )
        raise OutcomeUnknown(told, mend="It is looked up again.")

    def written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        """Those of these writes whose line shows the values, in batched look-ups."""
        wishes = {operation.id: _wish(operation) for operation in operations}
        rows = self._read([wish["id"] for wish in wishes.values()])
        return {
            operation_id: written(ORDER_LINE, rows[wish["id"]], found_in=ORDER_LINE.endpoint)
            for operation_id, wish in wishes.items()
            if wish["id"] in rows and _holds(rows[wish["id"]], wish["put"])
        }

    def _read(self, ids: Sequence[str]) -> dict[str, Row]:
        wanted = sorted({key for key in ids if is_guid(key)})
        found: dict[str, Row] = {}
        with readable(self._client.api.name, "a line of a purchase order"):
            for rows in self._client.rows_matching(ORDER_LINE.endpoint, {"$select": SELECT}, wanted, _any_id):
                found.update((guid(row.get("ID")), row) for row in rows)
        return found


def _wish(operation: StoredOperation) -> dict[str, Any]:
    wish: dict[str, Any] = json.loads(operation.payload, parse_float=Decimal)
    return {**wish, "id": guid(wish["id"])}


def _holds(row: Row, values: Mapping[str, Any]) -> bool:
    """Whether a line has these values; dates are compared as days."""
    quantity, on = values.get(QUANTITY), values.get(RECEIPT_DATE)
    if QUANTITY in values and number(row.get(QUANTITY)) != number(quantity):
        return False
    return RECEIPT_DATE not in values or day(row.get(RECEIPT_DATE)) == day(on)


def _any_id(ids: Sequence[str]) -> str:
    return any_of([equals("ID", guid_literal(key)) for key in ids])
