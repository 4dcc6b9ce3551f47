"""Changes of sales orders to write."""

from typing import Any

from ml_connector.documents.sales.changes import ChangedLine, SalesOrderChange
from ml_connector.documents.sales.orders import SalesOrder
from ml_connector_tests.systems.acumatica.test_sales import line_of


def change_of(order: SalesOrder, order_id: str, **more: Any) -> SalesOrderChange:
    """A change of an order that is there; a further line where nothing else is said."""
    stays = [ChangedLine(was=line, now=line) for line in order.lines]
    values: dict[str, Any] = {
        "order_id": order_id,
        "customer_id": order.customer_id,
        "customer_code": order.customer_code,
        "customer_order": order.customer_order,
        "reference": order.reference,
        "lines": (*stays, ChangedLine(now=line_of("NAPKINS", "30.00", len(stays) + 1, customers_line="9"))),
    }
    return SalesOrderChange(**{**values, **more})
