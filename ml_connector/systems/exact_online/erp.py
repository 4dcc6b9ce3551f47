"""Exact Online as the ERP that flows see: `flows.core.ports.Erp` over one connection and one division."""

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from ml_connector.clock import Clock
from ml_connector.documents.reference import ReferenceTable
from ml_connector.errors import OutcomeUnknown, WeAreWrong
from ml_connector.flows.core.ports import (
    BILLS,
    ENTERED_INVOICES,
    ENTRY_CODINGS,
    GOODS_RECEIPTS,
    NEW_VENDORS,
    ORDER_CHANGES,
    PAYMENTS,
    PURCHASE_ORDERS,
    RECEIVED_GOODS,
    DocumentSource,
    DocumentTarget,
    ErpTraits,
    ReferenceSource,
    StoredOperation,
    Written,
)
from ml_connector.systems.exact_online.capabilities import (
    BILL_KINDS,
    Payments,
    PurchaseEntriesByHand,
    PurchaseOrders,
    Table,
)
from ml_connector.systems.exact_online.posting.attachments import AttachmentFinder, with_bytes
from ml_connector.systems.exact_online.posting.bills import BillFinder, BillPlanner
from ml_connector.systems.exact_online.posting.changed_lines import LineWriter
from ml_connector.systems.exact_online.posting.entry_lines import ENTRY_LINES, plan_recoding
from ml_connector.systems.exact_online.posting.order_lines import ORDER_LINES, plan_order_change
from ml_connector.systems.exact_online.posting.payments import KINDS as PAYMENT_KINDS
from ml_connector.systems.exact_online.posting.payments import PaymentFinder, PaymentPlanner
from ml_connector.systems.exact_online.posting.receipts import ReceiptFinder, plan_receipt
from ml_connector.systems.exact_online.posting.vendors import KINDS as VENDOR_KINDS
from ml_connector.systems.exact_online.posting.vendors import Vendors
from ml_connector.systems.exact_online.reading.addresses import Addresses
from ml_connector.systems.exact_online.reading.entries import Entries
from ml_connector.systems.exact_online.reading.open_items import OpenItems
from ml_connector.systems.exact_online.reading.orders import Orders
from ml_connector.systems.exact_online.reading.received import Received
from ml_connector.systems.exact_online.reading.reference import Reference
from ml_connector.systems.exact_online.settings import ExactSettings
from ml_connector.systems.exact_online.wire.client import ExactClient, readable
from ml_connector.systems.exact_online.wire.division import Divisions, MemoryNotes, Notes
from ml_connector.systems.exact_online.wire.entities import (
    ATTACHMENT,
    DOCUMENT,
    ENTRY_LINE,
    GOODS_RECEIPT,
    ORDER_LINE,
    dropped_amounts,
    writable,
    written,
)
from ml_connector.systems.exact_online.wire.filters import equals
from ml_connector.systems.exact_online.wire.odata_literals import guid, text_literal
from ml_connector.systems.targets import Finders, Target, found_by_kind
from ml_connector.transport.http import ApiClient
from ml_connector.transport.payloads import fill_json


def _no_blob(sha256: str) -> bytes:
    raise WeAreWrong(f"no store of bytes was given to read {sha256[:12]} from")


#: What `system:` in connections.yaml says.
SYSTEM = "exact_online"


class ExactErp:
    """One division of one connection. Safe to use from several threads.

    api: a client whose `explain` is `meanings.explainer`. divisions: which division, and whether it was moved.
    notes: what outlives the process. read_blob: stored bytes by their SHA-256, for attachments.
    """

    def __init__(
        self,
        api: ApiClient,
        settings: ExactSettings,
        clock: Clock,
        divisions: Divisions,
        *,
        notes: Notes | None = None,
        read_blob: Callable[[str], bytes] = _no_blob,
        traits: ErpTraits | None = None,
    ) -> None:
        self.connection = settings.connection
        self.system = SYSTEM
        self.divisions = divisions
        self.client = ExactClient(api, settings, clock, divisions.division)
        self._settings = settings
        self._read_blob = read_blob
        self._addresses = Addresses(self.client, clock, notes or MemoryNotes())
        self._orders = Orders(self.client, clock, self._addresses)
        self._reference = Reference(self.client, self._orders, clock, divisions.moved)
        self._bills = BillFinder(self.client)
        self._receipts = ReceiptFinder(self.client)
        writers = [LineWriter(self.client, lines) for lines in (ORDER_LINES, ENTRY_LINES)]
        self._lines = {one.kind: one for one in writers}
        self._attachments = AttachmentFinder(self.client)
        self._payments = PaymentFinder(self.client)
        self._accounts: dict[str, str] = {}
        self._vendors = Vendors(self.client, settings, lambda: self.company, self._account_of)
        self.traits = traits or ErpTraits()
        planner = BillPlanner(settings, lambda: self.company, lambda sha256: len(read_blob(sha256)))
        self.sources: Mapping[str, DocumentSource[Any]] = {
            PURCHASE_ORDERS.name: PurchaseOrders(self._orders, self._reference, settings),
            ENTERED_INVOICES.name: Entries(self.client, clock, self._reference.deleted_bookings),
            RECEIVED_GOODS.name: Received(self.client, clock),
        }
        name = settings.connection
        self.targets: Mapping[str, DocumentTarget[Any]] = {
            BILLS.name: Target(
                BILL_KINDS,
                planner.plan,
                self._bills.find,
                partial(readable, name, "a booked invoice"),
                entries=PurchaseEntriesByHand(self._bills),
            ),
            GOODS_RECEIPTS.name: Target(
                frozenset({GOODS_RECEIPT.kind}),
                lambda document, key: plan_receipt(document, key, settings, self.company),
                self._receipts.find,
                partial(readable, name, "a goods receipt"),
            ),
            # A line holds no key of ours; written again it is the same line.
            ORDER_CHANGES.name: Target(
                frozenset({ORDER_LINE.kind}),
                lambda document, _: plan_order_change(document, self.company),
                repeatable=True,
            ),
            ENTRY_CODINGS.name: Target(
                frozenset({ENTRY_LINE.kind}),
                lambda document, _: plan_recoding(document, self.company),
                repeatable=True,
            ),
            NEW_VENDORS.name: self._vendors,
            PAYMENTS.name: Payments(
                PaymentPlanner(settings, lambda: self.company, self._account_of),
                self._payments,
                OpenItems(self.client),
                settings,
            ),
        }
        self.tables: Mapping[str, ReferenceSource] = {
            table: Table(self._reference, table, settings.connection) for table in ReferenceTable
        }

    @property
    def company(self) -> str:
        """The division as text. Asks Exact when it is neither configured nor known yet."""
        return str(self.client.division)

    @property
    def company_name(self) -> str:
        facts = self.divisions.facts(self.client.division)
        return facts.description if facts is not None else ""

    def close(self) -> None:
        """Give back the connections."""
        self.client.api.close()

    def try_reading(self, table: ReferenceTable) -> None:
        """Raises what `read_reference` would for want of rights; for `check`."""
        self._reference.try_reading(table)

    def try_addresses(self) -> None:
        """Raises what reading the delivery addresses of orders would for want of rights; for `check`."""
        self._addresses.try_reading()

    def _account_of(self, code: str) -> str | None:
        """The guid of a GL account, asked for once."""
        if code not in self._accounts:
            params = {"$select": "ID,Code", "$filter": equals("Code", text_literal(code))}
            with readable(self.connection, "a GL account"):
                rows = self.client.rows("financial/GLAccounts", params)
                self._accounts |= {str(row.get("Code") or "").strip(): guid(row.get("ID")) for row in rows}
        return self._accounts.get(code)

    def fill(self, operation: StoredOperation, earlier: Mapping[int, str]) -> str:
        """Top-level keys of the JSON that `uses` names take an earlier operation's outside id."""
        return fill_json(operation.payload, operation.uses, earlier, of=operation.key)

    def write(self, operation: StoredOperation) -> Written:
        """Send the stored payload once.

        Raises:
            TryAgain: it was not sent. OutcomeUnknown: nobody knows. RefusedBySystem: Exact refused it, nothing was
            written. AuthorizationNeeded: a person must act. WeAreWrong: it was planned for another division.
        """
        what = writable(operation)
        if operation.target != f"{self.company}/{what.endpoint}":
            raise WeAreWrong(
                f"operation {operation.id} is planned for {operation.target}, this is division {self.company}"
            )
        if what.kind in self._lines:
            return self._lines[what.kind].write(operation)
        payload = with_bytes(operation.payload, self._read_blob) if what is ATTACHMENT else operation.payload
        row = self.client.create(what.endpoint, payload)
        try:
            done = written(what, row)
            warning = dropped_amounts(what, json.loads(operation.payload, parse_float=Decimal), row)
        except (KeyError, WeAreWrong) as error:
            raise OutcomeUnknown(
                f"{self.connection}: POST {what.endpoint} was answered without a readable record.",
                remedy="It is looked up before it is sent again.",
            ) from error
        return Written(done.outside_id, {**done.detail, "warning": warning}) if warning else done

    def find_written(self, operations: Sequence[StoredOperation]) -> Mapping[int, Written]:
        """Look everywhere these writes could have landed, in batched look-ups."""
        finders: Finders[Written] = [
            (BILL_KINDS, self._bills.written),
            ({GOODS_RECEIPT.kind}, self._receipts.written),
            *(({kind}, writer.written) for kind, writer in self._lines.items()),
            (PAYMENT_KINDS, self._payments.written),
            (VENDOR_KINDS, self._vendors.written),
            ({DOCUMENT.kind}, self._attachments.documents),
            ({ATTACHMENT.kind}, self._attachments.files),
        ]
        with readable(self.connection, "what was written"):
            return found_by_kind(operations, finders)

    def find_copies(self, operations: Sequence[StoredOperation]) -> Mapping[int, Sequence[Written]]:
        """All records that carry our keys. Lines are written over, so that they stand once."""
        finders: Finders[Sequence[Written]] = [
            (BILL_KINDS, self._bills.copies),
            ({GOODS_RECEIPT.kind}, self._receipts.copies),
            (PAYMENT_KINDS, self._payments.copies),
            (VENDOR_KINDS, self._vendors.copies),
            ({DOCUMENT.kind}, self._attachments.document_copies),
            ({ATTACHMENT.kind}, self._attachments.file_copies),
        ]
        with readable(self.connection, "what was written"):
            return found_by_kind(operations, finders)
