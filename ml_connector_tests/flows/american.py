"""An ERP of the United States, its departments and locations, and a bill coded for it."""

from dataclasses import replace
from datetime import date
from typing import Any

from ml_connector.config.integrations import Coding
from ml_connector.documents.bills import Bill
from ml_connector.documents.common import Tax
from ml_connector.documents.invoices import Invoice, InvoiceLine
from ml_connector.documents.reference import CostCenter
from ml_connector.flows.core.ports import CodingTraits
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
