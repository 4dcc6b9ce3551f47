"""How many decimal places amounts of money have (ISO 4217). Unit prices may have more."""

from decimal import ROUND_HALF_UP, Context, Decimal

_PLACES = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV"), 0
    ),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
_USUAL = 2
#: Enough for whatever numbers a document holds.
_EXACT = Context(prec=100)


def places(currency: str) -> int:
    """Decimal places of an amount: JPY 0, KWD 3, most 2."""
    return _PLACES.get(currency.strip().upper(), _USUAL)


def smallest(currency: str) -> Decimal:
    """The smallest amount of a currency: 1 JPY, 0.001 KWD, 0.01 of most."""
    return Decimal(1).scaleb(-places(currency))


def rounded(amount: Decimal, currency: str) -> Decimal:
    """An amount in its currency's places, halves away from zero."""
    return rounded_to(amount, smallest(currency))


def rounded_to(amount: Decimal, step: Decimal) -> Decimal:
    """An amount in the places of another one, halves away from zero. Exact for whatever numbers a document holds."""
    return amount.quantize(step, ROUND_HALF_UP, _EXACT)


def amount_text(amount: Decimal, currency: str | None) -> str:
    """An amount with its currency and that one's decimals, or more where it has them: "456.40 USD"."""
    exponent = amount.normalize().as_tuple().exponent
    own = -exponent if isinstance(exponent, int) else 0
    return f"{amount:.{max(own, places(currency or ''))}f} {currency or ''}".rstrip()
