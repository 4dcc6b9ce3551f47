"""What an acknowledgment is made of: the order as it came, what was posted of it, and how that stands now."""

from datetime import datetime

from ml_connector.documents.common import Record
from ml_connector.documents.orders import PurchaseOrder
from ml_connector.documents.sales.orders import SalesOrder
from ml_connector.documents.sales.standing import OrderStanding, StandingOrder


class TakenOrder(Record):
    """A sales order as it was posted, and as it stands."""

    posted: SalesOrder
    standing: StandingOrder


class AckFacts(Record):
    """A customer's order (`document`: the received one) with all sales orders that it became."""

    document: int
    came_at: datetime
    order: PurchaseOrder
    taken: tuple[TakenOrder, ...]

    @property
    def decided(self) -> bool:
        """Whether somebody has said yes or no to all of it."""
        return all(one.standing.standing is not OrderStanding.OPEN for one in self.taken)
