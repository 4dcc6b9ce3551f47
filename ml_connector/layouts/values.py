"""Text to values and back: exact numbers, dates, times. Only what is certainly meant is read; the rest is told."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any

from ml_connector.documents.price_basis import basis_of, is_known
from ml_connector.layouts.moments import compiled, day_pattern, split_pattern

#: Digits of a number, leading zeros included.
MOST_DIGITS = 40


class WrongText(ValueError):
    """A text or value that cannot be read or written this way. expected says what could."""

    def __init__(self, code: str, expected: str) -> None:
        super().__init__(expected)
        self.code = code
        self.expected = expected


@dataclass(frozen=True)
class Converter:
    """One way of writing a value. Both raise WrongText; neither is given empty text or None."""

    read: Callable[[str], Any]
    write: Callable[[Any], str]


@dataclass(frozen=True)
class NumberForm:
    """How numbers are written. sign: leading, trailing or parentheses. decimals: written so many, always."""

    decimal: str = "."
    thousands: str = ""
    implied_decimals: int = 0
    decimals: int | None = None
    sign: str = "leading"

    @property
    def example(self) -> str:
        """A number in this form, for messages."""
        if self.implied_decimals:
            return f"a whole number whose last {self.implied_decimals} digits are decimals"
        whole = f"1{self.thousands}234"
        fraction = "" if self.decimals == 0 else f"{self.decimal}{'5' * (self.decimals or 2)}"
        return f"a number like {whole}{fraction}"


def number(form: NumberForm) -> Converter:
    """Exact decimal numbers; no exponents, no other digits than 0 to 9."""
    mark, thousands = re.escape(form.decimal), re.escape(form.thousands)
    whole = f"[0-9]{{1,3}}(?:{thousands}[0-9]{{3}})+|[0-9]+" if thousands else "[0-9]+"
    body = f"(?:{whole})" if form.implied_decimals else f"(?:(?:{whole})(?:{mark}[0-9]*)?|{mark}[0-9]+)"
    # A leading sign is read in every form; the others only where the layout names them.
    signs = {
        "leading": f"[-+]?{body}",
        "trailing": f"[-+]?{body}[-+]?",
        "parentheses": rf"[-+]?{body}|\({body}\)",
    }
    pattern = re.compile(signs[form.sign])

    def read(text: str) -> Decimal:
        found = pattern.fullmatch(text) if len(text) <= 2 * MOST_DIGITS else None
        if found is None or sum(c.isdigit() for c in text) > MOST_DIGITS:
            raise WrongText("not_a_number", form.example)
        before, _, after = (text, "", "") if form.implied_decimals else text.partition(form.decimal)
        digits, after = re.sub("[^0-9]", "", before) or "0", re.sub("[^0-9]", "", after)
        if form.implied_decimals:
            digits = digits.zfill(form.implied_decimals + 1)
            digits, after = digits[: -form.implied_decimals], digits[-form.implied_decimals :]
        if text.count("-") + text.count("+") > 1:
            raise WrongText("not_a_number", form.example)
        minus = "-" if "-" in text or "(" in text else ""
        return Decimal(f"{minus}{digits}" + (f".{after}" if after else ""))

    def write(value: Decimal) -> str:
        # Not abs(): that would round to the context's precision.
        plain = format(value.copy_abs(), "f")
        digits, _, after = plain.partition(".")
        after = after.rstrip("0")
        if len(digits) + len(after) > MOST_DIGITS:
            raise WrongText("too_long", f"at most {MOST_DIGITS} digits")
        places = form.implied_decimals or form.decimals
        if places is not None:
            if len(after) > places:
                raise WrongText("too_many_decimals", f"at most {places} decimals")
            after = after.ljust(places, "0")
        if form.implied_decimals:
            text = (digits + after).lstrip("0") or "0"
        else:
            text = _grouped(digits, form.thousands) + (form.decimal + after if after else "")
        if not value or value > 0:
            return text
        return {"leading": f"-{text}", "trailing": f"{text}-", "parentheses": f"({text})"}[form.sign]

    return Converter(read, write)


def _grouped(digits: str, mark: str) -> str:
    if not mark:
        return digits
    first = len(digits) % 3 or 3
    return mark.join([digits[:first], *(digits[i : i + 3] for i in range(first, len(digits), 3))])


def price_basis(form: NumberForm) -> Converter:
    """For how many units a price is: a code of X12, or a number."""
    plain = number(form)

    def read(text: str) -> str:
        if is_known(text.upper()):
            return text.upper()
        try:
            value = plain.read(text)
        except WrongText:
            value = Decimal(0)
        if value <= 0:
            raise WrongText("unknown_code", "PE, HP (per hundred), TP (per thousand), or the number of units")
        return basis_of(value)

    return Converter(read, str)


def integer() -> Converter:
    """Whole numbers without a sign, at most nine digits."""

    def read(text: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", text):
            raise WrongText("not_a_number", "a whole number")
        return int(text)

    return Converter(read, str)


_TIME_PARTS = {"HH": "([0-9]{2})", "mm": "([0-9]{2})", "ss": "([0-9]{2})"}


def check_date_pattern(pattern: str) -> str:
    """The pattern. Raises ValueError unless it holds a year, a month and a day, each once; time and zone may follow."""
    day_pattern(pattern)
    return pattern


def check_time_pattern(pattern: str) -> str:
    """The pattern. Raises ValueError unless it holds hours and minutes, each once; seconds may follow."""
    _, names = compiled(pattern, _TIME_PARTS, "Hms")
    if names not in (["HH", "mm"], ["HH", "mm", "ss"]):
        raise ValueError(f"{pattern!r} needs HH, mm and perhaps ss, in this order")
    return pattern


#: Two-digit years from here on are of the last century.
PIVOT = 70


def day(patterns: tuple[str, ...]) -> Converter:
    """Dates: read by any of the patterns, written by the first."""
    ready = [day_pattern(pattern) for pattern in patterns]
    expected = "a date like " + " or ".join(patterns)

    def read(text: str) -> date:
        for pattern in ready:
            if found := pattern.regex.fullmatch(text):
                values = dict(zip(pattern.names, map(int, found.groups()), strict=True))
                year = values.get("yyyy", -1)
                if year < 0:
                    year = values["yy"] + (1900 if values["yy"] >= PIVOT else 2000)
                try:
                    return date(year, values.get("MM", values.get("M", 0)), values.get("dd", values.get("d", 0)))
                except ValueError:
                    continue
        raise WrongText("not_a_date", expected)

    pieces = ready[0].pieces

    def write(value: date) -> str:
        if "yy" in pieces and not 1900 + PIVOT <= value.year < 2000 + PIVOT:
            raise WrongText("not_a_date", f"a year from {1900 + PIVOT} to {1999 + PIVOT}")
        texts = {
            "yyyy": f"{value.year:04d}",
            "yy": f"{value.year % 100:02d}",
            "MM": f"{value.month:02d}",
            "M": str(value.month),
            "dd": f"{value.day:02d}",
            "d": str(value.day),
        }
        return "".join(texts.get(piece, piece) for piece in pieces)

    return Converter(read, write)


def clock(patterns: tuple[str, ...]) -> Converter:
    """Times of day: read by any of the patterns, written by the first."""
    ready = [compiled(pattern, _TIME_PARTS, "Hms") for pattern in patterns]
    expected = "a time like " + " or ".join(patterns)
    pieces = split_pattern(patterns[0], "Hms")

    def read(text: str) -> time:
        for regex, _ in ready:
            if found := regex.fullmatch(text):
                try:
                    hours, minutes, *rest = map(int, found.groups())
                    return time(hours, minutes, rest[0] if rest else 0)
                except ValueError:
                    continue
        raise WrongText("not_a_time", expected)

    def write(value: time) -> str:
        if value.microsecond or (value.second and "ss" not in pieces):
            raise WrongText("not_a_time", f"a time without {'fractions' if 'ss' in pieces else 'seconds'}")
        texts = {"HH": f"{value.hour:02d}", "mm": f"{value.minute:02d}", "ss": f"{value.second:02d}"}
        return "".join(texts.get(piece, piece) for piece in pieces)

    return Converter(read, write)


_YES, _NO = frozenset({"true", "1", "y", "yes"}), frozenset({"false", "0", "n", "no"})


def flag() -> Converter:
    """Yes and no: true/false, 1/0, Y/N, yes/no; written true and false."""

    def read(text: str) -> bool:
        low = text.lower()
        if low not in _YES | _NO:
            raise WrongText("not_a_flag", "true or false")
        return low in _YES

    return Converter(read, lambda value: "true" if value else "false")


#: Line ends and tabs are text; other control characters are damage, or an attack on whoever shows them.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def text(most: int) -> Converter:
    """Text of at most so many characters, without control characters."""

    def check(value: str) -> str:
        if len(value) > most:
            raise WrongText("too_long", f"at most {most} characters")
        if _CONTROL.search(value):
            raise WrongText("control_character", "text without control characters")
        return value

    return Converter(check, check)
