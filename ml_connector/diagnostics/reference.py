"""Whether the codes in the configuration exist in the ERP: noticed here, before the first invoice is held for it.

Compares connections.yaml and the partner files with the newest reference snapshots. Makes no call.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ml_connector.config.integrations import Coding, OrdersOut
from ml_connector.config.partners import Partner
from ml_connector.config.units import meanings
from ml_connector.diagnostics import invoice_fields
from ml_connector.diagnostics.order_fields import unsent_fields
from ml_connector.documents.dimensions import in_words, table_of
from ml_connector.documents.reference import Item, OpenOrder, ReferenceTable
from ml_connector.documents.sales.reference import SalesTable
from ml_connector.flows.reference.lookup import ReferenceBook
from ml_connector.systems.results import CheckLevel, CheckResult

if TYPE_CHECKING:
    from ml_connector.composition import Deployment

#: A code and the setting it stands in.
Named = tuple[str, str]


def check_codes(deployment: "Deployment", integration: str) -> list[CheckResult]:
    """Suppliers, accounts, items, cost centers and VAT codes that an integration's settings name."""
    settings = deployment.loaded.integration(integration)
    company = deployment.known_company(settings.erp)
    book = ReferenceBook(deployment.ledger, settings.erp, company)
    if not company or not len(book.table(ReferenceTable.VENDORS)):
        message = f"reference data of {settings.erp} has not been read yet: configured codes cannot be checked"
        remedy = f"Run `ml-connector sync {integration}`, then check again."
        return [CheckResult(integration, "codes", CheckLevel.ADVICE, message, remedy)]
    partners = deployment.loaded.partners[integration]
    _, layouts = deployment.partner_files(integration)
    found = list(_missing(integration, book, settings.flows.invoices_in.coding, partners.values()))
    if not found:
        found.append(CheckResult(integration, "codes", CheckLevel.GOOD, "all configured codes exist in the ERP"))
    found += _units(integration, book, settings.flows.orders_out)
    return [
        *found,
        *unsent_fields(integration, settings, partners.values(), layouts, book),
        *invoice_fields.unsent_fields(integration, settings, partners, layouts, deployment.ledger),
    ]


def _units(integration: str, book: ReferenceBook, rules: OrdersOut) -> Iterator[CheckResult]:
    """The units of the ERP's items and open orders that are mapped to no unit of X12: such lines would be held."""
    if not rules.enabled:
        return
    units = {item.unit for item in book.records(ReferenceTable.ITEMS) if isinstance(item, Item)}
    units |= {
        line.unit
        for order in book.records(ReferenceTable.PURCHASE_ORDERS)
        if isinstance(order, OpenOrder)
        for line in order.lines
    }
    known = rules.unit_codes
    for unit in sorted(unit for unit in units if unit and unit not in known):
        told = ", ".join(f"{code} in {language}" for language, code in meanings(unit).items())
        remedy = "Map it under orders_out.units"
        remedy += f", or set orders_out.units_language: it means {told}." if told else "."
        message = f"unit {unit} of the ERP is mapped to no X12 unit: orders with it would be held"
        yield CheckResult(integration, "units", CheckLevel.WARN, message, remedy)


def _missing(
    integration: str, book: ReferenceBook, coding: Coding, partners: Iterable[Partner]
) -> Iterator[CheckResult]:
    wanted: dict[str, list[Named]] = defaultdict(list)
    partners = list(partners)
    dimensions = {*coding.dimension_names, *(name for partner in partners for name in partner.dimension_names)}
    _of_coding(coding, wanted)
    for partner in partners:
        _of_partner(partner, wanted)
    for table, named in wanted.items():
        index = book.table(table)
        for code, place in named:
            record = index.get(code)
            if record is None:
                message = f"{place}: there is no {_one(table, dimensions)} {code} in the ERP"
                remedy = "Mend the setting, or create it in the ERP; then read reference data again."
                yield CheckResult(integration, "codes", CheckLevel.WARN, message, remedy)
            elif trouble := _trouble(record):
                message = f"{place}: {_one(table, dimensions)} {code} {trouble}"
                yield CheckResult(
                    integration, "codes", CheckLevel.WARN, message, "Mend it in the ERP, or name another one."
                )


def _of_coding(coding: Coding, wanted: dict[str, list[Named]]) -> None:
    base = "invoices_in.coding"
    accounts, items = wanted[ReferenceTable.GL_ACCOUNTS], wanted[ReferenceTable.ITEMS]
    accounts += [(code, f"{base}.item_accounts.{item}") for item, code in coding.item_accounts.items()]
    accounts += [(code, f"{base}.charge_accounts.{charge}") for charge, code in coding.charge_accounts.items()]
    items += [(code, f"{base}.charge_items.{charge}") for charge, code in coding.charge_items.items()]
    for name in coding.dimension_names:
        per_item, default = coding.dimension_keys(name)
        of = coding.dimension(name)
        table = wanted[table_of(name)]
        table += [(code, f"{base}.{per_item}.{item}") for item, code in of.items.items()]
        table += [(of.default, f"{base}.{default}")] if of.default else []
    wanted[ReferenceTable.VAT_CODES] += [(rule.code, f"{base}.vat[{i}]") for i, rule in enumerate(coding.vat)]
    if coding.default_account:
        accounts.append((coding.default_account, f"{base}.default_account"))


def _of_partner(partner: Partner, wanted: dict[str, list[Named]]) -> None:
    for table, code, key in (
        (ReferenceTable.VENDORS, partner.vendor, "vendor"),
        ("customers", partner.customer, "customer"),
        (ReferenceTable.GL_ACCOUNTS, partner.gl_account, "gl_account"),
        *((SalesTable.ITEM_FACTS, item, f"sales.charge_items.{code}") for code, item in _charges_of(partner)),
        *((table_of(name), partner.dimension(name), name) for name in partner.dimension_names),
    ):
        if code:
            wanted[table].append((code, f"partner {partner.name}, {key}"))


def _charges_of(partner: Partner) -> Iterable[tuple[str, str]]:
    return partner.sales.charge_items.items() if partner.sales is not None else ()


def _one(table: str, dimensions: Iterable[str]) -> str:
    """What one record of a table is called."""
    named = next(
        (name for name in dimensions if table_of(name) == table), table.removesuffix("_facts").removesuffix("s")
    )
    return in_words(named).replace("gl ", "GL ").replace("vat ", "VAT ")


def _trouble(record: Any) -> str:
    if getattr(record, "blocked", False):
        return "is blocked there"
    if getattr(record, "not_sold", False):
        return "is not sold"
    if not getattr(record, "purchase", True):
        return "is for sales only"
    ends = getattr(record, "end_date", None)
    return f"ended on {ends} there" if ends is not None else ""
