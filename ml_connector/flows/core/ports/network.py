"""A network that has records beside its folders, or instead of them: vendors, codes, invoices, payments.

It is read and written as an ERP is (`erp`): changes of a kind since a cursor, writes that are planned and stored before
they are sent. What differs is the key: a record there carries our own id of it (`external_id`), by which it is looked
up before anything is sent again, for nothing there keeps two of them apart (avidxchange 3, idempotency).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

from ml_connector.documents.payables.invoices import NetworkInvoice
from ml_connector.documents.payables.payments import NetworkPayment
from ml_connector.documents.payables.purchasing import NetworkOrder, NetworkReceipt
from ml_connector.documents.payables.vendors import NetworkCode, NetworkVendor
from ml_connector.errors import ConfigError
from ml_connector.flows.core.ports.documents import DocumentSource
from ml_connector.flows.core.ports.erp import SourceName, TargetName
from ml_connector.flows.core.ports.mailbox import Mailbox
from ml_connector.flows.core.ports.outside import Outside
from ml_connector.flows.core.ports.records import PlannedOperation, SourceRecord

D_co = TypeVar("D_co", covariant=True)
D_contra = TypeVar("D_contra", contravariant=True)


class RecordSource(DocumentSource[D_co], Protocol[D_co]):
    """Records of one kind that are read from a network."""

    def by_external_id(self, ids: Sequence[str]) -> Sequence[SourceRecord[D_co]]:
        """Every record that carries one of our ids, in batched look-ups; two where the network took one twice."""
        ...


class NetworkInvoices(RecordSource[NetworkInvoice], Protocol):
    """Invoices of a network, with their images."""

    def image(self, invoice: NetworkInvoice, most: int) -> bytes | None:
        """The image of one; None where there is none.

        Raises:
            NeedsCorrection: it is larger than `most` bytes.
        """
        ...


class RecordTarget(Protocol[D_contra]):
    """Records of one kind that are written to a network."""

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of the operations that are the record itself."""
        ...

    @property
    def repeatable(self) -> bool:
        """Whether a write done twice leaves one and the same record, so that none can stand twice."""
        ...

    def plan(self, record: D_contra, key: str) -> Sequence[PlannedOperation]:
        """The writes that bring a record there: a new one where its `id` is empty, else a change of that one.

        Its `external_id` is written with it. key: of the ledger's document, where there is room for it beside.

        Raises:
            NeedsCorrection: it cannot be expressed there.
        """
        ...

    def withdraw(self, record: D_contra, key: str) -> Sequence[PlannedOperation]:
        """The writes that take the record of this `id` back.

        Raises:
            NeedsCorrection: records of this kind cannot be taken back there.
        """
        ...


class Records(Outside, Protocol):
    """The records of a network, for one connection. Safe to use from several threads."""

    @property
    def sources(self) -> Mapping[str, RecordSource[Any]]:
        """What can be read from it, by name; what its settings switch off is not among it."""
        ...

    @property
    def targets(self) -> Mapping[str, RecordTarget[Any]]:
        """What can be written to it, by name; what its settings switch off is not among it."""
        ...

    @property
    def shows_records(self) -> bool:
        """Whether `find_written` tells of every record that is there, also of one that was sent long ago."""
        ...


@runtime_checkable
class AcknowledgesFiles(Protocol):
    """A network that is told when all of a file was taken, beyond having been read."""

    @property
    def takes_away_what_was_acknowledged(self) -> bool:
        """Whether such a file is listed no longer, so that one which is listed by its id came back."""
        ...

    def waiting(self, channel: str) -> Sequence[str]:
        """Ids of the files that it lists until it is told (`RemoteFile.remote_id`)."""
        ...

    def acknowledge(self, channel: str, remote_id: str, began: datetime, ended: datetime) -> bool:
        """Tell it; done again it does no harm. False: the file has changed meanwhile, and nothing was told."""
        ...


@dataclass(frozen=True)
class LaterAnswer:
    """What became of a record that was sent. key: with which it was planned. message: why it was not taken."""

    key: str
    taken: bool
    message: str = ""


@dataclass(frozen=True)
class LaterAnswers:
    """Those since a cursor. more: there are further ones. wrong: what could not be read of them, in words."""

    answers: Sequence[LaterAnswer]
    cursor: str
    more: bool = False
    wrong: Sequence[str] = ()


@runtime_checkable
class AnswersLater(Protocol):
    """Records that are taken or refused only some time after they were sent."""

    def later_answers(self, cursor: str | None) -> LaterAnswers:
        """What was said since the cursor; it is asked for once more from there after it was kept."""
        ...


@runtime_checkable
class MarksRead(Protocol):
    """A source whose records lie where it can be seen that they were taken."""

    def mark_read(self, cursor: str) -> None:
        """What was read up to this cursor is kept: mark it. Done again it does no harm."""
        ...


@runtime_checkable
class HasRecords(Protocol):
    """A network with records."""

    @property
    def records(self) -> Records: ...


NETWORK_VENDORS: SourceName[NetworkVendor] = SourceName("network_vendors")
NETWORK_CODES: SourceName[NetworkCode] = SourceName("network_codes")
NETWORK_INVOICES: SourceName[NetworkInvoice] = SourceName("network_invoices")
NETWORK_PAYMENTS: SourceName[NetworkPayment] = SourceName("network_payments")
TO_NETWORK_VENDORS: TargetName[NetworkVendor] = TargetName(NETWORK_VENDORS.name)
TO_NETWORK_CODES: TargetName[NetworkCode] = TargetName(NETWORK_CODES.name)
TO_NETWORK_INVOICES: TargetName[NetworkInvoice] = TargetName(NETWORK_INVOICES.name)
TO_NETWORK_ORDERS: TargetName[NetworkOrder] = TargetName("network_orders")
TO_NETWORK_RECEIPTS: TargetName[NetworkReceipt] = TargetName("network_receipts")


def records_of(network: Mailbox) -> Records:
    """The records of a network.

    Raises:
        ConfigError: it has folders alone.
    """
    if not isinstance(network, HasRecords):
        raise ConfigError(
            f"{network.connection}: this network has folders of files, and no records.",
            remedy="Leave out the flow that needs records, or name a connection whose system has them.",
        )
    return network.records


def tells(network: Mailbox, wanted: SourceName[Any]) -> bool:
    """Whether a network can be asked for these records: one of files alone says what it sends, and no more."""
    return isinstance(network, HasRecords) and wanted.name in network.records.sources


def record_source(network: Mailbox, wanted: SourceName[D_co]) -> RecordSource[D_co]:
    """What a network has to read under a name.

    Raises:
        ConfigError: it has no such records, or its settings switch them off.
    """
    records = records_of(network)
    found: RecordSource[D_co] | None = records.sources.get(wanted.name)
    if found is None:
        raise _lacking(records, "read from", wanted.name, records.sources)
    return found


def network_invoices(network: Mailbox) -> NetworkInvoices:
    """The invoices of a network, with their images.

    Raises:
        ConfigError: it has none, or its settings switch them off.
    """
    return cast("NetworkInvoices", record_source(network, NETWORK_INVOICES))


def record_target(network: Mailbox, wanted: TargetName[D_contra]) -> RecordTarget[D_contra]:
    """What a network takes under a name.

    Raises:
        ConfigError: it takes no such records, or its settings switch them off.
    """
    records = records_of(network)
    found: RecordTarget[D_contra] | None = records.targets.get(wanted.name)
    if found is None:
        raise _lacking(records, "written to", wanted.name, records.targets)
    return found


def _lacking(records: Records, words: str, name: str, has: Mapping[str, object]) -> ConfigError:
    plain = name.replace("_", " ")
    there = ", ".join(one.replace("_", " ") for one in sorted(has)) or "nothing"
    return ConfigError(
        f"{records.connection}: {plain} cannot be {words} {records.system}.",
        remedy=f"Switch the resource on in the connection, or leave out the flow. What can be {words} it: {there}.",
    )
