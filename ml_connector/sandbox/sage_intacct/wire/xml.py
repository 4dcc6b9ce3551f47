"""XML in and out: requests parsed within bounds and without entities, replies written (sage-intacct 2, 3)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ml_connector.sandbox.sage_intacct.wire.errors import not_well_formed

MAX_NODES = 200_000
#: What XML 1.0 cannot hold, in any spelling.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class Node:
    """An element: its text stands before its children."""

    tag: str
    text: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)
    line: int = 0

    def find(self, tag: str) -> "Node | None":
        """The first child of that name."""
        return next((child for child in self.children if child.tag == tag), None)

    def all(self, tag: str) -> list["Node"]:
        """Every child of that name."""
        return [child for child in self.children if child.tag == tag]

    def value(self, tag: str, default: str = "") -> str:
        """The text of the first child of that name, without the blanks around it."""
        child = self.find(tag)
        return default if child is None else child.text.strip()

    def walk(self) -> Iterator["Node"]:
        """This element and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def node(tag: str, *inner: "str | Node", **attributes: str | int) -> Node:
    """An element of texts and children."""
    made = Node(tag, attributes={name: str(value) for name, value in attributes.items()})
    for one in inner:
        if isinstance(one, Node):
            made.children.append(one)
        else:
            made.text += one
    return made


def parse(body: bytes) -> Node:
    """The root of a request. Raises Refused (XL03000003) with the numbers of the parser (sage-intacct 4)."""
    from lxml import etree

    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root: Any = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        log: Any = parser.error_log  # its stub has no __iter__
        raise not_well_formed([(_number(entry), entry.message, entry.line) for entry in log][:5] or _EMPTY) from None
    if root.getroottree().docinfo.doctype:
        raise not_well_formed([(1871, "A document type is not accepted", 1)])
    if sum(1 for _ in root.iter()) > MAX_NODES:
        raise not_well_formed([(1871, f"More than {MAX_NODES} elements", 1)])
    return _node(root)


_EMPTY = [(4, "Start tag expected, '<' not found", 1)]


def _number(entry: Any) -> int:
    """libxml2's number; newer releases give a reference to a forbidden character the number of the character itself."""
    return 8 if entry.message.startswith("xmlParseCharRef") else int(entry.type)


def _node(element: Any) -> Node:
    """An lxml element (its stub knows neither sourceline nor attributes well)."""
    if not isinstance(element.tag, str):
        raise not_well_formed([(26, "Entity not defined", 1)])
    attributes = {str(name): str(value) for name, value in element.attrib.items()}
    text = "".join([element.text or "", *(child.tail or "" for child in element)])
    return Node(element.tag, text, attributes, [_node(child) for child in element], int(element.sourceline or 0))


def render(root: Node, *, whitespace: bool = False) -> bytes:
    """The document of that root; indented where the request asks for whitespace."""
    parts: list[str] = ['<?xml version="1.0" encoding="UTF-8"?>\n']
    _write(root, parts, 0 if whitespace else None)
    return "".join(parts).encode()


def _write(one: Node, parts: list[str], depth: int | None) -> None:
    indent = "" if depth is None else "\n" + "  " * depth
    if depth:
        parts.append(indent)
    attributes = "".join(f' {name}="{escaped(value)}"' for name, value in one.attributes.items())
    parts.append(f"<{one.tag}{attributes}>{escaped(one.text)}")
    for child in one.children:
        _write(child, parts, None if depth is None else depth + 1)
    if one.children and depth is not None:
        parts.append(indent or "\n")
    parts.append(f"</{one.tag}>")


def escaped(text: str) -> str:
    """Text as XML holds it."""
    clean = _FORBIDDEN.sub("", text)
    return clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
