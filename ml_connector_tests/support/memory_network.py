"""A network of records in memory, as thin as the port allows: for tests of what sends and reads them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from ml_connector.documents.common import Record, changed
from ml_connector.documents.payables.invoices import NetworkInvoice
from ml_connector.documents.payables.payments import NetworkPayment
from ml_connector.documents.payables.purchasing import NetworkOrder, NetworkReceipt
from ml_connector.documents.payables.vendors import NetworkCode, NetworkVendor
from ml_connector.documents.records import as_json, from_json
from ml_connector.errors import OutcomeUnknown, WeAreWrong
from ml_connector.flows.core.ports import (
    NETWORK_CODES,
    NETWORK_INVOICES,
    NETWORK_PAYMENTS,
    NETWORK_VENDORS,
    TO_NETWORK_ORDERS,
    TO_NETWORK_RECEIPTS,
    Changed,
    ErpTraits,
    PlannedOperation,
    RecordSource,
    RecordTarget,
    SourceRecord,
    StoredOperation,
    Written,
)

R = TypeVar("R", bound=Record)
MODELS: Mapping[str, type[Record]] = {
    NETWORK_VENDORS.name: NetworkVendor,
    NETWORK_CODES.name: NetworkCode,
    NETWORK_INVOICES.name: NetworkInvoice,
    NETWORK_PAYMENTS.name: NetworkPayment,
    TO_NETWORK_ORDERS.name: NetworkOrder,
    TO_NETWORK_RECEIPTS.name: NetworkReceipt,
}


@dataclass
class Shelf(Generic[R]):
    """Records of one kind: source and target at once. moved: (number of the change, record), oldest first."""

    name: str
    model: type[R]
    moved: list[tuple[int, R]] = field(default_factory=list)
    notices = None
    deletions = None
    repeatable = False

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset({self.name})

    # as people there work

    def put(self, record: R) -> R:
        """A person there enters a record, or changes the one of its id."""
        number = max((one for one, _ in self.moved), default=0) + 1
        if not record.id:  # type: ignore[attr-defined]
            record = changed(record, id=f"{self.name}-{number}")
        kept = [(at, one) for at, one in self.moved if one.id != record.id]  # type: ignore[attr-defined]
        self.moved = [*kept, (number, record)]
        return record

    @property
    def all(self) -> list[R]:
        return [one for _, one in self.moved]

    # RecordSource

    def begin(self, day: date) -> str:
        del day
        return "0"

    def changed(self, cursor: str | None, *, limit: int = 600) -> Changed[R]:
        left = sorted((at, one) for at, one in self.moved if at > int(cursor or "0"))
        page = left[:limit]
        end = str(page[-1][0]) if page else cursor or "0"
        return Changed([_read(one) for _, one in page], end, more=len(left) > limit)

    def by_id(self, keys: Sequence[str]) -> list[SourceRecord[R]]:
        return [_read(one) for one in self.all if one.id in keys]  # type: ignore[attr-defined]

    def by_external_id(self, ids: Sequence[str]) -> list[SourceRecord[R]]:
        return [_read(one) for one in self.all if one.external_id in ids]  # type: ignore[attr-defined]

    def from_record(self, record: str) -> R:
        return from_json(self.model, record)

    def entered(self, record: str) -> datetime | None:
        del record

    # RecordTarget

    def plan(self, record: R, key: str) -> list[PlannedOperation]:
        payload = {"key": key, "record": json.loads(as_json(record))}
        return [PlannedOperation(self.name, self.name, json.dumps(payload, sort_keys=True))]

    def withdraw(self, record: R, key: str) -> list[PlannedOperation]:
        gone = {"key": key, "gone": record.id}  # type: ignore[attr-defined]
        return [PlannedOperation(self.name, self.name, json.dumps(gone, sort_keys=True), shares=True)]


def _read(record: R) -> SourceRecord[R]:
    return SourceRecord(as_json(record), record)


class MemoryRecords:
    """lose_answers: so many writes are done and their answer is lost. before: called with each operation first."""

    system = "memory"

    def __init__(self, connection: str = "memory", traits: ErpTraits | None = None) -> None:
        self.connection = connection
        self.traits = traits or ErpTraits(settle_seconds=0, longest_call_seconds=0)
        self.shelves: dict[str, Shelf[Any]] = {name: Shelf(name, model) for name, model in MODELS.items()}
        self.sources: Mapping[str, RecordSource[Any]] = self.shelves
        self.targets: Mapping[str, RecordTarget[Any]] = self.shelves
        self.lose_answers = 0
        self.before: Callable[[StoredOperation], None] = lambda _operation: None
        self.written = 0

    def fill(self, operation: StoredOperation, earlier: Mapping[int, str]) -> str:
        if operation.uses:
            raise WeAreWrong("no write here uses another")
        del earlier
        return operation.payload

    def write(self, operation: StoredOperation) -> Written:
        self.before(operation)
        shelf, body = self.shelves[operation.target], json.loads(operation.payload)
        self.written += 1
        if "gone" in body:
            shelf.moved = [(at, one) for at, one in shelf.moved if one.id != body["gone"]]
            return Written(body["gone"])
        record = shelf.put(from_json(shelf.model, json.dumps(body["record"])))
        if self.lose_answers:
            self.lose_answers -= 1
            raise OutcomeUnknown("the answer was lost")
        return Written(record.id)

    def find_written(self, operations: Sequence[StoredOperation]) -> Mapping[int, Written]:
        return {number: found[0] for number, found in self.find_copies(operations).items()}

    def find_copies(self, operations: Sequence[StoredOperation]) -> Mapping[int, Sequence[Written]]:
        found: dict[int, list[Written]] = {}
        for operation in operations:
            body = json.loads(operation.payload)
            wanted = body.get("record", {}).get("external_id")
            for one in self.shelves[operation.target].by_external_id([wanted]) if wanted else ():
                found.setdefault(operation.id, []).append(Written(one.document.id))
        return found


class MemoryNetwork:
    """A network of records, with folders that hold nothing."""

    stages = False

    def __init__(self, connection: str = "memory") -> None:
        self.connection = connection
        self.records = MemoryRecords(connection)

    def shelf(self, name: str) -> Shelf[Any]:
        return self.records.shelves[name]

    def __getattr__(self, name: str) -> Any:
        raise WeAreWrong(f"{name}: this network has records alone")
