"""Both ends of a try: an ERP that answers from the snapshots and remembers, a network that holds the given files.

Neither makes a call. What the real ERP's client *plans* is taken from it, so that the payloads are those of a run.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from ml_connector.documents.agreements import AgreedChange, AgreedLine
from ml_connector.documents.bills import Bill, BillMode, GoodsReceipt
from ml_connector.documents.reference import OpenOrder, OpenOrderLine, ReferenceTable
from ml_connector.flows.core.ports import (
    BillIdentity,
    Erp,
    ExistingBill,
    ExistingReceipt,
    OrderBatch,
    PlannedOperation,
    ReceiptIdentity,
    ReferenceRead,
    RemoteFile,
    RemotePage,
    SourceOrder,
    StoredOperation,
    Written,
)

#: A record of ours where the ERP's own is not kept: the order as the snapshot has it.
_SNAPSHOT = '{"try_order":'


def record_of_snapshot(order: OpenOrder) -> str:
    """A record that `RememberingErp.order_from_record` reads back as this order."""
    return f"{_SNAPSHOT}{order.model_dump_json()}}}"


class RememberingErp:
    """An ERP that is never called. planner: the real one, for what it plans and reads without a call."""

    def __init__(self, planner: Erp, company: str, company_name: str, orders: Mapping[str, OpenOrder]) -> None:
        self._planner = planner
        self.connection = planner.connection
        self.system = planner.system
        self.company = company
        self.company_name = company_name
        self.bill_kinds = planner.bill_kinds
        self._orders = dict(orders)
        self._changed: dict[str, OpenOrder] = {}
        self._bills: dict[str, Bill] = {}
        self._receipts: dict[str, GoodsReceipt] = {}
        self._lines: dict[tuple[str, str], AgreedLine] = {}
        #: Records that a poll brings, for `try --order`.
        self.news: list[SourceOrder] = []

    # what is read

    def read_reference(self, table: ReferenceTable, cursor: str | None) -> ReferenceRead:
        rows = list(self._changed.values()) if table is ReferenceTable.PURCHASE_ORDERS else []
        return ReferenceRead(rows, cursor, complete=False)

    def changed_orders(self, cursor: str | None, *, limit: int = 600) -> OrderBatch:
        del limit
        return OrderBatch(self.news, cursor)

    def read_orders(self, keys: Sequence[str]) -> Sequence[SourceOrder]:
        found = [self._orders[key] for key in keys if key in self._orders]
        return [SourceOrder(record_of_snapshot(order), order) for order in found]

    def order_from_record(self, record: str) -> OpenOrder:
        if record.startswith(_SNAPSHOT):
            return OpenOrder.model_validate(json.loads(record, parse_float=Decimal)["try_order"])
        return self._planner.order_from_record(record)

    def order_created(self, record: str) -> datetime | None:
        return None if record.startswith(_SNAPSHOT) else self._planner.order_created(record)

    def find_written(self, operations: Sequence[StoredOperation]) -> Mapping[int, Written]:
        del operations
        return {}

    def find_copies(self, operations: Sequence[StoredOperation]) -> Mapping[int, Sequence[Written]]:
        del operations
        return {}

    def read_bills(self, keys: Sequence[str]) -> Sequence[ExistingBill]:
        del keys
        return []

    def find_bills(self, bills: Sequence[BillIdentity]) -> Sequence[ExistingBill]:
        del bills
        return []

    def find_receipts(self, receipts: Sequence[ReceiptIdentity]) -> Sequence[ExistingReceipt]:
        del receipts
        return []

    # what is planned

    def plan_bill(self, bill: Bill, key: str) -> Sequence[PlannedOperation]:
        self._bills[key] = bill
        return self._planner.plan_bill(bill, key)

    def plan_receipt(self, receipt: GoodsReceipt, key: str) -> Sequence[PlannedOperation]:
        planned = self._planner.plan_receipt(receipt, key)
        if planned:
            self._receipts[planned[0].payload] = receipt
        return planned

    def plan_order_change(self, change: AgreedChange) -> Sequence[PlannedOperation]:
        planned = self._planner.plan_order_change(change)
        for operation, line in zip(planned, change.lines, strict=True):
            self._lines[operation.target, operation.payload] = line
        return planned

    # what would be written

    def write(self, operation: StoredOperation) -> Written:
        """Remember the write: what is tried next sees the orders as they would be."""
        line = self._lines.get((operation.target, operation.payload))
        if line is not None:
            self._change(line.order_line_id, _agreed(line))
            return Written(line.order_line_id)
        bill = self._bills.get(operation.key.rpartition("/")[0]) if operation.kind in self.bill_kinds else None
        if bill is not None and bill.mode is BillMode.MATCHED:
            sign = -1 if bill.credit else 1
            for one in bill.lines:
                self._add(one.order_line_id, "invoiced", sign * one.quantity)
        receipt = self._receipts.get(operation.payload)
        for received in receipt.lines if receipt is not None else ():
            self._add(received.order_line_id, "received", received.quantity)
        return Written(f"would-be-{operation.id}")

    def _add(self, line_id: str, name: str, quantity: Decimal) -> None:
        for order in self._orders.values():
            for line in order.lines:
                if line_id and line.id == line_id:
                    self._change(line_id, {name: getattr(line, name) + quantity})
                    return

    def _change(self, line_id: str, values: Mapping[str, Any]) -> None:
        for order in list(self._orders.values()):
            if any(line.id == line_id for line in order.lines):
                lines = tuple(_with(line, values) if line.id == line_id else line for line in order.lines)
                self._orders[order.id] = self._changed[order.id] = order.model_copy(update={"lines": lines})
                return


def _with(line: OpenOrderLine, values: Mapping[str, Any]) -> OpenOrderLine:
    return line.model_copy(update=dict(values))


def _agreed(line: AgreedLine) -> dict[str, Any]:
    values = {"quantity": line.quantity, "receipt_date": line.receipt_date}
    return {name: value for name, value in values.items() if value is not None}


@dataclass
class HeldMailbox:
    """A network that lists the given files and takes nothing away; what would be sent is remembered."""

    connection: str
    #: By folder: the files that lie in it.
    files: dict[str, list[tuple[str, bytes]]] = field(default_factory=dict)
    stages: bool = False

    def list_files(self, channel: str, *, start: int, limit: int) -> RemotePage:
        del start, limit
        lying = self.files.get(channel, [])
        return RemotePage([RemoteFile(f"{at}/{name}", name, len(data)) for at, (name, data) in enumerate(lying)], None)

    def fetch(self, channel: str, file: RemoteFile) -> Iterator[bytes]:
        at = int(file.remote_id.partition("/")[0])
        yield self.files[channel][at][1]

    def dispose(self, channel: str, file: RemoteFile, *, policy: str, move_to: str = "") -> None:
        """Nothing is taken away."""

    def stage(self, channel: str, name: str, data: bytes, *, attempt: int = 1) -> str | None:
        del channel, name, data, attempt
        return None

    def publish(self, channel: str, staged: str, name: str) -> Written:
        return Written(f"{channel}/{staged}/{name}")

    def upload(self, channel: str, name: str, data: bytes) -> Written:
        del data
        return Written(f"{channel}/{name}")

    def find(self, channel: str, name: str, size: int) -> RemoteFile | None:
        del channel, name, size
        return None

    def copies(self, channel: str, names: Sequence[str]) -> Mapping[str, Sequence[RemoteFile]]:
        del channel, names
        return {}
