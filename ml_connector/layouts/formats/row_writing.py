"""Nodes to rows: flat files repeat the header with every line, parent-child files have records of their own."""

from collections.abc import Iterator

from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.layouts.formats.delimited import FORMULA_MARKS, written_row
from ml_connector.layouts.formats.fixed_lines import aligned_right
from ml_connector.layouts.formats.nodes import Node
from ml_connector.layouts.spec.compiled_layout import TAGGED, CompiledField, CompiledLevel, Layout
from ml_connector.layouts.values.encodings import encoded
from ml_connector.layouts.values.findings import shown


def write_rows(nodes: list[Node], layout: Layout) -> str:
    """The text of documents as rows. Raises NeedsCorrection for a value that its place cannot hold."""
    return "".join(_Rows(layout).of(nodes))


class _Rows:
    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._settings = layout.settings
        self._fixed = layout.format.startswith("fixed")
        self._tagged = layout.format in TAGGED
        self._bytes = self._fixed and layout.settings.fixed.positions == "bytes"

    def of(self, nodes: list[Node]) -> Iterator[str]:
        if self._layout.format == "csv" and self._settings.csv.header:
            fields = [
                one for level in self._layout.document.chain() for one in level.fields if not one.settings.same_as
            ]
            width = max((one.column for one in fields), default=-1) + 1
            names = [""] * width
            for one in fields:
                names[one.column] = one.heading or one.name
            yield written_row(names, self._settings.csv, "Row 1")
        for node in nodes:
            yield from self._node(node, [])

    def _node(self, node: Node, above: list[Node]) -> Iterator[str]:
        """The rows of a node, with those of the records below it."""
        inline = node.level.inline
        if inline and node.children.get(inline.name):
            for child in node.children[inline.name]:
                yield from self._node(child, [*above, node])
            return
        head = above[0] if above else node
        yield self._row([*above, node], head.level.tag)
        for child_level in node.level.children:
            for child in node.children.get(child_level.name, ()):
                yield from self._node(child, [])
        if not above:
            for tag in dict.fromkeys(one.record for one in node.level.fields if one.record != node.level.tag):
                yield self._row([node], tag)

    def _row(self, chain: list[Node], tag: str) -> str:
        """One row of the fields that stand in records of this tag; levels that have no record leave theirs empty."""
        levels = {id(node.level): node for node in chain}
        cells: list[tuple[CompiledField, str]] = []
        for level in _whole(chain):
            node = levels.get(id(level))
            for one in level.fields:
                if one.writes and one.record == tag:
                    cells.append((one, (node.cells[one.index] or "") if node else ""))
        where = ", ".join(node.place.path for node in chain)
        return self._fixed_row(cells, tag, where) if self._fixed else self._delimited_row(cells, tag, where)

    def _delimited_row(self, cells: list[tuple[CompiledField, str]], tag: str, where: str) -> str:
        row = [""] * (max((one.column for one, _ in cells), default=0) + 1)
        for one, text in cells:
            if self._settings.csv.formulas == "refuse" and one.form == "text" and text.startswith(FORMULA_MARKS):
                raise _cannot(one, where, text, "begins like a formula, which csv.formulas refuses")
            row[one.column] = text
        if self._tagged:
            row[0] = tag
        return written_row(row, self._settings.csv, where)

    def _fixed_row(self, cells: list[tuple[CompiledField, str]], tag: str, where: str) -> str:
        settings = self._settings.fixed
        width = max((one.start + one.length for one, _ in cells), default=0)
        if self._tagged:
            width = max(width, settings.tag_start - 1 + settings.tag_length)
        row = [" "] * width
        for one, text in cells:
            row[one.start : one.start + one.length] = self._filled(one, text, where)
        if self._tagged:
            start = settings.tag_start - 1
            row[start : start + settings.tag_length] = tag.ljust(settings.tag_length)
        line = "".join(row)
        return self._characters(line) + settings.terminator

    def _characters(self, line: str) -> str:
        return line.encode("latin-1").decode(self._settings.text.encoding) if self._bytes else line

    def _filled(self, one: CompiledField, text: str, where: str) -> str:
        if any(c in text for c in "\r\n"):
            raise _cannot(one, where, text, "holds a line end")
        if self._bytes:
            return self._filled_bytes(one, text, where)
        if len(text) > one.length:
            if one.settings.too_long != "cut" or one.form != "text":
                raise _cannot(one, where, text, f"is longer than its {one.length} positions")
            text = text[: one.length]
        return self._padded(one, text)

    def _filled_bytes(self, one: CompiledField, text: str, where: str) -> str:
        """A text with one character for each of its bytes."""
        encoding = self._settings.text.encoding
        while len(text.encode(encoding, "replace")) > one.length and one.settings.too_long == "cut":
            text = text[:-1]
        data = encoded(text, encoding, bom=False)
        if len(data) > one.length:
            raise _cannot(one, where, text, f"is longer than its {one.length} positions, which count bytes")
        return self._padded(one, data.decode("latin-1"))

    def _padded(self, one: CompiledField, text: str) -> str:
        if not text:
            return " " * one.length
        pad = one.settings.pad
        right = aligned_right(one)
        if right and pad == "0" and text[0] == "-":
            return "-" + text[1:].rjust(one.length - 1, pad)
        return text.rjust(one.length, pad) if right else text.ljust(one.length, pad)


def _whole(chain: list[Node]) -> list[CompiledLevel]:
    """The levels of a row, also those below the last node that have nothing to say in it."""
    return chain[0].level.chain()


def _cannot(one: CompiledField, where: str, text: str, problem: str) -> NeedsCorrection:
    return NeedsCorrection(
        Reason.BAD_VALUE,
        f"{where}: {one.name}: {shown(text)} {problem}.",
        remedy="Mend the document where it comes from, or the layout.",
        data={"field": one.name},
    )
