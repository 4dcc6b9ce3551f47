"""VAT codes: which one each line has, and whether the tax that follows from them is the tax stated."""

from collections.abc import Sequence
from decimal import Decimal

from ml_connector.config.integrations import VatRule
from ml_connector.config.partners import MatchTolerances
from ml_connector.documents.common import Tax
from ml_connector.documents.erp_postings import BillLine
from ml_connector.documents.invoice_amounts import taxes_of_invoice
from ml_connector.documents.reference import VatCode
from ml_connector.documents.values.currencies import rounded
from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.flows.invoices_in.coding.coder import Coder


def vat_on(amount: Decimal, vat: VatCode, currency: str) -> Decimal:
    """The tax on an amount, in its currency's places."""
    return rounded(amount * vat.percentage / 100, currency)


def vat_code_of(coder: Coder, own: tuple[Tax, ...], amount: Decimal, place: str) -> VatCode:
    """The VAT code of a line: its own taxes, else the header's single rate, else no tax at all."""
    taxes = own or taxes_of_invoice(coder.invoice)
    basis = amount if own else coder.matched.total - coder.matched.vat_total
    rates = {(tax.kind, rate_of(tax, basis)) for tax in taxes}
    if len(rates) > 1:
        raise NeedsCorrection(
            Reason.MISSING_VAT_CODE,
            f"The invoice has several tax rates and {place} does not say which is its own.",
            remedy="Ask the supplier to send TXI on the lines.",
            data={"place": place, "rates": sorted(f"{kind} {percent}" for kind, percent in rates)},
        )
    kind, percent = next(iter(rates), ("", Decimal(0)))
    rule = rule_for(coder, kind, percent)
    vat = coder.tables.vat_code(rule.code) if rule else None
    if vat is None:
        raise NeedsCorrection(
            Reason.MISSING_VAT_CODE,
            f"No VAT code for tax {kind or 'none'} {shown(percent)} % of {place}.",
            remedy="Add a rule under coding.vat" + (f"; VAT code {rule.code} is not in the ERP." if rule else "."),
            data={"place": place, "kind": kind, "percent": shown(percent), "country": coder.vendor.country},
        )
    return vat


def shown(percent: Decimal) -> str:
    """A percentage as people write it."""
    return f"{percent.normalize():f}"


def rate_of(tax: Tax, taxed: Decimal) -> Decimal:
    """The rate as written, or worked out from the amount (rounded to half a percent) where only that is sent.

    taxed: what the tax is on, where TXI does not say it. Signs do not matter: credits may be sent negative.
    """
    if tax.percent is not None:
        return tax.percent.normalize()
    basis = tax.basis or taxed
    if tax.amount is None or not basis:
        return Decimal(0)
    return ((abs(tax.amount / basis) * 200).quantize(Decimal(1)) / 2).normalize()


#: What taxes written as SAC are in terms of TXI01 (x12-procurement 4 and 5): a VAT goes by the name of tax or GST.
_KINDS_OF_CHARGES = {
    "D360": ("D360", "GS", "VA"),
    "H850": ("H850", "TX", "VA"),
    "H740": ("H740", "SU"),
    "H770": ("H770", "ST"),
}


def rule_for(coder: Coder, kind: str, percent: Decimal) -> VatRule | None:
    """The first rule of coding.vat that fits a tax."""
    return next((rule for rule in coder.coding.vat if _fits(rule, kind, percent, coder.vendor.country)), None)


def _fits(rule: VatRule, kind: str, percent: Decimal, country: str) -> bool:
    return (
        (not rule.kind or rule.kind in _KINDS_OF_CHARGES.get(kind, (kind,)))
        and (not rule.percent or Decimal(rule.percent) == percent)
        and (not rule.country or rule.country == country)
    )


def check_vat(coder: Coder, lines: Sequence[BillLine], tolerances: MatchTolerances) -> None:
    """See that the VAT of the chosen codes is the VAT stated.

    Raises:
        NeedsCorrection: it differs by more than `tolerances.vat`.
    """
    by_code: dict[str, Decimal] = {}
    for line in lines:
        by_code[line.vat_code] = by_code.get(line.vat_code, Decimal(0)) + line.amount
    computed = Decimal(0)
    for code, amount in by_code.items():
        vat = coder.tables.vat_code(code)
        computed += vat_on(amount, vat, coder.matched.currency) if vat else Decimal(0)
    stated = coder.matched.vat_total
    # The cents of difference go to the tax of a line (systems): where no line has any, nothing can take them.
    by_line = [line.vat_amount or Decimal(0) for line in lines]
    untaxed = stated != sum(by_line, Decimal(0)) and not any(by_line)
    if abs(computed - stated) > tolerances.vat or untaxed:
        raise NeedsCorrection(
            Reason.VAT_DIFFERENCE,
            f"VAT comes to {computed}, the invoice says {stated}.",
            remedy="Mend coding.vat if the wrong code was chosen; else ask the supplier for a correct invoice.",
            data={
                "computed": str(computed),
                "stated": str(stated),
                "codes": {k: str(v) for k, v in by_code.items()},
            },
        )
