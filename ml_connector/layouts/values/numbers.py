"""Numbers: exact, and read only where the layout leaves one reading. What two readings are possible for is refused."""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from ml_connector.documents.values.price_basis import basis_of, is_known
from ml_connector.layouts.values.converters import Converter, WrongText
from ml_connector.layouts.values.findings import LayoutPlace

#: Digits of a number, leading zeros included.
MOST_DIGITS = 40
#: Marks that look like the one a layout names: typographic apostrophes, and blanks that no line breaks at.
ALIKE = {" ": " \u00a0\u2007\u2009\u202f", "'": "'\u2019"}
ALIKE |= {other: marks for marks in tuple(ALIKE.values()) for other in marks}
#: The minus of typesetting; dashes are none.
_MINUS = "\u2212"


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


@lru_cache(maxsize=256)
def _pattern(form: NumberForm) -> re.Pattern[str]:
    """What a form reads. A group of thousands has three digits, and the first of them never begins with 0."""
    mark = re.escape(form.decimal)
    between = re.escape(ALIKE.get(form.thousands, form.thousands))
    whole = f"(?:[1-9][0-9]{{0,2}}(?:[{between}][0-9]{{3}})+|[0-9]+)" if between else "[0-9]+"
    # A number that ends with its decimal mark has lost its decimals.
    body = "[0-9]+" if form.implied_decimals else f"(?:{whole}(?:{mark}[0-9]+)?|{mark}[0-9]+)"
    # A leading sign is read in every form; the others only where the layout names them.
    signs = {
        "leading": f"[-+]?{body}",
        "trailing": f"[-+]?{body}|{body}[-+]",
        "parentheses": rf"[-+]?{body}|\({body}\)",
    }
    return re.compile(signs[form.sign])


def number(form: NumberForm) -> Converter:
    """Exact decimal numbers; no exponents, no other digits than 0 to 9."""
    pattern = _pattern(form)

    def read(text: str) -> Decimal:
        text = text.replace(_MINUS, "-")
        found = pattern.fullmatch(text) if len(text) <= 2 * MOST_DIGITS else None
        if found is None or sum(c.isdigit() for c in text) > MOST_DIGITS:
            raise WrongText("not_a_number", form.example)
        before, _, after = (text, "", "") if form.implied_decimals else text.partition(form.decimal)
        digits, after = re.sub("[^0-9]", "", before) or "0", re.sub("[^0-9]", "", after)
        if form.implied_decimals:
            digits = digits.zfill(form.implied_decimals + 1)
            digits, after = digits[: -form.implied_decimals], digits[-form.implied_decimals :]
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


# ---- files that contradict their layout ----

#: A number whose only mark has three digits behind it and at most three before: 1.500 is 1500 or one and a half.
_EITHER = re.compile(r"[-+(]?[0-9]{1,3}([.,])[0-9]{3}[-+)]?")
_SINGLE = re.compile(r"[-+(]?([0-9]*)([.,])([0-9]+)[-+)]?")
_GROUPS = re.compile(r"[-+(]?[1-9][0-9]{0,2}(?:([.,])[0-9]{3})(?:\1[0-9]{3}|(?!\1)[.,][0-9])")


def either(text: str) -> bool:
    """Whether a number reads both ways: its only mark can stand between thousands or before decimals."""
    return _EITHER.fullmatch(text.replace(_MINUS, "-")) is not None


def other_way(text: str, form: NumberForm) -> bool:
    """Whether a text that the form cannot read is a number all the same, with the marks the other way about: 0.500
    where the point stands between thousands, 1.234,5 where it stands before decimals.
    """
    if form.implied_decimals or _pattern(form).fullmatch(text):
        return False
    single = _SINGLE.fullmatch(text)
    if single is not None:
        return single.group(2) != form.decimal
    groups = _GROUPS.match(text)
    return groups is not None and groups.group(1) != form.thousands


@dataclass
class Doubts:
    """What the numbers of one file say of its layout, by marks: the first that is written the other way about, and
    whether one shows that the layout is right: 0,5 or 1.234.567, which have one reading.
    """

    against: dict[tuple[str, str], str] = field(default_factory=dict)
    shown: set[tuple[str, str]] = field(default_factory=set)

    def look(self, text: str, form: NumberForm, place: LayoutPlace, column: str) -> None:
        """Take note of a text that contradicts the form, the first of its file, or that has one reading."""
        marks = (form.decimal, form.thousands)
        if marks not in self.against and other_way(text, form):
            self.against[marks] = f"{text[:40]} in {place.told(column)}"
        elif marks not in self.shown and not either(text) and not text.isdigit() and _pattern(form).fullmatch(text):
            self.shown |= {marks} if set(text) & {*marks} else set()

    def check(self, text: str, form: NumberForm, *, certain: bool) -> None:
        """Raises WrongText for a number that reads two ways in a file that writes them both ways. certain: also for a
        single group of thousands where nothing in the file shows that it is one.
        """
        if form.implied_decimals or not either(text):
            return
        marks = (form.decimal, form.thousands)
        if seen := self.against.get(marks):
            raise WrongText("two_readings", f"a number that reads one way only: the file also writes {seen}")
        if certain and form.thousands and form.thousands in text and marks not in self.shown:
            readings = f"{text.replace(form.thousands, '')} or {text.replace(form.thousands, form.decimal)}"
            setting = "`number: {lone_group: read}` where the sender is known to write thousands so"
            raise WrongText("two_readings", f"{readings}: nothing in the file shows which mark is which; {setting}")
