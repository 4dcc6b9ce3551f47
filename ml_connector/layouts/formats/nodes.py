"""Between a file's format and its documents: records of levels, with the texts of their fields and their places."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ml_connector.documents.values.unseen import as_key
from ml_connector.layouts.spec.compiled_layout import CompiledField, CompiledLevel
from ml_connector.layouts.values.findings import LayoutFinding, LayoutPlace, finding, shown
from ml_connector.layouts.values.values import WrongText

Cells = list[str | None]


class Amounts(str):
    """Numbers that stand in elements that may name their currency, as (text, currency); several where one repeats."""

    parts: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, parts: list[tuple[str, str]]) -> "Amounts":
        made = cls(parts[0][0] if len(parts) == 1 else ", ".join(text for text, _ in parts))
        made.parts = tuple(parts)
        return made


#: Findings kept with one node; what tells them cuts them shorter still.
MOST_FOUND = 1_000


@dataclass(slots=True)
class Node:
    """One record of a level. cells are its fields' texts, None where the file has no place for one.

    told are those whose trouble is among the findings already.
    """

    level: CompiledLevel
    cells: Cells
    place: LayoutPlace
    children: dict[str, list["Node"]] = field(default_factory=dict)
    known: dict[tuple[str, tuple[str, ...]], "Node"] = field(default_factory=dict)
    findings: list[LayoutFinding] = field(default_factory=list)
    elsewhere: dict[int, LayoutPlace] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)

    def text(self, one: CompiledField) -> str | None:
        return self.cells[one.index]

    def where(self, one: CompiledField) -> LayoutPlace:
        """Where a field's text stands: some stand in a record of their own."""
        return self.elsewhere.get(one.index, self.place)


def attach(parent: Node, chain: list[tuple[CompiledLevel, Cells]], place: LayoutPlace) -> Node:
    """Put a row or element, which carries a chain of levels, under its parent; the innermost node it made or met.

    Levels that are repeated with the rows below them are met again by their key; what differs then is told.
    """
    here = parent
    for position, (level, cells) in enumerate(chain):
        if position and not any(any(below) for _, below in chain[position:]):
            return here
        here = _entered(here, level, cells, place, met_again=level.inline is not None)
    return here


def take(level: CompiledLevel, cell: Callable[[CompiledField], str | None], above: Node, place: LayoutPlace) -> Node:
    """Put one element with its chain of levels under its parent, `cell` giving each field's text."""
    chain: list[tuple[CompiledLevel, Cells]] = []
    wrong: list[tuple[CompiledField, WrongText]] = []
    for part in level.chain():
        cells: Cells = []
        for one in part.fields:
            try:
                cells.append(cell(one))
            except WrongText as error:
                cells.append(None)
                wrong.append((one, error))
        chain.append((part, cells))
    node = attach(above, chain, place)
    tell(node, wrong, place)
    return node


def _entered(parent: Node, level: CompiledLevel, cells: Cells, place: LayoutPlace, *, met_again: bool) -> Node:
    key = (level.name, key_of(level, cells))
    if met_again and (found := parent.known.get(key)) is not None:
        compare(found, cells, place)
        return found
    made = Node(level, cells, place)
    parent.children.setdefault(level.name, []).append(made)
    if met_again:
        parent.known[key] = made
    return made


def key_of(level: CompiledLevel, cells: Cells) -> tuple[str, ...]:
    """What a repeated row is known by."""
    return tuple(as_key((cells[index] or "").strip()) for index in level.key)


def compare(node: Node, cells: Cells, place: LayoutPlace) -> None:
    """Tell where a repeated row says something else than the first one of its document."""
    if cells == node.cells or len(node.findings) >= MOST_FOUND:
        return
    for one, first, again in zip(node.level.fields, node.cells, cells, strict=True):
        if as_key((first or "").strip()) != as_key((again or "").strip()) and one.reads and not one.settings.same_as:
            problem = f"differs from row {node.place.row}, which belongs to the same {_singular(node.level.name)}"
            node.findings.append(
                finding("differs", place, one.label, problem, value=again or "", expected=shown(first or ""))
            )


def _singular(name: str) -> str:
    return name.removesuffix("s")


def tell(node: Node, wrong: list[tuple[CompiledField, WrongText]], place: LayoutPlace) -> None:
    """What of a row or element could not even be taken as text, told at its innermost node."""
    own = {id(one) for one in node.level.fields}
    for one, error in wrong:
        node.findings.append(finding(error.code, place, one.label, "cannot be read", expected=error.expected))
        if id(one) in own:
            node.told.add(one.index)
