"""Sage Intacct as the ERP that flows see: `flows.core.ports.Erp` over one company or entity."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ml_connector.clock import Clock
from ml_connector.documents.reference import ReferenceTable
from ml_connector.errors import WeAreWrong
from ml_connector.flows.core.ports import (
    BILLS,
    GOODS_RECEIPTS,
    JOURNAL_ENTRIES,
    NEW_VENDORS,
    ORDER_CHANGES,
    PAYMENTS,
    PURCHASE_ORDERS,
    PURCHASES,
    SALES_ORDERS,
    CodingTraits,
    DocumentSource,
    DocumentTarget,
    ErpTraits,
    ReferenceSource,
    StoredOperation,
    TaxPolicy,
    Written,
)
from ml_connector.systems.sage_intacct.capabilities import Payments, Records, TaxDetails
from ml_connector.systems.sage_intacct.posting import attachments, order_lines, vendors
from ml_connector.systems.sage_intacct.posting.attachments import Attachments
from ml_connector.systems.sage_intacct.posting.bills import BillPlanner
from ml_connector.systems.sage_intacct.posting.journals import JournalPlanner
from ml_connector.systems.sage_intacct.posting.kinds import Kinds
from ml_connector.systems.sage_intacct.posting.order_lines import OrderLineWriter
from ml_connector.systems.sage_intacct.posting.payments import PaymentPlanner
from ml_connector.systems.sage_intacct.posting.places import Places
from ml_connector.systems.sage_intacct.posting.purchases import PurchasePlanner
from ml_connector.systems.sage_intacct.posting.receipts import ReceiptPlanner
from ml_connector.systems.sage_intacct.posting.sales import SalesOrderPlanner
from ml_connector.systems.sage_intacct.posting.sources import Sources
from ml_connector.systems.sage_intacct.posting.writing import Writer
from ml_connector.systems.sage_intacct.reading.fields import Fields
from ml_connector.systems.sage_intacct.reading.open_items import OpenItems
from ml_connector.systems.sage_intacct.reading.orders import Orders
from ml_connector.systems.sage_intacct.reading.records import DIMENSIONS
from ml_connector.systems.sage_intacct.reading.tables import TABLES, Table
from ml_connector.systems.sage_intacct.settings import IntacctConnection
from ml_connector.systems.sage_intacct.wire.client import Gateway, answered, readable
from ml_connector.systems.tables import WholeTable
from ml_connector.systems.targets import Finders, Target, found_by_kind, stands_once

#: What `system:` in connections.yaml says.
SYSTEM = "sage_intacct"


def _no_blob(sha256: str) -> bytes:
    raise WeAreWrong(f"no store of bytes was given to read {sha256[:12]} from")


class IntacctErp:
    """One company or entity, seen by one user. Safe to use from several threads.

    close: ends its connections. read_blob: stored bytes by their SHA-256.
    """

    def __init__(
        self,
        gateway: Gateway,
        settings: IntacctConnection,
        clock: Clock,
        *,
        close: Callable[[], None] = lambda: None,
        read_blob: Callable[[str], bytes] = _no_blob,
    ) -> None:
        self.connection = gateway.connection
        self.system = SYSTEM
        self.gateway = gateway
        self.settings = settings
        self.company = settings.company
        self.company_name = settings.company_id
        self.traits = traits_of(settings)
        self.close = close
        fields = Fields(gateway)
        kinds = Kinds.of(settings)
        self.orders = Orders(gateway, settings, clock, fields)
        self.places = Places(gateway, settings, clock)
        sources = Sources(gateway, settings, clock, self.orders)
        writers = {kind.kind: Writer(gateway, settings, kind) for kind in kinds.all}
        self._writers = writers
        self._lines = OrderLineWriter(gateway, self.orders)
        self._files = Attachments(gateway, read_blob)
        self._vendors = vendors.Vendors(gateway, settings)
        self.reference: dict[str, Table] = {name: Table(name, gateway, settings, clock, fields) for name in TABLES}
        self.tables: Mapping[str, ReferenceSource] = {
            **self.reference,
            ReferenceTable.PURCHASE_ORDERS: WholeTable(self.orders.table),
            ReferenceTable.VAT_CODES: TaxDetails(settings),
        }
        self.sources: Mapping[str, DocumentSource[Any]] = {PURCHASE_ORDERS.name: self.orders}
        # A document comes before the bill that it has made.
        payables = [writers[one.kind] for one in (kinds.vendor_invoice, kinds.bill, kinds.adjustment)]
        bills = BillPlanner(settings, kinds, self.places, sources)
        receipts = ReceiptPlanner(settings, kinds, self.places, sources)
        sales = SalesOrderPlanner(settings, kinds, self.places)
        journal = JournalPlanner(settings, kinds, self.places)
        name = self.connection
        self.targets: Mapping[str, DocumentTarget[Any]] = {
            BILLS.name: Records(bills, payables, name, first=True),
            GOODS_RECEIPTS.name: Records(receipts, [writers[kinds.receipt.kind]], name),
            # A line holds no key of ours; written again it is the same line.
            ORDER_CHANGES.name: Target(
                frozenset({order_lines.KIND}),
                lambda document, key: order_lines.plan_order_change(document, key, settings),
                repeatable=True,
            ),
            JOURNAL_ENTRIES.name: Records(journal, [writers[kinds.journal_entry.kind]], name),
            PAYMENTS.name: Payments(
                PaymentPlanner(settings, kinds), writers[kinds.payment.kind], name, OpenItems(gateway, settings)
            ),
            PURCHASES.name: Records(
                PurchasePlanner(settings, kinds, self.places), [writers[kinds.purchase.kind]], name
            ),
            SALES_ORDERS.name: Records(sales, [writers[kinds.sale.kind]], name),
            NEW_VENDORS.name: self._vendors,
        }

    def fill(self, operation: StoredOperation, earlier: Mapping[int, str]) -> str:
        """The payload as it is sent: no write takes an earlier one's id."""
        del earlier
        if operation.uses:
            raise WeAreWrong(f"Operation {operation.key} uses earlier ones, which none does here.")
        return operation.payload

    def write(self, operation: StoredOperation) -> Written:
        """Send the stored payload once.

        Raises:
            TryAgain: it was not sent. OutcomeUnknown: nobody knows. RefusedBySystem: nothing was written.
            AuthorizationNeeded: a person must act. WeAreWrong: it was planned for other books.
        """
        company, _, entity = operation.target.rpartition("/")
        if company != self.company:
            raise WeAreWrong(f"operation {operation.id} is planned for {company}, this is {self.company}")
        if operation.kind == order_lines.KIND:
            write: Callable[[StoredOperation], Written] = self._lines.write
        elif operation.kind == attachments.KIND:
            write = self._files.write
        elif operation.kind == vendors.KIND:
            write = self._vendors.write
        elif operation.kind in self._writers:
            write = self._writers[operation.kind].write
        else:
            raise WeAreWrong(f"operation {operation.id} is of kind {operation.kind} for {entity}, unknown here")
        with answered(self.connection, f"the reply of {entity}"):
            return write(operation)

    def find_written(self, operations: Sequence[StoredOperation]) -> Mapping[int, Written]:
        """Look everywhere these writes could have landed."""
        finders: Finders[Written] = [
            *(({kind}, writer.written) for kind, writer in self._writers.items()),
            ({order_lines.KIND}, self._lines.written),
            ({attachments.KIND}, self._files.written),
            ({vendors.KIND}, self._vendors.written),
        ]
        with readable(self.connection, "what was written"):
            return found_by_kind(operations, finders)

    def find_copies(self, operations: Sequence[StoredOperation]) -> Mapping[int, Sequence[Written]]:
        """All records that carry our keys; lines of orders stand once."""
        finders: Finders[Sequence[Written]] = [
            *(({kind}, writer.copies) for kind, writer in self._writers.items()),
            ({attachments.KIND}, stands_once(self._files.written)),
            ({vendors.KIND}, self._vendors.copies),
        ]
        with readable(self.connection, "what was written"):
            return found_by_kind(operations, finders)


def traits_of(settings: IntacctConnection) -> ErpTraits:
    """Times and habits. A tax is a charge where the company has no tax details, as its bills take none; a line of a
    purchasing document has an item and never an account (intacct 7.2).
    """
    taxes: TaxPolicy = "vat_codes" if settings.tax_details else "none"
    coding = CodingTraits(dimensions=DIMENSIONS, taxes=taxes, codes_matched_lines=False)
    # Writes that go out in one request are on the wire at once.
    at_once = max(settings.concurrency, settings.documents_per_request)
    return replace(ErpTraits.of(settings, coding=coding), concurrency=at_once)
