"""ExactErp over real sockets against the sandbox, with limits off unless a test sets them."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from ml_connector.documents.common import Record
from ml_connector.documents.erp_postings import Bill, BillLine, BillMode
from ml_connector.documents.reference import OpenOrder, ReferenceTable
from ml_connector.flows.core.ports import PlannedOperation, ReferenceRead, StoredOperation, Written, table_of
from ml_connector.sandbox import registry
from ml_connector.sandbox.exact import user
from ml_connector.sandbox.exact.seed import DIVISION
from ml_connector.sandbox.faults import Fault, FaultKind
from ml_connector.sandbox.server import Sandbox, SandboxOptions
from ml_connector.systems.exact_online.erp import ExactErp
from ml_connector.systems.exact_online.settings import FAILURE_TEXTS, ExactSettings
from ml_connector.systems.exact_online.wire.division import Divisions, MemoryNotes
from ml_connector.systems.exact_online.wire.error_mapping import explainer
from ml_connector.systems.exact_online.wire.limits import ExactLimiter
from ml_connector.transport.authentication import BearerToken
from ml_connector.transport.http import ApiClient
from ml_connector.transport.limits import LocalLimits

REDIRECT = "https://ml-connector.example/oauth/callback"


class SandboxTokens:
    """Tokens by the authorization code of a user who always consents."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._token = ""

    def token(self) -> str:
        return self._token or self.rejected("")

    def rejected(self, token: str) -> str:
        options = self._sandbox.exact.options
        code = self._sandbox.call(self._sandbox.exact.oauth.new_code, REDIRECT)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "client_id": options.client_id,
            "client_secret": options.client_secret,
        }
        answer = httpx.post(f"{self._sandbox.addresses()['exact']}/api/oauth2/token", data=form)
        self._token = answer.json()["access_token"]
        return self._token


@dataclass
class Bench:
    """The sandbox, an ExactErp on it, and short ways to do things."""

    sandbox: Sandbox
    erp: ExactErp
    notes: MemoryNotes
    blobs: dict[str, bytes] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def company(self) -> Any:
        return self.sandbox.exact.companies[DIVISION]

    def calls(self) -> int:
        """Calls that Exact counts, so far."""
        return self.sandbox.exact.limits.counted

    def fault(self, kind: FaultKind, **more: Any) -> None:
        self.sandbox.call(self.sandbox.faults.add, Fault(kind, system="exact", **more))

    def table(self, path: str) -> list[dict[str, Any]]:
        return list(self.company.table(path))

    def orders(self, count: int, **more: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in self.sandbox.call(user.create_orders, self.sandbox.exact, count, **more)]

    def read(self, table: ReferenceTable, cursor: str | None = None) -> ReferenceRead:
        return table_of(self.erp, table).read(cursor)

    def by_code(self, table: ReferenceTable) -> dict[str, Any]:
        return {str(getattr(row, "code", "")): row for row in self.read(table).rows}

    def open_orders(self) -> list[OpenOrder]:
        rows: Sequence[Record] = self.read(ReferenceTable.PURCHASE_ORDERS).rows
        return sorted((row for row in rows if isinstance(row, OpenOrder)), key=lambda order: order.number)

    def store(
        self, planned: PlannedOperation, position: int = 0, ids: Mapping[int, str] | None = None
    ) -> StoredOperation:
        """An operation as the ledger hands it out for its call."""
        number = next(self.numbers)
        stored = StoredOperation(
            id=number,
            document_id=number,
            position=position,
            kind=planned.kind,
            key=f"key-{number}/{position}",
            target=planned.target,
            payload=planned.payload,
            attempts=0,
            first_attempt_at=None,
            last_attempt_at=None,
            looked=0,
            state="in_flight",
            uses=planned.uses,
            ref=planned.ref,
        )
        filled = self.erp.fill(stored, ids or {})
        return StoredOperation(**{**stored.__dict__, "payload": filled})

    def post(self, planned: Sequence[PlannedOperation]) -> list[tuple[StoredOperation, Written]]:
        """Carry out all operations of a document in order."""
        ids: dict[int, str] = {}
        done = []
        for position, operation in enumerate(planned):
            stored = self.store(operation, position, ids)
            written = self.erp.write(stored)
            ids[position] = written.outside_id
            done.append((stored, written))
        return done


def make_erp(
    sandbox: Sandbox, *, division: int | None = DIVISION, keep: bool = False, **settings: Any
) -> tuple[ExactErp, MemoryNotes, dict[str, bytes]]:
    """An ERP over the sandbox's sockets and clock. keep: beyond one test; whoever asked closes it."""
    exact = ExactSettings(connection="exact_nl", **{"longest_wait": 5.0, **settings})
    limiter = ExactLimiter("exact_nl", str(division), sandbox.clock, shared=LocalLimits(), longest_wait=65)
    api = ApiClient(
        "exact_nl",
        sandbox.addresses()["exact"],
        authentication=BearerToken(SandboxTokens(sandbox)),
        limiter=limiter,
        clock=sandbox.clock,
        timeout=10,
        explain=explainer(FAILURE_TEXTS),
    )
    notes = MemoryNotes()
    divisions = Divisions(api, notes, sandbox.clock, configured=division)
    blobs: dict[str, bytes] = {}
    erp = ExactErp(api, exact, sandbox.clock, divisions, read_blob=blobs.__getitem__)
    if not keep:
        _made.append(erp)
    return erp, notes, blobs


#: Every ERP that a test made, to be closed with it: an open connection is an error here.
_made: list[ExactErp] = []


@pytest.fixture(autouse=True)
def closed_erps() -> Iterator[None]:
    yield
    while _made:
        _made.pop().close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Sandbox(
        SandboxOptions(partner=False, clock_file=tmp_path / "clock"), stand_ins=registry.of("exact")
    ) as sandbox:
        sandbox.call(sandbox.exact.limits.configure)
        erp, notes, blobs = make_erp(sandbox)
        yield Bench(sandbox, erp, notes, blobs)
        erp.close()


@pytest.fixture
def matched_bill(bench: Bench) -> Callable[..., Bill]:
    """Bills over the lines of open orders, in mode matched."""

    def make(order: OpenOrder, number: str, **more: Any) -> Bill:
        lines = tuple(
            BillLine(
                number=i,
                order_number=order.number,
                order_line_id=line.id,
                item_id=line.item_id,
                quantity=line.quantity,
                unit_price=line.price,
                amount=(line.quantity * line.price).quantize(Decimal("0.01")),
                vat_code="2",
                vat_amount=(line.quantity * line.price * Decimal("0.21")).quantize(Decimal("0.01")),
                cost_center="OPS",
                description=line.description,
            )
            for i, line in enumerate(order.lines, 1)
        )
        return bill_of(BillMode.MATCHED, order.supplier_id, number, lines, order_number=order.number, **more)

    return make


def bill_of(mode: BillMode, vendor_id: str, number: str, lines: tuple[BillLine, ...], **more: Any) -> Bill:
    net = sum((line.amount for line in lines), Decimal(0))
    vat = sum((line.vat_amount or Decimal(0) for line in lines), Decimal(0))
    values: dict[str, Any] = {
        "mode": mode,
        "vendor_id": vendor_id,
        "vendor_code": "20011",
        "number": number,
        "invoice_date": date(2026, 11, 20),
        "currency": "EUR",
        "description": f"Invoice {number}",
        "total": net + vat,
        "vat_total": vat,
        "lines": lines,
    }
    return Bill(**{**values, **more})
