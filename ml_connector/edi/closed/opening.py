"""Documents of sets that are right in every respect, made of their segments' text as far as they are asked for.

A set with lines (orders, their changes and answers, invoices) is told by the letters of its segments where each
line begins. Lines are made when `lines` is asked for: what stands in their opening segment at once, the rest when a
line is asked for more; the header when anything else of the document is asked for. All of it is made by the same
mapping that reads any other set.
"""

from collections.abc import Sequence
from typing import Any

from ml_connector.documents.common import Record
from ml_connector.documents.later import Source, later
from ml_connector.documents.shipments import ShipNotice, ShippedItem
from ml_connector.edi.closed.filling import lines_of, record_of
from ml_connector.edi.closed.setpattern import SetPattern
from ml_connector.edi.framing.segments import Segment, neutralize
from ml_connector.edi.framing.separators import Separators
from ml_connector.edi.mapping.registry import SCOPES, read_document
from ml_connector.edi.mapping.scopes import Scope
from ml_connector.edi.mapping.ship_notice import ITEM, SN1, Level, link, orders_of
from ml_connector.edi.validation.schema import LoopRule, SegmentRule, SetRule
from ml_connector.edi.validation.structure import Loop, grow, length


class Opener:
    """Makes documents of right sets of one definition in one set of separators."""

    def __init__(self, rule: SetRule, separators: Separators) -> None:
        self._rule = rule
        self._separators = separators
        self._composed = {name: segment for name, segment in rule.segments.items() if segment.composites}

    def document(self, found: list[str], shape: str) -> Record | None:  # noqa: ARG002 - for those with lines
        """The document of a right set's segments, the first of which is the one that every such set begins with."""
        return read_document(grow(self.split(found), self._rule.root))

    def split(self, found: list[str], first: int = 1) -> list[Segment]:
        """Segments of their text; `first` is the number of the first."""
        mark, composed = self._separators.element, self._composed
        segments = [Segment(text.split(mark), number) for number, text in enumerate(found, start=first)]
        for segment in segments:
            if segment.elements[0] in composed:
                rule = composed[segment.elements[0]]
                neutralize(segment, rule.composites, len(rule.elements), self._separators)
        return segments


class LineOpener(Opener):
    """Makes documents with lines. Sources are (self, segments, shape) of a document, (lines, segments) of a line."""

    def __init__(
        self, rule: SetRule, separators: Separators, pattern: SetPattern, lines: Scope, loop: LoopRule
    ) -> None:
        super().__init__(rule, separators)
        self._scope = SCOPES[rule.set_type][1]
        self._pattern = pattern
        self._letter = pattern.letter(lines.segment_id)
        self._loop = loop
        self._lines = _Lines(self, lines, loop, rule.segments[lines.segment_id], separators.element)

    def document(self, found: list[str], shape: str) -> Record | None:
        return later(self._scope.model, (self, found, shape))

    def some(self, source: Source, name: str) -> dict[str, Any] | None:
        """The lines alone."""
        if name != "lines":
            return None
        _, found, shape = source
        bounds = self._bounds(shape)
        return {"lines": self._lines.made(found, bounds)}

    def whole(self, source: Source, made: dict[str, Any], *, deep: bool) -> dict[str, Any]:
        """The header, with the lines as they are or are made now."""
        _, found, shape = source
        lines = made.get("lines")
        if deep and lines is None:
            document = super().document(found, shape)
            return {} if document is None else dict(document.__dict__)
        bounds = self._bounds(shape)
        if lines is None:
            lines = self._lines.made(found, bounds)
        # the last line tells what behind it stands in no line
        others = [*found[: bounds[0]], *found[bounds[-2] :]] if lines else found
        root = grow(self.split(others), self._rule.root)
        opening = root.segments[1]
        root.segments = [s for s in root.segments if s.elements[0] not in {"ST", "SE"}]
        root.loops = [loop for loop in root.loops if loop.rule is not self._loop]
        return self._scope.values(root, opening, {"lines": lines} if lines else {})

    def _bounds(self, shape: str) -> list[int]:
        """Where each line begins, and where the last one ends; empty without lines."""
        letter = self._letter
        bounds = [at for at, one in enumerate(shape) if one == letter]
        if bounds:
            behind = bounds[-1] + 1
            bounds.append(behind + length(map(self._pattern.name, shape[behind:]), self._loop))
        return bounds


class NoticeOpener(Opener):
    """Makes ship notices. Sources are (self, segments, shape) of a notice, (items, segments, bounds) of an item."""

    def __init__(self, rule: SetRule, separators: Separators, pattern: SetPattern, loop: LoopRule) -> None:
        super().__init__(rule, separators)
        self._mark = separators.element
        self._pattern = pattern
        self._loop = loop
        self._level, self._prf, self._sn1, self._man = (pattern.letter(name) for name in ("HL", "PRF", "SN1", "MAN"))
        self._items = _Items(self, loop, rule.segments["SN1"], separators.element)

    def document(self, found: list[str], shape: str) -> Record | None:
        return later(ShipNotice, (self, found, shape))

    def some(self, source: Source, name: str) -> dict[str, Any] | None:
        """Orders with their items alone."""
        if name != "orders":
            return None
        _, found, shape = source
        levels = self._levels(found, shape)
        link(levels, found[1].split(self._mark))
        return {"orders": orders_of(levels)}

    def whole(self, source: Source, made: dict[str, Any], *, deep: bool) -> dict[str, Any]:  # noqa: ARG002 - as any maker has it
        """The notice read as any other: whether its tree is kept depends on all of it."""
        notice = read_document(grow(self.split(source[1]), self._rule.root))
        return {} if notice is None else dict(notice.__dict__)

    def _levels(self, found: list[str], shape: str) -> list[Level]:
        bounds = [at for at, letter in enumerate(shape) if letter == self._level]
        if not bounds:
            return []
        behind = bounds[-1] + 1
        bounds.append(behind + length(map(self._pattern.name, shape[behind:]), self._loop))
        mark, items = self._mark, self._items
        sn1, prf, man = self._sn1, self._prf, self._man
        levels: list[Level] = []
        for number, start in enumerate(bounds[:-1]):
            end = bounds[number + 1]
            elements = found[start].split(mark)
            elements += ("", "", "")
            at = shape.find(prf, start, end)
            named = found[at].split(mark) if at >= 0 else None
            at = shape.find(sn1, start, end)
            levels.append(_Span(elements, named, at >= 0 or elements[3] == "I", (), items, found, start, end, at))
            at = shape.find(man, start, end)
            if at >= 0:
                levels[-1].marks = self._marks(found, shape, at, end)
        return levels

    def _marks(self, found: list[str], shape: str, start: int, end: int) -> list[str]:
        marks = [found[at].split(self._mark) for at in range(start, end) if shape[at] == self._man]
        return [mark[2] for mark in marks if len(mark) > 2]


class _Span(Level):
    """A level that is told by where its segments are."""

    __slots__ = ("_at", "_end", "_found", "_items", "_start")

    def __init__(
        self,
        elements: list[str],
        prf: list[str] | None,
        is_item: bool,
        marks: Sequence[str],
        items: "_Items",
        found: list[str],
        start: int,
        end: int,
        at: int,
    ) -> None:
        super().__init__(elements, prf, is_item, marks)
        self._items, self._found, self._start, self._end, self._at = items, found, start, end, at

    def loop(self) -> Loop:
        return self._items.loop(self._found, self._start, self._end)

    def item(self, packs: tuple[str, ...]) -> ShippedItem:
        return self._items.made(self._found, self._start, self._end, self._at, packs)


class _Items:
    """Makes the items of ship notices."""

    def __init__(self, opener: Opener, loop: LoopRule, rule: SegmentRule, mark: str) -> None:
        self._opener, self._loop, self._mark = opener, loop, mark
        self._fill = record_of(ShippedItem, SN1, ITEM, rule, "packs")

    def made(self, found: list[str], start: int, end: int, sn1: int, packs: tuple[str, ...]) -> ShippedItem:
        """An item with what its SN1 tells; `sn1` is where that stands, -1 where it has none."""
        source = (self, found, start, end)
        if sn1 >= 0:
            item: ShippedItem = self._fill(source, packs, found[sn1].split(self._mark))
            return item
        return later(ShippedItem, source, packs=packs)

    def loop(self, found: list[str], start: int, end: int) -> Loop:
        """An HL loop of its segments."""
        return grow(self._opener.split(found[start:end], start + 1), self._loop)

    def some(self, source: Source, name: str) -> dict[str, Any] | None:  # noqa: ARG002 - as any maker has it
        """Nothing alone."""
        return None

    def whole(self, source: Source, made: dict[str, Any], *, deep: bool) -> dict[str, Any]:  # noqa: ARG002 - as any maker has it
        """All that stands in the item's level."""
        return ITEM.values(self.loop(*source[1:]))


class _Lines:
    """Makes the lines of documents of one kind."""

    def __init__(self, opener: LineOpener, scope: Scope, loop: LoopRule, rule: SegmentRule, mark: str) -> None:
        self._opener, self._scope, self._loop = opener, scope, loop
        self._fill = lines_of(scope, rule, mark)

    def made(self, found: list[str], bounds: list[int]) -> tuple[Any, ...]:
        """Lines that begin at all bounds but the last, with the fields of their opening segment."""
        return self._fill(found, bounds, self)

    def some(self, source: Source, name: str) -> dict[str, Any] | None:  # noqa: ARG002 - as any maker has it
        """Nothing alone."""
        return None

    def whole(self, source: Source, made: dict[str, Any], *, deep: bool) -> dict[str, Any]:  # noqa: ARG002 - as any maker has it
        """All that stands in the line's loop."""
        _, found, start, end = source
        return self._scope.values(grow(self._opener.split(found[start:end], start + 1), self._loop))


def opener_for(rule: SetRule, separators: Separators, pattern: SetPattern) -> Opener:
    """What makes the documents of a set."""
    if rule.set_type == "856":
        level = rule.root.first["HL"].loop
        once = all(_uses(rule.root, name) == 1 for name in ("HL", "PRF", "SN1", "MAN"))
        return (
            NoticeOpener(rule, separators, pattern, level) if once and level is not None else Opener(rule, separators)
        )
    scope = SCOPES[rule.set_type][1] if rule.set_type in SCOPES else None
    lines = next((s for s in scope.slots if isinstance(s, Scope) and s.name == "lines"), None) if scope else None
    if lines is None:
        return Opener(rule, separators)
    node = rule.root.first.get(lines.segment_id)
    # where its first segment stood elsewhere too, it would not tell where a line begins
    if node is None or node.loop is None or _uses(rule.root, lines.segment_id) != 1:
        return Opener(rule, separators)
    return LineOpener(rule, separators, pattern, lines, node.loop)


def _uses(loop: LoopRule, segment_id: str) -> int:
    """How often a segment has a place in a loop and those inside, not counting again what opens them."""
    count = 0
    for node in loop.nodes:
        if node.loop is not None:
            count += _uses(node.loop, segment_id)
        elif node.segment_id == segment_id:
            count += 1
    return count
