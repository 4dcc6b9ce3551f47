"""Books that have sales invoices and nothing else, a network that keeps what is sent, and one customer."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.composition import Deployment
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.records import as_json, from_json
from ml_connector.documents.sales.invoices import (
    Address,
    SalesCharge,
    SalesDiscount,
    SalesInvoice,
    SalesInvoiceLine,
    SalesInvoiceType,
    SalesTax,
    SalesTerms,
)
from ml_connector.edi.interchange import ReceivedSet, read_interchanges
from ml_connector.flows.acknowledgments_in.acknowledgments import apply
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import Changed, ErpTraits, SourceRecord, Written
from ml_connector.flows.inbound import parsing, receiving
from ml_connector.flows.sales_invoices_out.spec import FLOW
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.search import queries
from ml_connector.ledger.work import documents
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.systems import registry as systems
from ml_connector.systems.system import Role
from ml_connector.trying.sides import HeldMailbox
from ml_connector_tests.flows.american import Table
from ml_connector_tests.flows.builders import VENDOR, D
from ml_connector_tests.support.databases import sqlite_with_tables
from ml_connector_tests.support.deployment import INTEGRATION, write_config

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
INBOX, OUTBOX = "/BIGRETAIL/inbox", "/BIGRETAIL/outbox"
SETTINGS: dict[str, Any] = {
    "start_date": "2026-11-01",
    "units": {"CASE": "CA", "EACH": "EA"},
    "charges": {"handling": "D500"},
    "taxes": {"NYSTATE": {"kind": "ST", "jurisdiction": "NY"}, "NYCITY": {"kind": "CS", "jurisdiction": "NYC"}},
    "remit_to": {"name": "Voltwerk Lockbox", "street": ["PO Box 12"], "city": "Albany", "region": "NY"},
}
CUSTOMER: dict[str, Any] = {
    "name": "big_retail",
    "title": "Big Retail Inc.",
    "role": "customer",
    "customer": "C100",
    "identity": {"qualifier": "ZZ", "id": "BIGRETAIL"},
    "channels": {"receive": [INBOX], "send": OUTBOX},
    "sales_invoices": {"supplier_number": "V-77"},
}


def line(position: int = 1, /, **changes: Any) -> SalesInvoiceLine:
    values: dict[str, Any] = {
        "id": f"l{position}",
        "number": position,
        "item_code": f"FOOD-{position}",
        "customers_item": f"BR-{position}",
        "gtin": "012345678905",
        "description": "Canned tomatoes",
        "quantity": D(10),
        "unit": "CASE",
        "price": D("12.50"),
        "amount": D("125.00"),
        "order_number": "SO100",
        "shipment_number": "SH200",
        "customer_order": "PO-9",
    }
    return SalesInvoiceLine(**{**values, **changes})


def invoice(*lines: SalesInvoiceLine, **changes: Any) -> SalesInvoice:
    """125.00 of goods, 5.00 off, 10.00 of freight, and two taxes: 141.54 in all."""
    values: dict[str, Any] = {
        "id": "INV/AR001",
        "number": "AR001",
        "invoice_date": date(2026, 11, 20),
        "due_date": date(2026, 12, 20),
        "currency": "USD",
        "customer_code": "C100",
        "customer_name": "Big Retail",
        "customer_order": "PO-9",
        "customer_order_date": date(2026, 11, 2),
        "order_numbers": ("SO100",),
        "shipment_numbers": ("SH200",),
        "terms": SalesTerms(description="2% 10 net 30", discount_percent=D(2), discount_days=10, net_days=30),
        "ship_to": Address(code="MAIN", customers_code="0042", name="Store 42", street=("1 Main St",), city="Troy"),
        "lines": lines or (line(),),
        "discounts": (SalesDiscount(code="VOLUME", description="Volume", percent=D(4), amount=D("5.00")),),
        "charges": (SalesCharge(code="freight", description="Freight", amount=D("10.00")),),
        "taxes": (
            SalesTax(code="NYSTATE", percent=D(4), basis=D("130.00"), amount=D("5.20")),
            SalesTax(code="NYCITY", percent=D("4.875"), basis=D("130.00"), amount=D("6.34")),
        ),
        "total": D("141.54"),
    }
    return SalesInvoice(**{**values, **changes})


def credit(**changes: Any) -> SalesInvoice:
    """Takes the whole invoice back."""
    values: dict[str, Any] = {
        "id": "CRM/CM001",
        "number": "CM001",
        "type": SalesInvoiceType.CREDIT,
        "original_invoice": "AR001",
        "invoice_date": date(2026, 11, 25),
    }
    return invoice(**{**values, **changes})


class SalesBooks:
    """An ERP that has sales invoices and nothing else; each save moves its record."""

    system, connection, company, company_name = "exact_online", "exact_nl", "US1", "Voltwerk USA"
    traits = ErpTraits()
    targets: Mapping[str, Any] = {}
    tables: Mapping[str, Any] = {"vendors": Table(VENDOR)}
    notices = None
    deletions = None

    def __init__(self) -> None:
        self.sources: Mapping[str, Any] = {"sales_invoices": self}
        self.saved: dict[str, tuple[int, SalesInvoice]] = {}
        self.entered_at: datetime | None = None
        self._saves = 0

    def save(self, *invoices: SalesInvoice) -> None:
        for one in invoices:
            self._saves += 1
            self.saved[one.id] = (self._saves, one)

    def begin(self, day: date) -> str:
        return "0"

    def changed(self, cursor: str | None, *, limit: int = 600) -> Changed[SalesInvoice]:
        since = int(cursor or 0)
        moved = sorted((at, one) for at, one in ((at, one.id) for at, one in self.saved.values()) if at > since)
        return Changed(self.by_id([key for _, key in moved]), str(self._saves))

    def by_id(self, keys: Sequence[str]) -> list[SourceRecord[SalesInvoice]]:
        found = [self.saved[key][1] for key in keys if key in self.saved]
        return [SourceRecord(as_json(one), one) for one in found]

    def fill(self, operation: Any, earlier: Mapping[int, str]) -> str:
        raise AssertionError("nothing is written to these books")

    def from_record(self, record: str) -> SalesInvoice:
        return from_json(SalesInvoice, record)

    def entered(self, record: str) -> datetime | None:
        return self.entered_at


@dataclass
class KeepingMailbox(HeldMailbox):
    """Keeps what is sent. lost: the next uploads arrive, and nobody hears of it."""

    sent: list[tuple[str, str, bytes]] = field(default_factory=list)
    lost: int = 0

    def upload(self, channel: str, name: str, data: bytes) -> Written:
        self.sent.append((channel, name, data))
        if self.lost:
            self.lost -= 1
            from ml_connector.errors import OutcomeUnknown

            raise OutcomeUnknown("nobody answered")
        return Written(f"{channel}/{name}")


class MovingClock:
    """A clock that is moved."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.move(seconds)

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class SalesOffice:
    """A deployment that sends sales invoices."""

    deployment: Deployment
    integration: Integration
    books: SalesBooks
    mailbox: KeepingMailbox
    clock: MovingClock
    _came: int = 0

    def run(self, **more: Any) -> dict[str, StepReport]:
        """All steps of the flow, once; reports by step."""
        self.clock.move(120)
        with worker(self.deployment.ledger) as lease:
            work = RunScope(holder=lease.name, actor="test", **more)
            reports = [step.step(FLOW.name)(self.integration, work) for step in FLOW.steps]
        return {report.step: report for report in reports}

    def comes(self, *segments: str, functional_id: str = "FA", set_type: str = "997") -> None:
        """A set of the customer's comes and is taken in."""
        self._came += 1
        self.clock.move(120)
        body = "~".join((f"ST*{set_type}*0001", *segments, f"SE*{len(segments) + 2}*0001"))
        text = (
            f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BIGRETAIL':15}*ZZ*{'VOLTWERK':15}*261129*1000*U*00401*{self._came:09d}*0*P*>~"
            f"GS*{functional_id}*BIGRETAIL*VOLTWERK*20261129*1000*{self._came}*X*004010~{body}~"
            f"GE*1*{self._came}~IEA*1*{self._came:09d}~"
        )
        self.mailbox.files.setdefault(INBOX, []).append((f"came-{self._came}.edi", text.encode()))
        with worker(self.deployment.ledger) as lease:
            work = RunScope(holder=lease.name, actor="test")
            for step in (receiving.receive, parsing.parse, apply):
                step(self.integration, work)

    def rows(self, number: str = "") -> list[DocumentRow]:
        """The documents of the flow, the oldest first."""
        with self.deployment.ledger.read() as tx:
            page = queries.list_documents(tx, queries.DocumentFilter(flows=(FLOW.name,)), limit=100)
            rows = documents.get_many(tx, [row.id for row in page.rows])
        return sorted((row for row in rows if not number or row.number == number), key=lambda row: row.id)

    def row(self, number: str = "AR001") -> DocumentRow:
        """The newest document of a number."""
        return self.rows(number)[-1]

    def sets(self) -> list[Invoice]:
        """What was sent, as our own reader reads it."""
        return [one for _, _, data in self.mailbox.sent for one in invoices_in(data)]

    def by_number(self) -> list[Invoice]:
        """The same in the order of their numbers: those of one run are sent side by side."""
        return sorted(self.sets(), key=lambda one: one.number)

    def group_control(self) -> str:
        """GS06 of what was sent last."""
        text = self.mailbox.sent[-1][2].decode()
        return next(part for part in text.split("~") if part.startswith("GS*")).split("*")[6]


def invoices_in(data: bytes) -> list[Invoice]:
    """The invoices of a file of ours, that our own reader accepts without a word."""
    found: list[Invoice] = []
    for event in read_interchanges(data):
        if isinstance(event, ReceivedSet):
            assert event.accepted, event.findings
            assert [one for one in event.findings if one.is_error] == []
            assert isinstance(event.document, Invoice)
            found.append(event.document)
    return found


@contextmanager
def sales_office(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    flow: Mapping[str, Any] | None = None,
    customer: Mapping[str, Any] | None = None,
    before: SalesOffice | None = None,
) -> Iterator[SalesOffice]:
    """An office. flow: more settings of the flow. customer: more of the customer's file. before: whose ERP and network
    it has; fresh ones where there was none.
    """
    home.mkdir(exist_ok=True)
    erp_system = systems.find("exact_online")
    monkeypatch.setattr(type(erp_system), "sources", frozenset({*erp_system.sources, "sales_invoices"}))
    config = write_config(home, {"exact": "http://127.0.0.1:9", "cleo": "http://127.0.0.1:9"}, {})
    raw = yaml.safe_load(config.read_text())
    raw["integrations"][INTEGRATION]["flows"][FLOW.name] = {**SETTINGS, **(flow or {})}
    config.write_text(yaml.safe_dump(raw))
    (home / "partners").mkdir(exist_ok=True)
    own = {**CUSTOMER["sales_invoices"], **(customer or {}).get("sales_invoices", {})}
    partner = {**CUSTOMER, **(customer or {}), "sales_invoices": own}
    (home / "partners" / "big_retail.yaml").write_text(yaml.safe_dump(partner))
    if not (home / "ledger.db").exists():
        sqlite_with_tables(home / "ledger.db")
    books, mailbox, clock = SalesBooks(), KeepingMailbox("cleo_prod"), MovingClock()
    if before is not None:
        books, mailbox, clock = before.books, before.mailbox, before.clock

    def connect(self: Deployment, name: str, role: Role) -> Any:
        return books if role is Role.ERP else mailbox

    monkeypatch.setattr(Deployment, "_connect", connect)
    with Deployment.open(config, clock=clock) as deployment:
        made = deployment.integration(INTEGRATION)
        folders = replace(made.folders, after_read="leave", stable_seconds=0.0, incomplete_minutes=0.0)
        yield SalesOffice(deployment, replace(made, folders=folders), books, mailbox, clock)
