"""Changes of sales orders: what a customer wants otherwise, written while the order allows it (acumatica 8, 8.1).

The order is read first: a line is told by what it is known to hold, and only that is written over. All of a change is
one call, so that none of it stands alone; whether it is done is seen from the order, before every attempt.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ml_connector.documents.sales.changes import SalesOrderChange
from ml_connector.documents.sales.orders import SalesOrderLine
from ml_connector.errors import (
    AuthorizationNeeded,
    OutcomeUnknown,
    Reason,
    RefusedBySystem,
    TryAgain,
)
from ml_connector.flows.core.ports import PlannedOperation, StoredOperation, Written
from ml_connector.systems.acumatica.posting import sales_orders
from ml_connector.systems.acumatica.posting.comparing import same, shown
from ml_connector.systems.acumatica.posting.sales_orders import ENTITY, line_values
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, Query
from ml_connector.systems.acumatica.wire.contract import Need
from ml_connector.systems.acumatica.wire.values import (
    Row,
    body_of,
    details,
    errors_in,
    field,
    flag,
    identity,
    linked,
    number,
    text,
    to_json,
    whole,
    wrapped,
)

KIND = "sales_order_change"
#: Statuses in which the screen lets lines be changed; others are shipping, done or gone.
EDITABLE = frozenset({"On Hold", "Credit Hold", "Open", "Back Order"})
CANCELLED = frozenset({"Canceled", "Cancelled"})
_LINE = (
    *("LineNbr", "InventoryID", "OrderQty", "UOM", "UnitPrice", "ManualPrice", "RequestedOn", "ShipOn"),
    *("WarehouseID", "ShipToLocation", "QtyOnShipments", "Completed"),
)
READ = Query(
    select=("OrderType", "OrderNbr", "Status", "RequestedOn", "OrderTotal", *(f"Details/{name}" for name in _LINE)),
    expand=("Details", "ShippingSettings"),
)
NEEDS = (Need("changes of sales orders in", ENTITY, READ.select),)
#: Days of the whole order, by where they stand.
_DAYS = {
    "requested": ("RequestedOn",),
    "shipped": ("ShippingSettings", "ScheduledShipmentDate"),
    "cancelled": ("ShippingSettings", "CancelByDate"),
}
#: Of a line, by what it is told from others.
_TELLING = ("InventoryID", "UOM", "ShipToLocation", "OrderQty", "UnitPrice", "RequestedOn", "ShipOn")
_WHOLE, _QUANTITY, _ITEM = len(_TELLING), 4, 3
_NUMBERS = frozenset({"OrderQty", "UnitPrice", "QtyOnShipments"})
_REMEDY = "Settle with the customer what counts, change the order in Acumatica as far as it allows, then discard this."


@dataclass(frozen=True)
class _Line:
    """A line as it is known and as it is to be, in Acumatica's fields. name: the customer's number of it."""

    name: str
    was: Mapping[str, Any] | None
    now: Mapping[str, Any] | None

    @property
    def touched(self) -> bool:
        return self.was != self.now

    @property
    def item(self) -> str:
        return str((self.now or self.was or {}).get("InventoryID", ""))


def plan_change(change: SalesOrderChange, settings: AcumaticaConnection) -> list[PlannedOperation]:
    """One write an order."""
    lines = [
        {
            "line": next(one.customers_line for one in (line.now, line.was) if one is not None),
            "was": None if line.was is None else _values(line.was, settings),
            "now": None if line.now is None else _values(line.now, settings),
        }
        for line in change.lines
    ]
    days = [{"what": day.what, "was": _iso(day.was), "now": _iso(day.now)} for day in change.days]
    payload = {
        "order": change.order_id,
        "customer_order": change.reference or change.customer_order,
        "cancel": change.cancel,
        "branch": settings.branch,
        "days": days,
        "lines": lines,
    }
    ref = change.reference or change.customer_order
    return [PlannedOperation(KIND, f"{settings.company}/{ENTITY}", to_json(payload), ref=ref, shares=True)]


def _iso(day: Any) -> str | None:
    return day.isoformat() if day is not None else None


def _values(line: SalesOrderLine, settings: AcumaticaConnection) -> dict[str, Any]:
    """As the line was written, but for its notes."""
    written = line_values(line, settings.line_places)
    found = {name: value for name, value in written.items() if name != "note"}
    return {name: _iso(value) if name in {"RequestedOn", "ShipOn"} else value for name, value in found.items()}


class SalesOrderChanger:
    """Writes changes, and looks whether they are there. headers: of every write, as the branch of the call."""

    def __init__(self, client: AcumaticaClient, headers: Callable[[], Mapping[str, str]]) -> None:
        self._client = client
        self._headers = headers

    def write(self, operation: StoredOperation) -> Written:
        """Write a change where the order allows it.

        Raises:
            RefusedBySystem: it does not, or somebody changed the order meanwhile; nothing was written, or what was is
                told. OutcomeUnknown, TryAgain: as ever.
        """
        planned = body_of(operation.payload)
        row = self._read(planned)
        if planned["cancel"]:
            return self._cancel(planned, row)
        if _stands(planned, row):
            return _written(row, "it stood so already")
        body = self._body(planned, row)
        self._client.put(ENTITY, to_json(body), Query(select=("OrderNbr", "Status")), headers=self._headers())
        after = self._after(planned)
        if _stands(planned, after):
            return _written(after)
        wrong = list(_missing(planned, after)) or ["lines of it stand there otherwise"]
        raise self._refused(planned, after, f"keeps it otherwise: {'; '.join(wrong[:5])}", differences=wrong[:20])

    def _after(self, planned: Mapping[str, Any]) -> Row:
        try:
            return self._read(planned)
        except (TryAgain, AuthorizationNeeded, RefusedBySystem) as error:
            raise OutcomeUnknown(
                f"{self._client.connection}: order {planned['customer_order']} was changed and could not be read "
                "afterwards.",
                remedy="It is looked up again.",
            ) from error

    def _cancel(self, planned: Mapping[str, Any], row: Row) -> Written:
        if text(row, "Status") in CANCELLED:
            return _written(row, "it was cancelled already")
        shipped = [line for line in details(row, "Details") if number(line, "QtyOnShipments")]
        if text(row, "Status") not in EDITABLE or shipped:
            found = [_shipped_line(line) for line in shipped]
            raise self._refused(planned, row, "cannot be cancelled any more", differences=found)
        body = {"entity": {"id": identity(row)}, "parameters": {}}
        self._client.act(ENTITY, "CancelSalesOrder", to_json(body))
        after = self._after(planned)
        if text(after, "Status") in CANCELLED:
            return _written(after)
        raise TryAgain(
            f"{self._client.connection}: sales order {text(after, 'OrderNbr')} is {text(after, 'Status')} after it was "
            "cancelled: the action was not started.",
            after_seconds=10,
            remedy="It is tried again; if it lasts, cancel it in Acumatica and see what that says.",
        )

    def _body(self, planned: Mapping[str, Any], row: Row) -> dict[str, Any]:
        """What is put: only what changes, each line by its id.

        Raises:
            RefusedBySystem: the order or one of these lines does not allow it.
        """
        if text(row, "Status") not in EDITABLE:
            raise self._refused(planned, row, "cannot be changed any more", differences=list(_wanted(planned)))
        lines = _lines(planned)
        at = _assigned([line.was for line in lines], details(row, "Details"))
        against = [why for line, there in zip(lines, at, strict=True) for why in _against(line, there)]
        against += list(_days_against(planned, row))
        if against:
            raise self._refused(planned, row, "is not as the customer knows it", differences=against)
        put = [made for line, there in zip(lines, at, strict=True) if (made := _put(line, there, planned["branch"]))]
        values: dict[str, Any] = {}
        for one in planned["days"]:
            *above, last = _DAYS[one["what"]]
            here = values
            for name in above:
                here = here.setdefault(name, {})
            here[last] = one["now"]
        body: dict[str, Any] = {"id": identity(row), **wrapped(values)}
        return {**body, "Details": [wrapped(line) for line in put]} if put else body

    def _read(self, planned: Mapping[str, Any]) -> Row:
        row = self._client.record(ENTITY, str(planned["order"]), READ)
        if row is None:
            raise RefusedBySystem(
                f"{self._client.connection}: the sales order of {planned['customer_order']} is not there any more.",
                remedy="Somebody has deleted it: enter the order as it is to be by hand, then discard this.",
                data={"order": planned["customer_order"], "id": planned["order"]},
                reason=Reason.ORDER_NOT_CHANGEABLE,
            )
        wrong = [f"{place}: {said}" for place, said in errors_in(row)]
        if wrong:
            raise TryAgain(f"{self._client.connection}: order {planned['customer_order']} tells {wrong[0][:200]}")
        return row

    def _refused(
        self, planned: Mapping[str, Any], row: Row, what: str, *, differences: Sequence[Any]
    ) -> RefusedBySystem:
        return RefusedBySystem(
            f"{self._client.connection}: sales order {text(row, 'OrderNbr')} ({planned['customer_order']}) {what}; "
            f"its status is {text(row, 'Status') or 'none'}.",
            remedy=_REMEDY,
            data={
                "order": planned["customer_order"],
                "sales_order": text(row, "OrderNbr"),
                "status": text(row, "Status"),
                "differences": list(differences)[:20],
            },
            reason=Reason.ORDER_NOT_CHANGEABLE,
        )

    def written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        """Those of these changes that stand in their orders."""
        found: dict[int, Written] = {}
        for operation in operations:
            planned = body_of(operation.payload)
            row = self._client.record(ENTITY, str(planned["order"]), READ)
            if row is None:
                continue
            done = text(row, "Status") in CANCELLED if planned["cancel"] else _stands(planned, row)
            if done:
                found[operation.id] = _written(row)
        return found


def _lines(planned: Mapping[str, Any]) -> list[_Line]:
    return [_Line(str(one["line"]), one["was"], one["now"]) for one in planned["lines"]]


def _wanted(planned: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """What was to be changed, for whoever does it by hand."""
    for line in _lines(planned):
        if line.touched:
            for name in _changed_fields(line):
                was, now = (line.was or {}).get(name), (line.now or {}).get(name)
                yield _difference(line, name, was, now)


def _changed_fields(line: _Line) -> list[str]:
    names = dict.fromkeys((*(line.was or {}), *(line.now or {})))
    if line.was is None or line.now is None:
        return ["OrderQty"]
    return [name for name in names if line.was.get(name) != line.now.get(name)]


def _difference(line: _Line, name: str, was: Any, now: Any, there: Any = None) -> dict[str, str]:
    made = {"line": line.name, "item": line.item, "what": name, "was": shown(was), "now": shown(now)}
    return made if there is None else {**made, "there": shown(there)}


def _shipped_line(line: Row) -> dict[str, str]:
    return {"item": text(line, "InventoryID"), "what": "QtyOnShipments", "there": shown(number(line, "QtyOnShipments"))}


def _assigned(wanted: Sequence[Mapping[str, Any] | None], rows: Sequence[Row]) -> list[Row | None]:
    """The order's line for each that is known, the surest first: twins are taken in their order."""
    left = sorted(rows, key=lambda row: whole(row, "LineNbr") or 0)
    found: list[Row | None] = [None] * len(wanted)
    for least in (_WHOLE, _QUANTITY, _ITEM):
        for at, values in enumerate(wanted):
            if values is None or found[at] is not None:
                continue
            fits = [row for row in left if _same_up_to(values, row, least)]
            if fits and (least > _ITEM or len(fits) == 1):
                found[at] = fits[0]
                left.remove(fits[0])
    return found


def _same_up_to(values: Mapping[str, Any], row: Row, most: int) -> bool:
    return all(same(values[name], row, name) for name in _TELLING[:most] if values.get(name) is not None)


def _stands(planned: Mapping[str, Any], row: Row) -> bool:
    """Whether an order is as the change wants it."""
    return next(_missing(planned, row), None) is None


def _missing(planned: Mapping[str, Any], row: Row) -> Iterator[str]:
    """What of a change does not stand in an order."""
    for one in planned["days"]:
        *above, last = _DAYS[one["what"]]
        here = linked(row, above[0]) if above else row
        if not same(one["now"], here, last):
            yield f"{last} is {shown(field(here, last))}, {shown(one['now'])} is wanted"
    lines = _lines(planned)
    # Lines that stay are looked for first: what is new or taken off may be just like them.
    kept = [line for line in lines if not line.touched]
    left = list(details(row, "Details"))
    for there in _assigned([line.was for line in kept], left):
        if there is not None:
            left.remove(there)
    for line in (line for line in lines if line.touched and line.now is not None):
        found = next((one for one in left if _same_up_to(line.now or {}, one, _WHOLE)), None)
        if found is None:
            yield f"line {line.name} ({line.item}) with {shown((line.now or {}).get('OrderQty'))} is not there"
        else:
            left.remove(found)
    for line in (line for line in lines if line.now is None):
        if any(_same_up_to(line.was or {}, one, _WHOLE) for one in left):
            yield f"line {line.name} ({line.item}) is still there"


def _against(line: _Line, there: Row | None) -> Iterator[dict[str, str]]:
    """Why a line cannot be changed: it is gone, part of it shipped, or it holds neither what was nor what is to be."""
    if not line.touched or line.was is None:
        return
    if there is None:
        yield {**_difference(line, "OrderQty", line.was.get("OrderQty"), (line.now or {}).get("OrderQty")), "there": ""}
        return
    shipped = number(there, "QtyOnShipments")
    if shipped or flag(there, "Completed"):
        name = "QtyOnShipments" if shipped else "Completed"
        yield _difference(line, name, 0, (line.now or {}).get("OrderQty", 0), _held(there, name))
        return
    for name in _changed_fields(line):
        was, now = line.was.get(name), (line.now or {}).get(name)
        if name in _TELLING and was is not None and not same(was, there, name) and not same(now, there, name):
            yield _difference(line, name, was, now, _held(there, name))


def _held(row: Row, name: str) -> Any:
    """What a line holds; numbers as people write them."""
    return number(row, name) if name in _NUMBERS else text(row, name)


def _days_against(planned: Mapping[str, Any], row: Row) -> Iterator[dict[str, str]]:
    for one in planned["days"]:
        *above, last = _DAYS[one["what"]]
        here = linked(row, above[0]) if above else row
        if one["was"] is not None and not any(same(one[name], here, last) for name in ("was", "now")):
            yield {"line": "", "item": "", "what": last, "was": shown(one["was"]), "now": shown(one["now"]),
                   "there": shown(field(here, last))}  # fmt: skip


def _put(line: _Line, there: Row | None, branch: str) -> dict[str, Any] | None:
    """A line of the body; None for one that stays."""
    if not line.touched:
        return None
    if line.was is None or there is None:
        return {**(line.now or {}), **({"Branch": branch} if branch else {})}
    if line.now is None:
        return {"id": identity(there), "delete": True}
    return {"id": identity(there), **{name: line.now.get(name) for name in _changed_fields(line)}}


def _written(row: Row, note: str = "") -> Written:
    found = sales_orders.written(row)
    return Written(found.outside_id, {**found.detail, **({"note": note} if note else {})})
