"""The sales orders that were made of a document, as the ledger keeps them between steps."""

from collections.abc import Sequence

from ml_connector.documents.sales.orders import SalesOrder


def orders_text(orders: Sequence[SalesOrder]) -> str:
    """The orders as a document's work."""
    return "[" + ",".join(order.model_dump_json() for order in orders) + "]"


def orders_from(text: str) -> list[SalesOrder]:
    """The orders in a document's work."""
    from pydantic import TypeAdapter

    return TypeAdapter(list[SalesOrder]).validate_json(text or "[]")
