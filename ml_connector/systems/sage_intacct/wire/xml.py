"""XML both ways: what is written holds nothing that XML forbids, what is read is bounded and expands nothing."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ml_connector.errors import WeAreWrong

#: lxml is imported where it works only.
Element = Any
#: A value of what is written: text, further elements, or several of the same name. None is left out.
Value = Any
Tree = Sequence[tuple[str, Value]]

#: What XML 1.0 forbids in any form, even as a reference (intacct 9: XL03000003, libxml2's 8 and 9).
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_BLANKS = re.compile(r"[\t\r\n\x85\u2028\u2029]+")
_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_.-]*$")
#: More elements of a reply than any page has.
MOST_ELEMENTS = 2_000_000


class UnreadableXmlError(Exception):
    """The reply is not XML that may be read; the text says why, without quoting it."""


def stripped(text: str) -> str:
    """Text without what XML forbids; line ends and tabs are blanks, as fields have one line."""
    return _BLANKS.sub(" ", _FORBIDDEN.sub("", text)).strip()


def forbidden_in(text: str) -> list[str]:
    """The characters that cannot be sent, by name, each once."""
    return list(dict.fromkeys(f"U+{ord(one):04X}" for one in _FORBIDDEN.findall(text)))


def told_of(values: Mapping[str, str]) -> list[str]:
    """In words what is left out of these texts, by the name of their field."""
    found = []
    for name, text in values.items():
        characters = forbidden_in(text)
        if characters:
            found.append(f"{name}: left out {', '.join(characters[:5])}, which XML cannot hold")
    return found


def ordered(values: Mapping[str, Value], order: Sequence[str]) -> list[tuple[str, Value]]:
    """The values in the order of the schema; those that say nothing are left out (intacct 2, 9).

    Raises:
        WeAreWrong: there is one that the schema does not have.
    """
    unknown = set(values) - set(order)
    if unknown:
        raise WeAreWrong(f"{', '.join(sorted(unknown))}: not an element of this function")
    return [(name, values[name]) for name in order if name in values and values[name] is not None]


def built(name: str, tree: Tree | str, attributes: Mapping[str, str] | None = None) -> Element:
    """An element from names and values."""
    from lxml import etree

    if not _NAME.match(name):
        raise WeAreWrong(f"{name[:40]!r} is not an element's name")
    made = etree.Element(name, {key: stripped(value) for key, value in (attributes or {}).items()})
    _fill(made, tree)
    return made


def _fill(parent: Element, value: Value) -> None:
    if isinstance(value, str):
        parent.text = stripped(value) or None
        return
    for name, inner in value:
        if inner is None:
            continue
        parent.append(inner if hasattr(inner, "tag") else built(name, inner))


def text_of(element: Element) -> str:
    """An element as text, as it goes into a request."""
    from lxml import etree

    return str(etree.tostring(element, encoding="unicode"))


def document_of(element: Element) -> bytes:
    """A whole request."""
    from lxml import etree

    return bytes(etree.tostring(element, encoding="UTF-8", xml_declaration=True))


def fragment(text: str) -> Element:
    """An element of our own that was stored as text.

    Raises:
        WeAreWrong: it is none.
    """
    try:
        return parsed(text.encode("utf-8", "surrogatepass"))
    except UnreadableXmlError as error:
        raise WeAreWrong(f"a stored request cannot be read: {error}") from error


def parsed(body: bytes) -> Element:
    """The root of a reply. Nothing is fetched, no entity is expanded, a document type is refused.

    Raises:
        UnreadableXmlError: it is no such XML.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise UnreadableXmlError(f"not well-formed at line {line}, column {column}") from error
    except (ValueError, LookupError) as error:
        raise UnreadableXmlError("not readable as XML") from error
    if root is None:
        raise UnreadableXmlError("an empty document")
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableXmlError("a document type (DOCTYPE), which is never read")
    if sum(1 for _ in root.iter()) > MOST_ELEMENTS:
        raise UnreadableXmlError(f"more than {MOST_ELEMENTS} elements")
    return root


def child(element: Element | None, *path: str) -> Element | None:
    """The first element at a path below; names without regard to case, as replies differ in it (intacct 3)."""
    for name in path:
        if element is None:
            return None
        element = next((one for one in element if _is(one, name)), None)
    return element


def children(element: Element | None, name: str) -> Iterator[Element]:
    """The elements of a name directly below."""
    return iter(()) if element is None else (one for one in element if _is(one, name))


def words(element: Element | None, *path: str) -> str:
    """The text at a path below; empty where there is none."""
    found = child(element, *path)
    return "" if found is None else "".join(found.itertext()).strip()


def _is(element: Element, name: str) -> bool:
    return isinstance(element.tag, str) and element.tag.casefold() == name.casefold()


def elements(items: Iterable[Element]) -> list[Element]:
    """Without what is no element: an entity that was not expanded, for example."""
    return [one for one in items if isinstance(one.tag, str)]
