"""Decimals as text: one spelling for equal values."""

from decimal import Decimal


def decimal_text(value: Decimal) -> str:
    """Plain notation without trailing zeros: 12.50 and 12.5 are both "12.5", 1E+2 is "100", -0 is "0"."""
    if not value:
        return "0"
    text = str(value)
    if "E" in text:
        text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


#: No number of a document is longer than that, with its zeros written out.
MOST_PLACES = 200


def is_normal(text: str) -> bool:
    """Whether `str` says of a number what is stored of it; where that is not plain at once, it is not.

    Plain at once is what has a point, no exponent and no zero at its end; digits alone are asked for before.
    """
    return "." in text and text[-1] != "0" and "E" not in text and len(text) <= MOST_PLACES


def normal(value: Decimal) -> Decimal:
    """The same number, made the same whatever it was made of: 12.50 is 12.5, 1E+2 is 100, -0 is 0.

    Raises ValueError for what is no number (NaN, infinity), or too long.
    """
    text = str(value)
    if not value.is_finite() or max(abs(value.adjusted()), len(text)) > MOST_PLACES:
        raise ValueError(f"{text[:40]} is not a number that a document can hold")
    plain = decimal_text(value)
    return value if plain == text else Decimal(plain)
