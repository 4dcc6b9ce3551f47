"""An ERP by what it can do: sources that are read, targets that are written, tables of reference data.

What an ERP does not have is not in its mappings. Names are those of business documents (`purchase_orders`, `bills`);
each stands here once, with the type of its document.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast

from ml_connector.documents.erp_postings import Bill, GoodsReceipt
from ml_connector.documents.master.vendors import NewVendor
from ml_connector.documents.order_agreements import AgreedChange
from ml_connector.documents.payables.entered import EnteredInvoice, Original
from ml_connector.documents.payables.purchases import Purchase
from ml_connector.documents.payables.received import ReceivedLine
from ml_connector.documents.payables.recodings import Recoding
from ml_connector.documents.payables.settlements import JournalEntry, OpenItem, Payment
from ml_connector.documents.reference import OpenOrder
from ml_connector.documents.sales.changes import SalesOrderChange
from ml_connector.documents.sales.invoices import SalesInvoice
from ml_connector.documents.sales.orders import NewCustomer, SalesOrder
from ml_connector.documents.sales.shipments import SentShipment
from ml_connector.documents.sales.standing import StandingOrder
from ml_connector.errors import ConfigError
from ml_connector.flows.core.ports.documents import DocumentSource
from ml_connector.flows.core.ports.outside import Outside
from ml_connector.flows.core.ports.records import (
    Deleted,
    Existing,
    Identity,
    Notices,
    PlannedOperation,
    ReferenceRead,
)

D = TypeVar("D")
D_contra = TypeVar("D_contra", contravariant=True)


class InvoiceSource(DocumentSource[EnteredInvoice], Protocol):
    """Supplier invoices that are booked in an ERP."""

    @property
    def traces(self) -> Callable[[str | None], Deleted] | None:
        """Where an ERP does not tell which invoice was deleted, that something was: since a cursor, ids of what goes
        with invoices and with other things. Whether one is gone is asked for by its id. None: it tells nothing.
        """
        ...

    def original(self, invoice: EnteredInvoice, most: int) -> tuple[Original, bytes] | None:
        """The PDF that is attached to one, of at most so many bytes; None: there is none, which is normal.

        Raises:
            NeedsCorrection: it is larger.
        """
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
            NeedsCorrection: it cannot be expressed there.
        """
        ...

    def existing(self, identities: Sequence[Identity]) -> Sequence[Existing]:
        """Documents of these parties with these numbers, whoever entered them, in batched look-ups."""
        ...


class PaymentTarget(DocumentTarget[Payment], Protocol):
    """Payments that are written to an ERP, and what there is to pay."""

    def open_items(self, identities: Sequence[Identity]) -> Sequence[OpenItem]:
        """Bills and credits of these parties with these numbers, paid ones too, as they stand now; batched look-ups.

        `OpenItem.number` is the number that was asked for.
        """
        ...

    def items_of(self, bills: Sequence[str]) -> Sequence[OpenItem]:
        """What is open, or was, of these bills, by the ERP's own id of them (`OpenItem.bill`)."""
        ...


class ReferenceSource(Protocol):
    """One reference table of an ERP."""

    def read(self, cursor: str | None) -> ReferenceRead:
        """The table, or what changed since `cursor`, by the cheapest way there is."""
        ...


class Erp(Outside, Protocol):
    """A system that keeps books, for one connection and one company."""

    @property
    def company(self) -> str:
        """Division, company or entity; may be asked of the system on first use."""
        ...

    @property
    def company_name(self) -> str:
        """The company's name there, as far as it is known without asking; empty where it is not."""
        ...

    @property
    def targets(self) -> Mapping[str, DocumentTarget[Any]]:
        """What can be written to it, by name."""
        ...

    @property
    def tables(self) -> Mapping[str, ReferenceSource]:
        """Its reference tables, by name: those of `documents.reference.ReferenceTable`, or the ERP's own."""
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
#: Sales orders as they stand, and shipments to customers.
STANDING_ORDERS: SourceName[StandingOrder] = SourceName("standing_orders")
SHIPMENTS: SourceName[SentShipment] = SourceName("shipments")
#: Supplier invoices that are booked, whoever entered them.
ENTERED_INVOICES: SourceName[EnteredInvoice] = SourceName("entered_invoices")
#: Goods that were received, a line each.
RECEIVED_GOODS: SourceName[ReceivedLine] = SourceName("received_goods")
BILLS: TargetName[Bill] = TargetName("bills")
GOODS_RECEIPTS: TargetName[GoodsReceipt] = TargetName("goods_receipts")
ORDER_CHANGES: TargetName[AgreedChange] = TargetName("order_changes")
ENTRY_CODINGS: TargetName[Recoding] = TargetName("entry_codings")
#: Parties are customers, numbers those that they gave their orders (`SalesOrder.customer_order`).
SALES_ORDERS: TargetName[SalesOrder] = TargetName("sales_orders")
#: Customers to create; an order that comes with a new one (`SalesOrder.new_customer`) is planned with its creation.
NEW_CUSTOMERS: TargetName[NewCustomer] = TargetName("new_customers")
#: Vendors to create. Parties are empty, numbers are names.
NEW_VENDORS: TargetName[NewVendor] = TargetName("vendors")
#: What a customer changes of a sales order. A write looks first whether the order still allows it.
SALES_ORDER_CHANGES: TargetName[SalesOrderChange] = TargetName("sales_order_changes")

#: Parties are suppliers, numbers those that our purchasing gave (`Purchase.number`).
PURCHASES: TargetName[Purchase] = TargetName("purchases")
#: Parties are suppliers, numbers those of payments (`Payment.reference`).
PAYMENTS: TargetName[Payment] = TargetName("payments")
#: Parties are journals, numbers references (`JournalEntry.reference`).
JOURNAL_ENTRIES: TargetName[JournalEntry] = TargetName("journal_entries")


def source_of(erp: Outside, wanted: SourceName[D]) -> DocumentSource[D]:
    """What an ERP, or a network of records, has to read under a name.

    Raises:
        ConfigError: it has no such source.
    """
    found = erp.sources.get(wanted.name)
    if found is None:
        raise _lacking(erp, "read", wanted.name, erp.sources)
    return cast("DocumentSource[D]", found)


def entered_invoices(erp: Outside) -> InvoiceSource:
    """The booked supplier invoices of an ERP, with what is attached to them.

    Raises:
        ConfigError: it does not have them to read.
    """
    return cast("InvoiceSource", source_of(erp, ENTERED_INVOICES))


def target_of(erp: Erp, wanted: TargetName[D]) -> DocumentTarget[D]:
    """What an ERP takes under a name.

    Raises:
        ConfigError: it has no such target.
    """
    found = erp.targets.get(wanted.name)
    if found is None:
        raise _lacking(erp, "write", wanted.name, erp.targets)
    return cast("DocumentTarget[D]", found)


def payments_of(erp: Erp) -> PaymentTarget:
    """What an ERP has for payments.

    Raises:
        ConfigError: it takes none.
    """
    return cast("PaymentTarget", target_of(erp, PAYMENTS))


def table_of(erp: Erp, name: str) -> ReferenceSource:
    """A reference table of an ERP.

    Raises:
        ConfigError: it has no such table.
    """
    found = erp.tables.get(name)
    if found is None:
        raise _lacking(erp, "read", name, erp.tables)
    return found


def _lacking(erp: Outside, does: str, name: str, has: Mapping[str, object]) -> ConfigError:
    words = {"read": "read from", "write": "written to"}[does]
    plain = name.replace("_", " ")
    there = ", ".join(one.replace("_", " ") for one in sorted(has)) or "nothing"
    return ConfigError(
        f"{erp.connection}: {plain} cannot be {words} {erp.system}.",
        remedy=f"Leave out the flow that needs them. What can be {words} it: {there}.",
    )
