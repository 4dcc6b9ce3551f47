"""Whether an ERP's invoice adds up, to the cent. What does not is held with the difference: no other total is ever sent
than the ERP's. Pure functions.
"""

from collections.abc import Iterator
from decimal import Decimal

from ml_connector.documents.invoice_amounts import add_up
from ml_connector.documents.invoices import Invoice
from ml_connector.documents.sales.invoices import SalesInvoice, SalesInvoiceLine
from ml_connector.documents.values.currencies import places, rounded
from ml_connector.errors import NeedsCorrection, Reason

ZERO = Decimal(0)
#: TDS01 and SAC05 have two implied decimals (x12-procurement 3).
MOST_PLACES = 2
#: Digits behind the point of a price that is worked out of an amount; IT104 takes 17 in all (x12-procurement 8).
PRICE_PLACES = 10
LONGEST_PRICE = 17


def check_amounts(invoice: SalesInvoice) -> None:
    """Every amount in the places of its currency, and all of them together the total.

    Raises:
        NeedsCorrection: one has more places, the total has another sign than its type, or there is a difference.
    """
    most = min(places(invoice.currency), MOST_PLACES)
    for place, amount in _amounts(invoice):
        if round(amount, most) != amount:
            raise NeedsCorrection(
                Reason.BAD_VALUE,
                f"{place} of invoice {invoice.number} is {amount} {invoice.currency}: more than {most} decimals cannot"
                " be sent.",
                remedy="Round it in the ERP, or send this invoice another way and discard it here.",
                data={"invoice": invoice.number, "place": place, "amount": str(amount)},
            )
    if invoice.total < 0:
        raise NeedsCorrection(
            Reason.SIGN_CONTRADICTION,
            f"{_called(invoice)} {invoice.number} has a total of {invoice.total} {invoice.currency}.",
            remedy="An invoice below zero is a credit memo and the other way round: mend it in the ERP, then discard"
            " this.",
            data={"invoice": invoice.number, "total": str(invoice.total), "type": str(invoice.type)},
        )
    parts = {
        "lines": sum((line.amount for line in invoice.lines), ZERO),
        "discounts": -sum((one.amount for one in invoice.discounts), ZERO),
        "charges": sum((one.amount for one in invoice.charges), ZERO),
        "taxes": ZERO if invoice.taxes_included else sum((one.amount for one in invoice.taxes), ZERO),
    }
    computed = sum(parts.values(), ZERO)
    if computed != invoice.total:
        raise _difference(invoice, computed, parts)


def line_price(line: SalesInvoiceLine, invoice: SalesInvoice, rule: str) -> Decimal:
    """The price that a line is sent with: the ERP's, which comes to its amount, or by `rule` one that does.

    Raises:
        NeedsCorrection: quantity times price less discounts is not the amount that the ERP has.
    """
    off = sum((one.amount for one in line.discounts), ZERO)
    wanted = line.amount + off
    if rounded(line.quantity * line.price, invoice.currency) == wanted:
        return line.price
    if rule == "from_amount" and line.quantity:
        exact = wanted / line.quantity
        for digits in range(2, PRICE_PLACES + 1):
            price = round(exact, digits)
            fits = len(price.as_tuple().digits) <= LONGEST_PRICE
            if fits and price * wanted >= 0 and rounded(line.quantity * price, invoice.currency) == wanted:
                return price
    less = f" less {off}" if off else ""
    raise NeedsCorrection(
        Reason.TOTAL_DIFFERENCE,
        f"Line {line.number} of invoice {invoice.number}: {line.quantity} x {line.price}{less} is"
        f" {rounded(line.quantity * line.price, invoice.currency) - off} {invoice.currency}, and the ERP has"
        f" {line.amount}.",
        remedy="Mend price, discount or amount of the line in the ERP; or set sales_invoices.line_prices: "
        "from_amount in"
        " the customer's file, which sends the price that comes to the amount.",
        data={"invoice": invoice.number, "line": line.number, "amount": str(line.amount), "price": str(line.price)},
    )


def check_sent(sent: Invoice, invoice: SalesInvoice) -> None:
    """What the customer adds up is what the ERP says: no rounding, no reading of signs makes it another total.

    Raises:
        NeedsCorrection: it comes to another total.
    """
    told = add_up(sent)
    if told.difference:
        raise _difference(
            invoice, abs(told.computed), {"lines": told.goods, "charges": told.extra, "taxes": told.taxes}
        )


def _difference(invoice: SalesInvoice, computed: Decimal, parts: dict[str, Decimal]) -> NeedsCorrection:
    shown = ", ".join(f"{name} {amount}" for name, amount in parts.items() if amount)
    return NeedsCorrection(
        Reason.TOTAL_DIFFERENCE,
        f"{_called(invoice)} {invoice.number} comes to {computed} {invoice.currency} ({shown or 'nothing'}), and the"
        f" ERP says {invoice.total}: a difference of {invoice.total - computed}.",
        remedy="Look what the ERP has beside lines, discounts, freight and taxes, and mend it there; it is read again"
        " when it is saved.",
        data={
            "invoice": invoice.number,
            "total": str(invoice.total),
            "computed": str(computed),
            "difference": str(invoice.total - computed),
            **{name: str(amount) for name, amount in parts.items()},
        },
    )


def _called(invoice: SalesInvoice) -> str:
    return "Credit memo" if invoice.is_credit else "Invoice"


def _amounts(invoice: SalesInvoice) -> Iterator[tuple[str, Decimal]]:
    """All amounts that are sent as they are, with their places in words."""
    yield "The total", invoice.total
    for line in invoice.lines:
        yield f"The amount of line {line.number}", line.amount
        yield from ((f"A discount of line {line.number}", one.amount) for one in line.discounts)
    yield from (("A discount", one.amount) for one in invoice.discounts)
    yield from ((f"Charge {one.code}", one.amount) for one in invoice.charges)
    yield from ((f"Tax {one.code}", one.amount) for one in invoice.taxes)
    if invoice.terms.discount_amount is not None:
        yield "The discount for early payment", invoice.terms.discount_amount
