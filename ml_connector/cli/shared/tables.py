"""Tables for a terminal: columns are chosen by its width, words are never broken; plain tab-separated for a pipe.

A column is shown whole or not at all; only one of text may end early, behind a word. What has no place is named, and
`--wide` shows everything.
"""

import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import click

from ml_connector.cli.shared.output import safe, say, shown, tell

F = TypeVar("F", bound=Callable[..., Any])

GAP = "  "
#: A column of text may become so narrow.
LEAST_TEXT = 24
CUT = "\N{HORIZONTAL ELLIPSIS}"
_WIDE = "ml_connector.wide"


def wide(function: F) -> F:
    """The option `--wide` of a command that prints tables."""

    def keep(context: click.Context, _: click.Parameter, value: bool) -> None:
        context.meta[_WIDE] = value

    option = click.option(
        "--wide", is_flag=True, expose_value=False, callback=keep, help="All columns, whole, whatever the width."
    )
    return option(function)


def places(text: str) -> int:
    """How many places a text takes in a terminal: a Chinese character takes two."""
    from rich.cells import cell_len  # heavy, and asked for by tables alone

    return cell_len(text)


@dataclass(frozen=True)
class Column:
    """One column as text. text: it may end early. numeric: it stands to the right."""

    name: str
    cells: Sequence[str]
    text: bool
    numeric: bool

    @classmethod
    def of(cls, name: str, values: Sequence[Any]) -> "Column":
        """Of the values of all rows."""
        cells = [one_line(shown(value)) for value in values]
        numbers = [isinstance(value, int | Decimal) and not isinstance(value, bool) for value in values]
        return cls(name, cells, any(" " in cell for cell in cells), bool(numbers) and all(numbers))

    @property
    def width(self) -> int:
        """What it needs to be whole."""
        return max((places(one) for one in (self.name, *self.cells)), default=0)

    @property
    def least(self) -> int:
        return max(min(self.width, LEAST_TEXT), places(self.name)) if self.text else self.width


@dataclass(frozen=True)
class Fitted:
    """A table for a width. left_out: names of columns that have no place."""

    lines: Sequence[str]
    left_out: Sequence[str]


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str = "", least: Sequence[str] = ()
) -> None:
    """Print a table on standard output: by the terminal's width, or tab-separated with its head where there is none.

    least: columns that go first where not all have a place; then those farthest to the right.
    """
    made = [Column.of(name, [row[at] for row in rows]) for at, name in enumerate(columns)]
    width = terminal_width()
    if width is None:
        for line in separated(made):
            click.echo(line)
        return
    context = click.get_current_context(silent=True)
    unbounded = context is not None and context.meta.get(_WIDE, False)
    fitted = fit(made, None if unbounded else width, least)
    if title:
        click.secho(title, bold=True)
    head, *lines = fitted.lines
    click.secho(head, bold=True)
    for line in lines:
        click.echo(line)
    if fitted.left_out:
        tell(f"No place here for: {', '.join(fitted.left_out)} (--wide shows all).")


def below(text: str) -> None:
    """A sentence about a table, in lines of whole words; in a pipe it is no row, and goes to standard error."""
    width = terminal_width()
    if width is None:
        tell(text)
    else:
        for line in wrapped(text, width):
            say(line)


def wrapped(text: str, width: int, head: str = "") -> list[str]:
    """Lines of whole words behind a head; a word that is longer than a line has one of its own."""
    return textwrap.wrap(
        safe(text),
        width,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def terminal_width() -> int | None:
    """Columns of the terminal; None where standard output is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def separated(columns: Sequence[Column]) -> Iterator[str]:
    """The head and each row, with tabs between whole values."""
    yield "\t".join(column.name for column in columns)
    for cells in zip(*(column.cells for column in columns), strict=True):
        yield "\t".join(cells)


def fit(columns: Sequence[Column], width: int | None, least: Sequence[str] = ()) -> Fitted:
    """The table in lines of at most that width, as far as its first column lets them; None for any."""
    filled = [one for at, one in enumerate(columns) if at == 0 or any(one.cells) or not one.cells]
    kept, left_out = list(filled), list[str]()
    while width is not None and len(kept) > 1 and _together([one.least for one in kept]) > width:
        gone = next((one for name in least for one in kept[1:] if one.name == name), kept[-1])
        kept.remove(gone)
        left_out.append(gone.name)
    widths = _widths(kept, width)
    lines = [_line([one.name for one in kept], kept, widths)]
    lines += [_line(cells, kept, widths) for cells in zip(*(one.cells for one in kept), strict=True)]
    return Fitted(lines, left_out)


def _together(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _widths(columns: Sequence[Column], width: int | None) -> list[int]:
    """What is left goes to the columns of text, to each as much as it needs, from the left."""
    if width is None:
        return [one.width for one in columns]
    widths = [one.least for one in columns]
    left = width - _together(widths)
    for at, one in enumerate(columns):
        more = max(min(one.width - widths[at], left), 0)
        widths[at] += more
        left -= more
    return widths


def _line(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    parts = []
    for cell, column, width in zip(cells, columns, widths, strict=True):
        text = cut(cell, width) if column.text else cell
        space = " " * max(width - places(text), 0)
        parts.append(space + text if column.numeric else text + space)
    return GAP.join(parts).rstrip()


def cut(text: str, width: int) -> str:
    """The text, or its first whole words and a mark that there are more."""
    if places(text) <= width:
        return text
    kept = ""
    for word in text.split(" "):
        longer = f"{kept} {word}" if kept else word
        if places(longer) + places(CUT) + 1 > width:
            break
        kept = longer
    return f"{kept} {CUT}" if kept else CUT


def one_line(text: str) -> str:
    """A cell without line ends and tabs, which would be other cells."""
    return re.sub(r"[\t\r\n]+", " ", text)
