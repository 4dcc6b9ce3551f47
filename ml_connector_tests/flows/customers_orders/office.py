"""Books with sales orders and shipments and nothing else, a network that keeps what is sent, and one customer."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_connector.composition import Deployment
from ml_connector.documents.common import DocumentKind, Record, changed
from ml_connector.documents.orders import OrderAcknowledgment, PurchaseOrder
from ml_connector.documents.records import as_json, from_json
from ml_connector.documents.sales.orders import SalesOrder
from ml_connector.documents.sales.shipments import SentShipment
from ml_connector.documents.sales.standing import StandingOrder
from ml_connector.documents.shipments import ShipNotice
from ml_connector.edi.interchange import ReceivedSet, read_interchanges
from ml_connector.edi.writing.write import ControlNumbers, Envelope, write_interchange
from ml_connector.flows.acknowledgments_in.acknowledgments import apply
from ml_connector.flows.core.integration import Integration, RunScope, StepReport
from ml_connector.flows.core.ports import Changed, ErpTraits, SourceRecord, Written
from ml_connector.flows.core.stored_documents import stored
from ml_connector.flows.inbound import parsing, receiving
from ml_connector.flows.order_acks_out.spec import FLOW as ACKS
from ml_connector.flows.outbound import rendering, sending
from ml_connector.flows.sales_orders_in.made_orders import orders_text
from ml_connector.flows.shipments_out.spec import FLOW as NOTICES
from ml_connector.ledger.coordination.leases import worker
from ml_connector.ledger.search import queries
from ml_connector.ledger.work import documents, operations
from ml_connector.ledger.work.documents import Move
from ml_connector.ledger.work.operation_rows import NewOperation
from ml_connector.ledger.work.records import DocumentRow
from ml_connector.ledger.work.states import DocumentState as S
from ml_connector.systems import registry as systems
from ml_connector.systems.system import Role
from ml_connector_tests.flows.american import Table
from ml_connector_tests.flows.builders import VENDOR
from ml_connector_tests.flows.customers_orders.made import order, posted, standing
from ml_connector_tests.flows.selling import CUSTOMER, INBOX, OUTBOX, KeepingMailbox, MovingClock
from ml_connector_tests.support.databases import sqlite_with_tables
from ml_connector_tests.support.deployment import INTEGRATION, write_config

FLOWS = (ACKS, NOTICES)
CUSTOMERS_FILE: dict[str, Any] = {
    **{name: CUSTOMER[name] for name in ("name", "title", "role", "customer", "identity")},
    "channels": {"receive": [INBOX], "send": OUTBOX},
    "order_acks": {"send": True},
    "shipments": {"send": True},
}


class Saved:
    """A source: each save of a record moves it."""

    notices = None
    deletions = None

    def __init__(self, model: type[Record]) -> None:
        self._model = model
        self.saved: dict[str, tuple[int, Any]] = {}
        self.entered_at: datetime | None = None
        self._saves = 0

    def save(self, *records: Any) -> None:
        for one in records:
            self._saves += 1
            self.saved[one.id] = (self._saves, one)

    def begin(self, day: Any) -> str:
        return "0"

    def changed(self, cursor: str | None, *, limit: int = 600) -> Changed[Any]:
        since = int(cursor or 0)
        moved = sorted((at, one.id) for at, one in self.saved.values() if at > since)
        return Changed(self.by_id([key for _, key in moved]), str(self._saves))

    def by_id(self, keys: Sequence[str]) -> list[SourceRecord[Any]]:
        found = [self.saved[key][1] for key in keys if key in self.saved]
        return [SourceRecord(as_json(one), one) for one in found]

    def from_record(self, record: str) -> Any:
        return from_json(self._model, record)

    def entered(self, record: str) -> datetime | None:
        return self.entered_at


class _Target:
    kinds = frozenset({"sales_order"})
    repeatable = False
    entries = None


class CustomerBooks:
    """An ERP with sales orders and shipments."""

    system, connection, company, company_name = "exact_online", "exact_nl", "US1", "Voltwerk USA"
    traits = ErpTraits()
    tables: Mapping[str, Any] = {"vendors": Table(VENDOR)}

    def __init__(self) -> None:
        self.orders, self.shipments = Saved(StandingOrder), Saved(SentShipment)
        self.sources: Mapping[str, Any] = {"standing_orders": self.orders, "shipments": self.shipments}
        self.targets: Mapping[str, Any] = {"sales_orders": _Target()}


@dataclass
class Office:
    """A deployment that tells a customer of its orders."""

    deployment: Deployment
    integration: Integration
    books: CustomerBooks
    mailbox: KeepingMailbox
    clock: MovingClock
    _came: int = 0
    _written: dict[int, int] = field(default_factory=dict)

    def run(self, **more: Any) -> dict[str, StepReport]:
        """All steps of both flows, once; reports by step."""
        self.clock.move(120)
        with worker(self.deployment.ledger) as lease:
            work = RunScope(holder=lease.name, actor="test", **more)
            reports = [step.step(flow.name)(self.integration, work) for flow in FLOWS for step in flow.steps]
        return {report.step: report for report in reports}

    def answer(self) -> None:
        """Our own 997s leave."""
        with worker(self.deployment.ledger) as lease:
            work = RunScope(holder=lease.name, actor="test")
            rendering.render(self.integration, work, "acknowledgments_out")
            sending.send(self.integration, work, "acknowledgments_out")

    def comes(self, data: bytes) -> None:
        """A file of the customer's comes and is taken in."""
        self._came += 1
        self.mailbox.files.setdefault(INBOX, []).append((f"came-{self._came}.edi", data))
        with worker(self.deployment.ledger) as lease:
            work = RunScope(holder=lease.name, actor="test")
            for step in (receiving.receive, parsing.parse, apply):
                step(self.integration, work)

    def order_comes(self, what: PurchaseOrder | None = None) -> DocumentRow:
        """An 850; its document."""
        envelope = Envelope("ZZ", "BIGRETAIL", "ZZ", "VOLTWERK", usage="P")
        one = what or order()
        self.comes(
            write_interchange(
                envelope, ControlNumbers(500 + self._came, 500 + self._came), [one], self.clock.now()
            ).data
        )
        return self.rows("sales_orders_in", one.number)[-1]

    def said(self, *segments: str, functional_id: str = "FA", set_type: str = "997") -> None:
        """A set of the customer's that answers, by its segments."""
        control = 900 + self._came
        body = "~".join((f"ST*{set_type}*0001", *segments, f"SE*{len(segments) + 2}*0001"))
        text = (
            f"ISA*00*{'':10}*00*{'':10}*ZZ*{'BIGRETAIL':15}*ZZ*{'VOLTWERK':15}*261129*1000*U*00401*{control:09d}*0*P*>~"
            f"GS*{functional_id}*BIGRETAIL*VOLTWERK*20261129*1000*{control}*X*004010~{body}~"
            f"GE*1*{control}~IEA*1*{control:09d}~"
        )
        self.clock.move(120)
        self.comes(text.encode())

    def post(self, row: DocumentRow, *orders: SalesOrder) -> list[str]:
        """The order is written to the ERP as these; the ERP's ids of them."""
        made = orders or (posted(stored(DocumentKind.ORDER, row.canonical, PurchaseOrder)),)
        ids = [f"so-{row.id}-{at}" for at in range(len(made))]
        scope = self.integration.scope
        with worker(self.deployment.ledger) as lease, self.deployment.ledger.write() as tx:
            work = RunScope(holder=lease.name, actor="test")
            new = [
                NewOperation(
                    document_id=row.id,
                    position=at,
                    connection=scope["connection"],
                    company=scope["company"],
                    kind="sales_order",
                    key=f"mlc-{row.id}-{at}",
                    target="US1/SalesOrder",
                    payload="{}",
                    ref=one.reference if len(made) == 1 else f"{one.reference}/{at}",
                )
                for at, one in enumerate(made)
            ]
            named = [changed(one, reference=each.ref or "") for one, each in zip(made, new, strict=True)]
            planned = operations.plan(tx, new)
            operations.start(tx, [(one.id, None) for one in planned])
            operations.finish(tx, [(one.id, Written(key)) for one, key in zip(planned, ids, strict=True)])
            first = Move(row.id, S.MATCHED, "matched", changes={"work": orders_text(named)}, release=False)
            begun = Move(row.id, S.POSTING, "posting", release=False)
            documents.move(tx, [first, begun, Move(row.id, S.POSTED, "posted")], work)
        return ids

    def ordered(self, number: str = "PO-9", **stands: Any) -> StandingOrder:
        """An order comes, is posted, and stands in the ERP."""
        row = self.order_comes(order(number=number))
        (key,) = self.post(row)
        one = standing(posted(order(number=number)), id=key, **stands)
        self.books.orders.save(one)
        return one

    def rows(self, flow: str, number: str = "") -> list[DocumentRow]:
        """Documents of a flow, the oldest first."""
        with self.deployment.ledger.read() as tx:
            page = queries.list_documents(tx, queries.DocumentFilter(flows=(flow,)), limit=100)
            found = documents.get_many(tx, [row.id for row in page.rows])
        return sorted((row for row in found if not number or row.number == number), key=lambda row: row.id)

    def states(self, flow: str) -> list[tuple[str, S]]:
        return [(row.number, row.state) for row in self.rows(flow)]

    def sent(self) -> list[Any]:
        """What was sent, as our own reader reads it; 997s left out."""
        return [
            event.document
            for _, _, data in self.mailbox.sent
            for event in read_interchanges(data)
            if isinstance(event, ReceivedSet) and isinstance(event.document, OrderAcknowledgment | ShipNotice)
        ]

    def control(self) -> str:
        """GS06 of what was sent last."""
        text = self.mailbox.sent[-1][2].decode()
        return next(part for part in text.split("~") if part.startswith("GS*")).split("*")[6]


@contextmanager
def customers_office(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    file: Mapping[str, Any] | None = None,
    flows: Mapping[str, Any] | None = None,
    before: Office | None = None,
) -> Iterator[Office]:
    """An office. file: more of the customer's file. flows: more settings of flows. before: whose ERP and network."""
    home.mkdir(exist_ok=True)
    erp = type(systems.find("exact_online"))
    for name, more in (
        ("sources", {"standing_orders", "shipments"}),
        ("targets", {"sales_orders"}),
        ("tables", {"customers", "customer_locations", "item_facts"}),
    ):
        monkeypatch.setattr(erp, name, frozenset({*getattr(erp, name), *more}))
    config = write_config(home, {"exact": "http://127.0.0.1:9", "cleo": "http://127.0.0.1:9"}, {})
    raw = yaml.safe_load(config.read_text())
    own = {"sales_orders_in": {}, "order_acks_out": {}, "shipments_out": {"units": {"KG": "KG"}}}
    raw["integrations"][INTEGRATION]["flows"] |= {**own, **(flows or {})}
    config.write_text(yaml.safe_dump(raw))
    (home / "partners").mkdir(exist_ok=True)
    (home / "partners" / "big_retail.yaml").write_text(yaml.safe_dump({**CUSTOMERS_FILE, **(file or {})}))
    if not (home / "ledger.db").exists():
        sqlite_with_tables(home / "ledger.db")
    books, mailbox, clock = CustomerBooks(), KeepingMailbox("cleo_prod"), MovingClock()
    if before is not None:
        books, mailbox, clock = before.books, before.mailbox, before.clock

    def connect(self: Deployment, name: str, role: Role) -> Any:
        return books if role is Role.ERP else mailbox

    monkeypatch.setattr(Deployment, "_connect", connect)
    with Deployment.open(config, clock=clock) as deployment:
        made = deployment.integration(INTEGRATION)
        folders = replace(made.folders, after_read="leave", stable_seconds=0.0, incomplete_minutes=0.0)
        yield Office(deployment, replace(made, folders=folders), books, mailbox, clock)
