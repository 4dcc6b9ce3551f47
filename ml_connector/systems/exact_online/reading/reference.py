"""Reading reference tables by the cheapest endpoint: sync where there is one, plain lists for the rest.

Sync endpoints give what changed after a row version (`Timestamp`), a thousand rows a call; `sync/Deleted` what is
gone. Row versions are renumbered when a division is moved, which DivisionMoveDate tells (exact-online 7).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from ml_connector.clock import Clock
from ml_connector.documents.common import Record
from ml_connector.documents.reference import OpenOrder, ReferenceTable
from ml_connector.errors import AuthorizationNeeded
from ml_connector.flows.core.ports import Deleted, ReferenceRead
from ml_connector.systems.exact_online.reading import records
from ml_connector.systems.exact_online.reading.orders import Orders
from ml_connector.systems.exact_online.wire.client import ExactClient, Row
from ml_connector.systems.exact_online.wire.error_mapping import FORBIDDEN
from ml_connector.systems.exact_online.wire.odata_literals import guid, wall_of, wall_time, whole

#: The documented starting point: the first row version that `gt` can be asked for.
FIRST = 1
DELETED = "sync/Deleted"


@dataclass(frozen=True)
class SyncTable:
    """A table with a sync endpoint. entity_type: its number in sync/Deleted. keep: rows that belong to the table."""

    endpoint: str
    fields: str
    make: Callable[[Mapping[str, Any]], Record]
    entity_type: int
    keep: Callable[[Mapping[str, Any]], bool] = lambda _: True


@dataclass(frozen=True)
class PlainTable:
    """A small table that is read whole."""

    endpoint: str
    fields: str
    make: Callable[[Mapping[str, Any]], Record]
    keep: Callable[[Mapping[str, Any]], bool] = lambda _: True


SYNCED = {
    ReferenceTable.VENDORS: SyncTable(
        "sync/CRM/Accounts", records.VENDOR_FIELDS, records.vendor, 2, lambda row: bool(row.get("IsSupplier"))
    ),
    ReferenceTable.GL_ACCOUNTS: SyncTable(
        "sync/Financial/GLAccounts", records.GL_ACCOUNT_FIELDS, records.gl_account, 7
    ),
    ReferenceTable.ITEMS: SyncTable("sync/Logistics/Items", records.ITEM_FIELDS, records.item, 9),
}
PLAIN = {
    ReferenceTable.COST_CENTERS: PlainTable("hrm/Costcenters", records.COST_CENTER_FIELDS, records.cost_center),
    ReferenceTable.COST_UNITS: PlainTable("hrm/Costunits", records.COST_UNIT_FIELDS, records.cost_center),
    ReferenceTable.VAT_CODES: PlainTable(
        "vat/VATCodes", records.VAT_CODE_FIELDS, records.vat_code, lambda row: not row.get("IsBlocked")
    ),
}
#: Not every edition of Exact has these: their endpoints answer 403 (exact-online 6).
EDITION_DEPENDENT = frozenset({ReferenceTable.COST_CENTERS, ReferenceTable.COST_UNITS})
#: No row version is beyond it.
LAST = 2**63 - 1
ORDERS_ENDPOINT = "sync/PurchaseOrder/PurchaseOrders"
ORDERS_TYPE = 22
#: Of sync/Deleted: lines of transactions and open items, which go with an entry (exact-online 7, 10.6).
BOOKING_TYPES = (1, 10)
ORDER_FIELDS = (
    "ID,PurchaseOrderID,LineNumber,AmountDiscountExclVat,ApprovalStatus,CostCenterCode,CostUnitCode,Currency,"
    "DeliveryAccountCode,DeliveryAccountName,DeliveryAddress,DeliveryContactPersonFullName,Description,Discount,"
    "DocumentSubject,DropShipment,IncotermAddress,IncotermCode,IncotermVersion,InvoicedQuantity,InvoiceStatus,Item,"
    "ItemBarcode,ItemCode,ItemDescription,Modified,NetPrice,Notes,OrderDate,OrderNumber,OrderStatus,PaymentCondition,"
    "PaymentConditionDescription,ProjectCode,PurchaseAgent,PurchaseAgentFullName,QuantityInPurchaseUnits,ReceiptDate,"
    "ReceiptStatus,ReceivedQuantity,Remarks,SalesOrderNumber,SelectionCodeCode,ShippingMethodCode,"
    "ShippingMethodDescription,Supplier,SupplierCode,SupplierContact,SupplierContactPersonFullName,SupplierItemCode,"
    "SupplierName,Unit,UnitPrice,VATCode,Warehouse,WarehouseCode,YourRef"
)


@dataclass(frozen=True)
class Position:
    """A table's cursor.

    rows, deleted: the highest row versions read of the table and of sync/Deleted. moved: DivisionMoveDate then.
    whole: the day of the last whole read.
    """

    rows: int
    deleted: int
    moved: str
    whole: date

    @staticmethod
    def of(text: str | None, moved: str, oldest: date) -> "Position | None":
        """None when the table must be read whole: no usable cursor, the division was moved since, or the last whole
        read is older than `oldest`. Row versions of transactions that commit late can be passed by, and
        sync/Deleted forgets after two months (exact-online 7); a whole read now and then heals both.
        """
        try:
            value = json.loads(text or "null")
            whole_read = date.fromisoformat(value["whole"])
            position = Position(int(value["rows"]), int(value["deleted"]), str(value["moved"]), whole_read)
        except (ValueError, KeyError, TypeError):
            return None
        return position if position.moved == moved and position.whole >= oldest else None

    def text(self) -> str:
        values = {"rows": self.rows, "deleted": self.deleted, "moved": self.moved, "whole": self.whole.isoformat()}
        return json.dumps(values)


@dataclass
class _Changes:
    """What one sync endpoint gave after a row version."""

    rows: list[Row] = field(default_factory=list)
    highest: int = FIRST
    calls: int = 0


class Reference:
    """Reference tables of one division. moved: tells DivisionMoveDate as last seen (empty: never moved)."""

    def __init__(self, client: ExactClient, orders: Orders, clock: Clock, moved: Callable[[], str]) -> None:
        self._client = client
        self._orders = orders
        self._clock = clock
        self._moved = moved

    def read(self, table: ReferenceTable, cursor: str | None) -> ReferenceRead:
        """See `flows.core.ports.ReferenceSource.read`."""
        if table in self._client.settings.without:
            return ReferenceRead([], None, complete=True, calls=0)
        if table in PLAIN:
            with _edition_named(table):
                return self._read_plain(PLAIN[table])
        moved = self._moved()
        oldest = self._today() - timedelta(days=self._client.settings.full_sync_days)
        position = Position.of(cursor, moved, oldest)
        if table is ReferenceTable.PURCHASE_ORDERS:
            return self._all_orders(moved) if position is None else self._changed_orders(position)
        return self._all(SYNCED[table], moved) if position is None else self._changed(SYNCED[table], position)

    def try_reading(self, table: ReferenceTable) -> None:
        """One call that brings hardly anything: whether the table may be read. Raises: what reading it would."""
        if table in self._client.settings.without:
            return
        if table in PLAIN:
            with _edition_named(table):
                self._client.page(PLAIN[table].endpoint, {"$select": "ID", "$top": "1"})
            return
        endpoint = ORDERS_ENDPOINT if table is ReferenceTable.PURCHASE_ORDERS else SYNCED[table].endpoint
        self._client.page(endpoint, {"$filter": f"Timestamp gt {LAST}", "$select": "Timestamp"})

    def deleted_orders(self, cursor: str | None) -> Deleted:
        """Orders that were deleted since the cursor; without one, or when the division was moved since and the row
        versions are others, all that sync/Deleted still has (exact-online 7).
        """
        return self._deleted(cursor, ORDERS_TYPE)

    def deleted_bookings(self, cursor: str | None) -> Deleted:
        """Lines and open items of bookings that were deleted: of an entry nothing else is told (exact-online 10.6)."""
        return self._deleted(cursor, *BOOKING_TYPES)

    def _deleted(self, cursor: str | None, *types: int) -> Deleted:
        moved = self._moved()
        found = self._after(DELETED, "EntityType,EntityKey", _deletions_since(cursor, moved))
        text = json.dumps({"deleted": found.highest, "moved": moved})
        return Deleted(list(dict.fromkeys(key for one in types for key in _deleted_keys(found.rows, one))), text)

    def _today(self) -> date:
        return self._clock.now().date()

    def _check_rights(self, rows: Sequence[Record], endpoint: str) -> None:
        """An empty table may be a user without rights; it must not empty our snapshot."""
        readable = endpoint.removeprefix("sync/")
        if rows or self._client.may_read(readable):
            return
        raise AuthorizationNeeded(
            f"{self._client.api.name}: {endpoint} is empty because the user may not read it.",
            remedy=f"Give the user of this connection the right to read {readable} in Exact.",
            data={"endpoint": readable},
        )

    def _read_plain(self, table: PlainTable) -> ReferenceRead:
        pages = list(self._client.pages(table.endpoint, {"$select": table.fields}))
        rows = [table.make(row) for page in pages for row in page if table.keep(row)]
        self._check_rights(rows, table.endpoint)
        return ReferenceRead(rows, None, complete=True, calls=len(pages))

    def _all(self, table: SyncTable, moved: str) -> ReferenceRead:
        """The whole table. Deletions are read first: what is deleted meanwhile then comes with the next read."""
        deleted = self._after(DELETED, "EntityType,EntityKey", FIRST)
        found = self._after(table.endpoint, table.fields, FIRST)
        rows = [table.make(row) for row in _last(found.rows) if table.keep(row)]
        self._check_rights(rows, table.endpoint)
        position = Position(found.highest, deleted.highest, moved, self._today())
        return ReferenceRead(rows, position.text(), complete=True, calls=found.calls + deleted.calls)

    def _changed(self, table: SyncTable, position: Position) -> ReferenceRead:
        deleted = self._after(DELETED, "EntityType,EntityKey", position.deleted)
        found = self._after(table.endpoint, table.fields, position.rows)
        changed = _last(found.rows)
        gone = [guid(row.get("ID")) for row in changed if not table.keep(row)]
        return ReferenceRead(
            [table.make(row) for row in changed if table.keep(row)],
            replace(position, rows=found.highest, deleted=deleted.highest).text(),
            complete=False,
            removed=[*_deleted_keys(deleted.rows, table.entity_type), *gone],
            calls=found.calls + deleted.calls,
        )

    def _all_orders(self, moved: str) -> ReferenceRead:
        deleted = self._after(DELETED, "EntityType,EntityKey", FIRST)
        found = self._after(ORDERS_ENDPOINT, ORDER_FIELDS, FIRST)
        orders = records.group_flat_orders(_last(found.rows, "PurchaseOrderID", "LineNumber"))
        rows = [records.flat_order(rows) for rows in orders.values() if self._of_interest(rows)]
        self._check_rights(rows, ORDERS_ENDPOINT)
        position = Position(found.highest, deleted.highest, moved, self._today())
        return ReferenceRead(rows, position.text(), complete=True, calls=found.calls + deleted.calls)

    def _changed_orders(self, position: Position) -> ReferenceRead:
        """Rows that changed say which orders did; those are read whole, sixty a call, while the next page comes.

        An order that comes again on a later page is read again: it may have changed in between.
        """
        before = self._client.calls
        deleted = self._after(DELETED, "EntityType,EntityKey", position.deleted)
        changes = _Changes(highest=position.rows)
        orders: dict[str, OpenOrder | None] = {}
        with ThreadPoolExecutor(self._client.settings.concurrency, thread_name_prefix="orders") as pool:
            reading: list[tuple[list[str], Future[list[OpenOrder]]]] = []
            for rows in self._pages_after(ORDERS_ENDPOINT, "PurchaseOrderID", changes):
                keys = list(dict.fromkeys(guid(row.get("PurchaseOrderID")) for row in rows))
                reading.append((keys, pool.submit(self._orders.open_orders, keys)))
            for keys, read in reading:
                orders.update(dict.fromkeys(keys))
                orders.update((order.id, order) for order in read.result())
        gone = [key for key, order in orders.items() if order is None]
        return ReferenceRead(
            [order for order in orders.values() if order is not None],
            replace(position, rows=changes.highest, deleted=deleted.highest).text(),
            complete=False,
            removed=[*_deleted_keys(deleted.rows, ORDERS_TYPE), *gone],
            calls=self._client.calls - before,
        )

    def _of_interest(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        if not records.finished(rows[0]):
            return True
        settings = self._client.settings
        oldest = wall_of(self._clock.now(), settings.time_zone) - timedelta(days=settings.closed_order_days)
        modified = [wall_time(row.get("Modified")) for row in rows]
        return any(wall is not None and wall >= oldest for wall in modified)

    def _after(self, endpoint: str, fields: str, version: int) -> _Changes:
        """Everything of a sync endpoint after a row version; only `Timestamp` may be filtered (exact-online 7)."""
        changes = _Changes(highest=version)
        for page in self._pages_after(endpoint, fields, changes):
            changes.rows += page
        return changes

    def _pages_after(self, endpoint: str, fields: str, changes: _Changes) -> Iterator[list[Row]]:
        """Pages after the highest row version of `changes`, which goes on with them."""
        params = {"$filter": f"Timestamp gt {changes.highest}", "$select": f"{fields},Timestamp"}
        for page in self._client.pages(endpoint, params):
            changes.calls += 1
            changes.highest = max([changes.highest, *(whole(row.get("Timestamp")) or 0 for row in page)])
            yield page


@contextmanager
def _edition_named(table: ReferenceTable) -> Iterator[None]:
    """Where only an edition can be the cause, what to do about it is told."""
    try:
        yield
    except AuthorizationNeeded as error:
        refused = error.data.get("status") == 403 and error.data.get("reason") not in FORBIDDEN
        if table in EDITION_DEPENDENT and refused:
            error.remedy += f" If your edition has none: `without: [{table.value}]` in the connection."
        raise


def _last(rows: Iterable[Row], *key: str) -> list[Row]:
    """Each record once, as it came last: it may change while its table is being paged."""
    fields = ("ID", *key)
    return list({tuple(str(row.get(field)) for field in fields): row for row in rows}.values())


def _deletions_since(cursor: str | None, moved: str) -> int:
    try:
        value = json.loads(cursor or "null")
        return int(value["deleted"]) if str(value["moved"]) == moved else FIRST
    except (ValueError, KeyError, TypeError):
        return FIRST


def _deleted_keys(rows: Iterable[Row], entity_type: int) -> list[str]:
    return [guid(row.get("EntityKey")) for row in rows if whole(row.get("EntityType")) == entity_type]
