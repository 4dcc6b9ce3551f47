"""What Acumatica can be written to, as flows name it (`flows.core.ports`)."""

from collections.abc import Sequence

from ml_connector.documents.agreements import AgreedChange
from ml_connector.documents.bills import Bill, GoodsReceipt
from ml_connector.documents.sales.changes import SalesOrderChange
from ml_connector.documents.sales.orders import NewCustomer, SalesOrder
from ml_connector.flows.core.ports import Entries, Existing, Identity, PlannedOperation, ReferenceRead
from ml_connector.systems.acumatica.posting import (
    bills,
    customers,
    order_lines,
    receipts,
    sales_order_changes,
    sales_orders,
)
from ml_connector.systems.acumatica.posting.bill_plans import BillPlanner
from ml_connector.systems.acumatica.posting.bills import BillWriter
from ml_connector.systems.acumatica.posting.keyed import KeyedWriter
from ml_connector.systems.acumatica.posting.order_lines import plan_order_change
from ml_connector.systems.acumatica.posting.receipts import plan_receipt
from ml_connector.systems.acumatica.posting.sales_orders import plan_sales_order
from ml_connector.systems.acumatica.reading.orders import Orders
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.client import readable


class Bills:
    """AP bills and debit adjustments to write."""

    kinds = frozenset({bills.KIND})
    repeatable = False
    entries: Entries | None = None

    def __init__(self, planner: BillPlanner, writer: BillWriter, connection: str) -> None:
        self._planner = planner
        self._writer = writer
        self._connection = connection

    def plan(self, document: Bill, key: str) -> list[PlannedOperation]:
        """The writes that post a bill."""
        return self._planner.plan(document, key)

    def existing(self, identities: Sequence[Identity]) -> list[Existing]:
        """Bills of these vendors with these numbers."""
        with readable(self._connection, "a bill"):
            return self._writer.find(identities)


class GoodsReceipts:
    """Purchase receipts to write."""

    kinds = frozenset({receipts.KIND})
    repeatable = False
    entries: Entries | None = None

    def __init__(self, settings: AcumaticaConnection, writer: KeyedWriter, connection: str) -> None:
        self._settings = settings
        self._writer = writer
        self._connection = connection

    def plan(self, document: GoodsReceipt, key: str) -> list[PlannedOperation]:
        """The writes that post a receipt."""
        return plan_receipt(document, key, self._settings)

    def existing(self, identities: Sequence[Identity]) -> list[Existing]:
        """Receipts of these vendors' notices."""
        with readable(self._connection, "a purchase receipt"):
            return self._writer.find(identities)


class OrderChanges:
    """Lines of purchase orders to change. A line holds no key of ours; written again it is the same line."""

    kinds = frozenset({order_lines.KIND})
    repeatable = True
    entries: Entries | None = None

    def __init__(self, company: str) -> None:
        self._company = company

    def plan(self, document: AgreedChange, key: str) -> list[PlannedOperation]:
        """One write a line."""
        del key
        return plan_order_change(document, self._company)

    def existing(self, identities: Sequence[Identity]) -> list[Existing]:
        """Nothing: what is changed is there already."""
        del identities
        return []


class SalesOrders:
    """Sales orders to write."""

    kinds = frozenset({sales_orders.KIND})
    repeatable = False
    entries: Entries | None = None

    def __init__(self, settings: AcumaticaConnection, writer: KeyedWriter, connection: str) -> None:
        self._settings = settings
        self._writer = writer
        self._connection = connection

    def plan(self, document: SalesOrder, key: str) -> list[PlannedOperation]:
        """The write that posts an order."""
        return plan_sales_order(document, key, self._settings)

    def existing(self, identities: Sequence[Identity]) -> list[Existing]:
        """Orders of these customers with these numbers."""
        with readable(self._connection, "a sales order"):
            return self._writer.find(identities)


class SalesOrderChanges:
    """Sales orders to change. Nothing of ours marks a change; written again it is the same order."""

    kinds = frozenset({sales_order_changes.KIND})
    repeatable = True
    entries: Entries | None = None

    def __init__(self, settings: AcumaticaConnection) -> None:
        self._settings = settings

    def plan(self, document: SalesOrderChange, key: str) -> list[PlannedOperation]:
        """One write an order."""
        del key
        return sales_order_changes.plan_change(document, self._settings)

    def existing(self, identities: Sequence[Identity]) -> list[Existing]:
        """Nothing: what is changed is there already."""
        del identities
        return []


class NewCustomers:
    """Customers to create; one that is there already is taken as it is."""

    kinds = frozenset({customers.KIND})
    repeatable = True
    entries: Entries | None = None

    def __init__(self, settings: AcumaticaConnection) -> None:
        self._settings = settings

    def plan(self, document: NewCustomer, key: str) -> list[PlannedOperation]:
        """The write that creates it."""
        del key
        return [customers.plan_customer(document, self._settings)]

    def existing(self, identities: Sequence[Identity]) -> list[Existing]:
        """Nothing: they are looked for where they are written."""
        del identities
        return []


class OpenOrders:
    """The table of open purchase orders."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    def read(self, cursor: str | None) -> ReferenceRead:
        """All of them."""
        del cursor
        return self._orders.table()
