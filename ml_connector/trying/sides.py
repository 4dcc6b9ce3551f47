"""Both ends of a try: an ERP that answers from the snapshots and remembers, a network that holds the given files.

Neither makes a call. What the real ERP's client *plans* is taken from it, so that the payloads are those of a run.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ml_connector.documents.common import changed
from ml_connector.documents.erp_postings import Bill, BillMode, GoodsReceipt
from ml_connector.documents.order_agreements import AgreedChange, AgreedLine
from ml_connector.documents.payables.settlements import OpenItem
from ml_connector.documents.records import as_json, from_values, values_of
from ml_connector.documents.reference import OpenOrder, OpenOrderLine, ReferenceTable
from ml_connector.flows.core.ports import (
    PURCHASE_ORDERS,
    Changed,
    DocumentSource,
    DocumentTarget,
    Erp,
    Existing,
    Identity,
    PlannedOperation,
    ReferenceRead,
    ReferenceSource,
    RemoteFile,
    RemotePage,
    SourceOrder,
    SourceRecord,
    StoredOperation,
    Written,
    source_of,
)

#: A record of ours where the ERP's own is not kept: the order as the snapshot has it.
_SNAPSHOT = '{"try_order":'


def record_of_snapshot(order: OpenOrder) -> str:
    """A record that `TriedOrders.from_record` reads back as this order."""
    return f"{_SNAPSHOT}{as_json(order)}}}"


class RememberingErp:
    """An ERP that is never called. planner: the real one, for what it plans and reads without a call."""

    def __init__(self, planner: Erp, company: str, company_name: str, orders: Mapping[str, OpenOrder]) -> None:
        self.connection = planner.connection
        self.system = planner.system
        self.company = company
        self.company_name = company_name
        self.traits = planner.traits
        self._fill = planner.fill
        self.known = KnownOrders(orders)
        sources = {name: UnreadSource(source) for name, source in planner.sources.items()}
        self._orders: TriedOrders | None = None
        if PURCHASE_ORDERS.name in sources:
            self._orders = TriedOrders(source_of(planner, PURCHASE_ORDERS), self.known)
            sources[PURCHASE_ORDERS.name] = self._orders
        self.sources: Mapping[str, DocumentSource[Any]] = sources
        self._targets = {name: RememberingTarget(target) for name, target in planner.targets.items()}
        self.targets: Mapping[str, DocumentTarget[Any]] = self._targets
        self.tables: Mapping[str, ReferenceSource] = {name: TriedTable(name, self.known) for name in planner.tables}

    def brings(self, news: Sequence[SourceOrder]) -> None:
        """Records that the next poll brings, for `try --order`."""
        if self._orders is not None:
            self._orders.news = news

    def fill(self, operation: StoredOperation, earlier: Mapping[int, str]) -> str:
        return self._fill(operation, earlier)

    def find_written(self, operations: Sequence[StoredOperation]) -> Mapping[int, Written]:
        del operations
        return {}

    def find_copies(self, operations: Sequence[StoredOperation]) -> Mapping[int, Sequence[Written]]:
        del operations
        return {}

    def write(self, operation: StoredOperation) -> Written:
        """Remember the write: what is tried next sees the orders as they would be."""
        for target in self._targets.values():
            document = target.planned.get((operation.target, operation.payload))
            if document is not None:
                self.known.take(document, operation)
        return Written(f"would-be-{operation.id}")


class KnownOrders:
    """The open orders as the snapshot has them, and as they become with what would be written."""

    def __init__(self, orders: Mapping[str, OpenOrder]) -> None:
        self.orders = dict(orders)
        self.changed: dict[str, OpenOrder] = {}

    def take(self, document: object, operation: StoredOperation) -> None:
        """A document is written."""
        if isinstance(document, Bill) and document.mode is BillMode.MATCHED:
            sign = -1 if document.credit else 1
            for billed in document.lines:
                self._add(billed.order_line_id, "invoiced", sign * billed.quantity)
        elif isinstance(document, GoodsReceipt):
            for received in document.lines:
                self._add(received.order_line_id, "received", received.quantity)
        elif isinstance(document, AgreedChange):
            for line in document.lines:
                if line.order_line_id == operation.ref:
                    self._change(line.order_line_id, _agreed(line))

    def _add(self, line_id: str, name: str, quantity: Decimal) -> None:
        for order in self.orders.values():
            for line in order.lines:
                if line_id and line.id == line_id:
                    self._change(line_id, {name: getattr(line, name) + quantity})
                    return

    def _change(self, line_id: str, values: Mapping[str, Any]) -> None:
        for order in list(self.orders.values()):
            if any(line.id == line_id for line in order.lines):
                lines = tuple(_with(line, values) if line.id == line_id else line for line in order.lines)
                self.orders[order.id] = self.changed[order.id] = changed(order, lines=lines)
                return


class UnreadSource:
    """A source that is not read: stored records of it are."""

    notices = None
    deletions = None
    traces = None

    def __init__(self, planner: DocumentSource[Any]) -> None:
        self._planner = planner

    def begin(self, day: date) -> str:
        return self._planner.begin(day)

    def changed(self, cursor: str | None, *, limit: int = 600) -> Changed[Any]:
        del limit
        return Changed([], cursor)

    def by_id(self, keys: Sequence[str]) -> Sequence[SourceRecord[Any]]:
        del keys
        return []

    def from_record(self, record: str) -> Any:
        return self._planner.from_record(record)

    def entered(self, record: str) -> datetime | None:
        return self._planner.entered(record)


class TriedOrders(UnreadSource):
    """Purchase orders: of the snapshot, with what would be written."""

    def __init__(self, planner: DocumentSource[OpenOrder], known: KnownOrders) -> None:
        super().__init__(planner)
        self._known = known
        self.news: Sequence[SourceOrder] = []

    def changed(self, cursor: str | None, *, limit: int = 600) -> Changed[OpenOrder]:
        del limit
        return Changed(self.news, cursor)

    def by_id(self, keys: Sequence[str]) -> Sequence[SourceOrder]:
        found = [self._known.orders[key] for key in keys if key in self._known.orders]
        return [SourceRecord(record_of_snapshot(order), order) for order in found]

    def from_record(self, record: str) -> OpenOrder:
        if record.startswith(_SNAPSHOT):
            return from_values(OpenOrder, values_of(record)["try_order"])
        order: OpenOrder = super().from_record(record)
        return order

    def entered(self, record: str) -> datetime | None:
        return None if record.startswith(_SNAPSHOT) else super().entered(record)


class RememberingTarget:
    """A target of which it is known what was planned; nothing is there yet."""

    entries = None

    def __init__(self, planner: DocumentTarget[Any]) -> None:
        self._planner = planner
        self.kinds = planner.kinds
        self.repeatable = planner.repeatable
        #: By target and payload of the writes that are the document itself.
        self.planned: dict[tuple[str, str], object] = {}

    def plan(self, document: Any, key: str) -> Sequence[PlannedOperation]:
        planned = self._planner.plan(document, key)
        self.planned.update({(one.target, one.payload): document for one in planned if one.kind in self.kinds})
        return planned

    def existing(self, identities: Sequence[Identity]) -> Sequence[Existing]:
        del identities
        return []

    def open_items(self, identities: Sequence[Identity]) -> Sequence[OpenItem]:
        """What is open is known to the ERP alone."""
        del identities
        return []

    def items_of(self, bills: Sequence[str]) -> Sequence[OpenItem]:
        """What is open is known to the ERP alone."""
        del bills
        return []


@dataclass(frozen=True)
class TriedTable:
    """A reference table as it was copied; of open orders what would be written since."""

    name: str
    known: KnownOrders

    def read(self, cursor: str | None) -> ReferenceRead:
        rows = list(self.known.changed.values()) if self.name == ReferenceTable.PURCHASE_ORDERS else []
        return ReferenceRead(rows, cursor, complete=False)


def _with(line: OpenOrderLine, values: Mapping[str, Any]) -> OpenOrderLine:
    return changed(line, **values)


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
