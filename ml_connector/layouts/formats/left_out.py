"""Rows of a delimited table that are no data: headings that come again, rows of totals, rows without a key."""

import re

from ml_connector.errors import SenderMustCorrect
from ml_connector.layouts.formats.headings import MOST_NAMED, Headings, compared
from ml_connector.layouts.formats.nodes import Cells
from ml_connector.layouts.spec.compiled_layout import Layout
from ml_connector.layouts.values.findings import LayoutFinding, LayoutPlace, Severity, finding, shown

#: What rows of totals are called: sums, in between and at the end, as programs of several countries write them.
_SUM = (
    r"(?:(?:grand|sub|sous|eind|end|zwischen)[ -]?)?"
    r"(?:totals?|tota(?:al|le|len|les|li|ux)|sums?|summen?|summa|sommes?|somma|soma|suma|gesamt(?:summe|betrag)?"
    r"|razem|celkem|yhteensä|toplam|итого|всего)"
    r"(?: (?:general|général|generale|geral|générale))?"
)
#: How such rows usually begin; only to say what would leave them out.
_TOTALS = re.compile(rf"{_SUM}\b.*|gesamt.*|end of .*|\d+ (?:rows|records|lines)", re.IGNORECASE)
#: What stands alone in a column of line or item numbers where the row is no line.
_A_TOTAL = re.compile(rf"{_SUM} *:?", re.IGNORECASE)


class LeftOut:
    """Which rows are left out, as the layout says; told in `notes`, as far as there is room."""

    def __init__(self, layout: Layout, headings: Headings, notes: list[LayoutFinding]) -> None:
        settings = layout.settings.csv
        self._layout = layout
        self._headings = headings
        self._notes = notes
        self._told = 0
        self._repeated = settings.repeated_headings == "ignore"
        self._exact = {compared(text, layout) for text in settings.ignored_rows if not text.endswith("*")}
        self._begins = tuple(compared(text[:-1], layout) for text in settings.ignored_rows if text.endswith("*"))
        self._ignored = bool(settings.ignored_rows)
        self.by_key = settings.rows_without_key == "ignore"
        used = [column for column in headings.columns.values() if column >= 0] if headings.plain else []
        self._names = {headings.plain[column] for column in used}

    def __call__(self, at: int, row: Cells, key: tuple[str, ...]) -> bool:
        """Whether a row is left out. Raises SenderMustCorrect for headings that come again in another order."""
        first = next((compared(cell, self._layout) for cell in row if cell and cell.strip()), "")
        if self._names and first in self._names and self._again(at, row):
            return self._tell(at, "it repeats the headings")
        if self._ignored and (first in self._exact or (self._begins and first.startswith(self._begins))):
            return self._tell(at, f"it begins with {shown(first)}, which csv.ignored_rows names")
        if self.by_key and key and not any(key):
            return self._tell(at, "nothing stands in the columns that documents are known by")
        return False

    def _again(self, at: int, row: Cells) -> bool:
        plain = tuple(compared(cell or "", self._layout) for cell in row[: self._headings.width])
        if plain == self._headings.plain:
            return self._repeated
        if self._names <= set(plain):
            raise SenderMustCorrect(
                f"Row {at + 1}: headings come again in another order than in row {self._headings.at + 1}.",
                remedy="Ask the sender for one table in each file.",
                data={"row": at + 1},
            )
        return False

    def _tell(self, at: int, why: str) -> bool:
        self._told += 1
        if self._told <= MOST_NAMED:
            self._notes.append(
                finding("left_out", LayoutPlace(at + 1), "", f"this row is left out: {why}", severity=Severity.WARNING)
            )
        return True


def is_total(text: str) -> bool:
    """Whether this, as a line's or an item's number, says that its row is one of totals."""
    return _A_TOTAL.fullmatch(text.strip()) is not None


def seems_total(row: Cells) -> str:
    """The text by which a row looks like one of totals; empty where it does not."""
    first = next((cell.strip() for cell in row if cell and cell.strip()), "")
    return first if _TOTALS.fullmatch(first) else ""
