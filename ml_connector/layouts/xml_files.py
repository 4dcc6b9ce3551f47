"""XML files: elements to nodes. No document types, no entities, nothing fetched, nothing beyond the bounds."""

import re
from collections.abc import Iterator
from typing import Any

from ml_connector.errors import SenderMustMend
from ml_connector.layouts.compiled import CompiledField, CompiledLevel, Layout
from ml_connector.layouts.findings import Place, shown
from ml_connector.layouts.nodes import Node, take
from ml_connector.layouts.paths import Path
from ml_connector.layouts.values import WrongText

#: lxml is imported where it works only, and its stubs do not know sourceline.
Element = Any

#: Bytes that the parser is given at a time.
CHUNK = 1 << 16
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")


def declared_encoding(data: bytes) -> str:
    """The encoding that an XML declaration names; empty when it names none that can be seen as ASCII."""
    found = _DECLARED.match(data[:200].lstrip())
    return found.group(1).decode("ascii") if found else ""


def read(text: str, layout: Layout) -> Iterator[Node]:
    """The documents of an XML text.

    The text is first parsed to its end, so that of a file cut off nothing is taken at all.

    Raises:
        SenderMustMend: not well-formed, another root, a document type, or beyond a bound.
    """
    declaration = _DECLARATION.match(text)
    # A blank line for each of the declaration's, so that lines keep their numbers.
    body = "\n" * text[: declaration.end()].count("\n") + text[declaration.end() :] if declaration else text
    _refuse_document_type(body)
    data = body.lstrip().encode("utf-8", "surrogatepass") if not declaration else body.encode("utf-8", "surrogatepass")
    names = Names(layout)
    _check(data, layout, names)
    return _documents(data, layout, names)


def _refuse_document_type(text: str) -> None:
    at = 0
    while True:
        at = text.find("<", at)
        if at < 0 or text.startswith("<!DOCTYPE", at):
            break
        closing = "-->" if text.startswith("<!--", at) else "?>" if text.startswith("<?", at) else ""
        if not closing:
            return
        at = text.find(closing, at)
        if at < 0:
            return
    if at >= 0:
        line = text.count("\n", 0, at) + 1
        raise SenderMustMend(
            f"Line {line}: the file has a document type (DOCTYPE), which is never read.",
            mend="Ask the sender for XML without one.",
            data={"row": line},
        )


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
        self._root = layout.settings.xml.root
        self._names = names
        self._depth = 0
        self._elements = 0

    def start(self, element: Element) -> None:
        if not self._elements:
            if element.getroottree().docinfo.internalDTD is not None:
                raise _Wrong("the file has a document type (DOCTYPE), which is never read")
            if self._names.of(element) != self._names.full(self._root):
                wanted = shown(self._names.full(self._root))
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
        raise SenderMustMend(f"The XML is not what the layout reads: {_printable(str(error))}.", mend=_MEND) from error
    except etree.XMLSyntaxError as error:
        raise _not_well_formed(error) from error


_MEND = "See whether the file is of this layout, or ask the sender for it again."


def _not_well_formed(error: Any) -> SenderMustMend:
    line, column = error.position
    problem = _printable(str(error.msg or "not well-formed"))
    return SenderMustMend(f"Line {line}, column {column}: {problem}.", mend=_MEND, data={"row": line})


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:300]


def _documents(data: bytes, layout: Layout, names: Names) -> Iterator[Node]:
    """Documents as their elements end; what was read of one is forgotten then."""
    from lxml import etree

    steps = layout.document.at.steps
    parser = etree.XMLPullParser(events=("end",), encoding="utf-8", **_OPTIONS)
    wanted = [names.full(layout.settings.xml.root), *(names.full(step.name) for step in steps)]
    count = 0
    for start in range(0, len(data), CHUNK):
        try:
            parser.feed(data[start : start + CHUNK])
        except etree.XMLSyntaxError as error:
            raise _not_well_formed(error) from error
        for _, ended in parser.read_events():
            element: Element = ended
            if names.of(element) != wanted[-1] or not _stands_at(element, wanted, names):
                continue
            if steps and not all(_picked(element, pick, names) for pick in steps[-1].picks):
                continue
            count += 1
            yield _taken(layout, names, layout.document, element, _above(layout, element), count)
            if steps:
                element.clear()
                while element.getprevious() is not None and names.of(element.getprevious()) == wanted[-1]:
                    parent = element.getparent()
                    if parent is None:
                        break
                    parent.remove(element.getprevious())
    parser.close()
    if not count:
        raise SenderMustMend(
            f"There is no element {layout.document.at.text!r} in the file, where the documents stand.", mend=_MEND
        )


def _above(layout: Layout, element: Element) -> Node:
    return Node(layout.document, [], Place(int(element.sourceline or 0)))


def _stands_at(element: Element, wanted: list[str], names: Names) -> bool:
    above: Any = element
    for name in reversed(wanted):
        if above is None or names.of(above) != name:
            return False
        above = above.getparent()
    return above is None


def _taken(
    layout: Layout, names: Names, level: CompiledLevel, element: Element, above: Node, number: int, prefix: str = ""
) -> Node:
    name = names.of(element).rpartition("}")[2]
    place = Place(int(element.sourceline or 0), path=f"{prefix}/{name}[{number}]")
    node = take(level, lambda one: _cell(element, one, names), above, place)
    for child in level.chain()[-1].children:
        for count, inner in enumerate(_elements(element, child.at, names), 1):
            _taken(layout, names, child, inner, node, count, place.path)
    return above.children[level.name][-1] if level.depth == 0 else node


def _elements(element: Element, path: Path, names: Names) -> list[Element]:
    """The elements a path leads to."""
    found = [element.getroottree().getroot()] if path.top else [element]
    for step in path.steps:
        wanted = names.full(step.name)
        found = [
            child
            for one in found
            for child in one
            if names.of(child) == wanted and all(_picked(child, pick, names) for pick in step.picks)
        ]
    return found


def _picked(element: Element, pick: tuple[str, str], names: Names) -> bool:
    name, wanted = pick
    if name.startswith("@"):
        return names.attribute(element, name) == wanted
    full = names.full(name)
    return any(names.of(child) == full and _text(child) == wanted for child in element)


def _text(element: Element) -> str:
    return "".join(str(part) for part in element.itertext()).strip()


def _cell(element: Element, one: CompiledField, names: Names) -> str | None:
    last = one.path.steps[-1]
    if last.attribute:
        holders = _elements(element, Path("", one.path.steps[:-1], one.path.top), names)
        texts = [text for holder in holders if (text := names.attribute(holder, last.name)) is not None]
    else:
        found = _elements(element, one.path, names)
        if any(isinstance(child.tag, str) for holder in found for child in holder):
            raise WrongText("not_a_value", "a text, no elements in it")
        texts = [_text(holder) for holder in found]
    if one.target and one.target.many:
        return (one.settings.join or "").join(filter(None, texts))
    if len(texts) > 1:
        raise WrongText("repeated", f"it once, it stands {len(texts)} times")
    return texts[0] if texts else None
