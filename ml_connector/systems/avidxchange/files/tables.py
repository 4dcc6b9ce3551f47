"""Tables as files have them: a row of headers, columns by name and not by place (avidxchange 6)."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ml_connector.errors import NeedsCorrection, Reason, SenderMustCorrect
from ml_connector.systems.avidxchange.file_settings import AvidFiles, FileLayout

#: A file of more rows is none of theirs.
MOST_ROWS = 500_000
_AGAIN = "Have the file sent again; it is read anew then."


@dataclass(frozen=True)
class TableRow:
    """One row. number: of the row in its file, the headers are 1. cells: by field."""

    number: int
    cells: Mapping[str, str]


def written(rows: Iterable[Mapping[str, str]], layout: FileLayout, files: AvidFiles) -> bytes:
    """A file of these rows.

    Raises:
        NeedsCorrection: a value has characters that the file's encoding does not have.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=files.delimiter, lineterminator=files.line_end)
    writer.writerow([layout.header(one) for one in layout.columns])
    for row in rows:
        writer.writerow([_plain(row.get(one, "")) for one in layout.columns])
    try:
        return out.getvalue().encode(files.encoding)
    except UnicodeEncodeError as error:
        bad = error.object[error.start : error.start + 1]
        raise NeedsCorrection(
            Reason.BAD_VALUE,
            f"The character {bad!r} cannot be written in {files.encoding}.",
            remedy="Take it out of the record in the ERP, or agree on encoding: utf-8 with AvidXchange.",
            data={"value": repr(bad)},
        ) from error


def _plain(value: str) -> str:
    """One line: a break or a control character inside of a value would tear the row at a simple reader."""
    return " ".join("".join(one if one.isprintable() else " " for one in value).split())


def fits(head: bytes, layout: FileLayout, needed: Sequence[str], files: AvidFiles) -> bool:
    """Whether a file that begins so has the headers that nothing can be read without, as far as it is seen."""
    text = head.decode(files.encoding, "replace").removeprefix("\ufeff")
    line, whole, _ = text.partition("\n")
    headers = [one.strip().strip('"').casefold() for one in line.strip().split(files.delimiter)]
    seen = [one for one in needed if layout.header(one).casefold() in headers]
    if whole:
        return len(seen) == len(needed)
    # Its headers break off: those that are there whole are ours.
    known = {layout.header(one).casefold() for one in layout.FIELDS}
    return len(seen) >= 2 or (len(headers) > 1 and known.issuperset(headers[:-1]))


def read(data: bytes, layout: FileLayout, needed: Sequence[str], files: AvidFiles) -> list[TableRow]:
    """The rows of a file; empty ones are left out.

    Raises:
        SenderMustCorrect: it is no such table. `unfinished` in its data: its last row ends too early, and the rest may
            still come.
    """
    try:
        text = data.decode(files.encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise SenderMustCorrect(
            f"Row {data[: error.start].count(10) + 1}: a byte is no {files.encoding}.",
            remedy="Agree on the encoding with AvidXchange, and set files.encoding.",
            data={"offset": error.start},
        ) from error
    parsed = _parsed(text, files)
    if not parsed:
        raise SenderMustCorrect("There is nothing in the file.", remedy=_AGAIN, data={"unfinished": True})
    if len(parsed) == 1 and not text.endswith("\n") and not _are_whole(parsed[0][1], layout, needed):
        raise SenderMustCorrect("The row of headers breaks off.", remedy=_AGAIN, data={"unfinished": True})
    columns = _columns(parsed[0][1], layout, needed)
    rows: list[TableRow] = []
    for number, cells in parsed[1:]:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(parsed[0][1]):
            _wrong_width(number, cells, parsed, ends=text.endswith("\n"))
        rows.append(TableRow(number, {field: cells[at].strip() for field, at in columns.items()}))
    return rows


def _parsed(text: str, files: AvidFiles) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=files.delimiter, strict=True)
    found: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if len(found) > MOST_ROWS:
                raise SenderMustCorrect(f"The file has more than {MOST_ROWS} rows.", remedy="Ask for smaller files.")
            found.append((reader.line_num, cells))
    except csv.Error as error:
        # A quote that is never closed is how a file looks whose end has not come yet.
        raise SenderMustCorrect(
            f"Row {reader.line_num}: quotes do not fit ({str(error)[:60]}).",
            remedy=_AGAIN,
            data={"row": reader.line_num, "unfinished": not text.endswith("\n")},
        ) from error
    return found


def _columns(headers: Sequence[str], layout: FileLayout, needed: Sequence[str]) -> dict[str, int]:
    """Where each field stands."""
    places: dict[str, int] = {}
    for at, one in enumerate(headers):
        name = one.strip().casefold()
        if name in places:
            raise SenderMustCorrect(f"Two columns are called {one.strip()[:60]!r}.", remedy=_AGAIN)
        places[name] = at
    found = {one: places[name] for one in layout.FIELDS if (name := layout.header(one).casefold()) in places}
    if lacking := [layout.header(one) for one in needed if one not in found]:
        raise SenderMustCorrect(
            f"There is no column {' or '.join(lacking)}; there are {', '.join(one[:40] for one in headers[:30])}.",
            remedy="Ask for the columns, or say what they are called under `headers` of this kind of file.",
            data={"columns": lacking},
        )
    return found


def _are_whole(headers: Sequence[str], layout: FileLayout, needed: Sequence[str]) -> bool:
    """Whether these may be all headers of a file without rows: what is needed is there, and the last one is ours."""
    names = [one.strip().casefold() for one in headers]
    known = {layout.header(one).casefold() for one in layout.FIELDS}
    return names[-1] in known and all(layout.header(one).casefold() in names for one in needed)


def _wrong_width(number: int, cells: Sequence[str], parsed: Sequence[tuple[int, list[str]]], *, ends: bool) -> None:
    last = number == parsed[-1][0] and not ends
    raise SenderMustCorrect(
        f"Row {number} has {len(cells)} cells, and there are {len(parsed[0][1])} columns.",
        remedy=_AGAIN,
        data={"row": number, "unfinished": last},
    )
