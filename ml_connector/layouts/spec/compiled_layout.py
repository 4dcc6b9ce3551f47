"""A layout made ready to work: its levels and fields, with addresses, places and ways of writing resolved."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ml_connector.documents.common import DocumentKind, Record
from ml_connector.layouts.spec.field_paths import Target
from ml_connector.layouts.spec.model import FieldSettings, LayoutFile, LayoutLevel
from ml_connector.layouts.spec.paths import Path
from ml_connector.layouts.values.numbers import NumberForm
from ml_connector.layouts.values.values import Converter

ROWS = frozenset({"csv", "fixed", "parent_child", "fixed_parent_child"})
TAGGED = frozenset({"parent_child", "fixed_parent_child"})
#: Texts for people, in which characters that are not seen can be right (they join letters of some scripts).
PROSE = frozenset({"description", "notes", "note", "name", "more_names", "street", "city", "message", "remarks"})


class Contradiction(ValueError):
    """Something in a layout that cannot work: `where` is the key in the file."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(problem)
        self.where = where


@dataclass(frozen=True)
class CompiledField:
    """A field ready to be read and written. index: of its text in its level's cells."""

    name: str
    label: str
    where: str
    index: int
    settings: FieldSettings
    target: Target | None
    special: str
    form: str
    converter: Converter
    codes_out: dict[str, str]
    record: str = ""
    column: int = -1
    heading: str = ""
    start: int = 0
    length: int = 0
    path: Path = field(default_factory=lambda: Path("", ()))
    #: How numbers are written there, also where the value is no number.
    numbers: Converter | None = None
    #: Whether it is money, and what it is rounded to when read.
    money: bool = False
    round_to: int | None = None
    number_form: NumberForm | None = None
    #: Whether nothing else would show a wrong reading of its number: quantities that nothing adds up.
    certain: bool = False

    @property
    def is_key(self) -> bool:
        """Whether something is known by its text, so that only what is seen counts: numbers, codes, identifiers."""
        return self.form == "text" and (self.target is None or self.target.steps[-1].name not in PROSE)

    @property
    def reads(self) -> bool:
        return self.settings.only != "write"

    @property
    def writes(self) -> bool:
        return self.settings.only != "read" and not self.settings.same_as and self.path.written


@dataclass
class CompiledLevel:
    """A level ready: `model` is what its records are, `depth` counts from 0 at the document.

    to: the list its records stand in; rivals: the other levels whose records stand there too.
    """

    name: str
    model: type[Record]
    settings: LayoutLevel
    depth: int
    where: str
    fields: list[CompiledField] = field(default_factory=list)
    constants: list[tuple[Target, Any]] = field(default_factory=list)
    key: tuple[int, ...] = ()
    tag: str = ""
    at: Path = field(default_factory=lambda: Path("", ()))
    inline: "CompiledLevel | None" = None
    children: list["CompiledLevel"] = field(default_factory=list)
    nullable: tuple[str, ...] = ()
    to: str = ""
    rivals: list["CompiledLevel"] = field(default_factory=list, repr=False, compare=False)

    @property
    def below(self) -> list["CompiledLevel"]:
        """Its levels: the inline one, or those with rows or elements of their own."""
        return [self.inline] if self.inline else self.children

    def holds(self, record: Record) -> bool:
        """Whether a record of its list is one of this level: where several share it, the one with the most constants
        that say so.
        """
        return not self.rivals or (
            self._says(record)
            and not any(one._says(record) and len(one.constants) > len(self.constants) for one in self.rivals)
        )

    def _says(self, record: Record) -> bool:
        return all(target.of(record) == value for target, value in self.constants)

    def chain(self) -> list["CompiledLevel"]:
        """The levels that share its row or element, itself first."""
        return [self, *(self.inline.chain() if self.inline else [])]

    def all(self) -> Iterator["CompiledLevel"]:
        """Itself and every level below."""
        yield self
        for level in self.below:
            yield from level.all()


@dataclass(frozen=True)
class Layout:
    """What `load_layout` gives: read and write files with it."""

    settings: LayoutFile
    source: str
    document: CompiledLevel

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def kind(self) -> DocumentKind:
        return DocumentKind(self.settings.kind)

    @property
    def format(self) -> str:
        return self.settings.format

    @property
    def extension(self) -> str:
        """csv, txt, json or xml: what files of this layout are usually called."""
        return {"csv": "csv", "json": "json", "xml": "xml"}.get(self.format, "txt")

    @property
    def holds_several(self) -> bool:
        """Whether one file can hold several documents."""
        if self.format == "xml":
            return bool(self.document.at.steps)
        if self.format == "json":
            return self.settings.json_.documents == "list"
        return self.format in TAGGED or bool(self.document.key)
