"""How many decimal places amounts of money have (ISO 4217). Unit prices may have more."""

from decimal import ROUND_HALF_UP, Decimal, localcontext

_PLACES = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV"), 0
    ),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
_USUAL = 2


def places(currency: str) -> int:
    """Decimal places of an amount: JPY 0, KWD 3, most 2."""
    return _PLACES.get(currency.upper(), _USUAL)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """An amount in its currency's places, halves away from zero."""
    with localcontext(prec=60):
        return amount.quantize(Decimal(1).scaleb(-places(currency)), ROUND_HALF_UP)


def amount_text(amount: Decimal, currency: str | None) -> str:
    """An amount with its currency and that one's decimals, or more where it has them: "456.40 USD"."""
    exponent = amount.normalize().as_tuple().exponent
    own = -exponent if isinstance(exponent, int) else 0
    return f"{amount:.{max(own, places(currency or ''))}f} {currency or ''}".rstrip()
