"""What every write is checked against: properties, mandatory fields, references, accounts, periods."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from ml_connector.sandbox.exact.options import ExactOptions
from ml_connector.sandbox.exact.wire.company import Company
from ml_connector.sandbox.exact.wire.entities import ENTITIES, Entity
from ml_connector.sandbox.exact.wire.errors import BusinessError, bad_stream, unknown_property
from ml_connector.sandbox.exact.wire.wire import Row, day_of, parse

CENT = Decimal("0.01")
_WIDE = Context(prec=120)  # absurd amounts are stored, not tripped over
Finding = tuple[str, str]

LABELS: Mapping[str, str] = {
    "Account": "Relationship",
    "AmountFC": "Amount",
    "CostCenter": "Cost center",
    "CostUnit": "Cost unit",
    "GLAccount": "G/L account",
    "GLAccountPurchase": "G/L account",
    "GLAP": "G/L account",
    "GLCosts": "G/L account",
    "GLStock": "G/L account",
    "GLRevenue": "G/L account",
    "JournalCode": "Journal",
    "PaymentCondition": "Payment condition",
    "PaymentConditionPurchase": "Payment condition",
    "PurchaseOrderLine": "Purchase order line",
    "PurchaseOrderLineID": "Purchase order line",
    "GoodsReceiptLineID": "Goods receipt line",
    "QuantityInPurchaseUnits": "Quantity",
    "QuantityReceived": "Quantity",
    "PurchaseVATCode": "VAT code",
    "VATCode": "VAT code",
}
_GUID_REFERENCES: Mapping[str, str] = {
    "Supplier": "crm/Accounts",
    "Account": "crm/Accounts",
    "Item": "logistics/Items",
    "ItemUnit": "logistics/Units",
    "GLAccount": "financial/GLAccounts",
    "GLAccountPurchase": "financial/GLAccounts",
    "GLAP": "financial/GLAccounts",
    "GLCosts": "financial/GLAccounts",
    "GLStock": "financial/GLAccounts",
    "GLRevenue": "financial/GLAccounts",
    "Warehouse": "inventory/Warehouses",
    "Document": "documents/Documents",
    "PurchaseOrderLine": "purchaseorder/PurchaseOrderLines",
    "PurchaseOrderLineID": "purchaseorder/PurchaseOrderLines",
    "GoodsReceiptLineID": "purchaseorder/GoodsReceiptLines",
}
_CODE_REFERENCES: Mapping[str, str] = {
    "Journal": "financial/Journals",
    "JournalCode": "financial/Journals",
    "CostCenter": "hrm/Costcenters",
    "CostUnit": "hrm/Costunits",
    "VATCode": "vat/VATCodes",
    "PurchaseVATCode": "vat/VATCodes",
    "PaymentCondition": "cashflow/PaymentConditions",
    "PaymentConditionPurchase": "cashflow/PaymentConditions",
}
# Flagged mandatory, but real calls without them went through (exact-online 4.7, 9).
_OPTIONAL_ALL_THE_SAME = frozenset(
    {"purchaseentry/PurchaseEntryLines.AmountFC", "purchaseorder/GoodsReceiptLines.QuantityReceived"}
)
_ENTITY_CODES_DEFINED_HERE = frozenset({"financial/Journals.Journal", "vat/VATCodes.VATCode"})


def label(name: str) -> str:
    return "Lines" if name.endswith("Lines") else LABELS.get(name, name)


def parse_body(entity: Entity, body: Row) -> tuple[Row, dict[str, list[Row]]]:
    """Writable values in stored form, and the line collections sent. Read-only properties are ignored silently;
    unknown ones refused (exact-online 4.7).
    """
    values: Row = {}
    lines: dict[str, list[Row]] = {}
    for name, sent in body.items():
        if name == "__metadata":
            continue
        field = entity.fields.get(name)
        if field is None:
            raise unknown_property(name, entity.model)
        if field.readonly:
            continue
        if field.collection:
            lines[name] = _parse_lines(entity, name, sent)
        else:
            values[name] = parse(field, sent)
    return values, lines


def _parse_lines(entity: Entity, name: str, sent: Any) -> list[Row]:
    if not isinstance(sent, list) or not all(isinstance(line, dict) for line in sent):
        raise bad_stream()  # lines must be a plain array (exact-online 6)
    child = entity.child(name)
    if child is None:
        return []
    return [parse_body(ENTITIES[child[0]], line)[0] for line in sent]


def check_new(company: Company, entity: Entity, values: Row, lines: dict[str, list[Row]]) -> None:
    """Mandatory fields and references of a new row and its lines. Raises BusinessError."""
    findings = _missing(entity, values, lines, header_key=None)
    findings += references(company, entity, values)
    for name, rows in lines.items():
        child = entity.child(name)
        if child is not None:
            for row in rows:
                findings += _missing(ENTITIES[child[0]], row, {}, header_key=child[1])
                findings += references(company, ENTITIES[child[0]], row)
    refuse(findings)


def _missing(entity: Entity, values: Row, lines: dict[str, list[Row]], header_key: str | None) -> list[Finding]:
    findings: list[Finding] = []
    for name, field in entity.fields.items():
        if not field.mandatory or name == header_key or f"{entity.path}.{name}" in _OPTIONAL_ALL_THE_SAME:
            continue
        sent = lines.get(name) if field.collection else values.get(name)
        if sent in (None, "", []):
            findings.append(("mandatory", label(name)))
    return findings


def check_change(company: Company, entity: Entity, values: Row) -> None:
    """Mandatory fields are not emptied, references lead somewhere. Raises BusinessError."""
    emptied: list[Finding] = [
        ("mandatory", label(name))
        for name, value in values.items()
        if entity.fields[name].mandatory and value in (None, "", [])
    ]
    refuse(emptied + references(company, entity, values))


def references(company: Company, entity: Entity, values: Row) -> list[Finding]:
    """Findings for references that lead nowhere."""
    findings: list[Finding] = []
    for name, value in values.items():
        if value in (None, "") or f"{entity.path}.{name}" in _ENTITY_CODES_DEFINED_HERE:
            continue
        kind = entity.fields[name].type
        if kind == "Guid" and name in _GUID_REFERENCES:
            found = company.get(_GUID_REFERENCES[name], value) is not None
        elif kind == "String" and name in _CODE_REFERENCES:
            found = company.by_code(_CODE_REFERENCES[name], value) is not None
        else:
            continue
        if not found:
            findings.append(("invalid_reference", label(name)))
    return findings


def refuse(findings: list[Finding]) -> None:
    """Raise one BusinessError with every finding, each once."""
    if findings:
        raise BusinessError(*dict.fromkeys(findings))


def supplier_of(company: Company, key: str) -> Row:
    """The supplier; one that is none, or is blocked, is refused."""
    account = company.get("crm/Accounts", key)
    if account is None or not account.get("IsSupplier"):
        raise BusinessError(("invalid_reference", "Supplier"))
    if account.get("Blocked"):
        raise BusinessError(("blocked", "Supplier"))
    return account


def purchase_journal(company: Company, code: str) -> Row:
    journal = company.by_code("financial/Journals", code)
    if journal is None or journal.get("Type") not in {22, 23}:
        raise BusinessError(("invalid_reference", "Journal"))
    if journal.get("IsBlocked"):
        raise BusinessError(("blocked", "Journal"))
    return journal


def dimension_findings(
    company: Company, account: Row | None, cost_center: str | None, cost_unit: str | None, day: int
) -> list[Finding]:
    """Findings of an account with its cost center and cost unit on a day (wall milliseconds)."""
    findings: list[Finding] = []
    if account is not None:
        if account.get("IsBlocked"):
            findings.append(("blocked", "G/L account"))
        if account.get("UseCostcenter") == 1 and not cost_center:
            findings.append(("mandatory", "Cost center"))
        if account.get("UseCostunit") == 1 and not cost_unit:
            findings.append(("mandatory", "Cost unit"))
    for path, code, name in (
        ("hrm/Costcenters", cost_center, "Cost center"),
        ("hrm/Costunits", cost_unit, "Cost unit"),
    ):
        found = company.by_code(path, code) if code else None
        if found is not None and (found.get("Active") is False or _ended(found.get("EndDate"), day)):
            findings.append(("inactive", name))
    return findings


def _ended(end: int | None, day: int) -> bool:
    return end is not None and end <= day


def open_period(options: ExactOptions, day: int) -> tuple[int, int]:
    """Year and period of a day; refused when the period is closed."""
    found = day_of(day)
    if (found.year, found.month) in options.closed_periods:
        raise BusinessError(("period_closed", f"{found.year}-{found.month}"))
    return found.year, found.month


def rate_of(options: ExactOptions, currency: str, given: Decimal | None) -> Decimal:
    """The exchange rate to the company's currency. Raises BusinessError for an unknown currency."""
    if given is not None and given > 0:
        return given
    known = options.rates.get(currency)
    if known is None:
        raise BusinessError(("invalid_reference", "Currency"))
    return known


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP, _WIDE)


def split_vat(vat: Row | None, amount: Decimal, given: Decimal | None = None) -> tuple[Decimal, Decimal]:
    """Amount without VAT, and VAT. Codes of type I hold amounts with VAT in them (exact-online 10.3)."""
    share = vat.get("Percentage") if vat else None
    if vat is None or share is None or vat.get("Type") == "B":
        return amount, given or Decimal(0)
    if vat.get("Type") == "I":
        tax = given if given is not None else amount - cents(amount / (1 + share))
        return amount - tax, tax
    return amount, given if given is not None else cents(amount * share)
