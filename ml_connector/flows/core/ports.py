"""The protocols flows need from the outside: an ERP and a network. `systems` implement them.

Every method may raise the typed errors of `ml_connector.errors`:
TryAgain (nothing happened on the other side), OutcomeUnknown (a write was begun, nobody knows),
RefusedBySystem (understood and refused), AuthorizationNeeded (a person must authorize again).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from ml_connector.documents.agreements import AgreedChange
from ml_connector.documents.bills import Bill, GoodsReceipt
from ml_connector.documents.common import Record
from ml_connector.documents.reference import OpenOrder, ReferenceTable
from ml_connector.ledger.work.operations import StoredOperation

__all__ = [
    "BillIdentity",
    "ChannelCheck",
    "ChannelUsage",
    "DeletedOrders",
    "DeletionSource",
    "Erp",
    "ExistingBill",
    "Network",
    "OrderBatch",
    "PlannedOperation",
    "ReferenceRead",
    "RemoteFile",
    "RemotePage",
    "SourceOrder",
    "StoredOperation",
    "Written",
]


@dataclass(frozen=True)
class PlannedOperation:
    """A write to be done: `payload` is exactly what will be sent.

    `uses` maps a path in the payload to the position of an earlier operation of the same document whose
    outside id goes there (an attachment's document, an invoice's document). The filled payload is
    stored before the call.
    """

    kind: str
    target: str
    payload: str
    uses: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """The other side has it: its identity there and small facts (entry number, amounts) for the ledger."""

    outside_id: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ReferenceRead:
    """Rows of a reference table.

    complete: `rows` is the whole table. Otherwise rows are changes since the cursor, `removed` the ids gone.
    """

    rows: Sequence[Record]
    cursor: str | None
    complete: bool
    removed: Sequence[str] = ()
    calls: int = 0


@dataclass(frozen=True)
class SourceOrder:
    """An order as read (exact bytes of the record, as JSON text) and as flows see it."""

    record: str
    order: OpenOrder


@dataclass(frozen=True)
class OrderBatch:
    orders: Sequence[SourceOrder]
    cursor: str | None
    more: bool = False


@dataclass(frozen=True)
class DeletedOrders:
    """Orders that were deleted since a cursor, by the ERP's own id of them."""

    ids: Sequence[str]
    cursor: str


@runtime_checkable
class DeletionSource(Protocol):
    """What an ERP that tells of deleted orders has besides."""

    def deleted_orders(self, cursor: str | None) -> DeletedOrders:
        """Orders deleted since the cursor, or as far back as it is kept."""
        ...


@dataclass(frozen=True)
class BillIdentity:
    """How a supplier's invoice is recognised at the ERP."""

    vendor_id: str
    number: str


@dataclass(frozen=True)
class ExistingBill:
    """A bill the ERP already has; `ours` when it carries a key of ours."""

    identity: BillIdentity
    outside_id: str
    our_key: str = ""
    entry_number: str = ""
    amount: str = ""
    source: str = ""
    #: The kind of operation that writes such a bill.
    kind: str = ""


@dataclass(frozen=True)
class ReceiptIdentity:
    """How the receipt of a ship notice is recognised at the ERP."""

    vendor_id: str
    reference: str


@dataclass(frozen=True)
class ExistingReceipt:
    """A goods receipt the ERP already has."""

    identity: ReceiptIdentity
    outside_id: str
    our_key: str = ""
    number: str = ""
    source: str = ""
    kind: str = ""


class Erp(Protocol):
    """A system that keeps books, for one connection and one company."""

    @property
    def connection(self) -> str:
        """Name of the connection."""
        ...

    @property
    def system(self) -> str:
        """Name of the system, as `system:` in connections.yaml has it."""
        ...

    @property
    def company(self) -> str:
        """Division, company or entity; may be asked of the system on first use."""
        ...

    @property
    def company_name(self) -> str:
        """The company's name there, as far as it is known without asking; empty where it is not."""
        ...

    @property
    def bill_kinds(self) -> frozenset[str]:
        """Kinds of the operations that are the bill itself; those beside it carry its original."""
        ...

    def read_reference(self, table: ReferenceTable, cursor: str | None) -> ReferenceRead:
        """Read a table, or what changed since `cursor`, by the cheapest endpoint there is."""
        ...

    def changed_orders(self, cursor: str | None, *, limit: int = 600) -> OrderBatch:
        """Orders whose record moved since the cursor, whole, with their lines."""
        ...

    def read_orders(self, keys: Sequence[str]) -> Sequence[SourceOrder]:
        """Orders by the ERP's own id, whole. Ids that are gone are left out."""
        ...

    def order_from_record(self, record: str) -> OpenOrder:
        """The order in a stored record: a replay renders what was read."""
        ...

    def order_created(self, record: str) -> datetime | None:
        """When the order in a stored record was entered in the ERP; None where the record does not tell."""
        ...

    def plan_bill(self, bill: Bill, key: str) -> Sequence[PlannedOperation]:
        """The writes that post a bill, in order; `key` is written to the ERP where it can be found again."""
        ...

    def plan_receipt(self, receipt: GoodsReceipt, key: str) -> Sequence[PlannedOperation]:
        """The writes that post a goods receipt."""
        ...

    def plan_order_change(self, change: AgreedChange) -> Sequence[PlannedOperation]:
        """The writes that change an order's lines, one a line; each one's outside id will be its `order_line_id`."""
        ...

    def write(self, operation: StoredOperation) -> Written:
        """Send the stored payload once."""
        ...

    def find_written(self, operations: Sequence[StoredOperation]) -> Mapping[int, Written]:
        """Look for our keys everywhere the writes could have landed; by operation id. Absent = not found."""
        ...

    def find_copies(self, operations: Sequence[StoredOperation]) -> Mapping[int, Sequence[Written]]:
        """Every record that carries an operation's key, by operation id, in as few calls as can be."""
        ...

    def read_bills(self, keys: Sequence[str]) -> Sequence[ExistingBill]:
        """Bookings by the ERP's own id, in batched look-ups. Ids that are gone are left out."""
        ...

    def find_bills(self, bills: Sequence[BillIdentity]) -> Sequence[ExistingBill]:
        """Bills of these suppliers with these numbers, whoever entered them, in batched look-ups."""
        ...

    def find_receipts(self, receipts: Sequence[ReceiptIdentity]) -> Sequence[ExistingReceipt]:
        """Goods receipts of these suppliers' notices, whoever entered them, in batched look-ups."""
        ...


@dataclass(frozen=True)
class RemoteFile:
    """A file in a network's folder. `name` is untrusted text: never a path of ours."""

    remote_id: str
    name: str
    size: int
    modified: str = ""


@dataclass(frozen=True)
class RemotePage:
    files: Sequence[RemoteFile]
    next_start: int | None


ChannelUsage = Literal["download", "upload"]


@dataclass(frozen=True)
class ChannelCheck:
    """What a look at one folder found out, for `check`. files: how many are in it (download folders)."""

    channel: str
    usage: ChannelUsage
    ok: bool
    message: str
    mend: str = ""
    files: int | None = None


class Network(Protocol):
    """A place where partners leave and take files; channels are folders of it."""

    @property
    def connection(self) -> str:
        """Name of the connection."""
        ...

    def list_files(self, channel: str, *, start: int, limit: int) -> RemotePage:
        """One page of a folder's listing."""
        ...

    def fetch(self, channel: str, file: RemoteFile) -> Iterator[bytes]:
        """A file's bytes, in chunks, bounded by the connection's size limit."""
        ...

    def dispose(self, channel: str, file: RemoteFile, *, policy: str, move_to: str = "") -> None:
        """After-read policy: `move`, `delete`, or `rename` where the network has it.

        A file that is gone already is a success.
        """
        ...

    @property
    def stages(self) -> bool:
        """Whether files are put under a temporary name first: then `stage` and `publish` are used, else `upload`."""
        ...

    def stage(self, channel: str, name: str, data: bytes, *, attempt: int = 1) -> str | None:
        """Put the bytes under a temporary name, where nobody takes them, and return it. Nothing has arrived by that."""
        ...

    def publish(self, channel: str, staged: str, name: str) -> Written:
        """Give a staged file its final name. Done again, it ends in the same place: one that is gone was published."""
        ...

    def upload(self, channel: str, name: str, data: bytes) -> Written:
        """Write one file under its final name."""
        ...

    def find(self, channel: str, name: str, size: int) -> RemoteFile | None:
        """A file of that name and size that is still there. None proves nothing: networks take files away."""
        ...

    def copies(self, channel: str, names: Sequence[str]) -> Mapping[str, Sequence[RemoteFile]]:
        """The files of these names that lie in a folder still, by name; for folders that can hold a name twice."""
        ...
