"""An ERP by what it can do: sources that are read, targets that are written, tables of reference data.

What an ERP does not have is not in its mappings. Names are those of business documents (`purchase_orders`, `bills`);
each stands here once, with the type of its document.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, Protocol, TypeVar, cast

from ml_connector.documents.agreements import AgreedChange
from ml_connector.documents.bills import Bill, GoodsReceipt
from ml_connector.documents.reference import OpenOrder
from ml_connector.documents.sales.invoices import SalesInvoice
from ml_connector.documents.sales.orders import SalesOrder
from ml_connector.errors import ConfigError
from ml_connector.flows.core.ports.records import (
    Changed,
    Deleted,
    Existing,
    Identity,
    Notices,
    PlannedOperation,
    ReferenceRead,
    SourceRecord,
    Written,
)
from ml_connector.flows.core.ports.traits import ErpTraits
from ml_connector.ledger.work.operation_rows import StoredOperation

D = TypeVar("D")
D_co = TypeVar("D_co", covariant=True)
D_contra = TypeVar("D_contra", contravariant=True)


class DocumentSource(Protocol[D_co]):
    """Documents of one kind that are read from an ERP."""

    @property
    def notices(self) -> Notices | None:
        """How webhooks tell of them; None where none do."""
        ...

    @property
    def deletions(self) -> Callable[[str | None], Deleted] | None:
        """Reads what was deleted since a cursor, or as far back as that is kept; None where the ERP does not tell."""
        ...

    def begin(self, day: date) -> str:
        """The cursor of a first look: every document whose record moved on that day (UTC) or later is read from it."""
        ...

    def changed(self, cursor: str | None, *, limit: int = 600) -> Changed[D_co]:
        """Documents whose record moved since the cursor, whole, with their lines."""
        ...

    def by_id(self, keys: Sequence[str]) -> Sequence[SourceRecord[D_co]]:
        """Documents by the ERP's own id, whole. Ids that are gone are left out."""
        ...

    def from_record(self, record: str) -> D_co:
        """The document in a stored record: a replay renders what was read."""
        ...

    def entered(self, record: str) -> datetime | None:
        """When the document in a stored record was entered in the ERP; None where the record does not tell."""
        ...


class Entries(Protocol):
    """Documents of a target that others enter in the ERP, as webhooks name them."""

    @property
    def notices(self) -> Notices: ...

    def by_id(self, keys: Sequence[str]) -> Sequence[Existing]:
        """By the ERP's own id, in batched look-ups. Ids that are gone are left out."""
        ...


class DocumentTarget(Protocol[D_contra]):
    """Documents of one kind that are written to an ERP."""

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of the operations that are the document itself; those beside it carry its original, for example."""
        ...

    @property
    def repeatable(self) -> bool:
        """Whether a write done twice leaves one and the same record, so that none can stand twice."""
        ...

    @property
    def entries(self) -> Entries | None:
        """What others enter, where webhooks tell of it."""
        ...

    def plan(self, document: D_contra, key: str) -> Sequence[PlannedOperation]:
        """The writes that post a document, in order; `key` is written to the ERP where it can be found again.

        Raises:
            NeedsMending: it cannot be expressed there.
        """
        ...

    def existing(self, identities: Sequence[Identity]) -> Sequence[Existing]:
        """Documents of these parties with these numbers, whoever entered them, in batched look-ups."""
        ...


class ReferenceSource(Protocol):
    """One reference table of an ERP."""

    def read(self, cursor: str | None) -> ReferenceRead:
        """The table, or what changed since `cursor`, by the cheapest way there is."""
        ...


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
    def traits(self) -> ErpTraits: ...

    @property
    def sources(self) -> Mapping[str, DocumentSource[Any]]:
        """What can be read from it, by name."""
        ...

    @property
    def targets(self) -> Mapping[str, DocumentTarget[Any]]:
        """What can be written to it, by name."""
        ...

    @property
    def tables(self) -> Mapping[str, ReferenceSource]:
        """Its reference tables, by name: those of `documents.reference.ReferenceTable`, or the ERP's own."""
        ...

    def fill(self, operation: StoredOperation, earlier: Mapping[int, str]) -> str:
        """The payload exactly as it will be sent, with outside ids of earlier operations (by position) in it.

        Stored before the call. Raises: WeAreWrong: one that it uses is not there.
        """
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


@dataclass(frozen=True)
class SourceName(Generic[D]):
    """Names what can be read, with the type of its document."""

    name: str


@dataclass(frozen=True)
class TargetName(Generic[D]):
    """Names what can be written, with the type of its document."""

    name: str


PURCHASE_ORDERS: SourceName[OpenOrder] = SourceName("purchase_orders")
SALES_INVOICES: SourceName[SalesInvoice] = SourceName("sales_invoices")
BILLS: TargetName[Bill] = TargetName("bills")
GOODS_RECEIPTS: TargetName[GoodsReceipt] = TargetName("goods_receipts")
ORDER_CHANGES: TargetName[AgreedChange] = TargetName("order_changes")
#: Parties are customers, numbers those that they gave their orders (`SalesOrder.customer_order`).
SALES_ORDERS: TargetName[SalesOrder] = TargetName("sales_orders")


def source_of(erp: Erp, wanted: SourceName[D]) -> DocumentSource[D]:
    """What an ERP has to read under a name.

    Raises:
        ConfigError: it has no such source.
    """
    found = erp.sources.get(wanted.name)
    if found is None:
        raise _lacking(erp, "read", wanted.name, erp.sources)
    return cast("DocumentSource[D]", found)


def target_of(erp: Erp, wanted: TargetName[D]) -> DocumentTarget[D]:
    """What an ERP takes under a name.

    Raises:
        ConfigError: it has no such target.
    """
    found = erp.targets.get(wanted.name)
    if found is None:
        raise _lacking(erp, "write", wanted.name, erp.targets)
    return cast("DocumentTarget[D]", found)


def table_of(erp: Erp, name: str) -> ReferenceSource:
    """A reference table of an ERP.

    Raises:
        ConfigError: it has no such table.
    """
    found = erp.tables.get(name)
    if found is None:
        raise _lacking(erp, "read", name, erp.tables)
    return found


def _lacking(erp: Erp, does: str, name: str, has: Mapping[str, object]) -> ConfigError:
    words = {"read": "read from", "write": "written to"}[does]
    plain = name.replace("_", " ")
    there = ", ".join(one.replace("_", " ") for one in sorted(has)) or "nothing"
    return ConfigError(
        f"{erp.connection}: {plain} cannot be {words} {erp.system}.",
        mend=f"Leave out the flow that needs them. What can be {words} it: {there}.",
    )
