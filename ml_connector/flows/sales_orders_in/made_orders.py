"""The sales orders that were made of a document, as the ledger keeps them between steps."""

from collections.abc import Sequence
from typing import TypeGuard

from ml_connector.documents.records import as_json, from_json
from ml_connector.documents.sales.orders import SalesOrder


def orders_text(orders: Sequence[SalesOrder]) -> str:
    """The orders as a document's work."""
    return as_json(list(orders))


def is_orders(text: str | None) -> TypeGuard[str]:
    """Whether a document's work is such a list."""
    return bool(text) and str(text).startswith("[")


def orders_from(text: str) -> list[SalesOrder]:
    """The orders in a document's work."""
    return from_json(list[SalesOrder], text or "[]")
