"""The way in: a file to documents, each with what is wrong with it, none stopped by its neighbours."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ml_connector.documents.common import DocumentKind, Record
from ml_connector.documents.values.unseen import as_digits
from ml_connector.errors import SenderMustCorrect
from ml_connector.layouts.convert.to_documents import Builder
from ml_connector.layouts.formats import json_files, rows, xml_files
from ml_connector.layouts.formats.nodes import Node
from ml_connector.layouts.formats.rows import Stray
from ml_connector.layouts.formats.xml_prolog import declared_encoding
from ml_connector.layouts.spec.compiled_layout import ROWS, Layout
from ml_connector.layouts.values.encodings import ENCODINGS, Text, decoded, detected, encoding_name
from ml_connector.layouts.values.findings import LayoutFinding, LayoutPlace, Severity, finding, shown
from ml_connector.layouts.values.numbers import Doubts

#: Rows that belong to no document are told of up to so many.
MOST_STRAYS = 50


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """One document of a file, as edi.interchange.ReceivedSet is one of an interchange.

    document is None when it cannot be made. Only accepted ones may be worked on: no finding is an error. partner and
    revision are what the file itself says (fields `@partner`, `@revision`), empty where it says nothing. signs: values
    in it that are what the layout says of them, so that it is a file of this layout; text is one only behind a name.
    """

    position: int
    kind: DocumentKind
    document: Record | None
    findings: tuple[LayoutFinding, ...]
    accepted: bool
    place: LayoutPlace
    partner: str = ""
    revision: str = ""
    signs: int = 0


def read_documents(source: bytes, layout: Layout, *, currency: str = "") -> Iterator[ReadDocument]:
    """Documents of a file in its order. currency: for layouts that take it from the caller.

    Raises, in place of the first document, SenderMustCorrect when the file is not of this layout at all: not its text,
    its columns, its root, cut off, or beyond its limits. Nothing else is raised; everything else is told by findings.
    """
    nodes, doubts = _doubted(_nodes(source, layout))
    builder = Builder(layout, currency, doubts)
    position = 0
    strays: list[LayoutFinding] = []
    for item in nodes:
        if isinstance(item, Stray):
            strays.append(item.finding)
            continue
        if strays:
            yield _of_no_document(layout, strays)
            strays = []
            position += 1
        built = builder.build(item)
        findings = tuple(built.findings)
        accepted = built.document is not None and not any(f.is_error for f in findings)
        yield ReadDocument(
            position,
            layout.kind,
            built.document,
            findings,
            accepted,
            item.place,
            built.partner,
            built.revision,
            built.signs,
        )
        position += 1
    if strays:
        raise SenderMustCorrect(
            f"No record in the file begins a document. {strays[0].message}",
            remedy="See whether the file is of this layout.",
            data={"row": strays[0].place.row},
        )
    if not position:
        raise SenderMustCorrect(
            "There is no document in the file, only its frame.", remedy="Ask the sender; it may have been cut off."
        )


def _of_no_document(layout: Layout, strays: list[LayoutFinding]) -> ReadDocument:
    """Rows before the first document, told together: they are one thing that is wrong."""
    first, last = strays[0].place, strays[-1].place
    told = strays[:MOST_STRAYS]
    if len(strays) > MOST_STRAYS:
        told.append(finding("more", last, "", f"and {len(strays) - MOST_STRAYS} more rows of no document"))
    return ReadDocument(0, layout.kind, None, tuple(told), False, LayoutPlace(first.row, last_row=last.row))


def _doubted(nodes: Iterator[Node | Stray]) -> tuple[Iterable[Node | Stray], Doubts]:
    """The nodes, and what the numbers in any of them say against the layout: it concerns the others too."""
    doubts = Doubts()
    kept = list(nodes)
    for node in (one for one in kept if isinstance(one, Node)):
        _look(node, doubts)
    return kept, doubts


def _look(node: Node, doubts: Doubts) -> None:
    for one in node.level.fields:
        text = node.cells[one.index]
        if one.number_form is not None and text and not text.isdigit():
            doubts.look(as_digits(text.strip() or text), one.number_form, node.where(one), one.label)
    for below in node.children.values():
        for child in below:
            _look(child, doubts)


def _nodes(source: bytes, layout: Layout) -> Iterator[Node | Stray]:
    found = _text(source, layout)
    if layout.format in ROWS:
        nodes: Iterator[Node | Stray] = rows.read(found.text, layout)
    elif layout.format == "json":
        nodes = json_files.read(found.text, layout)
    else:
        nodes = xml_files.read(found.text, layout)
    return _with_note(nodes, found.note) if found.note else nodes


def _text(source: bytes, layout: Layout) -> Text:
    settings = layout.settings
    encoding, note = settings.text.encoding, ""
    if layout.format == "xml" and (declared := declared_encoding(source)):
        if encoding_name(declared) not in ENCODINGS:
            raise SenderMustCorrect(
                f"The XML says that it is {shown(declared)}, which is not read.", remedy="Ask the sender for UTF-8."
            )
        encoding = declared
        if encoding_name(declared).startswith("utf-16"):
            # What says so in plain ASCII is none: programs write it that make text first and bytes later.
            encoding = "utf-8"
            note = f"the XML says that it is {declared}, which it is not: it was read as UTF-8"
    if not settings.text.detect_utf8:
        return Text(decoded(source, encoding, most=settings.limits.bytes), note)
    found = detected(source, encoding, most=settings.limits.bytes)
    return Text(found.text, found.note or note)


def _with_note(nodes: Iterator[Node | Stray], note: str) -> Iterator[Node | Stray]:
    """Told once, with the first document."""
    for item in nodes:
        if note and isinstance(item, Node):
            item.findings.append(finding("encoding", item.place, "", note, severity=Severity.WARNING))
            note = ""
        yield item


def recognised(source: bytes, layouts: Iterable[Layout]) -> Layout | None:
    """The first of these layouts that a file is of: whose columns, tags or root it has, and a document that is read."""
    for layout in layouts:
        try:
            first = next(iter(read_documents(source, layout)), None)
        except SenderMustCorrect:
            continue
        if first is not None and first.document is not None:
            return layout
    return None
