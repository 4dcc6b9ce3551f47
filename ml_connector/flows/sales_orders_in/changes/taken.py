"""A change that was understood, as the ledger keeps it between steps: what is written, and the order as it is then."""

from ml_connector.documents.common import Record
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.documents.records import as_json, from_json
from ml_connector.documents.sales.changes import SalesOrderChange
from ml_connector.documents.sales.orders import SalesOrder


class TakenChange(Record):
    """original: document of the order. position: how many changes of it were applied, this one among them.

    order, orders: the customer's order and the sales orders as they are with it. changes: what is written to sales
    orders that are there; new: sales orders that come with it, as for a further store.
    """

    original: int
    position: int
    order: PurchaseOrder
    orders: tuple[SalesOrder, ...] = ()
    changes: tuple[SalesOrderChange, ...] = ()
    new: tuple[SalesOrder, ...] = ()
    cancelled: bool = False
    told: tuple[str, ...] = ()


def taken_text(change: TakenChange) -> str:
    """A change as a document's work."""
    return as_json(change)


def taken_from(text: str | None) -> TakenChange | None:
    """The change in a document's work; None where that is a list of sales orders, or nothing yet."""
    return from_json(TakenChange, text) if text and text.startswith("{") else None
