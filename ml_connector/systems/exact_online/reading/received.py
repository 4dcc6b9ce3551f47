"""Goods receipts as documents, a line each (exact-online 10.2)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ml_connector.clock import Clock
from ml_connector.documents.payables.received import ReceivedLine
from ml_connector.errors import WeAreWrong
from ml_connector.flows.core.ports import Changed, SourceRecord
from ml_connector.systems.exact_online.reading.polling import Poll
from ml_connector.systems.exact_online.reading.records import text
from ml_connector.systems.exact_online.wire.client import ExactClient, Row, nested, readable
from ml_connector.systems.exact_online.wire.entities import GOODS_RECEIPT
from ml_connector.systems.exact_online.wire.filters import equals, one_of_guids
from ml_connector.systems.exact_online.wire.odata_literals import (
    code,
    day,
    guid,
    guid_literal,
    is_guid,
    moment,
    number,
    to_json,
    whole,
)

LINES = GOODS_RECEIPT.lines
_HEADER = "ID,Created,Modified,ReceiptDate,ReceiptNumber,YourRef"
_LINE = (
    "ID,GoodsReceiptID,ItemCode,ItemDescription,ItemUnitCode,LineNumber,PurchaseOrderID,PurchaseOrderLineID,"
    "PurchaseOrderNumber,QuantityReceived"
)
WHOLE = {
    "$expand": LINES,
    "$select": ",".join([_HEADER, LINES, *(f"{LINES}/{name}" for name in _LINE.split(","))]),
}


@dataclass(frozen=True)
class Received:
    """Lines of goods receipts of one division. Nothing tells of them by webhook."""

    client: ExactClient
    clock: Clock

    notices = None
    deletions = None

    def begin(self, day: date) -> str:
        return f"{day.isoformat()}T00:00:00"

    def changed(self, cursor: str | None, *, limit: int = 600) -> Changed[ReceivedLine]:
        """Lines of receipts that were modified since the cursor (`Poll.changed`)."""
        poll = Poll(self.client, self.clock, GOODS_RECEIPT.endpoint, WHOLE, "goods receipt", self._records)
        return poll.changed(cursor, limit=limit)

    def _records(self, rows: Sequence[Row]) -> list[SourceRecord[ReceivedLine]]:
        return [line for row in rows for line in self._lines(row)]

    def by_id(self, keys: Sequence[str]) -> list[SourceRecord[ReceivedLine]]:
        """Lines by their ids: their receipts are read, and of them these lines."""
        wanted = list(dict.fromkeys(guid(key) for key in keys if is_guid(key)))
        rows = [
            row
            for page in self.client.rows_matching(
                "purchaseorder/GoodsReceiptLines",
                {"$select": "ID,GoodsReceiptID"},
                wanted,
                one_of_guids("ID"),
            )
            for row in page
        ]
        receipts = sorted({guid(row.get("GoodsReceiptID")) for row in rows} - {""})
        pages = self.client.rows_matching(
            GOODS_RECEIPT.endpoint,
            WHOLE,
            receipts,
            one_of_guids("ID"),
        )
        with readable(self.client.settings.connection, "a goods receipt"):
            lines = [line for page in pages for row in page for line in self._lines(row)]
        found = {one.document.id: one for one in lines}
        return [found[key] for key in wanted if key in found]

    def from_record(self, record: str) -> ReceivedLine:
        return received(json.loads(record, parse_float=Decimal))

    def entered(self, record: str) -> datetime | None:
        return moment(json.loads(record or "{}").get("Created"), self.client.settings.time_zone)

    def _lines(self, row: Row) -> Iterator[SourceRecord[ReceivedLine]]:
        expanded = nested(row, LINES)
        lines: Sequence[Row] = expanded[0] if expanded is not None and expanded[1] is None else self._read_lines(row)
        head = {key: value for key, value in row.items() if key not in {"__metadata", LINES}}
        for line in lines:
            record: dict[str, Any] = {**head, "Line": {k: v for k, v in line.items() if k != "__metadata"}}
            yield SourceRecord(to_json(record), received(record))

    def _read_lines(self, row: Row) -> list[Row]:
        of_receipt = equals("GoodsReceiptID", guid_literal(str(row.get("ID", ""))))
        return self.client.rows("purchaseorder/GoodsReceiptLines", {"$select": _LINE, "$filter": of_receipt})


def received(record: Row) -> ReceivedLine:
    """The line in a stored record: the receipt's head, and one line of it."""
    line: Row = record.get("Line") or {}
    key = guid(line.get("ID"))
    if not key:
        raise WeAreWrong("Exact sent a line of a goods receipt without an id")
    return ReceivedLine(
        id=key,
        receipt_number=text(whole(record.get("ReceiptNumber")) or ""),
        order_id=guid(line.get("PurchaseOrderID")),
        order_number=text(whole(line.get("PurchaseOrderNumber")) or ""),
        order_line_id=guid(line.get("PurchaseOrderLineID")),
        quantity=number(line.get("QuantityReceived")),
        received_on=day(record.get("ReceiptDate")),
        item=code(line.get("ItemCode")),
        description=text(line.get("ItemDescription")),
        unit=code(line.get("ItemUnitCode")),
        reference=text(record.get("YourRef")),
    )
