"""A seller of food: customers, places and items, an ERP that takes sales orders, orders as customers send them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.composition import Deployment
from ml_connector.config.partners import Partner
from ml_connector.documents.records import from_values, stored_values
from ml_connector.documents.sales.changes import SalesOrderChange
from ml_connector.documents.sales.orders import SalesOrder
from ml_connector.documents.sales.reference import (
    CrossReference,
    Customer,
    CustomerLocation,
    ItemFacts,
    SalesPrice,
    UnitConversion,
)
from ml_connector.errors import OutcomeUnknown, RefusedBySystem
from ml_connector.flows import operator_actions, pipeline
from ml_connector.flows.core.integration import Integration, RunScope
from ml_connector.flows.core.ports import ErpTraits, Existing, Identity, PlannedOperation, StoredOperation, Written
from ml_connector.flows.core.spec import INBOUND
from ml_connector.flows.reference.sales_book import SalesBook
from ml_connector.flows.reference.syncing import warm_up
from ml_connector.flows.sales_orders_in.settings import SalesOrdersIn
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.search import queries
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.systems import registry as systems
from ml_connector.systems.system import Role
from ml_connector.trying.sides import HeldMailbox
from ml_connector_tests.flows.american import Table
from ml_connector_tests.support.databases import sqlite_with_tables
from ml_connector_tests.support.deployment import INTEGRATION, write_config

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY = NOON.date()
INBOX = "/HARVEST/inbox"
D = Decimal

CUSTOMERS = (
    Customer(id="C1", code="C1", name="Harvest Market", their_number="V-77", currency="USD", terms="30D"),
    Customer(id="C2", code="C2", name="Corner Shops", their_number="V-88", currency="USD"),
    Customer(id="C3", code="C3", name="Closed Ltd", status="Inactive", blocked=True, currency="USD"),
)
LOCATIONS = (
    CustomerLocation(
        id="C1|MAIN", code="MAIN", customer="C1", default=True, their_code="0001", street=("1 Main St",), city="Austin",
        region="TX", postal_code="73301", country="US",
    ),
    CustomerLocation(id="C1|S2", code="S2", customer="C1", their_code="0002", warehouse="WEST"),
    CustomerLocation(id="C1|S3", code="S3", customer="C1", their_code="0003"),
    CustomerLocation(id="C1|OLD", code="OLD", customer="C1", their_code="0009", active=False),
    CustomerLocation(id="C2|MAIN", code="MAIN", customer="C2", their_code="7001"),
)  # fmt: skip
CASES = UnitConversion(from_unit="CASE", to_unit="EACH", factor=D(12))
ITEMS = (
    ItemFacts(
        id="OIL", code="OIL", base_unit="EACH", sales_unit="CASE", price=D("48.00"), conversions=(CASES,),
        numbers=(
            CrossReference(number="HM-OIL", kind="customer", party="C1"),
            CrossReference(number="CS-1", kind="customer", party="C2"),
            CrossReference(number="012345678905", kind="gtin", unit="EACH"),
            CrossReference(number="10012345678902", kind="gtin", unit="CASE"),
        ),
    ),
    ItemFacts(
        id="RICE", code="RICE", base_unit="EACH", sales_unit="EACH", price=D("2.50"),
        numbers=(
            CrossReference(number="HM-RICE", kind="customer", party="C1"),
            CrossReference(number="CS-1", kind="customer", party="C1"),
            CrossReference(number="RC5", kind="everybody"),
        ),
    ),
    ItemFacts(id="OLD", code="OLD", base_unit="EACH", sales_unit="EACH", status="No Sales", not_sold=True),
    ItemFacts(id="DISC", code="DISC", base_unit="EACH", sales_unit="EACH"),
)  # fmt: skip
PRICES = (
    SalesPrice(id="1", code="1", item="RICE", customer="C2", unit="EACH", price=D("2.25"), currency="USD"),
    SalesPrice(id="2", code="2", item="RICE", unit="EACH", price=D("2.00"), from_quantity=D(1000), currency="USD"),
)
UNITS = {"EACH": "EA", "CASE": "CA"}


def book(**changes: Any) -> SalesBook:
    return SalesBook(**{"customers": CUSTOMERS, "locations": LOCATIONS, "items": ITEMS, "prices": PRICES, **changes})


def settings(**changes: Any) -> SalesOrdersIn:
    return SalesOrdersIn.model_validate({"units": UNITS, "price": "theirs", **changes})


def partner(**changes: Any) -> Partner:
    return Partner.model_validate(partner_values(**changes))


def partner_values(**changes: Any) -> dict[str, Any]:
    return {
        "name": "harvest",
        "role": "customer",
        "customer": "C1",
        "identity": {"qualifier": "ZZ", "id": "HARVEST"},
        "channels": {"receive": [INBOX], "send": "/HARVEST/outbox"},
        **changes,
    }


LINE = "PO1*1*10*EA*2.50**IN*HM-RICE"


def body(number: str = "PO-1", *lines: str, head: Sequence[str] = (), purpose: str = "00", kind: str = "SA") -> str:
    """An 850 from BEG to CTT."""
    lines = lines or (LINE,)
    count = sum(one.startswith("PO1*") for one in lines)
    return "~".join((f"BEG*{purpose}*{kind}*{number}**20261120", *head, "N1*ST**92*0001", *lines, f"CTT*{count}")) + "~"


def edi(text: str, *, control: int = 1, kind: str = "850", sender: str = "HARVEST") -> bytes:
    """An interchange of one set."""
    group = {"850": "PO", "860": "PC"}[kind]
    return (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{sender:15}*ZZ*{'VOLTWERK':15}*261120*1000*U*00401*{control:09}*0*P*>~"
        f"GS*{group}*{sender}*VOLTWERK*20261120*1000*{control}*X*004010~ST*{kind}*0001~{text}"
        f"SE*{text.count('~') + 2}*0001~GE*1*{control}~IEA*1*{control:09}~"
    ).encode()


class SalesOrders:
    """Where sales orders are written to; the payload is the order as flows made it."""

    kinds = frozenset({"sales_order"})
    repeatable = False
    entries = None

    def __init__(self) -> None:
        self.there: list[Existing] = []

    def plan(self, order: SalesOrder, key: str) -> list[PlannedOperation]:
        payload = json.dumps({"key": key, "order": stored_values(order)})
        return [PlannedOperation("sales_order", "sales", payload)]

    def existing(self, identities: Sequence[Identity]) -> list[Existing]:
        return [one for one in self.there if one.identity in identities]


class SalesOrderChanges:
    """Where changes of sales orders are written to."""

    kinds = frozenset({"sales_order_change"})
    repeatable = True
    entries = None

    def plan(self, change: SalesOrderChange, key: str) -> list[PlannedOperation]:
        payload = json.dumps({"key": key, "change": stored_values(change)})
        return [PlannedOperation("sales_order_change", "sales", payload, shares=True)]

    def existing(self, identities: Sequence[Identity]) -> list[Existing]:
        return []


class SellingErp:
    """An ERP that takes sales orders, and loses answers where it is told to."""

    system, connection, company_name = "exact_online", "exact_nl", "Voltwerk Foods"
    traits = ErpTraits(settle_seconds=0.0, longest_call_seconds=0.0)
    sources: Mapping[str, Any] = {}

    def __init__(self, company: str = "F1") -> None:
        self.company = company
        self.orders = SalesOrders()
        self.targets: dict[str, Any] = {"sales_orders": self.orders}
        self.tables: dict[str, Table] = {
            "customers": Table(*CUSTOMERS),
            "customer_locations": Table(*LOCATIONS),
            "item_facts": Table(*ITEMS),
            "sales_prices": Table(*PRICES),
        }
        self.written: list[SalesOrder] = []
        self.changed: list[SalesOrderChange] = []
        self.keys: list[str] = []
        self.loses = 0
        self.refuses: set[str] = set()

    def fill(self, operation: StoredOperation, earlier: Mapping[int, str]) -> str:
        return operation.payload

    def write(self, operation: StoredOperation) -> Written:
        values = json.loads(operation.payload, parse_float=D)
        if "change" in values:
            self.changed.append(from_values(SalesOrderChange, values["change"]))
            return Written(self.changed[-1].order_id, {"order_number": self.changed[-1].order_id})
        order = from_values(SalesOrder, values["order"])
        if order.store in self.refuses:
            raise RefusedBySystem(f"Store {order.store} may not order.")
        self.written.append(order)
        self.keys.append(values["key"])
        made = f"SO{len(self.written):06}"
        identity = Identity(order.customer_id, order.customer_order)
        amount = str(order.total or "")
        other = order.reference if order.reference != order.customer_order else ""
        self.orders.there.append(Existing(identity, made, values["key"], made, amount, "sales", "sales_order", other))
        if self.loses:
            self.loses -= 1
            raise OutcomeUnknown("The answer never came.")
        return Written(made, {"entry_number": made})

    def find_written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        by_key = {one.our_key: one.outside_id for one in self.orders.there}
        keys = {one.id: json.loads(one.payload)["key"] for one in operations}
        return {number: Written(by_key[key]) for number, key in keys.items() if key in by_key}

    def find_copies(self, operations: Sequence[StoredOperation]) -> dict[int, list[Written]]:
        return {}


class At:
    """A clock that stands."""

    def now(self) -> datetime:
        return NOON

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits")


@dataclass
class Shop:
    """A deployment whose ERP sells, and whose network holds what is put into it."""

    deployment: Deployment
    integration: Integration
    erp: SellingErp
    mailbox: HeldMailbox
    home: Path

    def take(self, *texts: bytes | str, replay: bool = False, folder: str = INBOX) -> list[DocumentRow]:
        """Take in these files beside those that came, and run; all documents, by rising id."""
        lying = self.mailbox.files.setdefault(folder, [])
        for text in texts:
            data = text if isinstance(text, bytes) else edi(text, control=len(lying) + 1)
            lying.append((f"{len(lying)}.edi", data))
        with worker(self.deployment.ledger) as lease:
            steps = pipeline.steps_of(self.integration.flows, INBOUND)
            pipeline.run(self.integration, RunScope(holder=lease.name, actor="test", replay=replay), steps)
        return self.rows()

    def discard(self, row: DocumentRow) -> None:
        with worker(self.deployment.ledger) as lease:
            work = RunScope(holder=lease.name, actor="test")
            operator_actions.discard(self.integration, work, row, "settled with the customer")

    def settle(self, row: DocumentRow) -> None:
        with worker(self.deployment.ledger) as lease:
            work = RunScope(holder=lease.name, actor="test")
            operator_actions.settle_as_it_stands(self.integration, work, row, why="that store is closed")

    def rows(self) -> list[DocumentRow]:
        with self.deployment.ledger.read() as tx:
            page = queries.list_documents(tx, queries.DocumentFilter(flows=("sales_orders_in",)), limit=100).rows
            return sorted(documents.get_many(tx, [row.id for row in page]), key=lambda row: row.id)


@contextmanager
def shop(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    flow: Mapping[str, Any] | None = None,
    partners: Sequence[Mapping[str, Any]] = (),
    company: str = "F1",
    changes: bool = False,
) -> Iterator[Shop]:
    """A shop with one customer behind its network, or with these partners. changes: its ERP takes changes of orders."""
    home.mkdir(parents=True, exist_ok=True)
    sells = type(systems.find("exact_online"))
    monkeypatch.setattr(sells, "targets", frozenset({"sales_orders"}))
    monkeypatch.setattr(sells, "tables", frozenset({"customers", "customer_locations", "item_facts", "sales_prices"}))
    config = write_config(home, {"exact": "http://127.0.0.1:9", "cleo": "http://127.0.0.1:9"}, {})
    raw = yaml.safe_load(config.read_text())
    raw["integrations"][INTEGRATION]["flows"] = {"sales_orders_in": {"units": UNITS, "price": "theirs", **(flow or {})}}
    config.write_text(yaml.safe_dump(raw))
    (home / "partners").mkdir(exist_ok=True)
    for one in partners or (partner_values(),):
        (home / "partners" / f"{one['name']}.yaml").write_text(yaml.safe_dump(dict(one)))
    if not (home / "ledger.db").exists():
        sqlite_with_tables(home / "ledger.db")
    erp, mailbox = SellingErp(company), HeldMailbox("cleo_prod")
    if changes:
        erp.targets |= {"sales_order_changes": SalesOrderChanges()}

    def connect(self: Deployment, name: str, role: Role) -> Any:
        return erp if role is Role.ERP else mailbox

    monkeypatch.setattr(Deployment, "_connect", connect)
    monkeypatch.setattr(Deployment, "known_company", lambda *_: erp.company)
    with Deployment.open(config, clock=At()) as deployment:
        made = deployment.integration(INTEGRATION)
        assert made.problems == (), made.problems
        folders = replace(made.folders, after_read="leave", stable_seconds=0.0, incomplete_minutes=0.0)
        made = replace(made, folders=folders)
        warm_up(made)
        yield Shop(deployment, made, erp, mailbox, home)


def day(text: str) -> date:
    return date.fromisoformat(text)
