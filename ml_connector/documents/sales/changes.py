"""What a customer changed of a sales order that stands in an ERP, ready to be written. Neutral between ERPs."""

from datetime import date

from ml_connector.documents.common import Record
from ml_connector.documents.sales.orders import SalesOrderLine


class ChangedLine(Record):
    """A line as the customer ordered it last and as it wants it now. No `was`: it is new; no `now`: it is taken off."""

    was: SalesOrderLine | None = None
    now: SalesOrderLine | None = None

    @property
    def is_same(self) -> bool:
        """Whether nothing of it changes."""
        return self.was == self.now


class ChangedDay(Record):
    """A day of the whole order: `requested`, `shipped` or `cancelled`, as `SalesOrder` has them."""

    what: str
    was: date | None = None
    now: date | None = None


class SalesOrderChange(Record):
    """One sales order with what changes of it.

    order_id: the ERP's own; order_number: as people call it. reference: what names the order among those of the
    customer's number. cancel: all of it is taken back. lines: all lines of the order, also those that stay, in their
    order: only together they tell which line of the ERP's is which.
    """

    order_id: str
    order_number: str = ""
    customer_id: str
    customer_code: str
    customer_order: str
    reference: str = ""
    cancel: bool = False
    days: tuple[ChangedDay, ...] = ()
    lines: tuple[ChangedLine, ...] = ()
