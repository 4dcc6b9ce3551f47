"""XML files: elements to nodes. No entities, nothing fetched, nothing beyond the bounds."""

from collections.abc import Iterator
from typing import Any

from ml_connector.errors import SenderMustCorrect
from ml_connector.layouts.formats.nodes import Amounts, Node, take
from ml_connector.layouts.formats.unread import Unread
from ml_connector.layouts.formats.xml_prolog import without_prolog
from ml_connector.layouts.spec.compiled_layout import CompiledField, CompiledLevel, Layout
from ml_connector.layouts.spec.paths import AROUND, NAME_OF, TEXT_OF, Path, PathStep
from ml_connector.layouts.values.findings import LayoutPlace, shown
from ml_connector.layouts.values.values import WrongText

#: lxml is imported where it works only, and its stubs do not know sourceline.
Element = Any

#: Bytes that the parser is given at a time.
CHUNK = 1 << 16


def read(text: str, layout: Layout) -> Iterator[Node]:
    """The documents of an XML text.

    The text is first parsed to its end, so that of a file cut off nothing is taken at all.

    Raises:
        SenderMustCorrect: not well-formed, another root, a document type of its own making, or beyond a bound.
    """
    data = without_prolog(text).encode("utf-8", "surrogatepass")
    names = Names(layout)
    _check(data, layout, names)
    return _Documents(layout, names).of(data)


class Names:
    """Element names as the parser has them, of names with prefixes as layouts have them."""

    def __init__(self, layout: Layout) -> None:
        self.spaces = layout.settings.xml.namespaces
        self.loose = layout.settings.xml.ignore_namespaces
        self._known: dict[str, str] = {}

    def full(self, name: str) -> str:
        """{namespace}local, or local alone where namespaces are ignored or there is none."""
        known = self._known.get(name)
        if known is None:
            prefix, _, local = name.rpartition(":")
            space = self.spaces.get(prefix, "")
            known = local if self.loose or not space else f"{{{space}}}{local}"
            self._known[name] = known
        return known

    def of(self, element: Element) -> str:
        tag = element.tag
        if not isinstance(tag, str):
            return ""
        return tag.rpartition("}")[2] if self.loose else tag

    def attribute(self, element: Element, name: str) -> str | None:
        plain = name.removeprefix("@")
        if not self.loose:
            prefix, _, local = plain.rpartition(":")
            space = self.spaces.get(prefix, "") if prefix else ""
            found = element.get(f"{{{space}}}{local}" if space else local)
            return None if found is None else str(found)
        local = plain.rpartition(":")[2]
        values = (str(v) for k, v in element.attrib.items() if str(k).rpartition("}")[2] == local)
        return next(values, None)


class _Bounds:
    """Looks at every element once and forgets it: bounded, of the right root, without a document type."""

    def __init__(self, layout: Layout, names: Names) -> None:
        self._limits = layout.settings.limits
        self._roots = layout.settings.xml.roots
        self._names = names
        self._depth = 0
        self._elements = 0

    def start(self, element: Element) -> None:
        if not self._elements:
            if element.getroottree().docinfo.internalDTD is not None:
                raise _Wrong("the file has a document type (DOCTYPE), which is never read")
            roots = [self._names.full(root) for root in self._roots]
            if self._names.of(element) not in roots:
                wanted = " or ".join(map(shown, roots))
                raise _Wrong(f"the root is {shown(self._names.of(element))}, expected {wanted}")
        self._depth += 1
        self._elements += 1
        if self._depth > self._limits.depth:
            raise _Wrong(f"elements are nested deeper than {self._limits.depth}")
        if self._elements > self._limits.rows:
            raise _Wrong(f"there are more than {self._limits.rows} elements")
        if len(element.attrib) > self._limits.columns:
            raise _Wrong(f"{shown(self._names.of(element))} has {len(element.attrib)} attributes")

    def end(self, element: Element) -> None:
        self._depth -= 1
        if len(element.text or "") > self._limits.row_length:
            raise _Wrong(f"one text has more than {self._limits.row_length} characters")
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]


class _Wrong(ValueError):
    """What a target found; the parser hands it through."""


_OPTIONS: dict[str, Any] = {
    "resolve_entities": False,
    "load_dtd": False,
    "dtd_validation": False,
    "no_network": True,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


def _check(data: bytes, layout: Layout, names: Names) -> None:
    from lxml import etree

    bounds = _Bounds(layout, names)
    # The same parser as takes the documents: what one of the two refuses, the other does.
    parser = etree.XMLPullParser(events=("start", "end"), encoding="utf-8", **_OPTIONS)
    try:
        for start in range(0, len(data), CHUNK):
            parser.feed(data[start : start + CHUNK])
            for event, element in parser.read_events():
                (bounds.start if event == "start" else bounds.end)(element)
        parser.close()
    except _Wrong as error:
        raise SenderMustCorrect(
            f"The XML is not what the layout reads: {_printable(str(error))}.", remedy=_REMEDY
        ) from error
    except etree.XMLSyntaxError as error:
        raise _not_well_formed(error, parser) from error


_REMEDY = "See whether the file is of this layout, or ask the sender for it again."


def _not_well_formed(error: Any, parser: Any) -> SenderMustCorrect:
    line, column = error.position
    said = str(error.msg or "not well-formed")
    if not line and (first := next(iter(parser.feed_error_log), None)) is not None:
        # Of an entity nobody knows, the parser itself says only that the file ends there.
        line, column, said = first.line, first.column, str(first.message)
    remedy = _REMEDY
    if said.startswith("Entity"):
        remedy = "Ask the sender to write the character itself: nothing that a DTD declares is ever fetched."
    return SenderMustCorrect(f"Line {line}, column {column}: {_printable(said)}.", remedy=remedy, data={"row": line})


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:300]


class _Documents:
    """Takes documents as their elements end; what was read of one is forgotten then."""

    def __init__(self, layout: Layout, names: Names) -> None:
        self._layout = layout
        self._names = names
        self._roots = frozenset(map(names.full, layout.settings.xml.roots))
        self._places = layout.document.at.places
        self._ends = frozenset(names.full(place.steps[-1].name) for place in self._places if place.steps) or self._roots
        self._cells = _Cells(layout, names)
        self._unread = Unread(layout, lambda element, pick: _picked(element, pick, names), names.full)

    def of(self, data: bytes) -> Iterator[Node]:
        from lxml import etree

        parser = etree.XMLPullParser(events=("end",), encoding="utf-8", **_OPTIONS)
        count = 0
        for start in range(0, len(data), CHUNK):
            try:
                parser.feed(data[start : start + CHUNK])
            except etree.XMLSyntaxError as error:
                raise _not_well_formed(error, parser) from error
            for _, ended in parser.read_events():
                element: Element = ended
                if self._names.of(element) not in self._ends or not any(self._stands(element, p) for p in self._places):
                    continue
                count += 1
                above = Node(self._layout.document, [], LayoutPlace(int(element.sourceline or 0)))
                yield self._taken(self._layout.document, element, above, count)
                if self._places[0].steps:
                    self._forget(element)
        parser.close()
        if not count:
            raise SenderMustCorrect(
                f"There is no element {self._layout.document.at.text!r} in the file, where the documents stand.",
                remedy=_REMEDY,
            )

    def _forget(self, element: Element) -> None:
        element.clear()
        while element.getprevious() is not None and self._names.of(element.getprevious()) in self._ends:
            parent = element.getparent()
            if parent is None:
                break
            parent.remove(element.getprevious())

    def _stands(self, element: Element, place: Path) -> bool:
        above: Any = element
        for number, step in enumerate(reversed(place.steps)):
            if above is None or self._names.of(above) != self._names.full(step.name):
                return False
            if not number and not all(_picked(above, pick, self._names) for pick in step.picks):
                return False
            above = above.getparent()
        return above is not None and self._names.of(above) in self._roots and above.getparent() is None

    def _taken(self, level: CompiledLevel, element: Element, above: Node, number: int, prefix: str = "") -> Node:
        name = self._names.of(element).rpartition("}")[2]
        place = LayoutPlace(int(element.sourceline or 0), path=f"{prefix}/{name}[{number}]")
        node = take(level, lambda one: self._cells.text(element, one), above, place)
        for child in level.chain()[-1].children:
            inner = [found for path in child.at.places for found in _elements(element, path, self._names)]
            for count, one in enumerate(inner, 1):
                self._taken(child, one, node, count, place.path)
        if level.depth:
            return node
        made = above.children[level.name][-1]
        made.findings += self._unread.of_xml(element, place)
        return made


def _elements(element: Element, path: Path, names: Names) -> list[Element]:
    """The elements a path leads to."""
    found = [element.getroottree().getroot()] if path.top else [element]
    for step in path.steps:
        if step.name == AROUND:
            found = [above for one in found if (above := one.getparent()) is not None]
        else:
            found = [child for one in found for child in _inside(one, step, names)]
    return found


def _inside(element: Element, step: PathStep, names: Names) -> Iterator[Element]:
    wanted = names.full(step.name)
    for child in element:
        if names.of(child) == wanted and all(_picked(child, pick, names) for pick in step.picks):
            yield child


def _picked(element: Element, pick: tuple[str, str], names: Names) -> bool:
    name, wanted = pick
    if name.startswith("@"):
        return names.attribute(element, name) == wanted
    full = names.full(name)
    return any(names.of(child) == full and _text(child) == wanted for child in element)


def _text(element: Element) -> str:
    return "".join(str(part) for part in element.itertext()).strip()


class _Cells:
    """The texts of fields, from the elements and attributes that their paths lead to."""

    def __init__(self, layout: Layout, names: Names) -> None:
        self._names = names
        self._currencies = layout.settings.xml.currency_attributes
        mapped = [one for one in layout.document.fields if one.settings.to == "currency"]
        self._codes = mapped[0].settings.codes if mapped else {}

    def text(self, element: Element, one: CompiledField) -> str | None:
        """A field's text from the first of its places that holds something; None where there is none.

        Raises:
            WrongText: elements stand there, or several texts of which only one can be meant.
        """
        found: list[tuple[str, str]] = []
        for place in one.path.places:
            found = self._texts(element, place) or found
            if any(text for text, _ in found):
                break
        if one.target and one.target.many:
            return (one.settings.join or "").join(text for text, _ in found if text)
        said = [part for part in found if part[0]] if len(found) > 1 else found
        if (one.form == "number" and any(currency for _, currency in said)) or (one.money and len(said) > 1):
            return Amounts.of(said)
        if len(said) > 1:
            raise WrongText("repeated", f"it once, it stands {len(said)} times")
        return said[0][0] if said else None

    def _texts(self, element: Element, place: Path) -> list[tuple[str, str]]:
        """Texts at a place, each with the currency that its element names."""
        last = place.steps[-1]
        if not (last.attribute or last.computed):
            found = _elements(element, place, self._names)
            if any(isinstance(child.tag, str) for holder in found for child in holder):
                raise WrongText("not_a_value", "a text, no elements in it")
            return [(_text(holder), self._currency(holder)) for holder in found]
        holders = _elements(element, Path("", place.steps[:-1], place.top), self._names)
        if last.name == NAME_OF:
            return [(self._names.of(holder).rpartition("}")[2], "") for holder in holders]
        if last.name == TEXT_OF:
            return [(_own_text(holder), self._currency(holder)) for holder in holders]
        texts = ((self._names.attribute(holder, last.name), self._currency(holder)) for holder in holders)
        return [(text, currency) for text, currency in texts if text is not None]

    def _currency(self, element: Element) -> str:
        """The currency that an amount's element names, as the document's own is written; empty where it names none."""
        for name in self._currencies:
            said = (self._names.attribute(element, name) or "").strip()
            code = self._codes.get(said, said).upper()
            if len(code) == CURRENCY_LETTERS and code.isascii() and code.isalpha():
                return code
        return ""


#: Of an ISO currency; what is longer or no letters is something else that happens to be called currency.
CURRENCY_LETTERS = 3


def _own_text(element: Element) -> str:
    """The text of an element without that of the elements in it."""
    return "".join([element.text or "", *(child.tail or "" for child in element)]).strip()
