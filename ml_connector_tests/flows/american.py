"""An ERP of the United States, its departments and locations, and a bill coded for it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from ml_connector.config.integrations import Coding
from ml_connector.documents.common import Record, Tax, changed
from ml_connector.documents.erp_postings import Bill
from ml_connector.documents.invoices import Invoice, InvoiceLine
from ml_connector.documents.records import stored_values
from ml_connector.documents.reference import (
    CostCenter,
    GLAccount,
    Item,
    OpenOrder,
    ReferenceTable,
    Requirement,
)
from ml_connector.flows.core.ports import (
    CodingTraits,
    ErpTraits,
    Existing,
    Identity,
    PlannedOperation,
    ReferenceRead,
    StoredOperation,
    Written,
)
from ml_connector.flows.invoices_in.coding import code_invoice
from ml_connector.flows.invoices_in.matching import match_invoice
from ml_connector.flows.reference.coding_tables import CodingTables
from ml_connector_tests.flows import builders as b
from ml_connector_tests.flows.builders import D

US = CodingTraits(dimensions=("department", "location"), taxes="as_invoiced", codes_matched_lines=True)
DEPARTMENTS = {
    code: CostCenter(id=f"d{code}", code=code, end_date=date(2026, 1, 1) if code == "OLD" else None)
    for code in ("10", "20", "30", "40", "50", "60", "OLD")
}
LOCATIONS = {"NY": CostCenter(id="lNY", code="NY"), "LA": CostCenter(id="lLA", code="LA")}


def tables(**more: Any) -> CodingTables:
    found = {"department": DEPARTMENTS, "location": LOCATIONS}
    made = b.tables(**more)
    return replace(made, other_dimension=lambda name, code: found.get(name, {}).get(code))


def us_invoice(*lines: InvoiceLine, **changes: Any) -> Invoice:
    """A bill of the United States: no VAT, a sales tax in one sum."""
    tax = Tax(kind="ST", amount=D("103.13"))
    return b.invoice(*lines, **{"currency": "USD", "taxes": (tax,), "total": D("1353.13"), **changes})


def code(one: Invoice | None = None, **changes: Any) -> Bill:
    ordered = changes.pop("ordered", None) or b.order(b.order_line(cost_center=""), currency="USD")
    vendor = changes.pop("vendor", b.VENDOR)
    rules = b.rules(mode=changes.pop("mode", "auto"))
    one = one or us_invoice()
    matched = match_invoice(one, vendor, b.book(ordered), rules)
    return code_invoice(
        one,
        matched,
        vendor,
        changes.pop("partner", b.partner()),
        changes.pop("coding", None) or Coding(),
        changes.pop("tables", None) or tables(),
        rules.tolerances,
        traits=changes.pop("traits", US),
    )


class Table:
    """A reference table, read whole."""

    def __init__(self, *rows: Record) -> None:
        self.rows = rows

    def read(self, cursor: str | None) -> ReferenceRead:
        return ReferenceRead(self.rows, None, complete=True)


class Bills:
    """Where bills are written to; the payload is the bill as flows made it."""

    kinds = frozenset({"bill"})
    repeatable = False
    entries = None

    def plan(self, bill: Bill, key: str) -> list[PlannedOperation]:
        return [PlannedOperation("bill", "us/bills", json.dumps({"key": key, "bill": stored_values(bill)}))]

    def existing(self, identities: Sequence[Identity]) -> list[Existing]:
        return []


class AmericanErp:
    """Books of the United States: departments and locations, taxes as invoiced, accounts on every line."""

    system, connection, company, company_name = "exact_online", "exact_nl", "US1", "Voltwerk USA"
    traits = ErpTraits(coding=US)
    sources: Mapping[str, Any] = {}

    def __init__(self, *orders: OpenOrder) -> None:
        codes = (ReferenceTable.VAT_CODES, ReferenceTable.COST_CENTERS, ReferenceTable.COST_UNITS)
        self.targets = {"bills": Bills()}
        self.tables: dict[str, Table] = {
            ReferenceTable.VENDORS: Table(changed(b.VENDOR, currency="USD", country="US")),
            ReferenceTable.GL_ACCOUNTS: Table(
                GLAccount(id="g4000", code="4000", other_dimensions={"department": Requirement.MANDATORY}),
                GLAccount(id="g4400", code="4400"),
            ),
            ReferenceTable.ITEMS: Table(Item(id="item1", code="A-1", gl_account="4000")),
            ReferenceTable.PURCHASE_ORDERS: Table(*orders),
            "departments": Table(*DEPARTMENTS.values()),
            "locations": Table(*LOCATIONS.values()),
            **{table: Table() for table in codes},
        }
        self.written: list[dict[str, Any]] = []

    def fill(self, operation: StoredOperation, earlier: Mapping[int, str]) -> str:
        return operation.payload

    def write(self, operation: StoredOperation) -> Written:
        self.written.append(json.loads(operation.payload, parse_float=D)["bill"])
        return Written(f"bill-{len(self.written)}")

    def find_written(self, operations: Sequence[StoredOperation]) -> dict[int, Written]:
        return {}

    def find_copies(self, operations: Sequence[StoredOperation]) -> dict[int, list[Written]]:
        return {}
