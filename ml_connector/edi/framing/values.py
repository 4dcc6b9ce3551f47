"""Element values: text on the wire to Decimal, date, time and back (x12-procurement 3)."""

import re
from datetime import date, time
from decimal import Decimal
from functools import lru_cache

from ml_connector.documents.values.decimals import decimal_text

#: More digits than any X12 number has, few enough that no arithmetic here rounds.
MOST_DIGITS = 24

# A part that may be left out begins with a mark of its own: what cannot be divided in two ways is matched in one go,
# however long it is (ml_connector_tests/hostile/test_patterns.py).
_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\Z")
_LOOSE = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[Ee][-+]?[0-9]{1,2})?\Z")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]*\Z|[0-9]{1,3}(?:,[0-9]{3}){2,}\Z")
_POINTED_THOUSANDS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]*\Z|[0-9]{1,3}(?:\.[0-9]{3}){2,}\Z")
_DECIMAL_COMMA = re.compile(r"[0-9]+,(?:[0-9]{1,2}|[0-9]{4,})\Z")
_ISO_DATE = re.compile(r"([0-9]{4})([-/.]?)([0-9]{2})\2([0-9]{2})(?:[T ]?[0-9]{2}:?[0-9]{2}(?::?[0-9]{2})?Z?)?\Z")
_DAY_AND_MONTH = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})\Z")
_COLONS = re.compile(r"[0-9]{2}:[0-9]{2}(?::[0-9]{2})?\Z")
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

    What is only spelled otherwise is read too (`_plain_spelling`): a checker reports it.
    """
    # most numbers are positive: no pattern is needed for them
    if len(text) <= MOST_DIGITS and text.isascii() and text.replace(".", "", 1).isdigit():
        return Decimal(text)
    if _NUMBER.match(text) is not None:
        return Decimal(text) if len(text) <= MOST_DIGITS else None
    plain = _plain_spelling(text) if len(text) <= MOST_DIGITS + 10 else ""
    if not 0 < len(plain) <= MOST_DIGITS or _LOOSE.match(plain) is None:
        return None
    value = Decimal(plain)
    return Decimal(format(value, "f")) if -18 <= value.adjusted() <= 18 else None


def _plain_spelling(text: str) -> str:
    """A number as X12 spells it, of one that people or other programs spell: $1,000.50, 12,50, 1.000,50, 5-, (5).

    A comma with three digits behind it, and nothing else to tell by, may be either: such a number stays as it is.
    """
    plain = text.strip(" $\u20ac\xa3\xa0")
    if plain.startswith("(") and plain.endswith(")"):
        plain = "-" + plain[1:-1]
    elif plain.endswith("-") and not plain.startswith("-"):
        plain = "-" + plain[:-1]
    sign = "-" if plain.startswith("-") else ""
    digits = plain[len(sign) :].strip(" $\u20ac\xa3")
    if _THOUSANDS.match(digits):
        return sign + digits.replace(",", "")
    if _POINTED_THOUSANDS.match(digits) or _DECIMAL_COMMA.match(digits):
        return sign + digits.replace(".", "").replace(",", ".")
    return sign + digits


def read_cents(text: str) -> Decimal | None:
    """An N2 value: two implied decimals. One with a point is taken at its word (the checker reports it)."""
    if "." in text or "," in text:
        return read_decimal(text)
    plain = text[1:] if text.startswith("+") else text
    if not is_integer(plain):
        plain = _plain_spelling(plain)
    if not is_integer(plain) or len(plain) > MOST_DIGITS:
        return None
    return Decimal(plain).scaleb(-2)


def read_integer(text: str) -> int | None:
    """An N0 value."""
    return int(text) if is_integer(text) and len(text) <= MOST_DIGITS else None


def read_date(text: str) -> date | None:
    """CCYYMMDD, or YYMMDD with the century from a window: 70 to 99 are 19yy.

    Other spellings that leave no doubt are read too (`_other_date`): a checker reports them.
    """
    if len(text) not in {6, 8} or not is_digits(text):
        text = _other_date(text)
    if len(text) == 6:
        text = ("19" if text >= "70" else "20") + text
    return _day(text) if len(text) == 8 else None


@lru_cache(maxsize=1024)
def _day(text: str) -> date | None:
    """CCYYMMDD; None for no day of the calendar. The documents of a file name the same few days."""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _other_date(text: str) -> str:
    """CCYYMMDD of CCYY-MM-DD, with a time behind it or not, and of 25/12/2026 or 12/25/2026; "" of anything else."""
    found = _ISO_DATE.match(text)
    if found is not None:
        return found[1] + found[3] + found[4]
    found = _DAY_AND_MONTH.match(text)
    if found is None:
        return ""
    month, day = (found[1], found[2]) if int(found[2]) > 12 else (found[2], found[1])
    # 04/05/2026 may be either
    return f"{found[3]}{month:0>2}{day:0>2}" if int(day) > 12 or day == month else ""


def read_time(text: str) -> time | None:
    """HHMM, HHMMSS, HHMMSSD or HHMMSSDD (tenths, hundredths); HH:MM and HH:MM:SS are read too."""
    if not _TIME.match(text):
        if not _COLONS.match(text):
            return None
        text = text.replace(":", "")
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
