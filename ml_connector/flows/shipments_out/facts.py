"""What a ship notice is made of: the shipment, and the customer's orders that its lines are of."""

from ml_connector.documents.common import Record
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.documents.sales.orders import SalesOrder
from ml_connector.documents.sales.shipments import SentShipment


class ShippedFor(Record):
    """A sales order that lines are of. document: the received order (850) behind it."""

    order_id: str
    document: int
    order: PurchaseOrder
    posted: SalesOrder


class NoticeFacts(Record):
    """A shipment with the orders of this partner in it. others: our numbers of orders in it that are not."""

    shipment: SentShipment
    orders: tuple[ShippedFor, ...]
    others: tuple[str, ...] = ()
