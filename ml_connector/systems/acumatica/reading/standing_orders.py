"""Sales orders as they stand: what is taken of a customer's order (acumatica 7).

An order's id is that of its record, as its writing was answered: a shipment names its orders by it too.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from ml_connector.documents.sales.standing import OrderStanding, StandingLine, StandingOrder
from ml_connector.errors import WeAreWrong
from ml_connector.systems.acumatica.reading.polling import Polled, at_midnight
from ml_connector.systems.acumatica.reading.records import key
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.client import Query, readable
from ml_connector.systems.acumatica.wire.contract import Need
from ml_connector.systems.acumatica.wire.values import (
    Row,
    day,
    details,
    flag,
    identity,
    is_guid,
    moment,
    number,
    text,
    whole,
)

ENTITY = "SalesOrder"
#: From this version on an order tells when it was entered (META).
CREATED_SINCE = "22.200.001"
#: Statuses of an order that nothing more comes of, and of one whose rest waits for goods.
CANCELLED, BACK_ORDER = frozenset({"Canceled", "Cancelled", "Voided", "Rejected"}), "Back Order"
HEADER = (*("OrderType", "OrderNbr", "Status", "CustomerID", "CustomerOrder", "Date", "CurrencyID", "LastModified"),)
LINE = (
    *("LineNbr", "InventoryID", "AlternateID", "LineDescription", "OrderQty", "UOM", "UnitPrice", "RequestedOn"),
    *("ShipOn", "QtyOnShipments", "OpenQty", "Completed"),
)
SELECT = (*HEADER, *(f"Details/{name}" for name in LINE))
NEED = Need("order acknowledgments out", ENTITY, SELECT)


class StandingOrders(Polled[StandingOrder]):
    """Sales orders to read."""

    entity = ENTITY
    what = "sales order"
    number = "OrderNbr"
    kind = "OrderType"
    changed_field = "LastModified"

    def query(self, condition: str = "") -> Query:
        """Header and lines; when it was entered where the version tells."""
        created = ("CreatedDate",) if self._settings.version >= CREATED_SINCE else ()
        return Query(filter=condition, select=(*created, *SELECT), expand=("Details",))

    def rows(self, keys: Sequence[str]) -> dict[str, Row]:
        """The records, by id: one call each, as nothing public says that a list can be filtered by it."""
        found: dict[str, Row] = {}
        with readable(self._client.connection, "a sales order"):
            for one in dict.fromkeys(keys):
                row = self._client.record(self.entity, one, self.query()) if is_guid(one) else None
                if row is not None:
                    found[one] = row
        return found

    def document(self, row: Row) -> StandingOrder:
        """The order in a whole record."""
        return standing_order(row, self._settings)

    def entered(self, record: str) -> datetime | None:
        """When it was made; before 22.200.001 only its day is told."""
        row: Row = json.loads(record or "{}", parse_float=Decimal)
        return moment(row, "CreatedDate") or at_midnight(day(row, "Date"))


def standing_order(row: Row, settings: AcumaticaConnection) -> StandingOrder:
    """The order in a whole record."""
    order_number, status = key(row, "OrderNbr"), text(row, "Status")
    standing = OrderStanding.ACCEPTED if status in settings.accepted_statuses else OrderStanding.OPEN
    waits = status == BACK_ORDER
    return StandingOrder(
        id=identity(row),
        number=order_number,
        type_code=key(row, "OrderType"),
        standing=OrderStanding.CANCELLED if status in CANCELLED else standing,
        customer_code=text(row, "CustomerID"),
        customer_order=text(row, "CustomerOrder"),
        order_date=day(row, "Date"),
        currency=text(row, "CurrencyID"),
        moved_at=moment(row, "LastModified"),
        lines=tuple(_line(order_number, line, waits=waits) for line in details(row, "Details")),
    )


def _line(order_number: str, line: Row, *, waits: bool) -> StandingLine:
    at = whole(line, "LineNbr")
    if at is None:
        raise WeAreWrong(f"a line of sales order {order_number} has no LineNbr")
    closed = flag(line, "Completed")
    return StandingLine(
        number=at,
        item_code=text(line, "InventoryID"),
        customers_item=text(line, "AlternateID"),
        description=text(line, "LineDescription"),
        quantity=number(line, "OrderQty"),
        unit=text(line, "UOM"),
        price=number(line, "UnitPrice"),
        requested_date=day(line, "RequestedOn"),
        ship_date=day(line, "ShipOn"),
        shipped=number(line, "QtyOnShipments"),
        backordered=waits and not closed and number(line, "OpenQty") > 0,
        closed=closed,
    )
