"""Taxes of a document: zone by category, or as they were sent with IsTaxValid (acumatica 8.1)."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from ml_connector.sandbox.acumatica.books.tenant import Work, cents
from ml_connector.sandbox.acumatica.wire.record import Record, record

HUNDRED = Decimal(100)


def rate_on(tax: Record, day: date) -> Decimal:
    """The rate of a tax on that day."""
    rates = [
        (start, line.number("TaxRate"))
        for line in tax.details("TaxSchedule")
        if (start := line.day("StartDate")) is not None and start <= day
    ]
    return max(rates)[1] if rates else Decimal(0)


def taxes_of(work: Work, zone: str, category: str) -> list[str]:
    """The taxes that a category draws in a zone."""
    in_zone = work.tenant.find("TaxZone", zone)
    kind = work.tenant.find("TaxCategory", category)
    if in_zone is None or kind is None:
        return []
    listed = {line.text("TaxID") for line in kind.details()}
    applicable = [line.text("TaxID") for line in in_zone.details("ApplicableTaxes")]
    excludes = kind.flag("ExcludeListedTaxes")
    return [tax for tax in applicable if (tax in listed) != excludes]


def compute(work: Work, zone: str, amounts: Iterable[tuple[str, Decimal]], day: date) -> list[Record]:
    """Tax lines of amounts by category."""
    taxable: dict[str, Decimal] = {}
    for category, amount in amounts:
        for tax in taxes_of(work, zone, category):
            taxable[tax] = taxable.get(tax, Decimal(0)) + amount
    found: list[Record] = []
    for name, amount in taxable.items():
        found_tax = work.tenant.find("Tax", name)
        rate = rate_on(found_tax, day) if found_tax is not None else Decimal(0)
        found.append(
            record(TaxID=name, TaxRate=rate, TaxableAmount=cents(amount), TaxAmount=cents(amount * rate / HUNDRED))
        )
    return found


def settle(work: Work, row: Record, zone: str, day: date, amount: str) -> Decimal:
    """Write the document's tax lines and total, unless they were sent as valid; the total."""
    if not (row.flag("IsTaxValid") and row.details("TaxDetails")):
        amounts = [(line.text("TaxCategory"), line.number(amount)) for line in row.details()]
        row.lines["TaxDetails"] = compute(work, zone, amounts, day)
    total = sum((line.number("TaxAmount") for line in row.details("TaxDetails")), Decimal(0))
    row.values["TaxTotal"] = total
    return total
