"""Values in the formats of a user: dates without a zone, moments in the user's offset, decimals (sage-intacct 6.4)."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation

Value = str | int | Decimal | bool | date | datetime | None
CENT = Decimal("0.01")
_NUMBER = re.compile(r"[+-]?([0-9]{1,15}(\.[0-9]{0,12})?|\.[0-9]{1,12})")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")
_LETTERS = {"Y": "%Y", "y": "%y", "m": "%m", "d": "%d"}


@dataclass(frozen=True, slots=True)
class Formats:
    """`date_format`: the separator and the order, as /mdY."""

    date_format: str = "/mdY"
    clock: str = "24"
    gmt_offset: str = "+00:00"

    @property
    def zone(self) -> tzinfo:
        found = _OFFSET.fullmatch(self.gmt_offset)
        if found is None:
            return UTC
        sign = -1 if found.group(1) == "-" else 1
        return timezone(sign * timedelta(hours=int(found.group(2)), minutes=int(found.group(3))))

    @property
    def day_pattern(self) -> str:
        separator, order = self.date_format[0], self.date_format[1:]
        return separator.join(_LETTERS[letter] for letter in order)

    @property
    def moment_pattern(self) -> str:
        return f"{self.day_pattern} " + ("%H:%M:%S" if self.clock == "24" else "%I:%M:%S %p")

    def show(self, value: Value) -> str:
        """A value as replies have it."""
        match value:
            case None:
                return ""
            case bool():
                return "true" if value else "false"
            case datetime():
                return value.astimezone(self.zone).strftime(self.moment_pattern)
            case date():
                return value.strftime(self.day_pattern)
            case Decimal():
                return plain(value)
        return str(value)

    def day(self, text: str) -> date:
        """A day, also of a moment's text. Raises ValueError."""
        return _parse(text.strip().split(" ")[0], self.day_pattern).date()

    def moment(self, text: str) -> datetime:
        """A moment, in the user's zone; a day is its midnight. Raises ValueError."""
        text = text.strip()
        pattern = self.moment_pattern if " " in text else self.day_pattern
        return _parse(text, pattern).replace(tzinfo=self.zone).astimezone(UTC)


def _parse(text: str, pattern: str) -> datetime:
    return datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is the user's, set by who calls


def plain(value: Decimal) -> str:
    """A decimal with its digits, without an exponent."""
    return f"{value:f}"


def number(text: str) -> Decimal:
    """A decimal: a point, no commas. Raises ValueError."""
    clean = text.strip()
    if not _NUMBER.fullmatch(clean):
        raise ValueError(f"not a number: {clean[:40]}")
    try:
        return Decimal(clean)
    except InvalidOperation:
        raise ValueError(f"not a number: {clean[:40]}") from None


def whole(text: str) -> int:
    """A whole number in plain digits. Raises ValueError."""
    clean = text.strip()
    if not _WHOLE.fullmatch(clean):
        raise ValueError(f"not a whole number: {clean[:40]}")
    return int(clean)


def money(value: Decimal) -> Decimal:
    """Amounts over two decimals are rounded (sage-intacct 6.4)."""
    return value.quantize(CENT, rounding="ROUND_HALF_UP")


def flag(text: str) -> bool:
    """True or false, T or F. Raises ValueError."""
    clean = text.strip().casefold()
    if clean in {"true", "t", "1", "yes"}:
        return True
    if clean in {"false", "f", "0", "no"}:
        return False
    raise ValueError(f"not true or false: {clean[:40]}")
