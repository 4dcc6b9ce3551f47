"""The amounts of an invoice: charges, allowances, taxes, and whether they come to the stated total."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal

from ml_connector.config.partners import MatchTolerances
from ml_connector.documents.common import AllowanceCharge, AllowanceKind, Record, Tax
from ml_connector.documents.invoices import Invoice
from ml_connector.errors import NeedsMending, Reason

CENT = Decimal("0.01")
#: SAC codes that are taxes, not charges (x12-procurement 8: counted once when TXI says the same).
TAX_CHARGES = {"H850", "H740", "H770", "D360"}


def cents(value: Decimal) -> Decimal:
    """Rounded to the cent, halves away from zero, as invoices are."""
    return value.quantize(CENT, ROUND_HALF_UP)


class MatchedCharge(Record):
    """An allowance (negative) or a charge (positive) of the invoice or of one of its lines."""

    code: str
    amount: Decimal
    description: str = ""
    taxes: tuple[Tax, ...] = ()


def document_total(invoice: Invoice) -> Decimal:
    """TDS01, which every invoice must have."""
    if invoice.total is None:
        raise NeedsMending(
            Reason.BAD_VALUE,
            f"Invoice {invoice.number} states no total.",
            mend="Ask the supplier to send TDS01.",
            data={"segment": "TDS"},
        )
    return invoice.total


def document_sign(total: Decimal) -> int:
    """A credit sent with negative amounts is turned positive; the type tells the direction (x12-procurement 8)."""
    return -1 if total < 0 else 1


def matched_charges(invoice: Invoice, sign: int) -> Iterable[MatchedCharge]:
    """Header and line allowances and charges in their order; a tax written as SAC is left to the taxes."""
    goods = sum((cents(abs(line.amount)) for line in invoice.lines), Decimal(0))
    for line in invoice.lines:
        for charge in line.allowances:
            if _counts(charge):
                yield _matched(charge, cents(abs(line.amount)), sign)
    for charge in invoice.allowances:
        if _counts(charge):
            yield _matched(charge, goods, sign)


def _counts(charge: AllowanceCharge) -> bool:
    """Whether it changes the total: not taxes, not information (SAC01 N ..., SAC12 15)."""
    return (
        charge.code not in TAX_CHARGES
        and charge.kind in {AllowanceKind.ALLOWANCE, AllowanceKind.CHARGE}
        and charge.handling != "15"
    )


def _matched(charge: AllowanceCharge, base: Decimal, sign: int) -> MatchedCharge:
    return MatchedCharge(
        code=charge.code or charge.agency_code or "F050",
        amount=_amount(charge, base, sign),
        description=charge.description,
        taxes=charge.taxes,
    )


def _amount(charge: AllowanceCharge, base: Decimal, sign: int) -> Decimal:
    """SAC05, else rate times quantity, else percent of `base` (x12-procurement 8)."""
    direction = 1 if charge.kind is AllowanceKind.CHARGE else -1
    if charge.amount is not None:
        # Credits sent negative carry negative SAC05 too; the code tells the direction, not the sign.
        return direction * (sign * charge.amount if charge.amount < 0 else charge.amount)
    if charge.rate is not None and charge.rate_quantity is not None:
        return direction * cents(charge.rate * charge.rate_quantity)
    if charge.percent is not None:
        return direction * cents(base * charge.percent / 100)
    raise NeedsMending(
        Reason.BAD_VALUE,
        f"Charge {charge.code or charge.description!r} has neither amount, rate nor percent.",
        mend="Ask the supplier to send SAC05.",
        data={"charge": charge.code},
    )


def tax_total(invoice: Invoice, sign: int) -> Decimal:
    """Header taxes; else those of lines and charges; else taxes written as SAC. Each counted once."""
    header = [t.amount for t in invoice.taxes if t.relationship != "O"]
    inner = [t.amount for line in invoice.lines for t in line.taxes]
    inner += [t.amount for charge in invoice.allowances for t in charge.taxes]
    written_as_charge = [c.amount for c in invoice.allowances if c.code in TAX_CHARGES]
    for amounts in (header, inner, written_as_charge):
        known = [amount for amount in amounts if amount is not None]
        if known:
            return sum((sign * amount for amount in known), Decimal(0))
    return Decimal(0)


def check_total(
    goods: Sequence[Decimal],
    charges: Sequence[MatchedCharge],
    taxes: Decimal,
    total: Decimal,
    tolerances: MatchTolerances,
) -> None:
    """Lines + charges - allowances + taxes must be the stated total.

    Raises:
        NeedsMending: TOTAL_DIFFERENCE with the parts.
    """
    lines = sum(goods, Decimal(0))
    extra = sum((charge.amount for charge in charges), Decimal(0))
    found = lines + extra + taxes
    if abs(found - total) > tolerances.total:
        raise NeedsMending(
            Reason.TOTAL_DIFFERENCE,
            f"The lines come to {found}, the invoice says {total}.",
            mend="Ask the supplier for a correct invoice: lines, charges, allowances and taxes must be the total.",
            data={
                "goods": str(lines),
                "charges": str(extra),
                "taxes": str(taxes),
                "computed": str(found),
                "stated": str(total),
            },
        )
