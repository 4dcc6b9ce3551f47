"""Element values: text on the wire to Decimal, date, time and back (x12-procurement 3)."""

import re
from datetime import date, time
from decimal import Decimal

from ml_connector.documents.decimals import decimal_text

#: More digits than any X12 number has, few enough that no arithmetic here rounds.
MOST_DIGITS = 24

_NUMBER = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)\Z")
_LOOSE = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[Ee][-+]?[0-9]{1,2})?\Z")
_INTEGER = re.compile(r"-?[0-9]+\Z")
_TIME = re.compile(r"[0-9]{4}(?:[0-9]{2}(?:[0-9]{1,2})?)?\Z")


def is_digits(text: str) -> bool:
    """Digits 0 to 9 and nothing else, at least one."""
    return text.isascii() and text.isdigit()


def is_number(text: str) -> bool:
    """Whether it is an R value: digits, optional point, optional leading minus."""
    return _NUMBER.match(text) is not None


def is_integer(text: str) -> bool:
    """Whether it is an N value: digits and an optional leading minus."""
    return _INTEGER.match(text) is not None


def digits_in(text: str) -> int:
    """Length of a number as X12 counts it: without sign and point."""
    return len(text) - text.count("-") - text.count(".")


def read_decimal(text: str) -> Decimal | None:
    """An R value; None when it is none or has more digits than a number can have.

    A leading plus and an exponent of up to two digits are read too: a checker reports them.
    """
    if text.isdigit() and text.isascii() and len(text) <= MOST_DIGITS:
        return Decimal(text)
    if _NUMBER.match(text) is not None:
        return Decimal(text) if len(text) <= MOST_DIGITS else None
    if len(text) > MOST_DIGITS or _LOOSE.match(text) is None:
        return None
    value = Decimal(text)
    return Decimal(format(value, "f")) if -18 <= value.adjusted() <= 18 else None


def read_cents(text: str) -> Decimal | None:
    """An N2 value: two implied decimals. One with a point is taken at its word (the checker reports it)."""
    if "." in text:
        return read_decimal(text)
    plain = text[1:] if text.startswith("+") else text
    if not is_integer(plain) or len(plain) > MOST_DIGITS:
        return None
    return Decimal(plain).scaleb(-2)


def read_integer(text: str) -> int | None:
    """An N0 value."""
    return int(text) if is_integer(text) and len(text) <= MOST_DIGITS else None


def read_date(text: str) -> date | None:
    """CCYYMMDD, or YYMMDD with the century from a window: 70 to 99 are 19yy. CCYY-MM-DD is read too."""
    if len(text) == 10 and text[4] == text[7] and text[4] in "-/":
        text = text[:4] + text[5:7] + text[8:]
    if not is_digits(text):
        return None
    if len(text) == 6:
        text = ("19" if text >= "70" else "20") + text
    if len(text) != 8:
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def read_time(text: str) -> time | None:
    """HHMM, HHMMSS, HHMMSSD or HHMMSSDD (tenths, hundredths)."""
    if not _TIME.match(text):
        return None
    seconds = int(text[4:6] or 0)
    fraction = int(text[6:].ljust(2, "0")) if len(text) > 6 else 0
    try:
        return time(int(text[:2]), int(text[2:4]), seconds, fraction * 10_000)
    except ValueError:
        return None


def write_decimal(value: Decimal) -> str:
    """R: without leading or trailing zeros, .5 for a half (x12-procurement 3)."""
    text = decimal_text(value)
    if text[0] != "0" and text[0] != "-":
        return text
    if text.startswith("0."):
        return text[1:]
    return "-" + text[2:] if text.startswith("-0.") else text


def write_cents(value: Decimal) -> str | None:
    """N2; None when the value has more than two decimals."""
    text = decimal_text(value)
    whole, _, fraction = text.partition(".")
    if len(fraction) > 2:
        return None
    negative = whole.startswith("-")
    digits = (whole.lstrip("-") + fraction.ljust(2, "0")).lstrip("0") or "0"
    return "-" + digits if negative else digits


def write_date(value: date) -> str:
    """CCYYMMDD."""
    return value.isoformat()[:10].replace("-", "")


def write_time(value: time) -> str:
    """HHMM, with seconds and hundredths where there are any."""
    text = f"{value.hour:02d}{value.minute:02d}"
    hundredths = value.microsecond // 10_000
    if value.second or hundredths:
        text += f"{value.second:02d}"
    return text + (f"{hundredths:02d}" if hundredths else "")
