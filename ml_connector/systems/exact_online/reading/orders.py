"""Purchase orders: what changed since the last poll, and orders by id, whole with their lines (exact-online 10.1)."""

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ml_connector.clock import Clock
from ml_connector.documents.reference import OpenOrder
from ml_connector.errors import WeAreWrong
from ml_connector.flows.core.ports import Changed, SourceOrder
from ml_connector.systems.exact_online.reading import records
from ml_connector.systems.exact_online.reading.addresses import Addresses
from ml_connector.systems.exact_online.reading.polling import Poll
from ml_connector.systems.exact_online.wire.client import ExactClient, Row, nested
from ml_connector.systems.exact_online.wire.filters import equals, one_of_guids
from ml_connector.systems.exact_online.wire.odata_literals import (
    guid,
    guid_literal,
    is_guid,
    moment,
    to_json,
    whole,
)

ENDPOINT = "purchaseorder/PurchaseOrders"
LINES_ENDPOINT = "purchaseorder/PurchaseOrderLines"
LINES = "PurchaseOrderLines"

_HEADER = (
    "PurchaseOrderID",
    "ApprovalStatus",
    "Created",
    "AmountDiscountExclVat",
    "Currency",
    "DeliveryAccountCode",
    "DeliveryAccountName",
    "DeliveryAddress",
    "DeliveryContactPersonFullName",
    "Description",
    "Discount",
    "DocumentSubject",
    "DropShipment",
    "IncotermAddress",
    "IncotermCode",
    "IncotermVersion",
    "InvoiceStatus",
    "Modified",
    "OrderDate",
    "OrderNumber",
    "OrderStatus",
    "PaymentCondition",
    "PaymentConditionDescription",
    "PurchaseAgent",
    "PurchaseAgentFullName",
    "PurchaseOrderLineCount",
    "ReceiptDate",
    "ReceiptStatus",
    "Remarks",
    "SalesOrderNumber",
    "SelectionCodeCode",
    "ShippingMethodCode",
    "ShippingMethodDescription",
    "Supplier",
    "SupplierCode",
    "SupplierContact",
    "SupplierContactPersonFullName",
    "SupplierName",
    "Warehouse",
    "WarehouseCode",
    "YourRef",
)
_LINE = (
    "ID",
    "CostCenter",
    "CostUnit",
    "Description",
    "Discount",
    "InvoicedQuantity",
    "Item",
    "ItemBarcode",
    "ItemCode",
    "ItemDescription",
    "LineNumber",
    "NetPrice",
    "Notes",
    "ProjectCode",
    "QuantityInPurchaseUnits",
    "ReceiptDate",
    "ReceivedQuantity",
    "SupplierItemCode",
    "Unit",
    "UnitPrice",
    "VATCode",
)
SELECT = ",".join([*_HEADER, *(f"{LINES}/{name}" for name in _LINE)])
WHOLE = {"$expand": LINES, "$select": SELECT}


class Orders:
    """Purchase orders of one division."""

    def __init__(self, client: ExactClient, clock: Clock, addresses: Addresses) -> None:
        self._client = client
        self._settings = client.settings
        self._clock = clock
        self._addresses = addresses

    def changed(self, cursor: str | None, *, limit: int) -> Changed[OpenOrder]:
        """Orders modified since the cursor (`Poll.changed`)."""
        poll = Poll(self._client, self._clock, ENDPOINT, WHOLE, "purchase order", self._records)
        return poll.changed(cursor, limit=limit)

    def _records(self, rows: Sequence[Row]) -> list[SourceOrder]:
        return [_source_order(row) for row in self._whole(rows)]

    def by_id(self, ids: Sequence[str]) -> list[SourceOrder]:
        """Orders by PurchaseOrderID in batched look-ups, in the order asked; what is gone, or no guid, is left out."""
        return [_source_order(row) for row in self._rows(ids)]

    def open_orders(self, ids: Sequence[str]) -> list[OpenOrder]:
        """The same without the records as read: for tables, which keep no record."""
        return [order_of(row) for row in self._rows(ids)]

    def _rows(self, ids: Sequence[str]) -> list[Row]:
        wanted = list(dict.fromkeys(guid(key) for key in ids if is_guid(key)))
        found: dict[str, Row] = {}
        for rows in self._client.rows_matching(ENDPOINT, WHOLE, wanted, one_of_guids("PurchaseOrderID")):
            found.update((_id_of(row), row) for row in self._whole(rows))
        return [found[key] for key in wanted if key in found]

    def _whole(self, rows: Sequence[Row]) -> list[Row]:
        """The records with all their lines, and the delivery addresses that they name; those are looked up together."""
        found = self._addresses.rows({guid(row.get("DeliveryAddress")) for row in rows} - {""})
        addresses = {key: {records.ADDRESS: _plain(row)} for key, row in found.items()}
        return [
            {**row, **addresses.get(guid(row.get("DeliveryAddress")), {})} for row in map(self._with_all_lines, rows)
        ]

    def _with_all_lines(self, row: Row) -> Row:
        """The record with its lines; they are read by themselves where the expansion left some out."""
        expanded = nested(row, LINES)
        announced = whole(row.get("PurchaseOrderLineCount"))
        if expanded is not None and expanded[1] is None and (announced is None or len(expanded[0]) >= announced):
            return {**_plain(row), LINES: [_plain(line) for line in expanded[0]]}
        lines = self._client.rows(
            LINES_ENDPOINT,
            {
                "$select": ",".join(_LINE),
                "$filter": equals("PurchaseOrderID", guid_literal(str(row.get("PurchaseOrderID", "")))),
            },
        )
        return {**_plain(row), LINES: [_plain(line) for line in lines]}


def _id_of(row: Row) -> str:
    key = guid(row.get("PurchaseOrderID"))
    if not key:
        raise WeAreWrong("Exact sent a purchase order without an id")
    return key


def _source_order(row: Row) -> SourceOrder:
    return SourceOrder(to_json(row), order_of(row))


def order_from_record(record: str) -> OpenOrder:
    """The order in a stored record."""
    return order_of(json.loads(record, parse_float=Decimal))


def order_created(record: str, zone: ZoneInfo) -> datetime | None:
    """When a stored record was entered; records of earlier versions of this program do not tell."""
    return moment(json.loads(record or "{}").get("Created"), zone)


def order_of(row: Row) -> OpenOrder:
    """The order in a whole record: header fields and `PurchaseOrderLines` as a list."""
    lines: list[Any] = row.get(LINES) or []
    return records.order(row, [records.order_line(line) for line in lines], lines)


def _plain(row: Row) -> Row:
    return {key: value for key, value in row.items() if key not in {"__metadata", LINES}}
