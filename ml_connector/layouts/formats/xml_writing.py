"""Nodes to XML elements: the same paths that are read, made on the way."""

from typing import Any

from ml_connector.errors import NeedsCorrection, Reason
from ml_connector.layouts.formats.nodes import Node
from ml_connector.layouts.formats.xml_files import Element, Names
from ml_connector.layouts.spec.compiled_layout import CompiledField, Layout
from ml_connector.layouts.spec.paths import Path, PathStep
from ml_connector.layouts.values.findings import shown


def write(nodes: list[Node], layout: Layout) -> str:
    """The XML text of documents, without a declaration."""
    from lxml import etree

    names = Names(layout)
    spaces: Any = {prefix or None: uri for prefix, uri in names.spaces.items()}
    written = _Written(layout)
    root = etree.Element(written.tag(layout.settings.xml.roots[0]), nsmap=spaces)
    if layout.document.at.steps:
        for node in nodes:
            for holder in written.elements(root, layout.document.at, node):
                written.fill(holder, root)
    else:
        written.fill((root, [nodes[0]]), root)
    if layout.settings.xml.indent:
        etree.indent(root)
    return etree.tostring(root, encoding="unicode") + "\n"


class _Written:
    """Makes elements of nodes."""

    def __init__(self, layout: Layout) -> None:
        self._spaces = layout.settings.xml.namespaces

    def tag(self, name: str) -> str:
        prefix, _, local = name.rpartition(":")
        space = self._spaces.get(prefix, "")
        return f"{{{space}}}{local}" if space else local

    def elements(self, parent: Element, at: Path, node: Node) -> list[tuple[Element, list[Node]]]:
        """New elements for a node, one for each inline record below it, with the nodes whose fields they hold."""
        holder = self._on_the_way(parent, at.steps[:-1])
        made = []
        for chain in _chains(node, []):
            element = self._new(holder, at.steps[-1])
            made.append((element, chain))
        return made

    def fill(self, filled: tuple[Element, list[Node]], root: Element) -> None:
        element, chain = filled
        for node in chain:
            for one in node.level.fields:
                if one.writes and (text := node.cells[one.index]):
                    self._put(root if one.path.top else element, one, text)
        last = chain[-1]
        for child in last.level.children:
            for inner in last.children.get(child.name, ()):
                for made in self.elements(element, child.at, inner):
                    self.fill(made, root)

    def _put(self, element: Element, one: CompiledField, text: str) -> None:
        last = one.path.steps[-1]
        try:
            if last.attribute:
                self._on_the_way(element, one.path.steps[:-1]).set(self._attribute(last.name), text)
                return
            if last.computed:
                self._on_the_way(element, one.path.steps[:-1]).text = text
                return
            holder = self._on_the_way(element, one.path.steps[:-1])
            parts = text.split(one.settings.join or "\n") if one.target and one.target.many else [text]
            for part in parts:
                found = self._find(holder, last)
                taken = found is not None and not one.path.top and (found.text is not None or len(found))
                (self._new(holder, last) if found is None or taken else found).text = part
        except ValueError as error:
            raise NeedsCorrection(
                Reason.CHARACTER_NOT_SENDABLE,
                f"{one.label}: {shown(text)} cannot stand in XML.",
                remedy="Take control characters out of the document.",
            ) from error

    def _attribute(self, name: str) -> str:
        plain = name.removeprefix("@")
        prefix, _, local = plain.rpartition(":")
        space = self._spaces.get(prefix, "") if prefix else ""
        return f"{{{space}}}{local}" if space else local

    def _on_the_way(self, element: Element, steps: tuple[PathStep, ...]) -> Element:
        for step in steps:
            found = self._find(element, step)
            element = self._new(element, step) if found is None else found
        return element

    def _find(self, element: Element, step: PathStep) -> Element | None:
        tag = self.tag(step.name)
        for child in reversed(element):
            if child.tag == tag and all(self._has(child, pick) for pick in step.picks):
                return child
        return None

    def _has(self, element: Element, pick: tuple[str, str]) -> bool:
        name, wanted = pick
        if name.startswith("@"):
            return bool(element.get(self._attribute(name)) == wanted)
        return any(child.tag == self.tag(name) and child.text == wanted for child in element)

    def _new(self, parent: Element, step: PathStep) -> Element:
        from lxml import etree

        made = etree.SubElement(parent, self.tag(step.name))
        for name, value in step.picks:
            if name.startswith("@"):
                made.set(self._attribute(name), value)
            else:
                etree.SubElement(made, self.tag(name)).text = value
        return made


def _chains(node: Node, above: list[Node]) -> list[list[Node]]:
    """The nodes that share an element: an inline level repeats it."""
    inline = node.level.inline
    if inline and (inner := node.children.get(inline.name)):
        return [chain for child in inner for chain in _chains(child, [*above, node])]
    return [[*above, node]]
