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
