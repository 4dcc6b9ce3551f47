"""Lines of fixed positions: what stands where, and what tells that a line is damaged, so that nothing is believed."""

from collections.abc import Iterator, Sequence

from ml_connector.documents.values.characters import character_name
from ml_connector.documents.values.unseen import hidden_in
from ml_connector.layouts.formats.nodes import Cells
from ml_connector.layouts.spec.compiled_layout import TAGGED, CompiledField, Layout
from ml_connector.layouts.values.findings import LayoutFinding, LayoutPlace, finding

#: What an empty line may hold: NUL (as its mark), the end-of-file mark of old systems, blanks.
NOTHING = "\x01\x1a \t\ufeff"


def aligned_right(one: CompiledField) -> bool:
    """Whether a field is filled up on its left."""
    return one.settings.align == "right" or (one.settings.align is None and one.form in {"number", "integer"})


def cut(line: str, one: CompiledField) -> str:
    """A field's text in a fixed line, without what fills it up."""
    text = line[one.start : one.start + one.length].strip(" ")
    pad = one.settings.pad
    if pad.isdigit() or pad in " +-":
        return text
    return text.lstrip(pad) if aligned_right(one) else text.rstrip(pad)


class Lines:
    """The lines of a file. Where positions count bytes, each character of several bytes takes as many positions."""

    def __init__(self, lines: Sequence[str], layout: Layout) -> None:
        settings = layout.settings.fixed
        self._bytes = settings.positions == "bytes"
        self._encoding = layout.settings.text.encoding
        self._short = settings.short_lines
        self._long = settings.long_lines
        tag_start = settings.tag_start - 1
        self._tag = (tag_start, tag_start + settings.tag_length) if layout.format in TAGGED else (0, 0)
        self._skipped = settings.skip_lines
        self._lines = [self._positions(line.lstrip("\ufeff").rstrip("\x1a")) for line in lines]
        last = max((at for at, line in enumerate(lines) if line.strip(NOTHING)), default=-1)
        #: The line that the file ends in without a line end: whoever cuts blanks off leaves it.
        self.open_end = last if last == len(lines) - 1 else -1

    def _positions(self, line: str) -> str:
        """The line as one character for each of its positions. In bytes, they are bytes."""
        if not self._bytes or line.isascii():
            return line
        return line.encode(self._encoding, "surrogatepass").decode("latin-1")

    def __len__(self) -> int:
        return len(self._lines)

    def blank(self, at: int) -> bool:
        return at < self._skipped or not self._lines[at].strip(NOTHING)

    def text(self, at: int, start: int, length: int) -> str:
        return self._whole(self._lines[at][start : start + length])

    def cells(self, at: int, fields: Sequence[CompiledField]) -> Cells:
        return [self._whole(cut(self._lines[at], one)) for one in fields]

    def _whole(self, text: str) -> str:
        """The characters of a part of a line; of one that was cut in two, what tells that it is damaged."""
        if not self._bytes or text.isascii():
            return text
        return text.encode("latin-1").decode(self._encoding, "replace")

    def problems(self, at: int, fields: Sequence[CompiledField]) -> Iterator[LayoutFinding]:
        """What is wrong with a line as a whole."""
        line = self._lines[at]
        least = max([self._tag[1], *(one.start + one.length for one in fields)])
        place = LayoutPlace(at + 1)
        if "\t" in line:
            yield finding("damaged", place, "", "holds a tab: what stands behind it cannot be told", expected="blanks")
        hidden = "" if self._bytes or len(line) == least else hidden_in(line)
        if hidden:
            problem = f"holds what nobody sees, so that positions behind it cannot be told: {character_name(hidden)}"
            yield finding("damaged", place, "", problem, expected=f"{least} characters")
        if len(line) > least and line[least:].strip(NOTHING) and self._long == "refuse":
            yield finding(
                "columns",
                place,
                "",
                "goes on behind its last field, so that its fields may stand elsewhere",
                value=line[least:],
                expected=f"{least} characters; `fixed: {{long_lines: ignore}}` where that is meant",
            )
        if len(line) >= least:
            return
        ends_in = next((one for one in fields if one.start < len(line) < one.start + one.length), None)
        if self._short == "refuse":
            yield finding("columns", place, "", f"has {len(line)} characters", expected=f"{least} characters")
        elif ends_in is not None and (aligned_right(ends_in) or at == self.open_end):
            yield self._cut_off(line, place, ends_in)
        elif at == self.open_end and self._others_are_whole(at, least):
            yield finding(
                "damaged",
                place,
                "",
                "the file ends inside this record; it may be cut off",
                expected=f"{least} characters",
            )

    def _others_are_whole(self, at: int, least: int) -> bool:
        """Whether another line of the same kind has all its positions: then no blanks were cut off this one."""
        tag = slice(*self._tag)
        return any(len(line) >= least and line[tag] == self._lines[at][tag] for line in self._lines[:at])

    def _cut_off(self, line: str, place: LayoutPlace, one: CompiledField) -> LayoutFinding:
        more = 0 if self._bytes else len(line.encode("utf-8", "surrogatepass")) - len(line)
        hint = "" if not more else "; where positions count bytes write `fixed: {positions: bytes}`"
        return finding(
            "damaged",
            place,
            one.label,
            "the record ends inside this field; it may be cut off",
            value=line[one.start :],
            expected=f"{one.length} characters, {one.start + 1} to {one.start + one.length}{hint}",
        )
