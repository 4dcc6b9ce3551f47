"""An answer's objects: keys without regard to case, one object where a list is due, numbers and days as text or not
(avidxchange 3).
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ml_connector.errors import NeedsCorrection, Reason

_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?\Z", re.DOTALL)
_AMOUNT = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,10})?\Z")
#: Longest text of a field that is kept.
LONGEST = 4000


class Row:
    """One object. names: the sheet's name of a field -> this account's, both folded. place: where it stands."""

    def __init__(self, raw: Mapping[str, Any], names: Mapping[str, str] | None = None, place: str = "") -> None:
        self.raw = raw
        self.place = place
        self._names = names or {}
        self._values: dict[str, Any] = {}
        for key, value in raw.items():
            folded = str(key).casefold()
            if self._values.get(folded) is None:
                self._values[folded] = value

    def value(self, *names: str) -> Any:
        """The first of these fields that says something."""
        for name in names:
            folded = name.casefold()
            found = self._values.get(self._names.get(folded, folded))
            if found is not None and found != "":
                return found
        return None

    def text(self, *names: str) -> str:
        """As text; empty where it says nothing."""
        found = self.value(*names)
        if found is None:
            return ""
        if isinstance(found, bool):
            return "true" if found else "false"
        if isinstance(found, str | int | Decimal):
            return str(found).strip()[:LONGEST]
        raise self.wrong(names[0], found, "text")

    def amount(self, *names: str) -> Decimal | None:
        """A number; None where it says nothing."""
        found = self.value(*names)
        if found is None:
            return None
        if isinstance(found, Decimal | int) and not isinstance(found, bool):
            return Decimal(found)
        text = found.strip() if isinstance(found, str) else ""
        if not _AMOUNT.match(text):
            raise self.wrong(names[0], found, "a number like 1234.50")
        try:
            return Decimal(text)
        except InvalidOperation:
            raise self.wrong(names[0], found, "a number like 1234.50") from None

    def needed_amount(self, *names: str) -> Decimal:
        found = self.amount(*names)
        if found is None:
            raise self.wrong(names[0], None, "a number")
        return found

    def day(self, *names: str) -> date | None:
        """ISO without a zone, `T` or a blank before the time (avidxchange 3); None where it says nothing."""
        text = self.text(*names)
        if not text:
            return None
        match = _DAY.match(text)
        try:
            return date(int(match[1]), int(match[2]), int(match[3])) if match else self._no_day(names[0], text)
        except ValueError:
            return self._no_day(names[0], text)

    def _no_day(self, name: str, text: str) -> date:
        raise self.wrong(name, text, "a day like 2026-01-31")

    def moment(self, *names: str) -> str:
        """A moment as the server orders them: ISO text with T; empty where it says nothing."""
        text = self.text(*names).replace(" ", "T", 1)
        if not text:
            return ""
        try:
            datetime.fromisoformat(text.removesuffix("Z"))
        except ValueError:
            raise self.wrong(names[0], text, "a moment like 2026-01-31T12:00:00") from None
        return text

    def flag(self, *names: str, default: bool) -> bool:
        found = self.value(*names)
        if found is None:
            return default
        return str(found).strip().casefold() in {"true", "1", "yes", "y"}

    def row(self, *names: str) -> "Row":
        """An object in it; an empty one where there is none."""
        found = self.value(*names)
        if isinstance(found, list) and len(found) == 1:
            found = found[0]
        if found is None or found == []:
            return Row({}, self._names, self._inside(names[0]))
        if not isinstance(found, Mapping):
            raise self.wrong(names[0], found, "an object")
        return Row(found, self._names, self._inside(names[0]))

    def rows(self, *names: str) -> "list[Row]":
        """A list of objects; one object is a list of one (avidxchange 3)."""
        found = self.value(*names)
        listed = [] if found is None else found if isinstance(found, list) else [found]
        rows = []
        for at, one in enumerate(listed, 1):
            if not isinstance(one, Mapping):
                raise self.wrong(names[0], one, "a list of objects")
            rows.append(Row(one, self._names, f"{self._inside(names[0])}[{at}]"))
        return rows

    def _inside(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place else name

    def wrong(self, name: str, value: Any, wanted: str) -> NeedsCorrection:
        """The error of a field that is not what it should be."""
        shown = "nothing" if value is None else repr(value)[:60]
        return NeedsCorrection(
            Reason.BAD_VALUE,
            f"{self._inside(name)} is {shown}, where {wanted} is due.",
            remedy="Ask AvidXchange to correct it, or mend `fields` of the resource if another field says it.",
            data={"place": self._inside(name), "value": shown, "wanted": wanted},
        )
