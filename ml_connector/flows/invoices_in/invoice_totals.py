"""The amounts of an invoice as it is posted. What they come to is found in `documents.invoice_amounts` alone."""

from collections.abc import Iterable
from decimal import Decimal

from ml_connector.config.partners import MatchTolerances
from ml_connector.documents.common import AllowanceKind, Record, Tax
from ml_connector.documents.invoice_amounts import Charge, Sum, add_up, kind_of
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.values.currencies import rounded_to
from ml_connector.edi.framing.values import read_decimal
from ml_connector.errors import NeedsCorrection, Reason

__all__ = ["MatchedCharge", "document_sum", "matched_charges", "rounding_of"]

#: SAC01: those that count and those that never do (x12-procurement 5); any other value is asked about.
_KINDS = frozenset(AllowanceKind)
#: TXI07: added, or information; others (included in prices, deleted ...) are asked about.
_TAX_RELATIONSHIPS = frozenset({"", "A", "O"})


#: AMT01 of an amount that is the whole invoice (x12-procurement 4): total transaction, total invoice.
_WHOLE = frozenset({"TT", "5"})


class MatchedCharge(Record):
    """An allowance (negative) or a charge (positive) of the invoice or of one of its lines."""

    code: str
    amount: Decimal
    description: str = ""
    taxes: tuple[Tax, ...] = ()


def document_sum(invoice: Invoice, currency: str) -> Sum:
    """The invoice added up, in the signs it was sent with. currency: of one that names none.

    Raises:
        NeedsCorrection: it states no total, a code of an amount is not known, or nothing tells a charge's amount.
    """
    if invoice.total is None:
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"Invoice {invoice.number} states no total.",
            remedy="Ask the supplier to send TDS01.",
            data={"segment": "TDS"},
        )
    _check_codes(invoice)
    found = add_up(invoice, currency)
    for charge in found.charges:
        if charge.amount is None:
            raise _without_amount(charge)
    _check_other_total(invoice, found)
    return found


def _check_other_total(invoice: Invoice, found: Sum) -> None:
    """What AMT says is the whole: partners give the goods, the net amount or the total there, and nothing else."""
    stated = found.stated if found.stated is not None else found.computed
    net = found.goods + found.extra
    discounted = (_hundredths(one.value) for one in invoice.kept if one.segment_id == "TDS")
    known = {
        rounded_to(abs(one), found.step) for one in (stated, found.computed, found.goods, net, stated - found.taxes)
    }
    known |= {abs(one) for one in discounted if one is not None}
    for amt in (one.elements for one in invoice.extras if one.segment_id == "AMT"):
        said = read_decimal(amt[1]) if len(amt) > 1 and amt[0].strip().upper() in _WHOLE else None
        if said is not None and rounded_to(abs(said), found.step) not in known:
            raise NeedsCorrection(
                Reason.TOTAL_DIFFERENCE,
                f"AMT*{amt[0]} says that the invoice comes to {said}, TDS01 says {stated}.",
                remedy="Ask the supplier which total counts, and for an invoice that says one.",
                data={"segment": "AMT", "code": amt[0], "value": str(said), "stated": str(stated)},
            )


def _hundredths(text: str) -> Decimal | None:
    value = read_decimal(text)
    return value / 100 if value is not None else None


def _check_codes(invoice: Invoice) -> None:
    charges = [*invoice.allowances, *(one for line in invoice.lines for one in line.allowances)]
    for charge in charges:
        if kind_of(charge) not in _KINDS:
            raise _asked("SAC", 1, str(charge.kind), "is not a kind of allowance or charge that is known")
    taxes = [*invoice.taxes, *(tax for line in invoice.lines for tax in line.taxes)]
    for tax in (*taxes, *(tax for charge in charges for tax in charge.taxes)):
        if tax.relationship.strip().upper() not in _TAX_RELATIONSHIPS and tax.amount:
            raise _asked("TXI", 7, tax.relationship, "does not say that the tax is added to the total")


def _asked(segment: str, element: int, value: str, what: str) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.BAD_VALUE,
        f"{segment}{element:02d} {value or '(empty)'} {what}.",
        remedy="Ask the supplier what it means; have it sent again as usual, or book it by hand and discard it.",
        data={"segment": segment, "element": element, "value": value},
    )


def _without_amount(charge: Charge) -> NeedsCorrection:
    source = charge.source
    return NeedsCorrection(
        Reason.BAD_VALUE,
        f"Charge {source.code or source.description!r} has neither amount, rate with quantity nor percent.",
        remedy="Ask the supplier to send SAC05.",
        data={"charge": source.code},
    )


def matched_charges(found: Sum, sign: int) -> Iterable[MatchedCharge]:
    """What counts of the allowances and charges, lines first; sign: -1 turns a credit sent negative."""
    for charge in found.charges:
        source = charge.source
        yield MatchedCharge(
            code=source.code.strip().upper() or source.agency_code or "F050",
            amount=sign * (charge.amount or Decimal(0)),
            description=source.description,
            taxes=source.taxes,
        )


def rounding_of(found: Sum, tolerances: MatchTolerances) -> Decimal:
    """What the stated total is above lines + charges - allowances + taxes, in the document's signs.

    Half a cent, or half a yen, for every amount that was rounded is rounding; more only as far as a setting takes it.

    Raises:
        NeedsCorrection: TOTAL_DIFFERENCE with the parts, or SIGN_CONTRADICTION.
    """
    stated = found.stated if found.stated is not None else found.computed
    data = {
        "goods": str(found.goods),
        "charges": str(found.extra),
        "taxes": str(found.taxes),
        "computed": str(found.computed),
        "stated": str(stated),
    }
    opposed = found.goods * stated < 0
    if opposed or (stated and found.computed == -stated):
        raise NeedsCorrection(
            Reason.SIGN_CONTRADICTION,
            f"The lines come to {found.goods}, the total is {stated}: one says that we owe, one that we get back.",
            remedy="Ask the supplier whether it is an invoice or a credit, and for one whose signs agree.",
            data=data,
        )
    if not found.fits and abs(found.difference) > tolerances.total:
        raise NeedsCorrection(
            Reason.TOTAL_DIFFERENCE,
            f"The lines come to {found.computed}, the invoice says {stated}.",
            remedy="Ask the supplier for a correct invoice: lines, charges, allowances and taxes must be the total.",
            data={**data, "rounding_allowed": str(found.allowed)},
        )
    return found.difference
