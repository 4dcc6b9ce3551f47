"""Text to rows and back: delimited (by pandas, everything as text) and fixed lines. No meaning here, only cells."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ml_connector.errors import NeedsCorrection, Reason, SenderMustCorrect, WeAreWrong
from ml_connector.layouts.formats.nodes import Cells
from ml_connector.layouts.spec.file_formats import CsvSettings
from ml_connector.layouts.spec.model import Limits
from ml_connector.layouts.values.findings import shown

_LINE_ENDS = ("\r\n", "\n", "\r")
#: Around and instead of data: NUL (as its mark), the end-of-file mark of old systems, blanks, byte order marks.
NOTHING = "\x01\x1a \t\u00a0\ufeff\u200b"
#: Rows times columns: one very wide row makes all others as wide.
MOST_CELLS = 40_000_000
#: For pandas: every cell as the text that it is, rows as they stand, no heading of its own.
_AS_TEXT: dict[str, Any] = {
    "header": None,
    "index_col": False,
    "dtype": object,
    "na_filter": False,
    "keep_default_na": False,
    "skip_blank_lines": False,
    "engine": "python",
}
#: Cells that a spreadsheet would compute.
FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Table:
    """Rows of cells; a cell is None where its row has ended before. `width` columns are meant; one more holds what
    stands behind them. longer: the rows with cells behind them, empty ones included.
    """

    rows: Sequence[Sequence[object]]
    width: int
    longer: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.rows)

    def row(self, at: int) -> Cells:
        """The cells of a row, one more than `width` where it has more."""
        return [cell if isinstance(cell, str) else None for cell in self.rows[at]]

    def blank(self, at: int) -> bool:
        return not any(isinstance(cell, str) and cell.strip(NOTHING) for cell in self.rows[at])


def with_line_ends(text: str, terminator: str) -> str:
    """The text with line ends that every reader knows."""
    if terminator not in _LINE_ENDS:
        return text.replace(terminator, "\n")
    # What a program makes of CRLF that takes it for LF once more.
    text = text.replace("\r\r\n", "\r\n")
    alone = text.count("\r") - text.count("\r\n")
    if terminator == "\r" or alone > text.count("\n"):
        return text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def check_rows(text: str, limits: Limits) -> None:
    """Bound the rows of a text before anything is made of them. Raises SenderMustCorrect, naming the row."""
    if text.count("\n") >= limits.rows:
        raise SenderMustCorrect(
            f"The file has more than {limits.rows} rows.", remedy="Ask for smaller files, or raise limits.rows."
        )
    start, row = 0, 1
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end - start > limits.row_length:
            raise SenderMustCorrect(
                f"Row {row}: {end - start} characters in one line, it begins with {shown(text[start : start + 60])}.",
                remedy=f"At most {limits.row_length} are read; see whether the line ends are what the layout says.",
                data={"row": row},
            )
        start, row = end + 1, row + 1


def first_rows(text: str, settings: CsvSettings, limits: Limits, most: int) -> list[list[str]]:
    """The cells of the first rows. Raises SenderMustCorrect where the first cannot be read, or one is too wide."""
    rows: list[list[str]] = []
    try:
        rows.extend(islice(_reader(text, settings), most))
    except csv.Error as error:
        if not rows:
            raise _unreadable(1, str(error)) from error
    for number, row in enumerate(rows, 1):
        if len(row) > limits.columns:
            raise SenderMustCorrect(
                f"Row {number}: {len(row)} columns; the layout takes at most {limits.columns}.",
                remedy="See whether the delimiter is what the layout says.",
                data={"row": number},
            )
    return rows


def _reader(text: str, settings: CsvSettings) -> Iterator[list[str]]:
    return csv.reader(
        io.StringIO(text, newline=""),
        delimiter=settings.delimiter,
        quotechar=settings.quote or '"',
        quoting=csv.QUOTE_MINIMAL if settings.quote else csv.QUOTE_NONE,
        strict=True,
        skipinitialspace=settings.skip_blanks,
    )


def read_delimited(text: str, settings: CsvSettings, width: int, limits: Limits) -> Table:
    """The rows of a delimited text, each cell as it stands there.

    Raises:
        SenderMustCorrect: the quoting is broken, so that nobody can tell where cells end, or a row has too many
            columns; names the row.
    """
    import pandas as pd

    rows, widest = _measured(text, settings, limits)
    names = list(range(max(width + 1, widest)))
    try:
        frame = pd.read_csv(
            io.StringIO(text, newline=""),
            sep=settings.delimiter,
            quotechar=settings.quote or '"',
            quoting=csv.QUOTE_MINIMAL if settings.quote else csv.QUOTE_NONE,
            names=names,
            skipinitialspace=settings.skip_blanks,
            **_AS_TEXT,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error) as error:
        raise _unreadable(rows, str(error)[:200]) from error
    if len(frame) != rows:
        raise WeAreWrong(f"pandas read {len(frame)} rows of {rows}")
    cells = [frame[column].tolist() for column in names[:width]]
    longer = frozenset(at for at, cell in enumerate(frame[width].tolist()) if isinstance(cell, str))
    return Table(list(zip(*cells, _behind(frame, names[width:]), strict=True)), width, longer)


def _behind(frame: Any, names: Sequence[int]) -> list[str | None]:
    """Of each row the first cell behind the columns meant that holds anything; empty ones are none."""
    found: list[str | None] = [None] * len(frame)
    for name in names:
        for at, cell in enumerate(frame[name].tolist()):
            if found[at] is None and isinstance(cell, str) and cell.strip(NOTHING):
                found[at] = cell
    return found


def _measured(text: str, settings: CsvSettings, limits: Limits) -> tuple[int, int]:
    """How many rows there are, and how many columns the widest has. Raises SenderMustCorrect for one beyond all bounds.

    Measured before pandas reads: it leaves out rows that it cannot read where it is told to bear with some.
    """
    row = widest = widest_row = 0
    try:
        for row, cells in enumerate(_reader(text, settings), 1):
            if len(cells) > widest:
                widest, widest_row = len(cells), row
                if widest > limits.columns:
                    break
    except csv.Error as error:
        raise _unreadable(row + 1, str(error)) from error
    if widest > limits.columns or widest * row > MOST_CELLS:
        raise SenderMustCorrect(
            f"Row {widest_row}: {widest} columns; the layout takes at most {limits.columns}, and a file of {row} rows "
            f"{MOST_CELLS // max(row, 1)}.",
            remedy="See whether delimiter and line ends are what the layout says.",
            data={"row": widest_row},
        )
    return row, widest


def _unreadable(row: int, problem: str) -> SenderMustCorrect:
    told = {
        "unexpected end of data": "a quote that opens is never closed",
        "new-line character seen in unquoted field - do you need to open the file with newline=''?": "a stray CR",
    }.get(problem, problem.replace("field larger than field limit", "a cell is longer than allowed"))
    return SenderMustCorrect(
        f"Row {row}: {told}.",
        remedy="Ask the sender to mend it: a quote inside of a quoted value is doubled. Or mend csv.quote in the "
        "layout.",
        data={"row": row},
    )


def read_lines(text: str) -> list[str]:
    """The lines of a text without their ends."""
    lines = text.split("\n")
    return [line.removesuffix("\r") for line in lines]


def written_row(cells: Sequence[str], settings: CsvSettings, where: str) -> str:
    """One delimited row with its terminator. Raises NeedsCorrection where a cell cannot be told apart any more."""
    return settings.delimiter.join(_cell(cell, settings, where) for cell in cells) + settings.terminator


def _cell(cell: str, settings: CsvSettings, where: str) -> str:
    quote = settings.quote
    marked = any(mark in cell for mark in (settings.delimiter, *settings.terminator, "\r", "\n")) or (
        bool(quote) and quote in cell
    )
    if marked and not quote:
        raise NeedsCorrection(
            Reason.CHARACTER_NOT_SENDABLE,
            f"{where}: {shown(cell)} holds a delimiter or a line end, and the layout quotes nothing.",
            remedy="Take it out of the document, or set csv.quote in the layout.",
        )
    if settings.terminator not in _LINE_ENDS and settings.terminator in cell:
        raise NeedsCorrection(
            Reason.CHARACTER_NOT_SENDABLE,
            f"{where}: {shown(cell)} holds the terminator of rows.",
            remedy="Take it out of the document.",
        )
    if quote and (marked or settings.quoting == "all" or cell != cell.strip()):
        return f"{quote}{cell.replace(quote, quote * 2)}{quote}"
    return cell
