"""The taxes of a bill, as the ERP wants them: a VAT code on each line, amounts as invoiced, or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ml_connector.config.partners import MatchTolerances
from ml_connector.documents.common import Tax, changed
from ml_connector.documents.erp_postings import BillLine, BillTax
from ml_connector.documents.invoice_amounts import taxes_coming_to
from ml_connector.documents.values.currencies import rounded
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.invoices_in.coding.coder import Coder, not_to_the_cent
from ml_connector.flows.invoices_in.coding.vat_codes import check_vat, rate_of, rule_for, shown, vat_code_of, vat_on
from ml_connector.flows.invoices_in.invoice_totals import MatchedCharge

#: The charge that the taxes of an invoice become where the ERP takes none.
TAX = "TAX"


@dataclass(frozen=True)
class PostedTaxes:
    """What is posted of taxes beside the lines: their sum, and each where the ERP takes amounts."""

    total: Decimal
    each: tuple[BillTax, ...] = ()


def line_taxes(coder: Coder, own: tuple[Tax, ...], amount: Decimal, place: str) -> dict[str, Any]:
    """The tax fields of a bill's line; none where the ERP does not want VAT codes."""
    if coder.traits.taxes != "vat_codes":
        return {}
    vat = vat_code_of(coder, own, amount, place)
    return {
        "vat_code": vat.code,
        "vat_amount": vat_on(amount, vat, coder.matched.currency),
        "vat_including": vat.including,
    }


def with_amount(coder: Coder, line: BillLine, amount: Decimal) -> BillLine:
    """A line with another amount, and the tax on it."""
    vat = coder.tables.vat_code(line.vat_code) if line.vat_code else None
    tax = line.vat_amount if vat is None else vat_on(amount, vat, coder.matched.currency)
    return changed(line, amount=amount, vat_amount=tax)


def tax_charges(coder: Coder) -> tuple[MatchedCharge, ...]:
    """The taxes as a charge of their own, where the ERP takes none: they are owed all the same."""
    if coder.traits.taxes != "none" or not coder.matched.vat_total:
        return ()
    return (MatchedCharge(code=TAX, amount=coder.matched.vat_total, description="Tax"),)


def posted_taxes(coder: Coder, lines: Sequence[BillLine], tolerances: MatchTolerances) -> PostedTaxes:
    """The taxes that are posted with these lines.

    Raises:
        NeedsCorrection: those of the VAT codes are not those stated, or a tax is mapped to what the ERP does not have.
    """
    stated = coder.matched.vat_total
    if coder.traits.taxes == "none":
        return PostedTaxes(Decimal(0))
    if coder.traits.taxes == "as_invoiced":
        return PostedTaxes(stated, _as_invoiced(coder, lines, stated))
    check_vat(coder, lines, tolerances)
    return PostedTaxes(stated)


def _as_invoiced(coder: Coder, lines: Sequence[BillLine], stated: Decimal) -> tuple[BillTax, ...]:
    """Each tax of the invoice by kind, rate and jurisdiction; what rounding leaves is on the largest."""
    basis = coder.matched.total - stated
    sums: dict[tuple[str, Decimal | None, str, str], Decimal] = {}
    for tax, amount in taxes_coming_to(coder.invoice, stated, coder.matched.currency):
        key = (tax.kind, tax.percent, tax.jurisdiction, _tax_id(coder, tax, basis))
        sums[key] = sums.get(key, Decimal(0)) + amount
    if not sums:
        if stated:
            raise not_to_the_cent(coder, lines, Decimal(0))
        return ()
    amounts = {key: rounded(amount, coder.matched.currency) for key, amount in sums.items()}
    largest = max(amounts, key=lambda key: abs(amounts[key]))
    amounts[largest] += stated - sum(amounts.values(), Decimal(0))
    return tuple(
        BillTax(kind=kind, percent=percent, jurisdiction=jurisdiction, amount=amount, tax_id=tax_id)
        for (kind, percent, jurisdiction, tax_id), amount in amounts.items()
        if amount
    )


def _tax_id(coder: Coder, tax: Tax, basis: Decimal) -> str:
    """The ERP's id of a tax, where a rule of coding.vat names one; none is asked for."""
    rate = rate_of(tax, basis)
    rule = rule_for(coder, tax.kind, rate)
    if rule is None:
        return ""
    found = coder.tables.vat_code(rule.code)
    if found is None:
        raise NeedsCorrection(
            Reason.MISSING_VAT_CODE,
            f"Tax {tax.kind or 'none'} {shown(rate)} % is mapped to {rule.code}, which is not in the ERP.",
            remedy="Mend the rule under coding.vat, or create the tax in the ERP.",
            data={"kind": tax.kind, "percent": shown(rate), "code": rule.code},
        )
    return found.code
