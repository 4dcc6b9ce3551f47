"""Acumatica as the ERP that flows see: `flows.core.ports.Erp` over one tenant and branch."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from ml_connector.clock import Clock
from ml_connector.documents.reference import ReferenceTable
from ml_connector.errors import AuthorizationNeeded, WeAreWrong
from ml_connector.flows.core.ports import (
    BILLS,
    GOODS_RECEIPTS,
    NEW_CUSTOMERS,
    ORDER_CHANGES,
    PURCHASE_ORDERS,
    SALES_INVOICES,
    SALES_ORDER_CHANGES,
    SALES_ORDERS,
    SHIPMENTS,
    STANDING_ORDERS,
    CodingTraits,
    DocumentSource,
    DocumentTarget,
    ErpTraits,
    ReferenceSource,
    StoredOperation,
    Written,
)
from ml_connector.systems.acumatica.posting import (
    attachments,
    bills,
    customers,
    facts,
    order_lines,
    receipts,
    release,
    sales_order_changes,
    sales_orders,
)
from ml_connector.systems.acumatica.posting.attachments import Attachments
from ml_connector.systems.acumatica.posting.bill_plans import BillPlanner
from ml_connector.systems.acumatica.posting.bills import BillWriter
from ml_connector.systems.acumatica.posting.customers import CustomerWriter
from ml_connector.systems.acumatica.posting.order_lines import OrderLineWriter
from ml_connector.systems.acumatica.posting.receipts import receipt_writer
from ml_connector.systems.acumatica.posting.release import Releaser
from ml_connector.systems.acumatica.posting.sales_order_changes import SalesOrderChanger
from ml_connector.systems.acumatica.posting.sales_orders import sales_order_writer
from ml_connector.systems.acumatica.reading import orders, records, sales_invoices, shipments, standing_orders
from ml_connector.systems.acumatica.reading.orders import SUBACCOUNT, Orders
from ml_connector.systems.acumatica.reading.own import Branch
from ml_connector.systems.acumatica.reading.polling import Polled
from ml_connector.systems.acumatica.reading.sales_invoices import SalesInvoices
from ml_connector.systems.acumatica.reading.shipments import Shipments
from ml_connector.systems.acumatica.reading.standing_orders import StandingOrders
from ml_connector.systems.acumatica.reading.tables import TABLES, Table
from ml_connector.systems.acumatica.settings import AcumaticaConnection
from ml_connector.systems.acumatica.wire.client import AcumaticaClient, answered, readable
from ml_connector.systems.acumatica.wire.contract import Need
from ml_connector.systems.acumatica.wire.values import body_of, to_json
from ml_connector.systems.tables import WholeTable
from ml_connector.systems.targets import Finders, Target, found_by_kind, stands_once

#: What `system:` in connections.yaml says.
SYSTEM = "acumatica"
#: For one call; takes the branch's name, where fields take its identifier (acumatica 5).
BRANCH_HEADER = "PX-CbApiBranch"
#: How long a branch's name counts before it is asked for again.
BRANCH_KEPT = timedelta(minutes=5)


#: Sources that one flow alone reads, which is on only where it is named.
READERS = {STANDING_ORDERS.name: "order_acks_out", SHIPMENTS.name: "shipments_out"}
_ASKED_FOR = {STANDING_ORDERS.name: standing_orders.NEED, SHIPMENTS.name: shipments.NEED}


def _no_blob(sha256: str) -> bytes:
    raise WeAreWrong(f"no store of bytes was given to read {sha256[:12]} from")


class AcumaticaErp:
    """One tenant, seen by one user. Safe to use from several threads.

    leave: gives the session back when the last user is done. read_blob: stored bytes by their SHA-256.
    """

    def __init__(
        self,
        client: AcumaticaClient,
        settings: AcumaticaConnection,
        clock: Clock,
        *,
        leave: Callable[[], None] | None = None,
        read_blob: Callable[[str], bytes] = _no_blob,
    ) -> None:
        self.connection = client.connection
        self.system = SYSTEM
        self.client = client
        self.settings = settings
        self.company = settings.company
        self.company_name = settings.tenant
        self.traits = traits_of(settings)
        self._leave = leave
        self._branch_lock = threading.Lock()
        self._branch_name = ""
        self._branch_asked: datetime | None = None
        self._clock = clock
        self._orders = Orders(client, settings, clock)
        self._facts = facts.OrderFacts(self._orders.rows, settings)
        self._orders.heard = self._facts.heard
        self._bills = BillWriter(client, settings, self._headers)
        self._receipts = receipt_writer(client, settings, self._headers)
        self._lines = OrderLineWriter(client, settings, self._headers)
        findable = {one.entity: one for one in (bills.FINDABLE, receipts.FINDABLE)}
        afterwards = {bills.ENTITY: settings.after_bill, receipts.ENTITY: settings.after_receipt}
        follows = [entity for entity, then in afterwards.items() if then == "released"]
        self._releases = Releaser(client, findable, settings.page_size, follows)
        self._files = Attachments(client, read_blob)
        self._sales = sales_order_writer(client, settings, self._headers)
        self._changes = SalesOrderChanger(client, self._headers)
        self._customers = CustomerWriter(client, self._headers)
        planner = BillPlanner(settings, self._facts, facts.Receipts(client, settings, clock))
        self.reference: dict[str, Table] = {name: Table(name, client, settings, clock) for name in TABLES}
        self.tables: Mapping[str, ReferenceSource] = {
            **self.reference,
            ReferenceTable.PURCHASE_ORDERS: WholeTable(self._orders.table),
        }
        self.polled: dict[str, Polled[Any]] = {
            PURCHASE_ORDERS.name: self._orders,
            SALES_INVOICES.name: SalesInvoices(client, settings, clock),
            STANDING_ORDERS.name: StandingOrders(client, settings, clock),
            SHIPMENTS.name: Shipments(client, settings, clock),
        }
        self.sources: Mapping[str, DocumentSource[Any]] = dict(self.polled)
        name = self.connection
        self.targets: Mapping[str, DocumentTarget[Any]] = {
            BILLS.name: Target(
                frozenset({bills.KIND}), planner.plan, self._bills.find, partial(readable, name, "a bill")
            ),
            GOODS_RECEIPTS.name: Target(
                frozenset({receipts.KIND}),
                lambda document, key: receipts.plan_receipt(document, key, settings),
                self._receipts.find,
                partial(readable, name, "a purchase receipt"),
            ),
            # A line holds no key of ours, and nothing of ours marks a changed order.
            ORDER_CHANGES.name: Target(
                frozenset({order_lines.KIND}),
                lambda document, _: order_lines.plan_order_change(document, settings.company),
                repeatable=True,
            ),
            SALES_ORDERS.name: Target(
                frozenset({sales_orders.KIND}),
                lambda document, key: sales_orders.plan_sales_order(document, key, settings),
                self._sales.find,
                partial(readable, name, "a sales order"),
            ),
            SALES_ORDER_CHANGES.name: Target(
                frozenset({sales_order_changes.KIND}),
                lambda document, _: sales_order_changes.plan_change(document, settings),
                repeatable=True,
            ),
            NEW_CUSTOMERS.name: Target(
                frozenset({customers.KIND}),
                lambda document, _: [customers.plan_customer(document, settings)],
                repeatable=True,
            ),
        }

    def branches(self) -> list[Branch]:
        """The branches that the user sees."""
        with readable(self.connection, "a branch"):
            rows = self.client.inquire("CompaniesStructure")
            return [one for row in rows for one in records.branch(row) if isinstance(one, Branch)]

    def _headers(self) -> Mapping[str, str]:
        """The branch of a write, by its name; asked for anew from time to time, as a branch may be renamed.

        Raises:
            AuthorizationNeeded: the user does not see it.
        """
        if not self.settings.branch:
            return {}
        with self._branch_lock:
            now = self._clock.now()
            asked = self._branch_asked
            if asked is None or not timedelta(0) <= now - asked < BRANCH_KEPT:
                self._branch_name, self._branch_asked = self._name_of_branch(), now
            return {BRANCH_HEADER: self._branch_name} if self._branch_name.isascii() and self._branch_name else {}

    def _name_of_branch(self) -> str:
        wanted = self.settings.branch.casefold()
        names = [one.name for one in self.branches() if one.code.casefold() == wanted]
        if not names:
            raise AuthorizationNeeded(
                f"{self.connection}: branch {self.settings.branch} is not one that the user sees; nothing was sent, as"
                " it would go to another one.",
                remedy="Correct `branch` of the connection, or give its user the right to that branch: `check` lists"
                " those it sees.",
            )
        return names[0]

    def needs(self, integrations: Mapping[str, Any]) -> list[Need]:
        """Fields of the contract that the tables and flows use."""
        tables = (table for name, table in self.reference.items() if name not in self.settings.without)
        found = [need for table in tables for need in table.needs()]
        found += [orders.NEED, *receipts.NEEDS, *order_lines.NEEDS, bills.NEEDS[0]]
        found += [*sales_orders.NEEDS, *sales_order_changes.NEEDS, *customers.NEEDS, *sales_invoices.NEEDS]
        found += [need for source, need in _ASKED_FOR.items() if source in self.read_by(integrations)]
        found += bills.NEEDS[1:] if self.settings.taxes == "as_invoiced" else ()
        found += facts.NEEDS if self.settings.billed_from != "orders" else ()
        return [*found, *release.NEEDS]

    def read_by(self, integrations: Mapping[str, Any]) -> list[str]:
        """The sources that somebody may read: what only a flow that is not there reads needs no right and no field."""
        named = {
            flow
            for one in integrations.values()
            for flow in one.flows.model_fields_set
            if one.flows.named(flow).enabled
        }
        return [source for source in self.polled if READERS.get(source, "") in {"", *named}]

    def close(self) -> None:
        """Give back the connections, and the seat where nobody else needs it."""
        self.client.api.close()
        if self._leave is not None:
            self._leave()

    def fill(self, operation: StoredOperation, earlier: Mapping[int, str]) -> str:
        """The payload as it is sent: places like `act.entity.id` take an earlier operation's outside id."""
        if not operation.uses:
            return operation.payload
        body = body_of(operation.payload)
        for path, position in operation.uses.items():
            if position not in earlier:
                raise WeAreWrong(f"Operation {operation.key} needs operation {position}, which is not done.")
            *above, last = path.split(".")
            here: dict[str, Any] = body
            for name in above:
                here = here[name]
            here[last] = earlier[position]
        return to_json(body)

    def write(self, operation: StoredOperation) -> Written:
        """Send the stored payload once.

        Raises:
            TryAgain: it was not sent. OutcomeUnknown: nobody knows. RefusedBySystem: nothing was written.
            AuthorizationNeeded: a person must act. WeAreWrong: it was planned for other books.
        """
        company, _, entity = operation.target.rpartition("/")
        if company != self.company:
            raise WeAreWrong(f"operation {operation.id} is planned for {company}, this is {self.company}")
        writers: Mapping[str, Callable[[StoredOperation], Written]] = {
            bills.KIND: self._bills.write,
            receipts.KIND: self._receipts.write,
            order_lines.KIND: self._lines.write,
            sales_orders.KIND: self._sales.write,
            sales_order_changes.KIND: self._changes.write,
            customers.KIND: self._customers.write,
            attachments.KIND: self._files.write,
            **dict.fromkeys(release.KINDS, self._releases.write),
        }
        write = writers.get(operation.kind)
        if write is None:
            raise WeAreWrong(f"operation {operation.id} is of kind {operation.kind} for {entity}, unknown here")
        with answered(self.connection, f"the reply of {entity}"):
            done = write(operation)
            self._releases.posted(operation, done)
            return done

    def find_written(self, operations: Sequence[StoredOperation]) -> Mapping[int, Written]:
        """Look everywhere these writes could have landed."""
        finders: Finders[Written] = [
            ({bills.KIND}, self._bills.written),
            ({receipts.KIND}, self._receipts.written),
            ({order_lines.KIND}, self._lines.written),
            ({sales_orders.KIND}, self._sales.written),
            ({sales_order_changes.KIND}, self._changes.written),
            ({customers.KIND}, self._customers.written),
            (release.KINDS, self._releases.written),
            ({attachments.KIND}, self._files.written),
        ]
        with readable(self.connection, "what was written"):
            return found_by_kind(operations, finders)

    def find_copies(self, operations: Sequence[StoredOperation]) -> Mapping[int, Sequence[Written]]:
        """All records that carry our keys; lines of orders and releases stand once."""
        finders: Finders[Sequence[Written]] = [
            ({bills.KIND}, self._bills.copies),
            ({receipts.KIND}, self._receipts.copies),
            ({sales_orders.KIND}, self._sales.copies),
            (release.KINDS, stands_once(self._releases.written)),
            ({attachments.KIND}, stands_once(self._files.written)),
        ]
        with readable(self.connection, "what was written"):
            return found_by_kind(operations, finders)


def traits_of(settings: AcumaticaConnection) -> ErpTraits:
    """Times and habits. Taxes come to what the invoice says, whoever works them out; a line that is matched to an
    order may have a charge beside it that is booked to an account.
    """
    coding = CodingTraits(dimensions=(SUBACCOUNT,), taxes="as_invoiced", codes_matched_lines=True)
    return ErpTraits.of(settings, coding=coding)
