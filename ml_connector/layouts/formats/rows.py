"""Files of rows: which cell is which field, and which rows make a document. Flat files and parent-child files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ml_connector.documents.common import DocumentKind
from ml_connector.documents.values.unseen import as_key
from ml_connector.layouts.formats import delimited, headings
from ml_connector.layouts.formats.delimited import Table
from ml_connector.layouts.formats.fixed_lines import Lines
from ml_connector.layouts.formats.headings import Headings
from ml_connector.layouts.formats.left_out import LeftOut, is_total, seems_total
from ml_connector.layouts.formats.nodes import MOST_FOUND, Cells, Node, attach, key_of
from ml_connector.layouts.spec.compiled_layout import TAGGED, CompiledField, CompiledLevel, Layout
from ml_connector.layouts.values.findings import LayoutFinding, LayoutPlace, Severity, finding, shown

#: What stands before and behind a comma inside a number.
_BEFORE_COMMA = re.compile("[-+]?[0-9]{1,3}").fullmatch
_BEHIND_COMMA = re.compile("[0-9]{1,3}").fullmatch
#: Findings that say that a row ended too early.
ENDS_EARLY = frozenset({"columns", "damaged"})


@dataclass(frozen=True)
class Stray:
    """Rows that belong to no document."""

    finding: LayoutFinding


def read(text: str, layout: Layout) -> Iterator[Node | Stray]:
    """The documents of a text of rows. Raises SenderMustCorrect when its columns or quoting are not the layout's."""
    settings = layout.settings
    fixed = layout.format.startswith("fixed")
    text = delimited.with_line_ends(text, settings.fixed.terminator if fixed else settings.csv.terminator)
    delimited.check_rows(text, settings.limits)
    if fixed:
        lines = delimited.read_lines(text)
        return _tagged(_FixedLines(lines, layout), layout) if layout.format in TAGGED else _flat_fixed(lines, layout)
    if layout.format in TAGGED:
        return _tagged(_Records(text, layout), layout)
    return _flat_delimited(text, layout)


# ---- flat ----


def _flat_delimited(text: str, layout: Layout) -> Iterator[Node]:
    notes: list[LayoutFinding] = []
    found = headings.find(text, layout, notes)
    table = delimited.read_delimited(text, layout.settings.csv, found.width, layout.settings.limits)
    return _grouped(_Cells(table, found, layout, notes, open_end=not text.endswith("\n")), layout, notes)


class _Cells:
    """Rows of a delimited table, level by level."""

    def __init__(
        self, table: Table, found: Headings, layout: Layout, notes: list[LayoutFinding], *, open_end: bool
    ) -> None:
        self._table = table
        self._strict_width = layout.settings.csv.header
        self._refuse_more = layout.settings.csv.unknown_columns == "refuse" or layout.settings.csv.header
        self._left_out = LeftOut(layout, found, notes)
        #: Ship notices have no total that would show a quantity that was cut in two by its own comma.
        self._may_be_cut = layout.kind is DocumentKind.SHIP_NOTICE and layout.settings.csv.delimiter == ","
        self.first = found.at + 1
        self.open_end = open_end
        chain = layout.document.chain()
        self.levels = [(level, [found.columns.get(id(one), -1) for one in level.fields]) for level in chain]

    def __len__(self) -> int:
        return len(self._table)

    def blank(self, at: int) -> bool:
        if self._table.blank(at):
            return True
        return self._left_out(at, self._table.row(at), self._key(at) if self._left_out.by_key else ())

    def _key(self, at: int) -> tuple[str, ...]:
        level, cells = self.chain(at)[0]
        return key_of(level, cells)

    def chain(self, at: int) -> list[tuple[CompiledLevel, Cells]]:
        row = self._table.row(at)
        return [(level, [row[c] if c >= 0 else None for c in columns]) for level, columns in self.levels]

    def problems(self, at: int) -> Iterator[LayoutFinding]:
        row = self._table.row(at)
        width = self._table.width
        if (found := seems_total(row)) and not all(self._key(at)):
            problem = f"this looks like a row of totals; `csv: {{ignored_rows: [{found[:40]}]}}` leaves such rows out"
            yield finding("left_out", LayoutPlace(at + 1), "", problem, severity=Severity.WARNING)
        for level, columns in self.levels[1:]:
            for one, column in zip(level.fields, columns, strict=True):
                if column >= 0 and one.is_key and is_total(row[column] or ""):
                    problem = "this is a row of totals, no line"
                    yield finding("left_out", LayoutPlace(at + 1), one.label, problem, value=row[column])
        if self._may_be_cut and at in self._table.longer:
            yield from self._cut_in_two(at, row)
        if row[width] is not None and self._refuse_more:
            yield finding(
                "columns",
                LayoutPlace(at + 1),
                "",
                "has more columns than there are headings",
                expected=f"{width} columns",
            )
        elif (self._strict_width or (self.open_end and at == len(self) - 1)) and row[width - 1] is None:
            has = sum(cell is not None for cell in row)
            yield finding(
                "columns",
                LayoutPlace(at + 1),
                "",
                f"ends after {has} columns; it may be cut off",
                expected=f"{width} columns",
            )

    def _cut_in_two(self, at: int, row: Cells) -> Iterator[LayoutFinding]:
        """Of a row with more cells than headings: a number whose comma may have parted it, 1,000 without quotes."""
        fields = [(one, c) for level, columns in self.levels for one, c in zip(level.fields, columns, strict=True)]
        numbers = {column for one, column in fields if one.form == "number"}
        for one, column in fields:
            if column not in numbers or column + 1 in numbers or column + 1 >= self._table.width:
                continue
            number, rest = (row[column] or "").strip(), (row[column + 1] or "").strip()
            if _BEFORE_COMMA(number) and _BEHIND_COMMA(rest):
                expected = f"{number}, or {number},{rest} in quotes: the row has more cells than there are headings"
                problem = "can be read in two ways"
                yield finding("two_readings", LayoutPlace(at + 1), one.label, problem, value=number, expected=expected)


class _FixedCells:
    """Lines of a flat fixed file, level by level."""

    first = 0

    def __init__(self, lines: list[str], layout: Layout) -> None:
        self._lines = Lines(lines, layout)
        self.open_end = self._lines.open_end >= 0
        self.levels = [(level, level.fields) for level in layout.document.chain()]
        self._fields = [one for _, fields in self.levels for one in fields]

    def __len__(self) -> int:
        return len(self._lines)

    def blank(self, at: int) -> bool:
        return self._lines.blank(at)

    def chain(self, at: int) -> list[tuple[CompiledLevel, Cells]]:
        return [(level, self._lines.cells(at, fields)) for level, fields in self.levels]

    def problems(self, at: int) -> Iterator[LayoutFinding]:
        yield from self._lines.problems(at, self._fields)


def _flat_fixed(lines: list[str], layout: Layout) -> Iterator[Node]:
    return _grouped(_FixedCells(lines, layout), layout, [])


def _grouped(rows: _Cells | _FixedCells, layout: Layout, notes: list[LayoutFinding]) -> Iterator[Node]:
    """Documents in the order of their first rows, wherever their other rows stand."""
    document = layout.document
    groups: dict[tuple[str, ...], list[int]] = {}
    for at in range(rows.first, len(rows)):
        if rows.blank(at):
            continue
        key = key_of(document, rows.chain(at)[0][1]) if document.key else ()
        groups.setdefault(key, []).append(at)
    torn = _torn(rows, groups)
    for members in groups.values():
        above = Node(document, [], LayoutPlace())
        for at in members:
            attach(above, rows.chain(at), LayoutPlace(at + 1))
            if len(above.findings) < MOST_FOUND:
                above.findings += rows.problems(at)
        for node in above.children.get(document.name, ()):
            node.findings += above.findings + notes
            node.findings += torn.pop(members[-1], [])
            node.place = LayoutPlace(members[0] + 1, last_row=members[-1] + 1)
            notes = []
            yield node


def _torn(rows: _Cells | _FixedCells, groups: dict[tuple[str, ...], list[int]]) -> dict[int, list[LayoutFinding]]:
    """By the row before the last one, that the file ends inside the last: which was perhaps of the same document."""
    there = sorted(at for members in groups.values() for at in members)[-2:]
    found = list(rows.problems(there[1])) if len(there) > 1 and rows.open_end else []
    if not any(one.code in ENDS_EARLY for one in found) or any(one.code == "left_out" for one in found):
        return {}
    told = f"the file ends inside row {there[1] + 1}, which may be of this document: it may lack lines"
    return {there[0]: [finding("damaged", LayoutPlace(there[0] + 1), "", told)]}


# ---- parent-child ----


class _Records:
    """Rows whose first column is a tag."""

    def __init__(self, text: str, layout: Layout) -> None:
        width = 1 + max((one.column for level in layout.document.all() for one in level.fields), default=1)
        self._refuse = layout.settings.csv.unknown_columns == "refuse"
        delimited.first_rows(text, layout.settings.csv, layout.settings.limits, 1)
        self._above = headings.rows_above(text, layout)
        self._table = delimited.read_delimited(text, layout.settings.csv, width, layout.settings.limits)
        #: The row that the file ends in without a line end: whoever leaves empty columns away ends it all the same.
        self._open_end = -1 if text.endswith("\n") else len(self._table) - 1

    def __len__(self) -> int:
        return len(self._table)

    def blank(self, at: int) -> bool:
        return at < self._above or self._table.blank(at)

    def tag(self, at: int) -> str:
        return as_key((self._table.row(at)[0] or "").strip())

    def cells(self, at: int, fields: list[CompiledField]) -> Cells:
        row = self._table.row(at)
        return [row[one.column] for one in fields]

    def problems(self, at: int, fields: list[CompiledField]) -> Iterator[LayoutFinding]:
        last = max((one.column for one in fields), default=0)
        row = self._table.row(at)
        if self._refuse and any(cell and cell.strip() for cell in row[last + 1 :]):
            yield finding("columns", LayoutPlace(at + 1), "", "has more columns", expected=f"{last + 1} columns")
        if at == self._open_end and row[last] is None:
            has = sum(cell is not None for cell in row)
            problem = f"the file ends inside this record, after {has} columns; it may be cut off"
            yield finding("damaged", LayoutPlace(at + 1), "", problem, expected=f"{last + 1} columns")


class _FixedLines(Lines):
    """Fixed lines with a tag at a place of its own."""

    def __init__(self, lines: list[str], layout: Layout) -> None:
        super().__init__(lines, layout)
        self._settings = layout.settings.fixed

    def tag(self, at: int) -> str:
        return self.text(at, self._settings.tag_start - 1, self._settings.tag_length).strip()


class _Walk:
    """Puts records under their parents as they come."""

    def __init__(self, rows: _Records | _FixedLines, layout: Layout) -> None:
        self._rows = rows
        self._layout = layout
        self._openers: dict[str, tuple[CompiledLevel, CompiledLevel | None]] = {}
        self._extras: dict[str, CompiledLevel] = {}
        self._open: dict[int, Node] = {}
        for level, parent in _heads(layout.document, None):
            self._openers[level.tag] = (level, parent)
            self._extras |= {one.record: level for one in level.fields if one.record != level.tag}
        self.document: Node | None = None

    def take(self, at: int) -> Iterator[Node | Stray]:
        """Take a row; the document that it ends, or what is wrong with a row that belongs nowhere."""
        tag = self._rows.tag(at)
        place = LayoutPlace(at + 1)
        if tag in self._layout.settings.ignored_tags:
            return
        if tag in self._extras:
            yield from self._extra(at, self._extras[tag], place)
            return
        if tag not in self._openers:
            known = ", ".join([*self._openers, *self._extras])
            yield from self._told(
                finding("unknown_record", place, "", "unknown record", value=tag, expected=f"one of {known}")
            )
            return
        level, parent = self._openers[tag]
        if parent is None:
            if self.document is not None:
                yield self.document
            self._open.clear()
            above = Node(level, [], place)
        else:
            found = self._open.get(id(parent))
            if found is None:
                yield from self._told(
                    finding("stray_record", place, "", f"record {shown(tag)} stands under no {parent.name}")
                )
                return
            above = found
        self._enter(at, level, above, place)

    def _enter(self, at: int, level: CompiledLevel, above: Node, place: LayoutPlace) -> None:
        fields = [one for part in level.chain() for one in part.fields if one.record == level.tag]
        chain: list[tuple[CompiledLevel, Cells]] = []
        for part in level.chain():
            cells: Cells = [None] * len(part.fields)
            own = [one for one in part.fields if one.record == level.tag]
            for one, cell in zip(own, self._rows.cells(at, own), strict=True):
                cells[one.index] = cell
            chain.append((part, cells))
        node = attach(above, chain, place)
        node.findings += self._rows.problems(at, fields)
        for part in level.all():
            self._open.pop(id(part), None)
        self._open[id(node.level)] = node
        self._open[id(level)] = node
        if level.depth == 0:
            self.document = above.children[level.name][0]

    def _extra(self, at: int, level: CompiledLevel, place: LayoutPlace) -> Iterator[Node | Stray]:
        tag = self._rows.tag(at)
        node = self._open.get(id(level))
        if node is None:
            yield from self._told(
                finding("stray_record", place, "", f"record {shown(tag)} stands under no {level.name}")
            )
            return
        own = [one for one in level.fields if one.record == tag]
        if own and own[0].index in node.elsewhere:
            node.findings.append(
                finding("repeated", place, "", f"record {shown(tag)} stands twice for one {level.name}")
            )
            return
        node.findings += self._rows.problems(at, own)
        for one, cell in zip(own, self._rows.cells(at, own), strict=True):
            node.cells[one.index] = cell
            node.elsewhere[one.index] = place

    def _told(self, wrong: LayoutFinding) -> Iterator[Stray]:
        """A wrong row is told of the document it stands in; before the first one it stands alone."""
        if self.document is None:
            yield Stray(wrong)
        elif len(self.document.findings) < MOST_FOUND:
            self.document.findings.append(wrong)


def _heads(level: CompiledLevel, parent: CompiledLevel | None) -> Iterator[tuple[CompiledLevel, CompiledLevel | None]]:
    """Levels with rows of their own, each with the level its parent rows end in."""
    yield level, parent
    last = level.chain()[-1]
    for child in last.children:
        yield from _heads(child, last)


def _tagged(rows: _Records | _FixedLines, layout: Layout) -> Iterator[Node | Stray]:
    walk = _Walk(rows, layout)
    for at in range(len(rows)):
        if rows.blank(at):
            continue
        for item in walk.take(at):
            if isinstance(item, Node):
                item.place = LayoutPlace(item.place.row, last_row=at)
            yield item
    if walk.document is not None:
        walk.document.place = LayoutPlace(walk.document.place.row, last_row=len(rows))
        yield walk.document
