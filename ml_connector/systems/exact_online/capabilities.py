"""What Exact can be read from and written to, as flows name it (`flows.core.ports`)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from ml_connector.documents.payables.settlements import OpenItem, Payment
from ml_connector.documents.reference import OpenOrder, ReferenceTable
from ml_connector.flows.core.ports import (
    Changed,
    Deleted,
    Existing,
    Identity,
    PlannedOperation,
    ReferenceRead,
    SourceOrder,
)
from ml_connector.systems.exact_online.notices import topics
from ml_connector.systems.exact_online.posting import payments
from ml_connector.systems.exact_online.posting.bills import BillFinder
from ml_connector.systems.exact_online.posting.payments import PaymentFinder, PaymentPlanner
from ml_connector.systems.exact_online.reading import orders as order_records
from ml_connector.systems.exact_online.reading.open_items import OpenItems
from ml_connector.systems.exact_online.reading.orders import Orders
from ml_connector.systems.exact_online.reading.reference import Reference
from ml_connector.systems.exact_online.settings import ExactSettings
from ml_connector.systems.exact_online.wire.client import readable
from ml_connector.systems.exact_online.wire.entities import (
    PURCHASE_ENTRY,
    PURCHASE_INVOICE,
)

#: A bill is one or the other (exact-online 10.3).
BILL_KINDS = frozenset({PURCHASE_INVOICE.kind, PURCHASE_ENTRY.kind})


class PurchaseOrders:
    """Purchase orders to read."""

    notices = topics.ORDERS

    def __init__(self, orders: Orders, reference: Reference, settings: ExactSettings) -> None:
        self._orders = orders
        self._reference = reference
        self._settings = settings

    @property
    def deletions(self) -> Callable[[str | None], Deleted]:
        return self._reference.deleted_orders

    def begin(self, day: date) -> str:
        return f"{day.isoformat()}T00:00:00"

    def changed(self, cursor: str | None, *, limit: int = 600) -> Changed[OpenOrder]:
        return self._orders.changed(cursor, limit=limit)

    def by_id(self, keys: Sequence[str]) -> list[SourceOrder]:
        with readable(self._settings.connection, "a purchase order"):
            return self._orders.by_id(keys)

    def from_record(self, record: str) -> OpenOrder:
        return order_records.order_from_record(record)

    def entered(self, record: str) -> datetime | None:
        return order_records.order_created(record, self._settings.time_zone)


@dataclass(frozen=True)
class Table:
    """One reference table."""

    reference: Reference
    table: ReferenceTable
    connection: str

    def read(self, cursor: str | None) -> ReferenceRead:
        with readable(self.connection, f"a record of {self.table.value}"):
            return self.reference.read(self.table, cursor)


class PurchaseEntriesByHand:
    """Purchase entries that others make, as webhooks name them."""

    notices = topics.ENTRIES

    def __init__(self, finder: BillFinder) -> None:
        self._finder = finder

    def by_id(self, keys: Sequence[str]) -> list[Existing]:
        return self._finder.by_id(keys)


class Payments:
    """Payments that others made, to book, and what there is to pay."""

    kinds = payments.KINDS
    repeatable = False
    entries = None

    def __init__(
        self, planner: PaymentPlanner, finder: PaymentFinder, items: OpenItems, settings: ExactSettings
    ) -> None:
        self._planner = planner
        self._finder = finder
        self._items = items
        self._connection = settings.connection

    def plan(self, document: Payment, key: str) -> list[PlannedOperation]:
        return self._planner.plan(document, key)

    def existing(self, identities: Sequence[Identity]) -> list[Existing]:
        with readable(self._connection, "a booked payment"):
            return self._finder.existing(identities)

    def open_items(self, identities: Sequence[Identity]) -> list[OpenItem]:
        with readable(self._connection, "what is due"):
            return self._items.of(identities)

    def items_of(self, bills: Sequence[str]) -> list[OpenItem]:
        with readable(self._connection, "what is due"):
            return self._items.by_bill(bills)
