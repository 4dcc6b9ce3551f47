"""Whatever is posted, in whatever order, the simulated books agree with themselves (a test of the tester)."""

import random
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.clock import FileClock
from ml_connector.sandbox.exact.books.writes import change, create, delete
from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.exact.seed import orders, seed_exact
from ml_connector.sandbox.exact.state import ExactState
from ml_connector.sandbox.exact.wire.company import Company
from ml_connector.sandbox.exact.wire.entities import CHILDREN, ENTITIES
from ml_connector.sandbox.exact.wire.errors import ApiError
from ml_connector.sandbox.journal import Journal
from ml_connector_tests.support.examples import some

ORDERS = "purchaseorder/PurchaseOrders"
LINES = "purchaseorder/PurchaseOrderLines"
RECEIPTS = "purchaseorder/GoodsReceipts"
INVOICES = "purchase/PurchaseInvoices"
ENTRIES = "purchaseentry/PurchaseEntries"

Step = tuple[str, int, int, Decimal, bool]
steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["receipt", "invoice", "credit", "delete_invoice", "line", "delete_line", "delete_order", "return"]
        ),
        st.integers(0, 50),
        st.integers(0, 50),
        st.decimals(Decimal("-3"), Decimal(150), places=1),
        st.booleans(),
    ),
    max_size=25,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("books")


def _state(folder: Path) -> ExactState:
    clock = FileClock(folder / "clock")
    state = ExactState(clock=clock, journal=Journal(clock), options=ExactOptions(), seed=1)
    seed_exact(state)
    return state


def _pick(rows: list[dict[str, Any]], at: int) -> dict[str, Any]:
    return rows[at % len(rows)]


class _Clerk:
    """Does steps as REST calls would, keeping count of what was accepted."""

    def __init__(self, state: ExactState) -> None:
        self.state = state
        self.company: Company = state.main
        self.accepted = 0

    def _post(self, path: str, body: dict[str, Any]) -> None:
        create(self.company, self.state.options, ENTITIES[path], body)

    def step(self, step: Step) -> None:
        before = _snapshot(self.company)
        try:
            getattr(self, step[0])(*step[1:])
            self.accepted += 1
        except ApiError:
            assert _snapshot(self.company) == before, f"{step[0]} was refused and left something behind"

    def _line(self, at: int) -> dict[str, Any]:
        return _pick(sorted(self.company.table(LINES), key=lambda row: str(row["ID"])), at)

    def receipt(self, at: int, other: int, quantity: Decimal, all_open: bool) -> None:
        lines: list[dict[str, Any]] = [{"PurchaseOrderLineID": self._line(at)["ID"]}]
        if not all_open:
            lines[0]["QuantityReceived"] = quantity
        if other % 3 == 0:
            lines.append({"PurchaseOrderLineID": self._line(other)["ID"], "QuantityReceived": Decimal(1)})
        self._post(RECEIPTS, {"ReceiptDate": "2026-07-01", "GoodsReceiptLines": lines})

    def _invoice(self, kind: int, at: int, quantity: Decimal, other: int) -> None:
        line = self._line(at)
        header = self.company.get(ORDERS, line["PurchaseOrderID"])
        assert header is not None
        center = "OLD" if other % 7 == 0 else "OPS"
        lines = [{"PurchaseOrderLine": line["ID"], "Quantity": quantity, "CostCenter": center}]
        body = {"Journal": "60", "Supplier": header["Supplier"], "Type": kind, "PurchaseInvoiceLines": lines}
        self._post(INVOICES, body)

    def invoice(self, at: int, other: int, quantity: Decimal, _: bool) -> None:
        self._invoice(8033, at, quantity, other)

    def credit(self, at: int, other: int, quantity: Decimal, _: bool) -> None:
        self._invoice(8034, at, quantity, other)

    def delete_invoice(self, at: int, *_: Any) -> None:
        rows = sorted(self.company.table(INVOICES), key=lambda row: int(row["EntryNumber"]))
        if rows:
            delete(self.company, ENTITIES[INVOICES], _pick(rows, at)["ID"])

    def line(self, at: int, other: int, quantity: Decimal, _: bool) -> None:
        values = {"QuantityInPurchaseUnits": quantity, "NetPrice": Decimal(other) / 4}
        change(self.company, ENTITIES[LINES], self._line(at)["ID"], values)

    def delete_line(self, at: int, *_: Any) -> None:
        delete(self.company, ENTITIES[LINES], self._line(at)["ID"])

    def delete_order(self, at: int, *_: Any) -> None:
        rows = sorted(self.company.table(ORDERS), key=lambda row: int(row["OrderNumber"]))
        if len(rows) > 1:
            delete(self.company, ENTITIES[ORDERS], _pick(rows, at)["PurchaseOrderID"])

    def __getattr__(self, name: str) -> Any:
        if name == "return":
            return self._return
        raise AttributeError(name)

    def _return(self, at: int, _: int, quantity: Decimal, __: bool) -> None:
        rows = sorted(self.company.table("purchaseorder/GoodsReceiptLines"), key=lambda row: str(row["ID"]))
        if not rows:
            return
        line = _pick(rows, at)
        body = {
            "GoodsReceiptLineID": line["ID"],
            "PurchaseOrderLineID": line["PurchaseOrderLineID"],
            "ReturnQuantity": quantity,
        }
        self._post("purchaseorder/PurchaseReturns", {"ReturnDate": "2026-07-02", "PurchaseReturnLines": [body]})


def _snapshot(company: Company) -> dict[str, Any]:
    paths = [
        ORDERS,
        LINES,
        RECEIPTS,
        "purchaseorder/GoodsReceiptLines",
        INVOICES,
        "purchase/PurchaseInvoiceLines",
        ENTRIES,
        "purchaseentry/PurchaseEntryLines",
        "cashflow/Payments",
        "documents/Documents",
    ]
    return {path: sorted((str(sorted(row.items(), key=str)) for row in company.table(path)), key=str) for path in paths}


def _check(company: Company) -> None:
    received: dict[str, Decimal] = defaultdict(Decimal)
    for row in company.table("purchaseorder/GoodsReceiptLines"):
        received[row["PurchaseOrderLineID"]] += row["QuantityReceived"]
    for row in company.table("purchaseorder/PurchaseReturnLines"):
        received[row["PurchaseOrderLineID"]] -= row["ReturnQuantity"]
    invoiced: dict[str, Decimal] = defaultdict(Decimal)
    for row in company.table("purchase/PurchaseInvoiceLines"):
        invoiced[row["PurchaseOrderLine"]] += row["Quantity"] if row["InvoiceType"] == 8033 else -abs(row["Quantity"])
    for line in company.table(LINES):
        assert line["ReceivedQuantity"] == received[line["ID"]]
        assert line["InvoicedQuantity"] == invoiced[line["ID"]]
    for header in company.table(ORDERS):
        lines = company.lines(ORDERS, header)
        assert header["PurchaseOrderLineCount"] == len(lines) >= 1
        assert header["AmountFCExclVat"] == sum(line["AmountFC"] for line in lines)
        complete = all(line["ReceivedQuantity"] >= line["QuantityInPurchaseUnits"] for line in lines)
        assert (header["ReceiptStatus"] == 30) is complete
    entries = {row["EntryNumber"]: row for row in company.table(ENTRIES)}
    invoices = list(company.table(INVOICES))
    assert len(entries) == len(company.table(ENTRIES)) == len(invoices)
    for invoice in invoices:
        entry = entries[invoice["EntryNumber"]]
        sign = -1 if invoice["Type"] == 8033 or invoice["Amount"] < 0 else 1
        assert entry["AmountFC"] == sign * invoice["Amount"]
    assert {row["TransactionEntryID"] for row in company.table("cashflow/Payments")} == {
        row["EntryID"] for row in entries.values()
    }


@given(steps)
@settings(max_examples=some(60), deadline=None)
def test_quantities_statuses_and_bookings_agree(folder: Path, plan: list[Step]) -> None:
    state = _state(folder)
    state.options.closed_periods = {(2026, 1)}
    orders(state, 3, seed=len(plan))
    clerk = _Clerk(state)
    for step in plan:
        clerk.step(step)
        _check(state.main)


def test_versions_and_modified_never_go_back(tmp_path: Path) -> None:
    state = _state(tmp_path)
    orders(state, 5)
    rng = random.Random(4)
    clerk = _Clerk(state)
    seen = 0
    for _ in range(60):
        clerk.step(("line", rng.randint(0, 50), rng.randint(0, 9), Decimal(rng.randint(1, 90)), False))
        newest = max(row["Timestamp"] for row in state.main.table(LINES))
        assert newest >= seen
        seen = newest
    assert clerk.accepted > 30


def test_the_facts_are_whole() -> None:
    """Every line collection leads to an entity with the field that names its header, and every key exists."""
    for name, (path, header) in CHILDREN.items():
        owner, _, field = name.rpartition(".")
        assert ENTITIES[owner].fields[field].collection
        assert header in ENTITIES[path].fields
    for entity in ENTITIES.values():
        assert entity.key in entity.fields
        assert entity.verbs <= {"GET", "POST", "PUT", "DELETE"}
        if "POST" in entity.verbs and not entity.path.startswith(("logistics/Units",)):
            assert any(not field.readonly for field in entity.fields.values()), entity.path
