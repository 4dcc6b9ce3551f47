"""Where the headings of a delimited file stand, and in which column each field is. Above them may be a title, or the
line `sep=;` of a spreadsheet; below them they may come again.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ml_connector.documents.values.unseen import as_key
from ml_connector.errors import SenderMustCorrect
from ml_connector.layouts.formats import delimited
from ml_connector.layouts.spec.compiled_layout import CompiledField, Layout
from ml_connector.layouts.values.findings import LayoutFinding, LayoutPlace, Severity, finding, shown

#: Problems of the headings named at once.
MOST_NAMED = 20
#: Rows in which headings are looked for.
LOOKED_AT = 100
#: What a spreadsheet puts above a table to say what parts its columns.
_SEP = re.compile(r'"?sep=(.)"?[,;\t|]*', re.IGNORECASE)
_DELIMITERS = {";": "semicolons", ",": "commas", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True)
class Headings:
    """`at` is their row, from 0; without headings the one above the first. `plain` are their texts as compared."""

    at: int
    columns: dict[int, int]
    width: int
    plain: tuple[str, ...] = ()


def rows_above(text: str, layout: Layout) -> int:
    """Rows above the headings, or above the first row where there are none, as far as the layout and `sep=` say.

    Raises:
        SenderMustCorrect: the file says that something else parts its columns than the layout.
    """
    settings = layout.settings.csv
    given = settings.skip_rows if isinstance(settings.skip_rows, int) else 0
    found = _SEP.fullmatch(text.partition("\n")[0].strip("\r\ufeff"))
    if found is None:
        return given
    if found.group(1) != settings.delimiter and not given:
        raise SenderMustCorrect(
            f"Row 1: the file says that its columns are parted by {shown(found.group(1))}, the layout says "
            f"{shown(settings.delimiter)}.",
            remedy="Set csv.delimiter in the layout to what the sender writes, or ask the sender for the one agreed.",
            data={"row": 1},
        )
    return max(given, 1)


def find(text: str, layout: Layout, notes: list[LayoutFinding]) -> Headings:
    """The headings of a text. Raises SenderMustCorrect naming every one that is missing or double, and where they seem
    to stand.
    """
    settings = layout.settings.csv
    start = rows_above(text, layout)
    if not settings.header:
        columns = {id(one): one.column for level in layout.document.chain() for one in level.fields}
        return Headings(start - 1, columns, max(columns.values(), default=0) + 1)
    wanted = LOOKED_AT if settings.skip_rows == "to_headings" else 0
    most = start + LOOKED_AT
    while True:
        head = delimited.first_rows(text, settings, layout.settings.limits, most)
        begun = [at for at in range(start, len(head)) if any(map(_plain, head[at]))]
        if begun or len(head) < most:
            break
        most *= 10
    first: SenderMustCorrect | None = None
    for at in begun[: wanted or 1]:
        try:
            return _at_row(at, head[at], layout, notes)
        except SenderMustCorrect as error:
            first = first or error
    if first is None:
        raise SenderMustCorrect(
            f"There are no headings in the file, only {len(head)} empty rows or rows to skip.",
            remedy="Ask the sender for it; see csv.skip_rows in the layout.",
        )
    where = _seem_to_stand(text, head, layout)
    if not where:
        raise first
    begins = shown(next(filter(None, map(_plain, head[begun[0]])))[:60])
    raise SenderMustCorrect(
        f"Row {begun[0] + 1} does not hold the headings, it begins with {begins}.{where}",
        remedy=first.remedy,
        data=first.data,
    ) from first


def _plain(text: str) -> str:
    """A heading as it is seen: whether words of it stand in one line or two tells nothing."""
    return " ".join(as_key(text).split())


def compared(text: str, layout: Layout) -> str:
    """A heading as it is compared."""
    plain = _plain(text)
    return plain.casefold() if layout.settings.csv.headings == "any_case" else plain


def _at_row(at: int, row: Sequence[str], layout: Layout, notes: list[LayoutFinding]) -> Headings:
    """The headings in a row. Raises SenderMustCorrect."""
    settings = layout.settings.csv
    width = max(number for number, text in enumerate(row, 1) if _plain(text))
    first = list(row[:width])
    plain = tuple(compared(text, layout) for text in first)
    where: dict[str, list[int]] = {}
    for number, text in enumerate(plain):
        where.setdefault(text, []).append(number)
    columns: dict[int, int] = {}
    problems: list[str] = []
    for one in _fields(layout):
        if not one.heading:
            columns[id(one)] = one.column if one.column < len(first) else -1
            continue
        found = where.get(compared(one.heading, layout), [])
        if len(found) > 1:
            problems.append(f"column {shown(one.heading)} stands {len(found)} times")
        elif not found and one.reads and (one.settings.required or settings.missing_columns == "refuse"):
            problems.append(f"column {shown(one.heading)} is missing")
        columns[id(one)] = found[0] if found else -1
    known = set(columns.values())
    unknown = [_plain(text) for number, text in enumerate(first) if number not in known]
    if unknown and settings.unknown_columns == "refuse":
        problems += [f"column {shown(text)} is unknown" for text in unknown]
    if problems:
        raise _wrong_headings(at, problems, first)
    if unknown:
        names = ", ".join(shown(text) for text in unknown[:MOST_NAMED])
        notes.append(
            finding("unknown_column", LayoutPlace(at + 1), "", f"columns not read: {names}", severity=Severity.WARNING)
        )
    return Headings(at, columns, width, plain)


def _fields(layout: Layout) -> Iterator[CompiledField]:
    for level in layout.document.chain():
        yield from level.fields


def _wrong_headings(at: int, problems: list[str], first: list[str]) -> SenderMustCorrect:
    told = "; ".join(problems[:MOST_NAMED])
    if len(problems) > MOST_NAMED:
        told += f"; and {len(problems) - MOST_NAMED} more"
    found = ", ".join(shown(text) for text in first[:MOST_NAMED])
    return SenderMustCorrect(
        f"Row {at + 1}: {told}. The headings are {found}.",
        remedy="Ask the sender for the columns agreed, or name its own in the layout.",
        data={"problems": problems[:MOST_NAMED], "row": at + 1},
    )


def _seem_to_stand(text: str, head: Sequence[Sequence[str]], layout: Layout) -> str:
    """A sentence that says where the headings seem to stand, and what would have them read; empty where nowhere."""
    wanted = {compared(one.heading, layout) for one in _fields(layout) if one.heading and one.reads}
    settings = layout.settings.csv
    lines = text.split("\n", LOOKED_AT)[:LOOKED_AT]
    others = [one for one in _DELIMITERS if one != settings.delimiter]
    tables_of = [(settings.delimiter, head), *((one, [line.split(one) for line in lines]) for one in others)]
    best, at, by = 0, 0, settings.delimiter
    for delimiter, rows in tables_of:
        for number, row in enumerate(rows):
            met = len(wanted & {compared(text.strip().strip("\"'"), layout) for text in row})
            if met > best:
                best, at, by = met, number, delimiter
    if best < 2 or best * 2 < len(wanted):
        return ""
    if by != settings.delimiter:
        return f" They seem to stand in row {at + 1}, parted by {_DELIMITERS[by]}: see csv.delimiter."
    quoted = any('"' in text for text in head[at]) and settings.quote == '"'
    hint = f"`csv: {{skip_rows: {at}}}` or `{{skip_rows: to_headings}}` skips what stands above"
    if quoted:
        hint = "`csv: {skip_blanks: true}` reads values whose quotes stand behind a blank"
    return f" They seem to stand in row {at + 1}: {hint}." if at + 1 != _row_of(head, settings) or quoted else ""


def _row_of(head: Sequence[Sequence[str]], settings: object) -> int:
    """The row that was taken for the headings."""
    skipped = getattr(settings, "skip_rows", 0)
    start = skipped if isinstance(skipped, int) else 0
    return next((at + 1 for at in range(start, len(head)) if any(map(_plain, head[at]))), 0)
